"""What is wrong with a frame is said; sound frames, however noisy, are let through."""

import numpy as np
import pytest

from cinedot.micrographs.frame_faults import (
    FrameFault,
    faults_of,
    faults_text,
    frame_faults,
    frame_numbers,
    worst_fault,
)


def _noise(mean: float = 900.0, kind: str = "uint16") -> np.ndarray:
    return np.random.default_rng().poisson(mean, (128, 96)).astype(kind)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("mean", [1.0, 5.0, 80.0, 150.0])
def test_noise_of_any_dose_and_type_is_sound(kind: str, mean: float) -> None:
    # Poisson numbers of mean 150 pass 255 with a chance of 1e-14.
    assert frame_faults(_noise(mean, kind)) == ()
    assert frame_faults(np.random.default_rng().normal(-2, 3, (64, 64)).astype("float32")) == ()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite(value: float) -> None:
    image = _noise(kind="float32")
    image[3, 4:10] = value
    (fault,) = frame_faults(image)
    assert "not finite" in fault
    assert f"{100 * 6 / image.size:.2g} %" in fault


def test_zero_and_constant_frames() -> None:
    assert frame_faults(np.zeros((4, 4), np.uint16)) == ("all pixels are zero",)
    assert frame_faults(np.full((4, 4), 65535, np.uint16)) == ("all pixels are 65535",)
    assert frame_faults(np.empty((0, 4))) == ("no pixels",)


@pytest.mark.parametrize(("ceiling", "kind"), [(255, "uint8"), (65535, "uint16"), (4095, "uint16"),
                                               (16383.0, "float32")])  # fmt: skip
def test_saturation_at_the_types_ceiling_or_a_cameras(ceiling: float, kind: str) -> None:
    noise = np.random.default_rng().normal(ceiling * 0.97, ceiling * 0.03, (128, 128))
    (fault,) = frame_faults(np.minimum(noise.round(), ceiling).astype(kind))
    assert "saturated" in fault
    assert f"{ceiling:g}" in fault


def test_a_dozen_saturated_pixels_are_no_fault() -> None:
    image = _noise()
    image[:3, :4] = 65535
    assert frame_faults(image) == ()


@pytest.mark.parametrize("rows", [slice(0, 5), slice(100, None)])
def test_a_transfer_that_broke_off(rows: slice) -> None:
    image = _noise()
    image[rows] = 0
    (fault,) = frame_faults(image)
    assert "rows are all zero" in fault


def test_what_is_bearable() -> None:
    image = _noise()
    image[-2:] = 0
    (borne,) = faults_of(image)
    assert (borne.kind, borne.share, borne.unfit) == ("cut short", 2 / 128, False)
    assert worst_fault(image) == borne
    image[-30:] = 0
    image[:50] = 65535
    assert [one.unfit for one in faults_of(image)] == [True, True]
    # A film's stretch of contrast saturates some parts in a thousand.
    film = np.clip(np.random.default_rng().normal(128, 40, (256, 256)), 0, 240).astype(np.uint8)
    film[film > 235] = 255
    few = film.copy()
    few.flat[:400] = 255
    share = float((few == 255).mean())
    assert [(one.kind, one.unfit) for one in faults_of(few)] == [("saturated", share > 0.01)]
    assert worst_fault(_noise()) is None


def test_many_runs_of_frames_are_not_all_named() -> None:
    assert frame_numbers(range(0, 60, 2)).endswith("20, 22 and 18 more")
    assert frame_numbers([]) == ""
    assert frame_numbers(range(1000)) == "0 to 999"
    faults = {k: FrameFault(kind="saturated", share=0.02 + k / 100) for k in range(3)}
    assert faults_text(faults) == "saturated (up to 4 % of the pixels): 0 to 2"
