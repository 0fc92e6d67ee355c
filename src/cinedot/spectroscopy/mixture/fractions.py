"""How many dots of each n: what all kinds of mixtures say together, with intervals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from cinedot.core import Estimate
from cinedot.spectroscopy.mixture.draws import MixtureDraws
from cinedot.spectroscopy.mixture.search import MixtureSearch

_TAIL = 0.025
_EITHER = 0.1
"""Probability from which on a rival name of a band is told."""

_Of = Callable[[MixtureDraws], Float[np.ndarray, "draw size"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeFraction:
    """One n's share of all dots that are looked for.

    Attributes:
        n: Pb atoms an edge.
        value, sigma: mean and standard deviation over all kinds of mixtures.
        low, high: 95 % credible interval, equal tails. low is 0 where the spectrum may have no
            light of it, and high is then that of the mixtures that have some; high is 1 where
            there may be no other, and low is then that of the mixtures that have others.
        present: probability that there is any light of it.
        light: its share of the light of all n.
        ambiguous: whether its band may as well be that of a neighbour.
    """

    n: int
    value: float
    sigma: float
    low: float
    high: float
    present: float
    light: float
    ambiguous: bool

    def estimate(self) -> Estimate:
        """The fraction as an estimate: a limit where one end of the interval is 0 or 1."""
        method = "areas of bands in photons over absorption and yield"
        if self.ambiguous:
            method = f"{method}; its band may be a neighbour's"
            return Estimate(
                value=self.value, sigma=self.sigma, unit="", method=method, status="undetermined"
            )
        if self.low == 0.0:
            return Estimate(
                value=self.high, sigma=None, unit="", method=f"{method}, 97.5 % bound",
                status="upper_limit",
            )  # fmt: skip
        if self.high == 1.0:
            return Estimate(
                value=self.low, sigma=None, unit="", method=f"{method}, 97.5 % bound",
                status="lower_limit",
            )  # fmt: skip
        return Estimate(value=self.value, sigma=self.sigma, unit="", method=method)


@dataclass(frozen=True, kw_only=True)
class SizeFractions:
    """The fractions of all n.

    Attributes:
        fractions: by n.
        covariance: of the fractions, in order of n; its rows sum to 0.
        either: pairs of neighbouring n that a band may be of.
    """

    fractions: Mapping[int, SizeFraction]
    covariance: Float[np.ndarray, "size size"]
    either: tuple[tuple[int, int], ...]


def size_fractions(search: MixtureSearch, sizes: tuple[int, ...]) -> SizeFractions:
    """Number fractions over all kinds of mixtures that have some n, by their evidence.

    Args:
        search: the kinds.
        sizes: the n that were looked for.
    """
    chances = search.probabilities()
    kinds = [
        (one, float(chance))
        for one, chance in zip(search.tried, chances, strict=True)
        if one.fit.model.sizes
    ]
    total = sum(chance for _, chance in kinds)
    kinds = [(one, chance / total) for one, chance in kinds]
    weights = np.concatenate([chance * one.weights for one, chance in kinds])
    numbers = _together(kinds, sizes, MixtureDraws.number_fractions)
    light = _together(kinds, sizes, MixtureDraws.light_shares)
    mean = weights @ numbers
    covariance = (weights[:, None] * (numbers - mean)).T @ (numbers - mean)
    either = _either(kinds, sizes)
    unsure = {n for pair in either for n in pair}
    there = {n: sum(chance for one, chance in kinds if n in one.fit.model.sizes) for n in sizes}
    alone = {n: sum(chance for one, chance in kinds if one.fit.model.sizes == (n,)) for n in sizes}
    has = np.concatenate(
        [
            np.tile([n in one.fit.model.sizes for n in sizes], (len(one.weights), 1))
            for one, _ in kinds
        ]
    )
    found: dict[int, SizeFraction] = {}
    for k, n in enumerate(sizes):
        others = has[:, k] & (has.sum(axis=1) > 1)
        absent, only = there[n] < 1 - _TAIL, alone[n] > _TAIL
        found[n] = SizeFraction(
            n=n,
            value=float(mean[k]),
            sigma=float(np.sqrt(max(covariance[k, k], 0.0))),
            low=0.0 if absent else _quantile(numbers[others, k], weights[others], _TAIL, 1.0),
            high=1.0 if only else _quantile(numbers[others, k], weights[others], 1 - _TAIL, 0.0),
            present=min(there[n], 1.0),
            light=float(weights @ light[:, k]),
            ambiguous=n in unsure,
        )
    return SizeFractions(fractions=found, covariance=covariance, either=either)


def _together(
    kinds: list[tuple[MixtureDraws, float]], sizes: tuple[int, ...], of: _Of
) -> Float[np.ndarray, "draw size"]:
    """A number of each n from the draws of all kinds, 0 where a kind lacks an n."""
    parts: list[Float[np.ndarray, "draw size"]] = []
    for one, _ in kinds:
        part = np.zeros((len(one.weights), len(sizes)))
        part[:, [sizes.index(n) for n in one.fit.model.sizes]] = of(one)
        parts.append(part)
    return np.concatenate(parts)


def _either(
    kinds: list[tuple[MixtureDraws, float]], sizes: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    """Neighbours of which one is there almost surely, and which one is not known."""
    pairs: list[tuple[int, int]] = []
    for first, second in pairwise(sizes):
        only = {
            (a, b): sum(
                chance
                for one, chance in kinds
                if (first in one.fit.model.sizes, second in one.fit.model.sizes) == (a, b)
            )
            for a in (False, True)
            for b in (False, True)
        }
        if min(only[True, False], only[False, True]) > _EITHER > only[False, False]:
            pairs.append((first, second))
    return tuple(pairs)


def _quantile(
    values: Float[np.ndarray, " draw"],
    weights: Float[np.ndarray, " draw"],
    share: float,
    nothing: float,
) -> float:
    """Where weighted values have a share of their weight below; `nothing` where there are none."""
    if not len(values) or not float(weights.sum()) > 0:
        return nothing
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    middle = (cumulative - weights[order] / 2) / cumulative[-1]
    return float(np.interp(share, middle, values[order]))
