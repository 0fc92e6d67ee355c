"""Which planes of a known lattice an image's fringes are, and along which zone one looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int

from cinedot.core import AnalysisError, Estimate
from cinedot.micrographs.fringe_fit import Fringe
from cinedot.micrographs.lattices import Lattice, Miller, reciprocal_per_nm, spacing_nm
from cinedot.micrographs.zones import planes_within, zones_of

IndexingStatus = Literal["indexed", "ambiguous", "spacings only", "none"]

TOLERANCE = 0.03
"""How far a scale, a shear or a strain may take a wave vector off, as a part of it."""

_AMBIGUOUS = 4.0
"""Difference of chi-square below which another zone explains the fringes as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedFringe:
    """One fringe and the planes that it shows.

    Attributes:
        fringe: what was measured.
        hkl: its planes, in the setting of the zone; None where none fit.
        expected_nm: their spacing in the lattice.
        residual_percent: measured against expected spacing, once the common scale is taken out.
        alternatives: other families whose spacing lies within the tolerance, by spacing alone.
    """

    fringe: Fringe
    hkl: Miller | None
    expected_nm: float | None
    residual_percent: float | None
    alternatives: tuple[Miller, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """Fringes as reflections of one lattice along one zone.

    Attributes:
        lattice: against which.
        fringes: in the order given.
        zone: [uvw], the direction looked along; None without two fringes that cross.
        other_zones: directions that explain the fringes as well, or nearly.
        scale: measured wave vectors over expected ones, over all fringes; its deviation from 1
            is the pixel's error or the lattice's strain.
        rms_percent: of the wave vectors' residuals beyond that scale and a turn, as parts.
        status: "indexed", "ambiguous", "spacings only" (one direction) or "none".
    """

    lattice: Lattice
    fringes: tuple[IndexedFringe, ...]
    zone: Miller | None
    other_zones: tuple[Miller, ...]
    scale: float
    rms_percent: float | None
    status: IndexingStatus


def index_fringes(
    fringes: Sequence[Fringe],
    lattice: Lattice,
    *,
    tolerance: float = TOLERANCE,
    zone: Miller | None = None,
) -> Indexing:
    """Find the zone whose reflections, turned and scaled by one number, lie at the fringes.

    Any two of the strongest fringes that cross are tried as any two reflections of fitting
    length and angle; the others must then be their whole-numbered sums. Of all zones the one
    that explains most fringes with the least chi-square wins; others within 4 of it make the
    answer ambiguous. Without two that cross, only spacings are compared.

    Args:
        fringes: strongest first, as `lattice_fringes` gives them.
        lattice: the crystal's.
        tolerance: by how much scale, shear and strain may take a wave vector off, as a part of
            it: 0.03 for a good scale, 0.08 for one that is to be calibrated.
        zone: [uvw] where the direction looked along is known, such as (0, 0, 1) of a layer.

    Example:
        >>> from cinedot.micrographs.fringe_fit import fringe_of
        >>> seen = [fringe_of((2.4, 0.0)), fringe_of((0.0, 2.4)), fringe_of((2.4, 2.4))]
        >>> found = index_fringes(seen, Lattice.cubic("SrTiO3", 0.3905), tolerance=0.08)
        >>> found.zone, [one.hkl for one in found.fringes], round(found.scale, 3)
        ((0, 0, 1), [(1, 0, 0), (0, 1, 0), (1, 1, 0)], 0.937)
    """
    if not fringes:
        return Indexing(
            lattice=lattice, fringes=(), zone=None, other_zones=(), scale=1.0,
            rms_percent=None, status="none",
        )  # fmt: skip
    vectors = np.array([one.wave_vector_per_nm for one in fringes])
    planes = planes_within(
        lattice, float(np.linalg.norm(vectors, axis=1).max()) * (1 + 2 * tolerance)
    )
    if zone is not None:
        planes = planes[planes @ np.array(zone) == 0]
    tried = zones_of(fringes, vectors, lattice, planes, tolerance)
    if not tried:
        return _by_spacing(fringes, lattice, planes, tolerance)
    best = tried[0]
    rivals = tuple(
        other.zone
        for other in tried[1:]
        if other.explained == best.explained and other.chi_square < best.chi_square + _AMBIGUOUS
    )
    indexed = tuple(
        _indexed(fringe, hkl, lattice, planes, tolerance, best.scale)
        for fringe, hkl in zip(fringes, best.hkls, strict=True)
    )
    return Indexing(
        lattice=lattice, fringes=indexed, zone=best.zone, other_zones=rivals, scale=best.scale,
        rms_percent=100 * best.rms, status="ambiguous" if rivals else "indexed",
    )  # fmt: skip


def lattice_constant(indexing: Indexing) -> Estimate:
    """The lattice constant a from all indexed fringes; in a cubic perovskite the Pb-Pb distance.

    Each spacing over its expected one times a; the mean weighs by sigma, and its own sigma is
    widened where the fringes scatter more.

    Raises:
        AnalysisError: no fringe is indexed.

    Example:
        >>> from cinedot.micrographs.fringe_fit import fringe_of
        >>> seen = index_fringes([fringe_of((1.70, 0.0))], Lattice.cubic("CsPbBr3", 0.587))
        >>> lattice_constant(seen).value
        0.588235
    """
    known = [one for one in indexing.fringes if one.expected_nm is not None]
    if not known:
        raise AnalysisError(
            f"no fringe fits {indexing.lattice.name}.",
            remedy="Look at other spacings, or at the pixel size.",
        )
    sizes, sigmas = np.array(
        [
            (one.fringe.spacing_nm / (one.expected_nm or 1.0), one.fringe.sigma_total_nm
             / (one.expected_nm or 1.0))
            for one in known
        ]
    ).T  # fmt: skip
    weights = 1 / np.maximum(sigmas, 1e-6) ** 2
    mean = float((weights * sizes).sum() / weights.sum())
    surplus = float((weights * (sizes - mean) ** 2).sum()) / max(len(known) - 1, 1)
    sigma = float(np.sqrt(max(1.0, surplus) / weights.sum()))
    a = indexing.lattice.a_nm
    return Estimate(
        value=round(mean * a, 6), sigma=sigma * a, unit="nm",
        method=f"{len(known)} fringes indexed as {indexing.lattice.name}, the scale as stored",
    )  # fmt: skip


def _indexed(
    fringe: Fringe,
    hkl: Miller | None,
    lattice: Lattice,
    planes: Int[np.ndarray, "plane 3"],
    tolerance: float,
    scale: float,
) -> IndexedFringe:
    expected = None if hkl is None else spacing_nm(lattice, hkl)
    part = None if expected is None else 100 * (fringe.spacing_nm * scale / expected - 1)
    families = _families(fringe.spacing_nm, lattice, planes, tolerance)
    return IndexedFringe(
        fringe=fringe, hkl=hkl, expected_nm=expected, residual_percent=part,
        alternatives=tuple(
            one for one in families
            if expected is None or abs(spacing_nm(lattice, one) - expected) > 1e-6
        ),
    )  # fmt: skip


def _families(
    spacing: float, lattice: Lattice, planes: Int[np.ndarray, "plane 3"], tolerance: float
) -> tuple[Miller, ...]:
    """One reflection for each spacing within the tolerance, nearest first."""
    lengths = np.linalg.norm(planes @ reciprocal_per_nm(lattice).T, axis=1)
    families: dict[float, Miller] = {}
    for index in np.flatnonzero(abs(lengths * spacing - 1) < tolerance):
        hkl = (int(planes[index, 0]), int(planes[index, 1]), int(planes[index, 2]))
        key = round(float(lengths[index]), 5)
        families[key] = max(families.get(key, hkl), hkl)
    return tuple(families[key] for key in sorted(families, key=lambda one: abs(one * spacing - 1)))


def _by_spacing(
    fringes: Sequence[Fringe],
    lattice: Lattice,
    planes: Int[np.ndarray, "plane 3"],
    tolerance: float,
) -> Indexing:
    found: list[IndexedFringe] = []
    for fringe in fringes:
        families = _families(fringe.spacing_nm, lattice, planes, tolerance)
        hkl = families[0] if families else None
        found.append(_indexed(fringe, hkl, lattice, planes, tolerance, 1.0))
    known = [one for one in found if one.expected_nm is not None]
    ratios = [(one.expected_nm or 1.0) / one.fringe.spacing_nm for one in known]
    return Indexing(
        lattice=lattice, fringes=tuple(found), zone=None, other_zones=(),
        scale=float(np.mean(ratios)) if ratios else 1.0, rms_percent=None,
        status="spacings only" if known else "none",
    )  # fmt: skip
