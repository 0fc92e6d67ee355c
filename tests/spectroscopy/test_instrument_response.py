"""Blank and response: the record of another instrument gives the same light back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError, Spectrum
from cinedot.spectroscopy import fit_emission, over_response, without_blank
from cinedot.spectroscopy.bands import emission_spectrum

NM = np.arange(420.0, 501.0)


def spectrum(intensity, nm=NM, label="PL"):
    return Spectrum(wavelength_nm=nm, intensity=np.asarray(intensity, dtype=float), label=label)


def response_at(nm, slope, bend):
    far = (nm - 460.0) / 40.0
    return np.exp(slope * far + bend * far**2)


@settings(max_examples=30, deadline=None)
@given(slope=st.floats(-1.5, 1.5), bend=st.floats(-1.0, 1.0), solvent=st.floats(0.0, 50.0))
def test_what_the_instrument_did_is_undone(slope, bend, solvent):
    light = emission_spectrum(NM, peak_nm=453.0, fwhm_nm=14.9, height=900.0) + 5.0
    seen = response_at(NM, slope, bend)
    raman = solvent * np.exp(-0.5 * ((NM - 480.0) / 4.0) ** 2)
    recorded = spectrum((light + raman) * seen)
    bare = without_blank(recorded, spectrum(raman * seen))
    corrected = over_response(bare, spectrum(seen))
    np.testing.assert_allclose(corrected.intensity, light, rtol=1e-10)
    assert corrected.label == "PL"


def test_a_slanted_response_shifts_the_peak_and_correction_brings_it_back():
    """exp(-k x) on a Gaussian of deviation s moves it by k s^2, in the same coordinate."""
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    seen = response_at(NM, -2.0, 0.0)
    light = emission_spectrum(NM, peak_nm=453.0, fwhm_nm=14.9, height=1e5) + 100.0
    counts = np.random.default_rng(seed).poisson(light * seen).astype(float)
    raw = fit_emission(spectrum(counts)).peak
    right = fit_emission(over_response(spectrum(counts), spectrum(seen))).peak
    sigma_nm = 14.9 / 2.3548
    assert raw.value - 453.0 == pytest.approx(-2.0 / 40.0 * sigma_nm**2, abs=0.2)
    # One in a million; widened for what noise that is not alike at all points adds.
    assert abs(right.value - 453.0) < 6 * right.sigma


def test_a_coarse_response_is_linear_between_its_points():
    seen = Spectrum(
        wavelength_nm=np.array([400.0, 520.0]), intensity=np.array([1.0, 4.0]), label=""
    )
    found = over_response(spectrum(np.ones(len(NM))), seen).intensity
    np.testing.assert_allclose(found, 1 / (1 + (NM - 400.0) / 40.0))


@pytest.mark.parametrize("correct", [without_blank, over_response])
def test_what_does_not_reach_as_far_is_refused(correct):
    with pytest.raises(InputError, match="must reach from 420 to 500 nm"):
        correct(spectrum(np.ones(len(NM))), spectrum(np.ones(len(NM) - 1), NM[1:]))


def test_a_response_of_nought_is_refused():
    seen = np.ones(len(NM))
    seen[7] = 0.0
    with pytest.raises(InputError, match="above 0, but is 0 at 427 nm"):
        over_response(spectrum(np.ones(len(NM))), spectrum(seen))
