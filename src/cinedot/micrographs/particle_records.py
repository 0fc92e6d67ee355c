"""Records of particles, and what lies between two of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from cinedot.core import Image
from cinedot.micrographs.detection import Candidate
from cinedot.micrographs.outline import Outline
from cinedot.micrographs.outline_sizes import CubeSizes, OutlineSizes, contour_sizes

SeenBy = Literal["lattice", "darker", "brighter", "nothing"]

SHARED_EDGE_SIGMA_NM = 0.08
"""What every edge read from fringes may be off by at once, nm: how far fringes reach hangs on the
defocus, which all dots of an image share. Rms of the mean shift over surveys simulated at 6 to
36 nm under-focus (-0.06 to +0.15 nm)."""

TOUCHING_NM = 0.3
"""Outlines nearer than this are in contact: no ligand fits between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Particle:
    """One particle of a survey image.

    Attributes:
        x_nm, y_nm: centre of the fitted square, from the centre of the first pixel.
        sigma_xy_nm: standard deviation of each.
        edge_nm, sigma_edge_nm: side of the blurred square that fits the outline of its atoms
            best; for a round particle nearly that of the square of equal area.
        angle_deg: direction of a side from x towards y, 0 up to 90.
        feret_min_nm, feret_max_nm: of the contour at half height; where it is read from fringes,
            freed of its blur as a four-cornered outline's (`outline_sizes.sharpened_sizes`).
        area_diameter_nm: diameter of the circle of the contour's area, likewise.
        snr: of the detection.
        at_edge, touching: cut by the image's edge; in contact with a neighbour.
        outline_nm: the contour's corners, x and y.
        square_nm: the fitted square's corners.
        n: most probable number of Pb an edge; None without a lattice constant, and where no
            candidate is as likely as not.
        p_n: its probability; p_all: those of all candidates, which sum to 1 less the
            probability that it is none of them.
        by_views: sizes of the cubes whose views fit it; None where none was compared or does.
    """

    x_nm: float
    y_nm: float
    sigma_xy_nm: float
    edge_nm: float
    sigma_edge_nm: float
    angle_deg: float
    feret_min_nm: float
    feret_max_nm: float
    area_diameter_nm: float
    snr: float
    at_edge: bool
    touching: bool
    outline_nm: Float[np.ndarray, "corner 2"]
    square_nm: Float[np.ndarray, "4 2"]
    n: int | None = None
    p_n: float | None = None
    p_all: tuple[float, ...] | None = None
    by_views: CubeSizes | None = None

    @property
    def sizes_nm(self) -> tuple[float, float, float, float]:
        """Edge, Feret's minimum and maximum, diameter of the area, as square and contour have them.

        `by_views` has the same of the cubes that fit.
        """
        return self.edge_nm, self.feret_min_nm, self.feret_max_nm, self.area_diameter_nm


@dataclass(frozen=True, slots=True, kw_only=True)
class Particles:
    """All particles of one image.

    Attributes:
        image: the image's name.
        particles: strongest first.
        seen_by: what sets them off: their lattice, their being darker or brighter; or nothing.
        reason: in words, also why there are none.
        edges: candidates for n, to which each `p_all` belongs; empty without a lattice.
        lattice_nm: lattice constant that they were counted with; None without one.
        by_views: whether n comes from simulated views, else from how long edges are.
    """

    image: str
    particles: tuple[Particle, ...]
    seen_by: SeenBy
    reason: str
    edges: tuple[int, ...]
    lattice_nm: float | None = None
    by_views: bool = False

    def __len__(self) -> int:
        return len(self.particles)


def listed_particles(
    image: Image,
    outlines: Sequence[tuple[Candidate, Outline]],
    seen_by: SeenBy,
    reason: str,
    *,
    sizes_of: Callable[[Float[np.ndarray, "corner 2"]], OutlineSizes] = contour_sizes,
) -> Particles:
    """Particles of an image from their outlines, those cut or in contact marked.

    Args:
        image: with its scale.
        outlines: of the candidates.
        seen_by, reason: what sets them off.
        sizes_of: sizes from a contour.
    """
    rows, columns = image.data.shape
    field = ((columns - 1) * image.pixel_x_nm, (rows - 1) * image.pixel_y_nm)
    found = tuple(
        _particle(candidate, outline, field, sizes_of(outline.contour_nm))
        for candidate, outline in outlines
    )
    marked = tuple(
        replace(one, touching=any(_in_contact(one, other) for other in found if other is not one))
        for one in found
    )
    return Particles(
        image=image.name,
        particles=marked,
        seen_by=seen_by,
        reason=reason,
        edges=(),
    )


def _particle(
    candidate: Candidate, outline: Outline, field: tuple[float, float], sizes: OutlineSizes
) -> Particle:
    square, corners = outline.square, outline.square.corners()
    cut = bool((corners < 0).any() or (corners > np.array(field)).any())
    return Particle(
        x_nm=square.x_nm,
        y_nm=square.y_nm,
        sigma_xy_nm=square.sigma_xy_nm,
        edge_nm=square.edge_nm,
        sigma_edge_nm=square.sigma_edge_nm,
        angle_deg=square.angle_deg,
        feret_min_nm=sizes.feret_min_nm,
        feret_max_nm=sizes.feret_max_nm,
        area_diameter_nm=sizes.area_diameter_nm,
        snr=candidate.snr,
        at_edge=cut,
        touching=False,
        outline_nm=outline.contour_nm,
        square_nm=corners,
    )


def _in_contact(one: Particle, other: Particle) -> bool:
    reach = 0.75 * (one.edge_nm + other.edge_nm) + TOUCHING_NM
    if np.hypot(one.x_nm - other.x_nm, one.y_nm - other.y_nm) > reach:
        return False
    return outline_gap_nm(one, other) < TOUCHING_NM


def outline_gap_nm(one: Particle, other: Particle) -> float:
    """Shortest distance between two fitted squares, 0 where they overlap, nm."""
    fractions = np.linspace(0, 1, 25)[:, None]
    gaps = []
    for square, target in ((one.square_nm, other.square_nm), (other.square_nm, one.square_nm)):
        sides = zip(square, np.roll(square, -1, axis=0), strict=True)
        rim = np.concatenate([a + fractions * (b - a) for a, b in sides])
        gaps.append(float(_distance_outside(target, rim).min()))
    return min(gaps)


def _distance_outside(
    square: Float[np.ndarray, "4 2"], places: Float[np.ndarray, "place 2"]
) -> Float[np.ndarray, " place"]:
    side = square[0] - square[1]
    edge = float(np.hypot(*side))
    along = side / edge
    offset = places - square.mean(axis=0)
    frame = np.abs(offset @ np.stack([along, [-along[1], along[0]]], axis=1)) - edge / 2
    return np.hypot(*np.maximum(frame, 0).T)
