"""The dossier's numbers as CSV."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from cinedot.core.tables import table_columns

RESULT_COLUMNS = ("section", "quantity", "value", "sigma", "unit", "method", "status")
CHECK_COLUMNS = ("name", "status", "detail")


def write_tables(results: Path, content: dict[str, Any], to: Path) -> None:
    """Write results.csv, checks.csv and one CSV for each Parquet table of the results.

    A number keeps every digit that it needs to be read back as the same; what is missing stays
    empty; a list is written as JSON.

    Args:
        results: the folder with the Parquet tables.
        content: what its dossier.json says.
        to: the folder to write to, which exists.
    """
    rows = [
        {"section": section, "quantity": quantity, **one}
        for section, found in content["results"].items()
        for quantity, one in found.items()
    ]
    pd.DataFrame(rows, columns=list(RESULT_COLUMNS)).to_csv(to / "results.csv", index=False)
    checks = pd.DataFrame(content["checks"], columns=list(CHECK_COLUMNS))
    checks.to_csv(to / "checks.csv", index=False)
    for table in table_columns():
        source = results / f"{table}.parquet"
        if source.exists():
            _flat(pd.read_parquet(source)).to_csv(to / f"{table}.csv", index=False)


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its lists as JSON text, which a cell of CSV can hold."""
    flat = table.copy()
    for name in flat.columns:
        if any(hasattr(one, "tolist") and getattr(one, "ndim", 0) for one in flat[name]):
            flat[name] = [None if one is None else json.dumps(list(one)) for one in flat[name]]
    return flat
