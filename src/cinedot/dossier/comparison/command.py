"""What `cinedot compare` does and prints; `cli` only parses and calls this."""

import contextlib
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cinedot.dossier.command import analyze_folders
from cinedot.dossier.comparison.report import (
    Comparison,
    compared,
    comparison_json,
    difference_rows,
    value_rows,
    write_comparison,
)
from cinedot.dossier.comparison.samples import read_samples, why_not
from cinedot.dossier.results import command_line


def compare_samples(
    folders: tuple[Path, ...],
    *,
    out: Path,
    to: str | None,
    as_json: bool,
    analyze_first: bool,
    several_instruments: bool,
    allow_outside: bool,
) -> int:
    """Compare analysed sample folders: write the report, print its tables, give the exit status.

    Args:
        folders: at least two sample folders.
        out: where comparison.html and comparison.json go.
        to: name of the sample that the others are compared with; the first unless given.
        as_json: print comparison.json instead of tables.
        analyze_first: analyse folders that are not analysed or have changed since.
        several_instruments: take systematic errors as independent from sample to sample.
        allow_outside: let paths in `sample.toml` leave the folders.

    Returns:
        0 done; with `analyze_first`, that of `analyze`.

    Raises:
        InputError: a folder is not analysed, changed since, or shares nothing with another.
    """
    status = _analyse_stale(folders, allow_outside=allow_outside) if analyze_first else 0
    if status > 1:  # 1: some section failed, the others can still be compared
        return status
    samples = read_samples(folders, allow_outside=allow_outside)
    comparison = compared(samples, to=to, one_instrument=not several_instruments)
    page = write_comparison(comparison, out, command=command_line())
    if as_json:
        content = comparison_json(comparison, command=command_line())
        print(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))
        return status
    _print(comparison)
    _console().print(f"Comparison: {page}", soft_wrap=True, highlight=False)
    return status


def _analyse_stale(folders: tuple[Path, ...], *, allow_outside: bool) -> int:
    stale = tuple(one for one in folders if (one / "sample.toml").is_file() and why_not(one))
    if not stale:
        return 0
    with contextlib.redirect_stdout(sys.stderr):  # what is printed is the comparison alone
        return analyze_folders(stale, out=None, only=(), allow_outside=allow_outside)


def _print(comparison: Comparison) -> None:
    names = [one.name for one in comparison.samples]
    answers = Table(title="Answers", title_justify="left")
    for heading in ("quantity", *names, "unit"):
        answers.add_column(heading, justify="right" if heading in names else "left")
    for _, label, unit, cells in value_rows(comparison):
        # A bracket would be read as Rich's markup.
        answers.add_row(label, *(cell.replace("[", "\\[") for cell in cells), unit)
    _console().print(answers)
    rows = difference_rows(comparison)
    if not rows:
        return
    title = f"Differences to {comparison.to}; p by Holm for {comparison.tested} comparisons"
    table = Table(title=title, title_justify="left")
    for heading in ("quantity", "unit", "samples", "difference", "95 % interval", "p", "answer"):
        left = heading in ("quantity", "unit", "samples", "answer")
        table.add_column(heading, justify="left" if left else "right")
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    _console().print(table)


def _console() -> Console:
    """Standard output; wide enough for two tables where it is no terminal."""
    return Console() if sys.stdout.isatty() else Console(width=150)
