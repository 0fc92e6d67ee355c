"""Normal equations of frames: what they say of atoms and of what they share.

Pose, contrast and ground are each frame's own, what stands still behind the particle is common
to those of a group. Both are eliminated, so that groups add up.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.micrographs.occupancy.changes import AtomViews
from cinedot.micrographs.occupancy.slopes import FrameSlopes
from cinedot.micrographs.occupancy.unknowns import Unknowns
from cinedot.micrographs.pose.fit import PoseFit
from cinedot.micrographs.pose.shared_state import SHARED_PARAMETERS, SharedState
from cinedot.micrographs.pose.views import POSE_PARAMETERS
from cinedot.micrographs.pose.whitening import Whitening
from cinedot.microscope.parallel import in_threads, workers

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
        slopes: the rest as images; None where frames by themselves are asked.
    """

    own: Float[np.ndarray, "own number"]
    rest: Float[np.ndarray, "unknown number"]
    left: Float[np.ndarray, " number"]
    contrast: float
    slopes: FrameSlopes | None = None


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
        expansion: how they were found, for equations near by.
    """

    normal: Float[np.ndarray, "unknown unknown"]
    right: Float[np.ndarray, " unknown"]
    chi_square: float
    numbers: float
    own_step: Float[np.ndarray, "frame own"]
    own_per: Float[np.ndarray, "frame own unknown"]
    background: Float[np.ndarray, " number"]
    left: Float[np.ndarray, "frame number"]
    expansion: "GroupExpansion"

    def own(self, step: Float[np.ndarray, " unknown"]) -> Float[np.ndarray, "frame own"]:
        """The frames' own steps when the others take theirs."""
        return self.own_step - self.own_per @ step


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupExpansion:
    """How a group's residuals change about a state, the frames' own unknowns eliminated.

    Attributes:
        own: each frame's changes by its own unknowns, whitened [frame, own, number].
        slopes: each frame's other changes, as images.
        inverse: of the frames' own normal matrix [frame own, frame own].
        across: products of their own changes with the others [frame own, unknown].
        per: their own steps for a unit step of each other unknown [frame own, unknown].
        normal: of what is left of the others [unknown, unknown].
        known: share of the frames' mean that stands still behind the particle [number].
        numbers: how many independent numbers remain.
    """

    own: Float[np.ndarray, "frame own number"]
    slopes: tuple[FrameSlopes, ...]
    inverse: Float[np.ndarray, "every every"]
    across: Float[np.ndarray, "every unknown"]
    per: Float[np.ndarray, "every unknown"]
    normal: Float[np.ndarray, "unknown unknown"]
    known: Float[np.ndarray, " number"]
    numbers: float

    def equations(
        self,
        left: Float[np.ndarray, "frame number"],
        contrast: Sequence[float],
        pull: Callable[[Float[np.ndarray, " number"]], Float[np.ndarray, " unknown"]],
    ) -> GroupEquations:
        """What residuals say by these changes.

        Args:
            left: each frame's whitened residual.
            contrast: of each frame.
            pull: sum over the frames of the products of all other changes with the residuals less
                a background.
        """
        frames, size, _ = self.own.shape
        lefts = left.sum(axis=0)
        background = (self.known * lefts / frames).astype(np.float32)
        own_pull = np.einsum("ton,tn->to", self.own, left - background).astype(float)
        own_pull[:, POSE] += (1 - np.array(contrast)) * CONTRAST_SIGMA**-2
        step = self.inverse @ own_pull.reshape(-1)
        chi_square = sum(float(one.astype(float) @ one) for one in left)
        return GroupEquations(
            normal=self.normal,
            right=pull(background) - self.across.T @ step,
            chi_square=chi_square - float(lefts.astype(float) @ background),
            numbers=self.numbers,
            own_step=step.reshape(frames, size),
            own_per=self.per.reshape(frames, size, -1),
            background=background,
            left=left,
            expansion=self,
        )


def frame_columns(
    shot: FrameShot,
    atoms: AtomViews,
    unknowns: Unknowns,
    state: FrameState,
    shared: SharedState,
    share: Float[np.ndarray, " group"],
) -> FrameColumns:
    """Expand a frame about a state.

    Args:
        shot: the frame.
        atoms, unknowns: the model before its camera.
        state: the frame's own unknowns.
        shared: what frames share.
        share: occupancy of each group.
    """
    pose = (state.rotation, state.place_nm, state.defocus_nm, shared, unknowns.atoms(share))
    seen = atoms.views.changes_from(*pose)
    slopes = FrameSlopes(
        shared=seen[1 + POSE :], atoms=atoms.changes(*pose), contrast=state.contrast
    )
    groups = unknowns.gathered(slopes.atoms.whole())
    modulation = seen[0] - 1
    whiten = shot.whiten
    pose_columns = state.contrast * seen[1 : 1 + POSE]
    own = whiten.spectral(np.concatenate([pose_columns, modulation[None]]))
    rest = state.contrast * np.concatenate([slopes.shared, groups])
    return FrameColumns(
        own=np.concatenate([own, whiten.grounds()]),
        rest=whiten.spectral(rest),
        left=left_over(shot, state, modulation),
        contrast=state.contrast,
        slopes=slopes,
    )


def left_over(
    shot: FrameShot, state: FrameState, modulation: Float[np.ndarray, "y x"]
) -> Float[np.ndarray, " number"]:
    """A frame's whitened residual, given what the model modulates by."""
    level = np.tensordot(state.ground, shot.whiten.grounds(), axes=1)
    left = shot.whiten.spectral((shot.contrast - state.contrast * modulation)[None])[0] - level
    return left.astype(np.float32)


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


def held_equations(
    held: GroupExpansion,
    group: ShotGroup,
    atoms: AtomViews,
    unknowns: Unknowns,
    states: Sequence[FrameState],
    shared: SharedState,
    share: Float[np.ndarray, " group"],
) -> GroupEquations:
    """The same about a state near by: residuals of it, changes as they were, for an image a frame.

    Args:
        held: what `group_equations` worked out there.
        group, atoms, unknowns, states, shared, share: as `group_equations` has them.
    """
    occupancy = unknowns.atoms(share)

    def left(frame: tuple[FrameShot, FrameState]) -> Float[np.ndarray, " number"]:
        shot, state = frame
        pose = (state.rotation, state.place_nm, state.defocus_nm, shared, occupancy)
        return left_over(shot, state, atoms.views.seen_from(*pose) - 1)

    def pull(background: Float[np.ndarray, " number"]) -> Float[np.ndarray, " unknown"]:
        with ThreadPoolExecutor(workers()) as pool:
            every = pool.map(
                lambda slopes, one, shot: slopes.pull(one - background, shot.whiten, unknowns),
                held.slopes,
                lefts,
                group.shots,
            )
            return np.sum(list(every), axis=0)

    frames = list(zip(group.shots, states, strict=True))
    lefts = in_threads(left, frames)
    return held.equations(np.stack(lefts), [state.contrast for state in states], pull)


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
        own = np.concatenate([one.own for one in self._own])
        steady = (known / frames).astype(np.float32)
        touched = steady > _UNKNOWN
        mean_rest, mean_own = self._rest[:, touched], own[:, touched] * steady[touched]
        normal = self._normal - (mean_rest * steady[touched] @ mean_rest.T).astype(float)
        across = np.concatenate(self._across) - (mean_own @ mean_rest.T).astype(float)
        inner = -(mean_own @ own[:, touched].T).astype(float)
        for index, one in enumerate(self._own):
            here = slice(index * size, (index + 1) * size)
            inner[here, here] += (one.own @ one.own.T).astype(float)
            inner[index * size + POSE, index * size + POSE] += CONTRAST_SIGMA**-2
        inverse = np.linalg.pinv(inner, hermitian=True)
        per = inverse @ across
        expansion = GroupExpansion(
            own=own.reshape(frames, size, -1),
            slopes=tuple(one.slopes for one in self._own if one.slopes is not None),
            inverse=inverse,
            across=across,
            per=per,
            normal=normal - across.T @ per,
            known=known,
            numbers=numbers - frames * size,
        )
        rest, right = self._rest, self._right
        return expansion.equations(
            np.stack([one.left for one in self._own]),
            [one.contrast for one in self._own],
            lambda background: right - (rest @ background).astype(float),
        )
