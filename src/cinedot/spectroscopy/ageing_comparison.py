"""Which of two conditions keeps the light longer, by how much, and whether that is sure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cinedot.core import Estimate
from cinedot.spectroscopy.ageing_fit import Misfit, fit_law
from cinedot.spectroscopy.stability import StabilityFit

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two conditions side by side.

    Attributes:
        first, second: their labels.
        ratio: half-life of the first over that of the second; a limit where only one is known,
            None where neither record reaches its half-life.
        low, high: its 95 % interval; None where it is open.
        p_alike: how often two samples that fade alike would differ at least so much.
    """

    first: str
    second: str
    ratio: Estimate | None
    low: float | None
    high: float | None
    p_alike: float | None


def compare_conditions(first: StabilityFit, second: StabilityFit) -> Comparison:
    """The ratio of two half-lives with its interval, and a test that the two fade alike.

    The interval joins the two intervals on the logarithm (MOVER). Where one half-life is a lower
    limit, so is (or, in the denominator, the other way round) the ratio: the limit at 97.5 % over
    the other's end at 97.5 %, so that both hold in at least 95 %.

    Args:
        first, second: fits of two records.

    Source: G. Y. Zou, A. Donner, Stat. Med. 27 (2008) 1693.

    Example:
        >>> from cinedot.spectroscopy.ageing_record import AgeingRecord
        >>> from cinedot.spectroscopy.stability import fit_stability
        >>> time_h, wiggle = np.arange(0.0, 50.0, 5.0), 0.01 * (-1) ** np.arange(10)
        >>> slow, fast = (
        ...     fit_stability(AgeingRecord(
        ...         time_h=time_h, intensity=2.0 ** -(time_h / half) + wiggle, label=str(half)))
        ...     for half in (30, 15)
        ... )
        >>> both = compare_conditions(slow, fast)
        >>> round(both.ratio.value, 1), both.p_alike < 1e-6
        (2.0, True)
    """
    ratio, low, high = _ratio(first, second)
    return Comparison(
        first=first.record.label,
        second=second.record.label,
        ratio=ratio,
        low=low,
        high=high,
        p_alike=probability_alike((first, second)),
    )


def probability_alike(fits: Sequence[StabilityFit]) -> float | None:
    """How often samples that fade alike would differ at least so much (an F test).

    One rate (and one shape, where any of them needs one) for all, each with its own amplitude and
    noise, against each with its own. None where a record has no points to spare.

    Args:
        fits: two or more.
    """
    from scipy.optimize import minimize
    from scipy.stats import f

    stretched = any(fit.stretched for fit in fits)
    if stretched and any(len(fit.record.time_h) < 6 for fit in fits):
        stretched = False
    misfits = [
        Misfit(record=fit.record, noise=fit.law.misfit.noise, stretched=stretched) for fit in fits
    ]
    laws = [fit_law(misfit) for misfit in misfits]
    if any(law.freedom < 1 or law.scatter <= 0 for law in laws):
        return None

    def together(rate: float, shape: float) -> float:
        return sum(
            float(m.squares(np.array(rate * m.record.last_h), np.array(shape))) / law.scatter
            for m, law in zip(misfits, laws, strict=True)
        )

    rates = [law.rho / law.misfit.record.last_h for law in laws]
    scale = max(abs(rate) for rate in rates) or 1.0
    starts = [(rate / scale, law.shape) for rate, law in zip(rates, laws, strict=True)]
    starts.append((float(np.mean(rates)) / scale, float(np.mean([law.shape for law in laws]))))
    bounds = [(-3.0, 3.0), (0.3, 2.0) if stretched else (1.0, 1.0)]
    found = min(
        float(
            minimize(
                lambda at: together(float(at[0]) * scale, float(at[1])),
                start,
                bounds=bounds,
                method="Nelder-Mead",
                options={"xatol": 1e-6, "fatol": 1e-6},
            ).fun
        )
        for start in starts
    )
    apart = sum(law.least / law.scatter for law in laws)
    shared = (2 if stretched else 1) * (len(fits) - 1)
    freedom = sum(law.freedom for law in laws)
    return float(f.sf(max(found - apart, 0.0) / shared, shared, freedom))


def _ratio(
    first: StabilityFit, second: StabilityFit
) -> tuple[Estimate | None, float | None, float | None]:
    kinds = (first.half_life.status, second.half_life.status)
    if kinds == ("ok", "ok"):
        return _of_two(first, second)
    if kinds == ("lower_limit", "ok") and second.high_h and first.low_h:
        # The limit's own interval holds a two-sided 95 %: 97.5 % at this end.
        value = min(float(first.half_life.value), first.low_h) / second.high_h
        return _limit(value, "lower_limit"), value, None
    if kinds == ("ok", "lower_limit") and first.high_h and second.low_h:
        value = first.high_h / min(float(second.half_life.value), second.low_h)
        return _limit(value, "upper_limit"), None, value
    return None, None, None


def _limit(value: float, status: str) -> Estimate:
    return Estimate(
        value=value,
        sigma=None,
        unit="",
        method=f"{status.replace('_', ' ')}, at least 95 %: one half-life is not reached",
        status="lower_limit" if status == "lower_limit" else "upper_limit",
    )


def _of_two(
    first: StabilityFit, second: StabilityFit
) -> tuple[Estimate, float | None, float | None]:
    value = float(first.half_life.value) / float(second.half_life.value)
    down = _logs(first.half_life, first.low_h), _logs(second.half_life, second.low_h)
    up = _logs(first.half_life, first.high_h), _logs(second.half_life, second.high_h)
    low = high = None
    if down[0] is not None and up[1] is not None:
        low = value * float(np.exp(-np.hypot(down[0], up[1])))
    if up[0] is not None and down[1] is not None:
        high = value * float(np.exp(np.hypot(up[0], down[1])))
    sigma = None
    if low is not None and high is not None:
        sigma = (high - low) / (2 * _Z95)
    method = "of the half-lives"
    if low is not None and high is not None:
        method += f", 95 % interval {low:.3g} to {high:.3g}"
    return Estimate(value=value, sigma=sigma, unit="", method=method), low, high


def _logs(half_life: Estimate, end_h: float | None) -> float | None:
    """How far an end of the interval is from the value, as a logarithm."""
    return None if end_h is None else abs(float(np.log(end_h / float(half_life.value))))
