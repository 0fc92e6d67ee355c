"""Films: frames by their index, marked as processed, damaged ones refused."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.micrographs import open_movie


def _write(path: Path, frames: np.ndarray, codec: str, pixels: str, source: str) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixels
        for picture in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format=source)):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def _steps(count: int = 40, side: int = 64) -> np.ndarray:
    """Frame n is 5 n + 20 all over: told apart after any compression."""
    values = np.arange(count, dtype=np.uint8) * 5 + 20
    return np.broadcast_to(values[:, None, None], (count, side, side)).copy()


@pytest.mark.parametrize("name", ["film.avi", "film.mkv"])
def test_lossless_grey_comes_back_exactly_by_index(tmp_path: Path, name: str) -> None:
    frames = np.random.default_rng().integers(0, 255, (12, 32, 48), dtype=np.uint8)
    _write(tmp_path / name, frames, "ffv1", "gray", "gray")
    movie = open_movie(tmp_path / name)
    assert movie.frames.shape == (12, 32, 48)
    for index in (11, 0, 5, 6, 5):
        assert np.array_equal(movie.frames.read(index, index + 1)[0], frames[index])
    assert np.array_equal(movie.frames.read(3, 9), frames[3:9])
    assert movie.frames.read(4, 4).shape == (0, 32, 48)


def test_sixteen_bits_stay_sixteen(tmp_path: Path) -> None:
    frames = np.random.default_rng().integers(0, 65535, (3, 32, 32), dtype=np.uint16)
    _write(tmp_path / "deep.mkv", frames, "ffv1", "gray16le", "gray16le")
    assert np.array_equal(open_movie(tmp_path / "deep.mkv").frames.read(0, 3), frames)


@pytest.mark.parametrize(
    ("name", "codec"), [("film.mp4", "libx264"), ("film.avi", "mpeg4"), ("film.mp4", "mpeg4")]
)
def test_compressed_films_find_frames_between_key_frames(
    tmp_path: Path, name: str, codec: str
) -> None:
    frames = _steps()
    _write(tmp_path / name, np.repeat(frames[..., None], 3, axis=-1), codec, "yuv420p", "rgb24")
    movie = open_movie(tmp_path / name)
    assert len(movie) == 40
    assert movie.processed
    assert movie.frame_s == pytest.approx(0.04)
    assert "playing" in movie.metadata["frame_time_from"]
    assert movie.pixel_x_nm is None
    for index in (39, 3, 4, 25, 0, 24):
        # Half a step between frames: the codecs were within 2 on a flat field.
        assert abs(float(movie.frames.read(index, index + 1).mean()) - frames[index, 0, 0]) <= 2.5
    with pytest.raises(InputError, match="pixel_size"):
        movie.image(0)
    assert movie.calibrated(pixel_nm=0.042).processed
    assert movie.calibrated(pixel_nm=0.042).image(3).pixel_nm == 0.042


def test_pictures_of_jpeg_are_processed_and_png_is_not(tmp_path: Path) -> None:
    from PIL import Image

    picture = np.random.default_rng().integers(0, 255, (8, 9), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.jpg")
    Image.fromarray(picture).save(tmp_path / "a.png")
    assert open_movie(tmp_path / "a.jpg").processed
    assert not open_movie(tmp_path / "a.png").processed
    assert np.array_equal(open_movie(tmp_path / "a.png").frames.read(0, 1)[0], picture)


@pytest.mark.parametrize("name", ["film.mp4", "film.avi", "film.mkv"])
@pytest.mark.parametrize("kept", [0.0, 0.002, 0.1])
def test_films_cut_short_are_refused(tmp_path: Path, name: str, kept: float) -> None:
    path = tmp_path / name
    _write(path, np.random.default_rng().integers(0, 255, (9, 64, 64), np.uint8), "ffv1",
           "gray", "gray")  # fmt: skip
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError) as error:
        open_movie(path)
    text = str(error.value)
    assert "\n" not in text
    assert "Errno" not in text
    assert name in text
