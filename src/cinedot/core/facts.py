"""Facts that stand above or below the numbers of a text file, as pairs of key and value."""

import re
from collections.abc import Sequence


def stated_facts(rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """The pairs of key and value among rows of cells; the first of a repeated key stays.

    Example:
        >>> stated_facts([["# excitation: 380 nm"], ["NPOINTS", "61", ""], ["[Remarks]"]])
        {'excitation': '380 nm', 'NPOINTS': '61'}
    """
    facts: dict[str, str] = {}
    for cells in rows:
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        key, *rest = filled
        key = key.lstrip("#%").strip()
        if not rest or key.endswith((":", "=")):
            parts = re.split(r"\s*[:=]\s*", " ".join([key, *rest]), maxsplit=1)
            key, value = (parts[0], parts[1]) if len(parts) == 2 else (key, " ".join(rest))
        else:
            value = ", ".join(rest)
        if key and value:
            facts.setdefault(key, value)
    return facts
