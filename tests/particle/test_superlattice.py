import re

import numpy as np
import pytest
from ase import Atoms
from ase.data import covalent_radii
from ase.io import read
from ase.neighborlist import neighbor_list
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.particle import (
    Ammonium,
    Compound,
    Cuboid,
    FaceCount,
    build,
    host_named,
    write_structures,
)
from cinedot.particle.ligands import HeadGroups
from cinedot.particle.superlattice import superlattice

HOST = host_named("CsPbBr3")
A_ANGSTROM = 5.87
ROUNDING = 1e-9  # sums of a few numbers of about 100 in double precision


def dot_of(*edges, compound="prototype", seed=0, host=HOST):
    cuboid = Cuboid(edges=edges, host=host)
    return build(cuboid, compound, seed=seed, ligands=HeadGroups())


def metals(atoms):
    return atoms.positions[atoms.arrays["ion"] == "Pb"]


@settings(max_examples=20, deadline=None)
@given(
    st.tuples(*[st.integers(1, 3)] * 3),
    st.tuples(*[st.integers(1, 3)] * 3),
    st.floats(0.4, 5.0),  # Cs touches Cs at 0.39 nm
)
def test_copies_stand_a_period_apart_and_around_the_origin(edges, shape, gap_nm):
    dot = dot_of(*edges)
    grid = superlattice([dot], shape, gap_nm)
    period = np.array(edges) * A_ANGSTROM + 10 * gap_nm
    assert len(grid) == np.prod(shape) * len(dot)
    np.testing.assert_allclose(grid.cell.lengths(), period * shape, atol=ROUNDING)
    np.testing.assert_allclose(metals(grid).mean(axis=0), 0.0, atol=ROUNDING)
    for number in range(int(np.prod(shape))):
        copy = grid[grid.arrays["dot"] == number]
        steps = (copy.positions - dot.positions) / period + (np.array(shape) - 1) / 2
        place = np.unravel_index(number, shape)
        np.testing.assert_allclose(steps, np.broadcast_to(place, steps.shape), atol=ROUNDING)


def test_without_a_gap_the_metals_go_on_as_in_one_long_crystal():
    # Outer planes would coincide, so the metals alone.
    dot = dot_of(2, 2, 2)
    grid = superlattice([dot[dot.arrays["ion"] == "Pb"]], (1, 1, 2), gap_nm=0.0)
    whole = metals(dot_of(2, 2, 4))
    found = metals(grid)
    order, other = np.lexsort(found.round(6).T), np.lexsort(whole.round(6).T)
    np.testing.assert_allclose(found[order], whole[other], atol=ROUNDING)


def test_the_gap_is_the_same_across_the_cell_s_border():
    grid = superlattice([dot_of(2, 2, 2)], (1, 1, 2), gap_nm=1.5)
    z = np.unique(metals(grid)[:, 2].round(6))
    steps = np.diff([*z, z[0] + grid.cell.lengths()[2]])
    np.testing.assert_allclose(steps, [A_ANGSTROM, A_ANGSTROM + 15] * 2, atol=1e-5)
    assert grid.pbc.all()


def test_dots_are_taken_in_turn_and_the_largest_sets_the_pitch():
    small, large = dot_of(2, 2, 2), dot_of(2, 2, 3)
    grid = superlattice([small, large], (1, 1, 4), gap_nm=1.0)
    sizes = np.bincount(grid.arrays["dot"])
    assert sizes.tolist() == [len(small), len(large)] * 2
    assert grid.cell.lengths()[2] == pytest.approx(4 * (3 * A_ANGSTROM + 10), abs=ROUNDING)


def test_dots_of_two_hosts_share_a_pitch_and_name_no_host():
    other = dot_of(2, 2, 2, host=host_named("FAPbI3"))
    mixed = superlattice([dot_of(2, 2, 2), other], (1, 1, 2), gap_nm=1.0)
    assert mixed.cell.lengths()[0] == pytest.approx(2 * 6.362 + 10, abs=ROUNDING)
    assert "host" not in mixed.info
    assert superlattice([other], (1, 1, 2), gap_nm=1.0).info["host"] == "FAPbI3"


def test_arrays_stay_whole_and_words_are_not_cut():
    short, long = dot_of(4, 4, 4), dot_of(4, 4, 4, compound="mla-cs")
    for atoms, word in ((short, "in"), (long, "outermost")):
        atoms.set_array("tag", np.array([word] * len(atoms)))
    grid = superlattice([short, long], (2, 1, 1), gap_nm=1.0)
    for number, source in enumerate((short, long)):
        mine = grid.arrays["dot"] == number
        for name in set(source.arrays) - {"positions", "ligand"}:
            np.testing.assert_array_equal(grid.arrays[name][mine], source.arrays[name])


def test_ligand_numbers_stay_unique_and_atoms_without_keep_none():
    dot = dot_of(2, 2, 2)
    numbers = np.full(len(dot), -1)
    numbers[5:8], numbers[8:10] = 0, 2
    dot.set_array("ligand", numbers)
    bare = dot_of(2, 2, 2)
    bare.set_array("ligand", np.full(len(bare), -1))
    grid = superlattice([dot, bare, dot], (1, 3, 1), gap_nm=0.5)
    ligand, copy = grid.arrays["ligand"], grid.arrays["dot"]
    groups = {int(n): set(copy[ligand == n].tolist()) for n in np.unique(ligand) if n >= 0}
    assert sorted(groups) == [0, 2, 3, 5]
    assert all(len(where) == 1 for where in groups.values())
    assert np.array_equal(
        ligand == -1, np.concatenate([numbers, bare.arrays["ligand"], numbers]) == -1
    )


def test_built_ligands_keep_their_atoms_and_charges_in_every_copy():
    dot = build(Cuboid.cube(2, host_named("MAPbBr3")), "prototype", seed=3)
    grid = superlattice([dot], (2, 1, 1), gap_nm=1.0)
    ligand = grid.arrays["ligand"]
    held = int(dot.arrays["ligand"].max()) + 1
    assert held > 1
    assert ligand.max() + 1 == 2 * held
    sizes = np.bincount(ligand[ligand >= 0])
    np.testing.assert_array_equal(sizes[:held], sizes[held:])
    charges = grid.get_initial_charges()
    assert charges.sum() == pytest.approx(2 * dot.get_initial_charges().sum(), abs=ROUNDING)


@pytest.fixture(scope="module")
def hairy():
    """A small dot with all atoms of chains that reach further than half the usual gap."""
    compound = Compound(
        name="short",
        ammonium=Ammonium(ion="octylammonium", sites=("edge", "face", "corner")),
        a_on_faces=FaceCount(each=0),
    )
    return build(Cuboid.cube(2, HOST), compound, seed=1)


def closest_share(grid):
    """Independent: the closest two atoms of different dots or images, by ase's neighbour list."""
    one, other, apart, image = neighbor_list("ijdS", grid, 2 * covalent_radii[55])
    between = (grid.arrays["dot"][one] != grid.arrays["dot"][other]) | image.any(axis=1)
    reach = covalent_radii[grid.numbers[one]] + covalent_radii[grid.numbers[other]]
    return (apart / reach)[between].min(initial=1.0)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 3)])
def test_chains_that_would_cross_are_refused_with_a_gap_that_fits(hairy, shape):
    with pytest.raises(InputError, match=r"at a gap of 0.9 nm .*--heads") as fault:
        superlattice([hairy], shape, gap_nm=0.9)
    named = float(re.search(r" (\S+) nm is the smallest", str(fault.value)).group(1))
    grid = superlattice([hairy], shape, gap_nm=named)
    assert closest_share(grid) >= 0.8
    with pytest.raises(InputError, match="must not reach"):
        superlattice([hairy], shape, gap_nm=named - 0.01)


def test_different_dots_are_asked_in_each_of_their_meetings(hairy):
    """Only the bare dot's neighbours are bare at this gap; two hairy ones meet along c."""
    bare = dot_of(2, 2, 2)
    hairy_pair = [hairy, bare]
    fits = superlattice(hairy_pair, (1, 1, 2), gap_nm=3.0)
    assert closest_share(fits) >= 0.8
    with pytest.raises(InputError, match="must not reach"):
        superlattice(hairy_pair, (1, 1, 2), gap_nm=0.5)


def test_whole_ligands_of_compound_2_do_not_fit_into_the_usual_gap():
    dot = build(Cuboid.cube(4, HOST), "mla-cs", seed=0)
    with pytest.raises(InputError, match="must not reach"):
        superlattice([dot], (2, 2, 2), gap_nm=1.8)


def test_a_fitting_superlattice_keeps_all_its_atoms_through_cif(hairy, tmp_path):
    grid = superlattice([hairy], (1, 1, 1), gap_nm=3.0)
    path = tmp_path / "grid.cif"
    write_structures([grid], path)
    assert read(path).get_chemical_symbols() == grid.get_chemical_symbols()


def test_a_single_dot_is_not_touched():
    dot = dot_of(2, 2, 2)
    before = dot.positions.copy()
    superlattice([dot], (2, 2, 2), gap_nm=1.0).positions += 1.0
    np.testing.assert_array_equal(dot.positions, before)
    assert "dot" not in dot.arrays


@pytest.mark.parametrize(
    ("dots", "shape", "gap_nm", "complaint"),
    [
        ([], (1, 1, 1), 1.0, "at least one dot"),
        ([dot_of(1, 1, 1)], (1, 0, 1), 1.0, "at least 1 dot along"),
        ([dot_of(1, 1, 1)], (1, 1, 1), -0.1, "gap_nm.*-0.1"),
        ([dot_of(1, 1, 1)] * 3, (1, 1, 2), 1.0, "has 2 for 3 dots"),
        ([dot_of(1, 1, 1)], (1000, 1000, 1000), 1.0, "at most 20000000 atoms"),
        ([dot_of(1, 1, 1)], (1, 1, 1), float("nan"), "gap_nm.*nan"),
        ([dot_of(1, 1, 1), Atoms("Pb")], (1, 1, 2), 1.0, "dot 1 has none"),
    ],
)
def test_what_makes_no_superlattice_is_refused(dots, shape, gap_nm, complaint):
    with pytest.raises(InputError, match=complaint):
        superlattice(dots, shape, gap_nm)


def test_dots_with_other_arrays_are_refused_by_name():
    tagged = dot_of(1, 1, 1)
    tagged.set_array("age", np.zeros(len(tagged)))
    with pytest.raises(InputError, match="differ in age"):
        superlattice([dot_of(1, 1, 1), tagged], (1, 1, 2), 1.0)
