"""How far atoms move about their places, which damps what they scatter."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float
from scipy.spatial import KDTree

from cinedot.core import InputError
from cinedot.particle import cuboid_of, lattice_sites

_HALIDES = ("F", "Cl", "Br", "I")
_METALS = ("Pb", "Sn", "Ge", "Bi", "Sb", "Cd", "Mn", "Zn", "Sr", "Ca", "Eu", "Yb")
# Longer than a strained Pb-I bond, shorter than any second neighbour.
_BOND_ANGSTROM = 3.7
_STRAIGHT = -0.5
# 0.3 angstrom rms: more is dwelling at several places, not vibration about one.
_LARGEST_EXTRA_ANGSTROM2 = 0.1
_U_ARRAY = "u_angstrom2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A bridging halide's displacements: flat across the line between its two metals.

    Attributes:
        along_angstrom2: U along that line, angstrom^2.
        across_angstrom2: U along any line across it; at most 0.1 more than along it.

    Raises:
        InputError: negative, or a disc that is longer than wide or too wide.

    Source: science.md 2.5, marked as estimates there; 298 K.
    """

    along_angstrom2: float = 0.02
    across_angstrom2: float = 0.09

    def __post_init__(self) -> None:
        if not 0 <= self.along_angstrom2 <= self.across_angstrom2:
            raise InputError(
                "`across_angstrom2` must be at least `along_angstrom2`, and neither negative, but "
                f"they are {self.across_angstrom2} and {self.along_angstrom2}.",
                remedy="Bridging halides move across their bonds: 0.09 and 0.02 at 298 K.",
            )
        if self.extra_angstrom2 > _LARGEST_EXTRA_ANGSTROM2:
            raise InputError(
                f"`across_angstrom2` must be at most {_LARGEST_EXTRA_ANGSTROM2} more than "
                f"`along_angstrom2`, but is {self.extra_angstrom2:.3g} more.",
                remedy="Larger discs are not harmonic: place the atoms where they dwell.",
            )

    @property
    def extra_angstrom2(self) -> float:
        """How much more U is across the line than along it."""
        return self.across_angstrom2 - self.along_angstrom2


@dataclass(frozen=True, slots=True, kw_only=True)
class Thermal:
    """Mean square displacements along one axis, which damp scattering by exp(-2 pi^2 U q^2).

    A frame lasts 10^10 vibrations, so their average, the Debye-Waller factor, is exact enough.
    Atoms with an array `u_angstrom2` state their own U, which nothing here then changes.

    Attributes:
        u_angstrom2: U of each element, angstrom^2; estimates at 298 K from room-temperature
            diffraction of CsPbBr3 and MAPbBr3 (science.md 2.5, marked as estimates there).
        otherwise_angstrom2: U of any other element.
        surface_factor: how many times more the surface's ions move; 1.5 to 2 is likely.
        bridging: the disc of halides between two metals; None leaves them isotropic.
    """

    u_angstrom2: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {"Pb": 0.02, "Br": 0.06, "Cs": 0.07, "C": 0.1, "N": 0.1, "O": 0.1}
        )
    )
    otherwise_angstrom2: float = 0.03
    surface_factor: float = 1.0
    bridging: Disc | None = None

    def __post_init__(self) -> None:
        stated = [*self.u_angstrom2.values(), self.otherwise_angstrom2]
        if not all(u >= 0 and math.isfinite(u) for u in stated):
            raise InputError(
                f"`u_angstrom2` must be finite and not negative, but holds {min(stated)}.",
                remedy="B factors are 8 pi^2 U.",
            )
        if not self.surface_factor > 0:
            raise InputError(
                f"`surface_factor` must be positive, but is {self.surface_factor}.",
                remedy="1 leaves the surface as the inside is; 1.5 to 2 is likely.",
            )

    def of(self, element: str) -> float:
        """U of an element, angstrom^2."""
        return self.u_angstrom2.get(element, self.otherwise_angstrom2)


AT_REST = Thermal(u_angstrom2=MappingProxyType({}), otherwise_angstrom2=0.0)
"""Atoms that do not move: for comparisons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Displacements:
    """U of each atom of a dot.

    Attributes:
        u_angstrom2: the isotropic part [atom].
        across_angstrom2: what is added across `axis` [atom]; 0 for most.
        axis: the line from metal to metal, a unit vector, or zeros [atom, 3].
    """

    u_angstrom2: Float[np.ndarray, " atom"]
    across_angstrom2: Float[np.ndarray, " atom"]
    axis: Float[np.ndarray, "atom 3"]


def displacements(dot: Atoms, thermal: Thermal) -> Displacements:
    """How far each atom of a dot moves.

    Args:
        dot: atoms, angstrom; their array `u_angstrom2` goes before everything else.
        thermal: what holds for atoms without it.

    Raises:
        InputError: a stated U that is negative or no number; a factor for the surface of atoms
            that carry no lattice sites.

    Example:
        >>> displacements(Atoms("PbBr"), Thermal()).u_angstrom2.tolist()
        [0.02, 0.06]
    """
    u = np.array([thermal.of(element) for element in dot.get_chemical_symbols()])
    if thermal.surface_factor != 1:
        u = np.where(at_surface(dot), thermal.surface_factor * u, u)
    across, axis = np.zeros(len(dot)), np.zeros((len(dot), 3))
    own = _U_ARRAY in dot.arrays
    if thermal.bridging is not None and not own:
        axis = bridging_axes(dot)
        bridges = axis.any(axis=1)
        u[bridges] = thermal.bridging.along_angstrom2
        across[bridges] = thermal.bridging.extra_angstrom2
    if own:
        u = np.asarray(dot.arrays[_U_ARRAY], dtype=float)
        if u.shape != (len(dot),) or not np.all(np.isfinite(u) & (u >= 0)):
            raise InputError(
                "`u_angstrom2` must be one finite number that is not negative for each atom, "
                "but is not.",
                remedy="B factors are 8 pi^2 U.",
            )
    return Displacements(u_angstrom2=u, across_angstrom2=across, axis=axis)


def at_surface(dot: Atoms) -> Bool[np.ndarray, " atom"]:
    """Which ions of the host sit at the surface: outer A ions, outer metals, terminal halides.

    Raises:
        InputError: the atoms carry no sites.
    """
    sites = lattice_sites(cuboid_of(dot))
    inside = (sites.kind == "interior") | (sites.kind == "bridging")
    inside |= (sites.role == "metal") & (sites.metal_kind == "interior")
    host = np.asarray(dot.arrays["ligand"]) < 0
    return host & ~inside[np.asarray(dot.arrays["site"])]


def bridging_axes(dot: Atoms) -> Float[np.ndarray, "atom 3"]:
    """The direction from metal to metal at each bridging halide, zeros at other atoms.

    A halide bridges two metals within 3.7 angstrom of it if it lies roughly between them.

    Example:
        >>> bridge = Atoms("PbBrPb", positions=[(0, 0, 0), (2.9, 0.2, 0), (5.8, 0, 0)])
        >>> bridging_axes(bridge)[1].tolist()
        [1.0, 0.0, 0.0]
    """
    symbols = np.array(dot.get_chemical_symbols())
    metals = np.flatnonzero(np.isin(symbols, _METALS))
    halides = np.flatnonzero(np.isin(symbols, _HALIDES))
    axes = np.zeros((len(dot), 3))
    if len(metals) < 2 or not len(halides):
        return axes
    bonds = KDTree(dot.positions[metals]).query_ball_point(dot.positions[halides], _BOND_ANGSTROM)
    for halide, near in zip(halides, bonds, strict=True):
        if len(near) != 2:
            continue
        one, other = dot.positions[metals[near]] - dot.positions[halide]
        if one @ other < _STRAIGHT * np.linalg.norm(one) * np.linalg.norm(other):
            axes[halide] = (other - one) / np.linalg.norm(other - one)
    # One sign for each line, whichever metal comes first.
    strongest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    return axes * np.where(strongest < 0, -1.0, 1.0)
