"""Plain tables: without headings, in several blocks, and what must not be taken for one."""

import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.spectroscopy import read_spectra

RISE = "".join(f"{400 + k},{k}\n" for k in range(8))
FALL = "".join(f"{500 - k},{2 * k}\n" for k in range(6))


def test_columns_without_headings(file):
    rows = "".join(f"{400 + k}\t{k}\t{k * k}\n" for k in range(6))
    spectra = read_spectra(file(rows), series=True)
    assert [one.label for one in spectra] == ["column 2", "column 3"]
    assert spectra[1].intensity.tolist() == [0, 1, 4, 9, 16, 25]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("30 s\nnm,PL\n" + RISE + "\n60 s\nnm,PL\n" + FALL, ["30 s", "60 s"]),
        ("nm,PL\n" + RISE + "nm,PL\n" + FALL, ["block 1", "block 2"]),
        (RISE + "\n" + RISE.replace(",", ",1"), ["block 1", "block 2"]),
        ("Excitation: 372 nm\nnm,PL\n" + RISE + "\n\nnm,PL\n" + RISE, ["block 1", "block 2"]),
    ],
)
def test_blocks_one_below_the_other(file, text, labels):
    spectra = read_spectra(file(text), series=True)
    assert [one.label for one in spectra] == labels
    assert spectra[0].intensity.tolist() == list(range(8))
    assert len(read_spectra(file(text))) == 1
    if "372" in text:
        assert [one.excitation_nm for one in spectra] == [372.0, 372.0]


def test_lines_are_named_in_every_block(file):
    text = "nm,PL\n" + RISE + "\nnm,PL\n" + FALL.replace("497,6", "499,6")
    with pytest.raises(InputError, match=r"line 15, column 1: wavelengths must rise or fall"):
        read_spectra(file(text), series=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nm,PL\n" + RISE + "409,abc\n" + RISE, r"line 10, column 2 \(PL\): .*'abc'"),
        ("nm,PL\n" + RISE + "nm,PL\n401,2\n402,3\n", r"line 10, column 1 \(nm\): .*'nm'"),
        # Blank lines between all rows part no blocks.
        ("\n\n".join((RISE + RISE).split()), "wavelengths must rise or fall .* 400 nm turns back"),
        ("nm,PL\n400,1\n401,2\n405,3\n403,4\n406,5\n", "line 5, column 1: .* 403 nm turns back"),
        ("nm\tPL\n400,5\t1.5\n401,5\t2.5\n", "one decimal mark, but has '1.5' and '400,5'"),
        ("nm;PL\n400;1.500\n401;1,600\n", "line 3, column 2: .* '1.500' and '1,600'"),
    ],
)
def test_what_is_no_block_is_refused(file, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_spectra(file(text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"MZ" + bytes(99),
        b"\xff\xfe\x00",
        b"PK\x03\x04" + bytes(50),
    ],
)
def test_files_of_no_spectra(file, content):
    with pytest.raises(InputError, match=r"must be text|must hold a table") as caught:
        read_spectra(file(content, "x.dat"))
    assert "\n" not in str(caught.value)


def test_numbers_survive(file):
    values = np.random.default_rng().normal(size=(50, 2)).cumsum(axis=0) ** 2 + 400
    values[:, 0] = 400 + np.arange(50) / 7
    rows = "".join(f"{x!r} {y!r}\n" for x, y in values.tolist())
    (spectrum,) = read_spectra(file(rows))
    np.testing.assert_array_equal(np.stack([spectrum.wavelength_nm, spectrum.intensity], 1), values)
