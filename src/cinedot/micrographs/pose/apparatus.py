"""All that stands between a dot's atoms and its image, as compiled code takes it.

Views, views with everything that frames share, and the changes of single atoms are programs of
their own that pass a wave to the camera alike; what they have in common is one argument of each.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from cinedot.micrographs.pose.camera import ModelCamera, resampled
from cinedot.microscope import Aberrations, aberrations
from cinedot.microscope.envelopes import transfer
from cinedot.microscope.imaging import blurred, squared_modulus
from cinedot.microscope.multislice import exit_spectrum
from cinedot.microscope.parallel import placed
from cinedot.microscope.potential import Passage, passage
from cinedot.microscope.specimen import Specimen


class TracedPose(NamedTuple):
    """How a dot lies, or how each of several does, as numbers that JAX traces; angstrom.

    rotation: crystal to frame axes; shift: of the dot's centre from the first pixel's centre;
    defocus.
    """

    rotation: Float[Array, "*pose 3 3"]
    shift: Float[Array, "*pose 3"]
    defocus: Float[Array, "*pose"]

    @classmethod
    def before(
        cls,
        camera: ModelCamera,
        rotation: Float[np.ndarray, "*pose 3 3"],
        place_nm: Float[np.ndarray, "*pose 2"],
        defocus_nm: Float[np.ndarray, "*pose"] | float,
    ) -> "TracedPose":
        """Of places from the middle pixel of a camera's patch."""
        shift = np.zeros((*np.shape(place_nm)[:-1], 3), dtype=np.float32)
        shift[..., :2] = 10 * (np.asarray(place_nm) + camera.centre_nm)
        # NumPy's arrays until a program takes them: JAX's own would be made one by one.
        return cls._make(
            (
                np.asarray(rotation, dtype=np.float32),
                shift,
                np.asarray(10 * np.asarray(defocus_nm), dtype=np.float32),
            )
        )


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Apparatus:
    """Beam, lens and camera: traced by JAX but for the numbers of pixels.

    Attributes:
        passage: the beam and the slices.
        optics: the lens as stated.
        left: share that the camera leaves of each frequency of a real transform.
        wave_side, side: pixels along the wave and along the patch, fixed at compilation.
    """

    passage: Passage
    optics: Aberrations
    left: Float[Array, "y half"]
    wave_side: int = field(metadata={"static": True})
    side: int = field(metadata={"static": True})

    @classmethod
    def of(cls, camera: ModelCamera) -> "Apparatus":
        """What a model's camera stands for."""
        through = passage(camera.scattering, camera.lens, camera.grid)
        return cls(
            passage=Passage(*(float(one) for one in through)),
            optics=Aberrations(*(float(one) for one in aberrations(camera.lens))),
            left=placed(camera.transfer, np.float32),
            wave_side=camera.wave_side,
            side=camera.side,
        )

    @property
    def wave_shape(self) -> tuple[int, int]:
        """Rows and columns of the wave."""
        return self.wave_side, self.wave_side

    def exit_spectrum(
        self, atoms: Specimen, matrix: Float[Array, "3 3"], shift: Float[Array, " 3"]
    ) -> Complex[Array, "row column"]:
        """The Fourier transform of the wave behind atoms."""
        return exit_spectrum(atoms, matrix, shift, self.passage, self.wave_shape)

    def recorded(
        self, spectrum: Complex[Array, "row column"], lens: Aberrations
    ) -> Float[Array, "y x"]:
        """What the camera has of a wave whose spectrum this is."""
        real, pixel = jnp.real(spectrum).dtype, self.passage.pixel
        numbers = Aberrations(*(jnp.asarray(leaf, dtype=real) for leaf in lens))
        through = transfer(numbers, jnp.asarray(pixel, dtype=real), self.wave_shape)
        intensity = squared_modulus(jnp.fft.ifft2(spectrum * through))
        smooth = blurred(intensity, numbers.vibration, pixel)
        return resampled(jnp.fft.rfft2(smooth), self.side, self.left)

    def place_factors(self) -> tuple[Complex[Array, "1 half"], Complex[Array, "y 1"]]:
        """What the derivatives by x and by y multiply an image's coefficients by, 1/nm."""
        side, field_nm = self.side, self.wave_side * self.passage.pixel / 10
        along = 2j * jnp.pi * jnp.fft.rfftfreq(side)[None, :] * side / field_nm
        down = 2j * jnp.pi * jnp.fft.fftfreq(side)[:, None] * side / field_nm
        return along, down


def by_place(
    image: Float[Array, "y x"],
    factors: tuple[Complex[Array, "1 half"], Complex[Array, "y 1"]],
) -> tuple[Float[Array, "y x"], Float[Array, "y x"]]:
    """An image's derivatives by the dot's x and by its y; factors of `Apparatus.place_factors`."""
    along, down = factors
    coefficients = jnp.fft.rfft2(image)
    by_x = -jnp.fft.irfft2(coefficients * along, s=image.shape)
    by_y = -jnp.fft.irfft2(coefficients * down, s=image.shape)
    return by_x, by_y


def turned(rotation: Float[Array, "3 3"], turn: Float[Array, " 3"]) -> Float[Array, "3 3"]:
    """A rotation turned a little further about the frame's axes, to first order."""
    x, y, z = turn
    zero = jnp.zeros_like(x)
    return rotation + jnp.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]) @ rotation
