"""The dots of a movie: where each is in every frame; the surest one's edge and lattice fringes."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.ndimage
from jaxtyping import Bool, Float, Float32

from cinedot.core import AnalysisError, Estimate, Image, Movie
from cinedot.core.chunks import Arrays, Chunks, Runs, chunks_of, key_of
from cinedot.core.pool import Pool
from cinedot.micrographs.bandpass import bandpass
from cinedot.micrographs.frame_faults import FrameFault, faults_text
from cinedot.micrographs.frame_passes import (
    Averaging,
    Filtering,
    Looking,
    Recording,
    faults_in,
    outlined_at,
)
from cinedot.micrographs.fringes import check_range, lattice_fringes, power_spectrum
from cinedot.micrographs.local_lattice import can_see_lattice, lattice_map
from cinedot.micrographs.movie_records import Field, FrameMeasurement, MovieMeasurement
from cinedot.micrographs.registration import Shifts, way_of
from cinedot.micrographs.silhouette import polygon_area
from cinedot.micrographs.tracks import link

SIDE_OVER_EDGE, SIDE_SPREAD = 1.07, 0.07
"""Root of a dot's outlined area over its edge, mean and standard deviation over random
orientations; see `edge_from_area`."""

MOST_FRAMES = 32
"""Frames in a chunk: some seconds' work, which is what a stopped run loses."""

SURE_DRIFT_NM = 0.5
"""Drift less sure than this is no drift: a particle reaches five times as far."""

MOST_SUMS = 32
"""Chunks that a mean is made of, whatever the movie's length: each keeps a whole field."""


def measure_movie(
    movie: Movie,
    *,
    d_range_nm: tuple[float, float] = (0.19, 0.7),
    recording: Recording | None = None,
    runs: Runs | None = None,
) -> MovieMeasurement:
    """Follow the dots through a movie; measure the surest one's edge and fringes.

    In each frame a particle is where windows show a lattice that the ground does not (see
    `local_lattice`); its outline is where that lattice is strong. From frame to frame it is the
    one that is nearest to where it was, the field's drift taken off (see `tracks`). Frames are
    read one at a time and three times, by chunks. Frames that are unfit (`frame_faults`) are
    passed over: the particle's status there is `failed`.

    Args:
        movie: frames with a pixel size (give it by `movie.calibrated`).
        d_range_nm: spacings looked for.
        recording: how other processes open the same movie; without it all is done in this one,
            and nothing is kept.
        runs: where chunks are worked on, and where finished ones stay.

    Raises:
        InputError: no pixel size, a range of spacings that is none.
        AnalysisError: pixels too coarse, or the field too small, for fringes; no frame is fit.

    Example: see `tests/micrographs/test_movie_particle.py`.
    """
    check_range(d_range_nm, movie.name)
    first = movie.image(0)
    if not can_see_lattice(first):
        raise AnalysisError(
            f"frames of {' x '.join(map(str, first.data.shape))} pixels of {first.pixel_nm:.3g} nm "
            "cannot show a lattice: pixels must be at most 0.15 nm and the field 7.2 nm wide.",
            remedy="Check `pixel_size`, or list the file as a survey image.",
        )
    passes = _passes(movie, recording, runs)
    field, faults = _field(passes, first)
    unfit = np.array([index in faults and faults[index].unfit for index in range(len(movie))])
    if unfit.all():
        raise AnalysisError(
            f"none of the {len(movie)} frames can be measured ({faults_text(faults)}).",
            remedy="Choose a `region` or `frames` without the fault, or replace dead pixels.",
        )
    looking = Looking(recording=passes.recording)
    seen = passes.over(looking, "Looking for dots", MOST_FRAMES, {"unfit": unfit})
    particles = _particles(seen, movie, field, unfit)
    return _with_mean(passes, particles, field, faults, first, d_range_nm)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passes:
    """The movie and the means to go through it."""

    movie: Movie
    recording: Recording
    runs: Runs

    def over(
        self,
        work: Filtering | Looking | Averaging,
        description: str,
        most: int,
        carry: Arrays | None = None,
    ) -> Chunks:
        """One pass in chunks of `most` frames; `carry` has one entry a frame."""
        return self.runs.over(
            chunks_of(len(self.movie), most),
            work,
            key=key_of(self.recording.key, type(work).__name__),
            description=description,
            carry=None if carry is None else lambda frames: _part(carry, frames),
        )


def _part(carry: Arrays, frames: range) -> Arrays:
    return {name: array[frames.start : frames.stop] for name, array in carry.items()}


def _passes(movie: Movie, recording: Recording | None, runs: Runs | None) -> _Passes:
    given = runs or Runs()
    if recording is None:
        recording = Recording(open=lambda: movie, key="")
        given = replace(given, store=None, pool=Pool())
    return _Passes(movie=movie, recording=recording, runs=given)


def _field(passes: _Passes, first: Image) -> tuple[Field, dict[int, FrameFault]]:
    filtered = passes.over(Filtering(recording=passes.recording), "Filtering", MOST_FRAMES)
    stretches = [
        Shifts(y_px=one["shift_y"], x_px=one["shift_x"], sigma_px=one["shift_sigma"])
        for one in filtered
    ]
    way = way_of(stretches)
    mean = filtered.joined("mean")
    field = Field(
        contrast=filtered.joined("contrast") / np.where(mean == 0, np.inf, np.abs(mean)),
        drift_nm=np.stack([way.x_px * first.pixel_x_nm, way.y_px * first.pixel_y_nm], axis=1),
        sigma_drift_nm=way.sigma_px * first.pixel_nm,
    )
    faults = (filtered.joined(name) for name in ("fault", "fault_share", "fault_value"))
    return field, faults_in(*faults)


def _particles(
    seen: Chunks, movie: Movie, field: Field, unfit: Bool[np.ndarray, " frame"]
) -> list[tuple[FrameMeasurement, ...]]:
    """Each particle frame by frame, the surest first; at least one, though it be absent."""
    found = {
        name: seen.joined(name)
        for name in ("frame", "x_nm", "y_nm", "sigma_xy_nm", "area_nm2", "score", "best")
    }
    track = link(
        found["frame"].astype(int),
        found["x_nm"],
        found["y_nm"],
        found["score"],
        drift_nm=_known_drift(field),
    )
    particles: list[tuple[FrameMeasurement, ...]] = []
    for number in range(max(1, int(track.max(initial=-1)) + 1)):
        place = {int(found["frame"][row]): int(row) for row in np.flatnonzero(track == number)}
        particles.append(
            tuple(
                _measurement(movie, index, found, place.get(index), unfit=bool(unfit[index]))
                for index in range(len(movie))
            )
        )
    return particles


def _known_drift(field: Field) -> Float[np.ndarray, "frame 2"]:
    """The drift, taken from the frames around where a frame does not tell; none where none do."""
    known = np.flatnonzero(field.sigma_drift_nm < SURE_DRIFT_NM)
    if not len(known):
        return np.zeros_like(field.drift_nm)
    every = np.arange(len(field.drift_nm))
    return np.stack([np.interp(every, known, way[known]) for way in field.drift_nm.T], axis=1)


def _measurement(
    movie: Movie, index: int, found: Arrays, row: int | None, *, unfit: bool
) -> FrameMeasurement:
    def at(name: str) -> float:
        return float("nan") if row is None else float(found[name][row])

    return FrameMeasurement(
        frame=index,
        time_s=None if movie.frame_s is None else (index + 0.5) * movie.frame_s,
        status="failed" if unfit else "absent" if row is None else "ok",
        x_nm=at("x_nm"),
        y_nm=at("y_nm"),
        sigma_xy_nm=at("sigma_xy_nm"),
        area_nm2=at("area_nm2"),
        score=float(found["best"][index]) if row is None else at("score"),
    )


def _with_mean(
    passes: _Passes,
    particles: list[tuple[FrameMeasurement, ...]],
    field: Field,
    faults: dict[int, FrameFault],
    first: Image,
    d_range_nm: tuple[float, float],
) -> MovieMeasurement:
    frames, name = particles[0], passes.movie.name
    mean, centre = _aligned_mean(passes, frames, first)
    image = replace(first, data=mean, name=name)
    outline = None if centre is None else outlined_at(image, lattice_map(image), centre)
    measured = MovieMeasurement(
        movie=name,
        frames=tuple(_without_particle(frame) for frame in frames),
        others=(),
        field=field,
        edge=None,
        fringes=(),
        mean=image,
        filtered=bandpass(mean),
        outline_nm=None,
        region_nm=None,
        spectrum=None,
        reason="no place in any frame has a lattice that its surroundings have not",
        faults=faults,
    )
    if outline is None:
        return measured
    area = polygon_area(outline.contour_nm)
    half = max(2.0, 0.85 * float(np.sqrt(area)))
    x, y = outline.square.x_nm, outline.square.y_nm
    region = (x - half, y - half, x + half, y + half)
    present = sum(frame.status == "ok" for frame in frames)
    return replace(
        measured,
        frames=frames,
        others=tuple(particles[1:]),
        edge=edge_from_area(area),
        fringes=lattice_fringes(image, d_range_nm=d_range_nm, region=region),
        outline_nm=outline.contour_nm,
        region_nm=region,
        spectrum=power_spectrum(image, region=region),
        reason=f"found by its lattice in {present} of {len(frames)} frames",
    )


def _without_particle(frame: FrameMeasurement) -> FrameMeasurement:
    return replace(frame, status="failed" if frame.status == "failed" else "absent")


def _aligned_mean(
    passes: _Passes, frames: tuple[FrameMeasurement, ...], first: Image
) -> tuple[Float32[np.ndarray, "y x"], tuple[float, float] | None]:
    """Mean of frames with the particle's slow way taken out, and where it is then.

    Where there is no particle, the mean of all fit frames as they are.
    """
    places = np.array([[frame.x_nm, frame.y_nm] for frame in frames])
    present = ~np.isnan(places[:, 0])
    steps, centre = np.zeros_like(places), None
    steps[[frame.status == "failed" for frame in frames]] = np.nan
    if present.any():
        # Single positions are good to 0.05 nm, a third of a fringe: only their trend is used.
        way = scipy.ndimage.gaussian_filter1d(places[present], 4.0, axis=0, mode="nearest")
        middle = way.mean(axis=0)
        steps[present], steps[~present] = way - middle, np.nan
        centre = (float(middle[0]), float(middle[1]))
    most = max(MOST_FRAMES, -(-len(frames) // MOST_SUMS))
    carry = {"x_nm": steps[:, 0], "y_nm": steps[:, 1]}
    sums = passes.over(Averaging(recording=passes.recording), "Averaging", most, carry)
    total = np.zeros(first.data.shape, np.float64)
    for one in sums:
        total += one["total"]
    count = int(np.isfinite(steps[:, 0]).sum())
    return (total / count).astype(np.float32), centre


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
