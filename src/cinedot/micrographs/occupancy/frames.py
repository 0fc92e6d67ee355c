"""One frame by itself: its own unknowns fitted, and what it says of single sites."""

import numpy as np
from jaxtyping import Float, Int

from cinedot.micrographs.occupancy.changes import AtomViews
from cinedot.micrographs.occupancy.equations import (
    CONTRAST_SIGMA,
    POSE,
    FrameColumns,
    FrameShot,
    FrameState,
)
from cinedot.micrographs.occupancy.unknowns import Unknowns
from cinedot.micrographs.pose.shared_state import SharedState

_SETTLED = 0.5
"""Gain in half the chi-square at which a frame's own fit ends."""


def settled(
    shot: FrameShot,
    atoms: AtomViews,
    unknowns: Unknowns,
    state: FrameState,
    shared: SharedState,
    share: Float[np.ndarray, " group"],
    background: Float[np.ndarray, " number"] | None,
    *,
    rounds: int = 3,
) -> FrameState:
    """A frame's own unknowns fitted, all else held; arguments as `frame_evidence` has them."""
    occupancy = unknowns.atoms(share)
    best, least, step = state, np.inf, np.zeros(POSE + 1 + len(state.ground))
    for _ in range(rounds):
        tried = best.moved(step) if np.isfinite(least) else best
        columns = _own_columns(shot, atoms, tried, shared, occupancy, background)
        left = float(columns.left.astype(float) @ columns.left)
        if left > least:
            step = step / 4
            continue
        gained, best, least = least - left, tried, left
        inner = (columns.own @ columns.own.T).astype(float)
        inner[POSE, POSE] += CONTRAST_SIGMA**-2
        step = np.linalg.pinv(inner, hermitian=True) @ (columns.own @ columns.left).astype(float)
        if gained < _SETTLED:
            break
    return best


def frame_evidence(
    shot: FrameShot,
    atoms: AtomViews,
    unknowns: Unknowns,
    state: FrameState,
    shared: SharedState,
    share: Float[np.ndarray, " group"],
    tested: Int[np.ndarray, " tested"],
    background: Float[np.ndarray, " number"] | None,
) -> tuple[Float[np.ndarray, " tested"], Float[np.ndarray, "tested tested"]]:
    """What one frame says of some groups beyond a state: right side and normal matrix.

    The frame's own unknowns are eliminated; all other groups, what frames share and what stands
    still behind the particle are held.

    Args:
        shot: the frame.
        atoms, unknowns: the model before its camera.
        state: the frame's own unknowns, settled.
        shared, share: as fitted.
        tested: the groups.
        background: what stands still, whitened; None where it is not known.
    """
    occupancy = unknowns.atoms(share)
    columns = _own_columns(shot, atoms, state, shared, occupancy, background)
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
    grounds = whiten.grounds()
    own = whiten.spectral(np.concatenate([state.contrast * seen[1 : 1 + POSE], modulation[None]]))
    left = whiten.spectral((shot.contrast - state.contrast * modulation)[None])[0]
    left = left - np.tensordot(state.ground, grounds, axes=1)
    if background is not None:
        left = left - background
    return FrameColumns(
        own=np.concatenate([own, grounds]),
        rest=own[:0],
        left=left.astype(np.float32),
        contrast=state.contrast,
    )
