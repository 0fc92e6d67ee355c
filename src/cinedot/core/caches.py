"""Where things are kept that can be made again: compiled programs, libraries of views."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """The user's cache folder for cinedot; `CINEDOT_CACHE` puts it elsewhere.

    It may be deleted at any time: what was in it is made again when it is needed.

    Example:
        >>> cache_folder().is_absolute()
        True
    """
    from platformdirs import user_cache_path

    stated = os.environ.get("CINEDOT_CACHE")
    return Path(stated).expanduser().absolute() if stated else user_cache_path("cinedot")
