"""The point-charge energy of filling some of a dot's surface A sites."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.distance import cdist

from cinedot.core import InputError
from cinedot.core.constants import COULOMB_EV_ANGSTROM

_NEAREST_ANGSTROM = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class FillingEnergy:
    """What it costs to fill candidate sites, each with one charge +1, in vacuum.

    Attributes:
        phi_ev: energy of each candidate's charge in the field of the fixed charges, eV.
        pair_ev: repulsion of each two candidates, both filled, eV; 0 on the diagonal.
    """

    phi_ev: Float[np.ndarray, " candidate"]
    pair_ev: Float[np.ndarray, "candidate candidate"]

    def __post_init__(self) -> None:
        # One object serves every draw of an ensemble, so none may write into it.
        self.phi_ev.flags.writeable = False
        self.pair_ev.flags.writeable = False

    def __len__(self) -> int:
        return len(self.phi_ev)


def filling_energy(
    candidates_angstrom: Float[np.ndarray, "candidate 3"],
    fixed_angstrom: Float[np.ndarray, "fixed 3"],
    fixed_charges: Float[np.ndarray, " fixed"],
) -> FillingEnergy:
    """Coulomb's law summed directly over a free cluster of point charges.

    Nothing is screened and nothing relaxes, so the order of sites is meaningful, the size of
    the energies is not; `Boltzmann` divides them by a relative permittivity. Source: science.md
    2.2.

    Args:
        candidates_angstrom: where an A ion (+1) may or may not sit, angstrom [candidate, 3].
        fixed_angstrom: where charges sit in any case, angstrom [fixed, 3].
        fixed_charges: their charges in units of e [fixed].

    Raises:
        InputError: a position or a charge that is no finite number; two charges in one place.

    Example:
        >>> ion, halide = np.array([[0.0, 0, 0]]), np.array([[0.0, 0, 2]])
        >>> round(float(filling_energy(ion, halide, np.array([-1.0])).phi_ev[0]), 4)
        -7.1998
    """
    for name, values in (
        ("candidates_angstrom", candidates_angstrom),
        ("fixed_angstrom", fixed_angstrom),
        ("fixed_charges", fixed_charges),
    ):
        if not np.isfinite(values).all():
            raise InputError(f"`{name}` must be finite numbers.", remedy="Remove NaN and infinity.")
    to_fixed = cdist(candidates_angstrom, fixed_angstrom)
    apart = cdist(candidates_angstrom, candidates_angstrom)
    np.fill_diagonal(apart, np.inf)
    nearest = min(to_fixed.min(initial=np.inf), apart.min(initial=np.inf))
    if nearest < _NEAREST_ANGSTROM:
        raise InputError(
            f"charges must be at least {_NEAREST_ANGSTROM} angstrom apart, "
            f"but two are {nearest:.3g} apart.",
            remedy="Give each place to one charge, as candidate or as fixed.",
        )
    return FillingEnergy(
        phi_ev=COULOMB_EV_ANGSTROM * (fixed_charges / to_fixed).sum(axis=1),
        pair_ev=COULOMB_EV_ANGSTROM / apart,
    )


def energy_ev(filling: FillingEnergy, filled: Bool[np.ndarray, " candidate"]) -> float:
    """E(x) = sum phi_i x_i + 1/2 sum x_i W_ij x_j, eV; the fixed charges' own energy left out.

    Args:
        filling: the candidates' energies.
        filled: which of them hold an ion [candidate].

    Example:
        >>> two = filling_energy(np.array([[0.0, 0, 0], [0, 0, 2]]), np.ones((1, 3)), np.zeros(1))
        >>> round(energy_ev(two, np.array([True, True])), 4)
        7.1998
    """
    return float(filling.phi_ev[filled].sum() + filling.pair_ev[np.ix_(filled, filled)].sum() / 2)


def field_ev(
    filling: FillingEnergy, filled: Bool[np.ndarray, "*many candidate"]
) -> Float[np.ndarray, "*many candidate"]:
    """Energy of an ion on each candidate among the other filled ones, h = phi + W x, eV."""
    return filling.phi_ev + filled @ filling.pair_ev
