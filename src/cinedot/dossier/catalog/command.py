"""What `cinedot catalog` does; `cli` only parses and calls these."""

import logging
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from cinedot.core import InputError
from cinedot.dossier.catalog.secrets import without_password

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cinedot.dossier.catalog.listing import Entry

log = logging.getLogger(__name__)

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """`cinedot catalog` as typed; see its help."""

    where: tuple[str, ...] = ()
    columns: str | None = None
    sort: str | None = None
    every: bool = False
    json: bool = False
    csv: bool = False
    plot: str | None = None
    against: str | None = None
    figure: Path | None = None
    compare: tuple[str, str] | None = None


def show_catalog(named: str | None, options: ListOptions) -> None:
    """List, compare or draw what a catalog holds.

    Args:
        named: the catalog, as typed or as the environment has it.
        options: what is wanted.

    Raises:
        InputError: no catalog, or an option that cannot be.
    """
    from cinedot.dossier.catalog.address import read_address
    from cinedot.dossier.catalog.comparison import print_comparison
    from cinedot.dossier.catalog.database import reading
    from cinedot.dossier.catalog.listing import entries, one_entry

    _check_options(options)
    address = read_address(_required(named))
    with reading(address) as connection:
        if options.compare:
            first, second = (one_entry(connection, one) for one in options.compare)
            print_comparison(first, second, _console())
            return
        listed = entries(connection, where=options.where, every=options.every)
        if options.plot:
            _draw(connection, listed, options)
        else:
            _list(connection, listed, options)


def _draw(connection: "Connection", listed: "list[Entry]", options: ListOptions) -> None:
    from cinedot.dossier.catalog.figure import drawing, write_figure

    assert options.plot is not None
    assert options.against is not None
    assert options.figure is not None
    drawn = drawing(connection, listed, y=options.plot, against=options.against)
    write_figure(drawn, options.figure)
    print(f"Wrote {options.figure}: {drawn.samples} of {len(listed)} entries.")


def _list(connection: "Connection", listed: "list[Entry]", options: ListOptions) -> None:
    from cinedot.dossier.catalog.conditions import read_comparison
    from cinedot.dossier.catalog.keys import find_key
    from cinedot.dossier.catalog.table import as_csv, as_json, columns_of, print_table, sorted_by

    asked = [find_key(connection, read_comparison(one).key) for one in options.where]
    if options.sort:
        key = find_key(connection, options.sort.removeprefix("-"))
        listed = sorted_by(listed, key, downwards=options.sort.startswith("-"))
        asked.append(key)
    if options.json:
        print(as_json(listed))
        return
    columns = columns_of(connection, listed, named=options.columns, asked=asked)
    if options.csv:
        print(as_csv(listed, columns))
    elif listed:
        print_table(listed, columns, _console())
    else:
        print("No sample fits." if options.where else "The catalog is empty.")


def _check_options(options: ListOptions) -> None:
    drawn = (options.plot, options.against, options.figure)
    if any(drawn) and not all(drawn):
        raise InputError(
            "a figure must have --plot, --against and --figure, but not all are given.",
            remedy="As in --plot emission.peak --against recipe.amine --figure peaks.svg.",
        )
    if sum((options.json, options.csv, bool(options.plot), bool(options.compare))) > 1:
        raise InputError(
            "of --json, --csv, --plot and --compare only one must be given.",
            remedy="Run the command once for each.",
        )
    if options.figure is not None:
        from cinedot.dossier.catalog.figure import check_picture

        check_picture(options.figure)


def record_results(named: str, results: Path, *, folder: Path) -> str | None:
    """Record what an analysis has written; whatever goes wrong is told, never raised.

    Args:
        named: the catalog, as typed.
        results: the folder with `dossier.json`.
        folder: the sample folder, as given.

    Returns:
        None, or why it was not recorded.
    """
    try:
        _record(named, results, folder)
    except InputError as fault:
        return without_password(str(fault))
    except Exception as fault:  # an analysis of hours must not fail for its entry in a list
        log.info("not recorded", exc_info=True)
        said = without_password(" ".join(str(fault).split())[:300])
        return f"unexpected {type(fault).__name__}: {said}."
    return None


def _record(named: str, results: Path, folder: Path) -> tuple[int, bool, str]:
    from cinedot.dossier.catalog.address import read_address
    from cinedot.dossier.catalog.document import read_document
    from cinedot.dossier.catalog.recording import record

    address = read_address(named)
    document = read_document(results, folder=folder)
    done = record(address, document)
    return done.number, done.new, document.name


def add_folders(named: str | None, folders: tuple[Path, ...]) -> int:
    """Record folders that were analysed before; the exit status.

    Returns:
        0; 2 where some folder could not be recorded, the others are.
    """
    from cinedot.dossier.written import find_results

    named = _required(named)
    status = 0
    for folder in folders:
        try:
            sample, results = find_results(folder)
            number, new, name = _record(named, results, sample)
            print(f"{name}: analysis {number}{'' if new else ', recorded before'}.")
        except InputError as fault:
            print(f"cinedot: {fault}", file=sys.stderr)
            status = 2
    return status


def tag_sample(named: str | None, sample: str, tags: tuple[str, ...]) -> None:
    """Note KEY=VALUE with a sample, so that it can be listed, compared and drawn by it.

    Raises:
        InputError: no such sample, or a tag that cannot be read.
    """
    from cinedot.dossier.catalog.address import read_address
    from cinedot.dossier.catalog.database import reading
    from cinedot.dossier.catalog.keys import COLUMNS
    from cinedot.dossier.catalog.listing import one_entry
    from cinedot.dossier.catalog.recording import tag

    read: dict[str, str] = {}
    for one in tags:
        key, equals, value = one.partition("=")
        key = key.strip()
        if not equals or not _TAG.fullmatch(key) or key in (*COLUMNS, "host", "source"):
            raise InputError(
                f"a tag must read KEY=VALUE with a word of its own as key, but is {one!r}.",
                remedy="Write it as in equivalents=4.5, or batch= to take a tag away.",
            )
        read[key] = value.strip()
    address = read_address(_required(named))
    with reading(address) as connection:
        number = one_entry(connection, sample).sample_number
    tag(address, number, read)


def remove_analysis(named: str | None, number: int) -> None:
    """Take an analysis out of the catalog; its files stay.

    Raises:
        InputError: there is none of that number.
    """
    from cinedot.dossier.catalog.address import read_address
    from cinedot.dossier.catalog.recording import remove

    name = remove(read_address(_required(named)), number)
    print(f"Took out analysis {number} of {name}. Its files are as they were.")


def _required(named: str | None) -> str:
    if named is None:
        raise InputError(
            "a catalog must be named, but is not.",
            remedy="Say --catalog samples.db, or set CINEDOT_CATALOG.",
        )
    return named


def _console() -> Console:
    """Standard output; wide enough for a table where it is no terminal."""
    return Console() if sys.stdout.isatty() else Console(width=160)
