"""Ligands from elements: acids from their oxygen, ammonium from the balance of charges."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float

from cinedot.composition.atom_counts import PER_METALS, AtomCounts
from cinedot.core import Estimate
from cinedot.particle import Acid
from cinedot.particle.molecules import molecule_named
from cinedot.particle.plan import METAL_CHARGE

HALIDES = ("Cl", "Br", "I")
_OXYGEN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ligands:
    """Acids and ammonium for every 64 metal atoms.

    Attributes:
        acid: molecules of the acid; None where no oxygen was quantified.
        ammonium: monovalent cations that the balance of charges asks for beside the A ions that
            were seen; a lower limit where the acid is not known; None where no halide was
            quantified, since nothing is balanced then.
        weights: [(acid, ammonium), element] of the counts that these are linear in.
    """

    acid: Estimate | None
    ammonium: Estimate | None
    weights: Float[np.ndarray, "2 element"]


@cache
def oxygens_in(acid: Acid) -> int:
    """Oxygen atoms of one molecule of an acid.

    Example:
        >>> from cinedot.particle import compound_named
        >>> [oxygens_in(compound_named(name).acid) for name in ("mla-cs", "oa-ma")]
        [5, 2]
    """
    from rdkit import Chem

    smiles = acid.smiles or molecule_named(acid.ion, -acid.charge).smiles
    return sum(atom.GetAtomicNum() == _OXYGEN for atom in Chem.MolFromSmiles(smiles).GetAtoms())


def balanced_ligands(
    counts: AtomCounts,
    *,
    a_ion: str,
    oxygens: int,
    charge: int,
    oxygen_background: float = 0.0,
    background_sigma: float = 0.0,
) -> Ligands:
    """Acids by their oxygen, N = (N_O - background)/oxygens, and ammonium by neutrality.

    N_ammonium = N_halide + z N_acid - 2 N_metal - N_A. All errors are linear in the counts, so the
    covariance of the counts passes on: an acid too many is an ammonium too many for each charge.

    Args:
        counts: atoms per 64 metal atoms.
        a_ion: the A ion's element; one that was not quantified (an organic ion) is part of the
            cations that the balance asks for.
        oxygens: oxygen atoms of one acid.
        charge: z, negative charges of each bound acid.
        oxygen_background: oxygen that is not the acids', atoms per 64 metal atoms.
        background_sigma: its standard deviation.

    Source: science.md 2.4 and 7.

    Example:
        >>> from cinedot.composition.atomic_percents import AtomicPercents
        >>> from cinedot.composition.atom_counts import count_atoms
        >>> two = AtomicPercents(elements=("Cs", "Pb", "Br", "O"), label="2, model",
        ...                      percents=np.array([[14.72, 16.24, 58.88, 10.15]]))
        >>> found = balanced_ligands(count_atoms(two), a_ion="Cs", oxygens=5, charge=1)
        >>> round(found.acid.value, 1), round(found.ammonium.value)
        (8.0, 54)
    """
    weights = np.zeros((2, len(counts.elements)))
    for k, element in enumerate(counts.elements):
        if element == "O":
            weights[0, k] = 1 / oxygens
        if element in HALIDES:
            weights[1, k] += 1
        if element == a_ion:
            weights[1, k] -= 1
    weights[1] += charge * weights[0]
    acids, cations = (weights @ counts.values).tolist()
    seen = "O" in counts.elements
    acids -= oxygen_background / oxygens
    cations -= charge * oxygen_background / oxygens if seen else 0.0
    spread: list[float | None] = [None, None]
    if counts.covariance is not None:
        variance = np.diag(weights @ counts.covariance @ weights.T)
        of_background = (background_sigma / oxygens) ** 2 * np.array([1.0, charge**2]) * seen
        spread = np.sqrt(variance + of_background).tolist()
    ammonium = Estimate(
        value=cations - METAL_CHARGE * PER_METALS,
        sigma=spread[1],
        unit="",
        method=f"charge balance, z = {charge}" if seen else "charge balance, acids not counted",
        status="ok" if seen else "lower_limit",
    )
    acid = Estimate(value=acids, sigma=spread[0], unit="", method=f"oxygen over {oxygens}")
    balanced = any(element in HALIDES for element in counts.elements)
    return Ligands(
        acid=acid if seen else None, ammonium=ammonium if balanced else None, weights=weights
    )
