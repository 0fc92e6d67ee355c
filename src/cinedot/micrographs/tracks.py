"""Which detection of a frame is which particle: one number for each, from first to last frame."""

import numpy as np
import scipy.optimize
from jaxtyping import Float, Int, Num

from cinedot.core import InputError

REACH_NM = 2.5
"""How far from its last place, the field's drift taken off, a particle may be found again."""

LEAST_FRAMES = 5
"""Detections that make a particle beside the surest one: chance seldom strikes one place twice."""


def link(
    frame: Int[np.ndarray, " detection"],
    x_nm: Float[np.ndarray, " detection"],
    y_nm: Float[np.ndarray, " detection"],
    weight: Num[np.ndarray, " detection"],
    *,
    drift_nm: Float[np.ndarray, "frame 2"],
    reach_nm: float = REACH_NM,
    least_frames: int = LEAST_FRAMES,
) -> Int[np.ndarray, " detection"]:
    """The particle that each detection is, numbered by what they weigh together; -1 for none.

    Frame by frame, detections are given to the particles known so far so that as many as
    possible find one, at the least sum of squared distances from where each is expected: its
    last place, moved with the field. A particle that is not found keeps its place until it is
    seen again, however much later. Whoever finds none begins a new one.

    Args:
        frame: each detection's frame, not decreasing.
        x_nm, y_nm: its place.
        weight: how sure it is; the surest particle becomes number 0.
        drift_nm: x and y of the field in every frame.
        reach_nm: how far off a particle may be found.
        least_frames: particles found in fewer are none, but for number 0 (in a movie that is
            shorter: in fewer than all its frames).

    Raises:
        InputError: frames that go backwards.

    Example: two particles that cross a gap.
        >>> found = np.array([0, 0, 2, 2])
        >>> link(found, np.array([0.0, 9.0, 9.2, 0.1]), np.zeros(4), np.array([1, 2, 2, 1]),
        ...      drift_nm=np.zeros((3, 2)), least_frames=2)
        array([1, 0, 0, 1])
    """
    if np.any(np.diff(frame) < 0):
        raise InputError(
            "`frame` must not decrease from one detection to the next, but does.",
            remedy="Sort the detections by frame.",
        )
    steady = np.stack([x_nm, y_nm], axis=1) - drift_nm[frame]
    track = np.full(len(frame), -1)
    places = np.zeros((0, 2))
    starts = np.searchsorted(frame, np.unique(frame))
    for group in np.split(np.arange(len(frame)), starts[1:]):
        here = steady[group]
        track[group] = _given(here, places, reach_nm)
        new = group[track[group] < 0]
        track[new] = len(places) + np.arange(len(new))
        places = np.concatenate([places, steady[new]])
        places[track[group]] = here
    return _numbered(track, weight, min(least_frames, len(drift_nm)))


def _given(
    here: Float[np.ndarray, "detection 2"], places: Float[np.ndarray, "track 2"], reach_nm: float
) -> Int[np.ndarray, " detection"]:
    given = np.full(len(here), -1)
    squares = ((here[:, None] - places) ** 2).sum(axis=2)
    # A pair out of reach costs more than all that are within it: it is made last, and undone.
    costs = np.where(squares <= reach_nm**2, squares, 4 * reach_nm**2 * (1 + len(here)))
    rows, columns = scipy.optimize.linear_sum_assignment(costs)
    reached = squares[rows, columns] <= reach_nm**2
    given[rows[reached]] = columns[reached]
    return given


def _numbered(
    track: Int[np.ndarray, " detection"], weight: Num[np.ndarray, " detection"], least: int
) -> Int[np.ndarray, " detection"]:
    count = int(track.max(initial=-1)) + 1
    weights = np.bincount(track, weights=weight, minlength=count)
    order = np.argsort(-weights, kind="stable")
    frames = np.bincount(track, minlength=count)
    kept = [int(old) for place, old in enumerate(order) if place == 0 or frames[old] >= least]
    number = np.full(count, -1)
    number[kept] = np.arange(len(kept))
    return number[track]
