"""Point charges on the cubic grid: closed forms, symmetry, the figures of science.md 2.2."""

from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.particle import Cuboid, host_named, lattice_sites
from cinedot.particle.coulomb import COULOMB_EV_ANGSTROM, energy_ev, field_ev, filling_energy

HOST = host_named("CsPbBr3")
# science.md takes e^2 / (4 pi eps0) as 14.39964 eV angstrom: 3e-7 of 3563 eV is 1 meV.
ROUNDED_CONSTANT_EV = 2e-3


def prototype(edges):
    """Candidates (all surface A sites), fixed places and charges, kinds of the candidates."""
    cuboid = Cuboid(edges=edges, host=HOST)
    sites = lattice_sites(cuboid)
    free = (sites.role == "a") & (sites.kind != "interior")
    charge = np.select([sites.role == "metal", sites.role == "halide"], [2.0, -1.0], 1.0)
    places = sites.abc * HOST.lattice_angstrom
    return places[free], places[~free], charge[~free], sites.kind[free]


def without(filling, empty):
    filled = np.ones(len(filling), dtype=bool)
    filled[list(empty)] = False
    return energy_ev(filling, filled)


def test_the_constant_is_the_one_of_the_science_note():
    assert pytest.approx(14.39964, abs=1e-5) == COULOMB_EV_ANGSTROM


def test_the_energy_is_the_sum_over_all_pairs_less_the_fixed_ones():
    """Against a plain double loop over every charge of a (1, 2, 1) dot, some sites empty."""
    candidates, fixed, charges, _ = prototype((1, 2, 1))
    filled = np.arange(len(candidates)) % 3 > 0
    here = np.concatenate([candidates[filled], fixed])
    q = np.concatenate([np.ones(filled.sum()), charges])

    def summed(places, charge):
        return sum(
            14.399645 * charge[i] * charge[j] / np.linalg.norm(places[i] - places[j])
            for i, j in combinations(range(len(charge)), 2)
        )

    expected = summed(here, q) - summed(fixed, charges)
    found = energy_ev(filling_energy(candidates, fixed, charges), filled)
    # The loop's constant is rounded at the eighth digit.
    assert found == pytest.approx(expected, rel=2e-7)


def test_one_more_a_ion_costs_what_the_science_note_says():
    candidates, fixed, charges, kind = prototype((4, 4, 4))
    field = field_ev(filling_energy(candidates, fixed, charges), np.ones(98, dtype=bool))
    levels = {k: sorted({round(float(h), 2) for h in field[kind == k]}) for k in set(kind.tolist())}
    assert levels == {"corner": [5.33], "edge": [4.38, 4.51], "face": [2.99, 3.17, 3.34]}


def test_the_792_choices_of_edge_mid_points_have_the_levels_of_the_science_note():
    candidates, fixed, charges, kind = prototype((4, 4, 4))
    filling = filling_energy(candidates, fixed, charges)
    corners = np.flatnonzero(kind == "corner")
    middles = np.flatnonzero((kind == "edge") & ((np.abs(candidates) < 1e-6).sum(axis=1) == 1))
    energies = [without(filling, {*corners, *five}) for five in combinations(middles, 5)]
    levels, counts = np.unique(np.round(energies, 6), return_counts=True)
    assert len(energies) == 792
    assert counts[:3].tolist() == [24, 36, 24]
    assert levels[0] == pytest.approx(-3563.2375, abs=ROUNDED_CONSTANT_EV)
    # The next levels are printed to 1 meV.
    assert levels[1:3] == pytest.approx([-3563.170, -3563.125], abs=ROUNDED_CONSTANT_EV + 5e-4)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4),
    st.sampled_from(list(permutations(range(3)))),
    st.sampled_from(list(product((-1, 1), repeat=3))),
    st.integers(0, 2**32 - 1),
)
def test_the_cubes_48_operations_leave_the_energy(n, axes, signs, seed):
    candidates, fixed, charges, _ = prototype((n, n, n))
    filling = filling_energy(candidates, fixed, charges)
    filled = np.random.default_rng(seed).random(len(candidates)) < 0.8
    turned = candidates[filled][:, list(axes)] * signs
    where = np.linalg.norm(candidates[:, None] - turned, axis=2)
    image = np.zeros(len(candidates), dtype=bool)
    image[where.argmin(axis=0)] = True
    assert where.min(axis=0).max() < 1e-9
    # Round-off of sums over up to 400 charges.
    assert energy_ev(filling, image) == pytest.approx(energy_ev(filling, filled), rel=1e-11)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.5, 2.0), st.integers(0, 2**32 - 1))
def test_energies_fall_as_one_over_the_lattice_constant(scale, seed):
    candidates, fixed, charges, _ = prototype((2, 1, 3))
    filled = np.random.default_rng(seed).random(len(candidates)) < 0.5
    one = energy_ev(filling_energy(candidates, fixed, charges), filled)
    other = energy_ev(filling_energy(scale * candidates, scale * fixed, charges), filled)
    assert other * scale == pytest.approx(one, rel=1e-9, abs=1e-9)


def test_the_field_is_what_taking_one_ion_away_gains():
    candidates, fixed, charges, _ = prototype((2, 2, 2))
    filling = filling_energy(candidates, fixed, charges)
    filled = np.arange(len(candidates)) % 4 > 0
    field = field_ev(filling, filled)
    for one in np.flatnonzero(filled):
        less = filled.copy()
        less[one] = False
        assert energy_ev(filling, filled) - energy_ev(filling, less) == pytest.approx(
            field[one], abs=1e-9
        )


def test_charges_in_one_place_and_nan_are_refused():
    candidates, fixed, charges, _ = prototype((1, 1, 1))
    with pytest.raises(InputError, match=r"must be at least .* angstrom apart"):
        filling_energy(candidates, candidates[:1], np.ones(1))
    with pytest.raises(InputError, match="apart"):
        filling_energy(np.zeros((2, 3)), fixed, charges)
    with pytest.raises(InputError, match="`fixed_charges` must be finite"):
        filling_energy(candidates, fixed, np.full(len(charges), np.nan))
