"""Long work over many frames: in chunks, on all cores or on a cluster, resumed after a stop.

work(chunk, carry) -> arrays, for each chunk of frames; what is finished stands on a `Shelf` in
files that are whole or are not there, under a key made of input, settings and program. A run that
was killed finds its finished chunks there, computes the others, and ends with the same bytes:
what a chunk gives depends on nothing but the chunk. Memory holds a few chunks, whatever the length.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Shaped

from cinedot.core.errors import AnalysisError
from cinedot.core.pool import Pool
from cinedot.core.progress import Item, Progress, Silent
from cinedot.core.shelves import Arrays as Arrays
from cinedot.core.shelves import FolderShelf, MemoryShelf, Shelf


@runtime_checkable
class ChunkWork(Protocol):
    """What is done with a chunk: a pure function that can be pickled (a frozen dataclass, say)."""

    def __call__(self, frames: range, carry: Arrays, /) -> Arrays:
        """The arrays that these frames give, with what an earlier pass hands on."""
        ...


def chunks_of(frames: int, most: int) -> tuple[range, ...]:
    """Frames 0 to `frames` - 1 in chunks of at most `most`, the last one shorter.

    Example:
        >>> chunks_of(5, 2)
        (range(0, 2), range(2, 4), range(4, 5))
    """
    return tuple(range(start, min(start + most, frames)) for start in range(0, frames, most))


def fingerprint(paths: Sequence[Path]) -> str:
    """What tells these files from others, quickly, in hexadecimal.

    Of each: name, size, time of last change, and 16 KiB at its start, its end and places between
    (at most 64 in all; a file up to 1 MiB whole). A hash of every byte of 60 GB would take longer
    than reading the frames; who changes bytes between the samples and sets back the time of
    change deceives it.

    Raises:
        OSError: a file cannot be read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.bin"
        >>> _ = path.write_bytes(bytes(9)); one = fingerprint([path])
        >>> _ = path.write_bytes(bytes(8)); one == fingerprint([path])
        False
    """
    block, total = 1 << 14, hashlib.sha256()
    samples = max(2, 64 // max(1, len(paths)))
    for path in paths:
        facts = path.stat()
        total.update(json.dumps([path.name, facts.st_size, facts.st_mtime_ns]).encode())
        with path.open("rb") as stream:
            last = max(0, facts.st_size - block)
            places = {round(last * step / (samples - 1)) for step in range(samples)}
            for place in sorted(places):
                stream.seek(place)
                total.update(stream.read(block))
    return total.hexdigest()


def key_of(*parts: object) -> str:
    """One name for input and settings together: texts, numbers, lists and dictionaries of them.

    Example:
        >>> key_of("input", {"a": 1, "b": 2}) == key_of("input", {"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


@cache
def program_digest() -> str:
    """A hash of the program's own source: other code, or another version, may answer otherwise."""
    total = hashlib.sha256()
    root = Path(str(resources.files("cinedot")))
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".toml", ".csv", ".json"}:
            total.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunks:
    """What each chunk gave, in order; each is fetched from the shelf when asked for."""

    spans: tuple[range, ...]
    carried: tuple[str, ...]
    shelf: Shelf

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[Arrays]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Arrays:
        found = self.shelf.get(self.spans[index], self.carried[index])
        if found is None:
            raise AnalysisError(
                f"the finished chunk of frames {self.spans[index].start} to "
                f"{self.spans[index].stop - 1} was taken away while it was needed.",
                remedy="Run the same command again; let nobody clear results/.work meanwhile.",
            )
        return found

    def joined(self, name: str) -> Shaped[np.ndarray, "..."]:
        """One of the arrays, of all chunks behind one another."""
        return np.concatenate([arrays[name] for arrays in self])


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """How long work is run: on which cores, where finished chunks stay, how progress shows.

    It is a `Progress` itself, for work that has no chunks.

    Attributes:
        progress: shows how far the work has come.
        store: the folder `.work` of finished chunks; None keeps them in memory.
        section: the folder within it; see `tidy`.
        pool: the processes that do the work.
        touched: the folders of chunks that were asked for.
    """

    progress: Progress = field(default_factory=Silent)
    store: Path | None = None
    section: str = "work"
    pool: Pool = field(default_factory=Pool)
    touched: set[Path] = field(default_factory=set[Path])

    def track(self, items: Iterable[Item], *, description: str, total: int) -> Iterator[Item]:
        """Pass the items through, counting them against `total`."""
        return self.progress.track(items, description=description, total=total)

    def within(self, section: str) -> "Runs":
        """The same for a section of the dossier, whose chunks lie in a folder of their own."""
        return replace(self, section=re.sub(r"[^\w-]+", "_", section))

    def over(
        self,
        spans: Sequence[range],
        work: ChunkWork,
        *,
        key: str,
        description: str,
        carry: Callable[[range], Arrays] | None = None,
    ) -> Chunks:
        """Do the work for every chunk that is not finished yet.

        Args:
            spans: the chunks; the same whatever the number of workers.
            work: what is done with each. Other processes must find its files by the same paths.
            key: what the answer depends on beside the chunk and the carry (`key_of`); the
                program's own source is added here.
            description: what the bar says.
            carry: what an earlier pass hands on to a chunk: a start for its fits, say.

        Raises:
            InputError, AnalysisError: as the work does; the store cannot be written to; there is
                no cluster at the address.

        Example:
            >>> def squares(frames, carry): return {"square": np.array(frames) ** 2}
            >>> Runs().over(chunks_of(4, 3), squares, key="", description="").joined("square")
            array([0, 1, 4, 9])
        """
        shelf = self._shelf(key_of(key, program_digest()))
        handed = _Handed(carry)
        chunks = Chunks(spans=tuple(spans), carried=tuple(map(handed.digest, spans)), shelf=shelf)
        finishing = self._finish(chunks, work, handed)
        for _ in self.track(finishing, description=description, total=len(spans)):
            pass
        return chunks

    def _shelf(self, key: str) -> Shelf:
        if self.store is None:
            return MemoryShelf()
        shelf = FolderShelf(folder=self.store / self.section / key, key=key)
        self.touched.add(shelf.folder)
        return shelf

    def _finish(self, chunks: Chunks, work: ChunkWork, handed: "_Handed") -> Iterator[range]:
        carried = dict(zip(chunks.spans, chunks.carried, strict=True))
        missing: list[range] = []
        for span, digest in carried.items():
            if chunks.shelf.get(span, digest) is None:
                missing.append(span)
            else:
                yield span
        jobs = ((span, handed.arrays(span)) for span in missing)
        call = _Call(work=work, program=program_digest() if self.pool.elsewhere else None)
        for span, arrays in self.pool.results(call, jobs, len(missing)):
            chunks.shelf.put(span, carried[span], arrays)
            yield span

    def tidy(self, sections: Iterable[str]) -> None:
        """Take away the chunks of these sections that this run had no use for.

        What a finished run used stays, so that the next one, with one setting changed, computes
        only what depends on it; no more than that gathers, however often settings change.
        """
        for section in sections:
            folder = self.within(section)._folder()
            if folder is None or not folder.is_dir():
                continue
            for place in folder.iterdir():
                if place not in self.touched:
                    shutil.rmtree(place, ignore_errors=True)

    def _folder(self) -> Path | None:
        return None if self.store is None else self.store / self.section


@dataclass(frozen=True, slots=True)
class _Handed:
    """What an earlier pass hands on to chunks, and what tells one from another."""

    carry: Callable[[range], Arrays] | None

    def arrays(self, frames: range) -> Arrays:
        return {} if self.carry is None else self.carry(frames)

    def digest(self, frames: range) -> str:
        total = hashlib.sha256()
        for name, array in sorted(self.arrays(frames).items()):
            total.update(json.dumps([name, array.dtype.str, array.shape]).encode())
            total.update(np.ascontiguousarray(array).tobytes())
        return total.hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """The work as a worker does it."""

    work: ChunkWork
    program: str | None

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        import dask.config
        from threadpoolctl import threadpool_limits

        if self.program not in (None, program_digest()):
            raise AnalysisError(
                "a worker of the cluster runs another cinedot than this one.",
                remedy="Install the same version on all machines.",
            )
        # Sums in another order end in other bits: one thread of BLAS, wherever it runs. Readers
        # that use Dask themselves must not send their frames through the cluster.
        with dask.config.set(scheduler="synchronous"), threadpool_limits(1, user_api="blas"):
            return {name: np.asarray(array) for name, array in self.work(frames, carry).items()}
