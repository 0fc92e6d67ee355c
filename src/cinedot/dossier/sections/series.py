"""Rows of `series.parquet`: one quantity under one condition."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cinedot.core import Estimate
from cinedot.core.tables import arrow_schema

if TYPE_CHECKING:
    import pandas as pd


def condition_of(label: str, index: int) -> float:
    """The number that a label names its condition by, or the index where it names none.

    Example:
        >>> condition_of("30 s", 0), condition_of("0.75 equiv", 3), condition_of("fresh", 2)
        (30.0, 0.75, 2.0)
    """
    found = re.search(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", label)
    return float(found.group()) if found else float(index)


def series_rows(section: str, found: Iterable[tuple[str, float, str, Estimate]]) -> "pd.DataFrame":
    """Rows from (label, condition, quantity, estimate); texts have no place in a series.

    Args:
        section: the section's name.
        found: what was found under each condition.
    """
    import pandas as pd

    rows = [
        (section, label, x, quantity, float(one.value), one.sigma, one.unit)
        for label, x, quantity, one in found
        if not isinstance(one.value, str)
    ]
    return pd.DataFrame(rows, columns=arrow_schema("series").names).astype({"sigma": object})
