"""Sizes of an outline, from its contour freed of what the blur took, or from cubes that fit."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.micrographs.silhouette import feret_diameters, polygon_area

CORNER_RETREAT = 0.5449521356173604
"""How far the half-height line of a blurred right angle lies within either side on the bisector,
in sigmas of the blur: the normal deviate of the square root of 1/2."""

CORNER_AREA = 0.8647665089742703
"""Area between a right angle and the half-height line of its blur, in squared sigmas."""

AREA_OF_EDGE = float(2 / np.sqrt(np.pi))
"""Diameter of the circle of a square's area, over its side."""

CONTOUR_SIZE_SIGMAS = (1.0, float(np.sqrt(2)), AREA_OF_EDGE)
"""Error of Feret's minimum, maximum and the area's diameter over that of the edge, of a square."""

FRINGE_SIZE_SIGMAS = (1.3, 1.8, 1.3)
"""The same for contours read from fringes, what all share (`SHARED_EDGE_SIGMA_NM`) included. From
16 surveys of nine dots within 6 degrees of face-on, simulated at 6 to 30 nm under-focus, two each:
rms of their means' errors 0.10, 0.14, 0.10 nm, largest 0.28 nm at 20 nm under-focus; over all
+0.05, -0.00, -0.03 nm."""

LENGTH_SIGMA = 0.01
"""How far all dots' lengths may be off their host's lattice, of themselves: strain, scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineSizes:
    """Feret diameters and the diameter of the circle of equal area, nm."""

    feret_min_nm: float
    feret_max_nm: float
    area_diameter_nm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeSizes:
    """Sizes of the cubes that fit a particle and of the shadow that they throw, nm.

    Attributes:
        edge_nm, sigma_edge_nm: along an edge, from outermost Br to outermost Br.
        shadow, sigma_shadow: of the outline as the particle lies, and standard deviations.
    """

    edge_nm: float
    sigma_edge_nm: float
    shadow: OutlineSizes
    sigma_shadow: OutlineSizes

    @property
    def sizes_nm(self) -> tuple[float, float, float, float]:
        """Edge, Feret's minimum and maximum, diameter of the area."""
        return (self.edge_nm, *_in_order(self.shadow))

    @property
    def sigmas_nm(self) -> tuple[float, float, float, float]:
        """Their standard deviations."""
        return (self.sigma_edge_nm, *_in_order(self.sigma_shadow))


def _in_order(sizes: OutlineSizes) -> tuple[float, float, float]:
    return sizes.feret_min_nm, sizes.feret_max_nm, sizes.area_diameter_nm


def contour_sizes(contour_nm: Float[np.ndarray, "corner 2"]) -> OutlineSizes:
    """Sizes of a contour as it is drawn."""
    shortest, longest = feret_diameters(contour_nm)
    area = polygon_area(contour_nm)
    return OutlineSizes(
        feret_min_nm=shortest,
        feret_max_nm=longest,
        area_diameter_nm=AREA_OF_EDGE * float(np.sqrt(area)),
    )


def sharpened_sizes(
    contour_nm: Float[np.ndarray, "corner 2"], *, blur_nm: float, shift_nm: float
) -> OutlineSizes:
    """Sizes of the sharp, four-cornered outline whose blurred half-height line is a contour.

    Near a right angle a blurred height is F(u) F(v), where u and v are the distances from the two
    sides over the blur's sigma s and F is the normal distribution. Along a side it is 1/2 at
    u = 0: widths across sides stay. On the bisector it is 1/2 at F(u)^2 = 1/2, u = 0.545: each
    corner draws back by sqrt(2) 0.545 s, and the diagonal is short by twice that. The area between
    the corner and the line F(u) F(v) = 1/2 is s^2 times the integral over u > 0 of
    F^-1(1 / (2 F(u))), 0.865; four are added. Then every side moves out by half of the shift.

    Holds for sides of more than 4 s; blunter corners, as those of a dot that lies on an edge, lose
    less (0.22 s in place of 0.77 s at 120 degrees), so that its diagonal comes out up to 1.1 s
    too long by this, and its thin rims are missed besides.

    Args:
        contour_nm: corners of the line at half height, x and y.
        blur_nm: standard deviation of the Gaussian blur.
        shift_nm: by which the outline's widths are too small otherwise.

    Example:
        >>> square = np.array([[0, 0], [2, 0], [2, 2], [0, 2.0]])
        >>> found = sharpened_sizes(square, blur_nm=0.0, shift_nm=0.1)
        >>> round(found.feret_min_nm, 3), round(found.feret_max_nm / 2**0.5, 3)
        (2.1, 2.1)
    """
    seen = contour_sizes(contour_nm)
    side = np.sqrt((seen.area_diameter_nm / AREA_OF_EDGE) ** 2 + 4 * CORNER_AREA * blur_nm**2)
    diagonal = seen.feret_max_nm + 2 * np.sqrt(2) * CORNER_RETREAT * blur_nm
    return OutlineSizes(
        feret_min_nm=seen.feret_min_nm + shift_nm,
        feret_max_nm=float(diagonal + np.sqrt(2) * shift_nm),
        area_diameter_nm=AREA_OF_EDGE * float(side + shift_nm),
    )
