"""Histograms and their Gaussians: coverage on Gaussian samples, agreement, and a library's fit."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import AnalysisError, InputError
from cinedot.micrographs.bins import MOST_BINS, FreedmanDiaconis, OfWidth, Scott
from cinedot.micrographs.size_histogram import (
    SizeHistogram,
    gaussian_likelihood,
    gaussian_regression,
    size_histogram,
)


def fresh() -> np.random.Generator:
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.floats(0.5, 20), min_size=2, max_size=60),
    width=st.floats(0.05, 2),
)
def test_every_size_lies_in_its_bin(sizes: list[float], width: float) -> None:
    values = np.array(sizes)
    found = size_histogram(values, OfWidth(nm=width))
    assert found.counts.sum() == len(values)
    assert found.bin_nm == pytest.approx(width)
    assert found.edges_nm[0] <= values.min() + 1e-6
    assert values.max() <= found.edges_nm[-1] + 1e-6
    # numpy's own count in the same bins, sizes within rounding of an edge apart.
    off = np.abs(values[:, None] - found.edges_nm).min()
    if off > 1e-6:
        assert found.counts.tolist() == np.histogram(values, found.edges_nm)[0].tolist()


def test_rules_of_bins() -> None:
    values = fresh().normal(2.5, 0.2, 500)
    low, high = np.percentile(values, [25, 75])
    assert FreedmanDiaconis().width_nm(values) == pytest.approx(2 * (high - low) / 500 ** (1 / 3))
    assert Scott().width_nm(values) == pytest.approx(3.49 * values.std() / 500 ** (1 / 3))
    # Half of the sizes alike: no interquartile range.
    assert FreedmanDiaconis().width_nm(np.array([2.0] * 9 + [3.0])) > 0
    far = np.array([2.0, 2.0001, 2.0002, 2.0003, 2.0001, 2.0002, 2.0001, 2.0002, 1e6])
    assert len(size_histogram(far).counts) <= MOST_BINS + 1
    with pytest.raises(InputError, match="bins"):
        size_histogram(far, OfWidth(nm=0.1))


@pytest.mark.parametrize("number", [40, 400])
def test_regression_and_likelihood_cover_the_truth(number: int) -> None:
    rng = fresh()
    trials, within, apart = 150, np.zeros((2, 2), np.int64), []
    for _ in range(trials):
        sizes = rng.normal(2.47, 0.12, number)
        binned, plain = gaussian_regression(size_histogram(sizes)), gaussian_likelihood(sizes)
        for row, fit in enumerate((binned, plain)):
            for column, (estimate, truth) in enumerate(((fit.mean, 2.47), (fit.spread, 0.12))):
                assert estimate.sigma is not None
                within[row, column] += abs(float(estimate.value) - truth) < 2 * estimate.sigma
        assert plain.mean.sigma is not None
        apart.append((float(binned.mean.value) - float(plain.mean.value)) / plain.mean.sigma)
    # 95.4 % of normal errors; Student's and chi's at N = 40 take up to 3 % away.
    low = scipy.stats.binom.ppf(2.5e-7, trials, 0.92)
    assert (within >= low).all(), within
    # What bins lose: in 4000 samples of 40 the two lay 0.22 sigma apart (rms), with a kurtosis of
    # 3.6, so that the mean square of 150 is 0.050 +- 0.007; larger samples lose less.
    assert np.mean(np.square(apart)) < 0.35**2


def test_sigmas_are_those_of_the_scatter() -> None:
    rng = fresh()
    pulls = []
    for _ in range(200):
        fit = gaussian_regression(size_histogram(rng.normal(2.47, 0.12, 300), OfWidth(nm=0.1)))
        assert fit.mean.sigma is not None
        assert fit.spread.sigma is not None
        pulls.append(
            (
                (float(fit.mean.value) - 2.47) / fit.mean.sigma,
                (float(fit.spread.value) - 0.12) / fit.spread.sigma,
            )
        )
    low, high = scipy.stats.chi2.ppf([2.5e-7, 1 - 2.5e-7], 200) / 200
    # The spread's law is chi's, 2 % wider than its linear sigma at N = 300.
    squares = np.mean(np.square(pulls), axis=0)
    assert (low * 0.95 < squares).all(), squares
    assert (squares < high * 1.08).all(), squares


def test_misfit_is_that_of_chance_and_grows_with_two_sizes() -> None:
    rng = fresh()
    chances = [
        gaussian_regression(size_histogram(rng.normal(2.47, 0.12, 300))).chance for _ in range(150)
    ]
    below = sum(chance is not None and chance < 0.05 for chance in chances)
    # Bins after the data and their grouping leave 2 to 8 %.
    assert below <= scipy.stats.binom.isf(1e-6, 150, 0.08)
    two = np.concatenate([rng.normal(2.35, 0.1, 200), rng.normal(2.94, 0.1, 200)])
    mixed = gaussian_regression(size_histogram(two)).chance
    assert mixed is not None
    assert mixed < 1e-6


def test_regression_agrees_with_least_squares_of_another_library() -> None:
    import lmfit

    counts = np.array([2, 9, 31, 88, 160, 201, 166, 84, 34, 7, 2])
    edges = 2.0 + 0.1 * np.arange(12)
    ours = gaussian_regression(SizeHistogram(edges_nm=edges, counts=counts))
    centres = (edges[1:] + edges[:-1]) / 2
    theirs = lmfit.models.GaussianModel().fit(
        counts, x=centres, amplitude=80, center=2.5, sigma=0.2, weights=1 / np.sqrt(counts)
    )
    assert ours.mean.sigma is not None
    assert ours.spread.sigma is not None
    # Weights by the counts seen and heights at centres: Sheppard's 0.1^2 / 12 apart in variance.
    assert float(ours.mean.value) == pytest.approx(
        theirs.params["center"].value, abs=0.5 * ours.mean.sigma
    )
    widened = np.hypot(float(ours.spread.value), 0.1 / np.sqrt(12))
    assert widened == pytest.approx(theirs.params["sigma"].value, abs=ours.spread.sigma)
    drawn = ours.curve(centres, 0.1)
    assert drawn.sum() == pytest.approx(counts.sum(), rel=1e-3)
    assert np.abs(drawn - counts).max() < 4 * np.sqrt(201)


def test_too_little_for_a_gaussian() -> None:
    with pytest.raises(AnalysisError, match="three bins"):
        gaussian_regression(size_histogram(np.array([2.0, 2.01, 2.4]), OfWidth(nm=0.2)))
    with pytest.raises(AnalysisError, match="differ"):
        gaussian_likelihood(np.array([2.0, 2.0]))
    with pytest.raises(AnalysisError, match="equal"):
        size_histogram(np.array([2.0, 2.0]))
    with pytest.raises(AnalysisError, match="no sizes"):
        size_histogram(np.array([]))
    for bad in (np.nan, np.inf, -1.0):
        with pytest.raises(InputError, match="number 1"):
            size_histogram(np.array([2.0, bad]))
    with pytest.raises(InputError, match="width"):
        OfWidth(nm=0.0)
