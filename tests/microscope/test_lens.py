"""The lens against abTEM, against closed forms, and against science.md 8.2."""

import abtem
import jax.numpy as jnp
import numpy as np
import pytest
from ase import Atoms

from cinedot.core import InputError
from cinedot.microscope import Grid, Lens, Poses, exit_waves, intensities
from cinedot.microscope.beam import phase_per_scattering_angstrom
from cinedot.microscope.lens import aberration_phase, aberrations, blurred, transfer
from cinedot.microscope.multislice import posed_waves
from cinedot.microscope.potential import Multislice, passage, scatterers, seating
from cinedot.microscope.scattering import Thermal, scattering_factor_angstrom

UPRIGHT = np.eye(3)[None]


@pytest.mark.parametrize(
    ("defocus", "spherical", "spacing", "sine"),
    [
        (3.0, 2.0, 0.587, -0.112),
        (3.0, 2.0, 0.415, -0.219),
        (3.0, 2.0, 0.2935, -0.413),
        (3.0, 2.0, 0.2, -0.745),
        (5.0, 2.0, 0.587, -0.187),
        (5.0, 2.0, 0.415, -0.365),
        (5.0, 2.0, 0.2935, -0.667),
        (5.0, 2.0, 0.2, -0.997),
        (10.0, 2.0, 0.587, -0.370),
        (10.0, 2.0, 0.415, -0.685),
        (10.0, 2.0, 0.2935, -0.997),
        (10.0, 2.0, 0.2, -0.005),
    ],
)
def test_contrast_transfer_of_science_note_8_2(defocus, spherical, spacing, sine):
    lens = Lens(defocus_nm=defocus, spherical_aberration_um=spherical)
    q = jnp.array([0.1 / spacing])
    chi = aberration_phase(aberrations(lens), 0 * q, q)
    assert float(jnp.sin(chi)[0]) == pytest.approx(sine, abs=2e-3)


@pytest.mark.parametrize(
    ("defocus", "spherical", "zero_per_nm"),
    [(3.0, 2.0, 13.1), (5.0, 2.0, 7.80), (10.0, 2.0, 5.00), (5.0, 1.0, 7.26)],
)
def test_first_zeros_of_science_note_8_2(defocus, spherical, zero_per_nm):
    lens = Lens(defocus_nm=defocus, spherical_aberration_um=spherical)
    q = jnp.linspace(0.02, 1.6, 20_000)
    sine = np.asarray(jnp.sin(aberration_phase(aberrations(lens), 0 * q, q)))
    first = float(q[np.flatnonzero(np.diff(np.sign(sine)))[0]]) * 10
    assert first == pytest.approx(zero_per_nm, abs=0.06 if zero_per_nm > 10 else 6e-3)


@pytest.mark.parametrize("astigmatism", [0.0, 2.0])
def test_transfer_agrees_with_abtem(astigmatism):
    """abTEM's image of a point wave is its transfer function's transform: same signs, same 1/e."""
    grid = Grid(shape=(96, 80), pixel_nm=0.03)
    lens = Lens(
        defocus_nm=5.0,
        focal_spread_nm=3.0,
        astigmatism_nm=astigmatism,
        astigmatism_angle_deg=25.0,
    )
    ctf = abtem.CTF(
        energy=80e3,
        defocus=50.0,
        Cs=2e4,
        focal_spread=30.0,
        C12=10 * astigmatism,
        phi12=np.deg2rad(25.0),
        semiangle_cutoff=1e3,
        soft=False,
    )
    point = np.zeros((80, 96), dtype=np.complex64)  # abTEM's axes are x, y
    point[0, 0] = 1.0
    theirs = np.asarray(abtem.Waves(point, energy=80e3, sampling=0.3).apply_ctf(ctf).array)
    # A hundred roundings of float32; abTEM works in float32 as we do.
    ours = np.asarray(transfer(aberrations(lens), grid.pixel_angstrom, grid.shape))
    np.testing.assert_allclose(ours, np.fft.fft2(theirs).T, atol=1e-5)


def test_a_weak_atom_images_as_the_linear_law_says():
    """I = 1 + 2 F^-1{phase sin(chi) envelope}, science.md 8.2; dark at under-focus."""
    grid = Grid(shape=(128, 128), pixel_nm=0.025)
    lens = Lens(defocus_nm=5.0, vibration_pm=0.0)
    centre = np.array([[64 * 0.25, 64 * 0.25, 0.0]], dtype=np.float32)
    how, thermal = Multislice(), Thermal(u_angstrom2={"C": 0.1})
    dot = Atoms("C", positions=[(0.0, 0.0, 0.0)])
    atoms = scatterers(dot, how, grid)
    weak = 0.02
    waves = posed_waves(
        atoms._replace(amplitudes=weak * atoms.amplitudes),
        jnp.asarray(UPRIGHT, dtype=jnp.float32),
        jnp.asarray(centre),
        jnp.asarray(seating(dot, Poses(rotation=UPRIGHT, shift_nm=centre / 10.0), how)),
        passage(how, lens, grid),
        grid.shape,
    )
    found = np.asarray(intensities(waves, lens, grid)[0], dtype=float) - 1
    frequency = np.fft.fftfreq(128) / 0.25
    q = np.hypot(frequency[:, None], frequency[None, :])
    factor = scattering_factor_angstrom("C", q.ravel()).reshape(q.shape)
    factor = factor * np.exp(-2 * np.pi**2 * thermal.of("C") * q**2)
    phase = (
        weak * phase_per_scattering_angstrom(80.0) * factor * (q <= grid.band_limit_per_angstrom)
    )
    chi = np.asarray(
        aberration_phase(
            aberrations(lens),
            *map(jnp.asarray, np.broadcast_arrays(frequency[:, None], frequency[None, :])),
        )
    )
    envelope = np.exp(-0.25 * (np.pi * 0.041757 * 30.0 * q**2) ** 2)
    linear = 2 * np.fft.ifft2(phase * np.sin(chi) * envelope).real / 0.25**2
    linear = np.roll(linear, (64, 64), axis=(0, 1))
    assert found[64, 64] < 0
    # Second order in a peak phase of 3 mrad, Gaussians right to 1e-3 of 2.5 angstrom.
    assert np.abs(found - linear).max() < 0.01 * np.abs(linear).max()


def test_vibration_smears_the_image_and_keeps_its_mean():
    image = jnp.zeros((64, 48)).at[20, 30].set(1.0)
    smeared = np.asarray(blurred(image, 0.6, 0.25), dtype=float)
    y, x = (np.arange(64)[:, None] - 20) * 0.25, (np.arange(48)[None, :] - 30) * 0.25
    gaussian = np.exp(-(x**2 + y**2) / (2 * 0.6**2)) / (2 * np.pi * 0.6**2) * 0.25**2
    np.testing.assert_allclose(smeared, gaussian, atol=1e-6)  # float32
    assert smeared.sum() == pytest.approx(1.0, abs=1e-5)


def test_moving_a_dot_along_the_beam_is_defocusing():
    grid = Grid(shape=(96, 96), pixel_nm=0.025)
    dot = Atoms("PbBr2", positions=[(0, 0, 0), (2.9, 0, 1.0), (0, -2.9, -2.0)])

    def image(height_nm, defocus_nm):
        place = np.array([[1.2, 1.2, height_nm]])
        lens = Lens(defocus_nm=defocus_nm)
        waves = exit_waves(dot, Poses(rotation=UPRIGHT, shift_nm=place), grid=grid, lens=lens)
        return np.asarray(intensities(waves, lens, grid)[0])

    # Both are the same phase in Fourier space: float32 alone separates them.
    np.testing.assert_allclose(image(1.0, 5.0), image(0.0, 6.0), atol=2e-5)
    assert np.abs(image(1.0, 5.0) - image(0.0, 5.0)).max() > 1e-2


def test_bad_lenses_are_refused():
    with pytest.raises(InputError, match="focal_spread_nm"):
        Lens(focal_spread_nm=-1.0)
    with pytest.raises(InputError, match="voltage_kv"):
        Lens(voltage_kv=-80.0)
    with pytest.raises(InputError, match="grid's shape"):
        intensities(
            jnp.ones((1, 8, 9), dtype=jnp.complex64), Lens(), Grid(shape=(8, 8), pixel_nm=1.0)
        )
