"""Fits of titrations: all or none against gradual, and where the change lies."""

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate
from cinedot.growth.ligand_balance import COVERAGE, GREEN_N, TemplateBalance, share_in_dots
from cinedot.growth.titration_law import OLEIC_COLOURS, AdaptiveRoute, peaks_of
from cinedot.growth.titration_record import TitrationRecord
from cinedot.growth.titration_squares import Least, least_squares_of, points_of

_LEAST = 5
"""Points from which on a curve of three parameters leaves freedom for its noise."""
_READING_NM = 0.1
"""Peaks are read no finer: plateaus that agree by rounding are no evidence beyond it."""
_SURE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakFit:
    """What the peaks say.

    Attributes:
        p_all_or_none: Akaike weight of the step against the gradual law, 0 to 1.
        switch: ammonium per Pb at which the peak passes the middle of the two colours.
        low, high: its 95 % interval.
        dot_nm, green_nm: the two colours.
        per_pb: ammonium per Pb at which n = 4 is reached, by the gradual law where it is preferred.
        largest_step_nm: the most that the peak moves between neighbouring points.
        curve: equivalents and peaks of the preferred law, to draw.
    """

    p_all_or_none: float
    switch: Estimate
    low: float
    high: float
    dot_nm: Estimate
    green_nm: Estimate
    per_pb: Estimate | None
    largest_step_nm: float
    curve: tuple[Float[np.ndarray, " draw"], Float[np.ndarray, " draw"]]

    @property
    def route(self) -> str:
        """The route in words: all or none, gradual, or undecided."""
        if self.p_all_or_none > _SURE:
            return "all or none"
        return "gradual" if self.p_all_or_none < 1 - _SURE else "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class YieldFit:
    """What the quantum yields say under the ligand balance of the template route.

    Attributes:
        half: ammonium per Pb at which half of the Pb is in QD4.
        low, high: its 95 % interval.
        free_half: the free part of it, K.
        dot_yield, green_yield: of both kinds of dots.
        curve: equivalents and yields, to draw.
    """

    half: Estimate
    low: float
    high: float
    free_half: Estimate
    dot_yield: Estimate
    green_yield: Estimate
    curve: tuple[Float[np.ndarray, " draw"], Float[np.ndarray, " draw"]]


def fit_peaks(record: TitrationRecord) -> PeakFit:
    """All or none, or gradual: which law the peaks follow, and where they change.

    All or none is a step between two colours; where it lies is known only to be between two
    neighbouring points, evenly. Gradual is the peak of the adaptive route with its coverage and
    both colours free. Both have three parameters and one noise, so the sums of squares weigh
    them. Holds for peaks of the highest maximum.

    Args:
        record: with at least 5 peaks.

    Raises:
        AnalysisError: fewer peaks, or peaks that do not move.

    Source: science.md 4.1; K. P. Burnham, D. R. Anderson, Sociol. Methods Res. 33 (2004) 261.

    Example:
        >>> from cinedot.growth.titration_law import TemplateRoute, titration_curve
        >>> from cinedot.growth.titration_record import Observed
        >>> x = np.array([0.1, 0.25, 0.4, 0.5, 0.75, 1.0, 1.5])
        >>> peaks = Observed(values=titration_curve(x, TemplateRoute()).peak_nm)
        >>> fit = fit_peaks(TitrationRecord(equivalents=x, label="MLA", peak_nm=peaks))
        >>> fit.route, round(float(fit.switch.value), 2)
        ('all or none', 0.45)
    """
    x, peak, sigma = points_of(record, "peak_nm")
    if len(x) < _LEAST or len(np.unique(x)) < _LEAST:
        raise AnalysisError(
            f"a titration of {len(x)} peaks does not tell a law.",
            remedy=f"Measure at least {_LEAST} different amounts.",
        )
    step = _step(x, peak, sigma)
    gradual = _gradual(x, peak, sigma)
    floor = len(x) * (_READING_NM if sigma is None else _READING_NM / sigma.min()) ** 2
    if sigma is None:
        ratio = (gradual.squares + floor) / (step[1] + floor)
        logarithm = 0.5 * len(x) * np.log(ratio)
    else:
        logarithm = 0.5 * (gradual.squares - step[1])
    p_step = float(1 / (1 + np.exp(-np.clip(logarithm, -700, 700))))
    largest = float(np.abs(np.diff(peak)).max())
    if p_step > 0.5:
        return _stepped(x, peak, step[0], p_step, largest)
    return _graded(x, gradual, p_step, largest)


def fit_yields(record: TitrationRecord) -> YieldFit:
    """Where half of the Pb is in QD4, by quantum yields under the template's ligand balance.

    phi(x) = phi_green + (phi_dot - phi_green) f(x), f by `share_in_dots`. The exponent is taken as
    8: yields hardly tell it, since what surfaces take hides what is free. K is above 0, so it
    is fitted, and has its interval, as a logarithm.

    Args:
        record: with at least 5 yields.

    Raises:
        AnalysisError: fewer yields, or yields that the law cannot follow.

    Source: science.md 4.1.

    Example:
        >>> from cinedot.growth.titration_law import TemplateRoute, titration_curve
        >>> from cinedot.growth.titration_record import Observed
        >>> x = np.array([0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 1.0, 1.5])
        >>> yields = Observed(values=titration_curve(x, TemplateRoute()).quantum_yield)
        >>> fit = fit_yields(TitrationRecord(equivalents=x, label="MLA", quantum_yield=yields))
        >>> round(float(fit.half.value), 3)
        0.596
    """
    x, seen, sigma = points_of(record, "quantum_yield")
    if len(np.unique(x)) < _LEAST:
        raise AnalysisError(
            f"a titration of {len(x)} quantum yields does not tell a law.",
            remedy=f"Measure at least {_LEAST} different amounts.",
        )

    def law(p: Float[np.ndarray, " parameter"]) -> Float[np.ndarray, " point"]:
        share = share_in_dots(x, TemplateBalance(half_free=float(np.exp(p[0]))))
        return p[2] + (p[1] - p[2]) * share

    ends = (float(seen[-1]), float(seen[0]))
    tried = [(float(np.log(k)), *ends) for k in (0.01, 0.03, 0.08, 0.2, 0.5, 1.5)]
    starts = sorted(tried, key=lambda one: float(np.sum((law(np.array(one)) - seen) ** 2)))[:1]
    bounds = ([float(np.log(1e-4)), -1.0, -1.0], [float(np.log(20.0)), 2.0, 2.0])
    best = least_squares_of(law, seen, sigma, starts, bounds)
    if not 0 < best.sigma(0) < 3 or abs(best.found[1] - best.found[2]) < 1e-9:
        raise AnalysisError(
            "the quantum yields do not tell where half of the Pb is in small dots.",
            remedy="Measure more amounts between the green and the blue.",
        )
    middle, wide = float(best.found[0]), best.student * best.sigma(0)
    free, bound = float(np.exp(middle)), TemplateBalance().half_equivalents - 0.08
    low, high = (float(np.exp(middle + way * wide)) + bound for way in (-1, 1))
    drawn = np.linspace(0.0, float(x[-1]), 200)
    share = share_in_dots(drawn, TemplateBalance(half_free=free))
    how = "quantum yields, ligand balance with exponent 8"
    return YieldFit(
        half=Estimate(value=free + bound, sigma=free * best.sigma(0), unit="", method=how),
        low=low,
        high=high,
        free_half=Estimate(value=free, sigma=free * best.sigma(0), unit="", method=how),
        dot_yield=Estimate(value=float(best.found[1]), sigma=best.sigma(1), unit="", method=how),
        green_yield=Estimate(value=float(best.found[2]), sigma=best.sigma(2), unit="", method=how),
        curve=(drawn, best.found[2] + (best.found[1] - best.found[2]) * share),
    )


def _step(
    x: Float[np.ndarray, " point"],
    peak: Float[np.ndarray, " point"],
    sigma: Float[np.ndarray, " point"] | None,
) -> tuple[int, float]:
    """Last point before the best step, and what it leaves: squares, over sigma's where known."""
    weight = np.ones(len(x)) if sigma is None else sigma**-2
    left: dict[int, float] = {}
    for k in range(len(x) - 1):
        if x[k] < x[k + 1]:
            parts = (slice(0, k + 1), slice(k + 1, None))
            means = [float(np.average(peak[one], weights=weight[one])) for one in parts]
            left[k] = sum(
                float(weight[one] @ (peak[one] - mean) ** 2)
                for one, mean in zip(parts, means, strict=True)
            )
    best = min(left, key=lambda k: left[k])
    return best, left[best]


def _gradual(
    x: Float[np.ndarray, " point"],
    peak: Float[np.ndarray, " point"],
    sigma: Float[np.ndarray, " point"] | None,
) -> Least:
    """Coverage (as a logarithm) and both colours of the adaptive route."""

    def law(p: Float[np.ndarray, " parameter"]) -> Float[np.ndarray, " point"]:
        return peaks_of(x, _adaptive(p))

    ends = (float(peak.min()), float(peak.max()))
    if ends[1] - ends[0] < 5 * _READING_NM:
        raise AnalysisError(
            "the peaks do not move, so nothing tells where they would.",
            remedy="Measure smaller and larger amounts of oleylamine.",
        )
    tried = [(float(np.log(c * COVERAGE)), *ends) for c in (0.2, 0.4, 0.7, 1.0, 1.4, 2.5, 5.0)]
    starts = sorted(tried, key=lambda one: float(np.sum((law(np.array(one)) - peak) ** 2)))[:1]
    margin = 0.5 * (ends[1] - ends[0]) + 5.0
    bounds = (
        [float(np.log(0.01)), ends[0] - margin, ends[0] + 0.4 * (ends[1] - ends[0])],
        [float(np.log(100.0)), ends[1] - 0.4 * (ends[1] - ends[0]), ends[1] + margin],
    )
    return least_squares_of(law, peak, sigma, starts, bounds)


def _adaptive(p: Float[np.ndarray, " parameter"]) -> AdaptiveRoute:
    blue, green = float(p[1]), float(max(p[2], p[1] + 1.0))
    colours = replace(OLEIC_COLOURS, dot_nm=blue, green_nm=green)
    return AdaptiveRoute(coverage=float(np.exp(p[0])), colours=colours)


def _stepped(
    x: Float[np.ndarray, " point"],
    peak: Float[np.ndarray, " point"],
    last: int,
    p_step: float,
    largest: float,
) -> PeakFit:
    low, high = float(x[last]), float(x[last + 1])
    method = f"a step between {low:g} and {high:g} equivalents"
    colours: list[Estimate] = []
    for part in (peak[last + 1 :], peak[: last + 1]):
        sigma = float(part.std(ddof=1) / np.sqrt(len(part))) if len(part) > 1 else None
        colours.append(
            Estimate(value=float(part.mean()), sigma=sigma, unit="nm", method="mean of the plateau")
        )
    drawn = np.array([x[0], 0.5 * (low + high), 0.5 * (low + high), x[-1]])
    heights = np.repeat([float(colours[1].value), float(colours[0].value)], 2)
    return PeakFit(
        p_all_or_none=p_step,
        switch=Estimate(
            value=0.5 * (low + high),
            sigma=(high - low) / math.sqrt(12),
            unit="",
            method=method,
        ),
        # Anywhere between two points alike: 95 % of that.
        low=low + 0.025 * (high - low),
        high=high - 0.025 * (high - low),
        dot_nm=colours[0],
        green_nm=colours[1],
        per_pb=None,
        largest_step_nm=largest,
        curve=(drawn, heights),
    )


def _graded(x: Float[np.ndarray, " point"], best: Least, p_step: float, largest: float) -> PeakFit:
    route = _adaptive(best.found)
    colours = route.colours
    sizes = np.geomspace(colours.n, GREEN_N, 4001)
    middle = 0.5 * (colours.dot_nm + colours.green_nm)
    # The peak falls as n does; c/n is the ammonium at which it passes the middle.
    n_middle = float(np.interp(middle, colours.peak_nm(sizes), sizes))
    value, sigma = route.coverage / n_middle, best.sigma(0)
    wide = best.student * sigma
    method = "gradual: sizes follow the ammonium that covers them"
    drawn = np.linspace(float(x[0]), float(x[-1]), 120)
    return PeakFit(
        p_all_or_none=p_step,
        switch=Estimate(value=value, sigma=value * sigma, unit="", method=method),
        low=value * float(np.exp(-wide)),
        high=value * float(np.exp(wide)),
        dot_nm=Estimate(value=colours.dot_nm, sigma=best.sigma(1), unit="nm", method=method),
        green_nm=Estimate(value=colours.green_nm, sigma=best.sigma(2), unit="nm", method=method),
        per_pb=Estimate(
            value=route.coverage / 4, sigma=route.coverage / 4 * sigma, unit="", method=method
        ),
        largest_step_nm=largest,
        curve=(drawn, peaks_of(drawn, route)),
    )
