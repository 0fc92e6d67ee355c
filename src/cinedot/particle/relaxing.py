"""Overlap relaxation: molecules as nets of springs that soft contacts push apart."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

_SKIN_ANGSTROM = 0.6
_CONTACT_STIFFNESS = 5.0
_MEMORY = 12
_FLAT = 0.02
_LONGEST_STEP_ANGSTROM = 0.25
_FIRST_STIFFNESS = 600.0
_BACKTRACKS = 12

Pairs = Int[np.ndarray, "pair 2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Springs:
    """Harmonic springs, energy stiffness (d - length)^2 each.

    Attributes:
        pairs: the two atoms of each [spring, 2].
        length_angstrom: at rest [spring].
        stiffness: relative to each other and to the contacts' 5 [spring].
    """

    pairs: Int[np.ndarray, "spring 2"]
    length_angstrom: Float[np.ndarray, " spring"]
    stiffness: Float[np.ndarray, " spring"]


def relaxed(
    positions_angstrom: Float[np.ndarray, "atom 3"],
    *,
    free: Bool[np.ndarray, " atom"],
    contact_radius_angstrom: Float[np.ndarray, " atom"],
    springs: Springs,
    iterations: int = 400,
) -> Float[np.ndarray, "atom 3"]:
    """Move the free atoms to a minimum of springs and soft contacts, by L-BFGS.

    The energy is sum k (d - length)^2 over the springs plus sum 5 (reach - d)^2 over the pairs
    that stand closer than their reach, the sum of their two contact radii. Pairs that a spring
    joins, and pairs of two fixed atoms, have no contact. It is a way to clear overlaps, not a
    force field: forces have no unit.

    Args:
        positions_angstrom: where the atoms stand [atom, 3].
        free: which may move [atom].
        contact_radius_angstrom: half the distance at which two alike touch [atom].
        springs: what holds each molecule's shape.
        iterations: at most so many steps.

    Returns:
        New positions; fixed atoms stand exactly where they stood.

    Example:
        >>> one = Springs(pairs=np.array([[0, 1]]), length_angstrom=np.array([1.0]),
        ...               stiffness=np.array([100.0]))
        >>> moved = relaxed(np.array([[0.0, 0, 0], [0, 0, 1.5]]), free=np.array([False, True]),
        ...                 contact_radius_angstrom=np.ones(2), springs=one)
        >>> moved.round(3).tolist()
        [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    moving = np.flatnonzero(free)
    if not len(moving):
        return positions_angstrom.copy()
    contacts = _contact_list(positions_angstrom, free, contact_radius_angstrom, springs.pairs)
    whole = positions_angstrom.copy()

    def energy_and_slope(flat: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
        whole[moving] = flat.reshape(-1, 3)
        near, reach = contacts(whole)
        held, slope = _pair_energy(
            whole, springs.pairs, springs.length_angstrom, springs.stiffness, only_closer=False
        )
        stiffness = np.full(len(near), _CONTACT_STIFFNESS)
        pushed, push = _pair_energy(whole, near, reach, stiffness, only_closer=True)
        return held + pushed, (slope + push)[moving].ravel()

    found = _descended(energy_and_slope, positions_angstrom[moving].ravel(), iterations)
    whole[moving] = found.reshape(-1, 3)
    return whole


def _descended(
    energy_and_slope: Callable[[Float[np.ndarray, " n"]], tuple[float, Float[np.ndarray, " n"]]],
    start: Float[np.ndarray, " n"],
    iterations: int,
) -> Float[np.ndarray, " n"]:
    """L-BFGS (Nocedal, Math. Comput. 35, 773, 1980) with short steps and backtracking.

    SciPy's calls threaded BLAS on tiny matrices, ten times slower where cores are shared.
    """
    at = start
    energy, slope = energy_and_slope(at)
    history: deque[tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], float]] = deque(
        maxlen=_MEMORY
    )
    for _ in range(iterations):
        if np.abs(slope).max() < _FLAT:
            break
        way = _quasi_newton_way(slope, history)
        downhill = _dot(way, slope)
        if downhill >= 0:
            history.clear()
            way, downhill = -slope, -_dot(slope, slope)
        share = min(1.0, _LONGEST_STEP_ANGSTROM / float(np.abs(way).max()))
        for _ in range(_BACKTRACKS):
            ahead = at + share * way
            energy_ahead, slope_ahead = energy_and_slope(ahead)
            if energy_ahead <= energy + 1e-4 * share * downhill:
                break
            share /= 3
        else:
            break
        step, change = ahead - at, slope_ahead - slope
        curvature = _dot(step, change)
        if curvature > 1e-12:
            history.append((step, change, curvature))
        at, energy, slope = ahead, energy_ahead, slope_ahead
    return at


def _quasi_newton_way(
    slope: Float[np.ndarray, " n"],
    history: Iterable[tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], float]],
) -> Float[np.ndarray, " n"]:
    """Downhill by the two-loop recursion; plainly, and shortly, without a history."""
    pairs = list(history)
    if not pairs:
        return -slope / _FIRST_STIFFNESS
    way = -slope
    shares = list[float]()
    for step, change, curvature in reversed(pairs):
        shares.append(_dot(step, way) / curvature)
        way = way - shares[-1] * change
    _, change, curvature = pairs[-1]
    way = way * (curvature / _dot(change, change))
    for (step, change, curvature), share in zip(pairs, reversed(shares), strict=True):
        way = way + (share - _dot(change, way) / curvature) * step
    return way


def _dot(one: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"]) -> float:
    return float((one * other).sum())


def _contact_list(
    start: Float[np.ndarray, "atom 3"],
    free: Bool[np.ndarray, " atom"],
    radius: Float[np.ndarray, " atom"],
    joined: Pairs,
) -> Callable[[Float[np.ndarray, "atom 3"]], tuple[Pairs, Float[np.ndarray, " pair"]]]:
    """A Verlet list: pairs within reach plus a skin, renewed when an atom crossed half of it."""
    count = len(start)
    ordered = np.sort(joined, axis=1)
    joined_keys = np.unique(ordered[:, 0] * count + ordered[:, 1])
    reach_most = 2 * float(radius.max())
    listed_at = np.full_like(start, np.inf)
    pairs = np.zeros((0, 2), dtype=np.int64)
    reach = np.zeros(0)

    def contacts(
        positions: Float[np.ndarray, "atom 3"],
    ) -> tuple[Pairs, Float[np.ndarray, " pair"]]:
        nonlocal listed_at, pairs, reach
        moved = np.abs(positions - listed_at).max()
        # The largest component bounds the way from below by a factor of sqrt 3.
        if moved * np.sqrt(3) > _SKIN_ANGSTROM / 2:
            found = KDTree(positions).query_pairs(
                reach_most + _SKIN_ANGSTROM, output_type="ndarray"
            )
            found = found[free[found].any(axis=1)]
            found = found[~np.isin(found[:, 0] * count + found[:, 1], joined_keys)]
            together = radius[found].sum(axis=1)
            apart = np.linalg.norm(positions[found[:, 0]] - positions[found[:, 1]], axis=1)
            kept = apart < together + _SKIN_ANGSTROM
            pairs, reach, listed_at = found[kept], together[kept], positions.copy()
        return pairs, reach

    return contacts


def _pair_energy(
    positions: Float[np.ndarray, "atom 3"],
    pairs: Pairs,
    length: Float[np.ndarray, " pair"],
    stiffness: Float[np.ndarray, " pair"],
    *,
    only_closer: bool,
) -> tuple[float, Float[np.ndarray, "atom 3"]]:
    """Energy and slope of sum stiffness (d - length)^2, of pairs closer than length if so asked."""
    between = positions[pairs[:, 0]] - positions[pairs[:, 1]]
    apart = np.sqrt((between**2).sum(axis=1) + 1e-12)
    if only_closer:
        near = apart < length
        pairs, between, apart = pairs[near], between[near], apart[near]
        length, stiffness = length[near], stiffness[near]
    stretch = apart - length
    pull = (2 * stiffness * stretch / apart)[:, None] * between
    ends = np.concatenate([pairs[:, 0], pairs[:, 1]])
    both = np.concatenate([pull, -pull])
    slope = np.stack(
        [np.bincount(ends, both[:, axis], minlength=len(positions)) for axis in range(3)], axis=1
    )
    # Of no pairs at all bincount makes integers.
    return float((stiffness * stretch**2).sum()), slope.astype(float, copy=False)
