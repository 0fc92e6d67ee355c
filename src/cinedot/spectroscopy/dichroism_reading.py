"""Tables of ellipticity against wavelength, with or without absorbance, read into records."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cinedot.core import InputError
from cinedot.core.delimited import Column, DelimitedTable, column_pair
from cinedot.spectroscopy.abscissa import LEAST_NM, check_order, nm_per
from cinedot.spectroscopy.dichroism import DichroismRecord
from cinedot.spectroscopy.files import read_table

_ABSORBANCE = re.compile(r"abs|a$|od\b|optical density", re.IGNORECASE)
_VOLTAGE = re.compile(r"(ht|hv|dynode|voltage)\b|.*[\[(]v[\])]", re.IGNORECASE)
_HAND = re.compile(r"(?<![a-z])([dl]|[rs])(?![a-z])", re.IGNORECASE)


def read_dichroism(
    path: Path, *, columns: Mapping[str, str | int] | None = None, series: bool = False
) -> tuple[DichroismRecord, ...]:
    """The spectra of circular dichroism in a table, each of rising wavelength in nm.

    Absorbance is the column whose heading begins with `abs`, or the third of a table of three
    without headings. With several spectra, each takes the absorbance that names the same hand
    ("mdeg D", "absorbance D"), or else the only one. A detector's voltage is passed over.

    Args:
        path: a text table, a JASCO .jws, or another that `read_tables` knows.
        columns: {"x": ..., "y": ...}, headings or numbers from 1; by default the first two.
        series: every column that is neither absorbance nor voltage is a spectrum.

    Raises:
        InputError: see `read_tables`; an abscissa that is no wavelength; wavelengths that are
            below 10 nm, repeated or out of order; blanks; fewer than 12 points.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "cd.csv"
        >>> rows = "".join(f"{500 - k},{k},0.{k:02d}\\n" for k in range(20))
        >>> _ = path.write_text("wavelength_nm,mdeg,absorbance\\n" + rows)
        >>> record, = read_dichroism(path)
        >>> [float(column[0]) for column in (record.wavelength_nm, record.absorbance)]
        [481.0, 0.19]
    """
    table = read_table(path)
    wanted = columns or {}
    x, y = column_pair(table, x=wanted.get("x"), y=wanted.get("y"))
    rest = [c for c in table.columns if c is not x and not _VOLTAGE.match(c.heading)]
    absorbances = [c for c in rest if _ABSORBANCE.match(c.heading) and c is not y]
    if not absorbances and len(rest) == 2 and not any(c.heading for c in rest):
        absorbances = [c for c in rest if c is not y]
    kept = [c for c in rest if c not in absorbances] if series else [y]
    return tuple(_record(table, x, one, absorbances) for one in kept)


def hand_of(text: str) -> str:
    """The enantiomer that a text names: "D", "L", "R", "S", or "".

    Example:
        >>> hand_of("mdeg D"), hand_of("L-MLA"), hand_of("mdeg_L"), hand_of("mdeg")
        ('D', 'L', 'L', '')
    """
    found = _HAND.search(text)
    return found[1].upper() if found else ""


def _record(
    table: DelimitedTable, x: Column, y: Column, absorbances: list[Column]
) -> DichroismRecord:
    absorbance = _absorbance_of(y, absorbances)
    nm = x.values * nm_per(table, x)
    kept = ~np.isnan(nm) & ~np.isnan(y.values)
    if absorbance is not None:
        kept &= ~np.isnan(absorbance.values)
    rows = np.flatnonzero(kept)
    if len(rows) < 12:
        raise InputError(
            f"a spectrum of circular dichroism must have at least 12 points, but {len(rows)} of "
            f"{y.name!r} are whole.",
            remedy="Name its columns in `columns`, or record in finer steps.",
            file=table.file,
        )
    if float(nm[rows].min()) < LEAST_NM:
        bad = int(rows[np.argmin(nm[rows])])
        raise InputError(
            f"wavelengths must be {LEAST_NM:g} nm or more, but one is {nm[bad]:g} nm.",
            remedy="State the unit in the heading, as in `Wavelength (um)`.",
            file=table.file,
            place=f"line {table.lines[bad]}, column {x.number}",
        )
    check_order(table, x, nm, rows, what="wavelength", unit="nm")
    if nm[rows[0]] > nm[rows[-1]]:
        rows = rows[::-1]
    return DichroismRecord(
        wavelength_nm=nm[rows],
        ellipticity_mdeg=y.values[rows],
        absorbance=None if absorbance is None else absorbance.values[rows],
        label=y.name,
    )


def _absorbance_of(y: Column, absorbances: list[Column]) -> Column | None:
    same = [c for c in absorbances if hand_of(c.heading) and hand_of(c.heading) == hand_of(y.name)]
    if same:
        return same[0]
    return absorbances[0] if len(absorbances) == 1 else None
