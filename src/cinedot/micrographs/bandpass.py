"""The band-pass with which the paper's frames are shown: ImageJ's, to the last detail."""

from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import scipy.fft
from jaxtyping import Float32, Float64, Int, Shaped

from cinedot.core import InputError

Stripes = Literal["horizontal", "vertical"]

_LARGEST = 1e30
"""Contrast above which sums over a field may leave float32."""

_SAFE_IN_FLOAT32 = ("b1", "u1", "i1", "u2", "i2", "f2", "f4")
"""Number types that float32 holds exactly."""

_COLUMNS_AT_ONCE = 128
"""Columns transformed together: 2048 rows of them fit into a core's cache."""


def bandpass(
    image: Shaped[np.ndarray, "y x"],
    *,
    large_px: float = 40,
    small_px: float = 3,
    stripes: Stripes | None = None,
    tolerance_percent: float = 5,
) -> Float32[np.ndarray, "y x"]:
    """Keep structures between two sizes, as "Bandpass Filter..." of ImageJ and Fiji does.

    The image is tiled by its mirror images to a power of two N at least 1.5 times its longer
    side and multiplied, in frequencies f in cycles a pixel, by
    (1 - exp(-(2 large f)^2)) exp(-(2 small f)^2); the mean stays as it is. A structure's size
    is half its period. Values are never rescaled (ImageJ's "autoscale" off; see `autoscale`).
    For a few odd sizes ImageJ's tiles miss one padded line, which stays black: so it is here.

    Args:
        image: intensities [y, x], any real number type or bool.
        large_px: structures above this size are suppressed, pixels; 0 removes everything but
            the mean, as in ImageJ.
        small_px: structures below this size are suppressed, pixels; 0 keeps them.
        stripes: suppress horizontal or vertical stripes too.
        tolerance_percent: how far a stripe may deviate from its direction; without `stripes`
            it has no effect (nor has it in ImageJ).

    Returns:
        The filtered image, same shape.

    Raises:
        InputError: no pixels, values that are no finite real numbers or too large for float32,
            negative sizes.

    Source: ImageJ's FFTFilter (J. Walter), formulas in science.md 8.6.

    Example:
        >>> x = np.arange(64)
        >>> flat = bandpass(np.full((64, 64), 7.0))
        >>> float(flat.min()), float(flat.max())
        (7.0, 7.0)
    """
    _check(image, large_px, small_px, stripes, tolerance_percent)
    # Float64 holds the mean: a camera's offset may be thousands of times its contrast.
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.float32(image.mean(dtype=np.float64))
    if not np.isfinite(mean):
        raise _not_finite(image)
    contrast = _contrast(image, mean)
    side = padded_side(*image.shape)
    options = (side, float(large_px), float(small_px), stripes, float(tolerance_percent))
    if _needs_no_padding(image.shape, options):
        offset = np.float32(mean + _padded_mean(contrast, side))
        filtered = _by_cosines(contrast, options)
    else:
        offset = mean
        filtered = _by_padding(contrast, options, black=-mean)
    return np.add(filtered, offset, out=np.empty(image.shape, np.float32))


def padded_side(rows: int, columns: int) -> int:
    """Side of ImageJ's padded square: the first power of two from 1.5 times the longer side.

    Example:
        >>> padded_side(1024, 1024), padded_side(512, 300), padded_side(1, 1)
        (2048, 1024, 2)
    """
    side = 2
    while side < 1.5 * max(rows, columns):
        side *= 2
    return side


_Options = tuple[int, float, float, Stripes | None, float]


def _contrast(image: Shaped[np.ndarray, "y x"], mean: np.float32) -> Float32[np.ndarray, "y x"]:
    """The image less a number, in rows that begin 16 numbers apart from a power of two.

    Columns of a field whose rows are a power of two long share few places in a processor's
    cache, which makes transforms along them twice as slow.
    """
    rows, columns = image.shape
    contrast = np.empty((rows, columns + 16), np.float32)[:, :columns]
    if image.dtype.str[1:] in _SAFE_IN_FLOAT32:
        np.subtract(image, mean, out=contrast)
        return contrast
    exact = image.astype(np.float64) - float(mean)
    if np.abs(exact).max() > _LARGEST:
        raise InputError(
            f"`image` must lie within {_LARGEST:g} of its mean, but does not.",
            remedy="Scale it: the filter is linear.",
        )
    contrast[:] = exact
    return contrast


def _needs_no_padding(shape: tuple[int, ...], options: _Options) -> bool:
    """Whether the mirror images may as well go on for ever, as a DCT-II has them.

    They do exactly where N is an even multiple of both sides, and for all that matters where
    the filter does not reach across the margin: its large Gaussian has a sigma of 0.450 large,
    and where its small one is cut at the Nyquist frequency its slope jumps by
    8 small^2 exp(-small^2), which sums to jump / (4 pi^2 x) beyond a distance x.
    """
    side, large, small, stripes, _ = options
    if any(_leaves_a_gap(length, side) for length in shape):
        return False
    if all(side % (2 * length) == 0 for length in shape):
        return True
    margin = (side - max(shape)) // 2
    jump = 8 * small**2 * np.exp(-(small**2))
    fits = 5.5 * 0.4502 * large <= margin and jump / (4 * np.pi**2) <= 3e-5 * margin
    # The stripe filter cuts out single frequencies: it reaches everywhere.
    return stripes is None and bool(fits)


def _by_cosines(
    contrast: Float32[np.ndarray, "y x"], options: _Options
) -> Float32[np.ndarray, "y x"]:
    """The filter on the mirror-tiled plane, less the mean of all of it."""
    spectrum = np.asarray(scipy.fft.dctn(contrast, type=2, norm="ortho", overwrite_x=True))
    spectrum *= _cosine_transfer(*contrast.shape, *options)
    return np.asarray(scipy.fft.idctn(spectrum, type=2, norm="ortho", overwrite_x=True))


@lru_cache(maxsize=2)
def _cosine_transfer(
    rows: int,
    columns: int,
    side: int,
    large_px: float,
    small_px: float,
    stripes: Stripes | None,
    tolerance_percent: float,
) -> Float32[np.ndarray, "row column"]:
    row = np.arange(rows) * (side / (2 * rows))
    column = np.arange(columns) * (side / (2 * columns))
    factor = _transfer(row, column, (side, large_px, small_px, stripes, tolerance_percent))
    factor.setflags(write=False)
    return factor


def _padded_mean(contrast: Float32[np.ndarray, "y x"], side: int) -> float:
    """Mean over ImageJ's padded square, in which some mirror images are cut off."""
    below, across = (
        np.bincount(_mirrored(length, side), minlength=length).astype(np.float32) / side
        for length in contrast.shape
    )
    # Not `@`: waking the threads of a linear algebra library takes longer than the sum.
    return float(below @ np.einsum("yx,x->y", contrast, across))


def _mirrored(length: int, side: int) -> Int[np.ndarray, " place"]:
    """Index of the pixel that each place of a padded line repeats."""
    before = _margin(length, side)
    return np.pad(np.arange(length), (before, side - length - before), mode="symmetric")


def _margin(length: int, side: int) -> int:
    """Java's rounding: Python's goes to the even neighbour and would shift odd fields."""
    return int(np.floor((side - length) / 2 + 0.5))


def _leaves_a_gap(length: int, side: int) -> bool:
    """Whether ImageJ's tiles miss the first of the padded lines, which is black then.

    It lays as many on the left as the right side needs; the right of odd lengths is one pixel
    narrower, which makes it one tile less where the pixel is all that such a tile would show.
    """
    before = _margin(length, side)
    return -(-(side - before) // length) - 1 < -(-before // length)


def _by_padding(
    contrast: Float32[np.ndarray, "y x"], options: _Options, black: np.float32
) -> Float32[np.ndarray, "y x"]:
    """The padded square's transform, of which only rows that differ are ever made."""
    side = options[0]
    rows, columns = contrast.shape
    top, left = _margin(rows, side), _margin(columns, side)
    below = _mirrored(rows, side)
    wide = contrast[:, _mirrored(columns, side)]
    if _leaves_a_gap(columns, side):
        wide[:, 0] = black
    lines = np.asarray(scipy.fft.rfft(wide, axis=1))
    row = np.abs(np.fft.fftfreq(side, 1 / side))
    for first in range(0, lines.shape[1], _COLUMNS_AT_ONCE):
        chosen = slice(first, first + _COLUMNS_AT_ONCE)
        column = np.arange(lines.shape[1], dtype=np.float64)[chosen]
        factor = _transfer(row, column, options)
        if first == 0:
            factor[0, 0] = 1.0
        block = lines[below, chosen]
        if _leaves_a_gap(rows, side):
            block[0] = 0
            block[0, 0] = side * black if first == 0 else 0
        block = np.asarray(scipy.fft.fft(block, axis=0, overwrite_x=True))
        block *= factor
        lines[:, chosen] = scipy.fft.ifft(block, axis=0, overwrite_x=True)[top : top + rows]
    filtered = np.asarray(scipy.fft.irfft(lines, n=side, axis=1))
    return filtered[:, left : left + columns]


def _transfer(
    row: Float64[np.ndarray, " row"], column: Float64[np.ndarray, " column"], options: _Options
) -> Float32[np.ndarray, "row column"]:
    """The filter at row and column indices of an N x N transform; 0 at its origin."""
    side, large_px, small_px, stripes, tolerance_percent = options
    large, small = (
        [np.exp(-((line * (2 * size / side)) ** 2)).astype(np.float32) for line in (row, column)]
        for size in (large_px, small_px)
    )
    factor = 1 - np.outer(large[0], large[1])
    factor *= small[0][:, None]
    factor *= small[1]
    if stripes is not None:
        along = column if stripes == "horizontal" else row[:, None]
        sharpness = (100 - tolerance_percent) / 100
        factor *= (1 - np.exp(-((along * sharpness) ** 2))).astype(np.float32)
    return factor


def _check(
    image: Shaped[np.ndarray, "y x"],
    large_px: float,
    small_px: float,
    stripes: Stripes | None,
    tolerance_percent: float,
) -> None:
    if not isinstance(image, np.ndarray) or isinstance(image, np.ma.MaskedArray):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(
            f"`image` must be an array without a mask, but is a {type(image).__name__}.",
            remedy="Give np.asarray(...) of the pixels, masked ones replaced.",
        )
    if image.ndim != 2 or image.size == 0:
        raise InputError(
            f"`image` must hold pixels [y, x], but its shape is {image.shape}.",
            remedy="Give one frame at a time.",
        )
    if image.dtype.kind not in "biuf":
        raise InputError(
            f"`image` must hold real numbers, but is of type {image.dtype}.",
            remedy="Give intensities.",
        )
    if stripes not in (None, *get_args(Stripes)):
        raise InputError(
            f"`stripes` must be 'horizontal', 'vertical' or None, but is {stripes!r}.",
            remedy="None suppresses none; the other two are those that ImageJ offers.",
        )
    for name, size in (
        ("large_px", large_px),
        ("small_px", small_px),
        ("tolerance_percent", tolerance_percent),
    ):
        if isinstance(size, (str, bytes)) or not np.isscalar(size):
            raise InputError(
                f"`{name}` must be a number, but is {size!r}.",
                remedy="The paper took large_px=40, small_px=3, tolerance_percent=5.",
            )
    for name, size in (("large_px", large_px), ("small_px", small_px)):
        if not (np.isfinite(size) and size >= 0):
            raise InputError(
                f"`{name}` must be a size in pixels from 0 on, but is {size}.",
                remedy="The paper took large_px=40, small_px=3.",
            )
    if not 0 <= tolerance_percent <= 100:
        raise InputError(
            f"`tolerance_percent` must lie from 0 to 100, but is {tolerance_percent}.",
            remedy="ImageJ's own is 5.",
        )


def _not_finite(image: Shaped[np.ndarray, "y x"]) -> InputError:
    broken = np.argwhere(~np.isfinite(image))
    if not len(broken):
        return InputError(
            "`image` must have a mean that float32 holds, but its values are larger.",
            remedy="Scale it: the filter is linear.",
        )
    row, column = (int(index) for index in broken[0])
    return InputError(
        f"`image` must hold finite numbers, but is {image[row, column]} at row {row}, "
        f"column {column}.",
        remedy="Replace dead pixels by their neighbours' median, or leave the frame out.",
    )
