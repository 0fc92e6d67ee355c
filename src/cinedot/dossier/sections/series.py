"""A series' conditions, read off the labels of its records."""

import re


def condition_of(label: str, index: int) -> float:
    """The number that a label names its condition by, or the index where it names none.

    Example:
        >>> condition_of("30 s", 0), condition_of("0.75 equiv", 3), condition_of("jws2txt", 2)
        (30.0, 0.75, 2.0)
    """
    found = re.search(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", label)
    return float(found.group()) if found else float(index)
