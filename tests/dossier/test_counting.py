"""Electrons in the dossier: gain, zero and dose, stated and from the noise."""

import re
from typing import Any

import numpy as np
import pytest

from cinedot.core import ArrayFrames, Movie
from cinedot.dossier.manifest import MovieSection
from cinedot.dossier.quantities import known_quantities
from cinedot.dossier.sections.counting import Counting, counting_findings

GAIN, OFFSET, ELECTRONS = 8.0, 100.0, 400.0
PIXEL_NM, FRAME_S = 0.05, 0.02
RATE = ELECTRONS / PIXEL_NM**2 / FRAME_S


def _frames(count: int = 30, *, side: int = 192) -> np.ndarray:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    # The beam falls off to one side: without that the camera's zero could not be told.
    light = np.linspace(0.3, 1.7, side) * ELECTRONS
    counts = np.random.default_rng(seed).poisson(light, (count, side, side))
    return (GAIN * counts + OFFSET).astype(np.uint16)


def _counted(frames: np.ndarray, *, processed: bool = False, **stated: Any) -> Counting:
    movie = Movie(
        frames=ArrayFrames(frames=frames),
        name="m",
        frame_s=FRAME_S,
        pixel_x_nm=PIXEL_NM,
        pixel_y_nm=PIXEL_NM,
        processed=processed,
    )
    return counting_findings(movie, MovieSection(file="m", **stated))


def _statuses(found: Counting) -> dict[str, str]:
    return {one.name: one.status for one in found.checks}


def test_the_noise_tells_gain_zero_and_dose_where_nothing_is_stated() -> None:
    found = _counted(_frames())
    for name, true in (("gain", GAIN), ("dose_rate", RATE)):
        estimate = found.results[name]
        # Six sigma of a normal number: once in 5e8; sigma itself is found to 15 %.
        assert abs(float(estimate.value) - true) < 6 * 1.15 * (estimate.sigma or 0)
        assert estimate.unit == known_quantities()[f"movie.{name}"][0]
    assert found.results["offset"].status == "ok"
    assert not found.checks


@pytest.mark.parametrize(("factor", "status"), [(1.0, "agree"), (1.6, "tension"), (0.6, "tension")])
def test_a_stated_dose_is_set_against_the_stated_gain(factor: float, status: str) -> None:
    found = _counted(_frames(), gain=GAIN, offset=OFFSET, dose_rate=factor * RATE)
    assert _statuses(found)["dose rate against gain"] == status
    # Mean of 30 frames of 192 x 192 pixels of 400 electrons: known to 5e-5.
    assert float(found.results["dose_rate"].value) == pytest.approx(RATE, rel=1e-3)


def test_a_gain_that_the_noise_contradicts_is_said() -> None:
    # The gain is known to 2.5 %: that it comes out 15 % off is six sigma.
    frames = _frames(61, side=256)
    assert _statuses(_counted(frames, gain=GAIN, offset=OFFSET))["gain against noise"] in (
        "agree",
        "undecided",
    )
    averaged = _counted(frames, gain=16 * GAIN, offset=OFFSET)
    assert _statuses(averaged)["gain against noise"] == "tension"
    assert re.search(r"averages of 4 x 4", averaged.checks[-1].detail)
    # A camera may well make twice the noise of chance.
    lossy = _counted(frames, gain=GAIN / 2, offset=OFFSET)
    assert _statuses(lossy)["gain against noise"] == "undecided"
    assert "DQE(0)" in lossy.checks[-1].detail


@pytest.mark.parametrize("processed", [True, False])
def test_what_cannot_be_counted_is_said_and_is_no_check(*, processed: bool) -> None:
    frames = _frames(4) if processed else np.zeros((4, 64, 64), np.uint16)
    found = _counted(frames, processed=processed, dose_rate=RATE)
    assert not found.results
    assert not found.checks
    assert found.facts["electrons"].startswith("not counted: ")
    assert found.remarks[0].startswith("The stated dose rate could not be checked: ")


def test_one_frame_is_counted_by_the_stated_gain() -> None:
    found = _counted(_frames(1), gain=GAIN, offset=OFFSET, dose_rate=RATE)
    assert _statuses(found) == {"dose rate against gain": "agree"}
