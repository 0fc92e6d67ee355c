"""What many microcrystals say together: shares of each kind, fusion, sizes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats
from jaxtyping import Float

from cinedot.core import AnalysisError
from cinedot.growth.crystal_fits import KINDS, Kind
from cinedot.growth.crystal_images import Crystal, CrystalField

FEW_CRYSTALS = 20
"""Crystals below which a population is called small: a half is then known to 0.2."""

FEWEST_FOR_INTERVAL = 6
"""Of five, smallest and largest hold the median between them in 94 % only."""

_OUTLINE_PX = 0.15
"""How far all outlines of an image lie off together on either side, rms, pixels: painted crystals
came out 0.07 px too small without glowing rims, 0.29 px too large with rims twice as bright."""
_TAIL = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of the crystals.

    Attributes:
        value, sigma: the share itself, weighted; standard deviation of its posterior.
        low, high: 95 % interval of equal tails; 0 or 1 where there may be none or no other.
    """

    value: float
    sigma: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """The median of a length or ratio over the crystals.

    Attributes:
        value, sigma: the median, and a quarter of the width of its 95 % interval.
        low, high: that interval.
        spread, sigma_spread: half of the width between the 16th and 84th percentiles.
        number: crystals it is of; below `FEWEST_FOR_INTERVAL` the interval covers too seldom.
    """

    value: float
    sigma: float
    low: float
    high: float
    spread: float
    sigma_spread: float
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalPopulation:
    """The crystals of all images together.

    Attributes:
        number: whole crystals.
        bodies: bodies they make up, fused ones one.
        at_edge, too_small: bodies left out.
        shares: of each kind.
        fusion: the fusion index: crystals in bodies of two or more over all crystals.
        size_nm: edge of the square of equal area.
        aspect: longer over shorter edge, of all.
        square_edge_nm: of squares: the root of their sides' product; None without any.
        hexagon_width_nm, hexagon_length_nm: of hexagons; None without any.
    """

    number: int
    bodies: int
    at_edge: int
    too_small: int
    shares: dict[Kind, Share]
    fusion: Share
    size_nm: Median
    aspect: Median
    square_edge_nm: Median | None
    hexagon_width_nm: Median | None
    hexagon_length_nm: Median | None


def crystal_population(fields: Sequence[CrystalField]) -> CrystalPopulation:
    """Shares of squares, hexagons and others, the fusion index and sizes, with 95 % intervals.

    A body lies in an image of W x H whole with a chance (W - w)(H - h)/(W H): each counts one over
    that, so that long ones are not missed more often (Miles and Lantuejoul). A share is Jeffreys'
    posterior for as many crystals as the weights are worth, (sum w)^2 / sum w^2, each counted by
    its probability to be of the kind; where none or all are, the other side is Clopper and
    Pearson's. Doubt about single crystals widens it by the variance sum p (1 - p). The fusion index
    is such a share too, with bodies in the place of crystals: those fused together are one
    observation.

    Args:
        fields: what `find_crystals` found in each image.

    Raises:
        AnalysisError: no crystal.

    Source: Brown, Cai and DasGupta, Stat. Sci. 16, 101 (2001); Miles, J. Microsc. 113, 257
        (1978) for the weights; Kish, Survey Sampling (1965) for what weights are worth.
    """
    every = [(field, one) for field in fields for one in field.crystals]
    if not every:
        raise AnalysisError("no crystal was found.", remedy="Give images that show some whole.")
    weight = np.array([_weight(field, one) for field, one in every])
    crystals = [one for _, one in every]
    pixel_nm = float(np.median([field.pixel_nm for field, _ in every]))
    p = np.array([one.p for one in crystals])

    def middle(of: Callable[[Crystal], float], kind: Kind, off: float) -> Median | None:
        chosen = np.array([one.kind == kind for one in crystals])
        if not chosen.any():
            return None
        values = np.array([of(one) for one in crystals])
        return median_of(values[chosen], weight[chosen] * p[chosen, KINDS.index(kind)], off=off)

    def of_all(of: Callable[[Crystal], float], off: float) -> Median:
        return median_of(np.array([of(one) for one in crystals]), weight, off=off)

    off_nm = 2 * _OUTLINE_PX * pixel_nm
    size_nm = of_all(lambda one: one.size_nm, off_nm)
    return CrystalPopulation(
        number=len(crystals),
        bodies=sum(len({one.body for one in field.crystals}) for field in fields),
        at_edge=sum(field.at_edge for field in fields),
        too_small=sum(field.too_small for field in fields),
        shares={kind: share_of(p[:, k], weight) for k, kind in enumerate(KINDS)},
        fusion=_fusion(fields),
        size_nm=size_nm,
        aspect=of_all(lambda one: one.aspect, off_nm / size_nm.value / 2),
        square_edge_nm=middle(lambda one: np.sqrt(one.short_nm * one.long_nm), "square", off_nm),
        hexagon_width_nm=middle(lambda one: one.fit.width, "hexagon", off_nm),
        hexagon_length_nm=middle(lambda one: one.fit.length, "hexagon", off_nm),
    )


def share_of(p: Float[np.ndarray, " crystal"], weight: Float[np.ndarray, " crystal"]) -> Share:
    """The share of crystals that are something, each with a probability and a weight.

    Args:
        p: of each to be so.
        weight: how many crystals of the population each stands for, above 0.

    Example:
        >>> found = share_of(np.array([1.0] * 15 + [0.0] * 5), np.ones(20))
        >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
        (0.75, 0.536, 0.898)
    """
    worth = weight.sum() ** 2 / np.sum(weight**2)
    mean = float(np.sum(weight * p) / weight.sum())
    doubt = float(np.sum((weight / weight.sum()) ** 2 * p * (1 - p)))
    a, b = mean * worth + 0.5, (1 - mean) * worth + 0.5
    variance = a * b / ((a + b) ** 2 * (a + b + 1))
    # As many fewer crystals as the doubt adds to the variance.
    shrink = variance / (variance + doubt)
    law = scipy.stats.beta(a * shrink, b * shrink)
    low, high = float(law.ppf(_TAIL)), float(law.ppf(1 - _TAIL))
    if mean * worth < 0.5:
        low, high = 0.0, max(high, float(1 - _TAIL ** (1 / worth)))
    if (1 - mean) * worth < 0.5:
        low, high = min(low, float(_TAIL ** (1 / worth))), 1.0
    return Share(
        value=mean,
        sigma=float(np.sqrt(variance + doubt)),
        low=min(low, mean),
        high=max(high, mean),
    )


def median_of(
    values: Float[np.ndarray, " crystal"],
    weight: Float[np.ndarray, " crystal"],
    *,
    off: float = 0.0,
) -> Median:
    """The weighted median with the interval that the sign test allows, and the spread.

    Args:
        values: of each crystal, any unit.
        weight: of each.
        off: by which all may be wrong together, one sigma in their unit.

    Source: Conover, Practical Nonparametric Statistics (1999), 3.2: the interval runs between the
        quantiles 1/2 +- 0.98/sqrt(n), here interpolated.

    Example:
        >>> found = median_of(np.arange(1.0, 100.0), np.ones(99))
        >>> found.value, round(found.low, 1), round(found.high, 1)
        (50.0, 40.2, 59.8)
    """
    order = np.argsort(values)
    ordered, mass = values[order], weight[order]
    level = (np.cumsum(mass) - 0.5 * mass) / mass.sum()
    worth = float(mass.sum() ** 2 / np.sum(mass**2))
    half = scipy.stats.norm.ppf(1 - _TAIL) * 0.5 / np.sqrt(worth)
    low, value, high = np.interp([0.5 - half, 0.5, 0.5 + half], level, ordered)
    spread = float(np.diff(np.interp([0.1587, 0.8413], level, ordered))[0]) / 2
    widen = scipy.stats.norm.ppf(1 - _TAIL) * off
    low = value - np.hypot(value - low, widen)
    high = value + np.hypot(high - value, widen)
    return Median(
        value=float(value),
        sigma=float((high - low) / (2 * scipy.stats.norm.ppf(1 - _TAIL))),
        low=float(low),
        high=float(high),
        spread=spread,
        # Variance of two normal quantiles' difference, n times: 0.925 sigma^2 for its half.
        sigma_spread=0.96 * spread / float(np.sqrt(worth)),
        number=len(values),
    )


def _fusion(fields: Sequence[CrystalField]) -> Share:
    members: list[float] = []
    fused: list[float] = []
    for field in fields:
        for body in sorted({one.body for one in field.crystals}):
            own = [one for one in field.crystals if one.body == body]
            members.append(sum(_weight(field, one) for one in own))
            fused.append(float(len(own) > 1))
    return share_of(np.array(fused), np.array(members))


def _weight(field: CrystalField, one: Crystal) -> float:
    shares = [
        max(0.05, 1 - reach / side)
        for reach, side in zip(one.reach_nm, field.field_nm, strict=True)
    ]
    return 1 / (shares[0] * shares[1])
