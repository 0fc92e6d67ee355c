"""Number fractions: exact laws, calibration by simulation, coverage of the intervals."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import scipy.special
import scipy.stats

from cinedot.core import AnalysisError, InputError
from cinedot.micrographs.fractions import NONE, NumberFractions, number_fractions
from cinedot.micrographs.mixture import draw_counts, greatest_likelihood
from cinedot.micrographs.sharpness import fit_sharpness

LABELS = (3, 4, 5, 6)
PAPER = np.array([0.03, 0.90, 0.05, 0.02])


def fresh() -> np.random.Generator:
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def classified(
    rng: np.random.Generator, kinds: np.ndarray, *, sigma_nm: float, claimed: float = 1.0
) -> np.ndarray:
    """Probabilities of n = 3 to 6 from edges read with a sigma, claimed to be smaller or not."""
    edges = (kinds + 3) * 0.5874 + rng.normal(size=len(kinds)) * sigma_nm
    z = (edges[:, None] - np.arange(3, 7) * 0.5874) / (sigma_nm * claimed)
    return scipy.special.softmax(-(z**2) / 2, axis=1)


def covers(found: NumberFractions, n: int, truth: float) -> bool:
    return found.fractions[n].low <= truth <= found.fractions[n].high


def test_sure_particles_follow_the_beta_law() -> None:
    table = np.eye(4)[[1] * 18 + [0] * 2]
    found = number_fractions([table], LABELS)
    for label, count in ((3, 2), (4, 18), (5, 0), (6, 0), (NONE, 0)):
        law = scipy.stats.beta(count + 0.5, 20 - count + 0.5)
        one = found.fractions[label]
        assert one.value == pytest.approx(law.mean(), rel=1e-9)
        assert one.sigma == pytest.approx(law.std(), rel=1e-9)
        # Of no particles the upper limit is Clopper and Pearson's.
        high = law.ppf(0.975) if count else 1 - 0.025 ** (1 / 20)
        assert one.high == pytest.approx(high, rel=1e-6)
        assert one.low == (pytest.approx(law.ppf(0.025), rel=1e-6) if count else 0.0)
        # Quantiles of 4000 draws.
        assert np.median(one.draws) == pytest.approx(law.median(), abs=0.1 * law.std())
    assert found.misread == pytest.approx(0.0, abs=1e-9)


def exact_posterior(likelihoods: np.ndarray, column: int) -> np.ndarray:
    """The posterior of one label's count by summing all ways to label a few particles."""
    particles, labels = likelihoods.shape
    chances = np.zeros(particles + 1)
    for taken in product(range(labels), repeat=particles):
        counts = np.bincount(taken, minlength=labels)
        others = np.delete(counts, column)
        # Beta(1/2, 1/2) for the label, a Dirichlet of 1/2 in all for the rest.
        log = scipy.special.betaln(counts[column] + 0.5, others.sum() + 0.5)
        log += scipy.special.gammaln(others + 0.5 / len(others)).sum()
        log -= scipy.special.gammaln(others.sum() + 0.5)
        weight = np.prod(likelihoods[np.arange(particles), taken])
        chances[counts[column]] += np.exp(log) * weight
    return chances / chances.sum()


def test_draws_follow_the_exact_posterior() -> None:
    rng = fresh()
    for _ in range(3):
        likelihoods = rng.dirichlet([0.6] * 4, size=6)
        draws = draw_counts(likelihoods)
        for column in range(4):
            exact = exact_posterior(likelihoods, column)
            drawn = np.bincount(draws.counts[:, column], weights=draws.weights(column), minlength=7)
            # 800 draws, weighted and moved: as good as some 300 free ones; 5.3 sigmas.
            assert np.abs(np.cumsum(drawn) - np.cumsum(exact)).max() < 5.3 * 0.5 / np.sqrt(300)


def test_truths_are_spread_evenly_over_posteriors() -> None:
    """Truths drawn from the prior lie anywhere in the posterior alike (simulation-based check)."""
    rng = fresh()
    places = []
    for _ in range(100):
        own = rng.beta(0.5, 0.5)
        fractions = np.insert((1 - own) * rng.dirichlet([0.125] * 4), 1, own)
        kinds = rng.choice(5, size=40, p=fractions)
        sigma = rng.uniform(0.15, 0.6)
        seen = kinds * 0.5874 + rng.normal(size=40) * sigma
        # The fifth kind stands for none of the labels.
        z = (seen[:, None] - np.arange(5) * 0.5874) / sigma
        table = scipy.special.softmax(-(z**2) / 2, axis=1)[:, :4]
        found = number_fractions([table], LABELS)
        places.append(float((found.fractions[4].draws < own).mean()))
    counts = np.histogram(places, np.linspace(0, 1, 6))[0]
    assert scipy.stats.chisquare(counts).pvalue > 1e-6, counts


@pytest.mark.parametrize(("number", "sigma_nm"), [(30, 0.1), (60, 0.3)])
def test_intervals_cover_the_papers_mixture(number: int, sigma_nm: float) -> None:
    rng = fresh()
    trials, within = 60, 0
    for _ in range(trials):
        kinds = rng.choice(4, size=number, p=PAPER)
        found = number_fractions([classified(rng, kinds, sigma_nm=sigma_nm)], LABELS)
        within += covers(found, 4, 0.9)
    # 92 % stand for what a count's steps do to 95 % at a fixed truth.
    assert within >= scipy.stats.binom.ppf(1e-6, trials, 0.92)


def test_same_input_same_output_in_any_order() -> None:
    rng = fresh()
    table = classified(rng, rng.choice(4, size=50, p=PAPER), sigma_nm=0.3)
    first = number_fractions([table], LABELS).fractions
    again = number_fractions([table[rng.permutation(50)]], LABELS).fractions
    for label in LABELS:
        assert (first[label].value, first[label].low) == pytest.approx(
            (again[label].value, again[label].low), rel=1e-9
        )


def test_cuboids_and_more_candidates_change_nothing_for_sure_ones() -> None:
    few = number_fractions([np.eye(2)[[0] * 9 + [1]]], (4, 5)).fractions[4]
    labels = (4, 5, (4, 4, 5), (4, 5, 5), (3, 4, 4), (5, 5, 6))
    many = number_fractions([np.eye(6)[[0] * 9 + [1]]], labels).fractions
    assert many[4].value == pytest.approx(few.value)
    assert many[4].high == pytest.approx(few.high)
    assert many[(4, 4, 5)].value < 0.06


def test_particles_that_are_none() -> None:
    table = np.vstack([np.eye(4)[[1] * 12], np.zeros((4, 4))])
    found = number_fractions([table], LABELS).fractions
    assert found[NONE].value == pytest.approx(4.5 / 17)
    assert found[4].value == pytest.approx(12.5 / 17)


def test_particles_that_say_nothing_leave_the_prior() -> None:
    found = number_fractions([np.full((200, 4), 0.25)], LABELS)
    one = found.fractions[4]
    # It is none of them for sure, which leaves three rivals of 1/8: Beta(1/2, 3/8), mean 4/7.
    # 800 draws are known to scatter by 0.02.
    assert one.value == pytest.approx(4 / 7, abs=0.12)
    assert one.low < 0.05
    assert one.high > 0.95


def test_overconfidence_is_found_and_healed() -> None:
    rng = fresh()
    known = rng.integers(0, 4, 1500)
    power = fit_sharpness(classified(rng, known, sigma_nm=0.3, claimed=2 / 3), known)
    assert power.sigma is not None
    # The exponent that takes a sigma of 2/3 back to 1.
    assert abs(float(power.value) - 4 / 9) < 5.5 * power.sigma
    trials, plain, healed = 30, 0, 0
    for _ in range(trials):
        kinds = rng.choice(4, size=120, p=PAPER)
        table = classified(rng, kinds, sigma_nm=0.3, claimed=2 / 3)
        plain += covers(number_fractions([table], LABELS), 4, 0.9)
        scaled = number_fractions([table], LABELS, sharpness=float(power.value))
        healed += covers(scaled, 4, 0.9)
    assert healed >= scipy.stats.binom.ppf(1e-6, trials, 0.90)
    assert plain < healed


def test_detection_that_misses_some() -> None:
    rng = fresh()
    kinds = rng.choice(4, size=4000, p=[0.3, 0.4, 0.2, 0.1])
    shown = np.array([0.3, 0.6, 0.9, 1.0])
    kept = kinds[rng.random(4000) < shown[kinds]]
    table = np.eye(4)[kept]
    found = number_fractions(
        [table], LABELS, efficiency=dict(zip(LABELS, shown.tolist(), strict=True))
    )
    for label, truth in zip(LABELS, (0.3, 0.4, 0.2, 0.1), strict=True):
        one = found.fractions[label]
        # 5.5 sigmas: four labels, once in 10^7.
        assert abs(one.value - truth) < 5.5 * one.sigma


def test_images_that_differ_are_told_and_widen() -> None:
    rng = fresh()
    alike = [np.eye(4)[rng.choice(4, size=40, p=PAPER)] for _ in range(8)]
    chance = number_fractions(alike, LABELS).fractions[4].between
    assert chance is not None
    # Counts of rare kinds: the F law is fair to a factor of some tens this far out.
    assert chance.chance > 1e-8
    shares = [0.98, 0.5, 0.98, 0.5, 0.98, 0.5, 0.98, 0.5]
    unlike = [np.eye(4)[(rng.random(60) < share).astype(int)] for share in shares]
    found = number_fractions(unlike, LABELS).fractions[4]
    assert found.between is not None
    assert found.between.chance < 0.01
    together = number_fractions([np.concatenate(unlike)], LABELS).fractions[4]
    assert together.between is None
    assert found.sigma > 1.5 * together.sigma
    # The jackknife's own sigma agrees within what eight images tell: a factor of two.
    assert 0.5 < found.sigma / found.between.sigma < 2
    assert "images differ" in found.estimate().method


def test_all_of_one_kind_have_the_limits_of_clopper_and_pearson() -> None:
    for number in (1, 5, 24, 300):
        found = number_fractions([np.eye(4)[[1] * number]], LABELS).fractions
        least = scipy.stats.binomtest(number, number).proportion_ci(0.95, method="exact").low
        # To what brentq is asked for, 1e-12.
        assert found[4].low == pytest.approx(least, abs=1e-11)
        assert found[4].high == 1
        assert found[5].high == pytest.approx(1 - least, abs=1e-11)
        assert found[5].low == 0


def test_sure_counts_cover_as_the_binomial_law_says() -> None:
    """No chance in it: 24 particles that are surely told, 90 % of them n = 4."""
    covered = 0.0
    for own in range(25):
        found = number_fractions([np.eye(4)[[1] * own + [2] * (24 - own)]], LABELS)
        covered += scipy.stats.binom.pmf(own, 24, 0.9) * covers(found, 4, 0.9)
    # Jeffreys' own interval covers 89.3 %: it misses 0.9 where all 24 are n = 4, at 0.9016.
    assert 0.95 <= covered <= 0.98


def test_greatest_likelihood_is_where_the_slope_is_even() -> None:
    rng = fresh()
    table = classified(rng, rng.choice(4, size=300, p=PAPER), sigma_nm=0.25)
    best = greatest_likelihood(table)
    slopes = (table / (table @ best)[:, None]).mean(axis=0)
    # Karush, Kuhn and Tucker: 1 where the fraction is above 0, at most 1 elsewhere.
    assert slopes.max() < 1 + 1e-3
    assert slopes[best > 0.01] == pytest.approx(1.0, abs=1e-3)


def test_nonsense_is_refused() -> None:
    sure = np.eye(4)[[1, 1]]
    for bad in (sure * np.nan, sure * 1.1, -sure, sure[:, :3]):
        with pytest.raises(InputError, match="image 1"):
            number_fractions([sure, bad], LABELS)
    with pytest.raises(InputError, match="differ"):
        number_fractions([sure], (3, 4, 4, 5))
    with pytest.raises(InputError, match="level"):
        number_fractions([sure], LABELS, level=1.0)
    with pytest.raises(InputError, match="sharpness"):
        number_fractions([sure], LABELS, sharpness=float("nan"))
    with pytest.raises(InputError, match="efficiency"):
        number_fractions([sure], LABELS, efficiency={7: 0.5})
    with pytest.raises(AnalysisError, match="no particles"):
        number_fractions([np.empty((0, 4))], LABELS)
    with pytest.raises(InputError, match="truth"):
        fit_sharpness(sure, np.array([0, 9]))


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("name", "number", "sigma_nm", "claimed"),
    [
        ("5 sharp", 5, 0.1, 1.0),
        ("40 sharp", 40, 0.1, 1.0),
        ("100 ambiguous", 100, 0.3, 1.0),
        ("100 ambiguous, sigmas claimed 10 % small", 100, 0.25, 0.9),
    ],
)
def test_coverage_at_full_size(
    name: str,
    number: int,
    sigma_nm: float,
    claimed: float,
    record_figure: Callable[[str, str, str], None],
) -> None:
    rng = fresh()
    trials, within = 400, 0
    for _ in range(trials):
        kinds = rng.choice(4, size=number, p=PAPER)
        table = classified(rng, kinds, sigma_nm=sigma_nm, claimed=claimed)
        within += covers(number_fractions([table], LABELS), 4, 0.9)
    share = within / trials
    record_figure(
        f"95 % intervals of the fraction of n = 4 that hold the truth, {name} particles",
        f"{share:.1%} of {trials}",
        "90 to 98 %",
    )
    # 400 samples of a coverage of 90 to 98 %.
    low = scipy.stats.binom.ppf(1e-6, trials, 0.90) / trials
    assert low <= share
