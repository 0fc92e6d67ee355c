"""Numbers as a recipe states them: value, unit, and what their last digit leaves open."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from cinedot.core import InputError
from cinedot.core.units import quantity

Kind = Literal[
    "mass", "volume", "moles", "equivalents", "volumes", "molarity", "mass concentration", "purity"
]

UNITS: dict[Kind, str] = {
    "mass": "mg",
    "volume": "mL",
    "moles": "umol",
    "equivalents": "",
    "volumes": "",
    "molarity": "mM",
    "mass concentration": "mg/mL",
    "purity": "",
}
"""The unit in which each kind of number is kept; umol/mL is mM."""

_PINT = {"mM": "mmol/L", "umol": "umol", "mg/mL": "mg/mL", "mL": "mL", "mg": "mg"}
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")
_SPELLED = str.maketrans({"µ": "u", "μ": "u"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A number of a recipe.

    Attributes:
        kind: what it counts; `UNITS` has its unit.
        value: in that unit.
        half_digit: half of its last significant digit's place, in that unit. Noughts at the end of
            a whole number are not significant: 40 may be anything from 35 to 45.
        text: as it is written, as in "39.6 uL".
    """

    kind: Kind
    value: float
    half_digit: float
    text: str

    def agrees(self, found: float) -> bool:
        """Whether a number rounds to the stated one.

        Args:
            found: in the same unit.

        Example:
            >>> stated = read_stated("2.3", ("equivalents",), key="equivalents")
            >>> stated.agrees(2.231), stated.agrees(2.27)
            (False, True)
        """
        # Rounding is decimal, numbers are binary: the bound itself counts.
        return abs(found - self.value) <= self.half_digit * (1 + 1e-9)

    def scaled(self, factor: float) -> "Stated":
        """The same number of a recipe `factor` times as large; shares and ratios stay."""
        if self.kind not in {"mass", "volume", "moles"}:
            return self
        number, _, unit = self.text.partition(" ")
        return replace(
            self,
            value=self.value * factor,
            half_digit=self.half_digit * factor,
            text=f"{float(number) * factor:.4g} {unit}",
        )


def read_stated(written: object, kinds: tuple[Kind, ...], *, key: str) -> Stated:
    """A number from a recipe file, in the unit of the first of these kinds that its unit fits.

    Args:
        written: a text with a unit, "39.6 uL"; a bare number or a text for equivalents and shares.
        kinds: what it may count.
        key: the key it stands under, for errors.

    Raises:
        InputError: no number, no unit or another, a number that is not above 0.

    Example:
        >>> stated = read_stated("39.6 uL", ("volume",), key="volume")
        >>> round(stated.value, 6), round(stated.half_digit, 6)
        (0.0396, 5e-05)
        >>> read_stated("40 umol/mL", ("molarity",), key="concentration").half_digit
        5.0
    """
    number, unit = _parts(written, kinds, key)
    for kind in kinds:
        target = UNITS[kind]
        if bool(target) != bool(unit):
            continue
        try:
            factor = quantity(f"1 {unit}", _PINT[target], key=key) if unit else 1.0
        except InputError:
            continue
        value = float(number) * factor
        if not 0 < value < float("inf"):
            raise InputError(
                f"`{key}` must be above 0, but is {_shown(written)}.",
                remedy="Check its sign, or leave the line out.",
            )
        half = 0.5 * 10.0 ** _last_place(number) * factor
        return Stated(kind=kind, value=value, half_digit=half, text=f"{number} {unit}".strip())
    wanted = " or ".join(UNITS[kind] or "a bare number" for kind in kinds)
    raise InputError(
        f"`{key}` must be in {wanted}, but is {_shown(written)}.",
        remedy=f'Write it as in {key} = "{_EXAMPLES[kinds[0]]}".',
    )


_EXAMPLES: dict[Kind, str] = {
    "mass": "29.4 mg",
    "volume": "39.6 uL",
    "moles": "80 umol",
    "equivalents": "1.5",
    "volumes": "0.5",
    "molarity": "40 mM",
    "mass concentration": "3 mg/mL",
    "purity": "0.7",
}


def _parts(written: object, kinds: tuple[Kind, ...], key: str) -> tuple[Decimal, str]:
    """Number and unit; "70 %" is a share."""
    if isinstance(written, int | Decimal) and not isinstance(written, bool):
        return Decimal(written), ""
    found = _NUMBER.fullmatch(written.translate(_SPELLED)) if isinstance(written, str) else None
    if found is None:
        raise InputError(
            f"`{key}` must be a number with its unit, but is {_shown(written)}.",
            remedy=f'Write it as in {key} = "{_EXAMPLES[kinds[0]]}".',
        )
    number, unit = Decimal(found[1]), found[2]
    if unit == "%":
        return number / 100, ""
    unit = "" if unit in {"equiv", "eq", "equiv.", "eq."} else unit
    # "M" alone is molar in a laboratory, "m" is not.
    return number, re.sub(r"\b([munp]?)M\b", r"\1mol/L", unit)


def _last_place(number: Decimal) -> int:
    """The power of ten of the last significant digit.

    Example:
        >>> [_last_place(Decimal(text)) for text in ("29.4", "1.50", "40", "15", "8", "0.5")]
        [-1, -2, 1, 0, 0, -1]
    """
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise InputError("a number must be finite.", remedy="Correct it.")
    digits = number.as_tuple().digits
    while exponent >= 0 and len(digits) > 1 and digits[-1] == 0:
        digits, exponent = digits[:-1], exponent + 1
    return exponent


def _shown(written: object) -> str:
    return str(written) if isinstance(written, Decimal) else repr(written)
