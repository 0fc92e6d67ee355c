"""Number fractions of each n with intervals that know of misclassification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats
from jaxtyping import Float, Int

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.micrographs.mixture import CountDraws, draw_counts, greatest_likelihood

Label = int | tuple[int, ...]
"""Pb atoms an edge, of a cube or along each axis of a cuboid."""

NONE = "none"
"""The label of particles that are none of the candidates."""

_SURELY_UNLIKE = 0.01
"""Chance of alike images below which their differences widen the intervals."""
_DRAWS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class BetweenImages:
    """Whether images differ in a fraction by more than chance.

    Attributes:
        ratio: variance of the images' fractions over what particles by themselves give; 1 where
            images are alike.
        chance: of so large a ratio in images that are alike (the F law: fair from a few
            particles of each kind on).
        sigma: standard deviation of the fraction, each image left out in turn (jackknife).
    """

    ratio: float
    chance: float
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFraction:
    """One label's share of all particles.

    Attributes:
        value, sigma: mean and standard deviation of its posterior.
        low, high: credible interval, equal tails; low is 0 where there may be no particle of it
            at all, high is 1 where there may be no other. Where all particles are of a label, or
            none, its other side is Clopper and Pearson's: Jeffreys' covers too seldom there (the
            modified Jeffreys interval; Brown, Cai and DasGupta, Stat. Sci. 16, 101, 2001).
        between: from image to image; None with fewer than two images that hold particles.
        draws: of the posterior, for comparisons.
    """

    value: float
    sigma: float
    low: float
    high: float
    between: BetweenImages | None
    draws: Float[np.ndarray, " draw"]

    def estimate(self) -> Estimate:
        """The fraction as an estimate."""
        method = "mixture over likelihoods, Jeffreys prior"
        if self.between is not None and self.between.chance < _SURELY_UNLIKE:
            method += f"; images differ, variance {self.between.ratio:.2g} times that of chance"
        return Estimate(value=self.value, sigma=self.sigma, unit="", method=method)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFractions:
    """The fractions of all labels. Each has its own Jeffreys prior: they sum to 1 only about.

    Attributes:
        particles: counted.
        level: of the intervals.
        fractions: by label, `NONE` last.
        misread: expected share of particles whose likeliest label is wrong.
    """

    particles: int
    level: float
    fractions: dict[Label | str, NumberFraction]
    misread: float


def number_fractions(
    images: Sequence[Float[np.ndarray, "_ label"]],
    labels: Sequence[Label],
    *,
    level: float = 0.95,
    sharpness: float = 1.0,
    efficiency: Mapping[Label, float] | None = None,
) -> NumberFractions:
    """Fractions of each label among particles classified with doubt.

    A particle's probabilities under a flat prior are its likelihoods; what they lack of 1 is that
    of none of the labels. For each fraction the prior is Jeffreys' Beta(1/2, 1/2) and the rest
    share what is left by a Dirichlet of 1/2 in all, so that more candidates do not make any less
    likely.
    Where images surely differ by more than chance, counts weigh less by the ratio of variances.

    Args:
        images: of each image, its particles' probabilities.
        labels: to which columns belong.
        level: of the credible intervals.
        sharpness: power that makes the likelihoods true (`fit_sharpness`): below 1 where they
            claim more than they know.
        efficiency: share of each label's particles that are found at all; the fractions are then
            those of what was there. `NONE` and labels left out are found fully.

    Raises:
        InputError: probabilities that are none, levels, powers or efficiencies out of range.
        AnalysisError: no particles.

    Example:
        >>> sure = np.array([[0.0, 1.0]] * 9 + [[1.0, 0.0]])
        >>> found = number_fractions([sure], (3, 4)).fractions[4]
        >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
        (0.864, 0.619, 0.989)
    """
    _require_range("level", level, 1.0)
    _require_range("sharpness", sharpness, np.inf)
    given = [_with_none(image, labels, number) ** sharpness for number, image in enumerate(images)]
    tables = [table for table in given if len(table)]
    if not tables:
        raise AnalysisError("there are no particles to count.", remedy="Give more images.")
    likelihoods = np.concatenate(tables)
    found = _efficiencies(labels, efficiency)
    counts = draw_counts(likelihoods)
    best = greatest_likelihood(likelihoods)
    shares = [_shares(table, best) for table in tables]
    fractions: dict[Label | str, NumberFraction] = {}
    for column, label in enumerate((*labels, NONE)):
        between = _between_images([share[:, column] for share in shares], tables, column)
        fractions[label] = _fraction(counts, column, level, between, found)
    certain = np.concatenate(shares).max(axis=1)
    return NumberFractions(
        particles=len(likelihoods),
        level=level,
        fractions=fractions,
        misread=float(1 - certain.mean()),
    )


def _with_none(
    chances: Float[np.ndarray, "particle label"], labels: Sequence[Label], image: int
) -> Float[np.ndarray, "particle column"]:
    """The probabilities with that of none of the labels as last column."""
    total = chances.sum(axis=1)
    sound = np.isfinite(chances).all() and (chances >= 0).all() and (total <= 1 + 1e-6).all()
    if chances.shape[1] != len(labels) or len(set(labels)) != len(labels) or not sound:
        raise InputError(
            f"probabilities must be 0 to 1 and sum to at most 1, one for each of the labels, "
            f"which differ, {tuple(labels)}; those of image {image} do not.",
            remedy="Give each particle's `p_all`.",
        )
    none = np.maximum(1 - total, 0)
    # What rounding leaves of 1 is no doubt.
    return np.column_stack([chances, np.where(none < 1e-12, 0.0, none)])


def _require_range(name: str, value: float, most: float) -> None:
    if not 0 < value < most:
        raise InputError(
            f"`{name}` must lie above 0 and below {most:g}, but is {value}.",
            remedy="Leave it out for its default.",
        )


def _efficiencies(
    labels: Sequence[Label], efficiency: Mapping[Label, float] | None
) -> Float[np.ndarray, " column"] | None:
    if efficiency is None:
        return None
    unknown = sorted(str(label) for label in efficiency if label not in labels)
    if unknown or not all(0 < share <= 1 for share in efficiency.values()):
        raise InputError(
            f"`efficiency` must give labels shares above 0 and up to 1, but is {dict(efficiency)}.",
            remedy=f"The labels are {tuple(labels)}.",
        )
    return np.array([*(efficiency.get(label, 1.0) for label in labels), 1.0])


def _shares(
    likelihoods: Float[np.ndarray, "particle column"], fractions: Float[np.ndarray, " column"]
) -> Float[np.ndarray, "particle column"]:
    """Each particle's probability of each label, given the sample's fractions."""
    shares = np.maximum(fractions, 1e-12) * likelihoods
    return shares / shares.sum(axis=1, keepdims=True)


def _between_images(
    shares: Sequence[Float[np.ndarray, " _"]],
    tables: Sequence[Float[np.ndarray, "_ column"]],
    column: int,
) -> BetweenImages | None:
    """One-way analysis of variance of the particles' probabilities over images."""
    number, images = sum(map(len, shares)), len(shares)
    if images < 2 or number <= images:
        return None
    everyone = np.concatenate(shares)
    within = sum(float(((share - share.mean()) ** 2).sum()) for share in shares)
    among = sum(len(share) * float(share.mean() - everyone.mean()) ** 2 for share in shares)
    own = max(within / (number - images), 1e-12)
    ratio = among / (images - 1) / own if among > 1e-12 * number else 1.0
    left_out = [
        greatest_likelihood(np.concatenate([*tables[:i], *tables[i + 1 :]]))[column]
        for i in range(images)
    ]
    sigma = float(np.std(left_out)) * (images - 1) ** 0.5
    chance = float(scipy.stats.f.sf(ratio, images - 1, number - images))
    return BetweenImages(ratio=ratio, chance=chance, sigma=sigma)


def _fraction(
    counts: CountDraws,
    column: int,
    level: float,
    between: BetweenImages | None,
    efficiencies: Float[np.ndarray, " column"] | None,
) -> NumberFraction:
    """A fraction's posterior: the mixture of the Betas of its counts."""
    weights = counts.weights(column)
    unlike = between is not None and between.chance < _SURELY_UNLIKE and between.ratio > 1
    worth = 1 / between.ratio if between is not None and unlike else 1.0
    own, back = np.unique(counts.counts[:, column], return_inverse=True)
    chance = np.bincount(back.ravel(), weights=weights)
    draws = _fraction_draws(counts, column, weights, worth, efficiencies)
    tail = (1 - level) / 2
    if efficiencies is None:
        low, high = (
            _beta_quantile(chance, *_sides(own, counts.particles, worth, upper), share)
            for upper, share in ((False, tail), (True, 1 - tail))
        )
        ahead, behind = _sides(own, counts.particles, worth, None)
        means = ahead / (ahead + behind)
        value = float(chance @ means)
        square = ahead * (ahead + 1) / (ahead + behind) / (ahead + behind + 1)
        sigma = float(np.sqrt(max(chance @ square - value**2, 0.0)))
    else:
        low, high = (
            float(
                np.quantile(
                    _fraction_draws(counts, column, weights, worth, efficiencies, upper), share
                )
            )
            for upper, share in ((False, tail), (True, 1 - tail))
        )
        value, sigma = float(draws.mean()), float(draws.std())
    return NumberFraction(
        value=value,
        sigma=sigma,
        low=0.0 if float(chance[own == 0].sum()) > tail else low,
        high=1.0 if float(chance[own == counts.particles].sum()) > tail else high,
        between=between,
        draws=draws,
    )


def _sides(
    own: Int[np.ndarray, " count"], particles: int, worth: float, upper: bool | None
) -> tuple[Float[np.ndarray, " count"], Float[np.ndarray, " count"]]:
    """Jeffreys' Betas; those of one side of the interval have one count's otherwise."""
    ahead, behind = worth * own + 0.5, worth * (particles - own) + 0.5
    if upper is None:
        return ahead, behind
    if upper:
        return np.where(own == 0, 1.0, ahead), np.where(own == 0, worth * particles, behind)
    whole = own == particles
    return np.where(whole, worth * particles, ahead), np.where(whole, 1.0, behind)


def _beta_quantile(
    chance: Float[np.ndarray, " count"],
    ahead: Float[np.ndarray, " count"],
    behind: Float[np.ndarray, " count"],
    share: float,
) -> float:
    """Where a mixture of Betas has a share of itself below."""

    def excess(place: float) -> float:
        return float(chance @ scipy.special.betainc(ahead, behind, place)) - share

    return cast(float, scipy.optimize.brentq(excess, 0.0, 1.0, xtol=1e-12))


def _fraction_draws(
    counts: CountDraws,
    column: int,
    weights: Float[np.ndarray, " draw"],
    worth: float,
    efficiencies: Float[np.ndarray, " column"] | None,
    upper: bool | None = None,
) -> Float[np.ndarray, " place"]:
    """Draws of a fraction, of what was there where it is known what is found."""
    rng = np.random.default_rng(column)
    places = (np.arange(_DRAWS) + 0.5) / _DRAWS
    chosen = np.minimum(np.searchsorted(np.cumsum(weights), places), len(weights) - 1)
    own = rng.beta(*_sides(counts.counts[chosen, column], counts.particles, worth, upper))
    if efficiencies is None:
        return own
    seen = worth * np.delete(counts.counts[chosen], column, axis=1)
    rest = np.maximum(rng.standard_gamma(seen + 0.5), 1e-300)
    rest *= ((1 - own) / rest.sum(axis=1))[:, None]
    there = own / efficiencies[column]
    return there / (there + (rest / np.delete(efficiencies, column)).sum(axis=1))
