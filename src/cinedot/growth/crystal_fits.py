"""Outlines of crystals on a substrate: a rectangle, or the hexagon of an elongated dodecahedron."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.special
from jaxtyping import Float

Kind = Literal["square", "hexagon", "other"]
KINDS: tuple[Kind, Kind, Kind] = ("square", "hexagon", "other")

SQUARE_ASPECT = 1.25
"""Rectangles up to this long count as squares: the geometric middle of a square and a pair's half
more; a definition."""
HEXAGON_ASPECT = 1.3
"""Hexagons from this long on count as elongated: a dodecahedron that grows without stretching is
sqrt(2) long on its side."""
SHAPE_ERROR = 0.02
"""How far a crystal's sides lie off the model's, rms, over the square root of its area: an estimate
of how regular crystals are."""
PIXEL_ERROR = 0.3
"""The same of the line at half height, pixels."""
_OTHER = 2.5
"""How much further the outline of any other body lies off, in these errors."""
_MOST_INDEPENDENT = 24
_CORRELATED_PX = 4.0
"""Neighbouring points of an outline share the blur of noise and lens."""
_POINTS = 72

# Sides of a hexagon lie at (x across, y along): its flanks, and the tips of {110} faces, which a
# dodecahedron seen along [110] turns at (1, sqrt 2) (science.md 4.5; polyhedra).
_TIP = np.array([1.0, np.sqrt(2)]) / np.sqrt(3)
_FLANKS = np.array([[1.0, 0.0], [-1.0, 0.0]])
_NORMALS = {
    "square": np.vstack([_FLANKS, _FLANKS[:, ::-1]]),
    "hexagon": np.vstack([_FLANKS, _TIP, _TIP * [-1, 1], _TIP * [1, -1], -_TIP]),
}
# Distance of each side from the centre over (width, length).
_REACH = {
    "square": np.array([[0.5, 0.0], [0.5, 0.0], [0.0, 0.5], [0.0, 0.5]]),
    "hexagon": np.array([[0.5, 0.0]] * 2 + [[0.0, 1 / np.sqrt(6)]] * 4),
}

Points = Float[np.ndarray, "point 2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedOutline:
    """A model's outline laid over a crystal's.

    Attributes:
        kind: square (any rectangle) or hexagon.
        x, y: centre, in the unit of the points.
        angle_deg: from x to its length, towards y, 0 to 180.
        width, length: across and along; of a rectangle the shorter and the longer side.
        rms: distance of the points from it.
    """

    kind: Kind
    x: float
    y: float
    angle_deg: float
    width: float
    length: float
    rms: float

    @property
    def aspect(self) -> float:
        """Length over width."""
        return self.length / self.width

    @property
    def corners(self) -> Points:
        """Its corners in order."""
        return outline_corners(
            self.kind, width=self.width, length=self.length, angle_deg=self.angle_deg
        ) + np.array([self.x, self.y])


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalKind:
    """What a crystal's outline is.

    Attributes:
        kind: the likeliest of square, hexagon and other.
        p: probability of each, in the order of `KINDS`.
        fit: the outline of the better model.
    """

    kind: Kind
    p: tuple[float, float, float]
    fit: FittedOutline


def outline_corners(kind: Kind, *, width: float, length: float, angle_deg: float) -> Points:
    """Corners of a crystal's outline about its centre, in order.

    A dodecahedron of {110} faces stretched along a four-fold axis lies on a hexagonal face; seen
    from above it is w wide, and its tips, of 109.5 degrees, are w/(2 sqrt 2) high each.

    Args:
        kind: square (a rectangle) or hexagon.
        width, length: across and along, any unit.
        angle_deg: from x to its length.

    Example:
        >>> outline_corners("hexagon", width=2.0, length=4.0, angle_deg=90.0).round(3).tolist()
        [[-1.0, -1.293], [0.0, -2.0], [1.0, -1.293], [1.0, 1.293], [0.0, 2.0], [-1.0, 1.293]]
    """
    half = width / 2
    if kind == "hexagon":
        shoulder = length / 2 - half / np.sqrt(2)
        side = [(half, -shoulder), (half, shoulder), (0.0, length / 2)]
    else:
        side = [(half, -length / 2), (half, length / 2)]
    own = np.array([*side, *[(-x, -y) for x, y in side]])
    turn = np.deg2rad(angle_deg - 90)
    turned = own @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    first = int(np.lexsort((turned[:, 1].round(9), turned[:, 0].round(9)))[0])
    return np.roll(turned, -first, axis=0)


def fit_outline(points: Points, kind: Kind) -> FittedOutline:
    """The rectangle or hexagon nearest to the points of an outline, by least squares.

    Args:
        points: x, y along the outline, evenly; parts may be missing.
        kind: square or hexagon.

    Example:
        >>> corners = outline_corners("hexagon", width=30.0, length=60.0, angle_deg=20.0)
        >>> found = fit_outline(evenly(corners), "hexagon")
        >>> round(found.width, 3), round(found.length, 3), round(found.angle_deg, 3)
        (30.0, 60.0, 20.0)
    """
    turn, width, length = _box(points)
    starts = [(turn, width, length), (turn + np.pi / 2, length, width)]
    if kind == "square":
        starts[1] = (turn + np.pi / 4, 0.8 * length, 0.8 * length)
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    tried = [_nearest(points, kind, np.array([*centre, *start])) for start in starts]
    best, rms = min(tried, key=lambda one: one[1])
    x, y, angle, width, length = (float(one) for one in best)
    if kind == "square" and width > length:
        width, length, angle = length, width, angle + np.pi / 2
    return FittedOutline(
        kind=kind,
        x=x,
        y=y,
        angle_deg=float(np.rad2deg(angle) % 180),
        width=width,
        length=length,
        rms=rms,
    )


def judge(points: Points, *, size: float, pixel: float) -> CrystalKind:
    """Whether an outline is a square's, an elongated hexagon's or neither's.

    Distances from each model are normal with the crystals' own irregularity and the error of a
    line in pixels; those of any other body are 2.5 times as wide. Neighbouring points share their
    error: at most 24 count, one in 4 px.

    Args:
        points: x, y along the free outline.
        size: square root of its area.
        pixel: side of a pixel in the same unit.

    Example:
        >>> corners = outline_corners("square", width=30.0, length=31.0, angle_deg=20.0)
        >>> judge(evenly(corners), size=30.5, pixel=1.0).kind
        'square'
    """
    fits = [fit_outline(points, "square"), fit_outline(points, "hexagon")]
    error = np.hypot(SHAPE_ERROR * size, PIXEL_ERROR * pixel)
    length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
    count = min(_MOST_INDEPENDENT, max(1.0, length / (_CORRELATED_PX * pixel)))
    off = np.array([one.rms for one in fits]) / error
    log_p = -count * np.array([0.5 * off[0] ** 2, 0.5 * off[1] ** 2, np.log(_OTHER)])
    log_p[2] -= count * 0.5 * (off.min() / _OTHER) ** 2
    p = np.exp(log_p - log_p.max())
    p = p / p.sum()
    # Sides are found to the error over the root of how many points a side has.
    sigma = error / np.sqrt(count / 4) * np.sqrt(2) / size
    square = scipy.special.ndtr((SQUARE_ASPECT - fits[0].aspect) / sigma)
    hexagon = scipy.special.ndtr((fits[1].aspect - HEXAGON_ASPECT) / sigma)
    whole = np.array([p[0] * square, p[1] * hexagon])
    every = (float(whole[0]), float(whole[1]), float(max(0.0, 1 - whole.sum())))
    best = int(np.argmax(every))
    better = best if best < 2 else int(np.argmin(off))
    return CrystalKind(kind=KINDS[best], p=every, fit=fits[better])


def evenly(corners: Float[np.ndarray, "corner 2"], count: int = _POINTS) -> Points:
    """Points at even distances along a closed polygon, from its first corner on."""
    closed = np.vstack([corners, corners[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    places = np.linspace(0, along[-1], count, endpoint=False)
    return np.stack([np.interp(places, along, closed[:, k]) for k in (0, 1)], axis=1)


def _box(points: Points) -> tuple[float, float, float]:
    """Direction of the length, width and length of the smallest rectangle around points."""
    from scipy.spatial import ConvexHull

    hull = points[ConvexHull(points).vertices]
    sides = np.roll(hull, -1, axis=0) - hull
    turns = np.arctan2(sides[:, 1], sides[:, 0])
    along = np.stack([np.cos(turns), np.sin(turns)])
    across = np.stack([-np.sin(turns), np.cos(turns)])
    extents = np.stack([np.ptp(hull @ along, axis=0), np.ptp(hull @ across, axis=0)])
    best = int(np.argmin(extents.prod(axis=0)))
    length, width = (float(one) for one in extents[:, best])
    if length >= width:
        return float(turns[best]), width, length
    return float(turns[best]) + np.pi / 2, length, width


def _nearest(
    points: Points, kind: Kind, start: Float[np.ndarray, " parameter"]
) -> tuple[Float[np.ndarray, " parameter"], float]:
    """Levenberg and Marquardt's descent over centre, angle, width, length; rms distance."""
    now, damping = start, 1e-3
    off, slopes = _distances(points, kind, now)
    for _ in range(40):
        square = slopes.T @ slopes
        step = -np.linalg.solve(square + damping * np.diag(np.diag(square) + 1e-9), slopes.T @ off)
        then = now + step
        if min(then[3], then[4]) <= 0:
            damping *= 10
            continue
        off_then, slopes_then = _distances(points, kind, then)
        gained = off @ off - off_then @ off_then
        if gained <= 0:
            damping *= 10
            if damping > 1e6:
                break
            continue
        now, off, slopes, damping = then, off_then, slopes_then, damping / 5
        if gained < 1e-9 * (off @ off + 1e-12):
            break
    return now, float(np.sqrt(off @ off / len(off)))


def _distances(
    points: Points, kind: Kind, at: Float[np.ndarray, " parameter"]
) -> tuple[Float[np.ndarray, " point"], Float[np.ndarray, "point parameter"]]:
    """Distance of points from the nearest side's line, outwards, and its slopes."""
    turn = at[2] - np.pi / 2
    cos, sin = np.cos(turn), np.sin(turn)
    normals = _NORMALS[kind] @ np.array([[cos, sin], [-sin, cos]])
    turned = np.stack([-normals[:, 1], normals[:, 0]], axis=1)
    from_centre = points - at[:2]
    every = from_centre @ normals.T - _REACH[kind] @ at[3:]
    side = np.argmax(every, axis=1)
    off = every[np.arange(len(points)), side]
    by_turn = np.sum(turned[side] * from_centre, axis=1)
    return off, np.column_stack([-normals[side], by_turn, -_REACH[kind][side]])
