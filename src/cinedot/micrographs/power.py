"""The power spectrum of a field, with the background that its peaks rise from."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from jaxtyping import Float

from cinedot.core import Image, InputError

FEWEST_PIXELS = 16
"""Least side of a field whose spectrum says anything."""

FILTER_FLOOR = 1e-10
"""Power, against the strongest, below which a spectrum holds what filters leave beyond their
pass-band: a Gaussian cut off at four sigmas leaves some 1e-5 of the amplitude, in lobes along the
axes that a ring's median does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSpectrum:
    """Power of a Hann-windowed, zero-padded field; the half plane qx >= 0 of it.

    Attributes:
        power: [qy, qx], squared intensity a bin; qy increases through 0.
        background: what noise and the amorphous ground give at the same frequency.
        qx_per_nm, qy_per_nm: axes.
        bin_x_per_nm, bin_y_per_nm: 1 / width and 1 / height of the field: the steps in which
            the spectrum holds independent numbers.
    """

    power: Float[np.ndarray, "qy qx"]
    background: Float[np.ndarray, "qy qx"]
    qx_per_nm: Float[np.ndarray, " qx"]
    qy_per_nm: Float[np.ndarray, " qy"]
    bin_x_per_nm: float
    bin_y_per_nm: float


def power_spectrum(
    image: Image, *, region: tuple[float, float, float, float] | None = None
) -> PowerSpectrum:
    """Power spectrum of an image or region with its radially varying background.

    Args:
        image: intensities with their scale.
        region: x0, y0, x1, y1 in nm from the centre of the first pixel; None is all.

    Raises:
        InputError: the region holds too few pixels, or numbers that are not finite.

    Example:
        >>> flat = Image(data=np.ones((32, 32)), pixel_x_nm=0.1, pixel_y_nm=0.1, name="flat")
        >>> spectrum = power_spectrum(flat)
        >>> float(spectrum.qx_per_nm.max())
        5.0
    """
    field, _ = cut_region(image, region)
    rows, columns = field.shape
    shape = (_fast_length(2 * rows), _fast_length(2 * columns))
    amplitude = np.asarray(scipy.fft.rfft2(windowed(field), s=shape, workers=2))
    power = np.fft.fftshift(np.abs(amplitude) ** 2, axes=0)
    qy = np.fft.fftshift(np.fft.fftfreq(shape[0], image.pixel_y_nm))
    qx = np.fft.rfftfreq(shape[1], image.pixel_x_nm)
    bin_x, bin_y = 1 / (columns * image.pixel_x_nm), 1 / (rows * image.pixel_y_nm)
    return PowerSpectrum(
        power=power,
        background=np.maximum(
            _ring_background(power, qx, qy, max(bin_x, bin_y)),
            max(_rounding_power(field), FILTER_FLOOR * float(power.max())),
        ),
        qx_per_nm=qx,
        qy_per_nm=qy,
        bin_x_per_nm=bin_x,
        bin_y_per_nm=bin_y,
    )


def _fast_length(least: int) -> int:
    length = scipy.fft.next_fast_len(least, real=True)
    return int(length) if length is not None else least


def cut_region(
    image: Image, region: tuple[float, float, float, float] | None
) -> tuple[Float[np.ndarray, "y x"], tuple[int, int]]:
    """The pixels of a region given in nm, and the row and column of its first pixel.

    Raises:
        InputError: fewer than 16 x 16 pixels, or numbers that are not finite.
    """
    rows, columns = image.data.shape
    top, left, bottom, right = 0, 0, rows, columns
    if region is not None:
        x0, y0, x1, y1 = region
        left, right = (round(x / image.pixel_x_nm) for x in (min(x0, x1), max(x0, x1)))
        top, bottom = (round(y / image.pixel_y_nm) for y in (min(y0, y1), max(y0, y1)))
        top, left = max(top, 0), max(left, 0)
        bottom, right = min(bottom + 1, rows), min(right + 1, columns)
    field = image.data[top:bottom, left:right]
    if min(field.shape) < FEWEST_PIXELS:
        raise InputError(
            f"a field must be at least {FEWEST_PIXELS} x {FEWEST_PIXELS} pixels, "
            f"but is {' x '.join(map(str, field.shape))}.",
            remedy="Give a larger image or `region` (nm).",
            file=image.name,
        )
    if not np.isfinite(field).all():
        raise InputError(
            "an image must hold finite numbers, but some are NaN or infinite.",
            remedy="Replace dead pixels by their neighbours' median.",
            file=image.name,
        )
    return field, (top, left)


def windowed(field: Float[np.ndarray, "y x"]) -> Float[np.ndarray, "y x"]:
    """A field less its mean under a Hann window, times that window."""
    rows, columns = field.shape
    window = hann(rows)[:, None] * hann(columns)
    mean = float((field * window).sum() / window.sum())
    return (field - mean).astype(np.float64) * window


def hann(length: int) -> Float[np.ndarray, " x"]:
    """Hann's window with its zeros half a pixel outside, so that all pixels count."""
    return np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2


def _ring_background(
    power: Float[np.ndarray, "qy qx"],
    qx: Float[np.ndarray, " qx"],
    qy: Float[np.ndarray, " qy"],
    ring_width: float,
) -> Float[np.ndarray, "qy qx"]:
    """Median power of each ring of equal frequency, as the mean of exponential noise."""
    radius = np.hypot(qy[:, None], qx[None, :])
    ring = (radius / ring_width).astype(np.intp)
    order = np.argsort(ring, axis=None, kind="stable")
    ends = np.cumsum(np.bincount(ring.ravel()))
    sorted_power = power.ravel()[order]
    starts = np.concatenate([[0], ends[:-1]])
    pairs = zip(starts, ends, strict=True)
    medians = np.array(
        [np.median(sorted_power[a:b]) if b > a else np.nan for a, b in pairs], dtype=float
    )
    known = np.flatnonzero(np.isfinite(medians))
    medians = np.interp(np.arange(medians.size), known, medians[known])
    levels = np.interp(radius / ring_width, np.arange(medians.size) + 0.5, medians)
    # Noise power is exponentially distributed: its median is ln 2 of its mean.
    return levels / np.log(2)


def _rounding_power(field: Float[np.ndarray, "y x"]) -> float:
    """Mean power of the noise that the field's own numbers bring with them."""
    rows, columns = field.shape
    weight = float((hann(rows) ** 2).sum() * (hann(columns) ** 2).sum())
    return weight * rounding_variance(field) + float(np.finfo(float).tiny)


def rounding_variance(values: Float[np.ndarray, "y x"]) -> float:
    """Variance of the noise of rounding: step^2 / 12.

    The step is 1 or the common divisor of what differs where all values are whole, and else that
    of float32 at the largest: intensities are hardly ever kept finer, and filters round at the
    largest values that they pass.

    Example:
        >>> round(12 * rounding_variance(np.array([[0.0, 4.0], [8.0, 2.0]])), 6)
        4.0
    """
    largest = float(np.abs(values).max())
    if largest < 2**53 and np.array_equal(values, np.rint(values)):
        steps = (values - values.min()).astype(np.int64)
        return max(1.0, float(np.gcd.reduce(steps, axis=None))) ** 2 / 12
    return float(np.spacing(np.float32(largest))) ** 2 / 12
