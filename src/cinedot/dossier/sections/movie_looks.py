"""Frames about a particle beside the model's views of them: what the pictures are drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Image, Movie
from cinedot.dossier.manifest import MovieSection
from cinedot.dossier.sections.models import lens_of
from cinedot.micrographs import bandpass

if TYPE_CHECKING:
    from cinedot.micrographs.movie_poses import MoviePoses
    from cinedot.micrographs.pose import ModelCamera

MARGIN_PX = 40
"""What is filtered beyond a picture's border: as far as the band-pass reaches."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Looks:
    """Some frames about the particle, each with the model's view in its pose.

    Contrast is electrons over their mean on bare ground, less 1.

    Attributes:
        rows: which frames of the movie.
        frame: as recorded [look, y, x].
        filtered: the same, band-passed.
        view: the model, band-passed alike; NaN where there is no pose.
        difference: filtered less view; NaN where there is no pose.
        pixel_x_nm, pixel_y_nm: size of a pixel.
        place_nm: the model's centre from the picture's, NaN without a pose [look, 2].
    """

    rows: tuple[int, ...]
    frame: Float[np.ndarray, "look y x"]
    filtered: Float[np.ndarray, "look y x"]
    view: Float[np.ndarray, "look y x"]
    difference: Float[np.ndarray, "look y x"]
    pixel_x_nm: float
    pixel_y_nm: float
    place_nm: Float[np.ndarray, "look 2"]

    @property
    def field_nm(self) -> tuple[float, float]:
        """Width and height of a picture."""
        rows, columns = self.frame.shape[1:]
        return columns * self.pixel_x_nm, rows * self.pixel_y_nm

    def span(
        self, shown: Float[np.ndarray, "... y x"], *, percentile: float = 0.5
    ) -> tuple[float, float]:
        """Contrasts that are drawn black and white."""
        low, high = np.nanpercentile(shown, [percentile, 100 - percentile])
        return float(low), float(max(high, low + 1e-6))


def telling_row(poses: "MoviePoses") -> int | None:
    """The middle one of the frames whose pose is sure, else of those with a pose; None without."""
    known = [row for row, pose in enumerate(poses.frames) if pose.fit is not None]
    sure = [row for row in known if poses.frames[row].status == "ok"]
    found = sure or known
    return found[len(found) // 2] if found else None


def looks_at(
    poses: "MoviePoses",
    rows: Sequence[int],
    movie: Movie,
    section: MovieSection,
    *,
    zero: float,
) -> Looks:
    """Cut frames about the particle, and make all views of the model at once.

    Args:
        poses: of every frame; some have one.
        rows: which frames to look at.
        movie: the frames.
        section: what is said of the microscope.
        zero: what the camera writes without electrons, camera units.
    """
    from cinedot.micrographs.frame_fields import cut_patch
    from cinedot.micrographs.pose import model_camera

    first = movie.image(rows[0])
    lens = lens_of(section, movie.voltage_kv)
    camera = model_camera(first.pixel_nm, lens, radius_nm=poses.model.radius_nm)
    steps = np.array([first.pixel_x_nm, first.pixel_y_nm])
    places = _places(poses)[list(rows)]
    middles = np.rint(places / steps).astype(int)
    frame, filtered = [], []
    for row, place, (column, line) in zip(rows, places, middles.tolist(), strict=True):
        occupied = np.concatenate([place[None], poses.beside_nm[row]])
        contrast = _contrast(movie.image(row), occupied, zero)
        corner = (line - camera.side // 2 - MARGIN_PX, column - camera.side // 2 - MARGIN_PX)
        wide = cut_patch(contrast, corner, camera.side + 2 * MARGIN_PX)
        frame.append(_inner(wide))
        filtered.append(_inner(bandpass(wide)))
    away = places - middles * steps
    view = _views(poses, rows, away, camera)
    posed = np.array([poses.frames[row].fit is not None for row in rows])
    return Looks(
        rows=tuple(rows),
        frame=np.stack(frame),
        filtered=np.stack(filtered),
        view=view,
        difference=np.stack(filtered) - view,
        pixel_x_nm=first.pixel_x_nm,
        pixel_y_nm=first.pixel_y_nm,
        # A side is an even number of pixels: its middle pixel lies half of one off its middle.
        place_nm=np.where(posed[:, None], away + steps / 2, np.nan),
    )


def _places(poses: "MoviePoses") -> Float[np.ndarray, "frame 2"]:
    """Where the particle is in every frame; where it is not, its place in the nearest that has."""
    known = np.array([row for row, pose in enumerate(poses.frames) if pose.fit is not None])
    found = np.array([(poses.frames[row].x_nm, poses.frames[row].y_nm) for row in known])
    every = np.arange(len(poses.frames))
    return found[np.abs(every[:, None] - known).argmin(axis=1)]


def _contrast(
    image: Image, occupied_nm: Float[np.ndarray, "place 2"], zero: float
) -> Float[np.ndarray, "y x"]:
    from cinedot.micrographs.frame_fields import bare_ground, ground_contrast

    try:
        contrast = ground_contrast(image, bare_ground(image, occupied_nm), zero)
    except AnalysisError:
        # A dark frame: no electrons at all.
        return np.full(image.data.shape, -1.0, dtype=np.float32)
    return np.nan_to_num(contrast, nan=0.0, posinf=0.0, neginf=0.0)


def _inner(wide: Float[np.ndarray, "y x"]) -> Float[np.ndarray, "Y X"]:
    return wide[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]


def _views(
    poses: "MoviePoses",
    rows: Sequence[int],
    away_nm: Float[np.ndarray, "look 2"],
    camera: "ModelCamera",
) -> Float[np.ndarray, "look y x"]:
    """The model in each frame's pose, in the frame's contrast and band-passed; NaN without one."""
    from cinedot.micrographs.pose import views_of

    seen = np.full((len(rows), camera.side, camera.side), np.nan, dtype=np.float32)
    fits = [(at, poses.frames[row].fit) for at, row in enumerate(rows)]
    posed = [(at, fit) for at, fit in fits if fit is not None]
    if not posed:
        return seen
    made = views_of(poses.model, camera).images(
        np.array([fit.rotation for _, fit in posed]),
        np.array([away_nm[at] for at, _ in posed]),
        np.array([fit.defocus_nm for _, fit in posed]),
    )
    for (at, fit), image in zip(posed, made, strict=True):
        seen[at] = _inner(bandpass(np.pad(fit.contrast * (image - 1), MARGIN_PX)))
    return seen
