"""Network files (TOML): species with what they hold and emit, reactions as chemists write them."""

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from cinedot.core import InputError
from cinedot.core.files import utf8_text
from cinedot.core.nearest import did_you_mean
from cinedot.core.units import quantity
from cinedot.growth.network import (
    Blocking,
    Light,
    Network,
    Rate,
    Reaction,
    Species,
    Threshold,
)

_NAME = re.compile(r"[A-Za-z]\w*")
_TERM = re.compile(r"(?:(\d+(?:\.\d*)?)\s*)?([A-Za-z]\w*)")
_ARROW = re.compile(r"\s*(<->|->)\s*")
_TOP = ("name", "about", "species", "reactions")
_SPECIES = ("composition", "initial", "light")
_LIGHT = ("peak", "fwhm", "yield", "absorbs")
_REACTION = ("name", "equation", "constant", "back", "orders", "threshold", "blocked", "limits")


def network_names() -> tuple[str, ...]:
    """The networks that cinedot brings along.

    Example:
        >>> network_names()
        ('adaptive', 'chelate', 'template')
    """
    folder = resources.files("cinedot.growth") / "data" / "networks"
    return tuple(sorted(one.name.removesuffix(".toml") for one in folder.iterdir()))


def network_named(name: str, *, a_ion: str = "Cs") -> Network:
    """A network that cinedot brings along.

    Args:
        name: of the network.
        a_ion: what takes the place of Cs in it.

    Raises:
        InputError: there is none of that name.

    Example:
        >>> network_named("template").names
        ('S', 'T', 'Q4', 'Br', 'Cs', 'MLA', 'OAMH')
    """
    if name not in network_names():
        raise InputError(
            f"a network must be one of {', '.join(network_names())}, but is {name!r}.",
            remedy=did_you_mean(name, network_names()) + "Or give a file.",
        )
    folder = resources.files("cinedot.growth") / "data" / "networks"
    return network_of(re.sub(r"\bCs\b", a_ion, (folder / f"{name}.toml").read_text("utf-8")))


def read_network(path: Path) -> Network:
    """The network in a TOML file.

    Raises:
        InputError: a file that cannot be read or is no TOML; an unknown key, a wrong unit, an
            equation that is none; and see `Network`.
    """
    try:
        return network_of(utf8_text(path), name=path.stem)
    except InputError as fault:
        raise fault.within(file=path) from fault


def network_of(text: str, *, name: str = "network") -> Network:
    """The network that a TOML text describes.

    A species has its `composition`, its `initial` amount and its `light`; a reaction its
    `equation` ("2 C + 2 P <-> T"), its `constant` (in mM and min; `back` for the way back) and, if
    it is not mass action, `orders`, `threshold`, `blocked`, `limits`.

    Args:
        text: TOML.
        name: what it is called unless it says so.

    Raises:
        InputError: see `read_network`.

    Example:
        >>> network_of('''
        ... [species.A]
        ... composition = { Pb = 1 }
        ... initial = "1 mM"
        ... [species.B]
        ... composition = { Pb = 1 }
        ... [[reactions]]
        ... equation = "A -> B"
        ... constant = 0.1
        ... ''').reactions[0].text
        'A -> B'
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise InputError(
            f"a network file must be TOML, but: {fault}.", remedy="Correct that line."
        ) from fault
    _only(content, _TOP, "the file")
    species = tuple(
        _species(key, _table(value, f"[species.{key}]"))
        for key, value in _table(content.get("species"), "[species]").items()
    )
    listed = content.get("reactions")
    if not isinstance(listed, list) or not listed:
        raise InputError(
            "a network must have reactions, but has none.", remedy="Add a [[reactions]] table."
        )
    reactions = [
        one
        for number, table in enumerate(listed, start=1)
        for one in _reactions(_table(table, f"reaction {number}"), number)
    ]
    return Network(
        name=str(content.get("name", name)),
        about=str(content.get("about", "")),
        species=species,
        reactions=tuple(reactions),
    )


def _species(name: str, table: Mapping[str, Any]) -> Species:
    place = f"[species.{name}]"
    if not _NAME.fullmatch(name):
        raise InputError(
            f"a species's name must begin with a letter and go on with letters, digits and "
            f"underscores, but is {name!r}.",
            remedy="Rename it.",
        )
    _only(table, _SPECIES, place)
    composition = _table(table.get("composition"), f"{place} composition")
    light = table.get("light")
    return Species(
        name=name,
        composition={key: _number(value, f"{place} {key}") for key, value in composition.items()},
        initial_mm=_amount(table.get("initial", 0.0), f"{place} initial"),
        light=None if light is None else _light(_table(light, f"{place} light"), place),
    )


def _light(table: Mapping[str, Any], place: str) -> Light:
    _only(table, _LIGHT, f"{place} light")
    lengths = [_in(table.get(key), "nm", f"{place} {key}") for key in ("peak", "fwhm")]
    share = _number(table.get("yield", 1.0), f"{place} yield")
    absorbs = _number(table.get("absorbs", 1.0), f"{place} absorbs")
    if min(lengths) <= 0 or share < 0 or absorbs < 0:
        raise InputError(
            "peak and fwhm must be above 0, yield and absorbs 0 or more, but one is not.",
            remedy="Correct its number.",
            place=f"{place} light",
        )
    return Light(peak_nm=lengths[0], fwhm_nm=lengths[1], brightness=share * absorbs)


def _reactions(table: Mapping[str, Any], number: int) -> list[Reaction]:
    """A reaction, and the one back where the equation has two directions."""
    name = str(table.get("name", f"reaction_{number}"))
    place = f"reaction {name!r}"
    _only(table, _REACTION, place)
    equation = table.get("equation")
    parts = _ARROW.split(equation) if isinstance(equation, str) else []
    if len(parts) != 3:
        raise InputError(
            f"an equation must be two sides with -> or <-> between, but is {equation!r}.",
            remedy='Write it as in equation = "2 C + 2 P <-> T".',
            place=place,
        )
    left, right = _side(parts[0], place), _side(parts[2], place)
    forward = Reaction(name=name, reactants=left, products=right, rate=_rate(table, left, place))
    if (parts[1] == "<->") != ("back" in table):
        raise InputError(
            "`back` and <-> must stand together, but only one of them does.",
            remedy="Give both, or write -> without `back`.",
            place=place,
        )
    if parts[1] == "->":
        return [forward]
    back = Rate(constant=_number(table["back"], f"{place} back"), orders=right)
    return [forward, Reaction(name=f"{name}_back", reactants=right, products=left, rate=back)]


def _side(text: str, place: str) -> dict[str, float]:
    found: dict[str, float] = {}
    if text.strip() in ("", "0"):
        return found
    for term in text.split("+"):
        match = _TERM.fullmatch(term.strip())
        if match is None:
            raise InputError(
                f"an equation's side must be numbers and species with + between, but has {term!r}.",
                remedy='Write it as in "2 C + 2 P".',
                place=place,
            )
        found[match[2]] = found.get(match[2], 0.0) + float(match[1] or 1.0)
    return found


def _rate(table: Mapping[str, Any], reactants: Mapping[str, float], place: str) -> Rate:
    if "constant" not in table:
        raise InputError(
            "a reaction must have its `constant`, but this has none.",
            remedy="Give it in mM and min, as in constant = 0.004.",
            place=place,
        )
    orders = table.get("orders")
    threshold, blocked = table.get("threshold"), table.get("blocked")
    limits = _table(table.get("limits", {}), f"{place} limits")
    return Rate(
        constant=_number(table["constant"], f"{place} constant"),
        orders=dict(reactants)
        if orders is None
        else {
            key: _number(value, f"{place} orders")
            for key, value in _table(orders, f"{place} orders").items()
        },
        threshold=None if threshold is None else _threshold(threshold, place),
        blocking=None if blocked is None else _blocking(blocked, place),
        limits_mm={
            key: _positive(_amount(value, f"{place} limits"), f"{place} limits")
            for key, value in limits.items()
        },
    )


def _threshold(value: object, place: str) -> Threshold:
    table = _table(value, f"{place} threshold")
    _only(table, ("species", "level", "order"), f"{place} threshold")
    return Threshold(
        species=str(table.get("species")),
        level_mm=_positive(_amount(table.get("level"), f"{place} level"), f"{place} level"),
        order=_positive(_number(table.get("order"), f"{place} order"), f"{place} order"),
    )


def _blocking(value: object, place: str) -> Blocking:
    table = _table(value, f"{place} blocked")
    _only(table, ("species", "affinity", "order"), f"{place} blocked")
    affinity = _in(table.get("affinity"), "1/mM", f"{place} affinity")
    return Blocking(
        species=str(table.get("species")),
        affinity_per_mm=_positive(affinity, f"{place} affinity"),
        order=_positive(_number(table.get("order", 1.0), f"{place} order"), f"{place} order"),
    )


def _only(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(
                f"{place} must have known keys only, but has {key!r}.",
                remedy=did_you_mean(key, known) + f"It may have {', '.join(known)}.",
            )


def _table(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(
            f"{place} must be a table, but is {'missing' if value is None else repr(value)}.",
            remedy="Write it as in composition = { Pb = 1, Br = 3 }.",
        )
    return {str(key): one for key, one in value.items()}


def _number(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{place} must be a number, but is {value!r}.", remedy="Correct it.")
    return float(value)


def _positive(value: float, place: str) -> float:
    if not value > 0:
        raise InputError(f"{place} must be above 0, but is {value:g}.", remedy="Correct it.")
    return value


def _amount(value: object, place: str) -> float:
    return _in(value, "mM", place)


def _in(value: object, unit: str, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(
            f"{place} must be a number or a text with a unit, but is {value!r}.",
            remedy=f'Write it as in "1.0 {unit}".',
        )
    return quantity(value, unit, key=place)
