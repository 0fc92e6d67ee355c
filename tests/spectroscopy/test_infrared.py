"""Infrared: carboxylate bands found again, binding modes, the limit on acid, real files."""

import numpy as np
import pytest
from scipy.stats import binom

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.spectroscopy import InfraredSpectrum, fit_infrared, read_infrared
from cinedot.spectroscopy.infrared import binding_mode
from cinedot.spectroscopy.infrared_bands import line_shape

AT = np.arange(1250.0, 1850.0, 4.0)


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def made(bands, at=AT, *, noise=0.001, rng=None):
    """Bands of (centre, width, height) on a slope."""
    absorbance = 0.05 + 2e-5 * (at - 1250)
    for centre, width, height in bands:
        absorbance = absorbance + height * line_shape(at, centre, width, 0.3)
    if rng is not None:
        absorbance = absorbance + noise * rng.normal(size=len(at))
    return InfraredSpectrum(wavenumber_per_cm=at, absorbance=absorbance, label="a")


SALT = [(1572.0, 42.0, 0.30), (1402.0, 30.0, 0.22), (1466.0, 16.0, 0.15)]


def test_a_carboxylate_among_alkyl_bands():
    fit = fit_infrared(made(SALT, rng=fresh()))
    for band, truth in ((fit.asymmetric, 1572.0), (fit.symmetric, 1402.0)):
        assert abs(band.position.value - truth) < 6 * band.position.sigma
        assert band.position.sigma < 1
    assert abs(fit.splitting.value - 170) < 6 * fit.splitting.sigma
    assert fit.binding_mode == "bridging"
    assert fit.deprotonated == "supported"
    assert (fit.acid.status, fit.acid_position) == ("upper_limit", None)
    assert 0 < fit.acid_share.value < 0.05


def test_positions_are_covered_by_their_sigmas():
    rng = fresh()
    pulls = []
    for _ in range(5):
        shift = rng.uniform(-3, 3)
        bands = [(centre + shift, width, height) for centre, width, height in SALT]
        fit = fit_infrared(made(bands, rng=rng))
        pulls.append((fit.asymmetric.position.value - 1572 - shift) / fit.asymmetric.position.sigma)
        pulls.append((fit.symmetric.position.value - 1402 - shift) / fit.symmetric.position.sigma)
    # 85 % of the 95 % intervals are asked for.
    assert np.count_nonzero(np.abs(pulls) < 1.96) >= binom.ppf(1e-6, 10, 0.85)


def test_acid_that_is_left_contradicts():
    fit = fit_infrared(made([*SALT, (1712.0, 28.0, 0.05)], rng=fresh()))
    assert fit.deprotonated == "contradicted"
    assert fit.acid.status == "ok"
    assert abs(fit.acid_position.value - 1712) < 6 * fit.acid_position.sigma
    assert abs(fit.acid.value - 0.05) < 6 * fit.acid.sigma + 0.002
    assert fit.acid_share.value == pytest.approx(0.05 / 0.30, abs=0.03)


def test_limits_on_acid_hold():
    rng = fresh()
    held = sum(
        fit_infrared(made([*SALT, (1720.0, 22.0, 0.0015)], rng=rng)).acid.value > 0.0015
        for _ in range(4)
    )
    # A band of one and a half of the noise: the 95 % limit is over all places, and holds.
    assert held >= binom.ppf(1e-6, 4, 0.93)


def test_too_noisy_to_say_and_no_range_to_say():
    noisy = fit_infrared(made([(1572.0, 42.0, 0.05)], noise=0.008, rng=fresh()))
    assert noisy.deprotonated == "not testable"
    short = fit_infrared(made(SALT, np.arange(1290.0, 1680.0, 4.0), rng=fresh()))
    assert (short.deprotonated, short.acid) == ("not testable", None)
    with pytest.raises(AnalysisError, match="only 0 points of 'a' lie between 1280 and 1820"):
        fit_infrared(made([], np.arange(2000.0, 2400.0, 4.0)))


def test_a_flat_spectrum_has_no_bands():
    fit = fit_infrared(made([], rng=fresh()))
    assert (fit.asymmetric, fit.symmetric, fit.binding_mode) == (None, None, None)
    assert fit.deprotonated == "not testable"


@pytest.mark.parametrize(
    ("splitting", "ionic", "mode"),
    [
        (90, 164, "chelating"),
        (150, 164, "bridging"),
        (230, 164, "monodentate"),
        (125, 164, "chelating or bridging"),
        (195, 164, "bridging or monodentate"),
        (150, 220, "chelating"),
    ],
)
def test_deacon_and_phillips(splitting, ionic, mode):
    stated = Estimate(value=float(splitting), sigma=2.0, unit="per cm", method="")
    assert binding_mode(stated, ionic) == mode
    unsure = Estimate(value=float(splitting), sigma=60.0, unit="per cm", method="")
    assert " or " in binding_mode(unsure, ionic)


def write(tmp_path, xs, head="wavenumber_per_cm,absorbance", ys=None):
    path = tmp_path / "ir.csv"
    ys = ys if ys is not None else [0.1] * len(xs)
    path.write_text(head + "\n" + "".join(f"{x},{y}\n" for x, y in zip(xs, ys, strict=True)))
    return path


FALLING = [1800 - 4 * k for k in range(100)]


def test_falling_wavenumbers_and_transmittance(tmp_path):
    spectrum = read_infrared(write(tmp_path, FALLING, ys=list(range(100))))
    assert spectrum.wavenumber_per_cm[[0, -1]].tolist() == [1404, 1800]
    assert spectrum.absorbance[[0, -1]].tolist() == [99, 0]
    percent = read_infrared(write(tmp_path, FALLING, "cm-1,transmittance (%)", [10] * 99 + [100]))
    assert percent.absorbance[[0, 1]].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("xs", "head", "ys", "message"),
    [
        ([*FALLING[:50], FALLING[49], *FALLING[51:]], None, None, "1604 is repeated"),
        ([*FALLING[:50], 1900, *FALLING[51:]], None, None, "line 52, .* but 1900 turns back"),
        (FALLING[:20], None, None, "at least 50 points, but has 20"),
        (FALLING, "wavelength (nm),A", None, "must be a wavenumber in 1/cm, but is 'wavelength"),
        ([k / 10 for k in range(100)], "x,A", None, "must be a wavenumber .* below 400"),
        ([1 - k for k in range(100)], None, None, "wavenumbers must be above 0, but one is -98"),
        (FALLING, "cm-1,%T", [0] * 100, "transmittances must be above 0, but one is 0"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path, xs, head, ys, message):
    with pytest.raises(InputError, match=message) as caught:
        read_infrared(write(tmp_path, xs, head or "wavenumber_per_cm,absorbance", ys))
    assert "ir.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_jasco_s_infrared_file(real_data):
    spectrum = read_infrared(real_data / "jasco" / "jascofilesjl_ftir_test.csv")
    assert len(spectrum.absorbance) == 12447
    assert spectrum.wavenumber_per_cm[0] == pytest.approx(999.9101)
    assert spectrum.absorbance.max() == pytest.approx(1.22001)
    kept = (spectrum.wavenumber_per_cm > 1425) & (spectrum.wavenumber_per_cm < 1640)
    part = InfraredSpectrum(
        wavenumber_per_cm=spectrum.wavenumber_per_cm[kept],
        absorbance=spectrum.absorbance[kept],
        label="rings",
    )
    fit = fit_infrared(part)
    found = np.array([float(band.position.value) for band in fit.bands])
    # Polystyrene's rings, as every spectrometer is checked by: 1601.2, 1583.0, 1492.8, 1451.8.
    for line in (1601.2, 1492.8):
        assert np.min(np.abs(found - line)) < 6
    assert fit.deprotonated != "supported"


def test_jasco_s_ultraviolet_file_is_no_infrared_one(real_data):
    with pytest.raises(InputError, match="must be a wavenumber"):
        read_infrared(real_data / "jasco" / "jascofilesjl_uvvis_abs.txt")
