"""What a key of the catalog means: a quantity, a fact of `sample.toml`, a tag, or a column."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select

from cinedot.core import InputError
from cinedot.dossier.catalog.schema import FACTS, TAGS
from cinedot.dossier.quantities import general_key, known_quantities

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
    """

    text: str
    kind: Literal["quantity", "fact", "tag", "column"]
    name: str
    section: str = ""
    unit: str = ""

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
        return Key(text=text, kind="column", name=text)
    section, _, name = text.rpartition(".")
    known = known_quantities().get(general_key(section, name))
    if known is not None:
        return Key(text=text, kind="quantity", name=name, section=section, unit=known[0])
    facts = set(connection.execute(select(FACTS.c.key).distinct()).scalars())
    if text in facts:
        unit = _FACT_UNITS.get(text.rpartition("_")[2], "") if "_" in text else ""
        return Key(text=text, kind="fact", name=text, unit=unit)
    tags = set(connection.execute(select(TAGS.c.key).distinct()).scalars())
    if text.removeprefix("tag.") in tags:
        return Key(text=text, kind="tag", name=text.removeprefix("tag."))
    raise unknown(text, (*known_quantities(), *COLUMNS, *_SHORT, *facts, *tags))


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
