"""Known molecules against their formulas and masses; SMILES of one's own, taken or refused."""

import numpy as np
import pytest
from ase.data import atomic_masses, atomic_numbers

from cinedot.core import InputError
from cinedot.particle.molecules import (
    element_counts,
    molecule_from_smiles,
    molecule_named,
    molecules,
    written_hand,
)


@pytest.mark.parametrize(
    ("name", "charge", "formula", "mass"),
    [
        # Masses added up from the IUPAC 2021 abridged atomic weights, g/mol.
        ("malate", -1, {"C": 4, "H": 5, "O": 5}, 133.079),
        ("malate", -2, {"C": 4, "H": 4, "O": 5}, 132.071),
        ("malate", -3, {"C": 4, "H": 3, "O": 5}, 131.063),
        ("oleate", -1, {"C": 18, "H": 33, "O": 2}, 281.460),
        ("OAMH+", 1, {"C": 18, "H": 38, "N": 1}, 268.509),
        ("MA", 1, {"C": 1, "H": 6, "N": 1}, 32.066),
        ("FA", 1, {"C": 1, "H": 5, "N": 2}, 45.065),
        ("lactate", -1, {"C": 3, "H": 5, "O": 3}, 89.070),
        ("succinate", -1, {"C": 4, "H": 5, "O": 4}, 117.080),
        ("succinate", -2, {"C": 4, "H": 4, "O": 4}, 116.072),
        ("octanoate", -1, {"C": 8, "H": 15, "O": 2}, 143.206),
        ("octylammonium", 1, {"C": 8, "H": 20, "N": 1}, 130.255),
    ],
)
def test_formula_and_mass(name, charge, formula, mass):
    counts = element_counts(molecule_named(name, charge))
    assert counts == formula
    found = sum(atomic_masses[atomic_numbers[element]] * n for element, n in counts.items())
    # The atomic weights are given to 0.001 an atom of carbon; 0.01 tells any atom more or less.
    assert found == pytest.approx(mass, abs=0.01)


def test_every_stated_charge_is_that_of_its_smiles_and_every_name_is_covered_above():
    for (name, charge), molecule in molecules().items():
        assert molecule_from_smiles(name, molecule.smiles) == molecule
        assert molecule.charge == charge
    assert len(molecules()) == 12


@pytest.mark.parametrize("charge", [-1, -2, -3])
def test_malate_is_written_as_the_natural_enantiomer(charge):
    from rdkit import Chem
    from rdkit.Chem import rdCIPLabeler

    molecule = molecule_named("malate", charge)
    assert written_hand(molecule).value == "S"
    # RDKit's second, independent implementation of the ranking rules.
    mol = Chem.MolFromSmiles(molecule.smiles)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    rdCIPLabeler.AssignCIPLabels(mol)
    labels = [atom.GetProp("_CIPCode") for atom in mol.GetAtoms() if atom.HasProp("_CIPCode")]
    assert labels == ["S"]


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(InputError, match=r"'maleate'\. Did you mean malate\?"):
        molecule_named("maleate", -1)


def test_an_unknown_charge_is_told_the_known_ones():
    with pytest.raises(InputError, match=r"malate must .* \+1 .* Known: -1, -2, -3;"):
        molecule_named("malate", 1)


@pytest.mark.parametrize(
    ("smiles", "complaint"),
    [
        ("[O-:1]C(=O", "must be a SMILES"),
        ("", "must be a SMILES"),
        ("C1CC", "must be a SMILES"),
        ("C[O-:1](C)(C)C", "must be a SMILES"),
        ("CC(=O)[O-]", "carry no map"),
        ("CC(=O)[O-:2]", r"are mapped \[2\]"),
        ("[O:1]=C[O-:1]", r"are mapped \[1, 1\]"),
        ("[O-:1]C(=O)C.[Na+]", "one molecule, but .* holds 2"),
    ],
)
def test_a_smiles_of_ones_own_is_refused_in_one_line(smiles, complaint, capfd):
    with pytest.raises(InputError, match=complaint) as fault:
        molecule_from_smiles("mine", smiles)
    assert "\n" not in str(fault.value)
    assert str(fault.value).startswith("molecule mine: ")
    # RDKit writes its own complaint to standard error unless it is told not to.
    assert capfd.readouterr() == ("", "")


def test_a_smiles_of_ones_own_keeps_its_charge():
    phosphonate = molecule_from_smiles("hexylphosphonate", "[O-:1]P(=O)([O-:2])CCCCCC")
    assert phosphonate.charge == -2
    assert element_counts(phosphonate) == {"C": 6, "H": 13, "O": 3, "P": 1}


def test_parsed_molecules_leave_no_map_numbers_behind():
    from cinedot.particle.molecules import parsed

    mol, donors = parsed(molecule_named("malate", -2))
    assert not any(atom.GetAtomMapNum() for atom in mol.GetAtoms())
    symbols = [mol.GetAtomWithIdx(donor).GetSymbol() for donor in donors]
    assert symbols == ["O", "O", "O"]
    assert len(np.unique(donors)) == 3
