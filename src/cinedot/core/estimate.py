"""An estimate: a value, how far it may be off, its unit, and how it was reached."""

import math
from dataclasses import dataclass
from typing import Literal

EstimateStatus = Literal["ok", "lower_limit", "upper_limit", "undetermined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One answer with its evidence, as `dossier.json` holds it.

    Attributes:
        value: the number or text found; never NaN.
        sigma: one standard deviation in `unit`, or None where the method gives none.
        unit: the unit of value and sigma; "" for pure numbers and texts.
        method: how it was reached, in a few words.
        status: `ok`; a limit where the data only bound the value; `undetermined` where the
            value is a guess that the data do not support.

    Example:
        >>> Estimate(value=453.1, sigma=0.2, unit="nm", method="Gaussian fit").text()
        '453.10 ± 0.20 nm'
    """

    value: float | str
    sigma: float | None
    unit: str
    method: str
    status: EstimateStatus = "ok"

    def __post_init__(self) -> None:
        for name, number in (("value", self.value), ("sigma", self.sigma)):
            if isinstance(number, float) and not math.isfinite(number):
                raise ValueError(
                    f"`{name}` of an estimate must be finite, but is {number} ({self.method}). "
                    "Where there is no answer, leave the estimate out or say so in `status`."
                )
        if self.sigma is not None and self.sigma < 0:
            raise ValueError(f"`sigma` must not be negative, but is {self.sigma} ({self.method}).")

    def json(self) -> dict[str, float | str | None]:
        """The estimate as the contract of `dossier.json` writes it."""
        return {
            "value": self.value,
            "sigma": self.sigma,
            "unit": self.unit,
            "method": self.method,
            "status": self.status,
        }

    def text(self) -> str:
        """The estimate for a reader: sigma to two digits, the value to the same place."""
        mark = {"lower_limit": "≥ ", "upper_limit": "≤ "}.get(self.status, "")
        number = value_text(self.value, self.sigma)
        if self.sigma is not None:
            number += f" ± {value_text(self.sigma, self.sigma)}"
        return f"{mark}{number} {self.unit}".rstrip()


_LARGE = 1e5
"""From this sigma on numbers are written with an exponent."""


def value_text(value: float | str, sigma: float | None) -> str:
    """A value rounded to the place of sigma's second digit; to four digits without a sigma.

    Example:
        >>> value_text(453.1234, 0.021), value_text(0.97, None), value_text(1234.0, 210.0)
        ('453.123', '0.97', '1234')
        >>> value_text(2.5691e7, 594993.0), value_text(594993.0, 594993.0)
        ('2.569e+07', '5.9e+05')
    """
    if isinstance(value, str):
        return value
    if sigma is None or sigma == 0:
        return f"{value:.4g}"
    place = math.floor(math.log10(sigma))
    decimals = max(0, 1 - place)
    if sigma >= _LARGE:
        digits = math.floor(math.log10(max(abs(value), sigma))) - place + 1
        return f"{value:.{min(digits, 9)}e}"
    if decimals > 7 or abs(value) >= 1e7:
        return f"{value:.4g}"
    return f"{value:.{decimals}f}"
