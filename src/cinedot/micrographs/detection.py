"""Where particles may be: candidates with a place, a size and a signal-to-noise ratio."""

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.optimize
import scipy.special
from jaxtyping import Float

from cinedot.core import Image
from cinedot.micrographs.fringes import Fringe, lattice_fringes
from cinedot.micrographs.local_lattice import LatticeMap, binned_to

SIGMA_EFFICIENCY = 0.23
"""Values of a normal sample that tell as much of its sigma, by their standard deviation, as one
does by the distance from the median down to the 15.87th percentile (asymptotic law of quantiles:
variance 2.2 / N against 1 / 2N)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place where something stands out of the ground.

    Attributes:
        x_nm, y_nm: place.
        size_nm: rough edge.
        snr: signal over the ground's own noise, as a normal deviate.
    """

    x_nm: float
    y_nm: float
    size_nm: float
    snr: float


def lattice_candidates(lattice: LatticeMap) -> list[Candidate]:
    """Maxima of the lattice score over its threshold, strongest first.

    A wide particle has several maxima: whoever takes a candidate drops those within its outline.
    """
    score = lattice.score
    highest = scipy.ndimage.maximum_filter(score, size=3, mode="nearest")
    rows, columns = np.nonzero((score >= highest) & (score > lattice.threshold))
    order = np.argsort(-score[rows, columns])
    step_x = float(lattice.x_nm[1] - lattice.x_nm[0])
    step_y = float(lattice.y_nm[1] - lattice.y_nm[0])
    from skimage.measure import label

    found = []
    for row, column in zip(rows[order], columns[order], strict=True):
        regions = np.asarray(label(score > 0.5 * score[row, column]))
        area = float((regions == regions[row, column]).sum()) * step_x * step_y
        found.append(
            Candidate(
                x_nm=float(lattice.x_nm[column]),
                y_nm=float(lattice.y_nm[row]),
                size_nm=max(1.5, float(np.sqrt(area)) - 0.5),
                snr=float(np.sqrt(2 * score[row, column])),
            )
        )
    return found


def contrast_candidates(
    image: Image, sizes_nm: tuple[float, float], *, bright: bool, false_alarms: float
) -> list[Candidate]:
    """Maxima over place and size of a disc-minus-surroundings filter, strongest first.

    Each filtered picture is put in units of its own ground's noise (see `_deviates`), and counts
    where the maxima of a smooth Gaussian field would exceed it `false_alarms` times an image,
    all sizes together.
    """
    sign = 1.0 if bright else -1.0
    data = sign * image.data.astype(np.float64)
    shortest, longest = sizes_nm
    count = max(2, 1 + round(np.log(longest / shortest) / np.log(1.25)))
    sizes = np.geomspace(shortest, longest, count)
    each = [_deviates(_disc_response(data, image, size), image, size) for size in sizes]
    stack = np.stack([plain for plain, _, _ in each])
    over = [
        normal > _extreme(slopes, false_alarms / count, data.shape) for _, normal, slopes in each
    ]
    sure = np.max([np.where(passed, each[k][1], 0.0) for k, passed in enumerate(over)], axis=0)
    # A place counts by the size that is surest, but has the size whose response is largest.
    highest = scipy.ndimage.maximum_filter(stack, size=(3, 3, 3), mode="nearest")
    scales, rows, columns = np.nonzero((stack >= highest) & (stack > 3.0))
    found = [
        Candidate(
            x_nm=float(column * image.pixel_x_nm),
            y_nm=float(row * image.pixel_y_nm),
            size_nm=float(sizes[scale]),
            snr=_largest_near(sure, image, (int(row), int(column)), float(sizes[scale]) / 2),
        )
        for scale, row, column in zip(scales, rows, columns, strict=True)
    ]
    order = np.argsort(-stack[scales, rows, columns], kind="stable")
    return [found[index] for index in order if found[index].snr > 0]


def _largest_near(
    values: Float[np.ndarray, "y x"], image: Image, place: tuple[int, int], reach_nm: float
) -> float:
    half_y, half_x = round(reach_nm / image.pixel_y_nm), round(reach_nm / image.pixel_x_nm)
    row, column = place
    top, left = max(row - half_y, 0), max(column - half_x, 0)
    return float(values[top : row + half_y + 1, left : column + half_x + 1].max())


def _disc_response(
    data: Float[np.ndarray, "y x"], image: Image, size_nm: float
) -> Float[np.ndarray, "y x"]:
    """Difference of two Gaussians, the inner one matched to a square of this edge."""
    inner = size_nm / np.sqrt(12)
    widths = [
        (sigma / image.pixel_y_nm, sigma / image.pixel_x_nm) for sigma in (inner, 1.6 * inner)
    ]
    near, far = (
        scipy.ndimage.gaussian_filter(data, width, mode="reflect", truncate=3.0) for width in widths
    )
    return near - far


def _deviates(
    response: Float[np.ndarray, "y x"], image: Image, size_nm: float
) -> tuple[Float[np.ndarray, "y x"], Float[np.ndarray, "y x"], tuple[float, float]]:
    """The response over the ground's noise, as normal deviates, and its slopes a pixel (y, x).

    The noise is taken from the lower half, which particles do not reach: the wider of the whole
    field's and the neighbourhood's. Mirrored at the border, noise adds to itself there. The
    noise of a field of few independent places is itself unsure: what is divided by it follows
    Student's law, and is turned into the normal deviate of the same chance.
    """
    ground = float(np.median(response))
    noise = max(_lower_sigma(response), float(np.finfo(float).tiny))
    slopes = [max(_half_width(np.diff(response, axis=axis)) / noise, 1e-6) for axis in (0, 1)]
    local = scipy.ndimage.uniform_filter(
        np.minimum(response - ground, 0) ** 2,
        size=[round(4 * size_nm / pixel) + 1 for pixel in (image.pixel_y_nm, image.pixel_x_nm)],  # pyright: ignore[reportArgumentType]
        mode="reflect",
    )
    # A particle's own surroundings dip below the ground: only half of that counts as noise.
    around = np.sqrt(local) * 0.5
    rises = [_rise(length, slope) for length, slope in zip(response.shape, slopes, strict=True)]
    width = np.maximum(noise * rises[0][:, None] * rises[1], around)
    freedom = max(3.0, SIGMA_EFFICIENCY * response.size * slopes[0] * slopes[1] / np.pi)
    plain = (response - ground) / np.maximum(noise, around)
    return plain, _as_normal((response - ground) / width, freedom), (slopes[0], slopes[1])


def _rise(length: int, slope: float) -> Float[np.ndarray, " x"]:
    """Noise near a border over that inside, mirrored there: the correlation with its image."""
    place = np.arange(length) + 0.5
    return np.sqrt(1 + np.exp(-2 * (slope * place) ** 2) + np.exp(-2 * (slope * place[::-1]) ** 2))


def _as_normal(deviates: Float[np.ndarray, "y x"], freedom: float) -> Float[np.ndarray, "y x"]:
    """Normal deviates as likely as Student's (Wallace 1959; from 3 freedoms on at most 0.2 low)."""
    scale = (8 * freedom + 1) / (8 * freedom + 3)
    return np.sign(deviates) * scale * np.sqrt(freedom * np.log1p(deviates**2 / freedom))


def _extreme(slopes: tuple[float, float], expected: float, shape: tuple[int, ...]) -> float:
    """Height that this many maxima of a smooth Gaussian field exceed, in the mean.

    Its Euler characteristic over a rectangle, by its slopes' standard deviations (Adler, The
    Geometry of Random Fields, 1981).
    """
    rows, columns = shape[0] * slopes[0], shape[1] * slopes[1]

    def excess(height: float) -> float:
        inside = rows * columns * (2 * np.pi) ** -1.5 * height
        density = inside + (rows + columns) / (2 * np.pi)
        corner = float(scipy.special.ndtr(-height))
        return float(density * np.exp(-(height**2) / 2)) + corner - expected

    if excess(1.0) <= 0:
        return 1.0
    root: float = scipy.optimize.brentq(excess, 1.0, 30.0)  # pyright: ignore[reportAssignmentType]
    return float(root)


def _half_width(values: Float[np.ndarray, "y x"]) -> float:
    """Standard deviation from half the way between the 15.87th and 84.13th percentiles."""
    low, high = np.percentile(values, [15.865525, 84.134475])
    return float(high - low) / 2


def _lower_sigma(values: Float[np.ndarray, "y x"]) -> float:
    """Standard deviation from the median down to the 15.87th percentile."""
    low, middle = np.percentile(values, [15.865525, 50.0])
    return float(middle - low)


def is_one_crystal(image: Image) -> bool:
    """Whether the strongest fringes run through all four quarters of the field alike."""
    image = binned_to(image, 0.05)
    fringes = lattice_fringes(image, most=1)
    if not fringes or fringes[0].snr < 10:
        return False
    whole = fringes[0]
    rows, columns = image.data.shape
    halves_x = (slice(0, columns // 2), slice(columns // 2, columns))
    halves_y = (slice(0, rows // 2), slice(rows // 2, rows))
    bins = np.array([2 / (columns * image.pixel_x_nm), 2 / (rows * image.pixel_y_nm)])
    for part_y in halves_y:
        for part_x in halves_x:
            quarter = Image(
                data=image.data[part_y, part_x],
                pixel_x_nm=image.pixel_x_nm,
                pixel_y_nm=image.pixel_y_nm,
                name=image.name,
            )
            if min(quarter.data.shape) < 16 or not _has_fringe(quarter, whole, 2 * bins):
                return False
    return True


def _has_fringe(image: Image, wanted: Fringe, reach: Float[np.ndarray, "2"]) -> bool:
    place = np.array([wanted.qx_per_nm, wanted.qy_per_nm])
    for fringe in lattice_fringes(image, most=6):
        here = np.array([fringe.qx_per_nm, fringe.qy_per_nm])
        if np.all(abs(here - place) < reach) or np.all(abs(here + place) < reach):
            return True
    return False


def within(
    corners: Float[np.ndarray, "4 2"], x_nm: float, y_nm: float, *, margin_nm: float = 0.0
) -> bool:
    """Whether a place lies in a square, or within a margin of it.

    Example:
        >>> square = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1.0]])
        >>> within(square, 1.2, 0.0), within(square, 1.2, 0.0, margin_nm=0.3)
        (False, True)
    """
    centre = corners.mean(axis=0)
    side = corners[0] - corners[1]
    edge = float(np.hypot(*side))
    along = side / edge
    place = np.array([x_nm, y_nm]) - centre
    far = max(abs(float(place @ along)), abs(float(place @ np.array([-along[1], along[0]]))))
    return far <= edge / 2 + margin_nm
