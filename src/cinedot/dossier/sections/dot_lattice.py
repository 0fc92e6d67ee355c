"""The lattice of a survey's own dots: their Pb-Pb distance, and what it says of the scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cinedot.core import Estimate, Image, InputError
from cinedot.dossier.findings import Check
from cinedot.dossier.sections.calibration import TOLERANCE
from cinedot.micrographs import (
    Lattice,
    Particle,
    Particles,
    index_fringes,
    lattice_constant,
    lattice_fringes,
)
from cinedot.micrographs.scale_checks import WARN_PERCENT

MOST_DOTS = 12
"""Clearest dots of an image whose fringes are indexed."""

FEWEST_DOTS = 3
"""Dots that must agree before their lattice speaks for the scale."""

SHARED_PART = 0.003
"""What the fringes of all dots may be off by at once: few cells under a lens that weighs the sides
of their broad peaks. 12 dots of n = 3 to 6 simulated at 8 nm under-focus came out 0.3 % long."""

_MARGIN_NM = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class DotLattice:
    """The lattice constant of the dots of some images.

    Attributes:
        constant: by the stored pixel, nm.
        check: the stored scale against the sample's lattice.
    """

    constant: Estimate
    check: Check


def dot_lattice(looks: Sequence[tuple[Image, Particles]], lattice: Lattice) -> DotLattice | None:
    """Lattice constant and scale check from the dots that show two directions of fringes.

    Args:
        looks: images with their particles.
        lattice: the sample's, cubic.

    Returns:
        None where fewer than three dots show it.
    """
    constants = [
        one
        for image, found in looks
        if found.seen_by == "lattice"
        for one in _constants(image, found.particles, lattice)
    ]
    if len(constants) < FEWEST_DOTS:
        return None
    values, sigmas = np.array(constants).T
    # The median dot: a neighbour's fringes in one dot's field must not move all.
    middle = float(np.median(values))
    own = float(values.std(ddof=1)) * 1.25 / np.sqrt(len(values))
    noise = float(np.median(sigmas)) * 1.25 / np.sqrt(len(values))
    sigma = float(np.hypot(max(own, noise), SHARED_PART * middle))
    constant = Estimate(
        value=middle,
        sigma=sigma,
        unit="nm",
        method=f"median of {len(values)} dots' indexed fringes; the scale's own error is not in "
        "sigma",
    )
    return DotLattice(constant=constant, check=_scale(constant, lattice))


def _constants(
    image: Image, particles: Sequence[Particle], lattice: Lattice
) -> list[tuple[float, float]]:
    whole = [one for one in particles if not one.at_edge and not one.touching]
    found: list[tuple[float, float]] = []
    for one in sorted(whole, key=lambda one: -one.snr)[:MOST_DOTS]:
        x, y = one.square_nm.T
        region = (
            max(float(x.min()) - _MARGIN_NM, 0.0),
            max(float(y.min()) - _MARGIN_NM, 0.0),
            float(x.max()) + _MARGIN_NM,
            float(y.max()) + _MARGIN_NM,
        )
        try:
            fringes = lattice_fringes(image, region=region)
        except InputError:  # too few pixels across this dot
            continue
        seen = index_fringes(fringes, lattice, tolerance=TOLERANCE)
        if seen.status in ("indexed", "ambiguous"):
            constant = lattice_constant(seen)
            found.append((float(constant.value), constant.sigma or 0.0))
    return found


def _scale(constant: Estimate, lattice: Lattice) -> Check:
    ratio = float(constant.value) / lattice.a_nm
    part = 100 * (ratio - 1)
    open_percent = 200 * (constant.sigma or 0.0) / lattice.a_nm
    status = "agree" if abs(part) < WARN_PERCENT else "tension"
    if abs(abs(part) - WARN_PERCENT) < open_percent:
        status = "undecided"
    return Check(
        name="pixel size against lattice",
        status=status,
        detail=f"By the stored pixel the dots' lattice constant is {constant.text()}, that of "
        f"{lattice.name} is {lattice.a_nm:g} nm: the stored pixel would be {part:+.1f} % off, "
        f"known to {open_percent / 2:.1f} %, were the dots not strained.",
    )
