"""Amounts of a mixture from whatever is stated of them: one set of linear equations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.recipe.mixtures import Amount, Line, Mixture, Solved
from cinedot.recipe.reagents import Reagent

_ROUNDING = 1e-9
"""Of the largest term: a volume or an amount that is smaller is nought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """What one unit of a line's unknown amount holds; None where it has no such number."""

    mass_mg: float | None
    volume_ml: float | None
    moles_umol: float | None
    counted_umol: float


def solve_mixture(
    mixture: Mixture, *, earlier: Mapping[str, Solved], counted_by: Reagent | None
) -> Solved:
    """Every amount of a mixture, derived from what is stated.

    Each line has one unknown amount and the mixture its volume; every statement that decides is
    linear in them: m, v and n are fixed; n = e n_counted; v = k (v of the lines above); n = c V.
    V is the sum of the liquids; a line without numbers fills up to a stated V. Solids take no
    room, and volumes add.

    Args:
        mixture: as written.
        earlier: mixtures that its lines may be parts of.
        counted_by: the reagent whose moles equivalents count by; None where there is none.

    Raises:
        InputError: statements that leave an amount open or contradict all sense (none is above
            nought); equivalents without what they count by; a solid's volume; a polymer's moles.

    Example:
        >>> from cinedot.recipe.reagents import reagent_named
        >>> from cinedot.recipe.stated import read_stated
        >>> salt, oil = reagent_named("PbBr2"), reagent_named("oleylamine")
        >>> made = solve_mixture(
        ...     Mixture(name="stock", lines=(
        ...         Line(reagent=salt, given={"mass": read_stated("15 mg", ("mass",), key="mass")}),
        ...         Line(reagent=oil, given={"equivalents": read_stated(
        ...             "2.3", ("equivalents",), key="equivalents")}))),
        ...     earlier={}, counted_by=salt)
        >>> round(made.amounts[1].volume_ml * 1000, 1)
        30.9
    """
    units = [_unit(line, earlier, counted_by) for line in mixture.lines]
    left, right = _equations(mixture, units)
    largest = np.abs(left).max(axis=1, keepdims=True)
    if not largest.all() or np.linalg.matrix_rank(left / largest) < len(right):
        raise InputError(
            "the amounts must follow from what is stated, but they do not.",
            remedy="Give a mass, volume or number of moles of something, as in mass = "
            '"29.4 mg"; a concentration needs a volume.',
            place=f"[mixture.{mixture.name}]",
        )
    found = np.linalg.solve(left, right)
    for line, value in zip(mixture.lines, found[:-1].tolist(), strict=True):
        if value <= _ROUNDING * float(np.abs(found).max()):
            raise InputError(
                f"the amount of {line.name} must come out above 0, but the others leave "
                f"{value:.3g}.",
                remedy="Check the volume to fill up to, and the concentrations.",
                place=f"[mixture.{mixture.name}]",
            )
    return _solved(mixture, units, found, earlier, counted_by)


def _unit(line: Line, earlier: Mapping[str, Solved], counted_by: Reagent | None) -> _Unit:
    if line.reagent is None:
        part = earlier[str(line.mixture)]
        counted = part.counted_umol or 0.0
        return _Unit(
            mass_mg=None, volume_ml=1.0, moles_umol=None, counted_umol=counted / part.volume_ml
        )
    reagent = line.reagent
    counts = counted_by is not None and counted_by.name == reagent.name
    density = line.density_g_per_ml or reagent.density_g_per_ml
    if line.strength is not None:
        moles = line.strength.value
        return _Unit(
            mass_mg=None, volume_ml=1.0, moles_umol=moles, counted_umol=moles if counts else 0.0
        )
    molar = reagent.molar_mass_g_per_mol
    if molar is None and density is None and "volume" in line.given:
        return _Unit(mass_mg=None, volume_ml=1.0, moles_umol=None, counted_umol=0.0)
    moles = None if molar is None else line.purity * 1000.0 / molar
    return _Unit(
        mass_mg=1.0,
        volume_ml=None if density is None else 1e-3 / density,
        moles_umol=moles,
        counted_umol=(moles or 0.0) if counts else 0.0,
    )


def _equations(
    mixture: Mixture, units: list[_Unit]
) -> tuple[Float[np.ndarray, "row unknown"], Float[np.ndarray, " row"]]:
    """A row each for the lines that state something, and those of the volume."""
    count = len(units)
    rows: list[Float[np.ndarray, " unknown"]] = []
    right: list[float] = []
    volumes = np.array([one.volume_ml or 0.0 for one in units] + [0.0])
    counted = np.array([one.counted_umol for one in units] + [0.0])
    fills = [line for line in mixture.lines if line.deciding is None]
    if len(fills) > 1 or (fills and mixture.volume is None):
        raise InputError(
            f"{fills[-1].name} must have an amount, but nothing is stated of it.",
            remedy='State one, as in volume = "2 mL"; one liquid alone may fill up to the '
            'mixture\'s own volume = "2 mL".',
            place=f"[mixture.{mixture.name}]",
        )
    for index, line in enumerate(mixture.lines):
        if line.deciding is not None:
            row, value = _row(mixture, index, units, volumes, counted)
            rows.append(row)
            right.append(value)
    total = volumes.copy()
    total[count] = -1.0
    rows.append(total)
    right.append(0.0)
    if fills:
        if units[mixture.lines.index(fills[0])].volume_ml is None:
            _refuse(mixture, fills[0], "volume", "a solid cannot fill up a volume")
        stated = np.zeros(count + 1)
        stated[count] = 1.0
        rows.append(stated)
        right.append(mixture.volume.value if mixture.volume is not None else 0.0)
    return np.array(rows), np.array(right)


def _row(
    mixture: Mixture,
    index: int,
    units: list[_Unit],
    volumes: Float[np.ndarray, " unknown"],
    counted: Float[np.ndarray, " unknown"],
) -> tuple[Float[np.ndarray, " unknown"], float]:
    """The equation of the statement that decides a line."""
    line, unit = mixture.lines[index], units[index]
    kind = line.deciding
    assert kind is not None
    stated = line.given[kind]
    row = np.zeros(len(units) + 1)
    mass = stated.kind in {"mass", "mass concentration"}
    own = unit.mass_mg if mass else unit.moles_umol
    if kind in {"volume", "volumes"}:
        own = unit.volume_ml
    if own is None:
        _refuse(mixture, line, kind, _lacks(line, kind))
    row[index] = own
    if kind == "equivalents":
        if not counted.any():
            _refuse(mixture, line, kind, "nothing in this mixture is what equivalents count by")
        return row - stated.value * counted, 0.0
    if kind == "volumes":
        if not volumes[:index].any():
            _refuse(mixture, line, kind, "no liquid stands above it")
        return row - stated.value * np.where(np.arange(len(row)) < index, volumes, 0.0), 0.0
    if kind == "concentration":
        row[-1] = -stated.value
        return row, 0.0
    return row, stated.value


def _lacks(line: Line, kind: str) -> str:
    if line.reagent is None:
        return "a part of another mixture is measured by volume"
    if kind in {"volume", "volumes"}:
        return f"{line.name} has no density, so a volume says nothing of it"
    if line.strength is not None:
        return f"{line.name} is added as a solution, whose mass is not known"
    return f"{line.name} has no molar mass"


def _refuse(mixture: Mixture, line: Line, kind: str, why: str) -> NoReturn:
    raise InputError(
        f"`{kind}` of {line.name} cannot be used: {why}.",
        remedy="State a mass or a volume; density and formula may stand in [[reagent]], what "
        "equivalents count by in [recipe] per.",
        place=f"[mixture.{mixture.name}]",
    )


def _solved(
    mixture: Mixture,
    units: list[_Unit],
    found: Float[np.ndarray, " unknown"],
    earlier: Mapping[str, Solved],
    counted_by: Reagent | None,
) -> Solved:
    volume = float(found[-1])
    parts = found[:-1].tolist()
    counted = sum(one.counted_umol * x for one, x in zip(units, parts, strict=True))
    moles: dict[str, float] = {}
    reagents: dict[str, Reagent] = {}
    amounts: list[Amount] = []
    for line, unit, x in zip(mixture.lines, units, parts, strict=True):
        amounts.append(_amount(line, unit, x, volume, counted))
        if line.reagent is not None:
            reagents[line.reagent.name] = line.reagent
            held = {line.reagent.name: (unit.moles_umol or 0.0) * x}
        else:
            part = earlier[str(line.mixture)]
            reagents |= part.reagents
            held = {name: n * x / part.volume_ml for name, n in part.moles_umol.items()}
        for name, n in held.items():
            moles[name] = moles.get(name, 0.0) + n
    return Solved(
        mixture=mixture,
        amounts=tuple(amounts),
        volume_ml=volume,
        moles_umol=moles,
        reagents=reagents,
        counted_umol=counted if counted_by is not None and counted > 0 else None,
    )


def _amount(line: Line, unit: _Unit, x: float, volume_ml: float, counted_umol: float) -> Amount:
    mass = None if unit.mass_mg is None else unit.mass_mg * x
    moles = None if unit.moles_umol is None else unit.moles_umol * x
    per_ml = 1.0 / volume_ml if volume_ml > 0 else None
    return Amount(
        line=line,
        mass_mg=mass,
        volume_ml=None if unit.volume_ml is None else unit.volume_ml * x,
        moles_umol=moles,
        equivalents=moles / counted_umol if moles is not None and counted_umol > 0 else None,
        concentration_mm=moles * per_ml if moles is not None and per_ml else None,
        concentration_mg_per_ml=mass * per_ml if mass is not None and per_ml else None,
    )
