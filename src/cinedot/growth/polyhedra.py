"""Convex crystals: what planes at given distances from a centre leave between them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, InputError

Plane = tuple[int, int, int]
"""Miller indices of a plane of a cubic crystal, which are its normal's direction too."""

_SAME = 1e-9
"""Of the crystal's size: places nearer than this are one. Qhull's own rounding is 1e-14."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face of a crystal.

    Attributes:
        plane: its Miller indices.
        distance: from the centre, nm.
        corners: in order, anticlockwise as seen from outside [corner, 3], nm.
    """

    plane: Plane
    distance: float
    corners: Float[np.ndarray, "corner 3"]

    @property
    def normal(self) -> Float[np.ndarray, "3"]:
        """Unit vector outwards."""
        return unit_normal(self.plane)

    @property
    def area_nm2(self) -> float:
        """Area, nm2."""
        fan = np.cross(self.corners[1:-1] - self.corners[0], self.corners[2:] - self.corners[0])
        return float(fan.sum(axis=0) @ self.normal) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalShape:
    """A convex crystal with its centre at the origin.

    Attributes:
        vertices: corners [vertex, 3], nm.
        faces: those that planes have a share in; planes that pass outside have none.
    """

    vertices: Float[np.ndarray, "vertex 3"]
    faces: tuple[Face, ...]

    @property
    def area_nm2(self) -> float:
        """Area of all faces, nm2."""
        return sum(face.area_nm2 for face in self.faces)

    @property
    def volume_nm3(self) -> float:
        """Volume, nm3: a pyramid over each face."""
        return sum(face.area_nm2 * face.distance for face in self.faces) / 3

    def area_fraction(self, family: Plane) -> float:
        """Share of the surface that faces of a family {hkl} have, 0 to 1.

        Example:
            >>> from cinedot.growth import wulff_shape
            >>> cube = wulff_shape({(1, 0, 0): 1.0})
            >>> cube.area_fraction((1, 0, 0)), cube.area_fraction((1, 1, 0))
            (1.0, 0.0)
        """
        own = [face.area_nm2 for face in self.faces if _same_family(face.plane, family)]
        return float(sum(own) / self.area_nm2)

    def scaled(self, factor: float) -> "CrystalShape":
        """The same shape, every length times a factor above 0."""
        if not factor > 0:
            raise InputError(f"`factor` must be above 0, but is {factor}.", remedy="1 is as it is.")
        return CrystalShape(
            vertices=self.vertices * factor,
            faces=tuple(
                Face(plane=one.plane, distance=one.distance * factor, corners=one.corners * factor)
                for one in self.faces
            ),
        )

    def silhouette(self, view: Plane) -> Float[np.ndarray, "corner 2"]:
        """The outline seen along a direction, anticlockwise [corner, 2], nm.

        Args:
            view: the direction from the crystal to the eye. Upwards in the picture is c or, along
                c, b.

        Example:
            >>> from cinedot.growth import wulff_shape
            >>> wulff_shape({(1, 0, 0): 1.0}).silhouette((0, 0, 1)).shape
            (4, 2)
        """
        from scipy.spatial import ConvexHull

        seen = self.vertices @ view_axes(view)[:2].T
        hull = ConvexHull(seen)
        return seen[hull.vertices]


def view_axes(view: Plane) -> Float[np.ndarray, "3 3"]:
    """Unit vectors to the right, upwards and to the eye, for a view along a direction.

    Example:
        >>> view_axes((0, 0, 1)).astype(int).tolist()
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """
    ahead = unit_normal(view)
    up = np.array([0.0, 0.0, 1.0])
    if abs(ahead[2]) > 1 - 1e-12:
        up = np.array([0.0, 1.0, 0.0])
    up = up - (up @ ahead) * ahead
    up /= np.linalg.norm(up)
    return np.stack([np.cross(up, ahead), up, ahead])


def unit_normal(plane: Plane) -> Float[np.ndarray, "3"]:
    """The unit vector along a plane's normal.

    Raises:
        InputError: the plane is (0, 0, 0).
    """
    if not any(plane):
        raise InputError("a plane must not be (0, 0, 0).", remedy="A cube's faces are (1, 0, 0).")
    normal = np.array(plane, float)
    return normal / np.linalg.norm(normal)


def family(plane: Plane) -> tuple[Plane, ...]:
    """All planes that a cubic crystal's symmetry makes of one, in a fixed order.

    Example:
        >>> len(family((1, 0, 0))), len(family((1, 1, 0))), len(family((1, 1, 1)))
        (6, 12, 8)
    """
    unit_normal(plane)
    h, k, l = plane  # noqa: E741 - as crystallographers write it
    orders = ((h, k, l), (k, l, h), (l, h, k), (h, l, k), (l, k, h), (k, h, l))
    signs = [(i, j, m) for i in (1, -1) for j in (1, -1) for m in (1, -1)]
    images = {(i * a, j * b, m * c) for a, b, c in orders for i, j, m in signs}
    return tuple(sorted(images, reverse=True))


def _same_family(plane: Plane, other: Plane) -> bool:
    """Whether symmetry makes one of the other, whatever their common factors."""
    return np.allclose(np.sort(np.abs(unit_normal(plane))), np.sort(np.abs(unit_normal(other))))


def cut_crystal(distances_nm: Mapping[Plane, float]) -> CrystalShape:
    """The crystal between planes: every point n.x <= h for each plane's normal n and distance h.

    Args:
        distances_nm: of each single plane from the centre, nm, above 0.

    Raises:
        InputError: a distance is not above 0, or the planes do not close.

    Source: Wulff, Z. Krist. 34, 449 (1901), for distances in proportion to surface energies.

    Example:
        >>> cube = cut_crystal({plane: 1.0 for plane in family((1, 0, 0))})
        >>> len(cube.vertices), len(cube.faces), round(cube.volume_nm3, 9)
        (8, 6, 8.0)
    """
    for plane, distance in distances_nm.items():
        if not (np.isfinite(distance) and distance > 0):
            raise InputError(
                f"every distance must be above 0 nm, but that of {plane} is {distance}.",
                remedy="Count it from a centre inside the crystal.",
            )
    planes = tuple(distances_nm)
    normals = np.array([unit_normal(plane) for plane in planes]).reshape(-1, 3)
    _require_closed(normals)
    far = np.array([distances_nm[plane] for plane in planes])
    vertices = _vertices(normals, far)
    tolerance = _SAME * float(np.abs(vertices).max())
    faces: list[Face] = []
    for plane, normal, distance in zip(planes, normals, far, strict=True):
        own = vertices[np.abs(vertices @ normal - distance) < tolerance]
        if len(own) > 2:
            faces.append(
                Face(plane=plane, distance=float(distance), corners=_in_order(own, normal))
            )
    return CrystalShape(vertices=vertices, faces=tuple(faces))


def _require_closed(normals: Float[np.ndarray, "plane 3"]) -> None:
    """Refuse planes that leave a way out: the centre must lie inside of their normals' hull."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        closed = bool((ConvexHull(normals).equations[:, -1] < -_SAME).all())
    except (QhullError, ValueError):
        closed = False
    if not closed:
        raise InputError(
            f"the planes must close round the centre, but these {len(normals)} do not.",
            remedy="Give all of a family, as in `wulff_shape({(1, 0, 0): 1.0})`.",
        )


def _vertices(
    normals: Float[np.ndarray, "plane 3"], distances: Float[np.ndarray, " plane"]
) -> Float[np.ndarray, "vertex 3"]:
    """Corners, those where more than three planes meet once."""
    from scipy.spatial import HalfspaceIntersection, QhullError

    try:
        met = HalfspaceIntersection(np.column_stack([normals, -distances]), np.zeros(3))
    except QhullError as fault:
        raise AnalysisError(
            "the planes' distances differ by too much to cut a crystal.",
            remedy="Leave planes out that pass far outside.",
        ) from fault
    found: list[np.ndarray] = []
    tolerance = _SAME * float(np.abs(met.intersections).max())
    for corner in met.intersections:
        if all(np.abs(corner - other).max() > tolerance for other in found):
            found.append(corner)
    return np.array(found)


def _in_order(
    corners: Float[np.ndarray, "corner 3"], normal: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "corner 3"]:
    """A face's corners anticlockwise about its normal."""
    out = corners - corners.mean(axis=0)
    first = out[0] / np.linalg.norm(out[0])
    return corners[np.argsort(np.arctan2(out @ np.cross(normal, first), out @ first))]
