"""Tables of atomic percents, read from text."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from cinedot.composition.atomic_percents import AtomicPercents, Spread, lines_of
from cinedot.core import InputError
from cinedot.core.delimited import Column, DelimitedTable, read_delimited

_ELEMENT = re.compile(r"([A-Z][a-z]?)(?:[ _-]?(?:[KLMN](?:[ab]\d?)?))?(?:\W.*|_.*)?")
_HEAVIEST = 92
_SIGMA = re.compile(r"(?:sigma|sd|sem|error|uncertainty|±)[ _]+(.+)", re.IGNORECASE)
_MEAN = re.compile(r"(mean|average|avg|mittel\w*)\b", re.IGNORECASE)
_LEFT_OUT = re.compile(r"(max|min|median)(imum)?\.?", re.IGNORECASE)
_SPREAD = re.compile(
    r"(?P<sem>sem|s\.e\.m\.|standard error.*|std\.? ?err.*)"
    r"|(?P<sd>sd|s\.d\.|std\.?( ?dev.*)?|standard deviation|stdev.*)"
    r"|(?P<sigma>sigma|±|\+/-|error|uncertainty)",
    re.IGNORECASE,
)


def read_percents(
    path: Path, *, spread: Spread | None = None, averaged: int | None = None
) -> AtomicPercents:
    """The atomic percents in a table: one column an element, one row a replicate.

    Columns are headed by symbols ("Pb", "Br L", "O (at%)"); others are left out. A table of means
    has a row that begins with "mean" and one that begins with "sd", "sem" or "sigma", or one row
    with columns "sigma Pb" beside the elements'. Rows of maxima, minima and medians are left out.

    Args:
        path: the table.
        spread: what a mean's sigma is; a row called sd or sem says so itself.
        averaged: how many replicates a mean is of, where known.

    Raises:
        InputError: no element's column, a blank among the numbers, weight percents, a row called sd
            where `spread` says sem; and see `AtomicPercents`. Names file and line.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "edx.csv"
        >>> _ = path.write_text("Cs,Pb,Br,O\\n14.72,16.24,58.88,10.16\\n")
        >>> found = read_percents(path)
        >>> found.elements, found.percents.tolist()
        (('Cs', 'Pb', 'Br', 'O'), [[14.72, 16.24, 58.88, 10.16]])
    """
    table = read_delimited(path)
    columns = _element_columns(table)
    elements = tuple(columns)
    values = np.stack([column.values for column in columns.values()], axis=1)
    blank = np.argwhere(np.isnan(values))
    if len(blank):
        row, column = blank[0].tolist()
        raise InputError(
            f"every replicate must hold every element, but {elements[column]} is blank here.",
            remedy="Write 0 where it was looked for and not found, or leave the replicate out.",
            file=path,
            place=f"line {table.lines[row]}",
        )
    rows, sigma, told = _means(table, values, columns)
    if told is not None and spread is not None and told != spread:
        raise InputError(
            f"`spread` must be what the table says, but is {spread!r} where the table has {told}.",
            remedy="Take `spread` out, or correct the table.",
            file=path,
        )
    try:
        found = AtomicPercents(elements=elements, percents=values[rows], label=path.stem)
        if sigma is None:
            return found
        return replace(found, sigma=sigma, spread=told or spread, averaged=averaged)
    except InputError as fault:
        raise lines_of(fault, tuple(table.lines[row] for row in rows), path) from fault


def _element_columns(table: DelimitedTable) -> dict[str, Column]:
    """The columns of percents by element."""
    found: dict[str, Column] = {}
    for column in table.columns:
        element = _element(column.heading)
        if element is None:
            continue
        about = f"{column.heading[len(element) :]} {column.unit} {column.group}"
        if re.search(r"wt|weight|mass|counts|k-?ratio", about, re.IGNORECASE):
            raise InputError(
                f"columns must hold atomic percents, but {column.name!r} says otherwise.",
                remedy="Export atomic percents; weight percents are another quantity.",
                file=table.file,
                place=f"column {column.number}",
            )
        if element in found:
            raise InputError(
                f"each element must have one column, but {element} has two.",
                remedy="Keep the line that was quantified.",
                file=table.file,
                place=f"column {column.number}",
            )
        found[element] = column
    if not found:
        raise InputError(
            "the table must have columns headed by elements, but has "
            f"{', '.join(repr(name) for name in table.headings)}.",
            remedy='Head them "Cs", "Pb", "Br", "O".',
            file=table.file,
        )
    return found


def _element(heading: str) -> str | None:
    """The element that a heading names; None for a replicate's number ("No"), a sum, a sigma."""
    found = _ELEMENT.fullmatch(heading.strip())
    known = found is not None and 0 < atomic_numbers.get(found[1], 0) <= _HEAVIEST
    return found[1] if found is not None and known else None


def _means(
    table: DelimitedTable, values: np.ndarray, columns: dict[str, Column]
) -> tuple[list[int], np.ndarray | None, Spread | None]:
    """Which rows hold percents; the sigmas of a mean, if it is one, and what they are called."""
    beside = _sigma_columns(table, columns)
    if beside is not None and len(values) == 1:
        return [0], np.array([column.values[0] for column in beside]), None
    words = _row_words(table, len(values))
    means = [row for row, word in enumerate(words) if _MEAN.match(word)]
    spreads = {row: found for row, word in enumerate(words) if (found := _SPREAD.fullmatch(word))}
    left_out = {row for row, word in enumerate(words) if _LEFT_OUT.fullmatch(word)}
    summary = left_out.union(means, spreads)
    replicates = [row for row in range(len(words)) if row not in summary]
    if replicates or not means or not spreads:
        # Means below replicates say nothing that the replicates do not.
        return replicates or means or list(range(len(values))), None, None
    row, found = next(iter(spreads.items()))
    told: Spread | None = "sem" if found["sem"] else "sd" if found["sd"] else None
    return means[:1], values[row], told


def _row_words(table: DelimitedTable, rows: int) -> Sequence[str]:
    for words in table.texts.values():
        if any(one.match(word) for one in (_MEAN, _LEFT_OUT) for word in words) or any(
            _SPREAD.fullmatch(word) for word in words
        ):
            return words
    return [""] * rows


def _sigma_columns(table: DelimitedTable, columns: dict[str, Column]) -> list[Column] | None:
    found = {
        element: column
        for column in table.columns
        if (match := _SIGMA.fullmatch(column.heading.strip()))
        and (element := _element(match[1])) is not None
    }
    return [found[element] for element in columns] if set(columns) <= set(found) else None
