"""Files of spectra and decays, whole and broken."""

import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.spectroscopy import read_decay, read_spectra


@pytest.fixture
def file(tmp_path):
    def write(content, name="pl.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rows(xs, head="nm,PL"):
    return head + "\n" + "".join(f"{x},{k}\n" for k, x in enumerate(xs))


def test_descending_wavelengths_are_turned(file):
    (spectrum,) = read_spectra(file(rows(range(460, 450, -1))))
    assert spectrum.wavelength_nm.tolist() == list(range(451, 461))
    assert spectrum.intensity.tolist() == list(range(9, -1, -1))
    assert spectrum.label == "PL"


@pytest.mark.parametrize(
    ("head", "factor"),
    [("Wavelength (µm),PL", 1000), ("x [Å],PL", 0.1), ("nm,PL", 1), ("wavelength,PL", 1)],
)
def test_units_of_the_abscissa(file, head, factor):
    (spectrum,) = read_spectra(file(rows(range(150, 160), head)))
    np.testing.assert_allclose(spectrum.wavelength_nm, factor * np.arange(150.0, 160.0), rtol=1e-12)


def test_a_series_shares_wavelengths_and_may_stop_early(file):
    text = "nm,30 s,60 s\n" + "".join(f"{400 + k},{k},{2 * k if k < 6 else ''}\n" for k in range(9))
    first, second = read_spectra(file(text), series=True)
    assert (first.label, second.label) == ("30 s", "60 s")
    assert (len(first.wavelength_nm), len(second.wavelength_nm)) == (9, 6)
    (only,) = read_spectra(file(text), columns={"y": "60 s"})
    assert only.intensity.tolist() == second.intensity.tolist()


def test_pairs_of_columns_each_with_its_wavelengths(file):
    head = "30 s,,60 s,\nWavelength (nm),Abs,Wavelength (nm),Abs\n"
    text = head + "".join(f"{400 + k},{k},{500 + k},{-k}\n" for k in range(6))
    first, second = read_spectra(file(text), series=True)
    assert (first.label, second.label) == ("30 s", "60 s")
    assert (first.wavelength_nm[0], second.wavelength_nm[0]) == (400, 500)


def test_excitation_stated_above_the_table(file):
    text = "Excitation wavelength: 372 nm\nExcitation slit: 5 nm\n" + rows(range(400, 410))
    assert read_spectra(file(text))[0].excitation_nm == 372.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (rows([450, 451, -452, 453, 454]), "wavelengths must be positive, but one is -452 nm"),
        (rows([0, 451, 452, 453, 454]), "wavelengths must be positive, but one is 0 nm"),
        (rows([0.4, 0.45, 0.5, 0.55, 0.6], "x,PL"), "one is 0.4 nm: is the unit nm. State it in"),
        (rows([2.1, 2.2, 2.3, 2.4, 2.5]), "must be 10 nm or more, but one is 2.1 nm"),
        (rows([450, 451, 451, 453, 454]), "each wavelength must occur once, but 451 nm"),
        (rows([450, 451, 452, 453]), "at least 5 points, but 4 are here"),
        (rows([450, 451, 452, "NaN", 454]), r"line 5, column 1 \(nm\): .*'NaN'"),
        (rows([450, 451, 452, "", 454]), "line 5, column 1: every intensity must stand beside"),
        (rows(range(5, 15), "Energy (eV),PL"), "must be a wavelength, but is 'Energy"),
        (rows(range(5, 15), "time,PL"), "must be a wavelength, but is 'time' in no stated unit"),
        ("nm\n450\n451\n", "must hold two columns of numbers, but holds 1"),
    ],
)
def test_bad_spectra_are_refused_in_one_line(file, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_spectra(file(text))
    assert "pl.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_range_keeps_its_ends_and_must_leave_points(file):
    path = file(rows(range(440, 470)))
    (spectrum,) = read_spectra(path, range_nm=(450, 460))
    assert spectrum.wavelength_nm[[0, -1]].tolist() == [450, 460]
    with pytest.raises(InputError, match="0 are here between 600 and 700 nm"):
        read_spectra(path, range_nm=(600, 700))


def test_decay_with_times(file):
    text = "time_ns,counts\n" + "".join(f"{0.1 * k:.1f},{100 - k}\n" for k in range(50))
    decay = read_decay(file(text))
    assert decay.channel_ns == pytest.approx(0.1, rel=1e-12)
    assert decay.counts[:2].tolist() == [100, 99]
    picoseconds = read_decay(file(text.replace("time_ns", "time (ps)")))
    assert picoseconds.channel_ns == pytest.approx(1e-4, rel=1e-12)


def test_decay_of_counts_alone(file):
    text = "counts\n" + "".join(f"{100 - k}\n" for k in range(50))
    assert read_decay(file(text), channel_ns=0.05).time_ns[10] == pytest.approx(0.5)
    stated = read_decay(file("Time calibration: 50 ps/ch\n" + text))
    assert stated.channel_ns == pytest.approx(0.05)
    with pytest.raises(InputError, match="the width of a channel must be known"):
        read_decay(file(text))


@pytest.mark.parametrize(
    ("times", "counts", "message"),
    [
        ([0, 1, 2, 4, 5, 6], [9, 8, 7, 6, 5, 4], "line 5, column 1: times must rise in equal"),
        ([0, 1, 2, 2, 3, 4], [9, 8, 7, 6, 5, 4], "times must rise in equal steps"),
        ([5, 4, 3, 2, 1, 0], [9, 8, 7, 6, 5, 4], "times must rise in equal steps"),
        ([0, 1, 2, 3, 4, 5], [9, 8, -7, 6, 5, 4], "line 4, column 2: counts must not be negative"),
        ([0, 1, 2, 3, 4, 5], [9, 8, 7.5, 6, 5, 4], "line 4, column 2: counts must be whole"),
        ([0, 1, 2, 3, 4, 5], [9, 8, "", 6, 5, 4], "a count must stand in every channel"),
        ([0, 1, 2, 3, 4, 5], [9, 8, "NaN", 6, 5, 4], r"line 4, column 2 \(counts\)"),
        ([0, 1, "", 3, 4, 5], [9, 8, 7, 6, 5, 4], "every count must stand beside its time"),
        ([0, 1, 2], [9, 8, 7], "at least 5 channels, but has 3"),
    ],
)
def test_bad_decays_are_refused_in_one_line(file, times, counts, message):
    pairs = zip(times, counts, strict=True)
    text = "time_ns,counts\n" + "".join(f"{time},{count}\n" for time, count in pairs)
    with pytest.raises(InputError, match=message) as caught:
        read_decay(file(text))
    assert "pl.csv" in str(caught.value)


def test_a_width_that_contradicts_the_times(file):
    text = "time_ns,counts\n" + "".join(f"{0.1 * k:.1f},{k}\n" for k in range(9))
    with pytest.raises(InputError, match=r"must agree with the file's times, but is 0\.2 ns"):
        read_decay(file(text), channel_ns=0.2)


def test_real_decay_states_its_channel(real_data):
    decay = read_decay(real_data / "trpl" / "lifefit_Atto550_DNA.txt")
    assert len(decay.counts) == 4096
    assert decay.channel_ns == pytest.approx(0.02743484, rel=1e-12)
    assert (decay.time_ns[0], decay.counts.max()) == (0.0, 10000.0)
