"""Several dots in one movie: which are fitted, and how their findings stand beside one another."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cinedot.core import ArrayFrames, Image, Movie
from cinedot.core.chunks import Runs
from cinedot.dossier.folder import open_folder
from cinedot.dossier.manifest import MovieSection
from cinedot.dossier.quantities import general_key, known_quantities
from cinedot.dossier.sections import movie_dots
from cinedot.dossier.sections.movie_dots import Dot, dots_findings, dots_of
from cinedot.dossier.sections.movie_window import Source, Window
from cinedot.micrographs import MovieMeasurement, Recording
from cinedot.micrographs.movie_atoms import MovieAtoms
from cinedot.micrographs.movie_poses import MoviePoses, places_beside
from cinedot.micrographs.movie_records import Field, FrameMeasurement

NAN = float("nan")
FIELD_PX, PIXEL_NM = 120, 0.1


def seen_at(*places: tuple[float, float] | None) -> tuple[FrameMeasurement, ...]:
    """A particle frame by frame; None where it is not."""
    return tuple(
        FrameMeasurement(
            frame=index,
            time_s=None,
            status="absent" if at is None else "ok",
            x_nm=NAN if at is None else at[0],
            y_nm=NAN if at is None else at[1],
            sigma_xy_nm=0.05,
            area_nm2=6.0,
            score=2.0,
        )
        for index, at in enumerate(places)
    )


def window_of(frames: int) -> Window:
    """A movie of bare ground; its frames have the numbers 10, 11, 13, 14 ... in the file."""
    data = np.ones((frames, 8, 8), dtype=np.float32)
    return Window(
        movie=Movie(
            frames=ArrayFrames(frames=data), name="film", pixel_x_nm=PIXEL_NM, pixel_y_nm=PIXEL_NM
        ),
        source=Source(
            place=Path("film.tif"), name=None, pixel_nm=None, frame_s=None, voltage_kv=None
        ),
        indices=tuple(index for index in range(10, 11 + frames) if index != 12),
        x_nm=0.0,
        y_nm=0.0,
        paths=(),
    )


def measured(*particles: tuple[FrameMeasurement, ...]) -> MovieMeasurement:
    """What a movie says of particles that were seen so."""
    data = np.ones((FIELD_PX, FIELD_PX), dtype=np.float32)
    count = len(particles[0])
    return MovieMeasurement(
        movie="film",
        frames=particles[0],
        others=particles[1:],
        field=Field(
            contrast=np.ones(count),
            drift_nm=np.zeros((count, 2)),
            sigma_drift_nm=np.zeros(count),
        ),
        edge=None,
        fringes=(),
        mean=Image(data=data, pixel_x_nm=PIXEL_NM, pixel_y_nm=PIXEL_NM, name="film"),
        filtered=data,
        outline_nm=None,
        region_nm=None,
        spectrum=None,
        reason="",
        faults={},
    )


def test_others_are_no_ground_between_first_and_last_sight():
    surest = seen_at(*[(3.0, 3.0)] * 5)
    other = seen_at(None, (6.0, 2.0), None, (8.0, 4.0), None)
    beside = places_beside((surest, other), 0)
    assert beside.shape == (5, 1, 2)
    # Half-way between where it was seen before and after; unknown before and behind.
    np.testing.assert_allclose(beside[1:4, 0], [[6, 2], [7, 3], [8, 4]])
    assert np.isnan(beside[[0, 4]]).all()
    assert places_beside((surest,), 0).shape == (5, 0, 2)
    np.testing.assert_allclose(places_beside((surest, other), 1)[:, 0], 3.0)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (seen_at(*[None] * 9, (3.0, 9.0)), "1 of 10 frames only"),
        (seen_at(*[(0.9, 6.0)] * 10), "border"),
        (seen_at(*[(11.2, 6.0)] * 10), "border"),
        (seen_at(*[(5.0, 6.5)] * 10), "overlaps particle 0"),
        (seen_at(*[(9.0, 6.0)] * 10), None),
    ],
)
def test_what_cannot_be_fitted_is_told_why(
    other: tuple[FrameMeasurement, ...],
    said: str | None,
    light_folder: Path,
    told_poses: MoviePoses,
    told_atoms: MovieAtoms,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def poses_of(*_: object, number: int, zero: float, by_hand: object) -> tuple[MoviePoses, str]:
        assert zero == 3.0
        asked.append(number)
        return told_poses, ""

    def atoms_of(*_: object, zero: float) -> tuple[MovieAtoms, str]:
        assert zero == 3.0
        return told_atoms, ""

    monkeypatch.setattr(movie_dots, "poses_of", poses_of)
    monkeypatch.setattr(movie_dots, "atoms_of", atoms_of)
    seen, window = measured(seen_at(*[(4.0, 6.0)] * 10), other), window_of(10)
    recording = Recording(open=lambda: window.movie, key="")
    sample = open_folder(light_folder, use_lab=False)
    section = MovieSection(file="film.tif")
    dots = dots_of(sample, section, seen, window, recording, Runs(), zero=3.0)
    assert [dot.number for dot in dots] == [0, 1]
    if said is None:
        assert asked == [0, 1]
        assert dots[1].atoms is told_atoms
        return
    assert asked == [0]
    assert dots[1].poses is None
    assert said in dots[1].reason


def paler(poses: MoviePoses, factor: float) -> MoviePoses:
    frames = tuple(
        replace(one, fit=replace(one.fit, contrast=factor * one.fit.contrast))
        for one in poses.frames
        if one.fit is not None
    )
    return replace(poses, frames=frames)


@pytest.mark.parametrize(("factor", "kept"), [(0.6, True), (0.4, False), (2.5, False)])
def test_what_has_not_the_contrast_of_a_dot_is_none(
    factor: float, kept: bool, told_poses: MoviePoses
) -> None:
    assert movie_dots._alike(paler(told_poses, factor), told_poses) is kept
    assert movie_dots._alike(paler(told_poses, factor), None) is kept


def test_findings_say_whose_they_are(
    told_poses: MoviePoses, told_atoms: MovieAtoms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movie_dots, "particle_panels", lambda *_, **__: ())
    window, section = window_of(4), MovieSection(file="film.tif")
    dots = (
        Dot(number=0, poses=told_poses, atoms=told_atoms),
        Dot(number=1, poses=told_poses, atoms=told_atoms),
        Dot(number=2, poses=None, reason="It is not fitted: it lies at the field's border."),
    )
    found = dots_findings(dots, section, window, zero=0.0)
    assert found.results["edges"].value == "2x2x2"
    for table, each in (("sites", len(told_atoms.intervals)), ("events", 2)):
        counts = found.tables[table].groupby("particle").size()
        assert counts.to_dict() == {0: each, 1: each}
    assert {claim.particle for claim in found.claims} == {0, 1}
    # What dossier.json has of the surest, series.parquet has of the other, in the same units.
    numbers = {name for name, one in found.results.items() if not isinstance(one.value, str)}
    assert {quantity for _, _, quantity, _ in found.series} == numbers
    for label, x, quantity, one in found.series:
        assert (label, x) == ("film, particle 1", 1.0)
        assert one.unit == known_quantities()[general_key("movie", quantity)][0]
    assert "Particle 1: it is 2x2x2 prototype." in found.remarks
    assert found.remarks[-1].startswith("Particle 2: It is not fitted")
    assert [one.name.startswith("particle 1") for one in found.checks] == [False, True]
    assert [panel.title.startswith("Particle 1") for panel in found.panels] == [False, True]
