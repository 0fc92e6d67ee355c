"""Runs that are stopped and go on, here and on a cluster."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import scipy.ndimage
import tifffile

from cinedot.core.chunks import program_digest
from cinedot.dossier.command import analyze_folders
from cinedot.micrographs import movie_particle
from cinedot.microscope import AmorphousCarbon, Lens, Motion, simulate_movie
from cinedot.particle import Cuboid, HeadGroups, build, host_named

Run = Callable[..., tuple[int, str, str]]

PIXEL_NM, MOST_FRAMES = 0.042, 4


def _film(frames: int, side: int) -> np.ndarray:
    """A square of crossed fringes, 2.4 nm wide, that drifts over noise; fresh each time."""
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] * PIXEL_NM
    film = np.empty((frames, side, side), np.uint16)
    for index in range(frames):
        along, across = x - side * PIXEL_NM / 2 - 0.004 * index, y - side * PIXEL_NM / 2
        inside = scipy.ndimage.gaussian_filter(
            ((abs(along) < 1.2) & (abs(across) < 1.2)).astype(float), 3.0
        )
        waves = np.cos(2 * np.pi * along / 0.29) + np.cos(2 * np.pi * across / 0.29)
        film[index] = rng.poisson(900 * (1 + 0.12 * inside * waves))
    return film


def _folder(place: Path, film: np.ndarray, sample: str = "") -> Path:
    """Without a host, orientations, whose fits take long, are not fitted."""
    place.mkdir()
    tifffile.imwrite(
        place / "m.tif",
        film,
        imagej=True,
        resolution=(1 / PIXEL_NM, 1 / PIXEL_NM),
        metadata={"unit": "nm", "finterval": 0.02, "axes": "TYX"},
    )
    (place / "sample.toml").write_text(
        f'[sample]\nname = "film"\n{sample}\n[movie]\nfile = "m.tif"\n'
    )
    return place


CHILD = """
import os, signal, sys, time
from cinedot.cli import main
from cinedot.core import pool
from cinedot.core.shelves import FolderShelf
from cinedot.micrographs import movie_particle, movie_poses

pool.WORTH_STARTING_S = 0.0
movie_particle.MOST_FRAMES = {most}
movie_poses.MOST_FRAMES = 2
put, stored = FolderShelf.put, []

def counted(*given):
    put(*given)
    stored.append(given)
    if len(stored) == {stop}:
        {then}

if __name__ == "__main__":
    # Processes of pytest-xdist ignore the signal, and hand that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    FolderShelf.put = counted
    sys.argv = ["cinedot", "analyze", *sys.argv[1:]]
    main()
"""


def _child(folder: Path, workers: int, *, stop: int = 0, then: str = "pass") -> list[str]:
    """`cinedot analyze` in chunks of four frames; when so many chunks are stored, `then`."""
    file = folder.parent / f"{folder.name}-{then[:4]}.py"
    file.write_text(CHILD.format(most=MOST_FRAMES, stop=stop, then=then))
    return [sys.executable, str(file), str(folder), "--workers", str(workers)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, Path]:
    """A film of nine frames and the folder in which it was analysed in one go."""
    film = _film(9, 180)
    folder = _folder(tmp_path_factory.mktemp("whole") / "film", film)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(movie_particle, "MOST_FRAMES", MOST_FRAMES)
        assert analyze_folders((folder,), out=None, only=(), allow_outside=False, workers=1) == 0
    # Three chunks in three passes: frames, dots, means.
    assert len(_finished(folder)) == 9
    rows = pq.read_table(folder / "results" / "frames.parquet").to_pandas()
    assert rows["frame"].tolist() == list(range(9))
    assert set(rows["status"]) <= {"ok", "ambiguous", "absent"}
    return film, folder


def test_a_killed_analysis_goes_on_and_ends_with_the_same_bytes(
    whole: tuple[np.ndarray, Path], tmp_path: Path
) -> None:
    killed = _folder(tmp_path / "killed", whole[0])
    # After the fourth chunk dots are being looked for.
    kill = _child(killed, 1, stop=4, then="os.kill(os.getpid(), signal.SIGKILL)")
    assert subprocess.run(kill, capture_output=True, check=False).returncode == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in _finished(killed)}
    assert len(before) == 4
    assert not (killed / "results" / "dossier.json").exists()
    ended = subprocess.run(_child(killed, 2), capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert _same_tables(whole[1], killed)
    assert len(_finished(killed)) == 9
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())


@pytest.mark.acceptance
def test_an_analysis_killed_among_poses_or_atoms_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """Three passes, two chunks of poses, atoms together and one by one: killed in either part."""
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    host = host_named("CsPbBr3")
    film = simulate_movie(
        build(Cuboid.cube(3, host), "mla-cs", seed, ligands=HeadGroups()),
        lens=Lens(defocus_nm=6.0),
        support=AmorphousCarbon(),
        frames=MOST_FRAMES,
        motion=Motion(subframes=1),
        seed=seed,
    ).movie
    more = 'host = "CsPbBr3"\n[model]\nedges = [3]\ncompounds = ["mla-cs"]'
    frames = film.frames.read(0, MOST_FRAMES)
    whole = _folder(tmp_path / "whole", frames, more)
    assert subprocess.run(_child(whole, 1), check=False).returncode == 0
    rows = pq.read_table(whole / "results" / "frames.parquet").to_pandas()
    assert rows[rows["particle"] == 0]["qw"].notna().any()
    assert (whole / "results" / "sites.parquet").exists()
    for stop in (4, 6):
        killed = _folder(tmp_path / f"killed-{stop}", frames, more)
        kill = _child(killed, 1, stop=stop, then="os.kill(os.getpid(), signal.SIGKILL)")
        assert subprocess.run(kill, check=False).returncode == -signal.SIGKILL
        before = {path: path.stat().st_mtime_ns for path in _finished(killed)}
        assert len(before) == stop
        assert subprocess.run(_child(killed, 1), check=False).returncode == 0
        assert len(_finished(killed)) == 7
        assert all(path.stat().st_mtime_ns == when for path, when in before.items())
        assert _same_tables(whole, killed)


def test_a_cluster_ends_with_the_same_bytes(
    run: Run,
    whole: tuple[np.ndarray, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A scheduler and a worker as a user starts them, each a process of its own."""
    folder = _folder(tmp_path / "film", whole[0])
    monkeypatch.setattr(movie_particle, "MOST_FRAMES", MOST_FRAMES)
    told = tmp_path / "scheduler.json"
    shared = ("--scheduler-file", str(told), "--no-dashboard")
    here = ("--host", "127.0.0.1")
    alone = ("--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path / "scratch"))
    with (
        _started("dask_scheduler", *shared, *here, "--port", "0") as scheduler,
        _started("dask_worker", *shared, *here, *alone) as worker,
    ):
        _until(lambda: told.exists() and told.read_text().endswith("}"), 120)
        address = json.loads(told.read_text())["address"]
        # The worker hashed the program's source just now; so must this process, whatever has
        # been edited since its tests began.
        program_digest.cache_clear()
        status, _, err = run("analyze", folder, "--scheduler", address)
        # They go on for others when the analysis has ended.
        assert (scheduler.poll(), worker.poll()) == (None, None)
    assert status == 0, err
    assert _same_tables(whole[1], folder)


@contextlib.contextmanager
def _started(name: str, *words: str) -> Generator[subprocess.Popen[bytes], None, None]:
    command = [sys.executable, "-m", f"distributed.cli.{name}", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _finished(folder: Path) -> list[Path]:
    work = folder / "results" / ".work"
    return [path for path in work.rglob("*.npz") if not path.name.startswith(".")]


def _same_tables(one: Path, other: Path) -> bool:
    names = sorted(path.name for path in (one / "results").glob("*.parquet"))
    assert names == sorted(path.name for path in (other / "results").glob("*.parquet"))
    assert "frames.parquet" in names
    return all(
        (one / "results" / name).read_bytes() == (other / "results" / name).read_bytes()
        for name in names
    )


def _until(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.02)


def test_ctrl_c_keeps_what_is_finished(whole: tuple[np.ndarray, Path], tmp_path: Path) -> None:
    folder = _folder(tmp_path / "film", whole[0])
    process = subprocess.Popen(
        _child(folder, 1, stop=2, then="time.sleep(600)"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    _until(lambda: len(_finished(folder)) == 2 or process.poll() is not None, 200)
    time.sleep(0.5)  # the second chunk is on the shelf a moment before the sleep begins
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert b"cinedot: stopped." in said
    assert b"Traceback" not in said
    assert len(_finished(folder)) == 2


def test_unusable_input_leaves_no_work_behind(run: Run, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "film", _film(2, 180))
    with (folder / "sample.toml").open("a") as stream:
        stream.write('[emission]\nfile = "gone.csv"\n')
    assert run("analyze", folder)[0] == 2
    assert not (folder / "results").exists()


def test_an_address_without_a_scheduler_is_unusable_input(run: Run, tmp_path: Path) -> None:
    folder = _folder(tmp_path / "film", _film(2, 180))
    status, _, err = run("analyze", folder, "--scheduler", "nonsense://x")
    assert (status, err.count("\n")) == (2, 1)
    assert "`--scheduler`" in err
    assert not (folder / "results").exists()
