"""Ensembles from EDX counts: charges, rules, and the distribution that the lattice leaves."""

import secrets
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cinedot.core import Estimate, InputError
from cinedot.particle import (
    Cuboid,
    HeadGroups,
    build,
    composition,
    compound_named,
    draw_compositions,
    host_named,
    lattice_sites,
)

QD4 = Cuboid.cube(4, host_named("CsPbBr3"))
MLA_CS = compound_named("mla-cs")


def _count(value, sigma=None):
    return Estimate(value=float(value), sigma=sigma, unit="", method="EDX")


EDX = {"Cs": _count(58), "Br": _count(237, 6.0), "MLA": _count(9.6, 2.0)}


def _feasible_law(cs, br, br_sigma, mla, mla_sigma):
    """Odds of every (Br, MLA) that 4 x 4 x 4 can hold, by enumeration of rounded normals."""
    halides, acids = np.arange(144, 241), np.arange(0, 33)

    def odds(values, mean, sigma):
        law = stats.norm(mean, sigma)
        return law.cdf(values + 0.5) - law.cdf(values - 0.5)

    joint = np.outer(odds(halides, br, br_sigma), odds(acids, mla, mla_sigma))
    n_br, n_acid = np.meshgrid(halides, acids, indexing="ij")
    ammonium = n_br + n_acid - 128 - cs
    # An acid for which no halide made room, or no corner metal has a place, takes an A corner.
    loose = n_acid - np.minimum(np.minimum(n_acid, 240 - n_br), 24)
    room = 125 - cs - loose
    fits = (ammonium >= 0) & (ammonium <= room) & (loose <= 8)
    return halides, acids, np.where(fits, joint, 0.0)


def test_counts_follow_the_measured_distributions_where_the_lattice_can():
    seed = secrets.randbits(64)
    print("seed", seed)
    drawn = draw_compositions(QD4, MLA_CS, EDX, 2000, np.random.default_rng(seed))
    halides, acids, law = _feasible_law(58, 237, 6.0, 9.6, 2.0)
    share = law.sum()
    # Tried draws follow a negative binomial; normal limit, one in three million two-sided, as
    # three things are looked at; one in ten million for its skewness.
    spread = np.sqrt((1 - share) / 2000) * share
    assert abs(drawn.feasible - share) < 5.3 * spread
    for values, odds, of in (
        (halides, law.sum(axis=1), lambda one: one.halides),
        (acids, law.sum(axis=0), lambda one: one.acids),
    ):
        found = Counter(of(one) for one in drawn.compositions)
        assert set(found) <= {int(value) for value in values[odds > 0]}
        seen = np.array([found[int(value)] for value in values])
        assert seen.sum() == 2000
        cells = _merged(seen, 2000 * odds / share)
        chi2 = sum((s - e) ** 2 / e for s, e in cells)
        # All draws are in some cell, so one of them follows from the others. Cells of 10 pass
        # chi-square's limit of 1e-5 twice as often as it says (3e6 multinomial draws), and more
        # further out: its 3e-8 leaves each of the two looks less than one in two million.
        assert chi2 < stats.chi2.isf(3e-8, len(cells) - 1)


def _merged(seen, expected):
    """Neighbouring cells joined until each expects 10; what is left over joins the last.

    Pearson's statistic follows chi-square well into its tail only where cells expect enough.
    """
    cells = [(0, 0.0)]
    for s, e in zip(seen.tolist(), expected.tolist(), strict=True):
        before, hoped = cells[-1]
        cells[-1] = (before + s, hoped + e)
        if cells[-1][1] >= 10:
            cells.append((0, 0.0))
    left, rest = cells.pop(), cells.pop()
    return [*cells, (left[0] + rest[0], left[1] + rest[1])]


def test_a_measurement_inside_the_lattice_comes_back_as_it_is():
    seed = secrets.randbits(64)
    print("seed", seed)
    measured = {"Cs": _count(58, 3.0), "Br": _count(220, 4.0), "MLA": _count(10, 1.5)}
    drawn = draw_compositions(QD4, MLA_CS, measured, 1500, np.random.default_rng(seed))
    assert drawn.feasible > 0.99
    for values, mean, sigma in (
        ([one.a_ions for one in drawn.compositions], 58, 3.0),
        ([one.halides for one in drawn.compositions], 220, 4.0),
        ([one.acids for one in drawn.compositions], 10, 1.5),
    ):
        rounded = np.sqrt(sigma**2 + 1 / 12)  # rounding to integers adds its own variance
        # 4.9 standard errors are one in a million; 0.05 sigma more for the share cut away.
        assert abs(np.mean(values) - mean) < (4.9 / np.sqrt(1500) + 0.05) * rounded
        ratio = np.var(values) / rounded**2
        # Below 1 by up to what a cut of 1 % of the tail takes from a variance (8 %).
        low, high = stats.chi2.ppf([5e-7, 1 - 5e-7], 1499) / 1499
        assert low - 0.08 < ratio < high


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([1, 2, 3]))
def test_drawn_dots_are_neutral_and_keep_the_rules(seed, z):
    compound = MLA_CS.with_acid_charge(z)
    measured = {"Br": _count(226, 8.0), "MLA": _count(9.6, 3.0)}
    drawn = draw_compositions(QD4, compound, measured, 3, np.random.default_rng(seed))
    sites = lattice_sites(QD4)
    for plan in drawn.compositions:
        dot = build(QD4, compound, seed, ligands=HeadGroups(), plan=plan)
        assert composition(dot) == plan
        assert plan.charge == 0
        assert dot.get_initial_charges().sum() == pytest.approx(0, abs=1e-9)
        acid = dot.arrays["site"][dot.arrays["ion"] == "malate"]
        at_corner = (sites.metal_kind[acid] == "corner") | (sites.kind[acid] == "corner")
        assert at_corner.all()
        missing = np.setdiff1d(np.flatnonzero(sites.kind == "terminal"), dot.arrays["site"])
        gone_elsewhere = (sites.metal_kind[missing] != "corner").any()
        left_at_corners = (dot.arrays["site_kind"] == "terminal-corner") & (
            dot.arrays["ion"] == "Br"
        )
        assert not (gone_elsewhere and left_at_corners.any())


def test_counts_that_cannot_be_held_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="must fit a dot of mla-cs"):
        draw_compositions(QD4, MLA_CS, {"Br": _count(300, 5.0)}, 1, rng)
    with pytest.raises(InputError, match="must be of Cs, Br, MLA, but is of Pb"):
        draw_compositions(QD4, MLA_CS, {"Pb": _count(64)}, 1, rng)
    with pytest.raises(InputError, match="must not be below 0"):
        draw_compositions(QD4, MLA_CS, {"Br": _count(-3)}, 1, rng)
    with pytest.raises(InputError, match="with acid and ammonium"):
        draw_compositions(QD4, compound_named("prototype"), {}, 1, rng)


def test_counts_far_beyond_the_lattice_are_refused_at_once():
    """The first 4 of 250 blocks of 4096 draws tell; 1e300 is no whole number that NumPy holds."""
    for count in (_count(400, 6.0), _count(1e300, 1e299), _count(300)):
        with pytest.raises(InputError, match="only 0 of 16384 draws"):
            draw_compositions(QD4, MLA_CS, {"Br": count}, 1, np.random.default_rng())


def test_unmeasured_counts_are_the_compounds_own():
    rng = np.random.default_rng(0)
    plan = draw_compositions(QD4, MLA_CS, {}, 1, rng).compositions[0]
    assert plan == replace(plan, terminal=88, acids=8)
    assert (plan.a_ions, plan.ammonium) == (58, 54)
