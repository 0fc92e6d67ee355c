"""What `cinedot recipe` does: read, scale, derive, foretell, print."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cinedot.core import InputError
from cinedot.growth.expected_light import ExpectedLight, expected_light
from cinedot.recipe import read_recipe, sheet_json, sheet_text, solve_recipe


def bench_sheet(file: Path, *, scale: float = 1.0, as_json: bool = False) -> str:
    """The bench sheet of a recipe file, as text or JSON.

    Args:
        file: the recipe, or the name of one that ships.
        scale: so many times as much of everything.
        as_json: for a program.

    Raises:
        InputError: a file, a recipe or a scale that cannot be used.

    Example:
        >>> print(bench_sheet(Path("mla-ma-qd4")).splitlines()[0])
        MLA-MA-QD4 (1)
    """
    written = read_recipe(file).scaled(scale)
    try:
        made = solve_recipe(written)
    except InputError as fault:
        raise fault.within(file=file) from fault
    light = expected_light(made)
    if as_json:
        content = sheet_json(made, expected=_light_json(light))
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    lines = light.lines() if isinstance(light, ExpectedLight) else ()
    if isinstance(light, str) and made.recipe.lead:
        lines = (light[0].upper() + light[1:],)
    return sheet_text(made, expected=lines)


def _light_json(light: ExpectedLight | str) -> dict[str, Any]:
    if isinstance(light, str):
        return {"light": None, "why": light}
    told = {name: getattr(light, name).json() for name in ("peak", "fwhm", "quantum_yield")}
    rest = {
        key: value
        for key, value in asdict(light).items()
        if key in {"ammonium", "route", "share", "maxima_nm"}
    }
    return {"light": {**told, **rest}, "why": None}
