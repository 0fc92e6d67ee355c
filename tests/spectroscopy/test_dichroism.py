"""Circular dichroism: g at the exciton, Cotton effects, mirror images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from cinedot.core import InputError
from cinedot.spectroscopy import DichroismRecord, fit_dichroism, mirror_test, read_dichroism
from cinedot.spectroscopy.dichroism import MDEG_PER_ABSORBANCE

NM = np.arange(400.0, 520.0)
BAND = np.exp(-(((NM - 450) / 10) ** 2))
COUPLED = (NM - 450) / 10 * BAND * np.sqrt(2 * np.e)


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def record(ellipticity, label="D", absorbance=None):
    return DichroismRecord(
        wavelength_nm=NM, ellipticity_mdeg=ellipticity, label=label, absorbance=absorbance
    )


def test_the_constant_of_ellipticity():
    # tan(theta) = (sqrt(I_R) - sqrt(I_L))/(sum): exact for small delta A; 1e-5 of absorbance here.
    delta = 1e-5
    left, right = 10 ** (-delta / 2), 10 ** (delta / 2)
    theta = np.arctan((np.sqrt(right) - np.sqrt(left)) / (np.sqrt(right) + np.sqrt(left)))
    assert 1000 * np.degrees(theta) / delta == pytest.approx(MDEG_PER_ABSORBANCE, rel=1e-9)
    assert pytest.approx(32982, abs=0.5) == MDEG_PER_ABSORBANCE


def test_g_is_found_with_its_sigma():
    rng = fresh()
    pulls = []
    for _ in range(40):
        theta = 3.2982 * BAND + 0.05 * rng.normal(size=len(NM))
        absorbance = 0.5 * BAND + 0.001 * rng.normal(size=len(NM))
        fit = fit_dichroism(record(theta, absorbance=absorbance), exciton_nm=450.0)
        pulls.append((fit.g.value - 2e-4) / fit.g.sigma)
    # The parabola within 5 nm of a band of 10 nm lacks a fraction of the noise; 90 % of 95 %.
    assert np.count_nonzero(np.abs(pulls) < 1.96) >= binom.ppf(1e-6, 40, 0.88)


def test_the_exciton_is_that_of_the_absorbance():
    rng = fresh()
    absorbance = 0.3 * BAND + 0.5 / (1 + np.exp((NM - 425) / 6)) + 5e-4 * rng.normal(size=len(NM))
    fit = fit_dichroism(record(COUPLED + 0.05 * rng.normal(size=len(NM)), absorbance=absorbance))
    assert fit.exciton_by == "absorbance, second derivative"
    # The wing of the other band and the noise move the minimum by a point or two.
    assert abs(fit.exciton_nm - 450) <= 3
    assert fit.cotton
    assert fit.bisignate
    assert fit.sign == 1
    # A bisignate effect is nought at its middle and largest sigma*sqrt(2)/2 from it.
    assert abs(abs(fit.g_extreme_nm - 450) - 10 / np.sqrt(2)) < 8
    assert abs(fit.g_extreme.value) > 5 * fit.g_extreme.sigma


def test_a_negative_effect_of_one_sign():
    fit = fit_dichroism(record(-BAND + 0.03 * fresh().normal(size=len(NM))))
    assert (fit.sign, fit.bisignate, fit.cotton) == (-1, False, True)
    assert fit.exciton_by == "extreme of the ellipticity"
    assert fit.g is None
    assert abs(fit.delta_absorbance.value * MDEG_PER_ABSORBANCE + 1) < 0.2


def test_noise_alone_is_rarely_an_effect():
    rng = fresh()
    seen = sum(
        fit_dichroism(record(rng.normal(size=len(NM))), exciton_nm=450.0).cotton for _ in range(40)
    )
    # Asked for at 1e-3; the noise is estimated from the points themselves: 1 % is allowed.
    assert seen <= binom.isf(1e-6, 40, 0.01)


def pair(rng, *, same=0.0, scale=1.0):
    made = [
        record(
            sign * COUPLED * size + same * BAND + 0.05 * rng.normal(size=len(NM)) + zero,
            label,
            absorbance=0.4 * size * BAND + 0.02 + 5e-4 * rng.normal(size=len(NM)),
        )
        for label, sign, zero, size in (("D", 1, 0.1, 1.0), ("L", -1, -0.2, scale))
    ]
    return [fit_dichroism(one, exciton_nm=450.0) for one in made]


def test_mirror_images_are_known_with_other_zeros_and_concentrations():
    rng = fresh()
    told = [mirror_test(*pair(rng, scale=rng.uniform(0.7, 1.4))) for _ in range(20)]
    false = sum(one.verdict != "mirror images" for one in told)
    # 1e-3 asked for; the scale's own error of a percent adds to it.
    assert false <= binom.isf(1e-6, 20, 0.05)
    assert all(one.p_inactive < 1e-9 for one in told)


def test_what_both_enantiomers_have_alike_is_no_mirror_image():
    test = mirror_test(*pair(fresh(), same=0.3))
    assert test.verdict == "not mirror images"
    assert test.p_mirror < 1e-6
    assert test.chi_square > 2


def test_no_dichroism():
    rng = fresh()
    fits = [fit_dichroism(record(rng.normal(size=len(NM)), k), exciton_nm=450.0) for k in "DL"]
    # Once in a thousand noise passes for dichroism: twice in a row once in a million.
    again = [fit_dichroism(record(rng.normal(size=len(NM)), k), exciton_nm=450.0) for k in "DL"]
    assert "no dichroism" in (mirror_test(*fits).verdict, mirror_test(*again).verdict)


@settings(max_examples=8)
@given(factor=st.floats(1e-3, 1e3), seed=st.integers(0, 2**32))
def test_the_scale_of_the_ellipticity_changes_no_verdict(factor, seed):
    rng = np.random.default_rng(seed)
    theta = 0.3 * COUPLED + 0.2 * rng.normal(size=len(NM))
    one = fit_dichroism(record(theta), exciton_nm=450.0)
    other = fit_dichroism(record(factor * theta), exciton_nm=450.0)
    assert other.p_flat == pytest.approx(one.p_flat, rel=1e-6)
    assert other.sign == one.sign
    assert other.delta_absorbance.value == pytest.approx(factor * one.delta_absorbance.value)


def rows(head, *columns):
    return (
        head + "\n" + "".join(",".join(map(str, row)) + "\n" for row in zip(*columns, strict=True))
    )


def write(tmp_path, text):
    path = tmp_path / "cd.csv"
    path.write_text(text)
    return path


def test_reading_with_voltage_and_absorbances_of_two_hands(tmp_path):
    down = range(420, 400, -1)
    n = range(20)
    head = "wavelength_nm,mdeg D,HT (V),mdeg L,absorbance D,absorbance_L"
    path = write(tmp_path, rows(head, down, n, [300] * 20, [-k for k in n], [1] * 20, [2] * 20))
    first, second = read_dichroism(path, series=True)
    assert first.wavelength_nm[[0, -1]].tolist() == [401, 420]
    assert (first.ellipticity_mdeg[0], second.ellipticity_mdeg[0]) == (19, -19)
    assert (first.absorbance[0], second.absorbance[0]) == (1, 2)
    bare = write(tmp_path, rows("", down, n, [0.5] * 20).lstrip())
    assert read_dichroism(bare)[0].absorbance[0] == 0.5


@pytest.mark.parametrize(
    ("nm", "head", "message"),
    [
        ([*range(400, 410), 409, *range(411, 420)], "nm,mdeg", "409 nm is repeated"),
        ([*range(400, 410), 405.5, *range(411, 420)], "nm,mdeg", "405.5 nm turns back"),
        ([k / 100 for k in range(20)], "nm,mdeg", "wavelengths must be 10 nm or more"),
        (list(range(400, 420)), "E (eV),mdeg", "must be a wavelength, but is"),
        (list(range(400, 410)), "nm,mdeg", "at least 12 points, but 10"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path, nm, head, message):
    with pytest.raises(InputError, match=message) as caught:
        read_dichroism(write(tmp_path, rows(head, nm, range(len(nm)))))
    assert "cd.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_exciton_outside_the_record_is_refused():
    with pytest.raises(InputError, match="`exciton` must lie within 400 to 519 nm"):
        fit_dichroism(record(BAND), exciton_nm=600.0)
