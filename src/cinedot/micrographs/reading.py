"""Any microscope's file as a `Movie`: the common kinds frame by frame, the rest by RosettaSciIO."""

import importlib
from dataclasses import replace
from pathlib import Path

from cinedot.core import InputError, Movie
from cinedot.core.quiet import quiet
from cinedot.micrographs.readers.folder import (
    FRAME_FILES,
    files_of_pattern,
    frame_files,
    is_file_pattern,
    open_folder,
    open_pattern,
)
from cinedot.micrographs.readers.mrc import MRC_FILES, open_mrc
from cinedot.micrographs.readers.numbering import in_number_order
from cinedot.micrographs.readers.refusal import (
    cannot_read,
    cut_short,
    let_go,
    readable_file,
    refuse_text,
    refused_when_padded,
)
from cinedot.micrographs.readers.signals import movie_of_signals
from cinedot.micrographs.readers.tiff import TIFF_FILES, open_tiff
from cinedot.micrographs.readers.video import VIDEO_FILES, open_video
from cinedot.micrographs.readers.zarr_store import is_zarr, open_zarr

_TEXT_HEADERS = ("rpl", "xml")
"""Endings of image formats that begin with text."""

_NO_IMAGES = ("Impulse", "Protochips")
"""RosettaSciIO's readers of logs, which would take any .csv for theirs."""

_READ_WHOLE = ("rsciio.image", "rsciio.pantarhei")
"""RosettaSciIO's readers that fail or give false numbers lazily; their files are small."""

_SQUEEZED = ("jpg", "jpeg", "jpe", "gif")
"""Pictures that compression or palettes changed: processed."""


def open_movie(path: Path | str) -> Movie:
    """Open a recording with its scales; frames are read when asked for.

    TIFF, MRC, Zarr (OME's, HyperSpy's, any) and films (mp4, avi) have readers here; a folder, an
    in-situ recording's tree of hours, minutes and seconds, or a pattern (`frame_*.tif`) is a
    movie of its frames in the order of the numbers in their names; everything else goes through
    RosettaSciIO. A single image is a movie of one frame. Axes are understood by their units; the
    first axis of a stack is time only where its unit is one. RGB becomes luminance. Films and
    JPEG pictures are marked `processed`.

    Args:
        path: a file, a folder of numbered frames, a Zarr folder, or a pattern.

    Returns:
        The movie; pixel size (nm), frame time (s) and voltage (kV) are None where the file
        does not state them. `metadata["chosen"]` says which of several images was taken,
        `metadata["gaps"]` which numbers a folder's frames leave out.

    Raises:
        InputError: missing, empty, truncated or unreadable; a spectrum, a diffraction pattern,
            a 4D recording, text, a pipe; more than one non-trivial axis beside y and x.

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
    if is_file_pattern(place):
        movie = open_pattern(place, _open_file)
    elif is_zarr(place):
        movie = open_zarr(place)
    elif place.is_dir():
        movie = open_folder(place, _open_file)
    else:
        movie = _open_file(place)
    _first_and_last_frame_must_be_there(movie, place)
    return movie


def recording_files(path: Path | str) -> tuple[Path, ...]:
    """The files that a recording consists of, in order: what a change of it would change.

    Args:
        path: what `open_movie` takes.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("frame_10.tif", "frame_9.tif", "notes.txt"):
        ...     (folder / name).touch()
        >>> [file.name for file in recording_files(folder)]
        ['frame_9.tif', 'frame_10.tif']
    """
    place = Path(path)
    if is_file_pattern(place):
        return in_number_order(files_of_pattern(place))
    if is_zarr(place):
        return in_number_order([found for found in place.rglob("*") if found.is_file()])
    return in_number_order(frame_files(place)) if place.is_dir() else (place,)


def _open_file(path: Path) -> Movie:
    readable_file(path)
    ending = _ending(path)
    if ending not in _TEXT_HEADERS:
        refuse_text(path)
    if ending in TIFF_FILES:
        return open_tiff(path)
    if ending in VIDEO_FILES:
        return open_video(path)
    if ending in MRC_FILES and not _has_log_of_direct_electron(path):
        return open_mrc(path)
    movie = _berkeley_emd(path) if ending == "emd" else None
    movie = movie or _with_rosettasciio(path)
    return replace(movie, processed=True) if ending in _SQUEEZED else movie


def _ending(path: Path) -> str:
    return path.suffix.lower().lstrip(".")


def _has_log_of_direct_electron(path: Path) -> bool:
    """Their movies keep pixel and frame time in a text beside them, which RosettaSciIO reads."""
    stem = path.name.removesuffix("_movie.mrc")
    return stem != path.name and (path.parent / f"{stem}_info.txt").is_file()


def _with_rosettasciio(path: Path) -> Movie:
    faults: list[Exception] = []
    for reader in _readers(path):
        try:
            with quiet(), refused_when_padded(path):
                lazy = reader not in _READ_WHOLE
                signals = importlib.import_module(reader).file_reader(str(path), lazy=lazy)
            return movie_of_signals(signals, path)
        except InputError:
            raise
        except Exception as fault:  # each reader fails in its own way on files not its own
            let_go(fault)
            faults.append(fault)
    telling = [fault for fault in faults if not isinstance(fault, ImportError)] or faults
    raise cannot_read(path, telling[0]) from telling[0]


def _readers(path: Path) -> list[str]:
    """RosettaSciIO's modules that know the file's ending."""
    ending = _ending(path)
    with quiet():
        from rsciio import IO_PLUGINS

    readers = [
        plugin["api"]
        for plugin in IO_PLUGINS
        if ending in [extension.lower() for extension in plugin["file_extensions"]]
        and plugin["name"] not in _NO_IMAGES
    ]
    if readers:
        return readers
    raise InputError(
        "this must be an image or movie in a known format, but "
        f"{'.' + ending if ending else 'a name without an ending'} is none.",
        remedy=f"Known are {', '.join((*FRAME_FILES, 'zarr', *VIDEO_FILES))} and what else "
        "RosettaSciIO reads; an archive must be unpacked first.",
        file=path,
    )


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
            raise cut_short(path, place=f"frame {index}")
