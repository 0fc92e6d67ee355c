"""Dilution series: what was absorbed and what was emitted, from a table."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.delimited import DelimitedTable, column_pair, read_delimited

LEAST_POINTS = 3
_MOST_ABSORBANCE = 4.0
"""What a spectrophotometer can tell from darkness; larger numbers are percent."""
_LEAST_ABSORBANCE = -0.01
"""How far a blank's reading may fall below nought."""

# "A372" and "A_372" are absorbances at a wavelength.
_ABSORBANCE = re.compile(r"abs|a[ _(]*\d|a\b|od\b|optical density|吸光度", re.IGNORECASE)
_INTENSITY = re.compile(
    r"int|pl\b|fl|f\b|i\b|area|counts|emission|積分|強度|蛍光|発光|面積", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dilutions:
    """One substance at several concentrations.

    Attributes:
        absorbance: at the excitation, decadic, over the whole path.
        intensity: integrated emission, the instrument's units.
        label: which of several this is.
    """

    absorbance: Float[np.ndarray, " point"]
    intensity: Float[np.ndarray, " point"]
    label: str


def read_dilutions(path: Path) -> Dilutions:
    """The absorbances and integrated intensities of a table, by its headings or in this order.

    Raises:
        InputError: see `cinedot.core.delimited.read_delimited` and `check_dilutions`; a blank
            beside a number.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "qy.csv"
        >>> _ = path.write_text("intensity,absorbance\\n10,0.02\\n20,0.04\\n30,0.06\\n")
        >>> read_dilutions(path).absorbance
        array([0.02, 0.04, 0.06])
    """
    table = read_delimited(path)
    x, y = column_pair(
        table, x=_only(table, _ABSORBANCE), y=_only(table, _INTENSITY, but=_ABSORBANCE)
    )
    lonely = np.isnan(x.values) != np.isnan(y.values)
    if lonely.any():
        blank = x if np.isnan(x.values[lonely][0]) else y
        raise InputError(
            "each absorbance must stand beside its intensity, but one of them is blank.",
            remedy="Fill the cell, or empty the row.",
            file=path,
            place=f"line {table.lines[int(np.argmax(lonely))]}, column {blank.number}",
        )
    kept = ~np.isnan(x.values)
    found = Dilutions(absorbance=x.values[kept], intensity=y.values[kept], label=path.stem)
    try:
        check_dilutions(found)
    except InputError as fault:
        raise fault.within(file=path) from fault
    return found


def _only(
    table: DelimitedTable, word: re.Pattern[str], *, but: re.Pattern[str] | None = None
) -> int | None:
    """The number of the one column whose heading begins with a word, else None."""
    found = [
        column.number
        for column in table.columns
        if word.match(column.heading.replace("integrated", "").strip(" _"))
        and not (but and but.match(column.heading))
    ]
    return found[0] if len(found) == 1 else None


def check_dilutions(series: Dilutions) -> None:
    """See that a series can be compared with another.

    Raises:
        InputError: numbers that are not finite; absorbances below nought or above 4; negative
            intensities; fewer than 3 points, or fewer than 2 different absorbances.
    """
    absorbance, intensity = series.absorbance, series.intensity
    if len(absorbance) != len(intensity):
        raise InputError(
            f"each absorbance must have its intensity, but {series.label!r} has "
            f"{len(absorbance)} and {len(intensity)}.",
            remedy="Give as many of both.",
        )
    if not (np.isfinite(absorbance).all() and np.isfinite(intensity).all()):
        raise InputError(
            f"absorbances and intensities must be finite, but some of {series.label!r} are not.",
            remedy="Leave these points out.",
        )
    if (intensity < 0).any():
        raise InputError(
            f"integrated intensities must not be negative, but one is {intensity.min():g}.",
            remedy="Subtract no more than the solvent's own light; check the column.",
            place=f"point {int(np.argmin(intensity)) + 1}",
        )
    if (absorbance < _LEAST_ABSORBANCE).any() or (absorbance > _MOST_ABSORBANCE).any():
        low = absorbance.min() < _LEAST_ABSORBANCE
        wrong = int(np.argmin(absorbance) if low else np.argmax(absorbance))
        raise InputError(
            f"absorbances must lie between 0 and {_MOST_ABSORBANCE:g}, but one is "
            f"{absorbance[wrong]:g}.",
            remedy="Give decadic absorbances against the solvent, not percent; check the columns.",
            place=f"point {wrong + 1}",
        )
    if len(absorbance) < LEAST_POINTS or np.ptp(absorbance) < 1e-9:
        raise InputError(
            f"a slope must have at least {LEAST_POINTS} points at different absorbances, but "
            f"{series.label!r} has {len(np.unique(absorbance))}.",
            remedy="Measure more dilutions.",
        )
