"""Kinetics: when the light of a growing sample begins to rise, by every law that may hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate
from cinedot.growth.kinetic_record import KineticRecord
from cinedot.growth.rise_families import FAMILIES, RiseFamily
from cinedot.growth.rise_fit import RiseFit, fit_rise
from cinedot.growth.weighed_induction import weighed_induction
from cinedot.spectroscopy.noise import variance_law

MOST_PARAMETERS = 4
"""One wavelength tells onset, slope and plateau; a fit has one parameter more, and no further."""

_LEAST_FOR_NOISE = 24
"""Points from which on a record tells how its noise grows with its light."""
_WORTH_ASKING = 1e-3
"""Laws of less weight change no answer by what shows, and are asked nothing more."""
_EVIDENCE = 10.0
"""A rise must be likelier than none by so much in AICc: a weight of 0.7 % is left to none."""


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
        record: at least 6 times; a law is left out where there are fewer than three points
            more than it has parameters.
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
    kept = np.flatnonzero(weights > _WORTH_ASKING)
    heard, part = [laws[k] for k in kept], weights[kept] / weights[kept].sum()
    induction, low, high = weighed_induction(record, heard, part)
    return KineticsFit(
        record=record,
        laws=tuple(laws),
        weights=weights,
        induction=induction,
        low_min=low,
        high_min=high,
        tangent=_averaged("steepest tangent", [law.tangent_min for law in heard], part, "min"),
        half=_averaged("half of the last level", [law.half_min for law in heard], part, "min"),
        reached=_averaged("share of the final rise", [law.reached for law in heard], part, ""),
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
            found.append(fit_rise(record, family, sigma, ground=ground, known=known))
    return sorted(found, key=lambda law: law.criterion)


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
