"""Lenses as abTEM, Gatan and Kirkland state them."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.microscope import Lens
from cinedot.microscope.beam import wavelength_angstrom
from cinedot.microscope.lens import aberration_phase, aberrations
from cinedot.microscope.lens_conventions import (
    abtem_parameters,
    lens_from_abtem,
    lens_from_gatan,
    lens_from_kirkland,
)

amplitudes = st.floats(0.0, 100.0)
angles = st.floats(-180.0, 180.0)
lenses = st.builds(
    Lens,
    voltage_kv=st.floats(20.0, 300.0),
    defocus_nm=st.floats(-50.0, 50.0),
    spherical_aberration_um=st.floats(-100.0, 2000.0),
    focal_spread_nm=amplitudes,
    vibration_pm=st.just(0.0),
    astigmatism_nm=amplitudes,
    astigmatism_angle_deg=angles,
    coma_nm=amplitudes,
    coma_angle_deg=angles,
    trefoil_nm=amplitudes,
    trefoil_angle_deg=angles,
    convergence_mrad=st.floats(0.0, 2.0),
    aperture_mrad=st.floats(1.0, 100.0) | st.just(math.inf),
)


@settings(max_examples=60)
@given(lenses)
def test_a_lens_survives_abtem_s_words(lens):
    again = aberrations(lens_from_abtem(abtem_parameters(lens)))
    # Divided by 10 and 30 and multiplied back: rounding.
    np.testing.assert_allclose(again, aberrations(lens), rtol=1e-12, atol=1e-10)


def test_abtem_s_aliases_and_signs():
    lens = lens_from_abtem({"energy": 80e3, "C10": -60.0, "Cs": 2e4, "astigmatism": -20.0})
    assert (lens.defocus_nm, lens.spherical_aberration_um) == (6.0, 2.0)
    # A negative amplitude is a positive one turned by half a period.
    assert (lens.astigmatism_nm, lens.astigmatism_angle_deg) == (2.0, pytest.approx(90.0))


def chi_of(lens, qy, qx):
    with jax.enable_x64(True):
        return np.asarray(aberration_phase(aberrations(lens), jnp.asarray(qy), jnp.asarray(qx)))


def test_kirkland_s_aberration_function():
    """His chi, written out with its sines and angles."""
    rng = np.random.default_rng(2)
    qy, qx = rng.normal(0, 0.5, (2, 100))
    q, phi = np.hypot(qx, qy), np.arctan2(qy, qx)
    lam = wavelength_angstrom(80.0)
    rest = 0.5 * 2e4 * lam**2 * q**2 - 60.0
    rest = rest + 20.0 * np.sin(2 * (phi - math.radians(35)))
    rest = rest + 2 / 3 * lam * q * 300.0 * np.sin(3 * (phi - math.radians(-12)))
    lens = lens_from_kirkland(
        voltage_kv=80.0,
        defocus_angstrom=60.0,
        spherical_aberration_mm=0.002,
        two_fold_angstrom=20.0,
        two_fold_angle_deg=35.0,
        three_fold_angstrom=300.0,
        three_fold_angle_deg=-12.0,
        defocus_spread_angstrom=42.0,
        illumination_mrad=0.3,
        aperture_mrad=25.0,
    )
    np.testing.assert_allclose(chi_of(lens, qy, qx), np.pi * lam * q**2 * rest, rtol=1e-9)
    assert (lens.focal_spread_nm, lens.convergence_mrad, lens.aperture_mrad) == (4.2, 0.3, 25.0)


def test_gatan_s_over_focus_is_positive_and_its_angles_run_the_other_way():
    lens = lens_from_gatan(
        voltage_kv=80.0,
        defocus_nm=-6.0,
        spherical_aberration_mm=0.002,
        astigmatism_nm=2.0,
        astigmatism_angle_deg=30.0,
    )
    lam, q = wavelength_angstrom(80.0), np.array([0.4])
    # Up and to the right on the screen is a negative y.
    up = -math.sin(math.radians(30)) * q, math.cos(math.radians(30)) * q
    stated = np.pi * lam * q**2 * (-60.0 + 20.0 + 0.5 * 2e4 * lam**2 * q**2)
    np.testing.assert_allclose(chi_of(lens, *up), stated, rtol=1e-9)


def test_words_that_cannot_be_converted_are_refused():
    with pytest.raises(InputError, match="`energy` must be given"):
        lens_from_abtem({"defocus": 50.0})
    with pytest.raises(InputError, match="nearest is `defocus`"):
        lens_from_abtem({"energy": 80e3, "defoucs": 50.0})
    with pytest.raises(InputError, match="given once"):
        lens_from_abtem({"energy": 80e3, "defocus": 50.0, "C10": -50.0})
    with pytest.raises(InputError, match="soft"):
        lens_from_abtem({"energy": 80e3, "semiangle_cutoff": 20.0, "soft": True})
    with pytest.raises(InputError, match="aperture_edge_mrad"):
        abtem_parameters(Lens(aperture_mrad=20.0, aperture_edge_mrad=1.0))
