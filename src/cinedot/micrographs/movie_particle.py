"""The one dot of a movie: where it is in each frame, its edge, its lattice fringes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy.ndimage
from jaxtyping import Float, Float32

from cinedot.core import AnalysisError, Estimate, Image, InputError, Movie, Progress, Silent
from cinedot.micrographs.bandpass import bandpass
from cinedot.micrographs.detection import Candidate
from cinedot.micrographs.fringes import (
    Fringe,
    PowerSpectrum,
    check_range,
    lattice_fringes,
    power_spectrum,
)
from cinedot.micrographs.local_lattice import (
    FINEST_PIXEL_NM,
    LatticeMap,
    binned_to,
    can_see_lattice,
    lattice_map,
)
from cinedot.micrographs.outline import Outline, outline_over_support
from cinedot.micrographs.silhouette import polygon_area
from cinedot.micrographs.track import SCORE_FACTOR, Place, score_at, track

SIDE_OVER_EDGE, SIDE_SPREAD = 1.07, 0.07
"""Root of a dot's outlined area over its edge, mean and standard deviation over random
orientations; see `edge_from_area`."""

POSITION_SIGMA_NM, FIT_SCATTER = 0.03, 0.4
"""Error of a frame's position beyond its fit's, and the scatter that the fit's sigma stands for:
most of its residual is the lattice's pattern, not noise (same simulations)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMeasurement:
    """The particle in one frame.

    Attributes:
        frame: index.
        time_s: middle of the exposure; None where the frame time is not known.
        status: `ok`, or `absent` where no lattice stands out near where it was.
        x_nm, y_nm: centre of its outline; NaN when absent.
        sigma_xy_nm: standard deviation of each; NaN when absent.
        area_nm2: within its outline; NaN when absent.
        score: signal over what counts as found: above 1 when `ok`.
    """

    frame: int
    time_s: float | None
    status: Literal["ok", "absent"]
    x_nm: float
    y_nm: float
    sigma_xy_nm: float
    area_nm2: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieMeasurement:
    """What a movie says of its one particle without a model of its atoms.

    Attributes:
        movie: its name.
        frames: one entry a frame.
        edge: of the cube that is seen, nm; None when absent throughout.
        fringes: of the particle in the mean image, strongest first.
        mean: mean of the frames in which it is, shifted onto one another.
        filtered: the same, band-passed as the paper did.
        outline_nm: its contour in `mean`, x and y; None when absent.
        region_nm: x0, y0, x1, y1 of the field whose power spectrum is `spectrum`.
        spectrum: of that region of `mean`; None when absent.
        reason: why it is absent, or how it was found.
    """

    movie: str
    frames: tuple[FrameMeasurement, ...]
    edge: Estimate | None
    fringes: tuple[Fringe, ...]
    mean: Image
    filtered: Float32[np.ndarray, "y x"]
    outline_nm: Float[np.ndarray, "corner 2"] | None
    region_nm: tuple[float, float, float, float] | None
    spectrum: PowerSpectrum | None
    reason: str

    @property
    def found(self) -> int:
        """Number of frames in which the particle is."""
        return sum(frame.status == "ok" for frame in self.frames)


def measure_movie(
    movie: Movie,
    *,
    d_range_nm: tuple[float, float] = (0.19, 0.7),
    progress: Progress | None = None,
) -> MovieMeasurement:
    """Follow the dot through a movie and measure its edge and fringes.

    In each frame the particle is where windows show a lattice that the ground does not (see
    `local_lattice`); from frame to frame it goes at most `REACH_NM`. Its outline is where that
    lattice is strong. Frames are read twice, one at a time.

    Args:
        movie: frames with a pixel size (give it by `movie.calibrated`).
        d_range_nm: spacings looked for.
        progress: where to show how far it has come.

    Raises:
        InputError: no pixel size, NaN, a range of spacings that is none.
        AnalysisError: pixels too coarse, or the field too small, for fringes.

    Example: see `tests/micrographs/test_movie_particle.py`.
    """
    shown = progress or Silent()
    check_range(d_range_nm, movie.name)
    first = movie.image(0)
    if not can_see_lattice(first):
        raise AnalysisError(
            f"frames of {' x '.join(map(str, first.data.shape))} pixels of {first.pixel_nm:.3g} nm "
            "cannot show a lattice: pixels must be at most 0.15 nm and the field 7.2 nm wide.",
            remedy="Check `pixel_size`, or list the file as a survey image.",
        )
    indices = shown.track(range(len(movie)), description="Looking for the dot", total=len(movie))
    windows = [_without_image(lattice_map(_frame(movie, index))) for index in indices]
    places = track(windows)
    indices = shown.track(range(len(movie)), description="Measuring the dot", total=len(movie))
    outlines = [_outline(movie, index, windows[index], places[index]) for index in indices]
    frames = tuple(
        _frame_measurement(movie, index, windows[index], places[index], outlines[index])
        for index in range(len(movie))
    )
    return _with_mean(movie, frames, first, d_range_nm)


def _frame(movie: Movie, index: int) -> Image:
    image = movie.image(index)
    if not np.isfinite(image.data).all():
        raise InputError(
            "a frame must hold finite numbers, but some are NaN or infinite.",
            remedy="Skip the frame, as in skip = [233] of sample.toml.",
            file=movie.name,
            place=f"frame {index}",
        )
    return image


def _without_image(windows: LatticeMap) -> LatticeMap:
    """The map without its pixels: a movie's maps are kept, its frames are not."""
    empty = replace(windows.image, data=np.empty((0, 0), np.float32))
    return replace(windows, image=empty)


def _outline(movie: Movie, index: int, windows: LatticeMap, place: Place) -> Outline | None:
    if place is None:
        return None
    return _outline_in(_frame(movie, index), windows, place)


def _outline_in(image: Image, windows: LatticeMap, place: tuple[float, float]) -> Outline | None:
    full = replace(windows, image=binned_to(image, FINEST_PIXEL_NM))
    start = Candidate(x_nm=place[0], y_nm=place[1], size_nm=2.5, snr=0.0)
    return outline_over_support(full, start)


def _frame_measurement(
    movie: Movie, index: int, windows: LatticeMap, place: Place, outline: Outline | None
) -> FrameMeasurement:
    found = place is not None and outline is not None
    scale = SCORE_FACTOR * windows.threshold
    nan = float("nan")
    square = outline.square if outline is not None else None
    return FrameMeasurement(
        frame=index,
        time_s=None if movie.frame_s is None else (index + 0.5) * movie.frame_s,
        status="ok" if found else "absent",
        x_nm=square.x_nm if found and square else nan,
        y_nm=square.y_nm if found and square else nan,
        sigma_xy_nm=float(np.hypot(FIT_SCATTER * square.sigma_xy_nm, POSITION_SIGMA_NM))
        if found and square
        else nan,
        area_nm2=polygon_area(outline.contour_nm) if found and outline else nan,
        score=score_at(windows, place) / scale,
    )


def _with_mean(
    movie: Movie,
    frames: tuple[FrameMeasurement, ...],
    first: Image,
    d_range_nm: tuple[float, float],
) -> MovieMeasurement:
    present = [frame for frame in frames if frame.status == "ok"]
    mean, centre = _aligned_mean(movie, present or list(frames), bool(present))
    image = replace(first, data=mean, name=movie.name)
    filtered = bandpass(mean)
    windows = lattice_map(image)
    outline = _outline_in(image, windows, centre) if present else None
    if outline is None:
        return MovieMeasurement(
            movie=movie.name,
            frames=tuple(replace(frame, status="absent") for frame in frames),
            edge=None,
            fringes=(),
            mean=image,
            filtered=filtered,
            outline_nm=None,
            region_nm=None,
            spectrum=None,
            reason="no place in any frame has a lattice that its surroundings have not",
        )
    area = polygon_area(outline.contour_nm)
    half = max(2.0, 0.85 * float(np.sqrt(area)))
    x, y = outline.square.x_nm, outline.square.y_nm
    region = (x - half, y - half, x + half, y + half)
    fringes = lattice_fringes(image, d_range_nm=d_range_nm, region=region)
    return MovieMeasurement(
        movie=movie.name,
        frames=frames,
        edge=edge_from_area(area),
        fringes=fringes,
        mean=image,
        filtered=filtered,
        outline_nm=outline.contour_nm,
        region_nm=region,
        spectrum=power_spectrum(image, region=region),
        reason=f"found by its lattice in {len(present)} of {len(frames)} frames",
    )


def _aligned_mean(
    movie: Movie, frames: Sequence[FrameMeasurement], shift: bool
) -> tuple[Float32[np.ndarray, "y x"], tuple[float, float]]:
    """Mean of frames with the particle's slow way taken out, and where it is then."""
    first = movie.image(frames[0].frame)
    way = np.array([[frame.x_nm, frame.y_nm] for frame in frames])
    if shift:
        # Single positions are good to 0.05 nm, a third of a fringe: only their trend is used.
        way = scipy.ndimage.gaussian_filter1d(way, 4.0, axis=0, mode="nearest")
    centre = way.mean(axis=0)
    total = np.zeros(first.data.shape, np.float64)
    for frame, place in zip(frames, way, strict=True):
        data = movie.image(frame.frame).data
        if shift:
            step = (centre - place) / (first.pixel_x_nm, first.pixel_y_nm)
            data = scipy.ndimage.shift(data, step[::-1], order=1, mode="nearest")
        total += data
    mean = (total / len(frames)).astype(np.float32)
    return mean, (float(centre[0]), float(centre[1]))


def edge_from_area(area_nm2: float) -> Estimate:
    """Edge of a cube of unknown orientation from the area of its outline.

    A cube's silhouette has the area L^2 (|n1|+|n2|+|n3|), from L^2 face-on to 1.73 L^2, 1.5 L^2
    in the mean (Cauchy). Fringes are weak where a tilted cube is thin, so that the outlined
    area stays behind: the ratio and its spread are from dots simulated in random orientations.
    All frames share the orientation, so more frames do not make it surer.

    Example:
        >>> edge_from_area(6.0).unit
        'nm'
    """
    side = float(np.sqrt(area_nm2))
    return Estimate(
        value=side / SIDE_OVER_EDGE,
        sigma=side / SIDE_OVER_EDGE * SIDE_SPREAD,
        unit="nm",
        method="outline of the lattice, orientation unknown (Cauchy's mean silhouette)",
    )
