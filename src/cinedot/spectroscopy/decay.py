"""Decay: how long the light lasts, from counted photons, with the evidence for it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Decay, Estimate, InputError
from cinedot.spectroscopy.decay_fit import (
    DecayProblem,
    ExponentialFit,
    deviance_residuals,
    fit_exponentials,
    misfit_at,
)
from cinedot.spectroscopy.decay_problem import (
    check_records,
    hidden_wait,
    reconvolution,
    tail,
)

_LEAST_PHOTONS = 200.0
_LEAST_SHARE = 0.05
"""Reflections, afterpulses and a background that drifts make up some percent of the photons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecayCandidate:
    """One number of components that was tried.

    Attributes:
        components: how many exponentials.
        lifetimes_ns: longest first, ns.
        lifetime_ns: amplitude-weighted mean, ns.
        reduced_chi_square: Pearson's.
        bic: Bayes' information criterion; the least is preferred.
    """

    components: int
    lifetimes_ns: tuple[float, ...]
    lifetime_ns: float
    reduced_chi_square: float
    bic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecayFit:
    """What a decay says of its lifetimes, and why.

    Attributes:
        lifetime: amplitude-weighted mean, sum a_i tau_i / sum a_i, ns: the one for rates.
        intensity_lifetime: intensity-weighted mean, sum a_i tau_i^2 / sum a_i tau_i, ns.
        lifetimes: tau_i, longest first, ns.
        fractions: a_i / sum a_i, in the same order.
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

    lifetime: Estimate
    intensity_lifetime: Estimate
    lifetimes: tuple[Estimate, ...]
    fractions: tuple[Estimate, ...]
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


def fit_decay(decay: Decay, irf: Decay | None = None, *, max_components: int = 3) -> DecayFit:
    """The exponentials of a decay, by Poisson maximum likelihood.

    With an instrument response the whole record is fitted to its convolution with the
    exponentials, a shift and a background. Without one only the tail is, from twice the rise
    (10 % to the top) past the top, and amplitudes are those at half of the rise; where a faster
    lifetime may have died before, every answer but the background is `undetermined`. The number of
    components has the least BIC = deviance/phi + parameters ln(channels), phi being the richest
    fit's reduced chi-square where that exceeds 1; a component with less than 5 % of the photons
    is not believed, since reflections and afterpulses look the same. Sigmas are widened by the
    chosen fit's reduced chi-square likewise.

    Args:
        decay: photon counts.
        irf: the response recorded with the same channels; at most as long as the decay.
        max_components: the most exponentials to try, 1 to 4.

    Raises:
        InputError: counts that are negative or no numbers; another width of channel; a response
            longer than the decay, or empty.
        AnalysisError: too few photons, or no decay in them.

    Source: T. Laurence, B. Chromy, Nat. Methods 7 (2010) 338; science.md 6 for the mean.

    Example:
        >>> from cinedot.spectroscopy.decay_law import decay_counts
        >>> time_ns = 0.1 * np.arange(1000)
        >>> counts = np.round(decay_counts(time_ns, lifetimes_ns=[9.0], amplitudes=[1],
        ...     total=1e5, background=2.0, start_ns=5.0))
        >>> fit = fit_decay(Decay(time_ns=time_ns, counts=counts, label="PL"))
        >>> len(fit.lifetimes), abs(fit.lifetime.value - 9.0) < 0.1
        (1, True)
    """
    check_records(decay, irf)
    if not 1 <= max_components <= 4:
        raise InputError(
            f"`max_components` must be 1 to 4, but is {max_components}.",
            remedy="A decay rarely tells more than three apart.",
        )
    problem = tail(decay) if irf is None else reconvolution(decay, irf)
    if problem.compared.sum() < _LEAST_PHOTONS:
        raise AnalysisError(
            f"decay {decay.label!r} has only {problem.compared.sum():.0f} photons to fit, "
            f"fewer than {_LEAST_PHOTONS:.0f}.",
            remedy="Record longer.",
        )
    fits = _ladder(problem, max_components)
    dispersion = max(1.0, fits[-1].reduced_chi_square)
    ranked = sorted(fits, key=lambda fit: (_has_trifle(fit), _bic(fit, dispersion)))
    _refuse_flat(decay, ranked[0])
    return _wrap(decay, ranked, dispersion)


def _ladder(problem: DecayProblem, most: int) -> list[ExponentialFit]:
    """One exponential, then each further one from what the last left."""
    mean, shift = _first_guess(problem)
    fits = [fit_exponentials(problem, np.array([mean]), shift)]
    for _ in range(1, most):
        known, shift = fits[-1].lifetimes, fits[-1].shift
        free = len(problem.compared) - fits[-1].parameters - 2
        if free < 5:
            break
        spread = np.geomspace(1.3, 0.4, len(known) + 1) * float(np.mean(known))
        starts = [np.append(known, known[-1] * 0.2), np.append(known, known[0] * 2.5), spread]
        starts = [np.maximum(start, 1.01 * problem.shortest) for start in starts]
        tried = [fit_exponentials(problem, start, shift) for start in starts]
        fits.append(min(tried, key=lambda fit: fit.deviance))
    return fits


def _first_guess(problem: DecayProblem) -> tuple[float, float]:
    """A lifetime and a shift, in channels, from a coarse search."""
    count = len(problem.counts)
    lifetimes = np.geomspace(max(2.0, problem.shortest), count, 10)
    start = min(lifetimes, key=lambda t: misfit_at(problem, np.array([t]), 0.0))
    if not problem.shifted:
        return float(start), 0.0
    # Cables and colour move the response by some channels, more where the instrument is slow.
    reach = 10 * max(1.0, 0.5 * np.count_nonzero(problem.response > 0.5 * problem.response.max()))
    shifts = np.linspace(-reach, reach, 21)
    shift = min(shifts, key=lambda s: misfit_at(problem, np.array([start]), float(s)))
    return float(start), float(shift)


def _has_trifle(fit: ExponentialFit) -> bool:
    """Whether a component carries fewer photons than an instrument's own faults may."""
    return bool((fit.photons < _LEAST_SHARE * fit.photons.sum()).any())


def _bic(fit: ExponentialFit, dispersion: float) -> float:
    channels = len(fit.problem.compared)
    return fit.deviance / dispersion + fit.parameters * float(np.log(channels))


def _refuse_flat(decay: Decay, fit: ExponentialFit) -> None:
    """Raise where the counts are no decay: as well explained by a constant."""
    counts = fit.problem.compared
    flat = float(np.sum(deviance_residuals(counts, np.full_like(counts, counts.mean())) ** 2))
    # Chi-square with 3 degrees of freedom exceeds 40 once in 10^8.
    if flat - fit.deviance < 40.0 * max(1.0, fit.reduced_chi_square):
        raise AnalysisError(
            f"decay {decay.label!r} does not fall within its record.",
            remedy="Record a longer time after the pulse.",
        )


def _mean_lifetimes(
    lifetimes: Float[np.ndarray, " component"], photons: Float[np.ndarray, " component"]
) -> tuple[float, float]:
    """Amplitude- and intensity-weighted means."""
    total = float(photons.sum())
    return total / float((photons / lifetimes).sum()), float((photons * lifetimes).sum()) / total


def _wrap(decay: Decay, ranked: list[ExponentialFit], dispersion: float) -> DecayFit:
    fit = ranked[0]
    count, width = len(fit.lifetimes), decay.channel_ns
    covariance = fit.covariance() * max(1.0, fit.reduced_chi_square)
    amplitudes = fit.photons / fit.lifetimes
    shares, weights = amplitudes / amplitudes.sum(), fit.photons / fit.photons.sum()
    mean, heavy = _mean_lifetimes(fit.lifetimes, fit.photons)
    words = {1: "one exponential", 2: "two exponentials", 3: "three exponentials"}
    how = "convolved with the response" if fit.problem.shifted else "tail"
    method = f"{words.get(count, f'{count} exponentials')}, {how}, Poisson likelihood"
    wait = hidden_wait(fit)
    if wait is not None:
        method += (
            f"; a faster lifetime may have died before the fit's start, {wait * width:.2g} ns "
            "after the rise, which an instrument response would tell"
        )

    def estimate(value: float, slope: Float[np.ndarray, " lead"], unit: str) -> Estimate:
        lead = len(slope)
        variance = float(slope @ covariance[:lead, :lead] @ slope)
        return Estimate(
            value=float(value),
            sigma=max(variance, 0.0) ** 0.5,
            unit=unit,
            method=method,
            status="ok" if wait is None or unit == "counts" else "undetermined",
        )

    def unit_slope(place: int, size: float = 1.0) -> Float[np.ndarray, " lead"]:
        slope = np.zeros(len(covariance))
        slope[place] = size
        return slope

    def share_slope(k: int) -> Float[np.ndarray, " lead"]:
        change = shares[k] * ((np.arange(count) == k) - shares)
        return np.concatenate([-change, change])

    mean_slope = np.concatenate([mean * shares, mean * (weights - shares)])
    heavy_slope = np.concatenate([weights * fit.lifetimes, weights * (fit.lifetimes - heavy)])
    channels = slice(*fit.problem.used)
    return DecayFit(
        lifetime=estimate(mean * width, mean_slope * width, "ns"),
        intensity_lifetime=estimate(heavy * width, heavy_slope * width, "ns"),
        lifetimes=tuple(
            estimate(float(t) * width, unit_slope(k, float(t) * width), "ns")
            for k, t in enumerate(fit.lifetimes)
        ),
        fractions=tuple(
            estimate(float(share), share_slope(k), "") for k, share in enumerate(shares)
        ),
        shift=estimate(fit.shift * width, unit_slope(-1, width), "ns")
        if fit.problem.shifted
        else None,
        background=estimate(fit.background, unit_slope(2 * count), "counts"),
        time_ns=decay.time_ns[channels],
        counts=fit.problem.compared,
        curve=fit.curve,
        components=tuple(fit.components),
        residual=-deviance_residuals(fit.problem.compared, fit.curve),
        start_ns=float(decay.time_ns[channels][0]),
        reduced_chi_square=fit.reduced_chi_square,
        evidence=tuple(
            DecayCandidate(
                components=len(each.lifetimes),
                lifetimes_ns=tuple(float(t) * width for t in each.lifetimes),
                lifetime_ns=_mean_lifetimes(each.lifetimes, each.photons)[0] * width,
                reduced_chi_square=each.reduced_chi_square,
                bic=_bic(each, dispersion),
            )
            for each in ranked
        ),
        method=method,
    )
