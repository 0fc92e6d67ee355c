"""JASCO's binary files, composed here byte by byte, recorded ones, and damaged ones."""

import struct

import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.spectroscopy import read_ageing, read_dichroism, read_infrared, read_spectra
from cinedot.spectroscopy.files.jasco import _properties

FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def container(streams):
    """An OLE container by Microsoft's [MS-CFB]: one table sector, streams of 4096 bytes or more."""
    sectors, table, entries = [], [TABLE], []
    for name, content in streams.items():
        assert len(content) >= 4096
        first, count = 1 + len(sectors), -(-len(content) // 512)
        padded = content.ljust(512 * count, b"\0")
        sectors += [padded[512 * k : 512 * k + 512] for k in range(count)]
        table += [*range(first + 1, first + count), END]
        entries.append((name, 2, first, len(content)))
    directory = 1 + len(sectors)
    root = [("Root Entry", 5, END, 0), *entries]
    root += [("", 0, 0, 0)] * (-len(root) % 4)
    packed = b""
    for k, (name, kind, first, size) in enumerate(root):
        letters = (name + "\0").encode("utf-16-le") if name else b""
        # Children hang in a line to the right of the first.
        right = k + 1 if 0 < k < len(entries) else FREE
        child = 1 if k == 0 else FREE
        packed += letters.ljust(64, b"\0") + struct.pack("<HBB", len(letters), kind, 1)
        packed += struct.pack("<III", FREE, right, child) + bytes(36)
        packed += struct.pack("<IQ", first, size)
    count = len(packed) // 512
    table += [*range(directory + 1, directory + count), END]
    assert len(table) <= 128
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack(
        "<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, directory, 0, 4096, END, 0, END, 0, 0
    )
    head += struct.pack("<108I", *[FREE] * 108)
    packed_table = struct.pack("<128I", *table, *[FREE] * (128 - len(table)))
    return head + packed_table + b"".join(sectors) + packed


def ole(codes, rows, first, last, abscissa=0x10000103):
    info = struct.pack("<6I", 3, 1, 0, len(codes), 1, rows.shape[1])
    info += struct.pack("<ddd", first, last, (last - first) / (rows.shape[1] - 1))
    info += struct.pack(f"<{1 + len(codes)}I", abscissa, *codes)
    return container({"DataInfo": info.ljust(4096, b"\0"), "Y-Data": rows.astype("<f4").tobytes()})


def old(codes, rows, first, last, abscissa=0x10000103):
    head = bytearray(0x740)
    head[:4] = b"L~S "
    struct.pack_into("<HI", head, 0x82, len(codes), rows.shape[1])
    struct.pack_into("<ddd", head, 0x88, first, last, (last - first) / (rows.shape[1] - 1))
    struct.pack_into("<I", head, 0xA0, abscissa)
    for k, code in enumerate(codes):
        struct.pack_into("<II", head, 0xE0 + 24 * k, abscissa, code)
    head[0x140:0x145] = b"V-570"
    return bytes(head) + rows.astype("<f4").tobytes()


@pytest.mark.parametrize("form", [ole, old])
def test_channels_of_dichroism(file, form):
    rows = np.stack([np.linspace(-3, 9, 1201), np.full(1201, 400.0), np.linspace(0.1, 0.7, 1201)])
    path = file(form([0x1001, 0x2001, 3], rows, 500.0, 380.0), "cd.jws")
    (record,) = read_dichroism(path)
    np.testing.assert_allclose(record.wavelength_nm, np.linspace(380, 500, 1201), rtol=1e-14)
    # float32 keeps 24 bits.
    np.testing.assert_allclose(record.ellipticity_mdeg, rows[0, ::-1], rtol=6e-8)
    np.testing.assert_allclose(record.absorbance, rows[2, ::-1], rtol=6e-8)
    spectra = read_spectra(path, series=True)
    assert [one.label for one in spectra] == ["CD", "HT voltage", "absorbance"]
    assert spectra[0].metadata["intensity unit"] == "mdeg"


def test_the_content_tells_not_the_name(file):
    rows = np.linspace(0, 1, 1100)[None]
    path = file(ole([14], rows, 400.0, 700.0), "renamed.dat")
    assert read_spectra(path)[0].label == "fluorescence"
    old_path = file(old([3], rows, 400.0, 700.0), "old.dat")
    (spectrum,) = read_spectra(old_path)
    assert (spectrum.label, spectrum.metadata["instrument"]) == ("absorbance", "V-570")
    # A container of something else (an old spreadsheet) is told to be exported.
    other = container({"Workbook": bytes(4096)})
    with pytest.raises(InputError, match="must be text, but holds binary data"):
        read_spectra(file(other, "table.xls"))


def test_numbers_that_are_none_and_unknown_axes(file):
    rows = np.linspace(0, 1, 1100)[None].copy()
    with pytest.raises(InputError, match=r"abscissa must be a wavelength, .* is of kind 0x1234"):
        read_spectra(file(ole([3], rows, 400.0, 700.0, abscissa=0x1234), "x.jws"))
    rows[0, 7] = np.inf
    with pytest.raises(InputError, match="'absorbance', point 8: intensities must be finite"):
        read_spectra(file(old([3], rows, 400.0, 700.0), "inf.jws"))


@pytest.mark.parametrize("form", [ole, old])
@pytest.mark.parametrize("kept", [3, 60, 0x7FF, -40])
def test_truncated(file, form, kept):
    whole = form([3], np.linspace(0, 1, 1100)[None], 400.0, 700.0)
    with pytest.raises(InputError, match="a JASCO record must have") as caught:
        read_spectra(file(whole[:kept] if kept > 0 else whole[: -600 + kept], "cut.jws"))
    assert "\n" not in str(caught.value)


def test_a_text_file_named_jws_and_a_missing_one(file, tmp_path):
    with pytest.raises(InputError, match="signature of an OLE container"):
        read_spectra(file("nm,PL\n450,1\n", "text.jws"))
    with pytest.raises(InputError, match="must be readable"):
        read_spectra(tmp_path / "gone.jws")


def test_bag_of_properties_survives_nonsense():
    good = struct.pack("<IHd", 9, 5, 380.0)
    assert list(_properties(bytes(12) + good)) == [(9, 380.0)]
    assert list(_properties(bytes(12) + good + b"\x01\x00")) == [(9, 380.0)]
    assert list(_properties(bytes(12) + struct.pack("<IH", 1, 99) + good)) == []


def test_a_recorded_emission(real_data):
    (spectrum,) = read_spectra(real_data / "jasco" / "jws2txt_sample_fluorescence.jws")
    np.testing.assert_array_equal(spectrum.wavelength_nm, np.arange(400.0, 701.0))
    assert spectrum.excitation_nm == 380.0
    assert spectrum.metadata["excitation slit"] == "10 nm"
    assert spectrum.metadata["emission slit"] == "1 nm"
    assert spectrum.wavelength_nm[spectrum.intensity.argmax()] == 442.0


def test_a_recorded_book_of_spectra(real_data):
    path = real_data / "jasco" / "jws2txt_2022_05_14-1.jwb"
    spectra = read_spectra(path, series=True)
    assert [s.label for s in spectra][::7] == ["25.0 °C", "60.0 °C"]
    assert len(spectra) == 8
    assert spectra[0].wavelength_nm[[0, -1]].tolist() == [400.0, 900.0]
    assert len(read_spectra(path)) == 1


def test_a_recorded_time_course_and_an_old_infrared_spectrum(real_data):
    course = real_data / "jasco" / "jws2txt_temp_14.jws"
    (record,) = read_ageing(course)
    assert (len(record.time_h), record.time_unit) == (6530, "s")
    assert record.time_h[-1] == pytest.approx(6529 / 3600)
    with pytest.raises(InputError, match="must be a wavelength, but is 'time' in s"):
        read_spectra(course)
    old_one = real_data / "jasco" / "jascofilesjl_ftir_test.jws"
    spectrum = read_infrared(old_one)
    # Step and range as the header of the same instrument's text export has them.
    assert spectrum.wavenumber_per_cm[[0, -1]] == pytest.approx([999.9101, 7000.3350], abs=5e-5)
    assert len(spectrum.absorbance) == 12447
    with pytest.raises(InputError, match="must be a wavelength, but is 'wavenumber' in 1/cm"):
        read_spectra(old_one)


@pytest.mark.parametrize("kept", [0, 100, 600, 3000])
def test_a_recorded_one_cut_short(real_data, file, kept):
    whole = (real_data / "jasco" / "jws2txt_sample_fluorescence.jws").read_bytes()
    with pytest.raises(InputError, match="a JASCO record must have"):
        read_spectra(file(whole[:kept], "cut.jws"))
