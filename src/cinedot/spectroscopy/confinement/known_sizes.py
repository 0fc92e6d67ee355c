"""Sizes that somebody saw emit: what laws are fitted to, and therefore cannot be checked with."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from cinedot.core import InputError
from cinedot.core.constants import HC_EV_NM
from cinedot.core.files import sourced_text
from cinedot.particle.host import Evidence, evidence_of, host_named
from cinedot.spectroscopy.confinement.shapes import Edges, cube_edges, platelet_edges

Shape = Literal["cube", "platelet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSize:
    """A dot of known size and the energy of its light.

    Attributes:
        host: what it is made of.
        edges_nm: nm.
        energy_ev, energy_sigma_ev: of its light, eV.
        words: the same as its source puts it.

    Raises:
        InputError: an energy that is not above 0.
    """

    host: str
    edges_nm: Edges
    energy_ev: float
    energy_sigma_ev: float
    words: str

    def __post_init__(self) -> None:
        if not (self.energy_ev > 0 and self.energy_sigma_ev >= 0):
            raise InputError(
                f"`energy_ev` must be above 0 eV and its sigma not below, but they are "
                f"{self.energy_ev:g} and {self.energy_sigma_ev:g}.",
                remedy="453 nm is 2.737 eV.",
            )

    @classmethod
    def of_cube(cls, host: str, n: int, *, wavelength_nm: float, sigma_nm: float) -> "KnownSize":
        """A cube of n Pb an edge that emits at a wavelength.

        Example:
            >>> round(KnownSize.of_cube("MAPbBr3", 4, wavelength_nm=453, sigma_nm=1).energy_ev, 4)
            2.737
        """
        energy_ev = HC_EV_NM / wavelength_nm
        return cls(
            host=host,
            edges_nm=cube_edges(n * host_named(host).lattice_nm),
            energy_ev=energy_ev,
            energy_sigma_ev=energy_ev * sigma_nm / wavelength_nm,
            words=f"n = {n} at {wavelength_nm:g} nm",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Whose sizes these are.

    Attributes:
        key: its table in `known_sizes.toml`; "stated" for a user's own.
        title: as it is cited.
        short: as it is called in tables.
        names: what a sample may call it, authors' family names too.
        sizes: what it reports.
        evidence: how sure the numbers are, see `Host`.
    """

    key: str
    title: str
    short: str
    names: tuple[str, ...]
    sizes: tuple[KnownSize, ...]
    evidence: Evidence

    def is_called(self, text: str) -> bool:
        """Whether a text names this source: by its title, its short name, or one of its names.

        Example:
            >>> paper = sources()["paper"]
            >>> paper.is_called("Chevalier et al."), paper.is_called("our own, May 2026")
            (True, False)
        """
        words = (self.title, self.short, *self.names)
        return any(
            re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", text.casefold())
            for word in words
        )

    def of_host(self, host: str, shape: Shape) -> tuple[KnownSize, ...]:
        """Its sizes of a host, of one shape."""
        return tuple(
            one
            for one in self.sizes
            if one.host == host and (one.edges_nm[1] == one.edges_nm[0]) == (shape == "cube")
        )


@cache
def sources() -> Mapping[str, Source]:
    """Every source of `known_sizes.toml`, by key."""
    text = sourced_text("cinedot.spectroscopy", "known_sizes.toml").text
    return MappingProxyType(
        {
            key: Source(
                key=key,
                title=table["title"],
                short=table["short"],
                names=(*table["names"], *table["authors"]),
                sizes=tuple(_size(row) for row in table["sizes"]),
                evidence=evidence_of(table["evidence"]),
            )
            for key, table in tomllib.loads(text).items()
        }
    )


def _size(row: Mapping[str, Any]) -> KnownSize:
    host = str(row["host"])
    edge_nm = float(row.get("edge_nm", 0.0)) or row["n"] * host_named(host).lattice_nm
    named = f"n = {row['n']}" if "n" in row else f"{edge_nm:g} nm"
    sigma = float(row["sigma"])
    if "energy_ev" in row:
        energy_ev, energy_sigma_ev = float(row["energy_ev"]), sigma
        said = f"{energy_ev:g} eV"
    else:
        wavelength_nm = float(row["wavelength_nm"])
        energy_ev = HC_EV_NM / wavelength_nm
        energy_sigma_ev = energy_ev * sigma / wavelength_nm
        said = f"{wavelength_nm:g} nm"
    return KnownSize(
        host=host,
        edges_nm=cube_edges(edge_nm) if row["shape"] == "cube" else platelet_edges(edge_nm),
        energy_ev=energy_ev,
        energy_sigma_ev=energy_sigma_ev,
        words=f"{named} at {said}",
    )
