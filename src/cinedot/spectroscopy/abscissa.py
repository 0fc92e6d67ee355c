"""An abscissa of wavelengths or wavenumbers: its unit, and one direction throughout."""

import re

import numpy as np
from jaxtyping import Float, Int

from cinedot.core import InputError
from cinedot.core.delimited import Column, DelimitedTable
from cinedot.core.units import length_nm_per

LEAST_NM = 10.0
"""The shortest wavelength of the ultraviolet: smaller numbers are micrometres or eV."""

_JASCO_UNITS = {"NANOMETERS": "nm", "1/CM": "1/cm", "SECONDS": "s", "CELSIUS": "degC"}
_OTHER_ABSCISSA = re.compile(r"(time|chan|energy|wavenumber|frequency|zeit|raman)\b", re.IGNORECASE)


def nm_per(table: DelimitedTable, x: Column) -> float:
    """Nanometres in one unit of the abscissa; 1 where the file states none.

    Args:
        table: where it stands.
        x: its column.

    Raises:
        InputError: a unit of no length, or a heading of another abscissa.

    Example:
        >>> from pathlib import Path
        >>> x = Column(number=1, heading="x [um]", unit="um", group="", values=np.array([0.4, 0.5]))
        >>> nm_per(DelimitedTable(
        ...     file=Path("a.csv"), columns=(x,), texts={}, lines=(2, 3), metadata={}), x)
        1000.0
    """
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


def check_order(
    table: DelimitedTable,
    x: Column,
    values: Float[np.ndarray, " row"],
    rows: Int[np.ndarray, " kept"],
    *,
    what: str,
    unit: str = "",
) -> None:
    """Refuse an abscissa that turns back or repeats itself: nobody can tell which scan is meant.

    Args:
        table: where it stands.
        x: its column.
        values: the column's, in `unit`.
        rows: those that are used, in the file's order.
        what: its name, as in "wavelength".
        unit: of the values, for the message.

    Raises:
        InputError: names the line.

    Example:
        >>> from pathlib import Path
        >>> x = Column(number=1, heading="nm", unit="", group="", values=np.array([4.0, 5.0, 3.0]))
        >>> table = DelimitedTable(
        ...     file=Path("pl.csv"), columns=(x,), texts={}, lines=(2, 3, 4), metadata={})
        >>> check_order(table, x, x.values, np.arange(2), what="wavelength", unit="nm")
        >>> check_order(table, x, x.values, np.arange(3), what="wavelength", unit="nm")
        Traceback (most recent call last):
        cinedot.core.errors.InputError: pl.csv, line 4, column 1: wavelengths must rise or fall \
throughout, but 3 nm turns back. Give one scan a file, or one a column.
    """
    steps = np.diff(values[rows])
    if (steps == 0).any():
        bad = int(np.argmax(steps == 0)) + 1
        rule = f"each {what} must occur once, but {{}} is repeated."
    elif not ((steps > 0).all() or (steps < 0).all()):
        way = np.sign(np.median(np.sign(steps))) or np.sign(steps[0])
        bad = int(np.argmax(np.sign(steps) != way)) + 1
        rule = f"{what}s must rise or fall throughout, but {{}} turns back."
    else:
        return
    raise InputError(
        rule.format(f"{values[rows[bad]]:g} {unit}".rstrip()),
        remedy="Give one scan a file, or one a column.",
        file=table.file,
        place=f"line {table.lines[int(rows[bad])]}, column {x.number}",
    )
