"""Crystal shapes: the numbers of science.md 4.5, WulffPack, and the least of surface energies."""

import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.growth import (
    Cube,
    Supersaturation,
    critical_nucleus,
    cut_crystal,
    elongated_dodecahedron,
    family,
    grown_shape,
    surface_energy,
    view_axes,
    wulff_nucleus,
    wulff_shape,
)

CUBE, RHOMBIC, OCTAHEDRAL = (1, 0, 0), (1, 1, 0), (1, 1, 1)
ratios = st.floats(0.3, 3.0)


def by_ratio(ratio):
    return wulff_shape({CUBE: 1.0, RHOMBIC: ratio})


@pytest.mark.parametrize(
    ("ratio", "share"),
    [
        (0.8, 0.0387),
        (0.9, 0.1373),
        (1.0, 0.2698),
        (1.1, 0.4242),
        (1.2, 0.5947),
        (1.3, 0.7779),
        (1.4, 0.9717),
    ],
)
def test_shares_of_the_science_note(ratio, share):
    shape = by_ratio(ratio)
    assert round(shape.area_fraction(CUBE), 4) == share
    assert shape.area_fraction(CUBE) + shape.area_fraction(RHOMBIC) == pytest.approx(1, abs=1e-12)
    assert len(shape.vertices) == 32
    assert len(shape.faces) == 18


def test_ends_of_the_range():
    """science.md 4.5: 14, 32, 8 vertices; volumes 2 at 1/sqrt(2) and 8 at sqrt(2)."""
    low, high = 1 / math.sqrt(2), math.sqrt(2)
    for ratio in (0.5, low):
        assert len(by_ratio(ratio).vertices) == 14
        assert by_ratio(ratio).area_fraction(CUBE) == 0.0
    for ratio in (high, 2.0):
        assert len(by_ratio(ratio).vertices) == 8
        assert by_ratio(ratio).area_fraction(CUBE) == 1.0
    # Rounding alone.
    assert by_ratio(low).volume_nm3 == pytest.approx(2.0, abs=1e-12)
    assert by_ratio(high).volume_nm3 == pytest.approx(8.0, abs=1e-12)
    assert len(by_ratio(low * 1.001).vertices) == len(by_ratio(high * 0.999).vertices) == 32


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # spglib's, of its own error handling
@given(first=ratios, second=ratios, third=ratios)
@settings(max_examples=15, phases=[Phase.generate])
def test_wulffpack_agrees(first, second, third):
    from ase.build import bulk
    from wulffpack import SingleCrystal

    energies = {CUBE: first, RHOMBIC: second, OCTAHEDRAL: third}
    shape = wulff_shape(energies)
    other = SingleCrystal(energies, primitive_structure=bulk("Po", "sc", a=1.0))
    size = (other.volume / shape.volume_nm3) ** (1 / 3)
    # WulffPack drops corners that lie within 1e-4 of each other.
    shares = other.facet_fractions
    for planes in energies:
        assert shape.area_fraction(planes) == pytest.approx(shares.get(planes, 0.0), abs=2e-4)
    assert shape.scaled(size).area_nm2 == pytest.approx(other.area, rel=1e-4)


@given(
    energies=st.tuples(ratios, ratios, ratios),
    away=st.lists(st.floats(-0.2, 0.2), min_size=26, max_size=26),
)
@settings(max_examples=40)
def test_no_other_shape_of_its_volume_costs_less(energies, away):
    """Wulff's theorem."""
    cost = dict(zip((CUBE, RHOMBIC, OCTAHEDRAL), energies, strict=True))
    best = wulff_shape(cost)
    planes = [(plane, cost[name]) for name in cost for plane in family(name)]
    other = cut_crystal(
        {plane: one * (1 + off) for (plane, one), off in zip(planes, away, strict=True)}
    )
    other = other.scaled((best.volume_nm3 / other.volume_nm3) ** (1 / 3))
    assert other.volume_nm3 == pytest.approx(best.volume_nm3, rel=1e-9)
    assert surface_energy(other, cost) >= surface_energy(best, cost) * (1 - 1e-9)


@given(first=ratios, second=ratios, third=ratios)
def test_a_shape_is_closed_and_convex(first, second, third):
    shape = wulff_shape({CUBE: first, RHOMBIC: second, OCTAHEDRAL: third})
    # Euler, with each edge in two faces; and the faces' vectors of area cancel.
    edges = sum(len(face.corners) for face in shape.faces) / 2
    assert len(shape.vertices) - edges + len(shape.faces) == 2
    areas = sum(face.area_nm2 * face.normal for face in shape.faces)
    assert areas == pytest.approx(np.zeros(3), abs=1e-9 * shape.area_nm2)
    for face in shape.faces:
        assert (shape.vertices @ face.normal <= face.distance * (1 + 1e-9)).all()
    # The surface's derivative is the bulk's: a Wulff shape's energy is three times its volume.
    energies = {CUBE: first, RHOMBIC: second, OCTAHEDRAL: third}
    assert surface_energy(shape, energies) == pytest.approx(3 * shape.volume_nm3, rel=1e-9)


def test_qhull_s_own_volume_agrees():
    from scipy.spatial import ConvexHull

    for ratio in (0.6, 0.8, 1.1, 1.39, 1.6):
        shape = by_ratio(ratio)
        hull = ConvexHull(shape.vertices)
        assert shape.volume_nm3 == pytest.approx(hull.volume, rel=1e-9)
        assert shape.area_nm2 == pytest.approx(hull.area, rel=1e-9)


@given(ratio=st.floats(1.5, 3), energy=st.floats(0.005, 0.1))
def test_the_faceted_nucleus_of_a_cube_is_the_cube_s(ratio, energy):
    drive = Supersaturation(log_ratio=4.0, unit_volume_nm3=0.2085)
    faceted = wulff_nucleus(drive, {CUBE: energy, RHOMBIC: ratio * energy})
    cube = critical_nucleus(drive, surface_energy_j_per_m2=energy, shape=Cube())
    for name in ("size_nm", "barrier_kt", "formula_units"):
        assert getattr(faceted, name) == pytest.approx(getattr(cube, name), rel=1e-9)


def test_facets_never_cost_a_nucleus_more():
    drive = Supersaturation(log_ratio=4.0, unit_volume_nm3=0.2085)
    cube = wulff_nucleus(drive, {CUBE: 0.02})
    barriers = [
        wulff_nucleus(drive, {CUBE: 0.02, RHOMBIC: 0.02 * ratio}).barrier_kt
        for ratio in (1.4, 1.2, 1.0, 0.8)
    ]
    assert sorted([cube.barrier_kt, *barriers], reverse=True) == [cube.barrier_kt, *barriers]


@given(width=st.floats(50, 5000), stretch=st.floats(1.001, 5))
def test_elongated_dodecahedra_in_closed_form(width, stretch):
    length = math.sqrt(2) * width * stretch
    shape = elongated_dodecahedron(width_nm=width, length_nm=length)
    sides = sorted(len(face.corners) for face in shape.faces)
    assert sides == [4] * 8 + [6] * 4
    assert shape.area_fraction(RHOMBIC) == pytest.approx(1.0)
    # A rhombic dodecahedron, 4 sqrt(2) (width/2)^3, with a square prism put in between.
    prism = width**2 * (length - math.sqrt(2) * width)
    body = width**3 / math.sqrt(2)
    assert shape.volume_nm3 == pytest.approx(body + prism, rel=1e-9)
    # Lying on a hexagon it shows one: tips of 109.47 degrees, 1/(2 sqrt 2) of the width high.
    outline = shape.silhouette((1, 1, 0))
    assert len(outline) == 6
    assert np.ptp(outline[:, 0]) == pytest.approx(width, rel=1e-9)
    assert np.ptp(outline[:, 1]) == pytest.approx(length, rel=1e-9)
    shoulder = np.sort(outline[:, 1])[-2]
    assert length / 2 - shoulder == pytest.approx(width / (2 * math.sqrt(2)), rel=1e-9)


def test_no_equilibrium_shape_is_elongated():
    """Of its volume the rhombic dodecahedron costs less, {110} being all that either shows."""
    long = elongated_dodecahedron(width_nm=1.0, length_nm=2.5)
    round_one = wulff_shape({RHOMBIC: 1.0})
    round_one = round_one.scaled((long.volume_nm3 / round_one.volume_nm3) ** (1 / 3))
    assert surface_energy(long, {RHOMBIC: 1.0}) > 1.03 * surface_energy(round_one, {RHOMBIC: 1.0})


def test_rates_along_one_axis_elongate_and_slow_faces_remain():
    seed = dict.fromkeys(family(RHOMBIC), 10.0)
    rates = {plane: 2.0 if plane[2] else 1.0 for plane in family(RHOMBIC)}
    grown = grown_shape(seed, rates, time_s=90.0)
    wanted = elongated_dodecahedron(width_nm=200.0, length_nm=2 * math.sqrt(2) * 190.0)
    assert grown.volume_nm3 == pytest.approx(wanted.volume_nm3, rel=1e-9)
    both = {**seed, **dict.fromkeys(family(CUBE), 13.0)}
    fast = {plane: 0.1 if plane in family(CUBE) else 1.0 for plane in both}
    assert grown_shape(both, fast, time_s=0.0).area_fraction(CUBE) < 0.1
    assert grown_shape(both, fast, time_s=100.0).area_fraction(CUBE) == 1.0


@given(st.tuples(*[st.integers(-3, 3)] * 3).filter(any))
def test_a_view_is_right_handed(view):
    axes = view_axes(view)
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: wulff_shape({CUBE: 0.0}), "above 0"),
        (lambda: wulff_shape({}), "close"),
        (lambda: wulff_shape({CUBE: 1.0}, nm_per_unit=-1.0), "nm_per_unit"),
        (lambda: cut_crystal(dict.fromkeys(family(CUBE)[:5], 1.0)), "close"),
        (lambda: cut_crystal({(0, 0, 0): 1.0}), "0, 0, 0"),
        (lambda: elongated_dodecahedron(width_nm=2.0, length_nm=2.5), "length_nm"),
        (lambda: grown_shape({}, {(1, 0, 0): 1.0}, time_s=1.0), "seed"),
        (lambda: grown_shape({(1, 0, 0): 1.0}, {}, time_s=-1.0), "time_s"),
        (lambda: surface_energy(by_ratio(1.0), {CUBE: 1.0}), "energy"),
        (lambda: by_ratio(1.0).scaled(0.0), "factor"),
    ],
)
def test_bad_shapes_are_refused_by_name(call, words):
    with pytest.raises(InputError, match=words):
        call()
