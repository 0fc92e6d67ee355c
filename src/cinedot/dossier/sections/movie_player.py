"""A movie as a film in the page: frames beside the model's views, time, and how the dot turns."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image as Pillow

from cinedot.core import Movie
from cinedot.dossier.embedded import greys, webp_uri
from cinedot.dossier.figures import scale_bar_nm
from cinedot.dossier.findings import Film, FilmBand, FilmTrace, Panel
from cinedot.dossier.sections.movie_looks import Looks
from cinedot.dossier.sections.movie_times import AXES, Clock, turns_deg

if TYPE_CHECKING:
    from cinedot.micrographs.movie_poses import MoviePoses

MOST_FRAMES = 48
MOST_PX = 160
"""Side of a film's pictures, at most: finer ones are averaged."""

MOST_BYTES = 1_600_000
"""Of all a film's pictures as they stand in the page."""

_ECONOMIES = ((MOST_PX, 85), (MOST_PX, 70), (MOST_PX, 40), (MOST_PX // 2, 50), (MOST_PX // 2, 10))
"""Side and quality of the pictures: the first that keeps a film small is taken. White noise, which
compresses worst, needs the fourth."""
_GAP_PX = 3
_SLOWEST_S = 0.12
_COLUMNS = ("Frame", "Band-passed", "Model's view", "Difference")
_DASHES = ("", "7 4", "2 3")


def film_rows(frames: int, telling: int) -> list[int]:
    """Which of a movie's frames are shown: evenly spaced, with one that must be among them.

    Example:
        >>> film_rows(5, 2), len(film_rows(1000, 333)), 333 in film_rows(1000, 333)
        ([0, 1, 2, 3, 4], 48, True)
    """
    rows = np.unique(np.rint(np.linspace(0, frames - 1, min(frames, MOST_FRAMES))).astype(int))
    rows[np.abs(rows - telling).argmin()] = telling
    return [int(row) for row in rows]


def film_panel(
    poses: "MoviePoses", looks: Looks, movie: Movie, indices: Sequence[int], begin: int
) -> Panel:
    """The film of some frames.

    Args:
        poses: of every frame.
        looks: the frames to show, with their views.
        movie: where they are from.
        indices: numbers of the movie's frames in the file.
        begin: which look is shown first.
    """
    clock = Clock.of(movie, indices)
    pictures = _pictures(looks)
    wide_px = 4 * looks.frame.shape[2] + 3 * _gap(looks)
    bar = scale_bar_nm(looks.field_nm[0])
    step = float(np.median(np.diff(looks.rows))) if len(looks.rows) > 1 else 1.0
    real_s = step * movie.frame_s if movie.frame_s is not None else None
    film = Film(
        columns=_COLUMNS,
        pictures=pictures,
        said=tuple(_said(poses, row, clock) for row in looks.rows),
        at=tuple(clock.share(row + 0.5) for row in looks.rows),
        begin=begin,
        pace_s=max(real_s or 0.0, _SLOWEST_S),
        paced=_paced(real_s),
        wide=wide_px * looks.pixel_x_nm / looks.field_nm[1],
        bar=bar / (wide_px * looks.pixel_x_nm),
        bar_text=f"{bar:g} nm",
        band=_band(poses, clock),
    )
    some = "Every frame" if len(looks.rows) == len(movie) else (
        f"{len(looks.rows)} of the {len(movie)} frames, evenly picked"
    )  # fmt: skip
    return Panel(
        title="The movie",
        caption=f"{some}, in a field that follows the particle: as recorded, band-passed, "
        f"{poses.model.label} in the pose of that frame, and their difference. Greys mean the same "
        "in all frames; the last three share their contrast. Frames without a pose show no model. "
        "Beneath, the turns from the mean orientation. The slider is moved by the arrow keys too.",
        figure=film,
    )


def _gap(looks: Looks) -> int:
    """Between the pictures, in the frame's own pixels."""
    return max(1, round(_GAP_PX * looks.frame.shape[2] / MOST_PX))


def _pictures(looks: Looks) -> tuple[str, ...]:
    """A data address for each look, in the best quality that keeps the film small."""
    strips = _strips(looks)
    made: tuple[str, ...] = ()
    for side, quality in _ECONOMIES:
        made = tuple(webp_uri(_shrunk(one, side), quality=quality) for one in strips)
        if sum(map(len, made)) <= MOST_BYTES:
            break
    return made


def _strips(looks: Looks) -> list[UInt8[np.ndarray, "y x"]]:
    """Each look's pictures in a row, in greys that mean the same in all."""
    raw, filtered = looks.span(looks.frame), looks.span(looks.filtered)
    half = (filtered[1] - filtered[0]) / 2
    spans = (raw, filtered, filtered, (-half, half))
    gap = np.full((looks.frame.shape[1], _gap(looks)), 255, dtype=np.uint8)
    strips: list[UInt8[np.ndarray, "y x"]] = []
    for shown in zip(looks.frame, looks.filtered, looks.view, looks.difference, strict=True):
        parts = [_shades(one, span) for one, span in zip(shown, spans, strict=True)]
        strips.append(np.hstack([*itertools.chain(*((one, gap) for one in parts[:-1])), parts[-1]]))
    return strips


def _shades(
    picture: Float[np.ndarray, "y x"], span: tuple[float, float]
) -> UInt8[np.ndarray, "y x"]:
    """Greys; paper white where there is no model."""
    if np.isnan(picture).all():
        return np.full(picture.shape, 255, dtype=np.uint8)
    return greys(picture, *span)


def _shrunk(strip: UInt8[np.ndarray, "y x"], side: int) -> UInt8[np.ndarray, "Y X"]:
    """The same on fewer pixels, each the mean of those that it replaces."""
    rows, columns = strip.shape
    if rows <= side:
        return strip
    shape = (round(columns * side / rows), side)
    small = Pillow.fromarray(strip).resize(shape, Pillow.Resampling.BOX)
    return np.asarray(small)


def _said(poses: "MoviePoses", row: int, clock: Clock) -> str:
    """Number, time and status of a frame."""
    pose = poses.frames[row]
    when = f"Frame {clock.indices[row]}"
    if clock.timed:
        when += f", {clock.moment(row + 0.5):.3f} s"
    if pose.fit is None:
        return f"{when}: {pose.status.replace('_', ' ')}, no model is shown"
    return f"{when}: {pose.status}, {pose.fit.defocus_nm:.1f} nm under-focus"


def _paced(real_s: float | None) -> str:
    if real_s is None or real_s >= _SLOWEST_S:
        return "" if real_s is None else "played as fast as it was recorded"
    return f"played {_SLOWEST_S / real_s:.2g} times slower than recorded"


def _band(poses: "MoviePoses", clock: Clock) -> FilmBand | None:
    """The turns as lines of a band as wide as the movie is long."""
    rows, turns = turns_deg(poses)
    if len(rows) < 2:
        return None
    reach = max(float(np.ceil(np.abs(turns).max())), 1.0)
    pieces = np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) > 1) + 1)
    traces = tuple(
        FilmTrace(
            name=name,
            dash=dash,
            pieces=tuple(
                tuple(
                    (clock.share(float(rows[at]) + 0.5), float(0.5 + turns[at, axis] / (2 * reach)))
                    for at in piece
                )
                for piece in pieces
            ),
        )
        for axis, (name, dash) in enumerate(zip(AXES, _DASHES, strict=True))
    )
    unit = " s" if clock.timed else ""
    return FilmBand(
        traces=traces,
        marks=tuple((clock.share(row), f"{angle:.0f}°") for row, angle in poses.tumbles),
        low=f"−{reach:g}°",
        high=f"+{reach:g}°",
        first=f"{clock.moment(0):.3g}{unit}",
        last=f"{clock.moment(len(clock.indices)):.3g}{unit}",
    )
