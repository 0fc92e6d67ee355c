"""Intensity against the time since mixing: the record of a growth."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.timed import check_timed

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
        check_timed(
            self.time_min,
            self.intensity,
            self.sigma,
            unit="min",
            since="mixing",
            label=self.label,
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
