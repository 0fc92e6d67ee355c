"""What is done with each chunk of a movie's frames, in whichever process: three passes.

`Filtering` reads frames as the camera wrote them: what is wrong with them, brightness, contrast in
the paper's band, the field's shifts. `Looking` finds the places with a lattice and outlines them.
`Averaging` adds up frames along a particle's way. Each opens the recording for itself, reads one
frame at a time, and gives arrays whose size does not depend on the movie's length. Unfit frames
are passed over by all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.ndimage
from jaxtyping import Float, Shaped

from cinedot.core import Image, Movie
from cinedot.core.chunks import Arrays
from cinedot.micrographs.bandpass import bandpass
from cinedot.micrographs.detection import Candidate, lattice_candidates, within
from cinedot.micrographs.frame_faults import FAULT_KINDS, FrameFault, worst_fault
from cinedot.micrographs.local_lattice import (
    FINEST_PIXEL_NM,
    LatticeMap,
    binned_to,
    lattice_map,
)
from cinedot.micrographs.outline import Outline, outline_over_support
from cinedot.micrographs.registration import OVERLAP, Shifts, blocks, register
from cinedot.micrographs.silhouette import polygon_area
from cinedot.micrographs.tracks import REACH_NM

SCORE_FACTOR = 3.0
"""Times the threshold for even noise that a place must score in a movie: a support that ends
within the field is uneven ground. Bare carbon reached 2.2 times it in 60 simulated fields."""

MOST_PARTICLES = 64
"""Particles outlined in a frame, the strongest."""

APART_NM = 1.0
"""How far a particle's lattice scores beyond its outline: the windows are wider than a dot."""

NOTHING_KNOWN = 1 / (4 * 3**0.5)
"""Standard deviation of the shift of a frame that tells nothing, over its shorter side: anything
up to a quarter of the field, as `register` has it."""

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
        """`mean` and `contrast` (standard deviation of the filtered frame) of each frame, NaN where
        it is unfit; `shift_y`, `shift_x`, `shift_sigma` of these and the next `OVERLAP`, in pixels;
        `fault` (1 more than its place in `FAULT_KINDS`, 0 for none), `fault_share` and
        `fault_value` of each."""
        movie = self.recording.movie()
        last = min(frames.stop + OVERLAP, len(movie))
        rows: list[tuple[float, ...]] = []
        small: list[Float[np.ndarray, "y x"] | None] = []
        side = 1
        for index in range(frames.start, last):
            raw = movie.frames.read(index, index + 1)[0]
            fault = worst_fault(raw)
            row, reduced = (float("nan"), float("nan")), None
            if fault is None or not fault.unfit:
                filtered = bandpass(raw.astype(np.float32))
                reduced, side = blocks(filtered)
                row = (
                    float(filtered.mean(dtype=np.float64)),
                    float(filtered.std(dtype=np.float64)),
                )
            small.append(reduced)
            if index < frames.stop:
                rows.append((*row, *_fault_numbers(fault)))
        shifts = _shifts(small, NOTHING_KNOWN * min(movie.frames.shape[1:]) / side)
        names = ("mean", "contrast", "fault", "fault_share", "fault_value")
        return {
            **dict(zip(names, np.array(rows).reshape(-1, len(names)).T, strict=True)),
            "shift_y": shifts.y_px * side,
            "shift_x": shifts.x_px * side,
            "shift_sigma": shifts.sigma_px * side,
        }


def _fault_numbers(fault: FrameFault | None) -> tuple[float, float, float]:
    if fault is None:
        return 0.0, 0.0, 0.0
    return 1.0 + FAULT_KINDS.index(fault.kind), fault.share, fault.value


def faults_in(
    fault: Shaped[np.ndarray, " frame"],
    share: Shaped[np.ndarray, " frame"],
    value: Shaped[np.ndarray, " frame"],
) -> dict[int, FrameFault]:
    """The faults that `Filtering` wrote as numbers, by frame.

    Example:
        >>> faults_in(np.array([0, 3]), np.array([0.0, 1.0]), np.zeros(2))[1].kind
        'zero'
    """
    return {
        int(index): FrameFault(
            kind=FAULT_KINDS[int(fault[index]) - 1],
            share=float(share[index]),
            value=float(value[index]),
        )
        for index in np.flatnonzero(fault)
    }


def _shifts(small: list[Float[np.ndarray, "y x"] | None], nothing_px: float) -> Shifts:
    """Shifts of the frames that are fit; of the others nothing is known."""
    fit = np.array([one is not None for one in small])
    y, x, sigma = np.zeros(len(small)), np.zeros(len(small)), np.full(len(small), nothing_px)
    if fit.any():
        found = register([one for one in small if one is not None])
        y[fit], x[fit], sigma[fit] = found.y_px, found.x_px, found.sigma_px
    return Shifts(y_px=y, x_px=x, sigma_px=sigma)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Places of frames where windows show a lattice that the ground does not, outlined."""

    recording: Recording

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        """`best` of each frame, the strongest score; of each detection `frame`, `x_nm`, `y_nm`,
        `sigma_xy_nm`, `area_nm2` and `score`. A score of 1 counts as found. Frames that
        `carry["unfit"]` marks have none."""
        movie = self.recording.movie()
        best: list[float] = []
        rows: list[tuple[float, ...]] = []
        for index, unfit in zip(frames, carry["unfit"], strict=True):
            if unfit:
                best.append(0.0)
                continue
            image = movie.image(index)
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
