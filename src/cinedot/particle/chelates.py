"""Conformers that grip one metal atom by several donors."""

from functools import cache

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.particle.conformers import Conformers, embedded, mirror_of
from cinedot.particle.molecules import Handedness, Molecule
from cinedot.particle.relaxing import Springs, relaxed
from cinedot.particle.skeletons import (
    STIFF_ANGLE,
    STIFF_BOND,
    Skeleton,
    pair_distances,
    plane_cosines,
    skeleton,
    springs_of,
)

BOND_ANGSTROM = 2.5
"""Length of the bond from the metal to a donor (Pb-O 2.4-2.6, science.md 2.4)."""
BOND_TOLERANCE_ANGSTROM = 0.1

_METAL_RADIUS_ANGSTROM = 1.3
_METAL_CLEARANCE_ANGSTROM = 2.55
# Across an angle, along a bond.
_STRAIN_ANGSTROM = np.array([0.25, 0.07])
_STRAIN_COSINE = 0.25


@cache
def gripping_conformers(
    molecule: Molecule, donors: int, hand: Handedness | None = None
) -> Conformers:
    """Conformers whose first donors all reach one metal atom at 2.5 angstrom, give or take 0.1.

    Distance-geometry conformers with the donors near each other, then a relaxation with the
    metal bound to all of them (`relaxed`); those in which the metal lies among other atoms of
    the molecule are dropped.

    Raises:
        InputError: too few donors, or no conformer that grips.
    """
    ligands, metals = _all_gripping(molecule, donors)
    mirror = mirror_of(molecule, hand)
    return Conformers(
        skeleton=skeleton(molecule),
        positions_angstrom=ligands * mirror,
        metal_angstrom=metals * mirror,
    )


@cache
def _all_gripping(
    molecule: Molecule, donors: int
) -> tuple[Float[np.ndarray, "conformer atom 3"], Float[np.ndarray, "conformer 3"]]:
    """Ligands as the SMILES is written, and the metal of each."""
    frame = skeleton(molecule)
    if len(frame.donors) < donors:
        raise InputError(
            f"{molecule.name} must have {donors} mapped donors to bind by {donors}, "
            f"but has {len(frame.donors)}.",
            remedy="Map more donor atoms in its SMILES, or bind it by fewer.",
        )
    free = embedded(molecule, 1)
    tried = (_gripped(frame, start, donors) for start in embedded(molecule, donors))
    good = [
        (ligand, metal)
        for ligand, metal in tried
        if _grips(frame, ligand, metal, donors) and _is_unstrained(frame, ligand, free)
    ]
    if not good:
        raise InputError(
            f"{molecule.name} ({molecule.charge:+d}) must reach one metal atom by {donors} donors "
            f"at {BOND_ANGSTROM} angstrom, but cannot.",
            remedy="Bind it by fewer donors, or map others.",
        )
    return np.array([ligand for ligand, _ in good]), np.array([metal for _, metal in good])


def _gripped(
    frame: Skeleton, start: Float[np.ndarray, "atom 3"], donors: int
) -> tuple[Float[np.ndarray, "atom 3"], Float[np.ndarray, " 3"]]:
    """Ligand and metal after the metal, set outside the donors, was bound to all of them."""
    sites = frame.donors[:donors]
    middle = start[sites].mean(axis=0)
    others = np.setdiff1d(np.flatnonzero(frame.numbers > 1), sites)
    away = middle - start[others].mean(axis=0)
    metal = middle + 1.8 * away / max(float(np.linalg.norm(away)), 1e-6)
    own = springs_of(frame, start)
    last = len(start)
    bound = np.stack([sites, np.full(donors, last)], axis=1)
    springs = Springs(
        pairs=np.concatenate([own.pairs, bound]),
        length_angstrom=np.concatenate([own.length_angstrom, np.full(donors, BOND_ANGSTROM)]),
        stiffness=np.concatenate([own.stiffness, np.full(donors, STIFF_ANGLE)]),
    )
    moved = relaxed(
        np.concatenate([start, metal[None]]),
        free=np.ones(last + 1, dtype=bool),
        contact_radius_angstrom=np.append(frame.contact_radius_angstrom, _METAL_RADIUS_ANGSTROM),
        springs=springs,
    )
    return moved[:last], moved[last]


def _grips(
    frame: Skeleton,
    ligand: Float[np.ndarray, "atom 3"],
    metal: Float[np.ndarray, " 3"],
    donors: int,
) -> bool:
    sites = frame.donors[:donors]
    apart = np.linalg.norm(ligand - metal, axis=1)
    others = np.delete(apart, sites)
    near_enough = np.abs(apart[sites] - BOND_ANGSTROM).max() < BOND_TOLERANCE_ANGSTROM * 0.9
    return bool(near_enough and others.min(initial=np.inf) > _METAL_CLEARANCE_ANGSTROM)


def _is_unstrained(
    frame: Skeleton,
    ligand: Float[np.ndarray, "atom 3"],
    free: Float[np.ndarray, "conformer atom 3"],
) -> bool:
    """Whether bonds, angles and planes are much as in the free molecule."""
    near = frame.stiffness >= STIFF_ANGLE
    pairs, tolerance = (
        frame.held[near],
        _STRAIN_ANGSTROM[(frame.stiffness[near] == STIFF_BOND).astype(int)],
    )
    usual = pair_distances(free, pairs).mean(axis=0)
    planar = np.abs(plane_cosines(frame, free)).min(axis=0) - _STRAIN_COSINE
    return bool(
        np.all(np.abs(pair_distances(ligand, pairs) - usual) < tolerance)
        and np.all(np.abs(plane_cosines(frame, ligand)) > planar)
    )
