"""Numbers of `sample.toml` that were found elsewhere: with a unit, a sigma, or a last digit."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from cinedot.core import InputError
from cinedot.dossier.manifest_section import Section


class ReportedNumber(Section):
    """A number known without a recording."""

    value: float | str
    sigma: float | None = Field(default=None, ge=0)
    unit: str | None = None
    rounding: float = 0.0
    """Half of the last digit's place: what a number without a sigma leaves open."""


_NUMBER_WITH_UNIT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)")


def _reported(value: Any) -> Any:  # noqa: ANN401 - TOML holds anything
    """A number, "453 nm", or { value = 237, sigma = 6 } as the fields of `ReportedNumber`."""
    if isinstance(value, dict):
        if "value" not in value:
            raise InputError(
                "a reported number must have a `value`, but this table has none.",
                remedy='Keys with a dot stand in quotes, as in "emission.peak" = "453 nm".',
            )
        return {**_reported(value["value"]), **{k: v for k, v in value.items() if k != "value"}}
    if isinstance(value, str):
        found = _NUMBER_WITH_UNIT.fullmatch(value)
        if found is None:
            return {"value": value}
        return {
            "value": float(found[1]),
            "rounding": _last_digit(found[1]) / 2,
            **({"unit": found[2].strip()} if found[2].strip() else {}),
        }
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(
            f"a reported number must be a number or a text, but is {value!r}.",
            remedy='Write it as in "emission.peak" = "453 nm".',
        )
    return {"value": float(value), "rounding": _last_digit(repr(value)) / 2}


def _last_digit(number: str) -> float:
    """The place value of a number's last digit.

    Example:
        >>> _last_digit("453"), _last_digit("14.9"), _last_digit("10.6e7")
        (1.0, 0.1, 1000000.0)
    """
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(f"1e{int(exponent or 0) - decimals}")


def _by_size(value: Any) -> Any:  # noqa: ANN401 - TOML holds anything
    """A table whose keys are numbers of Pb atoms, as numbers."""
    if not isinstance(value, dict):
        return value
    for key in value:
        if not (isinstance(key, int) or str(key).isdecimal()):
            raise InputError(
                f"its keys must be numbers of Pb atoms an edge, but one is {key!r}.",
                remedy='Write it as in { 4 = "453 nm", 5 = "473 nm" }.',
            )
    return {int(key): one for key, one in value.items()}


Reported = Annotated[ReportedNumber, BeforeValidator(_reported)]
"""A reported number as a person may write it."""

Stated = Annotated[dict[int, Reported], BeforeValidator(_by_size)]
"""A number with its sigma for some n."""
