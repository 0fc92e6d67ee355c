"""Where a movie and its truth may be written; folders that are replaced whole, or not at all."""

import contextlib
import os
import shutil
from collections.abc import Collection, Generator
from pathlib import Path

from cinedot.core import InputError
from cinedot.core.files import cleared_when_ended, not_readable, not_writable

# Formats that are folders.
_FOLDERS = (".zarr",)


def require_movie_place(path: Path) -> None:
    """Refuse a place that a movie cannot be written to, before there is one to write.

    Raises:
        InputError: a folder where a file must be, a folder that is no Zarr where one must be, a
            folder that cannot be made or written to.
    """
    is_folder = path.suffix.lower() in _FOLDERS
    if path.is_dir() and not is_folder:
        raise InputError(
            "the movie must be a file, but a folder stands there.",
            remedy="Choose another name.",
            file=path,
        )
    if is_folder:
        require_own_folder(path, ("zarr.json", ".zgroup", ".zattrs", ".zarray", "0"))
    folder = _standing(path.parent)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise not_writable(path, OSError(f"{folder} is no folder that may be written to"))


def require_free_disk(path: Path, needed: int, *, frames: int) -> None:
    """Refuse a movie that its disk has no room for.

    Args:
        path: the movie.
        needed: its bytes, uncompressed.
        frames: how many it has.

    Raises:
        InputError: as said.
    """
    free = shutil.disk_usage(_standing(path.parent)).free
    # Zarr compresses, but counts of electrons are noise: never to a third.
    least = needed // 3 if path.suffix.lower() in _FOLDERS else needed
    if least > free:
        raise InputError(
            f"`frames` must fit the {free / 2**30:.3g} GiB that are free on the movie's disk, but "
            f"{frames} of this `shape` and `bits` take {least / 2**30:.3g} GiB.",
            remedy=f"Take at most {int(frames * (free / least))}, smaller ones, or another disk.",
            file=path,
        )


def require_own_folder(path: Path, own: Collection[str]) -> None:
    """Refuse to replace a folder that holds anything else than what was written by us.

    Args:
        path: a folder that may stand there already.
        own: the names that it may hold.

    Raises:
        InputError: it holds something else, or is a file.
    """
    if not path.exists():
        return
    if not path.is_dir():
        raise InputError(
            "this must be a folder, but is a file.", remedy="Choose another name.", file=path
        )
    try:
        others = sorted(entry.name for entry in path.iterdir() if entry.name not in own)
    except OSError as fault:
        raise not_readable(path, fault) from fault
    if others:
        raise InputError(
            f"this folder would be replaced, but holds {others[0]!r}, which `simulate` did not "
            "write.",
            remedy="Move it elsewhere, or choose another name.",
            file=path,
        )


def _standing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there already."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


@contextlib.contextmanager
def written_folder(path: Path) -> Generator[Path]:
    """Yield a folder beside `path`; it takes the place of `path` when all went well.

    What stood there is set aside until the new folder is in its place, and put back if that fails
    or is interrupted (Ctrl-C, SIGTERM).

    Raises:
        InputError: the place cannot be written, or holds a file.
    """
    if path.exists() and not path.is_dir():
        raise InputError(
            "this must be a folder, but is a file.", remedy="Choose another name.", file=path
        )
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    with cleared_when_ended():
        try:
            beside.mkdir(parents=True)
            yield beside
            if path.exists():
                path.replace(old)
            beside.replace(path)
        except OSError as fault:
            raise not_writable(path, fault) from fault
        finally:
            if old.exists() and not path.exists():
                old.replace(path)
            for spent in (beside, old):
                shutil.rmtree(spent, ignore_errors=True)
