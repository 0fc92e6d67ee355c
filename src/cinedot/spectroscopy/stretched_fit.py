"""The stretched exponential of greatest Poisson likelihood, seen through the response."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from cinedot.spectroscopy.decay_likelihood import (
    DecayProblem,
    covariance_of,
    deviance,
    light_at_start,
    most_likely,
    reduced_chi_square,
)
from cinedot.spectroscopy.stretched_law import (
    heavy_lifetime,
    light_within,
    mean_lifetime,
    seen_stretched,
)

LEAST_EXPONENT = 0.3
"""Below it, lifetimes would spread over more decades than a record of counts can show."""
_STARTS = (0.85, 0.6)
_STEP = 1e-5
_HIDDEN = 0.25
"""(wait/tau)^beta from which a fifth of the amplitude is over within the wait."""


@dataclass(frozen=True, kw_only=True)
class StretchedFit:
    """A stretched exponential at its likelihood's maximum.

    Attributes:
        problem: what was fitted.
        lifetime: tau, in channels.
        exponent: beta.
        photons: of the whole decay.
        background: counts a channel.
        shift: in channels.
    """

    problem: DecayProblem
    lifetime: float
    exponent: float
    photons: float
    background: float
    shift: float

    @property
    def parameters(self) -> int:
        """Number of free parameters."""
        return 4 + self.problem.shifted

    @cached_property
    def light(self) -> Float[np.ndarray, " used"]:
        """Expected counts without the background."""
        return self.photons * _seen(self.problem, self.lifetime, self.exponent, self.shift)

    @cached_property
    def curve(self) -> Float[np.ndarray, " used"]:
        """Expected counts."""
        return np.maximum(self.background + self.light, 1e-12)

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
        return (
            mean_lifetime(self.lifetime, self.exponent),
            heavy_lifetime(self.lifetime, self.exponent),
        )

    @property
    def amplitude(self) -> float:
        """Light a channel right after the flash."""
        return self.photons / self.means[0]

    def light_within(self, wait: float) -> float:
        """Photons of the first channels after the flash."""
        return self.photons * light_within(wait, self.lifetime, self.exponent)

    def hides(self, wait: float) -> bool:
        """Whether much of the amplitude is of lifetimes that are over within a wait."""
        return (wait / self.lifetime) ** self.exponent > _HIDDEN

    def _impulse(self, flash: Float[np.ndarray, " channel"]) -> Float[np.ndarray, " channel"]:
        return self.photons * seen_stretched(flash, self.lifetime, self.exponent, 0.0)

    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """Of (ln tau, beta, ln photons, background, shift), from Fisher's information."""
        shift = [self.shift] if self.problem.shifted else []
        vector = [np.log(self.lifetime), self.exponent, np.log(self.photons), self.background]
        return covariance_of(_slopes(self.problem, np.array([*vector, *shift])), self.curve)


def mean_slopes(exponent: float) -> tuple[float, float]:
    """Derivatives of the logarithms of both mean lifetimes by the exponent.

    Example:
        >>> step = 1e-6
        >>> change = math.log(mean_lifetime(1, 0.7 + step) / mean_lifetime(1, 0.7)) / step
        >>> abs(mean_slopes(0.7)[0] - change) < 1e-4
        True
    """
    from scipy.special import digamma

    first, second = (float(digamma(n / exponent)) / exponent**2 for n in (1, 2))
    return -first - 1 / exponent, first - 2 * second


def fit_stretched(problem: DecayProblem, lifetime: float, shift: float) -> StretchedFit:
    """The most likely stretched exponential, from one exponential's lifetime and shift.

    Args:
        problem: what to fit.
        lifetime: of one exponential, in channels.
        shift: in channels.
    """
    total = float(problem.compared.sum())
    low = [math.log(problem.shortest), LEAST_EXPONENT, math.log(1e-9 * total), 0.0]
    high = [math.log(20.0 * len(problem.counts)), 1.0, math.log(1e3 * total), total]
    if problem.shifted:
        low, high = [*low, shift - 20.0], [*high, shift + 20.0]
    tried: list[StretchedFit] = []
    for exponent in _STARTS:
        # One exponential follows the late light: its lifetime is nearer the heavier mean.
        start = max(lifetime / heavy_lifetime(1.0, exponent), 1.01 * problem.shortest)
        pieces = [_seen(problem, start, exponent, shift)]
        photons, ground = light_at_start(problem.compared, pieces)
        rest = [shift] if problem.shifted else []
        vector = most_likely(
            problem.compared,
            np.array([math.log(start), exponent, math.log(float(photons[0])), ground, *rest]),
            (np.array(low), np.array(high)),
            lambda vector: _expected(problem, vector),
            lambda vector: _slopes(problem, vector),
        )
        tried.append(
            StretchedFit(
                problem=problem,
                lifetime=math.exp(vector[0]),
                exponent=float(vector[1]),
                photons=math.exp(vector[2]),
                background=float(vector[3]),
                shift=float(vector[4]) if problem.shifted else shift,
            )
        )
    return min(tried, key=lambda fit: fit.deviance)


def _seen(
    problem: DecayProblem, lifetime: float, exponent: float, shift: float
) -> Float[np.ndarray, " used"]:
    return seen_stretched(problem.response, lifetime, exponent, shift)[slice(*problem.used)]


def _light(
    problem: DecayProblem, vector: Float[np.ndarray, " parameter"]
) -> Float[np.ndarray, " used"]:
    shift = float(vector[4]) if problem.shifted else 0.0
    lifetime, photons = math.exp(vector[0]), math.exp(vector[2])
    return photons * _seen(problem, lifetime, float(vector[1]), shift)


def _expected(
    problem: DecayProblem, vector: Float[np.ndarray, " parameter"]
) -> Float[np.ndarray, " used"]:
    return np.maximum(float(vector[3]) + _light(problem, vector), 1e-12)


def _slopes(
    problem: DecayProblem, vector: Float[np.ndarray, " parameter"]
) -> Float[np.ndarray, "used parameter"]:
    """Derivatives of the expectation; by differences of tau, beta and shift."""
    light = _light(problem, vector)
    slopes = np.ones((len(light), len(vector)))
    slopes[:, 2] = light
    for k in (0, 1, 4):
        if k < len(vector):
            # Backwards: an exponent of 1 is the greatest.
            near = vector.copy()
            near[k] -= _STEP
            slopes[:, k] = (light - _light(problem, near)) / _STEP
    return slopes
