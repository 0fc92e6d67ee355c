"""Where finished chunks stand: in memory, or in files that are whole or are not there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from cinedot.core.files import written_whole

Arrays: TypeAlias = Mapping[str, np.ndarray]
"""What a chunk gives or is given: arrays of numbers by name."""


@runtime_checkable
class Shelf(Protocol):
    """Where the finished chunks of one pass stand."""

    def get(self, frames: range, carried: str) -> Arrays | None:
        """What a chunk gave; None where it is not there whole, or had another carry."""
        ...

    def put(self, frames: range, carried: str, arrays: Arrays) -> None:
        """Keep what a chunk gave."""
        ...


@dataclass(frozen=True, slots=True)
class MemoryShelf:
    """A shelf in memory: for short movies, and for who wants no files."""

    kept: dict[tuple[range, str], Arrays] = field(default_factory=dict[tuple[range, str], Arrays])

    def get(self, frames: range, carried: str) -> Arrays | None:
        """What a chunk gave, or None."""
        return self.kept.get((frames, carried))

    def put(self, frames: range, carried: str, arrays: Arrays) -> None:
        """Keep what a chunk gave."""
        self.kept[frames, carried] = arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderShelf:
    """A shelf of .npz files, each written whole, with its key inside and a checksum an array.

    Attributes:
        folder: where they lie; made with the first.
        key: what they belong to.
    """

    folder: Path
    key: str

    def get(self, frames: range, carried: str) -> Arrays | None:
        """What a chunk gave; None where the file is missing, damaged or another's."""
        try:
            # NumPy leaves a damaged file open that it opened itself.
            with (
                self._path(frames).open("rb") as stream,
                np.load(stream, allow_pickle=False) as content,
            ):
                arrays = {name: content[name] for name in content.files}
            belongs = arrays.pop("_belongs").tobytes().decode()
        except Exception:  # a damaged file fails in many ways: the chunk is then computed again
            return None
        return arrays if belongs == self._belongs(frames, carried) else None

    def put(self, frames: range, carried: str, arrays: Arrays) -> None:
        """Keep what a chunk gave.

        Raises:
            InputError: the folder cannot be written to.
            ValueError: an array holds Python objects.
        """
        belongs = np.frombuffer(self._belongs(frames, carried).encode(), np.uint8)
        for name, array in arrays.items():
            if array.dtype.hasobject:
                raise ValueError(f"`{name}` must hold numbers or texts, but holds Python objects.")
        with written_whole(self._path(frames)) as beside, beside.open("wb") as stream:
            np.savez(stream, **{**arrays, "_belongs": belongs})  # pyright: ignore[reportArgumentType]

    def _path(self, frames: range) -> Path:
        return self.folder / f"{frames.start:08d}-{frames.stop:08d}.npz"

    def _belongs(self, frames: range, carried: str) -> str:
        place = [frames.start, frames.stop, frames.step]
        return json.dumps({"key": self.key, "frames": place, "carried": carried})
