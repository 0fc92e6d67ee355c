"""What microscopes and computers there are allow, so that what makes no sense is refused early."""

import os

from cinedot.core import InputError

VOLTAGES_KV = (10.0, 3000.0)
"""Transmission microscopes were built for 10 kV (miniature ones) to 3 MV."""

MOST_DEPTH_NM = 200.0
"""Beyond twice carbon's inelastic mean free path, which is not simulated, hardly any electron at
80 kV has kept its energy."""

PIXELS_NM = (1e-3, 10.0)
"""From a hundredth of an atom to three times a dot."""

MOST_ELECTRONS = 1e8
"""Electrons a pixel: counts of bright fringes must stay within 32 bits."""

MOST_IN_A_FRAME = 1000
"""Tumbles in a frame, small turns of a diffusing dot in a moment: their blur is then complete."""

MOST_HALIDE_STEPS = 20_000
"""Steps of halides in a frame: seconds of computing, and what memory holds of 32 frames."""


def require_range(
    name: str, value: float, least: float, most: float, *, unit: str, remedy: str
) -> None:
    """Refuse a number outside its range, and NaN.

    Raises:
        InputError: as said.

    Example:
        >>> require_range("voltage_kv", 80.0, *VOLTAGES_KV, unit="kV", remedy="Say 80.")
    """
    if not least <= value <= most:
        raise InputError(
            f"`{name}` must be from {least:g} to {most:g} {unit}, but is {value:g}.", remedy=remedy
        )


def require_depth(name: str, value_nm: float) -> None:
    """Refuse carbon that is thicker than electrons pass with their energy kept.

    Raises:
        InputError: as said.
    """
    remedy = "Inelastic scattering, which is not simulated, would dominate; take a thinner one."
    require_range(name, value_nm, 0.0, MOST_DEPTH_NM, unit="nm", remedy=remedy)


def memory_bytes() -> float:
    """The machine's memory; infinite where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):  # Windows knows no sysconf
        return float("inf")
