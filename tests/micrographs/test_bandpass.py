"""The band-pass against closed forms, its invariants, and ImageJ itself."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.micrographs import bandpass


def transfer(period_px: float, large: float = 40, small: float = 3) -> float:
    """science.md 8.6, item 3, in cycles a pixel."""
    f = 1 / period_px
    return float((1 - np.exp(-((2 * large * f) ** 2))) * np.exp(-((2 * small * f) ** 2)))


@pytest.mark.parametrize(
    ("spacing_nm", "pixel_nm", "kept"),
    [
        *((0.587, 0.021, 0.9547), (0.415, 0.021, 0.9119), (0.2935, 0.021, 0.8317)),
        *((0.587, 0.042, 0.8317), (0.415, 0.042, 0.6916), (0.2935, 0.042, 0.4785)),
    ],
)
def test_numbers_of_the_note(spacing_nm: float, pixel_nm: float, kept: float) -> None:
    # The note gives four digits.
    assert transfer(spacing_nm / pixel_nm) == pytest.approx(kept, abs=6e-5)


@pytest.mark.parametrize("waves", [1, 5, 14, 40, 100])
@pytest.mark.parametrize("along", [0, 1])
def test_cosines_are_scaled_by_the_transfer(waves: int, along: int) -> None:
    # A cosine of half-sample symmetry is its own mirror tiling: an eigenfunction of the filter.
    side = 256
    place = np.arange(side) + 0.5
    wave = np.cos(np.pi * 2 * waves * place / side)
    image = (
        np.broadcast_to(wave, (side, side))
        if along
        else np.broadcast_to(wave[:, None], (side, side))
    )
    found = bandpass(np.ascontiguousarray(image) + 50.0)
    expected = 50 + image * transfer(side / waves)
    # Float32 of numbers near 50.
    assert np.abs(found - expected).max() < 2e-5


def test_the_padded_way_agrees_with_the_cosine_transform() -> None:
    from cinedot.micrographs.bandpass import _by_padding, padded_side

    image = np.random.default_rng().normal(size=(128, 64)).astype(np.float32)
    for stripes in (None, "horizontal", "vertical"):
        padded = _by_padding(image - image.mean(), (padded_side(128, 64), 40.0, 3.0, stripes, 5.0))
        # Float32 transforms of 256 x 256 unit normals.
        assert np.abs(bandpass(image, stripes=stripes) - image.mean() - padded).max() < 1e-5


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 70),
    columns=st.integers(1, 70),
    dtype=st.sampled_from(["uint8", "uint16", "int16", "float32", "float64"]),
    scale=st.floats(0.5, 100),
)
def test_shape_type_and_linearity(rows: int, columns: int, dtype: str, scale: float) -> None:
    image = np.random.default_rng().integers(0, 200, (rows, columns)).astype(dtype)
    before = image.copy()
    found = bandpass(image)
    assert found.shape == image.shape
    assert found.dtype == np.float32
    assert np.array_equal(image, before)
    scaled = bandpass(image.astype(np.float64) * scale + 1000)
    assert np.abs(scaled - (found.astype(np.float64) * scale + 1000)).max() < 1e-3 * scale + 1e-3


def test_a_constant_stays_and_turning_commutes() -> None:
    flat = bandpass(np.full((33, 70), 123, np.uint16))
    assert np.allclose(flat, 123, atol=1e-4)
    image = np.random.default_rng().normal(size=(48, 48))
    turned = bandpass(np.ascontiguousarray(np.rot90(image)), stripes="vertical")
    assert np.abs(np.rot90(bandpass(image, stripes="horizontal")) - turned).max() < 1e-5


def test_tolerance_has_no_effect_without_stripes() -> None:
    image = np.random.default_rng().normal(size=(64, 64))
    assert np.array_equal(
        bandpass(image, tolerance_percent=5), bandpass(image, tolerance_percent=50)
    )


def test_stripes_are_removed() -> None:
    rng = np.random.default_rng()
    lines = np.repeat(rng.normal(size=(128, 1)), 128, axis=1)
    assert bandpass(lines, small_px=0, stripes="horizontal").std() < 1e-5
    assert bandpass(lines, small_px=0, stripes="vertical").std() > 0.5


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (np.array([[1.0, np.nan]]), {}),
        (np.ones((0, 4)), {}),
        (np.ones((4, 4)), {"large_px": -1.0}),
        (np.ones((4, 4)), {"small_px": float("nan")}),
        (np.ones((4, 4)), {"tolerance_percent": 101.0}),
    ],
)
def test_bad_input(image: np.ndarray, options: dict[str, float]) -> None:
    with pytest.raises(InputError):
        bandpass(image, **options)  # pyright: ignore[reportArgumentType]


@pytest.mark.skipif(
    shutil.which("imagej") is None or shutil.which("xvfb-run") is None,
    reason="ImageJ is not installed (Debian: imagej, xvfb)",
)
def test_against_imagej(tmp_path: Path) -> None:
    rng = np.random.default_rng()
    cases = [
        *((512, 512, None, 40, 3), (1024, 1024, None, 40, 0), (256, 256, "horizontal", 40, 3)),
        *((100, 173, "vertical", 20, 2), (333, 97, "horizontal", 40, 3), (300, 512, None, 40, 3)),
    ]
    script = ""
    for index, (rows, columns, stripes, large, small) in enumerate(cases):
        image = rng.normal(1000, 50, (rows, columns)) + 200 * np.sin(np.arange(columns) / 9)
        tifffile.imwrite(tmp_path / f"in{index}.tif", image.astype(np.float32))
        script += (
            f'open("{tmp_path}/in{index}.tif"); run("Bandpass Filter...", "filter_large={large} '
            f'filter_small={small} suppress={(stripes or "none").capitalize()} tolerance=5"); '
            f'saveAs("Tiff", "{tmp_path}/out{index}.tif"); close();\n'
        )
    macro = tmp_path / "all.ijm"
    macro.write_text(script + 'run("Quit");')
    # Debian's launcher ends with status 1 even when all went well: the pictures tell.
    command = ["xvfb-run", "-a", "imagej", "-b", str(macro)]
    run = subprocess.run(command, capture_output=True, timeout=300, text=True)
    assert (tmp_path / f"out{len(cases) - 1}.tif").exists(), run.stdout + run.stderr
    for index, (_, _, stripes, large, small) in enumerate(cases):
        image = tifffile.imread(tmp_path / f"in{index}.tif")
        theirs = tifffile.imread(tmp_path / f"out{index}.tif")
        ours = bandpass(image, large_px=large, small_px=small, stripes=stripes)
        # ImageJ works in float32 too: a few parts in a million of the values' spread.
        assert np.abs(ours - theirs).max() < 1e-4 * image.std()
