"""The dose that a movie's electrons make, and whether it is the one that was set."""

import math
from dataclasses import dataclass
from typing import Literal

from cinedot.core import Estimate, InputError, Movie

DOSE_TOLERANCE = 0.15
"""Two measurements of a dose rate further apart than this share disagree."""

SURE_SIGMA = 3.0
"""Sigmas beyond the tolerance at which even a loose measurement disagrees."""


def dose_rate(electrons: Estimate, movie: Movie) -> Estimate:
    """Electrons per nm2 and second: those of a pixel and frame over the pixel's area and time.

    Args:
        electrons: per pixel and frame, as `count_electrons` gives them.
        movie: its pixel size and frame time.

    Raises:
        InputError: the movie knows no pixel size or no frame time.

    Example:
        >>> import numpy as np
        >>> from cinedot.core import ArrayFrames
        >>> frames = ArrayFrames(frames=np.zeros((2, 4, 4)))
        >>> movie = Movie(frames=frames, name="", frame_s=0.02, pixel_x_nm=0.042, pixel_y_nm=0.042)
        >>> counted = Estimate(value=882.0, sigma=18.0, unit="e/pixel", method="noise")
        >>> dose_rate(counted, movie).text()
        '2.500e+07 ± 5.1e+05 e/nm2/s'
    """
    for name, known, key in (
        ("pixel size", movie.pixel_x_nm and movie.pixel_y_nm, 'pixel_size = "0.042 nm"'),
        ("frame time", movie.frame_s, 'frame_time = "20 ms"'),
    ):
        if not known:
            raise InputError(
                f"the {name} must be known to tell a dose rate, but the file does not state it.",
                remedy=f"Give it in sample.toml, as in {key}.",
                file=movie.name,
            )
    share = (movie.pixel_x_nm or 1) * (movie.pixel_y_nm or 1) * (movie.frame_s or 1)
    return Estimate(
        value=float(electrons.value) / share,
        sigma=None if electrons.sigma is None else electrons.sigma / share,
        unit="e/nm2/s",
        method=electrons.method,
        status=electrons.status,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseComparison:
    """Two measurements of one dose rate.

    Attributes:
        status: `agree` within 15 %, `tension` beyond, `undecided` where the measurement is too
            loose for the distance that it finds, or only bounds the dose.
        ratio: measured over stated.
        detail: a sentence for the reader.
    """

    status: Literal["agree", "tension", "undecided"]
    ratio: float
    detail: str


def compare_dose_rates(
    measured: Estimate, stated_e_per_nm2_s: float, *, tolerance: float = DOSE_TOLERANCE
) -> DoseComparison:
    """Whether the dose rate from the noise is the one that was stated.

    Undecided is a measurement whose sigma is above the tolerance, unless it lies further than
    `SURE_SIGMA` of it beyond the tolerance, and an upper limit above what was stated.

    Args:
        measured: from `dose_rate`, e/nm2/s.
        stated_e_per_nm2_s: as a person set or read it.
        tolerance: largest share between them that agrees.

    Raises:
        InputError: a stated rate that is not positive.

    Example:
        >>> noise = Estimate(value=2.1e7, sigma=4e5, unit="e/nm2/s", method="noise")
        >>> compare_dose_rates(noise, 2.0e7).status, compare_dose_rates(noise, 2.8e7).status
        ('agree', 'tension')
        >>> loose = Estimate(value=6e7, sigma=4e6, unit="e/nm2/s", method="noise")
        >>> compare_dose_rates(loose, 2.0e7).status
        'tension'
    """
    if not (stated_e_per_nm2_s > 0 and math.isfinite(stated_e_per_nm2_s)):
        raise InputError(
            f"`dose_rate` must be positive, but is {stated_e_per_nm2_s}.",
            remedy='Write it as in dose_rate = "2.5e7 e/nm2/s".',
        )
    ratio = float(measured.value) / stated_e_per_nm2_s
    spread = (measured.sigma or 0.0) / stated_e_per_nm2_s
    told = (
        f"the noise gives {measured.value:.3g} e/nm2/s, {stated_e_per_nm2_s:.3g} was stated: "
        f"a ratio of {ratio:.2f} ± {spread:.2f}"
    )
    bounded = (measured.status == "upper_limit" and ratio > 1 + tolerance) or (
        measured.status == "lower_limit" and ratio < 1 - tolerance
    )
    if measured.status == "undetermined" or bounded:
        return DoseComparison(
            status="undecided", ratio=ratio, detail=f"{told}, a limit only: state `offset`."
        )
    if spread > tolerance and abs(ratio - 1) - tolerance <= SURE_SIGMA * spread:
        return DoseComparison(status="undecided", ratio=ratio, detail=f"{told}, too loose to say.")
    if abs(ratio - 1) <= tolerance:
        return DoseComparison(status="agree", ratio=ratio, detail=f"{told}.")
    return DoseComparison(
        status="tension",
        ratio=ratio,
        detail=f"{told}: check gain, pixel size, frame time, the camera's losses, and the dose.",
    )
