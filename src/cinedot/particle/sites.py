"""The lattice sites of a cuboid, in the one order that atoms, fits and tables share."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy.spatial import KDTree

from cinedot.core import InputError
from cinedot.particle.cuboid import Cuboid

_PLACES = np.array(["interior", "face", "edge", "corner"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """Every lattice site of a cuboid, filled or not.

    The order is fixed: A sites, metal, halides normal to a, to b, to c; within each the last
    axis runs fastest.

    Attributes:
        element: chemical symbol that marks the site [site] (nitrogen for MA and FA).
        role: "a", "metal" or "halide" [site].
        kind: of an A site "interior", "face", "edge" or "corner"; of a halide "bridging" or
            "terminal"; of the metal "metal" [site].
        metal_kind: where the metal itself sits ("interior", "face", "edge", "corner"), for the
            metal and for the terminal halide bound to it; "" elsewhere [site].
        metal: index of the metal site that a terminal halide is bound to, -1 elsewhere [site].
        abc: places in lattice units from the cuboid's centre [site, 3].
        outward: directions out of the surface, of unit length, 0 for inner sites [site, 3].
    """

    element: Shaped[np.ndarray, " site"]
    role: Shaped[np.ndarray, " site"]
    kind: Shaped[np.ndarray, " site"]
    metal_kind: Shaped[np.ndarray, " site"]
    metal: Int[np.ndarray, " site"]
    abc: Float[np.ndarray, "site 3"]
    outward: Float[np.ndarray, "site 3"]

    def __post_init__(self) -> None:
        # One object serves every caller, so none may write into it.
        for array in (
            self.element,
            self.role,
            self.kind,
            self.metal_kind,
            self.metal,
            self.abc,
            self.outward,
        ):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.element)

    def index_of(self, element: str, abc: tuple[float, float, float]) -> int:
        """The index of the site with this element at this place.

        Raises:
            InputError: no such site.

        Example:
            >>> from cinedot.particle.host import host_named
            >>> sites = lattice_sites(Cuboid.cube(4, host_named("CsPbBr3")))
            >>> sites.index_of("Cs", (-2.0, -2.0, -2.0))
            0
        """
        here = (np.abs(self.abc - abc) < 0.25).all(axis=1) & (self.element == element)
        if not here.any():
            raise InputError(
                f"(element, a, b, c) must be a lattice site, but ({element}, {abc}) is none.",
                remedy="Places count from the cuboid's centre in lattice constants.",
            )
        return int(np.flatnonzero(here)[0])


@cache
def lattice_sites(cuboid: Cuboid) -> Sites:
    """The sites of a cuboid (science.md 2.1): Pb at half-integers, A at integers, X on faces.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> sites = lattice_sites(Cuboid.cube(4, host_named("CsPbBr3")))
        >>> len(sites), int((sites.kind == "terminal").sum())
        (429, 96)
    """
    n = np.array(cuboid.edges)
    half = n / 2
    a = _grid(n + 1) - half
    metal = _grid(n) + 0.5 - half
    halides = [_halides(n, axis) for axis in range(3)]
    halide = np.concatenate([place for place, _ in halides])
    partner = np.concatenate([index for _, index in halides])
    terminal = partner >= 0
    metal_kind = _PLACES[(np.abs(np.abs(metal) - (half - 0.5)) < 0.25).sum(axis=1)]
    abc = np.concatenate([a, metal, halide])
    at_surface = np.abs(np.abs(abc) - half) < 0.25
    normal = np.where(at_surface, np.sign(abc), 0.0)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    host = cuboid.host
    empty = np.full(len(a), "")
    halide_metal_kind = np.where(terminal, metal_kind[np.maximum(partner, 0)], "")
    offset = len(a)
    return Sites(
        element=np.repeat(
            [host.a_element, host.b_ion, host.x_ion], [len(a), len(metal), len(halide)]
        ),
        role=np.repeat(["a", "metal", "halide"], [len(a), len(metal), len(halide)]),
        kind=np.concatenate(
            [
                _PLACES[at_surface[: len(a)].sum(axis=1)],
                np.full(len(metal), "metal"),
                np.where(terminal, "terminal", "bridging"),
            ]
        ),
        metal_kind=np.concatenate([empty, metal_kind, halide_metal_kind]),
        metal=np.concatenate(
            [
                np.full(len(a) + len(metal), -1),
                np.where(terminal, partner + offset, -1),
            ]
        ),
        abc=abc,
        outward=normal / np.maximum(length, 1.0),
    )


@cache
def neighbours(cuboid: Cuboid) -> tuple[Int[np.ndarray, " neighbour"], ...]:
    """For every site the indices of its shell of opposite charge, filled or not.

    A metal has six halides at half a lattice constant, an A site up to twelve halides at
    1/sqrt(2); a halide has its one or two metals and up to four A sites.

    Returns:
        One array a site, in the order of `lattice_sites`, ascending.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> dot = Cuboid.cube(2, host_named("CsPbBr3"))
        >>> sites, shells = lattice_sites(dot), neighbours(dot)
        >>> sorted(len(shells[i]) for i in range(len(sites)) if sites.role[i] == "metal")
        [6, 6, 6, 6, 6, 6, 6, 6]
    """
    sites = lattice_sites(cuboid)
    pairs = KDTree(sites.abc).query_pairs(0.75, output_type="ndarray")
    unlike = (sites.role[pairs] == "halide").sum(axis=1) == 1
    both = np.concatenate([pairs[unlike], pairs[unlike][:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    starts = np.searchsorted(both[:, 0], np.arange(1, len(sites)))
    shells = tuple(np.split(both[:, 1], starts))
    for shell in shells:
        shell.flags.writeable = False
    return shells


def _grid(shape: Int[np.ndarray, " 3"]) -> Float[np.ndarray, "site 3"]:
    return np.indices(tuple(int(m) for m in shape)).reshape(3, -1).T.astype(float)


def _halides(
    n: Int[np.ndarray, " 3"], axis: int
) -> tuple[Float[np.ndarray, "site 3"], Int[np.ndarray, " site"]]:
    """Halides on the planes normal to one axis: places, and the metal of each terminal one."""
    planes = n.copy()
    planes[axis] += 1
    cells = _grid(planes)
    shift = np.full(3, 0.5)
    shift[axis] = 0.0
    neighbour = cells.copy()
    neighbour[:, axis] = np.clip(neighbour[:, axis], None, n[axis] - 1)
    index = np.ravel_multi_index(tuple(neighbour.T.astype(int)), tuple(int(m) for m in n))
    outer = (cells[:, axis] == 0) | (cells[:, axis] == n[axis])
    return cells + shift - n / 2, np.where(outer, index, -1)
