"""Closed forms of science.md 6, and invariants of the band's law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from cinedot.core.constants import FWHM_PER_SIGMA, HC_EV_NM
from cinedot.spectroscopy import band_per_ev, emission_spectrum, width_ev
from cinedot.spectroscopy.bands import band_per_nm, band_that_reads, read_off


@pytest.mark.parametrize(
    ("peak_nm", "fwhm_nm", "mev"),
    [
        (453, 14.9, 90.05),
        (463, 14.7, 85.04),
        (454, 15, 90.25),
        (456, 16.5, 98.42),
        (464, 15, 86.40),
    ],
)
def test_widths_of_science_note_6(peak_nm, fwhm_nm, mev):
    # The printed digits.
    assert 1000 * width_ev(peak_nm=peak_nm, fwhm_nm=fwhm_nm) == pytest.approx(mev, abs=0.005)


@pytest.mark.parametrize(
    ("nm", "ev"), [(453, 2.7370), (463, 2.6778), (517, 2.3981), (530, 2.3393), (440, 2.8178)]
)
def test_energies_of_science_note_6(nm, ev):
    assert HC_EV_NM / nm == pytest.approx(ev, abs=5e-5)


def test_jacobian_moves_a_gaussian_in_wavelength_by_two_variances_over_lambda():
    wavelength = np.linspace(440, 466, 260_001)
    sigma = 14.9 / FWHM_PER_SIGMA
    per_nm = np.exp(-0.5 * ((wavelength - 453) / sigma) ** 2)
    per_ev = per_nm * wavelength**2 / HC_EV_NM
    assert 2 * sigma**2 / 453 == pytest.approx(0.177, abs=5e-4)
    # The next order of the expansion is smaller by sigma^2/lambda^2 = 2e-4; the grid is 1e-4 nm.
    assert wavelength[per_ev.argmax()] - 453 == pytest.approx(2 * sigma**2 / 453, abs=2e-4)


def test_maximum_per_nm_of_a_gaussian_in_energy_is_the_root_of_its_quadratic():
    centre, fwhm = 2.736, 0.09
    sigma = fwhm / FWHM_PER_SIGMA
    top = 0.5 * (centre + np.sqrt(centre**2 + 8 * sigma**2))
    # brentq's tolerance, 1e-13 eV, is 2e-11 nm.
    assert read_off(centre_ev=centre, fwhm_ev=fwhm)[0] == pytest.approx(HC_EV_NM / top, abs=1e-9)


bands = {"peak_nm": st.floats(350, 800), "fwhm_nm": st.floats(5, 60), "skew": st.floats(-0.6, 0.6)}


@settings(deadline=None)
@given(**bands)
def test_read_off_agrees_with_a_search_on_a_grid(peak_nm, fwhm_nm, skew):
    fine = np.linspace(peak_nm - 1.5 * fwhm_nm, peak_nm + 1.5 * fwhm_nm, 30_001)
    record = emission_spectrum(fine, peak_nm=peak_nm, fwhm_nm=fwhm_nm, height=2.0, skew=skew)
    step = fine[1] - fine[0]
    above = fine[record > 1.0]
    # A maximum is flat: it is found to a step or to the root of rounding, whichever is more.
    assert fine[record.argmax()] == pytest.approx(peak_nm, abs=2 * step + 1e-6 * fwhm_nm)
    assert above[-1] - above[0] == pytest.approx(fwhm_nm, abs=2.01 * step)
    assert record.max() == pytest.approx(2.0, rel=1e-6)


@settings(deadline=None)
@given(**bands)
def test_a_band_reads_what_it_was_made_to_read(peak_nm, fwhm_nm, skew):
    centre, fwhm = band_that_reads(peak_nm=peak_nm, fwhm_nm=fwhm_nm, skew=skew)
    found = read_off(centre_ev=centre, fwhm_ev=fwhm, skew=skew)
    assert found == pytest.approx((peak_nm, fwhm_nm), rel=1e-8)


@settings(deadline=None)
@given(skew=st.floats(-0.8, 0.8), fwhm=st.floats(0.02, 0.3))
def test_a_skewed_band_has_its_width_at_half_maximum(skew, fwhm):
    # Fraser and Suzuki's half points, in their own closed form.
    if abs(skew) < 1e-3:
        skew = 1e-3
    scale = fwhm * skew / np.sinh(skew)
    halves = 2.5 + scale * (np.exp(np.array([skew, -skew])) - 1) / (2 * skew)
    found = band_per_ev(halves, centre_ev=2.5, fwhm_ev=fwhm, skew=skew)
    assert found == pytest.approx([0.5, 0.5], rel=1e-9)
    assert abs(halves[0] - halves[1]) == pytest.approx(fwhm, rel=1e-9)


def test_photons_are_the_same_per_nm_and_per_ev():
    centre, fwhm = 2.7, 0.1
    per_ev = quad(lambda e: band_per_ev(np.array([e]), centre_ev=centre, fwhm_ev=fwhm)[0], 2.2, 3.2)
    per_nm = quad(
        lambda nm: band_per_nm(np.array([nm]), centre_ev=centre, fwhm_ev=fwhm)[0],
        HC_EV_NM / 3.2,
        HC_EV_NM / 2.2,
    )
    # quad's own tolerance, 1.5e-8.
    assert per_nm[0] * centre**2 / HC_EV_NM == pytest.approx(per_ev[0], rel=1e-7)


def test_impossible_bands_are_refused():
    with pytest.raises(ValueError, match="`fwhm_nm` must lie between 0 and `peak_nm`"):
        emission_spectrum(np.array([450.0]), peak_nm=450.0, fwhm_nm=-1.0)
