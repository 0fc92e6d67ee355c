"""Intensity against the time of storage or of exposure: the record of a stability test."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError


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
        if not (np.isfinite(self.time_h).all() and np.isfinite(self.intensity).all()):
            raise InputError(
                "times and intensities must be finite, but some are not.",
                remedy="Leave these rows out.",
                place=place,
            )
        if (self.time_h < 0).any():
            raise InputError(
                f"times must be 0 or more, but one is {float(self.time_h.min()):g} h.",
                remedy="Count them from the beginning of the test.",
                place=place,
            )
        if len(np.unique(self.time_h)) < 2:
            raise InputError(
                "a stability record must have at least two different times, but has "
                f"{len(np.unique(self.time_h))}.",
                remedy="Give the first intensity and later ones.",
                place=place,
            )
        if not (self.intensity > 0).any():
            raise InputError(
                "at least one intensity must be above 0, but none is.",
                remedy="Name the column of intensities in `columns`.",
                place=place,
            )
        if self.sigma is not None and not (self.sigma > 0).all():
            raise InputError(
                "the sigma of an intensity must be above 0, but one is not.",
                remedy="Correct the column of sigmas, or leave it out.",
                place=place,
            )

    @property
    def last_h(self) -> float:
        """The last time, h."""
        return float(self.time_h[-1])
