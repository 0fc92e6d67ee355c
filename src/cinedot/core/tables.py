"""The result tables: their columns, and Parquet files that hold to them.

`schemas/tables.json` is the contract: name, type (a question mark allows null), unit, meaning.
"""

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from cinedot.core.files import written_whole

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@cache
def table_columns() -> dict[str, list[list[str]]]:
    """Each table's columns as [name, type, unit, meaning]."""
    text = (resources.files("cinedot.core") / "schemas" / "tables.json").read_text("utf-8")
    columns: dict[str, list[list[str]]] = json.loads(text)
    return columns


@cache
def arrow_schema(table: str) -> "pa.Schema":
    """The Arrow schema of a result table; units and meanings are in the fields' metadata.

    Example:
        >>> arrow_schema("series").names
        ['section', 'label', 'x', 'quantity', 'value', 'sigma', 'unit']
    """
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "int32": pa.int32(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "list<double>": pa.list_(pa.field("element", pa.float64())),
    }
    return pa.schema(
        [
            pa.field(
                name,
                types[kind.rstrip("?")],
                nullable=kind.endswith("?"),
                metadata={"unit": unit, "meaning": meaning},
            )
            for name, kind, unit, meaning in table_columns()[table]
        ]
    )


def write_table(table: str, rows: "pd.DataFrame", path: Path) -> None:
    """Write rows as Parquet, whole or not at all, in the columns and types of the contract.

    Raises:
        ValueError: a column is missing, or a null stands where the contract allows none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(table)
    missing = [name for name in schema.names if name not in rows.columns]
    if missing:
        raise ValueError(
            f"table `{table}` must have the columns {schema.names}, but lacks {missing}."
        )
    arrays = []
    for column in schema:
        values = rows[column.name].tolist()
        empty = [value is None for value in values]
        if any(empty) and not column.nullable:
            raise ValueError(f"column `{column.name}` of table `{table}` must not hold nulls.")
        arrays.append(pa.array(values, type=column.type))
    with written_whole(path) as beside:
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), beside)
