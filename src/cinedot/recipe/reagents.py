"""Reagents: what bottles hold, with molar mass, density, registry number and hazards."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

from cinedot.core import InputError
from cinedot.core.files import sourced_text
from cinedot.particle.host import Evidence, evidence_of


@dataclass(frozen=True, kw_only=True)
class Reagent:
    """A reagent.

    Attributes:
        name: as a supplier lists it.
        short: its abbreviation; the name where it has none.
        aliases: what else it is called.
        formula: as in "PbBr2"; "+" between the parts of a hydrate. None for polymers and mixtures.
        density_g_per_ml: of a liquid, near 20 degrees Celsius; None for a solid.
        content_umol_per_mg: groups that equivalents count, where a material has no molar mass.
        cas: registry number, None where none is known.
        hazards: codes of GHS hazard statements.
        acid_protons: protons that it can hand to an amine.
        amines: amine groups that can take one.
        note: what the numbers leave open.
        source: where they come from.
        evidence: how sure they are; see `cinedot.particle.Host`.

    Raises:
        InputError: a formula that is none, a density or content that is not above 0, both formula
            and content.
    """

    name: str
    short: str
    aliases: tuple[str, ...] = ()
    formula: str | None = None
    density_g_per_ml: float | None = None
    content_umol_per_mg: float | None = None
    cas: str | None = None
    hazards: tuple[str, ...] = ()
    acid_protons: int = 0
    amines: int = 0
    note: str = ""
    source: str = ""
    evidence: Evidence = "remembered"

    def __post_init__(self) -> None:
        if self.formula is not None:
            formula_mass_g_per_mol(self.formula)
        for key in ("density_g_per_ml", "content_umol_per_mg"):
            number = getattr(self, key)
            if number is not None and not 0 < number < float("inf"):
                raise InputError(
                    f"`{key}` of {self.name} must be above 0, but is {number:g}.",
                    remedy="Correct it, or leave it out.",
                )
        if self.formula is not None and self.content_umol_per_mg is not None:
            raise InputError(
                f"{self.name} must have a `formula` or a `content`, but has both.",
                remedy="Leave one out: `content` is for materials without a molar mass.",
            )

    @cached_property
    def molar_mass_g_per_mol(self) -> float | None:
        """Mass of a mole of it, or of its groups; None where it has neither formula nor content.

        Source: standard atomic weights as ASE carries them (IUPAC 2016).

        Example:
            >>> round(reagent_named("PbBr2").molar_mass_g_per_mol, 3)
            367.008
        """
        if self.formula is not None:
            return formula_mass_g_per_mol(self.formula)
        if self.content_umol_per_mg is not None:
            return 1000.0 / self.content_umol_per_mg
        return None

    @cached_property
    def elements(self) -> Mapping[str, int]:
        """Atoms of each element in a formula unit; none without a formula."""
        return MappingProxyType(_counts(self.formula) if self.formula else {})

    @property
    def words(self) -> tuple[str, ...]:
        """Everything that it may be called."""
        return tuple(dict.fromkeys((self.name, self.short, *self.aliases)))


def formula_mass_g_per_mol(formula: str) -> float:
    """Molar mass of a formula, g/mol.

    Args:
        formula: as in "PbBr2" or "LiOH+H2O".

    Raises:
        InputError: no formula.

    Example:
        >>> round(formula_mass_g_per_mol("LiOH+H2O"), 2)
        41.96
    """
    from ase.data import atomic_masses, atomic_numbers

    return float(sum(atomic_masses[atomic_numbers[e]] * k for e, k in _counts(formula).items()))


def _counts(formula: str) -> dict[str, int]:
    from ase.data import atomic_numbers
    from ase.formula import Formula

    try:
        counts = dict(Formula(formula).count())
    except ValueError:
        counts = {}
    if not counts or not set(counts) <= set(atomic_numbers) - {"X"}:
        raise InputError(
            f"`formula` must be one of known elements, but is {formula!r}.",
            remedy='Write it as in "C4H6O5"; a hydrate as in "LiOH+H2O".',
        )
    return counts


@cache
def known_reagents() -> Mapping[str, Reagent]:
    """Every reagent that ships, by its name."""
    tables: list[dict[str, Any]] = tomllib.loads(
        sourced_text("cinedot.recipe", "reagents.toml").text
    )["reagent"]
    made = [_shipped(table) for table in tables]
    return MappingProxyType({one.name: one for one in made})


def _shipped(table: dict[str, Any]) -> Reagent:
    made: dict[str, Any] = dict(table)
    made |= {key: tuple(table.get(key, ())) for key in ("aliases", "hazards")}
    made["evidence"] = evidence_of(table["evidence"])
    return Reagent(**made)


def reagent_named(name: str, own: Iterable[Reagent] = ()) -> Reagent:
    """A reagent by its name, abbreviation or another word for it; capitals do not count.

    Args:
        name: what a recipe calls it.
        own: a recipe's own reagents; they go before those that ship.

    Raises:
        InputError: an unknown name; offers the nearest.

    Example:
        >>> reagent_named("dmf").cas, reagent_named("LiOH·H2O").name
        ('68-12-2', 'lithium hydroxide monohydrate')
    """
    # Abbreviations may differ from another's in capitals alone, so an exact word goes first.
    listed = (*own, *known_reagents().values())
    for alike in (str, _plain):
        for one in listed:
            if alike(name) in {alike(word) for word in one.words}:
                return one
    raise InputError(
        f"the reagent {name!r} is not known.",
        remedy=f"{_nearest(name, listed)}Define your own as in [[reagent]] name = "
        f'"{name[:40]}", formula = "...".',
    )


def _nearest(name: str, listed: Iterable[Reagent]) -> str:
    """Up to three reagents whose words are most like a name."""
    words = {_plain(word): one for one in listed for word in one.words}
    near = difflib.get_close_matches(_plain(name), words, n=6, cutoff=0.5)
    found = list(dict.fromkeys(words[word].name for word in near))[:3]
    return f"Nearest are {', '.join(found)}. " if found else ""


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", word.lower()).strip()


@cache
def _statements() -> dict[str, str]:
    return tomllib.loads(sourced_text("cinedot.recipe", "hazards.toml").text)


def hazard_statement(code: str) -> str:
    """What a code of a GHS hazard statement says; joined codes as in "H301+H311" in turn.

    Raises:
        InputError: an unknown code.

    Example:
        >>> hazard_statement("H225")
        'Highly flammable liquid and vapour'
    """
    parts = [part.strip() for part in code.split("+")]
    unknown = [part for part in parts if part not in _statements()]
    if unknown:
        raise InputError(
            f"`hazards` must be codes of GHS hazard statements, but one is {unknown[0]!r}.",
            remedy='Write them as in hazards = ["H225", "H319"].',
        )
    return "; ".join(_statements()[part] for part in parts)
