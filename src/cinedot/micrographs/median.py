"""A median with its standard error."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def median_with_error(
    values: Float[np.ndarray, " value"] | Sequence[float], *, independent: float | None = None
) -> tuple[float, float]:
    """Median, and its standard error from the scatter: 1.2533 s / sqrt(N) for normal values.

    The scatter s is half the way between the 15.87th and 84.13th percentiles.

    Args:
        values: at least one.
        independent: how many of them are independent; None is all.

    Example:
        >>> median, error = median_with_error([1.0, 2.0, 3.0, 4.0, 5.0])
        >>> median, round(error, 3)
        (3.0, 0.765)
    """
    low, middle, high = np.percentile(values, [15.865525, 50, 84.134475])
    number = len(values) if independent is None else independent
    return float(middle), 1.2533 * float(high - low) / 2 / float(np.sqrt(number))
