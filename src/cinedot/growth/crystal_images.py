"""Microcrystals of an SEM image: each one's outline, sides and kind, and what is fused."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Image
from cinedot.growth.crystal_cuts import Piece, area_of, convex_pieces
from cinedot.growth.crystal_fits import CrystalKind, FittedOutline, Kind, judge
from cinedot.growth.crystal_regions import LEAST_PX, Points, find_bodies

_MOST_POINTS = 96
_LEAST_FREE = 12
"""Points of an outline below which no model is laid over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crystal:
    """One crystal.

    Attributes:
        outline_nm: x, y of its outline, from the centre of the image's first pixel.
        kind: the likeliest of square, hexagon and other.
        p: probability of square, hexagon and other.
        fit: the outline of the better model, nm.
        size_nm: edge of the square of equal area.
        body: number of its body; crystals of one body are fused to each other.
        fused: whether it is one of several.
        touching: whether its outline was cut from a neighbour's.
        reach_nm: width and height of its body in the image.
    """

    outline_nm: Float[np.ndarray, "point 2"]
    kind: Kind
    p: tuple[float, float, float]
    fit: FittedOutline
    size_nm: float
    body: int
    fused: bool
    touching: bool
    reach_nm: tuple[float, float]

    @property
    def short_nm(self) -> float:
        """Its shorter edge: the width of a hexagon."""
        return min(self.fit.width, self.fit.length)

    @property
    def long_nm(self) -> float:
        """Its longer edge: the length of a hexagon from tip to tip."""
        return max(self.fit.width, self.fit.length)

    @property
    def aspect(self) -> float:
        """Longer over shorter edge."""
        return self.long_nm / self.short_nm


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalField:
    """The crystals of one image.

    Attributes:
        crystals: those that lie in it whole.
        at_edge: bodies that its border cuts; they are not in `crystals`.
        too_small: bodies too narrow to be judged.
        field_nm: width and height of what was looked at.
        pixel_nm: side of a pixel.
        contrast: height of crystals over the sigma of the blurred noise.
    """

    crystals: tuple[Crystal, ...]
    at_edge: int
    too_small: int
    field_nm: tuple[float, float]
    pixel_nm: float
    contrast: float


def find_crystals(
    image: Image, *, region_nm: tuple[float, float, float, float] | None = None
) -> CrystalField:
    """The crystals of an SEM image, brighter than their ground, each with its kind.

    Bodies are parted from a sloping ground and outlined at half of their height; a body whose
    outline turns inwards is cut into convex crystals, fused where the cut is wide, touching where
    it is narrow. A rectangle and the hexagon of an elongated dodecahedron, lying on its hexagonal
    face, are laid over each. Crystals that lie one on another, or flush side by side, are not told
    apart.

    Args:
        image: intensities with their scale.
        region_nm: x0, y0, x1, y1 from the centre of the first pixel: what lies outside, as a label
            strip, is not looked at.

    Raises:
        AnalysisError: no crystal, only crystals narrower than 10 px, or only at the border.

    Source: science.md 4.5 for the shapes.

    Example:
        >>> data = np.random.default_rng(1).normal(50.0, 3.0, (90, 120))
        >>> data[20:50, 15:45] += 60.0
        >>> image = Image(data=data, pixel_x_nm=20.0, pixel_y_nm=20.0, name="sem.tif")
        >>> (one,) = find_crystals(image).crystals
        >>> one.kind, round(one.size_nm, -1), one.fused
        ('square', 600.0, False)
    """
    data, left, top = _cropped(image, region_nm)
    bodies = find_bodies(data)
    scale = np.array([image.pixel_x_nm, image.pixel_y_nm])
    crystals: list[Crystal] = []
    for contour in bodies.contours_px:
        outline = (contour + np.array([left, top])) * scale
        first = crystals[-1].body + 1 if crystals else 0
        crystals += _crystals_of(outline, image.pixel_nm, first)
    if not crystals:
        raise _nothing(bodies.at_edge, bodies.too_small, bodies.small_px)
    rows, columns = data.shape
    return CrystalField(
        crystals=tuple(crystals),
        at_edge=bodies.at_edge,
        too_small=bodies.too_small,
        field_nm=(columns * image.pixel_x_nm, rows * image.pixel_y_nm),
        pixel_nm=image.pixel_nm,
        contrast=bodies.contrast,
    )


def _cropped(
    image: Image, region_nm: tuple[float, float, float, float] | None
) -> tuple[Float[np.ndarray, "y x"], int, int]:
    data = image.data.astype(np.float64)
    if region_nm is None:
        return data, 0, 0
    x0, y0, x1, y1 = region_nm
    left, top = (max(0, round(a / b)) for a, b in ((x0, image.pixel_x_nm), (y0, image.pixel_y_nm)))
    right, bottom = round(x1 / image.pixel_x_nm) + 1, round(y1 / image.pixel_y_nm) + 1
    return data[top:bottom, left:right], left, top


def _crystals_of(outline: Points, pixel_nm: float, first: int) -> list[Crystal]:
    """The crystals of one body; fused ones share a number."""
    pieces = convex_pieces(outline, pixel=pixel_nm, least_width=LEAST_PX * pixel_nm)
    clusters = sorted({one.cluster for one in pieces})
    reach = np.ptp(outline, axis=0)
    found: list[Crystal] = []
    for piece in sorted(pieces, key=lambda one: clusters.index(one.cluster)):
        size_nm = float(np.sqrt(abs(area_of(piece.outline))))
        judged = _judged(piece, size_nm, pixel_nm)
        found.append(
            Crystal(
                outline_nm=piece.outline,
                kind=judged.kind,
                p=judged.p,
                fit=judged.fit,
                size_nm=size_nm,
                body=first + clusters.index(piece.cluster),
                fused=piece.fused,
                touching=piece.touching and not piece.fused,
                reach_nm=(float(reach[0]), float(reach[1])),
            )
        )
    return found


def _judged(piece: Piece, size_nm: float, pixel_nm: float) -> CrystalKind:
    """Its kind by its free outline, by all of it where little is free."""
    points = piece.outline[piece.free]
    if len(points) < _LEAST_FREE:
        points = piece.outline
    step = max(1, len(points) // _MOST_POINTS)
    return judge(points[::step], size=size_nm, pixel=pixel_nm)


def _nothing(at_edge: int, too_small: int, small_px: float) -> AnalysisError:
    if too_small:
        return AnalysisError(
            f"crystals of about {small_px:.0f} px are too small for their sides to be seen: "
            f"{LEAST_PX:.0f} px are needed.",
            remedy="Take images of higher magnification.",
        )
    if at_edge:
        return AnalysisError(
            f"none of the {at_edge} bodies lies in the image whole.",
            remedy="Take images of lower magnification, or of fewer crystals.",
        )
    return AnalysisError(
        "no crystal was found.",
        remedy="Check that crystals are brighter than their ground, and `region`.",
    )
