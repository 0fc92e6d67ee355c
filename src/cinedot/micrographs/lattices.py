"""Lattices as fringes see them: which planes there are and how far apart they lie."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.particle import Host, phase_named, phases

Miller = tuple[int, int, int]

CENTRINGS: dict[str, tuple[Miller, ...]] = {
    "P": (),
    "I": ((1, 1, 1),),
    "F": ((1, 1, 0), (0, 1, 1), (1, 0, 1)),
    "A": ((0, 1, 1),),
    "B": ((1, 0, 1),),
    "C": ((1, 1, 0),),
}
"""Whose products with (hkl) must be even for a centred lattice to let it through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """A crystal's lattice.

    Attributes:
        name: the material, as a reader calls it.
        a_nm, b_nm, c_nm: edges of the cell.
        alpha_deg, beta_deg, gamma_deg: angles between b and c, a and c, a and b.
        centring: P, I, F, A, B or C: reflections that it forbids are not looked for.
        source: where the cell comes from.

    Raises:
        InputError: edges that are not positive, angles of no cell, an unknown centring.

    Example:
        >>> round(spacing_nm(Lattice.hexagonal("MoS2", 0.3161, 1.2295), (1, 0, 0)), 4)
        0.2738
    """

    name: str
    a_nm: float
    b_nm: float
    c_nm: float
    alpha_deg: float = 90.0
    beta_deg: float = 90.0
    gamma_deg: float = 90.0
    centring: str = "P"
    source: str = ""

    def __post_init__(self) -> None:
        edges = (self.a_nm, self.b_nm, self.c_nm)
        if not all(np.isfinite(edge) and edge > 0 for edge in edges):
            raise InputError(
                f"a lattice's edges must be positive, but those of {self.name} are {edges} nm.",
                remedy="SrTiO3 has 0.3905 nm each way.",
            )
        angles = (self.alpha_deg, self.beta_deg, self.gamma_deg)
        inside = all(0 < angle < 180 for angle in angles)
        if not inside or np.linalg.det(_cell(self)) <= 1e-6 * np.prod(edges):
            raise InputError(
                f"a lattice's angles must close a cell, but those of {self.name} are {angles}.",
                remedy="A hexagonal cell has 90, 90, 120 degrees.",
            )
        if self.centring not in CENTRINGS:
            raise InputError(
                f"`centring` must be one of {', '.join(CENTRINGS)}, but is {self.centring!r}.",
                remedy="A primitive lattice is P.",
            )

    @staticmethod
    def cubic(name: str, a_nm: float, *, centring: str = "P", source: str = "") -> "Lattice":
        """A cubic lattice."""
        return Lattice(name=name, a_nm=a_nm, b_nm=a_nm, c_nm=a_nm, centring=centring, source=source)

    @staticmethod
    def hexagonal(name: str, a_nm: float, c_nm: float, *, source: str = "") -> "Lattice":
        """A hexagonal lattice."""
        return Lattice(name=name, a_nm=a_nm, b_nm=a_nm, c_nm=c_nm, gamma_deg=120.0, source=source)

    @staticmethod
    def of_host(host: Host, phase: str = "cubic") -> "Lattice":
        """A perovskite host's lattice in a phase that `cinedot.particle` knows.

        Raises:
            InputError: no such phase of this host.

        Example:
            >>> from cinedot.particle import host_named
            >>> Lattice.of_host(host_named("CsPbBr3"), "orthorhombic").c_nm
            1.1759
        """
        if phase == "cubic":
            return Lattice.cubic(host.name, host.lattice_nm, source=host.source)
        phase_named(host, phase)
        known = phases()[(host.name, phase)]
        a, b, c = (edge / 10 for edge in known.cell_angstrom)
        # A glide plane or a screw axis forbids more, but double diffraction brings it back.
        centring = known.space_group[0]
        return Lattice(
            name=host.name, a_nm=a, b_nm=b, c_nm=c, centring=centring, source=known.source
        )

    def allows(self, hkl: Miller) -> bool:
        """Whether the centring lets a reflection through."""
        return all(int(np.dot(hkl, one)) % 2 == 0 for one in CENTRINGS[self.centring])


def reciprocal_per_nm(lattice: Lattice) -> Float[np.ndarray, "xyz hkl"]:
    """Columns a*, b*, c* in a Cartesian frame: a wave vector is this times (h, k, l)."""
    return np.linalg.inv(_cell(lattice)).T


def spacing_nm(lattice: Lattice, hkl: Miller) -> float:
    """Distance between the planes (hkl), nm.

    Example:
        >>> spacing_nm(Lattice.cubic("SrTiO3", 0.3905), (2, 0, 0))
        0.19525
    """
    return 1 / float(np.linalg.norm(reciprocal_per_nm(lattice) @ np.array(hkl)))


def _cell(lattice: Lattice) -> Float[np.ndarray, "xyz abc"]:
    """Columns a (along x), b (in the plane of x and y), c."""
    alpha, beta, gamma = np.radians([lattice.alpha_deg, lattice.beta_deg, lattice.gamma_deg])
    across = (np.cos(alpha) - np.cos(beta) * np.cos(gamma)) / np.sin(gamma)
    up = np.sqrt(max(1 - float(np.cos(beta)) ** 2 - float(across) ** 2, 0.0))
    columns = (
        lattice.a_nm * np.array([1.0, 0.0, 0.0]),
        lattice.b_nm * np.array([np.cos(gamma), np.sin(gamma), 0.0]),
        lattice.c_nm * np.array([np.cos(beta), across, up]),
    )
    return np.stack(columns, axis=1)
