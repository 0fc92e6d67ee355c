"""Files of spectra, read into records.

Every file comes as tables (`files`) and ends in the same checks, so that every `Spectrum`
that leaves here obeys its contract.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cinedot.core import InputError, Spectrum
from cinedot.core.delimited import Column, DelimitedTable, column_pair, refuse_lonely
from cinedot.spectroscopy.abscissa import LEAST_NM, check_order, nm_per
from cinedot.spectroscopy.files import excitation_nm, read_tables, stated_settings

LEAST_POINTS = 5
"""The fewest points that are called a spectrum."""

_EXCITED_AT = re.compile(r"(ex\w*[\s.:=]*)?(\d{3,4}(?:\.\d+)?)\s*(nm)?", re.IGNORECASE)
_FLUORESCENCE = re.compile(r"fluor|emission|lumin", re.IGNORECASE)


def read_spectra(
    path: Path,
    *,
    columns: Mapping[str, str | int] | None = None,
    series: bool = False,
    range_nm: tuple[float, float] | None = None,
) -> tuple[Spectrum, ...]:
    """The spectra in a file, each of increasing wavelength in nm.

    In a table of several excitations (an EEM) each spectrum has its own: headings such as "310 nm",
    "Ex 310", or bare numbers where the file calls itself fluorescence.

    Args:
        path: a text table or several, a JASCO .jws or .jwb, a HyperSpy .hspy or .zspy; see
            `cinedot.spectroscopy.files`. Wavelengths rise or fall.
        columns: {"x": ..., "y": ...}, headings or numbers from 1; by default the first two.
        series: every column of intensities of every block instead of the one; beside its own
            wavelengths where the file repeats them, and its label is its heading.
        range_nm: first and last wavelength to keep, nm.

    Raises:
        InputError: see `read_tables`; an abscissa that is no wavelength; wavelengths that are not
            positive, below 10 nm (the unit is another), repeated or out of order; a blank beside a
            wavelength within the record; fewer than 5 points.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "pl.csv"
        >>> _ = path.write_text("nm,PL\\n" + "".join(f"{460 - k},{k}\\n" for k in range(9)))
        >>> spectrum, = read_spectra(path, range_nm=(452, 456))
        >>> spectrum.wavelength_nm, spectrum.intensity, spectrum.label
        (array([452., 453., 454., 455., 456.]), array([8., 7., 6., 5., 4.]), 'PL')
    """
    tables = read_tables(path)
    return tuple(
        _within(spectrum, range_nm, path)
        for table in tables[: None if series else 1]
        for spectrum in _from_table(table, columns or {}, series=series)
    )


def _from_table(
    table: DelimitedTable, columns: Mapping[str, str | int], *, series: bool
) -> tuple[Spectrum, ...]:
    x, y = column_pair(table, x=columns.get("x"), y=columns.get("y"))
    pairs = _pairs(table, x) if series else [(x, y)]
    excitations = _excitations(table, [column for _, column in pairs])
    return tuple(
        _spectrum(table, *pair, excited_nm=excited)
        for pair, excited in zip(pairs, excitations, strict=True)
    )


def _pairs(table: DelimitedTable, x: Column) -> list[tuple[Column, Column]]:
    """Each column of intensities with the wavelengths nearest to its left."""
    pairs: list[tuple[Column, Column]] = []
    current = x
    for column in table.columns:
        if column is x:
            continue
        if x.heading and column.heading.casefold() == x.heading.casefold():
            current = column
        else:
            pairs.append((current, column))
    return pairs


def _excitations(table: DelimitedTable, columns: Sequence[Column]) -> list[float | None]:
    """What excited each column, nm, where its heading tells; all of them must."""
    kind = " ".join(table.metadata.get(key, "") for key in ("DATA TYPE", "YUNITS", "Type", "kind"))
    found: list[float | None] = []
    for column in columns:
        match = _EXCITED_AT.fullmatch(column.heading.strip())
        told = match and (match[1] or match[3] or _FLUORESCENCE.search(kind))
        found.append(float(match[2]) if match and told else None)
    return found if None not in found else [None] * len(columns)


def _spectrum(table: DelimitedTable, x: Column, y: Column, *, excited_nm: float | None) -> Spectrum:
    scale = nm_per(table, x)
    refuse_lonely(table, x, y)
    kept = np.flatnonzero(~np.isnan(x.values) & ~np.isnan(y.values))
    nm = x.values * scale
    _check_positive(nm[kept], table.file, f"spectrum {y.name!r}")
    check_order(table, x, nm, kept, what="wavelength", unit="nm")
    settings = stated_settings(table, y)
    return Spectrum(
        wavelength_nm=nm[kept],
        intensity=y.values[kept],
        label=y.group or x.group or y.name,
        excitation_nm=excitation_nm(settings) if excited_nm is None else excited_nm,
        metadata=settings,
    )


def _check_positive(nm: np.ndarray, path: Path, place: str) -> None:
    least = float(nm.min(initial=np.inf))
    if least <= 0:
        raise InputError(
            f"wavelengths must be positive, but one is {least:g} nm.",
            remedy="Name the column of wavelengths in `columns`.",
            file=path,
            place=place,
        )
    if least < LEAST_NM:
        raise InputError(
            f"wavelengths must be {LEAST_NM:g} nm or more, but one is {least:g} nm: "
            "is the unit nm?",
            remedy="State it in the heading, as in `Wavelength (um)`.",
            file=path,
            place=place,
        )


def _within(spectrum: Spectrum, range_nm: tuple[float, float] | None, path: Path) -> Spectrum:
    """The spectrum of rising wavelength, cut to the range."""
    falling = len(spectrum.wavelength_nm) > 1 and np.diff(spectrum.wavelength_nm[:2])[0] < 0
    way = slice(None, None, -1 if falling else 1)
    wavelength = np.ascontiguousarray(spectrum.wavelength_nm[way])
    intensity = np.ascontiguousarray(spectrum.intensity[way])
    if range_nm is not None:
        low, high = sorted(range_nm)
        kept = (wavelength >= low) & (wavelength <= high)
        wavelength, intensity = wavelength[kept], intensity[kept]
    if len(wavelength) < LEAST_POINTS:
        span = f" between {range_nm[0]:g} and {range_nm[1]:g} nm" if range_nm else ""
        raise InputError(
            f"a spectrum must have at least {LEAST_POINTS} points, "
            f"but {len(wavelength)} are here{span}.",
            remedy="Widen `range`, or name the columns in `columns`.",
            file=path,
            place=f"spectrum {spectrum.label!r}",
        )
    return replace(spectrum, wavelength_nm=wavelength, intensity=intensity)
