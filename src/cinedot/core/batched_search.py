"""Many small least-squares searches at once, each judged and ended on its own.

Gauss-Newton steps, damped after Levenberg and Marquardt where one does not descend. The caller
gives each search's misfit, gradient and curvature, however it comes by them; what has ended is not
worked on again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

_LONGEST = 1.0
"""The longest step, in lengths: linearised laws do not reach further."""
_TOO_SMALL_TO_JUDGE = 1e-5
"""Steps that change a misfit by less than the square of this: its digits no longer tell descent."""
_LEAST_PIVOT = 1e-13
_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-2, 1e-4, 1e10


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalEquations:
    """What some searches' misfits are at their places, and how they change about them.

    Attributes:
        chi_square: sum of squares.
        gradient: J^T r, of the residuals r = record - law and the law's derivatives J.
        curvature: J^T J.
        lengths: the natural unit of a step in each parameter.
    """

    chi_square: Float[np.ndarray, " item"]
    gradient: Float[np.ndarray, "item free"]
    curvature: Float[np.ndarray, "item free free"]
    lengths: Float[np.ndarray, "item free"]


Misfits = Callable[
    [Int[np.ndarray, " item"], Float[np.ndarray, "item free"]],
    NormalEquations,
]
"""The misfits of many records under one law: of some of them (indices), each at its own values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """Where each search ended.

    Attributes:
        values: its best parameters.
        converged: whether a further step would change less than the tolerance.
        held: which parameters ended at a bound.
        last_step: the longest component of the last step, in lengths: how far `values` lie from the
            place where the misfit was last asked for.
        evaluations: how often it was.
    """

    values: Float[np.ndarray, "item free"]
    converged: Bool[np.ndarray, " item"]
    held: Bool[np.ndarray, "item free"]
    last_step: Float[np.ndarray, " item"]
    evaluations: Int[np.ndarray, " item"]


def search_batch(
    misfits: Misfits,
    start: Float[np.ndarray, "item free"],
    *,
    low: Float[np.ndarray, " free"],
    high: Float[np.ndarray, " free"],
    tolerance: float = 1e-8,
    most_steps: int = 60,
) -> Searched:
    """The least misfit near each start, within bounds.

    A search ends where what further steps would add, the last step times the ratio of the last
    two, is below the tolerance; its last step is taken without asking for the misfit again.

    Args:
        misfits: called with the searches that still run.
        start: where each begins.
        low, high: bounds of each parameter, the same for all.
        tolerance: in the parameters' lengths.
        most_steps: then a search ends unconverged.

    Source: D. W. Marquardt, J. Soc. Indust. Appl. Math. 11 (1963) 431.

    Example:
        >>> roots = np.array([2.0, 9.0])
        >>> def squares(items, values):  # (root - value^2)^2
        ...     slope = 2 * values
        ...     rest = roots[items] - values[:, 0] ** 2
        ...     return NormalEquations(chi_square=rest**2, gradient=slope * rest[:, None],
        ...         curvature=(slope**2)[:, :, None], lengths=np.ones_like(values))
        >>> found = search_batch(squares, np.ones((2, 1)), low=np.zeros(1), high=np.full(1, 9.0))
        >>> found.values[:, 0].round(6), found.converged
        (array([1.414214, 3.      ]), array([ True,  True]))
    """
    state = _State(misfits, np.clip(start, low, high))
    for _ in range(most_steps):
        if not state.advance(low, high, tolerance):
            break
    values = state.values
    return Searched(
        values=values,
        converged=state.converged,
        held=(values <= low) | (values >= high),
        last_step=state.last_step,
        evaluations=state.evaluations,
    )


class _State:
    """All searches: where each stands, and what its misfit is there."""

    def __init__(self, misfits: Misfits, start: Float[np.ndarray, "item free"]) -> None:
        count = len(start)
        self._misfits = misfits
        self._running = np.arange(count)
        self._here = misfits(self._running, start)
        self._damping = np.zeros(count)
        self.values = start
        self.converged = np.zeros(count, dtype=bool)
        self.last_step = np.full(count, np.inf)
        self.evaluations = np.ones(count, dtype=np.int64)

    def advance(
        self, low: Float[np.ndarray, " free"], high: Float[np.ndarray, " free"], tolerance: float
    ) -> bool:
        """One step of all that run; False where none does any more."""
        here, items = self._here, self._running
        now = self.values[items]
        proposed = now + _steps(here, self._damping, now, low, high)
        size = np.max(np.abs(proposed - now) / here.lengths, axis=1, initial=0.0)
        before = self.last_step[items]
        # After a step of nought or none at all nothing is known of the ratio.
        known = np.isfinite(before) & (before > 0)
        ratio = np.minimum(size / np.where(known, before, 1.0), 1.0)
        ratio = np.where(known, ratio, 1.0)
        last = (size * ratio < tolerance) & (self._damping == 0)
        ended = items[last]
        self.values[ended] = proposed[last]
        self.last_step[ended] = size[last]
        self.converged[ended] = True
        stuck = self._damping > _MOST_DAMPING
        kept = ~(last | stuck)
        if not kept.any():
            return False
        self._running, self._damping = items[kept], self._damping[kept]
        self._move(_chosen(here, kept), proposed[kept], size[kept])
        return True

    def _move(
        self, here: NormalEquations, proposed: Float[np.ndarray, "item free"], size: np.ndarray
    ) -> None:
        """Go where the misfit is less; damp where it is not."""
        items = self._running
        there = self._misfits(items, proposed)
        self.evaluations[items] += 1
        descends = there.chi_square <= here.chi_square
        taken = descends | (size < _TOO_SMALL_TO_JUDGE)
        if taken.all():
            self.values[items], self.last_step[items], self._here = proposed, size, there
            self._damping = self._eased()
            return
        self.values[items] = np.where(taken[:, None], proposed, self.values[items])
        self.last_step[items] = np.where(taken, size, np.inf)
        raised = np.maximum(10.0 * self._damping, _FIRST_DAMPING)
        self._damping = np.where(taken, self._eased(), raised)
        self._here = NormalEquations(
            chi_square=np.where(taken, there.chi_square, here.chi_square),
            gradient=np.where(taken[:, None], there.gradient, here.gradient),
            curvature=np.where(taken[:, None, None], there.curvature, here.curvature),
            lengths=np.where(taken[:, None], there.lengths, here.lengths),
        )

    def _eased(self) -> Float[np.ndarray, " item"]:
        return np.where(self._damping > _LEAST_DAMPING, 0.1 * self._damping, 0.0)


def _chosen(here: NormalEquations, kept: Bool[np.ndarray, " item"]) -> NormalEquations:
    if kept.all():
        return here
    return NormalEquations(
        chi_square=here.chi_square[kept],
        gradient=here.gradient[kept],
        curvature=here.curvature[kept],
        lengths=here.lengths[kept],
    )


def _steps(
    here: NormalEquations,
    damping: Float[np.ndarray, " item"],
    now: Float[np.ndarray, "item free"],
    low: Float[np.ndarray, " free"],
    high: Float[np.ndarray, " free"],
) -> Float[np.ndarray, "item free"]:
    """Damped Gauss-Newton steps that stay within the bounds and the law's linear reach."""
    diagonal = np.einsum("bii->bi", here.curvature)
    unit = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = here.curvature * unit[:, :, None] * unit[:, None, :]
    # A parameter at its bound that would leave stays there, and the others step without it.
    leaves = ((now <= low) & (here.gradient < 0)) | ((now >= high) & (here.gradient > 0))
    fixed = leaves | (diagonal <= 0)
    if fixed.any():
        scaled = np.where(fixed[:, :, None] | fixed[:, None, :], 0.0, scaled)
    free = range(scaled.shape[1])
    scaled[:, free, free] = 1.0 + damping[:, None]
    step = _eliminated(scaled, np.where(fixed, 0.0, here.gradient * unit)) * unit
    reach = np.max(np.abs(step) / here.lengths, axis=1, initial=0.0)
    short = _LONGEST / np.maximum(reach, _LONGEST)
    return np.clip(now + step * short[:, None], low, high) - now


def _eliminated(
    matrix: Float[np.ndarray, "item free free"], right: Float[np.ndarray, "item free"]
) -> Float[np.ndarray, "item free"]:
    """Gauss's elimination in many positive matrices of diagonal 1 or more at once.

    Curvatures that are but rounding need not be positive: a parameter without a pivot stays where
    it is.
    """
    size = matrix.shape[1]
    rows = np.concatenate([matrix, right[:, :, None]], axis=2).transpose(1, 2, 0).copy()
    for k in range(size):
        sound = rows[k, k] > _LEAST_PIVOT
        rows[k] *= sound / np.where(sound, rows[k, k], 1.0)
        for other in range(size):
            if other != k:
                rows[other] -= rows[other, k] * rows[k]
    return rows[:, size].T
