"""Tables of intensity against the time since mixing, or of spectra against it, into records."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.delimited import Column, DelimitedTable, column_pair, refuse_lonely
from cinedot.core.units import time_s_per
from cinedot.growth.kinetic_record import LEAST_TIMES, KineticRecord
from cinedot.spectroscopy import read_spectra
from cinedot.spectroscopy.ageing_reading import time_unit_of
from cinedot.spectroscopy.files import read_table

_SIGMA = re.compile(r"(sigma|sd|error|uncertainty)\b", re.IGNORECASE)
_WAVELENGTH = re.compile(r"wave.?length|lambda|λ|nm\b|wl\b", re.IGNORECASE)
_AT = re.compile(r"(?<![\d.])(\d{3,4}(?:\.\d+)?)\s*_?nm\b", re.IGNORECASE)
_TIME = re.compile(
    r"(?:t(?:ime)?[\s_=:]*)?(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)[\s_]*([a-zA-Z]*)\s*", re.IGNORECASE
)
_PER_MIN = {"s": 1 / 60, "min": 1.0, "h": 60.0, "d": 1440.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectralRecord:
    """Spectra of a growing sample at several times.

    Attributes:
        time_min: since mixing, min; rising.
        wavelength_nm: nm, rising; the same for all.
        intensity: of each time and wavelength, in any unit.
        label: what it is called.
    """

    time_min: Float[np.ndarray, " time"]
    wavelength_nm: Float[np.ndarray, " x"]
    intensity: Float[np.ndarray, "time x"]
    label: str

    def at(self, wavelength_nm: float) -> KineticRecord:
        """The trace at the recorded wavelength nearest to one."""
        index = int(np.argmin(np.abs(self.wavelength_nm - wavelength_nm)))
        nearest = float(self.wavelength_nm[index])
        return KineticRecord(
            time_min=self.time_min,
            intensity=self.intensity[:, index],
            label=f"{nearest:g} nm",
            wavelength_nm=nearest,
        )


def read_kinetics(
    path: Path,
    *,
    columns: Mapping[str, str | int] | None = None,
    series: bool = False,
    wavelength_nm: float | None = None,
) -> tuple[KineticRecord, ...] | SpectralRecord:
    """The kinetic records in a table, one for each condition; or its spectra against time.

    The heading of the times states their unit, as in `time_min` or `time (s)`. A column whose
    heading begins with `sigma` holds the intensities' standard deviations; with several conditions
    it ends in the condition's own heading. A table whose first column is a wavelength holds
    spectra: its other headings are times, "0 min", "4 min", in min where they state no unit.

    Args:
        path: a text table, a JASCO time course, or another that `read_tables` knows.
        columns: {"x": ..., "y": ...}, headings or numbers from 1; by default the first two.
        series: every column of intensities is a condition, its heading the label.
        wavelength_nm: where the intensities were taken, nm; else what a heading states.

    Raises:
        InputError: see `read_tables`; times without a unit; a blank beside a value; spectra whose
            headings are no times; and see `KineticRecord`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "kinetics.csv"
        >>> rows = "".join(f"{4 * k},{k / 9}\\n" for k in range(10))
        >>> _ = path.write_text("time_min,PL 453 nm\\n" + rows)
        >>> record, = read_kinetics(path)
        >>> record.span_min, record.label, record.wavelength_nm
        (36.0, 'PL 453 nm', 453.0)
    """
    table = read_table(path)
    wanted = columns or {}
    x, y = column_pair(table, x=wanted.get("x"), y=wanted.get("y"))
    if _WAVELENGTH.search(x.heading) or x.unit.lower() == "nm":
        return _spectra(table, x)
    unit = time_unit_of(table, x)
    kept = [y]
    if series:
        kept = [c for c in table.columns if c is not x and not _SIGMA.match(c.heading)]
    return tuple(
        _record(table, x, column, unit, wavelength_nm, alone=len(kept) == 1) for column in kept
    )


def _record(
    table: DelimitedTable,
    x: Column,
    y: Column,
    unit: str,
    wavelength_nm: float | None,
    *,
    alone: bool,
) -> KineticRecord:
    refuse_lonely(table, x, y)
    kept = np.flatnonzero(~np.isnan(y.values))
    minutes = x.values[kept] * _PER_MIN[unit]
    order = np.argsort(minutes, kind="stable")
    sigma = _sigmas(table, y, alone=alone)
    stated = _AT.search(y.heading)
    if sigma is not None and np.isnan(sigma[kept]).any():
        raise InputError(
            "the column of sigmas must hold one beside every intensity, but a cell is blank.",
            remedy="Fill it, or leave the column out.",
            file=table.file,
        )
    try:
        return KineticRecord(
            time_min=minutes[order],
            intensity=y.values[kept][order],
            label=y.name,
            sigma=None if sigma is None else sigma[kept][order],
            wavelength_nm=wavelength_nm or (float(stated[1]) if stated else None),
        )
    except InputError as fault:
        raise fault.within(file=table.file) from fault


def _sigmas(table: DelimitedTable, of: Column, *, alone: bool) -> Float[np.ndarray, " row"] | None:
    """The column of sigmas that belongs to a column of intensities."""
    for column in table.columns:
        found = _SIGMA.match(column.heading)
        if found and column is not of:
            own = column.heading[found.end() :].strip(" _:,-")
            if own.casefold() == of.name.casefold() or (alone and not own):
                return column.values
    return None


def _spectra(table: DelimitedTable, x: Column) -> SpectralRecord:
    """A wavelength x time table; `read_spectra` checks its wavelengths."""
    spectra = read_spectra(table.file, columns={"x": x.number}, series=True)
    minutes = np.array([_minutes(one.label, table.file) for one in spectra])
    first = spectra[0].wavelength_nm
    for one in spectra:
        if not np.array_equal(one.wavelength_nm, first):
            raise InputError(
                f"every spectrum must have the same wavelengths, but that of {one.label!r} "
                "has others.",
                remedy="Fill its blank cells, or leave the column out.",
                file=table.file,
            )
    order = np.argsort(minutes, kind="stable")
    if len(minutes) < LEAST_TIMES or (np.diff(minutes[order]) <= 0).any():
        raise InputError(
            f"a table of spectra must have at least {LEAST_TIMES} columns at different times, but "
            f"has {len(np.unique(minutes))}.",
            remedy='Head each by its time, as in "4 min".',
            file=table.file,
        )
    return SpectralRecord(
        time_min=minutes[order],
        wavelength_nm=first,
        intensity=np.stack([spectra[k].intensity for k in order.tolist()]),
        label=table.file.stem,
    )


def _minutes(label: str, file: Path) -> float:
    found = _TIME.fullmatch(label.strip().strip("()[]"))
    seconds = time_s_per(found[2] or "min") if found else None
    if found is None or seconds is None:
        raise InputError(
            f"each column of spectra must be headed by its time, but one is headed {label!r}.",
            remedy='Head it as in "4 min" or "240 s".',
            file=file,
        )
    return float(found[1]) * seconds / 60.0
