"""What a law of confinement takes and gives: edges in nm, an energy in eV."""

import math
from typing import Protocol, runtime_checkable

from cinedot.core import InputError
from cinedot.core.constants import COULOMB_EV_ANGSTROM, ELECTRON_REST_ENERGY_EV, HC_EV_NM
from cinedot.spectroscopy.confinement.semiconductors import Semiconductor

Edges = tuple[float, float, float]
"""Lengths along the three axes, nm; infinite where a platelet is wide."""

KINETIC_EV_NM2 = (HC_EV_NM / (2 * math.pi)) ** 2 / (2 * ELECTRON_REST_ENERGY_EV)
"""hbar^2 / 2 m0, eV nm^2 (0.0380998)."""

COULOMB_EV_NM = COULOMB_EV_ANGSTROM / 10
"""e^2 / (4 pi epsilon_0), eV nm (1.439964)."""


ALL_LENGTHS_NM = (0.3, 300.0)
"""From half a cell to a bulk crystal."""


@runtime_checkable
class Law(Protocol):
    """A law that ties size to light."""

    def applies(self, edges_nm: Edges) -> bool:
        """Whether the law speaks of such a shape."""
        ...

    def energy_ev(self, edges_nm: Edges, semiconductor: Semiconductor) -> float:
        """Energy of the lowest transition, eV.

        Args:
            edges_nm: of a shape that the law applies to, nm.
            semiconductor: what it is made of.
        """
        ...

    def shifted(self) -> "tuple[tuple[Law, Law], ...]":
        """Pairs with one constant of its own one sigma up, and one sigma down."""
        ...

    def lengths_nm(self) -> tuple[float, float]:
        """From which to which length it speaks, nm."""
        ...


def cube_edges(edge_nm: float) -> Edges:
    """The edges of a cube."""
    return (edge_nm, edge_nm, edge_nm)


def platelet_edges(thickness_nm: float) -> Edges:
    """The edges of a platelet that is wide in its plane."""
    return (thickness_nm, math.inf, math.inf)


def is_closed(edges_nm: Edges) -> bool:
    """Whether a shape is confined along all axes."""
    return all(math.isfinite(edge) for edge in edges_nm)


def is_platelet(edges_nm: Edges) -> bool:
    """Whether a shape is confined along one axis alone."""
    return sum(math.isfinite(edge) for edge in edges_nm) == 1


def require_edges(edges_nm: Edges) -> None:
    """Refuse lengths that are none.

    Raises:
        InputError: an edge that is not above 0.
    """
    if not all(edge > 0 for edge in edges_nm):
        raise InputError(
            f"`edges_nm` must be above 0 nm each, but are {edges_nm}.",
            remedy="A cube of 4 Pb an edge is (2.372, 2.372, 2.372) in MAPbBr3.",
        )
