"""Presence: calibrated on what its own law draws, limits that hold, false calls as stated."""

import numpy as np
from scipy import special, stats

from cinedot.micrographs.occupancy.joint import JointFit
from cinedot.micrographs.occupancy.presence import (
    SiteEvidence,
    chance_present,
    detection_limit,
    model_excess,
    model_sigma,
    widened_shared_sigma,
)
from cinedot.micrographs.occupancy.unknowns import own_precision, unknowns_of
from cinedot.micrographs.pose.models import average_dot
from cinedot.micrographs.pose.shared_state import SharedState, shared_prior_sigma
from cinedot.particle import Cuboid, host_named

RARE = 1e-6


def fresh() -> np.random.Generator:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


def drawn(rng, count, sigma):
    expected = rng.uniform(0.05, 0.95, count)
    there = rng.random(count) < expected
    seen = there + rng.normal(0, sigma, count)
    return expected, there, chance_present(seen, np.full(count, sigma), expected)


def test_probabilities_come_true():
    rng = fresh()
    _, there, chance = drawn(rng, 20_000, 0.4)
    for low in np.arange(0.0, 1.0, 0.1):
        inside = (chance >= low) & (chance < low + 0.1)
        if not inside.any():
            continue
        # The sum of independent draws, each with its own stated chance.
        mean = chance[inside].sum()
        sigma = np.sqrt((chance[inside] * (1 - chance[inside])).sum()) + 1.0
        assert abs(there[inside].sum() - mean) < stats.norm.isf(RARE / 20) * sigma


def evidence_of(occupancy, sigma, p_present, expected=None):
    count = len(occupancy)
    return SiteEvidence(
        occupancy=occupancy,
        sigma=np.full(count, sigma),
        sigma_model=np.zeros(count),
        p_present=p_present,
        expected=np.full(count, 0.5) if expected is None else expected,
        limit=detection_limit(np.full(count, sigma), count),
    )


def test_sites_called_empty_are_so_but_for_the_stated_share():
    rng = fresh()
    expected, there, chance = drawn(rng, 20_000, 0.4)
    called = evidence_of(np.zeros(20_000), 0.4, chance, expected).missing(0.05)
    false = int((called & there).sum())
    assert called.any()
    # The mean stated chance of those called is at most 0.05.
    assert false <= stats.binom.isf(RARE, int(called.sum()), 0.05)
    assert not evidence_of(np.ones(50), 0.1, np.ones(50)).missing().any()


def test_a_loss_at_the_limit_is_seen_nine_times_in_ten():
    rng = fresh()
    sites, sigma, trials = 96, 0.11, 4000
    limit = float(detection_limit(np.array([sigma]), sites)[0])
    threshold = special.ndtri(1 - 1 / sites) * sigma
    seen = int((limit + rng.normal(0, sigma, trials) > threshold).sum())
    assert stats.binom.ppf(RARE, trials, 0.9) <= seen <= stats.binom.isf(RARE, trials, 0.9)


def test_inner_ions_tell_how_far_the_model_is_off():
    rng = fresh()
    unknowns = unknowns_of(average_dot(Cuboid.cube(4, host_named("CsPbBr3")), "prototype"))
    sigma = np.full(len(unknowns), 0.05)
    # 235 inner ions: their variance is known to 9 %, so twice its sigma is far off.
    right = model_sigma(unknowns, 1 + rng.normal(0, 0.05, len(unknowns)), sigma)
    assert right.max() < 0.05
    wrong = model_sigma(unknowns, 1 + rng.normal(0, 0.25, len(unknowns)), sigma)
    assert 0.12 < np.median(wrong) < 0.5


def seen_of(unknowns, rng, sigma):
    """Occupancies of a dot drawn from the compound, off by so many sigma each."""
    there = rng.random(len(unknowns)) < unknowns.mean
    return there, there + rng.normal(0, 1, len(unknowns)) * sigma


def test_surface_ions_tell_where_the_model_is_off_for_them_alone():
    """Ligands that froze spoil the surface and leave the inner ions as they were."""
    rng = fresh()
    unknowns = unknowns_of(average_dot(Cuboid.cube(4, host_named("CsPbBr3")), "mla-cs"))
    sigma = np.full(len(unknowns), 0.06)
    inner = unknowns.always
    _, right = seen_of(unknowns, rng, sigma)
    # 96 terminal Br and more: twice the variance of a mean of chi-squares, six sigmas.
    assert np.median(model_excess(unknowns, right, sigma)[~inner]) < 6 * np.sqrt(2 / 96)
    _, wrong = seen_of(unknowns, rng, np.where(inner, sigma, 3 * sigma))
    excess = model_excess(unknowns, wrong, sigma)
    halide = unknowns.sites.role[unknowns.site] == "halide"
    assert (excess[halide & inner] < 2).all()
    # The truth is 8, an ion's own known to the root of 2 / 96 of 9.
    assert 4 < np.median(excess[halide & ~inner & unknowns.own]) < 8 + 9 * 6 * np.sqrt(2 / 96)


def test_a_kind_that_the_model_gets_wrong_is_not_believed():
    """Only its own sigmas grow: others tell as much as before."""
    rng = fresh()
    unknowns = unknowns_of(average_dot(Cuboid.cube(4, host_named("MAPbBr3")), "mla-ma"))
    role = unknowns.sites.role[unknowns.site]
    sigma = np.full(len(unknowns), 0.1)
    _, seen = seen_of(unknowns, rng, sigma)
    seen[role == "a"] -= 0.8
    model = model_sigma(unknowns, seen, sigma)
    # 27 inner A ions, each 8 sigmas off, 8 borrowed that are not.
    assert model[role == "a"].min() > 0.5
    assert np.median(model[role == "halide"]) < 0.1


def joint_of(alone, sigma, shared_sigma):
    """A joint fit of which each group's frames alone say so, every group by itself."""
    unknowns = unknowns_of(average_dot(Cuboid.cube(4, host_named("CsPbBr3")), "prototype"))
    own = own_precision(unknowns.mean)
    variance = 1 / (sigma**-2.0 + own)
    share = variance * (alone(len(unknowns)) / sigma**2 + own * unknowns.mean)
    return JointFit(
        unknowns=unknowns,
        shared=SharedState(values=np.zeros(len(shared_sigma))),
        shared_sigma=shared_sigma,
        share=share,
        covariance=np.diag(np.concatenate([shared_sigma**2, np.full(len(share), variance)])),
        states=(),
        backgrounds=(),
        misfit=1.0,
        chi_square=(),
    )


def test_what_frames_share_is_as_unsure_as_the_model_is_wrong():
    rng = fresh()
    prior = shared_prior_sigma()
    sharp = 0.1 * prior
    right = joint_of(lambda count: 1 + rng.normal(0, 0.05, count), 0.05, sharp)
    # The median of three kinds' excess: of the largest kinds 144 and 64 ions, known to 0.12 and
    # 0.18; one beyond 6 sigmas is 0.4 of the widening.
    np.testing.assert_array_less(widened_shared_sigma(right), 1.5 * sharp)
    # 0.15 off where 0.05 is counted: the frames' part of the variance is nine times as much.
    wrong = joint_of(lambda count: 1 + rng.normal(0, 0.15, count), 0.05, sharp)
    ratio = widened_shared_sigma(wrong) / sharp
    assert ((ratio > 2) & (ratio < 4)).all()
    # Where frames say nothing beyond the prior, nothing is widened beyond it.
    blunt = joint_of(lambda count: 1 + rng.normal(0, 0.15, count), 0.05, prior.copy())
    np.testing.assert_allclose(widened_shared_sigma(blunt), prior)
