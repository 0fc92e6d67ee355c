"""Lines of text cut into cells: which delimiter, which decimal mark."""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cinedot.core.errors import InputError

_POINT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(\d+,?\d*|,\d+)([eEdD][+-]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The lines of a file cut into stripped cells, and how a number is written there."""

    lines: list[list[str]]
    delimiter: str
    number: Callable[[str], float | None]

    def is_number(self, cell: str) -> bool:
        """Whether a cell holds a number, as this file writes them."""
        return self.number(cell) is not None

    def refuse_two_marks(self, rows: Sequence[int], path: Path) -> None:
        """Raise where some numbers have a decimal point and others a comma: one groups thousands.

        Args:
            rows: which lines hold numbers, by their index.
            path: the file, for the error.
        """
        seen: dict[str, str] = {}
        for i in rows:
            for k, cell in enumerate(self.lines[i]):
                for mark in ".,":
                    if mark in cell and self.is_number(cell):
                        seen.setdefault(mark, cell)
                if len(seen) > 1:
                    raise InputError(
                        "a file must have one decimal mark, but has "
                        f"{seen['.']!r} and {seen[',']!r}.",
                        remedy="Export without marks between thousands.",
                        file=path,
                        place=f"line {i + 1}, column {k + 1}",
                    )


def _with_point(cell: str) -> float | None:
    return float(cell.lower().replace("d", "e")) if _POINT.fullmatch(cell) else None


def _with_comma(cell: str) -> float | None:
    if not _COMMA.fullmatch(cell):
        return _with_point(cell)
    return float(cell.lower().replace("d", "e").replace(",", "."))


def cut_cells(text: str, path: Path) -> Cells:
    """Cut the text at the delimiter that gives most numbers in rows of nothing but numbers."""
    lines = text.strip("\x1a").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    best, best_score = None, (0, 0)
    for delimiter in ("\t", ";", ",", " "):
        number = _with_point if delimiter == "," else _with_comma
        # Enough to tell, and a long file is cut whole only once.
        score = [0, 0]
        for line in lines[:2000]:
            cells = [cell for cell in _cut(line, delimiter) if cell]
            count = sum(number(cell) is not None for cell in cells)
            score[0] += count if count == len(cells) else 0
            score[1] += count
        ranked = (score[0], 0 if score[0] else score[1])
        # Among words, blanks cut "6 V" in two: a few numbers more do not make them the delimiter.
        if delimiter == " " and not score[0] and ranked[1] < 1.5 * best_score[1]:
            continue
        if ranked > best_score:
            best, best_score = (delimiter, number), ranked
    if best is None:
        raise InputError(
            "the file must hold a block of numbers, but has none.",
            remedy="Give a table of numbers as text.",
            file=path,
        )
    cut = [_cut(line, best[0]) for line in lines]
    return Cells(lines=cut, delimiter=best[0], number=best[1])


def _cut(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        cells = line.split()
    elif '"' in line:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    else:
        cells = line.split(delimiter)
    return [cell.strip().strip("\ufeff") for cell in cells]
