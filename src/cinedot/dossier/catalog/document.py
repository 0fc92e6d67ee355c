"""A results folder as a catalog keeps it: rows, made from `dossier.json` and `series.parquet`."""

import hashlib
import math
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cinedot.core import InputError
from cinedot.core.files import sha256_of
from cinedot.dossier.manifest_numbers import ReportedNumber
from cinedot.dossier.quantities import general_key, known_quantities, reported_estimate
from cinedot.dossier.written import read_dossier, read_table

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One analysis of one sample, as rows of the catalog's tables without their numbers.

    Attributes:
        name: the sample's name.
        analysis: the row of the analysis itself.
        inputs, sections, results, series, facts, checks: rows of the tables of these names.
    """

    name: str
    analysis: Row
    inputs: list[Row]
    sections: list[Row]
    results: list[Row]
    series: list[Row]
    facts: list[Row]
    checks: list[Row]


def read_document(results: Path, *, folder: Path) -> Document:
    """What the results folder of a sample says, ready to be recorded.

    Args:
        results: the folder with `dossier.json`.
        folder: the sample folder, as given.

    Raises:
        InputError: `dossier.json` is no dossier that this version knows.
    """
    file = results / "dossier.json"
    dossier = read_dossier(results)
    try:
        return _document(dossier, sha256_of(file), results, folder)
    except (KeyError, TypeError, AttributeError) as fault:
        raise InputError(
            f"this must be a dossier of cinedot, but it cannot be read ({fault!r}).",
            remedy="Analyse the sample again.",
            file=file,
        ) from fault


def _document(dossier: Row, digest: str, results: Path, folder: Path) -> Document:
    provenance = dossier["provenance"]
    inputs: dict[str, str] = provenance["inputs"]
    listed = "\n".join(f"{digest} {name}" for name, digest in sorted(inputs.items()))
    parameters: Row = provenance.get("parameters", {})
    analysis = {
        "date": provenance["date"],
        "given": str(folder),
        "folder": str(folder.resolve()),
        "machine": platform.node(),
        "version": provenance["cinedot"],
        "command": provenance["command"],
        "seconds": provenance.get("seconds"),
        "inputs": hashlib.sha256(listed.encode("utf-8", "backslashreplace")).hexdigest(),
        "document": digest,
    }
    found = [
        _result(section, name, **one)
        for section, named in dossier["results"].items()
        for name, one in named.items()
    ]
    measured = {(row["section"], row["quantity"]) for row in found}
    reported = [
        row
        for row in _reported(parameters.get("reported", {}))
        if (row["section"], row["quantity"]) not in measured
    ]
    return Document(
        name=_plain(dossier["sample"]["name"]),
        analysis=_plain_row(analysis),
        inputs=[_plain_row({"file": file, "digest": one}) for file, one in inputs.items()],
        sections=[_plain_row({"section": key, **one}) for key, one in dossier["sections"].items()],
        results=[_plain_row(row) for row in (*found, *reported)],
        series=[_plain_row(row) for row in _series(results)],
        facts=[_plain_row(row) for row in _facts(parameters)],
        checks=[_plain_row(dict(row)) for row in dossier["checks"]],
    )


def _result(
    section: str,
    quantity: str,
    *,
    value: float | str,
    sigma: float | None,
    unit: str,
    method: str,
    status: str,
) -> Row:
    return {
        "section": section,
        "kind": section.partition(" ")[0],
        "quantity": quantity,
        **number_or_text(value),
        "sigma": sigma,
        "unit": unit,
        "method": method,
        "status": status,
    }


def number_or_text(value: float | str | bool) -> Row:
    """A value as the two columns that hold it: a number, or a text.

    Example:
        >>> number_or_text(4), number_or_text("4x4x4")
        ({'number': 4.0, 'text': None}, {'number': None, 'text': '4x4x4'})
    """
    if isinstance(value, bool):
        return {"number": None, "text": str(value).lower()}
    if isinstance(value, str):
        return {"number": None, "text": value}
    return {"number": float(value), "text": None}


def _reported(stated: dict[str, Row]) -> Iterator[Row]:
    """Numbers of `[reported]`, in the dossier's units; `method` says that they are."""
    for key, one in stated.items():
        estimate = reported_estimate(key, ReportedNumber(**one))
        section, _, quantity = key.rpartition(".")
        # A text that is no record's answer has no unit either.
        yield _result(section, quantity, **cast("Row", estimate.json()))


def _series(results: Path) -> Iterator[Row]:
    table = read_table(results, "series")
    for row in cast("list[Row]", [] if table is None else table.to_pylist()):
        sigma = row["sigma"]
        yield {
            "section": row["section"],
            "kind": row["section"].partition(" ")[0],
            "label": row["label"],
            "x": float(row["x"]),
            "quantity": row["quantity"],
            "number": float(row["value"]),
            "sigma": None if sigma is None or math.isnan(sigma) else float(sigma),
            "unit": row["unit"],
        }


def _facts(parameters: Row) -> Iterator[Row]:
    """Numbers and texts that `sample.toml` states, as "crystals.equivalents"."""
    for section, stated in parameters.items():
        if section == "reported":
            continue
        for table in cast("list[Row]", stated if isinstance(stated, list) else [stated]):
            own = None if section == "sample" else table.get("name") or table.get("enantiomer")
            named = f"{section} {own}" if own else section
            for key, value in table.items():
                if (
                    isinstance(value, str | int | float)
                    and (section, key) != ("sample", "name")
                    and general_key(section, key) not in known_quantities()
                ):
                    yield {
                        "key": f"{named}.{key}",
                        "general": general_key(section, key),
                        **number_or_text(value),
                    }


def _plain_row(row: Row) -> Row:
    return {key: _plain(one) if isinstance(one, str) else one for key, one in row.items()}


def _plain(text: str) -> str:
    """A text that every database takes: names of files may hold bytes that are no text."""
    told = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return told.replace("\0", "\\x00")
