"""The relaxation against closed forms, a brute-force energy and a minimum's own properties."""

import numpy as np
import pytest
from scipy.optimize import minimize

from cinedot.particle.relaxing import Springs, relaxed

# The descent ends where no component of the slope passes 0.02; with springs of 2 x 100 that is
# 1e-4 angstrom of way left.
STEP_LEFT = 1e-3


def one_spring(stiffness=100.0):
    return Springs(
        pairs=np.array([[0, 1]]),
        length_angstrom=np.array([1.0]),
        stiffness=np.array([stiffness]),
    )


def chain(rng, atoms):
    """A zigzag of springs across one, two and three bonds, and the places that it is made for."""
    places = np.stack([1.3 * np.arange(atoms), 0.8 * (np.arange(atoms) % 2), np.zeros(atoms)], 1)
    pairs = np.array([(i, i + k) for k in (1, 2, 3) for i in range(atoms - k)])
    length = np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)
    stiffness = np.choose(np.diff(pairs, axis=1).ravel() - 1, [300.0, 60.0, 20.0])
    springs = Springs(pairs=pairs, length_angstrom=length, stiffness=stiffness)
    return springs, places + 0.3 * rng.normal(size=places.shape)


def energy(flat, springs, radius):
    """The law of `relaxed`, pair by pair."""
    at = flat.reshape(-1, 3)
    joined = {tuple(sorted(pair)) for pair in springs.pairs.tolist()}
    total = 0.0
    for (i, j), length, k in zip(
        springs.pairs, springs.length_angstrom, springs.stiffness, strict=True
    ):
        total += k * (np.linalg.norm(at[i] - at[j]) - length) ** 2
    for i in range(len(at)):
        for j in range(i + 1, len(at)):
            short = radius[i] + radius[j] - np.linalg.norm(at[i] - at[j])
            if (i, j) not in joined and short > 0:
                total += 5.0 * short**2
    return total


def test_spring_and_contact_share_the_overlap():
    # 100 (d - 1)^2 + 5 (1 - (1.5 - d))^2 is least at d = (100 + 2.5) / 105.
    start = np.array([[0.0, 0, 0], [1.2, 0, 0], [1.5, 0, 0]])
    moved = relaxed(
        start,
        free=np.array([False, True, False]),
        contact_radius_angstrom=np.full(3, 0.5),
        springs=one_spring(),
    )
    assert moved[1, 0] == pytest.approx(102.5 / 105, abs=STEP_LEFT)
    np.testing.assert_array_equal(moved[[0, 2]], start[[0, 2]])


def test_it_ends_where_a_general_minimiser_ends():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    springs, start = chain(rng, 6)
    radius = np.full(6, 1.2)
    moved = relaxed(
        start,
        free=np.ones(6, dtype=bool),
        contact_radius_angstrom=radius,
        springs=springs,
        iterations=2000,
    )
    found = energy(moved.ravel(), springs, radius)
    assert found < energy(start.ravel(), springs, radius)
    # From the end, SciPy's derivative-free gradients find nothing lower: slopes below 0.02 on
    # curvatures above 0.1 leave less than 18 x 0.02^2 / 0.2 of energy.
    lower = minimize(energy, moved.ravel(), args=(springs, radius), method="BFGS").fun
    assert found - lower < 18 * 0.02**2 / 0.2


def test_an_overlap_that_comes_late_is_seen_through_the_list_of_neighbours():
    # The spring draws the second atom 6 angstrom along, onto a third that was far off at first.
    springs = Springs(
        pairs=np.array([[0, 1]]), length_angstrom=np.array([1.0]), stiffness=np.array([1.0])
    )
    start = np.array([[0.0, 0, 0], [7.0, 0, 0], [1.0, 0.5, 0]])
    moved = relaxed(
        start,
        free=np.array([False, True, False]),
        contact_radius_angstrom=np.full(3, 1.0),
        springs=springs,
    )
    apart = np.linalg.norm(moved[1] - moved[2])
    without = np.linalg.norm(np.array([1.0, 0, 0]) - start[2])
    assert apart > 2 * without


def test_springs_and_contacts_push_both_ways_alike():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    springs, start = chain(np.random.default_rng(seed), 8)
    moved = relaxed(
        start, free=np.ones(8, dtype=bool), contact_radius_angstrom=np.full(8, 1.2), springs=springs
    )
    assert np.abs(moved - start).max() > 0.01
    # Every step is made of slopes, whose sum over all atoms is 0: the middle stays, to rounding.
    np.testing.assert_allclose(moved.mean(axis=0), start.mean(axis=0), atol=1e-9)


def test_nothing_free_means_nothing_moved():
    start = np.zeros((2, 3))
    moved = relaxed(
        start,
        free=np.zeros(2, dtype=bool),
        contact_radius_angstrom=np.ones(2),
        springs=one_spring(),
    )
    np.testing.assert_array_equal(moved, start)
