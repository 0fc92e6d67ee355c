"""Bodies in an SEM image: where it is brighter than its ground, and their outlines."""

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from jaxtyping import Bool, Float, Int

from cinedot.core import AnalysisError

SMOOTH_PX = 1.0
"""Standard deviation of the blur against noise, pixels."""

LEAST_PX = 10.0
"""Narrower bodies show no sides: at 10 px a corner of either kind is cut by half of a pixel."""

_LEAST_CONTRAST = 4.0
"""Crystals over ground, in sigmas of the blurred noise: pure noise halved comes to 1.4."""
_BELOW = 0.9
"""Weight of pixels below the first surface: the ground is the lower side of the image."""
_RIM_PX = 5
"""How deep within a body its bright rim is looked for."""
_EDGE_PX = 2
"""Bodies that come so near to the border may go on beyond it."""
_LEAST_GROUND_POINTS = 50
_LAPLACE = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
_MOST_GROUND_POINTS = 20_000

Points = Float[np.ndarray, "point 2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """What rises from the ground of one image.

    Attributes:
        contours_px: of each whole body: x, y of the line at half of its height, not closed.
        at_edge: number of bodies that the border cuts.
        too_small: number narrower than `LEAST_PX`.
        small_px: median width of these; 0 without any.
        contrast: height over the sigma of the blurred noise.
    """

    contours_px: tuple[Float[np.ndarray, "_ 2"], ...]
    at_edge: int
    too_small: int
    small_px: float
    contrast: float


def find_bodies(data: Float[np.ndarray, "y x"]) -> Bodies:
    """The bodies brighter than a ground that may slope and bend, each outlined at half its height.

    The ground is a surface of second order under the image; crystals are what Otsu's threshold
    parts from it. A body's own line runs halfway between ground and its median, or its rim where
    that is brighter, as edges are in such images: a symmetric blur leaves it in place along sides.

    Args:
        data: intensities [y, x].

    Raises:
        AnalysisError: nothing rises above the noise.

    Source: Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979); noise as Immerkaer, Comput. Vis.
        Image Underst. 64, 300 (1996), by the median.

    Example:
        >>> image = np.random.default_rng(1).normal(50.0, 3.0, (60, 60))
        >>> image[20:40, 15:45] += 60.0
        >>> (contour,) = find_bodies(image).contours_px
        >>> np.ptp(contour, axis=0).round().tolist()
        [30.0, 20.0]
    """
    smooth = scipy.ndimage.gaussian_filter(data.astype(np.float64), SMOOTH_PX)
    level, mask = _over_ground(smooth)
    noise = max(_noise_of(data), _scatter(level[~mask]))
    height = float(np.median(level[mask])) if mask.any() else 0.0
    if not height > _LEAST_CONTRAST * noise or height <= 0:
        raise AnalysisError(
            "no crystal rises above the noise of the image.",
            remedy="Check that crystals are brighter than their ground, and `region`; or average "
            "scans.",
        )
    labels = _labelled(mask)
    contours: list[Points] = []
    widths: list[float] = []
    at_edge = 0
    for index, place in enumerate(scipy.ndimage.find_objects(labels), start=1):
        if _at_border(place, labels.shape):
            at_edge += int(min(side.stop - side.start for side in place) >= LEAST_PX)
            continue
        contour = _contour(level, labels, index, place)
        width = 0.0 if contour is None else _width_of(contour)
        if contour is None or width < LEAST_PX:
            widths.append(width)
        else:
            contours.append(contour)
    seen = [one for one in widths if one >= LEAST_PX / 3]
    return Bodies(
        contours_px=tuple(contours),
        at_edge=at_edge,
        too_small=len(seen),
        small_px=float(np.median(seen)) if seen else 0.0,
        contrast=height / noise if noise > 0 else np.inf,
    )


def _over_ground(
    smooth: Float[np.ndarray, "y x"],
) -> tuple[Float[np.ndarray, "y x"], Bool[np.ndarray, "y x"]]:
    """Height over the ground, and where it is that of crystals."""
    from skimage.filters import threshold_otsu

    step = max(1, round(np.sqrt(smooth.size / _MOST_GROUND_POINTS)))
    few = (slice(None, None, step), slice(None, None, step))
    y, x = (np.linspace(-1, 1, size) for size in smooth.shape)
    values = smooth[few].ravel()
    terms = np.stack(
        [term.ravel() for term in _terms(x[None, ::step], y[::step, None])],
        axis=1,
    )
    surface = np.full(values.shape, np.median(values))
    fit = np.zeros(terms.shape[1])
    for _ in range(20):
        fit = _weighted_fit(terms, values, np.where(values < surface, _BELOW, 1 - _BELOW))
        surface = terms @ fit
    level = smooth - _surface(fit, x, y)
    mask = level > threshold_otsu(level)
    for _ in range(3):
        free = np.logical_not(scipy.ndimage.binary_dilation(mask, iterations=3))
        weight = free[few].ravel().astype(np.float64)
        if weight.sum() < _LEAST_GROUND_POINTS:
            break
        level = smooth - _surface(_weighted_fit(terms, values, weight), x, y)
        mask = level > threshold_otsu(level)
    return level, mask


def _terms(
    x: Float[np.ndarray, "1 x"], y: Float[np.ndarray, "y 1"]
) -> tuple[Float[np.ndarray, "y x"], ...]:
    one = np.ones(np.broadcast_shapes(x.shape, y.shape))
    return one, x * one, y * one, x**2 * one, y**2 * one, x * y


def _surface(
    fit: Float[np.ndarray, " term"], x: Float[np.ndarray, " x"], y: Float[np.ndarray, " y"]
) -> Float[np.ndarray, "y x"]:
    along = fit[0] + fit[1] * x + fit[3] * x**2
    down = fit[2] * y + fit[4] * y**2
    return along[None] + down[:, None] + fit[5] * y[:, None] * x[None]


def _weighted_fit(
    terms: Float[np.ndarray, "point term"],
    values: Float[np.ndarray, " point"],
    weight: Float[np.ndarray, " point"],
) -> Float[np.ndarray, " term"]:
    root = np.sqrt(weight)
    return np.linalg.lstsq(terms * root[:, None], values * root, rcond=None)[0]


def _noise_of(data: Float[np.ndarray, "y x"]) -> float:
    """Sigma that white noise of the image has after the blur."""
    seen = np.abs(scipy.ndimage.convolve(data.astype(np.float64), _LAPLACE))
    return float(np.median(seen)) / (0.6745 * 6) / (2 * np.sqrt(np.pi) * SMOOTH_PX)


def _scatter(values: Float[np.ndarray, " pixel"]) -> float:
    if not values.size:
        return 0.0
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _labelled(mask: Bool[np.ndarray, "y x"]) -> Int[np.ndarray, "y x"]:
    from skimage.measure import label

    opened = scipy.ndimage.binary_opening(mask, np.ones((3, 3), bool))
    filled = scipy.ndimage.binary_fill_holes(opened)
    return np.asarray(label(filled, connectivity=1), np.int64)


def _at_border(place: tuple[slice, ...], shape: tuple[int, ...]) -> bool:
    return any(
        side.start < _EDGE_PX or side.stop > size - _EDGE_PX
        for side, size in zip(place, shape, strict=True)
    )


def _contour(
    level: Float[np.ndarray, "y x"],
    labels: Int[np.ndarray, "y x"],
    index: int,
    place: tuple[slice, ...],
) -> Points | None:
    """The longest line around a body at half of its height."""
    from skimage.measure import find_contours

    rows, columns = (slice(max(0, side.start - 4), side.stop + 4) for side in place)
    own = labels[rows, columns] == index
    half = 0.5 * _rim_height(level[rows, columns], own)
    near = scipy.ndimage.binary_dilation(own, iterations=3)
    others = (labels[rows, columns] != index) & (labels[rows, columns] > 0)
    patch = np.where(near & ~others, level[rows, columns], min(0.0, half - 1.0))
    patch = np.where(scipy.ndimage.binary_erosion(own, iterations=3), 3 * half, patch)
    lines = [line for line in find_contours(patch, half) if (line[0] == line[-1]).all()]
    if not lines:
        return None
    line = max(lines, key=len)[:-1, ::-1]
    return line + np.array([columns.start, rows.start]) if len(line) >= 8 else None


def _rim_height(level: Float[np.ndarray, "y x"], own: Bool[np.ndarray, "y x"]) -> float:
    """The body's height, or that of its rim where edges are brighter than faces."""
    inwards = np.ceil(np.asarray(scipy.ndimage.distance_transform_edt(own)))
    rings = [level[inwards == depth] for depth in range(1, _RIM_PX + 1)]
    heights = [float(np.median(ring)) for ring in rings if ring.size]
    return max(float(np.median(level[own])), *heights)


def _width_of(contour: Points) -> float:
    from cinedot.micrographs.silhouette import feret_diameters

    return feret_diameters(contour)[0]
