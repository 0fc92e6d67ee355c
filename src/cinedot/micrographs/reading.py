"""Any microscope's file as a `Movie`: TIFF frame by frame, the rest through RosettaSciIO."""

import importlib
from pathlib import Path

from cinedot.core import InputError, Movie
from cinedot.micrographs.readers.folder import FRAME_FILES, open_folder, open_pattern
from cinedot.micrographs.readers.refusal import cannot_read, let_go, quiet, readable_file
from cinedot.micrographs.readers.signals import movie_of_signals
from cinedot.micrographs.readers.tiff import TIFF_FILES, open_tiff


def open_movie(path: Path | str) -> Movie:
    """Open a recording with its scales; frames are read when asked for.

    TIFF goes through tifffile, a folder or a pattern (`frame_*.tif`) is a movie of its frames
    in the order of the numbers in their names, everything else goes through RosettaSciIO. A
    single image is a movie of one frame. Axes are understood by their units; the first axis
    of a stack is time only where its unit is one. RGB becomes luminance.

    Args:
        path: a file, a folder of numbered frames, or a pattern.

    Returns:
        The movie; pixel size (nm), frame time (s) and voltage (kV) are None where the file
        does not state them. `metadata["chosen"]` says which of several images was taken.

    Raises:
        InputError: missing, empty, truncated or unreadable; a spectrum, a diffraction pattern,
            a 4D recording; more than one non-trivial axis beside y and x.

    Example:
        >>> import tempfile, numpy as np, tifffile
        >>> path = Path(tempfile.mkdtemp()) / "movie.tif"
        >>> tifffile.imwrite(path, np.zeros((3, 8, 8), np.uint16), imagej=True,
        ...     resolution=(1 / 0.042, 1 / 0.042), metadata={"unit": "nm", "finterval": 0.02})
        >>> movie = open_movie(path)
        >>> len(movie), round(movie.pixel_x_nm, 6), movie.frame_s, movie.unit_text
        (3, 0.042, 0.02, 'nm')
    """
    place = Path(path)
    if not place.exists() and any(letter in place.name for letter in "*?["):
        movie = open_pattern(place, open_movie)
    elif place.is_dir():
        movie = open_folder(place, open_movie)
    else:
        movie = _open_file(place)
    _first_and_last_frame_must_be_there(movie, place)
    return movie


def _open_file(path: Path) -> Movie:
    readable_file(path)
    ending = path.suffix.lower().lstrip(".")
    return open_tiff(path) if ending in TIFF_FILES else _open_with_rosettasciio(path, ending)


def _open_with_rosettasciio(path: Path, ending: str) -> Movie:
    with quiet():
        from rsciio import IO_PLUGINS

        readers = [
            plugin["api"]
            for plugin in IO_PLUGINS
            if ending in [extension.lower() for extension in plugin["file_extensions"]]
        ]
    if not readers:
        raise InputError(
            f"this must be an image or movie in a known format, but .{ending or '(no ending)'} "
            "is none.",
            remedy=f"Known are {', '.join(FRAME_FILES)} and what else RosettaSciIO reads; "
            "an archive must be unpacked first.",
            file=path,
        )
    faults: list[Exception] = []
    if ending == "emd":
        movie = _berkeley_emd(path)
        if movie is not None:
            return movie
    for reader in readers:
        try:
            with quiet():
                signals = importlib.import_module(reader).file_reader(str(path), lazy=True)
            return movie_of_signals(signals, path)
        except InputError:
            raise
        except Exception as fault:  # each reader fails in its own way on files not its own
            let_go(fault)
            faults.append(fault)
    telling = [fault for fault in faults if not isinstance(fault, ImportError)] or faults
    raise cannot_read(path, telling[0])


def _berkeley_emd(path: Path) -> Movie | None:
    from cinedot.micrographs.readers.berkeley_emd import is_berkeley_emd, open_berkeley_emd

    try:
        return open_berkeley_emd(path) if is_berkeley_emd(path) else None
    except InputError:
        raise
    except Exception as fault:  # h5py raises OSError, KeyError or RuntimeError on damaged trees
        raise cannot_read(path, fault) from fault


def _first_and_last_frame_must_be_there(movie: Movie, path: Path) -> None:
    """Read the ends now: a truncated file should be refused here, not in mid-analysis."""
    for index in {0, len(movie) - 1}:
        try:
            with quiet():
                got = movie.frames.read(index, index + 1).shape
        except InputError:
            raise
        except Exception as fault:  # whatever the reader's library meets in damaged data
            raise cannot_read(path, fault, place=f"frame {index}") from fault
        if got != (1, *movie.frames.shape[1:]):
            raise InputError(
                f"each frame must be {movie.frames.shape[1:]} pixels, but this one is {got[1:]}.",
                remedy="The file is incomplete: copy it again from the microscope.",
                file=path,
                place=f"frame {index}",
            )
