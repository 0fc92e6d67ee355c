"""The noise power of frame differences towards zero frequency, where no camera blurs it.

A camera spreads an electron's signal over neighbouring pixels, which takes noise from every
frequency but zero; what a sample changes from frame to frame is weak there too, since phase
contrast vanishes towards zero frequency (science.md 8.2). So the noise is read in a band of low
frequencies, as the intercept of a straight line in the frequency squared.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from jaxtyping import Bool, Float

LONGEST_PERIODS = 2.5
"""Modes of fewer periods over the field hold uneven illumination, and are left out."""

HIGHEST_PER_NM = 1.5
"""The band's end in the sample's frequencies: beyond, moving atoms add 5 % and more (measured on
simulated dots on and off carbon)."""

HIGHEST_PER_PX = 0.1
HIGHEST_PER_PX_UNCALIBRATED = 0.0625
_CLIP_SIGMAS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The modes of a real transform that noise is read from.

    Attributes:
        chosen: which of them [row, column].
        f2: their frequency squared, (cycles a pixel)^2.
    """

    chosen: Bool[np.ndarray, "y half"]
    f2: Float[np.ndarray, " mode"]


def low_band(shape: tuple[int, int], pixel_nm: float | None) -> Band:
    """Modes from 2.5 periods over the field up to 1.5 per nm, at most 0.1 per pixel.

    Modes along the axes are left out: borders that do not fit together and noise that rows or
    columns share stand there. Where the pixel is not known, the band ends at 1/16 per pixel.

    Example:
        >>> band = low_band((256, 256), 0.042)
        >>> len(band.f2), round(float(band.f2.max()) ** 0.5, 3)
        (372, 0.063)
    """
    fy = scipy.fft.fftfreq(shape[0])[:, None]
    fx = scipy.fft.rfftfreq(shape[1])[None, :]
    f2 = fy**2 + fx**2
    highest = HIGHEST_PER_PX_UNCALIBRATED
    if pixel_nm is not None:
        highest = min(HIGHEST_PER_PX, HIGHEST_PER_NM * pixel_nm)
    periods2 = (fy * shape[0]) ** 2 + (fx * shape[1]) ** 2
    # Modes with a mirror image in the half plane would count twice: the axes are out anyway.
    inner = (fy != 0) & (fx > 0) & (np.abs(fy) < 0.5) & (fx < 0.5)
    chosen = inner & (periods2 >= LONGEST_PERIODS**2) & (f2 <= highest**2)
    return Band(chosen=chosen, f2=f2[chosen])


def difference(
    one: Float[np.ndarray, "y x"], other: Float[np.ndarray, "y x"], *, zero: float
) -> Float[np.ndarray, "y x"]:
    """The difference of two frames over sqrt 2, both brought to the brightness of their mean.

    Slow changes of the illumination go with it: its brightness by the scaling, its slope and
    bend by a polynomial of second order. What rises above 8 standard deviations (X-rays) is cut.

    Args:
        one, other: frames, camera units.
        zero: camera units without electrons.
    """
    means = float(one.mean()) - zero, float(other.mean()) - zero
    middle = (means[0] + means[1]) / 2
    change = ((other - zero) * (middle / means[1]) - (one - zero) * (middle / means[0])) / np.sqrt(
        2
    )
    change = change - _bent_plane(change)
    limit = _CLIP_SIGMAS * 1.4826 * float(np.median(np.abs(change)))
    return np.clip(change, -limit, limit) if limit > 0 else change


def _bent_plane(image: Float[np.ndarray, "y x"]) -> Float[np.ndarray, "y x"]:
    """The polynomial of second order nearest to an image, by orthogonal polynomials an axis."""
    basis = [_polynomials(size) for size in image.shape]
    inner = basis[0].T @ image @ basis[1]
    order = np.add.outer(np.arange(3), np.arange(3))
    return basis[0] @ np.where(order <= 2, inner, 0.0) @ basis[1].T


def _polynomials(size: int) -> Float[np.ndarray, "size 3"]:
    return np.linalg.qr(np.vander(np.linspace(-1, 1, size), 3, increasing=True))[0]


def periodogram(change: Float[np.ndarray, "y x"], band: Band) -> Float[np.ndarray, " mode"]:
    """Noise power of a difference in the band, units^2 a pixel: white noise gives its variance."""
    return np.abs(np.asarray(scipy.fft.rfft2(change))[band.chosen]) ** 2 / change.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Intercept:
    """Noise power at zero frequency.

    Attributes:
        value: the power.
        sigma: its standard deviation: that of chi-square numbers, or the scatter over the pairs
            of frames where that is more.
        slope: per f^2; below 0 where the camera blurs, above 0 where the sample moves.
    """

    value: float
    sigma: float
    slope: float


def intercept(
    powers: Float[np.ndarray, "pair mode"], band: Band, *, overlapping: bool
) -> Intercept:
    """The straight line in f^2 through the band's powers, at f = 0.

    Each power is exponentially distributed about its mean, so the weight is one over the square
    of the fitted line; a line through the data's own weights would read too low.

    Args:
        powers: a periodogram for each pair of frames.
        band: its modes.
        overlapping: whether neighbouring pairs share a frame: their powers then correlate by
            1/4, and n of them are worth n / 1.5.
    """
    mean = powers.mean(axis=0)
    terms = np.stack([np.ones_like(band.f2), band.f2], axis=1)
    line = np.full_like(mean, mean.mean())
    solve = np.zeros((2, len(mean)))
    for _ in range(4):
        weighted = terms / line[:, None] ** 2
        solve = np.linalg.solve(weighted.T @ terms, weighted.T)
        line = np.maximum(terms @ (solve @ mean), 0.05 * mean.mean())
    pairs = len(powers)
    worth = pairs / 1.5 if overlapping and pairs > 1 else pairs
    chance = float(np.sqrt(np.sum((solve[0] * line) ** 2) / worth))
    scatter = float(np.std(powers @ solve[0], ddof=1) / np.sqrt(worth)) if pairs >= 8 else 0.0
    value, slope = (float(number) for number in solve @ mean)
    return Intercept(value=value, sigma=max(chance, scatter), slope=slope)
