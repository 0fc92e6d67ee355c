"""A catalog's entries as a table to read, as JSON, as CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from cinedot.core import Estimate, InputError
from cinedot.dossier.catalog.keys import COLUMNS, Key, find_key
from cinedot.dossier.catalog.listing import Entry

_USUAL = (
    "sample.host",
    "emission.peak",
    "emission.fwhm",
    "quantum_yield.phi",
    "decay.lifetime",
    "survey.mean_edge",
    "movie.edges",
    "movie.compound",
)
"""Shown unless columns are named: of these, what some entry has."""

_ALWAYS = ("number", "sample", "date")


def columns_of(
    connection: Connection, listed: Sequence[Entry], *, named: str | None, asked: Sequence[Key]
) -> list[Key]:
    """The columns to show: those named, or the usual ones, with those that were asked about.

    Raises:
        InputError: a name is unknown.
    """
    if named is not None:
        names = [part.strip() for part in named.split(",") if part.strip()]
        keys = [find_key(connection, name) for name in dict.fromkeys((*_ALWAYS[:2], *names))]
        return keys
    fixed = [Key(text=name, kind="column", name=name) for name in _ALWAYS]
    usual: list[Key] = []
    for name in _USUAL:
        try:
            usual.append(find_key(connection, name))
        except InputError:  # a fact that no sample states
            continue
    tags = sorted({tag for entry in listed for tag in entry.tags})
    usual += [Key(text=tag, kind="tag", name=tag) for tag in tags]
    return fixed + [
        key
        for key in dict.fromkeys((*usual, *asked))
        if key.name not in _ALWAYS and any(entry.told(key) for entry in listed)
    ]


def sorted_by(listed: list[Entry], key: Key, *, downwards: bool) -> list[Entry]:
    """Entries by what they say of a key (the first of several), those that say nothing last."""

    def rank(entry: Entry) -> tuple[int, float, str]:
        told = _bare(entry.told(key)[0])
        return (0, told, "") if not isinstance(told, str) else (1, 0.0, told)

    with_it = sorted((one for one in listed if one.told(key)), key=rank, reverse=downwards)
    return with_it + [one for one in listed if not one.told(key)]


def _bare(told: Estimate | float | str) -> float | str:
    return told.value if isinstance(told, Estimate) else told


def print_table(listed: Sequence[Entry], columns: Sequence[Key], console: Console) -> None:
    """Print entries, one a line; numbers with their sigma, limits and reports marked."""
    table = Table()
    for key in columns:
        numeric = key.kind == "quantity" and key.unit != ""
        table.add_column(key.heading, justify="right" if numeric else "left", overflow="fold")
    for entry in listed:
        cells = ["; ".join(_cell(one, key) for one in entry.told(key)) for key in columns]
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def _cell(told: Estimate | float | str, key: Key) -> str:
    if isinstance(told, Estimate):
        text = told.text().removesuffix(f" {told.unit}" if told.unit else "")
        marks = [told.status] if told.status == "undetermined" else []
        marks += ["reported"] if is_reported(told) else []
        return f"{text} ({', '.join(marks)})" if marks else text
    if key.name == "date" and isinstance(told, str):
        return told[:10]
    return told if isinstance(told, str) else f"{told:g}"


def is_reported(told: Estimate) -> bool:
    """Whether a number was stated in `[reported]`, not found in a record."""
    return told.method.startswith("reported")


def as_json(listed: Sequence[Entry]) -> str:
    """Entries with everything that they hold, results as in `dossier.json`."""
    rows: list[dict[str, Any]] = [
        {
            **{name: getattr(entry, name) for name in (*COLUMNS, "given")},
            "results": {name: one.json() for name, one in sorted(entry.results.items())},
            "facts": entry.facts,
            "tags": entry.tags,
            "checks": entry.checks,
            "failed": entry.unfinished,
        }
        for entry in listed
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False)


def as_csv(listed: Sequence[Entry], columns: Sequence[Key]) -> str:
    """Entries as CSV: a quantity has its value, sigma and status; several are parted by "; "."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    headings: list[str] = []
    for key in columns:
        headings.append(key.heading)
        if key.kind == "quantity":
            headings += [f"{key.heading} sigma", f"{key.text} status"]
    writer.writerow(headings)
    for entry in listed:
        cells: list[str] = []
        for key in columns:
            told = entry.told(key)
            cells.append("; ".join(_exact(_bare(one)) for one in told))
            if key.kind == "quantity":
                found = [one for one in told if isinstance(one, Estimate)]
                cells.append(
                    "; ".join("" if one.sigma is None else _exact(one.sigma) for one in found)
                )
                cells.append(
                    "; ".join("reported" if is_reported(one) else one.status for one in found)
                )
        writer.writerow(cells)
    return written.getvalue().rstrip("\n")


def _exact(value: float | str) -> str:
    return value if isinstance(value, str) else repr(value)
