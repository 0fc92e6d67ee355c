"""A folder of numbered frames, or a pattern of file names, as one movie."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from cinedot.core import InputError, Movie

FRAME_FILES = (
    *("tif", "tiff", "dm3", "dm4", "emd", "mrc", "ser", "tvips", "blo"),
    *("png", "jpg", "jpeg", "bmp"),
)
"""Endings that a folder's frames may have."""


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
        if movie.frames.shape != (1, *self.shape[1:]):
            raise InputError(
                f"each file must be one frame of {self.shape[1:]} pixels like the first, but "
                f"this one is {movie.frames.shape}.",
                remedy="Move it out of the folder, or narrow the pattern.",
                file=path,
            )
        return movie.frames.read(0, 1)[0]


def open_folder(folder: Path, open_one: Callable[[Path], Movie]) -> Movie:
    """A folder's image files as a movie, in the order of the numbers in their names.

    Raises:
        InputError: no image in the folder, or several kinds of them.
    """
    paths = [
        path
        for path in folder.iterdir()
        if path.suffix.lower().lstrip(".") in FRAME_FILES and not path.name.startswith(".")
    ]
    kinds = sorted({path.suffix.lower() for path in paths})
    if len(kinds) > 1:
        raise InputError(
            f"a folder of frames must hold one kind of image, but holds {', '.join(kinds)}.",
            remedy=f'Choose with a pattern, as in "{folder.name}/*{kinds[0]}".',
            file=folder,
        )
    return _movie(folder, paths, open_one)


def open_pattern(pattern: Path, open_one: Callable[[Path], Movie]) -> Movie:
    """The files that a pattern such as `frame_*.tif` names, as a movie; one file as itself.

    Raises:
        InputError: nothing matches.
    """
    paths = [path for path in pattern.parent.glob(pattern.name) if path.is_file()]
    return open_one(paths[0]) if len(paths) == 1 else _movie(pattern, paths, open_one)


def _movie(place: Path, paths: list[Path], open_one: Callable[[Path], Movie]) -> Movie:
    if not paths:
        raise InputError(
            "at least one image must be here, but there is none.",
            remedy=f"Frames end in one of {', '.join(FRAME_FILES)}.",
            file=place,
        )
    ordered = tuple(sorted(paths, key=_number_order))
    first = open_one(ordered[0])
    if len(first) > 1:
        raise InputError(
            f"each file must be one frame, but this one holds {len(first)}.",
            remedy="Name the file itself as the movie.",
            file=ordered[0],
        )
    shape = (len(ordered), *first.frames.shape[1:])
    frames = FolderFrames(paths=ordered, shape=shape, open_one=open_one)
    return replace(first, frames=frames, name=place.name)


def _number_order(path: Path) -> list[tuple[int, str]]:
    """Sort key under which frame 10 follows frame 9."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
