"""What is refused before or while a file is read, in one line, with the libraries kept quiet."""

import contextlib
import gc
import logging
import os
import traceback
import warnings
from collections.abc import Generator
from pathlib import Path

from cinedot.core import InputError

_CHATTY = ("rsciio", "tifffile", "hyperspy", "PIL", "imageio", "h5py")


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Keep the warnings and log lines of reading libraries from the user.

    What they warn of (missing tags, odd dates) is no fault of the user's and changes no pixel;
    what makes a file unreadable arrives as an exception all the same.
    """
    loggers = [logging.getLogger(name) for name in _CHATTY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


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
    if not path.is_file() or not os.access(path, os.R_OK):
        raise InputError(
            "this must be a file that may be read.", remedy="Check its permissions.", file=path
        )
    if path.stat().st_size == 0:
        raise InputError(
            "this must hold an image, but is empty (0 bytes).",
            remedy="Copy it again from the microscope.",
            file=path,
        )


def cannot_read(path: Path, fault: Exception, *, place: str | None = None) -> InputError:
    """The error for content that a reading library does not understand."""
    told = " ".join(str(fault).split())
    reason = f"{type(fault).__name__}: {told}" if told else type(fault).__name__
    return InputError(
        f"this must be a whole, undamaged {path.suffix or 'image'} file, but reading it ends "
        f"with {reason[:160].rstrip('.')}.",
        remedy="Copy it again from the microscope, or export it as TIFF.",
        file=path,
        place=place,
    )
