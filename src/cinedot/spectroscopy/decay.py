"""Decay: how long the light lasts, from counted photons, with the evidence for it."""

from functools import partial

import numpy as np

from cinedot.core import AnalysisError, Decay, InputError
from cinedot.spectroscopy.decay_answer import DecayFit, bayes_criterion, decay_answer, law_name
from cinedot.spectroscopy.decay_fit import ExponentialFit, fit_exponentials, misfit_at
from cinedot.spectroscopy.decay_likelihood import DecayProblem, deviance_residuals
from cinedot.spectroscopy.decay_problem import check_records, reconvolution, tail
from cinedot.spectroscopy.stretched_fit import LEAST_EXPONENT, StretchedFit, fit_stretched

_LEAST_PHOTONS = 200.0
_LEAST_SHARE = 0.05
"""Reflections, afterpulses and a background that drifts make up some percent of the photons."""
_STRONG = 6.0
"""The difference of BIC from which Kass and Raftery call evidence strong."""


def fit_decay(decay: Decay, irf: Decay | None = None, *, max_components: int = 3) -> DecayFit:
    """The exponentials of a decay, or the stretched one, by Poisson maximum likelihood.

    With an instrument response the whole record is fitted to its convolution with the
    law, a shift and a background. Without one only the tail is, from twice the rise
    (10 % to the top) past the top, and amplitudes are those at half of the rise; where a faster
    lifetime may have died before, every answer but the background is `undetermined`. The number of
    components has the least BIC = deviance/phi + parameters ln(channels), phi being the richest
    fit's reduced chi-square where that exceeds 1; a component with less than 5 % of the photons
    is not believed, since reflections and afterpulses look the same. A stretched exponential,
    A exp(-(t/tau)^beta), takes their place where its BIC is less by 6 than with any number of them,
    which is strong evidence; where several exponentials and it are nearer than that, `doubt` says
    so. Sigmas are widened by the chosen fit's reduced chi-square likewise.

    Args:
        decay: photon counts.
        irf: the response recorded with the same channels; at most as long as the decay.
        max_components: the most exponentials to try, 1 to 4.

    Raises:
        InputError: counts that are negative or no numbers; another width of channel; a response
            longer than the decay, or empty.
        AnalysisError: too few photons, or no decay in them.

    Source: T. Laurence, B. Chromy, Nat. Methods 7 (2010) 338; science.md 6 for the mean; R. Kass,
        A. Raftery, J. Am. Stat. Assoc. 90 (1995) 773, for the evidence.

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
    stretched = fit_stretched(problem, float(fits[0].lifetimes[0]), fits[0].shift)
    ranked, doubt = _weighed(fits, stretched, dispersion, decay.channel_ns)
    _refuse_flat(decay, ranked[0])
    return decay_answer(decay, ranked, dispersion, doubt)


def _weighed(
    fits: list[ExponentialFit], stretched: StretchedFit, dispersion: float, channel_ns: float
) -> tuple[list[ExponentialFit | StretchedFit], str]:
    """All laws, the chosen one first, and what the record cannot tell apart."""
    criterion = partial(bayes_criterion, dispersion=dispersion)
    exponentials = sorted(fits, key=lambda fit: (_has_trifle(fit), criterion(fit)))
    best, richest = exponentials[0], min(map(criterion, exponentials))
    believed = stretched.exponent > LEAST_EXPONENT + 1e-3
    if believed and criterion(stretched) < richest - _STRONG:
        return [stretched, *exponentials], ""
    rest = sorted([*exponentials[1:], stretched], key=criterion)
    gain = criterion(best) - criterion(stretched)
    if not believed or gain < (-_STRONG if len(best.lifetimes) > 1 else 0.0):
        return [best, *rest], ""
    why = (
        f"Bayes' criterion differs by {abs(gain):.1f}, less than {_STRONG:g}"
        if gain < _STRONG
        else "the latter fits better, but so does a faint component more, as reflections and "
        "afterpulses make it"
    )
    first, other = (fit.means[0] * channel_ns for fit in (best, stretched))
    return [best, *rest], (
        f"The record cannot tell {law_name(best)} from a stretched one of exponent "
        f"{stretched.exponent:.2f} ({why}): the amplitude-weighted lifetime is {first:.3g} ns by "
        f"the former, {other:.3g} ns by the latter."
    )


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


def _refuse_flat(decay: Decay, fit: ExponentialFit | StretchedFit) -> None:
    """Raise where the counts are no decay: as well explained by a constant."""
    counts = fit.problem.compared
    flat = float(np.sum(deviance_residuals(counts, np.full_like(counts, counts.mean())) ** 2))
    # Chi-square with 3 degrees of freedom exceeds 40 once in 10^8.
    if flat - fit.deviance < 40.0 * max(1.0, fit.reduced_chi_square):
        raise AnalysisError(
            f"decay {decay.label!r} does not fall within its record.",
            remedy="Record a longer time after the pulse.",
        )
