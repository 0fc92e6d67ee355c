"""The trees of in-situ recordings: a folder an hour, a minute, a second, in it a file a frame."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

_LEVELS = ("hour", "minute", "second")


def is_tree(folder: Path) -> bool:
    """Whether a folder holds folders named Hour_00, Minute_00 or Second_00."""
    return any(True for _ in _timed_folders(folder))


def tree_files(folder: Path) -> list[Path]:
    """All files of the tree that lie in folders of seconds, in no order."""
    inner = list(_timed_folders(folder))
    if not inner:
        return [path for path in folder.iterdir() if path.is_file()]
    return [path for part in inner for path in tree_files(part)]


def counted_frame_time(paths: Sequence[Path], exposure_s: str | None) -> tuple[float | None, str]:
    """Time of a frame and where it comes from: frames counted in whole seconds, else the exposure.

    The first and last second of a recording may be cut; between them, a folder of a second holds
    as many frames as were taken in it, give or take one.

    Args:
        paths: the frames; their folders name second, minute and hour.
        exposure_s: a frame's exposure as its file states it.

    Returns:
        The time in s, or None where neither is known; the reason as text.

    Example:
        >>> paths = [Path(f"Hour_00/Minute_00/Second_0{s}/a_{n}.dm4")
        ...          for s, frames in enumerate((3, 50, 50, 7)) for n in range(frames)]
        >>> counted_frame_time(paths, None)
        (0.02, 'frames counted in 2 whole seconds')
    """
    counts = Counter(second for path in paths if (second := _second(path)) is not None)
    inner = [counts[second] for second in range(min(counts) + 1, max(counts))] if counts else []
    whole = [count for count in inner if count > 0]
    if whole:
        # A second that lost frames to the disk is no second of the camera.
        usual = float(np.median(whole))
        kept = [count for count in whole if abs(count - usual) <= max(1.0, 0.02 * usual)]
        return float(f"{len(kept) / sum(kept):.9g}"), (
            f"frames counted in {len(kept)} whole second{'s' if len(kept) > 1 else ''}"
        )
    if exposure_s is not None and float(exposure_s) > 0:
        return float(exposure_s), "the exposure of the first frame"
    return None, ""


def _timed_folders(folder: Path) -> Iterator[Path]:
    pattern = re.compile(rf"(?:{'|'.join(_LEVELS)})_\d+", re.IGNORECASE)
    return (path for path in folder.iterdir() if pattern.fullmatch(path.name) and path.is_dir())


def _second(path: Path) -> int | None:
    """Seconds since the recording's hour 0, by the folders' names; None without a second."""
    found = {
        match[1].lower(): int(match[2])
        for part in path.parts[:-1]
        if (match := re.fullmatch(r"(hour|minute|second)_(\d+)", part, re.IGNORECASE))
    }
    if "second" not in found:
        return None
    return found.get("hour", 0) * 3600 + found.get("minute", 0) * 60 + found["second"]
