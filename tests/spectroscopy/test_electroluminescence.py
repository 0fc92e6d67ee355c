"""Electroluminescence: turn-on between two voltages, and a peak that stays or moves."""

import numpy as np
import pytest

from cinedot.core import AnalysisError, InputError, Spectrum
from cinedot.spectroscopy import emission_spectrum, fit_electroluminescence

NM = np.arange(415.0, 500.0)


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def driven(rng, heights, *, peak=456.0, drift=0.0, fwhm=16.5):
    """Spectra with readout noise of 3 units; {voltage: height}."""
    return [
        Spectrum(
            wavelength_nm=NM,
            intensity=height
            * emission_spectrum(NM, peak_nm=peak + drift * (v - 6), fwhm_nm=fwhm, height=1.0)
            + 3 * rng.normal(size=len(NM)),
            label=f"{v} V",
        )
        for v, height in heights.items()
    ]


RISING = {5.0: 0.0, 6.0: 200.0, 8.0: 900.0, 11.0: 6000.0}


def test_the_paper_s_diode_turns_on_at_six_volts_and_keeps_its_colour():
    """R58: 456 nm, 16.5 nm wide, light from about 6 V, the same wavelength to 11 V."""
    found = fit_electroluminescence(driven(fresh(), RISING), tuple(RISING))
    assert found.bracket_v == (5.0, 6.0)
    assert found.turn_on.value == 5.5
    assert found.turn_on.sigma == pytest.approx(1 / np.sqrt(12), rel=1e-12)
    assert found.brightest.voltage_v == 11.0
    # Six sigmas of one drawn record.
    peak, width = found.brightest.fit.peak, found.brightest.fit.fwhm
    assert abs(peak.value - 456) < 6 * peak.sigma
    assert abs(width.value - 16.5) < 6 * width.sigma
    assert abs(found.shift.slope.value) < 6 * found.shift.slope.sigma
    assert found.stays is True
    # 1239.84/456 = 2.719 eV a photon: 5.5 V are 2.02 times that, 6 V the 2.2 of science.md 6.
    assert found.photon_ratio == pytest.approx(5.5 / 2.7190, abs=2e-3)
    band = float(np.sum(emission_spectrum(NM, peak_nm=456.0, fwhm_nm=16.5, height=1.0)))
    for one in found.lit:
        truth = RISING[one.voltage_v] * band
        # A rival model's background may take a percent of it.
        assert abs(one.area.value - truth) < 8 * one.area.sigma + 0.02 * truth


def test_a_peak_that_moves_is_told():
    heights = {6.0: 200.0, 8.0: 900.0, 11.0: 6000.0}
    found = fit_electroluminescence(driven(fresh(), heights, drift=0.5), tuple(heights))
    assert found.stays is False
    assert abs(found.shift.slope.value - 0.5) < 6 * found.shift.slope.sigma + 0.01


def test_light_at_every_voltage_is_an_upper_limit_and_a_dead_diode_is_seen():
    heights = {6.0: 500.0, 7.0: 900.0, 8.0: 0.0}
    found = fit_electroluminescence(driven(fresh(), heights), tuple(heights))
    assert (found.turn_on.status, found.turn_on.value) == ("upper_limit", 6.0)
    assert found.bracket_v == (None, 6.0)
    assert found.dark_above == (8.0,)
    assert found.shift is None


def test_what_cannot_be():
    spectra = driven(fresh(), {5.0: 0.0, 6.0: 0.0})
    with pytest.raises(AnalysisError, match="no spectrum from 5 to 6 V holds a band"):
        fit_electroluminescence(spectra, (5.0, 6.0))
    with pytest.raises(InputError, match="each voltage must occur once, but 6 V is repeated"):
        fit_electroluminescence(spectra, (6.0, 6.0))
    with pytest.raises(InputError, match="each spectrum must have its voltage, but 2 spectra"):
        fit_electroluminescence(spectra, (6.0,))
