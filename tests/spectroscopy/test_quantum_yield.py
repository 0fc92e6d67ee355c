"""Quantum yield: the numbers of the paper, invariants, other programs, coverage, bad input."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.spectroscopy import (
    Dilutions,
    Medium,
    absorbance_bias,
    absorptance,
    compared_yield,
    dilution_line,
    emitted,
    fit_quantum_yield,
    inner_filter_factor,
    read_dilutions,
    solvent_named,
)
from cinedot.spectroscopy.dilution_line import fit_lines, widening

DPA = Estimate(value=0.97, sigma=0.03, unit="", method="DPA in cyclohexane")
TOLUENE = Medium(solvent=solvent_named("toluene"), emission_nm=453.0)
CYCLOHEXANE = Medium(solvent=solvent_named("cyclohexane"), emission_nm=430.0)
A = np.array([0.012, 0.026, 0.041, 0.058, 0.074, 0.091])


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def series(absorbance, intensity, label="series"):
    return Dilutions(absorbance=absorbance, intensity=intensity, label=label)


def compared(sample, standard, *, media=(TOLUENE, CYCLOHEXANE), known=DPA):
    return fit_quantum_yield(
        sample, standard, sample_medium=media[0], standard_medium=media[1], standard_yield=known
    )


def clean(phi, *, medium=TOLUENE, absorbance=A, brightness=1e7):
    light = emitted(
        absorbance, quantum_yield=phi, refractive_index=medium.index, brightness=brightness
    )
    return series(absorbance, light)


def test_the_note_s_numbers():
    # science.md 6, each to its last digit.
    law = {"standard_yield": 0.97, "index": 1.4969, "standard_index": 1.4265}
    assert round((1.4969 / 1.4265) ** 2, 5) == 1.10114
    assert round(compared_yield(0.8950, 1.0, **law), 3) == 0.956
    assert round(compared_yield(0.2247, 1.0, **law), 2) == 0.24
    assert round(0.956 / compared_yield(1.0, 1.0, **law), 4) == 0.8950
    assert round(0.24 / compared_yield(1.0, 1.0, **law), 4) == 0.2247
    assert inner_filter_factor(0.1, 0.1) == pytest.approx(10**0.1, rel=1e-15)


def test_a_clean_comparison_gives_its_truth_and_the_standard_s_3_percent():
    fit = compared(clean(0.956), clean(0.97, medium=CYCLOHEXANE))
    # No noise: rounding alone.
    assert fit.phi.value == pytest.approx(0.956, rel=1e-12)
    assert fit.through_origin.value == pytest.approx(0.956, rel=1e-12)
    assert fit.sample_line.meets_origin
    # Both series reach alike, so that the bias by absorbance cancels.
    assert fit.by_absorbance.value == pytest.approx(0.956, rel=1e-12)
    assert fit.bias == pytest.approx(0, abs=1e-12)
    # science.md 6: sigma is not less than the standard's; indices add what their tables leave.
    index = 2 * np.hypot(0.001 / fit.index_sample, 0.001 / fit.index_standard)
    shared = 2 * 2.0 * abs(5.6e-4 / fit.index_sample - 5.4e-4 / fit.index_standard)
    expected = np.sqrt((0.03 / 0.97) ** 2 + index**2 + shared**2)
    assert fit.phi.sigma == pytest.approx(0.956 * expected, rel=1e-6)
    # The paper's indices, at 589.3 nm for both.
    ratio = 1.10114 / (fit.index_sample / fit.index_standard) ** 2
    assert fit.by_fixed_indices.value == pytest.approx(0.956 * ratio, rel=1e-5)


def test_slopes_against_absorbance_are_biased_where_the_ranges_differ():
    fit = compared(clean(0.956), clean(0.97, medium=CYCLOHEXANE, absorbance=A / 4))
    assert fit.phi.value == pytest.approx(0.956, rel=1e-12)
    # The closed form of the bias: the ratio of exact slopes of 1 - 10^-A, by NumPy.
    slopes = [np.polyfit(a, absorptance(a), 1)[0] for a in (A, A / 4)]
    assert fit.bias == pytest.approx(slopes[0] / slopes[1] - 1, rel=1e-9)
    assert fit.bias < -0.05
    # Weights that favour the weak solutions see less of the bend: half of it at least is left.
    assert fit.by_absorbance.value / 0.956 - 1 == pytest.approx(fit.bias, rel=0.5)


def test_a_yield_above_one_stays_as_found():
    fit = compared(clean(1.08), clean(0.97, medium=CYCLOHEXANE))
    assert fit.phi.value == pytest.approx(1.08, rel=1e-12)
    assert fit.phi.status == "ok"


def test_one_solvent_cancels_its_own_errors():
    media = (TOLUENE, TOLUENE)
    fit = compared(clean(0.5), clean(0.97), media=media)
    assert fit.parts["refractive indices"] == 0
    assert fit.parts["temperature of the solvents"] == 0
    assert fit.phi.sigma == pytest.approx(0.5 * 0.03 / 0.97, rel=1e-6)
    two = compared(clean(0.5), clean(0.97, medium=CYCLOHEXANE))
    # Both warm alike: what is left of 0.2 % each is the difference of two like coefficients.
    assert 0 < two.parts["temperature of the solvents"] < 0.0005


@settings(max_examples=20, deadline=None)
@given(
    scale=st.floats(1e-9, 1e9),
    seed=st.integers(0, 2**32),
    factor=st.floats(0.05, 20.0),
)
def test_scaling(scale, seed, factor):
    rng = np.random.default_rng(seed)

    def noisy(one):
        return series(one.absorbance, one.intensity * rng.normal(1, 0.02, len(A)))

    sample, standard = noisy(clean(0.6)), noisy(clean(0.97, medium=CYCLOHEXANE))
    first = compared(sample, standard)
    together = compared(series(A, scale * sample.intensity), series(A, scale * standard.intensity))
    # The instrument's unit cancels; 1e-9 is rounding through the lines' equations.
    assert together.phi.value == pytest.approx(first.phi.value, rel=1e-9)
    assert together.phi.sigma == pytest.approx(first.phi.sigma, rel=1e-9)
    brighter = compared(series(A, factor * sample.intensity), standard)
    assert brighter.phi.value == pytest.approx(factor * first.phi.value, rel=1e-9)
    order = rng.permutation(len(A))
    mixed = compared(series(A[order], sample.intensity[order]), standard)
    assert mixed.phi.value == pytest.approx(first.phi.value, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(phi=st.floats(0.01, 1.2), share=st.floats(0.05, 1.0))
def test_swapping_sample_and_standard_inverts_the_ratio(phi, share):
    sample = clean(phi, absorbance=A * share)
    standard = clean(0.97, medium=CYCLOHEXANE)
    there = compared(sample, standard)
    back = compared(
        standard,
        sample,
        media=(CYCLOHEXANE, TOLUENE),
        known=Estimate(value=phi, sigma=0.03, unit="", method="known"),
    )
    assert there.phi.value == pytest.approx(phi, rel=1e-9)
    assert back.phi.value == pytest.approx(0.97, rel=1e-9)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_lmfit_s_weighted_line_agrees(share):
    import lmfit

    rng = fresh()
    x = absorptance(A)
    y = 3e6 * x * rng.normal(1, 0.01, len(A)) + rng.normal(0, 3e3, len(A))
    law = dilution_line._weighed(x, y, share)
    sigma = np.sqrt(np.maximum(1 - share + share * (x / x.max()) ** 2, 0.0025))
    found = lmfit.models.LinearModel().fit(y / 1e6, x=x, weights=1 / sigma, slope=1, intercept=0)
    for k, name in enumerate(("slope", "intercept")):
        theirs = found.params[name]
        # Exact linear algebra here, a search with its own derivatives there.
        assert law.free[k] == pytest.approx(1e6 * theirs.value, rel=1e-5, abs=1.0)
        assert np.sqrt(law.free_variance[k]) == pytest.approx(1e6 * theirs.stderr, rel=1e-3)


def test_uncertainties_propagates_the_same():
    from uncertainties import ufloat

    rng = fresh()
    sample, standard = (
        series(A, one.intensity * rng.normal(1, 0.02, len(A)))
        for one in (clean(0.6), clean(0.97, medium=CYCLOHEXANE))
    )
    fit = compared(sample, standard)
    kelvin = ufloat(0, 2.0)
    warm = [
        ufloat(medium.index, medium.solvent.sigma) + medium.solvent.per_kelvin * kelvin
        for medium in (TOLUENE, CYCLOHEXANE)
    ]
    slopes = [ufloat(one.slope, one.slope_error) for one in (fit.sample_line, fit.standard_line)]
    phi = ufloat(0.97, 0.03) * slopes[0] / slopes[1] * (warm[0] / warm[1]) ** 2
    assert fit.phi.value == pytest.approx(phi.nominal_value, rel=1e-9)
    spread = np.sqrt(sum(part**2 for part in fit.parts.values()))
    # Both are first-order propagation; uncertainties differentiates by itself.
    assert spread == pytest.approx(phi.std_dev / phi.nominal_value, rel=1e-6)


def test_scipy_s_orthogonal_distance_regression_agrees():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        odr = pytest.importorskip("scipy.odr", reason="this SciPy has no odr")
        rng = fresh()
        x = absorptance(A)
        y = 3.0 * x + rng.normal(0, 3e-3, len(x))
        data = odr.RealData(x, y, sx=np.full(len(x), 1e-9), sy=np.full(len(x), 3e-3))
        found = odr.ODR(data, odr.unilinear, beta0=[2.0, 0.0]).run()
    law = dilution_line._weighed(x, y, 0.0)
    # With x known a billion times better than y, its line is that of least squares; it stops at
    # relative changes of some 1e-8.
    np.testing.assert_allclose(law.free, found.beta, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(np.sqrt(law.free_variance), found.sd_beta, rtol=1e-3)


def _scores(trials):
    """(found - truth) / sigma of yields, everything that sigma speaks of being drawn."""
    rng = fresh()
    found = []
    for _ in range(trials):
        phi = rng.uniform(0.1, 1.05)
        standard_yield = rng.normal(0.97, 0.03)
        warm = rng.normal(0, 2.0)
        both = []
        for medium, true in ((TOLUENE, phi), (CYCLOHEXANE, standard_yield)):
            points = rng.integers(5, 9)
            absorbance = np.sort(rng.uniform(0.01, rng.uniform(0.06, 0.1), points))
            solvent = medium.solvent
            index = medium.index + rng.normal(0, solvent.sigma) + solvent.per_kelvin * warm
            light = emitted(absorbance, quantum_yield=true, refractive_index=index)
            light *= rng.normal(1, 0.01, points)
            both.append(series(absorbance + rng.normal(0, 0.0003, points), light))
        fit = compared(*both)
        found.append((fit.phi.value - phi) / fit.phi.sigma)
    return np.array(found)


def test_intervals_cover(assert_covers):
    assert_covers("quantum yield", _scores(100))


@pytest.mark.acceptance
def test_intervals_cover_at_full_size(assert_covers, record_figure):
    share = assert_covers("quantum yield", _scores(400))
    record_figure("coverage of 95 % intervals, quantum yield", f"{share:.1%}", "90-98 %")


def test_an_intercept_that_is_not_nought_is_told():
    sample = clean(0.5)
    high = series(A, sample.intensity + 0.05 * sample.intensity.max())
    line, other = fit_lines([(absorptance(A), one.intensity) for one in (high, sample)])
    assert not line.meets_origin
    assert other.meets_origin
    assert line.slope == pytest.approx(other.slope, rel=1e-9)
    assert line.intercept == pytest.approx(0.05 * sample.intensity.max(), rel=1e-9)


def test_three_points_are_worth_student_s_t():
    # t of one degree of freedom at 97.5 %, over 1.96: any table of t.
    assert widening(1) == pytest.approx(12.7062 / 1.95996, rel=1e-5)


def test_bias_vanishes_as_absorbances_do():
    for share in (1e-2, 1e-3):
        # To first order the bias is -1.151 times what the reaches differ by.
        assert absorbance_bias(A * share, A * share / 2) == pytest.approx(0, abs=0.08 * share)


@pytest.mark.parametrize(
    ("absorbance", "intensity", "says"),
    [
        ([0.01, 0.02, 0.03], [1.0, -2.0, 3.0], "must not be negative, but one is -2"),
        ([0.01, 0.02, 9.0], [1.0, 2.0, 3.0], "between 0 and 4, but one is 9"),
        ([-0.2, 0.02, 0.03], [1.0, 2.0, 3.0], "between 0 and 4, but one is -0.2"),
        ([0.01, 0.02], [1.0, 2.0], "at least 3 points"),
        ([0.02, 0.02, 0.02], [1.0, 2.0, 3.0], "at different absorbances"),
        ([0.01, np.nan, 0.03], [1.0, 2.0, 3.0], "must be finite"),
    ],
)
def test_bad_points_are_refused(absorbance, intensity, says):
    bad = series(np.array(absorbance), np.array(intensity))
    with pytest.raises(InputError, match=says):
        compared(bad, clean(0.97, medium=CYCLOHEXANE))


def test_light_that_does_not_rise_is_no_yield():
    flat = series(A, np.array([5.0, 3.0, 4.0, 5.0, 3.0, 4.0]))
    with pytest.raises(AnalysisError, match="does not rise"):
        compared(flat, clean(0.97, medium=CYCLOHEXANE))


def test_tables_are_read_by_their_headings(tmp_path):
    path = tmp_path / "qy.csv"
    path.write_text("c (uM),integrated intensity,absorbance\n1,10,0.02\n2,20,0.04\n3,30,0.06\n")
    found = read_dilutions(path)
    np.testing.assert_array_equal(found.absorbance, [0.02, 0.04, 0.06])
    np.testing.assert_array_equal(found.intensity, [10, 20, 30])
    path.write_text("absorbance,PL\n0.02,1\n0.04,\n0.06,3\n")
    with pytest.raises(InputError, match=r"qy\.csv, line 3, column 2: each absorbance"):
        read_dilutions(path)


@pytest.mark.parametrize("heads", ["F,A372", "I,A 372", "PL,A_372", "積分強度,吸光度"])
def test_an_absorbance_at_a_wavelength_is_one(tmp_path, heads):
    path = tmp_path / "qy.csv"
    path.write_text(f"{heads}\n1,0.02\n2,0.04\n3.1,0.06\n", encoding="utf-8")
    found = read_dilutions(path)
    assert found.absorbance.tolist() == [0.02, 0.04, 0.06]
    assert found.intensity.tolist() == [1, 2, 3.1]
