"""Poses of a whole movie: the model named, every frame's orientation, a word where none is."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cinedot.core import AnalysisError, ArrayFrames, Movie
from cinedot.micrographs import MovieMeasurement, measure_movie
from cinedot.micrographs.movie_poses import ModelRange, MoviePoses, measure_poses, quaternion
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
    assert poses.tumbles == ()


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
