"""One image from many foci, many lenses, and either precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cinedot.microscope import Grid, Lens, intensities
from cinedot.microscope.imaging import Envelope, FocalIntegral, images
from cinedot.microscope.lens import aberrations

GRID = Grid(shape=(48, 40), pixel_nm=0.04)


def phase_object(strength, poses=1):
    """A smooth random phase."""
    rng = np.random.default_rng(11)
    rough = rng.normal(size=(poses, *GRID.shape))
    rows, columns = (np.fft.fftfreq(side) / GRID.pixel_angstrom for side in GRID.shape)
    q2 = rows[:, None] ** 2 + columns[None, :] ** 2
    smooth = np.fft.ifft2(np.fft.fft2(rough) * np.exp(-6 * q2)).real
    return np.exp(1j * strength * smooth / smooth.std())


def test_each_image_may_have_a_lens_of_its_own():
    waves = jnp.asarray(phase_object(0.4, poses=3), dtype=jnp.complex64)
    foci, stigma = [30.0, 60.0, 90.0], [0.0, 10.0, -5.0]
    shared = aberrations(Lens())
    each = shared._replace(defocus=jnp.array(foci), astigmatism_y=jnp.array(stigma))
    together = np.asarray(images(waves, each, GRID.pixel_angstrom))
    for number, (focus, skew) in enumerate(zip(foci, stigma, strict=True)):
        alone = shared._replace(defocus=focus, astigmatism_y=skew)
        single = images(waves[number : number + 1], alone, GRID.pixel_angstrom)
        np.testing.assert_allclose(together[number], np.asarray(single[0]), atol=2e-6)  # float32
    assert np.abs(together[0] - together[1]).max() > 1e-2


@pytest.mark.parametrize("precision", [np.complex64, np.complex128])
@pytest.mark.parametrize("coherence", [Envelope(), FocalIntegral(points=3)], ids=["env", "sum"])
def test_an_image_is_as_precise_as_its_wave(precision, coherence):
    wave = phase_object(0.4).astype(precision)
    with jax.enable_x64(True):
        image = intensities(jnp.asarray(wave), Lens(), GRID, coherence)
        assert image.dtype == np.real(wave).dtype
    assert float(np.asarray(image).mean()) == pytest.approx(1.0, abs=0.05)


def test_foci_add_up_as_a_dense_sum_does():
    """Against 201 equally spaced foci with Gaussian weights, which need no quadrature."""
    wave = phase_object(0.8)
    lens = Lens(focal_spread_nm=4.0, vibration_pm=0.0, aperture_mrad=40.0)
    steps = np.linspace(-4, 4, 201)
    weights = np.exp(-(steps**2)) / np.exp(-(steps**2)).sum()
    with jax.enable_x64(True):
        waves = jnp.asarray(np.broadcast_to(wave, (201, *GRID.shape)))
        foci = aberrations(lens)._replace(defocus=60 + 40 * jnp.asarray(steps), focal_spread=0.0)
        dense = np.tensordot(weights, np.asarray(images(waves, foci, GRID.pixel_angstrom)), 1)
        few = intensities(jnp.asarray(wave), lens, GRID, FocalIntegral(points=15))
        envelope = np.asarray(intensities(jnp.asarray(wave), lens, GRID)[0])
    # Both sums hold for a Gaussian cut at 4 times its 1/e width: exp(-16).
    np.testing.assert_allclose(np.asarray(few[0]), dense, atol=1e-6)
    assert np.abs(envelope - dense).max() > 1e-2


@pytest.mark.parametrize("coherence", [Envelope(), FocalIntegral(points=3)], ids=["env", "sum"])
def test_no_electron_is_lost_but_to_what_takes_them(coherence):
    """Aberrations, foci that add up and vibration keep the dose; envelope and aperture do not."""
    skew = {"astigmatism_nm": 2.0, "coma_nm": 30.0, "trefoil_nm": 80.0, "vibration_pm": 50.0}
    with jax.enable_x64(True):
        wave = jnp.asarray(phase_object(0.8))
        spread = 0.0 if isinstance(coherence, Envelope) else 4.0
        open_lens = Lens(focal_spread_nm=spread, **skew)
        kept = float(intensities(wave, open_lens, GRID, coherence).mean())
        stopped = Lens(focal_spread_nm=spread, aperture_mrad=15.0)
        left = float(intensities(wave, stopped, GRID, coherence).mean())
    assert kept == pytest.approx(1.0, abs=1e-12)
    assert left < 0.99


def test_a_weak_object_does_not_tell_the_envelope_from_the_sum():
    """The envelope is exact in first order; the rest goes with the square of the phase."""
    rest = []
    with jax.enable_x64(True):
        for strength in (2e-3, 1e-3):
            wave = jnp.asarray(phase_object(strength))
            pair = [intensities(wave, Lens(), GRID, how) for how in (Envelope(), FocalIntegral())]
            rest.append(float(jnp.abs(pair[0] - pair[1]).max()))
            assert rest[-1] < 10 * strength**2
    assert rest[0] / rest[1] == pytest.approx(4.0, rel=0.02)
