"""JASCO's text exports in their dialects: delimiters, decimal marks, languages, tables."""

import itertools

import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.spectroscopy import read_infrared, read_spectra

NM = np.arange(420.0, 400.5, -0.5)
LIGHT = np.round(1e3 * np.exp(-0.5 * ((NM - 410.0) / 4.0) ** 2) - 0.25, 4)
ENGLISH = (
    "Sample name",
    "[Measurement Information]",
    "Ex wavelength",
    "Ex bandwidth",
    "Em bandwidth",
)
JAPANESE = ("試料名", "[測定情報]", "励起波長", "励起側バンド幅", "蛍光側バンド幅")


def export(delimiter, mark, words):
    """An emission spectrum as a fluorimeter's program writes it, by its own rules."""

    def number(value):
        return f"{value:.4f}".replace(".", mark)

    name, section, wavelength, first, second = words
    head = {
        "TITLE": "",
        "DATA TYPE": "FLUORESCENCE SPECTRUM",
        "ORIGIN": "JASCO",
        "XUNITS": "NANOMETERS",
        "YUNITS": "INTENSITY",
        "FIRSTX": number(NM[0]),
        "NPOINTS": str(len(NM)),
    }
    lines = [f"{key}{delimiter}{value}" for key, value in head.items()] + ["XYDATA"]
    lines += [f"{number(x)}{delimiter}{number(y)}" for x, y in zip(NM, LIGHT, strict=True)]
    lines += ["", "##### Extended Information", section, f"{name}{delimiter}QD4"]
    lines += [f"{wavelength}{delimiter}372{mark}0 nm", f"{first}{delimiter}5 nm"]
    return "\r\n".join([*lines, f"{second}{delimiter}2{mark}5 nm", ""])


@pytest.mark.parametrize(
    ("form", "language"),
    list(
        itertools.product(
            [("\t", "."), (",", "."), (";", "."), ("\t", ","), (";", ",")],
            [(ENGLISH, "utf-8"), (ENGLISH, "utf-16"), (JAPANESE, "utf-8-sig"), (JAPANESE, "cp932")],
        )
    ),
)
def test_every_dialect_reads_alike(file, form, language):
    words, encoding = language
    (spectrum,) = read_spectra(file(export(*form, words), encoding=encoding))
    np.testing.assert_array_equal(spectrum.wavelength_nm, NM[::-1])
    np.testing.assert_array_equal(spectrum.intensity, LIGHT[::-1])
    assert spectrum.excitation_nm == 372.0
    assert spectrum.metadata["excitation slit"] == "5 nm"
    assert spectrum.metadata["emission slit"] == "2.5 nm"
    assert spectrum.metadata["intensity unit"] == "INTENSITY"


def test_a_broken_character_does_not_cost_the_numbers(file):
    content = export("\t", ".", JAPANESE).encode("cp932").replace("試".encode("cp932"), b"\x81\xff")
    (spectrum,) = read_spectra(file(content))
    np.testing.assert_array_equal(spectrum.intensity, LIGHT[::-1])


def test_a_comma_that_cuts_numbers_is_refused(file):
    with pytest.raises(InputError, match=r"FIRSTX has two, '420, 0000': is the comma both"):
        read_spectra(file(export(",", ",", ENGLISH)))


def test_a_mark_between_thousands_is_refused(file):
    text = export("\t", ".", ENGLISH).replace("\t999.7500", "\t1,000")
    with pytest.raises(InputError, match=r"one decimal mark, but has '420.0000' and '1,000'"):
        read_spectra(file(text))


def eem(rows):
    """A table of 31 excitations, as FP-8000's program exports it."""
    excitations = np.arange(200, 510, 10)
    emissions = 230 + 10 * np.arange(rows)
    light = np.add.outer(emissions, excitations) / 10.0
    head = "DATA TYPE,FLUORESCENCE SPECTRUM\nXUNITS,NANOMETERS\nYUNITS,INTENSITY\nXYDATA,\n"
    lines = ["," + ",".join(map(str, excitations))]
    lines += [f"{x}," + ",".join(map(str, row)) for x, row in zip(emissions, light, strict=True)]
    return head + "\n".join(lines) + "\n", excitations, light


def test_a_table_of_excitations(file):
    text, excitations, light = eem(48)
    spectra = read_spectra(file(text), series=True)
    assert [one.excitation_nm for one in spectra] == excitations.tolist()
    np.testing.assert_array_equal([one.intensity for one in spectra], light.T)
    (first,) = read_spectra(file(text))
    assert (first.excitation_nm, first.label) == (200.0, "200")


def test_the_excerpt_of_a_real_table_has_its_form(file, real_data):
    """Its three rows are no spectrum; with rows enough below them it opens."""
    excerpt = (real_data / "jasco" / "HEADER_EXCERPT_EEM_JASCO_FP-8500.csv").read_bytes()
    more = "".join(f"{260 + 10 * k}" + ",1" * 31 + "\r\n" for k in range(45))
    spectra = read_spectra(file(excerpt.rstrip() + b"\r\n" + more.encode()), series=True)
    assert [one.excitation_nm for one in spectra] == list(range(200, 510, 10))
    assert spectra[0].intensity[:3].tolist() == [-0.328881, 0.263548, 1.06962]
    assert spectra[0].metadata["instrument"] == "JASCO Corp., FP-8500, Rev. 1.00"


def test_headings_of_times_are_no_excitations(file):
    text = "nm,300,600\n" + "".join(f"{400 + k},{k},{k}\n" for k in range(6))
    assert [one.excitation_nm for one in read_spectra(file(text), series=True)] == [None, None]


def test_wavenumbers_go_to_the_infrared_s_reader(file):
    lines = "".join(f"{1000 + 4 * k},{0.01 * k:.3f}\n" for k in range(60))
    path = file("DATA TYPE,INFRARED SPECTRUM\nXUNITS,1/CM\nYUNITS,ABSORBANCE\nXYDATA\n" + lines)
    assert read_infrared(path).absorbance[-1] == 0.59
    with pytest.raises(InputError, match="must be a wavelength, but is 'column 1' in 1/cm"):
        read_spectra(path)
