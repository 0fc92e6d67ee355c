"""What the command line calls the things that Python calls otherwise, for its complaints."""

import re
from collections.abc import Mapping

from cinedot.core import InputError

_OPTIONS = {
    "atoms": "--structure",
    "bits": "--bits",
    "compound": "--compound",
    "damage": "--damage",
    "defocus_nm": "--defocus",
    "dose_rate_e_per_nm2_s": "--dose-rate",
    "drift_nm_per_s": "--drift",
    "edges": "--edges",
    "focal_spread_nm": "--focal-spread",
    "frame_s": "--frame-time",
    "frames": "--frames",
    "front": "--front",
    "host": "--host",
    "pixel_nm": "--pixel-size",
    "seed": "--seed",
    "shape": "--size",
    "shell": "--ligands all",
    "spherical_aberration_um": "--spherical-aberration",
    "support": "--support",
    "support_moves": "--support-moves",
    "tumbles_per_s": "--tumbles",
    "voltage_kv": "--voltage",
}
# In place of remedies that are written in Python.
_REMEDIES = {
    "--drift": 'Write it as in --drift "0.2 nm/s"; "0 nm/s" is none.',
    "--edges": "A cube with 4 Pb an edge is --edges 4.",
    "--ligands all": "Leave it out, or take atoms that have ligands, as of --compound mla-cs.",
    "--size": "Write it as in 256, or 256,512 with the rows first.",
    "--tumbles": "Write it as in --tumbles 0.1; 0 is none.",
}
_NAME = re.compile(r"`(\w+)`")
_PYTHON = re.compile(r"`[^`]*[(=][^`]*`|\(\d+, \d+\)")


def as_typed(fault: InputError, more: Mapping[str, str] | None = None) -> InputError:
    """The same complaint in the command line's words: options in place of arguments.

    Args:
        fault: as Python says it.
        more: names that are called so here only.

    Example:
        >>> said = InputError("`frame_s` must be positive, but is 0.", remedy="Say 0.02.")
        >>> print(as_typed(said))
        `--frame-time` must be positive, but is 0. Say 0.02.
    """
    options = {**_OPTIONS, **(more or {})}

    def renamed(text: str) -> str:
        return _NAME.sub(lambda found: f"`{options.get(found[1], found[1])}`", text)

    rule, remedy = renamed(fault.rule), renamed(fault.remedy)
    if _PYTHON.search(fault.remedy):
        named = (word for word in re.findall(r"`(--[^`]+)`", rule) if word in _REMEDIES)
        remedy = next((_REMEDIES[word] for word in named), remedy)
    return InputError(rule, remedy=remedy, file=fault.file, place=fault.place)
