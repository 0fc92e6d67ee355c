"""Any of the instruments' files as tables: what a file is, its content says.

JASCO's and HyperSpy's files are told by their first bytes (or their names), PicoQuant's, Konica
Minolta's and Edinburgh's text by what it holds; all else is a plain table, or several of them.
"""

import re
from dataclasses import replace
from pathlib import Path

from cinedot.core import InputError
from cinedot.core.decoding import decoded
from cinedot.core.delimited import DelimitedTable, delimited_table
from cinedot.spectroscopy.files.blocks import blocks_of, title_of
from cinedot.spectroscopy.files.edinburgh import dressed_edinburgh
from cinedot.spectroscopy.files.hyperspy import is_hyperspy, read_hyperspy
from cinedot.spectroscopy.files.jasco import is_jasco, read_jasco
from cinedot.spectroscopy.files.konica_minolta import read_konica_minolta
from cinedot.spectroscopy.files.picoquant import read_picoquant


def read_tables(path: Path) -> tuple[DelimitedTable, ...]:
    """The tables of a file, one for each block of its text; all others hold one.

    Args:
        path: any instrument's text file, a JASCO .jws or .jwb, a HyperSpy .hspy or .zspy.

    Raises:
        InputError: see `cinedot.core.delimited.read_delimited`, `read_jasco`, `read_hyperspy`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "pl.csv"
        >>> rows = "".join(f"{450 + k},{k}\\n" for k in range(5))
        >>> _ = path.write_text("30 s\\nnm,PL\\n" + rows + "\\n60 s\\nnm,PL\\n" + rows)
        >>> [table.columns[1].group for table in read_tables(path)]
        ['30 s', '60 s']
    """
    head = _head(path)
    if is_jasco(path, head):
        return (read_jasco(path),)
    if is_hyperspy(path, head):
        return (read_hyperspy(path),)
    text = decoded(path)
    for reader in (read_picoquant, read_konica_minolta):
        table = reader(text, path)
        if table is not None:
            return (table,)
    blocks = blocks_of(text, path)
    tables = [dressed_edinburgh(delimited_table(block, path)) for block in blocks]
    _refuse_cut_numbers(tables[0])
    if len(tables) == 1:
        return tuple(tables)
    return tuple(
        _titled(table, title_of(block) or f"block {number}", tables[0])
        for number, (table, block) in enumerate(zip(tables, blocks, strict=True), start=1)
    )


def read_table(path: Path) -> DelimitedTable:
    """The first table of a file; see `read_tables`."""
    return read_tables(path)[0]


def _refuse_cut_numbers(table: DelimitedTable) -> None:
    """Raise where a comma cuts JASCO's own numbers: then it cuts the record's too."""
    first = table.metadata.get("FIRSTX", "")
    if re.fullmatch(r"[+-]?\d+, \d+", first):
        raise InputError(
            f"a number must stand in one cell, but FIRSTX has two, {first!r}: "
            "is the comma both decimal mark and separator?",
            remedy="Export with tabs or semicolons between cells.",
            file=table.file,
        )


def _head(path: Path) -> bytes:
    """The first 8 bytes; none of a folder, or of what cannot be read (whose reader will say so)."""
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError:
        return b""


def _titled(table: DelimitedTable, title: str, first: DelimitedTable) -> DelimitedTable:
    """A block under its title, with what the file says above its first block."""
    return replace(
        table,
        columns=tuple(
            column if column.group else replace(column, group=title) for column in table.columns
        ),
        metadata={**first.metadata, **table.metadata},
    )
