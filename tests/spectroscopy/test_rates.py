"""Rates: the paper's numbers, the law's inverse, covariance by other means, limits, dark dots."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import AnalysisError, Estimate
from cinedot.spectroscopy import find_rates, rate_constants, yield_and_lifetime
from cinedot.spectroscopy.rates import upper_limit_per_s


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def phi(value, sigma=0.03, status="ok"):
    return Estimate(value=value, sigma=sigma, unit="", method="test", status=status)


def tau(value, sigma=0.1, status="ok"):
    return Estimate(value=value, sigma=sigma, unit="ns", method="test", status=status)


def test_the_note_s_numbers():
    # science.md 6, each to its last digit.
    quantum_yield, lifetime_ns = yield_and_lifetime(10.6e7, 0.5e7)
    assert f"{quantum_yield:.4f}" == "0.9550"
    assert f"{lifetime_ns:.2f}" == "9.01"
    assert f"{0.956 / 10.6e7 * 1e9:.2f}" == "9.02"
    assert f"{rate_constants(0.956, 9.02)[0]:.3g}" == "1.06e+08"
    assert f"{rate_constants(0.956, 8.8)[1]:.2g}" == "5e+06"


@settings(max_examples=50, deadline=None)
@given(value=st.floats(0.001, 0.999), lifetime=st.floats(0.01, 1000.0))
def test_the_law_and_its_inverse(value, lifetime):
    found = yield_and_lifetime(*rate_constants(value, lifetime))
    assert found == pytest.approx((value, lifetime), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(value=st.floats(0.05, 0.8), lifetime=st.floats(0.1, 100.0), share=st.floats(0.001, 0.05))
def test_uncertainties_propagates_the_same(value, lifetime, share):
    from uncertainties import correlation_matrix, ufloat

    found = find_rates(phi(value, 0.02), tau(lifetime, share * lifetime))
    one, two = ufloat(value, 0.02), ufloat(lifetime, share * lifetime)
    k_r, k_nr = one / two * 1e9, (1 - one) / two * 1e9
    # Both are first order; uncertainties differentiates by itself.
    assert found.k_r.value == pytest.approx(k_r.nominal_value, rel=1e-12)
    assert found.k_r.sigma == pytest.approx(k_r.std_dev, rel=1e-9)
    assert found.k_nr.value == pytest.approx(k_nr.nominal_value, rel=1e-12)
    assert found.k_nr.sigma == pytest.approx(k_nr.std_dev, rel=1e-9)
    assert found.correlation == pytest.approx(correlation_matrix([k_r, k_nr])[0, 1], abs=1e-9)


def test_the_sum_of_rates_knows_nothing_of_the_yield():
    # k_r + k_nr = 1 / tau: its variance from the covariance must be the lifetime's alone.
    found = find_rates(phi(0.6), tau(9.0))
    assert found.covariance.sum() == pytest.approx((1e9 * 0.1 / 81) ** 2, rel=1e-9)
    assert found.correlation < 0


def test_near_one_the_non_radiative_rate_is_a_limit():
    for value in (0.95, 0.97, 1.0, 1.05, 1.2):
        found = find_rates(phi(value), tau(9.0))
        assert (found.k_nr.status, found.k_nr.sigma) == ("upper_limit", None)
        assert found.k_nr.value > max(rate_constants(value, 9.0)[1], 0.0)
        assert found.k_r.value == pytest.approx(value / 9e-9, rel=1e-12)
        assert found.k_r.status == "ok"
    # 2 sigmas are 0.06: 0.93 is further away.
    far = find_rates(phi(0.93), tau(9.0))
    assert far.k_nr.status == "ok"
    assert far.k_nr.sigma is not None


def test_the_limit_is_what_95_percent_stay_below():
    rng = fresh()
    count = 400_000
    drawn = rng.normal(0.99, 0.03, count)
    lifetimes = rng.normal(9.0, 0.5, count)[drawn <= 1]
    rates = (1 - drawn[drawn <= 1]) / lifetimes * 1e9
    below = np.mean(rates < upper_limit_per_s(0.99, 0.03, 9.0, 0.5))
    # The binomial's sigma over some 250,000 drawn is 0.00044: five of them, once in two million.
    assert below == pytest.approx(0.95, abs=5 * np.sqrt(0.95 * 0.05 / len(rates)))
    # A closed form: at 1 the cut normal is half a normal, 1.95996 sigmas hold 95 % of it.
    assert upper_limit_per_s(1.0, 0.03, 9.0, 0.0) == pytest.approx(1.959964 * 0.03 / 9e-9, rel=1e-6)
    assert upper_limit_per_s(1.1, 0.0, 9.0, 0.0) == 0.0


def test_dark_dots_are_named_where_the_yield_is_low_and_the_lifetime_long():
    # The paper's compound 3 has 24 %; were it to live 9 ns, its k_r were 4 times too small.
    found = find_rates(phi(0.24, 0.01), tau(9.0))
    assert found.dark == pytest.approx(1 - 0.24 / 9e-9 / 10.6e7, rel=1e-9)
    # As short as losses make it, it needs no dark dots; nor does a high yield.
    assert find_rates(phi(0.24, 0.01), tau(0.24 / 10.6e7 * 1e9)).dark is None
    assert find_rates(phi(0.95), tau(9.0)).dark is None


def test_what_is_undetermined_stays_so():
    found = find_rates(phi(0.6), tau(9.0, status="undetermined"))
    assert found.k_r.status == found.k_nr.status == "undetermined"
    assert find_rates(phi(1.0, status="undetermined"), tau(9.0)).k_nr.status == "undetermined"


def test_no_rates_of_nothing():
    with pytest.raises(AnalysisError, match="yield must be positive"):
        find_rates(phi(0.0), tau(9.0))
    with pytest.raises(AnalysisError, match="lifetime must be positive"):
        find_rates(phi(0.5), tau(-1.0))
