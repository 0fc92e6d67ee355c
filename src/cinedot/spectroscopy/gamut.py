"""Gamuts: the triangle of colours that three primaries mix, and how much of another it covers."""

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gamut:
    """Three primaries in CIE 1931 x, y.

    Attributes:
        red, green, blue: chromaticities.
    """

    red: Point
    green: Point
    blue: Point

    @property
    def corners(self) -> tuple[Point, Point, Point]:
        """Red, green, blue."""
        return self.red, self.green, self.blue

    def with_blue(self, blue: Point) -> "Gamut":
        """The same with another blue."""
        return Gamut(red=self.red, green=self.green, blue=blue)


REC_2020 = Gamut(red=(0.708, 0.292), green=(0.170, 0.797), blue=(0.131, 0.046))
"""ITU-R BT.2020: single wavelengths of 630, 532 and 467 nm."""

REC_709 = Gamut(red=(0.640, 0.330), green=(0.300, 0.600), blue=(0.150, 0.060))
"""ITU-R BT.709, which sRGB shares."""


def gamut_area(gamut: Gamut) -> float:
    """Area of the triangle in x, y.

    Example:
        >>> round(gamut_area(REC_709) / gamut_area(REC_2020), 3)
        0.529
    """
    return abs(_signed_area(list(gamut.corners)))


def gamut_coverage(gamut: Gamut, target: Gamut) -> float:
    """Share of a target's area in x, y that lies inside a gamut, 0 to 1.

    Example:
        >>> gamut_coverage(REC_2020, REC_709), round(gamut_coverage(REC_709, REC_2020), 3)
        (1.0, 0.529)
    """
    corners = _anticlockwise(target.corners)
    inside = _anticlockwise(gamut.corners)
    if not inside:
        return 0.0
    for index, start in enumerate(inside):
        corners = _clipped(corners, start, inside[(index + 1) % len(inside)])
    return min(1.0, abs(_signed_area(corners)) / gamut_area(target))


def _anticlockwise(corners: tuple[Point, ...]) -> list[Point]:
    """The corners in turn; none where they lie on a line."""
    area = _signed_area(list(corners))
    if area == 0.0:
        return []
    return list(corners) if area > 0 else list(reversed(corners))


def _signed_area(corners: list[Point]) -> float:
    pairs = zip(corners, corners[1:] + corners[:1], strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs) / 2


def _clipped(corners: list[Point], start: Point, end: Point) -> list[Point]:
    """What of a polygon lies left of a line (I. E. Sutherland, G. W. Hodgman 1974)."""
    kept: list[Point] = []
    for here, after in zip(corners, corners[1:] + corners[:1], strict=True):
        side, next_side = _side(here, start, end), _side(after, start, end)
        if side >= 0:
            kept.append(here)
        if side * next_side < 0:
            share = side / (side - next_side)
            kept.append(
                (here[0] + share * (after[0] - here[0]), here[1] + share * (after[1] - here[1]))
            )
    return kept


def _side(point: Point, start: Point, end: Point) -> float:
    """Positive on the left of the line from start to end."""
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])
