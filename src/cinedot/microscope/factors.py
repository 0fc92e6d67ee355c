"""How strongly atoms and ions scatter electrons: published tables and what they say."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from jaxtyping import Float
from scipy.constants import physical_constants

from cinedot.core import InputError
from cinedot.core.files import sourced_text

COULOMB_PER_ANGSTROM = 1 / (2 * math.pi**2 * physical_constants["Bohr radius"][0] * 1e10)
"""q^2 f_e of one elementary charge, 1/angstrom (0.095736): Mott's formula without electrons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kirkland:
    """Neutral atoms H to Lr: f_e(q) = sum a/(q^2 + b) + c exp(-d q^2).

    Source: Kirkland, Advanced Computing in Electron Microscopy, 2nd ed., App. C.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Lobato:
    """Neutral atoms H to Lr: f_e(q) = sum a (2 + b q^2)/(1 + b q^2)^2.

    Each term is the transform of an electron cloud exp(-2 pi r/sqrt(b)) and the charge of nucleus
    that it hides, so f_e is right at small q (Ibers) and at large q (Rutherford) by construction.

    Source: Lobato and Van Dyck, Acta Cryst. A 70, 636 (2014).
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedShell:
    """Charge that a set of ions lacks goes where its missing ions sit.

    Empty inner A sites carry +1 and empty terminal halide sites -1, as acids do in their place;
    the rest is spread evenly over the empty A sites of the surface, at most 1 on each.

    Attributes:
        spread_angstrom: standard deviation of each charge's cloud: an ammonium's hydrogens, and
            that nobody knows which of the sites are the empty ones.
    """

    spread_angstrom: float = 1.5

    def __post_init__(self) -> None:
        _require_spread(self.spread_angstrom)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeutralInstead:
    """A set of ions that is not neutral gets neutral factors throughout, with a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PengIonic:
    """Ions by their formal charges: f_e(q) = sum a exp(-b q^2/4) + 0.0957 charge/q^2.

    For neutral sets of ions only, since each charge reaches without end. An atom whose ion has
    no entry, and the anchor of a charged ligand, has its neutral factor and the charge as a
    cloud; atoms without formal charges are neutral.

    Attributes:
        neutral: table of everything that is no ion.
        missing_charge: what is done where the formal charges do not add up to zero.
        anchor_spread_angstrom: standard deviation of the charge's cloud about a ligand's anchor.

    Raises:
        InputError: a spread that is not positive.

    Source: Peng, Acta Cryst. A 54, 481 (1998).
    """

    neutral: Kirkland | Lobato = field(default_factory=Kirkland)
    missing_charge: ChargedShell | NeutralInstead = field(default_factory=ChargedShell)
    anchor_spread_angstrom: float = 0.5

    def __post_init__(self) -> None:
        _require_spread(self.anchor_spread_angstrom)


Parametrization = Kirkland | Lobato | PengIonic

KIRKLAND = Kirkland()


def scattering_factor_angstrom(
    element: str,
    q_per_angstrom: Float[np.ndarray, " q"],
    *,
    charge: int = 0,
    parametrization: Parametrization = KIRKLAND,
) -> Float[np.ndarray, " q"]:
    """The electron scattering factor of an atom or ion, first Born approximation.

    Args:
        element: chemical symbol, hydrogen to lawrencium.
        q_per_angstrom: spatial frequencies 1/d, 1/angstrom; not 0 for an ion.
        charge: net charge; other than 0 only for the ions that Peng's table knows.
        parametrization: whose factors.

    Returns:
        f_e, angstrom.

    Raises:
        InputError: the table has no such element or ion, or q is 0 for an ion.

    Example:
        >>> [round(float(scattering_factor_angstrom(s, np.zeros(1))[0]), 2) for s in ("C", "Pb")]
        [2.51, 13.04]
        >>> q = np.array([1.0])
        >>> f = scattering_factor_angstrom("Pb", q, charge=2, parametrization=PengIonic())
        >>> round(float(f[0]), 3)
        3.166
    """
    if charge == 0:
        return short_range_angstrom(element, q_per_angstrom, parametrization=parametrization)
    if not np.all(q_per_angstrom > 0):
        raise InputError(
            f"`q_per_angstrom` must be positive for an ion, but reaches {q_per_angstrom.min()}.",
            remedy="A net charge scatters without bound at q = 0.",
        )
    near = short_range_angstrom(
        element, q_per_angstrom, charge=charge, parametrization=parametrization
    )
    return near + COULOMB_PER_ANGSTROM * charge / q_per_angstrom**2


def short_range_angstrom(
    element: str,
    q_per_angstrom: Float[np.ndarray, " q"],
    *,
    charge: int = 0,
    parametrization: Parametrization = KIRKLAND,
) -> Float[np.ndarray, " q"]:
    """The scattering factor without the Coulomb term of the net charge, finite at q = 0.

    Args:
        element, charge, parametrization: as in `scattering_factor_angstrom`.
        q_per_angstrom: spatial frequencies, 1/angstrom.

    Raises:
        InputError: the table has no such element or ion.
    """
    q2 = q_per_angstrom[:, None] ** 2
    if charge != 0:
        amplitudes, widths = ion_gaussians(element, charge, parametrization)
        return (amplitudes * np.exp(-widths * q2)).sum(axis=1)
    whose = parametrization.neutral if isinstance(parametrization, PengIonic) else parametrization
    if isinstance(whose, Kirkland):
        a, b, c, d = _of_element("kirkland.csv", element).reshape(4, 3)
        return (a / (q2 + b) + c * np.exp(-d * q2)).sum(axis=1)
    a, b = _of_element("lobato.csv", element).reshape(2, 5)
    return (a * (2 + b * q2) / (1 + b * q2) ** 2).sum(axis=1)


def has_ion(element: str, charge: int) -> bool:
    """Whether Peng's table knows an ion.

    Example:
        >>> has_ion("Pb", 2), has_ion("Pb", 1)
        (True, False)
    """
    return (element, charge) in _ions()


def ion_gaussians(
    element: str, charge: int, parametrization: Parametrization
) -> tuple[Float[np.ndarray, " term"], Float[np.ndarray, " term"]]:
    """Amplitudes (angstrom) and widths (angstrom^2) of an ion's short-range factor in q.

    Raises:
        InputError: a table of neutral atoms, or an ion that Peng's table lacks.
    """
    if not isinstance(parametrization, PengIonic):
        raise InputError(
            f"`charge` must be 0 with {type(parametrization).__name__}, but is {charge:+d}.",
            remedy="PengIonic() holds ions.",
        )
    if not has_ion(element, charge):
        raise InputError(
            f"({element}, {charge:+d}) must be an ion of Peng's table, but is none.",
            remedy="It has "
            + (", ".join(f"{e}{z:+d}" for e, z in _ions() if e == element) or f"no {element} ion")
            + ".",
        )
    a, b = _ions()[element, charge].reshape(2, 5)
    # Peng's s is q/2.
    return a, b / 4


def elements() -> tuple[str, ...]:
    """The elements of the neutral tables, hydrogen to lawrencium."""
    return tuple(_table("kirkland.csv"))


def ions() -> tuple[tuple[str, int], ...]:
    """The ions of Peng's table: element and charge."""
    return tuple(_ions())


def _of_element(file: str, element: str) -> Float[np.ndarray, " number"]:
    if element not in _table(file):
        raise InputError(
            f"`element` must be a chemical symbol from H to Lr, but is {element!r}.",
            remedy="Name the atoms by their elements.",
        )
    return _table(file)[element]


@cache
def _table(file: str) -> Mapping[str, Float[np.ndarray, " number"]]:
    return {row[0]: np.array([float(cell) for cell in row[1:]]) for row in _rows(file)}


@cache
def _ions() -> Mapping[tuple[str, int], Float[np.ndarray, " 10"]]:
    return {
        (row[0], int(row[1])): np.array([float(cell) for cell in row[2:]])
        for row in _rows("peng_ionic.csv")
    }


def _rows(file: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(sourced_text("cinedot.microscope", file).text)))[1:]


def _require_spread(spread_angstrom: float) -> None:
    if not (spread_angstrom > 0 and math.isfinite(spread_angstrom)):
        raise InputError(
            f"a charge's spread must be a positive length, but is {spread_angstrom} angstrom.",
            remedy="0.5 is an ammonium's, 1.5 a guess for a ligand whose site is not known.",
        )
