"""Molecules: the forms of ligands and organic ions, as SMILES whose donors are numbered."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from cinedot.core import InputError
from cinedot.core.files import sourced_text
from cinedot.core.nearest import did_you_mean

if TYPE_CHECKING:
    from rdkit.Chem import Mol


class Handedness(Enum):
    """Which mirror image of a molecule with one stereocentre (Cahn, Ingold, Prelog)."""

    R = "R"
    S = "S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Molecule:
    """One form of a molecule: its protonation state is part of it.

    Atoms are counted as RDKit does: those of the SMILES in their order, then the hydrogens.

    Attributes:
        name: as in "malate", "OAMH+", "MA".
        charge: net charge in elementary charges, with its sign.
        smiles: structure; atoms mapped 1..k are donors, the best first.
    """

    name: str
    charge: int
    smiles: str


@cache
def molecules() -> Mapping[tuple[str, int], Molecule]:
    """Every molecule that the package knows, by name and charge."""
    rows = tomllib.loads(sourced_text("cinedot.particle", "molecules.toml").text)["molecule"]
    return MappingProxyType({(row["name"], row["charge"]): Molecule(**row) for row in rows})


def molecule_named(name: str, charge: int) -> Molecule:
    """The known molecule of that name in the form of that charge.

    Raises:
        InputError: no such name (names the nearest), or no such charge (names those known).

    Example:
        >>> molecule_named("malate", -2).smiles
        '[O-:1]C(=O)[C@@H]([OH:2])CC(=O)[O-:3]'
    """
    known = molecules()
    if (name, charge) in known:
        return known[name, charge]
    charges = [form for other, form in known if other == name]
    if charges:
        raise InputError(
            f"{name} must have a known charge, but {charge:+d} was asked for.",
            remedy=f"Known: {', '.join(f'{form:+d}' for form in charges)}; "
            "state any other form by its SMILES.",
        )
    names = list(dict.fromkeys(other for other, _ in known))
    raise InputError(
        f"a molecule must be a known one, but is {name!r}.",
        remedy=f"{did_you_mean(name, names)}Known: {', '.join(names)}; "
        "state any other by its SMILES.",
    )


def molecule_from_smiles(name: str, smiles: str) -> Molecule:
    """A molecule of one's own; its charge is that of the SMILES.

    Args:
        name: what to call it.
        smiles: structure, with its donor atoms mapped 1..k, the best first: "[O-:1]C(=O)C".

    Raises:
        InputError: not a SMILES, several molecules in it, or donors not mapped 1..k.

    Example:
        >>> molecule_from_smiles("acetate", "[O-:1]C(=O)C").charge
        -1
    """
    from rdkit import Chem
    from rdkit.rdBase import BlockLogs

    place = f"molecule {name}"
    with BlockLogs():
        mol = cast("Mol | None", Chem.MolFromSmiles(smiles))
    if mol is None or mol.GetNumAtoms() == 0:
        raise InputError(
            f"`smiles` must be a SMILES, but is {smiles!r}.",
            remedy='An example is "[O-:1]C(=O)C" for acetate.',
            place=place,
        )
    pieces = len(Chem.GetMolFrags(mol))
    if pieces > 1:
        raise InputError(
            f"`smiles` must be one molecule, but {smiles!r} holds {pieces}.",
            remedy="State each by itself; a counter-ion is not part of the ligand.",
            place=place,
        )
    maps = sorted(atom.GetAtomMapNum() for atom in mol.GetAtoms() if atom.GetAtomMapNum())
    if not maps or maps != list(range(1, len(maps) + 1)):
        found = f"are mapped {maps}" if maps else "carry no map"
        raise InputError(
            f"the donor atoms of `smiles` must be mapped 1, 2, ..., but {found} in {smiles!r}.",
            remedy='Write the atom that binds as in "[O-:1]C(=O)C".',
            place=place,
        )
    return Molecule(name=name, charge=Chem.GetFormalCharge(mol), smiles=smiles)


def donor_count(molecule: Molecule) -> int:
    """How many atoms of a molecule are mapped as donors.

    Example:
        >>> donor_count(molecule_named("malate", -2))
        3
    """
    # Read from the text, where a map ends a bracket atom: known molecules then need no RDKit.
    return len(re.findall(r":0*[1-9]\d*\]", molecule.smiles))


def element_counts(molecule: Molecule) -> dict[str, int]:
    """How many atoms of each element a molecule has, carbon and hydrogen first (Hill).

    Example:
        >>> element_counts(molecule_named("malate", -1))
        {'C': 4, 'H': 5, 'O': 5}
    """
    mol, _ = parsed(molecule)
    counts = Counter(atom.GetSymbol() for atom in mol.GetAtoms())
    order = sorted(counts, key=lambda element: ({"C": 0, "H": 1}.get(element, 2), element))
    return {element: counts[element] for element in order}


@cache
def parsed(molecule: Molecule) -> tuple["Mol", tuple[int, ...]]:
    """RDKit's molecule with hydrogens, and its donors' indices in the order of their maps.

    Where a stereocentre or double bond is left open, RDKit's first choice is taken. Not to be
    written into: every caller gets the same one.
    """
    from rdkit import Chem

    mol = Chem.MolFromSmiles(molecule.smiles)
    maps = {atom.GetAtomMapNum(): atom.GetIdx() for atom in mol.GetAtoms()}
    donors = tuple(maps[number] for number in sorted(maps) if number > 0)
    # Map numbers would enter the Cahn-Ingold-Prelog ranking.
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    return Chem.AddHs(mol), donors


def written_hand(molecule: Molecule) -> Handedness | None:
    """The hand in which a molecule's SMILES is written; None without one stated stereocentre.

    Example:
        >>> written_hand(molecule_named("malate", -1)).value, written_hand(molecule_named("MA", 1))
        ('S', None)
    """
    from rdkit import Chem

    centres = Chem.FindMolChiralCenters(parsed(molecule)[0], includeUnassigned=True)
    if len(centres) != 1 or centres[0][1] == "?":
        return None
    return Handedness(centres[0][1])
