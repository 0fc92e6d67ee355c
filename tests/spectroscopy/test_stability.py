"""Stability: half-lives and their limits found again, laws in closed form, conditions compared."""

import doctest
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from cinedot.core import InputError
from cinedot.spectroscopy import (
    AgeingRecord,
    compare_conditions,
    fit_ligand_loss,
    fit_shift,
    fit_stability,
    ligand_cover,
    loss_rate,
    probability_alike,
    rate_of,
    read_ageing,
    share_left,
)

LAWS = {"exponential": 1.0, "stretched": 0.6}


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def record(time_h, intensity, label="a", **more):
    return AgeingRecord(
        time_h=np.asarray(time_h, float),
        intensity=np.asarray(intensity, float),
        label=label,
        **more,
    )


def aged(rng, *, shape, reach):
    """A record to `reach` half-lives, its noise even or proportional, and the true half-life."""
    half_life = 10 ** rng.uniform(0, 3)
    time_h = np.linspace(0.0, reach * half_life, int(rng.integers(12, 30)))
    clean = rng.uniform(0.5, 200) * share_left(time_h, half_life_h=half_life, shape=shape)
    noise = rng.uniform(0.005, 0.03) * rng.normal(size=len(time_h))
    even = rng.random() < 0.5
    return record(time_h, clean + noise * (clean[0] if even else clean)), half_life


def reached(trials, *, shape):
    """How many 95 % intervals hold the truth, of records that reach the half-life."""
    rng = fresh()
    held = 0
    for _ in range(trials):
        made, half_life = aged(rng, shape=shape, reach=rng.uniform(1.5, 4.0))
        fit = fit_stability(made)
        assert fit.half_life.status == "ok"
        assert fit.low_h is not None
        held += fit.low_h <= half_life <= (fit.high_h or np.inf)
    print(held, "of", trials)
    return held


def limited(trials, *, shape):
    """How many 95 % lower limits hold, of records that stop long before the half-life."""
    rng = fresh()
    held = 0
    for _ in range(trials):
        made, half_life = aged(rng, shape=shape, reach=rng.uniform(0.05, 0.5))
        fit = fit_stability(made)
        assert fit.half_life.status == "lower_limit"
        held += float(fit.half_life.value) <= half_life
    print(held, "of", trials)
    return held


@pytest.mark.parametrize("law", LAWS)
def test_intervals_and_limits_hold(law):
    # Right code covers 90 % or more, and its limits hold in 93 % or more, so few as these.
    assert reached(8, shape=LAWS[law]) >= binom.ppf(1e-7, 8, 0.90)
    assert limited(8, shape=LAWS[law]) >= binom.ppf(1e-7, 8, 0.93)


@pytest.mark.acceptance
@pytest.mark.parametrize("law", LAWS)
def test_intervals_hold_at_full_size(record_figure, law):
    share = reached(400, shape=LAWS[law]) / 400
    record_figure(f"coverage of 95 % intervals, half-life, {law}", f"{share:.1%}", "90-98 %")
    assert 400 * share >= binom.ppf(1e-7, 400, 0.90)
    assert 400 * share <= binom.isf(1e-7, 400, 0.98)


@pytest.mark.acceptance
@pytest.mark.parametrize("law", LAWS)
def test_lower_limits_hold_at_full_size(record_figure, law):
    held = limited(400, shape=LAWS[law])
    record_figure(f"95 % lower limits that hold, half-life, {law}", f"{held / 400:.1%}", "95 %")
    assert held >= binom.ppf(1e-7, 400, 0.95)


def test_the_paper_s_rates_in_closed_form():
    # science.md 6: 95 % at 10 h is k = 0.00513 per h and 135 h; 40 d is 0.0173 per d; 2 h 0.347.
    ten = 10 * np.log(2) / -np.log(0.95)
    assert ten == pytest.approx(135.134, abs=1e-3)
    assert rate_of(ten) == pytest.approx(0.00513, abs=5e-6)
    assert 24 * rate_of(960.0) == pytest.approx(0.0173, abs=5e-5)
    assert rate_of(2.0) == pytest.approx(0.347, abs=5e-4)
    assert rate_of(2.0) / rate_of(ten) == pytest.approx(67.6, abs=0.05)


def test_two_points_fix_the_law_and_tell_no_sigma():
    fit = fit_stability(record([0, 10], [1.0, 0.95]))
    assert (fit.half_life.status, fit.half_life.value) == ("lower_limit", 10.0)
    assert fit.rate.value == pytest.approx(0.0051293, rel=1e-4)
    assert fit.rate.sigma is None
    assert fit.extrapolated.value == pytest.approx(135.13, rel=1e-4)
    halved = fit_stability(record([0, 2], [1.0, 0.5]))
    assert halved.half_life.value == pytest.approx(2.0, rel=1e-5)
    assert (halved.half_life.status, halved.half_life.sigma) == ("undetermined", None)


def test_storage_and_ultraviolet_light_as_in_the_paper():
    """R56 and R57: 40 d in toluene, little change in 30 d with malic acid; 95 % at 10 h, 2 h."""
    rng = fresh()
    days = np.arange(0.0, 61.0, 4.0)
    toluene = fit_stability(
        record(24 * days, share_left(24 * days, half_life_h=960.0) + 0.01 * rng.normal(size=16))
    )
    assert toluene.half_life.status == "ok"
    # Six sigmas, as everywhere where one record is drawn; sigma is then a few days of 40.
    assert abs(toluene.half_life.value - 960) < 6 * toluene.half_life.sigma < 500
    month = np.arange(0.0, 31.0, 2.0)
    kept = fit_stability(record(24 * month, 1 + 0.005 * rng.normal(size=16)))
    assert kept.half_life.status == "lower_limit"
    assert kept.half_life.value > 30 * 24
    assert abs(kept.remaining.value - 1) < 6 * kept.remaining.sigma
    hours = np.arange(0.0, 10.5, 0.5)
    first = record(hours, share_left(hours, half_life_h=135.134) + 0.003 * rng.normal(size=21))
    third = record(hours, share_left(hours, half_life_h=2.0) + 0.003 * rng.normal(size=21))
    strong, weak = fit_stability(first), fit_stability(third)
    assert abs(strong.remaining.value - 0.95) < 6 * strong.remaining.sigma
    assert abs(strong.extrapolated.value - 135.134) < 6 * strong.extrapolated.sigma
    assert abs(weak.half_life.value - 2.0) < 6 * weak.half_life.sigma
    both = compare_conditions(strong, weak)
    # A lower limit is below the truth of 67.6, and far above 1.
    assert both.ratio.status == "lower_limit"
    assert 10 < both.ratio.value < 75
    assert both.p_alike < 1e-9


def test_an_exponential_without_noise_is_found_exactly():
    time_h = np.linspace(0, 90, 12)
    for shape in (0.5, 1.0, 1.6):
        fit = fit_stability(record(time_h, 7 * share_left(time_h, half_life_h=30, shape=shape)))
        # Without noise nothing but the search's end, 1e-7 of the rate, keeps it from the truth.
        assert fit.half_life.value == pytest.approx(30, rel=1e-4)
        assert fit.law.shape == pytest.approx(shape, abs=2e-3)
        assert fit.stretched == (shape != 1.0)


def test_lmfit_agrees_on_the_stretched_exponential():
    import lmfit

    rng = fresh()
    time_h = np.linspace(0, 100, 40)
    made = share_left(time_h, half_life_h=30, shape=0.6) + 0.01 * rng.normal(size=40)
    fit = fit_stability(record(time_h, made, sigma=np.full(40, 0.01)))
    model = lmfit.Model(
        lambda t, a, tau, beta: a * np.exp(-((t / tau) ** beta)), independent_vars=["t"]
    )
    other = model.fit(
        made, t=time_h, a=1.0, tau=lmfit.Parameter("tau", 40, min=0.1), beta=0.7, weights=100.0
    )
    tau, beta = other.params["tau"].value, other.params["beta"].value
    assert fit.stretched
    # One likelihood, two searches: they stop within a thousandth; the median of the averaged
    # confidence lies within a tenth of a sigma of its maximum.
    assert fit.law.shape == pytest.approx(beta, abs=3e-3)
    half_life = tau * np.log(2) ** (1 / beta)
    assert fit.record.last_h / fit.law.rho == pytest.approx(half_life, rel=1e-3)
    assert abs(fit.half_life.value - half_life) < 0.2 * fit.half_life.sigma
    assert np.sum(((made - fit.law.curve(time_h)) / 0.01) ** 2) <= other.chisqr * (1 + 1e-5)


def test_stated_sigmas_give_the_interval_of_the_normal_law():
    """With stated sigmas and few points the rate's sigma follows from two derivatives."""
    time_h, sigma = np.array([0.0, 1.0, 2.0, 3.0]), 1e-4
    made = share_left(time_h, half_life_h=1.5)
    fit = fit_stability(record(time_h, made, sigma=np.full(4, sigma)))
    relative = made / sigma
    terms = np.stack([relative, -time_h * relative], axis=1)
    expected = np.sqrt(np.linalg.inv(terms.T @ terms)[1, 1])
    assert fit.rate.sigma == pytest.approx(expected, rel=1e-3)
    # d t_half = t_half^2/ln 2 dk
    assert fit.half_life.sigma == pytest.approx(1.5**2 / np.log(2) * expected, rel=2e-3)


@settings(max_examples=3, phases=[Phase.explicit, Phase.generate])
@given(unit=st.floats(1e-6, 1e6), pace=st.floats(1e-3, 1e3), seed=st.integers(0, 2**32))
def test_the_units_of_intensity_and_time_change_nothing(unit, pace, seed):
    rng = np.random.default_rng(seed)
    time_h = np.linspace(0, 50, 12)
    made = share_left(time_h, half_life_h=20, shape=0.8) + 0.01 * rng.normal(size=12)
    one, other = (
        fit_stability(record(time_h, made)),
        fit_stability(record(pace * time_h, unit * made)),
    )
    assert other.half_life.status == one.half_life.status
    # The search ends at 1e-7 of the rate, the interval's ends at 1e-6.
    assert other.half_life.value == pytest.approx(pace * one.half_life.value, rel=1e-4)
    assert other.rate.value == pytest.approx(one.rate.value / pace, rel=1e-4)
    assert other.remaining.value == pytest.approx(one.remaining.value, abs=1e-5)


@settings(max_examples=25)
@given(first=st.floats(0.1, 100), later=st.floats(0.1, 100), shape=st.floats(0.3, 2))
def test_half_is_left_at_the_half_life_and_less_later(first, later, shape):
    times = np.array([first, first + later])
    left = share_left(times, half_life_h=first, shape=shape)
    assert left[0] == pytest.approx(0.5, rel=1e-12)
    assert left[1] < left[0]


def test_light_that_grows_has_no_half_life():
    time_h = np.arange(0.0, 20.0, 2.0)
    fit = fit_stability(record(time_h, 1 + 0.02 * time_h + 1e-3 * (-1) ** np.arange(10)))
    assert fit.brightens
    assert (fit.half_life.status, fit.half_life.value) == ("lower_limit", 18.0)
    assert fit.extrapolated is None


def test_light_gone_before_the_second_time_has_an_upper_limit():
    made = np.array([1.0, 2e-3, -1e-3, 1e-3, 0.0, -2e-3, 1e-3, 0.0])
    fit = fit_stability(record(np.arange(0.0, 80.0, 10.0), made))
    assert fit.half_life.status == "upper_limit"
    assert 0 < fit.half_life.value < 10


def test_conditions_that_fade_alike_are_rarely_told_apart():
    rng = fresh()
    time_h = np.linspace(0, 60, 14)
    clean = share_left(time_h, half_life_h=30)
    trials, apart = 5, 0
    for _ in range(trials):
        pair = [
            fit_stability(record(time_h, a * (clean + s * rng.normal(size=14))))
            for a, s in ((1.0, 0.02), (5.0, 0.01))
        ]
        apart += probability_alike(pair) < 0.05
    # The F law holds nearly, and shapes chosen by evidence add some: 10 % is allowed.
    assert apart <= binom.isf(1e-6, trials, 0.10)


def test_the_ratio_of_two_half_lives_turns_with_their_order():
    time_h = np.linspace(0, 60, 14)
    rng = fresh()
    slow, fast = (
        fit_stability(
            record(time_h, share_left(time_h, half_life_h=h) + 0.01 * rng.normal(size=14))
        )
        for h in (30, 10)
    )
    one, other = compare_conditions(slow, fast), compare_conditions(fast, slow)
    assert abs(one.ratio.value - 3) < 6 * one.ratio.sigma
    assert other.ratio.value == pytest.approx(1 / one.ratio.value, rel=1e-12)
    assert other.low == pytest.approx(1 / one.high, rel=1e-9)
    assert one.p_alike == pytest.approx(other.p_alike, rel=1e-3, abs=1e-12)


def test_the_ligand_s_equilibrium_is_found_where_it_can_be():
    concentration = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 8.0])
    clean = loss_rate(concentration, bare_rate_per_h=0.03, affinity=0.8)
    rng = fresh()
    found = fit_ligand_loss(
        concentration, clean * (1 + 0.03 * rng.normal(size=6)), 0.03 * clean, unit="mg/mL"
    )
    assert found.law != "no effect"
    if found.law == "equilibrium":
        assert abs(found.affinity.value - 0.8) < 6 * found.affinity.sigma
    flat = fit_ligand_loss(concentration, np.full(6, 0.03), np.full(6, 1e-3), unit="mM")
    assert (flat.law, flat.affinity) == ("no effect", None)
    assert flat.bare_rate.value == pytest.approx(0.03, rel=1e-6)


def test_two_concentrations_give_the_affinity_in_closed_form_and_say_it_is_untested():
    # k0/k = 1 + K c: 0.0289 to 0.001 per h with 4 mg/mL is K = 6.97 mL/mg.
    found = fit_ligand_loss(
        np.array([0.0, 4.0]), np.array([0.0289, 0.001]), np.array([1e-3, 1e-4]), unit="mg/mL"
    )
    assert found.law == "untested"
    assert found.affinity.status == "undetermined"
    assert found.affinity.value == pytest.approx((28.9 - 1) / 4, rel=1e-12)
    spread = 28.9 / 4 * np.hypot(1e-3 / 0.0289, 0.1)
    assert found.affinity.sigma == pytest.approx(spread, rel=1e-9)
    alike = fit_ligand_loss(np.zeros(2), np.ones(2), np.ones(2), unit="mM")
    assert alike is None


@settings(max_examples=25)
@given(concentration=st.floats(0, 1e3), affinity=st.floats(1e-3, 1e3), order=st.floats(0.3, 4))
def test_more_ligand_never_speeds_the_loss(concentration, affinity, order):
    both = np.array([concentration, 2 * concentration + 1])
    cover = ligand_cover(both, affinity=affinity)
    assert 0 <= cover[0] < cover[1] <= 1
    rates = loss_rate(both, bare_rate_per_h=0.1, affinity=affinity, order=order)
    assert rates[1] < rates[0] <= 0.1


def test_a_peak_that_moves_stays_or_levels_off():
    rng = fresh()
    time_h = np.linspace(0, 10, 21)
    green = 454 + 76 * (1 - np.exp(-time_h / 2)) + 0.3 * rng.normal(size=21)
    moved = fit_shift(time_h, green, unit="h")
    assert moved.law == "levelling"
    assert abs(moved.shift.value - 76 * (1 - np.exp(-5))) < 6 * moved.shift.sigma + 0.5
    line = fit_shift(time_h, 454 + 0.1 * time_h, sigma_nm=np.full(21, 0.05), unit="h")
    slope, covariance = np.polyfit(
        time_h, 454 + 0.1 * time_h, 1, w=np.full(21, 20.0), cov="unscaled"
    )
    assert line.slope.value == pytest.approx(slope[0], rel=1e-9)
    assert line.slope.sigma == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-9)
    assert fit_shift(time_h[:2], green[:2], unit="h") is None


def test_the_page_for_users_runs():
    page = Path(__file__).parents[2] / "docs" / "ageing.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried > 5
    assert failed == 0


def write(tmp_path, text):
    path = tmp_path / "storage.csv"
    path.write_text(text)
    return path


def test_reading_units_series_peaks_and_sigmas(tmp_path):
    text = "time (min),A,peak_nm A,B,sigma B\n60,1,450,2,0.1\n0,2,451,4,0.2\n120,0.5,,1,0.1\n"
    first, second = read_ageing(write(tmp_path, text), series=True)
    assert first.time_h.tolist() == [0, 1, 2]
    assert first.intensity.tolist() == [2, 1, 0.5]
    assert np.isnan(first.peak_nm[2])
    assert second.sigma.tolist() == [0.2, 0.1, 0.1]
    assert (first.sigma, second.peak_nm, first.time_unit) == (None, None, "min")
    days = read_ageing(write(tmp_path, "t [days],I\n0,1\n2,0.5\n"))[0]
    assert days.last_h == 48.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time_h,I\n-1,1\n2,0.5\n", "times must be 0 or more, but one is -1 h"),
        ("time_h,I\n2,1\n2,0.5\n", "at least two different times, but has 1"),
        ("time,I\n0,1\n2,0.5\n", "must state its unit, but 'time' is in no stated unit"),
        ("time_x,I\n0,1\n2,0.5\n", "must state its unit, but 'time_x' is in x"),
        ("time (nm),I\n0,1\n2,0.5\n", "must state its unit, but .* is in nm"),
        ("time (ms),I\n0,1\n2,0.5\n", "times must be in s, min, h or d"),
        ("time_h,I\n0,0\n2,-1\n", "at least one intensity must be above 0"),
        ("time_h,I\n0,1\n,0.5\n", "line 3, column 1: every intensity must stand beside"),
        ("time_h,I,sigma\n0,1,0.1\n2,0.5,0\n", "the sigma of an intensity must be above 0"),
        ("time_h,I,sigma\n0,1,0.1\n2,0.5,\n", "must hold a sigma beside every intensity"),
        ("time_h,I\n0,1\n2,x\n", "line 3, column 2"),
        ("time_h\n0\n2\n", "must hold two columns of numbers"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_ageing(write(tmp_path, text))
    assert "storage.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
