"""Phases below the cubic one: octahedra that turn, and a lattice that strains.

Everything is in the cuboid's pseudo-cubic axes. Tilts move halides alone and keep the distances
between metals, since a measured pseudo-cubic cell is the one that the tilts have contracted;
what the cell itself differs from the host's cubic one by is strain.
"""

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from cinedot.core import InputError
from cinedot.particle.cuboid import Cuboid
from cinedot.particle.sites import lattice_sites

Triple = tuple[float, float, float]
AXES = "xyz"
LARGEST_TILT_DEG = 45.0
LARGEST_STRAIN = 0.2
"""Far beyond what any crystal bears, so more is a slip of the pen: fractions for percents."""
_GLAZER = re.compile(r"([a-c])([0+-])" * 3)
_AS_TYPED = str.maketrans({"−": "-", "⁻": "-", "⁺": "+", "⁰": "0", " ": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tilts:
    """How the octahedra turn about the three cubic axes (Glazer, Acta Cryst. B 28, 3384 (1972)).

    Neighbours turn against each other across the axis. Along it they turn alike (+) or against
    each other (-). The octahedron at the cuboid's lowest corner turns by the angles as they are
    written, right-handed about each axis; a negative angle is the other domain.

    Attributes:
        symbol: Glazer's, as in "a-a-c+".
        angles_deg: about x, y, z.

    Raises:
        InputError: no Glazer symbol; angles that contradict it, or of 45 degrees and more.
    """

    symbol: str
    angles_deg: Triple

    def __post_init__(self) -> None:
        letters, signs = _parsed(self.symbol)
        for axis, angle in zip(AXES, self.angles_deg, strict=True):
            if not abs(angle) < LARGEST_TILT_DEG:
                raise InputError(
                    f"`angles_deg` must be below {LARGEST_TILT_DEG:g} degrees each, "
                    f"but {angle} is about {axis}.",
                    remedy="Halide perovskites tilt by up to about 15 degrees.",
                )
        for axis, sign, angle in zip(AXES, signs, self.angles_deg, strict=True):
            if sign == "0" and angle != 0:
                raise InputError(
                    f"`angles_deg` must be 0 about {axis}, where {self.symbol} has a 0, "
                    f"but is {angle}.",
                    remedy="Write + or - for an axis that the octahedra turn about.",
                )
        for one, two in ((0, 1), (0, 2), (1, 2)):
            sizes = abs(self.angles_deg[one]), abs(self.angles_deg[two])
            if letters[one] == letters[two] and sizes[0] != sizes[1]:
                raise InputError(
                    f"`angles_deg` must be equal where {self.symbol} repeats a letter, but are "
                    f"{sizes[0]} about {AXES[one]} and {sizes[1]} about {AXES[two]}.",
                    remedy="Give the axes different letters, or equal angles.",
                )

    @classmethod
    def glazer(cls, symbol: str, *, angles_deg: Triple) -> "Tilts":
        """The tilts of a Glazer symbol, typed with plain or raised signs.

        Example:
            >>> Tilts.glazer("a⁻b⁺a⁻", angles_deg=(6.0, 10.0, 6.0)).symbol
            'a-b+a-'
        """
        return cls(symbol=symbol.translate(_AS_TYPED), angles_deg=angles_deg)

    @classmethod
    def none(cls) -> "Tilts":
        """The cubic phase's."""
        return cls(symbol="a0a0a0", angles_deg=(0.0, 0.0, 0.0))

    @property
    def in_phase(self) -> tuple[bool, bool, bool]:
        """For each axis, whether neighbours along it turn alike."""
        x, y, z = (sign == "+" for sign in _parsed(self.symbol)[1])
        return (x, y, z)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strain:
    """A homogeneous strain of the cubic lattice, without rotation; fractions, shears tensorial.

    Attributes:
        xx, yy, zz: elongations.
        yz, xz, xy: shears: half of what the right angle between two axes loses, in radians.

    Raises:
        InputError: a component that is no number from -0.2 to 0.2.
    """

    xx: float = 0.0
    yy: float = 0.0
    zz: float = 0.0
    yz: float = 0.0
    xz: float = 0.0
    xy: float = 0.0

    def __post_init__(self) -> None:
        for name in ("xx", "yy", "zz", "yz", "xz", "xy"):
            if not abs(getattr(self, name)) <= LARGEST_STRAIN:
                raise InputError(
                    f"`{name}` of a strain must be from -{LARGEST_STRAIN:.0%} to "
                    f"{LARGEST_STRAIN:.0%}, but is {100 * getattr(self, name):g}%.",
                    remedy="One percent is 0.01 in Python and 1 on the command line.",
                )

    @property
    def stretch(self) -> Float[np.ndarray, "3 3"]:
        """The matrix I + E that takes cubic places to strained ones."""
        shear = [[0.0, self.xy, self.xz], [self.xy, 0.0, self.yz], [self.xz, self.yz, 0.0]]
        return np.diag([1 + self.xx, 1 + self.yy, 1 + self.zz]) + np.array(shear)

    @property
    def volume_ratio(self) -> float:
        """Strained volume over the cubic one."""
        return float(np.linalg.det(self.stretch))

    def apply(self, positions: Float[np.ndarray, "site 3"]) -> Float[np.ndarray, "site 3"]:
        """Places after the strain, about the origin, in the places' own unit.

        Example:
            >>> Strain(zz=0.01).apply(np.array([[1.0, 2.0, 100.0]])).tolist()
            [[1.0, 2.0, 101.0]]
        """
        return positions @ self.stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Distortion:
    """What a phase does to the cubic lattice: halides turn first, then the lattice strains."""

    tilts: Tilts
    strain: Strain

    @classmethod
    def none(cls) -> "Distortion":
        """The cubic phase's."""
        return cls(tilts=Tilts.none(), strain=Strain())


def octahedron_turns(
    cells: Int[np.ndarray, "metal 3"], tilts: Tilts
) -> Float[np.ndarray, "metal 3"]:
    """The tangents of the angles that octahedra turn by, about x, y, z.

    About z the octahedron (i, j, k) has the sign (-1)^(i+j) for + and (-1)^(i+j+k) for -;
    about x and y likewise, the axis's own index left out for +.

    Args:
        cells: indices of the metals from the cuboid's lowest corner [metal, 3].
        tilts: symbol and angles.

    Example:
        >>> tilts = Tilts.glazer("a0a0c+", angles_deg=(0.0, 0.0, 45 / 2))
        >>> octahedron_turns(np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1]]), tilts)[:, 2].round(3)
        array([ 0.414, -0.414,  0.414])
    """
    total = cells.sum(axis=1, keepdims=True)
    steps = total - cells * np.array(tilts.in_phase, dtype=int)
    return np.where(steps % 2 == 0, 1.0, -1.0) * np.tan(np.radians(tilts.angles_deg))


def tilt_displacements(cuboid: Cuboid, tilts: Tilts) -> Float[np.ndarray, "site 3"]:
    """How far each site moves when the octahedra turn, in lattice units, in the sites' order.

    A halide at r from its metal moves by t x r, t the tangents of the angles: across its bond,
    as its other octahedron asks too, while metals and A sites stay. So one tilt w makes the
    bond a/(2 cos w) long and the angle between metals 180 - 2w degrees. A terminal halide
    goes with its only octahedron.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> tilts = Tilts.glazer("a0a0c-", angles_deg=(0.0, 0.0, 10.0))
        >>> moved = tilt_displacements(Cuboid.cube(2, host_named("MAPbI3")), tilts)
        >>> bool(np.isclose(np.abs(moved).max(), np.tan(np.radians(10)) / 2))
        True
    """
    sites = lattice_sites(cuboid)
    moved = np.zeros(sites.abc.shape)
    halide = sites.role == "halide"
    corner = sites.abc[halide] + np.array(cuboid.edges) / 2
    # The octahedron beyond the halide; outside the cuboid it goes on with the same pattern.
    beyond = np.floor(corner).astype(int)
    moved[halide] = np.cross(octahedron_turns(beyond, tilts), np.where(corner == beyond, -0.5, 0.0))
    return moved


def displaced_positions(cuboid: Cuboid, distortion: Distortion) -> Float[np.ndarray, "site 3"]:
    """Where the sites of a distorted cuboid are, angstrom from its centre, in the sites' order.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> dot = Cuboid.cube(1, host_named("CsPbBr3"))
        >>> displaced_positions(dot, Distortion.none())[0].round(3).tolist()
        [-2.935, -2.935, -2.935]
    """
    abc = lattice_sites(cuboid).abc + tilt_displacements(cuboid, distortion.tilts)
    return distortion.strain.apply(abc * cuboid.host.lattice_angstrom)


def _parsed(symbol: str) -> tuple[str, str]:
    """A symbol's three letters and three signs."""
    found = _GLAZER.fullmatch(symbol)
    if found is None:
        raise InputError(
            f"`symbol` must be three letters a to c, each with +, - or 0, but is {symbol!r}.",
            remedy='As in "a-a-c+" (Pbnm) or "a0a0c-" (I4/mcm).',
        )
    return "".join(found.group(1, 3, 5)), "".join(found.group(2, 4, 6))
