"""Shapes in space that a molecule takes, from RDKit."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.particle.molecules import Handedness, Molecule, parsed, written_hand
from cinedot.particle.skeletons import Skeleton, skeleton

if TYPE_CHECKING:
    from rdkit.Chem import Conformer, Mol

# A pool is data, not chance: the same in every process.
_SEED = 20
_EMBEDDED = 24
_POOL = 24
# Chains as they stand on a surface: mostly anti, now and then gauche (Flory's 0.5 kcal/mol would
# give 0.3 in the melt; packing and the wish for an extended layer ask for less).
_GAUCHE_SHARE = 0.1
_LONG_PATH = 6
_HOLD = 100.0
_DONOR_GAP_ANGSTROM = (2.5, 3.4)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conformers:
    """Conformations of one molecule.

    Attributes:
        skeleton: its atoms.
        positions_angstrom: the best first [conformer, atom, 3].
        metal_angstrom: the metal that its donors grip [conformer, 3]; None when free.
    """

    skeleton: Skeleton
    positions_angstrom: Float[np.ndarray, "conformer atom 3"]
    metal_angstrom: Float[np.ndarray, "conformer 3"] | None


@cache
def free_conformers(molecule: Molecule, hand: Handedness | None = None) -> Conformers:
    """Conformers of a molecule by itself: ETKDG, MMFF94 without charges, chains stretched out.

    Args:
        molecule: what it is.
        hand: its mirror image; None as its SMILES is written.

    Raises:
        InputError: RDKit finds no shape for it, or it has not one stereocentre but a hand.
    """
    frame = skeleton(molecule)
    mirror = mirror_of(molecule, hand)
    positions = embedded(molecule, 1) * mirror
    return Conformers(skeleton=frame, positions_angstrom=positions, metal_angstrom=None)


def mirror_of(molecule: Molecule, hand: Handedness | None) -> Float[np.ndarray, " 3"]:
    """What to multiply places by, that the SMILES's hand becomes the one asked for."""
    written = written_hand(molecule)
    if hand is not None and written is None:
        raise InputError(
            f"{molecule.name} must have exactly one stated stereocentre to be {hand.value}, "
            "but has not.",
            remedy="Leave its handedness open, or mark the centre by @ in its SMILES.",
        )
    return np.array([-1.0 if hand not in (None, written) else 1.0, 1.0, 1.0])


@cache
def embedded(molecule: Molecule, donors: int) -> Float[np.ndarray, "conformer atom 3"]:
    """Embedded, relaxed, stretched; donors 1..k near each other when they shall share a metal."""
    from rdkit import Chem
    from rdkit.Chem import rdDistGeom
    from rdkit.rdBase import BlockLogs

    shared, sites = parsed(molecule)
    mol = Chem.Mol(shared)
    path = _longest_path(mol, sites[0])
    turning = _turning_bonds(mol, path, sites[:donors])
    is_chain = len(turning) >= _LONG_PATH
    settings = rdDistGeom.ETKDGv3()
    settings.randomSeed = _SEED
    if donors > 1:
        settings.SetBoundsMat(_close_bounds(mol, sites[:donors]))
    with BlockLogs():
        rdDistGeom.EmbedMultipleConfs(mol, 4 if is_chain else _EMBEDDED, settings)
    if not mol.GetNumConformers():
        raise InputError(
            f"{molecule.name} must have a shape in space, but RDKit finds none for "
            f"{molecule.smiles!r}.",
            remedy="Check the SMILES.",
        )
    _settle(mol, sites[:donors])
    found = list(mol.GetConformers())
    if not is_chain:
        return np.array([conformer.GetPositions() for conformer in found])
    return _stretched(found, turning, skeleton(molecule), (sites[0], path[-1]))


def _settle(mol: "Mol", near: tuple[int, ...]) -> None:
    """To the nearest minimum of MMFF94 (UFF where that lacks a type), charges left out.

    Atoms that are near each other are kept so where MMFF94 is used.
    """
    from rdkit.Chem import rdForceFieldHelpers as fields

    known = fields.MMFFHasAllMoleculeParams(mol)
    terms = fields.MMFFGetMoleculeProperties(mol) if known else None
    if terms is not None:
        terms.SetMMFFEleTerm(False)
    for conformer in mol.GetConformers():
        at = conformer.GetId()
        if terms is not None:
            field = fields.MMFFGetMoleculeForceField(mol, terms, confId=at)
            field.Initialize()
            for one, other in combinations(near, 2):
                apart = float(
                    np.linalg.norm(np.ptp(conformer.GetPositions()[[one, other]], axis=0))
                )
                field.MMFFAddDistanceConstraint(one, other, False, apart, apart, _HOLD)
        elif fields.UFFHasAllMoleculeParams(mol):
            field = fields.UFFGetMoleculeForceField(mol, confId=at)
        else:
            return
        field.Initialize()
        field.Minimize(maxIts=500)


def _close_bounds(mol: "Mol", donors: tuple[int, ...]) -> Float[np.ndarray, "atom atom"]:
    """RDKit's distance bounds, narrowed so that the donors can share a metal atom."""
    from rdkit.Chem import rdDistGeom

    bounds = rdDistGeom.GetMoleculeBoundsMatrix(mol)
    least, most = _DONOR_GAP_ANGSTROM
    for low, high in combinations(sorted(donors), 2):
        # Upper bounds stand above the diagonal, lower ones below.
        bounds[high, low] = min(max(bounds[high, low], least), bounds[low, high])
        bounds[low, high] = max(min(bounds[low, high], most), bounds[high, low])
    return bounds


def _longest_path(mol: "Mol", start: int) -> list[int]:
    """From an atom to the heavy atom that is the most bonds away."""
    from rdkit import Chem

    far = Chem.GetDistanceMatrix(mol)[start]
    heavy = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() > 1]
    end = max(heavy, key=lambda atom: far[atom])
    return [start] if end == start else list(Chem.GetShortestPath(mol, start, end))


def _turning_bonds(
    mol: "Mol", path: list[int], donors: tuple[int, ...]
) -> list[tuple[tuple[int, int, int, int], bool]]:
    """Torsions along the path that turn freely, and whether both middle atoms are sp3."""
    from rdkit import Chem

    inner = {
        atom
        for one, other in combinations(donors, 2)
        for atom in Chem.GetShortestPath(mol, one, other)
    }
    found: list[tuple[tuple[int, int, int, int], bool]] = []
    for a, b, c, d in zip(path, path[1:], path[2:], path[3:], strict=False):
        bond = mol.GetBondBetweenAtoms(b, c)
        single = bond.GetBondType() == Chem.BondType.SINGLE and not bond.GetIsConjugated()
        if single and not bond.IsInRing() and not {b, c} <= inner:
            kinds = [mol.GetAtomWithIdx(at).GetHybridization() for at in (b, c)]
            both_sp3 = all(kind == Chem.HybridizationType.SP3 for kind in kinds)
            found.append(((a, b, c, d), both_sp3))
    return found


def _stretched(
    conformers: "list[Conformer]",
    turning: list[tuple[tuple[int, int, int, int], bool]],
    frame: Skeleton,
    ends: tuple[int, int],
) -> Float[np.ndarray, "conformer atom 3"]:
    """Chains with their torsions drawn anew, mostly anti; the longest without self-contact."""
    from rdkit.Chem import rdMolTransforms

    rng = np.random.default_rng(_SEED)
    drawn = list[Float[np.ndarray, "atom 3"]]()
    for trial in range(4 * _POOL):
        conformer = conformers[trial % len(conformers)]
        for torsion, both_sp3 in turning:
            side = 1.0 if rng.random() < 0.5 else -1.0
            if not both_sp3:
                angle = side * rng.normal(115.0, 12.0)
            elif rng.random() < _GAUCHE_SHARE:
                angle = side * rng.normal(66.0, 6.0)
            else:
                angle = rng.normal(180.0, 6.0)
            rdMolTransforms.SetDihedralDeg(conformer, *torsion, float(angle))
        drawn.append(conformer.GetPositions())
    positions = np.array(drawn)
    clear = np.array([_self_contact(frame, one) < 0.4 for one in positions])
    kept = positions[clear] if clear.any() else positions
    length = np.linalg.norm(kept[:, ends[1]] - kept[:, ends[0]], axis=1)
    return kept[np.argsort(-length, kind="stable")[:_POOL]]


def _self_contact(frame: Skeleton, positions: Float[np.ndarray, "atom 3"]) -> float:
    """The deepest overlap of two atoms that no spring holds, angstrom."""
    apart = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    reach = frame.contact_radius_angstrom[:, None] + frame.contact_radius_angstrom[None]
    overlap = reach - apart
    overlap[frame.held[:, 0], frame.held[:, 1]] = 0.0
    return float(np.triu(np.where(np.tri(len(apart)) > 0, 0.0, overlap)).max(initial=0.0))
