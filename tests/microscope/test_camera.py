"""Doses of science.md 8.3, and the law of chance."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2, poisson

from cinedot.core import InputError
from cinedot.microscope import (
    Camera,
    Exposure,
    Grid,
    camera_units,
    expected_counts,
    sample_counts,
)
from cinedot.microscope.camera import Averaged, Summed, one_view


@pytest.mark.parametrize(
    ("rate", "frame_s", "pixel_nm", "electrons"),
    [
        (2.1e7, 0.02, 0.021, 185),
        (2.5e7, 0.02, 0.021, 220),
        (2.8e7, 0.02, 0.021, 247),
        (2.1e7, 0.02, 0.042, 741),
        (2.5e7, 0.02, 0.042, 882),
        (2.8e7, 0.02, 0.042, 988),
        (2.1e7, 0.01333, 0.021, 123),
        (2.5e7, 0.01333, 0.021, 147),
        (2.8e7, 0.01333, 0.021, 165),
        (2.1e7, 0.005, 0.021, 46),
        (2.5e7, 0.005, 0.021, 55),
        (2.8e7, 0.005, 0.021, 62),
        (3e5, 0.02, 0.021, 2.6),
        (3e5, 0.02, 0.042, 10.6),
    ],
)
def test_electrons_a_pixel_of_science_note_8_3(rate, frame_s, pixel_nm, electrons):
    exposure = Exposure(dose_rate_e_per_nm2_s=rate, frame_s=frame_s, pixel_nm=pixel_nm)
    # The printed digits.
    half = 0.06 if electrons < 20 else 0.6
    assert exposure.electrons_per_pixel == pytest.approx(electrons, abs=half)


def test_binning_sums_and_the_whole_dose_arrives():
    rng = np.random.default_rng(1)
    intensity = rng.uniform(0.5, 1.5, (2, 12, 18)).astype(np.float32)
    exposure, grid = Exposure(pixel_nm=0.063), Grid(shape=(12, 18), pixel_nm=0.021)
    expected = np.asarray(expected_counts(jnp.asarray(intensity), exposure, grid))
    assert expected.shape == (2, 4, 6)
    area = 0.021**2
    corner = intensity[0, :3, :3].sum() * exposure.dose_e_per_nm2 * area
    assert expected[0, 0, 0] == pytest.approx(corner, rel=1e-5)
    total = intensity.sum(dtype=float) * exposure.dose_e_per_nm2 * area
    assert expected.sum(dtype=float) == pytest.approx(total, rel=1e-5)


def test_counts_follow_poisson_s_law():
    seed = np.random.SeedSequence().entropy % 2**31
    print("seed", seed)
    mean, pixels = 450.0, 1 << 17
    counts = sample_counts(jnp.full((2, 256, 256), mean), jax.random.key(seed))
    counts = np.asarray(counts, dtype=float).ravel()
    # Right code fails once in a million: the sum is Poisson, the dispersion chi-square.
    low, high = poisson.ppf([2.5e-7, 1 - 2.5e-7], mean * pixels)
    assert low <= counts.sum() <= high
    low, high = chi2.ppf([2.5e-7, 1 - 2.5e-7], pixels - 1)
    assert low < ((counts - counts.mean()) ** 2).sum() / counts.mean() < high


def test_a_key_decides():
    expected = jnp.full((1, 32, 32), 20.0)
    one, again, other = (sample_counts(expected, jax.random.key(k)) for k in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_camera_units_are_affine_and_saturate():
    units = camera_units(np.array([[[0, 10, 1_000_000]]]), Camera(gain=8.0, offset=100.0))
    assert units.dtype == np.uint16
    assert units.tolist() == [[[100, 180, 65535]]]


def test_rounding_below_zero_is_black():
    expected = jnp.array([[[-1e-5, 50.0]]])
    assert sample_counts(expected, jax.random.key(0))[0, 0, 0] == 0


def test_a_recorded_mean_is_a_recorded_sum_over_its_pixels():
    counts = np.arange(24, dtype=np.int32).reshape(1, 4, 6) * 32
    summed = camera_units(counts, Camera(gain=8.0, offset=0.0, binning=Summed(factor=4)))
    mean = camera_units(counts, Camera(gain=8.0, offset=0.0, binning=Averaged(factor=4)))
    np.testing.assert_array_equal(summed, 16 * mean)
    assert summed.max() == 8 * 32 * 23


def test_a_camera_saturates_where_it_says():
    units = camera_units(np.array([[[-50.0, 10.2, 1e6]]]), Camera(saturation=4095.0))
    assert units.tolist() == [[[0, 182, 4095]]]


@pytest.mark.parametrize("binning", [4, 8])
def test_the_one_view_says_what_is_assumed(binning):
    camera = one_view(binning)
    assert camera.sensor_px == 4096
    assert {"transfer", "detected_fraction", "gain_spread", "read_noise_e"} <= set(camera.assumed)
    assert "sensor_px" not in camera.assumed
    assert "estimates" in camera.source
    # The range that science.md 8.4 estimates.
    assert 0.4 <= camera.zero_frequency_efficiency <= 0.6
    assert 0.1 <= camera.read_noise_e <= 0.3
    assert not Camera().assumed


@pytest.mark.parametrize(
    "fields",
    [
        {"gain": 0.0},
        {"gain": float("nan")},
        {"offset": float("inf")},
        {"detected_fraction": 0.0},
        {"detected_fraction": 1.1},
        {"gain_spread": -0.1},
        {"read_noise_e": float("nan")},
        {"saturation": 70_000.0},
        {"sensor_px": 0},
        {"assumed": ("gian",)},
    ],
)
def test_bad_cameras_are_refused(fields):
    with pytest.raises(InputError, match=f"`{next(iter(fields))}` must"):
        Camera(**fields)


def test_what_cannot_be_exposed_is_refused():
    with pytest.raises(InputError, match="frame_s"):
        Exposure(frame_s=0.0)
    with pytest.raises(InputError, match="frame_s"):
        Exposure(frame_s=float("inf"))
    with pytest.raises(InputError, match="factor"):
        Summed(factor=0)
    with pytest.raises(InputError, match="binning"):
        one_view(3)
    with pytest.raises(InputError, match="expected"):
        sample_counts(jnp.array([[[-1.0]]]), jax.random.key(0))
    with pytest.raises(InputError, match="expected"):
        sample_counts(jnp.array([[[float("nan")]]]), jax.random.key(0))
    with pytest.raises(InputError, match="whole number"):
        expected_counts(
            jnp.ones((1, 9, 9)), Exposure(pixel_nm=0.05), Grid(shape=(9, 9), pixel_nm=0.02)
        )
    with pytest.raises(InputError, match="divide"):
        expected_counts(
            jnp.ones((1, 9, 9)), Exposure(pixel_nm=0.04), Grid(shape=(9, 9), pixel_nm=0.02)
        )
