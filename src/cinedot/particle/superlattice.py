"""Dots side by side on a rectangular grid, as they pack into a superlattice."""

from collections.abc import Sequence
from itertools import product
from math import prod

import numpy as np
from ase import Atoms
from jaxtyping import Float, Shaped

from cinedot.core import InputError
from cinedot.particle.contacts import CLOSEST_RATIO
from cinedot.particle.host import host_named
from cinedot.particle.packing import closest_approach, fitting_gap_nm

# Numbers the ligands of one dot, -1 where an atom belongs to none.
LIGAND = "ligand"
NO_LIGAND = -1
DOT = "dot"
MOST_ATOMS = 20_000_000
"""What a few GB of memory hold."""


def superlattice(dots: Sequence[Atoms], shape: tuple[int, int, int], gap_nm: float) -> Atoms:
    """Dots on a grid with so much room between their outer lattice planes.

    The period along each axis is the largest edge among the dots there plus the gap, so smaller
    dots have more room. Places are filled with the last axis fastest, by the dots in turn; one
    dot repeats everywhere. Edges are those of the undistorted cubic lattice. Dots keep the shape
    that they were built in: ligands do not give way to the next dot's, so where two atoms would
    come closer than 0.8 of the sum of their covalent radii, the gap is refused.

    Args:
        dots: atoms of single dots from `cinedot.particle.build`, all with the same arrays.
        shape: dots along a, b, c; each at least 1.
        gap_nm: from outer plane to outer plane of neighbours, nm; the ligands' room.

    Returns:
        Periodic atoms, angstrom, centred at the origin, in a cell of the superlattice's periods.
        Every array of the dots is kept, and `dot` numbers the copies; ligand numbers (`ligand`)
        go on from copy to copy. `info` holds `superlattice` (the shape), `gap_nm` and, where all
        dots share it, `host`.

    Raises:
        InputError: no dots, more than places, a shape below 1, a negative gap, atoms without edges
            or with other arrays than the first dot's, dots that overlap at this gap (the remedy
            names one at which they do not), more than 20 million atoms.

    Example:
        >>> from cinedot.particle import Cuboid, build
        >>> dot = build(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")
        >>> pair = superlattice([dot], (1, 1, 2), gap_nm=1.0)
        >>> len(pair) == 2 * len(dot), pair.cell.lengths().round(2).tolist()
        (True, [21.74, 21.74, 43.48])
    """
    _require_usable(dots, shape, gap_nm)
    edges = np.max([_edges_angstrom(dot) for dot in dots], axis=0)
    _require_apart(dots, shape, edges, gap_nm)
    period = edges + 10 * gap_nm
    places = np.array(list(product(*map(range, shape))))
    offsets = (places - (np.array(shape) - 1) / 2) * period
    taken = [dots[number % len(dots)] for number in range(len(places))]
    arrays = {name: _joined(taken, name) for name in taken[0].arrays if name != "positions"}
    positions = [dot.positions + offset for dot, offset in zip(taken, offsets, strict=True)]
    joined = Atoms(
        numbers=arrays.pop("numbers"),
        positions=np.concatenate(positions),
        cell=period * np.array(shape),
        pbc=True,
    )
    for name, values in arrays.items():
        joined.set_array(name, values)
    joined.set_array(DOT, np.repeat(np.arange(len(taken)), [len(dot) for dot in taken]))
    hosts = {str(dot.info["host"]) for dot in taken}
    shared = {"host": hosts.pop()} if len(hosts) == 1 else {}
    joined.info = {"superlattice": list(shape), "gap_nm": gap_nm, **shared}
    return joined


def _require_usable(dots: Sequence[Atoms], shape: tuple[int, int, int], gap_nm: float) -> None:
    if len(dots) == 0:
        raise InputError(
            "`dots` must hold at least one dot, but holds none.",
            remedy="Make one with `cinedot.particle.build`.",
        )
    if min(shape) < 1:
        raise InputError(
            f"`shape` must be at least 1 dot along each axis, but is {shape}.",
            remedy="Two dots side by side are (1, 1, 2).",
        )
    places = prod(shape)
    if len(dots) > places:
        raise InputError(
            f"a superlattice must have a place for each dot, but {shape} has {places} for "
            f"{len(dots)} dots.",
            remedy="Take fewer dots, or a larger shape.",
        )
    atoms = places * max(len(dot) for dot in dots)
    if atoms > MOST_ATOMS:
        raise InputError(
            f"a superlattice must have at most {MOST_ATOMS} atoms, but would have {atoms}.",
            remedy="Take a smaller shape; the cell repeats anyway.",
        )
    if not 0 <= gap_nm < np.inf:
        raise InputError(
            f"`gap_nm` must be 0 or more, but is {gap_nm}.",
            remedy="It counts from outer plane to outer plane; oleylammonium leaves 1 to 3 nm.",
        )
    for number, dot in enumerate(dots):
        if not {"edges", "host"} <= set(getattr(dot, "info", {})):
            raise InputError(
                f"`dots` must be single dots with edges and host in `info`, but dot {number} "
                "has none.",
                remedy="Make it with `cinedot.particle.build`.",
            )
        if set(dot.arrays) != set(dots[0].arrays):
            other = sorted(set(dot.arrays) ^ set(dots[0].arrays))
            raise InputError(
                f"`dots` must all carry the same arrays, but dot {number} and dot 0 differ "
                f"in {', '.join(other)}.",
                remedy="Build all of them in the same way.",
            )


def _require_apart(
    dots: Sequence[Atoms],
    shape: tuple[int, int, int],
    edges: Float[np.ndarray, " 3"],
    gap_nm: float,
) -> None:
    if closest_approach(dots, shape, edges + 10 * gap_nm) >= CLOSEST_RATIO:
        return
    fits = fitting_gap_nm(dots, shape, edges, above_nm=gap_nm)
    raise InputError(
        f"dots must not reach into each other, but at a gap of {gap_nm:g} nm their atoms do.",
        remedy=f"{fits:g} nm is the smallest that fits; dots without whole ligands (`--heads`, "
        "`--heavy`) need less.",
    )


def _edges_angstrom(dot: Atoms) -> Float[np.ndarray, " 3"]:
    return np.asarray(dot.info["edges"]) * host_named(str(dot.info["host"])).lattice_angstrom


def _joined(dots: Sequence[Atoms], name: str) -> Shaped[np.ndarray, "atom ..."]:
    """One array of all dots, one after the other; ligand numbers made to go on."""
    pieces: list[np.ndarray] = [np.asarray(dot.arrays[name]) for dot in dots]
    if name != LIGAND:
        return np.concatenate(pieces)
    counts = [int(piece.max(initial=NO_LIGAND)) + 1 for piece in pieces]
    starts = np.cumsum([0, *counts[:-1]])
    numbered = zip(pieces, starts, strict=True)
    return np.concatenate([np.where(p == NO_LIGAND, p, p + start) for p, start in numbered])
