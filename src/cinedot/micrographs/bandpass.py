"""The band-pass with which the paper's frames are shown: ImageJ's, to the last detail."""

from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.fft
from jaxtyping import Float, Float32, Real

from cinedot.core import InputError

Stripes = Literal["horizontal", "vertical"]


def bandpass(
    image: Real[np.ndarray, "y x"],
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
    is half its period. Values are never rescaled (ImageJ's "autoscale" off).

    Args:
        image: intensities [y, x], any real number type.
        large_px: structures above this size are suppressed, pixels; 0 removes everything but
            the mean, as in ImageJ.
        small_px: structures below this size are suppressed, pixels; 0 keeps them.
        stripes: suppress horizontal or vertical stripes too.
        tolerance_percent: how far a stripe may deviate from its direction; without `stripes`
            it has no effect (nor has it in ImageJ).

    Returns:
        The filtered image, same shape.

    Raises:
        InputError: no pixels, values that are not finite, negative sizes.

    Source: ImageJ's FFTFilter (J. Walter), formulas in science.md 8.6.

    Example:
        >>> x = np.arange(64)
        >>> flat = bandpass(np.full((64, 64), 7.0))
        >>> float(flat.min()), float(flat.max())
        (7.0, 7.0)
    """
    _check(image, large_px, small_px, tolerance_percent)
    # Float64 holds the mean: a camera's offset may be thousands of times its contrast.
    mean = float(image.mean(dtype=np.float64))
    contrast = (image - mean).astype(np.float32)
    side = padded_side(*image.shape)
    rows, columns = image.shape
    options = (side, float(large_px), float(small_px), stripes, float(tolerance_percent))
    if side % (2 * rows) == 0 and side % (2 * columns) == 0:
        # Mirror tiling of such a field is the periodic extension that a DCT-II assumes.
        spectrum = np.asarray(scipy.fft.dctn(contrast, type=2, norm="ortho"))
        spectrum *= _transfer(rows, columns, side // (2 * rows), side // (2 * columns), *options)
        filtered = np.asarray(scipy.fft.idctn(spectrum, type=2, norm="ortho"))
    else:
        filtered = _by_padding(contrast, options)
    return (filtered + np.float32(mean)).astype(np.float32, copy=False)


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


def _by_padding(
    contrast: Float32[np.ndarray, "y x"], options: _Options
) -> Float32[np.ndarray, "y x"]:
    side = options[0]
    rows, columns = contrast.shape
    top, left = _round_half_up((side - rows) / 2), _round_half_up((side - columns) / 2)
    margins = ((top, side - rows - top), (left, side - columns - left))
    padded = np.pad(contrast, margins, mode="symmetric")
    spectrum = np.asarray(scipy.fft.rfft2(padded))
    half = _transfer(side // 2 + 1, side // 2 + 1, 1, 1, *options)
    spectrum[: side // 2 + 1] *= half
    spectrum[side // 2 + 1 :] *= half[side // 2 - 1 : 0 : -1]
    filtered = np.asarray(scipy.fft.irfft2(spectrum, s=padded.shape))
    return filtered[top : top + rows, left : left + columns]


@lru_cache(maxsize=8)
def _transfer(
    rows: int,
    columns: int,
    row_step: int,
    column_step: int,
    side: int,
    large_px: float,
    small_px: float,
    stripes: Stripes | None,
    tolerance_percent: float,
) -> Float[np.ndarray, "row column"]:
    """The filter at row indices 0, row_step, ... and column indices of an N x N transform."""
    row = (np.arange(rows) * row_step).astype(float)[:, None]
    column = (np.arange(columns) * column_step).astype(float)[None, :]
    index_squared = row**2 + column**2
    factor = 1 - np.exp(-index_squared * (2 * large_px / side) ** 2)
    factor = factor * np.exp(-index_squared * (2 * small_px / side) ** 2)
    if stripes is not None:
        along = column if stripes == "horizontal" else row
        sharpness = (100 - tolerance_percent) / 100
        factor = factor * (1 - np.exp(-((along * sharpness) ** 2)))
    factor[0, 0] = 1.0
    factor.setflags(write=False)
    return factor.astype(np.float32)


def _round_half_up(number: float) -> int:
    """Java's rounding: Python's goes to the even neighbour and would shift odd fields."""
    return int(np.floor(number + 0.5))


def _check(
    image: Real[np.ndarray, "y x"], large_px: float, small_px: float, tolerance_percent: float
) -> None:
    if image.size == 0:
        raise InputError(
            f"`image` must hold pixels, but its shape is {image.shape}.", remedy="Give [y, x]."
        )
    if not np.isfinite(image).all():
        at = tuple(int(index) for index in np.argwhere(~np.isfinite(image))[0])
        raise InputError(
            f"`image` must hold finite numbers, but is {image[at]} at row {at[0]}, column {at[1]}.",
            remedy="Replace dead pixels by their neighbours' median, or leave the frame out.",
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
