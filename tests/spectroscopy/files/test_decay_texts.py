"""Decays as Edinburgh's, PicoQuant's and Hamamatsu's programs export them, whole and broken."""

import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.spectroscopy import read_decay, read_spectra

COUNTS = np.round(1000 * np.exp(-np.arange(60) / 12.0))
FLASH = np.where(np.arange(60) == 3, 5000.0, 1.0)


def picoquant(*curves, widths):
    head = "#PicoHarp 300  Histogram Data\t\t\t19.02.2026 15:51:51\n"
    head += f"#channels per curve\n{len(curves[0])}\n#display curve no.\n"
    head += "\t".join(map(str, range(len(curves)))) + "\t\n#memory block no.\n"
    head += "\t".join("0" for _ in curves) + "\t\n#ns/channel\n"
    head += "\t".join(f"{width:.4f}" for width in widths) + "\t\n#counts\n"
    rows = ("\t".join(f"{n:.0f}" for n in row) + "\t" for row in zip(*curves, strict=True))
    return head + "\n".join(rows) + "\n"


def test_picoquant_histograms(file):
    decay = read_decay(file(picoquant(COUNTS, widths=[0.016])))
    np.testing.assert_array_equal(decay.counts, COUNTS)
    assert decay.channel_ns == pytest.approx(0.016, rel=1e-12)
    assert decay.metadata["instrument"].startswith("PicoHarp 300")
    path = file(picoquant(COUNTS, FLASH, widths=[0.016, 0.016]))
    np.testing.assert_array_equal(read_decay(path).counts, COUNTS)
    second = read_decay(path, columns={"y": "curve 2"})
    np.testing.assert_array_equal(second.counts, FLASH)
    assert second.channel_ns == pytest.approx(0.016, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (picoquant(COUNTS, FLASH, widths=[0.016, 0.032]), "channels of one width, but these are"),
        (picoquant(COUNTS, widths=[0.016]).replace("#counts\n", ""), "must have a line `#counts`"),
        (picoquant(COUNTS, widths=[0.016]).replace("\n7\t", "\nx\t", 1), "line .*: .* has 'x'"),
        (picoquant(-COUNTS, widths=[0.016]), "line 11, column 1: counts must not be negative"),
    ],
)
def test_broken_picoquant_histograms(file, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_decay(file(text))
    assert "\n" not in str(caught.value)


def edinburgh(kind, x, *curves, fixed, axis, step):
    names = [f"trace {k + 1}" for k in range(len(curves))]
    head = {
        "Labels": names,
        "Type": [kind] * len(curves),
        "Start": [f"{x[0]:g}"] * len(curves),
        "Stop": [f"{x[-1]:g}"] * len(curves),
        "Step": [f"{step:g}"] * len(curves),
        "Fixed/Offset": [f"{fixed:g}"] * len(curves),
        "Xaxis": [axis] * len(curves),
        "Yaxis": ["Counts"] * len(curves),
    }
    lines = [f"{key},{','.join(values)}," for key, values in head.items()] + [""]
    rows = zip(x, *curves, strict=True)
    lines += [",".join(f"{n:g}" for n in row) + "," for row in rows]
    return "\r\n".join(lines) + "\r\n"


def test_edinburgh_spectra_and_decays(file):
    nm = np.arange(400.0, 460.0)
    text = edinburgh("Emission Scan", nm, COUNTS, FLASH, fixed=365, axis="Wavelength (nm)", step=1)
    spectra = read_spectra(file(text), series=True)
    assert [(s.label, s.excitation_nm) for s in spectra] == [("trace 1", 365), ("trace 2", 365)]
    np.testing.assert_array_equal(spectra[1].intensity, FLASH)
    assert spectra[0].metadata["intensity unit"] == "Counts"
    time = 0.05 * np.arange(60)
    text = edinburgh("TCSPC Decay", time, COUNTS, fixed=0, axis="Time (ns)", step=0.05)
    decay = read_decay(file(text))
    np.testing.assert_array_equal(decay.counts, COUNTS)
    assert decay.channel_ns == pytest.approx(0.05, rel=1e-9)
    assert (decay.label, decay.excitation_nm) == ("trace 1", None)
    scan = edinburgh("Excitation Scan", nm, COUNTS, fixed=520, axis="Wavelength (nm)", step=1)
    (excitation,) = read_spectra(file(scan))
    assert excitation.metadata["emission wavelength"] == "520 nm"
    assert excitation.excitation_nm is None


@pytest.mark.parametrize(
    "headings", ["Time[ns]\tIRF\tDecay\tFit", "Time (ns)\tPrompt\tData\tResidual"]
)
def test_decay_and_response_in_one_file(file, headings):
    rows = (f"{0.1 * k:.1f}\t{FLASH[k]:g}\t{COUNTS[k]:g}\t0.5" for k in range(60))
    text = "Excitation wavelength[nm]\t405\n" + headings + "\n" + "\n".join(rows) + "\n"
    path = file(text)
    decay, irf = read_decay(path), read_decay(path, response=True)
    np.testing.assert_array_equal(decay.counts, COUNTS)
    np.testing.assert_array_equal(irf.counts, FLASH)
    assert decay.excitation_nm == 405.0
    named = read_decay(path, columns={"x": 1, "y": 2})
    np.testing.assert_array_equal(named.counts, FLASH)


def test_a_streak_camera_s_table_is_added_up(file):
    head = "\t450\t451\t452\n"
    rows = (f"{0.1 * k:.1f}\t{COUNTS[k]:g}\t{FLASH[k]:g}\t1" for k in range(60))
    decay = read_decay(file(head + "\n".join(rows) + "\n"))
    np.testing.assert_array_equal(decay.counts, COUNTS + FLASH + 1)
    assert decay.label == "450 to 452, summed"


def test_settings_below_the_numbers(file):
    rows = "".join(f"{0.1 * k:.1f},{COUNTS[k]:g}\n" for k in range(60))
    decay = read_decay(
        file("time_ns,counts\n" + rows + "\nLaser wavelength: 405 nm\nEm slit: 8 nm\n")
    )
    assert decay.excitation_nm == 405.0
    assert decay.metadata["emission slit"] == "8 nm"
