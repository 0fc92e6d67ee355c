"""Where particles may be: candidates with a place, a size and a signal-to-noise ratio."""

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.special
from jaxtyping import Float

from cinedot.core import Image
from cinedot.micrographs.fringes import Fringe, lattice_fringes
from cinedot.micrographs.local_lattice import LatticeMap, binned_to


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

    Each filtered picture is put in units of its own ground's noise (from its lower half, which
    particles do not reach; the wider of the whole field's and the neighbourhood's), and counts
    where a normal deviate would exceed it `false_alarms` times an image.
    """
    sign = 1.0 if bright else -1.0
    data = sign * image.data.astype(np.float64)
    shortest, longest = sizes_nm
    count = max(2, 1 + round(np.log(longest / shortest) / np.log(1.25)))
    sizes = np.geomspace(shortest, longest, count)
    stack = np.stack([_deviates(_disc_response(data, image, size), image, size) for size in sizes])
    field = image.data.size * image.pixel_x_nm * image.pixel_y_nm
    independent = float((field / sizes**2).sum())
    threshold = float(scipy.special.ndtri(1 - min(0.5, false_alarms / max(independent, 1.0))))
    highest = scipy.ndimage.maximum_filter(stack, size=(3, 3, 3), mode="nearest")
    scales, rows, columns = np.nonzero((stack >= highest) & (stack > threshold))
    order = np.argsort(-stack[scales, rows, columns])
    return [
        Candidate(
            x_nm=float(columns[index] * image.pixel_x_nm),
            y_nm=float(rows[index] * image.pixel_y_nm),
            size_nm=float(sizes[scales[index]]),
            snr=float(stack[scales[index], rows[index], columns[index]]),
        )
        for index in order
    ]


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
) -> Float[np.ndarray, "y x"]:
    ground = float(np.median(response))
    noise = _lower_sigma(response)
    local = scipy.ndimage.uniform_filter(
        np.minimum(response - ground, 0) ** 2,
        size=[round(4 * size_nm / pixel) + 1 for pixel in (image.pixel_y_nm, image.pixel_x_nm)],  # pyright: ignore[reportArgumentType]
        mode="reflect",
    )
    # A particle's own surroundings dip below the ground: only half of that counts as noise.
    around = np.sqrt(local) * 0.5
    return (response - ground) / np.maximum(np.maximum(noise, around), np.finfo(float).tiny)


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
