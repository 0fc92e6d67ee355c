"""Solvents: how their refractive index depends on wavelength and temperature."""

import csv
import io
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

import numpy as np

from cinedot.core import InputError
from cinedot.core.files import sourced_text
from cinedot.core.nearest import did_you_mean

DispersionLaw = Literal["cauchy", "cauchy-squared", "sellmeier"]

ROOM_CELSIUS = 20.0
"""The paper's laboratory."""
ROOM_SIGMA_KELVIN = 2.0
"""How much the cuvette may be off, both solvents alike."""

_FURTHEST_NM = 100.0
"""Past the ends of what was measured: there a law of dispersion is a guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solvent:
    """A solvent and the law of its refractive index.

    Attributes:
        name: as the table has it.
        aliases: what else it is called.
        law: `cauchy`, n = c0 + sum c_i / L^p_i; `cauchy-squared`, the same of n^2; `sellmeier`,
            n^2 = 1 + sum B_i L^2 / (L^2 - C_i); L in micrometres.
        coefficients: c0, c1, p1 ... or B1, C1 ...
        low_nm, high_nm: where it was measured, nm.
        celsius: at which temperature, degrees Celsius.
        per_kelvin: change of the index with temperature, 1/K.
        added: index of a solution over that of the solvent that the law is of.
        sigma: one standard deviation of the index, temperature aside.
        sodium_d: the index at 589.3 nm and 20 degrees Celsius, as handbooks have it: what is used
            where dispersion is not thought of; the paper's own for toluene and cyclohexane.
        source: where the numbers come from.
        evidence: how sure they are: see `cinedot.particle.Host`.
    """

    name: str
    aliases: tuple[str, ...]
    law: DispersionLaw
    coefficients: tuple[float, ...]
    low_nm: float
    high_nm: float
    celsius: float
    per_kelvin: float
    added: float
    sigma: float
    sodium_d: float
    source: str
    evidence: str

    def index(self, wavelength_nm: float, *, celsius: float = ROOM_CELSIUS) -> float:
        """The refractive index.

        Args:
            wavelength_nm: in vacuum, nm; up to 100 nm past what was measured.
            celsius: temperature, degrees Celsius.

        Raises:
            InputError: a wavelength further away.

        Example:
            >>> round(solvent_named("toluene").index(453.0), 3)
            1.512
        """
        if not self.low_nm - _FURTHEST_NM <= wavelength_nm <= self.high_nm + _FURTHEST_NM:
            raise InputError(
                f"the refractive index of {self.name} is known from {self.low_nm:g} to "
                f"{self.high_nm:g} nm, but is asked for at {wavelength_nm:g} nm.",
                remedy="Check the emission's wavelength, or choose another solvent.",
            )
        square = (wavelength_nm / 1000.0) ** 2
        if self.law == "sellmeier":
            pairs = zip(self.coefficients[::2], self.coefficients[1::2], strict=True)
            found = np.sqrt(1.0 + sum(b * square / (square - c) for b, c in pairs))
        else:
            first, *rest = self.coefficients
            pairs = zip(rest[::2], rest[1::2], strict=True)
            found = first + sum(c * square ** (-p / 2) for c, p in pairs)
            found = np.sqrt(found) if self.law == "cauchy-squared" else found
        return float(found) + self.added + self.per_kelvin * (celsius - self.celsius)

    def measured_at(self, wavelength_nm: float) -> bool:
        """Whether the law was measured at a wavelength, nm, and is not continued to it."""
        return self.low_nm <= wavelength_nm <= self.high_nm


@cache
def known_solvents() -> dict[str, Solvent]:
    """Every solvent of the table by its name."""
    rows = csv.DictReader(io.StringIO(sourced_text("cinedot.spectroscopy", "solvents.csv").text))
    return {
        row["name"]: Solvent(
            name=row["name"],
            aliases=tuple(row["aliases"].split(";")) if row["aliases"] else (),
            law=cast(DispersionLaw, row["law"]),
            coefficients=tuple(float(number) for number in row["coefficients"].split()),
            low_nm=float(row["low_nm"]),
            high_nm=float(row["high_nm"]),
            celsius=float(row["celsius"]),
            per_kelvin=float(row["per_kelvin"]),
            added=float(row["added"]),
            sigma=float(row["sigma"]),
            sodium_d=float(row["sodium_d"]),
            source=row["source"],
            evidence=row["evidence"],
        )
        for row in rows
    }


def solvent_named(name: str) -> Solvent:
    """A solvent by its name or another word for it; capitals and blanks do not count.

    Raises:
        InputError: an unknown name; names the nearest.

    Example:
        >>> solvent_named("DMSO").name, solvent_named("h2so4 0.5 M").name
        ('dimethyl sulfoxide', '0.5 M H2SO4')
    """
    words = {
        plain(word): one for one in known_solvents().values() for word in (one.name, *one.aliases)
    }
    found = words.get(plain(name))
    if found is None:
        known = list(known_solvents())
        spoken = [*known, *(alias for one in known_solvents().values() for alias in one.aliases)]
        raise InputError(
            f"the refractive index of solvent {name!r} is not known.",
            remedy=f"{did_you_mean(name, spoken)}Known are {', '.join(known)}.",
        )
    return found


def plain(name: str) -> str:
    """A name without capitals, blanks and underscores, for comparing.

    Example:
        >>> plain("Rhodamine 6G") == plain("rhodamine_6g")
        True
    """
    return "".join(name.lower().replace("_", " ").split())
