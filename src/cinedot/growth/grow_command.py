"""What `cinedot grow` does: read a network, run it, print what grows and how it shines."""

import csv
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.files import utf8_text, written_whole
from cinedot.core.nearest import did_you_mean
from cinedot.core.units import quantity
from cinedot.growth.growth_light import growth_colours, growth_spectra
from cinedot.growth.network import Network
from cinedot.growth.network_files import network_named, network_names, read_network
from cinedot.growth.rate_equations import Growth, run_network
from cinedot.growth.recipe_network import network_of_recipe
from cinedot.growth.sbml import write_sbml
from cinedot.growth.sbml_reading import read_sbml
from cinedot.recipe import read_recipe, shipped_recipes, solve_recipe

_SBML = (".xml", ".sbml")
_ROWS = 11
_SPENT = 1e-3
"""Of its first amount: what is left of less has run out."""
_CLOSER, _NEAR_MIN = 8, 0.05
"""A crossing is asked for so many times at most, until it is known to this, min."""
_WAVELENGTH_NM = np.arange(400.0, 701.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowOptions:
    """The options of `cinedot grow`, as typed.

    Attributes:
        file: a network file, SBML, or the name of a network that cinedot brings along.
        until: how long, as in "600 min".
        initial: amounts in place of the file's, as in "Cs=2 mM".
        out: a table of concentrations against time, or None.
        spectra: a table of wavelength against time, which [kinetics] reads, or None.
        sbml: the network as SBML, or None.
    """

    file: str
    until: str = "600 min"
    initial: tuple[str, ...] = ()
    out: Path | None = None
    spectra: Path | None = None
    sbml: Path | None = None


def grow(options: GrowOptions) -> str:
    """Run a network, write what was asked for, and tell what happened.

    Raises:
        InputError: an option, a file or a network that cannot be.
    """
    until_min = quantity(options.until, "min", key="--until")
    if not until_min > 0:
        raise InputError(
            f"--until must be above 0 min, but is {options.until!r}.", remedy='As in "600 min".'
        )
    network = _network(options.file).starting_with(_amounts(options.initial))
    fine = run_network(network, np.linspace(0.0, until_min, 601))
    spectra = growth_spectra(fine, _WAVELENGTH_NM)
    if options.out is not None:
        _write(
            options.out,
            ["time_min", *(f"{n} (mM)" for n in network.names)],
            np.column_stack([fine.time_min, fine.concentration_mm]),
        )
    if options.spectra is not None:
        kept = slice(None, None, 4)
        heads = ["wavelength_nm", *(f"{minute:g} min" for minute in fine.time_min[kept])]
        _write(options.spectra, heads, np.column_stack([_WAVELENGTH_NM, spectra[kept].T]))
    if options.sbml is not None:
        write_sbml(network, options.sbml)
    return grown_text(fine, spectra)


def grown_text(growth: Growth, spectra: Float[np.ndarray, "time x"]) -> str:
    """Species, light and colour at eleven times, and when the light begins.

    Args:
        growth: concentrations against time.
        spectra: photons per nm at these times, from 400 to 700 nm.
    """
    network, total = growth.network, spectra.sum(axis=1)
    at = np.linspace(0, len(growth.time_min) - 1, _ROWS).round().astype(int)
    colours = growth_colours(_WAVELENGTH_NM, spectra[at])
    rows = [["min", *network.names, "light", "peak (nm)", "x", "y"]]
    top = float(total.max()) or 1.0
    for k, colour in zip(at.tolist(), colours, strict=True):
        lit = total[k] > 0
        peak = f"{_WAVELENGTH_NM[int(np.argmax(spectra[k]))]:.0f}" if lit else "-"
        x, y = (f"{one:.4f}" for one in colour) if colour else ("-", "-")
        held = [f"{value:.4g}" for value in np.clip(growth.concentration_mm[k], 0.0, None)]
        rows.append([f"{growth.time_min[k]:g}", *held, f"{total[k] / top:.3f}", peak, x, y])
    head = f"{network.name}: {network.about}" if network.about else network.name
    told = "\n".join(one.text for one in network.reactions)
    return "\n\n".join(
        [
            head,
            told,
            f"mM, and light over its maximum:\n{_aligned(rows)}",
            _begins(growth),
            *_spent(growth),
        ]
    )


def _spent(growth: Growth) -> list[str]:
    """Which ingredients a reaction waits for in vain at the end."""
    limits = {name for one in growth.network.reactions for name in one.rate.limits_mm}
    gone = [
        one.name
        for one in growth.network.species
        if one.name in limits and growth.of(one.name)[-1] < _SPENT * one.initial_mm
    ]
    return [f"Spent at the end: {', '.join(gone)}; more of it would grow more."] if gone else []


def _begins(growth: Growth) -> str:
    """When what shines brightest at the end has reached 5 % of its last amount."""
    lit = [
        (growth.concentration_mm[-1, k] * one.light.brightness, one.name)
        for k, one in enumerate(growth.network.species)
        if one.light is not None
    ]
    if not lit or max(lit)[0] <= 0:
        return "Nothing shines at the end."
    name = max(lit)[1]
    amount = growth.of(name)
    reached = int(np.argmax(amount >= 0.05 * amount[-1]))
    if reached == 0:
        return f"{name} shines brightest at the end; it is there from the start."
    begins = _crossing(growth, name, 0.05 * float(amount[-1]), reached)
    return f"{name} shines brightest at the end; 5 % of its last amount at {begins:.1f} min."


def _crossing(growth: Growth, name: str, level: float, reached: int) -> float:
    """When a species reaches a level between two times: asked ever closer, for rises are curved."""
    first, last = (float(one) for one in growth.time_min[reached - 1 : reached + 1])
    for _ in range(_CLOSER):
        times = np.unique(np.append(0.0, np.linspace(first, last, 65)))
        amount = run_network(growth.network, times).of(name)
        at = max(1, int(np.argmax(amount >= level)))
        first, last = float(times[at - 1]), float(times[at])
        if last - first < _NEAR_MIN:
            break
    return (first + last) / 2


def _network(file: str) -> Network:
    """A network by name or file; a recipe by name or file becomes one."""
    if file in network_names():
        return network_named(file)
    path = Path(file)
    if file not in shipped_recipes() and not path.exists():
        names = (*network_names(), *shipped_recipes())
        raise InputError(
            f"a network or recipe must be a file or one of {', '.join(names)}, but {file!r} is "
            "neither.",
            remedy=did_you_mean(file, names) + "Check its spelling.",
        )
    if path.suffix.lower() in _SBML:
        return read_sbml(path)
    if file not in shipped_recipes() and not _is_recipe(path):
        return read_network(path)
    written = read_recipe(path)
    try:
        return network_of_recipe(solve_recipe(written))
    except InputError as fault:
        raise fault.within(file=file) from fault


def _is_recipe(path: Path) -> bool:
    """Whether a TOML file has the tables of a recipe."""
    try:
        content = tomllib.loads(utf8_text(path))
    except tomllib.TOMLDecodeError:  # told as a network's fault
        return False
    return "mixture" in content or "recipe" in content


def _amounts(typed: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in typed:
        name, equals, amount = one.partition("=")
        if not equals:
            raise InputError(
                f"--initial must name a species and its amount, but is {one!r}.",
                remedy='Write it as in --initial "Cs=2 mM".',
            )
        found[name.strip()] = quantity(amount.strip(), "mM", key=f"--initial {name.strip()}")
    return found


def _write(path: Path, heads: list[str], rows: Float[np.ndarray, "row column"]) -> None:
    with written_whole(path) as beside, beside.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(heads)
        writer.writerows([[f"{value:.9g}" for value in row] for row in rows.tolist()])


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return "\n".join(
        "  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows
    )
