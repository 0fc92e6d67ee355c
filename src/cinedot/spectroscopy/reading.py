"""Files of spectra, read into records.

Text goes through `core.delimited`, JASCO's binary files through `jasco`; both end in the same
checks, so that every `Spectrum` that leaves here obeys its contract.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from cinedot.core import InputError, Spectrum
from cinedot.core.delimited import Column, DelimitedTable, column_pair, read_delimited
from cinedot.core.units import length_nm_per
from cinedot.spectroscopy.jasco import read_jasco

LEAST_POINTS = 5
"""The fewest points that are called a spectrum."""
LEAST_NM = 10.0
"""The shortest wavelength of the ultraviolet: smaller numbers are micrometres or eV."""

_JASCO_UNITS = {"NANOMETERS": "nm", "1/CM": "1/cm", "SECONDS": "s", "CELSIUS": "degC"}
_OTHER_ABSCISSA = re.compile(r"(time|chan|energy|wavenumber|frequency|zeit|raman)\b", re.IGNORECASE)


def read_spectra(
    path: Path,
    *,
    columns: Mapping[str, str | int] | None = None,
    series: bool = False,
    range_nm: tuple[float, float] | None = None,
) -> tuple[Spectrum, ...]:
    """The spectra in a file, each of increasing wavelength in nm.

    Args:
        path: a text table, or a JASCO .jws or .jwb.
        columns: {"x": ..., "y": ...}, headings or numbers from 1; by default the first two.
        series: every column of intensities instead of the one; beside its own wavelengths where
            the file repeats them, and its label is its heading.
        range_nm: first and last wavelength to keep, nm.

    Raises:
        InputError: see `cinedot.core.delimited.read_delimited`; an abscissa that is no
            wavelength; wavelengths that are not positive, below 10 nm (the unit is another), or
            repeated; a blank beside a wavelength within the record; fewer than 5 points.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "pl.csv"
        >>> _ = path.write_text("nm,PL\\n" + "".join(f"{460 - k},{k}\\n" for k in range(9)))
        >>> spectrum, = read_spectra(path, range_nm=(452, 456))
        >>> spectrum.wavelength_nm, spectrum.intensity, spectrum.label
        (array([452., 453., 454., 455., 456.]), array([8., 7., 6., 5., 4.]), 'PL')
    """
    if path.suffix.lower() in (".jws", ".jwb"):
        spectra = _from_jasco(path, series=series)
    else:
        spectra = _from_table(read_delimited(path), columns or {}, series=series)
    return tuple(_within(spectrum, range_nm, path) for spectrum in spectra)


def _from_jasco(path: Path, *, series: bool) -> tuple[Spectrum, ...]:
    record = read_jasco(path)
    return tuple(
        Spectrum(
            wavelength_nm=record.wavelength_nm,
            intensity=intensity,
            label=label or path.stem,
            excitation_nm=record.excitation_nm,
            metadata=record.metadata,
        )
        for label, intensity in zip(record.labels, record.intensities, strict=True)
    )[: None if series else 1]


def _from_table(
    table: DelimitedTable, columns: Mapping[str, str | int], *, series: bool
) -> tuple[Spectrum, ...]:
    x, y = column_pair(table, x=columns.get("x"), y=columns.get("y"))
    pairs = _pairs(table, x) if series else [(x, y)]
    return tuple(_spectrum(table, *pair) for pair in pairs)


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


def _spectrum(table: DelimitedTable, x: Column, y: Column) -> Spectrum:
    scale = _nm_per(table, x)
    lost = np.isnan(x.values) & ~np.isnan(y.values)
    if lost.any():
        raise InputError(
            f"every intensity must stand beside its {x.name}, but here that is blank.",
            remedy="Fill the cell, or empty the row.",
            file=table.file,
            place=f"line {table.lines[int(np.argmax(lost))]}, column {x.number}",
        )
    kept = ~np.isnan(x.values) & ~np.isnan(y.values)
    group = y.group or x.group
    return Spectrum(
        wavelength_nm=x.values[kept] * scale,
        intensity=y.values[kept],
        label=group if group and len(table.columns) > 2 else y.name,
        excitation_nm=_stated_nm(table.metadata, "excitation"),
        metadata=table.metadata,
    )


def _nm_per(table: DelimitedTable, x: Column) -> float:
    """Nanometres in one unit of the abscissa; nm where the file states none."""
    stated = table.metadata.get("XUNITS", "")
    unit = x.unit or _JASCO_UNITS.get(stated.upper(), stated)
    if not unit and not _OTHER_ABSCISSA.match(x.heading):
        return 1.0
    factor = length_nm_per(unit)
    if factor is None:
        raise InputError(
            f"the abscissa must be a wavelength, but is {x.name!r} in {unit or 'no stated unit'}.",
            remedy="Give wavelengths in nm, or name their column in `columns`.",
            file=table.file,
        )
    return factor


def _stated_nm(metadata: Mapping[str, str], word: str) -> float | None:
    """A wavelength among a file's facts, nm, where one key alone holds the word."""
    for key, value in metadata.items():
        number = re.match(r"(\d+(?:\.\d+)?)\s*(nm)?$", value)
        if word in key.lower() and "slit" not in key.lower() and number:
            return float(number.group(1))
    return None


def _within(spectrum: Spectrum, range_nm: tuple[float, float] | None, path: Path) -> Spectrum:
    """The spectrum sorted, checked, and cut to the range."""
    order = np.argsort(spectrum.wavelength_nm, kind="stable")
    wavelength, intensity = spectrum.wavelength_nm[order], spectrum.intensity[order]
    place = f"spectrum {spectrum.label!r}"
    if len(wavelength) and wavelength[0] <= 0:
        raise InputError(
            f"wavelengths must be positive, but one is {wavelength[0]:g} nm.",
            remedy="Name the column of wavelengths in `columns`.",
            file=path,
            place=place,
        )
    if len(wavelength) and wavelength[0] < LEAST_NM:
        raise InputError(
            f"wavelengths must be {LEAST_NM:g} nm or more, but one is {wavelength[0]:g} nm: "
            "is the unit nm?",
            remedy="State it in the heading, as in `Wavelength (um)`.",
            file=path,
            place=place,
        )
    if not np.isfinite(intensity).all():
        raise InputError(
            "intensities must be finite, but some are not.",
            remedy="Export the record again.",
            file=path,
            place=place,
        )
    repeated = np.flatnonzero(np.diff(wavelength) == 0)
    if repeated.size:
        raise InputError(
            f"each wavelength must occur once, but {wavelength[repeated[0]]:g} nm is repeated.",
            remedy="Give one scan a file, or one a column.",
            file=path,
            place=place,
        )
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
            place=place,
        )
    return replace(spectrum, wavelength_nm=wavelength, intensity=intensity)
