"""Infrared spectra as instruments leave them, in absorbance or transmittance."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.delimited import Column, DelimitedTable, column_pair
from cinedot.spectroscopy.abscissa import check_order
from cinedot.spectroscopy.files import read_table

_WAVENUMBER = re.compile(
    r"1/cm|cm\s*[\^_(]?\s*[-−⁻]\s*[1¹]\)?|cm\*\*-1|per[_ ]cm|wavenumber|kayser|波数", re.IGNORECASE
)
_OTHER = re.compile(
    r"wavelength|nanomet|\bnm\b|[uµμ]m\b|micromet|energy|\bev\b|time|raman", re.IGNORECASE
)
_TRANSMITTANCE = re.compile(r"transmittance|transmission|%\s*t\b|\bt\s*\(?%|^t\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class InfraredSpectrum:
    """Absorbance against wavenumber.

    Attributes:
        wavenumber_per_cm: increasing, 1/cm.
        absorbance: decadic.
        label: which of several this is.
    """

    wavenumber_per_cm: Float[np.ndarray, " x"]
    absorbance: Float[np.ndarray, " x"]
    label: str


def read_infrared(
    path: Path, *, columns: Mapping[str, str | int] | None = None
) -> InfraredSpectrum:
    """The infrared spectrum in a file, as absorbance.

    Transmittance, which a heading or the file's own facts (JASCO's YUNITS) must name, is turned
    into absorbance: in percent where it exceeds 2.

    Args:
        path: a text table, a JASCO .jws, or another that `read_tables` knows; wavenumbers rising or
            falling.
        columns: {"x": ..., "y": ...}, headings or numbers from 1; by default the first two.

    Raises:
        InputError: see `read_tables`; an abscissa that is no wavenumber; wavenumbers that are
            not positive, repeated or out of order; transmittances not above 0; fewer than 50
            points.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "ir.csv"
        >>> rows = "".join(f"{1800 - 4 * k},{100 if k else 10}\\n" for k in range(60))
        >>> _ = path.write_text("wavenumber_per_cm,%T\\n" + rows)
        >>> spectrum = read_infrared(path)
        >>> float(spectrum.wavenumber_per_cm[-1]), float(spectrum.absorbance[-1])
        (1800.0, 1.0)
    """
    table = read_table(path)
    wanted = columns or {}
    x, y = column_pair(table, x=wanted.get("x"), y=wanted.get("y"))
    _check_abscissa(table, x)
    kept = ~np.isnan(x.values) & ~np.isnan(y.values)
    wavenumber, values = x.values[kept], y.values[kept]
    if len(wavenumber) < 50:
        raise InputError(
            f"an infrared spectrum must have at least 50 points, but has {len(wavenumber)}.",
            remedy="Give the whole spectrum, or name its columns in `columns`.",
            file=path,
        )
    check_order(table, x, x.values, np.flatnonzero(~np.isnan(x.values)), what="wavenumber")
    if wavenumber[0] > wavenumber[-1]:
        wavenumber, values = wavenumber[::-1], values[::-1]
    if wavenumber[0] <= 0:
        raise InputError(
            f"wavenumbers must be above 0, but one is {wavenumber[0]:g}.",
            remedy="Name their column in `columns`.",
            file=path,
        )
    stated = table.metadata.get("YUNITS", "")
    if _TRANSMITTANCE.search(f"{y.heading} {y.unit}") or _TRANSMITTANCE.search(stated):
        values = _absorbance(values, path)
    return InfraredSpectrum(
        wavenumber_per_cm=np.ascontiguousarray(wavenumber),
        absorbance=np.ascontiguousarray(values),
        label=y.heading or path.stem,
    )


def _check_abscissa(table: DelimitedTable, x: Column) -> None:
    stated = f"{x.heading} {x.unit} {table.metadata.get('XUNITS', '')}"
    other = _OTHER.search(stated) and not _WAVENUMBER.search(stated)
    # Without a word on it, a mid-infrared spectrum's own numbers tell: above 400, mostly.
    silent = not _WAVENUMBER.search(stated) and float(np.nanmax(x.values)) < 400
    if other or silent:
        raise InputError(
            f"the abscissa must be a wavenumber in 1/cm, but is {x.name!r}"
            + (f" in {x.unit or table.metadata.get('XUNITS')}." if other else " below 400."),
            remedy="Export wavenumbers, or name their column in `columns`.",
            file=table.file,
        )


def _absorbance(values: Float[np.ndarray, " x"], path: Path) -> Float[np.ndarray, " x"]:
    if (values <= 0).any():
        raise InputError(
            f"transmittances must be above 0, but one is {float(values.min()):g}.",
            remedy="Cut the range where nothing passes, or export absorbance.",
            file=path,
        )
    return -np.log10(values / (100.0 if float(values.max()) > 2.0 else 1.0))
