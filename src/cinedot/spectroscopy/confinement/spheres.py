"""Brus's law: the dot as a sphere, whose radius has to be named."""

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.spectroscopy.confinement.semiconductors import Semiconductor
from cinedot.spectroscopy.confinement.shapes import (
    ALL_LENGTHS_NM,
    COULOMB_EV_NM,
    KINETIC_EV_NM2,
    Edges,
    Law,
    is_closed,
    require_edges,
)

COULOMB_OF_SPHERE = 1.786
"""<R/r12> of two 1S states in a sphere, as Brus rounds it (1.78607)."""

_TERMS = 200


@runtime_checkable
class Radius(Protocol):
    """Which sphere stands for a cuboid."""

    words: ClassVar[str]

    def radius_nm(self, edges_nm: Edges) -> float:
        """Its radius, nm."""
        ...


@dataclass(frozen=True, slots=True)
class EdgeAsRadius:
    """The edge in the radius's place: what reproduces the paper's Fig. 1a, and no sphere's size."""

    words: ClassVar[str] = "the edge as the radius"

    def radius_nm(self, edges_nm: Edges) -> float:
        """The edge, a cuboid's mean one, nm."""
        return _mean_edge(edges_nm)


@dataclass(frozen=True, slots=True)
class HalfEdge:
    """The sphere inside the cube: the textbook's."""

    words: ClassVar[str] = "half the edge as the radius"

    def radius_nm(self, edges_nm: Edges) -> float:
        """Half the edge, a cuboid's mean one, nm."""
        return _mean_edge(edges_nm) / 2


@dataclass(frozen=True, slots=True)
class EqualVolume:
    """The sphere of the cuboid's volume."""

    words: ClassVar[str] = "the sphere of equal volume"

    def radius_nm(self, edges_nm: Edges) -> float:
        """(3 V / 4 pi)^(1/3), nm."""
        return (3 / (4 * math.pi)) ** (1 / 3) * _mean_edge(edges_nm)


def _mean_edge(edges_nm: Edges) -> float:
    """Geometric mean: the edge of the cube of equal volume."""
    require_edges(edges_nm)
    return math.prod(edges_nm) ** (1 / 3)


@runtime_checkable
class Correction(Protocol):
    """A further term of Brus's law."""

    words: ClassVar[str]

    def energy_ev(self, radius_nm: float, semiconductor: Semiconductor) -> float:
        """What it adds, eV."""
        ...


@dataclass(frozen=True, slots=True)
class RydbergTerm:
    """The correlation of electron and hole, -0.248 Ry* (about 7 meV); Brus 1986."""

    words: ClassVar[str] = "with -0.248 Ry*"

    def energy_ev(self, radius_nm: float, semiconductor: Semiconductor) -> float:
        """-0.248 Ry*, eV."""
        return -0.248 * semiconductor.rydberg_ev


@dataclass(frozen=True, slots=True, kw_only=True)
class Polarisation:
    """What the surroundings' lower permittivity adds, sum over n >= 1 of alpha_n <(r/R)^2n> e^2/R.

    alpha_n = (e - 1)(n + 1) / [eps_in (e n + n + 1)] with e = eps_in / eps_out. The term n = 0 of
    the charges' own images cancels that of their attraction by each other's, since both have the
    same density; what is left is below 0.1 eV.

    Attributes:
        outside: permittivity of what surrounds the dot; toluene has 2.38.

    Raises:
        InputError: a permittivity below 1.

    Source: L. E. Brus, J. Chem. Phys. 80, 4403 (1984); science.md 3.1, which calls the ratio
    eps1/eps2 without saying which is inside: the electrostatics of a sphere tell.
    """

    outside: float
    words: ClassVar[str] = "with polarisation"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.outside) and self.outside >= 1):
            raise InputError(
                f"`outside` must be a permittivity of at least 1, but is {self.outside:g}.",
                remedy="Vacuum has 1, toluene 2.38.",
            )

    def energy_ev(self, radius_nm: float, semiconductor: Semiconductor) -> float:
        """What it adds, eV; negative in surroundings of higher permittivity."""
        inside = semiconductor.permittivity
        ratio = inside / self.outside
        n = np.arange(1, _TERMS + 1)
        alpha = (ratio - 1) * (n + 1) / (inside * (ratio * n + n + 1))
        return COULOMB_EV_NM / radius_nm * float(np.sum(alpha * _mean_powers()))


@cache
def _mean_powers() -> Float[np.ndarray, " term"]:
    """<(r/R)^2n> of a sphere's 1S state, 2 int sin^2(pi x) x^2n dx, for n from 1."""
    nodes, weights = np.polynomial.legendre.leggauss(2 * _TERMS)
    x, w = (nodes + 1) / 2, weights / 2
    density = 2 * np.sin(np.pi * x) ** 2 * w
    return np.array([float(np.sum(density * x ** (2 * n))) for n in range(1, _TERMS + 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Brus:
    """E = Eg + pi^2 hbar^2 / 2 mu R^2 - 1.786 e^2 / 4 pi eps0 eps R, and its corrections.

    Attributes:
        radius: which radius stands for the edges; there is no usual one, so none is assumed.
        corrections: further terms.

    Source: L. E. Brus, J. Phys. Chem. 90, 2555 (1986).

    Example:
        >>> from cinedot.core.constants import HC_EV_NM
        >>> from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of
        >>> edges = (4 * 0.593,) * 3
        >>> for radius in (EdgeAsRadius(), HalfEdge()):
        ...     energy = Brus(radius=radius).energy_ev(edges, semiconductor_of("MAPbBr3"))
        ...     print(round(HC_EV_NM / energy, 1), radius.words)
        456.0 the edge as the radius
        289.2 half the edge as the radius
    """

    radius: Radius
    corrections: tuple[Correction, ...] = ()

    def applies(self, edges_nm: Edges) -> bool:
        """Dots that are confined along all axes."""
        return is_closed(edges_nm)

    def energy_ev(self, edges_nm: Edges, semiconductor: Semiconductor) -> float:
        """Energy of the exciton, eV."""
        radius_nm = self.radius.radius_nm(edges_nm)
        kinetic = math.pi**2 * KINETIC_EV_NM2 / (semiconductor.reduced_mass * radius_nm**2)
        attraction = COULOMB_OF_SPHERE * COULOMB_EV_NM / (semiconductor.permittivity * radius_nm)
        further = sum(one.energy_ev(radius_nm, semiconductor) for one in self.corrections)
        return semiconductor.gap_ev + kinetic - attraction + further

    def shifted(self) -> tuple[tuple[Law, Law], ...]:
        """None: the formula has no constant of its own."""
        return ()

    def lengths_nm(self) -> tuple[float, float]:
        """All lengths."""
        return ALL_LENGTHS_NM
