"""What every record of intensities against time must be, whatever rises or fades in it."""

import numpy as np
from jaxtyping import Float

from cinedot.core.errors import InputError


def check_timed(
    time: Float[np.ndarray, " time"],
    intensity: Float[np.ndarray, " time"],
    sigma: Float[np.ndarray, " time"] | None,
    *,
    unit: str,
    since: str,
    label: str,
) -> None:
    """See that intensities against time can be fitted.

    Args:
        time: of each, in `unit`.
        intensity: the instrument's units.
        sigma: one standard deviation of each, where known.
        unit: of the times.
        since: what they count from, as in "mixing".
        label: the record's.

    Raises:
        InputError: times or intensities that are not finite, times before 0, no intensity above 0,
            a sigma that is not.

    Example:
        >>> time_min = np.array([0.0, 4.0])
        >>> check_timed(time_min, np.ones(2), None, unit="min", since="mixing", label="a")
    """
    place = f"condition {label!r}"
    if not (np.isfinite(time).all() and np.isfinite(intensity).all()):
        raise InputError(
            "times and intensities must be finite, but some are not.",
            remedy="Leave these rows out.",
            place=place,
        )
    if (time < 0).any():
        raise InputError(
            f"times must be 0 or more, but one is {float(time.min()):g} {unit}.",
            remedy=f"Count them from {since}.",
            place=place,
        )
    if not (intensity > 0).any():
        raise InputError(
            "at least one intensity must be above 0, but none is.",
            remedy="Name the column of intensities in `columns`.",
            place=place,
        )
    if sigma is not None and not (sigma > 0).all():
        raise InputError(
            "the sigma of an intensity must be above 0, but one is not.",
            remedy="Correct the column of sigmas, or leave it out.",
            place=place,
        )
