"""Recipes from TOML: those that ship, and a user's own."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

from cinedot.core import InputError
from cinedot.core.files import utf8_text
from cinedot.core.nearest import did_you_mean
from cinedot.recipe.mixtures import GIVEN, Given, Line, Mixture
from cinedot.recipe.product import Dots, Grafted, Product
from cinedot.recipe.protocol import CONDITIONS, Step, require_line
from cinedot.recipe.reagents import Reagent, hazard_statement, reagent_named
from cinedot.recipe.recipe import Recipe
from cinedot.recipe.stated import Kind, Stated
from cinedot.recipe.tables import Reader, step_condition

_KINDS: dict[Given, tuple[Kind, ...]] = {
    "mass": ("mass",),
    "volume": ("volume",),
    "moles": ("moles",),
    "equivalents": ("equivalents",),
    "volumes": ("volumes",),
    "concentration": ("molarity", "mass concentration"),
}
_REAGENT_FLAGS = ("hazards", "acid_protons", "amines", "note", "source")
_REAGENT_KEYS = (
    "name",
    "short",
    "aliases",
    "formula",
    "density",
    "content",
    "cas",
    *_REAGENT_FLAGS,
)
_STEP_WORDS = ("do", "of", "to", "until", "keep", "note")
_STEP_KEYS = (*_STEP_WORDS, "mass", "volume", "scales", "times", *CONDITIONS)
_LINE_KEYS = ("name", "mixture", *GIVEN, "strength", "purity", "density")


def shipped_recipes() -> tuple[str, ...]:
    """The names of the recipes that ship: the paper's procedures.

    Example:
        >>> shipped_recipes()[0], len(shipped_recipes())
        ('fishhook', 7)
    """
    folder = resources.files("cinedot.recipe") / "data" / "recipes"
    names = (one.name for one in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def shipped_recipe(name: str) -> Recipe:
    """A recipe that ships.

    Raises:
        InputError: an unknown name; names the nearest.

    Example:
        >>> shipped_recipe("mla-ma-qd4").product.what.host
        'MAPbBr3'
    """
    known = shipped_recipes()
    if name not in known:
        raise InputError(
            f"a recipe must be a file or one that ships, but is {name!r}.",
            remedy=f"{did_you_mean(name, known)}Those that ship are {', '.join(known)}.",
        )
    file = resources.files("cinedot.recipe") / "data" / "recipes" / f"{name}.toml"
    return recipe_from_text(file.read_text("utf-8"), file=f"{name}.toml")


def read_recipe(path: Path) -> Recipe:
    """A recipe file, or a recipe that ships where no such file is there.

    Args:
        path: the file, or the name of one that ships, as in `mla-ma-qd4`.

    Raises:
        InputError: it cannot be read, or see `recipe_from_text`.
    """
    if not path.exists() and path.suffix == "" and len(path.parts) == 1:
        return shipped_recipe(path.name)
    return recipe_from_text(utf8_text(path), file=path)


def recipe_from_text(text: str, *, file: Path | str) -> Recipe:
    """A recipe from the text of its file; docs/recipes.md describes the form.

    Args:
        text: TOML.
        file: what to call it in complaints.

    Raises:
        InputError: no TOML; an unknown key (names the nearest); an unknown reagent (offers the
            nearest); a number without its unit, or one that is not above 0; a mixture that takes
            from a later one.

    Example:
        >>> made = recipe_from_text(
        ...     '[mixture.stock]\\nreagents = [{ name = "PbBr2", mass = "15 mg" }]', file="r.toml")
        >>> made.mixtures[0].lines[0].given["mass"].value
        15.0
    """
    try:
        # Decimals keep the digits as written: 1.50 says more than 1.5.
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as fault:
        raise InputError(
            f"this must be TOML, but: {fault}.",
            remedy='Texts stand in quotes, as in mass = "29.4 mg".',
            file=file,
        ) from fault
    try:
        return _recipe(content, Path(file).stem)
    except InputError as fault:
        raise fault.within(file=file) from fault


def _recipe(content: Mapping[str, Any], stem: str) -> Recipe:
    top = Reader(content, "", known=("recipe", "reagent", "product", "mixture", "step"))
    head = Reader(
        top.table("recipe"),
        "[recipe]",
        known=("name", "source", "per", "lead", "temperature", "humidity", "notes"),
    )
    own = tuple(_reagent(one, f"[[reagent]] {k}") for k, one in enumerate(top.tables("reagent"), 1))
    mixtures = _mixtures(top.table("mixture"), own)
    per = head.text("per")
    with head.here():
        counted_by = _lead_salt(mixtures) if per is None else reagent_named(per, own)
    return Recipe(
        name=head.text("name") or stem,
        source=head.text("source") or "",
        counted_by=counted_by,
        reagents=own,
        mixtures=mixtures,
        steps=tuple(_step(one, k, mixtures) for k, one in enumerate(top.tables("step"), 1)),
        product=_product(top.table("product"), mixtures) if "product" in content else None,
        lead=head.truth("lead", default=True),
        temperature=head.condition("temperature", "degC"),
        humidity=head.condition("humidity", "%"),
        notes=head.texts("notes"),
    )


def _lead_salt(mixtures: tuple[Mixture, ...]) -> Reagent | None:
    """What equivalents count by unless stated: the only reagent that holds Pb."""
    lines = (line.reagent for one in mixtures for line in one.lines)
    found = {one.name: one for one in lines if one is not None and "Pb" in one.elements}
    return next(iter(found.values())) if len(found) == 1 else None


def _reagent(table: Mapping[str, Any], place: str) -> Reagent:
    read = Reader(
        table,
        place,
        known=_REAGENT_KEYS,
    )
    name = read.required("name")
    content = read.measure("content", "umol/mg")
    hazards = read.texts("hazards")
    with read.here():
        for code in hazards:
            hazard_statement(code)
        return Reagent(
            name=name,
            short=read.text("short") or name,
            aliases=read.texts("aliases"),
            formula=read.text("formula"),
            density_g_per_ml=read.measure("density", "g/mL"),
            content_umol_per_mg=content,
            cas=read.text("cas"),
            hazards=hazards,
            acid_protons=read.whole("acid_protons", 0),
            amines=read.whole("amines", 0),
            note=read.text("note") or "",
            source=read.text("source") or "the recipe",
            evidence="remembered",
        )


def _mixtures(tables: Mapping[str, Any], own: tuple[Reagent, ...]) -> tuple[Mixture, ...]:
    if not tables:
        raise InputError(
            "a recipe must have a mixture, but has none.",
            remedy='Write [mixture.stock] and reagents = [{ name = "PbBr2", mass = "29.4 mg" }].',
        )
    made: list[Mixture] = []
    for name, table in tables.items():
        place = f"[mixture.{name}]"
        read = Reader(table, place, known=("volume", "reagents"))
        names = [one.name for one in made]
        lines = tuple(
            _line(one, f"{place} reagents {k}", own, names)
            for k, one in enumerate(read.tables("reagents"), 1)
        )
        if not lines:
            raise InputError(
                "a mixture must hold something, but `reagents` is empty.",
                remedy='Write reagents = [{ name = "PbBr2", mass = "29.4 mg" }].',
                place=place,
            )
        made.append(Mixture(name=name, lines=lines, volume=read.stated("volume", ("volume",))))
    return tuple(made)


def _line(
    table: Mapping[str, Any], place: str, own: tuple[Reagent, ...], earlier: list[str]
) -> Line:
    read = Reader(table, place, known=_LINE_KEYS)
    name, mixture = read.text("name"), read.text("mixture")
    if (name is None) == (mixture is None):
        raise InputError(
            "a line must name a reagent or a `mixture`, one of the two.",
            remedy='Write { name = "PbBr2", mass = "29.4 mg" }.',
            place=place,
        )
    if mixture is not None and mixture not in earlier:
        near = did_you_mean(mixture, earlier)
        raise InputError(
            f"`mixture` must be one that stands above, but is {mixture!r}.",
            remedy=f"{near}Above stand {', '.join(earlier) or 'none'}.",
            place=place,
        )
    given: dict[Given, Stated] = {}
    for key, kinds in _KINDS.items():
        one = read.stated(key, kinds)
        if one is not None:
            given[key] = one
    purity = read.stated("purity", ("purity",))
    if purity is not None and purity.value > 1:
        raise InputError(
            f"`purity` must be a share up to 1, but is {purity.text}.",
            remedy='Write it as in purity = "70 %".',
            place=place,
        )
    with read.here():
        return Line(
            reagent=None if name is None else reagent_named(name, own),
            mixture=mixture,
            given=given,
            strength=read.stated("strength", ("molarity",)),
            purity=1.0 if purity is None else purity.value,
            density_g_per_ml=read.measure("density", "g/mL"),
        )


def _product(table: Mapping[str, Any], mixtures: tuple[Mixture, ...]) -> Product:
    place = "[product]"
    read = Reader(
        table, place, known=("host", "compound", "edges", "of", "adds", "from", "isolated")
    )
    names = [one.name for one in mixtures]
    source = read.text("from") or names[-1]
    if source not in names:
        raise InputError(
            f"`from` must be a mixture, but is {source!r}.",
            remedy=f"{did_you_mean(source, names)}Mixtures are {', '.join(names)}.",
            place=place,
        )
    what: Dots | Grafted
    if "of" in table or "adds" in table:
        what = Grafted(of=read.required("of"), adds=read.required("adds"))
    else:
        what = Dots(
            host=read.required("host"),
            compound=read.text("compound") or "prototype",
            edges=read.edges("edges"),
        )
    return Product(what=what, mixture=source, isolated=read.stated("isolated", ("mass",)))


def _step(table: Mapping[str, Any], number: int, mixtures: tuple[Mixture, ...]) -> Step:
    place = f"[[step]] {number}"
    read = Reader(
        table,
        place,
        known=_STEP_KEYS,
    )
    conditions = {
        key: step_condition(table[key], unit, key=key, place=place)
        for key, unit in CONDITIONS.items()
        if key in table
    }
    step = Step(
        do=read.required("do"),
        of=read.text("of"),
        to=read.text("to"),
        mass=read.stated("mass", ("mass",)),
        volume=read.stated("volume", ("volume",)),
        scales=read.truth("scales", default=True),
        times=read.whole("times", 1),
        conditions=conditions,
        until=read.text("until"),
        keep=read.text("keep"),
        note=read.text("note"),
    )
    with read.here():
        require_line(step, mixtures)
    return step
