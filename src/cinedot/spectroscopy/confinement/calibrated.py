"""Laws with constants that were fitted to sizes somebody saw: they follow, and prove nothing."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import numpy as np

from cinedot.core import AnalysisError
from cinedot.spectroscopy.confinement.boxes import FiniteWalls, InfiniteWalls, Parabolic, Well
from cinedot.spectroscopy.confinement.known_sizes import KnownSize
from cinedot.spectroscopy.confinement.semiconductors import Semiconductor
from cinedot.spectroscopy.confinement.shapes import (
    ALL_LENGTHS_NM,
    Edges,
    Law,
    is_closed,
    is_platelet,
)

_BARRIERS_EV = (1e-3, 1e3)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedWell:
    """A box whose finite walls are as high as one known size asks for.

    The height follows the semiconductor's parameters, so that what is wrong in them is made good
    at the known size, and nearly so beside it.

    Attributes:
        size: what it passes through.

    Source: science.md 3.3.

    Example:
        >>> from cinedot.core.constants import HC_EV_NM
        >>> from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of
        >>> material = semiconductor_of("MAPbBr3").at_room_temperature()
        >>> size = KnownSize.of_cube("MAPbBr3", 4, wavelength_nm=453.0, sigma_nm=1.0)
        >>> law = CalibratedWell(size=size)
        >>> round(law.barrier_ev(material), 3)
        1.053
        >>> [round(HC_EV_NM / law.energy_ev((0.593 * n,) * 3, material)) for n in (4, 5, 6)]
        [453, 473, 487]
    """

    size: KnownSize

    def barrier_ev(self, semiconductor: Semiconductor) -> float:
        """The walls' height, eV.

        Raises:
            AnalysisError: no height gives the known size its energy.
        """
        return _barrier_ev(self.size, semiconductor)

    def applies(self, edges_nm: Edges) -> bool:
        """Dots and platelets."""
        return is_closed(edges_nm) or is_platelet(edges_nm)

    def energy_ev(self, edges_nm: Edges, semiconductor: Semiconductor) -> float:
        """Energy of the exciton, eV."""
        return _well(self.barrier_ev(semiconductor)).energy_ev(edges_nm, semiconductor)

    def shifted(self) -> tuple[tuple[Law, Law], ...]:
        """The laws through the known size with its energy one sigma up, and down."""
        if not self.size.energy_sigma_ev:
            return ()
        up, down = (CalibratedWell(size=_raised(self.size, sigmas)) for sigmas in (1, -1))
        return ((up, down),)

    def lengths_nm(self) -> tuple[float, float]:
        """All lengths."""
        return ALL_LENGTHS_NM


def _well(barrier_ev: float) -> Well:
    walls = FiniteWalls(barrier_ev=barrier_ev)
    return Well(walls=walls, dispersion=Parabolic(), added_layers=0)


def _raised(size: KnownSize, sigmas: float) -> KnownSize:
    return replace(size, energy_ev=size.energy_ev + sigmas * size.energy_sigma_ev)


@lru_cache(maxsize=1024)
def _barrier_ev(size: KnownSize, semiconductor: Semiconductor) -> float:
    from scipy.optimize import brentq

    def misfit(log_barrier: float) -> float:
        law = _well(math.exp(log_barrier))
        return law.energy_ev(size.edges_nm, semiconductor) - size.energy_ev

    low, high = (math.log(barrier) for barrier in _BARRIERS_EV)
    if not misfit(low) < 0 < misfit(high):
        hard = Well(walls=InfiniteWalls(), dispersion=Parabolic(), added_layers=0)
        most = hard.energy_ev(size.edges_nm, semiconductor)
        raise AnalysisError(
            f"no height of walls puts {size.words}: they give {size.host} energies from "
            f"{misfit(low) + size.energy_ev:.3f} to {most:.3f} eV there, not {size.energy_ev:.3f}.",
            remedy="Correct the size, the wavelength or the gap.",
        )
    return math.exp(cast(float, brentq(misfit, low, high, xtol=1e-12)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingCurve:
    """A power law of the edge, E = Eg + A / L^p, through two published sizes.

    Attributes:
        small, large: what it passes through.

    Source: science.md 3.3.

    Example:
        >>> from cinedot.core.constants import HC_EV_NM
        >>> from cinedot.spectroscopy.confinement.known_sizes import sources
        >>> from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of
        >>> small, large = sources()["protesescu-2015"].sizes
        >>> material = semiconductor_of("CsPbBr3").at_room_temperature()
        >>> amplitude, power = SizingCurve(small=small, large=large).constants(material)
        >>> round(amplitude, 3), round(power, 3)
        (4.232, 1.889)
    """

    small: KnownSize
    large: KnownSize

    def constants(self, semiconductor: Semiconductor) -> tuple[float, float]:
        """A (eV nm^p) and p.

        Raises:
            AnalysisError: the gap is not below both energies.
        """
        above = [one.energy_ev - semiconductor.gap_ev for one in (self.small, self.large)]
        if not above[0] > above[1] > 0:
            raise AnalysisError(
                f"a gap of {semiconductor.gap_ev:g} eV is not below what dots of "
                f"{self.large.words} show.",
                remedy="State a smaller gap.",
            )
        lengths = [one.edges_nm[0] for one in (self.small, self.large)]
        power = math.log(above[0] / above[1]) / math.log(lengths[1] / lengths[0])
        return above[0] * lengths[0] ** power, power

    def applies(self, edges_nm: Edges) -> bool:
        """Cubes."""
        return is_closed(edges_nm) and edges_nm[0] == edges_nm[1] == edges_nm[2]

    def energy_ev(self, edges_nm: Edges, semiconductor: Semiconductor) -> float:
        """Energy of the light, eV."""
        amplitude, power = self.constants(semiconductor)
        return semiconductor.gap_ev + amplitude / edges_nm[0] ** power

    def shifted(self) -> tuple[tuple[Law, Law], ...]:
        """The curves through each size with its energy one sigma up, and down."""
        small, large = self.small, self.large
        return (
            (replace(self, small=_raised(small, 1)), replace(self, small=_raised(small, -1))),
            (replace(self, large=_raised(large, 1)), replace(self, large=_raised(large, -1))),
        )

    def lengths_nm(self) -> tuple[float, float]:
        """All lengths."""
        return ALL_LENGTHS_NM


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTable:
    """Platelets as they were measured, straight lines between them.

    Attributes:
        sizes: platelets by rising thickness.
    """

    sizes: tuple[KnownSize, ...]

    def applies(self, edges_nm: Edges) -> bool:
        """Platelets within the table."""
        thicknesses = [one.edges_nm[0] for one in self.sizes]
        # Edges are products of lattice constants and layers, and off by rounding.
        low, high = thicknesses[0] * (1 - 1e-9), thicknesses[-1] * (1 + 1e-9)
        return is_platelet(edges_nm) and low <= min(edges_nm) <= high

    def energy_ev(self, edges_nm: Edges, semiconductor: Semiconductor) -> float:
        """Energy of the light, eV."""
        thicknesses = [one.edges_nm[0] for one in self.sizes]
        return float(np.interp(min(edges_nm), thicknesses, [one.energy_ev for one in self.sizes]))

    def shifted(self) -> tuple[tuple[Law, Law], ...]:
        """The tables with all energies one sigma up, and down."""
        up, down = (
            LayerTable(sizes=tuple(_raised(one, sigmas) for one in self.sizes))
            for sigmas in (1, -1)
        )
        return ((up, down),)

    def lengths_nm(self) -> tuple[float, float]:
        """From the thinnest to the thickest platelet of the table."""
        return self.sizes[0].edges_nm[0], self.sizes[-1].edges_nm[0]
