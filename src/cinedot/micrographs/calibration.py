"""The scale that a known lattice gives, x and y apart, beside the one that a file states."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from cinedot.core import AnalysisError, Estimate, Image
from cinedot.micrographs.indexing import Indexing
from cinedot.micrographs.lattices import Lattice, Miller, spacing_nm
from cinedot.micrographs.zones import flat_vectors

_METHOD = "lattice of {name}, {count} reflections"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """A reflection predicted by a calibration that had not seen it, nor its multiples.

    Attributes:
        hkl: which.
        measured_nm: its spacing under that calibration.
        expected_nm: its spacing in the lattice.
        error_percent: the first against the second.
    """

    hkl: Miller
    measured_nm: float
    expected_nm: float
    error_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A pixel's size from a known lattice.

    Attributes:
        lattice: what it was fitted to, and can therefore not be verified by.
        name: the image.
        pixel_x_nm, pixel_y_nm: fitted; with reflections of one direction only, one scale is
            fitted to both.
        shear_deg: how far the angle between the pixel's axes is from 90 (positive: below); None
            with one direction only.
        stored_x_nm, stored_y_nm: what the file or the user states.
        directions: how many directions of fringes were seen.
        held_out: each direction predicted from the others.
        chi_square, freedom: of the fit, from the fringes' own sigmas; the sigmas given are
            widened where chi-square per degree of freedom exceeds 1.
    """

    lattice: Lattice
    name: str
    pixel_x_nm: Estimate
    pixel_y_nm: Estimate
    shear_deg: Estimate | None
    stored_x_nm: float
    stored_y_nm: float
    directions: int
    held_out: tuple[HeldOut, ...]
    chi_square: float
    freedom: int

    @property
    def difference_x_percent(self) -> float:
        """Stored against fitted scale, x."""
        return 100 * (self.stored_x_nm / float(self.pixel_x_nm.value) - 1)

    @property
    def difference_y_percent(self) -> float:
        """Stored against fitted scale, y."""
        return 100 * (self.stored_y_nm / float(self.pixel_y_nm.value) - 1)


def calibrate(image: Image, indexing: Indexing) -> Calibration:
    """Fit the pixel's two edges and the angle between them to indexed fringes.

    In cycles a pixel a fringe is g A, where g is its wave vector in the lattice and the columns
    of A are the steps from pixel to pixel; A is found by least squares, its columns' lengths
    are the scales, their angle the shear; how the lattice lies is left free.

    Args:
        image: that the fringes were measured in; its stored scale is reported beside.
        indexing: of its fringes against a lattice that is known for other reasons; give
            fringes whose `sigma_systematic_nm` holds the drift (`homogeneity`).

    Raises:
        AnalysisError: no fringe is indexed, or the zone is ambiguous.

    Example:
        >>> from cinedot.micrographs.fringe_fit import fringe_of
        >>> from cinedot.micrographs.indexing import index_fringes
        >>> image = Image(data=np.zeros((16, 16)), pixel_x_nm=0.0123, pixel_y_nm=0.0123, name="i")
        >>> seen = [fringe_of((2.4, 0.0)), fringe_of((0.0, 2.5)), fringe_of((2.4, 2.5))]
        >>> known = Lattice.cubic("SrTiO3", 0.3905)
        >>> found = calibrate(image, index_fringes(seen, known, tolerance=0.08))
        >>> round(float(found.pixel_x_nm.value), 5), round(float(found.pixel_y_nm.value), 5)
        (0.01153, 0.01201)
    """
    _check(indexing)
    known = [one for one in indexing.fringes if one.hkl is not None]
    hkls = [one.hkl or (0, 0, 0) for one in known]
    stored = np.array([image.pixel_x_nm, image.pixel_y_nm])
    seen = np.array([one.fringe.wave_vector_per_nm for one in known])
    sigmas = np.array([one.fringe.sigma_total_nm / one.fringe.spacing_nm**2 for one in known])
    sigmas = np.maximum(sigmas, 1e-6 * np.linalg.norm(seen, axis=1))
    if indexing.zone is None:
        flat = seen * indexing.scale**-1
        flat = flat / np.linalg.norm(flat, axis=1)[:, None]
        flat = flat / np.array([[spacing_nm(indexing.lattice, hkl)] for hkl in hkls])
    else:
        flat = flat_vectors(hkls, indexing.zone, indexing.lattice)
    rows = _rows(flat)
    fit = _affine if rows.max() > 0 else _one_scale
    steps, covariance, chi_square, freedom = fit(flat, seen, sigmas)
    method = _METHOD.format(name=indexing.lattice.name, count=len(known))
    lengths, errors, shear, shear_error = _edges(steps, covariance)
    pixels = [
        Estimate(value=float(length * side), sigma=float(error * side), unit="nm", method=method)
        for length, error, side in zip(lengths, errors, stored, strict=True)
    ]
    return Calibration(
        lattice=indexing.lattice,
        name=image.name,
        pixel_x_nm=pixels[0],
        pixel_y_nm=pixels[1],
        shear_deg=Estimate(value=shear, sigma=shear_error, unit="deg", method=method)
        if rows.max() > 0
        else None,
        stored_x_nm=image.pixel_x_nm,
        stored_y_nm=image.pixel_y_nm,
        directions=int(rows.max()) + 1,
        held_out=_held_out(flat, seen, sigmas, hkls, indexing.lattice),
        chi_square=chi_square,
        freedom=freedom,
    )


_Fit = tuple[Float[np.ndarray, "2 2"], Float[np.ndarray, "2 2"], float, int]


def _check(indexing: Indexing) -> None:
    if all(one.hkl is None for one in indexing.fringes):
        raise AnalysisError(
            f"no fringe fits {indexing.lattice.name}.",
            remedy="Index with a larger `tolerance`, or state the pixel size first.",
        )
    if indexing.status == "ambiguous":
        raise AnalysisError(
            f"the fringes fit {indexing.lattice.name} along {indexing.zone} as well as along "
            f"{', '.join(map(str, indexing.other_zones))}: they give no scale.",
            remedy="Index with a smaller `tolerance`, or with more fringes.",
        )


def _affine(
    flat: Float[np.ndarray, "n 2"], seen: Float[np.ndarray, "n 2"], sigmas: Float[np.ndarray, " n"]
) -> _Fit:
    """Steps A of seen = flat A, in units of the stored pixel, with each column's covariance."""
    weighted = flat / sigmas[:, None]
    covariance = np.linalg.inv(weighted.T @ weighted)
    steps = covariance @ weighted.T @ (seen / sigmas[:, None])
    chi_square = float((((seen - flat @ steps) / sigmas[:, None]) ** 2).sum())
    freedom = 2 * len(flat) - 4
    surplus = max(1.0, chi_square / freedom) if freedom > 0 else 1.0
    return steps, covariance * surplus, chi_square, freedom


def _one_scale(
    flat: Float[np.ndarray, "n 2"], seen: Float[np.ndarray, "n 2"], sigmas: Float[np.ndarray, " n"]
) -> _Fit:
    """One scale for both axes from fringes of a single direction."""
    lengths, true = np.linalg.norm(seen, axis=1), np.linalg.norm(flat, axis=1)
    information = float(((true / sigmas) ** 2).sum())
    scale = float((true * lengths / sigmas**2).sum()) / information
    chi_square = float((((lengths - scale * true) / sigmas) ** 2).sum())
    freedom = len(flat) - 1
    surplus = max(1.0, chi_square / freedom) if freedom > 0 else 1.0
    return scale * np.eye(2), np.eye(2) * surplus / information, chi_square, freedom


def _edges(
    steps: Float[np.ndarray, "2 2"], covariance: Float[np.ndarray, "2 2"]
) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"], float, float]:
    """Lengths of a pixel's two steps, their sigmas, the shear and its sigma in degrees."""
    lengths = np.linalg.norm(steps, axis=0)
    along = (steps / lengths).T
    errors = np.sqrt(np.einsum("ai,ij,aj->a", along, covariance, along))
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    turns = np.sqrt(np.einsum("ai,ij,aj->a", across, covariance, across)) / lengths
    shear = float(np.degrees(np.arcsin(np.clip(along[0] @ along[1], -1, 1))))
    return lengths, errors, shear, float(np.degrees(np.hypot(*turns)))


def _rows(flat: Float[np.ndarray, "n 2"]) -> np.ndarray:
    """Number of the direction that each reflection belongs to."""
    angles = np.degrees(np.arctan2(flat[:, 1], flat[:, 0]))
    found: list[float] = []
    numbers: list[int] = []
    for angle in angles:
        near = [k for k, other in enumerate(found) if abs((angle - other + 90) % 180 - 90) < 1]
        numbers.append(near[0] if near else len(found))
        if not near:
            found.append(float(angle))
    return np.array(numbers)


def _held_out(
    flat: Float[np.ndarray, "n 2"],
    seen: Float[np.ndarray, "n 2"],
    sigmas: Float[np.ndarray, " n"],
    hkls: Sequence[Miller],
    lattice: Lattice,
) -> tuple[HeldOut, ...]:
    rows = _rows(flat)
    answers: list[HeldOut] = []
    for index, hkl in enumerate(hkls):
        others: Bool[np.ndarray, " n"] = rows != rows[index]
        if not others.any():
            continue
        fit = _affine if len(set(rows[others].tolist())) > 1 else _one_scale
        steps = fit(flat[others], seen[others], sigmas[others])[0]
        measured = 1 / float(np.linalg.norm(np.linalg.solve(steps.T, seen[index])))
        expected = spacing_nm(lattice, hkl)
        answers.append(
            HeldOut(
                hkl=hkl,
                measured_nm=measured,
                expected_nm=expected,
                error_percent=100 * (measured / expected - 1),
            )
        )
    return tuple(answers)
