"""Several tables one below the other in a text file, each with its own abscissa."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from cinedot.core.cells import Cells, cut_cells

_LEAST_ROWS = 5


def blocks_of(text: str, path: Path) -> tuple[str, ...]:
    """The blocks of a text; a text of one block as it is.

    A block ends where, after a blank line or a line of words, the first column turns back or the
    words repeat what heads the first block; each has five rows of numbers or more. Lines keep their
    numbers: a block is its lines with empty ones in place of all before it.

    Args:
        text: the file's.
        path: the file, for errors.

    Example:
        >>> rows = "".join(f"{400 + k},{k}\\n" for k in range(5))
        >>> text = "nm,PL\\n" + rows + "\\nnm,PL\\n" + rows
        >>> [block.count("\\n") for block in blocks_of(text, Path("a.csv"))], text.count("\\n")
        ([5, 13], 13)
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cells = cut_cells(text, path)
    rows = [i for i, row in enumerate(cells.lines) if _is_numeric(row, cells)]
    starts = _starts(rows, cells)
    bounds = [rows.index(start) for start in starts] + [len(rows)]
    if len(starts) < 2 or any(b - a < _LEAST_ROWS for a, b in pairwise(bounds)):
        return (text,)
    # A block begins behind the last number of the one before it.
    first = [0, *(rows[rows.index(start) - 1] + 1 for start in starts[1:])]
    last = [*first[1:], len(lines)]
    return tuple("\n" * a + "\n".join(lines[a:b]) for a, b in zip(first, last, strict=True))


def title_of(block: str) -> str:
    """The lone words on the line right above a block's headings, or ""; a fact is no title.

    Example:
        >>> title_of("\\n30 s\\nnm,PL\\n400,1\\n"), title_of("Slit: 5 nm\\nnm,PL\\n400,1\\n")
        ('30 s', '')
    """
    for line in block.split("\n"):
        words = line.strip().strip(",;\t").strip()
        if words:
            lone = not re.search(r"[,;\t:=]", words)
            return words if lone and not re.fullmatch(r"[-+.\d\s]*", words) else ""
    return ""


def _is_numeric(row: Sequence[str], cells: Cells) -> bool:
    filled = [cell for cell in row if cell]
    return len(filled) > 1 and bool(row[0]) and all(cells.is_number(cell) for cell in filled)


def _starts(rows: list[int], cells: Cells) -> list[int]:
    """The lines that begin a block, among those of numbers."""
    if not rows:
        return []
    by_words, by_blanks, idle_blanks, way = rows[:1], rows[:1], 0, 0.0
    for before, here in pairwise(rows):
        step = (cells.number(cells.lines[here][0]) or 0.0) - (
            cells.number(cells.lines[before][0]) or 0.0
        )
        turned = way != 0 and step * way <= 0
        gap = [row for row in cells.lines[before + 1 : here] if any(row)]
        if any(cells.is_number(row[0]) for row in gap):
            continue  # a row of the numbers with a fault in it
        again = gap != [] and _heading(cells, here) == _heading(cells, rows[0]) != []
        if gap and (turned or again):
            by_words.append(here)
            way = 0.0
        elif here > before + 1 and not gap and turned:
            by_blanks.append(here)
            way = 0.0
        else:
            idle_blanks += here > before + 1 and not gap
            way = way or step
    # Where blank lines stand between any rows, they part no blocks.
    return by_words if idle_blanks else sorted({*by_words, *by_blanks})


def _heading(cells: Cells, row: int) -> list[str]:
    """The words right above a row of numbers."""
    return [cell for cell in cells.lines[row - 1] if cell] if row else []
