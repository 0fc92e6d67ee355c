"""Images of libraries that outlive the process: a model is imaged from all sides once.

What is kept is what takes long: the images of one model before one camera at one defocus, in a
file of its own. Whitening and Fourier series are made from them in a tenth of the time, and hang
on the noise of one recording; the images do not, so that a movie finds them again, and so does
the next survey of the same pixels, lens and sizes at any defocus that was tried before.

A file's name is a hash of all that its images are made of: the very arguments of the compiled
program, JAX's version and its kind of device, and the source of `cinedot.microscope` and of this
room. A law that changes never reads what an older one made; `_FORMAT` counts changes of the file
itself. Another machine's files differ by rounding at most.
"""

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import cast

import jax
import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.caches import cache_folder, source_digest
from cinedot.core.files import written_whole
from cinedot.micrographs.pose.apparatus import TracedPose
from cinedot.micrographs.pose.views import Views

MOST_BYTES = 1 << 30
"""What the folder holds at most; the least recently used goes first."""

_FORMAT = 1
_SOURCES = ("cinedot.microscope", "cinedot.micrographs.pose")
# Two threads of one process would write to the same file beside the one that they make.
_WRITING = threading.Lock()


def kept_images(
    views: Views, rotations: Float[np.ndarray, "pose 3 3"], defocus_nm: float
) -> Float[np.ndarray, "pose y x"]:
    """A model's images in some orientations at the patch's middle, made only if not kept already.

    Args:
        views: the model before a camera.
        rotations: crystal to frame axes.
        defocus_nm: of all images.

    Returns:
        Intensities, 1 where nothing is. A file that is damaged is made anew; a folder that cannot
        be read or written costs time, not answers.
    """
    count = len(rotations)
    path = library_folder() / f"{images_key(views, rotations, defocus_nm)}.npz"
    side = views.camera.side
    found = _read(path, (count, side, side))
    if found is not None:
        return found
    made = views.images(rotations, np.zeros((count, 2)), np.full(count, float(defocus_nm)))
    _write(path, made)
    return made


def library_folder() -> Path:
    """Where the images are kept; it may be deleted at any time."""
    return cache_folder() / "libraries"


def images_key(views: Views, rotations: Float[np.ndarray, "pose 3 3"], defocus_nm: float) -> str:
    """A hash, in hexadecimal, of all that decides what `kept_images` gives.

    The lens's own defocus is not among it: that of the images takes its place.
    """
    apparatus = views.apparatus
    still = np.zeros((len(rotations), 2))
    parts = (
        _FORMAT,
        source_digest(*_SOURCES),
        jax.__version__,
        jax.default_backend(),
        TracedPose.before(views.camera, rotations, still, float(defocus_nm)),
        views.atoms,
        replace(apparatus, optics=apparatus.optics._replace(defocus=0.0)),
    )
    total = hashlib.sha256()
    for piece in _told(parts):
        total.update(piece)
    return total.hexdigest()


def _told(part: object) -> Iterator[bytes]:
    """A value as bytes, so that no two unlike values are told alike."""
    if is_dataclass(part):
        yield from _told(tuple((one.name, getattr(part, one.name)) for one in fields(part)))
    elif isinstance(part, tuple):
        items = cast("tuple[object, ...]", part)
        yield f"{len(items)} of (".encode()
        for one in items:
            yield from _told(one)
    elif isinstance(part, (np.ndarray, jax.Array)):
        array = np.ascontiguousarray(part)
        yield f"{array.dtype.str}{array.shape}:".encode()
        yield array.tobytes()
    elif isinstance(part, (bool, int, float, str)):
        told = repr(part).encode()
        yield f"{type(part).__name__}{len(told)}:".encode() + told
    else:
        raise TypeError(f"a {type(part).__name__} cannot be told from others of its kind.")


def _read(path: Path, shape: tuple[int, int, int]) -> Float[np.ndarray, "pose y x"] | None:
    """The images of a file, or None where they are not there whole; the file counts as used."""
    try:
        # NumPy leaves a damaged file open that it opened itself. The archive checks its sums.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
            images = content["images"]
    except FileNotFoundError:
        return None
    except Exception:  # a damaged file fails in many ways
        images = None
    if images is None or images.shape != shape or images.dtype != np.float32:
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return images


def _write(path: Path, images: Float[np.ndarray, "pose y x"]) -> None:
    with contextlib.suppress(InputError, OSError), _WRITING:
        with written_whole(path) as beside, beside.open("wb") as stream:
            np.savez(stream, images=images)
        _make_room(path.parent)


def _make_room(folder: Path) -> None:
    """Delete files, the least recently used first, until no more than `MOST_BYTES` are left.

    What another process deletes meanwhile, or has open on a system that then forbids it, is
    passed over. Files half written by a process that was killed grow old and go as well.
    """
    held: list[tuple[int, int, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                facts = entry.stat()
                held.append((facts.st_mtime_ns, facts.st_size, entry.path))
    left = sum(size for _, size, _ in held)
    for _, size, name in sorted(held):
        if left <= MOST_BYTES:
            return
        with contextlib.suppress(OSError):
            Path(name).unlink()
            left -= size
