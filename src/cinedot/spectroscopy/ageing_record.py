"""Intensity against the time of storage or of exposure: the record of a stability test."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.timed import check_timed


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeingRecord:
    """How bright a sample still was, and where it peaked, at several times.

    Attributes:
        time_h: since the beginning, not negative, in order; a time may occur more than once.
        intensity: in any unit.
        label: which condition this is.
        sigma: one standard deviation of each intensity, where known.
        peak_nm: where it peaked, nm; NaN where nobody looked. None without such a column.
        time_unit: how the laboratory counts: "h", "d", "min" or "s".

    Raises:
        InputError: negative times, fewer than two different ones, nothing bright, or sigmas that
            are not positive.

    Example:
        >>> AgeingRecord(
        ...     time_h=np.array([0.0, 10.0]), intensity=np.array([1.0, 0.95]), label="1"
        ... ).last_h
        10.0
    """

    time_h: Float[np.ndarray, " time"]
    intensity: Float[np.ndarray, " time"]
    label: str
    sigma: Float[np.ndarray, " time"] | None = None
    peak_nm: Float[np.ndarray, " time"] | None = None
    time_unit: str = "h"

    def __post_init__(self) -> None:
        place = f"condition {self.label!r}"
        check_timed(
            self.time_h,
            self.intensity,
            self.sigma,
            unit="h",
            since="the beginning of the test",
            label=self.label,
        )
        if len(np.unique(self.time_h)) < 2:
            raise InputError(
                "a stability record must have at least two different times, but has "
                f"{len(np.unique(self.time_h))}.",
                remedy="Give the first intensity and later ones.",
                place=place,
            )

    @property
    def last_h(self) -> float:
        """The last time, h."""
        return float(self.time_h[-1])
