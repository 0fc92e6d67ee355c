"""The band-pass against closed forms, its invariants, and ImageJ itself."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.micrographs import bandpass
from cinedot.micrographs.autoscale import autoscale
from cinedot.micrographs.bandpass import (
    _by_padding,
    _leaves_a_gap,
    _needs_no_padding,
    padded_side,
)


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
    image = np.random.default_rng().normal(size=(128, 64)).astype(np.float32)
    for stripes in (None, "horizontal", "vertical"):
        options = (padded_side(128, 64), 40.0, 3.0, stripes, 5.0)
        padded = _by_padding(image - image.mean(), options, black=np.float32(-image.mean()))
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
    scaled = bandpass(image.astype(np.float64) * scale)
    # Float32 of numbers up to 200 scale, a few roundings.
    assert np.abs(scaled - found.astype(np.float64) * scale).max() < 1e-3 * scale
    side = padded_side(rows, columns)
    if not (_leaves_a_gap(rows, side) or _leaves_a_gap(columns, side)):
        assert np.abs(bandpass(image + 1000.0) - (found + 1000)).max() < 2e-3


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


TYPES = ["bool", "uint8", "int8", "uint16", "int32", "uint32", "int64", "uint64", "float16"]
TYPES += ["float32", "float64", ">u2", ">i4", ">f4", ">f8"]


@pytest.mark.parametrize("dtype", TYPES)
def test_every_number_type_gives_the_same(dtype: str) -> None:
    whole = np.random.default_rng().integers(0, 2 if dtype == "bool" else 120, (40, 57))
    found = bandpass(whole.astype(dtype))
    # The same whole numbers in each; the mean is taken off in float32 or float64.
    assert np.abs(found - bandpass(whole.astype(np.float64))).max() < 1e-4
    assert found.dtype == np.float32


def test_order_in_memory_and_offset_do_not_matter() -> None:
    image = np.random.default_rng().normal(size=(300, 410))
    plain = bandpass(image)
    assert np.array_equal(bandpass(np.asfortranarray(image)), plain)
    assert np.array_equal(bandpass(image[::-1])[::-1].shape, plain.shape)
    # A camera's offset of 60000 leaves float32 steps of 0.004.
    assert np.abs(bandpass(image + 6e4) - 6e4 - plain).max() < 0.01


@pytest.mark.parametrize(("rows", "columns"), [(500, 431), (601, 449), (420, 800)])
@pytest.mark.parametrize(("large", "small"), [(40.0, 3.0), (30.0, 2.7), (40.0, 0.0), (0.0, 3.0)])
def test_endless_mirrors_stand_for_the_padded_square(
    rows: int, columns: int, large: float, small: float
) -> None:
    image = np.random.default_rng().normal(size=(rows, columns)).astype(np.float32)
    options = (padded_side(rows, columns), large, small, None, 5.0)
    assert _needs_no_padding(image.shape, options)
    padded = _by_padding(image, options, black=np.float32(0))
    # 5e-5 is half of what is promised of ImageJ; the rule itself allows 3e-5.
    assert np.abs(bandpass(image, large_px=large, small_px=small) - padded).max() < 5e-5


@pytest.mark.parametrize(
    "image",
    [
        np.array([[1.0, np.inf]]),
        np.array([["a", "b"]]),
        np.ones((3, 3), complex),
        np.array([[1e300, -1e300]]),
        np.full((4, 4), 1e308),
    ],
)
def test_no_real_numbers(image: np.ndarray) -> None:
    with pytest.raises(InputError):
        bandpass(image)


def test_autoscale_by_hand() -> None:
    # 256 values, one a class: black and white are the first and the last class's lower ends.
    ramp = np.arange(256.0).reshape(16, 16)
    plain = autoscale(ramp, saturate=False)
    assert plain[0, 0] == 0
    assert plain[-1, -1] == 255
    assert plain.dtype == np.uint8
    # More than 0.5 % of 256 pixels is the second value, whose class begins at 255/256.
    clipped = autoscale(ramp, bits=16)
    assert clipped[0, 0] == 0
    assert clipped[0, 1] == round((1 - 255 / 256) * 65535 / (253 * 255 / 256))
    assert clipped.dtype == np.uint16
    assert not autoscale(np.full((3, 3), 5.0)).any()
    with pytest.raises(InputError):
        autoscale(np.array([[np.nan, 1.0]]))


ROUND = [(512, 512), (1024, 1024), (1024, 512)]
ODD = [(333, 97), (1000, 777), (301, 300), (100, 173)]
# Whole sizes only: ImageJ's dialog keeps a fraction that its field shows rounded to the new value.
IMAGEJ_CASES = [
    *((*size, None, large, small, 5) for size in ROUND for large, small in ((40, 3), (40, 0))),
    *((512, 512, stripes, 40, 3, 5) for stripes in ("horizontal", "vertical")),
    *((1024, 1024, stripes, 40, 0, 5) for stripes in ("horizontal", "vertical")),
    *((*size, None, 40, 3, 5) for size in ODD),
    *((1000, 777, "vertical", 40, 3, 20), (333, 97, "horizontal", 20, 2, 5)),
    *((512, 512, None, 0, 3, 5), (700, 700, None, 40, 1, 5), (600, 512, None, 100, 2, 5)),
    # Sizes at which ImageJ's mirror tiles leave a black line at the padded square's edge.
    *((512, 341, None, 40, 3, 5), (93, 512, "vertical", 40, 3, 5), (1, 5, None, 40, 3, 5)),
]
SCALED = [(8, True), (8, False), (16, True), (16, False)]


@pytest.mark.skipif(
    shutil.which("imagej") is None or shutil.which("xvfb-run") is None,
    reason="ImageJ is not installed (Debian: imagej, xvfb)",
)
def test_against_imagej(tmp_path: Path) -> None:
    rng = np.random.default_rng()
    script = "setBatchMode(true);\n"
    for index, (rows, columns, stripes, large, small, tolerance) in enumerate(IMAGEJ_CASES):
        image = rng.normal(1000, 50, (rows, columns)) + 200 * np.sin(np.arange(columns) / 9)
        image += 0.3 * np.arange(rows)[:, None]
        tifffile.imwrite(tmp_path / f"in{index}.tif", image.astype(np.float32))
        options = f"filter_large={large} filter_small={small} tolerance={tolerance} "
        script += _filtering(tmp_path, f"{index}", f"{options}suppress={stripes or 'none'}")
    for bits, saturate in SCALED:
        image = rng.gamma(3.0, 10.0 if bits == 8 else 2000.0, (300, 411)).clip(0, 2**bits - 1)
        name = f"_{bits}_{saturate}"
        tifffile.imwrite(tmp_path / f"in{name}.tif", image.astype(f"uint{bits}"))
        options = "filter_large=40 filter_small=3 suppress=None tolerance=5 autoscale"
        script += _filtering(tmp_path, name, options + " saturate" * saturate)
    macro = tmp_path / "all.ijm"
    macro.write_text(script + 'run("Quit");')
    # Debian's launcher ends with status 1 even when all went well: the pictures tell.
    command = ["xvfb-run", "-a", "imagej", "-b", str(macro)]
    run = subprocess.run(command, capture_output=True, timeout=300, text=True)
    assert (tmp_path / "out_16_False.tif").exists(), run.stdout + run.stderr
    for index, (_, _, stripes, large, small, tolerance) in enumerate(IMAGEJ_CASES):
        image = tifffile.imread(tmp_path / f"in{index}.tif")
        theirs = tifffile.imread(tmp_path / f"out{index}.tif")
        ours = bandpass(
            image, large_px=large, small_px=small, stripes=stripes, tolerance_percent=tolerance
        )
        # The limit; both work in float32 and differ by about 5e-6.
        assert np.abs(ours - theirs).max() < 1e-4 * image.std(), IMAGEJ_CASES[index]
    for bits, saturate in SCALED:
        image = tifffile.imread(tmp_path / f"in_{bits}_{saturate}.tif")
        theirs = tifffile.imread(tmp_path / f"out_{bits}_{saturate}.tif").astype(int)
        ours = autoscale(bandpass(image), saturate=saturate, bits=8 if bits == 8 else 16)
        # Values at the very edge between two greys; a class's edge moves with float32's last bit.
        assert np.abs(ours - theirs).max() <= 1
        assert (ours != theirs).mean() < 0.05


def _filtering(folder: Path, name: str, options: str) -> str:
    words = options.replace("horizontal", "Horizontal").replace("vertical", "Vertical")
    words = words.replace("none", "None")
    return (
        f'open("{folder}/in{name}.tif"); run("Bandpass Filter...", "{words}"); '
        f'saveAs("Tiff", "{folder}/out{name}.tif"); close();\n'
    )


def test_slips_that_types_would_tell_end_in_one_line() -> None:
    """In a process of its own: in these tests types are checked at run time."""
    slips = {
        "bandpass(image, stripes='Horizontal')": "`stripes` must be 'horizontal'",
        "bandpass(image, stripes='none')": "`stripes` must be 'horizontal'",
        "bandpass(image, large_px='40')": "`large_px` must be a number",
        "bandpass(image.tolist())": "`image` must be an array",
        "bandpass(np.ma.array(image))": "without a mask",
        "autoscale(image, bits=32)": "`bits` must be 8 or 16",
    }
    lines = [
        "import numpy as np",
        "from cinedot.core import InputError",
        "from cinedot.micrographs import bandpass",
        "from cinedot.micrographs.autoscale import autoscale",
        "image = np.ones((8, 8))",
        *(f"try: {one}\nexcept InputError as fault: print(fault)" for one in slips),
    ]
    found = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    for said, words in zip(found.stdout.splitlines(), slips.values(), strict=True):
        assert words in said
