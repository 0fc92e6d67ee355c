"""`cinedot export`: one analysed folder in, one new folder out."""

import contextlib
import tempfile
from collections.abc import Generator
from pathlib import Path

from cinedot.core import InputError
from cinedot.core.files import cleared_when_ended, not_writable


def export_folder(folder: Path, to: Path) -> int:
    """Write an analysed folder's results for other programs, all of them or none.

    Args:
        folder: a sample folder with `results`, or a folder of results.
        to: the folder to make; it may exist when it is empty.

    Returns:
        The exit status, 0.

    Raises:
        InputError: nothing was analysed, the results cannot be read, or `to` holds something or
            cannot be written.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "dossier.json").write_text('{"schema": 1, "sample": {"name": "dot"}, '
        ...     '"results": {}, "checks": [], "provenance": {"inputs": {}}}')
        >>> export_folder(folder, folder / "out")  # doctest: +ELLIPSIS
        Wrote ...out
        0
        >>> sorted(one.name for one in (folder / "out" / "tables").iterdir())
        ['checks.csv', 'results.csv']
    """
    from cinedot.dossier.export.crate import write_crate
    from cinedot.dossier.export.structures import write_structures_told
    from cinedot.dossier.export.tables import write_tables
    from cinedot.dossier.written import find_results, read_dossier

    _, results = find_results(folder)
    content = read_dossier(results)
    with _new_folder(to) as made:
        (made / "tables").mkdir()
        write_tables(results, content, made / "tables")
        write_structures_told(results, content, made / "structures")
        write_crate(made, content, results)
    print(f"Wrote {to}")
    return 0


@contextlib.contextmanager
def _new_folder(to: Path) -> Generator[Path]:
    """Yield a folder to fill, which takes the place of `to` when all went well.

    Whatever else happens leaves things as they were.
    """
    try:
        there = to.exists()
        if there and (not to.is_dir() or any(to.iterdir())):
            raise InputError(
                "the folder to export to must be new or empty, but is not.",
                remedy="Choose another with --to.",
                file=to,
            )
        missing = [one for one in to.parents if not one.exists()]
        try:
            # A folder that is there stays the same folder: somebody may stand in it.
            beside = to if there else to.parent
            beside.mkdir(parents=True, exist_ok=True)
            with (
                cleared_when_ended(),
                tempfile.TemporaryDirectory(dir=beside, prefix=".part-") as staging,
            ):
                made = Path(staging) / "export"
                made.mkdir()
                yield made
                if there:
                    for one in made.iterdir():
                        one.replace(to / one.name)
                else:
                    made.replace(to)
        except BaseException:
            for one in missing:
                with contextlib.suppress(OSError):
                    one.rmdir()
            raise
    except OSError as fault:
        raise not_writable(to, fault, option="--to") from fault
