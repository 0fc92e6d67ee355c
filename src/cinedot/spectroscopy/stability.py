"""Stability: how long a sample's light lasts; what the record does not reach is a bound."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from jaxtyping import Float

from cinedot.core import Estimate
from cinedot.spectroscopy.ageing_fit import LawFit, Misfit, chosen_noise, fit_law
from cinedot.spectroscopy.ageing_record import AgeingRecord

_LN2 = float(np.log(2.0))
_Z95 = 1.959963984540054
_STEEPEST = 1e4
_LEAST_FOR_SHAPE = 6
"""Points from which on AICc can weigh a free shape."""


@dataclass(frozen=True, kw_only=True)
class StabilityFit:
    """What a stability record says of the half-life, and why.

    Attributes:
        record: what was fitted.
        law: the likelier law, at its best.
        rival: the other one, where the record has points enough for both.
        half_life: when half of the first intensity is left, h. A lower limit (95 %) where the
            record does not reach it, an upper limit where it lies before the second time.
        low_h, high_h: its 95 % interval, h; None where the record does not bound it.
        extrapolated: the half-life if the exponential goes on, h, where the record does not
            reach it; a guess.
        rate: the exponential's rate, per h.
        remaining: the share of the first intensity left at the last time.
    """

    record: AgeingRecord
    law: LawFit
    rival: LawFit | None
    half_life: Estimate
    low_h: float | None
    high_h: float | None
    extrapolated: Estimate | None
    rate: Estimate
    remaining: Estimate

    @property
    def stretched(self) -> bool:
        """Whether the evidence asks for a shape other than 1."""
        return self.law.misfit.stretched

    @property
    def law_text(self) -> str:
        """The law in words."""
        return law_text(self.law)

    @cached_property
    def shape(self) -> Estimate:
        """The exponent of the likelier law; 1, with no sigma, for an exponential."""
        sigma = None
        if self.stretched and self.law.freedom > 0:
            sigma = float(np.sqrt(max(self.law.covariance()[2, 2], 0.0)))
        return Estimate(value=self.law.shape, sigma=sigma, unit="", method=self.law_text)

    @property
    def brightens(self) -> bool:
        """Whether the light has grown beyond doubt (97.5 %) by the end of the record."""
        return self.law.freedom > 0 and self.law.below(0.0) > 0.975


def law_text(law: LawFit) -> str:
    """A fitted law in words."""
    if not law.misfit.stretched:
        return "exponential"
    kind = "stretched" if law.shape < 1 else "compressed"
    return f"{kind} exponential, exponent {law.shape:.2f}"


def fit_stability(record: AgeingRecord) -> StabilityFit:
    """The half-life of a sample's light: exponential and stretched law, weighed by AICc.

    The interval is that of both laws together, each counted by its evidence (Akaike weights): the
    confidence that the rate is below some value is the weighted sum of what the profile of each
    law gives. A half-life that lies beyond the last time is not extrapolated: the answer is
    the lower limit (95 %, one-sided) under the stretched law with exponents from 0.3 to 2,
    which includes the exponential; with fewer than 6 points under the exponential alone. Noise is
    taken as even or as proportional to the intensity, whichever makes the record likelier,
    unless the record states it.

    Args:
        record: at least two different times; with just two points nothing tells the sigma.

    Source: D. Fletcher, D. Turek, J. Agric. Biol. Environ. Stat. 17 (2012) 38 (averaged profile
    intervals); K. P. Burnham, D. R. Anderson, Sociol. Methods Res. 33 (2004) 261 (weights).

    Example:
        >>> time_h = np.arange(0.0, 50.0, 5.0)
        >>> light = 2.0 ** -(time_h / 20) + 0.01 * (-1) ** np.arange(10)
        >>> fit = fit_stability(AgeingRecord(time_h=time_h, intensity=light, label="a"))
        >>> fit.law_text, round(float(fit.half_life.value))
        ('exponential', 20)
    """
    noise = chosen_noise(record)
    plain = fit_law(Misfit(record=record, noise=noise, stretched=False))
    free = None
    if len(record.time_h) >= _LEAST_FOR_SHAPE:
        free = fit_law(Misfit(record=record, noise=noise, stretched=True))
    laws = [law for law in (plain, free) if law is not None]
    laws.sort(key=lambda law: law.criterion)
    half_life, low, high = _half_life(record, laws)
    return StabilityFit(
        record=record,
        law=laws[0],
        rival=laws[1] if len(laws) > 1 else None,
        half_life=half_life,
        low_h=low,
        high_h=high,
        extrapolated=_extrapolated(plain) if half_life.status == "lower_limit" else None,
        rate=_rate(plain),
        remaining=_remaining(laws),
    )


def weights_of(laws: Sequence[LawFit]) -> Float[np.ndarray, " law"]:
    """Akaike weights of laws fitted to one record."""
    criteria = np.array([law.criterion for law in laws])
    if not np.isfinite(criteria).any():
        return np.eye(len(laws))[0]
    weights = np.exp(-0.5 * (criteria - criteria.min()))
    return weights / weights.sum()


def _half_life(
    record: AgeingRecord, laws: list[LawFit]
) -> tuple[Estimate, float | None, float | None]:
    """The half-life with its 95 % interval, or the limit that the record sets."""
    last = record.last_h
    if laws[0].freedom < 1:
        return _by_hand(record, laws[0]), None, None
    middle = _rho_at(0.5, laws)
    low, high = _rho_at(0.975, laws), _rho_at(0.025, laws)
    ends = (_time(low, last), _time(high, last))
    if middle is not None and middle < 1.0:
        return _lower_limit(record, laws), ends[0], ends[1]
    later = record.time_h[record.time_h > record.time_h[0]]
    first = float(later.min())
    late = _rho_at(0.05, laws)
    if low is None or middle is None or last / middle < 0.5 * first:
        if late is None or late <= 0:
            limit = _lower_limit(record, laws)
            return limit, None, None
        bound = Estimate(
            value=last / late,
            sigma=None,
            unit="h",
            method="upper limit, 95 %: it falls to half before the second time",
            status="upper_limit",
        )
        return bound, None, ends[1]
    value = last / middle
    # Sigma is such that 1.96 of it is half of the 95 % interval, as a reader takes it to be;
    # where the interval is open, its closed side tells.
    shortest = last / low
    wide = (ends[1] - shortest) / 2 if ends[1] is not None else value - shortest
    method = f"{law_text(laws[0])} by AICc, 95 % interval {shortest:.4g} to "
    method += f"{ends[1]:.4g} h" if ends[1] is not None else "beyond any bound"
    found = Estimate(value=value, sigma=wide / _Z95, unit="h", method=method)
    return found, shortest, ends[1]


def _by_hand(record: AgeingRecord, law: LawFit) -> Estimate:
    """From as many points as parameters: no sigma; a limit where the record stops before half."""
    if law.rho < 1.0 - 1e-6:
        return Estimate(
            value=record.last_h,
            sigma=None,
            unit="h",
            method="more than half is left at the last time; two points tell no more",
            status="lower_limit",
        )
    return Estimate(
        value=record.last_h / law.rho,
        sigma=None,
        unit="h",
        method="exponential through two points, which tell no sigma",
        status="undetermined",
    )


def _lower_limit(record: AgeingRecord, laws: list[LawFit]) -> Estimate:
    """95 % confidence under the widest law that the record can bear."""
    widest = max(laws, key=lambda law: law.misfit.parameters)
    rho = _rho_at(0.95, [widest])
    form = "stretched exponential" if widest.misfit.stretched else "exponential"
    if rho is None:
        value, method = 0.0, "the record does not bound it"
    elif rho <= 0:
        value, method = record.last_h, "lower limit: the light does not fade in the record"
    else:
        value, method = record.last_h / rho, f"lower limit, 95 %, {form}"
    return Estimate(value=value, sigma=None, unit="h", method=method, status="lower_limit")


def _rho_at(share: float, laws: list[LawFit]) -> float | None:
    """The rho that is below with so much confidence; None where no rho is."""
    from scipy.optimize import brentq

    weights = weights_of(laws)

    def beyond(rho: float) -> float:
        return float(sum(w * law.below(rho) for w, law in zip(weights, laws, strict=True))) - share

    start = laws[0].rho
    here = beyond(start)
    way = -1.0 if here > 0 else 1.0
    step = 1e-3 * (abs(start) + 0.05)
    near = start
    while abs(start + way * step) < 2 * _STEEPEST:
        far = start + way * step
        if beyond(far) * here <= 0:
            ends = sorted((near, far))
            return cast(float, brentq(beyond, *ends, xtol=1e-6 * (abs(far) + 0.01)))
        near, step = far, 2 * step
    return None


def _time(rho: float | None, last_h: float) -> float | None:
    return None if rho is None or rho <= 0 else last_h / rho


def _rate(plain: LawFit) -> Estimate:
    last = plain.misfit.record.last_h
    sigma = None
    if plain.freedom > 0:
        sigma = float(np.sqrt(max(plain.covariance()[1, 1], 0.0))) * _LN2 / last
    return Estimate(value=_LN2 * plain.rho / last, sigma=sigma, unit="per h", method="exponential")


def _extrapolated(plain: LawFit) -> Estimate | None:
    """What the exponential would give if it went on; none where it does not fade."""
    if plain.rho <= 0:
        return None
    value = plain.misfit.record.last_h / plain.rho
    sigma = None
    if plain.freedom > 0:
        sigma = value * float(np.sqrt(max(plain.covariance()[1, 1], 0.0))) / plain.rho
    return Estimate(
        value=value,
        sigma=sigma,
        unit="h",
        method="if the exponential goes on beyond the record",
        status="undetermined",
    )


def _remaining(laws: list[LawFit]) -> Estimate:
    """The share left at the end, averaged over the laws by their evidence, their spread included.

    Source: S. T. Buckland, K. P. Burnham, N. H. Augustin, Biometrics 53 (1997) 603, equation 4.
    """
    weights = weights_of(laws)
    values = np.array([2.0 ** -(np.sign(law.rho) * abs(law.rho) ** law.shape) for law in laws])
    mean = float(weights @ values)
    if laws[0].freedom < 1:
        return Estimate(value=mean, sigma=None, unit="", method="exponential through two points")
    sigmas: list[float] = []
    for law, value in zip(laws, values.tolist(), strict=True):
        rho, shape = max(abs(law.rho), 1e-9), law.shape
        slope = [-value * _LN2 * shape * rho ** (shape - 1)]
        if law.misfit.stretched:
            slope.append(-value * _LN2 * np.sign(law.rho) * rho**shape * np.log(rho))
        part = law.covariance()[1:, 1:]
        sigmas.append(float(np.sqrt(max(np.array(slope) @ part @ np.array(slope), 0.0))))
    spread = float(weights @ np.sqrt(np.array(sigmas) ** 2 + (values - mean) ** 2))
    return Estimate(value=mean, sigma=spread, unit="", method=law_text(laws[0]))
