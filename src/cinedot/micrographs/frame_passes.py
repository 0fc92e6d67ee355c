"""What is done with each chunk of a movie's frames, in whichever process: three passes.

`Filtering` reads frames as the camera wrote them: brightness, contrast in the paper's band, the
field's shifts. `Looking` finds the places with a lattice and outlines them. `Averaging` adds up
frames along a particle's way. Each opens the recording for itself, reads one frame at a time, and
gives arrays whose size does not depend on the movie's length.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.ndimage
from jaxtyping import Float

from cinedot.core import ChosenFrames, Image, InputError, Movie
from cinedot.core.chunks import Arrays
from cinedot.micrographs.bandpass import bandpass
from cinedot.micrographs.detection import Candidate, lattice_candidates, within
from cinedot.micrographs.local_lattice import (
    FINEST_PIXEL_NM,
    LatticeMap,
    binned_to,
    lattice_map,
)
from cinedot.micrographs.outline import Outline, outline_over_support
from cinedot.micrographs.registration import OVERLAP, blocks, register
from cinedot.micrographs.silhouette import polygon_area
from cinedot.micrographs.tracks import REACH_NM

SCORE_FACTOR = 3.0
"""Times the threshold for even noise that a place must score in a movie: a support that ends
within the field is uneven ground. Bare carbon reached 2.2 times it in 60 simulated fields."""

MOST_PARTICLES = 64
"""Particles outlined in a frame, the strongest."""

APART_NM = 1.0
"""How far a particle's lattice scores beyond its outline: the windows are wider than a dot."""

POSITION_SIGMA_NM, FIT_SCATTER = 0.03, 0.4
"""Error of a frame's position beyond its fit's, and the scatter that the fit's sigma stands for:
most of its residual is the lattice's pattern, not noise (dots simulated in random orientations)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A movie that any process can open for itself.

    Attributes:
        open: opens it; what other processes are to call must be picklable.
        key: tells it from all others, by its bytes and by how it is cut and scaled; "" for a
            movie that is in memory, whose chunks are not kept.
    """

    open: Callable[[], Movie]
    key: str

    def movie(self) -> Movie:
        """The movie, opened once in each process."""
        if not self.key:
            return self.open()
        if self.key not in _opened:
            movie = self.open()
            _opened.clear()
            _opened[self.key] = movie
        return _opened[self.key]


_opened: dict[str, Movie] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtering:
    """Brightness, contrast and shift of frames, band-passed as the paper did."""

    recording: Recording

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        """`mean` and `contrast` (standard deviation of the filtered frame) of each frame, and
        `shift_y`, `shift_x`, `shift_sigma` of these and the next `OVERLAP`, in pixels."""
        movie = self.recording.movie()
        last = min(frames.stop + OVERLAP, len(movie))
        means, contrasts, small = [], [], []
        side = 1
        for index in range(frames.start, last):
            filtered = bandpass(finite_frame(movie, index).data)
            reduced, side = blocks(filtered)
            small.append(reduced)
            if index < frames.stop:
                means.append(float(filtered.mean(dtype=np.float64)))
                contrasts.append(float(filtered.std(dtype=np.float64)))
        shifts = register(small)
        return {
            "mean": np.array(means),
            "contrast": np.array(contrasts),
            "shift_y": shifts.y_px * side,
            "shift_x": shifts.x_px * side,
            "shift_sigma": shifts.sigma_px * side,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Places of frames where windows show a lattice that the ground does not, outlined."""

    recording: Recording

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        """`best` of each frame, the strongest score; of each detection `frame`, `x_nm`, `y_nm`,
        `sigma_xy_nm`, `area_nm2` and `score`. A score of 1 counts as found."""
        movie = self.recording.movie()
        best: list[float] = []
        rows: list[tuple[float, ...]] = []
        for index in frames:
            image = finite_frame(movie, index)
            windows = lattice_map(image)
            scale = SCORE_FACTOR * windows.threshold
            best.append(float(windows.score.max()) / scale)
            for outline, score in _outlined(image, windows):
                square = outline.square
                sigma = float(np.hypot(FIT_SCATTER * square.sigma_xy_nm, POSITION_SIGMA_NM))
                area = polygon_area(outline.contour_nm)
                rows.append((index, square.x_nm, square.y_nm, sigma, area, score / scale))
        names = ("frame", "x_nm", "y_nm", "sigma_xy_nm", "area_nm2", "score")
        table = np.array(rows, dtype=float).reshape(-1, len(names))
        return {"best": np.array(best), **dict(zip(names, table.T, strict=True))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Averaging:
    """Sums of frames along a way."""

    recording: Recording

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        """`total` [y, x], the sum of the frames, each moved back by `carry["x_nm"]`, `["y_nm"]`
        (one a frame); NaN leaves a frame out."""
        movie = self.recording.movie()
        first = movie.image(frames.start)
        total = np.zeros(first.data.shape, np.float64)
        for index, x_nm, y_nm in zip(frames, carry["x_nm"], carry["y_nm"], strict=True):
            if np.isnan(x_nm):
                continue
            data = movie.image(index).data
            if x_nm or y_nm:
                back = (-float(y_nm) / first.pixel_y_nm, -float(x_nm) / first.pixel_x_nm)
                data = scipy.ndimage.shift(data, back, order=1, mode="nearest")
            total += data
        return {"total": total}


def finite_frame(movie: Movie, index: int) -> Image:
    """A frame of finite numbers.

    Raises:
        InputError: NaN or infinite values; the frame is told as the file counts it.
    """
    image = movie.image(index)
    if not np.isfinite(image.data).all():
        source = movie.frames
        number = source.indices[index] if isinstance(source, ChosenFrames) else index
        raise InputError(
            "a frame must hold finite numbers, but some are NaN or infinite.",
            remedy=f"Leave it out, as in skip = [{number}] of sample.toml.",
            file=movie.name,
            place=f"frame {number}",
        )
    return image


def outlined_at(image: Image, windows: LatticeMap, place: tuple[float, float]) -> Outline | None:
    """The outline of the lattice about a place (x, y in nm)."""
    full = replace(windows, image=binned_to(image, FINEST_PIXEL_NM))
    start = Candidate(x_nm=place[0], y_nm=place[1], size_nm=2.5, snr=0.0)
    return outline_over_support(full, start)


def _outlined(image: Image, windows: LatticeMap) -> list[tuple[Outline, float]]:
    """Outlines with scores, the strongest first, each place once."""
    found: list[tuple[Outline, float]] = []
    for candidate in lattice_candidates(windows):
        score = candidate.snr**2 / 2
        if score < SCORE_FACTOR * windows.threshold or len(found) == MOST_PARTICLES:
            break
        if _taken(found, candidate.x_nm, candidate.y_nm):
            continue
        outline = outlined_at(image, windows, _centre_of_gravity(windows, candidate))
        if outline is not None and not _taken(found, outline.square.x_nm, outline.square.y_nm):
            found.append((outline, score))
    return found


def _taken(found: list[tuple[Outline, float]], x_nm: float, y_nm: float) -> bool:
    return any(
        within(outline.square.corners(), x_nm, y_nm, margin_nm=APART_NM) for outline, _ in found
    )


def _centre_of_gravity(windows: LatticeMap, candidate: Candidate) -> tuple[float, float]:
    """That of the peak's top: windows lie 0.6 nm apart."""
    away_x = windows.x_nm - candidate.x_nm
    away_y = (windows.y_nm - candidate.y_nm)[:, None]
    peak = candidate.snr**2 / 2
    weight: Float[np.ndarray, "row column"] = np.maximum(windows.score - 0.5 * peak, 0)
    weight[np.hypot(away_x, away_y) > REACH_NM] = 0
    x = float((weight * windows.x_nm).sum() / weight.sum())
    y = float((weight * windows.y_nm[:, None]).sum() / weight.sum())
    return x, y
