"""The dossier's numbers as CSV."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cinedot.core.tables import table_columns
from cinedot.dossier.written import read_table

if TYPE_CHECKING:
    import pyarrow as pa

RESULT_COLUMNS = ("section", "quantity", "value", "sigma", "unit", "method", "status")
CHECK_COLUMNS = ("name", "status", "detail")


def write_tables(results: Path, content: dict[str, Any], to: Path) -> None:
    """Write results.csv, checks.csv and one CSV for each Parquet table of the results.

    A number keeps every digit that it needs to be read back as the same; what is missing stays
    empty; a list is written as JSON, with null where it has no number.

    Args:
        results: the folder with the Parquet tables.
        content: what its dossier.json says.
        to: the folder to write to, which exists.

    Raises:
        InputError: a Parquet table cannot be read.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> phi = {"value": 0.94, "sigma": 0.02, "unit": "", "method": "line", "status": "ok"}
        >>> write_tables(folder, {"results": {"quantum_yield": {"phi": phi}}, "checks": []}, folder)
        >>> print((folder / "results.csv").read_text().splitlines()[1])
        quantum_yield,phi,0.94,0.02,,line,ok
    """
    rows = [
        {"section": section, "quantity": quantity, **one}
        for section, found in content["results"].items()
        for quantity, one in found.items()
    ]
    _write(pd.DataFrame(rows, columns=list(RESULT_COLUMNS), dtype=object), to / "results.csv")
    checks = pd.DataFrame(content["checks"], columns=list(CHECK_COLUMNS), dtype=object)
    _write(checks, to / "checks.csv")
    for table in table_columns():
        found = read_table(results, table)
        if found is not None:
            _write(_flat(found), to / f"{table}.csv")


def _write(rows: pd.DataFrame, file: Path) -> None:
    rows.to_csv(file, index=False, encoding="utf-8", lineterminator="\n")


def _flat(table: "pa.Table") -> pd.DataFrame:
    """The table with its lists as JSON text, which a cell of CSV can hold."""
    import pyarrow as pa

    # A column of whole numbers with gaps stays one of whole numbers.
    flat = table.to_pandas(integer_object_nulls=True)
    for field in table.schema:
        if pa.types.is_list(field.type):
            flat[field.name] = [_text(one) for one in table[field.name].to_pylist()]
    return flat


def _text(numbers: list[float | None] | None) -> str | None:
    if numbers is None:
        return None
    return json.dumps([None if one is None or math.isnan(one) else one for one in numbers])
