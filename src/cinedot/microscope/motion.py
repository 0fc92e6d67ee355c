"""How a dot moves while it is filmed, in stretches of frames that follow one another.

A dot hangs on its anchor (the "fishhook") and turns about it: it rocks, it tumbles now and then,
it may diffuse freely, it librates within a frame; the anchor drifts, wanders and sways. Every
process draws from a generator of its own, so a trajectory is the same whatever the stretches are
that it is made in, and a movie of any length needs the memory of one stretch.
"""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.microscope.moves import Motion as Motion
from cinedot.microscope.moves import require_filmable
from cinedot.microscope.poses import Poses
from cinedot.microscope.turning import (
    Tumble,
    balanced_turns,
    diffusion_steps,
    diffusion_turns,
    next_tumble,
    ornstein_uhlenbeck,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionState:
    """Where a trajectory has come to: all that the frames from here on depend on.

    Attributes:
        motion, frames, frame_s: what moves how, through how many frames, each how long, s.
        next_frame: the first frame not yet made.
        anchor_nm: where the anchor would be without drift, wander and sway, nm.
        velocity_nm_per_s: of the drift.
        base: the mean orientation that it rocks about now.
        coming: the next tumble.
        rocking, sway: in units of their standard deviations; wander: nm.
        chance: generators of rocking, tumbles, diffusion, libration, wander and sway; never
            drawn from in place.
    """

    motion: Motion
    frames: int
    frame_s: float
    next_frame: int
    anchor_nm: Float[np.ndarray, " 3"]
    velocity_nm_per_s: Float[np.ndarray, " 3"]
    base: Rotation
    coming: Tumble
    rocking: Float[np.ndarray, " 3"]
    wander: Float[np.ndarray, " 2"]
    sway: Float[np.ndarray, " 2"]
    chance: tuple[np.random.Generator, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some frames of a trajectory.

    Attributes:
        first_frame: number of the first.
        poses: every sub-frame's pose, subframes of them a frame, in order of time.
        middle: each frame's pose at mid-exposure, libration left out: the truth.
        strayed_nm: how far the anchor is from its mean place at every sub-frame [pose, 3]: by so
            much moves what is tied to it, as the tube that the fishhook sits on.
        tumbles: those of this stretch, each with the first frame whose mid-exposure comes after
            it (which may be the frame after the stretch).
    """

    first_frame: int
    poses: Poses
    middle: Poses
    strayed_nm: Float[np.ndarray, "place 3"]
    tumbles: tuple[tuple[int, Tumble], ...]


def begin_motion(
    motion: Motion,
    *,
    start: Rotation,
    centre_nm: Float[np.ndarray, " 3"],
    frames: int,
    frame_s: float,
    rng: np.random.Generator,
) -> MotionState:
    """A trajectory before its first frame.

    Args:
        motion: how it moves.
        start: the orientation that it rocks about at first.
        centre_nm: the dot's centre in that orientation, half-way through the drift, nm.
        frames, frame_s: how many frames the movie has, how long each is, s.
        rng: chance; generators are spawned from it.

    Raises:
        InputError: a thousand tumbles a frame, or as much diffusion.
    """
    require_filmable(motion, frame_s)
    chance = tuple(rng.spawn(6))
    azimuth = rng.uniform(0, 2 * math.pi)
    across = motion.drift_nm_per_s
    velocity = [
        across * math.cos(azimuth),
        across * math.sin(azimuth),
        motion.defocus_drift_nm_per_s,
    ]
    return MotionState(
        motion=motion,
        frames=frames,
        frame_s=frame_s,
        next_frame=0,
        anchor_nm=centre_nm + start.apply(np.array(motion.pivot_nm)),
        velocity_nm_per_s=np.array(velocity),
        base=start,
        coming=next_tumble(0.0, motion.tumbles_per_s, motion.tumble_deg, chance[1]),
        rocking=chance[0].normal(size=3),
        wander=np.zeros(2),
        sway=chance[5].normal(size=2),
        chance=chance,
    )


def next_stretch(state: MotionState, count: int) -> tuple[Stretch, MotionState]:
    """The next frames, `count` or as many as are left, and the state behind them.

    Raises:
        InputError: no frame asked for, or none left.

    Example:
        >>> begun = begin_motion(Motion(), start=Rotation.identity(), centre_nm=np.zeros(3),
        ...                      frames=4, frame_s=0.02, rng=np.random.default_rng(0))
        >>> stretch, state = next_stretch(begun, 3)
        >>> len(stretch.poses), len(stretch.middle), state.next_frame
        (15, 3, 3)
    """
    motion, first = state.motion, state.next_frame
    if count < 1 or first >= state.frames:
        raise InputError(
            f"`count` must be at least 1 and frames must be left, but it is {count} after "
            f"{first} of {state.frames} frames.",
            remedy="`stretches` stops at the last frame by itself.",
        )
    count = min(count, state.frames - first)
    # The state that came in must give the same frames again.
    state = replace(state, chance=copy.deepcopy(state.chance))
    offsets, shown = _moments(motion.subframes)
    times = ((first + np.arange(count))[:, None] + offsets).ravel() * state.frame_s
    gaps = np.tile(np.diff(offsets, prepend=offsets[-1] - 1), count) * state.frame_s
    if first == 0:
        gaps[0] = times[0]
    bases, tumbles, state = _bases(state, times, gaps)
    rotations, anchor, state = _rocked(state, bases, times, gaps)
    shape = (count, len(offsets))
    everywhere = np.arange(count * len(offsets)).reshape(shape)
    of_shown, of_middle = everywhere[:, shown].ravel(), everywhere[:, len(offsets) // 2]
    filmed = _librated(state, _chosen(rotations, of_shown), count)
    stretch = Stretch(
        first_frame=first,
        poses=_about(filmed, anchor[of_shown], motion),
        middle=_about(_chosen(rotations, of_middle), anchor[of_middle], motion),
        strayed_nm=anchor[of_shown] - state.anchor_nm,
        tumbles=tuple(
            (max(0, math.ceil(tumble.time_s / state.frame_s - 0.5)), tumble) for tumble in tumbles
        ),
    )
    return stretch, replace(state, next_frame=first + count)


def stretches(state: MotionState, count: int) -> Iterator[Stretch]:
    """A trajectory to its end, `count` frames at a time."""
    while state.next_frame < state.frames:
        stretch, state = next_stretch(state, count)
        yield stretch


def _moments(subframes: int) -> tuple[Float[np.ndarray, " moment"], list[int]]:
    """Moments of a frame in shares of it, mid-exposure among them; and which are filmed."""
    shown = (np.arange(subframes) + 0.5) / subframes
    if subframes % 2:
        return shown, list(range(subframes))
    half = subframes // 2
    return np.insert(shown, half, 0.5), [*range(half), *range(half + 1, subframes + 1)]


def _bases(
    state: MotionState, times: Float[np.ndarray, " time"], gaps: Float[np.ndarray, " time"]
) -> tuple[Rotation, list[Tumble], MotionState]:
    """The orientation that it rocks about at each moment: tumbles and free diffusion."""
    motion, base, coming = state.motion, state.base, state.coming
    turns: Rotation | None = None
    if motion.diffusion_per_s > 0:
        steps = diffusion_steps(motion.diffusion_per_s, state.frame_s / motion.subframes)
        fresh = state.chance[2].normal(size=(len(times), steps, 3))
        turns = diffusion_turns(motion.diffusion_per_s, gaps, fresh)
    quats = np.empty((len(times), 4))
    tumbles: list[Tumble] = []
    for now, time in enumerate(times):
        if turns is not None:
            base = turns[now] * base
        while coming.time_s <= time:
            base = coming.rotation * base
            tumbles.append(coming)
            coming = next_tumble(
                coming.time_s, motion.tumbles_per_s, motion.tumble_deg, state.chance[1]
            )
        quats[now] = base.as_quat()
    return Rotation.from_quat(quats), tumbles, replace(state, base=base, coming=coming)


def _rocked(
    state: MotionState,
    bases: Rotation,
    times: Float[np.ndarray, " time"],
    gaps: Float[np.ndarray, " time"],
) -> tuple[Rotation, Float[np.ndarray, "time 3"], MotionState]:
    """Rocking on top of the bases, and where the anchor is."""
    motion, chance, count = state.motion, state.chance, len(times)
    rocking = ornstein_uhlenbeck(
        state.rocking, gaps, motion.rocking_s, chance[0].normal(size=(count, 3))
    )
    sway = ornstein_uhlenbeck(state.sway, gaps, motion.sway_s, chance[5].normal(size=(count, 2)))
    steps = motion.wander_nm_per_root_s * np.sqrt(gaps)[:, None]
    steps = steps * chance[4].normal(size=(count, 2))
    wander = np.cumsum(np.vstack([state.wander, steps]), axis=0)[1:]
    middle_s = 0.5 * state.frames * state.frame_s
    anchor = state.anchor_nm + np.outer(times - middle_s, state.velocity_nm_per_s)
    anchor[:, :2] += motion.sway_nm * sway + wander
    turned = Rotation.from_rotvec(math.radians(motion.rocking_deg) * rocking) * bases
    after = replace(state, rocking=rocking[-1], sway=sway[-1], wander=wander[-1])
    return turned, anchor, after


def _librated(state: MotionState, rotations: Rotation, count: int) -> Rotation:
    """The filmed rotations with each frame's whole libration in them."""
    motion = state.motion
    if motion.libration_deg == 0:
        return rotations
    fresh = state.chance[3].normal(size=(count, motion.subframes, 3))
    turns = balanced_turns(math.radians(motion.libration_deg), fresh).reshape(-1, 3)
    return Rotation.from_rotvec(turns) * rotations


def _chosen(rotations: Rotation, rows: Int[np.ndarray, " row"]) -> Rotation:
    return Rotation.from_quat(rotations.as_quat()[rows])


def _about(rotations: Rotation, anchor_nm: Float[np.ndarray, "pose 3"], motion: Motion) -> Poses:
    """Poses of a dot that hangs on its anchor by its pivot."""
    x, y, z = (rotations.as_matrix().reshape(-1, 3, 3)[:, :, axis] for axis in range(3))
    # Column by column: sums in another order would differ with the stretch's length.
    arm = x * motion.pivot_nm[0] + y * motion.pivot_nm[1] + z * motion.pivot_nm[2]
    return Poses.of(rotations, anchor_nm - arm)
