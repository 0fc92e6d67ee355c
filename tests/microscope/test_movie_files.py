"""Movies written frame by frame keep numbers and scales in every format, or leave nothing."""

from pathlib import Path
from typing import Any, cast

import mrcfile
import numpy as np
import pytest
import tifffile
import zarr

from cinedot.core import InputError
from cinedot.micrographs import open_movie
from cinedot.microscope import Sheet, movie_files, movie_places, write_movie
from cinedot.microscope.movie_places import require_movie_place

KINDS = ["uint8", "uint16", "float32"]


def _frames(kind: str) -> np.ndarray:
    return (np.arange(3 * 6 * 10).reshape(3, 6, 10) + 7).astype(kind)


def _sheet(kind: str, **changes: Any) -> Sheet:
    chosen: dict[str, Any] = {
        "shape": (3, 6, 10),
        "kind": kind,
        "pixel_nm": (0.042, 0.042),
        "frame_s": 0.0125,
        "facts": {"gain units/electron": 8.0},
    }
    return Sheet(**(chosen | changes))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("big", [False, True], ids=["classic", "BigTIFF"])
def test_tiff_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, big: bool):
    if big:
        monkeypatch.setattr(movie_files, "CLASSIC_TIFF_BYTES", 100)
    path = tmp_path / "a.tif"
    write_movie(iter(_frames(kind)), path, _sheet(kind))
    with tifffile.TiffFile(path) as file:
        assert file.is_bigtiff == big
        assert file.is_imagej
    movie = open_movie(path)
    np.testing.assert_array_equal(movie.frames.read(0, 3), _frames(kind))
    assert movie.frames.read(0, 1).dtype == np.dtype(kind)
    # TIFF keeps the resolution as a ratio of 32-bit integers.
    assert movie.pixel_x_nm == pytest.approx(0.042, rel=1e-6)
    assert movie.frame_s == 0.0125


@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_mrc_comes_back(tmp_path: Path, kind: str):
    path = tmp_path / "a.mrc"
    write_movie(iter(_frames(kind)), path, _sheet(kind))
    movie = open_movie(path)
    np.testing.assert_array_equal(movie.frames.read(0, 3), _frames(kind))
    # The header holds 32-bit floats.
    assert movie.pixel_x_nm == pytest.approx(0.042, rel=1e-6)
    assert movie.pixel_y_nm == pytest.approx(0.042, rel=1e-6)
    with mrcfile.open(path) as file:
        assert file.is_image_stack()
        assert "frame time s = 0.0125" in [label.strip() for label in file.get_labels()]
        assert float(cast("Any", file.header).dmean) == pytest.approx(_frames(kind).mean())
    assert mrcfile.validate(path)


@pytest.mark.parametrize("kind", KINDS)
def test_zarr_comes_back(tmp_path: Path, kind: str):
    path = tmp_path / "a.zarr"
    for _ in range(2):  # the second takes the place of the first
        write_movie(iter(_frames(kind)), path, _sheet(kind))
    group = zarr.open_group(path, mode="r")
    array = cast("Any", group["0"])
    np.testing.assert_array_equal(array[:], _frames(kind))
    assert array.chunks == (1, 6, 10)
    assert array.metadata.dimension_names == ("t", "y", "x")
    (image,) = cast("Any", group.attrs["ome"])["multiscales"]
    assert [axis["name"] for axis in image["axes"]] == ["t", "y", "x"]
    assert [axis["unit"] for axis in image["axes"]] == ["second", "nanometer", "nanometer"]
    (transformation,) = image["datasets"][0]["coordinateTransformations"]
    assert transformation["scale"] == [0.0125, 0.042, 0.042]
    assert [file.name for file in tmp_path.iterdir()] == ["a.zarr"]


@pytest.mark.parametrize("ending", [".tif", ".mrc", ".zarr"])
@pytest.mark.parametrize("fault", ["few", "kind", "raised"])
def test_what_fails_leaves_nothing(tmp_path: Path, ending: str, fault: str):
    def broken():
        yield _frames("uint16")[0]
        raise RuntimeError("in the middle")

    frames = {"few": _frames("uint16")[:2], "kind": _frames("float32"), "raised": broken()}[fault]
    wanted = RuntimeError if fault == "raised" else InputError
    with pytest.raises(wanted, match=r"in the middle|must be 3 frames|must have \(6, 10\)"):
        write_movie(iter(frames), tmp_path / f"a{ending}", _sheet("uint16"))
    assert not list(tmp_path.iterdir())


def test_unknown_endings_and_bytes_in_mrc_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="ending must name a format"):
        write_movie(iter(_frames("uint8")), tmp_path / "a.avi", _sheet("uint8"))
    with pytest.raises(InputError, match="MRC's bytes have a sign"):
        write_movie(iter(_frames("uint8")), tmp_path / "a.mrc", _sheet("uint8"))
    (tmp_path / "b.zarr").write_text("")
    with pytest.raises(InputError, match="but is a file"):
        write_movie(iter(_frames("uint8")), tmp_path / "b.zarr", _sheet("uint8"))
    (tmp_path / "c").write_text("")
    with pytest.raises(InputError, match="must be writable"):
        write_movie(iter(_frames("uint8")), tmp_path / "c" / "d.zarr", _sheet("uint8"))


def test_an_old_folder_is_kept_until_the_new_one_is_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.zarr"
    write_movie(iter(_frames("uint8")), path, _sheet("uint8"))
    replace = Path.replace

    def refused(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(InputError, match="Input/output error"):
        write_movie(iter(_frames("uint8") + 1), path, _sheet("uint8"))
    assert [file.name for file in tmp_path.iterdir()] == ["a.zarr"]
    array = cast("Any", zarr.open_group(path, mode="r")["0"])
    np.testing.assert_array_equal(array[:], _frames("uint8"))


def test_places_that_cannot_hold_a_movie_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.tif").mkdir()
    with pytest.raises(InputError, match="a folder stands there"):
        require_movie_place(tmp_path / "a.tif")
    (tmp_path / "b.zarr").mkdir()
    require_movie_place(tmp_path / "b.zarr")  # empty
    (tmp_path / "b.zarr" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds 'notes\.txt'"):
        require_movie_place(tmp_path / "b.zarr")
    (tmp_path / "c").write_text("")
    with pytest.raises(InputError, match="no folder that may be written to"):
        require_movie_place(tmp_path / "c" / "deep" / "a.tif")
    require_movie_place(tmp_path / "new" / "deep" / "a.tif")
    assert not (tmp_path / "new").exists()
    # Root may write anywhere, so the system's answer stands in.
    monkeypatch.setattr(movie_places.os, "access", lambda *_: False)
    with pytest.raises(InputError, match="no folder that may be written to"):
        require_movie_place(tmp_path / "a.mrc")
