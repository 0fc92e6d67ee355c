"""TIFF movies keep their numbers and scales."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from cinedot.core import ArrayFrames, InputError, Movie
from cinedot.microscope import write_tiff


def _movie(frames: np.ndarray, **scales: float) -> Movie:
    return Movie(
        frames=ArrayFrames(frames=frames), name="m", pixel_x_nm=0.042, pixel_y_nm=0.042, **scales
    )


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_numbers_and_scales_survive(tmp_path: Path, kind: str) -> None:
    frames = np.arange(3 * 4 * 5).reshape(3, 4, 5).astype(kind)
    write_tiff(_movie(frames, frame_s=0.02), tmp_path / "m.tif")
    with tifffile.TiffFile(tmp_path / "m.tif") as file:
        assert np.array_equal(file.asarray(), frames)
        metadata = file.imagej_metadata or {}
        assert (metadata["unit"], metadata["finterval"]) == ("nm", 0.02)
        pixels, units = file.pages[0].tags["XResolution"].value
        # TIFF keeps the resolution as a ratio of 32-bit integers.
        assert units / pixels == pytest.approx(0.042, rel=1e-6)


def test_a_single_image_is_one_page(tmp_path: Path) -> None:
    write_tiff(_movie(np.ones((1, 4, 5), np.uint16)), tmp_path / "m.tif")
    assert tifffile.imread(tmp_path / "m.tif").shape == (4, 5)


@pytest.mark.parametrize("wrong", ["kind", "scale"])
def test_what_imagej_cannot_read_is_refused(tmp_path: Path, wrong: str) -> None:
    frames = np.zeros((1, 4, 5), np.int64 if wrong == "kind" else np.uint16)
    movie = (
        _movie(frames) if wrong == "kind" else Movie(frames=ArrayFrames(frames=frames), name="m")
    )
    with pytest.raises(InputError, match="must have a pixel size and numbers of"):
        write_tiff(movie, tmp_path / "m.tif")
    assert not list(tmp_path.iterdir())
