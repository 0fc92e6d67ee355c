"""Kinetics: when the light of a growing sample begins to rise, by every law that may hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate
from cinedot.growth.induction import InductionProfile, crossing
from cinedot.growth.kinetic_record import KineticRecord
from cinedot.growth.rise_families import FAMILIES, RiseFamily
from cinedot.growth.trace_fit import fit_traces
from cinedot.spectroscopy.noise import correlation_factor, variance_law

MOST_PARAMETERS = 4
"""One wavelength tells onset, slope and plateau; a fit has one parameter more, and no further."""

Reading = Callable[[Float[np.ndarray, " shape"]], float]
"""A number of a law, from its shape."""

_Z95 = 1.959963984540054
_WORTH_A_PROFILE = 1e-3
_LEAST_FOR_NOISE = 24
"""Points from which on a record tells how its noise grows with its light."""
_FAR = 5.0
"""So many sigmas to each side inductions are asked for at first."""
_PLACES = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0])
_EVIDENCE = 10.0
"""A rise must be likelier than none by so much in AICc: a weight of 0.7 % is left to none."""


@dataclass(frozen=True, kw_only=True)
class RiseFit:
    """One law at its best in one record.

    Attributes:
        profile: the law, and what it leaves with its induction fixed.
        scatter: the sum of squares expected a degree of freedom; neighbours that share their
            noise are counted once.
        known: whether sigmas are the record's own, and hold.
        criterion: AICc.
        correlation: how many neighbouring points count as one.
        span_min: the record's last time, min.
    """

    profile: InductionProfile
    scatter: float
    known: bool
    criterion: float
    correlation: float
    span_min: float

    @property
    def family(self) -> RiseFamily:
        """The law."""
        return self.profile.family

    @property
    def ground(self) -> bool:
        """Whether a constant lies below the rise."""
        return self.profile.fit.problem.ground

    @property
    def name(self) -> str:
        """The law in words."""
        return f"{self.family.name} on a ground" if self.ground else self.family.name

    @property
    def amplitude(self) -> float:
        """The light that the law would end with, above its ground."""
        return float(self.profile.fit.amplitude[0])

    @property
    def level(self) -> float:
        """The constant below the rise."""
        return float(self.profile.fit.ground[0])

    def rise(self, time_min: Float[np.ndarray, " more"]) -> Float[np.ndarray, " more"]:
        """Expected intensities at times within the record."""
        return self.level + self.amplitude * self._rise(time_min)

    def _rise(self, time_min: Float[np.ndarray, " more"]) -> Float[np.ndarray, " more"]:
        return self.family.curves(self.profile.shape[None], time_min / self.span_min)[0][0]

    def below(self, times: Float[np.ndarray, " place"]) -> Float[np.ndarray, " place"]:
        """The confidence that the induction is below each time (shares of the record)."""
        from scipy.special import ndtr, stdtr

        more = self.profile.squares(times) - self.profile.least
        roots = np.sign(times - self.profile.best) * np.sqrt(more / max(self.scatter, 1e-300))
        return np.asarray(ndtr(roots) if self.known else stdtr(self.freedom, roots))

    @property
    def freedom(self) -> int:
        """Points less parameters."""
        return self.profile.fit.freedom

    @property
    def reached(self) -> float:
        """The share of its final rise that the law has at the record's end."""
        return float(self._rise(np.array([self.span_min]))[0])

    @cached_property
    def covariance(self) -> Float[np.ndarray, "shape shape"]:
        """Of the shape."""
        return self.profile.covariance * self.scatter

    @cached_property
    def parameters(self) -> tuple[tuple[str, Estimate], ...]:
        """The law's own parameters with their sigmas by the curvature at the best.

        `undetermined` where a bound holds one, or where its sigma is as large as itself.
        """
        shape, span = self.profile.shape, self.span_min
        found: list[tuple[str, Estimate]] = []
        for index, (name, value, unit) in enumerate(self.family.parameters(shape, span)):
            slope = _slope(lambda s, k=index: self.family.parameters(s, span)[k][1], shape)
            sigma = float(np.sqrt(max(slope @ self.covariance @ slope, 0.0)))
            told = not self._held(slope) and sigma < abs(value)
            found.append(
                (
                    name,
                    Estimate(
                        value=value,
                        sigma=sigma if told else None,
                        unit=unit,
                        method=f"{self.name}, curvature at the best",
                        status="ok" if told else "undetermined",
                    ),
                )
            )
        return tuple(found)

    def _held(self, slope: Float[np.ndarray, " shape"]) -> bool:
        """Whether a parameter hangs on one of the shape's that ended at a bound."""
        return bool(np.any(self.profile.fit.held[0] & (slope != 0)))

    @cached_property
    def tangent_min(self) -> tuple[float, float]:
        """The tangent's induction and its sigma, min."""
        slope = _slope(self.family.tangent, self.profile.shape, step=1e-3)
        sigma = float(np.sqrt(max(slope @ self.covariance @ slope, 0.0)))
        return self.family.tangent(self.profile.shape) * self.span_min, sigma * self.span_min


@dataclass(frozen=True, kw_only=True)
class KineticsFit:
    """What a kinetic record says of its induction, and why.

    Attributes:
        record: what was fitted.
        laws: every law that the record can bear, the likeliest first.
        weights: their evidence (Akaike weights).
        induction: when 5 % of the rise at the end of the record is reached, min. An upper limit
            where the light rises before the second time.
        low_min, high_min: its 95 % interval, min; None where the record does not bound it.
        tangent: where the steepest tangent meets zero, min.
        half: when half of the rise at the end is reached, min.
        reached: the share of the law's final rise that the record's end has.
    """

    record: KineticRecord
    laws: tuple[RiseFit, ...]
    weights: Float[np.ndarray, " law"]
    induction: Estimate
    low_min: float | None
    high_min: float | None
    tangent: Estimate
    half: Estimate
    reached: Estimate

    @property
    def best(self) -> RiseFit:
        """The likeliest law."""
        return self.laws[0]

    @property
    def unidentified(self) -> tuple[str, ...]:
        """Parameters of the likeliest law that the record does not tell."""
        return tuple(name for name, one in self.best.parameters if one.status != "ok")


def fit_kinetics(
    record: KineticRecord, *, families: Sequence[RiseFamily] = FAMILIES
) -> KineticsFit:
    """The induction time of a rise, by all laws together, weighed by AICc.

    Induction is when 5 % of the rise at the end of the record is reached. Its interval is that
    of all laws, each counted by its evidence: the confidence that it is below some time is the
    weighted sum of what the profile of each law gives. Laws are fitted with and without a
    constant ground, as far as they then have 4 parameters at most. Noise is even, or grows with
    the light as the likeliest law's rest shows, unless the record states it.

    Args:
        record: at least 6 times; a law is left out where there are fewer than two points more
            than it has parameters.
        families: the laws to weigh.

    Raises:
        AnalysisError: the light does not rise.

    Source: D. Fletcher, D. Turek, J. Agric. Biol. Environ. Stat. 17 (2012) 38 (averaged profile
    intervals); K. P. Burnham, D. R. Anderson, Sociol. Methods Res. 33 (2004) 261 (weights).

    Example:
        >>> from cinedot.growth.kinetic_laws import finke_watzky
        >>> from cinedot.growth.rise_families import FinkeWatzky, Logistic
        >>> time_min = np.arange(0.0, 604.0, 10.0)
        >>> light = finke_watzky(time_min, k1_per_min=1e-4, k2_per_min=0.03)
        >>> light = light + 0.002 * (-1.0) ** np.arange(61)
        >>> fit = fit_kinetics(KineticRecord(time_min=time_min, intensity=light, label="PL"),
        ...                    families=(FinkeWatzky(), Logistic()))
        >>> fit.best.name, round(fit.induction.value), round(fit.tangent.value)
        ('Finke-Watzky', 94, 123)
    """
    sigma, stated = record.sigma, record.sigma is not None
    laws = _fitted(record, families, sigma, known=stated)
    if not stated and len(record.time_min) >= _LEAST_FOR_NOISE:
        sigma = _noise(record, laws[0])
        if sigma is not None:
            laws = _fitted(record, families, sigma, known=False)
    if not _rises(record, laws, sigma, known=stated):
        raise AnalysisError(
            f"condition {record.label!r}: the light does not rise.",
            remedy="Look at the record: a fading light belongs under [stability].",
        )
    weights = _weights(laws)
    induction, low, high = _induction(record, laws, weights)
    return KineticsFit(
        record=record,
        laws=tuple(laws),
        weights=weights,
        induction=induction,
        low_min=low,
        high_min=high,
        tangent=_averaged("steepest tangent", [law.tangent_min for law in laws], weights, "min"),
        half=_averaged("half of the last level", [_half(law) for law in laws], weights, "min"),
        reached=_averaged("share of the final rise", [_reached(law) for law in laws], weights, ""),
    )


def _fitted(
    record: KineticRecord,
    families: Sequence[RiseFamily],
    sigma: Float[np.ndarray, " time"] | None,
    *,
    known: bool,
) -> list[RiseFit]:
    """Every law that the record can bear, the likeliest first."""
    count = len(record.time_min)
    found: list[RiseFit] = []
    for family in families:
        for ground in (False, True):
            parameters = family.count + 1 + ground
            if count < parameters + 3 or (ground and parameters > MOST_PARAMETERS):
                continue
            found.append(_one(record, family, sigma, ground=ground, known=known))
    return sorted(found, key=lambda law: law.criterion)


def _one(
    record: KineticRecord,
    family: RiseFamily,
    sigma: Float[np.ndarray, " time"] | None,
    *,
    ground: bool,
    known: bool,
) -> RiseFit:
    fit = fit_traces(
        record.time_min,
        record.intensity[None],
        family=family,
        sigma=None if sigma is None else sigma[None],
        ground=ground,
    )
    rest = fit.problem.projected(np.array([0]), fit.shape).rest[0]
    count, least = len(rest), float(fit.chi_square[0])
    correlation = correlation_factor(rest)
    reduced = least / max(fit.freedom, 1)
    free = fit.problem.parameters + (0 if known else 1)
    misfit = least if known else count * float(np.log(max(least, 1e-300) / count))
    return RiseFit(
        profile=InductionProfile(fit=fit, item=0),
        scatter=max(reduced, 1.0) * correlation if known else reduced * correlation,
        known=known and reduced <= 1.0 and correlation == 1.0,
        criterion=misfit + 2 * free + 2 * free * (free + 1) / max(count - free - 1, 1),
        correlation=correlation,
        span_min=record.span_min,
    )


def _rises(
    record: KineticRecord,
    laws: Sequence[RiseFit],
    sigma: Float[np.ndarray, " time"] | None,
    *,
    known: bool,
) -> bool:
    """Whether some law of rise is likelier than a light that stays the same."""
    weight = np.ones_like(record.intensity) if sigma is None else 1.0 / sigma**2
    count, level = len(weight), float(np.average(record.intensity, weights=weight))
    least = float(np.sum(weight * (record.intensity - level) ** 2))
    free = 1 if known else 2
    misfit = least if known else count * float(np.log(max(least, 1e-300) / count))
    steady = misfit + 2 * free + 2 * free * (free + 1) / (count - free - 1)
    return any(law.amplitude > 0 and law.criterion < steady - _EVIDENCE for law in laws)


def _noise(record: KineticRecord, law: RiseFit) -> Float[np.ndarray, " time"] | None:
    """Each point's sigma where noise that grows with the light is likelier; None where it is even.

    Two more parameters must gain as much in likelihood as AIC asks, twice over.
    """
    curve = law.rise(record.time_min)
    squares = (record.intensity - curve) ** 2
    mean = float(squares.mean())
    if mean <= 0:
        return None
    variance = variance_law(squares, curve)
    gain = len(squares) * np.log(mean) - float(np.sum(np.log(variance) + squares / variance - 1.0))
    return np.sqrt(variance) if gain > 8.0 else None


def _weights(laws: Sequence[RiseFit]) -> Float[np.ndarray, " law"]:
    criteria = np.array([law.criterion if law.amplitude > 0 else np.inf for law in laws])
    weights = np.exp(-0.5 * (criteria - criteria.min()))
    return weights / weights.sum()


def _induction(
    record: KineticRecord, laws: Sequence[RiseFit], weights: Float[np.ndarray, " law"]
) -> tuple[Estimate, float | None, float | None]:
    kept = [k for k in range(len(laws)) if weights[k] > _WORTH_A_PROFILE]
    part = weights[kept] / weights[kept].sum()
    chosen = [laws[k] for k in kept]
    span = record.span_min
    low, middle, high = (None if one is None else one * span for one in _quantiles(chosen, part))
    first = float(record.time_min[record.time_min > 0][0])
    text = f"5 % of the level at {span:g} min, {_listed(chosen, part)}"
    if middle is None or middle < first:
        bound = max(first, high or 0.0)
        limit = Estimate(
            value=bound,
            sigma=None,
            unit="min",
            method=f"upper limit, 97.5 %: the light rises before the second time; {text}",
            status="upper_limit",
        )
        return limit, None, bound
    wide = [abs(end - middle) for end in (low, high) if end is not None]
    sigma = float(np.mean(wide)) / _Z95 if wide else None
    said = f"{'0' if low is None else f'{low:.4g}'} to {f'{high:.4g}' if high else 'the end'} min"
    estimate = Estimate(
        value=middle,
        sigma=sigma,
        unit="min",
        method=f"{text}; 95 % interval {said}",
        status="ok" if sigma is not None else "undetermined",
    )
    return estimate, low, high


def _listed(laws: Sequence[RiseFit], weights: Float[np.ndarray, " law"]) -> str:
    told = [f"{law.name} {w:.2f}" for law, w in zip(laws, weights, strict=True) if w >= 0.05]
    if len(told) == 1:
        return told[0].rpartition(" ")[0]
    return f"laws weighed by AICc ({', '.join(told)})"


def _quantiles(
    laws: Sequence[RiseFit], weights: Float[np.ndarray, " law"]
) -> tuple[float | None, float | None, float | None]:
    """Where the averaged confidence is 2.5, 50 and 97.5 %, as shares of the record."""
    curves: list[tuple[np.ndarray, np.ndarray]] = []
    for law in laws:
        curves.append(_confidence(law))
    ends = [c[0][0] for c in curves], [c[0][-1] for c in curves]
    grid = np.unique(np.concatenate([c[0] for c in curves]))
    grid = np.unique(np.concatenate([grid, np.linspace(min(ends[0]), max(ends[1]), 400)]))
    together = sum(
        w * np.interp(grid, times, share, left=float(share[0]), right=float(share[-1]))
        for w, (times, share) in zip(weights, curves, strict=True)
    )
    together = np.maximum.accumulate(np.asarray(together))
    found: list[float | None] = []
    for level in (0.025, 0.5, 0.975):
        inside = together[0] <= level <= together[-1]
        found.append(float(np.interp(level, together, grid)) if inside else None)
    return found[0], found[1], found[2]


def _confidence(law: RiseFit) -> tuple[Float[np.ndarray, " place"], Float[np.ndarray, " place"]]:
    """Times and the confidence that the induction is below them, until nothing is left to tell."""
    spread = law.profile.spread * float(np.sqrt(law.scatter))
    spread = float(np.clip(spread, 1e-5, 0.3))
    best = law.profile.best
    reach_low = reach_high = _FAR * spread
    asked, share = _asked(law, reach_low, reach_high)
    for _ in range(3):
        short_low = share[0] > 0.002 and asked[0] > 2e-6
        short_high = share[-1] < 0.998 and asked[-1] < 1.0 - 2e-6
        if not (short_low or short_high):
            break
        reach_low *= 3.0 if short_low else 1.0
        reach_high *= 3.0 if short_high else 1.0
        asked, share = _asked(law, reach_low, reach_high)
    times = np.append(asked, best)
    order = np.argsort(times)
    share = np.append(share, 0.5)[order]
    return times[order], np.maximum.accumulate(share)


def _asked(
    law: RiseFit, low: float, high: float
) -> tuple[Float[np.ndarray, " place"], Float[np.ndarray, " place"]]:
    """The confidence at times that reach so far to each side of the best."""
    times = law.profile.best + np.concatenate([-low * _PLACES[::-1], high * _PLACES])
    times = np.unique(np.clip(times, 1e-6, 1.0 - 1e-6))
    return times, law.below(times)


def _half(law: RiseFit) -> tuple[float, float]:
    read = partial(crossing, law.family, share=0.5)
    return _read(law, lambda shape: read(shape) * law.span_min)


def _reached(law: RiseFit) -> tuple[float, float]:
    end = np.array([1.0])
    return _read(law, lambda shape: float(law.family.curves(shape[None], end)[0][0, 0]))


def _read(law: RiseFit, read: Reading) -> tuple[float, float]:
    slope = _slope(read, law.profile.shape, step=1e-3)
    variance = float(slope @ law.covariance @ slope)
    return float(read(law.profile.shape)), float(np.sqrt(max(variance, 0.0)))


def _slope(
    read: Reading, shape: Float[np.ndarray, " shape"], step: float = 1e-5
) -> Float[np.ndarray, " shape"]:
    """Derivatives of a number by the shape."""
    eye = np.eye(len(shape)) * step
    return np.array([(read(shape + one) - read(shape - one)) / (2 * step) for one in eye])


def _averaged(
    what: str,
    found: Sequence[tuple[float, float]],
    weights: Float[np.ndarray, " law"],
    unit: str,
) -> Estimate:
    """A number averaged over the laws by their evidence, their spread included.

    Source: S. T. Buckland, K. P. Burnham, N. H. Augustin, Biometrics 53 (1997) 603, equation 4.
    """
    values, sigmas = (np.array(one) for one in zip(*found, strict=True))
    mean = float(weights @ values)
    sigma = float(weights @ np.sqrt(sigmas**2 + (values - mean) ** 2))
    return Estimate(value=mean, sigma=sigma, unit=unit, method=f"{what}, laws weighed by AICc")
