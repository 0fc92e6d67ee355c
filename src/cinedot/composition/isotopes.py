"""Isotope patterns: where an ion's peaks stand, and how high.

IsoSpec lists the isotopologues; those that the instrument cannot part are one peak here.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float

from cinedot.composition.ions import ELECTRON_DA, Ion
from cinedot.core import InputError

RESOLVING_POWER = 20_000.0
"""m/z over the width of a peak, of an ordinary time-of-flight instrument: an assumption."""
_FINEST = 0.01
"""Isotopologues below this share of the least peak are left out; hundreds may share a peak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsotopePattern:
    """The peaks of one ion.

    Attributes:
        mz: mass over charge, increasing, Da per elementary charge.
        height: of each peak, the highest being 1.
    """

    mz: Float[np.ndarray, " peak"]
    height: Float[np.ndarray, " peak"]

    @property
    def base(self) -> int:
        """Which peak is the highest."""
        return int(np.argmax(self.height))

    @property
    def base_mz(self) -> float:
        """Where the highest peak stands."""
        return float(self.mz[self.base])

    def shifted(self, by: float) -> "IsotopePattern":
        """The same pattern elsewhere, m/z."""
        return IsotopePattern(mz=self.mz + by, height=self.height)


def isotope_pattern(
    ion: Ion, *, resolving_power: float = RESOLVING_POWER, least: float = 1e-3
) -> IsotopePattern:
    """The isotope pattern of an ion, at natural abundances.

    m/z is (sum of isotope masses - charge x electron mass) / |charge|. Isotopologues nearer to the
    next than m/z over the resolving power are one peak, at their weighted mean: grouped by
    distance, never by rounding, since heavy ions have mass defects near -1. Lead's abundances
    differ between ores by several percent, more than the numbers here suggest.

    Args:
        ion: whose.
        resolving_power: m/z over the width of a peak; above 0.
        least: peaks lower than this share of the highest are left out.

    Raises:
        InputError: an element without stable isotopes.

    Source: science.md 5; M. K. Lacki et al., Anal. Chem. 92 (2020) 9472 (IsoSpec).

    Example:
        >>> from cinedot.composition import ion_of
        >>> pattern = isotope_pattern(ion_of("PbBr3", -1), resolving_power=5000)
        >>> round(pattern.base_mz, 3)
        446.729
    """
    from IsoSpecPy import IsoThreshold

    try:
        found = IsoThreshold(
            formula=_spelled(ion), threshold=least * _FINEST, absolute=False, get_confs=False
        )
    except (ValueError, KeyError):
        raise InputError(
            f"an ion's elements must have stable isotopes, but {ion.name} has one without.",
            remedy="Its pattern is not known.",
        ) from None
    masses, shares = np.asarray(found.np_masses()), np.asarray(found.np_probs())
    order = np.argsort(masses)
    mz = (masses[order] - ion.charge * ELECTRON_DA) / abs(ion.charge)
    shares = shares[order]
    starts = np.flatnonzero(np.diff(mz, prepend=-np.inf) > mz / resolving_power)
    height = np.add.reduceat(shares, starts)
    centre = np.add.reduceat(shares * mz, starts) / height
    height = height / height.max()
    kept = height >= least
    return IsotopePattern(mz=centre[kept], height=height[kept])


def commonest_mz(ion: Ion) -> float:
    """m/z of the isotopologue of each element's most abundant isotope, as chemists quote it.

    Example:
        >>> from cinedot.composition import ion_of
        >>> round(commonest_mz(ion_of("PbBr3", -1)), 4)
        444.7322
    """
    mass = sum(count * _commonest_da(element) for element, count in ion.atoms)
    return (mass - ion.charge * ELECTRON_DA) / abs(ion.charge)


@cache
def _commonest_da(element: str) -> float:
    from IsoSpecPy import PeriodicTbl

    masses = PeriodicTbl.symbol_to_masses[element]
    shares = PeriodicTbl.symbol_to_probs[element]
    return float(masses[int(np.argmax(shares))])


def _spelled(ion: Ion) -> str:
    """The formula with every count written out, as IsoSpec reads it."""
    return "".join(f"{element}{count}" for element, count in ion.atoms)
