"""Movies far larger than memory: read, filtered and registered, also through a kill."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
import scipy.ndimage

Record = Callable[[str, str, str], None]

PIXEL_NM = 0.042

SCRIPT = """
import sys
from functools import partial
from pathlib import Path
import numpy as np
import pandas as pd
from cinedot.core import pool
from cinedot.core.chunks import Runs, chunks_of, key_of
from cinedot.micrographs import Recording, open_movie
from cinedot.micrographs.frame_passes import Filtering

if __name__ == "__main__":
    place, folder, first, last = Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:5])
    recording = Recording(open=partial(open_movie, place), key=key_of(str(place)))
    with pool.Pool(workers=int(sys.argv[5])) as workers:
        runs = Runs(store=folder / ".work", pool=workers)
        spans = [span for span in chunks_of(last, 32) if span.start >= first]
        found = runs.over(spans, Filtering(recording=recording), key="k", description="")
        columns = {name: found.joined(name) for name in ("mean", "contrast")}
        columns["shift_x"] = np.concatenate([one["shift_x"][:32] for one in found])
    pd.DataFrame(columns).to_parquet(folder / "filtered.parquet")
"""


def _virtual_movie(folder: Path, frames: np.ndarray, repeats: int) -> Path:
    """Frames repeated in an HDF5 virtual data set: a movie of any length that costs no disk."""
    count, rows, columns = frames.shape
    with h5py.File(folder / "frames.h5", "w") as file:
        file["data"] = frames
    layout = h5py.VirtualLayout(shape=(count * repeats, rows, columns), dtype=frames.dtype)
    source = h5py.VirtualSource(folder / "frames.h5", "data", shape=frames.shape)
    for repeat in range(repeats):
        layout[repeat * count : (repeat + 1) * count] = source
    with h5py.File(folder / "m.emd", "w") as file:
        group = file.create_group("movie")
        group.attrs["emd_group_type"] = 1
        group.create_virtual_dataset("data", layout)
        axes = (("s", 0.02, count * repeats), ("nm", PIXEL_NM, rows), ("nm", PIXEL_NM, columns))
        for number, (unit, step, length) in enumerate(axes, 1):
            axis = group.create_dataset(f"dim{number}", data=np.arange(length) * step)
            axis.attrs["units"] = unit
    return folder / "m.emd"


def _drifting(frames: int, side: int) -> np.ndarray:
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    ground = scipy.ndimage.gaussian_filter(rng.normal(size=(side + frames,) * 2), 2.0)
    ground *= 0.04 / ground.std()
    views = (ground[k // 2 : k // 2 + side, k : k + side] for k in range(frames))
    return np.stack([rng.poisson(880 * (1 + view)) for view in views]).astype(np.uint16)


def _start(folder: Path, movie: Path, frames: range, workers: int) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    (folder / "run.py").write_text(SCRIPT)
    words = (movie, folder, frames.start, frames.stop, workers)
    return subprocess.Popen([sys.executable, str(folder / "run.py"), *map(str, words)])


def _peak_gib(process: subprocess.Popen[bytes], until: Callable[[], bool] = lambda: False) -> float:
    """Memory of a process and its children together, the largest seen until it ends."""
    peak = 0
    while process.poll() is None and not until():
        here = 0
        try:
            one = psutil.Process(process.pid)
            for part in (one, *one.children(recursive=True)):
                here += part.memory_info().rss
        except psutil.NoSuchProcess:
            pass
        peak = max(peak, here)
        time.sleep(0.05)
    return peak / 2**30


def _chunks(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.npz") if not path.name.startswith(".")]


def test_the_middle_of_a_movie_larger_than_memory(tmp_path: Path) -> None:
    movie = _virtual_movie(tmp_path, _drifting(32, 1024), 900)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 100e6
    process = _start(tmp_path / "run", movie, range(14400, 14464), 1)
    peak = _peak_gib(process)
    assert process.returncode == 0
    # 60 GB of frames, a few in memory at a time: the limit is two thirds of the target.
    assert peak < 1.0
    rows = pq.read_table(tmp_path / "run" / "filtered.parquet")
    assert rows.num_rows == 64
    # The same 32 frames twice; the second time without frames that follow, the last of all.
    assert rows["contrast"].to_pylist()[:32] == rows["contrast"].to_pylist()[32:]


@pytest.mark.acceptance
def test_60_gb_are_filtered_in_constant_memory_and_through_a_kill(
    tmp_path: Path, record_figure: Record
) -> None:
    """28,800 frames of 1024 x 1024: 32 repeated 900 times. `CINEDOT_FRAMES` shortens the way.

    The frames before the last 32 give the same chunk over and over, so that what an undisturbed
    run writes is known from the first and the last chunk: the long way is gone once, and killed
    half-way. Memory is that of all processes together.
    """
    movie = _virtual_movie(tmp_path, _drifting(32, 1024), 900)
    frames = int(os.environ.get("CINEDOT_FRAMES", "28800"))
    assert frames % 32 == 0
    assert frames >= 128
    began = time.monotonic()
    killed = _start(tmp_path / "killed", movie, range(frames), os.cpu_count() or 1)
    half = lambda: len(_chunks(tmp_path / "killed")) >= frames // 64  # noqa: E731
    first_peak = _peak_gib(killed, until=half)
    killed.kill()
    killed.wait()
    left = len(_chunks(tmp_path / "killed"))
    assert 0 < left < frames // 32
    again = _start(tmp_path / "killed", movie, range(frames), os.cpu_count() or 1)
    peak = max(first_peak, _peak_gib(again))
    speed = frames / (time.monotonic() - began)
    assert again.returncode == 0
    for name, part in (("first", range(64)), ("last", range(frames - 32, frames))):
        one = _start(tmp_path / name, movie, part, 1)
        assert one.wait() == 0
    first, last, found = (
        pd.read_parquet(tmp_path / name / "filtered.parquet")
        for name in ("first", "last", "killed")
    )
    wanted = pd.concat([first[:32]] * (frames // 32 - 1) + [last], ignore_index=True)
    wanted.to_parquet(tmp_path / "wanted.parquet")
    found_bytes = (tmp_path / "killed" / "filtered.parquet").read_bytes()
    size = f"{frames * 2 / 1024:.1f} GiB of 1024 x 1024 frames"
    record_figure(f"{size}, filtered: memory, all processes", f"{peak:.2f} GiB", "< 1.5 GiB")
    record_figure(f"{size}, filtered: speed", f"{speed:.0f} frames/s", "-")
    assert len(found) == frames
    assert found_bytes == (tmp_path / "wanted.parquet").read_bytes()
    record_figure(f"{size}, killed half-way", "tables byte-identical", "byte-identical")
    assert peak < 1.5
