"""Where a movie and its truth may be written; folders that are replaced whole, or not at all."""

import contextlib
import os
import shutil
from collections.abc import Collection, Generator
from pathlib import Path

from cinedot.core import InputError
from cinedot.core.files import not_readable, not_writable

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
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise not_writable(path, OSError(f"{folder} is no folder that may be written to"))


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


@contextlib.contextmanager
def written_folder(path: Path) -> Generator[Path]:
    """Yield a folder beside `path`; it takes the place of `path` when all went well.

    What stood there is set aside until the new folder is in its place, and put back if that fails.

    Raises:
        InputError: the place cannot be written, or holds a file.
    """
    if path.exists() and not path.is_dir():
        raise InputError(
            "this must be a folder, but is a file.", remedy="Choose another name.", file=path
        )
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    try:
        beside.mkdir(parents=True)
        yield beside
        _swap(beside, path, old)
    except OSError as fault:
        raise not_writable(path, fault) from fault
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _swap(new: Path, path: Path, old: Path) -> None:
    """Put a folder in the place of another, which is lost only when that has gone well."""
    stood = path.exists()
    if stood:
        path.replace(old)
    try:
        new.replace(path)
    except OSError:
        if stood:
            old.replace(path)
        raise
    if stood:
        shutil.rmtree(old, ignore_errors=True)
