"""The frames whose atoms are told, and which of them are cut about the same place.

What stands still behind a particle, or sits on it, is the same in frames that are cut about one
place and in which the particle lies one way.
"""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from cinedot.core import AnalysisError
from cinedot.core.chunks import Arrays
from cinedot.micrographs.movie_poses import MoviePoses

_TOGETHER_NM = 0.3
"""Frames whose particle stands within that of one place are cut alike."""
_TOGETHER_DEG = 4.0
"""So do those that lie alike: beyond, an atom at the rim moves by a tenth of a nanometre."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FramePath:
    """The frames whose pose is sure, and where they are cut.

    frame: index; rotation, place_nm (in the field), defocus_nm, contrast: of each; cut: which cut
    each belongs to; cut_nm: the place that each cut is about [cut, 2]; beside_nm: where other
    particles are in each, NaN where one is not.
    """

    frame: Int[np.ndarray, " row"]
    rotation: Float[np.ndarray, "row 3 3"]
    place_nm: Float[np.ndarray, "row 2"]
    defocus_nm: Float[np.ndarray, " row"]
    contrast: Float[np.ndarray, " row"]
    cut: Int[np.ndarray, " row"]
    cut_nm: Float[np.ndarray, "cut 2"]
    beside_nm: Float[np.ndarray, "row other 2"]

    @classmethod
    def of(cls, poses: MoviePoses) -> "FramePath":
        """The frames of a movie whose pose is sure.

        Raises:
            AnalysisError: there is none.
        """
        sure = [one for one in poses.frames if one.fit is not None and one.status == "ok"]
        if not sure:
            raise AnalysisError(
                "no frame has a pose that is sure.", remedy="Look at the residuals of the poses."
            )
        places = np.array([[one.x_nm, one.y_nm] for one in sure])
        fits = [one.fit for one in sure if one.fit is not None]
        rotation = np.array([fit.rotation for fit in fits])
        cut, about = _cuts(places, rotation)
        return cls(
            frame=np.array([one.frame for one in sure]),
            rotation=rotation,
            place_nm=places,
            defocus_nm=np.array([fit.defocus_nm for fit in fits]),
            contrast=np.array([fit.contrast for fit in fits]),
            cut=cut,
            cut_nm=about,
            beside_nm=poses.beside_nm[[one.frame for one in sure]],
        )

    def occupied_nm(self) -> Float[np.ndarray, "place 2"]:
        """Where particles are in any of the frames."""
        return np.concatenate([self.place_nm, self.beside_nm.reshape(-1, 2)])

    def beside_cut_nm(self, cut: int) -> Float[np.ndarray, "other 2"]:
        """Where others are in any frame of a cut."""
        return self.beside_nm[self.cut == cut].reshape(-1, 2)

    def arrays(self) -> Arrays:
        """As chunks carry it."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def carried(cls, arrays: Arrays) -> "FramePath":
        """Out of what a chunk carries."""
        return cls(**{one.name: arrays[one.name] for one in fields(cls)})


def _cuts(
    places: Float[np.ndarray, "row 2"], rotation: Float[np.ndarray, "row 3 3"]
) -> tuple[Int[np.ndarray, " row"], Float[np.ndarray, "cut 2"]]:
    """Which frames are cut alike: those near the first of their cut, whenever they come."""
    first: list[int] = []
    cut: list[int] = []
    turns = Rotation.from_matrix(rotation)
    for row, place in enumerate(places):
        away = np.hypot(*(place - places[first]).T) / _TOGETHER_NM
        turned = np.degrees((turns[first] * turns[row].inv()).magnitude()) if first else away
        far = np.maximum(away, turned / _TOGETHER_DEG)
        if not first or far.min() > 1:
            first.append(row)
            far = np.append(far, 0.0)
        cut.append(int(far.argmin()))
    return np.array(cut), places[first]
