"""What a fitted scale says of the stored one, and what may and may not verify it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cinedot.micrographs.calibration import Calibration
from cinedot.micrographs.indexing import Indexing

CheckStatus = Literal["agree", "tension", "undecided", "circular"]

WARN_PERCENT = 2.0
"""Difference of a stored scale from the fitted one that a reader must be warned of."""

_SIGNIFICANT = 3.0
"""Sigmas from which on a shear is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleCheck:
    """What a dossier's check says; the same fields.

    Attributes:
        name: the question.
        status: agree, tension, undecided or circular.
        detail: one sentence with the numbers.
    """

    name: str
    status: CheckStatus
    detail: str


def scale_check(calibration: Calibration) -> ScaleCheck:
    """Whether the stored scale is the fitted one: a difference above 2 % is a tension.

    Undecided where the fitted scale's own two sigmas leave open on which side of 2 % it lies.

    Example:
        >>> from cinedot.core import Image
        >>> from cinedot.micrographs.calibration import calibrate
        >>> from cinedot.micrographs.fringe_fit import fringe_of
        >>> from cinedot.micrographs.indexing import index_fringes
        >>> from cinedot.micrographs.lattices import Lattice
        >>> image = Image(data=np.zeros((16, 16)), pixel_x_nm=0.0123, pixel_y_nm=0.0123, name="i")
        >>> seen = [fringe_of((2.4, 0.0)), fringe_of((0.0, 2.5)), fringe_of((2.4, 2.5))]
        >>> indexing = index_fringes(seen, Lattice.cubic("SrTiO3", 0.3905), tolerance=0.08)
        >>> found = calibrate(image, indexing)
        >>> scale_check(found).status, lattice_check(found, indexing).status
        ('tension', 'circular')
    """
    worst, open_percent = 0.0, 0.0
    parts: list[str] = []
    for axis, difference, fitted, stored in (
        ("x", calibration.difference_x_percent, calibration.pixel_x_nm, calibration.stored_x_nm),
        ("y", calibration.difference_y_percent, calibration.pixel_y_nm, calibration.stored_y_nm),
    ):
        parts.append(f"{axis} {fitted.text()} fitted, {stored:.6g} nm stored ({difference:+.1f} %)")
        if abs(difference) >= worst:
            worst = abs(difference)
            open_percent = 200 * (fitted.sigma or 0.0) / float(fitted.value)
    status: CheckStatus = "tension" if worst > WARN_PERCENT else "agree"
    if abs(worst - WARN_PERCENT) < open_percent:
        status = "undecided"
    said = f"{calibration.name} against the lattice of {calibration.lattice.name}: "
    shear = calibration.shear_deg
    if shear is not None and abs(float(shear.value)) > _SIGNIFICANT * (shear.sigma or 0.0):
        parts.append(f"its axes are {shear.text()} off the right angle")
    return ScaleCheck(name="pixel size", status=status, detail=said + "; ".join(parts) + ".")


def lattice_check(calibration: Calibration, indexing: Indexing) -> ScaleCheck:
    """Whether fringes under a calibration verify it: never those of the lattice it came from.

    Another lattice does: its fringes, indexed with the calibrated scale, must have its spacings
    within their sigmas and the calibration's.

    Args:
        calibration: what is to be verified.
        indexing: fringes of the calibrated image against a lattice.
    """
    name = f"calibration by {calibration.lattice.name}"
    if indexing.lattice.name == calibration.lattice.name:
        detail = (
            f"The scale was fitted to {calibration.lattice.name}: that its spacings come out "
            "right says nothing."
        )
        return ScaleCheck(name=name, status="circular", detail=detail)
    known = [one for one in indexing.fringes if one.expected_nm is not None]
    if not known:
        detail = f"No fringe fits {indexing.lattice.name}."
        return ScaleCheck(name=name, status="undecided", detail=detail)
    parts = np.array([one.fringe.spacing_nm / (one.expected_nm or 1.0) - 1 for one in known])
    open_parts = [one.fringe.sigma_total_nm / (one.expected_nm or 1.0) for one in known]
    scales = (calibration.pixel_x_nm, calibration.pixel_y_nm)
    scale = max((one.sigma or 0.0) / float(one.value) for one in scales)
    weights = 1 / np.maximum(open_parts, 1e-9) ** 2
    mean = float((weights * parts).sum() / weights.sum())
    sigma = float(np.hypot(1 / np.sqrt(weights.sum()), scale))
    status: CheckStatus = "agree" if abs(mean) < 2 * sigma else "undecided"
    if abs(mean) > 3 * sigma:
        status = "tension"
    detail = (
        f"{len(known)} fringes of {indexing.lattice.name} are {100 * mean:+.2f} % off their "
        f"spacings, known to {100 * sigma:.2f} %."
    )
    return ScaleCheck(name=name, status=status, detail=detail)
