"""Blur, noise power, efficiency and photon transfer of simulated flat fields, against the laws.

Limits come from the laws of chance: right code fails once in a million runs of a test.
"""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2, norm

from cinedot.core import InputError
from cinedot.microscope import Camera, Exposure, Grid, camera_units, expected_counts, sample_counts
from cinedot.microscope.camera import Averaged, Summed, one_view
from cinedot.microscope.detector import (
    expected_signal,
    modulation_transfer,
    noise_power,
    quantum_efficiency,
    sample_signal,
)
from cinedot.microscope.mtf import Lorentzian, Measured, Sharp

LOSSY = Camera(detected_fraction=0.7, gain_spread=0.8, read_noise_e=1.5)
CAMERAS = {
    "ideal": (Camera(), 1),
    "lossy": (LOSSY, 1),
    "blurred": (Camera(transfer=Lorentzian(half_at=0.5)), 1),
    "measured": (Camera(transfer=Measured(u=(0.0, 0.5, 1.0), left=(1.0, 0.5, 0.2))), 1),
    "bin 4": (one_view(4), 1),
    "bin 8, drawn finer": (one_view(8), 2),
}


def keys(count):
    seed = np.random.SeedSequence().entropy % 2**31
    print("seed", seed)
    return jax.random.split(jax.random.key(seed), count)


def flat(mean, camera, finer, frames, side):
    """Signals of frames on which `mean` electrons fall in each recorded pixel."""
    arrive, record = keys(2)
    expected = jnp.full((frames, side * finer, side * finer), mean / finer**2)
    return sample_signal(sample_counts(expected, arrive), camera, record, finer=finer)


def half_plane(side):
    """Frequencies of a real transform that have no twin in it: neither column 0 nor the last."""
    fy, fx = np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side)[1:-1], indexing="ij")
    return fy, fx


def power(signal):
    """Periodogram over those frequencies [frame, y, x]."""
    side = signal.shape[1]
    spectrum = np.fft.rfft2(signal - signal.mean(axis=0, dtype=float))[:, :, 1:-1]
    # The mean of all frames takes one frame's freedom.
    lost = len(signal) / (len(signal) - 1)
    return lost * np.abs(spectrum) ** 2 / side**2


@pytest.mark.parametrize(("camera", "finer"), CAMERAS.values(), ids=CAMERAS)
def test_noise_power_of_flat_fields_is_the_stated_curve(camera, finer):
    mean, frames, side = 300.0, 60, 48
    found = power(flat(mean, camera, finer, frames, side))
    fy, fx = half_plane(side)
    stated = noise_power(camera, fy, fx, electrons=mean, finer=finer)
    f = np.hypot(fy, fx)
    edges = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75]
    for low, high in pairwise(edges):
        band = (f >= low) & (f < high)
        freedom = 2 * (frames - 1) * band.sum()
        statistic = freedom * (found.mean(axis=0)[band] / stated[band]).mean()
        # Six bands, two tails. The noise's kurtosis, under 6/mean, widens the sum by under 1 %.
        limits = 1.01 * (chi2.ppf([1e-6 / 12, 1 - 1e-6 / 12], freedom) - freedom)
        assert limits[0] < statistic - freedom < limits[1], (low, high)


def test_noise_is_blurred_with_the_image_and_not_white():
    """The stated curve itself: MTF^2 N / DQE(0), written out, at u in the unbinned Nyquist."""
    camera = one_view(4)
    fy, fx = np.zeros(3), np.array([0.1, 0.25, 0.5])
    mtf = 1 / (1 + (2 * fx / 4 / 0.5) ** 2)
    assert mtf[-1] == pytest.approx(0.8)  # science.md 8.4: at bin 4 never below
    shot = 185.0 * (1 + 0.75**2) / 0.8 * mtf**2
    np.testing.assert_allclose(
        noise_power(camera, fy, fx, electrons=185.0), shot + (4 * 0.2) ** 2, rtol=1e-12
    )
    np.testing.assert_allclose(
        modulation_transfer(camera, fy, fx), mtf * np.sin(np.pi * fx) / (np.pi * fx), rtol=1e-12
    )


def test_fine_pixels_converge_to_the_continuous_fold():
    """Sum over all folds of MTF^2 sinc^2 sinc^2, the noise of a detector without pixels."""
    camera = Camera(transfer=Lorentzian(half_at=0.7), binning=Summed(factor=3))
    fy, fx = np.array([0.1, 0.5]), np.array([0.3, 0.5])
    folds = np.arange(-40, 41)
    gy, gx = fy[:, None, None] + folds[:, None], fx[:, None, None] + folds[None, :]
    mtf = 1 / (1 + (2 * np.hypot(gy, gx) / 3 / 0.7) ** 2)
    exact = ((mtf * np.sinc(gy) * np.sinc(gx)) ** 2).sum(axis=(1, 2))
    off = [
        np.abs(noise_power(camera, fy, fx, electrons=1.0, finer=finer) / exact - 1).max()
        for finer in (1, 4, 16)
    ]
    assert off[0] > 0.1
    assert off[1] < off[0] / 2
    assert off[2] < 0.03


@pytest.mark.parametrize("transfer", [Lorentzian(half_at=0.5), Sharp()])
def test_a_point_spreads_as_the_stated_curve(transfer):
    camera = Camera(transfer=transfer, binning=Summed(factor=2))
    point = jnp.zeros((1, 32, 40)).at[0, 0, 0].set(1000.0)
    found = np.fft.rfft2(np.asarray(expected_signal(point, camera))[0])
    fy, fx = np.meshgrid(np.fft.fftfreq(32), np.fft.rfftfreq(40), indexing="ij")
    stated = 1000 * transfer.at(np.hypot(fy, fx))  # u = 2 f / 2
    np.testing.assert_allclose(found, stated, atol=1e-2)  # float32 of 1000


def test_efficiency_measured_is_the_stated_one():
    """DQE = (what a wave of intensity keeps)^2 N / noise power, both from simulated frames."""
    camera, mean, frames, side, wave_px = one_view(4), 40.0, 400, 32, 8
    cycles = 6
    f = cycles / side
    x = (np.arange(side * wave_px) + 0.5) / wave_px
    # What a wave's pixel holds is its mean over the pixel.
    rippled = 1 + 0.5 * np.sinc(f / wave_px) * np.cos(2 * np.pi * f * x)
    grid = Grid(shape=(side * wave_px, side * wave_px), pixel_nm=0.042 / wave_px)
    exposure = Exposure(dose_rate_e_per_nm2_s=mean / 0.02 / 0.042**2)
    field = np.broadcast_to(rippled.astype(np.float32), (1, *grid.shape))
    expected = expected_counts(jnp.asarray(field), exposure, grid)
    arrive, record = keys(2)
    counts = sample_counts(jnp.broadcast_to(expected, (frames, side, side)), arrive)
    signal = sample_signal(counts, camera, record).astype(float)

    zero, at = np.zeros(1), np.array([f])
    noise = noise_power(camera, zero, at, electrons=mean)[0]
    phase = np.cos(2 * np.pi * f * (np.arange(side) + 0.5))
    kept = 2 * (signal * phase).mean() / (0.5 * mean)
    sigma = np.sqrt(2 * noise / (frames * side**2)) / (0.5 * mean)
    assert abs(kept - modulation_transfer(camera, zero, at)[0]) < norm.isf(2.5e-7) * sigma

    # Noise along the ripple, which the rows average: the column of frequency f.
    spectrum = np.fft.rfft2(signal - signal.mean(axis=0))[:, :, cycles]
    measured = np.abs(spectrum) ** 2 / side**2 * frames / (frames - 1)
    fy = np.fft.fftfreq(side)
    stated = quantum_efficiency(camera, fy, np.full(side, f), electrons=mean)
    transfers = modulation_transfer(camera, fy, np.full(side, f))
    found = transfers**2 * mean / measured.mean(axis=0)
    freedom = 2 * (frames - 1) * side
    # The noise's kurtosis, under 6/mean, widens the sum by under 1 % here too.
    limits = 1.01 * (chi2.ppf([2.5e-7, 1 - 2.5e-7], freedom) / freedom - 1)
    assert limits[0] < (stated / found).mean() - 1 < limits[1]
    assert stated[0] == pytest.approx(0.8 / 1.5625 * np.sinc(f) ** 2, rel=0.05)


@pytest.mark.parametrize("mean", [0.5, 20.0, 1000.0])
@pytest.mark.parametrize("binning", [Summed(factor=4), Averaged(factor=4)])
def test_photon_transfer_is_the_closed_form(mean, binning):
    """Variance = gain^2 (N / DQE(0) + read^2) + 1/12, mean = offset + gain N, in camera units."""
    camera = Camera(
        gain=20.0,
        offset=700.0,
        detected_fraction=0.7,
        gain_spread=0.8,
        read_noise_e=0.5,
        binning=binning,
    )
    units = camera_units(flat(mean, camera, 1, 4, 200), camera).astype(float).ravel()
    gain = 20.0 * (1 if isinstance(binning, Summed) else 1 / 16)
    stated = gain**2 * (mean * (1 + 0.64) / 0.7 + (4 * 0.5) ** 2) + 1 / 12
    assert camera.units_per_electron == gain
    limit = norm.isf(2.5e-7)
    assert abs(units.mean() - 700.0 - gain * mean) < limit * np.sqrt(stated / units.size)
    # Fourth cumulant of a Poisson number of gamma weights: N times their fourth moment.
    shape = 1 / 0.64
    fourth = shape * (shape + 1) * (shape + 2) * (shape + 3) / shape**4 / 0.7**3
    spread = np.sqrt(2 / units.size + gain**4 * mean * fourth / stated**2 / units.size)
    # A variance's own skewness: at five standard deviations 1 % of them at most.
    assert abs(units.var() / stated - 1) < 1.02 * limit * spread


def test_the_whole_dose_is_in_the_signal():
    """Blur and binning move signal and lose none; an ideal camera gives back the counts."""
    arrive, record = keys(2)
    rng = np.random.default_rng(4)
    expected = jnp.asarray(rng.uniform(0, 60, (3, 24, 32)), dtype=jnp.float32)
    counts = sample_counts(expected, arrive)
    blurring = Camera(transfer=Lorentzian(half_at=0.3))
    for finer in (1, 2):
        mean = np.asarray(expected_signal(expected, blurring, finer=finer), dtype=float)
        total = np.asarray(expected, dtype=float).sum(axis=(1, 2))
        np.testing.assert_allclose(mean.sum(axis=(1, 2)), total, rtol=1e-6)  # float32
        signal = sample_signal(counts, blurring, record, finer=finer).astype(float)
        assert signal.shape == (3, 24 // finer, 32 // finer)
        np.testing.assert_allclose(signal.sum(axis=(1, 2)), counts.sum(axis=(1, 2)), rtol=1e-6)
    np.testing.assert_array_equal(sample_signal(counts, Camera(), record), counts)


def test_the_mean_signal_is_the_mean_of_signals():
    camera = one_view(4)
    rng = np.random.default_rng(6)
    expected = jnp.asarray(rng.uniform(5, 60, (1, 12, 12)), dtype=jnp.float32)
    arrive, record = keys(2)
    frames = 4000
    counts = sample_counts(jnp.broadcast_to(expected, (frames, 12, 12)), arrive)
    signal = sample_signal(counts, camera, record).astype(float)
    sigma = signal.std(axis=0) / np.sqrt(frames)
    off = np.abs(signal.mean(axis=0) - np.asarray(expected_signal(expected, camera))[0]) / sigma
    # 144 pixels, correlated or not: Bonferroni; sigma itself is right to 1.1 %, four times that.
    assert off.max() < 1.05 * norm.isf(5e-7 / 144)


def test_a_key_decides():
    counts = np.full((2, 16, 16), 30, dtype=np.int32)
    one, again, other = (
        sample_signal(counts, one_view(4), jax.random.key(seed)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_the_mean_signal_can_be_differentiated():
    camera = one_view(4)
    expected = jnp.asarray(np.random.default_rng(8).uniform(5, 60, (1, 8, 8)), dtype=jnp.float32)
    weight = jnp.asarray(np.random.default_rng(9).normal(size=(1, 8, 8)), dtype=jnp.float32)
    slope = jax.grad(lambda mean: jnp.sum(weight * expected_signal(mean, camera)))(expected)
    # A symmetric blur is its own adjoint.
    np.testing.assert_allclose(slope, expected_signal(weight, camera), atol=1e-5)  # float32


def test_what_cannot_be_recorded_is_refused():
    counts = np.zeros((1, 9, 8), dtype=np.int32)
    with pytest.raises(InputError, match="finer"):
        sample_signal(counts, Camera(), jax.random.key(0), finer=2)
    with pytest.raises(InputError, match="finer"):
        expected_signal(jnp.zeros((1, 9, 8)), Camera(), finer=0)
    with pytest.raises(InputError, match="512 pixels a side"):
        sample_signal(np.zeros((1, 513, 8), dtype=np.int32), one_view(8), jax.random.key(0))
    with pytest.raises(InputError, match="`half_at`"):
        Lorentzian(half_at=0.0)
    with pytest.raises(InputError, match="`u` must rise"):
        Measured(u=(0.0, 0.5, 0.5), left=(1.0, 0.5, 0.2))
    with pytest.raises(InputError, match="`left`"):
        Measured(u=(0.0, 0.5), left=(0.9, 0.5))
