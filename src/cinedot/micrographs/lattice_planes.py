"""Fringes as planes of a cubic lattice, and the lattice constant that they give."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cinedot.core import Estimate
from cinedot.micrographs.fringes import Fringe

_FAMILIES = {1: "100", 2: "110", 3: "111", 4: "200", 5: "210", 6: "211", 8: "220", 9: "300"}
"""Indices by h^2 + k^2 + l^2 (300 shares its spacing with 221); beyond, spacings lie too close for
the fringes of a dot."""

TOLERANCE = 0.05
"""Largest relative difference from a plane's spacing; neighbouring families differ by 6 to 41 %."""

PLANE_SIGMA = 0.015
"""Relative error of one spacing from a dot of 2.4 nm beyond its fit's: few fringes, cut by an
outline and standing on a support's speckle (simulated movies, see tests; science.md 8.7: 1-2 %)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneFringe:
    """A fringe with the family of planes that it belongs to.

    Attributes:
        fringe: as measured.
        family: Miller indices, such as "110".
        lattice_nm, sigma_nm: lattice constant that it gives: spacing times the root of
            h^2 + k^2 + l^2.
    """

    fringe: Fringe
    family: str
    lattice_nm: float
    sigma_nm: float


def planes_of(fringes: Sequence[Fringe], lattice_nm: float) -> tuple[PlaneFringe, ...]:
    """The fringes that a cubic lattice explains, with their family.

    The planes of a tilted dot that are seen stand nearly along the beam: their fringes have
    the planes' own spacing.

    Args:
        fringes: as `lattice_fringes` gives them.
        lattice_nm: lattice constant expected.

    Example:
        >>> wave = Fringe(spacing_nm=0.415, sigma_nm=0.002, angle_deg=0.0, sigma_angle_deg=0.1,
        ...     snr=9.0, qx_per_nm=2.41, qy_per_nm=0.0)
        >>> planes_of([wave], 0.5874)[0].family
        '110'
    """
    found = []
    for fringe in fringes:
        order = min(
            _FAMILIES, key=lambda n: abs(np.log(fringe.spacing_nm * np.sqrt(n) / lattice_nm))
        )
        constant = fringe.spacing_nm * float(np.sqrt(order))
        if abs(constant / lattice_nm - 1) <= TOLERANCE:
            sigma = constant * float(np.hypot(fringe.sigma_nm / fringe.spacing_nm, PLANE_SIGMA))
            found.append(
                PlaneFringe(
                    fringe=fringe, family=_FAMILIES[order], lattice_nm=constant, sigma_nm=sigma
                )
            )
    return tuple(found)


def scale_from_planes(planes: Sequence[PlaneFringe]) -> Estimate | None:
    """Lattice constant (in a halide perovskite the Pb-Pb distance) from indexed fringes.

    The weighted mean of what each plane gives; sigma also from their scatter.

    Example:
        >>> scale_from_planes([]) is None
        True
    """
    if not planes:
        return None
    values = np.array([plane.lattice_nm for plane in planes])
    weights = np.array([plane.sigma_nm for plane in planes]) ** -2.0
    mean = float((weights * values).sum() / weights.sum())
    sigma = float(weights.sum() ** -0.5)
    if len(values) > 1:
        chi2 = float((weights * (values - mean) ** 2).sum()) / (len(values) - 1)
        sigma *= max(1.0, float(np.sqrt(chi2)))
    families = ", ".join(dict.fromkeys(plane.family for plane in planes))
    return Estimate(value=mean, sigma=sigma, unit="nm", method=f"lattice fringes of {families}")
