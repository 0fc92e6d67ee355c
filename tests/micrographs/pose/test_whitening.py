"""Noise of any spectrum becomes independent numbers of variance 1."""

import numpy as np
import pytest
import scipy.fft
from scipy import stats

from cinedot.core import AnalysisError
from cinedot.micrographs.pose import NoiseSpectrum, noise_spectrum, whitening
from cinedot.micrographs.pose.whitening import radial_frequency, white_noise

RARE = 1e-6
COLOURED = NoiseSpectrum(
    frequency=np.array([0.0, 0.1, 0.2, 0.5]), power=np.array([0.04, 0.03, 0.004, 0.001]), tiles=0
)


def drawn(noise, side, count, rng):
    """Fields of Gaussian noise with this spectrum, periodic."""
    white = rng.normal(size=(count, side, side))
    shaped = scipy.fft.rfft2(white) * np.sqrt(noise.at(radial_frequency(side)))
    return scipy.fft.irfft2(shaped, s=(side, side)).astype(np.float32)


def test_white_noise_stays_white_with_unit_variance(rng):
    variance, side = 0.013, 48
    fields = rng.normal(0, np.sqrt(variance), (60, side, side)).astype(np.float32)
    whiten = whitening(side, 0.05, 0.7, [(None, white_noise(variance))])
    chi_square = (whiten.spectral(fields) ** 2).sum(axis=1)
    # A window w leaves numbers of variance w^2: their squares' sum varies by 2 sum w^4.
    spread = np.sqrt(2 * (whiten.windows**4).sum() / len(fields))
    assert abs(chi_square.mean() - whiten.count) < stats.norm.isf(RARE / 2) * spread


@pytest.mark.parametrize("split", [False, True], ids=["one ground", "two grounds"])
def test_coloured_noise_is_made_white(rng, split):
    """Its squares add up to their number, and neighbours are independent."""
    side, count = 64, 100
    fields = drawn(COLOURED, side, count, rng)
    regions = [(None, COLOURED)]
    if split:
        quiet = white_noise(0.002)
        lively = np.zeros((side, side), dtype=np.float32)
        lively[:, : side // 2] = 1.0
        other = rng.normal(0, np.sqrt(0.002), fields.shape)
        fields = np.where(lively > 0, fields, other).astype(np.float32)
        regions = [(lively, COLOURED), (1 - lively, quiet)]
    whiten = whitening(side, 0.05, 1.0, regions)
    chi_square = (whiten.spectral(fields) ** 2).sum(axis=1)
    # Numbers that a window leaves correlated vary by at most twice what independent ones do; a
    # window moves power by its own width in frequency, 2 % here and more where a border cuts.
    spread = 2 * np.sqrt(2 * whiten.count / count)
    bias = (0.25 if split else 0.05) * whiten.count
    assert abs(chi_square.mean() - whiten.count) < bias + stats.norm.isf(RARE / 2) * spread
    held = scipy.fft.rfft2(fields * whiten.windows[0]) * whiten.weights[0]
    middle = scipy.fft.irfft2(held, s=(side, side))[:, 24:40, 12:28]
    for lagged in (middle[:, 1:] * middle[:, :-1], middle[:, :, 1:] * middle[:, :, :-1]):
        limit = 0.03 + stats.norm.isf(RARE / 4) / np.sqrt(lagged.size)
        assert abs(lagged.mean()) < limit * middle.var()
    # The noise itself is far from that: 0.539 +- 0.007 in 60 such sets of fields.
    raw = fields[:, 24:40, 12:28]
    assert (raw[:, 1:] * raw[:, :-1]).mean() > 0.45 * raw.var()


def test_a_measured_spectrum_is_the_noise_s_own(rng):
    side = 256
    field = drawn(COLOURED, side, 1, rng)[0]
    ground = np.ones((side, side), dtype=bool)
    ground[100:150, 100:150] = False
    found = noise_spectrum(field, ground)
    assert found.tiles > 100
    at = np.arange(2, 15) / 32
    # Rings hold at least 6 modes of over 50 tiles that do not overlap: 6 %, six of them; a tile's
    # window blurs a spectrum that falls by 15 % from ring to ring by up to 15 %.
    np.testing.assert_allclose(found.at(at), COLOURED.at(at), rtol=0.5)
    total = found.at(radial_frequency(side)).mean()
    assert total == pytest.approx(field[ground].var(), rel=0.25)


def test_a_particle_in_the_field_does_not_count(rng):
    side = 160
    field = drawn(white_noise(0.01), side, 1, rng)[0]
    clean = noise_spectrum(field, np.ones((side, side), dtype=bool))
    ground = np.ones((side, side), dtype=bool)
    ground[:64, :64] = False
    field[10:50, 10:50] += 5.0
    found = noise_spectrum(field, ground)
    # 60 tiles' modes: a few per cent; the particle would add a thousandfold.
    assert found.power == pytest.approx(clean.power, rel=0.6)
    assert found.power.mean() == pytest.approx(0.01, rel=0.25)


def test_too_little_ground_is_no_answer():
    ground = np.zeros((100, 100), dtype=bool)
    ground[:40, :40] = True
    with pytest.raises(AnalysisError, match="tiles"):
        noise_spectrum(np.zeros((100, 100)), ground)


def test_nothing_counts_beyond_the_fade():
    whiten = whitening(80, 0.05, 1.0, [(None, white_noise(1.0))])
    distance = 0.05 * np.hypot(*np.meshgrid(np.arange(80) - 40, np.arange(80) - 40))
    np.testing.assert_allclose(whiten.windows[0][distance <= 1.0], 1.0)
    np.testing.assert_allclose(whiten.windows[0][distance >= 1.4001], 0.0, atol=1e-6)


@pytest.mark.parametrize("side", [24, 25])
def test_the_adjoint_has_the_same_products(rng, side):
    share = rng.random((side, side))
    regions = [(share, COLOURED), (1 - share, white_noise(0.01))]
    whiten = whitening(side, 0.1, 1.0, regions)
    image = rng.normal(size=(side, side)).astype(np.float32)
    numbers = whiten.spectral(image[None])[0]
    other = rng.normal(size=numbers.shape).astype(np.float32)
    # Sums of a thousand numbers of single precision.
    near = 1e-5 * float(np.linalg.norm(numbers) * np.linalg.norm(other))
    by_image = float((image * whiten.adjoint(other)).sum())
    assert float(numbers @ other) == pytest.approx(by_image, abs=near)
