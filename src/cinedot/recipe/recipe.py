"""A recipe: what is mixed, what is done, what is made; its amounts, and what in it disagrees."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from cinedot.core import InputError
from cinedot.recipe.mixtures import GIVEN, Amount, Mixture, Solved
from cinedot.recipe.product import Product, Yield, most_of
from cinedot.recipe.protocol import Step, measure
from cinedot.recipe.reagents import Reagent, reagent_named
from cinedot.recipe.solving import solve_mixture
from cinedot.recipe.stated import UNITS, Stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A recipe as written.

    Attributes:
        name: its name.
        source: whose it is.
        counted_by: the reagent whose moles equivalents count by; None where there is none.
        reagents: the recipe's own, beside those that ship.
        mixtures: vessels, each after those that it takes from.
        steps: what is done, in order.
        product: what is made; None where it is not said.
        lead: whether it must hold Pb.
        temperature, humidity: of the room, as written.
        notes: what else to know.
    """

    name: str
    source: str = ""
    counted_by: Reagent | None = None
    reagents: tuple[Reagent, ...] = ()
    mixtures: tuple[Mixture, ...]
    steps: tuple[Step, ...] = ()
    product: Product | None = None
    lead: bool = True
    temperature: str | None = None
    humidity: str | None = None
    notes: tuple[str, ...] = ()

    def scaled(self, factor: float) -> "Recipe":
        """The recipe `factor` times as large; ratios, concentrations, times and speeds stay.

        Raises:
            InputError: a factor that is not above 0.
        """
        if not 0 < factor < math.inf:
            raise InputError(
                f"`scale` must be above 0, but is {factor:g}.",
                remedy="Twice as much of everything is --scale 2.",
            )
        if factor == 1:
            return self
        return replace(
            self,
            mixtures=tuple(one.scaled(factor) for one in self.mixtures),
            steps=tuple(one.scaled(factor) for one in self.steps),
            product=None if self.product is None else self.product.scaled(factor),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two numbers of a recipe that cannot both hold.

    Attributes:
        place: the mixture, or "product".
        what: whose number, as in "oleylamine".
        quantity: which, as in "equivalents".
        stated: the one, as written.
        found: the other, in `unit`.
        unit: of `found`.
        because: what the other follows from.
    """

    place: str
    what: str
    quantity: str
    stated: str
    found: float
    unit: str
    because: str

    def text(self) -> str:
        """Both numbers in one sentence."""
        stated = self.stated if self.unit else f"{self.stated} {self.quantity}"
        found = f"{self.found:.3g} {self.unit or self.quantity}"
        return f"{self.what} ({self.place}): {stated} stated, {found} by {self.because}."


@dataclass(frozen=True, kw_only=True)
class SolvedRecipe:
    """A recipe with all its amounts.

    Attributes:
        recipe: as written.
        mixtures: every vessel by name.
    """

    recipe: Recipe
    mixtures: Mapping[str, Solved]

    @cached_property
    def stock(self) -> Solved:
        """The first mixture that holds what equivalents count by; the first one otherwise."""
        solved = tuple(self.mixtures.values())
        return next((one for one in solved if one.counted_umol), solved[0])

    @cached_property
    def most(self) -> Yield | None:
        """The most of the product that there can be."""
        product = self.recipe.product
        return None if product is None else most_of(product, self.mixtures[product.mixture])

    @cached_property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """Every stated number that what is measured out does not round to."""
        found = [one for solved in self.mixtures.values() for one in _in_mixture(solved)]
        found += _overdrawn(self.mixtures)
        product = self.recipe.product
        if product is not None and product.isolated is not None and self.most is not None:
            most, isolated = self.most.mass_mg, product.isolated
            if isolated.value - isolated.half_digit > most:
                found.append(
                    Contradiction(
                        place="product",
                        what="isolated mass",
                        quantity="mass",
                        stated=isolated.text,
                        found=most,
                        unit="mg",
                        because="what can be there at most",
                    )
                )
        return tuple(found)

    @property
    def protons_per_amine(self) -> float | None:
        """Protons that acids can hand over for each amine group of the stock; None without amines.

        Example:
            >>> from cinedot.recipe.recipe_files import shipped_recipe
            >>> round(solve_recipe(shipped_recipe("mla-cs-qd4")).protons_per_amine, 2)
            0.88
        """
        amines = self.stock.amines_umol
        return self.stock.acid_protons_umol / amines if amines > 0 else None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a chemist should know of the recipe: contradictions first."""
        lines = [one.text() for one in self.contradictions]
        protons = self.protons_per_amine
        if protons is not None and protons < 1:
            lines.append(
                f"acids hand over {protons:.2f} protons for each amine: not every amine can "
                "become ammonium."
            )
        return (*lines, *self.recipe.notes)

    def dilution(self) -> float | None:
        """How many times the stock is diluted in the product's mixture; None where it is not."""
        product = self.recipe.product
        place = product.mixture if product is not None else tuple(self.mixtures)[-1]
        last, first = self.mixtures[place], self.stock
        if last is first or not last.counted_umol or not first.counted_umol:
            return None
        return (first.counted_umol / first.volume_ml) / (last.counted_umol / last.volume_ml)


def solve_recipe(recipe: Recipe) -> SolvedRecipe:
    """Every amount of a recipe.

    Raises:
        InputError: see `solve_mixture`; no Pb where there must be; a product that its mixture
            cannot give.

    Example:
        >>> from cinedot.recipe.recipe_files import shipped_recipe
        >>> made = solve_recipe(shipped_recipe("oa-ma-qd4"))
        >>> print(made.contradictions[0].text())
        lead(II) bromide (stock): 40 umol/mL stated, 32.9 mM by its mass and the volume.
    """
    solved: dict[str, Solved] = {}
    for mixture in recipe.mixtures:
        solved[mixture.name] = solve_mixture(mixture, earlier=solved, counted_by=recipe.counted_by)
    held = {element for one in solved.values() for element in one.elements_umol}
    if recipe.lead and "Pb" not in held:
        names = dict.fromkeys(line.name for one in recipe.mixtures for line in one.lines)
        raise InputError(
            f"a recipe must hold Pb, but none of its reagents does ({', '.join(names)}).",
            remedy="Add a lead salt; for a recipe that needs none write lead = false under "
            "[recipe].",
            place="[mixture]",
        )
    made = SolvedRecipe(recipe=recipe, mixtures=solved)
    _ = made.most  # a product that cannot be is refused here, not when somebody asks for it
    return made


def amount_for(
    name: str, *, equivalents: float, of_umol: float, own: tuple[Reagent, ...] = ()
) -> str:
    """What to measure out of a reagent for so many equivalents.

    Args:
        name: the reagent.
        equivalents: of it.
        of_umol: moles of what they count by, umol.
        own: reagents beside those that ship.

    Raises:
        InputError: an unknown reagent, or one without a molar mass; a number not above 0.

    Example:
        >>> amount_for("oleic acid", equivalents=0.5, of_umol=80.11)
        '12.64 uL'
    """
    reagent = reagent_named(name, own)
    molar, moles = reagent.molar_mass_g_per_mol, equivalents * of_umol
    if molar is None or not 0 < moles < math.inf:
        raise InputError(
            f"equivalents of {reagent.name} must be above 0 and it must have a molar mass, but "
            f"they are {equivalents:g} of {of_umol:g} umol.",
            remedy="Correct them, or give its formula in [[reagent]].",
        )
    mass = moles * molar / 1000
    density = reagent.density_g_per_ml
    if density is None:
        return f"{mass:.4g} mg"
    return f"{mass / density:.4g} uL"


def _in_mixture(solved: Solved) -> list[Contradiction]:
    found: list[Contradiction] = []
    for amount in solved.amounts:
        deciding = amount.line.deciding
        for kind in GIVEN:
            stated = amount.line.given.get(kind)
            number = None if stated is None else amount.number(kind, stated)
            if kind == deciding or stated is None or number is None or stated.agrees(number):
                continue
            found.append(_contradiction(solved, amount, kind, stated, number))
    volume = solved.mixture.volume
    if volume is not None and not volume.agrees(solved.volume_ml):
        found.append(
            Contradiction(
                place=solved.mixture.name,
                what="the volume",
                quantity="volume",
                stated=volume.text,
                found=solved.volume_ml,
                unit="mL",
                because="the liquids in it",
            )
        )
    return found


def _contradiction(
    solved: Solved, amount: Amount, kind: str, stated: Stated, number: float
) -> Contradiction:
    because = f"its {amount.line.deciding}"
    if kind == "concentration":
        because += " and the volume"
    return Contradiction(
        place=solved.mixture.name,
        what=amount.line.name,
        quantity=kind,
        stated=stated.text,
        found=number,
        unit=UNITS[stated.kind],
        because=because,
    )


def _overdrawn(mixtures: Mapping[str, Solved]) -> list[Contradiction]:
    """Mixtures of which later ones take more than there is."""
    found: list[Contradiction] = []
    for name, solved in mixtures.items():
        taken = [
            one
            for other in mixtures.values()
            for one in other.amounts
            if one.line.reagent is None and one.line.mixture == name
        ]
        total = sum(one.volume_ml or 0.0 for one in taken)
        if taken and total > solved.volume_ml * 1.005:  # what a pipette leaves behind
            found.append(
                Contradiction(
                    place=name,
                    what="what is taken of it",
                    quantity="volume",
                    stated=" and ".join(measure(one) for one in taken),
                    found=solved.volume_ml,
                    unit="mL",
                    because="what was mixed",
                )
            )
    return found
