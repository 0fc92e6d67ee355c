"""Every spectrum and decay among the real recordings opens, through the reader that it is for."""

import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.spectroscopy import read_ageing, read_decay, read_infrared, read_spectra
from cinedot.spectroscopy.files import read_table

PL = [f"pl/Run_{n}_UV-Vis.csv" for n in (1, 2, 3, 4)]
PL += [f"pl/Run_{n}_FL_emission.csv" for n in (2, 3, 4)]
PL += [f"pl/Run_{n}_FL_excitation.csv" for n in (2, 4)]
SPECTRA = {
    **dict.fromkeys(PL),
    "pl/Run_3_overnight_full_comparison.csv": 6,
    "jasco/jascofilesjl_uvvis_abs.txt": 1,
    "jasco/jws2txt_sample_fluorescence.jws": 1,
    "jasco/jws2txt_2022_05_14-1.jwb": 8,
}
INFRARED = ["jasco/jascofilesjl_ftir_test.csv", "jasco/jascofilesjl_ftir_test.jws"]
COURSES = ["jasco/jws2txt_temp_14.jws"]
DECAYS = ["trpl/lifefit_Atto550_DNA.txt", "trpl/lifefit_irf.txt"]
CUT_SHORT = [
    "jasco/HEADER_EXCERPT_EEM_JASCO_FP-8500.csv",
    "jasco/jascofilesjl_japanese_header_test.csv",
]
"""Three rows of a table and two of a spectrum: they open as tables, and are no spectra."""


def test_none_is_forgotten(real_data):
    known = {*SPECTRA, *INFRARED, *COURSES, *DECAYS, *CUT_SHORT, "pl/LICENSE_MIT.txt"}
    for folder in ("pl", "jasco", "trpl"):
        for path in (real_data / folder).iterdir():
            assert f"{folder}/{path.name}" in known


@pytest.mark.parametrize("name", SPECTRA)
def test_spectra(real_data, name):
    spectra = read_spectra(real_data / name, series=True)
    assert SPECTRA[name] in (None, len(spectra))
    for one in spectra:
        assert (np.diff(one.wavelength_nm) > 0).all()
        assert np.isfinite(one.intensity).all()
        assert one.wavelength_nm[0] >= 200
        assert one.wavelength_nm[-1] <= 1100


@pytest.mark.parametrize("name", INFRARED)
def test_infrared(real_data, name):
    assert len(read_infrared(real_data / name).absorbance) == 12447


@pytest.mark.parametrize("name", COURSES)
def test_time_courses(real_data, name):
    assert len(read_ageing(real_data / name)[0].intensity) == 6530


@pytest.mark.parametrize("name", DECAYS)
def test_decays(real_data, name):
    decay = read_decay(real_data / name, response="irf" in name)
    assert decay.channel_ns == pytest.approx(0.02743484, rel=1e-9)
    assert len(decay.counts) == 4096


@pytest.mark.parametrize("name", CUT_SHORT)
def test_excerpts(real_data, name):
    table = read_table(real_data / name)
    assert len(table.lines) in (2, 3)
    with pytest.raises(InputError, match=r"at least 5 points, but 3 are here|wavelength, but is"):
        read_spectra(real_data / name)


def test_a_licence_is_none(real_data):
    with pytest.raises(InputError, match="must hold a block of numbers"):
        read_spectra(real_data / "pl" / "LICENSE_MIT.txt")
