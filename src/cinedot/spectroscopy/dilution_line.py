"""The line through a dilution series: its slope, and whether it meets the origin."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

# From scatter that is the same everywhere to scatter in proportion to the light.
_PROPORTIONAL = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEAST_VARIANCE = 0.0025
"""Of the brightest point's: no reading scatters by less than a twentieth of that."""
_AGREES = 0.99
"""An intercept outside its 99 % interval about 0 does not agree with 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A straight line through points.

    Attributes:
        slope, slope_error: with a free intercept.
        intercept, intercept_error: where it meets x = 0.
        origin_slope, origin_error: slope of the line through the origin.
        meets_origin: whether the intercept agrees with 0 within its 99 % interval.
        freedom: points less 2.

    Errors are standard errors: over `freedom` (`freedom + 1` through the origin) they are
    distributed after Student; see `widening`.
    """

    slope: float
    slope_error: float
    intercept: float
    intercept_error: float
    origin_slope: float
    origin_error: float
    meets_origin: bool
    freedom: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """One series fitted under one law of scatter; sigmas as least squares gives them."""

    free: Float[np.ndarray, "2"]
    free_variance: Float[np.ndarray, "2"]
    origin: float
    origin_variance: float
    log_likelihood: float


def widening(freedom: float) -> float:
    """By what a standard error is to be multiplied for 1.96 of it to hold 95 %: Student's t.

    Example:
        >>> round(widening(4), 3), round(widening(1e9), 3)
        (1.417, 1.0)
    """
    from scipy.stats import t

    return float(t.ppf(0.975, freedom)) / 1.959963984540054


def fit_lines(
    series: Sequence[tuple[Float[np.ndarray, " _"], Float[np.ndarray, " _"]]],
) -> tuple[Line, ...]:
    """Lines through several series recorded in the same way, by weighted least squares.

    How scatter grows with the light is not known: laws from constant to proportional are weighed
    by the restricted likelihood of all series together, and their lines averaged by it. How large
    the scatter is, each series tells for itself.

    Args:
        series: (x, y) of each, at least 3 points with 2 different x; y in any unit.

    Source: S. T. Buckland, K. P. Burnham, N. H. Augustin, Biometrics 53 (1997) 603, equation 4,
    for the average; D. A. Harville, J. Am. Stat. Assoc. 72 (1977) 320, for the likelihood.

    Example:
        >>> x = np.array([0.02, 0.04, 0.06, 0.08])
        >>> line, = fit_lines([(x, 5.0 * x + 0.01)])
        >>> round(line.slope, 9), round(line.intercept, 9), line.meets_origin
        (5.0, 0.01, False)
    """
    tried = [[_weighed(x, y, share) for x, y in series] for share in _PROPORTIONAL]
    logs = np.array([sum(one.log_likelihood for one in laws) for laws in tried])
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    return tuple(
        _averaged([laws[k] for laws in tried], weights, len(x) - 2)
        for k, (x, _) in enumerate(series)
    )


def _weighed(
    x: Float[np.ndarray, " point"], y: Float[np.ndarray, " point"], share: float
) -> _Weighed:
    count = len(x)
    reach, top = float(np.max(np.abs(x))), float(np.max(np.abs(y)))
    light = np.clip(x / reach, 0.0, None)
    variance = np.maximum(1.0 - share + share * light**2, _LEAST_VARIANCE)
    root = 1.0 / np.sqrt(variance)
    terms = np.stack([x / reach, np.ones_like(x)], axis=1) * root[:, None]
    target = y / top * root
    inverse = np.linalg.inv(terms.T @ terms)
    found = inverse @ (terms.T @ target)
    # Points that a line meets to the last digit still are not known better than that.
    rest = max(float(np.sum((target - terms @ found) ** 2)), 1e-24)
    scatter = rest / (count - 2)
    through = terms[:, 0]
    origin = float(through @ target / (through @ through))
    loose = max(float(np.sum((target - origin * through) ** 2)), 1e-24) / (count - 1)
    back = np.array([top / reach, top])
    return _Weighed(
        free=found * back,
        free_variance=scatter * np.diag(inverse) * back**2,
        origin=origin * top / reach,
        origin_variance=loose / float(through @ through) * (top / reach) ** 2,
        log_likelihood=-0.5 * float(np.sum(np.log(variance)))
        + 0.5 * float(np.linalg.slogdet(inverse)[1])
        - 0.5 * (count - 2) * float(np.log(rest)),
    )


def _averaged(laws: list[_Weighed], weights: Float[np.ndarray, " law"], freedom: int) -> Line:
    from scipy.stats import t

    free = np.stack([law.free for law in laws])
    mean = weights @ free
    spread = weights @ np.sqrt(np.stack([law.free_variance for law in laws]) + (free - mean) ** 2)
    origins = np.array([law.origin for law in laws])
    origin = float(weights @ origins)
    variances = np.array([law.origin_variance for law in laws])
    return Line(
        slope=float(mean[0]),
        slope_error=float(spread[0]),
        intercept=float(mean[1]),
        intercept_error=float(spread[1]),
        origin_slope=origin,
        origin_error=float(weights @ np.sqrt(variances + (origins - origin) ** 2)),
        meets_origin=abs(float(mean[1]))
        <= float(t.ppf(0.5 + _AGREES / 2, freedom)) * float(spread[1]),
        freedom=freedom,
    )
