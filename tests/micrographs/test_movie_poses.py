"""Poses of a whole movie: the model named, every frame's orientation, a word where none is."""

import itertools
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cinedot.core import AnalysisError, ArrayFrames, Movie
from cinedot.core.chunks import Arrays, Runs
from cinedot.core.shelves import FolderShelf
from cinedot.micrographs import (
    MovieMeasurement,
    Recording,
    measure_movie,
    movie_poses,
    movie_posing,
)
from cinedot.micrographs.movie_pose_arrays import frame_poses, packed, pose_row
from cinedot.micrographs.movie_poses import (
    ModelRange,
    MoviePoses,
    measure_poses,
    places_beside,
    quaternion,
)
from cinedot.micrographs.pose import misorientation_deg
from cinedot.microscope import (
    AmorphousCarbon,
    Exposure,
    LeftOf,
    Lens,
    Scene,
    begin_filming,
    filmed,
)
from cinedot.particle import Cuboid, HeadGroups, build, compound_named, host_named

HOST = host_named("CsPbBr3")
PIXEL_NM = 0.084


@dataclass(frozen=True)
class Filmed:
    movie: Movie
    rotations: np.ndarray
    places_nm: np.ndarray
    defocus_nm: float


@pytest.fixture(scope="module")
def film() -> Filmed:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    defocus = float(np.random.default_rng(seed).uniform(4.0, 9.0))
    dot = build(Cuboid.cube(3, HOST), "mla-cs", seed, ligands=HeadGroups())
    scene = Scene(
        atoms=dot,
        lens=Lens(defocus_nm=defocus),
        exposure=Exposure(pixel_nm=PIXEL_NM),
        shape=(120, 120),
        frames=6,
        support=AmorphousCarbon(thickness_nm=2.0, covers=LeftOf(edge=0.45)),
        oversampling=4,
        seed=seed,
    )
    parts = list(filmed(begin_filming(scene)))
    signal = np.concatenate([part.signal for part in parts]).astype(np.float32)
    turns = np.concatenate(
        [part.stretch.poses.rotation.reshape(len(part.signal), -1, 3, 3) for part in parts]
    )
    shifts = np.concatenate(
        [part.stretch.poses.shift_nm.reshape(len(part.signal), -1, 3) for part in parts]
    )
    return Filmed(
        movie=Movie(
            frames=ArrayFrames(frames=signal),
            name="film",
            pixel_x_nm=PIXEL_NM,
            pixel_y_nm=PIXEL_NM,
            frame_s=0.02,
        ),
        rotations=np.array([Rotation.from_matrix(own).mean().as_matrix() for own in turns]),
        places_nm=shifts.mean(axis=1)[:, :2],
        defocus_nm=defocus,
    )


@pytest.fixture(scope="module")
def seen(film: Filmed) -> MovieMeasurement:
    return measure_movie(film.movie)


@pytest.fixture(scope="module")
def poses(film: Filmed, seen: MovieMeasurement) -> MoviePoses:
    models = ModelRange(
        cuboids=(Cuboid.cube(3, HOST), Cuboid.cube(4, HOST)),
        compounds=(compound_named("prototype"), compound_named("mla-cs")),
        layers=False,
    )
    return measure_poses(film.movie, seen.frames, models, Lens())


def test_the_model_is_named(poses: MoviePoses):
    assert poses.model.label == "3x3x3 mla-cs"
    assert poses.ranked.probability.max() > 0.99
    assert dict(poses.searched)[Cuboid.cube(3, HOST)] == 0
    assert dict(poses.searched)[Cuboid.cube(4, HOST)] < -20


def test_every_frame_has_its_pose(film: Filmed, poses: MoviePoses):
    assert [pose.status for pose in poses.frames] == ["ok"] * len(film.movie)
    for pose, rotation, place in zip(poses.frames, film.rotations, film.places_nm, strict=True):
        assert pose.fit is not None
        # Wrong views are tens of degrees off; right ones were at most 0.3 off in all films tried.
        assert misorientation_deg(pose.fit.rotation, rotation, (3, 3, 3)) < 2.0
        assert np.hypot(pose.x_nm - place[0], pose.y_nm - place[1]) < 0.02
        assert abs(pose.fit.defocus_nm - film.defocus_nm) < 2.0


def test_all_frames_are_told_in_one_branch(poses: MoviePoses):
    turns = [pose.fit.rotation for pose in poses.frames if pose.fit is not None]
    for before, after in itertools.pairwise(turns):
        here = np.degrees(Rotation.from_matrix(after @ before.T).magnitude())
        assert here == pytest.approx(misorientation_deg(after, before, (3, 3, 3)), abs=1e-3)


def test_no_tumble_is_made_up(film: Filmed, poses: MoviePoses):
    """A rocking of 1.3 degrees steps beyond 4.5 once in a thousand films or so."""
    for frame, angle in poses.tumbles:
        true = misorientation_deg(film.rotations[frame], film.rotations[frame - 1], (3, 3, 3))
        assert angle == pytest.approx(float(true), abs=2.0)


def test_a_second_dot_is_posed_and_neither_is_the_others_ground(
    film: Filmed, poses: MoviePoses
) -> None:
    """Beside the film stands the same, turned by half a turn: its dot lies turned by as much."""
    frames = film.movie.frames.read(0, len(film.movie))
    both = np.concatenate([frames, frames[:, ::-1, ::-1]], axis=2)
    movie = replace(film.movie, frames=ArrayFrames(frames=both))
    side = frames.shape[1]
    seen = measure_movie(movie)
    assert len(seen.particles) == 2
    x = np.array([[one.x_nm for one in particle] for particle in seen.particles])
    turned = int(np.argmax(np.nanmedian(x, axis=1)))
    models = ModelRange(
        cuboids=(Cuboid.cube(3, HOST),), compounds=(compound_named("mla-cs"),), layers=False
    )
    beside = places_beside(seen.particles, turned)
    found = measure_poses(movie, seen.particles[turned], models, Lens(), beside_nm=beside)
    half = np.diag([-1.0, -1.0, 1.0])
    for one, before in zip(found.frames, poses.frames, strict=True):
        assert one.fit is not None
        assert before.fit is not None
        # The same frames under the same noise, but for the ground's spectrum: two fits of one
        # record differ by less than a sigma each way, 0.1 degrees and 0.002 nm.
        assert misorientation_deg(one.fit.rotation, half @ before.fit.rotation, (3, 3, 3)) < 0.5
        assert abs(one.x_nm - ((2 * side - 1) * PIXEL_NM - before.x_nm)) < 0.01
        assert abs(one.y_nm - ((side - 1) * PIXEL_NM - before.y_nm)) < 0.01


@pytest.mark.parametrize("away_nm", [0.8, 2.4])
def test_before_another_dot_no_pose_is_made_up(
    film: Filmed, poses: MoviePoses, away_nm: float
) -> None:
    """In one frame the same dot, turned by half a turn, passes before it: both are seen."""
    first = poses.frames[0].fit
    assert first is not None
    frames = film.movie.frames.read(0, 4).copy()
    level = np.median(frames[2])
    x, y = np.rint(film.places_nm[2] / PIXEL_NM).astype(int)
    side, along = frames.shape[1], round(away_nm / PIXEL_NM)
    # Turned about the field's middle, then laid `along` pixels beside the first.
    other = np.roll(frames[2][::-1, ::-1], (2 * y - side + 1, 2 * x - side + 1 + along), (0, 1))
    frames[2] = frames[2] * other / level
    movie = replace(film.movie, frames=ArrayFrames(frames=frames))
    work = movie_posing.Posing(
        recording=Recording(open=lambda: movie, key=""),
        model=Cuboid.cube(3, HOST),
        compound=compound_named("mla-cs"),
        lens=Lens(),
    )
    carry = {
        "places_nm": film.places_nm[:4],
        "unfit": np.zeros(4, dtype=bool),
        "begin": packed(first),
        "beside_nm": np.zeros((4, 0, 2)),
        "by_hand": np.full((4, 3, 3), np.nan),
    }
    found = frame_poses(work(range(4), carry))
    assert [one.status for one in found[:2]] == ["ok", "ok"]
    for index in (2, 3):
        fit = found[index].fit
        if found[index].status == "ok":
            assert fit is not None
            # A wrong view is tens of degrees off; what the other dot leaves over pulls by 2.
            assert misorientation_deg(fit.rotation, film.rotations[index], (3, 3, 3)) < 5.0
    assert found[3].status == "ok"


def test_unfit_frames_have_no_pose_and_hold_up_no_others(film: Filmed, poses: MoviePoses) -> None:
    frames = film.movie.frames.read(0, 3).copy()
    frames[1] = 65535.0
    movie = replace(film.movie, frames=ArrayFrames(frames=frames))
    first = poses.frames[0].fit
    assert first is not None
    work = movie_posing.Posing(
        recording=Recording(open=lambda: movie, key=""),
        model=Cuboid.cube(3, HOST),
        compound=compound_named("mla-cs"),
        lens=Lens(),
    )
    places = film.places_nm[:3].copy()
    places[1] = np.nan
    carry = {
        "places_nm": places,
        "unfit": np.array([False, True, False]),
        "begin": packed(first),
        "beside_nm": np.zeros((3, 0, 2)),
        "by_hand": np.full((3, 3, 3), np.nan),
    }
    found = frame_poses(work(range(3), carry))
    assert [one.status for one in found] == ["ok", "failed", "ok"]
    assert [one.fit is None for one in found] == [False, True, False]
    assert np.isnan([found[1].x_nm, found[1].y_nm]).all()
    nowhere = frame_poses(work(range(3), {**carry, "unfit": np.ones(3, dtype=bool)}))
    assert [one.status for one in nowhere] == ["failed"] * 3


def test_poses_are_followed_from_an_orientation_given_by_hand(
    film: Filmed, seen: MovieMeasurement, poses: MoviePoses
) -> None:
    models = ModelRange(
        cuboids=(Cuboid.cube(3, HOST),), compounds=(compound_named("mla-cs"),), layers=False
    )
    rough = Rotation.from_euler("xyz", [2.0, -1.5, 2.0], degrees=True).as_matrix()
    wrong = Rotation.from_euler("xyz", [20.0, 15.0, 0.0], degrees=True).as_matrix()
    truth = film.rotations[2]
    kept = measure_poses(film.movie, seen.frames, models, Lens(), by_hand={2: rough @ truth})
    for one, automatic in zip(kept.frames, poses.frames, strict=True):
        assert one.fit is not None
        assert automatic.fit is not None
        # Each fit ends where a step gains less than 0.02 in half the chi-square, 0.2 sigma, on
        # either side; five times that is one.
        turned = misorientation_deg(one.fit.rotation, automatic.fit.rotation, (3, 3, 3))
        assert turned < automatic.fit.sigma_turn_deg
    led = measure_poses(film.movie, seen.frames, models, Lens(), by_hand={2: wrong @ truth})
    for number in (0, 1):
        fit = led.frames[number].fit
        assert fit is not None
        assert misorientation_deg(fit.rotation, film.rotations[number], (3, 3, 3)) < 2.0
    # A person's word stands: it is 25 degrees from the truth, and 8 about it are searched.
    assert led.frames[2].searched
    fit = led.frames[2].fit
    assert fit is None or misorientation_deg(fit.rotation, truth, (3, 3, 3)) > 8.0


def test_poses_are_the_same_numbers_again(poses: MoviePoses) -> None:
    rows = np.array([pose_row(one) for one in poses.frames])
    joined = dict(zip(movie_poses.POSE_NAMES, rows.T, strict=True))
    again = np.array([pose_row(one) for one in frame_poses(joined)])
    assert np.array_equal(again, rows)


def test_a_killed_fit_of_poses_goes_on_and_ends_with_the_same_bytes(
    film: Filmed, seen: MovieMeasurement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a kill leaves: chunks that are whole, none of those that follow, and a part of one."""
    monkeypatch.setattr(movie_poses, "MOST_FRAMES", 2)
    recording = Recording(open=lambda: film.movie, key="film for a kill")
    models = ModelRange(
        cuboids=(Cuboid.cube(3, HOST),), compounds=(compound_named("mla-cs"),), layers=False
    )
    stored: list[range] = []
    put = FolderShelf.put

    def counted(shelf: FolderShelf, frames: range, carried: str, arrays: Arrays) -> None:
        stored.append(frames)
        put(shelf, frames, carried, arrays)

    monkeypatch.setattr(FolderShelf, "put", counted)

    def fitted(folder: str) -> bytes:
        runs = Runs(store=tmp_path / folder)
        found = measure_poses(
            film.movie, seen.frames, models, Lens(), recording=recording, runs=runs
        )
        return np.array([pose_row(one) for one in found.frames]).tobytes()

    whole = fitted("whole")
    assert stored == [range(2), range(2, 4), range(4, 6)]
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    first, second, third = sorted((tmp_path / "killed").rglob("*.npz"))
    kept = first.stat().st_mtime_ns
    second.write_bytes(second.read_bytes()[:1000])
    third.unlink()
    stored.clear()
    assert fitted("killed") == whole
    assert stored == [range(2, 4), range(4, 6)]
    assert first.stat().st_mtime_ns == kept
    for one in (first, second, third):
        assert (
            one.read_bytes()
            == (tmp_path / "whole" / one.relative_to(tmp_path / "killed")).read_bytes()
        )


def test_a_movie_without_the_particle_is_said_to_be_one(film: Filmed, seen: MovieMeasurement):
    nowhere = tuple(
        replace(one, status="absent", x_nm=float("nan"), y_nm=float("nan")) for one in seen.frames
    )
    models = ModelRange(
        cuboids=(Cuboid.cube(3, HOST),), compounds=(compound_named("mla-cs"),), layers=False
    )
    with pytest.raises(AnalysisError, match="in no frame"):
        measure_poses(film.movie, nowhere, models, Lens())


def test_quaternions_have_their_scalar_part_first_and_not_negative():
    turn = Rotation.from_euler("z", 270.0, degrees=True).as_matrix()
    assert quaternion(turn) == pytest.approx((0.5**0.5, 0.0, 0.0, -(0.5**0.5)))
