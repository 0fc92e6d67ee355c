"""Where in an image there is a lattice: spectra of windows against the ground's own.

On amorphous carbon a dot near focus is no darker than its ground; what gives it away is that
the power of its window stands in a few sharp peaks. The ground's power at each frequency is
taken over all windows of the same image, so that lens, camera and support need no model, and
in an image that is one crystal throughout nothing stands out.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.fft
import scipy.ndimage
import scipy.optimize
import scipy.special
from jaxtyping import Float

from cinedot.core import Image
from cinedot.micrographs.power import hann

WINDOW_NM = 4.8
"""Width of the Hann windows: their full width at half maximum is a dot of 2.4 nm."""

FRINGE_RANGE_NM = (0.19, 0.7)
"""Spacings looked at: those of halide perovskites and most metals and oxides."""

FINEST_PIXEL_NM = 0.08
"""Finer images are binned up to this pixel first: it still carries 0.19 nm."""

_MODES_SHARED, _WINDOWS_SHARED = 2.25, 8.0
"""Modes and windows that share their noise: a Hann window's equivalent bins (1.5 each way), and
every second window of an eighth's step, each way and a half."""

_WIDE_FIELD_WINDOWS = 24
"""Windows along a side from which on a field is wide: 19 nm."""

_RING_NM = 4.0
"""One over the width of the rings over which the ground is taken: 0.25 per nm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatticeMap:
    """Windows of an image with the power of their spectra over the ground's.

    Attributes:
        score: [row, column] of windows: what the ratios of power to ground exceed by, summed,
            counted from the ratio that noise alone exceeds in one mode of a window.
        x_nm, y_nm: centres of the windows.
        threshold: score that noise exceeds in `false_alarms` windows of an image.
        modes_x_per_nm, modes_y_per_nm: frequencies of the modes looked at.
        ground: power of the ground at each mode.
        level: the largest power that the ground has at frequencies nearby.
        image: the (binned) image that the windows are of.
        window_px: side of a window.
    """

    score: Float[np.ndarray, "row column"]
    x_nm: Float[np.ndarray, " column"]
    y_nm: Float[np.ndarray, " row"]
    threshold: float
    modes_x_per_nm: Float[np.ndarray, " mode"]
    modes_y_per_nm: Float[np.ndarray, " mode"]
    ground: Float[np.ndarray, " mode"]
    level: Float[np.ndarray, " mode"]
    image: Image
    window_px: tuple[int, int]

    def ratios_at(self, x_nm: float, y_nm: float) -> Float[np.ndarray, " mode"]:
        """Power over ground of each mode in a window centred on a place."""
        rows, columns = self.window_px
        top = round(y_nm / self.image.pixel_y_nm - (rows - 1) / 2)
        left = round(x_nm / self.image.pixel_x_nm - (columns - 1) / 2)
        height, width = self.image.data.shape
        top, left = min(max(top, 0), height - rows), min(max(left, 0), width - columns)
        patch = self.image.data[top : top + rows, left : left + columns]
        return _mode_powers(patch[None], self.image)[0][0] / self.ground


def can_see_lattice(image: Image) -> bool:
    """Whether pixels are fine enough, and the field wide enough, for windows with fringes."""
    rows, columns = image.data.shape
    widths = (rows * image.pixel_y_nm, columns * image.pixel_x_nm)
    coarsest = max(image.pixel_x_nm, image.pixel_y_nm)
    return coarsest <= 0.15 and min(widths) >= 1.5 * WINDOW_NM


def lattice_map(image: Image, *, false_alarms: float = 0.02) -> LatticeMap:
    """Spectra of overlapping windows against the ground's median spectrum.

    Args:
        image: intensities with their scale, such as `can_see_lattice` accepts.
        false_alarms: expected number of windows of pure ground over the threshold, an image.

    The ground's power in one mode is exponentially distributed over windows; its mean is the
    median over windows divided by ln 2, windows that show next to nothing (vacuum) left out.
    """
    binned = binned_to(image, FINEST_PIXEL_NM)
    rows = round(WINDOW_NM / binned.pixel_y_nm)
    columns = round(WINDOW_NM / binned.pixel_x_nm)
    tops = _starts(binned.data.shape[0], rows)
    lefts = _starts(binned.data.shape[1], columns)
    views = np.lib.stride_tricks.sliding_window_view(binned.data, (rows, columns))
    stack = [_mode_powers(views[top, lefts], binned) for top in tops]
    powers = np.stack([powers for powers, _, _ in stack])
    modes_x, modes_y = stack[0][1], stack[0][2]
    ground = _ground(powers, np.hypot(modes_x, modes_y))
    ratios = powers / ground
    chance = np.log(ratios.shape[-1] / _MODES_SHARED)
    return LatticeMap(
        score=np.maximum(ratios - chance, 0).sum(axis=-1),
        x_nm=(lefts + (columns - 1) / 2) * binned.pixel_x_nm,
        y_nm=(tops + (rows - 1) / 2) * binned.pixel_y_nm,
        threshold=_score_threshold(false_alarms / max(1.0, powers[..., 0].size / _WINDOWS_SHARED)),
        modes_x_per_nm=modes_x,
        modes_y_per_nm=modes_y,
        ground=ground,
        level=_level(ground, np.hypot(modes_x, modes_y)),
        image=binned,
        window_px=(rows, columns),
    )


@cache
def _score_threshold(chance: float) -> float:
    """Score that one window of noise exceeds with this chance.

    Modes pass the count's start as a Poisson process of rate 1 and exceed it exponentially,
    `_MODES_SHARED` of them together: a compound Poisson sum.
    """
    passed = np.arange(1, 40)

    def excess(score: float) -> float:
        tails = scipy.special.gammaincc(passed, score / _MODES_SHARED)
        return float((tails * np.exp(-1 - scipy.special.gammaln(passed + 1))).sum() - chance)

    if excess(1e-6) <= 0:
        return 0.0
    root: float = scipy.optimize.brentq(excess, 1e-6, 500.0)  # pyright: ignore[reportAssignmentType]
    return float(root)


def binned_to(image: Image, pixel_nm: float) -> Image:
    """The image with pixels averaged in blocks up to about a pixel size; places stay in nm.

    A running mean is sampled at every such pixel, so that the first pixel's centre stays 0.
    """
    by_x = max(1, int(pixel_nm / image.pixel_x_nm))
    by_y = max(1, int(pixel_nm / image.pixel_y_nm))
    data = image.data.astype(np.float32)
    if by_x > 1 or by_y > 1:
        data = scipy.ndimage.uniform_filter1d(data, by_x, axis=1, mode="nearest")
        data = scipy.ndimage.uniform_filter1d(data, by_y, axis=0, mode="nearest")
        data = np.ascontiguousarray(data[::by_y, ::by_x])
        if by_x % 2 == 0 or by_y % 2 == 0:
            shift = (0.5 / by_y if by_y % 2 == 0 else 0.0, 0.5 / by_x if by_x % 2 == 0 else 0.0)
            # A mean over an even number of pixels lies half a pixel before its middle.
            data = scipy.ndimage.shift(data, [-part for part in shift], order=1, mode="nearest")
    return Image(
        data=data,
        pixel_x_nm=image.pixel_x_nm * by_x,
        pixel_y_nm=image.pixel_y_nm * by_y,
        name=image.name,
    )


def _starts(length: int, window: int) -> np.ndarray:
    """First pixels of windows an eighth of a window apart, the last at the end."""
    count = max(2, round((length - window) / (window / 8)) + 1)
    return np.unique(np.round(np.linspace(0, length - window, count)).astype(np.intp))


def _mode_powers(
    patches: Float[np.ndarray, "patch y x"], image: Image
) -> tuple[Float[np.ndarray, "patch mode"], Float[np.ndarray, " mode"], Float[np.ndarray, " mode"]]:
    _, rows, columns = patches.shape
    window = (hann(rows)[:, None] * hann(columns)).astype(np.float32)
    means = (patches * window).sum(axis=(1, 2), keepdims=True) / window.sum()
    spectra = np.asarray(scipy.fft.rfft2((patches - means) * window, workers=2))
    qy = np.fft.fftfreq(rows, image.pixel_y_nm)[:, None]
    qx = np.fft.rfftfreq(columns, image.pixel_x_nm)[None, :]
    radius = np.hypot(qy, qx)
    short, long = FRINGE_RANGE_NM
    limit = 0.95 * min(0.5 / image.pixel_x_nm, 0.5 / image.pixel_y_nm)
    wanted = (radius >= 1 / long) & (radius <= min(1 / short, limit)) & ((qx > 0) | (qy > 0))
    powers = np.abs(spectra[:, wanted]) ** 2
    all_x, all_y = np.broadcast_arrays(qx, qy)
    return powers.astype(np.float64), all_x[wanted], all_y[wanted]


def _ground(
    powers: Float[np.ndarray, "row column mode"], radius: Float[np.ndarray, " mode"]
) -> Float[np.ndarray, " mode"]:
    """Mean power of the ground in each mode: its own median or its ring's, the larger.

    Few windows fit into a small field, and one dot reaches into most of them: there only the
    ring of modes with the same spacing tells of the ground. In a wide field it is the mode's
    own median that knows a crystal throughout, astigmatism, and a camera's columns.
    """
    flat = powers.reshape(-1, powers.shape[-1])
    total = flat.sum(axis=1)
    structured = flat[total >= 0.5 * np.percentile(total, 75)]
    wide = min(powers.shape[:2]) >= _WIDE_FIELD_WINDOWS
    own = np.median(structured, axis=0) if wide else np.zeros(flat.shape[1])
    ring = (radius * _RING_NM).astype(np.intp)
    rings = np.array(
        [
            np.median(structured[:, ring == index]) if np.any(ring == index) else 0.0
            for index in range(int(ring.max()) + 1)
        ]
    )
    level = np.maximum(own, rings[ring]) / np.log(2)
    return level + 1e-12 * float(level.max()) + np.finfo(float).tiny


def _level(
    ground: Float[np.ndarray, " mode"], radius: Float[np.ndarray, " mode"]
) -> Float[np.ndarray, " mode"]:
    """The ground's rings, each raised to the largest of its neighbourhood.

    Where the lens lets nothing through (a gap between Thon rings) the ground is weak, and so is
    a crystal but for its rim: over this level such waves count for little.
    """
    ring = (radius * _RING_NM).astype(np.intp)
    rings = [
        float(np.median(ground[ring == index])) if np.any(ring == index) else 0.0
        for index in range(int(ring.max()) + 1)
    ]
    return scipy.ndimage.maximum_filter1d(np.array(rings), 7, mode="nearest")[ring]
