"""When an atom came or went: steps in what each frame says of each site.

Each frame's equations say how far its own best occupancy of a site lies from that of all frames.
A step between two frames is sought in every site; what the surest one explains is taken away from
all others, since atoms behind one another share their evidence, and the search goes on.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from cinedot.micrographs.occupancy.drift import (
    OrientationDrift,
    orientation_drift,
    step_sizes,
)
from cinedot.particle import Sites

Kind = Literal["loss", "gain", "hop"]

_FALSE_IN_A_THOUSAND_FRAMES = 0.1
_LEAST_STEP, _MOST_STEP = 0.45, 1.8
"""An atom that came or went; a smaller step is a model that fits one orientation better."""
_HOP_REACH = 1.05
"""Between neighbouring sites of halides of one octahedron or of the next, lattice constants."""
_MOST_EVENTS = 200
_INFLATION = (1.0, 3.0)
_AT_ONCE = 16
"""Groups whose steps are tried together, for memory's sake."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameEvidence:
    """What each frame says of some groups, about one state.

    Attributes:
        frame: their indices, ascending [frame].
        right: pull of each frame on each group [frame, group].
        normal: second derivatives, all else of the frame eliminated [frame, group, group].
    """

    frame: Int[np.ndarray, " frame"]
    right: Float[np.ndarray, "frame group"]
    normal: Float[np.ndarray, "frame group group"]

    @property
    def weight(self) -> Float[np.ndarray, "frame group"]:
        """Information on each group alone."""
        return np.einsum("tgg->tg", self.normal)


class Step(NamedTuple):
    """A change of one group.

    group: index; row: first row in the new state; size: change of occupancy; deviations: of the
    step from none, in its own sigmas.
    """

    group: int
    row: int
    size: float
    deviations: float


@dataclass(frozen=True, eq=False, kw_only=True)
class AtomEvent:
    """An atom that came, went or moved.

    Attributes:
        frame: the first in the new state.
        kind: loss, gain or hop.
        site: where it happened; of a hop the site that the atom left.
        reached: of a hop the site that it went to, -1 otherwise.
        significance: standard deviations after correction for sites and frames.
    """

    frame: int
    kind: Kind
    site: int
    reached: int
    significance: float


def find_steps(
    evidence: FrameEvidence,
    *,
    frames: int | None = None,
    rotation: Float[np.ndarray, "frame 3 3"] | None = None,
    sigma_model: float = 0.0,
) -> list[Step]:
    """Steps of occupancy, the surest first.

    Args:
        evidence: of each frame.
        frames: how many frames the false alarms are counted over; those given when left out.
        rotation: the pose in each frame: what a model is wrong by changes with it.
        sigma_model: how wrong the model makes an occupancy.

    Example: see `tests/micrographs/occupancy/test_events.py`.
    """
    rows, groups = evidence.right.shape
    if rows < 2:
        return []
    right = evidence.right.astype(float).copy()
    weight = np.maximum(evidence.weight.astype(float), 1e-9)
    wider = _inflation(right, weight)
    drift = orientation_drift(right, weight, rotation, sigma_model)
    least = least_deviations(groups, max(frames or rows, rows))
    bounds: list[list[int]] = [[0, rows] for _ in range(groups)]
    found: list[Step] = []
    while len(found) < _MOST_EVENTS:
        best = _surest(right, weight, wider, bounds, drift)
        if best is None or abs(best.deviations) < least:
            break
        found.append(best)
        bounds[best.group] = sorted([*bounds[best.group], best.row])
        right[best.row :] -= best.size * evidence.normal[best.row :, :, best.group]
    return found


def least_deviations(groups: int, frames: int) -> float:
    """How many sigmas a step must have, so that a tenth of a false one is expected in 1,000 frames.

    Example:
        >>> round(least_deviations(200, 1000), 2)
        5.03
    """
    tries = groups * max(frames, 1000)
    return float(special.ndtri(1 - _FALSE_IN_A_THOUSAND_FRAMES / (2 * tries)))


def corrected(deviations: float, groups: int, frames: int) -> float:
    """Standard deviations that are as rare as the largest of so many tries.

    Example:
        >>> round(corrected(8.0, 200, 60), 2)
        6.75
    """
    log_chance = float(special.log_ndtr(-abs(deviations))) + np.log(groups * frames)
    if log_chance >= np.log(0.5):
        return 0.0
    return float(-special.ndtri_exp(log_chance))


def _inflation(
    right: Float[np.ndarray, "frame group"], weight: Float[np.ndarray, "frame group"]
) -> Float[np.ndarray, " group"]:
    """By how much neighbouring frames differ more than their sigmas say; steps hardly enter."""
    alone = right / weight
    apart = np.diff(alone, axis=0) / np.sqrt(1 / weight[1:] + 1 / weight[:-1])
    if len(apart) < 5:
        return np.ones(right.shape[1])
    own = np.median(np.abs(apart), axis=0) / 0.6745
    common = float(np.median(own))
    # A group's own scatter is believed as far as its frames let it be known.
    chance = 1.2 / np.sqrt(len(apart))
    shrunk = common + (own - common) * np.clip(
        1 - chance / np.maximum(np.abs(own - common), 1e-9), 0, 1
    )
    return np.clip(shrunk, *_INFLATION)


def _surest(
    right: Float[np.ndarray, "frame group"],
    weight: Float[np.ndarray, "frame group"],
    wider: Float[np.ndarray, " group"],
    bounds: Sequence[Sequence[int]],
    drift: OrientationDrift,
) -> Step | None:
    """The most significant step that is as large as an atom."""
    best: Step | None = None
    whole = [group for group, own in enumerate(bounds) if len(own) == 2]
    spans = [
        (0, len(right), np.array(whole[first : first + _AT_ONCE]))
        for first in range(0, len(whole), _AT_ONCE)
    ]
    spans += [
        (first, last, np.array([group]))
        for group, own in enumerate(bounds)
        if len(own) > 2
        for first, last in itertools.pairwise(own)
        if last - first > 1
    ]
    for first, last, groups in spans:
        rows = slice(first, last)
        size, sigma = step_sizes(
            right[rows][:, groups], weight[rows][:, groups], drift.part(rows, groups)
        )
        sure = size / (sigma * wider[groups])
        allowed = (np.abs(size) >= _LEAST_STEP) & (np.abs(size) <= _MOST_STEP)
        sure = np.where(allowed, sure, 0.0)
        row, column = np.unravel_index(int(np.abs(sure).argmax()), sure.shape)
        if best is None or abs(sure[row, column]) > abs(best.deviations):
            best = Step(
                group=int(groups[column]),
                row=first + 1 + int(row),
                size=float(size[row, column]),
                deviations=float(sure[row, column]),
            )
    return best


def events_of(
    steps: Sequence[Step],
    evidence: FrameEvidence,
    site: Int[np.ndarray, " group"],
    sites: Sites,
) -> list[AtomEvent]:
    """Steps as losses, gains and hops, in order of time.

    A loss and a gain of the same element at most a frame apart, on sites within about one lattice
    constant, are a hop.

    Args:
        steps: what `find_steps` found.
        evidence: of each frame.
        site: of each group.
        sites: of the cuboid.
    """
    groups, frames = len(site), len(evidence.frame)
    lost = [step for step in steps if step.size < 0]
    gained = [step for step in steps if step.size > 0]
    events: list[AtomEvent] = []
    for step in sorted(lost, key=lambda one: one.deviations):
        here = int(site[step.group])
        partner = min(
            (
                other
                for other in gained
                if abs(other.row - step.row) <= 1
                and sites.element[site[other.group]] == sites.element[here]
                and _apart(sites, here, int(site[other.group])) <= _HOP_REACH
            ),
            key=lambda other: _apart(sites, here, int(site[other.group])),
            default=None,
        )
        if partner is not None:
            gained.remove(partner)
        surest = min(abs(one.deviations) for one in (step, partner) if one is not None)
        events.append(
            AtomEvent(
                frame=int(
                    evidence.frame[step.row if partner is None else min(step.row, partner.row)]
                ),
                kind="loss" if partner is None else "hop",
                site=here,
                reached=-1 if partner is None else int(site[partner.group]),
                significance=corrected(surest, groups, frames),
            )
        )
    events += [
        AtomEvent(
            frame=int(evidence.frame[step.row]),
            kind="gain",
            site=int(site[step.group]),
            reached=-1,
            significance=corrected(step.deviations, groups, frames),
        )
        for step in gained
    ]
    return sorted(events, key=lambda one: (one.frame, one.site))


def _apart(sites: Sites, one: int, other: int) -> float:
    return float(np.linalg.norm(sites.abc[one] - sites.abc[other]))
