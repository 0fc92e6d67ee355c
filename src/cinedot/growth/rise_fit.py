"""One law of rise at its best in one record: its evidence, its parameters, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from cinedot.core import Estimate
from cinedot.core.batched_search import search_batch
from cinedot.growth.induction import InductionProfile, crossing
from cinedot.growth.kinetic_record import KineticRecord
from cinedot.growth.rise_families import RiseFamily
from cinedot.growth.trace_fit import fit_traces
from cinedot.spectroscopy.noise import correlation_factor

_LET_GO = 3.841458820694124
"""The 95 % point of chi-square with one degree of freedom."""

_STARTS = 3

Reading = Callable[[Float[np.ndarray, " shape"]], float]
"""A number of a law, from its shape."""


@dataclass(frozen=True, kw_only=True)
class RiseFit:
    """One law at its best in one record.

    Attributes:
        profile: the law, and what it leaves with its induction fixed.
        scatter: the sum of squares expected a degree of freedom; neighbours that share their
            noise are counted once.
        known: whether sigmas are the record's own, and hold.
        criterion: AICc.
        correlation: how many neighbouring points count as one.
        span_min: the record's last time, min.
    """

    profile: InductionProfile
    scatter: float
    known: bool
    criterion: float
    correlation: float
    span_min: float

    @property
    def family(self) -> RiseFamily:
        """The law."""
        return self.profile.family

    @property
    def ground(self) -> bool:
        """Whether a constant lies below the rise."""
        return self.profile.fit.problem.ground

    @property
    def name(self) -> str:
        """The law in words."""
        return f"{self.family.name} on a ground" if self.ground else self.family.name

    @property
    def amplitude(self) -> float:
        """The light that the law would end with, above its ground."""
        return float(self.profile.fit.amplitude[0])

    @property
    def level(self) -> float:
        """The constant below the rise."""
        return float(self.profile.fit.ground[0])

    def rise(self, time_min: Float[np.ndarray, " more"]) -> Float[np.ndarray, " more"]:
        """Expected intensities at times within the record."""
        return self.level + self.amplitude * self._rise(time_min)

    def _rise(self, time_min: Float[np.ndarray, " more"]) -> Float[np.ndarray, " more"]:
        return self.family.curves(self.profile.shape[None], time_min / self.span_min)[0][0]

    def below(self, times: Float[np.ndarray, " place"]) -> Float[np.ndarray, " place"]:
        """The confidence that the induction is below each time (shares of the record)."""
        from scipy.special import ndtr, stdtr

        more = self.profile.squares(times) - self.profile.least
        roots = np.sign(times - self.profile.best) * np.sqrt(more / max(self.scatter, 1e-300))
        return np.asarray(ndtr(roots) if self.known else stdtr(self.freedom, roots))

    @property
    def freedom(self) -> int:
        """Points less parameters."""
        return self.profile.fit.freedom

    @cached_property
    def covariance(self) -> Float[np.ndarray, "shape shape"]:
        """Of the shape."""
        return self.profile.covariance * self.scatter

    @cached_property
    def parameters(self) -> tuple[tuple[str, Estimate], ...]:
        """The law's own parameters with their sigmas by the curvature at the best.

        `undetermined` where a bound holds one or might as well, or where its sigma is as large as
        itself.
        """
        shape, span = self.profile.shape, self.span_min
        found: list[tuple[str, Estimate]] = []
        for index, (name, value, unit) in enumerate(self.family.parameters(shape, span)):
            slope = _slope(lambda s, k=index: self.family.parameters(s, span)[k][1], shape)
            sigma = float(np.sqrt(max(slope @ self.covariance @ slope, 0.0)))
            told = not self._held(slope) and sigma < abs(value)
            found.append(
                (
                    name,
                    Estimate(
                        value=value,
                        sigma=sigma if told else None,
                        unit=unit,
                        method=f"{self.name}, curvature at the best",
                        status="ok" if told else "undetermined",
                    ),
                )
            )
        return tuple(found)

    def _held(self, slope: Float[np.ndarray, " shape"]) -> bool:
        """Whether a parameter hangs on one of the shape's that ended, or may lie, at a bound."""
        return bool(np.any((self.profile.fit.held[0] | self._open) & (slope != 0)))

    @cached_property
    def _open(self) -> Bool[np.ndarray, " shape"]:
        """Which of the shape's parameters the record lets go to a bound: curvature misleads there.

        A record lets go what leaves less over than 95 % of right values do.
        """
        allowed = self.profile.least + _LET_GO * self.scatter
        return np.array(
            [
                min(self._left_at(index, end) for end in ends) < allowed
                for index, ends in enumerate(zip(self.family.low, self.family.high, strict=True))
            ]
        )

    def _left_at(self, index: int, end: float) -> float:
        """The sum of squares that is left with one of the shape's parameters held at an end."""
        problem, family = self.profile.fit.problem, self.family
        starts = np.vstack([self.profile.shape, family.lattice])
        starts[:, index] = end
        starts = np.unique(starts, axis=0)
        whole = problem.equations(np.zeros(len(starts), dtype=int), starts).chi_square
        starts = starts[np.argsort(whole)[:_STARTS]]
        low, high = family.low.copy(), family.high.copy()
        low[index] = high[index] = end
        all_one = np.zeros(len(starts), dtype=int)
        at_end = search_batch(
            lambda items, values: problem.equations(all_one[items], values),
            starts,
            low=low,
            high=high,
            tolerance=1e-3,
        )
        return float(problem.equations(all_one, at_end.values).chi_square.min())

    def read(self, number: Reading) -> tuple[float, float]:
        """A number that hangs on the shape, and its sigma by the curvature at the best."""
        slope = _slope(number, self.profile.shape, step=1e-3)
        variance = float(slope @ self.covariance @ slope)
        return float(number(self.profile.shape)), float(np.sqrt(max(variance, 0.0)))

    @cached_property
    def tangent_min(self) -> tuple[float, float]:
        """Where the steepest tangent meets zero, and its sigma, min."""
        return self.read(lambda shape: self.family.tangent(shape) * self.span_min)

    @cached_property
    def half_min(self) -> tuple[float, float]:
        """When half of the rise at the end is reached, and its sigma, min."""
        return self.read(lambda shape: crossing(self.family, shape, 0.5) * self.span_min)

    @cached_property
    def reached(self) -> tuple[float, float]:
        """The share of its final rise that the law has at the record's end, and its sigma."""
        end = np.array([1.0])
        return self.read(lambda shape: float(self.family.curves(shape[None], end)[0][0, 0]))


def fit_rise(
    record: KineticRecord,
    family: RiseFamily,
    sigma: Float[np.ndarray, " time"] | None,
    *,
    ground: bool,
    known: bool,
) -> RiseFit:
    """One law at its best in one record.

    Args:
        record: at least three points more than the law has parameters.
        family: the law.
        sigma: of each point; even and unknown without it.
        ground: whether a constant lies below the rise.
        known: whether `sigma` is the record's own.
    """
    fit = fit_traces(
        record.time_min,
        record.intensity[None],
        family=family,
        sigma=None if sigma is None else sigma[None],
        ground=ground,
    )
    rest = fit.problem.projected(np.array([0]), fit.shape).rest[0]
    count, least = len(rest), float(fit.chi_square[0])
    correlation = correlation_factor(rest)
    reduced = least / max(fit.freedom, 1)
    free = fit.problem.parameters + (0 if known else 1)
    misfit = least if known else count * float(np.log(max(least, 1e-300) / count))
    return RiseFit(
        profile=InductionProfile(fit=fit, item=0),
        scatter=max(reduced, 1.0) * correlation if known else reduced * correlation,
        known=known and reduced <= 1.0 and correlation == 1.0,
        criterion=misfit + 2 * free + 2 * free * (free + 1) / max(count - free - 1, 1),
        correlation=correlation,
        span_min=record.span_min,
    )


def _slope(
    read: Reading, shape: Float[np.ndarray, " shape"], step: float = 1e-5
) -> Float[np.ndarray, " shape"]:
    """Derivatives of a number by the shape."""
    eye = np.eye(len(shape)) * step
    return np.array([(read(shape + one) - read(shape - one)) / (2 * step) for one in eye])
