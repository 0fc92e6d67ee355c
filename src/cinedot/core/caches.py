"""Where things are kept that can be made again: compiled programs, images of libraries."""

import hashlib
import os
from functools import cache
from importlib import resources
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


@cache
def source_digest(*packages: str) -> str:
    """A hash of some packages' source and data: what other code made may be otherwise.

    Example:
        >>> source_digest("cinedot.core") == source_digest("cinedot.core")
        True
        >>> source_digest("cinedot.core") == source_digest("cinedot.particle")
        False
    """
    total = hashlib.sha256()
    for package in packages:
        root = Path(str(resources.files(package)))
        for path in sorted(root.rglob("*")):
            if path.suffix in {".py", ".toml", ".csv", ".json"}:
                name = f"{package}/{path.relative_to(root).as_posix()}"
                total.update(name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
