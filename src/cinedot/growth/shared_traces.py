"""Several conditions under one law: which of its parameters they share, and whether they may."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import Estimate
from cinedot.growth.kinetic_record import KineticRecord
from cinedot.growth.kinetics import KineticsFit
from cinedot.growth.rise_families import RiseFamily
from cinedot.growth.trace_fit import TraceProblem, fit_traces


@dataclass(frozen=True, kw_only=True)
class SharedFit:
    """One law in several records, with some of its shape in common.

    Attributes:
        family: the law.
        shape: of each record; alike in what is shared.
        shared: which parameters of the shape all have in common.
        chi_square: of each record, over the variance of its own fit.
        p_value: how often records that share them would differ at least so much.
    """

    family: RiseFamily
    shape: Float[np.ndarray, "record shape"]
    shared: tuple[int, ...]
    chi_square: Float[np.ndarray, " record"]
    p_value: float


def fit_shared(
    records: Sequence[KineticRecord], *, family: RiseFamily, shared: Sequence[int]
) -> SharedFit:
    """A law in several records at once, with some parameters of its shape the same in all.

    Each record keeps its own amplitude, noise, and what is not shared. An F test compares it with
    fits of their own.

    Args:
        records: two or more with the same last time; a shape counts in units of that.
        family: the law.
        shared: places in the shape, as in (0,) for the first.

    Example:
        >>> from cinedot.growth.kinetic_laws import logistic
        >>> from cinedot.growth.rise_families import Logistic
        >>> time_min, wiggle = np.arange(0.0, 404.0, 4.0), 1e-3 * (-1.0) ** np.arange(101)
        >>> records = [KineticRecord(time_min=time_min, label=f"{half}",
        ...     intensity=logistic(time_min, rate_per_min=0.05, half_min=half) + wiggle)
        ...     for half in (100.0, 200.0)]
        >>> found = fit_shared(records, family=Logistic(), shared=(0,))
        >>> rates = np.exp(found.shape[:, 0]) / 400.0
        >>> rates.round(3).tolist(), found.p_value > 0.01
        ([0.05, 0.05], True)
    """
    from scipy.optimize import least_squares
    from scipy.stats import f

    own = [
        fit_traces(
            one.time_min,
            one.intensity[None],
            family=family,
            sigma=None if one.sigma is None else one.sigma[None],
        )
        for one in records
    ]
    sizes = [np.sqrt(max(float(fit.chi_square[0]) / max(fit.freedom, 1), 1e-300)) for fit in own]
    problems = [fit.problem for fit in own]
    start = np.stack([fit.shape[0] for fit in own])
    map_ = _places(len(records), family.count, tuple(shared))
    free = np.array([start[map_ == k].mean() for k in range(int(map_.max()) + 1)])
    low, high = (
        np.array([np.broadcast_to(one, start.shape)[map_ == k][0] for k in range(len(free))])
        for one in (family.low, family.high)
    )

    def rest(values: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [
                _rest(problem, shape) / size
                for problem, shape, size in zip(problems, values[map_], sizes, strict=True)
            ]
        )

    found = least_squares(rest, np.clip(free, low + 1e-9, high - 1e-9), bounds=(low, high))
    shape = np.asarray(found.x)[map_]
    squares = np.array(
        [
            float(np.sum((_rest(p, s) / size) ** 2))
            for p, s, size in zip(problems, shape, sizes, strict=True)
        ]
    )
    freedom = sum(fit.freedom for fit in own)
    fewer = len(shared) * (len(records) - 1)
    more = max(float(squares.sum()) - freedom, 0.0) / max(fewer, 1)
    return SharedFit(
        family=family,
        shape=shape,
        shared=tuple(shared),
        chi_square=squares,
        p_value=float(f.sf(more, fewer, freedom)),
    )


def probability_shared(fits: Sequence[KineticsFit]) -> Estimate | None:
    """How often records that rise by one law with one shape would differ at least so much.

    The law is the first record's likeliest; None where the records do not end at the same time.

    Args:
        fits: two or more.
    """
    records = [fit.record for fit in fits]
    ends = [one.span_min for one in records]
    if max(ends) - min(ends) > 1e-6 * max(ends):
        return None
    family = fits[0].best.family
    found = fit_shared(records, family=family, shared=tuple(range(family.count)))
    return Estimate(
        value=found.p_value, sigma=None, unit="", method=f"F test, one {family.name} for all"
    )


def _places(records: int, free: int, shared: tuple[int, ...]) -> np.ndarray:
    """Which number of the search each record's parameter is."""
    found = np.zeros((records, free), dtype=np.int64)
    count = 0
    for k in range(free):
        if k in shared:
            found[:, k] = count
            count += 1
        else:
            found[:, k] = np.arange(count, count + records)
            count += records
    return found


def _rest(problem: TraceProblem, shape: Float[np.ndarray, " shape"]) -> np.ndarray:
    return problem.projected(np.array([0]), shape[None]).rest[0]
