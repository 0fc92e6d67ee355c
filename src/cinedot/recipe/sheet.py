"""The bench sheet: amounts, steps and cautions as text for a person and as JSON for a program."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cinedot.recipe.mixtures import Amount, Solved
from cinedot.recipe.product import Dots
from cinedot.recipe.protocol import measure
from cinedot.recipe.reagents import Reagent, hazard_statement
from cinedot.recipe.recipe import SolvedRecipe

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 100
"""Characters in a line: what a page takes."""
_SOLVENT = 100.0
"""From so many equivalents on a reagent is a solvent, whose moles tell nothing."""


def sheet_text(made: SolvedRecipe, *, expected: Sequence[str] = ()) -> str:
    """What `cinedot recipe` prints.

    Args:
        made: the recipe with its amounts.
        expected: lines on what it should give, beside the most that there can be.

    Example:
        >>> from cinedot.recipe.recipe import solve_recipe
        >>> from cinedot.recipe.recipe_files import shipped_recipe
        >>> text = sheet_text(solve_recipe(shipped_recipe("mla-cs-qd4")))
        >>> "2.3 equivalents stated, 2.23 equivalents" in text
        True
    """
    recipe = made.recipe
    parts = [_heading(made)]
    parts += [_rendered(_amounts(one, recipe.counted_by)) for one in made.mixtures.values()]
    if recipe.steps:
        lines = [
            f"{k}. {step.sentence(made.mixtures)}" for k, step in enumerate(recipe.steps, start=1)
        ]
        parts.append("Steps\n" + _rendered(*lines))
    outcome = [*_most(made), *expected]
    if outcome:
        parts.append("Expected\n" + _rendered(*outcome))
    if made.remarks:
        parts.append("Note\n" + _rendered(*(f"- {line}" for line in made.remarks)))
    hazards = _hazards(made)
    if hazards:
        parts.append("Hazards (the bottle's own safety sheet counts)\n" + _rendered(*hazards))
    return "\n\n".join(part.rstrip() for part in parts)


def _heading(made: SolvedRecipe) -> str:
    recipe = made.recipe
    lines = [recipe.name]
    if recipe.source:
        lines.append(f"from {recipe.source}")
    room = [one for one in (recipe.temperature, recipe.humidity) if one]
    if room:
        lines.append(f"room at {' and '.join(room)}" + (" humidity" if recipe.humidity else ""))
    if recipe.counted_by is not None:
        lines.append(f"equivalents per {recipe.counted_by.name}")
    return "\n".join(lines)


def _amounts(solved: Solved, counted_by: Reagent | None) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    title = f"{solved.mixture.name}, {solved.volume_ml + 0.0:.4g} mL"  # never -0
    if counted_by is not None and solved.counted_umol and solved.volume_ml:
        title += f", {solved.counted_umol / solved.volume_ml:.3g} mM {counted_by.short}"
    table = Table(
        title=title,
        title_justify="left",
        title_style="",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("reagent", max_width=36)
    table.add_column("CAS")
    for name in ("measure out", "umol", "equiv", "mM"):
        table.add_column(name, justify="right")
    table.add_column("hazards", max_width=18)
    for one in solved.amounts:
        table.add_row(*_cells(one))
    return table


def _cells(one: Amount) -> tuple[str, ...]:
    reagent = one.line.reagent
    solvent = _is_solvent(one)
    numbers = (one.moles_umol, one.equivalents, one.concentration_mm)
    shown = ["" if solvent or number is None else f"{number:.4g}" for number in numbers]
    name = one.line.name if reagent is None or reagent.short == reagent.name else _named(reagent)
    if one.line.strength is not None:
        name += f", {one.line.strength.text}"
    cas = "" if reagent is None else reagent.cas or ""
    hazards = "" if reagent is None else " ".join(reagent.hazards)
    return (name, cas, measure(one), *shown, hazards)


def _is_solvent(one: Amount) -> bool:
    """Whether a line is there for its volume alone."""
    reagent = one.line.reagent
    if reagent is None or reagent.amines or one.line.strength is not None:
        return False
    if one.equivalents is None:  # where nothing is counted, whatever is measured as a volume
        return one.line.deciding in {"volume", "volumes", None}
    return one.equivalents > _SOLVENT


def _named(reagent: Reagent) -> str:
    return f"{reagent.name} ({reagent.short})"


def _most(made: SolvedRecipe) -> list[str]:
    most, product = made.most, made.recipe.product
    if most is None or product is None:
        return []
    what = product.what
    if isinstance(what, Dots):
        size = " x ".join(str(n) for n in what.edges)
        return [
            f"At most {most.moles_nmol:.3g} nmol or {most.mass_mg:.3g} mg of {what.host} dots of "
            f"{size} Pb ({what.compound}), if all Pb of the {product.mixture} were in them."
        ]
    return [
        f"At most {most.mass_mg:.3g} mg, if every group of {what.of} bound {what.adds} "
        f"({most.moles_nmol:.3g} nmol)."
    ]


def _hazards(made: SolvedRecipe) -> list[str]:
    """A line a statement: who carries it."""
    carriers: dict[str, list[str]] = {}
    for solved in made.mixtures.values():
        for reagent in solved.reagents.values():
            for code in reagent.hazards:
                named = carriers.setdefault(code, [])
                if reagent.short not in named:
                    named.append(reagent.short)
    return [
        f"{code} {hazard_statement(code)}: {', '.join(carriers[code])}" for code in sorted(carriers)
    ]


def _rendered(*parts: "str | Table") -> str:
    """Lines and tables as plain text, wrapped; the same wherever it is printed."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, width=WIDTH, color_system=None, highlight=False, markup=False)
    for part in parts:
        console.print(part, soft_wrap=False)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def sheet_json(made: SolvedRecipe, *, expected: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The same for a program: numbers in the units of their names, None where there is none.

    Args:
        made: the recipe with its amounts.
        expected: what it should give.
    """
    recipe, most = made.recipe, made.most
    return {
        "name": recipe.name,
        "source": recipe.source,
        "equivalents_per": None if recipe.counted_by is None else recipe.counted_by.name,
        "mixtures": [_mixture_json(one) for one in made.mixtures.values()],
        "steps": [step.sentence(made.mixtures) for step in recipe.steps],
        "dilution": made.dilution(),
        "protons_per_amine": made.protons_per_amine,
        "most": None if most is None else {"moles_nmol": most.moles_nmol, "mass_mg": most.mass_mg},
        "expected": expected,
        "contradictions": [
            {
                "place": one.place,
                "what": one.what,
                "quantity": one.quantity,
                "stated": one.stated,
                "found": one.found,
                "unit": one.unit,
                "text": one.text(),
            }
            for one in made.contradictions
        ],
        "remarks": list(made.remarks),
    }


def _mixture_json(solved: Solved) -> dict[str, Any]:
    return {
        "name": solved.mixture.name,
        "volume_ml": solved.volume_ml,
        "amounts": [
            {
                "name": one.line.name,
                "measure": measure(one),
                "mass_mg": one.mass_mg,
                "volume_ml": one.volume_ml,
                "moles_umol": one.moles_umol,
                "equivalents": one.equivalents,
                "concentration_mm": one.concentration_mm,
                "cas": None if one.line.reagent is None else one.line.reagent.cas,
                "molar_mass_g_per_mol": None
                if one.line.reagent is None
                else one.line.reagent.molar_mass_g_per_mol,
                "hazards": [] if one.line.reagent is None else list(one.line.reagent.hazards),
            }
            for one in solved.amounts
        ],
    }
