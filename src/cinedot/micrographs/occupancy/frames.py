"""One frame by itself: its own unknowns fitted, and what it says of single sites."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from cinedot.micrographs.occupancy.changes import AtomViews
from cinedot.micrographs.occupancy.equations import (
    CONTRAST_SIGMA,
    POSE,
    FrameColumns,
    FrameShot,
    FrameState,
    left_over,
)
from cinedot.micrographs.occupancy.unknowns import Unknowns
from cinedot.micrographs.pose.shared_state import SharedState

_SETTLED = 0.5
"""Gain in half the chi-square that is left where a frame's own fit ends: about a sigma of one of
its unknowns, near enough for all that is linear in them."""
_HELD_STEPS = 4
"""Steps with the same changes, an image each."""
_NEAR = 5.0
"""Gain in half the chi-square that leaves changes as they were."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SettledFrame:
    """A frame whose own unknowns are fitted.

    Attributes:
        state: the unknowns.
        columns: its residual there, and what it changes by.
    """

    state: FrameState
    columns: FrameColumns


def settled(
    shot: FrameShot,
    atoms: AtomViews,
    unknowns: Unknowns,
    state: FrameState,
    shared: SharedState,
    share: Float[np.ndarray, " group"],
    background: Float[np.ndarray, " number"] | None,
    *,
    rounds: int = 2,
) -> SettledFrame:
    """A frame's own unknowns fitted, all else held.

    Args:
        shot: the frame.
        atoms, unknowns: the model before its camera.
        state: where the frame's own unknowns begin.
        shared, share: as fitted.
        background: what stands still, whitened; None where it is not known.
        rounds: how often changes are worked out, at most.
    """
    occupancy = unknowns.atoms(share)

    def left(tried: FrameState) -> Float[np.ndarray, " number"]:
        pose = (tried.rotation, tried.place_nm, tried.defocus_nm, shared, occupancy)
        found = left_over(shot, tried, atoms.views.seen_from(*pose) - 1)
        return found if background is None else found - background

    best, columns = state, _own_columns(shot, atoms, state, shared, occupancy, background)
    for _ in range(rounds):
        inner = (columns.own @ columns.own.T).astype(float)
        inner[POSE, POSE] += CONTRAST_SIGMA**-2
        inverse = np.linalg.pinv(inner, hermitian=True)
        rest, gained = columns.left, 0.0
        step = inverse @ (columns.own @ rest).astype(float)
        for _ in range(_HELD_STEPS):
            if 0.5 * step @ inner @ step < _SETTLED:
                break
            tried = best.moved(step)
            tried_rest = left(tried)
            gain = 0.5 * float(rest.astype(float) @ rest - tried_rest.astype(float) @ tried_rest)
            if gain <= 0:
                step = step / 4
                continue
            best, rest, gained = tried, tried_rest, gained + gain
            step = inverse @ (columns.own @ rest).astype(float)
        if gained < _NEAR:
            return SettledFrame(state=best, columns=replace(columns, left=rest))
        columns = _own_columns(shot, atoms, best, shared, occupancy, background)
    return SettledFrame(state=best, columns=columns)


def frame_evidence(
    shot: FrameShot,
    atoms: AtomViews,
    unknowns: Unknowns,
    frame: SettledFrame,
    shared: SharedState,
    share: Float[np.ndarray, " group"],
    tested: Int[np.ndarray, " tested"],
) -> tuple[Float[np.ndarray, " tested"], Float[np.ndarray, "tested tested"]]:
    """What one frame says of some groups beyond a state: right side and normal matrix.

    The frame's own unknowns are eliminated; all other groups, what frames share and what stands
    still behind the particle are held.

    Args:
        shot: the frame.
        atoms, unknowns: the model before its camera.
        frame: the same, settled.
        shared, share: as fitted.
        tested: the groups.
    """
    state, columns = frame.state, frame.columns
    occupancy = unknowns.atoms(share)
    pose = (state.rotation, state.place_nm, state.defocus_nm, shared, occupancy)
    changes = unknowns.gathered(atoms.changes(*pose).whole())[tested]
    rest = shot.whiten.spectral(state.contrast * changes)
    own = columns.own
    inverse = np.linalg.pinv((own @ own.T).astype(float), hermitian=True)
    across = (own @ rest.T).astype(float)
    left = columns.left
    step = inverse @ (own @ left).astype(float)
    right = (rest @ left).astype(float) - across.T @ step
    return right, (rest @ rest.T).astype(float) - across.T @ inverse @ across


def _own_columns(
    shot: FrameShot,
    atoms: AtomViews,
    state: FrameState,
    shared: SharedState,
    occupancy: Float[np.ndarray, " atom"],
    background: Float[np.ndarray, " number"] | None,
) -> FrameColumns:
    pose = (state.rotation, state.place_nm, state.defocus_nm, shared, occupancy)
    seen = atoms.views.views_of_pose(*pose)
    whiten, modulation = shot.whiten, seen[0] - 1
    own = whiten.spectral(np.concatenate([state.contrast * seen[1 : 1 + POSE], modulation[None]]))
    left = left_over(shot, state, modulation)
    if background is not None:
        left = left - background
    return FrameColumns(
        own=np.concatenate([own, whiten.grounds()]),
        rest=own[:0],
        left=left,
        contrast=state.contrast,
    )
