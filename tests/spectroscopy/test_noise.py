"""Noise that is put in must be found again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.spectroscopy.noise import correlation_factor, local_squares, variance_law


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def test_counting_noise_on_a_dark_level_is_found():
    rng = fresh()
    level = 1000 * np.exp(-0.5 * np.linspace(-3, 3, 20_000) ** 2)
    squares = rng.normal(0, np.sqrt(25 + level)) ** 2
    found = variance_law(squares, level, curved=False)
    # A square has twice its mean's square as variance, which gives the covariance of a and b, and
    # 3.0 % at the dark end. Squares are skewed: their means pass 5.3 sigma once in a million.
    terms = np.stack([np.ones_like(level), level], axis=1)
    covariance = 2 * np.linalg.inv((terms / (25 + level)[:, None] ** 2).T @ terms)
    sigma = np.sqrt(np.einsum("xi,ij,xj->x", terms, covariance, terms))
    assert np.max(np.abs(found - 25 - level) / sigma) < 5.5


@settings(deadline=None)
@given(
    slope=st.floats(-5, 5), bend=st.floats(-1, 1), size=st.integers(5, 60), level=st.floats(-9, 9)
)
def test_local_noise_is_blind_to_parabolas(slope, bend, size, level):
    x = np.arange(size, dtype=float)
    # Values reach 4e3, so that rounding leaves differences of 1e-12, and squares of 1e-24.
    assert np.max(local_squares(level + slope * x + bend * x**2)) < 1e-20


def test_local_noise_of_white_noise():
    noise = fresh().normal(0, 3, 40_000)
    # The mean of 40,000 correlated squares is known to 1.07 %: six and a half of these.
    assert np.mean(local_squares(noise)) == pytest.approx(9.0, rel=0.07)


def test_correlation_of_white_and_of_smoothed_noise():
    rng = fresh()
    assert correlation_factor(rng.normal(size=320_000)) < 1.1
    # Means of 5 neighbours: 1 + 2 (4 + 3 + 2 + 1)/5 = 5; known here to 0.6 %. Chance may keep the
    # sum running, by exponential odds: one in a thousand runs is 3.4 % off, one in 10^6 so 7 %.
    smooth = np.convolve(rng.normal(size=320_000), np.full(5, 0.2), mode="valid")
    assert correlation_factor(smooth) == pytest.approx(5.0, rel=0.12)
