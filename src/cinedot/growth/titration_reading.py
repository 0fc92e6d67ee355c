"""Tables and spectra of titrations, read into records."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cinedot.core import AnalysisError, InputError, Spectrum
from cinedot.core.delimited import Column, DelimitedTable
from cinedot.growth.titration_law import maxima_of
from cinedot.growth.titration_record import Observed, TitrationRecord
from cinedot.spectroscopy import fit_emission, read_spectra
from cinedot.spectroscopy.files import read_table

_AMOUNT = re.compile(r"(equiv|eq\b|x\b|oam)", re.IGNORECASE)
_KINDS = {
    "peak_nm": re.compile(r"(peak|lambda|λ|wavelength)", re.IGNORECASE),
    "fwhm_nm": re.compile(r"(fwhm|width)", re.IGNORECASE),
    "quantum_yield": re.compile(r"(quantum[_ ]?yield|pl?qy|qy|phi|Φ|yield)", re.IGNORECASE),
}
_SIGMA = re.compile(r"(sigma|sd|error|uncertainty)[\s_:]*(of[\s_]*)?", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")


def read_titration(
    path: Path, *, columns: Mapping[str, str | int] | None = None
) -> TitrationRecord:
    """A titration from a table of what was seen.

    The table has a column of equivalents and columns whose headings begin with `peak`, `fwhm` or
    `quantum_yield` (`qy`, `plqy`), each with one of `sigma ...` beside it where known.

    Args:
        path: a text table, or another that `read_tables` knows.
        columns: {"x": ...} the equivalents and {"y": ...} the peaks, by heading or number.

    Raises:
        InputError: see `read_table`; no column of equivalents; and see `TitrationRecord`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "oam.csv"
        >>> _ = path.write_text("equivalents,peak_nm,quantum_yield\\n0.5,453,0.9\\n0.25,517,0.4\\n")
        >>> read_titration(path).peak_nm.values
        array([517., 453.])
    """
    table = read_table(path)
    wanted = columns or {}
    amount = table.column(wanted["x"]) if "x" in wanted else _amounts(table)
    if np.isnan(amount.values).all():
        raise _no_amounts(table)
    kept = np.flatnonzero(~np.isnan(amount.values))
    order = kept[np.argsort(amount.values[kept], kind="stable")]
    found: dict[str, Observed] = {}
    for kind, heading in _KINDS.items():
        own = [c for c in table.columns if heading.match(c.heading) and c is not amount]
        if kind == "peak_nm" and "y" in wanted:
            own = [table.column(wanted["y"])]
        if own:
            found[kind] = _observed(table, own[0], heading, order)
    try:
        return TitrationRecord(
            equivalents=amount.values[order],
            label=path.stem,
            peak_nm=found.get("peak_nm"),
            fwhm_nm=found.get("fwhm_nm"),
            quantum_yield=found.get("quantum_yield"),
        )
    except InputError as fault:
        raise fault.within(file=path) from fault


def _amounts(table: DelimitedTable) -> Column:
    for column in table.columns:
        if _AMOUNT.match(column.heading.strip()):
            return column
    raise _no_amounts(table)


def _no_amounts(table: DelimitedTable) -> InputError:
    return InputError(
        "a titration must have a column of equivalents, but none is headed so.",
        remedy="Head it `equivalents`, or name it as in columns = { x = 1 }; spectra need "
        "series = true.",
        file=table.file,
    )


def _observed(
    table: DelimitedTable, column: Column, heading: re.Pattern[str], order: np.ndarray
) -> Observed:
    """A column with that of its sigmas, if there is one."""
    sigma = None
    for other in table.columns:
        begin = _SIGMA.match(other.heading)
        if begin and heading.match(other.heading[begin.end() :]):
            sigma = other.values[order]
            # A sigma counts only where there is a value.
            sigma = np.where(np.isnan(column.values[order]), 1.0, sigma)
            if np.isnan(sigma).any():
                raise InputError(
                    f"{other.name!r} must hold a sigma beside every value, but a cell is blank.",
                    remedy="Fill it, or leave the column out.",
                    file=table.file,
                )
    return Observed(values=column.values[order], sigma=sigma)


def read_titration_spectra(
    path: Path, *, columns: Mapping[str, str | int] | None = None
) -> tuple[tuple[float, Spectrum], ...]:
    """The spectra of a titration with their equivalents, from the least on.

    Args:
        path: a file that `read_spectra` knows; each column's heading holds its equivalents.
        columns: {"x": ...} the wavelengths.

    Raises:
        InputError: see `read_spectra`; a heading without a number, or one amount only.
    """
    spectra = read_spectra(path, columns=columns, series=True)
    found: list[tuple[float, Spectrum]] = []
    for one in spectra:
        number = _NUMBER.search(one.label)
        if number is None:
            raise InputError(
                f"each spectrum's heading must hold its equivalents, but one is {one.label!r}.",
                remedy='Head it as in "0.25 equiv".',
                file=path,
            )
        found.append((float(number.group()), one))
    if len({amount for amount, _ in found}) < 2:
        raise InputError(
            "a titration must have at least two different amounts, but has one.",
            remedy='Give a column for each amount, headed as in "0.25 equiv".',
            file=path,
        )
    return tuple(sorted(found, key=lambda pair: pair[0]))


def titration_of_spectra(
    spectra: Sequence[tuple[float, Spectrum]], *, label: str
) -> TitrationRecord:
    """Peaks, widths and maxima of a titration's spectra, by `fit_emission`.

    Args:
        spectra: with their equivalents, from the least on.
        label: what to call it.

    Raises:
        AnalysisError: a spectrum without a band.
    """
    peaks: list[tuple[float, float, tuple[float, ...]]] = []
    for _, one in spectra:
        try:
            fit = fit_emission(one)
        except AnalysisError as fault:
            reason = f"spectrum {one.label!r}: {fault.reason}"
            raise AnalysisError(reason, remedy=fault.remedy) from fault
        maxima = maxima_of(fit.wavelength_nm, fit.curve - fit.background)
        peaks.append((float(fit.peak.value), float(fit.fwhm.value), maxima))
    return TitrationRecord(
        equivalents=np.array([amount for amount, _ in spectra]),
        label=label,
        peak_nm=Observed(values=np.array([one[0] for one in peaks])),
        fwhm_nm=Observed(values=np.array([one[1] for one in peaks])),
        maxima_nm=tuple(one[2] for one in peaks),
    )
