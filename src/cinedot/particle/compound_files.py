"""Surface compounds from TOML: those that ship, and a user's own."""

import tomllib
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from cinedot.core import InputError
from cinedot.core.files import not_readable, sourced_text
from cinedot.core.nearest import did_you_mean
from cinedot.particle.compound_molecules import acid_molecule, ammonium_molecule
from cinedot.particle.compounds import Acid, Ammonium, Compound, FaceCount, FaceShare

Table = Mapping[str, Any]
_Made = TypeVar("_Made")


@cache
def compounds() -> Mapping[str, Compound]:
    """Every surface compound that ships, by name."""
    text = sourced_text("cinedot.particle", "compounds.toml").text
    return MappingProxyType({name: _compound(name, table) for name, table in _tables(text)})


def compound_named(name: str) -> Compound:
    """The surface compound of that name, or the one that a TOML file states.

    Args:
        name: a known compound, or the path of a file that ends in ".toml".

    Raises:
        InputError: no such compound (names the nearest), or a file that states none.

    Example:
        >>> compound_named("mla-cs").acid.ion
        'malate'
    """
    known = compounds()
    if name in known:
        return known[name]
    if name.endswith(".toml"):
        return read_compound(Path(name))
    raise InputError(
        f"`compound` must be a known compound, but is {name!r}.",
        remedy=f"{did_you_mean(name, known)}Known: {', '.join(known)}; "
        "or a TOML file with your own.",
    )


def read_compound(path: Path) -> Compound:
    """A user's own compound: a TOML file with one table, in the form of those that ship.

    Raises:
        InputError: no such file, not TOML, not one table, an unknown key, a value out of range,
            an ion that is neither known nor stated by a SMILES of its charge and donors.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "mine.toml"
        >>> _ = file.write_text('[mine]\\n[mine.ammonium]\\nion = "octylammonium"')
        >>> own = read_compound(file)
        >>> own.name, own.ammonium.sites
        ('mine', ('edge', 'face'))
    """
    try:
        # Some editors open a file with a byte-order mark, which is no part of TOML.
        text = path.read_text("utf-8-sig")
        tables = _tables(text)
    except OSError as fault:
        raise not_readable(path, fault) from fault
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise InputError(
            f"must be TOML, but is not: {fault}.",
            remedy="docs/structures.md shows a compound's file.",
            file=path,
        ) from fault
    if len(tables) != 1 or not isinstance(tables[0][1], dict):
        raise InputError(
            "must hold one table, the compound's, named after it, "
            f"but its keys are {', '.join(name for name, _ in tables) or 'none'}.",
            remedy='Write "[my-compound]" first.',
            file=path,
        )
    name, table = tables[0]
    try:
        return _compound(name, table)
    except InputError as fault:
        raise fault.within(file=path) from fault


def _tables(text: str) -> list[tuple[str, Table]]:
    return list(tomllib.loads(text).items())


def _compound(name: str, table: Table) -> Compound:
    place = f"[{name}]"
    read = _Reader(
        table,
        place,
        known=(
            "a_ion",
            "a_ions_on_faces",
            "a_ions_a_face",
            "acid",
            "ammonium",
            "source",
            "assumption",
        ),
    )
    if read.has("a_ions_on_faces") and read.has("a_ions_a_face"):
        raise InputError(
            "`a_ions_on_faces` and `a_ions_a_face` must not both be given.",
            remedy="Leave one out.",
            place=place,
        )
    on_faces = (
        read.made(lambda: FaceCount(each=read.integer("a_ions_a_face")))
        if read.has("a_ions_a_face")
        else read.made(lambda: FaceShare(share=read.share("a_ions_on_faces", "1")))
    )
    has_acid, has_ammonium = read.has("acid"), read.has("ammonium")
    acid = _acid(read.table("acid"), f"[{name}.acid]") if has_acid else None
    ammonium = _ammonium(read.table("ammonium"), f"[{name}.ammonium]") if has_ammonium else None
    return read.made(
        lambda: Compound(
            name=name,
            a_ion=read.text("a_ion") if read.has("a_ion") else None,
            acid=acid,
            ammonium=ammonium,
            a_on_faces=on_faces,
            source=read.text("source", ""),
            assumption=read.text("assumption", ""),
        )
    )


def _acid(table: Table, place: str) -> Acid:
    read = _Reader(table, place, known=tuple(Acid.__dataclass_fields__))
    donors = read.integer("donors", 1)
    acid = read.made(
        lambda: Acid(
            ion=read.text("ion"),
            symbol=read.text("symbol", read.text("ion")),
            charge=read.integer("charge"),
            donors=donors,
            halides_replaced=read.integer("halides_replaced", donors),
            edge_halides_removed=read.share("edge_halides_removed", "0"),
            bond_angstrom=read.number("bond_angstrom", 2.5),
            smiles=read.text("smiles") if read.has("smiles") else None,
        )
    )
    read.made(lambda: acid_molecule(acid))
    return acid


def _ammonium(table: Table, place: str) -> Ammonium:
    read = _Reader(table, place, known=tuple(Ammonium.__dataclass_fields__))
    ammonium = read.made(
        lambda: Ammonium(
            ion=read.text("ion"),
            sites=read.texts("sites", ("edge", "face")),
            lift_angstrom=read.number("lift_angstrom", 0.4),
            smiles=read.text("smiles") if read.has("smiles") else None,
        )
    )
    read.made(lambda: ammonium_molecule(ammonium))
    return ammonium


class _Reader:
    """Values of one TOML table, each of the type that it must have."""

    def __init__(self, table: Table, place: str, *, known: tuple[str, ...]) -> None:
        self._table = table
        self._place = place
        for key in table:
            if key not in known:
                remedy = did_you_mean(key, known, cutoff=0.4, mark="`")
                raise InputError(
                    f"`{key}` is no key of a compound.",
                    remedy=f"{remedy}Known: {', '.join(known)}.",
                    place=place,
                )

    def has(self, key: str) -> bool:
        return key in self._table

    def made(self, make: Callable[[], _Made]) -> _Made:
        try:
            return make()
        except InputError as fault:
            # In a file its table is the place, whatever else the fault calls it.
            raise InputError(fault.rule, remedy=fault.remedy, place=self._place) from fault

    def text(self, key: str, default: str | None = None) -> str:
        value = self._value(key, default)
        return value if isinstance(value, str) else self._refuse(key, "a text", value)

    def integer(self, key: str, default: int | None = None) -> int:
        value = self._value(key, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._refuse(key, "a whole number", value)

    def number(self, key: str, default: float) -> float:
        value = self._value(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        self._refuse(key, "a number", value)

    def share(self, key: str, default: str) -> Fraction:
        value = self._value(key, default)
        try:
            return Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            self._refuse(key, 'a share as in "31/54"', value)

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._value(key, default)
        if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
            return tuple(value)
        self._refuse(key, "a list of texts", value)

    def table(self, key: str) -> Table:
        value = self._table[key]
        return value if isinstance(value, dict) else self._refuse(key, "a table", value)

    def _value(self, key: str, default: object) -> object:
        if key not in self._table and default is None:
            raise InputError(
                f"`{key}` must be given.", remedy=f"Add it under {self._place}.", place=self._place
            )
        return self._table.get(key, default)

    def _refuse(self, key: str, wanted: str, value: object) -> NoReturn:
        raise InputError(
            f"`{key}` must be {wanted}, but is {value!r}.",
            remedy="docs/structures.md shows the form.",
            place=self._place,
        )
