"""A particle's outline: the blurred square that fits it, and the contour as it is."""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.special
from jaxtyping import Bool, Float


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A fitted square silhouette.

    Attributes:
        x_nm, y_nm: centre.
        edge_nm: side.
        angle_deg: direction of a side from x towards y, 0 up to 90.
        contrast: height over the ground, in units of `noise`.
        ground: level around it.
        sigma_edge_nm, sigma_xy_nm: standard deviations from the fit's residual, whose values
            are independent only a blur apart.
        noise: standard deviation of the residual.
    """

    x_nm: float
    y_nm: float
    edge_nm: float
    angle_deg: float
    contrast: float
    ground: float
    sigma_edge_nm: float
    sigma_xy_nm: float
    noise: float

    def corners(self) -> Float[np.ndarray, "4 2"]:
        """The corners in order, x and y in nm."""
        angle = np.radians(self.angle_deg)
        along = np.array([np.cos(angle), np.sin(angle)]) * self.edge_nm / 2
        across = np.array([-along[1], along[0]])
        centre = np.array([self.x_nm, self.y_nm])
        signs = ((1, 1), (-1, 1), (-1, -1), (1, -1))
        return np.stack([centre + i * along + j * across for i, j in signs])


def square_profile(
    x_nm: Float[np.ndarray, "*place"],
    y_nm: Float[np.ndarray, "*place"],
    *,
    edge_nm: float,
    angle_rad: float,
    blur_nm: float,
) -> Float[np.ndarray, "*place"]:
    """A square of height 1 centred on 0, blurred by a Gaussian of standard deviation blur_nm.

    Example:
        >>> middle = square_profile(np.zeros((1, 1)), np.zeros((1, 1)),
        ...     edge_nm=4.0, angle_rad=0.3, blur_nm=0.3)
        >>> round(float(middle[0, 0]), 6)
        1.0
    """
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    along, across = x_nm * cosine + y_nm * sine, y_nm * cosine - x_nm * sine
    return _bar(along, edge_nm, blur_nm)[0] * _bar(across, edge_nm, blur_nm)[0]


def _bar(
    place: Float[np.ndarray, "*place"], edge_nm: float, blur_nm: float
) -> tuple[Float[np.ndarray, "*place"], Float[np.ndarray, "*place"], Float[np.ndarray, "*place"]]:
    """A blurred bar, its derivative by place, and that by its width."""
    ahead, behind = (place + edge_nm / 2) / blur_nm, (place - edge_nm / 2) / blur_nm
    height = (scipy.special.erf(ahead / np.sqrt(2)) - scipy.special.erf(behind / np.sqrt(2))) / 2
    scale = 1 / (np.sqrt(2 * np.pi) * blur_nm)
    rise, fall = scale * np.exp(-(ahead**2) / 2), scale * np.exp(-(behind**2) / 2)
    return height, rise - fall, (rise + fall) / 2


def fit_square(
    level: Float[np.ndarray, "y x"],
    x_nm: Float[np.ndarray, " x"],
    y_nm: Float[np.ndarray, " y"],
    *,
    start: tuple[float, float, float],
    blur_nm: float,
    mask: Bool[np.ndarray, "y x"] | None = None,
) -> Square | None:
    """Least-squares fit of a blurred square on a flat ground.

    Args:
        level: height [y, x] at the places y_nm, x_nm; larger inside the particle.
        start: x, y and edge to begin with, nm.
        blur_nm: standard deviation of the blur, fixed.
        mask: which places count; None is all.

    Returns:
        The best fit from two angles 45 degrees apart, or None where it does not converge to a
        square within the field.
    """
    full_x, full_y = np.meshgrid(x_nm, y_nm)
    chosen = np.ones(level.shape, bool) if mask is None else mask
    if chosen.sum() < 12:
        return None
    heights = level[chosen].astype(np.float64)
    model = _SquareModel(full_x[chosen], full_y[chosen], heights, blur_nm)
    low, high = np.percentile(heights, [20.0, 98.0])
    best = None
    for angle in (np.pi / 8, 3 * np.pi / 8):
        begin = np.array([*start, angle, high - low, low])
        fit = scipy.optimize.least_squares(
            model.residual,
            begin,
            model.jacobian,  # pyright: ignore[reportArgumentType]
            method="lm",
            xtol=1e-5,
            ftol=1e-6,
            max_nfev=60,
        )
        if best is None or fit.cost < best.cost:
            best = fit
    if best is None or not _within_field(best.x, x_nm, y_nm):
        return None
    pixel_area = float((x_nm[1] - x_nm[0]) * (y_nm[1] - y_nm[0]))
    shared = max(1.0, 4 * np.pi * blur_nm**2 / pixel_area)
    return _square(best.x, best.jac, best.fun, shared)


def _within_field(
    values: Float[np.ndarray, "6"], x_nm: Float[np.ndarray, " x"], y_nm: Float[np.ndarray, " y"]
) -> bool:
    x, y, edge = values[:3]
    extent = max(float(np.ptp(x_nm)), float(np.ptp(y_nm)))
    placed = x_nm[0] <= x <= x_nm[-1] and y_nm[0] <= y <= y_nm[-1]
    return bool(np.all(np.isfinite(values)) and placed and 0 < edge < extent)


class _SquareModel:
    """The blurred square against measured heights; parameters x, y, edge, angle, contrast, ground.

    Args:
        x_nm, y_nm: places [pixel].
        heights: measured there.
        blur_nm: fixed blur.
    """

    def __init__(
        self,
        x_nm: Float[np.ndarray, " pixel"],
        y_nm: Float[np.ndarray, " pixel"],
        heights: Float[np.ndarray, " pixel"],
        blur_nm: float,
    ) -> None:
        self._x, self._y, self._heights, self._blur = x_nm, y_nm, heights, blur_nm

    def residual(self, values: Float[np.ndarray, "6"]) -> Float[np.ndarray, " pixel"]:
        x, y, edge, angle, contrast, ground = (float(value) for value in values)
        shape = square_profile(
            self._x - x, self._y - y, edge_nm=edge, angle_rad=angle, blur_nm=self._blur
        )
        return ground + contrast * shape - self._heights

    def jacobian(self, values: Float[np.ndarray, "6"]) -> Float[np.ndarray, "pixel 6"]:
        x, y, edge, angle, contrast, _ = (float(value) for value in values)
        cosine, sine = np.cos(angle), np.sin(angle)
        along = (self._x - x) * cosine + (self._y - y) * sine
        across = (self._y - y) * cosine - (self._x - x) * sine
        first, slope_first, growth_first = _bar(along, edge, self._blur)
        second, slope_second, growth_second = _bar(across, edge, self._blur)
        by_along, by_across = slope_first * second, first * slope_second
        columns = (
            -contrast * (by_along * cosine - by_across * sine),
            -contrast * (by_along * sine + by_across * cosine),
            contrast * (growth_first * second + first * growth_second),
            contrast * (by_along * across - by_across * along),
            first * second,
            np.ones_like(first),
        )
        return np.stack(columns, axis=1)


def _square(
    values: Float[np.ndarray, "6"],
    jacobian: Float[np.ndarray, "pixel 6"],
    residual: Float[np.ndarray, " pixel"],
    shared: float,
) -> Square:
    """The fit's values with sigmas for residuals of which `shared` pixels are one number."""
    # The floor stands for the rounding of noiseless images.
    noise = max(float(residual.std()), 1e-9 * float(np.abs(values[4:]).max()), 1e-100)
    normal = jacobian.T @ jacobian / (noise**2 * shared)
    # A disc does not fix a square's angle: the rest stays determined.
    covariance = np.linalg.pinv(normal, hermitian=True)
    return Square(
        x_nm=float(values[0]),
        y_nm=float(values[1]),
        edge_nm=float(values[2]),
        angle_deg=float(np.degrees(values[3]) % 90.0),
        contrast=float(values[4]) / noise,
        ground=float(values[5]),
        sigma_edge_nm=float(np.sqrt(max(covariance[2, 2], 0.0))),
        sigma_xy_nm=float(np.sqrt(max((covariance[0, 0] + covariance[1, 1]) / 2, 0.0))),
        noise=noise,
    )


def contour_around(
    level: Float[np.ndarray, "y x"],
    x_nm: Float[np.ndarray, " x"],
    y_nm: Float[np.ndarray, " y"],
    *,
    height: float,
    centre: tuple[float, float],
) -> Float[np.ndarray, "corner 2"] | None:
    """The closed line of equal height around the region that holds, or is nearest to, a place.

    Args:
        level: height [y, x] at y_nm, x_nm.
        height: where to draw the line.
        centre: x, y in nm.

    Returns:
        Corners as x, y in nm, the first repeated at the end; None where nothing rises so high.
    """
    from skimage.measure import find_contours, label

    regions = np.asarray(label(level > height, connectivity=1))
    if not regions.any():
        return None
    rows, columns = np.nonzero(regions)
    distance = np.hypot(x_nm[columns] - centre[0], y_nm[rows] - centre[1])
    nearest = int(np.argmin(distance))
    chosen = regions == regions[rows[nearest], columns[nearest]]
    other = (regions > 0) & ~chosen
    lowest = float(level.min())
    alone = np.pad(np.where(other, lowest, level), 1, constant_values=min(lowest, height - 1e-9))
    lines = find_contours(alone, height)
    if not lines:
        return None
    line: np.ndarray = np.asarray(max(lines, key=len)) - 1.0
    step_x, step_y = float(x_nm[1] - x_nm[0]), float(y_nm[1] - y_nm[0])
    return np.stack([x_nm[0] + line[:, 1] * step_x, y_nm[0] + line[:, 0] * step_y], axis=1)


def polygon_area(corners: Float[np.ndarray, "corner 2"]) -> float:
    """Area of a closed polygon by the shoelace formula.

    Example:
        >>> polygon_area(np.array([[0, 0], [2, 0], [2, 1], [0, 1.0]]))
        2.0
    """
    x, y = corners[:, 0], corners[:, 1]
    return float(abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2)


def feret_diameters(corners: Float[np.ndarray, "corner 2"]) -> tuple[float, float]:
    """Smallest and largest distance between parallel lines that enclose a polygon.

    Example:
        >>> corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
        >>> [round(size, 3) for size in feret_diameters(corners)]
        [1.0, 1.414]
    """
    from scipy.spatial import ConvexHull

    hull = corners[ConvexHull(corners).vertices]
    sides = np.roll(hull, -1, axis=0) - hull
    normals = np.stack([-sides[:, 1], sides[:, 0]], axis=1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    # The smallest width of a convex polygon lies across one of its sides.
    widths = np.ptp(hull @ normals.T, axis=0)
    spans = np.linalg.norm(hull[:, None] - hull[None], axis=-1)
    return float(widths.min()), float(spans.max())
