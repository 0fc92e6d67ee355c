"""What makes a frame unfit to measure in: told, so that an analysis can pass over it."""

import numpy as np
from jaxtyping import Shaped

_LEAST_SATURATED = 0.002
"""Share of pixels at the greatest value from which it is a ceiling: noise leaves a few at most."""

_LEAST_VALUES = 8
"""With fewer different values, as of counted electrons, no plateau can be told from chance."""

_LEAST_LOST = 2
"""Rows without any signal from which a transfer broke off."""


def frame_faults(image: Shaped[np.ndarray, "y x"]) -> tuple[str, ...]:
    """What is wrong with a frame; nothing where it is sound.

    A frame is unfit when it has pixels that are not finite, is zero or of one value everywhere,
    when pixels stand at a ceiling (the number type's, or a plateau at the greatest value), or
    when rows at its top or bottom are all zero while others are not.

    Args:
        image: intensities [y, x], in the file's own number type, so that its ceiling is known.

    Returns:
        One text a fault, as "saturated: 3.2 % of the pixels stand at 65535".

    Example:
        >>> frame_faults(np.zeros((4, 4)))
        ('all pixels are zero',)
        >>> frame_faults(np.arange(16).reshape(4, 4) + 1)
        ()
    """
    if image.size == 0:
        return ("no pixels",)
    if np.issubdtype(image.dtype, np.inexact):
        bad = ~np.isfinite(image)
        if bad.any():
            return (
                f"not finite: {100 * float(bad.mean()):.2g} % of the pixels are NaN or infinite",
            )
    least, greatest = image.min(), image.max()
    if least == greatest:
        return ("all pixels are zero",) if least == 0 else (f"all pixels are {least:g}",)
    found = (_saturation(image, float(greatest)), _lost_rows(image))
    return tuple(text for text in found if text)


def _saturation(image: Shaped[np.ndarray, "y x"], greatest: float) -> str:
    """Pixels at the greatest value, where so many are no chance.

    Steps between numbers make a few of the greatest alike, so a plateau must hold more than the
    next values below it together.
    """
    share = float(np.mean(image == greatest))
    whole = np.issubdtype(image.dtype, np.integer)
    at_ceiling = whole and greatest == np.iinfo(image.dtype).max
    if share < _LEAST_SATURATED:
        return ""
    counts = np.unique(image, return_counts=True)[1]
    plateau = len(counts) > _LEAST_VALUES and counts[-1] > counts[-4:-1].sum()
    if not (at_ceiling or plateau):
        return ""
    return f"saturated: {100 * share:.2g} % of the pixels stand at {greatest:g}"


def _lost_rows(image: Shaped[np.ndarray, "y x"]) -> str:
    dark = np.asarray(np.all(image == 0, axis=1))
    lost = max(_run(dark), _run(dark[::-1]))
    return f"cut short: {lost} rows are all zero" if lost >= _LEAST_LOST else ""


def _run(flags: Shaped[np.ndarray, " row"]) -> int:
    """How many flags are set at the beginning."""
    return int(np.argmin(flags)) if not flags.all() else len(flags)
