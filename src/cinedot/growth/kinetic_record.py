"""Intensity against the time since mixing: the record of a growth."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError

LEAST_TIMES = 6
"""Fewer times tell no law of rise from another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KineticRecord:
    """How bright a growing sample was at several times.

    Attributes:
        time_min: since mixing, min; not negative, rising.
        intensity: in any unit.
        label: which condition this is.
        sigma: one standard deviation of each intensity, where known.
        wavelength_nm: where it was taken, nm, if at one wavelength; None where nobody said, or
            where it is the light of a whole band.
        whole: whether it is the light of a band, wherever that lies.

    Raises:
        InputError: negative or repeated times, fewer than 6 of them, nothing bright, or sigmas
            that are not positive.

    Example:
        >>> record = KineticRecord(
        ...     time_min=np.arange(8.0), intensity=np.arange(8.0), label="1")
        >>> record.span_min, record.step_min
        (7.0, 1.0)
    """

    time_min: Float[np.ndarray, " time"]
    intensity: Float[np.ndarray, " time"]
    label: str
    sigma: Float[np.ndarray, " time"] | None = None
    wavelength_nm: float | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        place = f"condition {self.label!r}"
        if not (np.isfinite(self.time_min).all() and np.isfinite(self.intensity).all()):
            raise InputError(
                "times and intensities must be finite, but some are not.",
                remedy="Leave these rows out.",
                place=place,
            )
        if (self.time_min < 0).any():
            raise InputError(
                f"times must be 0 or more, but one is {float(self.time_min.min()):g} min.",
                remedy="Count them from mixing.",
                place=place,
            )
        if (np.diff(self.time_min) <= 0).any():
            at = float(self.time_min[1:][np.diff(self.time_min) <= 0][0])
            raise InputError(
                f"each time must stand once, but {at:g} min is repeated.",
                remedy="Average its intensities, or leave one out.",
                place=place,
            )
        if len(self.time_min) < LEAST_TIMES:
            raise InputError(
                f"a kinetic record must have at least {LEAST_TIMES} times, but has "
                f"{len(self.time_min)}.",
                remedy="Fewer do not tell one law of rise from another.",
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
    def span_min(self) -> float:
        """The last time, min."""
        return float(self.time_min[-1])

    @property
    def step_min(self) -> float:
        """The median step between times, min."""
        return float(np.median(np.diff(self.time_min)))

    def named(self, label: str) -> "KineticRecord":
        """The same record under another name."""
        return replace(self, label=label)
