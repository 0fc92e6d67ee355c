"""Views' derivatives, held while the particle stays near them: a look costs one image."""

from dataclasses import dataclass, field

import numpy as np
import scipy.fft
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.micrographs.pose.fit import PoseStart
from cinedot.micrographs.pose.views import Views

_HELD_RAD, _HELD_NM = 0.015, 2.0
"""So far a particle may turn, and be refocused, from where derivatives were made. QD4's change by
0.1 of themselves in 0.3 degrees and by 0.3 in 1; a fit loses half the square of that in sigma."""
_MOST_HELD = 32
"""Of a megabyte or less each; the one that was used longest ago goes first."""
_TOLD_RAD, _TOLD_NM = 0.0035, 0.5
"""So far from an image its derivatives tell where the next step leads, if not quite the image."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _Made:
    """What was made at a pose: an image and its derivatives [7, y, x]."""

    rotation: Float[np.ndarray, "3 3"]
    place: Float[np.ndarray, " 2"]
    defocus: float
    pixels: Float[np.ndarray, "kind y x"]

    def turn(self, rotation: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, " 3"]:
        """What turns this pose into another, rad about the frame's axes."""
        return Rotation.from_matrix(rotation @ self.rotation.T).as_rotvec()

    def off(
        self, rotation: Float[np.ndarray, "3 3"], defocus: float, rad: float, nm: float
    ) -> float:
        """How far a pose is, wherever it is in the patch; at most 1 within the reach."""
        turned = float(np.linalg.norm(self.turn(rotation)))
        return max(turned / rad, abs(defocus - self.defocus) / nm)


@dataclass(eq=False, kw_only=True)
class HeldView:
    """Views of a particle that moves little: `Views.sensitivities` with held derivatives.

    The image is always that of the pose that is asked for; its derivatives are those of a pose
    nearby, moved to the same place. A fit that steps down such derivatives ends where the residual
    is square to them: at the same pose, to first order in what they are off by (S. Baker,
    I. Matthews, Int. J. Comput. Vis. 56 (2004) 221).

    Attributes:
        views: the model before the camera.
    """

    views: Views
    _slopes: list[_Made] = field(default_factory=list[_Made], init=False)
    _last: _Made | None = field(default=None, init=False)

    def sensitivities(
        self,
        rotations: Float[np.ndarray, "pose 3 3"],
        places_nm: Float[np.ndarray, "pose 2"],
        defocus_nm: Float[np.ndarray, " pose"],
    ) -> Float[np.ndarray, "pose 7 y x"]:
        """Images, then derivatives by `POSE_PARAMETERS`; places from the patch's middle pixel."""
        asked = zip(rotations, places_nm, defocus_nm.tolist(), strict=True)
        return np.stack([self._seen(*pose).pixels for pose in asked])

    def told(self, start: PoseStart) -> Float[np.ndarray, "7 y x"] | None:
        """What the last view tells of another pose without an image of it; None if it is too far.

        Good for a step of a fit, not for its misfit: moving an image to another place leaves out
        what lies beyond its pixels' frequencies, up to 0.3 % of its deviation.
        """
        last = self._last
        rotation, defocus = start.rotation, start.defocus_nm
        if last is None or last.off(rotation, defocus, _TOLD_RAD, _TOLD_NM) > 1:
            return None
        moved = self._moved(last, np.array([start.x_nm, start.y_nm]))
        step = np.array([*last.turn(rotation), 0.0, 0.0, defocus - last.defocus])
        moved[0] += np.einsum("p,pyx->yx", step, moved[1:])
        return moved

    def _seen(
        self, rotation: Float[np.ndarray, "3 3"], place: Float[np.ndarray, " 2"], defocus: float
    ) -> _Made:
        pose = (rotation[None], place[None], np.array([defocus]))
        held = self._nearest(rotation, defocus)
        if held is None:
            pixels = self.views.sensitivities(*pose)[0]
        else:
            pixels = self._moved(held, place)
            pixels[0] = self.views.images(*pose)[0]
        made = _Made(rotation=rotation, place=place, defocus=defocus, pixels=pixels)
        if held is None:
            self._slopes = [*self._slopes[1 - _MOST_HELD :], made]
        self._last = made
        return made

    def _nearest(self, rotation: Float[np.ndarray, "3 3"], defocus: float) -> _Made | None:
        """The derivatives made nearest to a pose, now the last used; None where all are too far."""
        far = [one.off(rotation, defocus, _HELD_RAD, _HELD_NM) for one in self._slopes]
        if not far or min(far) > 1:
            return None
        found = self._slopes.pop(int(np.argmin(far)))
        self._slopes.append(found)
        return found

    def _moved(self, made: _Made, place: Float[np.ndarray, " 2"]) -> Float[np.ndarray, "kind y x"]:
        """The same at another place of the patch, by the shift theorem."""
        x, y = (place - made.place) / self.views.camera.pixel_nm
        side = made.pixels.shape[-1]
        across = np.exp(-2j * np.pi * x * np.fft.rfftfreq(side))[None, :]
        down = np.exp(-2j * np.pi * y * np.fft.fftfreq(side))[:, None]
        shift = (down * across).astype(np.complex64)
        spectrum = np.asarray(scipy.fft.rfft2(made.pixels)) * shift
        return np.asarray(scipy.fft.irfft2(spectrum, s=(side, side)))
