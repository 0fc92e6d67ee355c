"""Cuboids of a host, and how many ions of each kind they hold."""

from dataclasses import dataclass
from math import prod
from numbers import Integral

from cinedot.core import InputError
from cinedot.particle.host import Host

MOST_SITES = 2_000_000
"""A cube of 43 nm: beyond all dots, and what a few GB of memory hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuboid:
    """A block of perovskite with so many Pb atoms along each cubic axis.

    Its outermost planes hold the terminal halides and the surface A sites, so each edge is its
    number of Pb atoms times the lattice constant long.

    Attributes:
        edges: Pb atoms along a, b, c; each at least 1.
        host: what it is made of.

    Raises:
        InputError: not three whole numbers, an edge below 1, more than 2 million lattice sites.
    """

    edges: tuple[int, int, int]
    host: Host

    def __post_init__(self) -> None:
        object.__setattr__(self, "edges", whole_edges(self.edges))
        if min(self.edges) < 1:
            raise InputError(
                f"`edges` must be at least 1 Pb atom each, but are {self.edges}.",
                remedy="A cube with 4 Pb an edge is `Cuboid.cube(4, host)`.",
            )
        counts = ion_counts(self)
        sites = counts.a_sites + counts.metal + counts.halide
        if sites > MOST_SITES:
            raise InputError(
                f"a cuboid must have at most {MOST_SITES} lattice sites, but edges {self.edges} "
                f"have {sites}.",
                remedy="A cube may have up to 73 Pb atoms an edge.",
            )

    @classmethod
    def cube(cls, n: int, host: Host) -> "Cuboid":
        """The cube QD_n, n Pb atoms an edge.

        Example:
            >>> from cinedot.particle.host import host_named
            >>> Cuboid.cube(4, host_named("CsPbBr3")).edges_nm[0]
            2.348
        """
        return cls(edges=(n, n, n), host=host)

    @property
    def edges_nm(self) -> tuple[float, float, float]:
        """Lengths from outer plane to outer plane, nm."""
        a = self.host.lattice_nm
        return (self.edges[0] * a, self.edges[1] * a, self.edges[2] * a)


def whole_edges(edges: object) -> tuple[int, int, int]:
    """Edges as Python's integers, whichever whole numbers they are.

    NumPy's would overflow in counts of sites, and differ in text.

    Raises:
        InputError: not a tuple of three whole numbers; truth values are none.

    Example:
        >>> whole_edges((4, 4, 5))
        (4, 4, 5)
    """
    if not isinstance(edges, tuple) or len(edges) != 3 or not all(map(_is_whole, edges)):
        raise InputError(
            f"`edges` must be a tuple of three whole numbers, but is {edges!r}.",
            remedy="A cube with 4 Pb an edge is `Cuboid.cube(4, host)`.",
        )
    x, y, z = map(int, edges)
    return x, y, z


def _is_whole(number: object) -> bool:
    return not isinstance(number, bool) and isinstance(number, Integral)


@dataclass(frozen=True, slots=True, kw_only=True)
class IonCounts:
    """Sites of a cuboid by ion and place.

    Attributes:
        metal: metal (Pb) sites; metal_corner, metal_edge, metal_face, metal_interior: those that
            are outermost along three, two, one, no axis.
        halide: halide sites; bridging (two Pb) and terminal (one Pb).
        a_sites: A sites, filled or not; a_corner, a_edge, a_face, a_interior: by place.
        a_neutral: A ions of charge 1 that make the bare cuboid neutral.
        a_empty: A sites that then stay empty.
    """

    metal: int
    metal_corner: int
    metal_edge: int
    metal_face: int
    metal_interior: int
    halide: int
    bridging: int
    terminal: int
    a_sites: int
    a_corner: int
    a_edge: int
    a_face: int
    a_interior: int
    a_neutral: int
    a_empty: int


def ion_counts(cuboid: Cuboid) -> IonCounts:
    """The sites of an (nx, ny, nz) cuboid, in closed form.

    With V = nx ny nz and S = nx ny + ny nz + nz nx: Pb V; halide 3 V + S, of them 2 S terminal;
    A sites (nx+1)(ny+1)(nz+1); a neutral cuboid holds V + S of them, so nx+ny+nz+1 are empty.
    Source: science.md 2.1 for cubes; the cuboid's forms follow from counting planes.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> counts = ion_counts(Cuboid.cube(4, host_named("CsPbBr3")))
        >>> counts.metal, counts.halide, counts.terminal, counts.a_neutral, counts.a_empty
        (64, 240, 96, 112, 13)
    """
    n = cuboid.edges
    volume, sides = prod(n), n[0] * n[1] + n[1] * n[2] + n[2] * n[0]
    outer = [min(2, m) for m in n]
    inner = [max(0, m - 2) for m in n]
    between = [m - 1 for m in n]
    return IonCounts(
        metal=volume,
        metal_corner=prod(outer),
        metal_edge=_pairs(inner, outer),
        metal_face=_pairs(outer, inner),
        metal_interior=prod(inner),
        halide=3 * volume + sides,
        bridging=3 * volume - sides,
        terminal=2 * sides,
        a_sites=prod(m + 1 for m in n),
        a_corner=8,
        a_edge=4 * sum(between),
        a_face=_pairs([2, 2, 2], between),
        a_interior=prod(between),
        a_neutral=volume + sides,
        a_empty=sum(n) + 1,
    )


def _pairs(one: list[int], two: list[int]) -> int:
    """The sum over the axes of one's count on that axis times two's on the other two."""
    return one[0] * two[1] * two[2] + two[0] * one[1] * two[2] + two[0] * two[1] * one[2]
