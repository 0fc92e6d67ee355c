"""Cubes, cuboids and platelets as boxes: walls of any height, bands that are not parabolas."""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol, cast, runtime_checkable

from cinedot.core import InputError
from cinedot.spectroscopy.confinement.coulomb import mean_inverse_distance_per_nm
from cinedot.spectroscopy.confinement.platelets import platelet_binding_ev
from cinedot.spectroscopy.confinement.semiconductors import Semiconductor
from cinedot.spectroscopy.confinement.shapes import (
    ALL_LENGTHS_NM,
    COULOMB_EV_NM,
    KINETIC_EV_NM2,
    Edges,
    Law,
    is_closed,
    is_platelet,
    require_edges,
)


@runtime_checkable
class Walls(Protocol):
    """What keeps a carrier in."""

    @property
    def words(self) -> str:
        """What they are called."""
        ...

    def axis_ev(self, edge_nm: float, mass: float) -> float:
        """Energy of the lowest state between two walls, eV.

        Args:
            edge_nm: their distance, nm; 0 eV where it is infinite.
            mass: of the carrier between them, in electron masses.
        """
        ...


@dataclass(frozen=True, slots=True)
class InfiniteWalls:
    """Walls that nothing enters: pi^2 hbar^2 / 2 m L^2."""

    @property
    def words(self) -> str:
        """What they are called."""
        return "infinite walls"

    def axis_ev(self, edge_nm: float, mass: float) -> float:
        """Energy of the lowest state, eV."""
        return math.pi**2 * KINETIC_EV_NM2 / (mass * edge_nm**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiniteWalls:
    """Walls of a height; behind them a carrier has its free mass, and its current is kept.

    Attributes:
        barrier_ev: their height above the band's edge, the same for electron and hole, eV.

    Raises:
        InputError: no height above 0.

    Source: D. J. BenDaniel, C. B. Duke, Phys. Rev. 152, 683 (1966); science.md 3.1.
    """

    barrier_ev: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.barrier_ev) and self.barrier_ev > 0):
            raise InputError(
                f"`barrier_ev` must be above 0 eV, but is {self.barrier_ev:g}.",
                remedy="1.053 eV puts four Pb an edge of MAPbBr3 at 453 nm.",
            )

    @property
    def words(self) -> str:
        """Their height."""
        return f"walls of {self.barrier_ev:.3g} eV"

    def axis_ev(self, edge_nm: float, mass: float) -> float:
        """Energy of the lowest state, eV: k tan(kL/2) = (m*/m0) kappa."""
        from scipy.optimize import brentq

        if math.isinf(edge_nm):
            return 0.0
        half = edge_nm / 2
        # z = k L/2, kappa L/2 = sqrt(reach2 - z^2 / m*): both in units of the half length.
        reach2 = self.barrier_ev * half**2 / KINETIC_EV_NM2

        def misfit(z: float) -> float:
            outside = math.sqrt(max(reach2 - z**2 / mass, 0.0))
            return z * math.sin(z) - mass * outside * math.cos(z)

        highest = min(math.pi / 2, math.sqrt(mass * reach2))
        z = cast(float, brentq(misfit, 0.0, highest, xtol=1e-14))
        return KINETIC_EV_NM2 * (z / half) ** 2 / mass


@runtime_checkable
class Dispersion(Protocol):
    """How a pair's energy rises with its momentum."""

    words: ClassVar[str]

    def confined_ev(self, kinetic_ev: float, gap_ev: float) -> float:
        """The pair's energy above the gap, eV, for so much parabolic kinetic energy."""
        ...


@dataclass(frozen=True, slots=True)
class Parabolic:
    """Constant masses."""

    words: ClassVar[str] = "parabolic bands"

    def confined_ev(self, kinetic_ev: float, gap_ev: float) -> float:
        """The kinetic energy itself."""
        return kinetic_ev


@dataclass(frozen=True, slots=True)
class NonParabolic:
    """Two bands that repel each other (Kane): sqrt(Eg^2 + 2 Eg T) - Eg; T for T much below Eg."""

    words: ClassVar[str] = "non-parabolic bands"

    def confined_ev(self, kinetic_ev: float, gap_ev: float) -> float:
        """Less than the kinetic energy: masses grow with energy."""
        return math.sqrt(gap_ev**2 + 2 * gap_ev * kinetic_ev) - gap_ev


@dataclass(frozen=True, slots=True, kw_only=True)
class Well:
    """A box: E = Eg + confinement of both carriers - their attraction.

    The attraction is <e^2 / 4 pi eps0 eps r12> of infinite walls' ground states whatever the walls
    are (3.048 / L for a cube); in a platelet, the exciton's binding energy in a sheet.

    Attributes:
        walls: what keeps the carriers in.
        dispersion: parabolic bands, or not.
        added_layers: layers of one lattice constant that the carriers reach beyond the Pb atoms
            counted: 0 for L = n a, 1 for L = (n + 1) a.

    Source: science.md 3.1.

    Example:
        >>> from cinedot.core.constants import HC_EV_NM
        >>> from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of
        >>> law = Well(walls=InfiniteWalls(), dispersion=NonParabolic(), added_layers=0)
        >>> energy = law.energy_ev((3.8, 3.8, 3.8), semiconductor_of("CsPbBr3"))
        >>> round(HC_EV_NM / energy, 1)
        452.8
    """

    walls: Walls
    dispersion: Dispersion
    added_layers: int

    def applies(self, edges_nm: Edges) -> bool:
        """Dots and platelets; rods, wide along one axis, have a binding of their own."""
        return is_closed(edges_nm) or is_platelet(edges_nm)

    def energy_ev(self, edges_nm: Edges, semiconductor: Semiconductor) -> float:
        """Energy of the exciton, eV."""
        require_edges(edges_nm)
        added = self.added_layers * semiconductor.lattice_nm
        x, y, z = (edge + added for edge in edges_nm)
        carrier = 2 * semiconductor.reduced_mass
        if x == y == z:
            kinetic = 6 * self.walls.axis_ev(x, carrier)
        else:
            kinetic = 2 * sum(self.walls.axis_ev(edge, carrier) for edge in (x, y, z))
        confined = self.dispersion.confined_ev(kinetic, semiconductor.gap_ev)
        return semiconductor.gap_ev + confined - _attraction_ev((x, y, z), semiconductor)

    def shifted(self) -> tuple[tuple[Law, Law], ...]:
        """None: what it has of its own is chosen, not measured."""
        return ()

    def lengths_nm(self) -> tuple[float, float]:
        """All lengths."""
        return ALL_LENGTHS_NM


def _attraction_ev(edges_nm: Edges, semiconductor: Semiconductor) -> float:
    if is_platelet(edges_nm):
        return platelet_binding_ev(min(edges_nm), semiconductor)
    inverse = mean_inverse_distance_per_nm(edges_nm)
    return COULOMB_EV_NM * inverse / semiconductor.permittivity
