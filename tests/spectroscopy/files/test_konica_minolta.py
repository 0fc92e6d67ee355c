"""Exports of a spectroradiometer, measurements in columns or in rows."""

import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.spectroscopy import read_spectra

NM = np.arange(380, 781)
RADIANCE = [1e-4 * np.exp(-0.5 * ((NM - 456) / 7.0) ** 2) * height for height in (1.0, 7.5)]
NAMES = ("6 V", "8 V")
FACTS = {"Le": ("0.0018", "0.0133"), "Lv": ("0.154", "1.15"), "x": ("0.142", "0.142")}


def in_columns(delimiter, mark, unit):
    lines = [f"Instrument{delimiter}CS-2000", delimiter.join(("Data Name", *NAMES))]
    lines += [delimiter.join((key, *values)).replace(".", mark) for key, values in FACTS.items()]
    for k, nm in enumerate(NM):
        cells = (f"{one[k]:.6e}".replace(".", mark) for one in RADIANCE)
        lines.append(delimiter.join((f"{nm}{unit}", *cells)))
    return "\r\n".join(lines) + "\r\n"


def in_rows(delimiter, mark, unit):
    lines = ["CS-2000", delimiter.join(("Data Name", *FACTS, *(f"{nm}{unit}" for nm in NM)))]
    for k, name in enumerate(NAMES):
        facts = [values[k].replace(".", mark) for values in FACTS.values()]
        cells = [f"{value:.6e}".replace(".", mark) for value in RADIANCE[k]]
        lines.append(delimiter.join((name, *facts, *cells)))
    return "\r\n".join(lines) + "\r\n"


@pytest.mark.parametrize("layout", [in_columns, in_rows])
@pytest.mark.parametrize(("delimiter", "mark"), [(",", "."), ("\t", "."), (";", ",")])
@pytest.mark.parametrize("unit", ["", "nm"])
def test_both_layouts(file, layout, delimiter, mark, unit):
    spectra = read_spectra(file(layout(delimiter, mark, unit)), series=True)
    assert [one.label for one in spectra] == list(NAMES)
    for one, radiance in zip(spectra, RADIANCE, strict=True):
        np.testing.assert_array_equal(one.wavelength_nm, NM)
        # Seven digits are written.
        np.testing.assert_allclose(one.intensity, radiance, rtol=6e-7)
    assert spectra[0].metadata["intensity unit"] == "W/(sr m2 nm)"
    assert spectra[0].metadata["Lv"] == ", ".join(v.replace(".", mark) for v in FACTS["Lv"])


def test_a_radiance_that_is_none(file):
    lines = in_columns(",", ".", "").split("\r\n")
    lines[81] = "456,over,1e-4"
    path = file("\r\n".join(lines))
    with pytest.raises(InputError, match=r"line 82: .* at 456 it is 'over'"):
        read_spectra(path)
