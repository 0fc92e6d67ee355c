"""All frames of an interval together: which atoms are there, in what lattice, under which lens."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import Progress, Silent
from cinedot.micrographs.occupancy.changes import AtomViews
from cinedot.micrographs.occupancy.equations import (
    SHARED,
    FrameState,
    GroupEquations,
    ShotGroup,
    group_equations,
    held_equations,
)
from cinedot.micrographs.occupancy.unknowns import Unknowns
from cinedot.micrographs.pose.shared_state import SharedState, shared_prior_sigma

ROUNDS = 5
_HELD_STEPS = 6
"""Steps between two expansions, with the changes of the last."""
_NEAR = 5.0
"""Gain in log-probability a frame that leaves changes as they were: by some 0.05 degrees of turn,
which changes them by a hundredth."""
_DAMPED = 0.03
_ENOUGH = 3.0
"""Gain in log-probability at which the fit ends: there are hundreds of unknowns."""


@dataclass(frozen=True, eq=False, kw_only=True)
class JointFit:
    """What some frames say together.

    Attributes:
        unknowns: the groups of atoms.
        shared, shared_sigma: `SHARED_PARAMETERS` and their standard deviations.
        share: occupancy of each group at its most probable [group].
        covariance: of what frames share and the groups, prior included [unknown, unknown].
        prior: its precision [unknown, unknown].
        states: the own unknowns of each group's frames.
        backgrounds: what stands still behind each group, whitened [number].
        misfit: reduced chi-square, at least 1: what all variances are widened by.
        chi_square: of each round, summed over the frames.
        left: each group's whitened residuals, what stands still with them [frame, number].
    """

    unknowns: Unknowns
    shared: SharedState
    shared_sigma: Float[np.ndarray, " parameter"]
    share: Float[np.ndarray, " group"]
    covariance: Float[np.ndarray, "unknown unknown"]
    states: tuple[tuple[FrameState, ...], ...]
    backgrounds: tuple[Float[np.ndarray, " number"], ...]
    misfit: float
    chi_square: tuple[float, ...]
    left: tuple[Float[np.ndarray, "_ number"], ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class _Point:
    """Everything that is fitted, at one place, and the equations there."""

    shared: SharedState
    share: Float[np.ndarray, " group"]
    states: tuple[tuple[FrameState, ...], ...]
    equations: tuple[GroupEquations, ...]

    @property
    def chi_square(self) -> float:
        return sum(one.chi_square for one in self.equations)

    @property
    def misfit(self) -> float:
        return max(self.chi_square / sum(one.numbers for one in self.equations), 1.0)


def fit_jointly(
    groups: Sequence[ShotGroup],
    atoms: AtomViews,
    unknowns: Unknowns,
    states: Sequence[Sequence[FrameState]],
    *,
    shared: SharedState | None = None,
    share: Float[np.ndarray, " group"] | None = None,
    rounds: int = ROUNDS,
    progress: Progress | None = None,
) -> JointFit:
    """Fit the atoms and what frames share, each frame's pose, contrast and ground with them.

    Args:
        groups: frames in which the same atoms are there.
        atoms, unknowns: the model before its camera.
        states: where the own unknowns of each group's frames begin.
        shared: where the shared ones begin; as stated when left out.
        share: where the groups begin; as on average when left out.
        rounds: expansions after the first, at most. Each is followed by some Gauss-Newton steps;
            one that leads uphill is taken back and shortened.
        progress: what shows how far the work has come.
    """
    stated = SharedState.nominal(atoms.views.camera)
    precision = _precision(unknowns)
    shown = progress or Silent()

    def at(
        shared: SharedState, share: Float[np.ndarray, " group"], own: Sequence[Sequence[FrameState]]
    ) -> _Point:
        made = [
            group_equations(group, atoms, unknowns, here, shared, share)
            for group, here in zip(groups, own, strict=True)
        ]
        return _Point(
            shared=shared, share=share, states=tuple(map(tuple, own)), equations=tuple(made)
        )

    def objective(point: _Point, misfit: float) -> float:
        off = np.concatenate([point.shared.values - stated.values, point.share])
        prior = 0.5 * off @ precision @ off - unknowns.pull @ point.share
        return 0.5 * point.chi_square / misfit + float(prior)

    def onward(point: _Point, step: Float[np.ndarray, " unknown"]) -> _Point:
        """A step further, with the changes as they were."""
        shared, share = point.shared.moved(step[:SHARED]), point.share + step[SHARED:]
        own = tuple(
            tuple(state.moved(own) for state, own in zip(here, one.own(step), strict=True))
            for here, one in zip(point.states, point.equations, strict=True)
        )
        made = [
            held_equations(one.expansion, group, atoms, unknowns, here, shared, share)
            for one, group, here in zip(point.equations, groups, own, strict=True)
        ]
        return _Point(shared=shared, share=share, states=own, equations=tuple(made))

    best = at(shared or stated, unknowns.mean.copy() if share is None else share, states)
    chi, damping = [best.chi_square], 0.0
    step, covariance = _step(best, precision, unknowns, stated, damping)
    frames = sum(len(group.shots) for group in groups)
    for left in shown.track(range(rounds, -1, -1), description="Fitting atoms", total=rounds + 1):
        gained = 0.0
        for _ in range(_HELD_STEPS):
            if _gain(step, covariance, damping) < _ENOUGH:
                break
            misfit = best.misfit
            tried = onward(best, step)
            gain = objective(best, misfit) - objective(tried, misfit)
            if gain > 0:
                best, damping, gained = tried, damping / 10, gained + gain
                chi.append(best.chi_square)
            else:
                damping = max(10 * damping, _DAMPED)
            step, covariance = _step(best, precision, unknowns, stated, damping)
        if not left or gained < _NEAR * frames:
            break
        best = at(best.shared, best.share, best.states)
        step, covariance = _step(best, precision, unknowns, stated, damping)
    ended = _gain(step, covariance, damping) < _ENOUGH
    return JointFit(
        unknowns=unknowns,
        shared=best.shared.moved(step[:SHARED]) if ended else best.shared,
        shared_sigma=np.sqrt(np.diag(covariance)[:SHARED]),
        share=best.share + step[SHARED:] if ended else best.share,
        covariance=covariance,
        states=best.states,
        backgrounds=tuple(one.background for one in best.equations),
        misfit=best.misfit,
        chi_square=tuple(chi),
        left=tuple(one.left for one in best.equations),
    )


def _gain(
    step: Float[np.ndarray, " unknown"],
    covariance: Float[np.ndarray, "unknown unknown"],
    damping: float,
) -> float:
    """What a step would gain in log-probability; without limit where it was shortened.

    So small a step needs no second look: the expansion about the best point holds for it.
    """
    if damping >= _DAMPED:
        return np.inf
    return 0.5 * float(step @ np.linalg.solve(covariance, step))


def _step(
    point: _Point,
    precision: Float[np.ndarray, "unknown unknown"],
    unknowns: Unknowns,
    stated: SharedState,
    damping: float,
) -> tuple[Float[np.ndarray, " unknown"], Float[np.ndarray, "unknown unknown"]]:
    """Where the expansion about a point has its best, and the covariance there."""
    misfit = point.misfit
    normal = sum(one.normal for one in point.equations) / misfit + precision
    right = sum(one.right for one in point.equations) / misfit
    right -= precision @ np.concatenate([point.shared.values - stated.values, point.share])
    right[SHARED:] += unknowns.pull
    step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), right)
    return step, np.linalg.inv(normal)


def _precision(unknowns: Unknowns) -> Float[np.ndarray, "unknown unknown"]:
    whole = np.zeros((SHARED + len(unknowns),) * 2)
    whole[:SHARED, :SHARED] = np.diag(shared_prior_sigma() ** -2.0)
    whole[SHARED:, SHARED:] = unknowns.precision
    return whole
