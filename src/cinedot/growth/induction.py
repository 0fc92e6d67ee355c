"""The induction time of a fitted law, and the profile of what is left when it is fixed elsewhere.

Induction is when the rise has reached 5 % of its level at the end of the record.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from cinedot.core.batched_search import search_batch
from cinedot.growth.rise_families import RiseFamily
from cinedot.growth.trace_fit import Condition, TraceFits, TraceProblem

SHARE = 0.05
"""The share of the last level that ends the induction."""

_STIFF = 100.0
"""A fixed induction is kept to a hundredth of its own sigma: a ten-thousandth of its variance.
Where the record hardly tells it, of the level that it stands for: a looser hold holds nothing."""


def crossing(family: RiseFamily, shape: Float[np.ndarray, " shape"], share: float = SHARE) -> float:
    """When a rise reaches a share of its last value, as a share of the record; 0 if from the start.

    Args:
        family: the law.
        shape: of it.
        share: between 0 and 1.

    Example:
        >>> from cinedot.growth.rise_families import Logistic
        >>> shape = np.array([np.log(40.0), 0.5])
        >>> round(crossing(Logistic(), shape), 6), round(float(0.5 - np.log(19.0) / 40.0), 6)
        (0.426389, 0.426389)
    """
    low, high = 0.0, 1.0
    for places in (513, 257):
        time = np.linspace(low, high, places)
        rise = family.curves(shape[None], np.append(time, 1.0))[0][0]
        level = share * rise[-1]
        above = np.flatnonzero(rise[:-1] >= level)
        first = int(above[0]) if len(above) else places - 1
        if first == 0:
            return low
        low, high = float(time[first - 1]), float(time[first])
    below, beyond = float(rise[first - 1]), float(rise[first])
    # Cells are now 8e-6 of the record wide: within one the rise is a line.
    part = (level - below) / (beyond - below) if beyond > below else 0.5
    return low + (high - low) * float(np.clip(part, 0.0, 1.0))


@dataclass(frozen=True, kw_only=True)
class InductionProfile:
    """One law in one record: its induction, and what any other induction would leave over.

    Attributes:
        fit: the law at its best.
        item: which trace of the fit.
    """

    fit: TraceFits
    item: int

    @property
    def family(self) -> RiseFamily:
        """The law."""
        return self.fit.problem.family

    @property
    def shape(self) -> Float[np.ndarray, " shape"]:
        """Of the law at its best."""
        return self.fit.shape[self.item]

    @property
    def least(self) -> float:
        """The sum of squares that the best leaves."""
        return float(self.fit.chi_square[self.item])

    @cached_property
    def best(self) -> float:
        """The induction of the best, as a share of the record."""
        return crossing(self.family, self.shape)

    @cached_property
    def covariance(self) -> Float[np.ndarray, "shape shape"]:
        """Of the shape, for sigmas that are right."""
        return self.fit.covariance(self.item)

    @cached_property
    def _demand(self) -> tuple[Float[np.ndarray, " shape"], float]:
        """How the condition's sides differ with the shape, and with time, at the best."""
        at = np.clip(self.best, 1e-6, 1.0 - 1e-6)
        times = np.array([at - 1e-6, at, at + 1e-6, 1.0])
        rise, slopes = self.family.curves(self.shape[None], times)
        change = slopes[0, :, 1] - SHARE * slopes[0, :, 3]
        return change, float(rise[0, 2] - rise[0, 0]) / 2e-6

    @cached_property
    def spread(self) -> float:
        """One standard deviation of the induction by the curvature at the best."""
        change, speed = self._demand
        variance = float(change @ self.covariance @ change)
        return float(np.sqrt(max(variance, 0.0))) / max(speed, 1e-9)

    def squares(self, times: Float[np.ndarray, " place"]) -> Float[np.ndarray, " place"]:
        """The sum of squares that is left with the induction at each of these times.

        Args:
            times: as shares of the record, rising.
        """
        problem, count = self.fit.problem, len(times)
        change, speed = self._demand
        own = float(np.sqrt(max(change @ self.covariance @ change, 1e-24)))
        fixed = TraceProblem(
            family=self.family,
            time=problem.time,
            intensity=np.repeat(problem.intensity[self.item : self.item + 1], count, axis=0),
            weight=np.repeat(problem.weight[self.item : self.item + 1], count, axis=0),
            ground=problem.ground,
            condition=Condition(
                time=times, share=SHARE, weight=np.full(count, _STIFF / min(own, SHARE))
            ),
        )
        along = self.covariance @ change / own**2
        start = self.shape - np.outer((times - self.best) * speed, along)
        family = self.family
        found = search_batch(
            fixed.equations,
            np.clip(start, family.low, family.high),
            low=family.low,
            high=family.high,
            tolerance=1e-3,
            most_steps=20,
        )
        left = fixed.equations(np.arange(count), found.values).chi_square
        return np.maximum(left, self.least)
