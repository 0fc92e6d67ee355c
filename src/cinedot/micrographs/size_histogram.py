"""Histograms of sizes and the Gaussians behind them, by regression as papers do and without bins.

Both are maximum likelihood. With bins the counts are Poisson, so a bin weighs by what is expected
in it, and empty bins count; without bins the mean and the standard deviation are the sample's.
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats
from jaxtyping import Float, Int

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.micrographs.bins import MOST_BINS, Bins, FreedmanDiaconis, OfWidth

FEWEST_EXPECTED = 5.0
"""Chi square's law holds where each group of bins expects so many (Cochran, 1954)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeHistogram:
    """Counts of sizes in bins of equal width.

    Attributes:
        edges_nm: the bins' edges, multiples of the width.
        counts: sizes in each; a size on an edge counts above it.
    """

    edges_nm: Float[np.ndarray, " edge"]
    counts: Int[np.ndarray, " bin"]

    @property
    def bin_nm(self) -> float:
        """The bins' width."""
        return float(self.edges_nm[1] - self.edges_nm[0])

    @property
    def centres_nm(self) -> Float[np.ndarray, " bin"]:
        """The bins' centres."""
        return (self.edges_nm[1:] + self.edges_nm[:-1]) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianFit:
    """A Gaussian of a sample's sizes.

    Attributes:
        mean, spread: its mean and standard deviation, nm; their sigmas from the curvature.
        number: sizes that it stands for.
        misfit, freedom: Pearson's chi square of the bins, neighbours put together until each
            expects five, and its expectation; None without bins or with too few.
        chance: how often a Gaussian sample misfits so much.
    """

    mean: Estimate
    spread: Estimate
    number: int
    misfit: float | None = None
    freedom: int | None = None
    chance: float | None = None

    def curve(
        self, places_nm: Float[np.ndarray, " place"], bin_nm: float
    ) -> Float[np.ndarray, " place"]:
        """Expected counts in bins of some width around places, to draw over a histogram."""
        middle, spread = float(self.mean.value), float(self.spread.value)
        reach = np.stack([places_nm - bin_nm / 2, places_nm + bin_nm / 2])
        low, high = scipy.special.ndtr((reach - middle) / spread)
        return self.number * (high - low)


def size_histogram(
    sizes_nm: Float[np.ndarray, " particle"], bins: Bins | None = None
) -> SizeHistogram:
    """Count sizes in bins.

    Args:
        sizes_nm: one size of each particle, by one definition.
        bins: how wide; None is Freedman and Diaconis'.

    Raises:
        InputError: sizes that are no lengths, more bins than 2000 asked for.
        AnalysisError: no sizes, or all of them equal where the rule needs a spread.

    Example:
        >>> size_histogram(np.array([2.31, 2.42, 2.44, 2.58]), OfWidth(nm=0.1)).counts.tolist()
        [1, 2, 1]
    """
    _require_sizes(sizes_nm)
    chosen = FreedmanDiaconis() if bins is None else bins
    width, extent = chosen.width_nm(sizes_nm), float(np.ptp(sizes_nm))
    if not width > 0:
        raise AnalysisError("all sizes are equal.", remedy="State the bins' width.")
    if extent / width > MOST_BINS:
        if isinstance(chosen, OfWidth):
            raise InputError(
                f"a histogram has at most {MOST_BINS} bins, but {extent:g} nm in bins of "
                f"{width:g} nm are more.",
                remedy="Take wider bins.",
            )
        width = extent / MOST_BINS
    first = np.floor(float(sizes_nm.min()) / width + 1e-9)
    index = np.floor(sizes_nm / width + 1e-9).astype(np.int64) - int(first)
    counts = np.bincount(index)
    return SizeHistogram(edges_nm=(first + np.arange(len(counts) + 1)) * width, counts=counts)


def gaussian_likelihood(sizes_nm: Float[np.ndarray, " particle"]) -> GaussianFit:
    """The Gaussian of greatest likelihood, without bins.

    The spread is the unbiased sample's, sqrt(N / (N - 1)) times the likelihood's; sigmas are
    spread / sqrt(N) and spread / sqrt(2 (N - 1)), the latter good from about 10 sizes on.

    Raises:
        InputError: sizes that are no lengths.
        AnalysisError: fewer than two sizes, or all of them equal.

    Example:
        >>> gaussian_likelihood(np.array([2.3, 2.4, 2.5])).mean.text()
        '2.400 ± 0.058 nm'
    """
    _require_sizes(sizes_nm)
    number = len(sizes_nm)
    spread = float(np.std(sizes_nm, ddof=1)) if number > 1 else 0.0
    if not spread > 0:
        raise AnalysisError(
            "a Gaussian needs two sizes that differ.", remedy="Give more particles."
        )
    method = "Gaussian of greatest likelihood, without bins"
    return GaussianFit(
        mean=_nm(float(np.mean(sizes_nm)), spread / number**0.5, method),
        spread=_nm(spread, spread / (2 * (number - 1)) ** 0.5, method),
        number=number,
    )


def gaussian_regression(histogram: SizeHistogram) -> GaussianFit:
    """Fit a Gaussian to a histogram's counts, each weighted by its Poisson law.

    The expected count of a bin is the number of sizes times the Gaussian's integral over it; what
    lies beyond the bins counts as empty. The spread is made unbiased by sqrt(N / (N - 1)). Sigmas
    come from the expected information: those of the sizes without bins, larger by w^2 / (24 s^2)
    (mean) and w^2 / (12 s^2) (spread) for bins of width w below the spread s.

    Raises:
        AnalysisError: fewer than three bins hold sizes, or the fit has no maximum.

    Example:
        >>> edges = np.arange(2.0, 3.05, 0.1)
        >>> counts = np.array([1, 4, 13, 29, 45, 45, 29, 13, 4, 1])
        >>> gaussian_regression(SizeHistogram(edges_nm=edges, counts=counts)).mean.text()
        '2.500 ± 0.012 nm'
    """
    counts = np.concatenate([[0], histogram.counts, [0]]).astype(np.float64)
    if (counts > 0).sum() < 3:
        raise AnalysisError(
            "a Gaussian can only be fitted where three bins or more hold sizes.",
            remedy="Take narrower bins, or fit without them.",
        )
    total, width = float(counts.sum()), histogram.bin_nm
    start_mean = float(histogram.counts @ histogram.centres_nm) / total
    variance = float(histogram.counts @ (histogram.centres_nm - start_mean) ** 2) / total

    def loss(values: Float[np.ndarray, "2"]) -> float:
        logs = _log_shares(histogram.edges_nm, float(values[0]), float(np.exp(values[1])))
        return -float(counts @ logs) / total

    # Simplex: two values, a smooth loss, and no derivative that underflows far out.
    found = scipy.optimize.minimize(
        loss,
        np.array([start_mean, np.log(variance) / 2]),
        method="Nelder-Mead",
        options={
            "xatol": 1e-7 * width,
            "fatol": 1e-13,
            "maxiter": 2000,
            "initial_simplex": [
                [start_mean, np.log(variance) / 2],
                [start_mean + width / 4, np.log(variance) / 2],
                [start_mean, np.log(variance) / 2 - 0.1],
            ],
        },
    )
    mean, spread = float(found.x[0]), float(np.exp(found.x[1]))
    if not found.success or not spread > 0.1 * width:
        raise AnalysisError(
            "the histogram's Gaussian is narrower than its bins can tell.",
            remedy="Take narrower bins, or fit without them.",
        )
    return _regression(histogram, counts, mean, spread)


def _regression(
    histogram: SizeHistogram, counts: Float[np.ndarray, " bin"], mean: float, spread: float
) -> GaussianFit:
    """The fit's record: sigmas by expected information, misfit by deviance."""
    total = float(counts.sum())
    logs = _log_shares(histogram.edges_nm, mean, spread)
    shares = np.exp(logs)
    z = (histogram.edges_nm - mean) / spread
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / spread
    by_mean = -np.diff(np.concatenate([[0.0], density, [0.0]]))
    by_spread = -np.diff(np.concatenate([[0.0], density * z, [0.0]]))
    slopes = np.stack([by_mean, by_spread])
    information = total * (slopes / np.maximum(shares, 1e-300)) @ slopes.T
    sigmas = np.sqrt(np.diag(np.linalg.inv(information)))
    misfit, freedom = _misfit(counts, total * shares)
    # Likelihood's spread is the sample's about its own mean, short by one in N.
    unbiased = float(np.sqrt(total / (total - 1)))
    method = f"Gaussian regression, bins of {histogram.bin_nm:.3g} nm, Poisson weights"
    return GaussianFit(
        mean=_nm(mean, float(sigmas[0]), method),
        spread=_nm(spread * unbiased, float(sigmas[1]) * unbiased, method),
        number=round(total),
        misfit=misfit if freedom > 0 else None,
        freedom=freedom if freedom > 0 else None,
        chance=float(scipy.stats.chi2.sf(misfit, freedom)) if freedom > 0 else None,
    )


def _misfit(
    counts: Float[np.ndarray, " bin"], expected: Float[np.ndarray, " bin"]
) -> tuple[float, int]:
    """Pearson's chi square and its freedom, in groups of bins that expect five or more."""
    groups: list[list[float]] = [[0.0, 0.0]]
    for count, due in zip(counts, expected, strict=True):
        if groups[-1][1] >= FEWEST_EXPECTED:
            groups.append([0.0, 0.0])
        groups[-1][0] += count
        groups[-1][1] += due
    if len(groups) > 1 and groups[-1][1] < FEWEST_EXPECTED:
        left = groups.pop()
        groups[-1] = [groups[-1][0] + left[0], groups[-1][1] + left[1]]
    seen, due = np.array(groups).T
    return float(((seen - due) ** 2 / due).sum()), len(groups) - 3


def _log_shares(
    edges_nm: Float[np.ndarray, " edge"], mean: float, spread: float
) -> Float[np.ndarray, " bin"]:
    """Logarithm of a Gaussian's integral over each bin, and over what lies on either side."""
    z = (edges_nm - mean) / spread
    # In the upper half the tail from above: differences near 1 would lose all digits.
    low, high = np.concatenate([[-np.inf], z]), np.concatenate([z, [np.inf]])
    flipped = low > 0
    small, large = np.where(flipped, -high, low), np.where(flipped, -low, high)
    log_large, log_small = scipy.special.log_ndtr(large), scipy.special.log_ndtr(small)
    return log_large + np.log1p(-np.exp(np.minimum(log_small - log_large, -1e-300)))


def _nm(value: float, sigma: float, method: str) -> Estimate:
    return Estimate(value=value, sigma=sigma, unit="nm", method=method)


def _require_sizes(sizes_nm: Float[np.ndarray, " particle"]) -> None:
    if not len(sizes_nm):
        raise AnalysisError("there are no sizes.", remedy="Give images that hold particles.")
    if not np.isfinite(sizes_nm).all() or (sizes_nm <= 0).any():
        bad = int(np.argmin(np.isfinite(sizes_nm) & (sizes_nm > 0)))
        raise InputError(
            f"`sizes_nm` must be lengths above 0, but number {bad} is {sizes_nm[bad]}.",
            remedy="Leave out particles without a size.",
        )
