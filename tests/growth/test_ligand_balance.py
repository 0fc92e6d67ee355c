"""Ligand balance and titration curves against science.md 2.4 and 4.1 and the paper's Fig. 3."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit

from cinedot.core import InputError
from cinedot.growth import (
    AdaptiveRoute,
    Colours,
    TemplateBalance,
    TemplateRoute,
    ammonium_per_pb,
    expected_light,
    share_in_dots,
    size_for,
    titration_curve,
)
from cinedot.particle import Cuboid, compound_named, host_named, planned_composition
from cinedot.recipe import recipe_from_text, shipped_recipe, solve_recipe
from cinedot.spectroscopy.confinement import laws_of, predict, semiconductor_of


@pytest.mark.parametrize(
    ("n", "expected"), [(4.0, 0.844), (5.0, 0.675), (6.0, 0.563), (17.9, 0.189)]
)
def test_ammonium_per_pb_is_3_375_over_n(n, expected):
    assert ammonium_per_pb(np.array([n]))[0] == pytest.approx(expected, abs=6e-4)


def test_it_is_the_ammonium_that_the_built_dot_holds():
    plan = planned_composition(Cuboid.cube(4, host_named("CsPbBr3")), compound_named("mla-cs"))
    found = ammonium_per_pb(np.array([4.0]))[0]
    assert found == pytest.approx(plan.ammonium / plan.metals, rel=1e-12)


@pytest.mark.parametrize(
    ("x", "n"), [(0.25, 13.5), (0.5, 6.75), (0.5625, 6.0), (0.675, 5.0), (0.84375, 4.0), (2.0, 4.0)]
)
def test_the_adaptive_route_takes_the_size_that_is_covered(x, n):
    assert size_for(np.array([x]))[0] == pytest.approx(n, rel=1e-12)


@pytest.mark.parametrize(
    ("x", "share", "digits"),
    [
        (0.25, 0.02, 2),
        (0.3, 0.08, 2),
        (0.4, 0.22, 2),
        (0.5, 0.36, 2),
        (0.6, 0.51, 2),
        (0.75, 0.72, 2),
        (1.0, 0.996, 3),
    ],
)
def test_the_share_in_dots_of_science_4_1(x, share, digits):
    # Half of the last digit that science.md prints.
    found = share_in_dots(np.array([x]), TemplateBalance())[0]
    assert found == pytest.approx(share, abs=0.51 * 10**-digits)


@settings(max_examples=20)
@given(x=st.floats(0.0, 5.0), k=st.floats(0.01, 1.0), h=st.floats(1.0, 30.0))
def test_what_is_bound_and_what_is_free_is_what_was_added(x, k, h):
    balance = TemplateBalance(half_free=k, steepness=h)
    f = share_in_dots(np.array([x]), balance)[0]
    assert 0 <= f <= 1
    more = share_in_dots(np.array([x + 0.1]), balance)[0]
    assert more >= f - 1e-12

    def left_over(y):
        share = 0.0 if y <= 0 else float(expit(h * np.log(y / k)))
        bound = balance.coverage * (share / balance.n + (1 - share) / balance.green_n)
        return y + bound - x

    if left_over(0.0) < 0:
        free = brentq(left_over, 0.0, x, xtol=1e-14)
        # The share's slope against free ammonium is at most h/4k.
        assert f == pytest.approx(expit(h * np.log(free / k)), abs=1e-12 * (1 + h / k))
    else:
        # Nothing is free; halving stops at 1e-18 of x.
        assert f < 1e-12


def test_half_is_reached_at_the_closed_form():
    balance = TemplateBalance(half_free=0.13, steepness=5.0)
    f = share_in_dots(np.array([balance.half_equivalents]), balance)[0]
    assert f == pytest.approx(0.5, abs=1e-12)


def test_colours_between_the_two_follow_the_calibrated_box():
    # The exponent's claim: within 1.5 nm at n = 5 and 6 of the box fitted to n = 4 at 453 nm.
    semiconductor = semiconductor_of("MAPbBr3")
    (box,) = (one for one in laws_of(semiconductor) if one.key == "well-calibrated")
    for n in (5, 6):
        a = box.semiconductor.lattice_nm
        edges = (n * a, n * a, n * a)
        expected = float(predict(box, edges).wavelength.value)
        assert Colours().peak_nm(np.array([float(n)]))[0] == pytest.approx(expected, abs=1.5)
        assert expected < 500  # R51


def test_malic_acid_turns_all_or_none_as_in_fig_3():
    x = np.array([0.1, 0.25, 0.4, 0.5, 0.75, 1.0, 2.0, 3.0])
    curve = titration_curve(x, TemplateRoute())
    at = dict(zip(x.tolist(), range(len(x)), strict=True))
    assert curve.peak_nm[at[0.25]] > 500  # R48
    assert curve.peak_nm[at[0.5]] < 470
    assert [round(one) for one in curve.maxima_nm[at[0.4]]] == [453, 517]  # R47
    assert [round(one) for one in curve.maxima_nm[at[1.0]]] == [453]
    assert curve.between.max() < 0.05  # no light of QD5, QD6
    assert curve.quantum_yield[x >= 1.0].min() > 0.95  # R43
    assert curve.fwhm_nm[x >= 0.75].max() < 16  # R49


def test_oleic_acid_turns_gradually_as_in_fig_3():
    x = np.arange(1, 16) / 10
    curve = titration_curve(x, AdaptiveRoute())
    steps = np.diff(curve.peak_nm)
    assert steps.min() > -25  # a 0.1 equiv
    assert steps.max() < 1e-6  # monotone
    assert curve.between.max() > 0.2
    widths = curve.fwhm_nm
    assert widths.max() > widths[0] + 5  # first up
    assert widths[-1] < 16  # then below 16 nm: R50
    assert 0.6 <= x[int(np.argmax(curve.quantum_yield))] <= 0.9
    assert curve.quantum_yield[-1] < curve.quantum_yield.max()
    assert curve.quantum_yield.max() < 0.24


@settings(max_examples=15)
@given(x=st.floats(0.01, 4.0), template=st.booleans())
def test_the_spectrum_holds_the_yield(x, template):
    """The area of the spectrum is the quantum yield: nothing is lost in the bands."""
    curve = titration_curve(np.array([x]), TemplateRoute() if template else AdaptiveRoute())
    step = curve.wavelength_nm[1] - curve.wavelength_nm[0]
    # The grid ends two widths, 4.7 sigmas, from the outermost centre.
    assert curve.spectra.sum() * step == pytest.approx(curve.quantum_yield[0], rel=1e-4)


def test_negative_ammonium_is_refused():
    with pytest.raises(InputError, match="must be 0 or more"):
        titration_curve(np.array([-0.1]), TemplateRoute())
    with pytest.raises(InputError, match="above 0"):
        TemplateBalance(half_free=0.0)


def test_the_light_of_the_paper_s_recipes():
    one, two, three = (
        expected_light(solve_recipe(shipped_recipe(name)))
        for name in ("mla-ma-qd4", "mla-cs-qd4", "oa-ma-qd4")
    )
    assert [round(float(each.peak.value)) for each in (one, two, three)] == [453, 463, 454]
    assert float(one.quantum_yield.value) > 0.95
    # R106: of 2.23 amines per Pb the acid's protons reach 2 x 0.985.
    assert two.ammonium == pytest.approx(1.971, abs=0.001)
    assert (one.route, three.route, three.share) == ("template", "adaptive", None)


def test_light_that_nobody_can_foretell_is_not_foretold():
    lead = '{ name = "PbBr2", mass = "29.4 mg" }'
    oil = '{ name = "OAM", equivalents = 1 }'
    for lines, why in (
        (f'{lead}, {{ name = "MABr", equivalents = 1 }}, {oil}', "other acids"),
        (f'{lead}, {{ name = "FABr", equivalents = 1 }}, {oil}', "this host"),
        (lead, "without an amine"),
    ):
        recipe = recipe_from_text(f"[mixture.m]\nreagents = [{lines}]", file="r.toml")
        assert why in expected_light(solve_recipe(recipe))
