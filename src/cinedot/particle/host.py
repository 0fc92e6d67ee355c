"""Hosts: the perovskites ABX3 that dots are made of."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, cast, get_args

from cinedot.core import InputError
from cinedot.core.files import sourced_text
from cinedot.core.nearest import did_you_mean

Evidence = Literal["checked", "remembered", "estimated"]

_ORGANIC = ("MA", "FA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A cubic perovskite ABX3.

    Attributes:
        name: formula, as in "CsPbBr3".
        a_ion: Cs, MA (methylammonium) or FA (formamidinium).
        b_ion: the metal's symbol.
        x_ion: the halide's symbol.
        lattice_nm: cubic lattice constant, nm; the distance between neighbouring Pb.
        source: where the lattice constant comes from.
        evidence: how sure the number is: "checked" against the text that the source names,
            "remembered" (look it up before you quote it), or "estimated", without a measurement.
    """

    name: str
    a_ion: str
    b_ion: str
    x_ion: str
    lattice_nm: float
    source: str
    evidence: Evidence = "remembered"

    def __post_init__(self) -> None:
        if not self.lattice_nm > 0:
            raise InputError(
                f"`lattice_nm` must be positive, but is {self.lattice_nm}.",
                remedy="CsPbBr3 has 0.587.",
            )

    @property
    def lattice_angstrom(self) -> float:
        """The lattice constant in angstrom."""
        return 10 * self.lattice_nm

    @property
    def a_element(self) -> str:
        """The element that marks an A site: nitrogen for the organic ions."""
        return "N" if self.a_ion in _ORGANIC else self.a_ion


@cache
def hosts() -> Mapping[str, Host]:
    """Every host ABX3 of A in Cs, MA, FA, B in Pb, Sn, and X in Cl, Br, I, by name."""
    table = sourced_text("cinedot.particle", "hosts.csv")
    rows = csv.DictReader(io.StringIO(table.text))
    return MappingProxyType(
        {
            row["name"]: Host(
                name=row["name"],
                a_ion=row["a_ion"],
                b_ion=row["b_ion"],
                x_ion=row["x_ion"],
                lattice_nm=float(row["lattice_nm"]),
                source=row["source"],
                evidence=evidence_of(row["evidence"]),
            )
            for row in rows
        }
    )


def host_named(name: str) -> Host:
    """The host of that name.

    Raises:
        InputError: no such host; names the nearest one.

    Example:
        >>> host_named("CsPbBr3").lattice_nm
        0.587
    """
    known = hosts()
    if name in known:
        return known[name]
    raise InputError(
        f"`host` must be a known host, but is {name!r}.",
        remedy=f"{did_you_mean(name, known)}Known: {', '.join(known)}.",
    )


def evidence_of(word: str) -> Evidence:
    """A data table's word for how sure a number is.

    Raises:
        ValueError: another word; the tables are ours, so this is our mistake.
    """
    if word not in get_args(Evidence):
        raise ValueError(f"evidence must be one of {get_args(Evidence)}, but is {word!r}.")
    return cast(Evidence, word)
