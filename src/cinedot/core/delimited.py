"""Tables of numbers as instruments and spreadsheets leave them in text files.

bytes -> text (encoding) -> lines -> cells (delimiter, decimal mark) -> the block of numbers,
with what stands above it: facts, headings, units. What the columns mean is the reader's affair.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinedot.core.cells import Cells, cut_cells
from cinedot.core.decoding import decoded
from cinedot.core.errors import InputError
from cinedot.core.facts import stated_facts

_NOT_A_NUMBER = re.compile(r"[+-]?(nan|inf|infinity|ind|1\.#\w+)|#\S+", re.IGNORECASE)
_UNIT = re.compile(
    r"[\[(].*[\])]|nm|[uµμ]m|Å|ev|mev|1/cm|cm-1|a\.? ?u\.?|arb\.?( ?u(nits)?\.?)?|counts?|cps|cnts"
    r"|[numpµμ]?s|min|h|d|%|-|mdeg|abs|v|mv|ma|°c|k|at\.?%|equiv\.?",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"[\[(]([^\[\]()]*)[\])]\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of numbers.

    Attributes:
        number: which column of the file it is, counted from 1.
        heading: what stands above it; "" where nothing does.
        unit: the unit of a units row, or what the heading has in brackets; "" without either.
        group: what a second row of headings above the first says; "" without one.
        values: the numbers, NaN where the cell is blank.
    """

    number: int
    heading: str
    unit: str
    group: str
    values: Float[np.ndarray, " row"]

    @property
    def name(self) -> str:
        """The heading, or "column 3" where there is none."""
        return self.heading or f"column {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DelimitedTable:
    """The block of numbers in a text file.

    Attributes:
        file: where it was read.
        columns: those that hold numbers, in the file's order; wholly blank ones are left out.
        texts: columns that hold words only (names of samples, say), by heading.
        lines: the line of the file, from 1, that each row stands on.
        metadata: pairs of key and value that stand above the block or below it.
    """

    file: Path
    columns: tuple[Column, ...]
    texts: Mapping[str, tuple[str, ...]]
    lines: tuple[int, ...]
    metadata: Mapping[str, str]

    @property
    def headings(self) -> tuple[str, ...]:
        """The names of the columns of numbers."""
        return tuple(column.name for column in self.columns)

    def column(self, wanted: str | int) -> Column:
        """A column by its heading (letter case and outer blanks aside) or its number from 1.

        Raises:
            InputError: there is none, or several, by that name, and names the nearest; or true
                or false instead of a name.
        """
        if isinstance(wanted, bool):
            raise InputError(
                f"`columns` must name a column, but has {str(wanted).lower()}.",
                remedy="Give its heading, or its number from 1.",
                file=self.file,
            )
        if isinstance(wanted, int):
            found = [column for column in self.columns if column.number == wanted]
            numbers = _listed([str(column.number) for column in self.columns])
            offer = f"Columns count from 1; those with numbers are {numbers}."
        else:
            key = wanted.strip().casefold()
            found = [c for c in self.columns if c.heading.strip().casefold() == key]
            found = found or [c for c in self.columns if c.name.casefold() == key]
            near = difflib.get_close_matches(wanted, self.headings, n=1, cutoff=0.0)
            offer = f"Nearest is {near[0]!r}." if near else ""
        if len(found) == 1:
            return found[0]
        if found:
            numbers = _listed([str(column.number) for column in found])
            raise InputError(
                f"`columns` must name one column, but {wanted!r} stands above columns {numbers}.",
                remedy="Give the column's number instead.",
                file=self.file,
            )
        raise InputError(
            f"`columns` must name a column of numbers, but {wanted!r} is none of them.",
            remedy=f"{offer} The table has {_listed([repr(name) for name in self.headings])}.",
            file=self.file,
        )


def column_pair(
    table: DelimitedTable, *, x: str | int | None = None, y: str | int | None = None
) -> tuple[Column, Column]:
    """The two columns asked for by name or number; by default the first two of numbers.

    Args:
        table: the table.
        x, y: heading or number (from 1) as in sample.toml's `columns = {x = ..., y = ...}`.

    Raises:
        InputError: an unknown name or number; one column for both; fewer than two columns.
    """
    first = table.column(x) if x is not None else None
    second = table.column(y) if y is not None else None
    if first is not None and first is second:
        raise InputError(
            f"`columns` must name two columns, but both x and y are {first.name!r}.",
            remedy="Name another column for one of them.",
            file=table.file,
        )
    for column in table.columns:
        if first is None and column is not second:
            first = column
        elif second is None and column is not first:
            second = column
    if first is None or second is None:
        raise InputError(
            f"the table must hold two columns of numbers, but holds {len(table.columns)}: "
            f"{_listed([repr(name) for name in table.headings])}.",
            remedy="Give a file with x and y side by side.",
            file=table.file,
        )
    return first, second


def refuse_lonely(table: DelimitedTable, x: Column, y: Column) -> None:
    """Refuse a value of `y`, an intensity, that stands beside a blank of `x`.

    Raises:
        InputError: there is one; says where.
    """
    lost = np.isnan(x.values) & ~np.isnan(y.values)
    if lost.any():
        raise InputError(
            f"every intensity must stand beside its {x.name}, but here that is blank.",
            remedy="Fill the cell, or empty the row.",
            file=table.file,
            place=f"line {table.lines[int(np.argmax(lost))]}, column {x.number}",
        )


def read_delimited(path: Path) -> DelimitedTable:
    """The one block of numbers of a text table, with all that stands around it understood.

    Encodings UTF-8, UTF-16, Shift-JIS and Latin-1; any line ends; commas, semicolons, tabs or
    spaces between cells; decimal commas; facts, headings and units above; an instrument's
    remarks below; ragged and blank cells; columns that stop early.

    Args:
        path: the file.

    Raises:
        InputError: the file is missing, empty, binary, or without numbers; a cell within the
            numbers is neither a number nor blank; a row cut at commas has more numbers than there
            are headings; points and commas both are decimal marks. Names line and column.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "pl.csv"
        >>> _ = path.write_text("Wellenlänge [nm];Int\\n450,5;1,25\\n451,0;\\n", "latin-1")
        >>> table = read_delimited(path)
        >>> table.headings, table.columns[0].unit, table.columns[1].values
        (('Wellenlänge [nm]', 'Int'), 'nm', array([1.25,  nan]))
    """
    return delimited_table(decoded(path), path)


def delimited_table(text: str, path: Path) -> DelimitedTable:
    """The one block of numbers in a text; see `read_delimited`.

    Args:
        text: the file's, or a part of it with as many empty lines before it as it lacks.
        path: the file, for errors.
    """
    rows = cut_cells(text, path)
    grid = _Grid(rows=rows, file=path)
    span = grid.number_block()
    return grid.table(*span) if span else grid.table_with_words()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """Cells of a file on the way to becoming a table."""

    rows: Cells
    file: Path

    def number_block(self) -> tuple[int, int] | None:
        """First and last line index of the block of numbers, or None where words are mixed in."""
        lines = self.rows.lines
        marks = [i for i, cells in enumerate(lines) if cells and cells[0].upper() == "XYDATA"]
        start = marks[0] + 1 if marks else 0
        numeric = [i for i in range(start, len(lines)) if self._all_numbers(lines[i])]
        if not any(self._filled(lines[i], self.rows.is_number) for i in numeric):
            return None
        first, width = numeric[0], 0
        if len(numeric) > 1 and not lines[first][0] and lines[numeric[1]][0]:
            first = numeric[1]  # a row of headings that are numbers, blank above the x column
        last = first
        for i in range(first, len(lines)):
            if self._all_numbers(lines[i]):
                last, width = i, max(width, self._filled(lines[i]))
            elif any(lines[i]):
                later = (k for k in numeric if k > i)
                if self._belongs(i, width, adjacent=i == last + 1) or any(
                    self._filled(lines[k]) >= max(2, width) for k in later
                ):
                    self._refuse(i, range(len(lines[i])), first)
                break
        return first, last

    def _all_numbers(self, cells: Sequence[str]) -> bool:
        filled = [cell for cell in cells if cell]
        return bool(filled) and all(
            self.rows.is_number(cell) or _NOT_A_NUMBER.fullmatch(cell) for cell in filled
        )

    @staticmethod
    def _filled(cells: Sequence[str], rule: Callable[[str], bool] = bool) -> int:
        return sum(bool(cell) and rule(cell) for cell in cells)

    def _belongs(self, i: int, width: int, *, adjacent: bool) -> bool:
        """Whether a row with a word in it is part of the numbers rather than a remark below."""
        cells = self.rows.lines[i]
        starts = re.match(r"[+-]?[.,]?\d", cells[0]) is not None
        return adjacent and starts and self._filled(cells) >= min(width, 2)

    def _refuse(self, i: int, columns: Sequence[int] | range, first: int) -> None:
        """Raise for the first cell of row i that is neither blank nor a number."""
        cells = self.rows.lines[i]
        names = self._headings(first)[0]
        for k in columns:
            if k < len(cells) and cells[k] and not self.rows.is_number(cells[k]):
                name = f" ({names[k]})" if k < len(names) and names[k] else ""
                raise InputError(
                    f"a column of numbers must hold numbers or blanks, but has {cells[k]!r}.",
                    remedy="Correct the cell, or empty it if nothing was measured.",
                    file=self.file,
                    place=f"line {i + 1}, column {k + 1}{name}",
                )

    def table(self, first: int, last: int) -> DelimitedTable:
        """The table whose numbers stand in lines first..last."""
        indices = [i for i in range(first, last + 1) if any(self.rows.lines[i])]
        for i in indices:
            self._refuse(i, range(len(self.rows.lines[i])), first)
        self._refuse_double_commas(indices, first)
        self.rows.refuse_two_marks(indices, self.file)
        width = max(len(self.rows.lines[i]) for i in indices)
        return self._assemble(first, indices, list(range(width)), {})

    def _refuse_double_commas(self, indices: list[int], first: int) -> None:
        """Raise where a comma may be both decimal mark and separator: more cells than headings."""
        headings = self._headings(first)[0]
        if self.rows.delimiter != "," or not headings or any(map(self.rows.is_number, headings)):
            return
        for i in indices:
            filled = [k for k, cell in enumerate(self.rows.lines[i]) if cell]
            if filled[-1] >= len(headings):
                raise InputError(
                    f"a row must not have more numbers than the {len(headings)} headings, but "
                    f"{','.join(self.rows.lines[i])[:60]!r} has {filled[-1] + 1}: "
                    "is the comma both decimal mark and separator?",
                    remedy="Export with semicolons between cells, each column under a heading.",
                    file=self.file,
                    place=f"line {i + 1}",
                )

    def table_with_words(self) -> DelimitedTable:
        """The table of a file in which every row holds some word, as a list of samples does."""
        lines = self.rows.lines
        width = max(self._filled(cells) for cells in lines)
        heads = [i for i, cells in enumerate(lines) if self._filled(cells) == width]
        first = heads[0] + 1
        indices = [i for i in range(first, len(lines)) if self._filled(lines[i]) > 1]
        numbers: list[int] = []
        texts: dict[str, tuple[str, ...]] = {}
        for k, name in enumerate(lines[heads[0]]):
            cells = [lines[i][k] if k < len(lines[i]) else "" for i in indices]
            count = self._filled(cells, self.rows.is_number)
            if not count:
                texts[name or f"column {k + 1}"] = tuple(cells)
                continue
            for i in indices:
                self._refuse(i, [k], first)
            numbers.append(k)
        if not numbers:
            raise InputError(
                "the file must hold a block of numbers, but has none.",
                remedy="Give a table of numbers as text.",
                file=self.file,
            )
        return self._assemble(first, indices, numbers, texts)

    def _assemble(
        self, first: int, indices: list[int], kept: list[int], texts: dict[str, tuple[str, ...]]
    ) -> DelimitedTable:
        headings, units, groups, top = self._headings(first)
        columns: list[Column] = []
        for k in kept:
            cells = [self.rows.lines[i][k] if k < len(self.rows.lines[i]) else "" for i in indices]
            numbers = [self.rows.number(cell) for cell in cells]
            if all(number is None for number in numbers):
                continue
            heading = headings[k] if k < len(headings) else ""
            bracketed = _IN_BRACKETS.search(heading)
            unit = units[k] if k < len(units) else ""
            column = Column(
                number=k + 1,
                heading=heading,
                unit=unit or (bracketed.group(1).strip() if bracketed else ""),
                group=groups[k] if k < len(groups) else "",
                values=np.array([np.nan if n is None else n for n in numbers], dtype=np.float64),
            )
            columns.append(column)
        return DelimitedTable(
            file=self.file,
            columns=tuple(columns),
            texts=texts,
            lines=tuple(i + 1 for i in indices),
            # What is said before the numbers counts more than remarks behind them.
            metadata=stated_facts([*self.rows.lines[:top], *self.rows.lines[indices[-1] + 1 :]]),
        )

    def _headings(self, first: int) -> tuple[list[str], list[str], list[str], int]:
        """Headings, units and groups above line `first`, and the line where they begin."""
        lines = self.rows.lines
        width = max(len(lines[first]), 1)
        above: list[list[str]] = []
        row = first - 1
        while row >= 0 and len(above) < 3:
            cells = [cell.lstrip("#%").strip() if cell[:1] in "#%" else cell for cell in lines[row]]
            if self._filled(cells) < min(2, width) or not _is_heading(cells, width):
                break
            above.append(cells)
            row -= 1
        units: list[str] = []
        if len(above) > 1 and all(_UNIT.fullmatch(cell) for cell in above[0] if cell):
            units = [cell.strip("[]()") for cell in above.pop(0)]
        headings = above[0] if above else []
        groups = above[1] if len(above) > 1 and len(above[1]) > 2 else []
        used = len(above[:1]) + bool(units) + bool(groups)
        return headings, units, groups, first - used


def _is_heading(cells: Sequence[str], width: int) -> bool:
    """A row of headings has no key in front: neither "Key: value" nor one lone remark."""
    filled = [cell for cell in cells if cell]
    if width == 1:
        return len(filled) == 1 and not re.search(r"[:=]\s*\S", filled[0]) and filled[0] != "XYDATA"
    return not filled[0].endswith((":", "=")) and filled[0].upper() != "XYDATA"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"
