"""What is refused before or while a file is read, in one line."""

import contextlib
import gc
import logging
import os
import re
import traceback
import warnings
from collections.abc import Generator
from pathlib import Path

from cinedot.core import InputError
from cinedot.core.quiet import quiet

_LOOK_BYTES = 2048


@contextlib.contextmanager
def refused_when_padded(path: Path) -> Generator[None]:
    """Refuse a file whose reader warns that it fills up with zeros what the file lacks.

    Raises:
        InputError: it did.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield
    for warning in told:
        text = str(warning.message).lower()
        if any(word in text for word in ("zero padding", "truncated", "incomplete")):
            raise cut_short(path)


@contextlib.contextmanager
def damage_refused() -> Generator[None]:
    """Refuse a file whose pages tifffile cannot follow: it says so in its log and reads on.

    Raises:
        ValueError: it did.
    """
    complaints: list[str] = []

    class Listener(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            complaints.append(record.getMessage())
            return False

    listener, log = Listener(), logging.getLogger("tifffile")
    level = log.level
    log.addFilter(listener)
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.removeFilter(listener)
        log.setLevel(level)
    told = [text for text in complaints if "invalid page" in text or "corrupted" in text]
    if told:
        raise ValueError(re.sub(r"^<[^>]*> ", "", told[0]))


def let_go(fault: BaseException) -> None:
    """Close what a library left open when it failed: files that its frames still hold."""
    with quiet():
        traceback.clear_frames(fault.__traceback__)
        gc.collect()


def readable_file(path: Path) -> None:
    """Refuse a file that is missing, unreadable, empty or no file.

    Raises:
        InputError: it is one of these.
    """
    if not path.exists():
        raise InputError(
            "this file must exist, but does not.", remedy="Check the name and folder.", file=path
        )
    if not path.is_file():
        raise InputError(
            "this must be a file or a folder, but is a pipe, a socket or a device.",
            remedy="Save the recording as a file.",
            file=path,
        )
    if not os.access(path, os.R_OK):
        raise InputError(
            "this must be a file that may be read.", remedy="Check its permissions.", file=path
        )
    if path.stat().st_size == 0:
        raise InputError(
            "this must hold an image, but is empty (0 bytes).",
            remedy="Copy it again from the microscope.",
            file=path,
        )


def refuse_text(path: Path) -> None:
    """Refuse text that bears an image's ending.

    Raises:
        InputError: the file begins as text does.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.tif"
        >>> _ = path.write_text("time,intensity")
        >>> refuse_text(path)
        Traceback (most recent call last):
            ...
        cinedot.core.errors.InputError: ...a.tif: this must be an image or a movie, but is text...
    """
    with path.open("rb") as stream:
        begin = stream.read(_LOOK_BYTES)
    if not _is_text(begin):
        return
    first = " ".join(begin.decode("utf-8", "replace").strip("\ufeff\r\n ").splitlines()[:1])
    raise InputError(
        f"this must be an image or a movie, but is text that begins {first[:40]!r}.",
        remedy="Name the recording itself.",
        file=path,
    )


def _is_text(begin: bytes) -> bool:
    allowed = {9, 10, 12, 13}
    if any(byte < 32 and byte not in allowed for byte in begin):
        return False
    try:
        begin.decode("utf-8")
    except UnicodeDecodeError as fault:
        # A letter may be cut at the end of what was looked at.
        return len(begin) == _LOOK_BYTES and fault.start > _LOOK_BYTES - 4
    return True


def cut_short(path: Path, *, place: str | None = None) -> InputError:
    """The error for a file that ends before its header says."""
    return InputError(
        "this must be a whole, undamaged file, but ends before its header says.",
        remedy="Copy it again from the microscope.",
        file=path,
        place=place,
    )


def cannot_read(path: Path, fault: Exception, *, place: str | None = None) -> InputError:
    """The error for content that a reading library does not understand.

    Libraries word their faults for programmers: the fault stays behind as the cause.
    """
    if isinstance(fault, ImportError) and fault.name:
        return InputError(
            f"reading this file needs the package {fault.name}, which is not installed.",
            remedy="Install it, or export the recording as TIFF.",
            file=path,
        )
    kind = path.suffix or "image"
    return InputError(
        f"this must be a whole, undamaged {kind} file, but cannot be read as one.",
        remedy="Copy it again from the microscope, or export it as TIFF.",
        file=path,
        place=place,
    )
