"""Files of every kind that a microscope leaves, good and bad."""

import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.micrographs import open_movie
from cinedot.micrographs.readers.luminance import LUMINANCE_WEIGHTS, luminance

TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


def _one_line(error: pytest.ExceptionInfo[InputError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert "Traceback" not in text
    return text


# name: (shape, pixel x, pixel y in nm, frame time in s, voltage in kV, unit as the file has it)
REAL = {
    "openncem_Acquisition_18.emd": ((1, 1024, 1024), 0.0122465, 0.0122465, None, None, "n_m"),
    "openncem_CameraCeta_dark.emd": ((1, 512, 512), 3.1388371, 3.1388371, None, 300.0, "nm"),
    "openncem_dmTest_3D_int16_64_65_66.dm4": ((66, 65, 64), 0.002, 3.0, None, None, "pm, nm"),
    "openncem_dmTest_float32_nonSquare_diffPixelSize.dm4": (
        *((1, 64, 128), 1.0, 0.2, None, None, "nm, A"),
    ),
    "particlespy_JEOL_HAADF.dm4": ((1, 112, 112), 1.2490136, 1.2490136, None, 80.0, "µm"),
    "rsciio_DM_stack.tif": ((2, 68, 68), 168.674007, 1686.74004, 2.5, None, "µm"),
    "rsciio_HAADFscan.mrc": ((1, 16, 16), 5.6791313, 5.6791313, None, 300.0, "nm"),
    "rsciio_fei_example_tem_stack.emd": ((2, 3, 3), 0.0081728832, 0.0081728832, 0.8, 300.0, "pm"),
    "rsciio_test_STEM_image.dm3": ((1, 68, 68), 0.24853802, 0.24853802, None, 200.0, "nm"),
    "temul_example_Se_implanted_MoS2.dm3": (
        (1, 1024, 1024),
        0.0126953,
        0.0126953,
        None,
        60.0,
        "nm",
    ),
    "ucam_soot_ExampleImage.tif": ((1, 512, 512), None, None, None, None, ""),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_open_with_their_scales(real_data: Path, name: str) -> None:
    shape, pixel_x, pixel_y, frame_s, voltage, unit = REAL[name]
    movie = open_movie(real_data / "tem" / name)
    assert movie.frames.shape == shape
    # Six digits, as the values above are written.
    for found, known in ((movie.pixel_x_nm, pixel_x), (movie.pixel_y_nm, pixel_y)):
        assert found == (None if known is None else pytest.approx(known, rel=1e-5))
    assert (movie.frame_s, movie.voltage_kv) == (frame_s, voltage)
    assert movie.unit_text == unit
    assert movie.frames.read(0, 1).shape == (1, *shape[1:])


def test_every_real_file_opens_or_is_refused_in_one_line(real_data: Path) -> None:
    for path in sorted((real_data / "tem").iterdir()):
        if path.suffix in (".mat", ".zip"):
            with pytest.raises(InputError) as error:
                open_movie(path)
            assert path.name in _one_line(error)
        else:
            assert len(open_movie(path)) >= 1


def test_openncem_ramps_and_negative_counts(real_data: Path) -> None:
    stack = open_movie(real_data / "tem" / "openncem_dmTest_3D_int16_64_65_66.dm4").frames
    whole = stack.read(0, 66)
    assert np.array_equal(stack.read(10, 12), whole[10:12])
    dark = open_movie(real_data / "tem" / "openncem_CameraCeta_dark.emd").frames.read(0, 1)
    assert dark.min() == -10
    assert dark.max() == 7
    assert float(dark.mean()) == pytest.approx(-1.6, abs=0.05)  # the README's rounding


def test_berkeley_emd_is_not_mirrored(real_data: Path) -> None:
    path = real_data / "tem" / "openncem_Acquisition_18.emd"
    with h5py.File(path) as tree:
        stored = np.asarray(tree["data/single/data"])
    assert np.array_equal(open_movie(path).frames.read(0, 1)[0], stored)


def test_tvips_archive_opens_once_unpacked(real_data: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(real_data / "tem" / "rsciio_TVIPS_bin4.zip") as archive:
        archive.extractall(tmp_path)
    movie = open_movie(next(tmp_path.iterdir()))
    assert movie.frames.shape[0] == 1
    assert movie.pixel_x_nm is not None


@pytest.mark.parametrize(
    "kind",
    [
        *("temul_example_Se_implanted_MoS2.dm3", "particlespy_JEOL_HAADF.dm4"),
        *("openncem_Acquisition_18.emd", "rsciio_DM_stack.tif"),
    ],
)
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.7])
def test_truncated_files_are_refused(
    real_data: Path, tmp_path: Path, kind: str, kept: float
) -> None:
    content = (real_data / "tem" / kind).read_bytes()
    path = tmp_path / kind
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError) as error:
        open_movie(path)
    assert kind in _one_line(error)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tiff_keeps_numbers_and_types(tmp_path: Path, dtype: str, compression: str | None) -> None:
    kind = np.dtype(dtype)
    rng = np.random.default_rng()
    high = 1000 if kind.kind == "f" or kind.itemsize > 1 else 100
    frames = (rng.random((3, 20, 17)) * high - (high / 2 if kind.kind != "u" else 0)).astype(kind)
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, frames, compression=compression, photometric="minisblack")
    source = open_movie(path).frames
    assert source.shape == (3, 20, 17)
    assert source.read(1, 3).dtype == kind
    assert np.array_equal(source.read(1, 3), frames[1:3])
    assert source.read(3, 3).shape == (0, 20, 17)


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(
    pixel=st.floats(0.005, 5.0),
    aspect=st.floats(0.5, 2.0),
    interval=st.floats(1e-3, 10.0),
    unit=st.sampled_from([("nm", 1.0), ("µm", 1000.0), ("Å", 0.1), ("pm", 1e-3)]),
)
def test_imagej_scales_come_back(
    tmp_path: Path, pixel: float, aspect: float, interval: float, unit: tuple[str, float]
) -> None:
    name, nm = unit
    path = tmp_path / "imagej.tif"
    tifffile.imwrite(
        path,
        np.zeros((4, 6, 5), np.uint16),
        imagej=True,
        resolution=(1 / pixel, 1 / (pixel * aspect)),
        metadata={"axes": "TYX", "unit": name.replace("µ", "\\u00B5").replace("Å", "\\u00C5"),
                  "finterval": interval},
    )  # fmt: skip
    movie = open_movie(path)
    # TIFF keeps resolution as a fraction of 32-bit integers, finterval as printed digits.
    assert movie.pixel_x_nm == pytest.approx(pixel * nm, rel=1e-5)
    assert movie.pixel_y_nm == pytest.approx(pixel * aspect * nm, rel=1e-5)
    assert movie.frame_s == pytest.approx(interval, rel=1e-5)


def test_slices_are_no_time_and_inches_no_scale(tmp_path: Path) -> None:
    slices = tmp_path / "slices.tif"
    tifffile.imwrite(slices, np.zeros((4, 6, 5), np.uint16), imagej=True,
                     metadata={"axes": "ZYX", "unit": "nm", "spacing": 2.0})  # fmt: skip
    assert open_movie(slices).frame_s is None
    printed = tmp_path / "printed.tif"
    tifffile.imwrite(printed, np.zeros((6, 5), np.uint8), resolution=(300, 300),
                     resolutionunit="INCH")  # fmt: skip
    assert open_movie(printed).pixel_x_nm is None
    with pytest.raises(InputError, match="pixel_size"):
        open_movie(printed).image(0)


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_become_luminance(tmp_path: Path, channels: int) -> None:
    assert sum(LUMINANCE_WEIGHTS) == pytest.approx(1.0)
    rng = np.random.default_rng()
    picture = rng.integers(0, 255, (9, 7, channels), dtype=np.uint8)
    path = tmp_path / "colour.tif"
    tifffile.imwrite(path, picture, photometric="rgb")
    found = open_movie(path).frames.read(0, 1)[0]
    assert np.allclose(found, picture[..., :3] @ np.array(LUMINANCE_WEIGHTS), atol=1e-3)
    assert np.array_equal(found, luminance(picture))


def test_folder_and_pattern_in_the_order_of_numbers(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        tifffile.imwrite(tmp_path / f"frame_{number}.tif", np.full((5, 4), number, np.uint8))
    (tmp_path / "notes.txt").write_text("no frame")
    for place in (tmp_path, tmp_path / "frame_*.tif"):
        movie = open_movie(place)
        assert movie.frames.shape == (3, 5, 4)
        assert movie.frames.read(0, 3)[:, 0, 0].tolist() == [1, 9, 10]
    assert len(open_movie(tmp_path / "frame_9*.tif")) == 1
    tifffile.imwrite(tmp_path / "frame_11.tif", np.zeros((6, 4), np.uint8))
    with pytest.raises(InputError, match=r"frame_11\.tif"):
        open_movie(tmp_path)


def test_several_images_in_one_file_the_largest_is_taken_and_named(tmp_path: Path) -> None:
    path = tmp_path / "two.emd"
    with h5py.File(path, "w") as tree:
        for name, side in (("small", 8), ("large", 16)):
            group = tree.create_group(f"data/{name}")
            group.attrs["emd_group_type"] = 1
            group["data"] = np.full((side, side), side, np.uint16)
            for place in (1, 2):
                axis = group.create_dataset(f"dim{place}", data=np.arange(side) * 0.5)
                axis.attrs["units"] = "[n_m]"
    movie = open_movie(path)
    assert movie.frames.shape == (1, 16, 16)
    assert movie.pixel_x_nm == 0.5
    assert "large" in movie.metadata["chosen"]


def test_spectra_and_4d_recordings_are_refused_by_name(tmp_path: Path) -> None:
    for shape, word in (((50,), "spectrum"), ((3, 4, 8, 8), "4D")):
        path = tmp_path / f"{len(shape)}d.emd"
        with h5py.File(path, "w") as tree:
            group = tree.create_group("data/one")
            group.attrs["emd_group_type"] = 1
            group["data"] = np.zeros(shape, np.uint16)
        with pytest.raises(InputError, match=word) as error:
            open_movie(path)
        _one_line(error)


def test_channels_are_refused_clearly(tmp_path: Path) -> None:
    path = tmp_path / "hyper.tif"
    tifffile.imwrite(path, np.zeros((3, 2, 6, 5), np.uint16), imagej=True,
                     metadata={"axes": "TCYX"})  # fmt: skip
    with pytest.raises(InputError, match="TCYX") as error:
        open_movie(path)
    _one_line(error)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("absent.dm4", None, "must exist"),
        ("empty.dm4", b"", "empty"),
        ("words.tif", b"these are words, not an image", "is text that begins"),
        ("noise.tif", bytes(range(200)) * 9, "undamaged"),
        ("words.dm4", b"these are words, not an image", "is text that begins"),
        ("noise.dm4", bytes(range(200)) * 9, "undamaged"),
        ("words.emd", b"these are words, not an image", "is text that begins"),
        ("noise.emd", bytes(range(200)) * 9, "undamaged"),
        ("words.mrc", b"these are words, not an image", "is text that begins"),
        ("noise.mrc", bytes(range(200)) * 9, "undamaged"),
        ("words.docx", b"PK\x03\x04", "known format"),
        ("spectrum.csv", b"wavelength,counts\n400,1\n", "is text that begins"),
        ("binary.csv", bytes(range(200)), "known format"),
        ("noending", b"x\x00x", "known format"),
    ],
)
def test_bad_files_in_one_line(tmp_path: Path, name: str, content: bytes | None, word: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=word) as error:
        open_movie(path)
    assert name in _one_line(error)


def test_empty_folder_and_pattern(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nothing*.tif"):
        with pytest.raises(InputError, match="at least one image") as error:
            open_movie(place)
        _one_line(error)


def test_cut_tiff_movie_names_the_frame(tmp_path: Path) -> None:
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, np.ones((5, 64, 64), np.uint16), imagej=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 3 * 64 * 64 * 2])
    with pytest.raises(InputError) as error:
        open_movie(path)
    assert "movie.tif" in _one_line(error)
    shutil.rmtree(tmp_path)
