"""Linking: particles keep their numbers through gaps, drift, noise and order of detection."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.micrographs import link


def _scene(seed: int, particles: int, frames: int) -> dict[str, np.ndarray]:
    """Particles 4 nm apart that tremble, fade out at random, and drift as one; in any order."""
    rng = np.random.default_rng(seed)
    homes = 4.0 * np.stack([np.arange(particles) % 3, np.arange(particles) // 3], axis=1)
    drift = rng.normal(scale=1.0, size=(frames, 2)).cumsum(axis=0)
    rows = []
    for frame in range(frames):
        # The first and the last frame show all; tremor stays far below half of 4 nm.
        shown = rng.uniform(size=particles) < 0.6
        if frame in (0, frames - 1):
            shown[:] = True
        for which in rng.permutation(np.flatnonzero(shown)):
            place = homes[which] + drift[frame] + rng.uniform(-0.4, 0.4, 2)
            rows.append((frame, *place, 10.0 + which, which))
    table = np.array(rows)
    return {
        "frame": table[:, 0].astype(int),
        "x_nm": table[:, 1],
        "y_nm": table[:, 2],
        "weight": table[:, 3],
        "truth": table[:, 4].astype(int),
        "drift_nm": drift,
    }


@given(seed=st.integers(0, 2**32), particles=st.integers(1, 9), frames=st.integers(5, 30))
def test_each_particle_keeps_its_number(seed: int, particles: int, frames: int) -> None:
    scene = _scene(seed, particles, frames)
    truth = scene.pop("truth")
    found = link(**scene, least_frames=2)
    pairs = set(zip(truth.tolist(), found.tolist(), strict=True))
    assert len(pairs) == particles
    assert {number for _, number in pairs} == set(range(particles))
    sums = [scene["weight"][found == number].sum() for number in range(particles)]
    assert all(one >= other for one, other in itertools.pairwise(sums))


def test_the_nearest_pairs_together_not_one_by_one() -> None:
    """Two particles in a row that both moved on: the greedy choice would exchange them."""
    found = link(
        np.array([0, 0, 1, 1]),
        np.array([0.0, 2.0, 1.1, 3.1]),
        np.zeros(4),
        np.array([2.0, 1.0, 2.0, 1.0]),
        drift_nm=np.zeros((2, 2)),
    )
    assert found.tolist() == [0, 1, 0, 1]


def test_a_chance_detection_is_no_particle() -> None:
    frame = np.append(np.arange(9), 9)
    x_nm = np.append(np.zeros(9), 30.0)
    found = link(frame, x_nm, np.zeros(10), np.ones(10), drift_nm=np.zeros((10, 2)))
    assert found.tolist() == [0] * 9 + [-1]


def test_nothing_found_links_nothing() -> None:
    none = np.zeros(0)
    assert link(none.astype(int), none, none, none, drift_nm=np.zeros((3, 2))).shape == (0,)


def test_frames_that_go_backwards_are_refused() -> None:
    with pytest.raises(InputError, match="must not decrease"):
        link(np.array([1, 0]), np.zeros(2), np.zeros(2), np.ones(2), drift_nm=np.zeros((2, 2)))
