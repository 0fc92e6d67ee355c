"""Reading libraries kept quiet: what they say is not what a user must read."""

import contextlib
import logging
import warnings
from collections.abc import Generator

_CHATTY = ("rsciio", "tifffile", "hyperspy", "PIL", "imageio", "h5py", "libav", "zarr")


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
