"""Files are written whole or not at all; data files are the ones that were recorded."""

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
