"""Text that Edinburgh Instruments' programs (F900, F980, Fluoracle) export.

A head of `Labels`, `Type`, `Start`, `Stop`, `Step`, `Fixed/Offset`, `Xaxis`, `Yaxis`, each with a
value for every curve, then rows of abscissa and curves; as a public reader of such exports has it:
no such file was at hand. Older F900 exports ("Time calibration: 2.7E-02ns/ch", `Chan  Data`) are
plain tables.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from cinedot.core.delimited import Column, DelimitedTable

_HEAD = {"type", "start", "stop", "step"}


def dressed_edinburgh(table: DelimitedTable) -> DelimitedTable:
    """A table whose head is Edinburgh's with that head's names, units and settings; else as it is.

    Example:
        >>> from pathlib import Path
        >>> from cinedot.core.delimited import delimited_table
        >>> head = "Labels,a\\nType,Emission Scan\\nStart,400\\nStop,402\\nStep,1\\n"
        >>> head += "Fixed/Offset,365\\nXaxis,Wavelength (nm)\\n\\n"
        >>> plain = delimited_table(head + "400,5,\\n401,7,\\n402,6,\\n", Path("a.txt"))
        >>> table = dressed_edinburgh(plain)
        >>> table.headings, table.metadata["excitation wavelength"]
        (('Wavelength (nm)', 'a'), '365 nm')
    """
    facts = {key.casefold(): value for key, value in table.metadata.items()}
    if not facts.keys() >= _HEAD or any(column.heading for column in table.columns):
        return table
    return replace(
        table,
        columns=_columns(table.columns, facts),
        metadata={**table.metadata, **_settings(facts)},
    )


def _columns(columns: tuple[Column, ...], facts: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns under the head's names: one abscissa for all, or one a curve."""
    names = facts.get("labels", "").split(", ") if "labels" in facts else []
    axis, unit = _first(facts, "xaxis", "x axis"), _first(facts, "yaxis", "y axis")
    if names and len(columns) == 2 * len(names):
        headings = [part for name in names for part in (axis, name)]
    else:
        headings = [axis, *names]
    headings += [""] * (len(columns) - len(headings))
    return tuple(
        _named(column, heading, "" if heading == axis else unit)
        for column, heading in zip(columns, headings, strict=False)
    )


def _named(column: Column, heading: str, unit: str) -> Column:
    bracketed = re.search(r"[(\[]([^()\[\]]*)[)\]]\s*$", heading)
    return replace(column, heading=heading, unit=unit or (bracketed[1] if bracketed else ""))


def _first(facts: Mapping[str, str], *keys: str) -> str:
    """What a head's line says of the first curve."""
    return next((facts[key].split(", ")[0] for key in keys if key in facts), "")


def _settings(facts: Mapping[str, str]) -> dict[str, str]:
    kind, fixed = facts["type"].casefold(), _first(facts, "fixed/offset", "fixed")
    settings: dict[str, str] = {}
    if re.fullmatch(r"\d+(\.\d+)?", fixed):
        if "emission" in kind:
            settings["excitation wavelength"] = f"{float(fixed):g} nm"
        elif "excitation" in kind:
            settings["emission wavelength"] = f"{float(fixed):g} nm"
    unit = re.search(r"\(?\b([pnuµμ]s)\b", _first(facts, "xaxis", "x axis"))
    step = _first(facts, "step")
    if unit and re.fullmatch(r"\d+(\.\d+)?([eE][+-]?\d+)?", step):
        settings["channel width"] = f"{step} {unit[1]}"
    return settings
