"""Nucleation: closed forms, the numbers of science.md 4.4, and the barrier as a maximum."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.growth import (
    Cube,
    Sphere,
    Supersaturation,
    barrier_drop_kt,
    critical_nucleus,
    energy_ratio_for,
    nucleation_rate,
    number_ratio,
    work_of_formation_kt,
)

MA_NM3 = 0.593**3
SHAPES = (Sphere(), Cube())
drives = st.builds(
    Supersaturation,
    log_ratio=st.floats(0.1, 10),
    unit_volume_nm3=st.floats(0.05, 0.5),
    temperature_k=st.floats(200, 500),
)
energies = st.floats(0.001, 0.2)


def found(energy, shape):
    drive = Supersaturation(log_ratio=4.0, unit_volume_nm3=MA_NM3)
    return critical_nucleus(drive, surface_energy_j_per_m2=energy, shape=shape)


def test_numbers_of_the_science_note():
    """science.md 4.4, to the last digit that stands there."""
    assert round(MA_NM3, 4) == 0.2085
    soft = found(0.02, Sphere())
    assert (round(soft.size_nm, 3), round(soft.barrier_kt, 2)) == (0.515, 5.49)
    cube = found(0.02, Cube())
    assert (round(cube.size_nm, 3), round(cube.barrier_kt, 2)) == (1.030, 10.49)
    hard = found(0.05, Sphere())
    assert (round(hard.size_nm, 3), round(hard.barrier_kt, 2)) == (1.288, 85.85)
    assert round(cube.barrier_kt / soft.barrier_kt, 3) == 1.910
    assert round(barrier_drop_kt(1e-9), 2) == 20.72
    assert round(1 - energy_ratio_for(1e-9, barrier_kt=40.0), 2) == 0.22


@given(drive=drives, energy=energies)
def test_textbook_forms(drive, energy):
    # Rounding alone: twelve digits.
    kt = 1.380649e-23 * drive.temperature_k
    gain = kt * drive.log_ratio
    volume = drive.unit_volume_nm3 * 1e-27
    ball = critical_nucleus(drive, surface_energy_j_per_m2=energy, shape=Sphere())
    assert ball.size_nm == pytest.approx(2e9 * energy * volume / gain, rel=1e-12)
    barrier = 16 * math.pi * energy**3 * volume**2 / (3 * gain**2) / kt
    assert ball.barrier_kt == pytest.approx(barrier, rel=1e-12)
    cube = critical_nucleus(drive, surface_energy_j_per_m2=energy, shape=Cube())
    assert cube.size_nm == pytest.approx(4e9 * energy * volume / gain, rel=1e-12)
    assert cube.barrier_kt == pytest.approx(32 * energy**3 * volume**2 / gain**2 / kt, rel=1e-12)
    assert cube.barrier_kt / ball.barrier_kt == pytest.approx(6 / math.pi, rel=1e-12)


@given(drive=drives, energy=energies, shape=st.sampled_from(SHAPES))
def test_the_critical_nucleus_is_the_work_s_maximum(drive, energy, shape):
    best = critical_nucleus(drive, surface_energy_j_per_m2=energy, shape=shape)

    def work(size):
        return work_of_formation_kt(size, drive, surface_energy_j_per_m2=energy, shape=shape)

    assert work(best.size_nm) == pytest.approx(best.barrier_kt, rel=1e-10)
    sizes = best.size_nm * np.linspace(0.01, 1.5, 300)
    assert (work(sizes) <= best.barrier_kt * (1 + 1e-10)).all()
    # Half as large again, surface and bulk balance: 9/4 of 3 against 27/8 of 2.
    assert work(1.5 * best.size_nm) == pytest.approx(0, abs=1e-9 * best.barrier_kt)
    # A third of the surface's cost is the barrier, half of the bulk's gain.
    assert best.formula_units * drive.log_ratio == pytest.approx(2 * best.barrier_kt, rel=1e-10)


def test_scipy_finds_the_same_barrier():
    from scipy.optimize import minimize_scalar

    drive = Supersaturation(log_ratio=3.0, unit_volume_nm3=MA_NM3, temperature_k=298.15)
    for shape in SHAPES:
        top = minimize_scalar(
            lambda size, shape=shape: (
                -work_of_formation_kt(size, drive, surface_energy_j_per_m2=0.03, shape=shape)
            ),
            bounds=(0.01, 20.0),
            method="bounded",
            options={"xatol": 1e-10},
        )
        best = critical_nucleus(drive, surface_energy_j_per_m2=0.03, shape=shape)
        # A flat top: half of the digits for the place, all for the height.
        assert top.x == pytest.approx(best.size_nm, rel=1e-6)
        assert -top.fun == pytest.approx(best.barrier_kt, rel=1e-12)


@given(barrier=st.floats(1, 200), ratio=st.floats(0.05, 1.5))
def test_numbers_follow_the_rates(barrier, ratio):
    more = number_ratio(ratio, barrier_kt=barrier)
    rates = [nucleation_rate(one, prefactor_per_m3_s=1e35) for one in (barrier * ratio**3, barrier)]
    assert more == pytest.approx(rates[0] / rates[1], rel=1e-9)


@given(volume=st.floats(1e-12, 1.0), spare=st.floats(1.01, 10))
def test_the_surface_energy_for_a_volume_gives_that_volume(volume, spare):
    barrier = spare * barrier_drop_kt(volume) + 1e-3
    ratio = energy_ratio_for(volume, barrier_kt=barrier)
    assert 1 / number_ratio(ratio, barrier_kt=barrier) == pytest.approx(volume, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Supersaturation(log_ratio=0.0, unit_volume_nm3=0.2), "log_ratio"),
        (lambda: Supersaturation(log_ratio=1.0, unit_volume_nm3=-1.0), "unit_volume_nm3"),
        (
            lambda: Supersaturation(log_ratio=1.0, unit_volume_nm3=0.2, temperature_k=math.nan),
            "temperature_k",
        ),
        (lambda: found(-0.01, Cube()), "surface_energy"),
        (lambda: barrier_drop_kt(0.0), "volume_ratio"),
        (lambda: energy_ratio_for(1e-9, barrier_kt=20.0), "20.72"),
        (lambda: nucleation_rate(1.0, prefactor_per_m3_s=0.0), "prefactor"),
    ],
)
def test_bad_numbers_are_refused_by_name(call, words):
    with pytest.raises(InputError, match=words):
        call()
