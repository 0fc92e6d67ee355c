"""Each aberration, envelope and aperture against abTEM, and every gradient against differences."""

from functools import cache

import abtem
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cinedot.microscope import Grid, Lens
from cinedot.microscope.imaging import Envelope, FocalIntegral, images
from cinedot.microscope.lens import aberrations, transfer
from cinedot.microscope.lens_conventions import abtem_parameters
from cinedot.microscope.optics import Aberrations, aberration_phase, aberration_shift

GRID = Grid(shape=(96, 80), pixel_nm=0.03)
SQUARE = Grid(shape=(96, 96), pixel_nm=0.03)
BARE = {"defocus_nm": 0.0, "spherical_aberration_um": 0.0, "focal_spread_nm": 0.0}


def abtem_transfer(parameters, grid):
    """abTEM's image of a point wave, transformed: its transfer function, float64, [y, x]."""
    rows, columns = grid.shape
    point = np.zeros((columns, rows), dtype=np.complex128)  # abTEM's axes are x, y
    point[0, 0] = 1.0
    with abtem.config.set({"precision": "float64"}):
        wave = abtem.Waves(point, energy=parameters["energy"], sampling=grid.pixel_angstrom)
        seen = np.asarray(wave.apply_ctf(abtem.CTF(**parameters)).array)
    return np.fft.fft2(seen).T


@pytest.mark.parametrize(
    "fields",
    [
        {"defocus_nm": 5.0},
        {"defocus_nm": -7.0},
        {"spherical_aberration_um": 2.0},
        {"astigmatism_nm": 2.0, "astigmatism_angle_deg": 25.0},
        {"coma_nm": 30.0, "coma_angle_deg": -70.0},
        {"trefoil_nm": 80.0, "trefoil_angle_deg": 50.0},
        {"focal_spread_nm": 3.0},
        {"defocus_nm": 50.0, "convergence_mrad": 1.0},
        {"spherical_aberration_um": 50.0, "convergence_mrad": 1.0},
        {"astigmatism_nm": 40.0, "astigmatism_angle_deg": 25.0, "convergence_mrad": 1.0},
        {"coma_nm": 600.0, "coma_angle_deg": -70.0, "convergence_mrad": 1.0},
        {"trefoil_nm": 800.0, "trefoil_angle_deg": 50.0, "convergence_mrad": 1.0},
        {"aperture_mrad": 20.3},
        {
            **{"voltage_kv": 300.0, "defocus_nm": 6.0, "spherical_aberration_um": 2.0},
            **{"astigmatism_nm": 1.0, "astigmatism_angle_deg": 100.0, "focal_spread_nm": 4.0},
            **{"coma_nm": 20.0, "coma_angle_deg": 10.0, "convergence_mrad": 0.4},
            **{"trefoil_nm": 30.0, "trefoil_angle_deg": -20.0, "aperture_mrad": 25.1},
        },
    ],
    ids=lambda fields: "+".join(fields) if len(fields) < 5 else "all",
)
def test_transfer_agrees_with_abtem(fields):
    """The issue's 1e-5; in double precision, where only CODATA's years differ (1e-8)."""
    lens = Lens(**(BARE | fields))
    theirs = abtem_transfer(abtem_parameters(lens), GRID)
    with jax.enable_x64(True):
        ours = np.asarray(transfer(aberrations(lens), GRID.pixel_angstrom, GRID.shape))
    assert ours.dtype == np.complex128
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert np.abs(ours - 1).max() > 0.1
    single = np.asarray(transfer(aberrations(lens), GRID.pixel_angstrom, GRID.shape))
    assert single.dtype == np.complex64
    # Phases up to 150 rad, each rounded a few times at 6e-8.
    np.testing.assert_allclose(single, theirs, atol=1e-4)


def test_a_soft_aperture_is_abtem_s_where_its_edge_is_one_pixel_of_the_transform():
    lens = Lens(**BARE, aperture_mrad=20.3)
    theirs = abtem_transfer(abtem_parameters(lens) | {"soft": True}, SQUARE)
    with jax.enable_x64(True):
        optics = aberrations(lens)
        edge = optics.wavelength / (96 * SQUARE.pixel_angstrom)
        ours = transfer(optics._replace(aperture_edge=edge), SQUARE.pixel_angstrom, (96, 96))
    np.testing.assert_allclose(np.asarray(ours), theirs, atol=1e-5)
    assert ((np.abs(theirs) > 0.01) & (np.abs(theirs) < 0.99)).sum() > 20


def test_the_shift_of_a_beam_is_the_gradient_of_its_phase():
    rng = np.random.default_rng(3)
    with jax.enable_x64(True):
        optics = Aberrations(0.04, *rng.normal(0, 300, 10).tolist())._replace(vibration=0.0)
        place = jnp.asarray(rng.normal(0, 0.6, (2, 50)))

        def chi(at):
            return aberration_phase(optics, at[0], at[1])

        slope = jax.vmap(jax.grad(chi), in_axes=1, out_axes=1)(place) / (2 * np.pi)
        shift = aberration_shift(optics, place[0], place[1])
    np.testing.assert_allclose(np.stack(shift), np.asarray(slope), rtol=1e-10, atol=1e-10)


LOPSIDED = Lens(
    defocus_nm=5.0,
    astigmatism_nm=1.0,
    astigmatism_angle_deg=30.0,
    coma_nm=10.0,
    coma_angle_deg=80.0,
    trefoil_nm=20.0,
    trefoil_angle_deg=15.0,
    convergence_mrad=1.0,
    aperture_mrad=30.0,
    aperture_edge_mrad=6.0,
)
STEPS = Aberrations(
    wavelength=1e-6,
    defocus=1e-2,
    spherical=1.0,
    focal_spread=1e-2,
    vibration=1e-3,
    astigmatism_x=1e-2,
    astigmatism_y=1e-2,
    coma_x=1e-1,
    coma_y=1e-1,
    trefoil_x=1e-1,
    trefoil_y=1e-1,
    convergence=1e-6,
    # The ramp of the aperture has kinks: steps too small for a beam to cross one.
    aperture=1e-8,
    aperture_edge=1e-8,
)


@cache
def score_of(coherence):
    """A number that a lens and a pixel make of a fixed wave, and its gradient."""
    rng = np.random.default_rng(5)
    wave = jnp.exp(1j * jnp.asarray(0.4 * rng.normal(size=(1, 20, 24))))
    weight = jnp.asarray(rng.normal(size=(1, 20, 24)))

    def score(optics, side):
        return jnp.sum(weight * images(wave, optics, side, coherence))

    return jax.jit(score), jax.jit(jax.grad(score, argnums=(0, 1)))


@pytest.mark.parametrize("coherence", [Envelope(), FocalIntegral(points=5)], ids=["env", "sum"])
@pytest.mark.parametrize(
    "lens", [LOPSIDED, Lens(defocus_nm=5.0, convergence_mrad=1.0)], ids=["lopsided", "round"]
)
def test_gradients_agree_with_differences_in_every_parameter(lens, coherence):
    """Fourth-order central differences in float64; the issue's 1e-5. At 0 astigmatism too."""
    pixel = 0.35
    with jax.enable_x64(True):
        score, slope_of = score_of(coherence)
        optics = aberrations(lens)
        slopes, of_pixel = slope_of(optics, pixel)
        assert all(np.isfinite(float(slope)) for slope in (*slopes, of_pixel))
        found = {}
        for name, step in STEPS._asdict().items():
            value = getattr(optics, name)
            if name.startswith("aperture") and np.isinf(optics.aperture):
                assert float(getattr(slopes, name)) == 0.0
                continue
            ways = [
                float(score(optics._replace(**{name: value + times * step}), pixel))
                for times in (-2, -1, 1, 2)
            ]
            found[name] = (fourth_order(ways, step), float(getattr(slopes, name)))
        ways = [float(score(optics, pixel + times * 1e-6)) for times in (-2, -1, 1, 2)]
        if np.isinf(optics.aperture):
            found["pixel"] = (fourth_order(ways, 1e-6), float(of_pixel))
    assert len(found) >= 13
    for name, (difference, slope) in found.items():
        # Where a slope is 0 by symmetry, what rounding leaves of a sum of 500 terms.
        floor = 1e-12 / (STEPS._asdict() | {"pixel": 1e-6})[name]
        assert slope == pytest.approx(difference, rel=1e-5, abs=floor), name


def fourth_order(ways, step):
    far_below, below, above, far_above = ways
    return (8 * (above - below) - (far_above - far_below)) / (12 * step)
