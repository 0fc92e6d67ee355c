"""A folder of numbered frames, a tree of hours and minutes, or a pattern, as one movie."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from cinedot.core import InputError, Movie
from cinedot.micrographs.readers.numbering import gaps_text, in_number_order
from cinedot.micrographs.readers.seconds import counted_frame_time, is_tree, tree_files

FRAME_FILES = (
    *("tif", "tiff", "dm3", "dm4", "emd", "mrc", "ser", "tvips", "blo"),
    *("png", "jpg", "jpeg", "bmp"),
)
"""Endings that a folder's frames may have."""


_MOST_LOOKED_INTO = 50
"""Files of another length than the first that are opened beforehand; compressed ones all differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFrames:
    """One frame a file.

    Attributes:
        paths: the files in order.
        shape: (frames, rows, columns).
        open_one: opens one file as a movie.
    """

    paths: tuple[Path, ...]
    shape: tuple[int, int, int]
    open_one: Callable[[Path], Movie]

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "frame y x"]:
        """Frames start..stop-1, each from its file."""
        frames = [self._frame(path) for path in self.paths[start:stop]]
        return np.stack(frames) if frames else np.empty((0, *self.shape[1:]), np.float32)

    def _frame(self, path: Path) -> Shaped[np.ndarray, "y x"]:
        movie = self.open_one(path)
        _same_size(movie, self.shape, path)
        return movie.frames.read(0, 1)[0]


def _same_size(movie: Movie, shape: tuple[int, int, int], path: Path) -> None:
    if movie.frames.shape != (1, *shape[1:]):
        raise InputError(
            f"each file must be one frame of {shape[1:]} pixels like the first, but "
            f"this one is {movie.frames.shape}.",
            remedy="Move it out of the folder, or narrow the pattern.",
            file=path,
        )


def open_folder(folder: Path, open_one: Callable[[Path], Movie]) -> Movie:
    """A folder's image files as a movie, in the order of the numbers in their names.

    A folder with `Hour_00` ... below it is an in-situ recording: its tree is the movie, and what
    else lies at its root (an index, a preview) is left out.

    Raises:
        InputError: no image in the folder, several kinds of them, several sizes.
    """
    if is_tree(folder):
        paths = _of_one_kind(folder)
        movie = _movie(folder, paths, open_one)
        frame_s, reason = counted_frame_time(paths, movie.metadata.get("exposure_s"))
        if movie.frame_s is not None or frame_s is None:
            return movie
        notes = dict(movie.metadata) | {"frame_time_from": reason}
        return replace(movie, frame_s=frame_s, metadata=notes)
    return _movie(folder, _of_one_kind(folder), open_one)


def frame_files(folder: Path) -> list[Path]:
    """The image files in a folder or in its tree of hours, without what else may lie there."""
    paths = tree_files(folder) if is_tree(folder) else list(folder.iterdir())
    return [
        path
        for path in paths
        if path.suffix.lower().lstrip(".") in FRAME_FILES and not path.name.startswith(".")
    ]


def _of_one_kind(folder: Path) -> list[Path]:
    images = frame_files(folder)
    kinds = sorted({path.suffix.lower() for path in images})
    if len(kinds) > 1:
        raise InputError(
            f"a folder of frames must hold one kind of image, but holds {', '.join(kinds)}.",
            remedy=f'Choose with a pattern, as in "{folder.name}/*{kinds[0]}".',
            file=folder,
        )
    return images


def is_file_pattern(place: Path) -> bool:
    """Whether a place that is not there has marks of a pattern, in whichever of its folders."""
    return not place.exists() and any(_is_marked(part) for part in place.parts)


def files_of_pattern(pattern: Path) -> list[Path]:
    """The files that a pattern names; folders too may have its marks, as in `run*/frame_*.tif`."""
    parts = pattern.parts
    # A folder may be called "run[1]": what is there is no pattern.
    depth = next(
        at
        for at, part in enumerate(parts)
        if _is_marked(part) and not Path(*parts[: at + 1]).exists()
    )
    found = Path(*parts[:depth]).glob(str(Path(*parts[depth:])))
    return [path for path in found if path.is_file()]


def _is_marked(part: str) -> bool:
    return any(letter in part for letter in "*?[")


def open_pattern(pattern: Path, open_one: Callable[[Path], Movie]) -> Movie:
    """The files that a pattern such as `frame_*.tif` names, as a movie; one file as itself.

    Raises:
        InputError: nothing matches.
    """
    paths = files_of_pattern(pattern)
    return open_one(paths[0]) if len(paths) == 1 else _movie(pattern, paths, open_one)


def _movie(place: Path, paths: list[Path], open_one: Callable[[Path], Movie]) -> Movie:
    if not paths:
        raise InputError(
            "at least one image must be here, but there is none.",
            remedy=f"Frames end in one of {', '.join(FRAME_FILES)}.",
            file=place,
        )
    ordered = in_number_order(paths)
    first = open_one(ordered[0])
    if len(first) > 1:
        raise InputError(
            f"each file must be one frame, but this one holds {len(first)}.",
            remedy="Name the file itself as the movie.",
            file=ordered[0],
        )
    shape = (len(ordered), *first.frames.shape[1:])
    length = ordered[0].stat().st_size
    others = [path for path in ordered[1:] if path.stat().st_size != length]
    for path in others[:_MOST_LOOKED_INTO]:
        _same_size(open_one(path), shape, path)
    frames = FolderFrames(paths=ordered, shape=shape, open_one=open_one)
    gaps = gaps_text(ordered)
    notes = dict(first.metadata) | ({"gaps": gaps} if gaps else {})
    return replace(first, frames=frames, name=place.name, metadata=notes)
