"""How close two atoms may stand: the hard rule of covalent radii, the soft one of contact radii."""

from types import MappingProxyType

import numpy as np
from ase.data import covalent_radii
from jaxtyping import Float, Int
from scipy.spatial import KDTree

CLOSEST_RATIO = 0.8
"""No two atoms may be closer than this share of the sum of their covalent radii."""

# van der Waals radii: Bondi, J. Phys. Chem. 68, 441 (1964), of what ligands are made of and the
# halides; of the metals Shannon's ionic radii, Acta Cryst. A32, 751 (1976): Cs+ twelve-fold,
# Pb2+ six-fold. Any other element has its covalent radius.
_RADIUS_ANGSTROM = MappingProxyType(
    {1: 1.20, 6: 1.70, 7: 1.55, 8: 1.52, 9: 1.47, 14: 2.10, 15: 1.80, 16: 1.80}
    | {17: 1.75, 35: 1.85, 53: 1.98, 55: 1.88, 82: 1.19}
)
# A hydrogen on N or O comes nearer to O and to halides: a hydrogen bond.
_POLAR_HYDROGEN_ANGSTROM = 1.00
# Neighbouring chains in crystals stand somewhat closer than the sum of Bondi's radii.
_SOFT = 0.88


def contact_radii(
    numbers: Int[np.ndarray, " atom"], bonds: Int[np.ndarray, "bond 2"]
) -> Float[np.ndarray, " atom"]:
    """Radii at whose sum, at least, two atoms that are not bonded should stand, angstrom [atom].

    Args:
        numbers: atomic numbers [atom].
        bonds: who is bonded to whom; a hydrogen on N or O counts as smaller [bond, 2].

    Example:
        >>> contact_radii(np.array([6, 1, 8, 1]), np.array([[0, 1], [0, 2], [2, 3]])).round(2)
        array([1.5 , 1.06, 1.34, 0.88])
    """
    radii = np.array([_RADIUS_ANGSTROM.get(int(z), float(covalent_radii[z])) for z in numbers])
    both = np.concatenate([bonds, bonds[:, ::-1]]).astype(int)
    polar = (numbers[both[:, 0]] == 1) & np.isin(numbers[both[:, 1]], (7, 8))
    radii[both[polar, 0]] = _POLAR_HYDROGEN_ANGSTROM
    return _SOFT * radii


def closest_pair(
    numbers: Int[np.ndarray, " atom"], positions_angstrom: Float[np.ndarray, "atom 3"]
) -> tuple[int, int] | None:
    """The two atoms closest for their radii, if closer than `CLOSEST_RATIO` allows, else None.

    Example:
        >>> closest_pair(np.array([35, 55]), np.array([[0., 0, 0], [2.0, 0, 0]]))
        (0, 1)
        >>> closest_pair(np.array([35, 55]), np.array([[0., 0, 0], [4.0, 0, 0]]))
    """
    pairs, ratio = covalent_ratios(numbers, positions_angstrom)
    if ratio.min(initial=1.0) >= CLOSEST_RATIO:
        return None
    one, other = pairs[int(ratio.argmin())].tolist()
    return one, other


def covalent_ratios(
    numbers: Int[np.ndarray, " atom"], positions_angstrom: Float[np.ndarray, "atom 3"]
) -> tuple[Int[np.ndarray, "pair 2"], Float[np.ndarray, " pair"]]:
    """Pairs closer than the sum of their covalent radii, and their distance as a share of it.

    Radii: Cordero et al., Dalton Trans. 2832 (2008), as in ase.

    Returns:
        pairs [pair, 2]; ratios below 1 [pair]. Bonded pairs are among them, with 0.85 or more.

    Example:
        >>> pairs, ratio = covalent_ratios(np.array([6, 8]), np.array([[0., 0, 0], [1.13, 0, 0]]))
        >>> pairs.tolist(), ratio.round(3).tolist()
        ([[0, 1]], [0.796])
    """
    if not len(numbers):
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0)
    radii = covalent_radii[numbers]
    pairs = KDTree(positions_angstrom).query_pairs(2 * float(radii.max()), output_type="ndarray")
    apart = np.linalg.norm(
        positions_angstrom[pairs[:, 0]] - positions_angstrom[pairs[:, 1]], axis=1
    )
    ratio = apart / radii[pairs].sum(axis=1)
    near = ratio < 1
    return pairs[near], ratio[near]
