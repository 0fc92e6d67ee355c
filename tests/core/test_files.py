"""Files are written whole or not at all; data files are the ones that were recorded."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cinedot.core import InputError
from cinedot.core import files as core_files
from cinedot.core.files import sha256_of, written_whole


class Stop(Exception):
    pass


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table.txt"
    target.write_text("old")

    def half() -> None:
        with written_whole(target) as beside:
            beside.write_text("half")
            raise Stop

    with pytest.raises(Stop):
        half()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table.txt"]


def test_a_request_to_end_clears_what_is_half_written(tmp_path: Path) -> None:
    """In a process of its own, which is asked twice, as by `timeout`."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from cinedot.core.files import written_whole\n"
        "folder = Path(sys.argv[1])\n"
        "with written_whole(folder / 'a.txt') as a, written_whole(folder / 'b.txt') as b:\n"
        "    a.write_text('half')\n"
        "    b.write_text('half')\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    (tmp_path / "a.txt").write_text("old")
    ran = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(ran, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert len(list(tmp_path.iterdir())) == 3
        process.terminate()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.txt", "old")]


def test_who_answers_a_request_to_end_goes_on_doing_so(tmp_path: Path) -> None:
    asked: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    try:
        with written_whole(tmp_path / "a.txt") as beside:
            beside.write_text("whole")
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert asked == [signal.SIGTERM]
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with (
        pytest.raises(InputError, match=r"must be writable.*--out"),
        written_whole(tmp_path / "file" / "x.json"),
    ):
        pass


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert sha256_of(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")


def test_a_changed_data_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1,2\n")
    (tmp_path / "data" / "SOURCES.toml").write_text(
        '["a.csv"]\nsha256 = "' + "0" * 64 + '"\ncitation = "nobody"\n'
    )
    monkeypatch.setattr(core_files.resources, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="must have SHA-256 0000"):
        core_files.sourced_text("some.package", "a.csv")
