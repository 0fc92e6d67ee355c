"""What goes into a vessel, as a recipe writes it and as it comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from cinedot.recipe.reagents import Reagent
from cinedot.recipe.stated import Stated

Given = Literal["mass", "volume", "moles", "equivalents", "volumes", "concentration"]
GIVEN: tuple[Given, ...] = ("mass", "volume", "moles", "equivalents", "volumes", "concentration")
"""In the order in which they count: what is measured out comes before what it amounts to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a mixture: a reagent or a part of an earlier mixture, with what is said of it.

    Attributes:
        reagent: what is added; None where it is another mixture.
        mixture: that mixture's name.
        given: what is stated, by kind; the first of `GIVEN` decides, the others are checked. None
            stated: it fills up to the mixture's volume.
        strength: molarity of a reagent that is added as a solution.
        purity: share of the reagent in what is weighed.
        density_g_per_ml: of this bottle, in place of the reagent's own.
    """

    reagent: Reagent | None
    mixture: str | None = None
    given: Mapping[Given, Stated]
    strength: Stated | None = None
    purity: float = 1.0
    density_g_per_ml: float | None = None

    @property
    def name(self) -> str:
        """What the line is called."""
        return self.reagent.name if self.reagent is not None else str(self.mixture)

    @property
    def words(self) -> tuple[str, ...]:
        """What steps may call it."""
        return self.reagent.words if self.reagent is not None else (str(self.mixture),)

    @property
    def deciding(self) -> Given | None:
        """Which of the stated numbers decides."""
        return next((kind for kind in GIVEN if kind in self.given), None)

    def scaled(self, factor: float) -> "Line":
        """The line of a recipe `factor` times as large."""
        return replace(self, given={kind: one.scaled(factor) for kind, one in self.given.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """What goes into one vessel, in order.

    Attributes:
        name: the vessel's.
        lines: what goes in.
        volume: what it is filled up to, or should come to; None where nothing is said.
    """

    name: str
    lines: tuple[Line, ...]
    volume: Stated | None = None

    def scaled(self, factor: float) -> "Mixture":
        """The mixture of a recipe `factor` times as large."""
        return replace(
            self,
            lines=tuple(line.scaled(factor) for line in self.lines),
            volume=None if self.volume is None else self.volume.scaled(factor),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of a line there is; None where a reagent has no such number.

    Attributes:
        line: which.
        mass_mg: as weighed.
        volume_ml: of a liquid or a solution; None for solids, which take no room here.
        moles_umol: of the pure reagent, or of a material's groups.
        equivalents: per mole of what the recipe counts by.
        concentration_mm: in the whole mixture, mM.
        concentration_mg_per_ml: likewise, as weighed.
    """

    line: Line
    mass_mg: float | None
    volume_ml: float | None
    moles_umol: float | None
    equivalents: float | None
    concentration_mm: float | None
    concentration_mg_per_ml: float | None

    def number(self, kind: Given, stated: Stated) -> float | None:
        """What the amount has of a kind, in the stated number's unit."""
        if kind == "concentration":
            mass = stated.kind == "mass concentration"
            return self.concentration_mg_per_ml if mass else self.concentration_mm
        return {
            "mass": self.mass_mg,
            "volume": self.volume_ml,
            "moles": self.moles_umol,
            "equivalents": self.equivalents,
        }.get(kind)


@dataclass(frozen=True, kw_only=True)
class Solved:
    """A mixture with all its amounts.

    Attributes:
        mixture: which.
        amounts: one a line.
        volume_ml: the sum of its liquids, or what it is filled up to.
        moles_umol: reagent -> moles in it, those of its parts included.
        reagents: every reagent in it by name.
        counted_umol: moles of what equivalents count by.
    """

    mixture: Mixture
    amounts: tuple[Amount, ...]
    volume_ml: float
    moles_umol: Mapping[str, float]
    reagents: Mapping[str, Reagent]
    counted_umol: float | None

    @cached_property
    def elements_umol(self) -> Mapping[str, float]:
        """Atoms of each element in it, umol."""
        found: dict[str, float] = {}
        for name, moles in self.moles_umol.items():
            for element, count in self.reagents[name].elements.items():
                found[element] = found.get(element, 0.0) + count * moles
        return MappingProxyType(found)

    @property
    def amines_umol(self) -> float:
        """Amine groups that can take a proton, umol."""
        return sum(self.reagents[name].amines * n for name, n in self.moles_umol.items())

    @property
    def acid_protons_umol(self) -> float:
        """Protons that acids can hand over, umol."""
        return sum(self.reagents[name].acid_protons * n for name, n in self.moles_umol.items())

    def amount(self, word: str) -> Amount | None:
        """The amount of a reagent or part by any of its words."""
        for one in self.amounts:
            if word.lower() in {each.lower() for each in one.line.words}:
                return one
        return None
