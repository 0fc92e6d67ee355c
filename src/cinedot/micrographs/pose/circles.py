"""Images on circles about a place, as Fourier series in the angle.

A cubic spline through the pixels is sampled: its value at a point is a sum over four by four
coefficients, so that all points of all circles are one sparse matrix, the same for every image.
"""

from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.ndimage
from jaxtyping import Complex, Float, Int
from scipy.sparse import csr_array

_TOGETHER = 64
"""Images sampled at a time: more would need memory, not less time."""


def on_circles(
    images: Float[np.ndarray, "image y x"],
    middles: Float[np.ndarray, "place 2"],
    radii: Float[np.ndarray, " radius"],
    angles: int,
) -> Complex[np.ndarray, "place order image radius"]:
    """Fourier series in the angle on circles about places of each image.

    Args:
        images: of one size; beyond its border an image goes on as its last coefficients.
        middles: row and column, pixels.
        radii: pixels.
        angles: points on each circle, from the column's axis towards the row's.

    Returns:
        Series weighted so that the real scalar product of two, as `irfft` counts its orders, is
        the integral of the product over the disc, pixels^2.

    Example:
        >>> flat = on_circles(np.ones((1, 8, 8)), np.array([[4.0, 4.0]]), np.array([2.0]), 16)
        >>> bool(abs(abs(flat[0, 0, 0, 0]) ** 2 / 16 - 2 * np.pi * 2.0) < 1e-4)
        True
    """
    root = np.sqrt(radii * 2 * np.pi / angles).astype(np.float32)[:, None, None]
    smooth = _coefficients(images)
    shape = (len(middles), angles // 2 + 1, len(images), len(radii))
    out = np.empty(shape, dtype=np.complex64)
    size = (images.shape[1], images.shape[2])
    at = tuple((row, column) for row, column in middles.tolist())
    for place, points in enumerate(_samplings(at, tuple(radii.tolist()), angles, size)):
        for first in range(0, len(images), _TOGETHER):
            part = slice(first, first + _TOGETHER)
            sampled = (points @ smooth[:, part]).reshape(len(radii), angles, -1)
            series = np.asarray(scipy.fft.rfft(sampled * root, axis=1))
            out[place, :, part] = series.transpose(1, 2, 0)
    return out


def _coefficients(
    images: Float[np.ndarray, "image y x"],
) -> Float[np.ndarray, "pixel image"]:
    """The coefficients of the cubic splines through images, mirrored at their borders."""
    down = scipy.ndimage.spline_filter1d(images, order=3, axis=1)
    both = scipy.ndimage.spline_filter1d(down, order=3, axis=2)
    return np.ascontiguousarray(both.reshape(len(images), -1).T, dtype=np.float32)


_ROWS, _COLUMNS = np.repeat(np.arange(4), 4), np.tile(np.arange(4), 4)
"""Of the sixteen coefficients that a value takes, which of four rows and columns each is from."""

_Taps = tuple[Int[np.ndarray, "point 16"], Float[np.ndarray, "point 16"]]


def _taps(at: Float[np.ndarray, " point"], count: int, order: Int[np.ndarray, " 16"]) -> _Taps:
    """Where along an axis the coefficients of a point's value lie, and its share of each."""
    low = np.floor(at)
    after = at - low
    before = 1 - after
    share = np.stack(
        [
            before**2 * before,
            4 - 3 * after**2 * (2 - after),
            4 - 3 * before**2 * (2 - before),
            after**2 * after,
        ],
        axis=1,
    )
    index = np.clip(low.astype(np.int32)[:, None] + np.arange(-1, 3, dtype=np.int32), 0, count - 1)
    return index[:, order], (share / 6).astype(np.float32)[:, order]


@lru_cache(maxsize=6)
def _samplings(
    middles: tuple[tuple[float, float], ...],
    radii: tuple[float, ...],
    angles: int,
    shape: tuple[int, int],
) -> tuple[csr_array, ...]:
    """The matrices of all places, kept: every particle and frame asks for the same.

    Some 80 MB where a search tries a hundred places, 15 MB for a survey's two dozen.
    """
    theta = 2 * np.pi * np.arange(angles) / angles
    rows = np.outer(radii, np.sin(theta)).ravel()
    columns = np.outer(radii, np.cos(theta)).ravel()
    # Places lie on a grid: few rows and columns make many places.
    by_row = {one: _taps(rows + one, shape[0], _ROWS) for one, _ in middles}
    by_column = {one: _taps(columns + one, shape[1], _COLUMNS) for _, one in middles}
    return tuple(_sampling(by_row[row], by_column[column], shape) for row, column in middles)


def _sampling(rows: _Taps, columns: _Taps, shape: tuple[int, int]) -> csr_array:
    """The matrix that takes an image's coefficients to its values at points."""
    index = (rows[0] * np.int32(shape[1]) + columns[0]).ravel()
    share = (rows[1] * columns[1]).ravel()
    starts = np.arange(0, len(index) + 1, 16, dtype=np.int32)
    return csr_array((share, index, starts), shape=(len(starts) - 1, shape[0] * shape[1]))
