"""Mass spectra as instruments leave them: tables of m/z and intensity, or mzML."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cinedot.composition.mass_spectrum import MassSpectrum, Polarity, is_profile, picked_peaks
from cinedot.composition.mzml import read_mzml
from cinedot.core import InputError
from cinedot.core.delimited import DelimitedTable, column_pair, read_delimited

_MZ = re.compile(r"m\s*/\s*z\b.*|mz|mass", re.IGNORECASE)
_HEIGHT = re.compile(r"(rel\w*\.?\s*)?(int|abundance|counts|height).*", re.IGNORECASE)
_POLARITY_KEY = re.compile(r"polarity|\bion\s*mode|ioni[sz]ation|scan\s*mode", re.IGNORECASE)
_SAID: Mapping[Polarity, re.Pattern[str]] = {
    "positive": re.compile(r"\bpos|^\s*\+\s*$|\bESI\s*\(?\+", re.IGNORECASE),
    "negative": re.compile(r"\bneg|^\s*[-−]\s*$|\bESI\s*\(?[-−]\)?\s*$", re.IGNORECASE),
}


def read_mass_spectrum(
    path: Path,
    *,
    polarity: Polarity = "negative",
    columns: Mapping[str, str | int] | None = None,
) -> MassSpectrum:
    """The mass spectrum in a file, as peaks.

    Where most points of a table stand within 100 ppm of the next, it is a profile, and its peaks
    are picked. Rows without intensity are passed over.

    Args:
        path: .mzML, or a text table of m/z and intensity in any order.
        polarity: of the ions: a file that says another is refused.
        columns: {"x": ..., "y": ...}, headings or numbers from 1; by default those whose headings
            say m/z and intensity, else the first two.

    Raises:
        InputError: see `read_delimited` and `read_mzml`; a file of the other polarity; m/z that
            are not above 0; no intensity above 0.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "ms.csv"
        >>> _ = path.write_text("m/z,intensity\\n80.9163,97\\n78.9183,100\\n79.5,0\\n")
        >>> read_mass_spectrum(path).mz
        array([78.9183, 80.9163])
    """
    if path.suffix.lower() == ".mzml":
        return read_mzml(path, polarity=polarity)
    table = read_delimited(path)
    stated = _stated_polarity(table)
    if stated not in (None, polarity):
        raise InputError(
            f"the spectrum must be of {polarity} ions, but the file says {stated}.",
            remedy=f'Give the {polarity} recording, or write polarity = "{stated}".',
            file=path,
        )
    wanted = dict(columns or _headed(table))
    x, y = column_pair(table, x=wanted.get("x"), y=wanted.get("y"))
    if (x.values <= 0).any():
        raise InputError(
            f"m/z must be above 0, but one is {float(np.nanmin(x.values)):g}.",
            remedy="Name its column in `columns`.",
            file=path,
        )
    kept = np.isfinite(x.values) & np.isfinite(y.values)
    order = np.argsort(x.values[kept], kind="stable")
    mz, intensity = x.values[kept][order], y.values[kept][order]
    if is_profile(mz):
        mz, intensity = picked_peaks(mz, intensity)
    seen = intensity > 0
    if not seen.any():
        raise InputError(
            "a mass spectrum must hold peaks, but this one has no intensity above its noise.",
            remedy="Name the columns of m/z and intensity in `columns`.",
            file=path,
        )
    return MassSpectrum(
        mz=mz[seen],
        intensity=intensity[seen],
        polarity=polarity,
        label=path.stem,
        polarity_stated=stated is not None,
    )


def _headed(table: DelimitedTable) -> Mapping[str, int]:
    """The columns that their headings name, one each; nothing where they do not."""
    found = {
        key: [column.number for column in table.columns if pattern.fullmatch(column.heading)]
        for key, pattern in (("x", _MZ), ("y", _HEIGHT))
    }
    if all(len(numbers) == 1 for numbers in found.values()):
        return {key: numbers[0] for key, numbers in found.items()}
    return {}


def _stated_polarity(table: DelimitedTable) -> Polarity | None:
    """What the facts above the table say of the polarity, where they say one and not both."""
    for key, value in table.metadata.items():
        if _POLARITY_KEY.search(key):
            said: list[Polarity] = [one for one, sign in _SAID.items() if sign.search(value)]
            if len(said) == 1:
                return said[0]
    return None
