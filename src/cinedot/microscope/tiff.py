"""Movies as TIFF files that ImageJ, RosettaSciIO and `micrographs` read with their scales."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from cinedot.core import InputError, Movie
from cinedot.core.files import written_whole
from cinedot.microscope.movie_files import Sheet, write_tiff_frames

_KINDS = {"uint8", "uint16", "float32"}


def write_tiff(movie: Movie, path: Path) -> None:
    """Write a movie, or a single image, as ImageJ's TIFF: pixel size in nm, frame time in s.

    Frames are read and written one by one.

    Args:
        movie: frames of 8 or 16 bits without sign, or floats of 32, with their pixel size.
        path: the file to make or replace.

    Raises:
        InputError: another number type, or no pixel size.

    Example:
        >>> import tempfile, tifffile
        >>> from cinedot.core import ArrayFrames
        >>> frames = np.zeros((2, 4, 4), dtype=np.uint16)
        >>> movie = Movie(frames=ArrayFrames(frames=frames), name="a", pixel_x_nm=0.042,
        ...               pixel_y_nm=0.042, frame_s=0.02)
        >>> path = Path(tempfile.mkdtemp()) / "a.tif"
        >>> write_tiff(movie, path)
        >>> with tifffile.TiffFile(path) as file:
        ...     file.imagej_metadata["finterval"], file.series[0].shape
        (0.02, (2, 4, 4))
    """
    kind = str(movie.frames.read(0, 1).dtype)
    if kind not in _KINDS or movie.pixel_x_nm is None or movie.pixel_y_nm is None:
        raise InputError(
            f"a TIFF movie must have a pixel size and numbers of {', '.join(sorted(_KINDS))}, "
            f"but has {movie.pixel_x_nm} nm and {kind}.",
            remedy="Give the pixel size, or convert the frames.",
            file=path,
        )
    sheet = Sheet(
        shape=movie.frames.shape,
        kind=kind,
        pixel_nm=(movie.pixel_x_nm, movie.pixel_y_nm),
        frame_s=movie.frame_s,
    )
    with written_whole(path) as beside:
        write_tiff_frames(_frames(movie), beside, sheet)


def _frames(movie: Movie) -> Iterator[Shaped[np.ndarray, "y x"]]:
    for index in range(len(movie)):
        yield movie.frames.read(index, index + 1)[0]
