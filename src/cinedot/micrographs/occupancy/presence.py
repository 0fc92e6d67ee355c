"""From fitted occupancies to what is there: probability, detection limit, false discoveries.

A site's ion is there or not. What the frames alone say of it, with its own prior taken away, is a
Gaussian; beside it stands how wrong the model is, read off the ions that must be there.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from cinedot.micrographs.occupancy.equations import SHARED
from cinedot.micrographs.occupancy.joint import JointFit
from cinedot.micrographs.occupancy.unknowns import Unknowns, own_precision
from cinedot.micrographs.pose.shared_state import shared_prior_sigma

_LEAST_MODEL_SIGMA = 0.03
"""No model is surer: waves on coarse pixels and slices alone leave 0.02 to 0.03."""
_RARE, _COMMON = 0.02, 0.98
"""A compound that always fills a site is believed to do so in so many dots."""
_ROLES = ("metal", "halide", "a")
_BORROWED = 8
"""Ions of other kinds that a kind's own are weighed against."""
_EXCESSES = np.concatenate([[0.0], np.geomspace(0.05, 200.0, 120)])
DETECTED = 0.9
"""Probability with which a limit of detection is exceeded by a missing ion."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SiteEvidence:
    """What frames say of the ion of each site of a cuboid.

    Attributes:
        occupancy: as the frames alone have it, from below 0 to above 1 where noise does [site].
        sigma: of the counting and of everything fitted beside it [site].
        sigma_model: what the model is off by beyond that [site].
        p_present: probability that the ion is there [site].
        expected: share of dots of the compound that have it [site].
        limit: the least loss of occupancy that would be seen with nine chances in ten, at one
            false alarm in all sites [site].
    """

    occupancy: Float[np.ndarray, " site"]
    sigma: Float[np.ndarray, " site"]
    sigma_model: Float[np.ndarray, " site"]
    p_present: Float[np.ndarray, " site"]
    expected: Float[np.ndarray, " site"]
    limit: Float[np.ndarray, " site"]

    @property
    def whole_sigma(self) -> Float[np.ndarray, " site"]:
        """Both parts together."""
        return np.hypot(self.sigma, self.sigma_model)

    def missing(self, false_share: float = 0.05) -> Bool[np.ndarray, " site"]:
        """Sites called empty, such that at most that share of them is expected to be filled."""
        order = np.argsort(self.p_present)
        mean = np.cumsum(self.p_present[order]) / np.arange(1, len(order) + 1)
        called = np.zeros(len(order), dtype=bool)
        called[order[: int((mean <= false_share).sum())]] = True
        return called & (self.p_present < 0.5)


def site_evidence(fit: JointFit) -> SiteEvidence:
    """What a joint fit says of each site.

    Args:
        fit: of frames in which nothing came or went.

    Example: see `tests/micrographs/occupancy/test_presence.py`.
    """
    unknowns = fit.unknowns
    count = len(unknowns.sites)
    alone, sigma = alone_of_prior(fit)
    model = model_sigma(unknowns, alone, sigma)
    own = np.flatnonzero(unknowns.own)
    at = unknowns.site[own]
    filled = [np.full(count, np.nan) for _ in range(4)]
    for column, values in zip(filled, (alone, sigma, model, unknowns.mean), strict=True):
        column[at] = values[own]
    occupancy, counted, modelled, expected = filled
    whole = np.hypot(counted, modelled)
    return SiteEvidence(
        occupancy=occupancy,
        sigma=counted,
        sigma_model=modelled,
        p_present=chance_present(occupancy, whole, expected),
        expected=expected,
        limit=detection_limit(whole, count),
    )


def alone_of_prior(
    fit: JointFit,
) -> tuple[Float[np.ndarray, " group"], Float[np.ndarray, " group"]]:
    """Each group's occupancy and sigma with its own prior taken away, all others' kept.

    1/v = 1/V - P and o/v = m/V - p for a posterior m, V and a prior of precision P and pull p.
    """
    unknowns = fit.unknowns
    variance = np.diag(fit.covariance)[SHARED:]
    prior = np.diag(unknowns.precision)
    # A replacement ties an ion to its own share: that part of the prior is kept.
    mean = unknowns.mean
    own_prior = np.where(unknowns.own, own_precision(mean), prior)
    precision = np.maximum(1 / variance - own_prior, 1e-3)
    right = fit.share / variance - own_prior * mean
    return right / precision, 1 / np.sqrt(precision)


def model_sigma(
    unknowns: Unknowns, share: Float[np.ndarray, " group"], sigma: Float[np.ndarray, " group"]
) -> Float[np.ndarray, " group"]:
    """How wrong the model makes each group, from ions that must be there and those that may be.

    What they scatter by beyond their sigmas is the model's fault; within a kind all suffer in
    proportion to their sigma, which counts how strongly the frames show them. See `model_excess`.
    """
    relative = np.sqrt(model_excess(unknowns, share, sigma))
    return np.maximum(relative * sigma, _LEAST_MODEL_SIGMA)


def widened_shared_sigma(fit: JointFit) -> Float[np.ndarray, " parameter"]:
    """Standard deviations of what frames share, with what the model is wrong by.

    The frames' part of the information counts for less by as much as inner ions scatter beyond
    their sigmas, in the median of their kinds; the prior's part stays.
    """
    alone, sigma = alone_of_prior(fit)
    prior = shared_prior_sigma() ** -2.0
    told = np.maximum(fit.shared_sigma**-2.0 - prior, 0.0)
    kinds = _inner_excess(fit.unknowns, alone, sigma)
    usual = float(np.median(list(kinds.values()))) if kinds else 0.0
    return 1 / np.sqrt(told / (1 + usual) + prior)


def model_excess(
    unknowns: Unknowns, share: Float[np.ndarray, " group"], sigma: Float[np.ndarray, " group"]
) -> Float[np.ndarray, " group"]:
    """Variance of occupancies about what is there, beyond sigma^2, in units of it.

    Inner ions of a kind are 1 in truth. Those at the surface are 0 or 1, as often as the compound
    has them: the widening is the most probable under both. It counts where it is the larger, since
    what no model has (frozen ligands, a support) touches the surface first. Kinds of few ions
    borrow from the others.
    """
    roles = unknowns.sites.role[unknowns.site]
    inner = _inner_excess(unknowns, share, sigma)
    usual = float(np.median(list(inner.values()))) if inner else 0.0
    found = np.full(len(share), usual)
    for role in _ROLES:
        here = roles == role
        outer = here & unknowns.own & ~unknowns.always
        within = _borrowed(inner.get(role, usual), int((here & unknowns.always).sum()), usual)
        found[here] = within
        if outer.any():
            chance = np.clip(unknowns.mean[outer], _RARE, _COMMON)
            beyond = _widening(share[outer], sigma[outer], chance)
            found[here & ~unknowns.always] = max(
                within, _borrowed(beyond, int(outer.sum()), within)
            )
    return found


def _inner_excess(
    unknowns: Unknowns, share: Float[np.ndarray, " group"], sigma: Float[np.ndarray, " group"]
) -> dict[str, float]:
    """The same of each kind that has inner ions, from these alone."""
    roles = unknowns.sites.role[unknowns.site]
    kinds = {role: unknowns.always & (roles == role) for role in _ROLES}
    return {
        role: max(float((((share[k] - 1) / sigma[k]) ** 2).mean()) - 1, 0.0)
        for role, k in kinds.items()
        if k.any()
    }


def _borrowed(own: float, count: int, usual: float) -> float:
    """What a kind says of itself, as far as it has ions enough to say it."""
    return float((count * own + _BORROWED * usual) / (count + _BORROWED))


def _widening(
    share: Float[np.ndarray, " ion"],
    sigma: Float[np.ndarray, " ion"],
    chance: Float[np.ndarray, " ion"],
) -> float:
    """The most probable excess of ions that are there by chance; none where sigmas are enough."""
    wider = _EXCESSES[:, None] + 1
    full, empty = ((share - 1) / sigma) ** 2, (share / sigma) ** 2
    likely = np.logaddexp(
        np.log(chance) - full / (2 * wider), np.log1p(-chance) - empty / (2 * wider)
    )
    return float(_EXCESSES[np.argmax((likely - 0.5 * np.log(wider)).sum(axis=1))])


def chance_present(
    occupancy: Float[np.ndarray, " site"],
    sigma: Float[np.ndarray, " site"],
    expected: Float[np.ndarray, " site"],
) -> Float[np.ndarray, " site"]:
    """Probability of an ion that is there or not: Bayes on two Gaussians about 0 and 1.

    Example:
        >>> chance_present(np.array([0.5, 0.9]), np.full(2, 0.2), np.array([0.5, 0.5])).round(4)
        array([0.5, 1. ])
    """
    usual = np.clip(expected, _RARE, _COMMON)
    ratio = (occupancy - 0.5) / sigma**2
    return special.expit(ratio + np.log(usual / (1 - usual)))


def detection_limit(sigma: Float[np.ndarray, " site"], sites: int) -> Float[np.ndarray, " site"]:
    """Loss of occupancy that is seen nine times in ten at one false alarm in all sites.

    Example:
        >>> detection_limit(np.array([0.1]), 96).round(2)
        array([0.36])
    """
    return (special.ndtri(1 - 1 / sites) + special.ndtri(DETECTED)) * sigma
