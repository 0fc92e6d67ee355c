"""Conformers: double bonds, mirror images, stretched chains, a metal within reach."""

import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.particle.chelates import gripping_conformers
from cinedot.particle.conformers import free_conformers
from cinedot.particle.molecules import Handedness, molecule_from_smiles, molecule_named, molecules
from cinedot.particle.skeletons import skeleton


def dihedral_deg(positions, atoms):
    """A torsion by the projection formula, [conformer, atom, 3] -> degrees [conformer]."""
    a, b, c, d = (positions[:, at] for at in atoms)
    axis = (c - b) / np.linalg.norm(c - b, axis=1, keepdims=True)
    one = (a - b) - ((a - b) * axis).sum(1, keepdims=True) * axis
    other = (d - c) - ((d - c) * axis).sum(1, keepdims=True) * axis
    sine = (np.cross(axis, one) * other).sum(1)
    return np.degrees(np.arctan2(sine, (one * other).sum(1)))


def bond_lengths(frame, positions):
    return np.linalg.norm(
        positions[..., frame.bonds[:, 0], :] - positions[..., frame.bonds[:, 1], :], axis=-1
    )


@pytest.mark.parametrize(
    ("name", "charge", "double_bond"),
    # Atoms of the SMILES: oleate O1 C2 O3 C4-C10 C11=C12, OAMH+ N1 C2-C9 C10=C11, from 0.
    [("oleate", -1, (9, 10, 11, 12)), ("OAMH+", 1, (8, 9, 10, 11))],
)
def test_the_double_bond_is_cis_in_every_conformer(name, charge, double_bond):
    pool = free_conformers(molecule_named(name, charge))
    positions = pool.positions_angstrom
    middle = np.linalg.norm(positions[:, double_bond[1]] - positions[:, double_bond[2]], axis=1)
    # C=C 1.34, C-C 1.50 or more.
    assert np.all((middle > 1.30) & (middle < 1.38))
    # MMFF94 leaves an unstrained cis bond planar within a few degrees; trans is 180.
    assert np.abs(dihedral_deg(positions, double_bond)).max() < 15


@pytest.mark.parametrize(("name", "charge"), [("oleate", -1), ("OAMH+", 1)])
def test_chains_are_stretched_and_not_all_alike(name, charge):
    pool = free_conformers(molecule_named(name, charge))
    start, end = (0, 18) if name == "OAMH+" else (0, 19)
    length = np.linalg.norm(
        pool.positions_angstrom[:, end] - pool.positions_angstrom[:, start], axis=1
    )
    # All anti, a C-C advances 1.27 angstrom (1.53 cos 34); 18 bonds, a cis kink takes its part.
    # A coiled alkane of 18 bonds has 1.53 sqrt(5 x 18), 0.63 of that, in the root mean square
    # (characteristic ratio about 5; Flory, Statistical Mechanics of Chain Molecules, 1969).
    assert np.all(length > 0.7 * 18 * 1.27)
    assert np.all(length < 19 * 1.27)
    # One gauche bond brings its ends from 3.9 to 3.1 angstrom; alike chains differ by none.
    assert np.ptp(length) > 0.5
    assert len(length) == 24


@pytest.mark.parametrize("charge", [-1, -2, -3])
@pytest.mark.parametrize("hand", [Handedness.R, Handedness.S])
@pytest.mark.parametrize("donors", [1, 2, 3])
def test_the_hand_asked_for_is_the_one_in_space(charge, hand, donors):
    molecule = molecule_named("malate", charge)
    if donors == 1:
        pool = free_conformers(molecule, hand)
    else:
        pool = gripping_conformers(molecule, donors, hand)
    for positions in pool.positions_angstrom:
        # The stereocentre, atom 3, is bound to carboxylate C 1, O 4, CH2 5 and a hydrogen. By
        # Cahn, Ingold, Prelog O > C(O,O,O) > C(C,H,H) > H. Seen with H away, R runs clockwise.
        first, second, third = (positions[at] - positions[3] for at in (4, 1, 5))
        clockwise = np.dot(first, np.cross(second, third)) < 0
        assert clockwise == (hand is Handedness.R)


@pytest.mark.parametrize(
    ("name", "charge", "donors"),
    [("malate", z, k) for z in (-1, -2, -3) for k in (2, 3)]
    + [("oleate", -1, 2), ("lactate", -1, 2), ("succinate", -2, 2)],
)
def test_a_grip_reaches_its_metal_by_every_donor(name, charge, donors):
    molecule = molecule_named(name, charge)
    pool = gripping_conformers(molecule, donors)
    frame = pool.skeleton
    apart = np.linalg.norm(pool.positions_angstrom - pool.metal_angstrom[:, None], axis=2)
    bound = apart[:, frame.donors[:donors]]
    # science.md 2.4: 2.4-2.6 angstrom.
    assert np.all((bound > 2.4) & (bound < 2.6))
    assert np.delete(apart, frame.donors[:donors], axis=1).min() > 2.5
    free = bond_lengths(frame, free_conformers(molecule).positions_angstrom).mean(axis=0)
    strained = bond_lengths(frame, pool.positions_angstrom)
    # What a metal's pull may do to a bond here, and less than single differs from double.
    assert np.abs(strained - free).max() < 0.08


@pytest.mark.parametrize(("name", "charge"), list(molecules()))
def test_no_conformer_of_a_known_molecule_breaks_the_hard_rule(name, charge):
    from ase.data import covalent_radii

    pool = free_conformers(molecule_named(name, charge))
    radii = covalent_radii[pool.skeleton.numbers]
    upper = np.triu_indices(len(radii), 1)
    for positions in pool.positions_angstrom:
        apart = np.linalg.norm(positions[:, None] - positions[None], axis=2)
        assert np.all((apart / (radii[:, None] + radii))[upper] > 0.8)


def test_pools_are_the_same_each_time():
    molecule = molecule_named("malate", -2)
    first = free_conformers(molecule).positions_angstrom.copy()
    from cinedot.particle import conformers

    conformers.embedded.cache_clear()
    free_conformers.cache_clear()
    np.testing.assert_array_equal(free_conformers(molecule).positions_angstrom, first)


def test_a_molecule_without_a_stereocentre_has_no_hand():
    with pytest.raises(InputError, match="MA must have exactly one stated stereocentre to be R"):
        free_conformers(molecule_named("MA", 1), Handedness.R)


def test_too_few_donors_are_named():
    with pytest.raises(InputError, match="MA must have 2 mapped donors to bind by 2, but has 1"):
        gripping_conformers(molecule_named("MA", 1), 2)


def test_donors_at_the_two_ends_of_a_stiff_molecule_cannot_share_a_metal():
    terephthalate = molecule_from_smiles("terephthalate", "[O-:1]C(=O)c1ccc(cc1)C(=O)[O-:2]")
    with pytest.raises(InputError, match=r"terephthalate \(-2\) must reach one metal atom by 2"):
        gripping_conformers(terephthalate, 2)


def test_formal_charges_add_up_to_the_charge():
    for molecule in molecules().values():
        assert skeleton(molecule).formal_charges.sum() == molecule.charge


def test_a_molecule_that_no_force_field_knows_still_has_a_shape():
    pool = free_conformers(molecule_from_smiles("bromide", "[Br-:1]"))
    assert pool.positions_angstrom.shape[1:] == (1, 3)
    silane = free_conformers(molecule_from_smiles("silanolate", "[O-:1][Si](C)(C)C"))
    assert silane.positions_angstrom.shape[1:] == (14, 3)
