"""Distances between atoms against a brute-force count."""

import numpy as np
from ase.data import covalent_radii
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.particle.contacts import contact_radii, covalent_ratios


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 40))
def test_close_pairs_are_those_that_a_double_loop_finds(seed, count):
    rng = np.random.default_rng(seed)
    numbers = rng.choice([1, 6, 7, 8, 35, 55, 82], size=count)
    positions = rng.uniform(0, 8, size=(count, 3))
    pairs, ratio = covalent_ratios(numbers, positions)
    expected = {}
    for i in range(count):
        for j in range(i + 1, count):
            reach = covalent_radii[numbers[i]] + covalent_radii[numbers[j]]
            share = np.linalg.norm(positions[i] - positions[j]) / reach
            if share < 1:
                expected[i, j] = share
    found = {tuple(sorted(pair)): share for pair, share in zip(pairs.tolist(), ratio, strict=True)}
    assert found.keys() == expected.keys()
    # Two orders of the same arithmetic.
    assert all(abs(found[pair] - expected[pair]) < 1e-12 for pair in found)


def test_soft_contacts_ask_for_more_than_the_hard_rule():
    numbers = np.array([1, 6, 7, 8, 17, 35, 53, 55])
    soft = contact_radii(numbers, np.zeros((0, 2), dtype=int))
    # Of caesium, an ion, the two are near each other; of what binds covalently they are not.
    assert np.all(soft[:-1] > 1.2 * 0.8 * covalent_radii[numbers[:-1]])
    # H..H and Br..C and Br..H as molecular crystals have them.
    assert 2.0 <= 2 * soft[0] <= 2.4
    assert 3.0 <= soft[1] + soft[5] <= 3.6
    assert 2.4 <= soft[0] + soft[5] <= 3.1
