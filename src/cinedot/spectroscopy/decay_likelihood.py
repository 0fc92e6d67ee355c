"""What all laws of a decay share: the problem, its likelihood's maximum, how well a curve fits.

The squares of deviance residuals sum to twice the log-likelihood ratio, so that a least-squares
search ends at the likelihood's maximum (T. Laurence, B. Chromy, Nat. Methods 7 (2010) 338).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_LEAST_COUNTS = 10.0
_MOST_STEPS = 60
_ENOUGH = 1e-5
"""A step that gains less deviance ends the search: a thousandth of a sigma is worth 1e-6."""


@dataclass(frozen=True, kw_only=True)
class DecayProblem:
    """A recorded decay and how it may be explained; all times in channels.

    Attributes:
        counts: photons a channel.
        response: the instrument's, of sum 1.
        shifted: whether a shift against the response is fitted.
        used: first channel and the one past the last whose counts are compared.
        shortest: the shortest lifetime that may be answered.
        response_photons: counts that the response was recorded with; None where it is exact.
    """

    counts: Float[np.ndarray, " channel"]
    response: Float[np.ndarray, " channel"]
    shifted: bool
    used: tuple[int, int]
    shortest: float
    response_photons: float | None = None

    @property
    def compared(self) -> Float[np.ndarray, " used"]:
        """The counts that the fit must explain."""
        return self.counts[slice(*self.used)]


def deviance_residuals(
    counts: Float[np.ndarray, " channel"], expected: Float[np.ndarray, " channel"]
) -> Float[np.ndarray, " channel"]:
    """Signed roots of each channel's Poisson deviance: 2 [mu - c + c ln(c/mu)].

    Example:
        >>> deviance_residuals(np.array([4.0, 0.0]), np.array([4.0, 2.0]))
        array([0., 2.])
    """
    ratio = np.where(counts > 0, counts, 1.0) / expected
    deviance = 2.0 * (expected - counts + np.where(counts > 0, counts * np.log(ratio), 0.0))
    return np.sign(expected - counts) * np.sqrt(np.clip(deviance, 0.0, None))


def deviance(
    counts: Float[np.ndarray, " channel"], expected: Float[np.ndarray, " channel"]
) -> float:
    """Twice the log-likelihood that is missing to a perfect fit."""
    return float(np.sum(deviance_residuals(counts, expected) ** 2))


def most_likely(
    counts: Float[np.ndarray, " used"],
    start: Float[np.ndarray, " parameter"],
    bounds: tuple[Float[np.ndarray, " parameter"], Float[np.ndarray, " parameter"]],
    expected_at: Callable[[Float[np.ndarray, " parameter"]], Float[np.ndarray, " used"]],
    slopes_at: Callable[[Float[np.ndarray, " parameter"]], Float[np.ndarray, "used parameter"]],
) -> Float[np.ndarray, " parameter"]:
    """The parameters of greatest Poisson likelihood near a start.

    Fisher scoring with Levenberg's damping; parameters that would leave their bounds stop there.

    Args:
        counts: what was recorded.
        start: the parameters to begin with.
        bounds: least and greatest of each.
        expected_at: the expectation, above 0, with parameters.
        slopes_at: its derivatives by them.
    """
    low, high = bounds
    vector = np.clip(start, low, high)
    expected = expected_at(vector)
    left, damping = deviance(counts, expected), 1e-3
    for _ in range(_MOST_STEPS):
        slopes = slopes_at(vector)
        gradient = slopes.T @ (counts / expected - 1.0)
        information = slopes.T @ (slopes / expected[:, None])
        diagonal = np.diag(information) + 1e-12 * np.max(np.diag(information))
        gain = 0.0
        while damping < 1e8:
            step = np.linalg.solve(information + np.diag(damping * diagonal), gradient)
            proposed = np.clip(vector + np.clip(step, -2.0, None), low, high)
            there = expected_at(proposed)
            gain = left - deviance(counts, there)
            if gain >= 0:
                vector, expected, left = proposed, there, left - gain
                damping = max(0.1 * damping, 1e-9)
                break
            damping *= 10.0
        if gain < _ENOUGH:
            break
    return vector


def covariance_of(
    slopes: Float[np.ndarray, "used parameter"], curve: Float[np.ndarray, " used"]
) -> Float[np.ndarray, "parameter parameter"]:
    """The parameters' covariance from Fisher's information."""
    weighted = slopes / np.sqrt(curve)[:, None]
    scale = np.linalg.norm(weighted, axis=0)
    scale[scale == 0] = 1.0
    weighted = weighted / scale
    return np.linalg.pinv(weighted.T @ weighted) / np.outer(scale, scale)


def light_at_start(
    counts: Float[np.ndarray, " used"], pieces: Sequence[Float[np.ndarray, " used"]]
) -> tuple[Float[np.ndarray, " piece"], float]:
    """Photons of each piece and background, by weighted least squares with none below 0."""
    from scipy.optimize import nnls

    weight = 1.0 / np.sqrt(np.maximum(counts, 1.0))
    terms = np.stack([*pieces, np.ones_like(counts)], axis=1)
    total = float(counts.sum())
    scale = np.array([total] * len(pieces) + [total / len(counts)])
    linear = nnls(terms * scale * weight[:, None], counts * weight)[0] * scale
    return np.maximum(linear[:-1], 1e-4 * total), max(float(linear[-1]), 1e-6 * total / len(counts))


def reduced_chi_square(
    problem: DecayProblem,
    curve: Float[np.ndarray, " used"],
    parameters: int,
    *,
    impulse: Callable[[Float[np.ndarray, " channel"]], Float[np.ndarray, " channel"]],
    shift: float,
) -> float:
    """Pearson's, over neighbouring channels joined until 10 counts are expected in each.

    The variance of each is what is expected, and the response's own counting noise.

    Args:
        problem: what was fitted.
        curve: expected counts.
        parameters: how many were free.
        impulse: all light that is expected after a flash.
        shift: of the response, in channels.
    """
    filled = (np.cumsum(curve) // _LEAST_COUNTS).astype(int)
    filled = np.minimum(filled, max(int(curve.sum() // _LEAST_COUNTS) - 1, 0))
    groups = np.unique(filled, return_inverse=True)[1]
    expected = np.bincount(groups, weights=curve)
    found = np.bincount(groups, weights=problem.compared)
    own = _response_variance(problem, impulse, shift)
    variance = expected + np.bincount(groups, weights=own)
    freedom = max(len(expected) - parameters, 1)
    return float(np.sum((found - expected) ** 2 / variance)) / freedom


def _response_variance(
    problem: DecayProblem,
    impulse: Callable[[Float[np.ndarray, " channel"]], Float[np.ndarray, " channel"]],
    shift: float,
) -> Float[np.ndarray, " used"]:
    """What the response's own counting noise adds to the variance of the expectation."""
    if problem.response_photons is None:
        return np.zeros_like(problem.compared)
    from scipy.signal import fftconvolve

    flash = np.zeros_like(problem.response)
    flash[len(flash) // 2] = 1.0
    squares = impulse(flash)[len(flash) // 2 :] ** 2
    spread = np.clip(fftconvolve(problem.response, squares)[: len(flash)], 0.0, None)
    return np.roll(spread, round(shift))[slice(*problem.used)] / problem.response_photons
