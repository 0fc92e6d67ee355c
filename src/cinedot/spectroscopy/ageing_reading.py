"""Tables of intensity against the time of storage or exposure, read into records."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cinedot.core import InputError
from cinedot.core.delimited import Column, DelimitedTable, column_pair, refuse_lonely
from cinedot.core.units import time_s_per
from cinedot.spectroscopy.ageing_record import AgeingRecord
from cinedot.spectroscopy.files import read_table

_PEAK = re.compile(r"peak(_nm|\s*[\[(]nm[\])])?\b", re.IGNORECASE)
_SIGMA = re.compile(r"(sigma|sd|error|uncertainty)\b", re.IGNORECASE)
_AFTER_TIME = re.compile(r"(?:time|age|t)\s*[_/]\s*(\w+)$", re.IGNORECASE)


def read_ageing(
    path: Path, *, columns: Mapping[str, str | int] | None = None, series: bool = False
) -> tuple[AgeingRecord, ...]:
    """The stability records in a table, one for each condition.

    The heading of the times states their unit, as in `time_h`, `time_d`, `time (min)`. A column
    whose heading begins with `peak_nm` holds where the light peaked, one that begins with `sigma`
    the intensities' standard deviations; with several conditions each such heading ends in the
    condition's own ("peak_nm toluene").

    Args:
        path: a text table, a JASCO time course, or another that `read_tables` knows.
        columns: {"x": ..., "y": ...}, headings or numbers from 1; by default the first two.
        series: every column of intensities is a condition, its heading the label.

    Raises:
        InputError: see `read_tables`; times without a unit, or in one that is none; a blank
            time beside an intensity; and see `AgeingRecord`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "storage.csv"
        >>> _ = path.write_text("time_d,relative,peak_nm\\n0,1,463\\n40,0.5,463.2\\n")
        >>> record, = read_ageing(path)
        >>> record.time_h, record.intensity, record.peak_nm, record.time_unit
        (array([  0., 960.]), array([1. , 0.5]), array([463. , 463.2]), 'd')
    """
    table = read_table(path)
    wanted = columns or {}
    x, y = column_pair(table, x=wanted.get("x"), y=wanted.get("y"))
    unit = time_unit_of(table, x)
    kept = [y]
    if series:
        kept = [c for c in table.columns if c is not x and not _beside(c)]
    return tuple(_record(table, x, column, unit, alone=len(kept) == 1) for column in kept)


def _beside(column: Column) -> bool:
    return bool(_PEAK.match(column.heading) or _SIGMA.match(column.heading))


def time_unit_of(table: DelimitedTable, x: Column) -> str:
    """The unit of the times as the heading states it: s, min, h or d.

    Args:
        table: where it stands.
        x: its column.

    Raises:
        InputError: none, or one that is no such time.
    """
    after = _AFTER_TIME.match(x.heading.strip())
    stated = x.unit or (after.group(1) if after else "")
    seconds = time_s_per({"hours": "h", "hrs": "h", "hr": "h", "days": "d"}.get(stated, stated))
    if seconds is None:
        raise InputError(
            f"the column of times must state its unit, but {x.name!r} is in "
            f"{stated or 'no stated unit'}.",
            remedy="Head it `time_h`, `time_d` or `time_min`, or name it in `columns`.",
            file=table.file,
        )
    known = {1.0: "s", 60.0: "min", 3600.0: "h", 86400.0: "d"}
    if seconds not in known:
        raise InputError(
            f"times must be in s, min, h or d, but {x.name!r} is in {stated}.",
            remedy="Convert the column, and head it `time_h` or `time_d`.",
            file=table.file,
        )
    return known[seconds]


def _record(table: DelimitedTable, x: Column, y: Column, unit: str, *, alone: bool) -> AgeingRecord:
    refuse_lonely(table, x, y)
    kept = np.flatnonzero(~np.isnan(x.values) & ~np.isnan(y.values))
    hours = x.values[kept] * {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0}[unit]
    order = kept[np.argsort(hours, kind="stable")]
    peak = _companion(table.columns, _PEAK, y, alone=alone)
    sigma = _companion(table.columns, _SIGMA, y, alone=alone)
    if sigma is not None and np.isnan(sigma.values[order]).any():
        raise InputError(
            f"{sigma.name!r} must hold a sigma beside every intensity, but a cell is blank.",
            remedy="Fill it, or leave the column out.",
            file=table.file,
        )
    try:
        return AgeingRecord(
            time_h=np.sort(hours, kind="stable"),
            intensity=y.values[order],
            label=y.name,
            sigma=None if sigma is None else sigma.values[order],
            peak_nm=None if peak is None else peak.values[order],
            time_unit=unit,
        )
    except InputError as fault:
        raise fault.within(file=table.file) from fault


def _companion(
    columns: Sequence[Column], kind: re.Pattern[str], of: Column, *, alone: bool
) -> Column | None:
    """The column of peaks or sigmas that belongs to a column of intensities."""
    for column in columns:
        found = kind.match(column.heading)
        if found and column is not of:
            own = column.heading[found.end() :].strip(" _:,-")
            if own.casefold() == of.name.casefold() or (alone and not own):
                return column
    return None
