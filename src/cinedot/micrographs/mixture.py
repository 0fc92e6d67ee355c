"""Number fractions of a sample whose particles are classified with doubt.

Each particle i has likelihoods L_ik of the labels k; a sample of fractions f gives it with
probability sum_k f_k L_ik. Fractions and labels are drawn together: from nothing known to all
known in steps, each weighing the draws anew and moving them by Gibbs' rule (annealed importance
sampling with resampling; Neal, Stat. Comput. 11, 125, 2001). What comes out is smooth in the
counts, which are few numbers: each count c of N gives a Beta(c + 1/2, N - c + 1/2). Seeds are
fixed and particles sorted: the same likelihoods give the same digits in any order.
"""

from dataclasses import dataclass

import numpy as np
import scipy.special
from jaxtyping import Float, Int

_DRAWS = 800
_LAST_ROUNDS = 3
"""Of moves at the end; one at each step before."""
_EVENNESS = 0.5
"""Of the draws' weights at each step: the share of draws that they are worth."""
_SURE = 1e-9
"""Doubt below which a particle is counted as certain: less than one in a million samples errs."""
_FLOOR = 1e-12
"""Of a likelihood against the particle's greatest: powers of 0 have no way back."""
_LEAST = 1e-30
"""Fraction below which none is told from 0: eight of them are still a float."""
_JEFFREYS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CountDraws:
    """Draws of how many particles have each label, given their likelihoods.

    Attributes:
        counts: particles of each label, which sum to all of them.
    """

    counts: Int[np.ndarray, "draw label"]

    @property
    def particles(self) -> int:
        """Particles in all."""
        return int(self.counts[0].sum())

    def weights(self, label: int) -> Float[np.ndarray, " draw"]:
        """The draws' weights where one label's fraction is asked for, against all the rest.

        The joint prior holds each label for as rare as it has rivals. For a label's own fraction
        the prior is Jeffreys' Beta(1/2, 1/2), and the rest share what is left by the joint one;
        the counts' weights are the ratio of the two, fractions to a power between 0 and 1/2.
        """
        own = self.counts[:, label].astype(np.float64)
        rest = self.particles - own + _JEFFREYS
        logs = scipy.special.betaln(own + _JEFFREYS, rest)
        logs -= scipy.special.betaln(own + joint_concentration(self.counts.shape[1]), rest)
        weights = np.exp(logs - logs.max())
        return weights / weights.sum()


def joint_concentration(labels: int) -> float:
    """Of the joint prior, Dirichlet's, for each label: those of all but one sum to 1/2.

    Example:
        >>> joint_concentration(2), joint_concentration(6)
        (0.5, 0.1)
    """
    return _JEFFREYS / max(1, labels - 1)


def draw_counts(likelihoods: Float[np.ndarray, "particle label"], *, seed: int = 0) -> CountDraws:
    """Draw the labels' counts from their posterior under the joint prior.

    Args:
        likelihoods: of each label, up to a factor for each particle; not all 0.
        seed: of the draws; the results move by a few hundredths of their sigmas with it.

    Example:
        >>> sure = np.eye(3)[[0, 0, 1]]
        >>> draw_counts(sure).counts[0].tolist()
        [2, 1, 0]
    """
    particles, labels = likelihoods.shape
    scaled = likelihoods / likelihoods.max(axis=1, keepdims=True) if particles else likelihoods
    certain = scaled.sum(axis=1) - 1 < _SURE
    known = np.bincount(scaled[certain].argmax(axis=1), minlength=labels)
    if certain.all():
        return CountDraws(counts=known[None].astype(np.int64))
    doubtful = scaled[~certain]
    # Sorted, so that the draws do not hang on the particles' order.
    logs = np.log(np.maximum(doubtful[np.lexsort(doubtful.T)], _FLOOR))
    rng = np.random.default_rng(seed)
    return CountDraws(counts=known + _annealed(logs, known, rng))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bridge:
    """The way from a Dirichlet near the answer (power 0) to the posterior (power 1).

    At each power the target is Dirichlet(prior + (1 - power) guess) times the product over
    particles of sum_k f_k L_ik^power, for which Gibbs' rule holds.
    """

    logs: Float[np.ndarray, "particle label"]
    prior: Float[np.ndarray, " label"]
    guess: Float[np.ndarray, " label"]

    def concentration(self, power: float) -> Float[np.ndarray, " label"]:
        return self.prior + (1 - power) * self.guess

    def log_target(
        self, fractions: Float[np.ndarray, "draw label"], power: float
    ) -> Float[np.ndarray, " draw"]:
        """Its logarithm, as a density of the fractions' logarithmic ratios."""
        mixed = np.exp(power * self.logs) @ fractions.T
        # Logarithms cost most: of eight particles' product at a time, which no float misses.
        short = -len(mixed) % 8
        mixed = np.concatenate([mixed, np.ones((short, len(fractions)))])
        product = mixed.reshape(8, -1, len(fractions)).prod(axis=0)
        return np.log(product).sum(axis=0) + np.log(fractions) @ self.concentration(power)


def _annealed(
    logs: Float[np.ndarray, "particle label"],
    known: Int[np.ndarray, " label"],
    rng: np.random.Generator,
) -> Int[np.ndarray, "draw label"]:
    """Counts of the doubtful particles, at the end of the steps to all of the likelihood."""
    bridge = _Bridge(
        logs=logs, prior=known + joint_concentration(len(known)), guess=_guess(logs, known)
    )
    fractions = _drawn_fractions(np.tile(bridge.concentration(0.0), (_DRAWS, 1)), rng)
    power, step = 0.0, 1.0
    while power < 1:
        ahead, weights = _next_power(bridge, fractions, power, step)
        step, power = 4 * (ahead - power), ahead
        fractions = fractions[_resampled(weights, rng)]
        for _ in range(1 if power < 1 else _LAST_ROUNDS):
            counts = _drawn_labels(np.exp(power * logs), fractions, rng)
            fractions = _drawn_fractions(counts + bridge.concentration(power), rng)
            fractions = _crossed(bridge, fractions, power, rng)
            fractions = _crossed(bridge, fractions, power, rng)
    return _drawn_labels(np.exp(logs), fractions, rng)


def _guess(
    logs: Float[np.ndarray, "particle label"], known: Int[np.ndarray, " label"]
) -> Float[np.ndarray, " label"]:
    """Counts that the doubtful particles are about worth: each by its share, less its doubt."""
    likelihoods = np.exp(logs)
    shares = likelihoods / likelihoods.sum(axis=1, keepdims=True)
    for _ in range(30):
        counts = known + shares.sum(axis=0) + _JEFFREYS
        shares = counts * likelihoods
        shares /= shares.sum(axis=1, keepdims=True)
    worth = 2 * (shares**2).sum(axis=1) - 1
    plain = likelihoods / likelihoods.sum(axis=1, keepdims=True)
    worth = np.minimum(worth, 2 * (plain**2).sum(axis=1) - 1)
    return np.maximum(worth, 0) @ shares


def _drawn_fractions(
    concentrations: Float[np.ndarray, "draw label"], rng: np.random.Generator
) -> Float[np.ndarray, "draw label"]:
    gammas = np.maximum(rng.standard_gamma(concentrations), _LEAST)
    return gammas / gammas.sum(axis=1, keepdims=True)


def _crossed(
    bridge: _Bridge,
    fractions: Float[np.ndarray, "draw label"],
    power: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, "draw label"]:
    """One Metropolis step of each draw, along the difference of two of the other half.

    Gibbs' rule moves slowly where particles say little; this does not (ter Braak, Stat. Comput.
    16, 239, 2006).
    """
    half, labels = len(fractions) // 2, fractions.shape[1]
    moved, now = fractions.copy(), bridge.log_target(fractions, power)
    scale = 2.38 / np.sqrt(2 * max(1, labels - 1))
    for own, other in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
        pool = np.log(moved[other])
        first, second = rng.integers(len(pool), size=(2, len(moved[own])))
        logs = np.log(moved[own]) + scale * (pool[first] - pool[second])
        proposed = np.exp(logs - logs.max(axis=1, keepdims=True))
        proposed = np.maximum(proposed / proposed.sum(axis=1, keepdims=True), _LEAST)
        target = bridge.log_target(proposed, power)
        taken = np.log(rng.random(len(target))) < target - now[own]
        moved[own] = np.where(taken[:, None], proposed, moved[own])
    return moved


def _next_power(
    bridge: _Bridge, fractions: Float[np.ndarray, "draw label"], power: float, step: float
) -> tuple[float, Float[np.ndarray, " draw"]]:
    """The largest step at which the draws' weights stay even, and these weights."""
    before = bridge.log_target(fractions, power)
    step = min(step, 1 - power)
    while True:
        ahead = 1.0 if power + step > 1 - 1e-9 else power + step
        weights = _normalised(bridge.log_target(fractions, ahead) - before)
        if 1 / float((weights**2).sum()) >= _EVENNESS * len(fractions) or step < 1e-4:
            return ahead, weights
        step /= 2


def _normalised(logs: Float[np.ndarray, " draw"]) -> Float[np.ndarray, " draw"]:
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


def _resampled(
    weights: Float[np.ndarray, " draw"], rng: np.random.Generator
) -> Int[np.ndarray, " draw"]:
    """Indices of draws, each as often as its weight asks, to less than one."""
    places = (np.arange(len(weights)) + rng.random()) / len(weights)
    return np.minimum(np.searchsorted(np.cumsum(weights), places), len(weights) - 1)


def _drawn_labels(
    likelihoods: Float[np.ndarray, "particle label"],
    fractions: Float[np.ndarray, "draw label"],
    rng: np.random.Generator,
) -> Int[np.ndarray, "draw label"]:
    """Counts of the labels that particles take, given each draw's fractions."""
    above = np.zeros((len(fractions), likelihoods.shape[1] + 1), np.int64)
    above[:, 0] = len(likelihoods)
    height = rng.random((len(fractions), len(likelihoods))) * (fractions @ likelihoods.T)
    rising = np.zeros_like(height)
    for label in range(likelihoods.shape[1] - 1):
        rising += fractions[:, label, None] * likelihoods[None, :, label]
        above[:, label + 1] = (height > rising).sum(axis=1)
    return above[:, :-1] - above[:, 1:]


def greatest_likelihood(
    likelihoods: Float[np.ndarray, "particle label"],
) -> Float[np.ndarray, " label"]:
    """Fractions of greatest likelihood, by expectation and maximisation.

    Example:
        >>> greatest_likelihood(np.eye(2)[[0, 0, 0, 1]]).tolist()
        [0.75, 0.25]
    """
    scaled = likelihoods / likelihoods.max(axis=1, keepdims=True)
    fractions = np.full(likelihoods.shape[1], 1 / likelihoods.shape[1])
    for _ in range(2000):
        shares = fractions * scaled
        better = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
        moved = float(np.abs(better - fractions).max())
        fractions = better
        if moved < 1e-8:
            break
    return fractions
