"""Histograms that PicoQuant's programs (PicoHarp, HydraHarp, TimeHarp) save as text.

Lines of `#key`, each followed by a line with a value for every curve, the last key `#counts`; as
several public readers of these files describe them: no such file was at hand.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np

from cinedot.core import InputError
from cinedot.core.delimited import Column, DelimitedTable

_WIDTH, _COUNTS = "ns/channel", "counts"


def read_picoquant(text: str, path: Path) -> DelimitedTable | None:
    """The curves of a histogram file, or None where the text is none.

    Args:
        text: the file's.
        path: the file, for errors.

    Returns:
        A column of counts for each curve; the width of a channel is in the metadata.

    Raises:
        InputError: no counts, curves of different channels, or a cell that is no number.

    Example:
        >>> text = "#PicoHarp 300\\n#ns/channel\\n0.004\\t0.004\\n#counts\\n5\\t1\\n4\\t2\\n"
        >>> table = read_picoquant(text, Path("a.dat"))
        >>> table.metadata["channel width"], table.columns[1].values
        ('0.004 ns', array([1., 2.]))
    """
    lines = [line.strip() for line in text.splitlines()]
    if f"#{_WIDTH}" not in lines:
        return None
    if f"#{_COUNTS}" not in lines:
        raise InputError(
            "a histogram of PicoQuant's must have a line `#counts`, but has none.",
            remedy="Export it again.",
            file=path,
        )
    start = lines.index(f"#{_COUNTS}") + 1
    facts = {"instrument": lines[0].lstrip("#").strip()}
    for key, value in pairwise(lines[:start]):
        if key.startswith("#") and value and not value.startswith("#"):
            facts[key.lstrip("#").strip()] = ", ".join(value.split())
    widths = set(facts.pop(_WIDTH, "").split(", "))
    if len(widths) != 1:
        raise InputError(
            f"all curves must have channels of one width, but these are {', '.join(sorted(widths))}"
            " ns wide.",
            remedy="Export the curve that is meant alone.",
            file=path,
        )
    rows = [(number, line) for number, line in enumerate(lines[start:], start=start + 1) if line]
    values = [_numbers(line, number, path) for number, line in rows]
    count = max((len(row) for row in values), default=0)
    return DelimitedTable(
        file=path,
        columns=tuple(
            Column(
                number=k + 1,
                heading=f"curve {k + 1}" if count > 1 else _COUNTS,
                unit="",
                group="",
                values=np.array([row[k] if k < len(row) else np.nan for row in values]),
            )
            for k in range(count)
        ),
        texts={},
        lines=tuple(number for number, _ in rows),
        metadata={**facts, "channel width": f"{widths.pop()} ns"},
    )


def _numbers(line: str, number: int, path: Path) -> list[float]:
    try:
        return [float(cell) for cell in line.split()]
    except ValueError:
        raise InputError(
            f"a column of numbers must hold numbers or blanks, but has {line[:40]!r}.",
            remedy="Export it again.",
            file=path,
            place=f"line {number}",
        ) from None
