"""What a key of the catalog means: a quantity, a fact of `sample.toml`, a tag, or a column."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Column, Connection, func, select

from cinedot.core import InputError
from cinedot.dossier.catalog.schema import FACTS, TAGS
from cinedot.dossier.quantities import TEXTS, general_key, known_quantities

COLUMNS = ("sample", "number", "date", "folder", "machine", "version")
"""What every analysis has; `number` is its own."""

_SHORT = {"host": "sample.host", "source": "sample.source"}

_FACT_UNITS = {
    "nm": "nm",
    "um": "um",
    "cm": "cm",
    "kv": "kV",
    "ev": "eV",
    "s": "s",
    "ns": "ns",
    "deg": "deg",
}
"""Last word of a fact's key -> the unit that its number is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that the catalog knows.

    Attributes:
        text: as it is shown.
        kind: what it is.
        section: of a quantity: its section as written, "movie" or "movie A"; else "".
        name: the quantity, fact, tag or column.
        unit: the unit of its numbers; "" where they have none.
        numbers, texts: which of both its values are: of a fact or a tag, in this catalog.
    """

    text: str
    kind: Literal["quantity", "fact", "tag", "column"]
    name: str
    section: str = ""
    unit: str = ""
    numbers: bool = True
    texts: bool = False

    @property
    def heading(self) -> str:
        """The key with its unit."""
        return f"{self.text} ({self.unit})" if self.unit else self.text


def find_key(connection: Connection, text: str) -> Key:
    """The key that a person writes.

    Raises:
        InputError: nothing has that name; the nearest names are offered.
    """
    text = _SHORT.get(text, text)
    if text in COLUMNS:
        number = text == "number"
        return Key(text=text, kind="column", name=text, numbers=number, texts=not number)
    section, _, name = text.rpartition(".")
    general = general_key(section, name)
    known = known_quantities().get(general)
    if known is not None:
        told = general in TEXTS
        return Key(
            text=text,
            kind="quantity",
            name=name,
            section=section,
            unit=known[0],
            numbers=not told,
            texts=told,
        )
    facts = {**_held(connection, FACTS.c.key), **_held(connection, FACTS.c.general)}
    tags = _held(connection, TAGS.c.key)
    if text in facts:
        numbers, texts = facts[text]
        unit = _FACT_UNITS.get(text.rpartition("_")[2], "") if numbers and "_" in text else ""
        return Key(text=text, kind="fact", name=text, unit=unit, numbers=numbers, texts=texts)
    tag = text.removeprefix("tag.")
    if tag in tags:
        numbers, texts = tags[tag]
        return Key(text=text, kind="tag", name=tag, numbers=numbers, texts=texts)
    raise unknown(text, (*known_quantities(), *COLUMNS, *_SHORT, *facts, *tags))


def _held(connection: Connection, keys: Column[str]) -> dict[str, tuple[bool, bool]]:
    """The keys of facts or tags -> whether some value is a number, whether some is a text."""
    held = keys.table.c
    counted = select(keys, func.count(held.number) > 0, func.count(held.text) > 0).group_by(keys)
    return {key: (bool(n), bool(t)) for key, n, t in connection.execute(counted)}


def unknown(text: str, names: Iterable[str]) -> InputError:
    """The complaint about a key that is none, with the names nearest to it."""
    names = tuple(names)
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
    near += [name for name in names if name.rpartition(".")[2] == text and name not in near][:3]
    hint = (
        f"The nearest are {', '.join(near)}."
        if near
        else "Keys read as in emission.peak, quantum_yield.phi, sample.host; tags by their name."
    )
    return InputError(f"`{text}` is nothing that the catalog knows.", remedy=hint)
