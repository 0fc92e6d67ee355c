"""What a host is as a semiconductor: gap, reduced mass, permittivity, and how sure they are."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from scipy.constants import physical_constants

from cinedot.core import Estimate, InputError
from cinedot.core.files import sourced_text
from cinedot.core.nearest import did_you_mean
from cinedot.particle.host import Evidence, evidence_of, host_named

RYDBERG_EV = float(physical_constants["Rydberg constant times hc in eV"][0])
"""Binding energy of hydrogen with a nucleus of infinite mass, eV (13.605693)."""

BOHR_NM = 1e9 * float(physical_constants["Bohr radius"][0])
"""Its radius, nm (0.0529177)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Semiconductor:
    """A host as effective-mass theory sees it.

    Attributes:
        host: name of the host.
        key: name of the set of parameters.
        gap_ev, gap_sigma_ev: band gap, eV.
        gap_at: the temperature that the gap belongs to, in words.
        reduced_mass, reduced_mass_sigma: of electron and hole, in electron masses; each carrier
            is taken to have twice it.
        permittivity, permittivity_sigma: what screens electron and hole from each other.
        lattice_nm: cubic lattice constant, nm, taken as exact.
        source, evidence: of the values, see `Host`. The sigmas are estimates of ours unless the
            source states them.
        room_gap: gap at room temperature where known, eV.

    Raises:
        InputError: a gap, mass or permittivity that cannot be.
    """

    host: str
    key: str
    gap_ev: float
    gap_sigma_ev: float
    gap_at: str
    reduced_mass: float
    reduced_mass_sigma: float
    permittivity: float
    permittivity_sigma: float
    lattice_nm: float
    source: str
    evidence: Evidence = "remembered"
    room_gap: Estimate | None = None

    def __post_init__(self) -> None:
        for name, least in (("gap_ev", 0.0), ("reduced_mass", 0.0), ("permittivity", 1.0)):
            value = float(getattr(self, name))
            if not (math.isfinite(value) and value > least):
                raise InputError(
                    f"`{name}` must be above {least:g}, but is {value:g}.",
                    remedy="MAPbBr3 has a gap of 2.292 eV, a reduced mass of 0.117, and 7.5.",
                )

    @property
    def rydberg_ev(self) -> float:
        """Hydrogenic binding energy of the bulk exciton, Ry mu / eps^2, eV."""
        return RYDBERG_EV * self.reduced_mass / self.permittivity**2

    @property
    def bohr_nm(self) -> float:
        """Its radius, a_0 eps / mu, nm."""
        return BOHR_NM * self.permittivity / self.reduced_mass

    def with_gap(self, gap_ev: float, *, sigma_ev: float, at: str) -> "Semiconductor":
        """The same with another gap, eV."""
        return replace(self, gap_ev=gap_ev, gap_sigma_ev=sigma_ev, gap_at=at)

    def at_room_temperature(self) -> "Semiconductor":
        """The same with its gap at room temperature.

        Raises:
            InputError: that gap is not in the table.
        """
        if self.room_gap is None or isinstance(self.room_gap.value, str):
            raise InputError(
                f"the room-temperature gap of {self.host} must be known, but set {self.key} has "
                "none.",
                remedy="State a gap, as in --gap 2.34.",
            )
        sigma_ev = self.room_gap.sigma or 0.0
        return self.with_gap(self.room_gap.value, sigma_ev=sigma_ev, at="room temperature")

    def shifted(self) -> "tuple[tuple[Semiconductor, Semiconductor], ...]":
        """Pairs with one parameter one sigma up, and one sigma down."""
        sigmas = (
            ("gap_ev", self.gap_sigma_ev),
            ("reduced_mass", self.reduced_mass_sigma),
            ("permittivity", self.permittivity_sigma),
        )
        return tuple(
            (
                replace(self, **{name: getattr(self, name) + sigma}),
                replace(self, **{name: getattr(self, name) - sigma}),
            )
            for name, sigma in sigmas
            if sigma > 0
        )


@cache
def semiconductors() -> Mapping[tuple[str, str], Semiconductor]:
    """Every set of parameters by (host, set), the preferred one of each host first."""
    table = sourced_text("cinedot.spectroscopy", "semiconductors.csv")
    rows = csv.DictReader(io.StringIO(table.text))
    return MappingProxyType({(row["host"], row["set"]): _of_row(row) for row in rows})


def _of_row(row: Mapping[str, str]) -> Semiconductor:
    room = None
    if row["room_gap_ev"]:
        room = Estimate(
            value=float(row["room_gap_ev"]),
            sigma=float(row["room_gap_sigma_ev"]),
            unit="eV",
            method=row["source"],
        )
    return Semiconductor(
        host=row["host"],
        key=row["set"],
        gap_ev=float(row["gap_ev"]),
        gap_sigma_ev=float(row["gap_sigma_ev"]),
        gap_at=row["gap_at"],
        reduced_mass=float(row["reduced_mass"]),
        reduced_mass_sigma=float(row["reduced_mass_sigma"]),
        permittivity=float(row["permittivity"]),
        permittivity_sigma=float(row["permittivity_sigma"]),
        lattice_nm=host_named(row["host"]).lattice_nm,
        source=row["source"],
        evidence=evidence_of(row["evidence"]),
        room_gap=room,
    )


def sets_of(host: str) -> tuple[str, ...]:
    """Names of the sets of parameters that a host has, the preferred one first.

    Example:
        >>> sets_of("CsPbBr3")
        ('yang-2017', 'polaritons-2023', 'protesescu-2015')
    """
    return tuple(key for name, key in semiconductors() if name == host)


def semiconductor_of(host: str, key: str | None = None) -> Semiconductor:
    """A host's parameters.

    Args:
        host: its name, as in "MAPbBr3".
        key: name of a set; the host's preferred one unless given.

    Raises:
        InputError: an unknown host, one without parameters, or an unknown set.

    Example:
        >>> round(1000 * semiconductor_of("FAPbBr3").rydberg_ev, 2)
        22.07
    """
    known = sets_of(host_named(host).name)
    if not known:
        having = ", ".join(dict.fromkeys(name for name, _ in semiconductors()))
        raise InputError(
            f"the gap and mass of {host} must be known, but the table has none.",
            remedy=f"It has those of {having}.",
        )
    if key is not None and key not in known:
        raise InputError(
            f"`set` must be a set of parameters of {host}, but is {key!r}.",
            remedy=f"{did_you_mean(key, known)}Known: {', '.join(known)}.",
        )
    return semiconductors()[(host, key or known[0])]
