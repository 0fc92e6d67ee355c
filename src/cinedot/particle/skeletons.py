"""Skeletons: a molecule's atoms and what holds them, whatever its conformation."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from cinedot.particle.contacts import contact_radii
from cinedot.particle.molecules import Molecule, parsed
from cinedot.particle.relaxing import Springs

if TYPE_CHECKING:
    from rdkit.Chem import Atom

STIFF_BOND, STIFF_ANGLE, STIFF_PLANE, SOFT_TORSION = 300.0, 60.0, 20.0, 0.5
"""Of springs across one, two and three bonds; the last of a bond that turns."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Skeleton:
    """A molecule's atoms and how they hang together, whatever its conformation.

    Attributes:
        numbers: atomic numbers [atom].
        formal_charges: elementary charges [atom].
        bonds: pairs of atoms [bond, 2].
        donors: atoms that bind, the best first [donor].
        held: pairs that springs hold: bonded, across an angle, across a torsion [spring, 2].
        stiffness: of these springs [spring].
        centres: an atom with four neighbours, and three of these [centre, 4].
        planes: four atoms along a bond that does not turn [plane, 4].
        contact_radius_angstrom: see `contact_radii` [atom].
    """

    numbers: Int[np.ndarray, " atom"]
    formal_charges: Int[np.ndarray, " atom"]
    bonds: Int[np.ndarray, "bond 2"]
    donors: Int[np.ndarray, " donor"]
    held: Int[np.ndarray, "spring 2"]
    stiffness: Float[np.ndarray, " spring"]
    centres: Int[np.ndarray, "centre 4"]
    planes: Int[np.ndarray, "plane 4"]
    contact_radius_angstrom: Float[np.ndarray, " atom"]


@cache
def skeleton(molecule: Molecule) -> Skeleton:
    """The atoms of a molecule, in the order that all its conformers share."""
    from rdkit import Chem

    mol, donors = parsed(molecule)
    atoms: list[Atom] = list(mol.GetAtoms())
    near = [[other.GetIdx() for other in atom.GetNeighbors()] for atom in atoms]
    bonds = np.array(
        [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()], dtype=int
    ).reshape(-1, 2)
    numbers = np.array([atom.GetAtomicNum() for atom in atoms])
    stiffness = {(int(min(b)), int(max(b))): STIFF_BOND for b in bonds}
    for ring in near:
        for one, other in combinations(sorted(ring), 2):
            stiffness.setdefault((one, other), STIFF_ANGLE)
    planes: list[tuple[int, int, int, int]] = []
    for bond in mol.GetBonds():
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        rigid = bond.GetBondType() != Chem.BondType.SINGLE or bond.GetIsConjugated()
        for a in (a for a in near[i] if a != j):
            for b in (b for b in near[j] if b not in (i, a)):
                pair = (min(a, b), max(a, b))
                stiffness.setdefault(pair, STIFF_PLANE if rigid else SOFT_TORSION)
                if rigid:
                    planes.append((a, i, j, b))
    centres = [(at, *ring[:3]) for at, ring in enumerate(near) if len(ring) == 4]
    return Skeleton(
        numbers=numbers,
        formal_charges=np.array([atom.GetFormalCharge() for atom in atoms]),
        bonds=bonds,
        donors=np.array(donors, dtype=int),
        held=np.array(list(stiffness), dtype=int).reshape(-1, 2),
        stiffness=np.array(list(stiffness.values()), dtype=float),
        centres=np.array(centres, dtype=int).reshape(-1, 4),
        planes=np.array(planes, dtype=int).reshape(-1, 4),
        contact_radius_angstrom=contact_radii(numbers, bonds),
    )


def springs_of(frame: Skeleton, positions: Float[np.ndarray, "atom 3"]) -> Springs:
    """The springs that hold a molecule in the shape that it has now."""
    return Springs(
        pairs=frame.held,
        length_angstrom=pair_distances(positions, frame.held),
        stiffness=frame.stiffness,
    )


def pair_distances(
    positions: Float[np.ndarray, "*conformer atom 3"], pairs: Int[np.ndarray, "pair 2"]
) -> Float[np.ndarray, "*conformer pair"]:
    """Distances between atoms, of one set of positions or of many."""
    between = positions[..., pairs[:, 0], :] - positions[..., pairs[:, 1], :]
    return np.linalg.norm(between, axis=-1)


def plane_cosines(
    frame: Skeleton, positions: Float[np.ndarray, "*conformer atom 3"]
) -> Float[np.ndarray, "*conformer plane"]:
    """Cosines of the torsions about bonds that do not turn: 1 for cis, -1 for trans."""
    first, begin, end, last = (positions[..., frame.planes[:, at], :] for at in range(4))
    one, other = np.cross(first - begin, end - begin), np.cross(last - end, end - begin)
    length = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return (one * other).sum(axis=-1) / np.maximum(length, 1e-9)
