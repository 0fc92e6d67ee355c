"""Whether a lattice is the same all over a field: each fringe again in the four quadrants."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy.stats
from jaxtyping import Float

from cinedot.core import Image
from cinedot.micrographs.fringe_fit import Fringe, fitted_fringe
from cinedot.micrographs.fringes import noise_near
from cinedot.micrographs.power import (
    FEWEST_PIXELS,
    PowerSpectrum,
    cut_region,
    power_spectrum,
    windowed,
)

Verdict = Literal["homogeneous", "drifts", "undecided"]

UNLIKELY = 1e-3
"""Probability below which the quadrants' scatter is not chance."""

_LEAST_SNR = 4.0
"""A quadrant's peak below this is taken for noise: it would be pulled to the nearest maximum."""

_FEWEST_PERIODS = 2.0
"""Periods across a quadrant below which its window no longer tells a wave from its twin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Homogeneity:
    """One fringe over the four quadrants of its field.

    Attributes:
        fringe: that of the whole field, with the drift in its `sigma_systematic_nm`.
        quadrants: the same fringe top left, top right, bottom left, bottom right; None where it
            does not stand out.
        drift_nm: standard deviation of the spacing from quadrant to quadrant beyond the noise;
            None where fewer than three show it.
        p_value: chance of such a scatter of wave vectors from the noise and from what a few
            cells leave open.
        verdict: "homogeneous", "drifts" (p below `UNLIKELY`) or "undecided".
    """

    fringe: Fringe
    quadrants: tuple[Fringe | None, ...]
    drift_nm: float | None
    p_value: float | None
    verdict: Verdict


def homogeneity(
    image: Image,
    fringes: Sequence[Fringe],
    *,
    region: tuple[float, float, float, float] | None = None,
) -> tuple[Homogeneity, ...]:
    """Each fringe of a field measured again in its four quadrants.

    A spacing that drifts over the field by s is known in its mean to s / 2 only, however small
    the noise is; so much, and by how much the quadrants' mean differs from the whole field's,
    whose window favours the middle, is added to `sigma_systematic_nm`.

    Args:
        image: intensities with their scale.
        fringes: of this image and region, from `lattice_fringes`.
        region: x0, y0, x1, y1 in nm from the centre of the first pixel; None is all.

    Raises:
        InputError: a region with too few pixels.

    Example:
        >>> from cinedot.micrographs.fringes import lattice_fringes
        >>> x = np.arange(128) * 0.02
        >>> waves = np.cos(2 * np.pi * x / 0.3)[None, :] * np.ones((128, 1))
        >>> noisy = waves + np.random.default_rng(1).normal(size=(128, 128))
        >>> image = Image(data=noisy, pixel_x_nm=0.02, pixel_y_nm=0.02, name="waves")
        >>> homogeneity(image, lattice_fringes(image))[0].verdict
        'homogeneous'
    """
    field, _ = cut_region(image, region)
    rows, columns = field.shape
    quarters: list[Float[np.ndarray, "y x"]] = []
    if min(rows, columns) >= 2 * FEWEST_PIXELS:
        for top in (0, rows - rows // 2):
            for left in (0, columns - columns // 2):
                quarters.append(field[top : top + rows // 2, left : left + columns // 2])
    images = [replace(image, data=quarter) for quarter in quarters]
    prepared = [(part, windowed(part.data), power_spectrum(part)) for part in images]
    return tuple(_judged(one, tuple(_seen_in(*part, one) for part in prepared)) for one in fringes)


def _seen_in(
    part: Image, weighted: Float[np.ndarray, "y x"], spectrum: PowerSpectrum, fringe: Fringe
) -> Fringe | None:
    rows, columns = part.data.shape
    width, height = columns * part.pixel_x_nm, rows * part.pixel_y_nm
    if min(width, height) < _FEWEST_PERIODS * fringe.spacing_nm:
        return None
    qx, qy = fringe.qx_per_nm, fringe.qy_per_nm
    if qx < 0:
        qx, qy = -qx, -qy
    row = int(np.argmin(np.abs(spectrum.qy_per_nm - qy)))
    column = int(np.argmin(np.abs(spectrum.qx_per_nm - qx)))
    local = fitted_fringe(weighted, part, (qx, qy), noise_near(spectrum, row, column))
    away = np.abs(_nearer_twin(local, fringe) - fringe.wave_vector_per_nm)
    bins = away * (width, height)
    # `fitted_fringe` stops a bin away: what ended there has found no maximum.
    return local if local.snr >= _LEAST_SNR and float(bins.max()) < 0.99 else None


def _nearer_twin(local: Fringe, fringe: Fringe) -> Float[np.ndarray, "2"]:
    vector = local.wave_vector_per_nm
    return vector if float(vector @ fringe.wave_vector_per_nm) > 0 else -vector


def _judged(fringe: Fringe, seen: tuple[Fringe | None, ...]) -> Homogeneity:
    there = [one for one in seen if one is not None]
    if len(there) < 3:
        return Homogeneity(
            fringe=fringe, quadrants=seen, drift_nm=None, p_value=None, verdict="undecided"
        )
    spacings = np.array([one.spacing_nm for one in there])
    noise = np.array([one.sigma_nm for one in there])
    angles = np.array([(one.angle_deg - fringe.angle_deg + 90) % 180 - 90 for one in there])
    turns = np.array([one.sigma_angle_deg for one in there])
    open_nm = np.array([one.sigma_total_nm for one in there])
    # What the window leaves open of a length leaves the same part of it open as an angle.
    open_deg = np.hypot(turns, np.degrees(np.sqrt(open_nm**2 - noise**2) / spacings))
    total = _chi_square(spacings, open_nm) + _chi_square(angles, open_deg)
    chance = float(scipy.stats.chi2.sf(total, 2 * (len(there) - 1)))
    drift = float(np.sqrt(max(spacings.var(ddof=1) - float((noise**2).mean()), 0.0)))
    apart = abs(float(spacings.mean()) - fringe.spacing_nm)
    apart = max(0.0, apart - float(np.sqrt((noise**2).sum())) / len(there))
    known_to = float(np.hypot(drift / np.sqrt(len(there)), apart))
    systematic = float(np.hypot(fringe.sigma_systematic_nm, known_to))
    return Homogeneity(
        fringe=replace(fringe, sigma_systematic_nm=systematic),
        quadrants=seen,
        drift_nm=drift,
        p_value=chance,
        verdict="drifts" if chance < UNLIKELY else "homogeneous",
    )


def _chi_square(values: Float[np.ndarray, " n"], sigmas: Float[np.ndarray, " n"]) -> float:
    weights = 1 / sigmas**2
    mean = float((weights * values).sum() / weights.sum())
    return float((weights * (values - mean) ** 2).sum())
