"""The ions that the paper names, and their neighbours."""

import tomllib
from dataclasses import dataclass
from functools import cache

from cinedot.composition.ions import Ion, ion_of
from cinedot.core import InputError
from cinedot.core.files import sourced_text
from cinedot.core.nearest import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIon:
    """An ion with a name.

    Attributes:
        key: its name in results.
        ion: formula and charge.
        meaning: what it is.
        paper: whether the paper names it among what it saw.
    """

    key: str
    ion: Ion
    meaning: str
    paper: bool


@cache
def known_ions() -> tuple[KnownIon, ...]:
    """The named ions, the lightest first, those of the other polarity last.

    Source: science.md 5 and R22, R23.

    Example:
        >>> [one.key for one in known_ions() if one.paper]
        ['hydrogen_malate', 'lead_malate', 'lead_tribromide', 'tetranuclear']
    """
    table = tomllib.loads(sourced_text("cinedot.composition", "ions.toml").text)
    return tuple(
        KnownIon(
            key=row["key"],
            ion=ion_of(row["formula"], row["charge"], name=row["name"]),
            meaning=row["meaning"],
            paper=row["paper"],
        )
        for row in table["ion"]
    )


def known_ion(key: str) -> KnownIon:
    """The named ion of that key.

    Raises:
        InputError: no such ion; names the nearest one.

    Example:
        >>> known_ion("lead_malate").ion.formula
        'C4H3O5Pb'
    """
    known = {one.key: one for one in known_ions()}
    if key in known:
        return known[key]
    raise InputError(
        f"an ion must be one of the table, but is {key!r}.",
        remedy=f"{did_you_mean(key, known)}Known: {', '.join(known)}.",
    )
