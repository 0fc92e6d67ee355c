"""Normal equations of frames: what they say of atoms and of what they share.

Pose, contrast and ground are each frame's own, what stands still behind the particle is common
to those of a group. Both are eliminated, so that groups add up.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.micrographs.occupancy.changes import AtomViews
from cinedot.micrographs.occupancy.unknowns import Unknowns
from cinedot.micrographs.pose.fit import PoseFit
from cinedot.micrographs.pose.shared_state import SHARED_PARAMETERS, SharedState
from cinedot.micrographs.pose.views import POSE_PARAMETERS
from cinedot.micrographs.pose.whitening import Whitening
from cinedot.microscope.parallel import workers

POSE = len(POSE_PARAMETERS)
SHARED = len(SHARED_PARAMETERS)
CONTRAST_SIGMA = 0.3
_UNKNOWN = 1e-4
_LARGEST_STEP = np.array([0.02, 0.02, 0.02, 0.02, 0.02, 2.0])


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameState:
    """A frame's own unknowns.

    Attributes:
        rotation, place_nm, defocus_nm: the pose; place from the patch's middle pixel.
        contrast: measured over simulated modulation.
        ground: level of each region [region].
    """

    rotation: Float[np.ndarray, "3 3"]
    place_nm: Float[np.ndarray, " 2"]
    defocus_nm: float
    contrast: float
    ground: Float[np.ndarray, " region"]

    @classmethod
    def of_fit(cls, fit: PoseFit, regions: int) -> "FrameState":
        """Where a pose fit ended."""
        ground = np.resize(np.asarray(fit.ground, dtype=float), regions)
        return cls(
            rotation=fit.rotation,
            place_nm=np.array([fit.x_nm, fit.y_nm]),
            defocus_nm=fit.defocus_nm,
            contrast=fit.contrast,
            ground=ground,
        )

    def moved(self, step: Float[np.ndarray, " own"]) -> "FrameState":
        """A step further, no longer than the model bears."""
        turn = step[:POSE] / max(1.0, float((np.abs(step[:POSE]) / _LARGEST_STEP).max()))
        return replace(
            self,
            rotation=Rotation.from_rotvec(turn[:3]).as_matrix() @ self.rotation,
            place_nm=self.place_nm + turn[3:5],
            defocus_nm=self.defocus_nm + float(turn[5]),
            contrast=float(np.clip(self.contrast + step[POSE], 0.05, 5.0)),
            ground=self.ground + step[POSE + 1 :],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameShot:
    """What a frame recorded about a particle.

    Attributes:
        frame: its index.
        contrast: intensity over the ground's mean, less 1 [y, x].
        whiten: of the part of its noise that is new in every frame.
    """

    frame: int
    contrast: Float[np.ndarray, "y x"]
    whiten: Whitening


@dataclass(frozen=True, eq=False, kw_only=True)
class ShotGroup:
    """Frames cut at one place, so that what stands still behind the particle is the same in all.

    Attributes:
        shots: the frames.
        steady: power of what stands still over that of what does not, for each whitened number.
    """

    shots: tuple[FrameShot, ...]
    steady: Float[np.ndarray, " number"]

    def known(self, frames: int) -> Float[np.ndarray, " number"]:
        """Share of the mean over some frames that is the ground's own rather than chance."""
        ratio = frames * self.steady
        return (ratio / (1 + ratio)).astype(np.float32)


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameColumns:
    """A frame's whitened residual, and what it changes by.

    Attributes:
        own: by pose, contrast and ground [own, number].
        rest: by what frames share, where that is free, and by the groups [unknown, number].
        left: the residual [number].
        contrast: at which they were made.
    """

    own: Float[np.ndarray, "own number"]
    rest: Float[np.ndarray, "unknown number"]
    left: Float[np.ndarray, " number"]
    contrast: float


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupEquations:
    """The second-order expansion of half the chi-square of a group about a state.

    Half chi-square = const - right . step + step . normal . step / 2, for steps of what frames
    share and of the atoms, with the best of the frames' own unknowns for each. What stands still
    behind the particle is common to all: C = moving + steady for every pair of frames, and
    C^-1 = (1 - steady / (moving + T steady) 11^T) / moving.

    Attributes:
        normal: [unknown, unknown].
        right: [unknown].
        chi_square: of the residual at the state.
        numbers: how many independent numbers it is the sum over.
        own_step: each frame's own step when nothing else moves [frame, own].
        own_per: by how much less for a unit step of each other unknown [frame, own, unknown].
        background: what stands still, whitened, as the state leaves it [number].
        left: each frame's whitened residual, what stands still with it [frame, number].
    """

    normal: Float[np.ndarray, "unknown unknown"]
    right: Float[np.ndarray, " unknown"]
    chi_square: float
    numbers: float
    own_step: Float[np.ndarray, "frame own"]
    own_per: Float[np.ndarray, "frame own unknown"]
    background: Float[np.ndarray, " number"]
    left: Float[np.ndarray, "frame number"]

    def own(self, step: Float[np.ndarray, " unknown"]) -> Float[np.ndarray, "frame own"]:
        """The frames' own steps when the others take theirs."""
        return self.own_step - self.own_per @ step


def frame_columns(
    shot: FrameShot,
    atoms: AtomViews,
    unknowns: Unknowns,
    state: FrameState,
    shared: SharedState,
    share: Float[np.ndarray, " group"],
    *,
    free: bool = True,
) -> FrameColumns:
    """Expand a frame about a state.

    Args:
        shot: the frame.
        atoms, unknowns: the model before its camera.
        state: the frame's own unknowns.
        shared: what frames share.
        share: occupancy of each group.
        free: whether what frames share may move; its columns are left out otherwise.
    """
    pose = (
        state.rotation,
        state.place_nm,
        state.defocus_nm,
        shared,
        unknowns.atoms(share),
    )
    seen = atoms.views.changes_from(*pose) if free else atoms.views.views_of_pose(*pose)
    groups = unknowns.gathered(atoms.changes(*pose).whole())
    modulation = seen[0] - 1
    whiten = shot.whiten
    pose_columns = state.contrast * seen[1 : 1 + POSE]
    grounds = whiten.grounds()
    own = whiten.spectral(np.concatenate([pose_columns, modulation[None]]))
    rest = np.concatenate([state.contrast * seen[1 + POSE :], state.contrast * groups])
    level = np.tensordot(state.ground, grounds, axes=1)
    left = whiten.spectral((shot.contrast - state.contrast * modulation)[None])[0] - level
    return FrameColumns(
        own=np.concatenate([own, grounds]),
        rest=whiten.spectral(rest),
        left=left.astype(np.float32),
        contrast=state.contrast,
    )


def group_equations(
    group: ShotGroup,
    atoms: AtomViews,
    unknowns: Unknowns,
    states: Sequence[FrameState],
    shared: SharedState,
    share: Float[np.ndarray, " group"],
) -> GroupEquations:
    """Expand all frames of a group about a state; arguments as `frame_columns` has them."""
    known = group.known(len(group.shots))
    sums = _Sums()
    frames = list(zip(group.shots, states, strict=True))

    def columns(frame: tuple[FrameShot, FrameState]) -> FrameColumns:
        return frame_columns(frame[0], atoms, unknowns, frame[1], shared, share)

    # The first alone: threads that meet a new program would all compile it. Then no more at once
    # than there are cores, since a frame's columns take tens of megabytes.
    sums.add(columns(frames[0]))
    with ThreadPoolExecutor(workers()) as pool:
        for first in range(1, len(frames), workers()):
            for one in pool.map(columns, frames[first : first + workers()]):
                sums.add(one)
    return sums.eliminated(known, sum(shot.whiten.count for shot in group.shots))


class _Sums:
    """What a group's frames add up to; no frame's columns are kept but its own unknowns'."""

    def __init__(self) -> None:
        self._own: list[FrameColumns] = []
        self._across: list[Float[np.ndarray, "own unknown"]] = []
        self._normal: Float[np.ndarray, "unknown unknown"] | None = None
        self._rest: Float[np.ndarray, "unknown number"] | None = None
        self._right: Float[np.ndarray, " unknown"] | None = None

    def add(self, frame: FrameColumns) -> None:
        normal = (frame.rest @ frame.rest.T).astype(float)
        right = (frame.rest @ frame.left).astype(float)
        if self._normal is None or self._rest is None or self._right is None:
            self._normal, self._right, self._rest = normal, right, frame.rest.copy()
        else:
            self._normal += normal
            self._right += right
            self._rest += frame.rest
        self._across.append((frame.own @ frame.rest.T).astype(float))
        self._own.append(replace(frame, rest=frame.rest[:0]))

    def eliminated(self, known: Float[np.ndarray, " number"], numbers: float) -> GroupEquations:
        assert self._normal is not None
        assert self._rest is not None
        assert self._right is not None
        frames, size = len(self._own), len(self._own[0].own)
        lefts = np.sum([one.left for one in self._own], axis=0, dtype=np.float32)
        background = known * lefts / frames
        own = np.concatenate([one.own for one in self._own])
        steady = (known / frames).astype(np.float32)
        touched = steady > _UNKNOWN
        mean_rest, mean_own = self._rest[:, touched], own[:, touched] * steady[touched]
        normal = self._normal - (mean_rest * steady[touched] @ mean_rest.T).astype(float)
        right = self._right - (self._rest @ background).astype(float)
        across = np.concatenate(self._across) - (mean_own @ mean_rest.T).astype(float)
        inner = -(mean_own @ own[:, touched].T).astype(float)
        pull = np.zeros(frames * size)
        chi_square = -float(lefts.astype(float) @ background)
        for index, one in enumerate(self._own):
            here = slice(index * size, (index + 1) * size)
            inner[here, here] += (one.own @ one.own.T).astype(float)
            pull[here] = (one.own @ (one.left - background)).astype(float)
            at = index * size + POSE
            inner[at, at] += CONTRAST_SIGMA**-2
            pull[at] += (1 - one.contrast) * CONTRAST_SIGMA**-2
            chi_square += float(one.left.astype(float) @ one.left)
        inverse = np.linalg.pinv(inner, hermitian=True)
        per = inverse @ across
        step = inverse @ pull
        return GroupEquations(
            normal=normal - across.T @ per,
            right=right - across.T @ step,
            chi_square=chi_square,
            numbers=numbers - frames * size,
            own_step=step.reshape(frames, size),
            own_per=per.reshape(frames, size, -1),
            background=background.astype(np.float32),
            left=np.stack([one.left for one in self._own]),
        )
