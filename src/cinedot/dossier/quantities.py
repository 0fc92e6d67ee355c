"""The quantities that a dossier may hold: fixed units, and words for a reader."""

import difflib
import math
import tomllib
from functools import cache
from importlib import resources

from cinedot.core import Estimate, InputError
from cinedot.core.units import quantity
from cinedot.dossier.manifest_numbers import ReportedNumber

TEXTS = (
    "movie.edges",
    "movie.compound",
    "joint.edges",
    "joint.compound",
    "composition.compound",
    "circular_dichroism.cotton_effect",
    "circular_dichroism.mirror",
    "infrared.binding_mode",
    "infrared.deprotonated",
    "titration.route",
    "mass_spectrum.strongest",
)
"""Quantities whose value is a text."""


AUTOMATIC = "automatic_"
"""Before the name of a quantity: what was found before a person corrected it."""


@cache
def known_quantities() -> dict[str, tuple[str, str]]:
    """Quantity ("emission.peak") -> (unit, what a reader calls it).

    Example:
        >>> known_quantities()["emission.peak"]
        ('nm', 'emission peak')
    """
    text = (resources.files("cinedot.dossier") / "schemas" / "quantities.toml").read_text("utf-8")
    return {
        f"{section}.{name}": (unit, label)
        for section, names in tomllib.loads(text).items()
        for name, (unit, label) in names.items()
    }


def general_key(section: str, name: str) -> str:
    """The key of a quantity without a movie's own name: "movie A", "edge" -> "movie.edge"."""
    return f"{section.partition(' ')[0]}.{name}"


def label_of(section: str, name: str) -> str:
    """What a reader calls a quantity of a section."""
    own = name.removeprefix(AUTOMATIC)
    label = known_quantities()[general_key(section, own)][1]
    if own != name:
        label += ", before corrections by hand"
    own_name = section.partition(" ")[2]
    return f"{label} ({own_name})" if own_name else label


def reported_estimate(key: str, number: ReportedNumber) -> Estimate:
    """A number of `[reported]` in the unit that its key has in the dossier.

    Raises:
        InputError: an unknown key, or a unit of another dimension.
    """
    section, _, name = key.rpartition(".")
    known = known_quantities()
    general = general_key(section, name)
    if general not in known:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
        hint = f"The nearest is `{near[0]}`." if near else f"Known are {', '.join(known)}."
        raise InputError(f"`{key}` is no quantity of a dossier.", remedy=hint, place="[reported]")
    unit = known[general][0]
    if isinstance(number.value, str) and general in TEXTS:
        return Estimate(value=number.value, sigma=None, unit=unit, method="reported")
    return stated_estimate(number, unit, key=key, place="[reported]")


def stated_estimate(number: ReportedNumber, unit: str, *, key: str, place: str) -> Estimate:
    """A number that somebody states, in a unit; its sigma is that of its last digit unless given.

    Args:
        number: as it is written.
        unit: the unit wanted.
        key: what it is called.
        place: where it stands.

    Raises:
        InputError: a text, or a unit of another dimension.
    """
    value, sigma = number.value, number.sigma
    if isinstance(value, str):
        raise InputError(
            f"`{key}` must be a number, but is {value!r}.",
            remedy=f'Write it as in "{key}" = "1.0 {unit}".'.replace(' "', '"'),
            place=place,
        )
    scale = 1.0
    if number.unit and number.unit != unit:
        scale = quantity(f"1 {number.unit}", unit.replace("per ", "1/"), key=key)
    if sigma is not None:
        method = "reported"
    else:
        # A rounded number lies anywhere within half of its last digit.
        sigma, method = number.rounding / math.sqrt(3), "reported; sigma from its last digit"
    return Estimate(value=value * scale, sigma=sigma * scale, unit=unit, method=method)
