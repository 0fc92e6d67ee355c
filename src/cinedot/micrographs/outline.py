"""The outline of one candidate, from its lattice's envelope or from its contrast."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from jaxtyping import Bool, Float

from cinedot.core import Image
from cinedot.micrographs.detection import Candidate
from cinedot.micrographs.envelope import BLUR_NM, envelope, envelope_over_ground, lattice_peaks
from cinedot.micrographs.local_lattice import LatticeMap
from cinedot.micrographs.silhouette import Square, contour_around, fit_square

_STEP_NM = 0.2
"""Envelopes are blurred over 0.28 nm: places this far apart hold all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A fitted square and the contour at half of its height (x, y in nm)."""

    square: Square
    contour_nm: Float[np.ndarray, "corner 2"]


def outline_by_lattice(lattice: LatticeMap, candidate: Candidate) -> Outline | None:
    """The outline of a place's own lattice: where its waves are strong.

    Args:
        lattice: the image's windows.
        candidate: the place and its rough size.
    """
    return _outline_of(envelope, lattice, candidate)


def outline_over_support(lattice: LatticeMap, candidate: Candidate) -> Outline | None:
    """As `outline_by_lattice`, less the power that a support has at the same place.

    Slower, and needed where the ground differs from one side of the particle to the other.
    """
    return _outline_of(envelope_over_ground, lattice, candidate)


def _outline_of(
    strength: Callable[..., Float[np.ndarray, "y x"]], lattice: LatticeMap, candidate: Candidate
) -> Outline | None:
    """The outline of where a candidate's waves are strong, by either measure of strength."""
    waves, grounds = lattice_peaks(lattice, candidate.x_nm, candidate.y_nm)
    cut, x_nm, y_nm = _cut(lattice.image, candidate, reach_nm=0.8 * candidate.size_nm + 1.8)
    level = strength(cut, waves, grounds)
    by_y, by_x = (max(1, round(_STEP_NM / pixel)) for pixel in (cut.pixel_y_nm, cut.pixel_x_nm))
    level, x_nm, y_nm = level[::by_y, ::by_x], x_nm[::by_x], y_nm[::by_y]
    return _outline(level, x_nm, y_nm, candidate, blur_nm=BLUR_NM, mask=None)


def outline_by_contrast(
    image: Image, candidate: Candidate, others: Sequence[Candidate], *, bright: bool
) -> Outline | None:
    """The outline of a place darker or brighter than its ground.

    Args:
        image: intensities with their scale.
        candidate: the place and its rough size.
        others: all candidates: pixels nearer to another's centre, in units of its size, are
            left out of the fit.
        bright: whether it is the brighter side.
    """
    cut, x_nm, y_nm = _cut(image, candidate, reach_nm=1.3 * candidate.size_nm)
    level = cut.data.astype(np.float64) * (1 if bright else -1)
    blur = max(0.12 * candidate.size_nm, 0.6 * image.pixel_nm)
    level = scipy.ndimage.gaussian_filter(level, 0.5 * blur / image.pixel_nm, mode="nearest")
    mask = _own(x_nm, y_nm, candidate, others)
    return _outline(level, x_nm, y_nm, candidate, blur_nm=blur, mask=mask)


def _outline(
    level: Float[np.ndarray, "y x"],
    x_nm: Float[np.ndarray, " x"],
    y_nm: Float[np.ndarray, " y"],
    candidate: Candidate,
    *,
    blur_nm: float,
    mask: Bool[np.ndarray, "y x"] | None,
) -> Outline | None:
    if min(level.shape) < 6:
        return None
    start = (candidate.x_nm, candidate.y_nm, candidate.size_nm)
    square = fit_square(level, x_nm, y_nm, start=start, blur_nm=blur_nm, mask=mask)
    if square is None or square.contrast <= 0:
        return None
    height = square.ground + 0.5 * square.contrast * square.noise
    seen = level if mask is None else np.where(mask, level, level.min())
    contour = contour_around(seen, x_nm, y_nm, height=height, centre=(square.x_nm, square.y_nm))
    if contour is None or len(contour) < 5:
        return None
    return Outline(square=square, contour_nm=contour)


def _cut(
    image: Image, candidate: Candidate, *, reach_nm: float
) -> tuple[Image, Float[np.ndarray, " x"], Float[np.ndarray, " y"]]:
    """The pixels around a candidate with their places."""
    rows, columns = image.data.shape
    left = max(0, int((candidate.x_nm - reach_nm) / image.pixel_x_nm))
    right = min(columns, int((candidate.x_nm + reach_nm) / image.pixel_x_nm) + 2)
    top = max(0, int((candidate.y_nm - reach_nm) / image.pixel_y_nm))
    bottom = min(rows, int((candidate.y_nm + reach_nm) / image.pixel_y_nm) + 2)
    part = Image(
        data=image.data[top:bottom, left:right],
        pixel_x_nm=image.pixel_x_nm,
        pixel_y_nm=image.pixel_y_nm,
        name=image.name,
    )
    x_nm = np.arange(left, right) * image.pixel_x_nm
    return part, x_nm, np.arange(top, bottom) * image.pixel_y_nm


def _own(
    x_nm: Float[np.ndarray, " x"],
    y_nm: Float[np.ndarray, " y"],
    candidate: Candidate,
    others: Sequence[Candidate],
) -> Bool[np.ndarray, "y x"]:
    def nearness(one: Candidate) -> Float[np.ndarray, "y x"]:
        return np.hypot(x_nm - one.x_nm, (y_nm - one.y_nm)[:, None]) / one.size_nm

    own = nearness(candidate)
    mask = np.ones(own.shape, bool)
    for other in others:
        apart = np.hypot(other.x_nm - candidate.x_nm, other.y_nm - candidate.y_nm)
        if 0.5 * (candidate.size_nm + other.size_nm) < apart < 4 * candidate.size_nm:
            mask &= (own <= nearness(other)) | (nearness(other) > 1.0)
    return mask
