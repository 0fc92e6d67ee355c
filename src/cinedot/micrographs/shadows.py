"""Shadows of cuboids: what each definition of size gives for a dot of known edges."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import scipy.ndimage
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.micrographs.envelope import BLUR_NM
from cinedot.micrographs.silhouette import fit_square

BROMIDE_RADIUS_NM = 0.196
"""Ionic radius of bromide, six neighbours (Shannon, Acta Cryst. A 32, 751, 1976)."""

_ORDER = 96
"""Places along each angle: means of kinked sizes come out to 1e-5 of themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """What counts as a dot's border: (n + cells) a + extra_nm from side to side.

    Example:
        >>> [round(one.length_nm(4, 0.5874), 2) for one in (METAL_PLANES, HALIDE_PLANES)]
        [1.76, 2.35]
    """

    name: str
    cells: int
    extra_nm: float = 0.0

    def length_nm(self, n: int, lattice_nm: float) -> float:
        """The length of an edge of n Pb atoms, nm."""
        if n < 1 or not 0 < lattice_nm < np.inf:
            raise InputError(
                f"`n` must be at least 1 and `lattice_nm` above 0, but are {n}, {lattice_nm}.",
                remedy="CsPbBr3 has 0.5874 nm.",
            )
        return (n + self.cells) * lattice_nm + self.extra_nm


METAL_PLANES = Border(name="outermost Pb", cells=-1)
HALIDE_PLANES = Border(name="outermost Br", cells=0)
HALIDE_RIMS = Border(name="rim of the outermost Br", cells=0, extra_nm=2 * BROMIDE_RADIUS_NM)
BORDERS = (METAL_PLANES, HALIDE_PLANES, HALIDE_RIMS)


@runtime_checkable
class Orientation(Protocol):
    """How dots lie: directions of view in the dot's frame, with weights that sum to 1."""

    def views(self) -> tuple[Float[np.ndarray, "view 3"], Float[np.ndarray, " view"]]:
        """Unit vectors and weights."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceOn:
    """Faces towards the beam, each of the three as often, normals anywhere within some angle."""

    within_deg: float = 0.0

    def views(self) -> tuple[Float[np.ndarray, "view 3"], Float[np.ndarray, " view"]]:
        """Unit vectors and weights."""
        if not 0 <= self.within_deg <= 90:
            raise InputError(
                f"`within_deg` must be from 0 to 90, but is {self.within_deg}.",
                remedy="Dots that lie flat are `FaceOn()`.",
            )
        views, weights = _cap(float(np.radians(self.within_deg)))
        turned = np.concatenate([np.roll(views, turn, axis=1) for turn in range(3)])
        return turned, np.tile(weights / 3, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freely:
    """Every orientation alike."""

    def views(self) -> tuple[Float[np.ndarray, "view 3"], Float[np.ndarray, " view"]]:
        """Unit vectors and weights; of the eight octants, which are alike, one."""
        return _cap(float(np.pi / 2))


def _cap(angle: float) -> tuple[Float[np.ndarray, "view 3"], Float[np.ndarray, " view"]]:
    """Gauss-Legendre places over a quarter of the cap around z."""
    if angle == 0:
        return np.array([[0.0, 0.0, 1.0]]), np.ones(1)
    nodes, weights = np.polynomial.legendre.leggauss(_ORDER)
    polar, around = angle * (nodes + 1) / 2, np.pi / 4 * (nodes + 1)
    sine, cosine = np.sin(polar)[:, None], np.cos(polar)[:, None]
    views = np.stack(
        np.broadcast_arrays(sine * np.cos(around), sine * np.sin(around), cosine), axis=-1
    )
    weight = (weights * np.sin(polar))[:, None] * weights
    return views.reshape(-1, 3), (weight / weight.sum()).ravel()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowSizes:
    """Sizes of shadows, one of each view, nm.

    Attributes:
        feret_min_nm, feret_max_nm: least and largest distance of parallel lines around it.
        feret_mean_nm: that distance averaged over all directions: perimeter / pi.
        area_diameter_nm: diameter of the circle of its area.
        area_side_nm: side of the square of its area.
    """

    feret_min_nm: Float[np.ndarray, " view"]
    feret_max_nm: Float[np.ndarray, " view"]
    feret_mean_nm: Float[np.ndarray, " view"]
    area_diameter_nm: Float[np.ndarray, " view"]
    area_side_nm: Float[np.ndarray, " view"]


def shadow_areas_nm2(
    edges_nm: tuple[float, float, float], views: Float[np.ndarray, "view 3"]
) -> Float[np.ndarray, " view"]:
    """Area of a cuboid's shadow: the sum of its faces' areas times |direction cosines|, nm2.

    Its mean over all views is a quarter of the surface (Cauchy).

    Example:
        >>> float(shadow_areas_nm2((2.0, 3.0, 4.0), np.array([[0.0, 0.0, 1.0]]))[0])
        6.0
    """
    a, b, c = _checked(edges_nm)
    return np.abs(views) @ np.array([b * c, c * a, a * b])


def shadow_sizes(
    edges_nm: tuple[float, float, float], views: Float[np.ndarray, "view 3"]
) -> ShadowSizes:
    """Sizes of a cuboid's shadows by closed forms.

    A shadow is a hexagon of three pairs of sides, the projected edges, s_i long: l_i sqrt(1 -
    v_i^2). Across side i it is (l_j |v_k| + l_k |v_j|) / sqrt(1 - v_i^2) wide, and the least of
    these is Feret's minimum; the maximum is the longest projected body diagonal.

    Args:
        edges_nm: the cuboid's lengths.
        views: unit vectors along the beam in the cuboid's frame.

    Example:
        >>> flat = shadow_sizes((2.0, 2.0, 2.0), np.array([[0.0, 0.0, 1.0]]))
        >>> [round(float(x[0]), 3) for x in (flat.feret_min_nm, flat.feret_max_nm)]
        [2.0, 2.828]
    """
    lengths = np.array(_checked(edges_nm))
    areas = shadow_areas_nm2(edges_nm, views)
    slant = np.sqrt(np.maximum(1 - views**2, 0))
    signs = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]])
    along = (views @ (signs * lengths).T) ** 2
    widest = np.sqrt(np.maximum((lengths**2).sum() - along.min(axis=1), 0))
    return ShadowSizes(
        feret_min_nm=_side_widths(lengths, views).min(axis=1),
        feret_max_nm=widest,
        feret_mean_nm=2 * (slant @ lengths) / np.pi,
        area_diameter_nm=2 * np.sqrt(areas / np.pi),
        area_side_nm=np.sqrt(areas),
    )


def _side_widths(
    lengths: Float[np.ndarray, "3"], views: Float[np.ndarray, "view 3"]
) -> Float[np.ndarray, "view 3"]:
    """Widths across each projected edge; infinite where an edge is seen as a point."""
    steep, slant = np.abs(views), np.sqrt(np.maximum(1 - views**2, 0))
    after, last = np.roll(lengths, -1), np.roll(lengths, -2)
    across = after * np.roll(steep, -2, axis=1) + last * np.roll(steep, -1, axis=1)
    seen = slant > 1e-7
    return np.where(seen, across / np.where(seen, slant, 1.0), np.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanSizes:
    """Means of each size over an orientation, and their standard deviations over it, nm.

    The names are those of `ShadowSizes`; `fitted_edge_nm` is the side of the blurred square that
    fits the blurred shadow best.
    """

    means: dict[str, float]
    spreads: dict[str, float]


def mean_sizes(edges_nm: tuple[float, float, float], orientation: Orientation) -> MeanSizes:
    """What a sample of equal cuboids gives on average, by each definition.

    Example:
        >>> freely = mean_sizes((1.762, 1.762, 1.762), Freely())
        >>> round(freely.means["area_diameter_nm"], 2)
        2.43
    """
    views, weights = orientation.views()
    sizes = shadow_sizes(edges_nm, views)
    columns = {
        "feret_min_nm": sizes.feret_min_nm,
        "feret_max_nm": sizes.feret_max_nm,
        "feret_mean_nm": sizes.feret_mean_nm,
        "area_diameter_nm": sizes.area_diameter_nm,
        "area_side_nm": sizes.area_side_nm,
    }
    means = {name: float(weights @ values) for name, values in columns.items()}
    spreads = {
        name: float(np.sqrt(weights @ (values - means[name]) ** 2))
        for name, values in columns.items()
    }
    return MeanSizes(means=means, spreads=spreads)


def fitted_edge_nm(
    edges_nm: tuple[float, float, float],
    view: Float[np.ndarray, "3"],
    *,
    blur_nm: float = BLUR_NM,
) -> float:
    """Side of the blurred square that fits a blurred shadow best, nm.

    This is what `find_particles` calls an edge, where the particle is seen by its outline.

    Args:
        edges_nm: the cuboid's lengths.
        view: unit vector along the beam in its frame.
        blur_nm: standard deviation of the blur of both.

    Example:
        >>> round(fitted_edge_nm((2.35, 2.35, 2.35), np.array([0.0, 0.0, 1.0])), 2)
        2.35
    """
    step, coarse = 0.025, 0.15
    lengths = np.array(_checked(edges_nm))
    reach = float(np.linalg.norm(lengths)) / 2 + 4 * blur_nm
    line = np.arange(-np.ceil(reach / coarse), np.ceil(reach / coarse) + step / 4, step / coarse)
    x, y = np.meshgrid(line * coarse, line * coarse)
    inside = np.ones(x.shape, bool)
    widths = _side_widths(lengths, view[None])[0]
    for sides, width in zip(_projected_axes(view), widths, strict=True):
        if np.isfinite(width):
            normal = np.array([-sides[1], sides[0]]) / np.hypot(*sides)
            # Half of a rim pixel counts as inside: the tiny shift settles ties.
            inside &= np.abs(x * normal[0] + y * normal[1] + 1e-9) <= width / 2
    level = scipy.ndimage.gaussian_filter(inside.astype(np.float64), blur_nm / step)
    every = round(coarse / step)
    axis = line[::every] * coarse
    start = (0.0, 0.0, float(np.sqrt(inside.sum())) * step)
    square = fit_square(level[::every, ::every], axis, axis, start=start, blur_nm=blur_nm)
    return start[2] if square is None else square.edge_nm


def _projected_axes(view: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 2"]:
    """The cuboid's axes as seen along a view."""
    helper = np.eye(3)[int(np.argmin(np.abs(view)))]
    across = np.cross(view, helper)
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(view, across)], axis=1)


def _checked(edges_nm: tuple[float, float, float]) -> tuple[float, float, float]:
    if not all(0 < edge < np.inf for edge in edges_nm):
        raise InputError(
            f"`edges_nm` must be three lengths above 0, but are {edges_nm}.",
            remedy="n Pb atoms an edge are n times the lattice constant long.",
        )
    return edges_nm
