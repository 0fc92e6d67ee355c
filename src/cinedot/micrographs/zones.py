"""The zones of a lattice whose reflections lie where an image's fringes do."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from cinedot.micrographs.fringe_fit import Fringe
from cinedot.micrographs.lattices import Lattice, Miller, reciprocal_per_nm, spacing_nm

_PAIRS = 3
"""Strongest fringes, any two of which may found a zone."""

_CROSSING_DEG = 10.0
"""Angle from which on two fringes say something of a zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone axis and what the fringes are along it: chi-square, common scale, rms of the rest."""

    zone: Miller
    hkls: tuple[Miller | None, ...]
    explained: int
    chi_square: float
    scale: float
    rms: float


def planes_within(lattice: Lattice, longest: float) -> Int[np.ndarray, "plane 3"]:
    """All reflections up to a frequency that the centring allows."""
    edges = (lattice.a_nm, lattice.b_nm, lattice.c_nm)
    u, v, w = (range(-int(longest * edge), int(longest * edge) + 1) for edge in edges)
    wanted = [hkl for hkl in itertools.product(u, v, w) if any(hkl) and lattice.allows(hkl)]
    planes = np.array(wanted, dtype=np.intp).reshape(-1, 3)
    lengths = np.linalg.norm(planes @ reciprocal_per_nm(lattice).T, axis=1)
    return planes[lengths <= longest]


def zones_of(
    fringes: Sequence[Fringe],
    vectors: Float[np.ndarray, "fringe 2"],
    lattice: Lattice,
    planes: Int[np.ndarray, "plane 3"],
    tolerance: float,
) -> list[Zone]:
    """One answer a zone axis up to the lattice's symmetry, best first."""
    frame = reciprocal_per_nm(lattice)
    arrows = planes @ frame.T
    lengths = np.linalg.norm(arrows, axis=1)
    answers: dict[tuple[float, ...], Zone] = {}
    strongest = range(min(_PAIRS, len(fringes)))
    for one, two in itertools.combinations(strongest, 2):
        q1, q2 = vectors[one], vectors[two]
        n1, n2 = float(np.linalg.norm(q1)), float(np.linalg.norm(q2))
        turn = abs(float(q1[0] * q2[1] - q1[1] * q2[0])) / (n1 * n2)
        if turn < np.sin(np.radians(_CROSSING_DEG)):
            continue
        first = np.flatnonzero(abs(lengths / n1 - 1) < tolerance)
        second = np.flatnonzero(abs(lengths / n2 - 1) < tolerance)
        cosines = (arrows[first] @ arrows[second].T) / np.outer(lengths[first], lengths[second])
        fitting = abs(cosines - float(q1 @ q2) / (n1 * n2)) < 2 * tolerance * turn + tolerance**2
        for i, j in np.argwhere(fitting):
            pair = (planes[first[i]], planes[second[j]])
            answer = _answer(fringes, vectors, (one, two), pair, lattice, tolerance)
            if answer is not None:
                key = _likeness(answer, lattice)
                if key not in answers or _rank(answer) < _rank(answers[key]):
                    answers[key] = answer
    return sorted(answers.values(), key=_rank)


def _rank(answer: Zone) -> tuple[float, ...]:
    # Of equivalent settings the one with the plainest, most positive indices is shown.
    known = [hkl for hkl in answer.hkls if hkl is not None]
    size = sum(abs(index) for hkl in known for index in hkl)
    negative = sum(index < 0 for hkl in (answer.zone, *known) for index in hkl)
    order = [-index for hkl in (answer.zone, *known) for index in hkl]
    if answer.zone[2] == 0:
        negative += 1
    return (-answer.explained, round(answer.chi_square, 6), size, negative, *order)


def _likeness(answer: Zone, lattice: Lattice) -> tuple[float, ...]:
    """The same for zones that look alike: what its reflections' spacings are."""
    frame = np.linalg.inv(reciprocal_per_nm(lattice)).T
    along = float(np.linalg.norm(frame @ np.array(answer.zone)))
    spacings = [0.0 if hkl is None else spacing_nm(lattice, hkl) for hkl in answer.hkls]
    return (round(along, 5), *(round(one, 5) for one in spacings))


def _answer(
    fringes: Sequence[Fringe],
    vectors: Float[np.ndarray, "fringe 2"],
    places: tuple[int, int],
    pair: tuple[Int[np.ndarray, "3"], Int[np.ndarray, "3"]],
    lattice: Lattice,
    tolerance: float,
) -> Zone | None:
    zone = np.cross(*pair)
    if not zone.any():  # fringes that hardly cross also fit one row of planes
        return None
    zone = zone // max(1, int(np.gcd.reduce(zone)))
    basis = np.stack([vectors[places[0]], vectors[places[1]]], axis=1)
    sums = np.linalg.solve(basis, vectors.T).T @ np.array(pair)
    hkls: list[Miller | None] = []
    for vector, near in zip(vectors, sums, strict=True):
        whole = np.rint(near).astype(int)
        hkl = (int(whole[0]), int(whole[1]), int(whole[2]))
        off = np.linalg.norm(reciprocal_per_nm(lattice) @ (near - whole))
        fits = any(hkl) and lattice.allows(hkl) and not int(zone @ whole)
        fits = fits and off < 1.5 * tolerance * float(np.linalg.norm(vector))
        hkls.append(hkl if fits else None)
    return _scored(fringes, vectors, hkls, zone, lattice, tolerance)


def _scored(
    fringes: Sequence[Fringe],
    vectors: Float[np.ndarray, "fringe 2"],
    hkls: list[Miller | None],
    zone: Int[np.ndarray, "3"],
    lattice: Lattice,
    tolerance: float,
) -> Zone | None:
    known = [index for index, hkl in enumerate(hkls) if hkl is not None]
    if len(known) < 2:
        return None
    flat = flat_vectors([hkls[index] or (0, 0, 0) for index in known], zone, lattice)
    seen = vectors[known] @ np.array([1, 1j])
    expected = flat @ np.array([1, 1j])
    # A lattice looked at from behind is its own mirror image.
    fits = [expected, expected.conj()]
    turns = [np.vdot(one, seen) / np.vdot(one, one) for one in fits]
    errors = [np.abs(seen - turn * one) for turn, one in zip(turns, fits, strict=True)]
    choice = int(np.argmin([float((error**2).sum()) for error in errors]))
    scale = float(abs(turns[choice]))
    parts = errors[choice] / np.abs(seen)
    open_parts = np.array(
        [fringes[index].sigma_total_nm / fringes[index].spacing_nm for index in known]
    )
    sigma = np.hypot(open_parts, tolerance / 2)
    # The common scale is known no better than the tolerance either: not every size is as likely.
    chi_square = float(((parts / sigma) ** 2).sum()) + ((scale - 1) / (tolerance / 2)) ** 2
    uvw = (int(zone[0]), int(zone[1]), int(zone[2]))
    return Zone(
        zone=uvw, hkls=tuple(hkls), explained=len(known), chi_square=chi_square, scale=scale,
        rms=float(np.sqrt((parts**2).mean())),
    )  # fmt: skip


def flat_vectors(
    hkls: Sequence[Miller], zone: Sequence[int] | Int[np.ndarray, "3"], lattice: Lattice
) -> Float[np.ndarray, "plane 2"]:
    """Wave vectors of a zone's reflections in its own plane, 1/nm, turned anyhow."""
    frame = reciprocal_per_nm(lattice)
    arrows = np.array(hkls) @ frame.T
    along = np.linalg.inv(frame).T @ np.array(zone)
    along = along / np.linalg.norm(along)
    first = arrows[0] - (arrows[0] @ along) * along
    first = first / np.linalg.norm(first)
    return np.stack([arrows @ first, arrows @ np.cross(along, first)], axis=1)
