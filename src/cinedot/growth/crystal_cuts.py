"""Bodies of several crystals, cut where their outline turns inwards."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

LEAST_NOTCH_PX = 3.0
LEAST_NOTCH = 0.06
"""A notch is as deep as this share of the square root of the body's area, and 3 px: shallower ones
come of noise and of crystals that are not quite convex."""

FUSED_CONTACT = 0.25
"""Crystals are fused that share this much of the smaller one's width, touching below."""

_CONCAVE_END = 0.6
"""What a cut that ends in another notch costs over one of its length that does not."""
_SIDE = 5
"""Points of an outline that tell the direction of a side from a notch."""
_SLACK_DEG = 20.0
_MOST_PIECES = 40

Points = Float[np.ndarray, "point 2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One convex part of a body.

    Attributes:
        outline: x, y, in order around it, not closed.
        free: which points are the body's own outline; the others lie on cuts.
        fused: whether it shares more than `FUSED_CONTACT` of a width with a neighbour.
        touching: whether it meets a neighbour at all.
        cluster: pieces of the same number are fused to each other, directly or through others.
    """

    outline: Points
    free: Bool[np.ndarray, " point"]
    fused: bool
    touching: bool
    cluster: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    outline: Points
    cut: Int[np.ndarray, " point"]  # number of the cut that a point lies on, or -1


def convex_pieces(outline: Points, *, pixel: float = 1.0, least_width: float = 10.0) -> list[Piece]:
    """The crystals of a body: its outline cut from notch to notch, or straight across from one.

    The deepest notch is cut first, along the shortest line within the body that leaves no notch
    there; one that ends in another notch is preferred. Crystals that lie flush, side by side, have
    no notch and stay one.

    Args:
        outline: x, y of points around the body, about a pixel apart, in any unit.
        pixel: side of a pixel in that unit.
        least_width: no cut leaves a part whose area is below this width squared.

    Example:
        >>> side = np.linspace(0, 40, 41)[:-1]
        >>> def line(a, b):
        ...     steps = np.linspace(0, 1, 41)[:-1, None]
        ...     return (1 - steps) * np.array(a) + steps * np.array(b)
        >>> corners = [(0, 0), (40, 0), (40, 20), (80, 20), (80, 60), (40, 60), (40, 40), (0, 40)]
        >>> body = np.vstack([line(a, b) for a, b in zip(corners, corners[1:] + corners[:1])])
        >>> [round(abs(area_of(one.outline))) for one in convex_pieces(body)]
        [1600, 1600]
    """
    outline = outline if area_of(outline) > 0 else outline[::-1]
    waiting = [_Part(outline=outline, cut=np.full(len(outline), -1))]
    done: list[_Part] = []
    cuts: dict[int, float] = {}
    while waiting:
        part = waiting.pop()
        split = None
        if len(waiting) + len(done) < _MOST_PIECES:
            split = _split(part, pixel, least_width, number=len(cuts))
        if split is None:
            done.append(part)
            continue
        first, second, length = split
        cuts[len(cuts)] = length
        waiting += [first, second]
    return _joined(done, cuts)


def area_of(outline: Points) -> float:
    """Area of a polygon: above 0 where its points run from x towards y."""
    x, y = outline.T
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def _split(
    part: _Part, pixel: float, least_width: float, *, number: int
) -> tuple[_Part, _Part, float] | None:
    points = part.outline
    depth = _depths(points)
    needed = max(LEAST_NOTCH_PX * pixel, LEAST_NOTCH * np.sqrt(abs(area_of(points))))
    start = int(np.argmax(depth))
    if depth[start] < needed:
        return None
    notch = _is_peak(depth) & (depth > 0.5 * needed)
    length = np.linalg.norm(points - points[start], axis=1)
    cost = length * np.where(notch, _CONCAVE_END, 1.0)
    cost = np.where(_straightens(points, start), cost, np.inf)
    for end in np.argsort(cost, kind="stable")[: int(np.isfinite(cost).sum())]:
        low, high = sorted((start, int(end)))
        if min(high - low, len(points) - high + low) < 4:
            continue
        halves = _halves(part, low, high, pixel, number)
        big_enough = all(area_of(one.outline) > least_width**2 for one in halves)
        if big_enough and _runs_within(points, start, int(end)):
            return (*halves, float(length[end]))
    return None


def _depths(points: Points) -> Float[np.ndarray, " point"]:
    """How far each point lies within the convex hull's side that spans it."""
    from scipy.spatial import ConvexHull

    corners = np.sort(ConvexHull(points).vertices)
    count = len(points)
    depth = np.zeros(count)
    for first, last in zip(corners, np.roll(corners, -1), strict=True):
        between = np.arange(first + 1, last if last > first else last + count) % count
        side = points[last] - points[first]
        if not len(between) or not side.any():
            continue
        off = points[between] - points[first]
        depth[between] = np.abs(side[0] * off[:, 1] - side[1] * off[:, 0]) / np.hypot(*side)
    return depth


def _is_peak(depth: Float[np.ndarray, " point"]) -> Bool[np.ndarray, " point"]:
    """Which points are deepest among their six neighbours."""
    near = np.max([np.roll(depth, shift) for shift in range(-3, 4)], axis=0)
    return (depth >= near) & (depth > 0)


def _straightens(points: Points, start: int) -> Bool[np.ndarray, " point"]:
    """To which points a cut from a notch leaves no notch on either side of itself."""
    behind, ahead = (points[(start + step) % len(points)] for step in (-_SIDE, _SIDE))
    turns = [np.arctan2(*(one - points[start]).T[::-1]) for one in (ahead, behind, points)]
    whole = (turns[1] - turns[0]) % (2 * np.pi)
    part = (turns[2] - turns[0]) % (2 * np.pi)
    most = np.pi + np.deg2rad(_SLACK_DEG)
    return (part < most) & (whole - part < most) & (part < whole)


def _runs_within(points: Points, start: int, end: int) -> bool:
    """Whether the straight line between two points of an outline crosses it nowhere else."""
    a, b = points[start], points[end]
    following = np.roll(points, -1, axis=0)

    across = (_side(a, b, points) * _side(a, b, following) < 0) & (
        _side(points, following, a) * _side(points, following, b) < 0
    )
    if across.any():
        return False
    from skimage.measure import points_in_poly

    middle = a + np.linspace(0.2, 0.8, 4)[:, None] * (b - a)
    return bool(points_in_poly(middle, points).all())


def _side(
    start: Float[np.ndarray, "*start 2"],
    end: Float[np.ndarray, "*start 2"],
    place: Float[np.ndarray, "*place 2"],
) -> Float[np.ndarray, " point"]:
    """On which side of lines places lie: above 0, below 0, or 0 on it."""
    along, off = end - start, place - start
    return along[..., 0] * off[..., 1] - along[..., 1] * off[..., 0]


def _halves(part: _Part, low: int, high: int, pixel: float, number: int) -> tuple[_Part, _Part]:
    a, b = part.outline[low], part.outline[high]
    count = max(1, int(np.hypot(*(b - a)) / pixel))
    inner = np.linspace(0, 1, count + 1)[1:-1, None]
    chord = a + inner * (b - a)
    fresh = np.full(len(chord), number)
    around = np.arange(high, low + len(part.outline) + 1) % len(part.outline)
    return (
        _Part(
            outline=np.vstack([part.outline[low : high + 1], chord[::-1]]),
            cut=np.concatenate([part.cut[low : high + 1], fresh]),
        ),
        _Part(
            outline=np.vstack([part.outline[around], chord]),
            cut=np.concatenate([part.cut[around], fresh]),
        ),
    )


def _joined(parts: list[_Part], cuts: dict[int, float]) -> list[Piece]:
    """Pieces with what binds them: long cuts are fused contacts, short ones touch."""
    sides = {
        number: [index for index, part in enumerate(parts) if (part.cut == number).any()]
        for number in cuts
    }
    cluster = list(range(len(parts)))
    fused: set[int] = set()
    for number, length in cuts.items():
        if len(sides[number]) < 2:
            continue
        smaller = min(np.sqrt(abs(area_of(parts[index].outline))) for index in sides[number])
        if length < FUSED_CONTACT * smaller:
            continue
        fused.update(sides[number])
        joined = {cluster[index] for index in sides[number]}
        cluster = [min(joined) if one in joined else one for one in cluster]
    return [
        Piece(
            outline=part.outline,
            free=part.cut < 0,
            fused=index in fused,
            touching=len(cuts) > 0,
            cluster=cluster[index],
        )
        for index, part in enumerate(parts)
    ]
