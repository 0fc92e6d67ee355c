"""A mass spectrum as a list of peaks, and the law that predicts one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from cinedot.composition.ions import Ion
from cinedot.composition.isotopes import RESOLVING_POWER, isotope_pattern
from cinedot.core import InputError

Polarity = Literal["negative", "positive"]

PROFILE_STEP_PPM = 100.0
"""Points mostly nearer than this trace peaks' shapes; centroids stand further apart."""
_EVEN_STEP = 0.5
"""Points in even steps below this, m/z, do too: a quadrupole's 0.1. Nominal masses are 0.5 apart or
more."""
_EVEN = 0.25
_MOSTLY = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class MassSpectrum:
    """Peaks: where, and how high.

    Attributes:
        mz: mass over charge, increasing.
        intensity: above 0, in the instrument's units.
        polarity: of the ions.
        label: which of several this is.
        polarity_stated: whether the file itself says the polarity.
        scans: how many scans were averaged.
    """

    mz: Float[np.ndarray, " peak"]
    intensity: Float[np.ndarray, " peak"]
    polarity: Polarity
    label: str
    polarity_stated: bool = False
    scans: int = 1

    @property
    def detection_limit(self) -> float:
        """The lowest peak of the list, in the instrument's units: below it none is listed."""
        return float(self.intensity.min())


def expected_mass_spectrum(
    ions: Sequence[Ion],
    amounts: Sequence[float],
    *,
    resolving_power: float = RESOLVING_POWER,
    label: str = "expected",
) -> MassSpectrum:
    """The peaks that ions of given amounts make, without noise.

    Peaks of different ions nearer than m/z over the resolving power are one peak.

    Args:
        ions: of one polarity.
        amounts: height of each ion's highest peak, above 0.
        resolving_power: m/z over the width of a peak.
        label: the spectrum's name.

    Raises:
        InputError: no ions, or ions of both polarities.

    Example:
        >>> from cinedot.composition import ion_of
        >>> spectrum = expected_mass_spectrum([ion_of("Br", -1)], [100.0])
        >>> spectrum.mz.round(4), spectrum.intensity.round(1)
        (array([78.9189, 80.9168]), array([100. ,  97.3]))
    """
    signs = {ion.charge > 0 for ion in ions}
    if len(signs) != 1:
        raise InputError(
            "a mass spectrum must hold ions of one polarity, but these are of "
            f"{'both' if signs else 'none'}.",
            remedy="Predict each polarity on its own.",
        )
    patterns = [isotope_pattern(ion, resolving_power=resolving_power) for ion in ions]
    mz = np.concatenate([pattern.mz for pattern in patterns])
    height = np.concatenate(
        [amount * pattern.height for pattern, amount in zip(patterns, amounts, strict=True)]
    )
    mz, height = merged_peaks(mz, height, apart_ppm=1e6 / resolving_power)
    polarity: Polarity = "positive" if signs == {True} else "negative"
    return MassSpectrum(mz=mz, intensity=height, polarity=polarity, label=label)


def sample_mass_spectrum(
    expected: MassSpectrum,
    *,
    seed: int | np.random.Generator,
    mass_sigma_ppm: float = 2.0,
    mass_offset_ppm: float = 0.0,
    height_sigma: float = 0.1,
    detection_limit: float = 0.0,
    label: str = "simulated",
) -> MassSpectrum:
    """One recording of an expected spectrum: masses and heights err, small peaks are lost.

    Args:
        expected: peaks without noise.
        seed: of the chance.
        mass_sigma_ppm: standard deviation of a peak's m/z.
        mass_offset_ppm: of all m/z alike: a scale that is off.
        height_sigma: standard deviation of a height, as a share of it.
        detection_limit: peaks lower than it are not recorded; its third is the noise of heights.
        label: the record's name.

    Example:
        >>> from cinedot.composition import ion_of
        >>> drawn = sample_mass_spectrum(expected_mass_spectrum([ion_of("Br", -1)], [1.0]), seed=1)
        >>> len(drawn.mz)
        2
    """
    rng = np.random.default_rng(seed)
    count = len(expected.mz)
    mz = expected.mz * (1 + 1e-6 * (mass_offset_ppm + mass_sigma_ppm * rng.normal(size=count)))
    spread = np.hypot(height_sigma * expected.intensity, detection_limit / 3)
    height = expected.intensity + spread * rng.normal(size=count)
    kept = (height > detection_limit) & (height > 0)
    order = np.argsort(mz[kept])
    return MassSpectrum(
        mz=mz[kept][order],
        intensity=height[kept][order],
        polarity=expected.polarity,
        label=label,
    )


def merged_peaks(
    mz: Float[np.ndarray, " peak"], intensity: Float[np.ndarray, " peak"], *, apart_ppm: float
) -> tuple[Float[np.ndarray, " merged"], Float[np.ndarray, " merged"]]:
    """Peaks nearer to the next than so many ppm made one, at their weighted mean.

    Example:
        >>> merged_peaks(np.array([100.0, 100.001, 200.0]), np.array([1.0, 3.0, 2.0]), apart_ppm=20)
        (array([100.00075, 200.     ]), array([4., 2.]))
    """
    order = np.argsort(mz, kind="stable")
    mz, intensity = mz[order], intensity[order]
    starts = np.flatnonzero(np.diff(mz, prepend=-np.inf) > 1e-6 * apart_ppm * mz)
    total = np.add.reduceat(intensity, starts)
    return np.add.reduceat(intensity * mz, starts) / total, total


def is_profile(mz: Float[np.ndarray, " point"]) -> bool:
    """Whether points trace peaks' shapes rather than being peaks.

    Those of a profile mostly stand within 100 ppm of the next, or in even steps below 0.5 m/z.

    Example:
        >>> is_profile(np.linspace(100.0, 101.0, 500)), is_profile(np.array([100.0, 101.0, 102.0]))
        (True, False)
        >>> is_profile(np.arange(100.0, 200.0, 0.1)), is_profile(np.arange(100.0, 200.0))
        (True, False)
    """
    if len(mz) < 20:
        return False
    step = np.diff(mz)
    usual = float(np.median(step))
    if usual <= 0 or float(np.median(step / mz[1:])) < 1e-6 * PROFILE_STEP_PPM:
        return True
    even = np.abs(step / usual - 1) < _EVEN
    return usual < _EVEN_STEP and float(even.mean()) > _MOSTLY


def picked_peaks(
    mz: Float[np.ndarray, " point"], intensity: Float[np.ndarray, " point"]
) -> tuple[Float[np.ndarray, " peak"], Float[np.ndarray, " peak"]]:
    """The peaks of a profile: local maxima above six times the noise, by a parabola in the log.

    The noise is 1.4826 times the median absolute deviation of all points. Heights are those of the
    parabola's top; the three highest points of a Gaussian peak lie on it exactly.

    Example:
        >>> mz = np.arange(99.9, 100.1, 0.002)
        >>> picked_peaks(mz, 5 * np.exp(-0.5 * ((mz - 100.0007) / 0.01) ** 2))[0].round(4)
        array([100.0007])
    """
    middle = np.median(intensity)
    floor = middle + 6 * 1.4826 * np.median(np.abs(intensity - middle))
    tops = np.flatnonzero(_is_top(intensity) & (intensity > floor)) if len(mz) > 2 else np.zeros(0)
    tops = tops.astype(int)
    least = np.finfo(float).tiny
    left, here, right = (np.log(np.maximum(intensity[tops + k], least)) for k in (-1, 0, 1))
    bend = left - 2 * here + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, -1.0), 0.0)
    shift = np.clip(shift, -0.5, 0.5)
    step = (mz[np.minimum(tops + 1, len(mz) - 1)] - mz[tops - 1]) / 2
    return mz[tops] + shift * step, np.exp(here - 0.25 * (left - right) * shift)


def _is_top(intensity: Float[np.ndarray, " point"]) -> Bool[np.ndarray, " point"]:
    top = np.zeros(len(intensity), bool)
    middle = intensity[1:-1]
    top[1:-1] = (middle > intensity[:-2]) & (middle >= intensity[2:])
    return top
