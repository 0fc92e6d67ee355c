"""Chunks: what is believed, what is done again, here and in other processes."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinedot.core import AnalysisError, InputError
from cinedot.core.chunks import Runs, chunks_of, fingerprint, key_of
from cinedot.core.pool import Pool
from cinedot.core.shelves import Arrays, FolderShelf


@dataclass
class Counting:
    """Squares of frames plus what is handed on; notes which chunks it was asked for."""

    asked: list[range]

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        self.asked.append(frames)
        return {"square": np.array(frames, float) ** 2 + carry.get("plus", np.zeros(1))[0]}


def _run(store: Path | None, key: str = "k", plus: Callable[[range], Arrays] | None = None):
    work = Counting(asked=[])
    chunks = Runs(store=store).over(chunks_of(10, 3), work, key=key, description="", carry=plus)
    return chunks, work.asked


@given(frames=st.integers(0, 200), most=st.integers(1, 50))
def test_chunks_hold_every_frame_once(frames: int, most: int) -> None:
    spans = chunks_of(frames, most)
    assert [frame for span in spans for frame in span] == list(range(frames))
    assert all(len(span) <= most for span in spans)


@pytest.mark.parametrize("kept", [False, True])
def test_what_is_finished_is_not_done_again(tmp_path: Path, kept: bool) -> None:
    store = tmp_path / "s" if kept else None
    chunks, asked = _run(store)
    assert chunks.joined("square").tolist() == [k * k for k in range(10)]
    assert len(asked) == 4
    assert len(_run(store)[1]) == (0 if kept else 4)
    assert len(_run(store, key="another")[1]) == 4


def test_a_chunk_belongs_to_what_was_handed_on_to_it(tmp_path: Path) -> None:
    def plus(frames: range) -> Arrays:
        return {"plus": np.array([1.0 if 4 in frames else 0.0])}

    _run(tmp_path)
    chunks, asked = _run(tmp_path, plus=plus)
    assert len(asked) == 4
    assert chunks.joined("square")[4] == 17
    # Only what was handed to the second chunk changes.
    _, asked = _run(tmp_path, plus=lambda frames: {"plus": plus(frames)["plus"] * 2})
    assert asked == [range(3, 6)]


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "cut by one byte": lambda content: content[:-1],
    "empty": lambda _: b"",
    "no archive": lambda content: b"PK" + bytes(len(content)),
    "text": lambda _: b"hello",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_half_written_chunk_is_not_believed(tmp_path: Path, damage: str) -> None:
    _run(tmp_path)
    second = sorted(tmp_path.rglob("*.npz"))[1]
    second.write_bytes(DAMAGES[damage](second.read_bytes()))
    chunks, asked = _run(tmp_path)
    assert asked == [range(3, 6)]
    assert chunks.joined("square").tolist() == [k * k for k in range(10)]


def test_any_changed_byte_of_the_numbers_is_noticed(tmp_path: Path) -> None:
    shelf = FolderShelf(folder=tmp_path, key="k")
    values = np.random.default_rng().normal(size=50)
    shelf.put(range(3), "", {"a": values})
    file = next(tmp_path.glob("*.npz"))
    content = file.read_bytes()
    start = content.index(values.tobytes())
    for place in range(start, start + values.nbytes, 7):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert shelf.get(range(3), "") is None
    file.write_bytes(content)
    assert np.array_equal(shelf.get(range(3), "")["a"], values)  # pyright: ignore


def test_another_movies_chunk_is_not_believed(tmp_path: Path) -> None:
    FolderShelf(folder=tmp_path, key="one").put(range(3), "", {"a": np.ones(3)})
    assert FolderShelf(folder=tmp_path, key="two").get(range(3), "") is None


def test_objects_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`a` must hold numbers"):
        FolderShelf(folder=tmp_path, key="k").put(range(1), "", {"a": np.array([{}])})


def test_a_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="must be writable"):
        _run(tmp_path / "file")


def test_fingerprints_tell_files_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(3_000_000))
    os.utime(path, (1, 1))
    before = fingerprint([path])
    os.utime(path, (1, 1))
    assert fingerprint([path]) == before
    os.utime(path, (1, 2))
    assert fingerprint([path]) != before
    for place in (0, 2_999_999):
        content = bytearray(3_000_000)
        content[place] = 1
        path.write_bytes(content)
        os.utime(path, (1, 1))
        assert fingerprint([path]) != before
    assert key_of(before, 1) != key_of(before, 2)


def test_only_what_the_last_run_used_stays(tmp_path: Path) -> None:
    for key in ("one", "two"):
        runs = Runs(store=tmp_path).within("movie A/B")
        runs.over(chunks_of(4, 2), Counting(asked=[]), key=key, description="")
    Runs(store=tmp_path).within("other").over(
        chunks_of(4, 2), Counting(asked=[]), key="x", description=""
    )
    runs.tidy(["movie A/B", "none"])
    assert sorted(len(list(folder.iterdir())) for folder in tmp_path.iterdir()) == [1, 1]
    again = Counting(asked=[])
    runs.over(chunks_of(4, 2), again, key="two", description="")
    assert again.asked == []


def test_errors_survive_their_way_between_processes() -> None:
    fault = pickle.loads(pickle.dumps(InputError("r", remedy="m", file="f", place="p")))
    assert (fault.rule, fault.remedy, fault.file, fault.place) == ("r", "m", "f", "p")
    assert str(pickle.loads(pickle.dumps(AnalysisError("a", remedy="b")))) == "a b"


def test_no_scheduler_at_the_address_is_told() -> None:
    # Port 1 of this machine: nothing may listen there but a system service long out of use.
    pool = Pool(scheduler="tcp://127.0.0.1:1", patience_s=0.5)
    with pytest.raises(InputError, match=r"`--scheduler`.*127\.0\.0\.1:1"), pool:
        pass


SCRIPT = """
import os, sys, time
from pathlib import Path
import numpy as np
from cinedot.core import InputError
from cinedot.core import pool
from cinedot.core.chunks import Runs, chunks_of

class Slow:
    def __call__(self, frames, carry):
        time.sleep({seconds})
        if {fails} and 5 in frames:
            raise InputError("told", remedy="so", file="f", place="frame 5")
        return {{"x": np.sqrt(np.array(frames, float)), "by": np.array([os.getpid()])}}

if __name__ == "__main__":
    pool.WORTH_STARTING_S = 0.0
    with pool.Pool(workers=2) as workers:
        runs = Runs(store=Path(sys.argv[1]), pool=workers)
        try:
            chunks = runs.over(chunks_of(40, 2), Slow(), key="k", description="")
        except InputError as fault:
            print("told", fault.place)
        else:
            print(len(set(chunks.joined("by").tolist())), chunks.joined("x").tobytes().hex())
"""


def _script(folder: Path, *, seconds: float, fails: bool = False) -> list[str]:
    file = folder / "run.py"
    file.write_text(SCRIPT.format(seconds=seconds, fails=fails))
    return [sys.executable, "-W", "error", str(file), str(folder / "store")]


def test_a_run_killed_in_the_middle_goes_on_with_other_processes(tmp_path: Path) -> None:
    wanted = np.sqrt(np.arange(40.0)).tobytes().hex()
    killed = subprocess.Popen(
        _script(tmp_path, seconds=1.0), start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        # 20 chunks: with three there, most are not, and take 8 s more, so that a loaded machine
        # comes to the kill in time; it may need its time to start.
        until = time.monotonic() + 120
        while len(_stored(tmp_path)) < 3 and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    before = {path: path.read_bytes() for path in _stored(tmp_path)}
    assert 3 <= len(before) < 20
    # The workers end of themselves when their parent is gone.
    until = time.monotonic() + 60
    while _group_alive(killed.pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _group_alive(killed.pid)
    ended = subprocess.run(
        _script(tmp_path, seconds=0.05), capture_output=True, text=True, check=True
    )
    processes, found = ended.stdout.split()
    assert found == wanted
    assert int(processes) >= 2
    assert ended.stderr == ""
    assert all(path.read_bytes() == content for path, content in before.items())


def _stored(folder: Path) -> list[Path]:
    """Chunks that are there; hidden ones are still being written."""
    return [path for path in folder.rglob("*.npz") if path.name[0] != "."]


def _group_alive(group: int) -> bool:
    """Whether a process of the group runs; those that ended and wait for their parent do not."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z":
                return True
    return False


def test_an_error_in_another_process_comes_as_it_was(tmp_path: Path) -> None:
    ended = subprocess.run(
        _script(tmp_path, seconds=0.0, fails=True), capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("told frame 5\n", "")
