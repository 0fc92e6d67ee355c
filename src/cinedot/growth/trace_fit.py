"""Fits of one law of rise to many traces at the same times, all at once.

Amplitude and ground are linear and solved for exactly (variable projection); the shape is
searched from the best places of a lattice, by `core.batched_search`.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from cinedot.core.batched_search import NormalEquations, search_batch
from cinedot.core.separable import inverse_curvature
from cinedot.growth.rise_families import RiseFamily

_STARTS = 3
_SILENT = 1e-9
"""A step that changes less of the light than this is told by no record."""
_APART = 1.5
"""Starts lie at least so many steps apart, or they are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A demand on the shape: the rise at `time` is a share of the rise at 1.

    Attributes:
        time: of each trace, from 0 to 1.
        share: of the rise at the end.
        weight: of each trace: how much a broken condition adds to the root of its misfit.
    """

    time: Float[np.ndarray, " item"]
    share: float
    weight: Float[np.ndarray, " item"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceProblem:
    """Traces at the same times under one law.

    Attributes:
        family: the law.
        time: from 0 to 1, rising, in units of the last time.
        intensity: of each trace.
        weight: 1 over sigma of each point.
        ground: whether a constant lies below the rise.
        condition: a demand on each trace's shape, or None.
    """

    family: RiseFamily
    time: Float[np.ndarray, " time"]
    intensity: Float[np.ndarray, "item time"]
    weight: Float[np.ndarray, "item time"]
    ground: bool
    condition: Condition | None = None

    @property
    def parameters(self) -> int:
        """Shape, amplitude and ground."""
        return self.family.count + 1 + self.ground

    def equations(
        self, items: Int[np.ndarray, " some"], shape: Float[np.ndarray, "some shape"]
    ) -> NormalEquations:
        """The misfit of some traces after amplitude and ground, and its change with the shape."""
        extra = self._extra_times(items)
        rise, change = self.family.curves(shape, np.concatenate([self.time, extra]))
        count = len(self.time)
        parts = self._without_linear(items, rise[:, :count], change[..., :count])
        rest, slopes = parts.rest, parts.slopes
        chi_square = np.sum(rest**2, axis=1)
        gradient = np.einsum("ikt,it->ik", slopes, rest)
        curvature = slopes @ slopes.transpose(0, 2, 1)
        if self.condition is not None:
            broken, by_shape = self._broken(items, rise[:, count:], change[..., count:])
            chi_square = chi_square + broken**2
            gradient = gradient - by_shape * broken[:, None]
            curvature = curvature + by_shape[:, :, None] * by_shape[:, None, :]
        return NormalEquations(
            chi_square=chi_square,
            gradient=gradient,
            curvature=curvature,
            lengths=np.broadcast_to(self.family.lengths, shape.shape),
        )

    def projected(
        self, items: Int[np.ndarray, " some"], shape: Float[np.ndarray, "some shape"]
    ) -> "Projected":
        """What the best amplitude and ground leave, and the slopes less what they make up for."""
        return self._without_linear(items, *self.family.curves(shape, self.time))

    def _without_linear(
        self,
        items: Int[np.ndarray, " some"],
        rise: Float[np.ndarray, "some time"],
        slopes: Float[np.ndarray, "some shape time"],
    ) -> "Projected":
        weight = self.weight[items]
        target, column = self.intensity[items] * weight, rise * weight
        changes = slopes * weight[:, None]
        ground = lifted = np.zeros(len(rise))
        if self.ground:
            unit = weight / np.linalg.norm(weight, axis=1, keepdims=True)
            level = np.sum(unit * target, axis=1, keepdims=True)
            below = np.sum(unit * column, axis=1, keepdims=True)
            ground = level[:, 0] / np.linalg.norm(weight, axis=1)
            lifted = below[:, 0] / np.linalg.norm(weight, axis=1)
            target, column = target - unit * level, column - unit * below
            changes = changes - unit[:, None] * np.einsum("ikt,it->ik", changes, unit)[..., None]
        square = np.maximum(np.sum(column**2, axis=1), 1e-300)
        amplitude = np.sum(column * target, axis=1) / square
        ground = ground - amplitude * lifted
        along = np.einsum("ikt,it->ik", changes, column) / square[:, None]
        changes = (changes - along[..., None] * column[:, None]) * amplitude[:, None, None]
        return Projected(
            amplitude=amplitude,
            ground=ground,
            rest=target - amplitude[:, None] * column,
            slopes=changes,
        )

    def lattice_squares(
        self, lattice: Float[np.ndarray, "place shape"]
    ) -> Float[np.ndarray, "item place"]:
        """The misfit of each trace at each place; infinite where the light would fall."""
        rise = self.family.curves(lattice, self.time)[0]
        square = self.weight**2
        scaled = square * self.intensity
        both, own = square @ (rise**2).T, scaled @ rise.T
        total = np.sum(scaled * self.intensity, axis=1, keepdims=True)
        if self.ground:
            count = np.sum(square, axis=1, keepdims=True)
            level, below = np.sum(scaled, axis=1, keepdims=True), square @ rise.T
            both, own = both - below**2 / count, own - below * level / count
            total = total - level**2 / count
        kept = both > 1e-9 * np.max(both, initial=0.0)
        gained = np.where(kept, own**2 / np.where(kept, both, 1.0), 0.0)
        return np.where((own > 0) & kept, total - gained, np.inf)

    def _extra_times(self, items: Int[np.ndarray, " some"]) -> Float[np.ndarray, " extra"]:
        """Times that a condition asks for beside the record's."""
        if self.condition is None:
            return np.zeros(0)
        return np.append(np.unique(self.condition.time[items]), 1.0)

    def _broken(
        self,
        items: Int[np.ndarray, " some"],
        rise: Float[np.ndarray, "some extra"],
        slopes: Float[np.ndarray, "some shape extra"],
    ) -> tuple[Float[np.ndarray, " some"], Float[np.ndarray, "some shape"]]:
        """How far the condition is broken, over its own sigma, and its derivatives."""
        condition = self.condition
        assert condition is not None
        place = np.unique(condition.time[items], return_inverse=True)[1]
        row = np.arange(len(items))
        short = rise[row, place] - condition.share * rise[:, -1]
        change = slopes[row, :, place] - condition.share * slopes[:, :, -1]
        weight = condition.weight[items]
        return short * weight, change * weight[:, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Projected:
    """A law at given shapes.

    Attributes:
        amplitude, ground: the best ones.
        rest: record less law, over sigma.
        slopes: derivatives of the law by the shape, over sigma, amplitude and ground adapting.
    """

    amplitude: Float[np.ndarray, " item"]
    ground: Float[np.ndarray, " item"]
    rest: Float[np.ndarray, "item time"]
    slopes: Float[np.ndarray, "item shape time"]


@dataclass(frozen=True, kw_only=True)
class TraceFits:
    """A law at its best in many traces.

    Attributes:
        problem: law and traces.
        shape, amplitude, ground: its parameters.
        chi_square: sum of squared residuals over variance.
        converged: whether the search ended.
        held: which parameters of the shape ended at a bound, or where they change nothing: a rise
            that is over at the second time has no slope.
    """

    problem: TraceProblem
    shape: Float[np.ndarray, "item shape"]
    amplitude: Float[np.ndarray, " item"]
    ground: Float[np.ndarray, " item"]
    chi_square: Float[np.ndarray, " item"]
    converged: Bool[np.ndarray, " item"]
    held: Bool[np.ndarray, "item shape"]

    @property
    def freedom(self) -> int:
        """Points less parameters."""
        return len(self.problem.time) - self.problem.parameters

    def covariance(self, item: int) -> Float[np.ndarray, "shape shape"]:
        """Of a trace's shape, for sigmas that are right; 0 for what a bound holds."""
        slopes = self.problem.projected(np.array([item]), self.shape[item : item + 1]).slopes[0]
        free = ~self.held[item]
        found = np.zeros((len(free), len(free)))
        found[np.ix_(free, free)] = inverse_curvature(slopes[free].T)
        return found


def fit_traces(
    time: Float[np.ndarray, " time"],
    intensity: Float[np.ndarray, "item time"],
    *,
    family: RiseFamily,
    sigma: Float[np.ndarray, "item time"] | None = None,
    ground: bool = False,
) -> TraceFits:
    """The best curve of a law for each of many traces.

    Args:
        time: the same for all, rising, in any unit; more points than parameters.
        intensity: in any unit.
        family: the law.
        sigma: one standard deviation of each point; alike and 1 without it.
        ground: whether a constant lies below the rise.

    Source: G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413; L. Kaufman, BIT 15
    (1975) 49.

    Example:
        >>> from cinedot.growth.kinetic_laws import finke_watzky
        >>> from cinedot.growth.rise_families import FinkeWatzky
        >>> time_min = np.arange(0.0, 604.0, 4.0)
        >>> light = 7.0 * finke_watzky(time_min, k1_per_min=1e-4, k2_per_min=0.03)
        >>> fits = fit_traces(time_min, light[None], family=FinkeWatzky())
        >>> [(name, round(value, 6)) for name, value, _ in
        ...     FinkeWatzky().parameters(fits.shape[0], 600.0)]
        [('k1', 0.0001), ('k2', 0.03)]
    """
    scale = np.maximum(np.max(np.abs(intensity), axis=1, keepdims=True), 1e-300)
    weight = np.ones_like(intensity) if sigma is None else scale / sigma
    problem = TraceProblem(
        family=family,
        time=time / float(time[-1]),
        intensity=intensity / scale,
        weight=weight,
        ground=ground,
    )
    fits = _best_of(problem, _starts(problem))
    size = scale[:, 0]
    own = np.ones_like(intensity) if sigma is None else 1.0 / sigma
    return replace(
        fits,
        problem=replace(problem, intensity=intensity, weight=own),
        amplitude=fits.amplitude * size,
        ground=fits.ground * size,
        chi_square=fits.chi_square * (size**2 if sigma is None else 1.0),
    )


def search_traces(
    problem: TraceProblem, start: Float[np.ndarray, "item shape"], *, most_steps: int = 60
) -> TraceFits:
    """The least misfit near one start a trace."""
    family = problem.family
    found = search_batch(
        problem.equations,
        start,
        low=family.low,
        high=family.high,
        tolerance=1e-6,
        most_steps=most_steps,
    )
    items = np.arange(len(start))
    parts = problem.projected(items, found.values)
    moved = np.linalg.norm(parts.slopes, axis=2) * family.lengths
    light = np.linalg.norm(problem.intensity * problem.weight, axis=1)[:, None]
    silent = moved < _SILENT * light
    return TraceFits(
        problem=problem,
        shape=found.values,
        amplitude=parts.amplitude,
        ground=parts.ground,
        chi_square=np.sum(parts.rest**2, axis=1),
        converged=found.converged,
        held=found.held | silent,
    )


def _starts(problem: TraceProblem) -> Float[np.ndarray, "start item shape"]:
    """The best places of the lattice, apart from each other."""
    lattice, lengths = problem.family.lattice, problem.family.lengths
    squares = problem.lattice_squares(lattice)
    starts: list[np.ndarray] = []
    rows = np.arange(len(squares))
    for _ in range(_STARTS):
        best = np.argmin(squares, axis=1)
        starts.append(lattice[best])
        near = np.max(np.abs(lattice - lattice[best][:, None]) / lengths, axis=2) < _APART
        squares[near] = np.inf
        squares[rows, best] = np.inf
    return np.stack(starts)


def _best_of(problem: TraceProblem, starts: Float[np.ndarray, "start item shape"]) -> TraceFits:
    """Of every trace the best of its searches, whose light rises; all are searched at once."""
    count, items, free = starts.shape
    repeated = replace(
        problem,
        intensity=np.tile(problem.intensity, (count, 1)),
        weight=np.tile(problem.weight, (count, 1)),
    )
    found = search_traces(repeated, starts.reshape(count * items, free))
    squares = np.where(found.amplitude > 0, found.chi_square, np.inf).reshape(count, items)
    kept = np.argmin(squares, axis=0) * items + np.arange(items)
    return TraceFits(
        problem=problem,
        shape=found.shape[kept],
        amplitude=found.amplitude[kept],
        ground=found.ground[kept],
        chi_square=found.chi_square[kept],
        converged=found.converged[kept],
        held=found.held[kept],
    )
