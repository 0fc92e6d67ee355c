"""What a chosen law says of a decay: its lifetimes with their sigmas, and what else was tried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import Decay, Estimate
from cinedot.spectroscopy.decay_fit import ExponentialFit
from cinedot.spectroscopy.decay_likelihood import deviance_residuals
from cinedot.spectroscopy.decay_problem import hidden_wait
from cinedot.spectroscopy.stretched_fit import StretchedFit, mean_slopes
from cinedot.spectroscopy.stretched_law import lifetime_spread

Propagate = Callable[[float, Sequence[float] | Float[np.ndarray, " lead"], str], Estimate]
"""Value, its derivatives by the leading parameters, and unit to an estimate."""

_NUMBERS = {1: "one exponential", 2: "two exponentials", 3: "three exponentials"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecayCandidate:
    """One law that was tried.

    Attributes:
        law: in words, as in "two exponentials".
        components: how many exponentials; 0 for the stretched one.
        exponent: beta of the stretched one, else None.
        lifetimes_ns: longest first, ns; the stretched one's tau.
        lifetime_ns: amplitude-weighted mean, ns.
        reduced_chi_square: Pearson's.
        bic: Bayes' information criterion; the least is preferred.
    """

    law: str
    components: int
    exponent: float | None
    lifetimes_ns: tuple[float, ...]
    lifetime_ns: float
    reduced_chi_square: float
    bic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecayFit:
    """What a decay says of its lifetimes, and why.

    Attributes:
        law: that was chosen, in words.
        lifetime: amplitude-weighted mean, sum a_i tau_i / sum a_i or tau Gamma(1/beta)/beta, ns:
            the one for rates.
        intensity_lifetime: intensity-weighted mean, sum a_i tau_i^2 / sum a_i tau_i or
            tau Gamma(2/beta)/Gamma(1/beta), ns.
        lifetimes: tau_i, longest first, ns; of a stretched exponential its tau.
        fractions: a_i / sum a_i, in the same order.
        exponent: beta of a stretched exponential; None for others.
        spread: standard deviation of a stretched exponential's lifetimes, by amplitude, ns; None
            for others.
        doubt: what the record cannot tell apart, as a sentence; "" where it can.
        shift: how much later than the response the light starts, ns; None without a response.
        background: counts a channel.
        time_ns: start of each channel that was fitted, ns.
        counts: recorded there.
        curve: expected there.
        components: expected of each exponential there.
        residual: signed roots of Poisson deviance, recorded above expected positive.
        start_ns: where the fit begins, ns.
        reduced_chi_square: Pearson's, channels joined until 10 counts are expected.
        evidence: all that was tried, best first.
        method: in words.
    """

    law: str
    lifetime: Estimate
    intensity_lifetime: Estimate
    lifetimes: tuple[Estimate, ...]
    fractions: tuple[Estimate, ...]
    exponent: Estimate | None
    spread: Estimate | None
    doubt: str
    shift: Estimate | None
    background: Estimate
    time_ns: Float[np.ndarray, " channel"]
    counts: Float[np.ndarray, " channel"]
    curve: Float[np.ndarray, " channel"]
    components: tuple[Float[np.ndarray, " channel"], ...]
    residual: Float[np.ndarray, " channel"]
    start_ns: float
    reduced_chi_square: float
    evidence: tuple[DecayCandidate, ...]
    method: str


def law_name(fit: ExponentialFit | StretchedFit) -> str:
    """A fit's law in words."""
    if isinstance(fit, StretchedFit):
        return "stretched exponential"
    count = len(fit.lifetimes)
    return _NUMBERS.get(count, f"{count} exponentials")


def bayes_criterion(fit: ExponentialFit | StretchedFit, dispersion: float) -> float:
    """BIC = deviance/dispersion + parameters ln(channels): the least is preferred."""
    channels = len(fit.problem.compared)
    return fit.deviance / dispersion + fit.parameters * float(np.log(channels))


def decay_answer(
    decay: Decay,
    ranked: Sequence[ExponentialFit | StretchedFit],
    dispersion: float,
    doubt: str,
) -> DecayFit:
    """The first of the fits as an answer.

    Args:
        decay: the record.
        ranked: all laws that were tried, the chosen one first.
        dispersion: how much wider than counting the residuals are taken to be.
        doubt: what the record cannot tell apart, as a sentence.
    """
    fit, width = ranked[0], decay.channel_ns
    covariance = fit.covariance() * max(1.0, fit.reduced_chi_square)
    how = "convolved with the response" if fit.problem.shifted else "tail"
    method = f"{law_name(fit)}, {how}, Poisson likelihood"
    wait = hidden_wait(fit)
    if wait is not None:
        method += (
            f"; a faster lifetime may have died before the fit's start, {wait * width:.2g} ns "
            "after the rise, which an instrument response would tell"
        )

    def propagate(
        value: float, slope: Sequence[float] | Float[np.ndarray, " lead"], unit: str
    ) -> Estimate:
        lead = np.asarray(slope, dtype=np.float64)
        variance = float(lead @ covariance[: len(lead), : len(lead)] @ lead)
        return Estimate(
            value=float(value),
            sigma=max(variance, 0.0) ** 0.5,
            unit=unit,
            method=method,
            status="ok" if wait is None or unit == "counts" else "undetermined",
        )

    # The background stands behind the law's own parameters, the shift last.
    ground = len(covariance) - 1 - fit.problem.shifted
    own = (
        _stretched(fit, width, propagate)
        if isinstance(fit, StretchedFit)
        else _sum_of(fit, width, propagate)
    )
    channels = slice(*fit.problem.used)
    return DecayFit(
        law=law_name(fit),
        lifetime=own.lifetime,
        intensity_lifetime=own.intensity_lifetime,
        lifetimes=own.lifetimes,
        fractions=own.fractions,
        exponent=own.exponent,
        spread=own.spread,
        doubt=doubt,
        shift=propagate(fit.shift * width, np.eye(len(covariance))[-1] * width, "ns")
        if fit.problem.shifted
        else None,
        background=propagate(fit.background, np.eye(len(covariance))[ground], "counts"),
        time_ns=decay.time_ns[channels],
        counts=fit.problem.compared,
        curve=fit.curve,
        components=(fit.light,) if isinstance(fit, StretchedFit) else tuple(fit.components),
        residual=-deviance_residuals(fit.problem.compared, fit.curve),
        start_ns=float(decay.time_ns[channels][0]),
        reduced_chi_square=fit.reduced_chi_square,
        evidence=tuple(_candidate(each, width, dispersion) for each in ranked),
        method=method,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lifetimes:
    """The part of an answer that depends on the law."""

    lifetime: Estimate
    intensity_lifetime: Estimate
    lifetimes: tuple[Estimate, ...]
    fractions: tuple[Estimate, ...]
    exponent: Estimate | None = None
    spread: Estimate | None = None


def _sum_of(fit: ExponentialFit, width: float, propagate: Propagate) -> _Lifetimes:
    count = len(fit.lifetimes)
    amplitudes = fit.photons / fit.lifetimes
    shares, weights = amplitudes / amplitudes.sum(), fit.photons / fit.photons.sum()
    mean, heavy = fit.means

    def share_slope(k: int) -> Float[np.ndarray, " lead"]:
        change = shares[k] * ((np.arange(count) == k) - shares)
        return np.concatenate([-change, change])

    mean_slope = np.concatenate([mean * shares, mean * (weights - shares)])
    heavy_slope = np.concatenate([weights * fit.lifetimes, weights * (fit.lifetimes - heavy)])
    return _Lifetimes(
        lifetime=propagate(mean * width, mean_slope * width, "ns"),
        intensity_lifetime=propagate(heavy * width, heavy_slope * width, "ns"),
        lifetimes=tuple(
            propagate(float(t) * width, float(t) * width * np.eye(count)[k], "ns")
            for k, t in enumerate(fit.lifetimes)
        ),
        fractions=tuple(
            propagate(float(share), share_slope(k), "") for k, share in enumerate(shares)
        ),
    )


def _stretched(fit: StretchedFit, width: float, propagate: Propagate) -> _Lifetimes:
    lifetime = fit.lifetime * width
    mean, heavy = (one * width for one in fit.means)
    slopes = mean_slopes(fit.exponent)
    spread = lifetime_spread(lifetime, fit.exponent)
    step = 1e-5
    # Backwards: an exponent of 1 is the greatest.
    bent = (spread - lifetime_spread(lifetime, fit.exponent - step)) / step
    return _Lifetimes(
        lifetime=propagate(mean, [mean, mean * slopes[0]], "ns"),
        intensity_lifetime=propagate(heavy, [heavy, heavy * slopes[1]], "ns"),
        lifetimes=(propagate(lifetime, [lifetime], "ns"),),
        fractions=(propagate(1.0, [0.0], ""),),
        exponent=propagate(fit.exponent, [0.0, 1.0], ""),
        spread=propagate(spread, [spread, bent], "ns"),
    )


def _candidate(
    fit: ExponentialFit | StretchedFit, width: float, dispersion: float
) -> DecayCandidate:
    alone = isinstance(fit, StretchedFit)
    lifetimes = [fit.lifetime] if alone else fit.lifetimes.tolist()
    return DecayCandidate(
        law=law_name(fit),
        components=0 if alone else len(lifetimes),
        exponent=fit.exponent if alone else None,
        lifetimes_ns=tuple(float(t) * width for t in lifetimes),
        lifetime_ns=fit.means[0] * width,
        reduced_chi_square=fit.reduced_chi_square,
        bic=bayes_criterion(fit, dispersion),
    )
