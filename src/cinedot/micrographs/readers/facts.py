"""Lines `name = number`: what cinedot's own files say where their format has no place for it."""

from collections.abc import Iterable, Mapping

FRAME_TIME = "frame time s"
VOLTAGE = "voltage kV"


def facts_in(lines: Iterable[str]) -> dict[str, float]:
    """The numbers among lines `name = number`; all other lines are left out.

    Example:
        >>> facts_in(["frame time s = 0.02", "voltage kV = 80", "a remark", "seed = none"])
        {'frame time s': 0.02, 'voltage kV': 80.0}
    """
    found: dict[str, float] = {}
    for line in lines:
        name, separator, value = line.partition(" = ")
        if not separator:
            continue
        try:
            found[name.strip()] = float(value)
        except ValueError:
            continue
    return found


def positive(facts: Mapping[str, object], name: str) -> float | None:
    """A fact that must be a positive number; None where it is missing or is none.

    Example:
        >>> positive({"voltage kV": 80}, "voltage kV"), positive({"voltage kV": 0}, "voltage kV")
        (80.0, None)
    """
    value = facts.get(name)
    if not isinstance(value, int | float) or not 0 < value < float("inf"):
        return None
    return float(value)
