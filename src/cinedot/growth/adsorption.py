"""What an acid does to a crystal's faces: it covers them, and covered they cost less."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.constants import BOLTZMANN_J_PER_K
from cinedot.core.files import sourced_text
from cinedot.core.nearest import did_you_mean
from cinedot.growth.polyhedra import CrystalShape, Plane
from cinedot.growth.shape import wulff_shape

LEAD_MM = 40.0
"""Lead in the paper's solutions, mM: one equivalent of acid (science.md R90)."""

_PER_NM2 = 1e18

Number = float | Float[np.ndarray, " case"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredFace:
    """A family of faces that an acid covers by Langmuir's law.

    Attributes:
        bare_j_per_m2: surface energy without acid, J/m2, above 0.
        sites_per_nm2: places of an acid on it, per nm2, 0 or more.
        affinity_per_mm: K, per mM, 0 or more.

    Raises:
        InputError: one of them is out of range.
    """

    bare_j_per_m2: float
    sites_per_nm2: float
    affinity_per_mm: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.bare_j_per_m2) and self.bare_j_per_m2 > 0):
            raise InputError(
                f"`bare_j_per_m2` must be above 0, but is {self.bare_j_per_m2}.",
                remedy="Some have 0.05 J/m2.",
            )
        for name in ("sites_per_nm2", "affinity_per_mm"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise InputError(
                    f"`{name}` must be 0 or more, but is {value}.", remedy="0 has no effect."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Acid:
    """An acid, and how it covers the faces.

    Attributes:
        name: as in "malic acid".
        formula: its atoms.
        faces: of each family {hkl}.
        fused: share of the crystals' area expected in fused bodies at 0.5 equivalents, 0 to 1.
        source: where the numbers come from.
    """

    name: str
    formula: str
    faces: Mapping[Plane, CoveredFace]
    fused: float
    source: str


def coverage(face: CoveredFace, concentration_mm: Number) -> Number:
    """The share of the places that are taken: K c/(1 + K c).

    Args:
        face: of one family.
        concentration_mm: of free acid, mM, 0 or more; a number or an array [case].

    Raises:
        InputError: a concentration below 0.

    Source: Langmuir, J. Am. Chem. Soc. 40, 1361 (1918).

    Example:
        >>> face = CoveredFace(bare_j_per_m2=0.05, sites_per_nm2=2.0, affinity_per_mm=0.1)
        >>> float(coverage(face, 10.0))
        0.5
    """
    bound = face.affinity_per_mm * _concentration(concentration_mm)
    return (bound / (1 + bound))[()]


def covered_energy(
    face: CoveredFace, concentration_mm: Number, *, temperature_k: float = 293.15
) -> Number:
    """Surface energy with acid: gamma0 - kT Gamma ln(1 + K c).

    Args:
        face: of one family; Gamma is its places per area.
        concentration_mm: of free acid, mM, 0 or more; a number or an array [case].
        temperature_k: K.

    Returns:
        J/m2, as `concentration_mm`. It holds while the answer is above 0: the law knows no end of
        the gain, and a surface that gained by growing would dissolve the crystal.

    Raises:
        InputError: a concentration below 0, or so high that the energy falls to 0.

    Source: von Szyszkowski, Z. Phys. Chem. 64, 385 (1908); science.md 4.5.

    Example:
        >>> face = CoveredFace(bare_j_per_m2=0.05, sites_per_nm2=2.0, affinity_per_mm=1.3)
        >>> round(float(covered_energy(face, 20.0)), 4)
        0.0233
    """
    taken = np.log1p(face.affinity_per_mm * _concentration(concentration_mm))
    gain = BOLTZMANN_J_PER_K * temperature_k * face.sites_per_nm2 * _PER_NM2
    energy = face.bare_j_per_m2 - gain * taken
    if not (energy > 0).all():
        raise InputError(
            f"the law of adsorption holds while surfaces cost something, but at "
            f"{float(np.max(concentration_mm)):.4g} mM one would cost {float(energy.min()):.3g} "
            "J/m2.",
            remedy="Give less acid, fewer `sites_per_nm2` or a lower `affinity_per_mm`.",
        )
    return energy[()]


def face_energies(
    acid: Acid, concentration_mm: float, *, temperature_k: float = 293.15
) -> dict[Plane, float]:
    """Each family's surface energy in an acid's solution, J/m2.

    Args:
        acid: with its faces.
        concentration_mm: of free acid, mM, 0 or more.
        temperature_k: K.

    Raises:
        InputError: as `covered_energy`.

    Example:
        >>> bare = face_energies(acid_named("malic acid"), 0.0)
        >>> bare[1, 0, 0], bare[1, 1, 0]
        (0.05, 0.036)
    """
    return {
        planes: float(covered_energy(face, concentration_mm, temperature_k=temperature_k))
        for planes, face in acid.faces.items()
    }


def expected_shape(
    acid: Acid, equivalents: float, *, lead_mm: float = LEAD_MM, temperature_k: float = 293.15
) -> CrystalShape:
    """The Wulff shape in a solution with so many equivalents of acid; {100} lie about 1 nm off.

    What the acid's own adsorption takes out of the solution is left out of account: microcrystals
    have little surface. With the project's own numbers it is a model of the paper's Fig. 2, made
    to agree with it.

    Args:
        acid: with its faces.
        equivalents: of acid per lead, 0 or more.
        lead_mm: lead in the solution, mM, above 0.
        temperature_k: K.

    Raises:
        InputError: as `covered_energy`; equivalents or lead out of range.

    Source: science.md 4.5.

    Example:
        >>> malic = acid_named("malic acid")
        >>> [round(expected_shape(malic, x).area_fraction((1, 0, 0)), 2) for x in (0.0, 0.2, 0.5)]
        [0.0, 0.55, 1.0]
    """
    if not (equivalents >= 0 and lead_mm > 0):
        raise InputError(
            "`equivalents` must be 0 or more and `lead_mm` above 0, but they are "
            f"{equivalents} and {lead_mm}.",
            remedy="The paper has 0.5 to 4 equivalents to 40 mM.",
        )
    energies = face_energies(acid, equivalents * lead_mm, temperature_k=temperature_k)
    return wulff_shape(energies, nm_per_unit=1 / energies[1, 0, 0])


@cache
def acids() -> Mapping[str, Acid]:
    """The acids of the paper's Fig. 2 by name, with parameters that are estimates."""
    table = sourced_text("cinedot.growth", "acids.toml")
    content: dict[str, dict[str, Any]] = tomllib.loads(table.text)
    bare = content.pop("bare")
    return MappingProxyType(
        {
            name: Acid(
                name=name,
                formula=one["formula"],
                faces=MappingProxyType(
                    {
                        (int(key[0]), int(key[1]), int(key[2])): CoveredFace(
                            bare_j_per_m2=cost, **one[key]
                        )
                        for key, cost in bare.items()
                    }
                ),
                fused=one["fused"],
                source=table.citation,
            )
            for name, one in content.items()
        }
    )


def acid_named(name: str) -> Acid:
    """The acid of that name.

    Raises:
        InputError: no such acid; names the nearest one.

    Example:
        >>> acid_named("oleic acid").formula
        'C18H34O2'
    """
    known = acids()
    if name in known:
        return known[name]
    raise InputError(
        f"`acid` must be one whose adsorption is known, but is {name!r}.",
        remedy=f"{did_you_mean(name, known)}Known: {', '.join(known)}.",
    )


def _concentration(concentration_mm: Number) -> Float[np.ndarray, "..."]:
    amount = np.asarray(concentration_mm, float)
    if not (np.isfinite(amount) & (amount >= 0)).all():
        raise InputError(
            f"`concentration_mm` must be 0 or more, but is {concentration_mm}.",
            remedy="The paper's acids have 20 to 160 mM.",
        )
    return amount
