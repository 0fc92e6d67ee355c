"""Ways to stand on a seat: exact donors, stated angles, the best rotation."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cinedot.particle.chelates import gripping_conformers
from cinedot.particle.conformers import free_conformers
from cinedot.particle.molecules import molecule_named
from cinedot.particle.orienting import bent_from_metal, gripping, standing_out, turned_freely


@pytest.fixture
def rng():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def internal_distances(positions):
    return np.linalg.norm(positions[:, :, None] - positions[:, None], axis=3)


def test_an_acid_bends_at_its_oxygen_and_leans_out(rng):
    malate = free_conformers(molecule_named("malate", -1))
    metal, donor = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.5])
    trials, lean = bent_from_metal(malate, donor, metal, np.array([0.0, 0.0, 1.0]), 50, rng)
    assert trials.shape == (50, 14, 3)
    np.testing.assert_allclose(trials[:, 0], np.tile(donor, (50, 1)), atol=1e-12)
    to_carbon, to_metal = trials[:, 1] - donor, metal - donor
    cosine = to_carbon @ to_metal / np.linalg.norm(to_carbon, axis=1) / 2.5
    angle = np.degrees(np.arccos(cosine))
    assert np.all((angle > 111.99) & (angle < 128.01))
    assert np.all(lean < 1.0)


def test_an_ammonium_stands_within_its_tilt(rng):
    oleylammonium = free_conformers(molecule_named("OAMH+", 1))
    outward = np.array([1.0, 1.0, 0.0]) / np.sqrt(2)
    donor = np.array([3.0, -1.0, 2.0])
    trials, lean = standing_out(oleylammonium, donor, outward, 200, rng)
    np.testing.assert_allclose(trials[:, 0], np.tile(donor, (200, 1)), atol=1e-12)
    first = trials[:, 1] - donor
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    body = trials[:, :19].mean(axis=1) - donor
    body /= np.linalg.norm(body, axis=1, keepdims=True)
    axis = (first + body) / np.linalg.norm(first + body, axis=1, keepdims=True)
    assert (axis @ outward).min() > np.cos(np.radians(35)) - 1e-9
    np.testing.assert_allclose(1 - lean, body @ outward, atol=1e-12)
    # All round: no side of the outward axis is left out (1e-7 of missing a quarter, 200 draws).
    side = np.arctan2(axis @ [0, 0, 1], axis @ (np.array([1, -1, 0]) / np.sqrt(2)))
    assert len(set(np.floor(side / (np.pi / 2)).astype(int).tolist())) == 4


def test_a_lattice_ion_is_centred_by_its_heavy_atoms(rng):
    for name in ("MA", "FA"):
        pool = free_conformers(molecule_named(name, 1))
        centre = np.array([5.0, 6.0, 7.0])
        trials, _ = turned_freely(pool, centre, 20, rng)
        heavy = pool.skeleton.numbers > 1
        np.testing.assert_allclose(
            trials[:, heavy].mean(axis=1), np.tile(centre, (20, 1)), atol=1e-12
        )


@pytest.mark.parametrize("donors", [2, 3])
def test_the_best_grip_is_the_one_that_scipy_aligns_best(rng, donors):
    pool = gripping_conformers(molecule_named("malate", -2), donors)
    turn = Rotation.from_quat(rng.normal(size=4)).as_matrix()
    metal = np.array([4.0, 4.0, 4.0])
    seats = metal + 2.5 * turn[:donors]
    trials, lean = gripping(pool, seats, metal, 200, rng)
    from itertools import permutations

    best = np.inf
    for positions, at in zip(pool.positions_angstrom, pool.metal_angstrom, strict=True):
        have = positions[pool.skeleton.donors[:donors]] - at
        have /= np.linalg.norm(have, axis=1, keepdims=True)
        for order in permutations(range(donors)):
            want = turn[list(order)]
            rssd = Rotation.align_vectors(want, have)[1]
            best = min(best, rssd**2 / donors)
    assert lean.min() == pytest.approx(best, abs=1e-9)
    # A grip is rigid: turning it changes no distance, to the metal neither.
    bound = np.linalg.norm(trials[:, pool.skeleton.donors[:donors]] - metal, axis=2)
    assert np.all((bound > 2.4) & (bound < 2.6))


def test_turning_changes_no_distance_and_no_hand(rng):
    pool = gripping_conformers(molecule_named("malate", -3), 3)
    metal = np.zeros(3)
    trials, _ = gripping(pool, 2.5 * np.eye(3), metal, 30, rng)
    known = internal_distances(pool.positions_angstrom)
    for distances, positions in zip(internal_distances(trials), trials, strict=True):
        off = np.abs(known - distances).max(axis=(1, 2))
        assert off.min() < 1e-9
        source = pool.positions_angstrom[off.argmin()]
        for one, other in ((positions, source),):
            volumes = [np.linalg.det(at[[4, 1, 5]] - at[3]) for at in (one, other)]
            assert volumes[0] == pytest.approx(volumes[1], abs=1e-9)
