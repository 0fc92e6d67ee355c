"""`--where`: one comparison as a person writes it, turned into SQL."""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Double, FromClause, Table, literal, or_, select

from cinedot.core import InputError
from cinedot.core.units import quantity
from cinedot.dossier.catalog.keys import Key
from cinedot.dossier.catalog.recording import as_number
from cinedot.dossier.catalog.schema import FACTS, RESULTS, TAGS

_WRITTEN = re.compile(r"\s*(?P<key>.+?)\s*(?P<sign><=|>=|!=|==|=|<|>|~)\s*(?P<value>.*?)\s*")
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)")
_ALIKE = 1e-9
"""Share of a number within which another equals it: conversions of units leave dust."""

_TEXT_SIGNS = ("=", "!=", "~")
_ORDERED = {
    "<": ("ok", "upper_limit"),
    "<=": ("ok", "upper_limit"),
    ">": ("ok", "lower_limit"),
    ">=": ("ok", "lower_limit"),
}
"""Sign -> statuses of an answer that fulfil it: a value of at most 0.1 is surely below 0.2, but of
it nobody knows that it is above 0.05."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A comparison as written.

    Attributes:
        key: the left side.
        sign: <, <=, >, >=, =, != or ~ (contains).
        value: the right side.
    """

    key: str
    sign: str
    value: str


def read_comparison(text: str) -> Comparison:
    """Take a comparison apart.

    Raises:
        InputError: it is none.

    Example:
        >>> read_comparison("emission.fwhm < 16 nm")
        Comparison(key='emission.fwhm', sign='<', value='16 nm')
    """
    found = _WRITTEN.fullmatch(text)
    value = found["value"].strip("\"'") if found else ""
    if found is None or not value:
        raise InputError(
            f"`--where` must compare a key with a value, but is {text!r}.",
            remedy='Write it as in --where "emission.fwhm < 16 nm".',
        )
    sign = "=" if found["sign"] == "==" else found["sign"]
    return Comparison(key=found["key"].strip(), sign=sign, value=value)


def as_sql(comparison: Comparison, key: Key, entries: FromClause) -> ColumnElement[bool]:
    """The comparison as a condition on the rows of `entries` (analyses with their samples).

    Several answers to one key, as of two movies, fulfil it where one of them does.

    Raises:
        InputError: a sign or a value that the key cannot have, or a unit of another dimension.
    """
    if key.kind == "column":
        return _of_column(comparison, key, entries)
    if key.kind == "quantity":
        named = " " in key.section
        fits = select(RESULTS.c.analysis).where(
            RESULTS.c.quantity == key.name,
            (RESULTS.c.section if named else RESULTS.c.kind) == key.section,
            _either(RESULTS, comparison, key),
            RESULTS.c.status.in_(_ORDERED.get(comparison.sign, ("ok",))),
        )
        return entries.c.number.in_(fits)
    if key.kind == "fact":
        of_name = or_(FACTS.c.key == key.name, FACTS.c.general == key.name)
        told = _either(FACTS, comparison, key)
        return entries.c.number.in_(select(FACTS.c.analysis).where(of_name, told))
    told = _either(TAGS, comparison, key)
    return entries.c.sample_number.in_(select(TAGS.c.sample).where(TAGS.c.key == key.name, told))


def _either(table: Table, comparison: Comparison, key: Key) -> ColumnElement[bool]:
    """The comparison with numbers or with texts: as the key has them; as written if it has both."""
    as_text = comparison.sign == "~" or isinstance(as_number(comparison.value), str)
    if key.texts and (as_text or not key.numbers):
        return _text(table.c.text, comparison)
    return _number(table.c.number, comparison, key)


def _of_column(comparison: Comparison, key: Key, entries: FromClause) -> ColumnElement[bool]:
    column = entries.c[key.name]
    if key.name == "number":
        return _number(column, comparison, key)
    if key.name == "date" and comparison.sign in ("<", "<=", ">", ">="):
        # Dates are ISO 8601 in UTC: a year, a month or a day is the beginning of one.
        return column.op(comparison.sign, is_comparison=True)(comparison.value)
    return _text(column, comparison)


def _number(column: ColumnElement[float], comparison: Comparison, key: Key) -> ColumnElement[bool]:
    wanted = number_in(comparison.value, key)
    if comparison.sign == "~":
        raise InputError(
            f"`~` asks whether a text contains another, but `{key.text}` is a number.",
            remedy="Compare it with <, <=, >, >=, = or !=.",
        )
    dust = _ALIKE * abs(wanted)
    if comparison.sign == "=":
        return column.between(wanted - dust, wanted + dust)
    if comparison.sign == "!=":
        return ~column.between(wanted - dust, wanted + dust)
    return column.op(comparison.sign, is_comparison=True)(literal(wanted, Double))


def number_in(written: str, key: Key) -> float:
    """A number as written, in the key's unit.

    Raises:
        InputError: no number, or a unit of another dimension.

    Example:
        >>> width = Key(text="emission.fwhm", kind="quantity", name="fwhm", unit="nm")
        >>> number_in("1.6e-8 m", width), number_in("16", width)
        (16.0, 16.0)
    """
    found = _NUMBER.fullmatch(written.strip())
    if found is None:
        raise InputError(
            f"`{key.text}` must be compared with a number, but is with {written!r}.",
            remedy=f"Write it as in {key.text} > {f'1 {key.unit}'.strip()}.",
        )
    if found[2] == key.unit or not found[2]:
        return float(found[1])
    unit, wanted = (re.sub(r"\bper ", "1/", one) for one in (found[2], key.unit))
    return quantity(f"{found[1]} {unit}", wanted, key=key.text)


def _text(column: ColumnElement[str], comparison: Comparison) -> ColumnElement[bool]:
    if comparison.sign not in _TEXT_SIGNS:
        raise InputError(
            f"`{comparison.key}` is a text, which {comparison.sign!r} cannot compare with "
            f"{comparison.value!r}.",
            remedy="Use =, != or ~ (contains).",
        )
    if comparison.sign == "~":
        return column.icontains(comparison.value, autoescape=True)
    return column == comparison.value if comparison.sign == "=" else column != comparison.value
