"""Noise that is put in must be found again."""

import numpy as np
import pytest
from hypothesis import given
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
    # A square has relative variance 2. The dark level rests on some 4,000 of them: 2.2 %, and
    # twice that for its correlation with the slope; five of these.
    np.testing.assert_allclose(variance_law(squares, level, curved=False), 25 + level, rtol=0.22)


@given(
    slope=st.floats(-5, 5), bend=st.floats(-1, 1), size=st.integers(5, 60), level=st.floats(-9, 9)
)
def test_local_noise_is_blind_to_parabolas(slope, bend, size, level):
    x = np.arange(size, dtype=float)
    # Values reach 4e3, so that rounding leaves differences of 1e-12, and squares of 1e-24.
    assert np.max(local_squares(level + slope * x + bend * x**2)) < 1e-20


def test_local_noise_of_white_noise():
    noise = fresh().normal(0, 3, 40_000)
    # The mean of 40,000 correlated squares is known to about 1.2 %.
    assert np.mean(local_squares(noise)) == pytest.approx(9.0, rel=0.07)


def test_correlation_of_white_and_of_smoothed_noise():
    rng = fresh()
    white = rng.normal(size=20_000)
    assert correlation_factor(white) < 1.2
    # Means of 5 neighbours: 1 + 2 (4 + 3 + 2 + 1)/5 = 5; known here to about 4 %.
    smooth = np.convolve(rng.normal(size=20_000), np.full(5, 0.2), mode="valid")
    assert correlation_factor(smooth) == pytest.approx(5.0, rel=0.25)
