"""The part of a recording that `[movie]` asks for, so that any process can open it."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cinedot.core import ChosenFrames, InputError, Movie
from cinedot.core.chunks import fingerprint, key_of
from cinedot.core.files import not_readable
from cinedot.dossier.folder import find_file, find_files, is_pattern
from cinedot.dossier.manifest import MovieSection, SampleFolder
from cinedot.micrographs import Recording, frame_numbers, open_movie, recording_files

LEAST_FIELD_NM = 8.0
"""Side of the smallest field that a particle is looked for in: its own 2 to 4 nm and ground."""

LOOKED_THROUGH = 64
"""Frames that are looked through for one without NaN before anything is computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a movie is, its scales, and which part of it is meant; called, it opens that part.

    Attributes:
        place: the file, folder or pattern.
        name: what the movie is called; None for what its reader calls it.
        pixel_nm, frame_s, voltage_kv: scales in place of the file's.
        processed: whether it counts as processed whatever the file's kind.
        indices: which frames of the file; None for all.
        rows, columns: first and behind-last row and column; None for all.
    """

    place: Path
    name: str | None
    pixel_nm: float | None
    frame_s: float | None
    voltage_kv: float | None
    processed: bool = False
    indices: tuple[int, ...] | None = None
    rows: tuple[int, int] | None = None
    columns: tuple[int, int] | None = None

    def __call__(self) -> Movie:
        """Open it.

        Raises:
            InputError: it cannot be read.
        """
        movie = open_movie(self.place).calibrated(
            pixel_nm=self.pixel_nm, frame_s=self.frame_s, voltage_kv=self.voltage_kv
        )
        movie = replace(
            movie,
            name=self.name or movie.name,
            processed=self.processed or movie.processed,
        )
        if self.indices is None or self.rows is None or self.columns is None:
            return movie
        part = ChosenFrames(
            source=movie.frames, indices=self.indices, rows=self.rows, columns=self.columns
        )
        return replace(movie, frames=part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The part of a recording that the manifest asks for.

    Attributes:
        movie: that part, as a movie.
        source: how to open it again.
        indices: which frames of the file it holds.
        x_nm, y_nm: its first pixel in the whole field.
        paths: the files read.
    """

    movie: Movie
    source: Source
    indices: tuple[int, ...]
    x_nm: float
    y_nm: float
    paths: tuple[Path, ...]

    def recording(self) -> Recording:
        """The same as something that other processes can open, with a key for its chunks.

        Raises:
            InputError: a file can no longer be read.
        """
        try:
            files = fingerprint(self.paths)
        except OSError as fault:
            raise not_readable(self.paths[0], fault) from fault
        cut = self.source
        scales = [self.movie.pixel_x_nm, self.movie.pixel_y_nm]
        key = key_of(files, scales, cut.indices, cut.rows, cut.columns)
        return Recording(open=cut, key=key)


def open_window(sample: SampleFolder, section: MovieSection) -> Window:
    """Open a movie, check it, and cut it to `frames`, `skip` and `region`.

    Raises:
        InputError: missing, unreadable, without scales, NaN in all frames, nothing left.
    """
    key = "[movie] file"
    if is_pattern(sample, section.file):
        paths, place = find_files(sample, (section.file,), key=key), sample.folder / section.file
    else:
        place = find_file(sample, section.file, key=key)
        paths = recording_files(place)
    source = Source(
        place=place.absolute(),
        name=section.name,
        pixel_nm=section.pixel_size_nm,
        frame_s=section.frame_time_s,
        voltage_kv=section.voltage_kv,
        processed=section.processed,
    )
    movie = source()
    if movie.frame_s is None and len(movie) > 1:
        raise InputError(
            "the time of a frame must be known, but the file does not state it.",
            remedy='Give it in sample.toml, as in frame_time = "20 ms".',
            file=section.file,
        )
    window = _cut(movie, source, section, paths)
    _refuse_not_finite(window, section.file)
    return window


def _refuse_not_finite(window: Window, file: str) -> None:
    """Refuse a movie whose first frames all have NaN; single ones are passed over and told."""
    looked_at = window.indices[:LOOKED_THROUGH]
    for place in range(len(looked_at)):
        if np.isfinite(window.movie.frames.read(place, place + 1)).all():
            return
    which = (
        "all" if len(looked_at) == len(window.indices) else f"each of the first {LOOKED_THROUGH}"
    )
    raise InputError(
        f"frames must hold finite numbers, but {which} have some that are NaN or infinite.",
        remedy="Replace dead pixels by their neighbours' median, or choose `frames` or a `region`.",
        file=file,
        place=f"frames {frame_numbers(looked_at)}",
    )


def _cut(movie: Movie, source: Source, section: MovieSection, paths: tuple[Path, ...]) -> Window:
    count, rows, columns = movie.frames.shape
    indices = _indices(section, count)
    image = movie.image(indices[0])
    x0, x1 = _pixels(section, 0, image.pixel_x_nm, columns)
    y0, y1 = _pixels(section, 1, image.pixel_y_nm, rows)
    part = ChosenFrames(source=movie.frames, indices=indices, rows=(y0, y1), columns=(x0, x1))
    return Window(
        movie=replace(movie, frames=part),
        source=replace(source, indices=indices, rows=(y0, y1), columns=(x0, x1)),
        indices=indices,
        x_nm=x0 * image.pixel_x_nm,
        y_nm=y0 * image.pixel_y_nm,
        paths=paths,
    )


def _indices(section: MovieSection, count: int) -> tuple[int, ...]:
    """The frames of the file that `frames` and `skip` leave."""
    start, _, stop = (section.frames or ":").partition(":")
    chosen = range(int(start or 0), min(int(stop or count), count))
    kept = tuple(index for index in chosen if index not in section.skip)
    if not kept or max(section.skip, default=0) >= count or int(stop or 0) > count:
        raise InputError(
            f"`frames` and `skip` must leave frames of the movie's 0 to {count - 1}, "
            f"but are {section.frames!r} and {list(section.skip)}.",
            remedy="Frames count from 0; the end of a window is not in it.",
            file=section.file,
            place="[movie] of sample.toml",
        )
    return kept


def _pixels(section: MovieSection, axis: int, pixel_nm: float, count: int) -> tuple[int, int]:
    """First and behind-last pixel of `region` along x (0) or y (1).

    A region closer about a particle than its lattice can be told from the ground's in is widened
    about its middle, as far as the field goes.
    """
    if section.region_nm is None:
        return 0, count
    low, high = section.region_nm[axis], section.region_nm[axis + 2]
    if high <= low:
        raise InputError(
            f"`region` must end behind where it begins, but runs from {low:g} to {high:g} nm "
            f"along {'xy'[axis]}.",
            remedy='It is x0, y0, x1, y1: region = ["4 nm", "3 nm", "9 nm", "8 nm"].',
            file=section.file,
            place="[movie] region of sample.toml",
        )
    lacking = max(0.0, LEAST_FIELD_NM - (high - low)) / 2
    first = max(round((low - lacking) / pixel_nm), 0)
    last = min(round((high + lacking) / pixel_nm) + 1, count)
    if last <= first:
        raise InputError(
            f"`region` must lie within the field of {count * pixel_nm:.4g} nm, "
            f"but runs from {low:g} to {high:g} nm.",
            remedy="It is x0, y0, x1, y1 in nm by the stated `pixel_size`, which may be wrong too.",
            file=section.file,
            place="[movie] region of sample.toml",
        )
    return first, last
