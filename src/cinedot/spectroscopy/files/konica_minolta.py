"""Exports of Konica Minolta's spectroradiometers (CS-2000, CS-1000): radiance and colour.

A measurement is a column of rows `380` ... `780` among rows of `Lv`, `X`, `x`, ..., or a row under
such headings. Built from what the instruments are known to give (401 radiances in W/(sr m2 nm),
each 1 nm, beside colorimetric values), unconfirmed: neither a file nor a manual was at hand.
"""

import re
from itertools import zip_longest
from pathlib import Path

import numpy as np

from cinedot.core import InputError
from cinedot.core.cells import Cells, cut_cells
from cinedot.core.delimited import Column, DelimitedTable

_LUMINANCE = re.compile(r"(Lv|luminance|輝度)\b", re.IGNORECASE)
_WAVELENGTH = re.compile(r"(?:L|Le|spectral)?\s*[(\[]?(\d{3,4}(?:\.\d+)?)\s*(?:nm)?[)\]]?")
_NAME = re.compile(r"(data |sample |target )?name|sample|データ名", re.IGNORECASE)
_LEAST_WAVELENGTHS = 100
"""The instruments give 401 (or 81 of an older one's 5 nm, which this takes for a plain table)."""

_Rows = list[tuple[int, list[str]]]
"""Lines of cells with the number of each in the file."""


def read_konica_minolta(text: str, path: Path) -> DelimitedTable | None:
    """The measurements of an export, or None where the text is none.

    Args:
        text: the file's.
        path: the file, for errors.

    Returns:
        Wavelength and a column for each measurement; Lv, X, x and what else stands beside them is
        in the metadata.

    Raises:
        InputError: a radiance that is no number.
    """
    if not any(_LUMINANCE.match(part.strip(' "')) for part in re.split(r"[\t;,\r\n]", text)):
        return None
    cells = cut_cells(text, path)
    rows: _Rows = [(n, row) for n, row in enumerate(cells.lines, start=1) if any(row)]
    if _wavelengths([row[0] for _, row in rows]) < _LEAST_WAVELENGTHS:
        head = max(range(len(rows)), key=lambda i: _wavelengths(rows[i][1]))
        if _wavelengths(rows[head][1]) < _LEAST_WAVELENGTHS:
            return None
        rows = _turned(rows[head:])
    if not any(_LUMINANCE.match(row[0]) for _, row in rows):
        return None
    return _table(rows, cells, path)


def _wavelengths(row: list[str]) -> int:
    return sum(_WAVELENGTH.fullmatch(cell) is not None for cell in row)


def _turned(rows: _Rows) -> _Rows:
    """Rows of measurements as columns; each then is told by the heading's line."""
    columns = zip_longest(*(row for _, row in rows), fillvalue="")
    return [(rows[0][0], list(column)) for column in columns]


def _table(rows: _Rows, cells: Cells, path: Path) -> DelimitedTable:
    count = max(len(_stripped(row)) for _, row in rows if _WAVELENGTH.fullmatch(row[0])) - 1
    facts: dict[str, str] = {}
    names = [f"measurement {k + 1}" if count > 1 else path.stem for k in range(count)]
    lines: list[int] = []
    points: list[list[float]] = []
    for number, row in rows:
        key, values = row[0], [*row[1:], *[""] * count][:count]
        found = _WAVELENGTH.fullmatch(key)
        if found:
            lines.append(number)
            points.append(
                [float(found[1]), *(_radiance(v, key, number, cells, path) for v in values)]
            )
        elif key and any(values):
            if _NAME.fullmatch(key):
                names = [value or name for value, name in zip(values, names, strict=True)]
            facts.setdefault(key, values[0] if len(set(values)) == 1 else ", ".join(values))
    table = np.array(points)
    return DelimitedTable(
        file=path,
        columns=(
            Column(number=1, heading="wavelength", unit="nm", group="", values=table[:, 0]),
            *(
                Column(
                    number=k + 2,
                    heading=name,
                    unit="W/(sr m2 nm)",
                    group="",
                    values=table[:, k + 1],
                )
                for k, name in enumerate(names)
            ),
        ),
        texts={},
        lines=tuple(lines),
        metadata=facts,
    )


def _stripped(row: list[str]) -> list[str]:
    """A row without the blank cells at its end."""
    last = max((k for k, cell in enumerate(row) if cell), default=-1)
    return row[: last + 1]


def _radiance(cell: str, key: str, line: int, cells: Cells, path: Path) -> float:
    if not cell:
        return float("nan")
    number = cells.number(cell)
    if number is None:
        raise InputError(
            f"a radiance must be a number, but at {key} it is {cell[:40]!r}.",
            remedy="Export the measurement again.",
            file=path,
            place=f"line {line}",
        )
    return number
