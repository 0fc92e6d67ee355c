"""Values of a recipe's TOML tables, each of the kind that it must be."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NoReturn, cast

from cinedot.core import InputError
from cinedot.core.nearest import did_you_mean
from cinedot.core.units import quantity
from cinedot.recipe.stated import Kind, Stated, read_stated

_NUMBER = r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?"
_FIRST = re.compile(rf"\s*[<>~≈]?\s*({_NUMBER})(?:\s*(?:-|–|~|to)\s*{_NUMBER})?\s+(\S.*)")
_SPELLED = {"h": "hour", "°C": "degC", "rpm": "rpm"}


class Reader:
    """One TOML table of a recipe."""

    def __init__(self, table: object, place: str, *, known: tuple[str, ...]) -> None:
        self._place = place
        if not isinstance(table, Mapping):
            self._refuse("this", "a table", table)
        self._table = cast("Mapping[str, Any]", table)
        for key in self._table:
            if key not in known:
                near = did_you_mean(key, known, cutoff=0.4, mark="`")
                raise InputError(
                    f"`{key}` is no key of {place or 'a recipe'}.",
                    remedy=f"{near}Known are {', '.join(known)}.",
                    place=place or None,
                )

    @contextmanager
    def here(self) -> Generator[None]:
        """Complaints from within name this table as their place."""
        try:
            yield
        except InputError as fault:
            raise fault.within(place=self._place or None) from fault

    def text(self, key: str) -> str | None:
        """A text, or None where there is none."""
        value = self._table.get(key)
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self._refuse(key, "a text in quotes", value)

    def required(self, key: str) -> str:
        """A text that must be there."""
        value = self.text(key)
        if value is None:
            raise InputError(
                f"`{key}` must be given, but is missing.",
                remedy="docs/recipes.md shows the form.",
                place=self._place or None,
            )
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; none where it is missing."""
        value = self._table.get(key, [])
        listed = cast("list[object]", value if isinstance(value, list) else [value])
        if all(isinstance(one, str) for one in listed):
            return tuple(cast("list[str]", listed))
        self._refuse(key, "a list of texts", value)

    def truth(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._table.get(key, default)
        return value if isinstance(value, bool) else self._refuse(key, "true or false", value)

    def whole(self, key: str, default: int) -> int:
        """A whole number from 0."""
        value = self._table.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        self._refuse(key, "a whole number from 0", value)

    def edges(self, key: str) -> tuple[int, int, int]:
        """Three whole numbers, or one for a cube."""
        value = self._table.get(key, 4)
        listed = cast("list[object]", value if isinstance(value, list) else [value] * 3)
        if len(listed) == 3 and all(type(one) is int and one > 0 for one in listed):
            x, y, z = cast("list[int]", listed)
            return x, y, z
        self._refuse(key, "three whole numbers above 0", value)

    def stated(self, key: str, kinds: tuple[Kind, ...]) -> Stated | None:
        """A number with its unit, or None where there is none."""
        if key not in self._table:
            return None
        with self.here():
            return read_stated(self._table[key], kinds, key=key)

    def measure(self, key: str, unit: str) -> float | None:
        """A number above 0 in a unit, or None where there is none."""
        if key not in self._table:
            return None
        value = self._table[key]
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self._refuse(key, f"a number in {unit}", value)
        with self.here():
            number = quantity(value if isinstance(value, str) else float(value), unit, key=key)
        return number if number > 0 else self._refuse(key, "above 0", value)

    def condition(self, key: str, unit: str) -> str | None:
        """A condition as written, its unit checked; None where there is none."""
        if key not in self._table:
            return None
        return step_condition(self._table[key], unit, key=key, place=self._place)

    def tables(self, key: str) -> tuple[Mapping[str, Any], ...]:
        """A list of tables; none where it is missing."""
        value = self._table.get(key, [])
        listed = cast("list[object]", value if isinstance(value, list) else [value])
        if all(isinstance(one, Mapping) for one in listed):
            return tuple(cast("list[Mapping[str, Any]]", listed))
        self._refuse(key, "a list of tables", value)

    def table(self, key: str) -> Mapping[str, Any]:
        """A table; an empty one where it is missing."""
        value = self._table.get(key, {})
        if isinstance(value, Mapping):
            return cast("Mapping[str, Any]", value)
        self._refuse(key, "a table", value)

    def _refuse(self, key: str, wanted: str, value: object) -> NoReturn:
        shown = str(value) if isinstance(value, Decimal) else repr(value)
        raise InputError(
            f"`{key}` must be {wanted}, but is {shown[:60]}.",
            remedy="docs/recipes.md shows the form.",
            place=self._place or None,
        )


def step_condition(value: object, unit: str, *, key: str, place: str) -> str:
    """A condition of a step as it is written, once its unit is known to be one of its kind.

    Args:
        value: a text, as in "10 min", "15-20 min", "<1e-4 Pa"; any words where `unit` is "".
        unit: one of the kind wanted.
        key, place: where it stands, for the error.

    Raises:
        InputError: no text, no number, another kind of unit, a negative number.

    Example:
        >>> step_condition("15-20 min", "s", key="time", place="[[step]] 3")
        '15-20 min'
    """
    if isinstance(value, str) and value.strip() and not unit:
        return value.strip()
    found = _FIRST.fullmatch(value) if isinstance(value, str) else None
    example = {"s": "10 min", "rpm": "10000 rpm", "degC": "20 degC", "%": "30 %", "Pa": "60 Pa"}
    if found is not None:
        number, spelled = found[1], found[2]
        if _kind(spelled, unit) and (float(number) >= 0 or unit == "degC"):
            return str(value).strip()
    raise InputError(
        f"`{key}` must be a number in {unit or 'words'} or a like unit, but is {value!r}.",
        remedy=f'Write it as in {key} = "{example.get(unit, f"1 {unit}")}".',
        place=place,
    )


def _kind(spelled: str, unit: str) -> bool:
    """Whether a unit is of the same kind as another."""
    if spelled == unit:
        return True
    if unit in {"%", "rpm", "degC"}:
        return spelled in {"%": (), "rpm": (), "degC": ("°C", "C", "K")}[unit]
    try:
        quantity(f"1 {_SPELLED.get(spelled, spelled)}", unit, key="unit")
    except InputError:
        return False
    return True
