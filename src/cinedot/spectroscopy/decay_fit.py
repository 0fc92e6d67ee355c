"""Exponentials of greatest Poisson likelihood, seen through the instrument's response."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from cinedot.spectroscopy.decay_law import seen_exponential, shifted_response
from cinedot.spectroscopy.decay_likelihood import (
    DecayProblem,
    covariance_of,
    deviance,
    light_at_start,
    most_likely,
    reduced_chi_square,
)

_NEAR = 1.00001


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
        pieces = [_seen(self.problem, float(t), self.shift) for t in self.lifetimes]
        return self.photons[:, None] * np.stack(pieces)

    @cached_property
    def curve(self) -> Float[np.ndarray, " used"]:
        """Expected counts."""
        return np.maximum(self.background + self.components.sum(axis=0), 1e-12)

    @cached_property
    def deviance(self) -> float:
        """Twice the log-likelihood that is missing to a perfect fit."""
        return deviance(self.problem.compared, self.curve)

    @cached_property
    def reduced_chi_square(self) -> float:
        """Pearson's; see `decay_likelihood.reduced_chi_square`."""
        return reduced_chi_square(
            self.problem, self.curve, self.parameters, impulse=self._impulse, shift=self.shift
        )

    @property
    def means(self) -> tuple[float, float]:
        """Lifetimes' amplitude- and intensity-weighted means, in channels."""
        total = float(self.photons.sum())
        return (
            total / float((self.photons / self.lifetimes).sum()),
            float((self.photons * self.lifetimes).sum()) / total,
        )

    @property
    def amplitude(self) -> float:
        """Light a channel right after the flash."""
        return float((self.photons / self.lifetimes).sum())

    def light_within(self, wait: float) -> float:
        """Photons of the first channels after the flash."""
        return float(-(self.photons * np.expm1(-wait / self.lifetimes)).sum())

    def hides(self, wait: float) -> bool:
        """Whether a further lifetime, half of the shortest, may be over within a wait."""
        return len(self.lifetimes) > 1 and wait > 0.5 * (0.5 * float(self.lifetimes.min()))

    def _impulse(self, flash: Float[np.ndarray, " channel"]) -> Float[np.ndarray, " channel"]:
        each = [
            n * seen_exponential(flash, t, 0.0)
            for t, n in zip(self.lifetimes.tolist(), self.photons.tolist(), strict=True)
        ]
        return np.sum(each, axis=0)

    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """Of (ln lifetimes, ln photons, background, shift), from Fisher's information."""
        return covariance_of(_slopes(self.problem, self._vector()), self.curve)

    def _vector(self) -> Float[np.ndarray, " parameter"]:
        shift = [self.shift] if self.problem.shifted else []
        return np.concatenate(
            [np.log(self.lifetimes), np.log(self.photons), [self.background], shift]
        )


def fit_exponentials(
    problem: DecayProblem, lifetimes: Float[np.ndarray, " component"], shift: float
) -> ExponentialFit:
    """The most likely exponentials near the lifetimes and the shift of a start, in channels."""
    vector = most_likely(
        problem.compared,
        _start(problem, lifetimes, shift),
        _bounds(problem, len(lifetimes), shift),
        lambda vector: _expected(problem, vector),
        lambda vector: _slopes(problem, vector),
    )
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


def _seen(problem: DecayProblem, lifetime: float, shift: float) -> Float[np.ndarray, " used"]:
    """One photon's expectation over the compared channels."""
    return seen_exponential(problem.response, lifetime, shift)[slice(*problem.used)]


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
    return deviance(problem.compared, _expected(problem, _start(problem, lifetimes, shift)))


def _start(
    problem: DecayProblem, lifetimes: Float[np.ndarray, " component"], shift: float
) -> Float[np.ndarray, " parameter"]:
    """Lifetimes and shift with the photons and the background that suit them."""
    pieces = [_seen(problem, float(t), shift) for t in lifetimes]
    photons, ground = light_at_start(problem.compared, pieces)
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
        expected += photons * _seen(problem, float(np.exp(vector[k])), shift)
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
        seen = _seen(problem, lifetime, shift)
        slopes[:, k] = photons * (_seen(problem, lifetime * _NEAR, shift) - seen) / np.log(_NEAR)
        slopes[:, count + k] = photons * seen
        if problem.shifted:
            moved = shifted_response(problem.response, shift)[slice(*problem.used)]
            slopes[:, -1] += photons * (seen - moved) / lifetime
    slopes[:, 2 * count] = 1.0
    return slopes
