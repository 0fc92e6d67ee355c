"""Carbon atoms: hard cores by two ways, graphene by its bonds, tubes and horns by their shapes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.spatial import KDTree
from scipy.stats import gamma

from cinedot.core import InputError
from cinedot.microscope.carbon import (
    NEIGHBOUR_NM,
    graphene_nm,
    hard_core_structure_factor,
    nanohorn_nm,
    nanotube_nm,
    packing,
    random_carbon_nm,
)
from cinedot.microscope.regions import LeftOf
from cinedot.microscope.walls import Graphene, Nanohorns, Nanotube

# One limit in ten million on either side: the few of a test make less than one in a million.
RARE = np.array([5e-8, 1 - 5e-8])


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


@given(eta=st.floats(0.01, 0.3), x=st.floats(0.2, 40.0))
@settings(max_examples=40, deadline=None)
def test_the_structure_factor_is_the_transform_of_percus_and_yevick_s_correlation(eta, x):
    """1 / (1 - density c(k)), c integrated by quadrature from its cubic inside the core."""
    density = 6 * eta / math.pi
    alpha = (1 + 2 * eta) ** 2 / (1 - eta) ** 4
    beta = -6 * eta * (1 + eta / 2) ** 2 / (1 - eta) ** 4
    gamma = eta * alpha / 2

    def inside(r):
        return -(alpha + beta * r + gamma * r**3) * r * math.sin(x * r)

    c = 4 * math.pi / x * quad(inside, 0, 1, epsabs=1e-12, limit=200)[0]
    found = hard_core_structure_factor(
        np.array([x / (2 * math.pi)]), density_per_nm3=density, diameter_nm=1.0
    )
    assert found[0] == pytest.approx(1 / (1 - density * c), rel=1e-6)


@given(eta=st.floats(0.01, 0.3))
def test_the_structure_factor_begins_with_the_compressibility(eta):
    found = hard_core_structure_factor(
        np.zeros(1), density_per_nm3=6 * eta / math.pi, diameter_nm=1.0
    )
    # The closed form is taken at x = 0.1, where S has moved by x^2 / 10 or so.
    assert found[0] == pytest.approx((1 - eta) ** 4 / (1 + 2 * eta) ** 2, rel=5e-3)


def test_random_carbon_keeps_its_density_its_distance_and_the_law_of_hard_cores():
    box, density, core = (5.0, 5.0, 5.0), 100.0, 0.14
    rng, waves = fresh(), np.arange(1, 41)
    power = np.zeros((4, 2, len(waves)))
    for number in range(len(power)):
        places = random_carbon_nm(box, density_per_nm3=density, diameter_nm=core, rng=rng)
        assert len(places) == 12_500
        near = KDTree(places, boxsize=(5.0, 5.0, 0.0)).query(places, k=2)[0][:, 1]
        assert near.min() >= core
        for axis in range(2):
            amplitude = np.exp(-2j * np.pi / 5.0 * places[:, axis : axis + 1] * waves).sum(axis=0)
            power[number, axis] = np.abs(amplitude) ** 2 / len(places)
    law = hard_core_structure_factor(waves / 5.0, density_per_nm3=density, diameter_nm=core)
    for part in np.split(np.arange(len(waves)), 4):
        ratio = (power[:, :, part] / law[part]).mean()
        # Each mode is exponential, so their mean is gamma distributed; random addition is not
        # equilibrium: 10 % at a packing of 0.14.
        low, high = gamma.ppf(RARE, 8 * len(part)) / (8 * len(part))
        assert 0.9 * low < ratio < 1.1 * high
    # Independent atoms have 1, with which the mean of 80 would be below this once in 2e4.
    assert power[:, :, :10].mean() < 1.1 * gamma.isf(RARE[0], 80) / 80 * law[:10].mean()


def test_cores_too_large_are_refused_and_none_are_independent():
    assert packing(100.0, 0.14) == pytest.approx(0.144, abs=5e-4)
    with pytest.raises(InputError, match="fill at most"):
        random_carbon_nm((2.0, 2.0, 2.0), density_per_nm3=100.0, diameter_nm=0.2, rng=fresh())
    free = random_carbon_nm((4.0, 4.0, 4.0), density_per_nm3=100.0, diameter_nm=0.0, rng=fresh())
    assert len(free) == 6400
    assert KDTree(free).query(free, k=2)[0][:, 1].min() < 0.05


def bonds(places, reach=1.15 * NEIGHBOUR_NM):
    """Number of neighbours of every atom, and the least distance."""
    tree = KDTree(places)
    return (
        np.array([len(near) - 1 for near in tree.query_ball_point(places, reach)]),
        tree.query(places, k=2)[0][:, 1],
    )


def test_graphene_has_three_bonds_an_atom_and_a_hexagon_at_its_centre():
    sheet = graphene_nm(4.0, 4.0)
    count, near = bonds(sheet)
    inner = (np.abs(sheet) < 1.8).all(axis=1)
    assert (count[inner] == 3).all()
    np.testing.assert_allclose(near[inner], NEIGHBOUR_NM, rtol=1e-9)
    ring = np.sort(np.hypot(*sheet.T))[:7]
    np.testing.assert_allclose(ring[:6], NEIGHBOUR_NM, rtol=1e-9)
    assert ring[6] == pytest.approx(2 * NEIGHBOUR_NM)


@pytest.mark.parametrize("diameter_nm", [0.8, 1.4, 3.0])
def test_a_tube_is_a_closed_sheet(diameter_nm):
    tube = nanotube_nm(diameter_nm, 4.0)
    radius = np.hypot(tube[:, 1], tube[:, 2])
    np.testing.assert_allclose(radius, radius[0], rtol=1e-12)
    assert 2 * radius[0] == pytest.approx(diameter_nm, abs=0.04)
    count, near = bonds(tube)
    inner = np.abs(tube[:, 0]) < 1.7
    assert (count[inner] == 3).all()
    # Chords are shorter than arcs: (bond / radius)^2 / 24 of a bond across the axis.
    np.testing.assert_allclose(near[inner], NEIGHBOUR_NM, rtol=0.01)
    per_nm2 = inner.sum() / (3.4 * 2 * np.pi * radius[0])
    assert per_nm2 == pytest.approx(38.2, rel=0.08)  # whole rings in 3.4 nm


def test_a_horn_is_a_closed_cone_of_nineteen_degrees_with_a_tube_behind():
    horn = nanohorn_nm(2.0, 10.0)
    radius = np.hypot(horn[:, 1], horn[:, 2])
    cone = horn[:, 0] > -1.0 * math.sqrt(35) + 0.02
    slope = radius[cone] / -horn[cone, 0]
    np.testing.assert_allclose(slope, math.tan(math.asin(1 / 6)), rtol=1e-9)
    count, near = bonds(horn)
    flank = cone & (horn[:, 0] < -1.2) & (horn[:, 0] > -1.0 * math.sqrt(35) + 0.3)
    assert (count[flank] == 3).all()  # no seam
    assert near[flank].min() > 0.97 * NEIGHBOUR_NM
    assert radius.max() == pytest.approx(1.0, abs=0.03)
    assert horn[:, 0].min() == pytest.approx(-10.0, abs=0.25)


@pytest.mark.parametrize(
    "wall",
    [
        Graphene(layers=3),
        Nanotube(diameter_nm=3.0, walls=3, azimuth_deg=30.0),
        Nanohorns(),  # 40 horns share the circle evenly: seven point into the field at least
    ],
)
def test_walls_reach_through_the_field_and_stay_within_their_depth(wall):
    places = wall.places_nm((6.0, 8.0), 0.5, fresh())
    assert len(places) > 500
    assert places.min() > -0.5
    assert places[:, 0].max() < 8.5
    assert places[:, 1].max() < 6.5
    assert places[:, 2].min() >= 0
    assert places[:, 2].max() <= wall.depth_nm
    inner = ((places[:, :2] > 0) & (places[:, :2] < (8.0, 6.0))).all(axis=1)  # neighbours kept
    assert KDTree(places).query(places[inner], k=2)[0][:, 1].max() < 0.3


def test_sheets_have_graphene_s_density_where_they_are():
    places = Graphene(layers=2, covers=LeftOf(edge=0.5)).places_nm((40.0, 40.0), 0.0, fresh())
    assert places[:, 0].max() < 20.0
    # Whatever way a sheet is cut, its border of 120 nm gains or loses at most a cell's breadth.
    assert len(places) / 2 / 800.0 == pytest.approx(38.2, rel=120 * 0.246 / 800)
    assert sorted(set(places[:, 2].round(4))) == [0.1675, 0.5025]


def test_a_tube_lies_along_its_azimuth():
    places = Nanotube(diameter_nm=1.0, azimuth_deg=90.0, across=0.25).places_nm(
        (6.0, 8.0), 0.0, fresh()
    )
    assert places[:, 0].mean() == pytest.approx(2.0, abs=0.05)
    assert np.ptp(places[:, 0]) == pytest.approx(1.0, abs=0.06)
    assert np.ptp(places[:, 1]) == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Graphene(layers=0), "layers"),
        (lambda: Nanotube(diameter_nm=1.0, walls=3), "innermost of 3"),
        (lambda: Nanotube(diameter_nm=float("nan")), "diameter_nm"),
        (lambda: Nanohorns(thickness_nm=1.0), "hold a horn"),
        (lambda: nanotube_nm(0.1, 2.0), "diameter_nm"),
    ],
)
def test_bad_walls_are_refused(make, named):
    with pytest.raises(InputError, match=named):
        make()
