"""Least squares of titrations: the points of one quantity, and a law's best parameters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.growth.titration_record import TitrationRecord

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Least:
    """A least-squares answer: its parameters, their covariance, and Student's factor."""

    found: Float[np.ndarray, " parameter"]
    covariance: Float[np.ndarray, "parameter parameter"]
    squares: float
    student: float

    def sigma(self, k: int) -> float:
        """One standard deviation of a parameter."""
        return float(np.sqrt(max(self.covariance[k, k], 0.0)))


def points_of(
    record: TitrationRecord, kind: str
) -> tuple[
    Float[np.ndarray, " point"], Float[np.ndarray, " point"], Float[np.ndarray, " point"] | None
]:
    """Amounts at which a quantity was seen, its values, and their sigmas where known.

    Args:
        record: the titration.
        kind: peak_nm, fwhm_nm or quantum_yield.
    """
    one = getattr(record, kind)
    if one is None:
        return np.empty(0), np.empty(0), None
    kept = ~np.isnan(one.values)
    sigma = None if one.sigma is None else one.sigma[kept]
    return record.equivalents[kept], one.values[kept], sigma


def least_squares_of(
    law: Callable[[Float[np.ndarray, " parameter"]], Float[np.ndarray, " point"]],
    seen: Float[np.ndarray, " point"],
    sigma: Float[np.ndarray, " point"] | None,
    starts: Sequence[tuple[float, float, float]],
    bounds: tuple[list[float], list[float]],
) -> Least:
    """The best of several starts; its covariance has the scale of what is left over.

    Args:
        law: what it expects at the points, by its parameters.
        seen: what was seen there.
        sigma: one standard deviation of each, None where nobody knows.
        starts: parameters to start from.
        bounds: least and most of each.
    """
    from scipy.optimize import least_squares
    from scipy.stats import t

    scale = np.ones(len(seen)) if sigma is None else sigma

    def residual(p: Float[np.ndarray, " parameter"]) -> Float[np.ndarray, " point"]:
        return (law(p) - seen) / scale

    fits = [
        least_squares(residual, start, bounds=bounds, x_scale="jac", diff_step=1e-4)
        for start in starts
    ]
    best = min(fits, key=lambda one: one.cost)
    freedom = len(seen) - len(best.x)
    squares = 2.0 * float(best.cost)
    # Stated sigmas count, but points that scatter more than they say widen what follows.
    factor = squares / freedom if sigma is None else max(1.0, squares / freedom)
    covariance = np.linalg.pinv(best.jac.T @ best.jac, rcond=1e-12) * factor
    student = float(t.isf(0.025, freedom)) if sigma is None else _Z95
    return Least(found=best.x, covariance=covariance, squares=squares, student=student)
