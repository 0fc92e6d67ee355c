"""A movie's particle frame by frame: which model it is, how it lies, where, at which defocus.

A few telling frames choose the cuboid and the compound; then every chunk of frames is followed
from the pose found there, by itself, so that chunks can be worked on anywhere and in any order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from cinedot.core import AnalysisError, Image, InputError, Movie
from cinedot.core.chunks import Arrays, Runs, chunks_of, key_of
from cinedot.micrographs.frame_passes import Recording
from cinedot.micrographs.movie_records import FrameMeasurement
from cinedot.micrographs.pose.fit import PoseFit, PosePrior
from cinedot.micrographs.pose.model_choice import (
    RankedModels,
    find_in_frames,
    one_layer_more_or_less,
    rank_models,
)
from cinedot.micrographs.pose.models import DotModel, average_dot, possible_dots
from cinedot.micrographs.pose.orientations import nearest_branch
from cinedot.micrographs.pose.regions import GroundRegions, ground_regions
from cinedot.micrographs.pose.search import Candidate, Patch, candidates
from cinedot.micrographs.pose.tracking import FramePose, Status, follow, tumbles
from cinedot.microscope import Lens
from cinedot.particle import Compound, Cuboid

MOST_FRAMES = 60
"""Frames in a chunk: long enough that a search at its start costs little."""

TELLING_FRAMES = 3
"""Frames that choose the model: the clearest of so many equal parts of the movie."""

_GROUND_FRAMES = 4
_STATUSES: tuple[Status, ...] = (
    "ok",
    "ambiguous",
    "absent",
    "out_of_focus",
    "overlapped",
    "failed",
)


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
    """

    ranked: RankedModels
    searched: tuple[tuple[Cuboid, float], ...]
    frames: tuple[FramePose, ...]
    tumbles: tuple[tuple[int, float], ...]

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
    recording: Recording | None = None,
    runs: Runs | None = None,
) -> MoviePoses:
    """Find what a particle is and how it lies in every frame.

    Args:
        movie: frames with a pixel size.
        particle: where it is in each, as `measure_movie` says.
        models: what it may be.
        lens: the microscope's; its defocus is where the search begins.
        zero: what the camera writes without electrons, camera units.
        recording: how other processes open the same movie.
        runs: where chunks are worked on.

    Raises:
        AnalysisError: it is in no frame, no ground beside it, no model explains it.

    Example: see `tests/micrographs/test_movie_poses.py`.
    """
    given = runs or Runs()
    places = np.array([[one.x_nm, one.y_nm] for one in particle])
    telling = _telling(particle)
    fields = [_field(movie, index, places[index], zero) for index in telling]
    start = _choose(fields, models, lens)
    work = Posing(
        recording=recording or Recording(open=lambda: movie, key=""),
        model=start.ranked.best.cuboid,
        compound=start.compound,
        lens=lens,
        zero=zero,
    )
    chunks = given.over(
        chunks_of(len(movie), MOST_FRAMES),
        work,
        key=key_of(work.recording.key, "poses", start.ranked.best.label, repr(lens), zero),
        description="Fitting poses",
        carry=lambda frames: {
            "places_nm": places[frames.start : frames.stop],
            "begin": start.begin,
        },
    )
    joined = {name: chunks.joined(name) for name in _NAMES}
    poses = _poses(joined) if start.sure else _doubted(_poses(joined))
    frames = _in_one_branch(poses, start.ranked.best)
    return MoviePoses(
        ranked=start.ranked,
        searched=start.searched,
        frames=frames,
        tumbles=tuple(tumbles(frames, start.ranked.best.edges)),
    )


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


def _choose(fields: Sequence["FrameField"], models: ModelRange, lens: Lens) -> _Start:
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
        begin=_packed(ranked.fits[0]),
        sure=any(one.sure for one in found),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameField:
    """One frame made ready for fits: its contrast, its ground, and where the particle is.

    Attributes:
        image: the frame.
        contrast: intensity over the ground's mean, less 1 [y, x].
        regions: kinds of ground.
        place_nm: about where the particle is.
    """

    image: Image
    contrast: Float[np.ndarray, "y x"]
    regions: GroundRegions
    place_nm: tuple[float, float]

    def patch(self, x_nm: float, y_nm: float, side: int) -> Patch:
        """A patch about a place; beyond the frame nothing counts."""
        row, column = round(y_nm / self.image.pixel_y_nm), round(x_nm / self.image.pixel_x_nm)
        corner = (row - side // 2, column - side // 2)
        shares = [_cut(share, corner, side) for share in self.regions.share]
        inside = _cut(np.ones_like(self.contrast), corner, side)
        return Patch(
            contrast=_cut(self.contrast, corner, side),
            x_nm=column * self.image.pixel_x_nm,
            y_nm=row * self.image.pixel_y_nm,
            regions=tuple(
                (share * inside, noise)
                for share, noise in zip(shares, self.regions.noise, strict=True)
            ),
        )


def _cut(
    whole: Float[np.ndarray, "y x"], corner: tuple[int, int], side: int
) -> Float[np.ndarray, "side side"]:
    part = np.zeros((side, side), dtype=np.float32)
    rows = slice(max(corner[0], 0), min(corner[0] + side, whole.shape[0]))
    columns = slice(max(corner[1], 0), min(corner[1] + side, whole.shape[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        top, left = rows.start - corner[0], columns.start - corner[1]
        height, width = rows.stop - rows.start, columns.stop - columns.start
        part[top : top + height, left : left + width] = whole[rows, columns]
    return part


def _field(movie: Movie, index: int, place_nm: Float[np.ndarray, " 2"], zero: float) -> FrameField:
    """One frame with the kinds of ground that it shows itself."""
    image = movie.image(index)
    ground = _ground(image, place_nm[None])
    contrast = _contrast(image, ground, zero)
    return FrameField(
        image=image,
        contrast=contrast,
        regions=ground_regions(contrast[None], ground, image.pixel_nm),
        place_nm=(float(place_nm[0]), float(place_nm[1])),
    )


def _ground(
    image: Image, places_nm: Float[np.ndarray, "place 2"], radius_nm: float = 2.6
) -> Bool[np.ndarray, "y x"]:
    rows, columns = image.data.shape
    y = (np.arange(rows) * image.pixel_y_nm)[:, None]
    x = (np.arange(columns) * image.pixel_x_nm)[None, :]
    ground = np.ones((rows, columns), dtype=bool)
    for x_nm, y_nm in places_nm[np.isfinite(places_nm).all(axis=1)]:
        ground &= (x - x_nm) ** 2 + (y - y_nm) ** 2 > radius_nm**2
    return ground


def _contrast(
    image: Image, ground: Bool[np.ndarray, "y x"], zero: float
) -> Float[np.ndarray, "y x"]:
    """Electrons over their mean on the ground, less 1."""
    electrons = image.data - zero
    level = float(electrons[ground].mean()) if ground.any() else float(np.median(electrons))
    if not level > 0:
        raise AnalysisError(
            f"{image.name} is dark: its ground's mean is {level:g}.",
            remedy="Leave the frame out, or state the camera's `offset`.",
        )
    return (electrons / level - 1).astype(np.float32)


@dataclass(frozen=True, eq=False, kw_only=True)
class Posing:
    """Poses of one particle in a chunk of frames."""

    recording: Recording
    model: Cuboid
    compound: Compound
    lens: Lens
    zero: float = 0.0

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        """Numbers of each frame's pose, by `_NAMES`; NaN where there is none."""
        movie = self.recording.movie()
        places = carry["places_nm"]
        image = movie.image(frames.start)
        candidate = _candidate(self.model, self.compound, self.lens, image.pixel_nm)
        ground = _ground(image, places)
        shown = np.linspace(frames.start, frames.stop - 1, _GROUND_FRAMES).round().astype(int)
        some = [movie.image(int(index)) for index in dict.fromkeys(shown.tolist())]
        lit = [one for one in some if one.data[ground].mean() > self.zero] or some
        regions = ground_regions(
            np.stack([_contrast(one, ground, self.zero) for one in lit]), ground, image.pixel_nm
        )

        def patch_at(frame: int, x_nm: float, y_nm: float) -> Patch:
            shot = movie.image(frame)
            field = FrameField(
                image=shot,
                contrast=_contrast(shot, ground, self.zero),
                regions=regions,
                place_nm=(x_nm, y_nm),
            )
            return field.patch(x_nm, y_nm, candidate.views.camera.side)

        poses = follow(
            list(frames),
            places,
            patch_at,
            candidate,
            begin=_unpacked(carry["begin"]),
            prior=PosePrior(defocus_nm=self.lens.defocus_nm),
        )
        rows = np.array([_row(pose) for pose in poses]).reshape(len(poses), -1)
        return dict(zip(_NAMES, rows.T, strict=True))


@lru_cache(maxsize=4)
def _candidate(cuboid: Cuboid, compound: Compound, lens: Lens, pixel_nm: float) -> Candidate:
    return candidates([average_dot(cuboid, compound)], lens, pixel_nm)[0]


_TURN = tuple(f"r{row}{column}" for row in range(3) for column in range(3))
_UPPER = tuple((row, column) for row in range(6) for column in range(row, 6))
_FIT_NAMES = (
    *_TURN,
    *("fit_x_nm", "fit_y_nm", "defocus_nm", "contrast", "sigma_contrast", "chi_square"),
    *("numbers", "log_evidence", "iterations", "ground"),
    *(f"c{row}{column}" for row, column in _UPPER),
)
_NAMES = ("frame", "status", "x_nm", "y_nm", "searched", *_FIT_NAMES)


def _packed(fit: PoseFit) -> Float[np.ndarray, " number"]:
    """A fit as numbers, in the order of `_FIT_NAMES`."""
    return np.array(
        [
            *fit.rotation.ravel(),
            *(fit.x_nm, fit.y_nm, fit.defocus_nm, fit.contrast, fit.sigma_contrast),
            *(fit.chi_square, fit.numbers, fit.log_evidence, float(fit.iterations)),
            float(fit.ground.mean()),
            *(fit.covariance[row, column] for row, column in _UPPER),
        ]
    )


def _unpacked(numbers: Float[np.ndarray, " number"]) -> PoseFit:
    rest = dict(zip(_FIT_NAMES, numbers.tolist(), strict=True))
    covariance = np.zeros((6, 6))
    for row, column in _UPPER:
        covariance[row, column] = covariance[column, row] = rest[f"c{row}{column}"]
    return PoseFit(
        rotation=numbers[:9].reshape(3, 3),
        x_nm=rest["fit_x_nm"],
        y_nm=rest["fit_y_nm"],
        defocus_nm=rest["defocus_nm"],
        contrast=rest["contrast"],
        sigma_contrast=rest["sigma_contrast"],
        ground=np.array([rest["ground"]]),
        covariance=covariance,
        chi_square=rest["chi_square"],
        numbers=rest["numbers"],
        log_evidence=rest["log_evidence"],
        iterations=int(rest["iterations"]),
    )


def _row(pose: FramePose) -> list[float]:
    head = [pose.frame, _STATUSES.index(pose.status), pose.x_nm, pose.y_nm, pose.searched]
    fit = [float("nan")] * len(_FIT_NAMES) if pose.fit is None else _packed(pose.fit).tolist()
    return [*(float(one) for one in head), *fit]


def _poses(joined: Arrays) -> list[FramePose]:
    fits = np.stack([joined[name] for name in _FIT_NAMES], axis=1)
    return [
        FramePose(
            frame=int(joined["frame"][row]),
            status=_STATUSES[int(joined["status"][row])],
            fit=_unpacked(fits[row]) if np.isfinite(fits[row, 0]) else None,
            x_nm=float(joined["x_nm"][row]),
            y_nm=float(joined["y_nm"][row]),
            searched=bool(joined["searched"][row]),
        )
        for row in range(len(fits))
    ]


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


def quaternion(rotation: Float[np.ndarray, "3 3"]) -> tuple[float, float, float, float]:
    """(qw, qx, qy, qz) with qw not negative.

    Example:
        >>> quaternion(np.eye(3))
        (1.0, 0.0, 0.0, 0.0)
    """
    x, y, z, w = (float(one) for one in Rotation.from_matrix(rotation).as_quat(canonical=True))
    return w + 0.0, x + 0.0, y + 0.0, z + 0.0
