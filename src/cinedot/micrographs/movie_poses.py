"""A movie's particle frame by frame: which model it is, how it lies, where, at which defocus.

A few telling frames choose the cuboid and the compound; then every chunk of frames is followed
from the pose found there, by itself, so that chunks can be worked on anywhere and in any order.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, InputError, Movie
from cinedot.core.chunks import Runs, chunks_of, key_of
from cinedot.micrographs.frame_fields import FrameField as FrameField
from cinedot.micrographs.frame_fields import frame_field
from cinedot.micrographs.frame_passes import Recording
from cinedot.micrographs.movie_pose_arrays import (
    POSE_NAMES,
    frame_poses,
    packed,
)
from cinedot.micrographs.movie_pose_arrays import quaternion as quaternion
from cinedot.micrographs.movie_posing import Posing, begins, given_to
from cinedot.micrographs.movie_records import FrameMeasurement
from cinedot.micrographs.pose.fit import PosePrior
from cinedot.micrographs.pose.model_choice import (
    RankedModels,
    find_in_frames,
    one_layer_more_or_less,
    rank_models,
)
from cinedot.micrographs.pose.models import DotModel, average_dot, possible_dots
from cinedot.micrographs.pose.orientations import nearest_branch
from cinedot.micrographs.pose.search import candidates
from cinedot.micrographs.pose.tracking import FramePose, tumbles
from cinedot.microscope import Lens
from cinedot.particle import Compound, Cuboid

MOST_FRAMES = 60
"""Frames in a chunk: long enough that a search at its start costs little."""

TELLING_FRAMES = 3
"""Frames that choose the model: the clearest of so many equal parts of the movie."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelRange:
    """What a particle may be.

    Attributes:
        cuboids: sizes to search through; all of one host.
        compounds: surfaces to choose from once the size is known.
        layers: whether a layer more or less on one axis of the best cube is tried as well.
    """

    cuboids: tuple[Cuboid, ...]
    compounds: tuple[Compound, ...]
    layers: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class MoviePoses:
    """The poses of one particle in a movie, and what it is.

    Attributes:
        ranked: the models and how probable each is.
        searched: log-evidence of each cuboid of the search, less the best's, over the misfit.
        frames: one entry a frame; rotations in one branch of the cuboid's symmetry.
        tumbles: first frame in the new orientation, and angle in degrees.
        beside_nm: where other particles are in every frame; NaN where one is not.
    """

    ranked: RankedModels
    searched: tuple[tuple[Cuboid, float], ...]
    frames: tuple[FramePose, ...]
    tumbles: tuple[tuple[int, float], ...]
    beside_nm: Float[np.ndarray, "frame other 2"]

    @property
    def model(self) -> DotModel:
        """The most probable."""
        return self.ranked.best

    @property
    def probability(self) -> float | None:
        """Of that model among all sizes and compounds; None where it is the only one offered."""
        if len(self.ranked.models) * len(self.searched) == 1:
            return None
        sizes = sum(math.exp(min(behind, 0.0)) for _, behind in self.searched)
        return float(self.ranked.probability.max()) / sizes


def measure_poses(
    movie: Movie,
    particle: Sequence[FrameMeasurement],
    models: ModelRange,
    lens: Lens,
    *,
    zero: float = 0.0,
    beside_nm: Float[np.ndarray, "frame other 2"] | None = None,
    recording: Recording | None = None,
    runs: Runs | None = None,
    by_hand: Mapping[int, Float[np.ndarray, "3 3"]] | None = None,
) -> MoviePoses:
    """Find what a particle is and how it lies in every frame.

    Args:
        movie: frames with a pixel size.
        particle: where it is in each, as `measure_movie` says.
        models: what it may be.
        lens: the microscope's; its defocus is where the search begins.
        zero: what the camera writes without electrons, camera units.
        beside_nm: where other particles are in every frame (`places_beside`): they are no ground,
            and no part of this one.
        recording: how other processes open the same movie.
        runs: where chunks are worked on.
        by_hand: orientations that a person gives some frames, within 8 degrees: poses are followed
            from there on. They do not change which model is chosen.

    Raises:
        AnalysisError: it is in no frame, no ground beside it, no model explains it.

    Example: see `tests/micrographs/test_movie_poses.py`.
    """
    working = runs or Runs()
    places = np.array([[one.x_nm, one.y_nm] for one in particle])
    unfit = np.array([one.status == "failed" for one in particle])
    beside = np.zeros((len(places), 0, 2)) if beside_nm is None else beside_nm
    telling = _telling(particle)
    fields = [frame_field(movie, index, places[index], zero, beside[index]) for index in telling]
    start = _choose(fields, models, lens)
    work = Posing(
        recording=recording or Recording(open=lambda: movie, key=""),
        model=start.ranked.best.cuboid,
        compound=start.compound,
        lens=lens,
        zero=zero,
    )
    taken_up = begins(work, by_hand or {}, places, beside)
    chunks = working.over(
        chunks_of(len(movie), MOST_FRAMES),
        work,
        key=key_of(work.recording.key, "poses", start.ranked.best.label, repr(lens), zero),
        description="Fitting poses",
        carry=lambda frames: {
            "places_nm": places[frames.start : frames.stop],
            "unfit": unfit[frames.start : frames.stop],
            "beside_nm": beside[frames.start : frames.stop],
            "begin": next(
                (begin for frame, begin in taken_up if frame <= frames.start), start.begin
            ),
            "by_hand": given_to(by_hand or {}, frames),
        },
    )
    joined = {name: chunks.joined(name) for name in POSE_NAMES}
    poses = frame_poses(joined) if start.sure else _doubted(frame_poses(joined))
    frames = _in_one_branch(poses, start.ranked.best)
    return MoviePoses(
        ranked=start.ranked,
        searched=start.searched,
        frames=frames,
        tumbles=tuple(tumbles(frames, start.ranked.best.edges)),
        beside_nm=beside,
    )


def places_beside(
    particles: Sequence[Sequence[FrameMeasurement]], number: int
) -> Float[np.ndarray, "frame other 2"]:
    """Where all particles but one are, frame by frame; NaN before the first is seen.

    Where one is missed for some frames it is taken to be on the straight way between.

    Args:
        particles: each with one entry a frame, as `MovieMeasurement.particles` has them.
        number: which one is left out.
    """
    ways = [_way(one) for place, one in enumerate(particles) if place != number]
    return np.stack(ways, axis=1) if ways else np.zeros((len(particles[number]), 0, 2))


def _way(particle: Sequence[FrameMeasurement]) -> Float[np.ndarray, "frame 2"]:
    places = np.array([[one.x_nm, one.y_nm] for one in particle])
    known = np.flatnonzero(np.isfinite(places).all(axis=1))
    every = np.arange(len(places))
    if not len(known):
        return places
    way = np.stack([np.interp(every, known, places[known, axis]) for axis in (0, 1)], axis=1)
    way[(every < known[0]) | (every > known[-1])] = np.nan
    return way


@dataclass(frozen=True, eq=False, kw_only=True)
class _Start:
    """What the telling frames said."""

    ranked: RankedModels
    searched: tuple[tuple[Cuboid, float], ...]
    compound: Compound
    begin: Float[np.ndarray, " number"]
    sure: bool


def _telling(particle: Sequence[FrameMeasurement]) -> list[int]:
    """The clearest frame of each part of the movie."""
    present = [index for index, one in enumerate(particle) if one.status == "ok"]
    if not present:
        raise AnalysisError("the particle is in no frame.", remedy="Check `pixel_size`.")
    parts = np.array_split(np.array(present), min(TELLING_FRAMES, len(present)))
    return [int(max(part, key=lambda index: particle[index].score)) for part in parts]


def _choose(fields: Sequence[FrameField], models: ModelRange, lens: Lens) -> _Start:
    """Search for the size with one compound, then choose compound and layers at the poses found."""
    prior = PosePrior(defocus_nm=lens.defocus_nm)
    pixel_nm = fields[0].image.pixel_nm
    possible = {one: possible_dots(one, models.compounds) for one in models.cuboids}
    sizes = [one for one in models.cuboids if possible[one]]
    if not sizes:
        try:
            average_dot(models.cuboids[0], models.compounds[-1])
        except InputError as fault:
            raise AnalysisError(
                f"no compound can be built in any of the sizes ({fault}).",
                remedy="Name other edges or compounds in [model].",
            ) from fault
    ready = candidates([possible[one][-1] for one in sizes], lens, pixel_nm)
    side = max(one.views.camera.side for one in ready)
    patches = [field.patch(*field.place_nm, side) for field in fields]
    found, sums = find_in_frames(patches, ready, prior=prior)
    size = found[0].candidate.views.model.cuboid
    layers = models.layers and len(set(size.edges)) == 1
    others = one_layer_more_or_less(size) if layers else []
    ranked = rank_models(
        patches,
        found,
        possible[size],
        [made[-1] for made in (possible_dots(one, models.compounds) for one in others) if made],
        prior=prior,
    )
    compound = next(one for one in models.compounds if one.name == ranked.best.compound)
    searched = tuple(zip(sizes, sums, strict=True))
    return _Start(
        ranked=ranked,
        searched=searched,
        compound=compound,
        begin=packed(ranked.fits[0]),
        sure=any(one.sure for one in found),
    )


def _doubted(poses: Sequence[FramePose]) -> list[FramePose]:
    """Poses of a view that no telling frame could tell from its rival."""
    return [replace(one, status="ambiguous") if one.status == "ok" else one for one in poses]


def _in_one_branch(poses: Sequence[FramePose], model: DotModel) -> tuple[FramePose, ...]:
    """Among equal descriptions of each pose the one nearest to that of the frame before."""
    last: Float[np.ndarray, "3 3"] | None = None
    chained: list[FramePose] = []
    for pose in poses:
        if pose.fit is None:
            chained.append(pose)
            continue
        fit = pose.fit
        turned = fit.rotation if last is None else nearest_branch(fit.rotation, last, model.edges)
        last = turned
        chained.append(replace(pose, fit=replace(fit, rotation=turned)))
    return tuple(chained)
