"""A record's conditions: as sample.toml states them, or as the labels of a series do."""

import re

from cinedot.dossier.manifest import ConditionSection


def condition_of(label: str, index: int) -> float:
    """The number that a label names its condition by, or the index where it names none.

    Example:
        >>> condition_of("30 s", 0), condition_of("0.75 equiv", 3), condition_of("jws2txt", 2)
        (30.0, 0.75, 2.0)
    """
    found = re.search(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", label)
    return float(found.group()) if found else float(index)


def stated_conditions(section: ConditionSection) -> dict[str, str]:
    """What sample.toml says of how a record was taken, as facts of its section."""
    excited = section.excitation_nm
    stated = {
        "condition": section.condition,
        "additive": section.additive,
        "temperature": section.temperature,
        "excitation": None if excited is None else f"{excited:g} nm",
    }
    return {name: str(value) for name, value in stated.items() if value is not None}
