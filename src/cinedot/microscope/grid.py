"""The pixels on which waves and images are sampled."""

import math
from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float

from cinedot.core import InputError
from cinedot.microscope.whole import require_shape

BAND_LIMIT = 2 / 3
"""Share of the Nyquist frequency that waves keep, so that products of them do not alias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A field of square pixels; the first pixel's centre is x = y = 0.

    Attributes:
        shape: rows, columns.
        pixel_nm: side of a pixel, nm.

    Raises:
        InputError: not two sides of whole pixels, or a pixel of no size.
    """

    shape: tuple[int, int]
    pixel_nm: float

    def __post_init__(self) -> None:
        require_shape(self.shape)
        if not 0 < self.pixel_nm < math.inf:
            raise InputError(
                f"`pixel_nm` must be positive, but is {self.pixel_nm}.",
                remedy="The paper's movies have 0.042 or 0.021.",
            )

    @property
    def pixel_angstrom(self) -> float:
        """Side of a pixel, angstrom."""
        return 10 * self.pixel_nm

    @property
    def extent_nm(self) -> tuple[float, float]:
        """Height and width of the field, nm."""
        return (self.shape[0] * self.pixel_nm, self.shape[1] * self.pixel_nm)

    @property
    def band_limit_per_angstrom(self) -> float:
        """Largest spatial frequency that waves on this grid keep, 1/angstrom."""
        return BAND_LIMIT / (2 * self.pixel_angstrom)

    def finer(self, factor: int) -> "Grid":
        """The grid whose pixels are `factor` times smaller, over the same field."""
        rows, columns = self.shape
        return Grid(shape=(rows * factor, columns * factor), pixel_nm=self.pixel_nm / factor)

    def wider(self, margin: int) -> "Grid":
        """The grid with `margin` more pixels on every side.

        Example:
            >>> Grid(shape=(8, 8), pixel_nm=0.02).wider(2).shape
            (12, 12)
        """
        rows, columns = self.shape
        return Grid(shape=(rows + 2 * margin, columns + 2 * margin), pixel_nm=self.pixel_nm)


def frequencies(
    shape: tuple[int, int], pixel_angstrom: Float[Array, ""] | float
) -> tuple[Float[Array, "y 1"], Float[Array, "1 x"]]:
    """Spatial frequencies qy, qx of an FFT's rows and columns, 1/angstrom."""
    rows, columns = shape
    return (
        jnp.fft.fftfreq(rows)[:, None] / pixel_angstrom,
        jnp.fft.fftfreq(columns)[None, :] / pixel_angstrom,
    )
