"""Numbers of `sample.toml` that may carry their unit as text: checked, and turned into one unit."""

import math
from typing import Annotated, Any

from pydantic import BeforeValidator

from cinedot.core import InputError
from cinedot.core.units import quantity


def _in(unit: str, *, positive: bool = True, zero: bool = False) -> BeforeValidator:
    """Turn "20 ms" or a bare number into a float in `unit`: above 0, from 0, or of any sign."""

    def convert(value: Any, info: Any) -> float:  # noqa: ANN401 - TOML holds anything
        key = (info.field_name or "value").removesuffix(_unit_suffix(unit))
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InputError(
                f"`{key}` must be a number or a text with a unit, but is {value!r}.",
                remedy=f'Write it as in {key} = "1.0 {unit}".',
            )
        number = quantity(value, unit, key=key)
        if not math.isfinite(number):
            raise InputError(
                f"`{key}` must be a finite number, but is {value!r}.", remedy="Correct it."
            )
        if positive and (number < 0 or (number == 0 and not zero)):
            raise InputError(
                f"`{key}` must be {'0 or more' if zero else f'above 0 {unit}'}, but is {value!r}.",
                remedy="Check its sign and unit.",
            )
        return number

    return BeforeValidator(convert)


def _unit_suffix(unit: str) -> str:
    if unit.startswith("1/"):
        return "_per_" + unit[2:]
    return "_" + unit.lower().replace("/", "_per_").replace("^", "").replace("_per_s", "_s")


Nanometre = Annotated[float, _in("nm")]
NanometreOrNone = Annotated[float, _in("nm", zero=True)]
SignedNanometre = Annotated[float, _in("nm", positive=False)]
Second = Annotated[float, _in("s")]
Kilovolt = Annotated[float, _in("kV")]
Electronvolt = Annotated[float, _in("eV", zero=True)]
Micrometre = Annotated[float, _in("um", positive=False)]
Nanosecond = Annotated[float, _in("ns")]
Centimetre = Annotated[float, _in("cm")]
PartsPerMillion = Annotated[float, _in("ppm")]
Wavenumber = Annotated[float, _in("1/cm")]
DoseRate = Annotated[float, _in("e/nm^2/s")]
Degree = Annotated[float, _in("deg")]
