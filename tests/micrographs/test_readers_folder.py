"""Folders of numbered frames and the trees of in-situ recordings."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from cinedot.core import InputError
from cinedot.micrographs import open_movie, recording_files
from cinedot.micrographs.readers.numbering import gaps_text, in_number_order
from cinedot.micrographs.readers.seconds import counted_frame_time


def _frame(path: Path, value: int, shape: tuple[int, int] = (5, 4)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(
        path, np.full(shape, value, np.uint16), imagej=True, resolution=(1 / 0.042, 1 / 0.042),
        metadata={"unit": "nm"},
    )  # fmt: skip


def _second(root: Path, hour: int, minute: int, second: int, frames: range, start: int) -> None:
    folder = root / f"Hour_{hour:02d}" / f"Minute_{minute:02d}" / f"Second_{second:02d}"
    for number in frames:
        name = f"QD_Hour_{hour:02d}_Minute_{minute:02d}_Second_{second:02d}_Frame_{number:04d}.tif"
        _frame(folder / name, start + number - frames.start)


def _tree(root: Path) -> int:
    """Four seconds over a change of minute and hour, the first and last cut; frames numbered."""
    made = 0
    for time, frames in (
        ((0, 59, 58), range(7, 10)),
        ((0, 59, 59), range(10)),
        ((1, 0, 0), range(10)),
        ((1, 0, 1), range(2)),
    ):
        _second(root, *time, frames, made)
        made += len(frames)
    return made


def test_an_in_situ_tree_in_the_order_of_time_with_its_frame_time(tmp_path: Path) -> None:
    made = _tree(tmp_path)
    (tmp_path / "QD.gtg").write_bytes(b"\x00index")
    _frame(tmp_path / "QD_preview.tif", 999, (9, 9))
    movie = open_movie(tmp_path)
    assert len(movie) == made
    assert movie.frames.read(0, made)[:, 0, 0].tolist() == list(range(made))
    assert movie.frame_s == 0.1
    assert "2 whole seconds" in movie.metadata["frame_time_from"]
    assert movie.pixel_x_nm == pytest.approx(0.042, rel=1e-6)
    assert "gaps" not in movie.metadata
    part = open_movie(tmp_path / "Hour_01")
    assert part.frames.read(0, 1)[0, 0, 0] == 13


def test_frame_time_of_a_tree_without_a_whole_second(tmp_path: Path) -> None:
    _second(tmp_path, 0, 0, 0, range(3), 0)
    assert open_movie(tmp_path).frame_s is None
    paths = [Path(f"Hour_00/Minute_00/Second_00/f_{n}.dm4") for n in range(3)]
    assert counted_frame_time(paths, "0.05") == (0.05, "the exposure of the first frame")
    # A second that lost half of its frames does not slow the clock.
    paths = [Path(f"Second_{s}/f_{n}.dm4") for s in range(6) for n in range(25 if s == 3 else 50)]
    assert counted_frame_time(paths, "0.05")[0] == 0.02


def test_missing_numbers_are_told(tmp_path: Path) -> None:
    for number in (8, 9, 10, 12, 20):
        _frame(tmp_path / f"frame_{number:03d}.tif", number)
    movie = open_movie(tmp_path)
    assert movie.frames.read(0, 5)[:, 0, 0].tolist() == [8, 9, 10, 12, 20]
    assert movie.metadata["gaps"] == "frame_011, frame_013 to frame_019"


def test_many_gaps_are_counted() -> None:
    paths = [Path(f"a_{number}.tif") for number in range(0, 40, 2)]
    assert gaps_text(paths).endswith("and 14 gaps more (19 frames in all)")
    assert gaps_text(paths[:1]) == ""


def test_frames_of_many_digits_and_spellings_have_one_order() -> None:
    names = ["f 2.tif", "f 10.tif", "f 010.tif", "f 1.tif", "g 0.tif"]
    ordered = [path.name for path in in_number_order([Path(name) for name in names])]
    assert ordered == ["f 1.tif", "f 2.tif", "f 010.tif", "f 10.tif", "g 0.tif"]
    assert in_number_order([Path(name) for name in reversed(names)]) == tuple(map(Path, ordered))


def test_a_frame_of_another_size_in_the_middle_is_refused_at_once(tmp_path: Path) -> None:
    for number in range(5):
        _frame(tmp_path / f"frame_{number}.tif", number, (6, 4) if number == 2 else (5, 4))
    with pytest.raises(InputError, match=r"frame_2\.tif: each file must be one frame of \(5, 4\)"):
        open_movie(tmp_path)


def test_kinds_and_stacks_in_a_folder_are_refused(tmp_path: Path) -> None:
    _frame(tmp_path / "frame_0.tif", 0)
    tifffile.imwrite(tmp_path / "frame_1.tiff", np.zeros((5, 4), np.uint8))
    with pytest.raises(InputError, match="one kind of image"):
        open_movie(tmp_path)
    (tmp_path / "frame_1.tiff").unlink()
    tifffile.imwrite(tmp_path / "frame_0.tif", np.zeros((3, 9, 8), np.uint8), imagej=True)
    with pytest.raises(InputError, match="this one holds 3"):
        open_movie(tmp_path)


def test_a_folder_of_one_frame_is_a_movie_of_one(tmp_path: Path) -> None:
    _frame(tmp_path / "only_7.tif", 7)
    assert open_movie(tmp_path).frames.shape == (1, 5, 4)


def test_folders_too_may_be_a_pattern(tmp_path: Path) -> None:
    run = tmp_path / "run[1]" / "run7"
    run.mkdir(parents=True)
    for index in range(3):
        tifffile.imwrite(run / f"frame_{index}.tif", np.full((8, 8), index, np.uint16))
    pattern = tmp_path / "run[1]" / "run*" / "frame_*.tif"
    assert len(open_movie(pattern)) == 3
    assert len(recording_files(pattern)) == 3
    assert len(open_movie(tmp_path / "run[1]" / "run*" / "frame_2.tif")) == 1
