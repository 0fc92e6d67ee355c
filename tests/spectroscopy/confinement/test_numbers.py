"""Every computed number of science.md 3, and 6 where it speaks of size, to its last digit."""

import doctest
from pathlib import Path

import pytest

from cinedot.core import Estimate
from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.confinement import (
    Brus,
    CalibratedWell,
    EdgeAsRadius,
    EqualVolume,
    FiniteWalls,
    HalfEdge,
    InfiniteWalls,
    KnownSize,
    NonParabolic,
    Parabolic,
    SizingCurve,
    Well,
    edge_from_wavelength,
    laws_of,
    semiconductor_of,
    sources,
)
from cinedot.spectroscopy.confinement.shapes import cube_edges

MA, FA, CS = (semiconductor_of(name) for name in ("MAPbBr3", "FAPbBr3", "CsPbBr3"))
WARM_MA, WARM_CS = MA.at_room_temperature(), CS.at_room_temperature()
# Half of the last printed digit, and what 3.048 and rounded constants make of it.
LAST = 0.06


def box(dispersion, layers):
    return Well(walls=InfiniteWalls(), dispersion=dispersion, added_layers=layers)


COLUMNS = {
    "edge": Brus(radius=EdgeAsRadius()),
    "half-edge": Brus(radius=HalfEdge()),
    "equal-volume": Brus(radius=EqualVolume()),
    "cube": box(Parabolic(), 0),
    "cube (n+1)a": box(Parabolic(), 1),
    "nonparabolic": box(NonParabolic(), 0),
    "nonparabolic (n+1)a": box(NonParabolic(), 1),
}
TABLE = {
    2: (289.2, 114.2, 159.7, 143.3, 247.5, 222.9, 305.8),
    3: (398.1, 207.7, 268.4, 247.5, 329.8, 305.8, 367.5),
    4: (456.0, 289.2, 349.9, 329.8, 388.5, 367.5, 412.0),
    5: (487.8, 351.9, 405.8, 388.5, 429.1, 412.0, 444.0),
    6: (506.2, 398.1, 443.4, 429.1, 457.4, 444.0, 467.0),
    8: (524.8, 456.0, 486.9, 477.4, 491.8, 483.7, 496.1),
    10: (533.1, 487.8, 508.9, 502.5, 510.5, 505.5, 512.6),
    18: (541.9, 529.7, 535.9, 534.0, 535.3, 534.3, 535.6),
    20: (542.4, 533.1, 537.9, 536.4, 537.4, 536.7, 537.6),
}


def wavelength(law, edge_nm, semiconductor):
    return HC_EV_NM / law.energy_ev(cube_edges(edge_nm), semiconductor)


@pytest.mark.parametrize(
    ("n", "column", "stated"),
    [(n, name, nm) for n, row in TABLE.items() for name, nm in zip(COLUMNS, row, strict=True)],
)
def test_the_table(n, column, stated):
    assert wavelength(COLUMNS[column], n * 0.593, MA) == pytest.approx(stated, abs=LAST)


@pytest.mark.parametrize(
    ("material", "stated"),
    [
        (FA, {4: 463.5, 5: 496.8, 6: 516.4}),
        (CS, {3: 399.4, 4: 453.6, 5: 482.7, 6: 499.4, 18: 530.9}),
        (WARM_MA, {5: 478.7, 6: 496.4, 18: 530.7}),
    ],
    ids=["FAPbBr3", "CsPbBr3", "MAPbBr3 at 2.34 eV"],
)
def test_other_hosts_and_gaps_by_the_edge_as_radius(material, stated):
    for n, nm in stated.items():
        found = wavelength(COLUMNS["edge"], n * material.lattice_nm, material)
        assert found == pytest.approx(nm, abs=LAST)


def test_green_by_half_the_edge_at_room_temperature():
    assert wavelength(COLUMNS["half-edge"], 18 * 0.593, WARM_MA) == pytest.approx(519.1, abs=LAST)


@pytest.mark.parametrize(("edge_nm", "stated"), [(3.8, 452.8), (5.0, 485), (2.35, 369)])
def test_literature_sizing_of_caesium(edge_nm, stated):
    digits = LAST if isinstance(stated, float) else 0.5
    assert wavelength(COLUMNS["nonparabolic"], edge_nm, CS) == pytest.approx(stated, abs=digits)


def inverse(key, nm, semiconductor):
    named = next(one for one in laws_of(semiconductor) if one.key == key)
    seen = Estimate(value=nm, sigma=None, unit="nm", method="stated")
    return float(edge_from_wavelength(named, seen, shape="cube").value)


def test_literature_sizing_puts_the_papers_colours_at_3_8_to_4_1_nm_and_n_near_6_5():
    small, large = (inverse("box-nonparabolic", nm, CS) for nm in (453, 463))
    assert (round(small, 1), round(large, 1)) == (3.8, 4.1)
    assert small / CS.lattice_nm == pytest.approx(6.5, abs=0.05)


@pytest.mark.parametrize(("nm", "radius_nm"), [(453, 2.330), (463, 2.476)])
def test_inverse_of_the_edge_as_radius(nm, radius_nm):
    assert inverse("brus-edge", nm, MA) == pytest.approx(radius_nm, abs=5e-4)
    if nm == 453:
        assert inverse("brus-edge", nm, MA) / MA.lattice_nm == pytest.approx(3.93, abs=5e-3)


@pytest.mark.parametrize(
    ("nm", "edge_nm", "digits"), [(453, 3.60, 2), (463, 3.94, 2), (480, 4.75, 2), (517, 12.1, 1)]
)
def test_the_curve_through_published_sizes(nm, edge_nm, digits):
    assert round(inverse("curve", nm, CS), digits) == edge_nm


def test_the_curve_s_constants_and_its_colour_of_a_small_dot():
    small, large = sources()["protesescu-2015"].sizes
    law = SizingCurve(small=small, large=large)
    amplitude, power = law.constants(WARM_CS)
    assert (round(amplitude, 3), round(power, 3)) == (4.232, 1.889)
    assert wavelength(law, 2.35, WARM_CS) == pytest.approx(387, abs=0.5)


def fitted(material, nm):
    size = KnownSize.of_cube(material.host, 4, wavelength_nm=nm, sigma_nm=1.0)
    return CalibratedWell(size=size)


@pytest.mark.parametrize(
    ("material", "nm", "barrier_ev"),
    [(WARM_MA, 453.0, 1.053), (WARM_CS, 463.0, 0.789), (WARM_CS, 453.0, 1.039)],
)
def test_the_walls_that_the_papers_sizes_ask_for(material, nm, barrier_ev):
    assert fitted(material, nm).barrier_ev(material) == pytest.approx(barrier_ev, abs=6e-4)


def test_the_fitted_walls_then_give_473_and_487():
    law = fitted(WARM_MA, 453.0)
    found = [wavelength(law, n * 0.593, WARM_MA) for n in (4, 5, 6)]
    assert [round(nm) for nm in found] == [453, 473, 487]
    assert max(found) < 500  # R51: QD5 and QD6 emit below 500 nm


def test_walls_of_one_ev():
    law = Well(walls=FiniteWalls(barrier_ev=1.0), dispersion=Parabolic(), added_layers=0)
    stated = {3: 425.5, 4: 454.9, 5: 474.5, 6: 488.1, 8: 505.0, 18: 527.9}
    for n, nm in stated.items():
        assert wavelength(law, n * 0.593, WARM_MA) == pytest.approx(nm, abs=LAST)


def test_energy_falls_by_a_quarter_ev_per_nm_at_four_pb():
    law, edge, step = fitted(WARM_MA, 453.0), 4 * 0.593, 1e-4
    low, high = (law.energy_ev(cube_edges(edge + k * step), WARM_MA) for k in (-1, 1))
    slope = (high - low) / (2 * step)
    assert slope == pytest.approx(-0.248, abs=5e-4)
    assert 0.090 / -slope == pytest.approx(0.36, abs=5e-3)


@pytest.mark.parametrize(
    ("material", "radius_nm", "rydberg_mev"),
    [(MA, 3.39, 28.3), (FA, 3.87, 22.07), (CS, 3.07, 32.2)],
)
def test_bulk_excitons(material, radius_nm, rydberg_mev):
    assert round(material.bohr_nm, 2) == radius_nm
    digits = 2 if rydberg_mev == 22.07 else 1
    assert round(1000 * material.rydberg_ev, digits) == rydberg_mev
    assert 5 < 248 * material.rydberg_ev < 8.5  # "about 6-7 meV"


def test_the_quoted_binding_energy_asks_for_another_permittivity():
    permittivity = (13605.693 * MA.reduced_mass / 25) ** 0.5
    assert round(permittivity, 2) == 7.98


@pytest.mark.parametrize("page", ["predict.md", "colour.md"])
def test_the_pages_examples_run(page):
    path = Path(__file__).parents[3] / "docs" / page
    result = doctest.testfile(str(path), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0
