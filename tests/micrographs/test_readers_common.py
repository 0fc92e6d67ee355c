"""What our own writers and RosettaSciIO's write comes back; what is no movie is refused."""

import importlib
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest
import tifffile
import zarr

from cinedot.core import InputError
from cinedot.micrographs import open_movie
from cinedot.microscope.movie_files import Sheet, write_movie

PIXEL_NM = (0.042, 0.021)
SHEET = Sheet(
    shape=(5, 6, 7), kind="uint16", pixel_nm=PIXEL_NM, frame_s=0.02, facts={"voltage kV": 80.0}
)


def _frames(kind: str = "uint16") -> np.ndarray:
    return np.random.default_rng().integers(0, 200, (5, 6, 7)).astype(kind)


def _refused(path: Path) -> str:
    with pytest.raises(InputError) as error:
        open_movie(path)
    text = str(error.value)
    assert "\n" not in text
    assert path.name in text
    for word in ("Error:", "Exception", "Traceback", "rsciio", "tifffile", "mrcfile", "zarr."):
        assert word not in text
    return text


@pytest.mark.parametrize("name", ["movie.tif", "movie.mrc", "movie.zarr"])
def test_what_simulate_writes_comes_back_with_all_its_scales(tmp_path: Path, name: str) -> None:
    frames = _frames()
    write_movie(frames, tmp_path / name, SHEET)
    movie = open_movie(tmp_path / name)
    assert movie.frames.shape == frames.shape
    assert movie.frames.read(0, 5).dtype == np.uint16
    for index in range(5):
        assert np.array_equal(movie.frames.read(index, index + 1)[0], frames[index])
    # MRC keeps its cell in 32-bit floats, TIFF its resolution as a fraction.
    assert movie.pixel_x_nm == pytest.approx(PIXEL_NM[0], rel=1e-6)
    assert movie.pixel_y_nm == pytest.approx(PIXEL_NM[1], rel=1e-6)
    assert (movie.frame_s, movie.voltage_kv) == (0.02, 80.0)
    assert not movie.processed


@pytest.mark.parametrize("name", ["movie.tif", "movie.mrc", "movie.zarr"])
def test_a_movie_of_one_frame(tmp_path: Path, name: str) -> None:
    sheet = Sheet(shape=(1, 6, 7), kind="float32", pixel_nm=PIXEL_NM)
    frames = _frames("float32")[:1]
    write_movie(frames, tmp_path / name, sheet)
    movie = open_movie(tmp_path / name)
    assert len(movie) == 1
    assert movie.frame_s is None
    assert np.array_equal(movie.image(0).data, frames[0])


@pytest.mark.parametrize("mode", [0, 1, 2, 4, 6, 12])
def test_mrc_number_types_match_mrcfile(tmp_path: Path, mode: int) -> None:
    kind = {0: "int8", 1: "int16", 2: "float32", 4: "complex64", 6: "uint16", 12: "float16"}[mode]
    frames = _frames("uint8").astype(kind) // 2 if mode != 4 else _frames().astype(kind) * 1j
    path = tmp_path / "movie.mrc"
    with mrcfile.new(path) as file:
        file.set_data(frames)
    found = open_movie(path).frames.read(0, 5)
    assert np.array_equal(found, np.abs(frames) if mode == 4 else frames)


@pytest.mark.parametrize(("flags", "kind"), [(1, "int8"), (0, "uint8")])
def test_imod_says_whether_bytes_have_a_sign(tmp_path: Path, flags: int, kind: str) -> None:
    path = tmp_path / "movie.mrc"
    with mrcfile.new(path) as file:
        file.set_data(np.full((2, 3, 4), -3, np.int8))
    content = bytearray(path.read_bytes())
    content[152:160] = np.array([1146047817, flags], "<i4").tobytes()
    path.write_bytes(content)
    assert open_movie(path).frames.read(0, 1).dtype == np.dtype(kind)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("stamped", [True, False])
def test_thermo_fishers_extended_header(tmp_path: Path, order: str, stamped: bool) -> None:
    from mrcfile.dtypes import get_ext_header_dtype

    kind = get_ext_header_dtype(b"FEI1", order)
    records = np.zeros(3, kind)
    records["Metadata size"] = kind.itemsize
    records["Pixel size X"], records["Pixel size Y"] = 4.2e-11, 2.1e-11
    records["HT"], records["Integration time"] = 80000.0, 0.018
    if stamped:
        records["Timestamp"] = 44000.5 + np.arange(3) * 0.02 / 86400
    path = tmp_path / "movie.mrc"
    with mrcfile.new(path) as file:
        file.set_data(np.zeros((3, 4, 5), np.uint16))
        if order == ">":
            file.header.machst = (0x11, 0x11, 0, 0)
        file.set_extended_header(records)
        file.header.exttyp = b"FEI1"
    content = bytearray(path.read_bytes())
    if order == ">":
        header = np.frombuffer(bytes(content[:1024]), mrcfile.dtypes.HEADER_DTYPE)
        content[:1024] = header.astype(mrcfile.dtypes.HEADER_DTYPE.newbyteorder(">")).tobytes()
        path.write_bytes(content)
    movie = open_movie(path)
    assert movie.pixel_x_nm == pytest.approx(0.042)
    assert movie.pixel_y_nm == pytest.approx(0.021)
    assert movie.voltage_kv == 80.0
    # Stamps in days around 44000 resolve 0.6 microseconds.
    assert movie.frame_s == pytest.approx(0.02 if stamped else 0.018, abs=2e-6)


def test_mrc_without_a_cell_has_no_scale_and_volumes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "volumes.mrc"
    with mrcfile.new(path) as file:
        file.set_data(np.zeros((2, 3, 4, 5), np.float32))
    assert "4D" in _refused(path)
    plain = tmp_path / "plain.mrc"
    with mrcfile.new(plain) as file:
        file.set_data(np.zeros((3, 4, 5), np.float32))
        file.voxel_size = 0.0
    movie = open_movie(plain)
    assert (movie.pixel_x_nm, movie.frame_s) == (None, None)
    with pytest.raises(InputError, match="pixel_size"):
        movie.image(0)


@pytest.mark.parametrize("name", ["long.mrc", "long.tif"])
def test_a_movie_of_60_gb_opens_and_gives_its_last_frame_at_once(tmp_path: Path, name: str) -> None:
    count, side = 30_000, 1024  # 63 GB of 16 bits, a sparse file
    path = tmp_path / name
    if name == "long.mrc":
        with mrcfile.new(path) as file:
            file.set_data(np.zeros((1, side, side), np.uint16))
            file.header.nz = file.header.mz = count
        begin = 1024
    else:
        # tifffile's own series: a directory, all frames behind it, then the other directories.
        with tifffile.TiffWriter(path, bigtiff=True) as file:
            begin, _ = file.write(
                shape=(count, side, side), dtype=np.uint16, data=None, returnoffset=True,
                photometric="minisblack",
            )  # fmt: skip
    with path.open("r+b") as stream:
        stream.truncate(max(path.stat().st_size, begin + count * side * side * 2))
        stream.seek(begin + (count - 1) * side * side * 2)
        stream.write(np.full((side, side), 7, "<u2").tobytes())
    assert path.stat().st_blocks * 512 < 100e6
    tracemalloc.start()
    before = time.process_time()
    movie = open_movie(path)
    first, last = movie.frames.read(0, 1), movie.frames.read(count - 1, count)
    spent = time.process_time() - before
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(movie) == count
    assert (first.max(), last.min(), last.max()) == (0, 7, 7)
    # Two frames of 2 MB and their handling; loading would take a hundred seconds and 60 GB.
    assert peak < 40e6
    assert spent < 5


def test_pages_of_a_compressed_tiff_are_found_without_those_before(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    frames = np.arange(600, dtype=np.uint16)[:, None, None] + np.zeros((1, 8, 8), np.uint16)
    with tifffile.TiffWriter(path) as file:
        for frame in frames:
            file.write(frame, compression="zlib", metadata=None, contiguous=False)
    movie = open_movie(path)
    assert movie.frames.shape == (600, 8, 8)
    assert np.array_equal(movie.frames.read(590, 600), frames[590:])
    assert np.array_equal(movie.frames.read(7, 9), frames[7:9])


def test_ome_tiff_scales(tmp_path: Path) -> None:
    path = tmp_path / "movie.ome.tif"
    notes = {"axes": "TYX", "PhysicalSizeX": 42.0, "PhysicalSizeXUnit": "pm",
             "PhysicalSizeY": 0.021, "PhysicalSizeYUnit": "nm", "TimeIncrement": 20.0,
             "TimeIncrementUnit": "ms"}  # fmt: skip
    tifffile.imwrite(path, _frames(), ome=True, metadata=notes)
    movie = open_movie(path)
    assert (movie.pixel_x_nm, movie.pixel_y_nm, movie.frame_s) == (0.042, 0.021, 0.02)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("axes", ["tyx", "tczyx", "yx"])
def test_ome_zarr_of_both_versions(tmp_path: Path, version: str, axes: str) -> None:
    path = tmp_path / "image.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    frames = _frames("float32")
    data = {"tyx": frames, "tczyx": frames[:, None, None], "yx": frames[0]}[axes]
    for name, level in (("0", data), ("1", data[..., ::2, ::2])):
        group.create_array(name, data=np.ascontiguousarray(level), chunks=level.shape)
    units = {"t": ("time", "millisecond"), "c": ("channel", None), "z": ("space", "angstrom"),
             "y": ("space", "angstrom"), "x": ("space", "picometer")}  # fmt: skip
    told = [
        {"name": axis, "type": units[axis][0]}
        | ({"unit": units[axis][1]} if units[axis][1] else {})
        for axis in axes
    ]
    sizes = {"t": 10.0, "c": 1.0, "z": 1.0, "y": 0.1, "x": 21.0}
    scale = {"type": "scale", "scale": [sizes[axis] for axis in axes]}
    doubled = {"type": "scale", "scale": [2.0 if axis in "txy" else 1.0 for axis in axes]}
    multiscales = [
        {
            "axes": told,
            "datasets": [
                {"path": name, "coordinateTransformations": [scale]} for name in ("0", "1")
            ],
            "coordinateTransformations": [doubled],
        }
    ]
    if version == "0.4":
        group.attrs["multiscales"] = multiscales
    else:
        group.attrs["ome"] = {"version": "0.5", "multiscales": multiscales}
    movie = open_movie(path)
    whole = frames if "t" in axes else frames[:1]
    assert np.array_equal(movie.frames.read(0, len(whole)), whole)
    assert np.array_equal(movie.frames.read(len(whole) - 1, len(whole)), whole[-1:])
    # The level's scale times the image's.
    assert (movie.pixel_x_nm, movie.pixel_y_nm) == (0.042, 0.02)
    assert movie.frame_s == (0.02 if "t" in axes else None)


def test_plain_zarr_and_what_is_none(tmp_path: Path) -> None:
    frames = _frames()
    zarr.save_array(tmp_path / "plain.zarr", frames)
    assert np.array_equal(open_movie(tmp_path / "plain.zarr").frames.read(1, 3), frames[1:3])
    group = zarr.open_group(tmp_path / "two.zarr", mode="w")
    group.create_array("inner/small", data=frames[0])
    group.create_array("large", data=frames)
    movie = open_movie(tmp_path / "two.zarr")
    assert len(movie) == 5
    assert "large" in movie.metadata["chosen"]
    assert "inner/small" in movie.metadata["chosen"]
    zarr.save_array(tmp_path / "four.zarr", np.zeros((2, 3, 4, 5)))
    assert "4D" in _refused(tmp_path / "four.zarr")
    zarr.save_array(tmp_path / "line.zarr", np.zeros(5))
    assert "rows and columns" in _refused(tmp_path / "line.zarr")
    (tmp_path / "broken.zarr").mkdir()
    (tmp_path / "broken.zarr" / "zarr.json").write_text('{"zarr_format": 3')
    _refused(tmp_path / "broken.zarr")
    write_movie(frames, tmp_path / "damaged.zarr", SHEET)
    for chunk in (tmp_path / "damaged.zarr").rglob("c/4/0/0"):
        chunk.write_bytes(b"no chunk")
    assert "undamaged" in _refused(tmp_path / "damaged.zarr")


def test_zspy_of_hyperspy(tmp_path: Path) -> None:
    """RosettaSciIO reads it with old Zarr only; its tree is an experiment's data and axes."""
    path = tmp_path / "movie.zspy"
    experiment = zarr.open_group(path, mode="w", zarr_format=2).create_group("Experiments/made")
    frames = _frames()
    experiment.create_array("data", data=frames, chunks=(1, 6, 7))
    for place, (scale, units) in enumerate(((20.0, "ms"), (0.021, "nm"), (0.042, "nm"))):
        experiment.create_group(f"axis-{place}").attrs.update({"scale": scale, "units": units})
    movie = open_movie(path)
    assert np.array_equal(movie.frames.read(2, 5), frames[2:])
    assert (movie.pixel_x_nm, movie.pixel_y_nm, movie.frame_s) == (0.042, 0.021, 0.02)


def _signal(data: np.ndarray, navigate: int) -> dict[str, Any]:
    """What RosettaSciIO's writers take: data with axes, frames in seconds, pixels in nm."""
    names = ("scan", "time", "y", "x")[-data.ndim :]
    axes = [
        {
            "name": name, "size": size, "index_in_array": place, "navigate": place < navigate,
            "scale": 0.02 if name in ("time", "scan") else 0.042, "offset": 0.0,
            "units": "s" if name in ("time", "scan") else "nm",
            "_type": "UniformDataAxis", "is_binned": False,
        }
        for place, (name, size) in enumerate(zip(names, data.shape, strict=True))
    ]  # fmt: skip
    general = {"General": {"title": "made", "original_filename": "none"}, "Signal": {}}
    return {
        "data": data, "axes": axes, "metadata": general, "original_metadata": {},
        "package": "hyperspy",
        "package_info": {"package": "hyperspy", "package_version": "2.0"},
        "package_version": "2.0", "tmp_parameters": {}, "attributes": {"_lazy": False},
        "learning_results": {}, "models": {},
    }  # fmt: skip


WRITERS = {
    "hspy": "hspy",
    "tvips": "tvips",
    "prz": "pantarhei",
    "rpl": "ripple",
    "npy": "numpy",
}


@pytest.mark.parametrize("ending", ["hspy", "npy", "prz", "rpl"])
@pytest.mark.filterwarnings("ignore")
def test_rosettasciios_own_formats(tmp_path: Path, ending: str) -> None:
    writer = importlib.import_module(f"rsciio.{WRITERS[ending]}")
    frames = _frames("float32")
    path = tmp_path / f"movie.{ending}"
    writer.file_writer(str(path), _signal(frames, 1))
    movie = open_movie(path)
    assert movie.frames.shape == frames.shape
    assert np.array_equal(movie.frames.read(0, 5), frames)
    assert np.array_equal(movie.frames.read(4, 5), frames[4:])
    if ending in ("hspy", "rpl"):
        assert movie.pixel_x_nm == pytest.approx(0.042)
    if ending == "hspy":
        assert movie.frame_s == pytest.approx(0.02)


@pytest.mark.filterwarnings("ignore")
def test_tvips_movies_and_4d_blockfiles(tmp_path: Path) -> None:
    writer = importlib.import_module("rsciio.tvips")
    frames = np.random.default_rng().integers(0, 999, (4, 32, 32)).astype(np.uint16)
    path = tmp_path / "film_000.tvips"
    writer.file_writer(str(path), _signal(frames, 1))
    assert np.array_equal(open_movie(path).frames.read(0, 4), frames)
    scan = np.zeros((3, 4, 16, 16), np.uint8)
    patterns = _signal(scan, 2)
    for axis in patterns["axes"]:
        axis["units"] = "nm" if axis["navigate"] else "cm"
    importlib.import_module("rsciio.blockfile").file_writer(
        str(tmp_path / "scan.blo"), patterns, show_progressbar=False
    )
    assert "4D" in _refused(tmp_path / "scan.blo")
    importlib.import_module("rsciio.hspy").file_writer(
        str(tmp_path / "scan.hspy"), _signal(scan, 2)
    )
    assert "4D" in _refused(tmp_path / "scan.hspy")


@pytest.mark.parametrize("ending", ["tif", "mrc", "hspy", "npy", "tvips"])
@pytest.mark.parametrize("kept", [0.0, 0.05, 0.5, 0.95])
@pytest.mark.filterwarnings("ignore")
def test_generated_files_cut_short_are_refused(tmp_path: Path, ending: str, kept: float) -> None:
    path = tmp_path / f"movie_000.{ending}"
    frames = np.random.default_rng().integers(0, 999, (4, 32, 32)).astype(np.uint16)
    if ending in ("tif", "mrc"):
        sheet = Sheet(shape=(4, 32, 32), kind="uint16", pixel_nm=PIXEL_NM, frame_s=0.02)
        write_movie(frames, path, sheet)
    else:
        writer = importlib.import_module(f"rsciio.{WRITERS[ending]}")
        writer.file_writer(str(path), _signal(frames, 1))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    _refused(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
@pytest.mark.parametrize("name", ["pipe.tif", "pipe.mrc", "pipe.mp4", "pipe.dm4"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert "pipe" in _refused(tmp_path / name)


def test_a_pipe_among_the_frames_of_a_folder_is_refused(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes")
    for number in (1, 2, 3):
        tifffile.imwrite(tmp_path / f"frame_{number}.tif", np.zeros((4, 4), np.uint8))
    os.mkfifo(tmp_path / "frame_4.tif")
    with pytest.raises(InputError, match="pipe"):
        open_movie(tmp_path)


@pytest.mark.parametrize("ending", ["tif", "mrc", "dm4", "ser", "csv", "mp4", "png", "blo"])
def test_text_by_any_name_is_refused_as_text(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"movie.{ending}"
    path.write_text("wavelength,intensity\n400,1.0\n" * 100, encoding="utf-8")
    assert "is text that begins 'wavelength,intensity'" in _refused(path)
