"""One particle's way through the windows of a movie's frames."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from cinedot.micrographs.local_lattice import LatticeMap

Place: TypeAlias = tuple[float, float] | None
"""x and y in nm, or None where the particle is absent."""

SCORE_FACTOR = 3.0
"""Times the threshold for even noise that a place must score in a movie: a support that ends
within the field is uneven ground. Bare carbon reached 2.2 times it in 60 simulated fields."""

REACH_NM = 2.5
"""How far a particle may have gone since the frame before."""


def track(windows: Sequence[LatticeMap]) -> list[Place]:
    """Where the particle is in each frame: from the strongest frame on, forwards and backwards."""
    best = int(np.argmax([float(one.score.max()) for one in windows]))
    places: list[Place] = [None] * len(windows)
    row, column = np.unravel_index(int(np.argmax(windows[best].score)), windows[best].score.shape)
    origin = (float(windows[best].x_nm[column]), float(windows[best].y_nm[row]))
    for steps in (range(best, len(windows)), range(best - 1, -1, -1)):
        last = origin
        for index in steps:
            places[index] = _strongest_near(windows[index], last)
            last = places[index] or last
    return places


def _strongest_near(windows: LatticeMap, last: tuple[float, float]) -> Place:
    distance = np.hypot(windows.x_nm - last[0], (windows.y_nm - last[1])[:, None])
    near = np.where(distance <= REACH_NM, windows.score, 0.0)
    row, column = np.unravel_index(int(np.argmax(near)), near.shape)
    if near[row, column] < SCORE_FACTOR * windows.threshold:
        return None
    # The centre of gravity of the peak's top: windows lie 0.6 nm apart.
    weight = np.maximum(near - 0.5 * near[row, column], 0)
    weight[distance > REACH_NM] = 0
    x = float((weight * windows.x_nm).sum() / weight.sum())
    y = float((weight * windows.y_nm[:, None]).sum() / weight.sum())
    return x, y


def score_at(windows: LatticeMap, place: Place) -> float:
    """Score of the window nearest to a place, the frame's largest where there is none."""
    if place is None:
        return float(windows.score.max())
    row = int(np.argmin(np.abs(windows.y_nm - place[1])))
    column = int(np.argmin(np.abs(windows.x_nm - place[0])))
    return float(windows.score[row, column])
