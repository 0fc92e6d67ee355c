"""The decay's law against exact integrals, sums and an independent convolution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_ndtr, ndtr
from scipy.stats import chi2

from cinedot.core.constants import FWHM_PER_SIGMA
from cinedot.spectroscopy import decay_counts, decay_model, gaussian_response, sample_decay
from cinedot.spectroscopy.decay_law import seen_exponential, shifted_response

TIME = 0.05 * np.arange(2000)


def exact(edges, centre, sigma, tau):
    """The integral of a Gaussian convolved with exp(-t/tau)/tau up to each edge.

    Phi(z) - exp(sigma^2/2tau^2 - sigma z/tau) Phi(z - sigma/tau), with Phi(x) = erfc(-x/sqrt 2)/2
    and its logarithm where the exponential alone would overflow.
    """
    z = (edges - centre) / sigma
    return ndtr(z) - np.exp(0.5 * (sigma / tau) ** 2 - sigma * z / tau + log_ndtr(z - sigma / tau))


@pytest.mark.parametrize("tau", [0.3, 4.0, 40.0])
@pytest.mark.parametrize("fwhm", [0.3, 0.6, 1.2])
def test_a_gaussian_response_gives_the_error_function_s_form(tau, fwhm):
    sigma = fwhm / FWHM_PER_SIGMA
    response = gaussian_response(TIME, centre_ns=10.0, fwhm_ns=fwhm)
    found = decay_model(response, channel_ns=0.05, lifetimes_ns=[tau], photons=[1.0])
    expected = np.diff(exact(np.append(TIME, TIME[-1] + 0.05), 10.0, sigma, tau))
    # Straight pieces between channels widen the response by a variance of h^2/6: the curve is
    # off by h^2/12 of its second derivative, at most 1/(sigma^2) of the top.
    bound = 0.05**2 / 12 / sigma**2 * expected.max()
    assert np.abs(found - expected).max() < 1.2 * bound
    # Far behind the flash the widening is a factor 1 + h^2/(12 tau^2).
    late = slice(300, 700)
    widened = 1 + 0.05**2 / (12 * tau**2)
    kept = expected[late] > 1e-12
    np.testing.assert_allclose(
        found[late][kept], widened * expected[late][kept], rtol=2e-4, atol=1e-14
    )


@settings(deadline=None)
@given(tau=st.floats(0.6, 300), shift=st.floats(-40, 40))
def test_no_photon_is_lost_and_each_comes_tau_later(tau, shift):
    response = np.zeros(20_000)
    response[100] = 0.25
    response[101] = 0.75
    seen = seen_exponential(response, tau, shift)
    place = np.arange(20_000)
    # The series sums to 1 but for exp(-19,000/300) and rounding.
    assert seen.sum() == pytest.approx(1.0, rel=1e-10)
    assert seen @ place == pytest.approx(100.75 + shift + tau, rel=1e-9)
    assert (seen >= -1e-15).all()


@settings(deadline=None)
@given(shift=st.floats(-30, 30))
def test_what_is_seen_obeys_its_differential_equation(shift):
    rng = np.random.default_rng(0)
    response = np.convolve(rng.uniform(0, 1, 300), np.ones(30), mode="same")
    tau, step = 20.0, 1e-5
    ahead, behind = (seen_exponential(response, tau, shift + s) for s in (step, -step))
    slope = -(ahead - behind) / (2 * step)
    law = (shifted_response(response, shift) - seen_exponential(response, tau, shift)) / tau
    # A shift by whole channels is a corner of the straight pieces, and the edge is cut there.
    if abs(shift - round(shift)) > 1e-3:
        np.testing.assert_allclose(slope[60:-60], law[60:-60], atol=1e-6 * response.max())


def test_a_sum_over_a_fine_grid_agrees():
    # An independent convolution: 64 times finer, plain summation.
    fine = 64
    response = gaussian_response(TIME[:400], centre_ns=5.0, fwhm_ns=0.5)
    straight = np.interp(np.arange(400 * fine) / fine, np.arange(400), response)
    decay = np.exp(-np.arange(400 * fine) / fine / 30.0) / 30.0 / fine
    summed = np.convolve(straight, decay)[: 400 * fine][::fine]
    found = seen_exponential(response, 30.0, 0.0)
    # The sum takes each fine step at its start: it is high by half a step over tau at most,
    # and where the response rises by half a step of its slope.
    assert np.abs(found - summed).max() < 2 / fine * found.max() / 5


def test_amplitudes_photons_and_background():
    flash = np.zeros(2000)
    flash[100] = 1.0
    counts = decay_counts(
        TIME,
        lifetimes_ns=[8.0, 2.0],
        amplitudes=[1.0, 1.0],
        total=1e6,
        background=3.0,
        start_ns=5.0,
    )
    parts = decay_model(
        flash, channel_ns=0.05, lifetimes_ns=[8.0, 2.0], photons=[8e5, 2e5], background=3.0
    )
    np.testing.assert_allclose(counts, parts, rtol=1e-12)
    assert counts[:99] == pytest.approx(3.0)


def test_sampled_counts_follow_poisson_s_law():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    expected = decay_counts(TIME, lifetimes_ns=[9.0], amplitudes=[1], total=1e6, background=50.0)
    counts = sample_decay(expected, TIME, seed=np.random.default_rng(seed)).counts
    found = np.sum((counts - expected) ** 2 / expected)
    assert chi2.ppf(5e-7, 2000) < found < chi2.ppf(1 - 5e-7, 2000)


def test_impossible_laws_are_refused():
    with pytest.raises(ValueError, match="must be positive"):
        decay_model(np.ones(9), channel_ns=0.1, lifetimes_ns=[-1.0], photons=[1.0])
    with pytest.raises(ValueError, match="must be positive"):
        decay_model(np.zeros(9), channel_ns=0.1, lifetimes_ns=[1.0], photons=[1.0])
