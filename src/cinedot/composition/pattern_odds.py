"""How much more likely peaks are if an ion is there than if they stand there by chance."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from cinedot.composition.isotopes import RESOLVING_POWER, IsotopePattern
from cinedot.composition.mass_spectrum import MassSpectrum

HEIGHT_SIGMA = 0.15
"""How far heights in a pattern err, as a share: ores' lead differs by that much, and detectors."""
_STRANGE = 0.02
"""How often a peak of a pattern is not what it should be: overlapped, suppressed, mistaken."""
_NEIGHBOURHOOD = 25.0
"""m/z on either side over which the density of peaks, and of candidates, is counted."""
_ANCHORS = 12
"""Peaks that may set an amount: where another ion lies under the tallest, a lower one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """How an instrument's peaks err.

    Attributes:
        offset_ppm: of all m/z alike, found over true.
        sigma_ppm: standard deviation of one m/z about that.
        window_ppm: peaks further off than this are not looked at.
        height_sigma: standard deviation of a height, as a share of it.
        resolving_power: m/z over the width of a peak.
    """

    offset_ppm: float = 0.0
    sigma_ppm: float = 10.0 / 3.0
    window_ppm: float = 10.0
    height_sigma: float = HEIGHT_SIGMA
    resolving_power: float = RESOLVING_POWER

    @classmethod
    def within(cls, window_ppm: float, *, resolving_power: float = RESOLVING_POWER) -> "Tolerances":
        """Those of an instrument whose m/z are right within so many ppm: three sigmas.

        Example:
            >>> Tolerances.within(6.0).sigma_ppm
            2.0
        """
        return cls(sigma_ppm=window_ppm / 3, window_ppm=window_ppm, resolving_power=resolving_power)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeaksLeft:
    """A spectrum's peaks with what accepted ions have already taken from them.

    Attributes:
        mz: increasing.
        intensity: what is left of each; 0 where nothing is, beyond what the taking leaves unsure.
        unsure: variance of what is left, from what was taken.
        density_per_ppm: of peaks, about each.
        limit: the lowest intensity that the spectrum lists.
        span: natural logarithm of its largest over its lowest intensity, at least 1.
    """

    mz: Float[np.ndarray, " peak"]
    intensity: Float[np.ndarray, " peak"]
    unsure: Float[np.ndarray, " peak"]
    density_per_ppm: Float[np.ndarray, " peak"]
    limit: float
    span: float

    @classmethod
    def of(cls, spectrum: MassSpectrum) -> "PeaksLeft":
        """All of a spectrum."""
        mz = spectrum.mz
        about = counted_about(mz, mz)
        low = spectrum.detection_limit
        return cls(
            mz=mz,
            intensity=spectrum.intensity,
            unsure=np.zeros(len(mz)),
            density_per_ppm=about / (2 * _NEIGHBOURHOOD) * mz * 1e-6,
            limit=low,
            span=max(1.0, float(np.log(spectrum.intensity.max() / low))),
        )

    def without(self, match: "Match", height_sigma: float) -> "PeaksLeft":
        """What is left when a matched ion's share is taken away."""
        seen = match.peak >= 0
        at, expected = match.peak[seen], match.expected[seen]
        intensity, unsure = self.intensity.copy(), self.unsure.copy()
        # A pattern's peaks may lie so close that two find the same one.
        np.add.at(unsure, at, (height_sigma * expected) ** 2)
        np.subtract.at(intensity, at, expected)
        gone = intensity[at] < np.maximum(self.limit, 3 * np.sqrt(unsure[at]))
        intensity[at[gone]] = 0.0
        return replace(self, intensity=intensity, unsure=unsure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A pattern laid over a spectrum.

    Attributes:
        log_odds: natural logarithm of the odds that the ion is there.
        amount: height of its highest peak.
        expected: height of each of its peaks.
        peak: index of the spectrum's peak beside each, -1 where there is none.
        error_ppm: found less expected m/z, NaN where there is none.
        fits: which are as they should be.
    """

    log_odds: float
    amount: float
    expected: Float[np.ndarray, " peak"]
    peak: Int[np.ndarray, " peak"]
    error_ppm: Float[np.ndarray, " peak"]
    fits: Bool[np.ndarray, " peak"]


def counted_about(
    at: Float[np.ndarray, " place"], mz: Float[np.ndarray, " peak"]
) -> Float[np.ndarray, " place"]:
    """How many peaks stand within 25 m/z of each place, at least 1; `mz` increasing.

    Example:
        >>> counted_about(np.array([100.0, 500.0]), np.array([90.0, 110.0, 300.0]))
        array([2., 1.])
    """
    high = np.searchsorted(mz, at + _NEIGHBOURHOOD, side="right")
    low = np.searchsorted(mz, at - _NEIGHBOURHOOD)
    return np.maximum(high - low, 1).astype(np.float64)


def nearest_peaks(
    pattern_mz: Float[np.ndarray, " peak"], mz: Float[np.ndarray, " found"], tolerances: Tolerances
) -> tuple[Int[np.ndarray, " peak"], Float[np.ndarray, " peak"]]:
    """The spectrum's peak beside each expected one (-1: none in the window), and its error, ppm."""
    wanted = pattern_mz * (1 + 1e-6 * tolerances.offset_ppm)
    above = np.clip(np.searchsorted(mz, wanted), 1, max(len(mz) - 1, 1))
    above = np.minimum(above, len(mz) - 1)
    below = np.maximum(above - 1, 0)
    near = np.where(np.abs(mz[below] - wanted) <= np.abs(mz[above] - wanted), below, above)
    off = 1e6 * (mz[near] / wanted - 1)
    inside = np.abs(off) <= tolerances.window_ppm
    error = np.where(inside, off + tolerances.offset_ppm, np.nan)
    return np.where(inside, near, -1), error


def match_pattern(
    pattern: IsotopePattern, peaks: PeaksLeft, tolerances: Tolerances, *, rivals: float
) -> Match | None:
    """A pattern laid over what is left of a spectrum, at the amount that makes it likeliest.

    For each expected peak the likelihood if the ion is there is set over that if it is not. There:
    the m/z errs as the tolerances say, the height by its share and by a third of the
    detection limit; a peak that should be seen and is not counts against it. Not there: peaks fall
    anywhere, as densely as about that m/z, with heights alike on a logarithmic scale. Either way
    a peak is with 2 % not what it should be, so that one overlapped peak does not decide. The
    amount has a logarithmic prior. Before looking, one ion is expected in every 50 m/z, and all
    `rivals` candidates there are alike.

    Args:
        pattern: of the ion.
        peaks: what is left of the spectrum.
        tolerances: how peaks err.
        rivals: how many candidates there are in 50 m/z.

    Returns:
        None where the pattern's highest peak has no peak beside it.
    """
    index, error = nearest_peaks(pattern.mz, peaks.mz, tolerances)
    if index[pattern.base] < 0:
        return None
    found = np.where(index >= 0, peaks.intensity[index], 0.0)
    if found[pattern.base] <= 0:
        return None
    seen = found > 0
    unsure = np.where(index >= 0, peaks.unsure[index], 0.0) + (peaks.limit / 3) ** 2
    tallest = np.argsort(np.where(seen, pattern.height, 0.0))[::-1][:_ANCHORS]
    tallest = tallest[seen[tallest]]
    amounts = found[tallest] / pattern.height[tallest]
    amounts = np.append(amounts, np.exp(np.mean(np.log(amounts))))
    expected = amounts[:, None] * pattern.height
    sigma = np.sqrt((tolerances.height_sigma * expected) ** 2 + unsure)
    off = np.where(seen, error - tolerances.offset_ppm, 0.0)
    chance = peaks.density_per_ppm[index] / (np.where(seen, found, 1.0) * peaks.span)
    there = _normal(found, expected, sigma) * _normal(off, 0.0, tolerances.sigma_ppm)
    ratio = np.where(seen, there / chance, _missed(expected, sigma, peaks.limit))
    terms = np.log((1 - _STRANGE) * ratio + _STRANGE)
    known = np.count_nonzero(seen)
    width = np.sqrt(2 * np.pi / known) * tolerances.height_sigma / peaks.span
    odds = terms.sum(axis=1) + np.log(min(1.0, width)) - np.log(rivals)
    best = int(np.argmax(odds))
    fits = seen & (np.abs(found - expected[best]) < 4 * sigma[best])
    return Match(
        log_odds=float(odds[best]),
        amount=float(amounts[best]),
        expected=expected[best],
        peak=np.where(seen, index, -1),
        error_ppm=np.where(seen, error, np.nan),
        fits=fits,
    )


def _normal(
    value: Float[np.ndarray, "..."],
    mean: Float[np.ndarray, "..."] | float,
    sigma: Float[np.ndarray, "..."] | float,
) -> Float[np.ndarray, "..."]:
    return np.exp(-0.5 * ((value - mean) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))


def _missed(
    expected: Float[np.ndarray, "amount peak"],
    sigma: Float[np.ndarray, "amount peak"],
    limit: float,
) -> Float[np.ndarray, "amount peak"]:
    """How probable it is that an expected peak falls below the detection limit."""
    from scipy.special import ndtr

    return ndtr((limit - expected) / sigma)
