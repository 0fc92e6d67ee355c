"""Titrations read back: recovery of what was put in, intervals that hold, tables that cannot be."""

import doctest
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from cinedot.core import AnalysisError, InputError
from cinedot.growth import (
    AdaptiveRoute,
    Observed,
    TemplateBalance,
    TemplateRoute,
    TitrationRecord,
    fit_peaks,
    fit_yields,
    read_titration,
    read_titration_spectra,
    titration_curve,
    titration_of_spectra,
)
from cinedot.growth.titration_law import spectra_of

X = np.array([0.1, 0.15, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0, 1.5, 2.0, 3.0])


def fresh():
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


def record(**columns):
    kept = {key: Observed(values=values) for key, values in columns.items()}
    return TitrationRecord(equivalents=X, label="t", **kept)


def gradual_trial(rng, clean, truth):
    """Whether the interval of the middle holds it."""
    fit = fit_peaks(record(peak_nm=clean + rng.normal(size=len(X))))
    return fit.low <= truth <= fit.high, fit


def gradual_truth():
    """The middle of the colours in closed form: c/n, at the size that emits there."""
    route = AdaptiveRoute()
    colours = route.colours
    sizes = np.geomspace(4.0, 18.0, 20001)
    middle = 0.5 * (colours.dot_nm + colours.green_nm)
    return route.coverage / float(np.interp(middle, colours.peak_nm(sizes), sizes))


def yield_trial(rng, clean, truth):
    fit = fit_yields(record(quantum_yield=clean + 0.02 * rng.normal(size=len(X))))
    return fit.low <= truth <= fit.high, fit


def test_a_gradual_titration_is_read_back():
    rng, truth = fresh(), gradual_truth()
    clean = titration_curve(X, AdaptiveRoute()).peak_nm
    trials = [gradual_trial(rng, clean, truth) for _ in range(4)]
    for _, fit in trials:
        assert fit.route == "gradual"
        # The law's own t with 9 degrees of freedom: beyond 12 sigmas once in a million.
        assert abs(float(fit.switch.value) - truth) < 12 * fit.switch.sigma
        assert abs(float(fit.per_pb.value) - 54 / 64) < 12 * fit.per_pb.sigma
        assert abs(float(fit.dot_nm.value) - 454) < 6
    misses = sum(not inside for inside, _ in trials)
    assert misses <= binom.isf(1e-6, len(trials), 1 - 0.90)


def test_an_all_or_none_titration_is_read_back():
    rng = fresh()
    clean = titration_curve(X, TemplateRoute())
    fit = fit_peaks(record(peak_nm=clean.peak_nm + rng.normal(size=len(X))))
    assert fit.route == "all or none"
    assert 0.4 < float(fit.switch.value) < 0.5
    assert 0.4 < fit.low < fit.high < 0.5
    assert fit.per_pb is None
    assert abs(float(fit.dot_nm.value) - 453) < 6 / np.sqrt(8)
    assert fit.largest_step_nm > 55


def test_yields_tell_where_half_is_reached():
    rng, truth = fresh(), TemplateBalance().half_equivalents
    clean = titration_curve(X, TemplateRoute()).quantum_yield
    trials = [yield_trial(rng, clean, truth) for _ in range(6)]
    for _, fit in trials:
        assert abs(float(fit.dot_yield.value) - 0.956) < 0.1
    misses = sum(not inside for inside, _ in trials)
    assert misses <= binom.isf(1e-6, len(trials), 1 - 0.90)


def test_exact_yields_give_the_numbers_back():
    route = TemplateRoute(balance=TemplateBalance(half_free=0.2))
    fit = fit_yields(record(quantum_yield=titration_curve(X, route).quantum_yield))
    # The search ends at 1e-8 of the cost.
    assert float(fit.free_half.value) == pytest.approx(0.2, rel=1e-4)
    assert float(fit.half.value) == pytest.approx(route.balance.half_equivalents, rel=1e-4)
    assert float(fit.green_yield.value) == pytest.approx(0.35, abs=1e-4)


def test_lmfit_finds_the_same_yields_and_sigmas():
    import lmfit

    from cinedot.growth import share_in_dots

    clean = titration_curve(X, TemplateRoute()).quantum_yield
    seen = clean + 0.02 * np.cos(7.0 * np.arange(len(X)))
    fit = fit_yields(record(quantum_yield=seen))

    def law(x, logk, dot, green):
        return green + (dot - green) * share_in_dots(x, TemplateBalance(half_free=np.exp(logk)))

    other = lmfit.Model(law).fit(seen, x=X, logk=np.log(0.08), dot=0.9, green=0.3)
    free = float(fit.free_half.value)
    assert free == pytest.approx(np.exp(other.params["logk"].value), rel=1e-3)
    # Both take derivatives by differences.
    assert fit.free_half.sigma == pytest.approx(free * other.params["logk"].stderr, rel=2e-2)


@pytest.mark.acceptance
def test_intervals_of_titrations_hold_in_90_to_98_percent(record_figure):
    trials = 400
    for name, trial, clean, truth in (
        ("peaks", gradual_trial, titration_curve(X, AdaptiveRoute()).peak_nm, gradual_truth()),
        (
            "yields",
            yield_trial,
            titration_curve(X, TemplateRoute()).quantum_yield,
            TemplateBalance().half_equivalents,
        ),
    ):
        rng = fresh()
        inside = sum(trial(rng, clean, truth)[0] for _ in range(trials))
        record_figure(
            f"titration, 95 % interval by {name}, {trials} trials",
            f"{100 * inside / trials:.1f} % hold",
            "90 to 98 %",
        )
        assert 0.90 <= inside / trials <= 0.98


def test_stated_sigmas_count():
    clean = titration_curve(X, TemplateRoute()).quantum_yield
    wide = Observed(values=clean, sigma=np.full(len(X), 0.05))
    narrow = replace(wide, sigma=np.full(len(X), 0.01))
    one, other = (
        fit_yields(TitrationRecord(equivalents=X, label="t", quantum_yield=each))
        for each in (wide, narrow)
    )
    assert one.free_half.sigma == pytest.approx(5 * other.free_half.sigma, rel=1e-3)


def test_too_little_and_too_flat_is_no_titration():
    flat = record(peak_nm=np.full(len(X), 453.0))
    with pytest.raises(AnalysisError, match="do not move"):
        fit_peaks(flat)
    few = TitrationRecord(
        equivalents=X[:3], label="t", peak_nm=Observed(values=np.array([517.0, 517.0, 453.0]))
    )
    with pytest.raises(AnalysisError, match="3 peaks does not tell"):
        fit_peaks(few)
    with pytest.raises(AnalysisError, match="0 quantum yields"):
        fit_yields(few)


def write(tmp_path, text):
    path = tmp_path / "oam.csv"
    path.write_text(text)
    return path


def test_a_table_with_blanks_and_sigmas(tmp_path):
    found = read_titration(
        write(
            tmp_path,
            "equivalents,peak_nm,sigma peak_nm,PLQY,FWHM (nm)\n0.5,453,1,,15\n0.25,517,2,0.4,18\n",
        )
    )
    assert found.equivalents.tolist() == [0.25, 0.5]
    assert found.peak_nm.values.tolist() == [517, 453]
    assert found.peak_nm.sigma.tolist() == [2, 1]
    assert np.isnan(found.quantum_yield.values[1])
    assert found.fwhm_nm.values.tolist() == [18, 15]


def test_spectra_tell_peaks_widths_and_second_maxima(tmp_path):
    rng = fresh()
    x = np.array([0.4, 1.0])
    nm, spectra = spectra_of(x, TemplateRoute())
    nm, spectra = nm[::8], spectra[:, ::8]
    counts = rng.poisson(100 + 1e6 * spectra)
    rows = "\n".join(
        f"{at:g},{','.join(str(one) for one in line)}"
        for at, line in zip(nm, counts.T, strict=True)
    )
    path = write(tmp_path, f"nm,0.4 equiv,1.0 equiv\n{rows}\n")
    found = titration_of_spectra(read_titration_spectra(path), label="t")
    assert found.equivalents.tolist() == x.tolist()
    # 1e4 counts a nm in a band 15 nm wide: a hundredth of its width, six times over.
    assert found.peak_nm.values == pytest.approx([517, 453], abs=1.0)
    assert found.fwhm_nm.values == pytest.approx([18, 14.9], abs=1.5)
    assert [len(one) for one in found.maxima_nm] == [2, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n2,3\n", "must have a column of equivalents"),
        ("equivalents,peak_nm\n-1,517\n0.5,453\n", "must be 0 or more"),
        ("equivalents,peak_nm\n0.5,517\n0.5,453\n", "at least two different amounts"),
        ("equivalents,other\n0.25,517\n0.5,453\n", "must hold a peak, a width or a quantum yield"),
        ("equivalents,peak_nm\n0.25,-517\n0.5,453\n", "every peak must be above 0"),
        ("equivalents,plqy\n0.25,35\n0.5,96\n", "must be shares, but one is 96"),
        ("equivalents,peak_nm,sigma peak_nm\n0.25,517,0\n0.5,453,1\n", "sigma of a peak"),
        ("equivalents,peak_nm,sigma peak_nm\n0.25,517,\n0.5,453,1\n", "a cell is blank"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_titration(write(tmp_path, text))
    assert "oam.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_page_for_users_runs():
    page = Path(__file__).parents[2] / "docs" / "recipes.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried > 5
    assert failed == 0
