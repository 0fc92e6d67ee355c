"""`results/`: the contract's files, each written whole, none left over from an earlier run."""

import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinedot import __version__
from cinedot.core import InputError
from cinedot.core.chunks import fingerprint
from cinedot.core.files import not_writable, sha256_of
from cinedot.core.tables import arrow_schema, table_columns, write_table
from cinedot.dossier.analysis import Dossier
from cinedot.dossier.catalog.secrets import without_password
from cinedot.dossier.page import render_page
from cinedot.dossier.written import SCHEMA_VERSION

if TYPE_CHECKING:
    import pandas as pd

HASHED_WHOLE_BYTES = 1 << 30
"""Larger inputs are told from others by `fingerprint`: to hash 60 GB takes longer than to read
the frames."""


def check_writable(out: Path, sample_folder: Path) -> None:
    """Fail before the work, not after it, where the results cannot be written.

    Args:
        out: the results folder.
        sample_folder: the folder with the recordings, which results must not be mixed with.

    Raises:
        InputError: the folder cannot be made or written to, is the sample's own, or holds
            folders by the names of results.
    """
    if out.exists() and not out.is_dir():
        raise InputError(
            "the output must be a folder, but this is a file.",
            remedy="Choose another with --out.",
            file=out,
        )
    if out.resolve() == sample_folder.resolve():
        raise InputError(
            "results must not be mixed with recordings, but this is the sample folder itself.",
            remedy="Choose another folder with --out; FOLDER/results is the default.",
            file=out,
        )
    for name in _names():
        if (out / name).is_dir():
            raise InputError(
                f"{name} must be free for the results, but a folder has that name.",
                remedy="Move it away, or choose another folder with --out.",
                file=out,
            )
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    trial = out / f".writable.{os.getpid()}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
        for folder in made:
            folder.rmdir()
    except OSError as fault:
        raise not_writable(out, fault) from fault


def _names() -> tuple[str, ...]:
    """The files that a results folder may hold."""
    tables = (f"{table}.parquet" for table in table_columns())
    return (*tables, "claims.json", "dossier.json", "dossier.html")


def write_dossier(dossier: Dossier, out: Path, *, command: str) -> Path:
    """Write dossier.html, dossier.json and the tables that have rows: all of them, or none.

    Args:
        dossier: what was found.
        out: the results folder; files of an earlier run that this one lacks are removed.
        command: the command line that made it, for the provenance.

    Returns:
        The path of dossier.html.

    Raises:
        InputError: the folder cannot be written to.
    """
    content = dossier_json(dossier, command=command)
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    page = render_page(dossier, content)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".part-") as staging:
            beside = Path(staging)
            for table, rows in _tables(dossier).items():
                write_table(table, rows, beside / f"{table}.parquet")
            claims = claims_json(dossier)
            if claims:
                listed = json.dumps(claims, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
                (beside / "claims.json").write_text(listed, "utf-8")
            (beside / "dossier.json").write_text(text, "utf-8")
            (beside / "dossier.html").write_text(page, "utf-8")
            for name in _names():
                if (beside / name).exists():
                    (beside / name).replace(out / name)
                else:
                    (out / name).unlink(missing_ok=True)
    except OSError as fault:
        raise not_writable(out, fault) from fault
    return out / "dossier.html"


def claims_json(dossier: Dossier) -> list[dict[str, Any]]:
    """Every claim of every section, as `claims.json` lists them (schemas/claims.schema.json)."""
    return [
        {"section": outcome.name, **asdict(one)}
        for outcome in dossier.outcomes
        if outcome.findings
        for one in outcome.findings.claims
    ]


def _tables(dossier: Dossier) -> "dict[str, pd.DataFrame]":
    """The result tables that have rows."""
    import pandas as pd

    found = [outcome.findings for outcome in dossier.outcomes if outcome.findings]
    tables: dict[str, pd.DataFrame] = {}
    for table in table_columns():
        parts = [findings.tables[table] for findings in found if table in findings.tables]
        if parts:
            tables[table] = pd.concat(parts, ignore_index=True)
    if any(findings.series for findings in found):
        tables["series"] = _series(dossier)
    return tables


def _series(dossier: Dossier) -> "pd.DataFrame":
    """Every section's series as rows; texts have no place in a series."""
    import pandas as pd

    rows = [
        (outcome.name, label, x, quantity, float(one.value), one.sigma, one.unit)
        for outcome in dossier.outcomes
        if outcome.findings
        for label, x, quantity, one in outcome.findings.series
        if not isinstance(one.value, str)
    ]
    return pd.DataFrame(rows, columns=arrow_schema("series").names, dtype=object)


def dossier_json(dossier: Dossier, *, command: str) -> dict[str, Any]:
    """The dossier as the contract of `dossier.json` (schemas/dossier.schema.json) writes it."""
    sample = dossier.sample.manifest.sample
    return {
        "schema": SCHEMA_VERSION,
        "sample": {
            key: value
            for key, value in sample.model_dump(by_alias=False).items()
            if value is not None
        },
        "sections": {
            outcome.name: {"status": outcome.status, "message": outcome.message}
            for outcome in dossier.outcomes
        },
        "results": {
            outcome.name: {
                name: estimate.json() for name, estimate in outcome.findings.results.items()
            }
            for outcome in dossier.outcomes
            if outcome.findings
        },
        "checks": [
            {"name": check.name, "status": check.status, "detail": check.detail}
            for check in dossier.checks
        ],
        "provenance": _provenance(dossier, command=command),
    }


def _provenance(dossier: Dossier, *, command: str) -> dict[str, Any]:
    inputs = {dossier.sample.manifest_file}
    for outcome in dossier.outcomes:
        inputs |= set(outcome.findings.inputs if outcome.findings else ())
    folder = dossier.sample.folder
    named = {
        str(path.relative_to(folder) if path.is_relative_to(folder) else path): path
        for path in sorted(inputs)
    }
    sampled = [name for name, path in named.items() if path.stat().st_size > HASHED_WHOLE_BYTES]
    return {
        "cinedot": __version__,
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "libraries": {
            name: metadata.version(name)
            for name in ("numpy", "scipy", "jax", "ase", "rosettasciio", "tifffile")
        },
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(dossier.seconds, 2),
        "inputs": {
            name: fingerprint([path]) if name in sampled else sha256_of(path)
            for name, path in named.items()
        },
        # Of these the digest is not of every byte, but of name, size, time and samples.
        "sampled": sampled,
        "parameters": dossier.sample.manifest.model_dump(
            mode="json", exclude_none=True, exclude_defaults=True
        ),
    }


def command_line() -> str:
    """The command that is running, as a person would type it; no password of a URL in it."""
    import shlex

    program = Path(sys.argv[0]).name
    words = [without_password(word) for word in sys.argv[1:]]
    return shlex.join([program if program != "__main__.py" else "cinedot", *words])
