"""What a halide does: its steps, and what two moments show of them."""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Int

from cinedot.microscope.halide_sites import EMPTY

Kind = Literal["loss", "gain", "hop"]


class HalideEvent(NamedTuple):
    """One step of a halide.

    frame: the first whose mid-exposure shows it; time_s: when, from the movie's start (of a
    change between two frames, the later one's mid-exposure); kind: loss, gain or hop; came_from,
    went_to: lattice sites, -1 for none.
    """

    frame: int
    time_s: float
    kind: Kind
    came_from: int
    went_to: int


def changes(
    before: Int[np.ndarray, " place"],
    after: Int[np.ndarray, " place"],
    site: Int[np.ndarray, " place"],
    frame: int,
    time_s: float,
) -> list[HalideEvent]:
    """What changed between two moments, halide by halide: losses, gains, hops.

    Example:
        >>> seen = changes(np.array([0, 1, -1]), np.array([-1, 2, 0]), np.array([7, 8, 9]), 4, 0.1)
        >>> [(event.kind, event.came_from, event.went_to) for event in seen]
        [('hop', 7, 9), ('loss', 8, -1), ('gain', -1, 8)]
    """
    differs = np.flatnonzero(before != after)
    went = {int(after[at]): int(site[at]) for at in differs if after[at] != EMPTY}
    found: list[HalideEvent] = []
    for at in differs:
        if before[at] != EMPTY:
            target = went.pop(int(before[at]), EMPTY)
            kind: Kind = "loss" if target == EMPTY else "hop"
            found.append(HalideEvent(frame, time_s, kind, int(site[at]), target))
    return found + [HalideEvent(frame, time_s, "gain", EMPTY, target) for target in went.values()]
