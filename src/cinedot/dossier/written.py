"""A results folder as an analysis has written it: where it is, `dossier.json`, the tables."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cinedot.core import InputError
from cinedot.core.files import utf8_text
from cinedot.core.tables import table_columns

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1
"""Of `dossier.json`."""
_REMEDY = "Run `cinedot analyze` again."
_PARTS = {"sample": dict, "results": dict, "checks": list, "provenance": dict}


def find_results(folder: Path) -> tuple[Path, Path]:
    """The sample folder and the results folder that a person means by either of them.

    Raises:
        InputError: neither holds a `dossier.json`.
    """
    if (folder / "dossier.json").is_file():
        above = folder.resolve().parent
        return (above if (above / "sample.toml").is_file() else folder), folder
    if (folder / "results" / "dossier.json").is_file():
        return folder, folder / "results"
    raise InputError(
        "the folder must hold results/dossier.json, but does not.",
        remedy="Analyse it first: cinedot analyze FOLDER; or name the folder given to --out.",
        file=folder,
    )


def read_dossier(results: Path) -> dict[str, Any]:
    """What `dossier.json` says, in the shape that schemas/dossier.schema.json fixes.

    Args:
        results: the folder that holds it.

    Raises:
        InputError: it is no JSON, of another schema, or lacks a part of it.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "dossier.json").write_text('{"schema": 1, "sample": {"name": "dot"}, '
        ...     '"results": {}, "checks": [], "provenance": {"inputs": {}}}')
        >>> read_dossier(folder)["sample"]
        {'name': 'dot'}
    """
    file = results / "dossier.json"
    try:
        content = json.loads(utf8_text(file))
    except json.JSONDecodeError as fault:
        raise InputError(
            f"this must be JSON as `cinedot analyze` writes it, but is not ({fault.msg}).",
            remedy=_REMEDY,
            file=file,
            place=f"line {fault.lineno}",
        ) from fault
    if not isinstance(content, dict):
        raise InputError("this must be a JSON object, but is none.", remedy=_REMEDY, file=file)
    found = cast("dict[str, Any]", content)
    if found.get("schema") != SCHEMA_VERSION:
        raise InputError(
            f"the dossier must be of schema {SCHEMA_VERSION}, but is of {found.get('schema')}.",
            remedy="Run `cinedot analyze` again with this version.",
            file=file,
        )
    for place in _unusable(found):
        raise InputError(
            "this part of the dossier must be as `cinedot analyze` writes it, but is missing or "
            "of another kind.",
            remedy=_REMEDY,
            file=file,
            place=place,
        )
    return found


def _unusable(content: dict[str, Any]) -> list[str]:
    """The parts that are missing or of another kind."""
    wrong = [key for key, kind in _PARTS.items() if not isinstance(content.get(key), kind)]
    if wrong:
        return wrong
    if not isinstance(content["sample"].get("name"), str):
        return ["sample.name"]
    if not isinstance(content["provenance"].get("inputs"), dict):
        return ["provenance.inputs"]
    for section, found in content["results"].items():
        if not isinstance(found, dict):
            return [f"results.{section}"]
        for quantity, one in cast("dict[str, Any]", found).items():
            if not isinstance(one, dict) or "value" not in one:
                return [f"results.{section}.{quantity}"]
    return [
        f"checks, number {row}"
        for row, one in enumerate(content["checks"])
        if not isinstance(one, dict)
    ]


def read_table(results: Path, table: str) -> "pa.Table | None":
    """A result table; None where the results have none of that name.

    Args:
        results: the folder that holds it.
        table: "particles", "frames", "sites", "events" or "series".

    Raises:
        InputError: the file is no Parquet, is broken, or lacks a column of the contract.

    Example:
        >>> import tempfile
        >>> print(read_table(Path(tempfile.mkdtemp()), "sites"))
        None
    """
    file = results / f"{table}.parquet"
    if not file.exists():
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(file)
    except (OSError, pa.ArrowException) as fault:
        raise InputError(
            f"this must be a Parquet table, but cannot be read ({fault}).",
            remedy=_REMEDY,
            file=file,
        ) from fault
    missing = [name for name, *_ in table_columns()[table] if name not in rows.column_names]
    if missing:
        raise InputError(
            f"the table must have the columns of its contract, but lacks {', '.join(missing)}.",
            remedy=_REMEDY,
            file=file,
        )
    return rows
