"""Poisson maximum likelihood of exponentials, by least squares of deviance residuals.

The squares of deviance residuals sum to twice the log-likelihood ratio, so that a least-squares
search ends at the likelihood's maximum (T. Laurence, B. Chromy, Nat. Methods 7 (2010) 338).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from cinedot.spectroscopy.decay_law import seen_exponential, shifted_response

_LEAST_COUNTS = 10.0
_MOST_STEPS = 60
_ENOUGH = 1e-5
"""A step that gains less deviance ends the search: a thousandth of a sigma is worth 1e-6."""
_NEAR = 1.00001


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

    def seen(self, lifetime: float, shift: float) -> Float[np.ndarray, " used"]:
        """One photon's expectation over the compared channels."""
        return seen_exponential(self.response, lifetime, shift)[slice(*self.used)]


@dataclass(frozen=True, kw_only=True)
class ExponentialFit:
    """So many exponentials at their likelihood's maximum.

    Attributes:
        problem: what was fitted.
        lifetimes: in channels, longest first.
        photons: of each component.
        background: counts a channel.
        shift: in channels.
    """

    problem: DecayProblem
    lifetimes: Float[np.ndarray, " component"]
    photons: Float[np.ndarray, " component"]
    background: float
    shift: float

    @property
    def parameters(self) -> int:
        """Number of free parameters."""
        return 2 * len(self.lifetimes) + 1 + self.problem.shifted

    @cached_property
    def components(self) -> Float[np.ndarray, "component used"]:
        """Expected counts of each component."""
        pieces = [self.problem.seen(float(t), self.shift) for t in self.lifetimes]
        return self.photons[:, None] * np.stack(pieces)

    @cached_property
    def curve(self) -> Float[np.ndarray, " used"]:
        """Expected counts."""
        return np.maximum(self.background + self.components.sum(axis=0), 1e-12)

    @cached_property
    def deviance(self) -> float:
        """Twice the log-likelihood that is missing to a perfect fit."""
        return float(np.sum(deviance_residuals(self.problem.compared, self.curve) ** 2))

    @cached_property
    def reduced_chi_square(self) -> float:
        """Pearson's, over neighbouring channels joined until 10 counts are expected in each.

        The variance of each is what is expected, and the response's own counting noise.
        """
        filled = (np.cumsum(self.curve) // _LEAST_COUNTS).astype(int)
        filled = np.minimum(filled, max(int(self.curve.sum() // _LEAST_COUNTS) - 1, 0))
        groups = np.unique(filled, return_inverse=True)[1]
        expected = np.bincount(groups, weights=self.curve)
        found = np.bincount(groups, weights=self.problem.compared)
        variance = expected + np.bincount(groups, weights=self._response_variance())
        freedom = max(len(expected) - self.parameters, 1)
        return float(np.sum((found - expected) ** 2 / variance)) / freedom

    def _response_variance(self) -> Float[np.ndarray, " used"]:
        """What the response's own counting noise adds to the variance of the expectation."""
        if self.problem.response_photons is None:
            return np.zeros_like(self.curve)
        from scipy.signal import fftconvolve

        flash = np.zeros_like(self.problem.response)
        flash[len(flash) // 2] = 1.0
        each = [
            n * seen_exponential(flash, t, 0.0)
            for t, n in zip(self.lifetimes.tolist(), self.photons.tolist(), strict=True)
        ]
        squares = np.sum(each, axis=0)[len(flash) // 2 :] ** 2
        whole = round(self.shift)
        spread = np.clip(fftconvolve(self.problem.response, squares)[: len(flash)], 0.0, None)
        return np.roll(spread, whole)[slice(*self.problem.used)] / self.problem.response_photons

    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """Of (ln lifetimes, ln photons, background, shift), from Fisher's information."""
        slopes = _slopes(self.problem, self._vector())
        weighted = slopes / np.sqrt(self.curve)[:, None]
        scale = np.linalg.norm(weighted, axis=0)
        scale[scale == 0] = 1.0
        weighted = weighted / scale
        return np.linalg.pinv(weighted.T @ weighted) / np.outer(scale, scale)

    def _vector(self) -> Float[np.ndarray, " parameter"]:
        shift = [self.shift] if self.problem.shifted else []
        return np.concatenate(
            [np.log(self.lifetimes), np.log(self.photons), [self.background], shift]
        )


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


def fit_exponentials(
    problem: DecayProblem, lifetimes: Float[np.ndarray, " component"], shift: float
) -> ExponentialFit:
    """The most likely exponentials near the lifetimes and the shift of a start, in channels.

    Fisher scoring with Levenberg's damping; parameters that would leave their bounds stop there.
    """
    counts = problem.compared
    vector = _start(problem, lifetimes, shift)
    low, high = _bounds(problem, len(lifetimes), shift)
    vector = np.clip(vector, low, high)
    expected = _expected(problem, vector)
    deviance, damping = _deviance(counts, expected), 1e-3
    for _ in range(_MOST_STEPS):
        slopes = _slopes(problem, vector)
        gradient = slopes.T @ (counts / expected - 1.0)
        information = slopes.T @ (slopes / expected[:, None])
        diagonal = np.diag(information) + 1e-12 * np.max(np.diag(information))
        gain = 0.0
        while damping < 1e8:
            step = np.linalg.solve(information + np.diag(damping * diagonal), gradient)
            proposed = np.clip(vector + np.clip(step, -2.0, None), low, high)
            there = _expected(problem, proposed)
            gain = deviance - _deviance(counts, there)
            if gain >= 0:
                vector, expected, deviance = proposed, there, deviance - gain
                damping = max(0.1 * damping, 1e-9)
                break
            damping *= 10.0
        if gain < _ENOUGH:
            break
    return _fit_at(problem, vector, len(lifetimes), shift)


def _fit_at(
    problem: DecayProblem, vector: Float[np.ndarray, " parameter"], count: int, shift: float
) -> ExponentialFit:
    order = np.argsort(-vector[:count])
    return ExponentialFit(
        problem=problem,
        lifetimes=np.exp(vector[:count][order]),
        photons=np.exp(vector[count : 2 * count][order]),
        background=float(vector[2 * count]),
        shift=float(vector[-1]) if problem.shifted else shift,
    )


def _deviance(
    counts: Float[np.ndarray, " channel"], expected: Float[np.ndarray, " channel"]
) -> float:
    return float(np.sum(deviance_residuals(counts, expected) ** 2))


def _bounds(
    problem: DecayProblem, count: int, shift: float
) -> tuple[Float[np.ndarray, " parameter"], Float[np.ndarray, " parameter"]]:
    """Lifetimes that the record can show, photons up to a thousand records, no dark below 0."""
    total = float(problem.compared.sum())
    low = [float(np.log(problem.shortest))] * count + [float(np.log(1e-9 * total))] * count + [0.0]
    high = [float(np.log(20.0 * len(problem.counts)))] * count
    high += [float(np.log(1e3 * total))] * count + [total]
    if problem.shifted:
        low, high = [*low, shift - 20.0], [*high, shift + 20.0]
    return np.array(low), np.array(high)


def misfit_at(
    problem: DecayProblem, lifetimes: Float[np.ndarray, " component"], shift: float
) -> float:
    """The deviance with photons and background fitted, roughly: to choose a start by."""
    vector = _start(problem, lifetimes, shift)
    return float(np.sum(deviance_residuals(problem.compared, _expected(problem, vector)) ** 2))


def _start(
    problem: DecayProblem, lifetimes: Float[np.ndarray, " component"], shift: float
) -> Float[np.ndarray, " parameter"]:
    """Photons and background by weighted least squares that allows none to be negative."""
    from scipy.optimize import nnls

    counts = problem.compared
    weight = 1.0 / np.sqrt(np.maximum(counts, 1.0))
    pieces = [problem.seen(float(t), shift) for t in lifetimes]
    terms = np.stack([*pieces, np.ones_like(counts)], axis=1)
    total = float(counts.sum())
    scale = np.array([total] * len(lifetimes) + [total / len(counts)])
    linear = nnls(terms * scale * weight[:, None], counts * weight)[0] * scale
    photons = np.maximum(linear[:-1], 1e-4 * total)
    ground = max(float(linear[-1]), 1e-6 * total / len(counts))
    rest = [shift] if problem.shifted else []
    return np.concatenate([np.log(lifetimes), np.log(photons), [ground], rest])


def _expected(
    problem: DecayProblem, vector: Float[np.ndarray, " parameter"]
) -> Float[np.ndarray, " used"]:
    count = (len(vector) - 1) // 2
    shift = float(vector[-1]) if problem.shifted else 0.0
    expected = np.full(problem.used[1] - problem.used[0], float(vector[2 * count]))
    for k in range(count):
        photons = float(np.exp(vector[count + k]))
        expected += photons * problem.seen(float(np.exp(vector[k])), shift)
    return np.maximum(expected, 1e-12)


def _slopes(
    problem: DecayProblem, vector: Float[np.ndarray, " parameter"]
) -> Float[np.ndarray, "used parameter"]:
    """Derivatives of the expectation; the lifetimes' alone by differences.

    A later start is -d/dt, and d/dt of what is seen is (response - seen)/tau.
    """
    count = (len(vector) - 1) // 2
    shift = float(vector[-1]) if problem.shifted else 0.0
    slopes = np.zeros((problem.used[1] - problem.used[0], len(vector)))
    for k in range(count):
        lifetime, photons = float(np.exp(vector[k])), float(np.exp(vector[count + k]))
        seen = problem.seen(lifetime, shift)
        slopes[:, k] = photons * (problem.seen(lifetime * _NEAR, shift) - seen) / np.log(_NEAR)
        slopes[:, count + k] = photons * seen
        if problem.shifted:
            moved = shifted_response(problem.response, shift)[slice(*problem.used)]
            slopes[:, -1] += photons * (seen - moved) / lifetime
    slopes[:, 2 * count] = 1.0
    return slopes
