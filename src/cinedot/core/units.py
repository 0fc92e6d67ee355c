"""Quantities as people and instruments write them, turned into plain numbers.

Pint does the work; only the spellings that instruments leave behind are ours.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from cinedot.core.errors import InputError

if TYPE_CHECKING:
    from pint import UnitRegistry

_SPELLINGS = {
    "n_m": "nm",  # openNCEM writes its axis units like this
    "u_m": "um",
    "p_m": "pm",
    "[n_m]": "nm",
    "\u00c5": "angstrom",
    "\u212b": "angstrom",
    "A": "angstrom",
    "\u00b5m": "um",
    "\u03bcm": "um",
    "micron": "um",
    "microns": "um",
    "<unknown>": "",
    "\\u00B5m": "um",  # ImageJ escapes the micro sign in TIFF descriptions
    "sec": "s",
    "seconds": "s",
}


@cache
def registry() -> "UnitRegistry[Any]":
    """The unit registry of the process, made on first use."""
    import pint

    return pint.UnitRegistry()


def length_nm_per(unit_text: str) -> float | None:
    """Nanometres in one of the named unit, or None where it is no length.

    Example:
        >>> [length_nm_per(text) for text in ("nm", "µm", "n_m", "Å", "1/nm", "")]
        [1.0, 1000.0, 1.0, 0.1, None, None]
    """
    return _factor(unit_text, "nm")


def time_s_per(unit_text: str) -> float | None:
    """Seconds in one of the named unit, or None where it is no time.

    Example:
        >>> [time_s_per(text) for text in ("ms", "sec", "nm")]
        [0.001, 1.0, None]
    """
    return _factor(unit_text, "s")


def _factor(unit_text: str, target: str) -> float | None:
    spelled = unit_text.strip()
    spelled = _SPELLINGS.get(spelled, spelled)
    if not spelled:
        return None
    try:
        return _tidy(float(registry().Quantity(1.0, spelled).to(target).magnitude))
    except Exception:  # pint raises parser, attribute and dimensionality errors alike
        return None


def quantity(value: str | float, unit: str, *, key: str) -> float:
    """A number in `unit`, from a bare number (already in `unit`) or a text with its own unit.

    Args:
        value: as in sample.toml: 20, "20 ms".
        unit: the unit wanted.
        key: the key it stands under, for the error.

    Raises:
        InputError: no number, an unknown unit, or one of another dimension.

    Example:
        >>> quantity("20 ms", "s", key="frame_time"), quantity("2 e/A2", "e/nm2", key="dose")
        (0.02, 200.0)
    """
    if not isinstance(value, str):
        return float(value)
    number, _, spelled = value.strip().partition(" ")
    spelled = _SPELLINGS.get(spelled.strip(), spelled.strip())
    try:
        magnitude = float(number)
    except ValueError:
        raise InputError(
            f"`{key}` must be a number with a unit, but is {value!r}.",
            remedy=f'Write it as in {key} = "1.0 {unit}".',
        ) from None
    if not spelled:
        return magnitude
    try:
        converted = registry().Quantity(magnitude, _powers(spelled)).to(_powers(unit)).magnitude
    except Exception as fault:  # pint raises parser, attribute and dimensionality errors alike
        raise InputError(
            f"`{key}` must be in {unit} or a unit of the same dimension, but is {value!r}.",
            remedy=f'Write it as in {key} = "1.0 {unit}".',
        ) from fault
    return _tidy(float(converted))


def _powers(unit: str) -> str:
    """Write nm2 as nm^2 and A as angstrom: laboratories leave the caret out."""
    words = re.sub(r"\bA(?=[23]?\b)", "angstrom", unit)
    return re.sub(r"\b([a-zA-Z]+)([23])\b", r"\1^\2", words)


def _tidy(number: float) -> float:
    """Undo the last-digit dust of a unit conversion (0.02 rather than 0.020000000000000004)."""
    return float(f"{number:.14g}")
