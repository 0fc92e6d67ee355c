"""From intensity to what the camera writes: expectation first, then chance."""

from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Array, Float, Int, Key, UInt16

from cinedot.core import InputError
from cinedot.microscope.grid import Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """How many electrons a pixel of a frame receives.

    Attributes:
        dose_rate_e_per_nm2_s: electrons per nm2 and second on the specimen.
        frame_s: time of a frame, s.
        pixel_nm: side of a camera pixel on the specimen, nm.

    Raises:
        InputError: one of them is not positive.
    """

    dose_rate_e_per_nm2_s: float = 2.5e7
    frame_s: float = 0.02
    pixel_nm: float = 0.042

    def __post_init__(self) -> None:
        for name in ("dose_rate_e_per_nm2_s", "frame_s", "pixel_nm"):
            value: float = getattr(self, name)
            if not value > 0:
                raise InputError(
                    f"`{name}` must be positive, but is {value}.",
                    remedy="The paper's movies have 2.5e7 e/nm2/s, 0.02 s, 0.042 nm.",
                )

    @property
    def dose_e_per_nm2(self) -> float:
        """Electrons per nm2 in a frame."""
        return self.dose_rate_e_per_nm2_s * self.frame_s

    @property
    def electrons_per_pixel(self) -> float:
        """Electrons in a pixel of a frame, where nothing is.

        Example:
            >>> round(Exposure(dose_rate_e_per_nm2_s=2.1e7, pixel_nm=0.021).electrons_per_pixel)
            185
        """
        return self.dose_e_per_nm2 * self.pixel_nm**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """How counts become numbers in a file.

    Every electron counts, where it falls: no transfer function, no read noise.

    Attributes:
        gain: camera units per electron.
        offset: camera units of no electron.

    Raises:
        InputError: a gain that is not positive.
    """

    gain: float = 8.0
    offset: float = 100.0

    def __post_init__(self) -> None:
        if not self.gain > 0:
            raise InputError(
                f"`gain` must be positive, but is {self.gain}.",
                remedy="Give camera units per electron, as in 8.0.",
            )


def expected_counts(
    intensity: Float[Array, "frame y x"], exposure: Exposure, grid: Grid
) -> Float[Array, "frame Y X"]:
    """Electrons that each camera pixel receives on average.

    Args:
        intensity: 1 where nothing is, on the wave's pixels [frame, y, x].
        exposure: dose and camera pixel; the pixel is a whole number of the wave's.
        grid: the wave's pixels.

    Returns:
        Expected electrons [frame, y, x], the sum over the wave's pixels in each of the camera's.

    Raises:
        InputError: the camera pixel does not divide into the wave's, or the field into pixels.

    Example:
        >>> import jax.numpy as jnp
        >>> grid = Grid(shape=(4, 4), pixel_nm=0.021)
        >>> round(float(expected_counts(jnp.ones((1, 4, 4)), Exposure(), grid)[0, 0, 0]), 1)
        882.0
    """
    factor = round(exposure.pixel_nm / grid.pixel_nm)
    frames, rows, columns = intensity.shape
    fits = abs(factor * grid.pixel_nm - exposure.pixel_nm) < 1e-6 * exposure.pixel_nm
    if factor < 1 or not fits or rows % factor or columns % factor:
        raise InputError(
            f"`pixel_nm` of the camera must be a whole number of the wave's pixels of "
            f"{grid.pixel_nm} nm and divide the field of {(rows, columns)}, "
            f"but is {exposure.pixel_nm}.",
            remedy="Make the wave's grid with `Grid.finer`.",
        )
    blocks = intensity.reshape(frames, rows // factor, factor, columns // factor, factor)
    return blocks.mean(axis=(2, 4)) * exposure.electrons_per_pixel


def sample_counts(
    expected: Float[Array, "frame y x"], key: Key[Array, ""]
) -> Int[np.ndarray, "frame y x"]:
    """Electrons that arrive: independent Poisson numbers with the expected means.

    NumPy draws them, since compiling JAX's sampler takes seconds for every new shape; the key
    alone decides.

    Example:
        >>> import jax.numpy as jnp
        >>> counts = sample_counts(jnp.full((1, 2, 2), 900.0), jax.random.key(0))
        >>> counts.shape, str(counts.dtype)
        ((1, 2, 2), 'int32')
    """
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    return rng.poisson(np.asarray(expected)).astype(np.int32)


def camera_units(
    counts: Int[np.ndarray, "frame y x"], camera: Camera
) -> UInt16[np.ndarray, "frame y x"]:
    """What the file holds: offset + gain x counts, rounded, within 16 bits.

    Example:
        >>> int(camera_units(np.full((1, 1, 1), 10), Camera())[0, 0, 0])
        180
    """
    units = np.rint(camera.offset + camera.gain * counts)
    return np.clip(units, 0, np.iinfo(np.uint16).max).astype(np.uint16)
