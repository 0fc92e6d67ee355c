"""A chunk of a movie's frames, followed from a pose found elsewhere; poses that a person gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np
from jaxtyping import Bool, Float

from cinedot.core import Image, Movie
from cinedot.core.chunks import Arrays
from cinedot.micrographs.frame_fields import (
    FrameField,
    bare_ground,
    frame_field,
    ground_contrast,
    is_lit,
)
from cinedot.micrographs.frame_passes import Recording
from cinedot.micrographs.movie_pose_arrays import POSE_NAMES, packed, pose_row, unpacked
from cinedot.micrographs.pose.fit import PoseFit, PosePrior
from cinedot.micrographs.pose.models import average_dot
from cinedot.micrographs.pose.regions import ground_regions
from cinedot.micrographs.pose.search import Candidate, Patch, candidates, search_pose
from cinedot.micrographs.pose.tracking import FramePose, follow
from cinedot.microscope import Lens
from cinedot.particle import Compound, Cuboid

_GROUND_FRAMES = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class Posing:
    """Poses of one particle in a chunk of frames."""

    recording: Recording
    model: Cuboid
    compound: Compound
    lens: Lens
    zero: float = 0.0

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        """Numbers of each frame's pose, by `POSE_NAMES`; NaN where there is none.

        Frames that `carry["unfit"]` marks are not looked at: they are `failed`.
        """
        fit = ~carry["unfit"]
        looked_at = [frame for frame, sound in zip(frames, fit, strict=True) if sound]
        by_hand = {
            frame: turn
            for frame, turn in zip(frames, carry["by_hand"], strict=True)
            if np.isfinite(turn).all()
        }
        poses = self._followed(
            looked_at,
            carry["places_nm"][fit],
            carry["beside_nm"][fit],
            unpacked(carry["begin"]),
            by_hand,
        )
        found = {pose.frame: pose for pose in poses}
        rows = [pose_row(found.get(frame, _failed(frame))) for frame in frames]
        return dict(zip(POSE_NAMES, np.array(rows).T, strict=True))

    def _followed(
        self,
        frames: Sequence[int],
        places: Float[np.ndarray, "frame 2"],
        beside: Float[np.ndarray, "frame other 2"],
        begin: PoseFit,
        by_hand: Mapping[int, Float[np.ndarray, "3 3"]],
    ) -> list[FramePose]:
        """The poses of frames; none at all where every one is dark."""
        movie = self.recording.movie()
        image = movie.image(0)
        ground = bare_ground(image, np.concatenate([places, beside.reshape(-1, 2)]))
        lit = self._lit(movie, frames, ground)
        if not lit:
            return []
        candidate = _candidate(self.model, self.compound, self.lens, image.pixel_nm)
        contrasts = np.stack([ground_contrast(one, ground, self.zero) for one in lit])
        regions = ground_regions(contrasts, ground, image.pixel_nm)
        others = dict(zip(frames, beside, strict=True))

        def patch_at(frame: int, x_nm: float, y_nm: float) -> Patch:
            shot = movie.image(frame)
            field = FrameField(
                image=shot,
                contrast=ground_contrast(shot, ground, self.zero),
                regions=regions,
                place_nm=(x_nm, y_nm),
                beside_nm=others[frame],
            )
            return field.patch(x_nm, y_nm, candidate.views.camera.side)

        prior = PosePrior(defocus_nm=self.lens.defocus_nm)
        return follow(frames, places, patch_at, candidate, begin=begin, prior=prior, given=by_hand)

    def _lit(
        self, movie: Movie, frames: Sequence[int], ground: Bool[np.ndarray, "y x"]
    ) -> list[Image]:
        """Some frames, spread evenly, that are not dark; one at least if there is any."""
        if not frames:
            return []
        spread = np.linspace(0, len(frames) - 1, _GROUND_FRAMES).round().astype(int).tolist()
        shown = (movie.image(frames[place]) for place in dict.fromkeys(spread))
        lit = [one for one in shown if is_lit(one, ground, self.zero)]
        others = (movie.image(frame) for frame in frames)
        return lit or list(islice((one for one in others if is_lit(one, ground, self.zero)), 1))


def _failed(frame: int) -> FramePose:
    nan = float("nan")
    return FramePose(frame=frame, status="failed", fit=None, x_nm=nan, y_nm=nan)


@lru_cache(maxsize=4)
def _candidate(cuboid: Cuboid, compound: Compound, lens: Lens, pixel_nm: float) -> Candidate:
    return candidates([average_dot(cuboid, compound)], lens, pixel_nm)[0]


def begins(
    work: Posing,
    by_hand: Mapping[int, Float[np.ndarray, "3 3"]],
    places: Float[np.ndarray, "frame 2"],
    beside: Float[np.ndarray, "frame other 2"],
) -> list[tuple[int, Float[np.ndarray, " number"]]]:
    """Poses about the orientations given by hand, the last first: later chunks begin there."""
    movie = work.recording.movie()
    found: list[tuple[int, Float[np.ndarray, " number"]]] = []
    for frame in sorted(by_hand, reverse=True):
        if not np.isfinite(places[frame]).all():
            continue
        field = frame_field(movie, frame, places[frame], work.zero, beside[frame])
        candidate = _candidate(work.model, work.compound, work.lens, field.image.pixel_nm)
        patch = field.patch(*field.place_nm, candidate.views.camera.side)
        prior = PosePrior(defocus_nm=work.lens.defocus_nm)
        pose = search_pose(patch, [candidate], prior=prior, near=by_hand[frame])
        found.append((frame, packed(pose.fit)))
    return found


def given_to(
    by_hand: Mapping[int, Float[np.ndarray, "3 3"]], frames: range
) -> Float[np.ndarray, "frame 3 3"]:
    """The orientations given to a chunk's frames, NaN where none is."""
    given = np.full((len(frames), 3, 3), np.nan)
    for frame in set(by_hand) & set(frames):
        given[frame - frames.start] = by_hand[frame]
    return given
