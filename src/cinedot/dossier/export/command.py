"""`cinedot export`: one analysed folder in, one new folder out."""

import json
import tempfile
from pathlib import Path

from cinedot.core import InputError
from cinedot.core.files import cleared_when_ended, not_writable, utf8_text


def export_folder(folder: Path, to: Path) -> int:
    """Write an analysed folder's results for other programs, all of them or none.

    Args:
        folder: a sample folder with `results`, or a folder of results.
        to: the folder to make; it may exist when it is empty.

    Returns:
        The exit status, 0.

    Raises:
        InputError: nothing was analysed, or `to` holds something or cannot be written.
    """
    from cinedot.dossier.export.tables import write_tables

    results = folder if (folder / "dossier.json").exists() else folder / "results"
    listed = results / "dossier.json"
    if not listed.exists():
        raise InputError(
            "the folder must have been analysed, but results/dossier.json is missing.",
            remedy=f"Run `cinedot analyze {folder}` first.",
            file=folder,
        )
    try:
        content = json.loads(utf8_text(listed))
    except json.JSONDecodeError as fault:
        raise InputError(
            "this must be JSON as `cinedot analyze` writes it, but is not.",
            remedy="Analyse the folder again.",
            file=listed,
            place=f"line {fault.lineno}",
        ) from fault
    try:
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise InputError(
                "the folder to export to must be new or empty, but is not.",
                remedy="Choose another with --to.",
                file=to,
            )
        to.parent.mkdir(parents=True, exist_ok=True)
        with (
            cleared_when_ended(),
            tempfile.TemporaryDirectory(dir=to.parent, prefix=".part-") as staging,
        ):
            made = Path(staging) / "export"
            (made / "tables").mkdir(parents=True)
            write_tables(results, content, made / "tables")
            made.replace(to)
    except OSError as fault:
        raise not_writable(to, fault) from fault
    print(f"Wrote {to}")
    return 0
