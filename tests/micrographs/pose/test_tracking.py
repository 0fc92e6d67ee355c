"""From frame to frame: steady poses, tumbles, and frames with no pose to give."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from cinedot.micrographs.pose import (
    FramePose,
    NoiseSpectrum,
    PosePrior,
    PoseStart,
    fit_poses,
    follow,
    misorientation_deg,
    tumbles,
)
from cinedot.micrographs.pose.bounds import film_noise
from cinedot.micrographs.pose.search import patch_whitening
from cinedot.micrographs.pose.whitening import radial_frequency
from cinedot.microscope import AmorphousCarbon

CUBE = (2, 2, 2)
PRIOR = PosePrior(defocus_nm=6.0)


# Thirty times the dose of the movies' frames. At theirs the second-best views of a dot of 8 Pb
# trail by 25 to 75 in log-evidence, which adds a fifth to the residual: within what `follow` lets
# pass, so that one tumble in 24 went unnoticed. At this dose such a view makes the residual seven
# times as large.
BRIGHT = 30 * 4.9e5


@pytest.fixture
def start(candidate, rng, patch_of):
    """A pose, the fit that begins there, and an image of it. Searches are tested elsewhere."""
    rotation = Rotation.random(random_state=rng).as_matrix()
    image = candidate.views.images(rotation[None], np.zeros((1, 2)), np.array([6.0]))[0]
    patch = patch_of(image, rng, dose=BRIGHT)
    begin = PoseStart(rotation=rotation, x_nm=0.0, y_nm=0.0, defocus_nm=6.0)
    whiten = patch_whitening(patch, candidate.views)
    (fit,) = fit_poses(patch.contrast, candidate.views, [begin], whiten, prior=PRIOR)
    assert misorientation_deg(fit.rotation, rotation, CUBE) < 2.0
    return rotation, fit, image


def followed(patches, candidate, fit, places=None):
    count = len(patches)
    at = np.zeros((count, 2)) if places is None else places
    return follow(
        range(count), at, lambda frame, *_: patches[frame], candidate, begin=fit, prior=PRIOR
    )


def test_a_rocking_dot_is_followed(candidate, rng, patch_of, start):
    rotation, fit, _ = start
    # At most 2.4 degrees from frame to frame: what three steps of Gauss-Newton go.
    ways = rng.normal(size=(6, 3))
    ways *= rng.uniform(0, 1.2, (6, 1)) / np.linalg.norm(ways, axis=1)[:, None]
    rotations = np.array([Rotation.from_rotvec(np.radians(way)).as_matrix() for way in ways])
    rotations = rotations @ rotation
    places = rng.normal(0, 0.01, (6, 2))
    images = candidate.views.images(rotations, places, np.full(6, 6.0))
    poses = followed([patch_of(image, rng) for image in images], candidate, fit)
    assert [pose.frame for pose in poses] == list(range(6))
    for pose, truth, place in zip(poses, rotations, places, strict=True):
        assert pose.status == "ok"
        # Eight of the stated sigmas, and three numbers in each: in 624 frames 3.8 was the largest.
        off = float(misorientation_deg(pose.fit.rotation, truth, CUBE))
        assert off < 8 * np.sqrt(3) * pose.fit.sigma_turn_deg
        assert np.hypot(pose.x_nm - place[0], pose.y_nm - place[1]) < 9 * pose.fit.sigma_xy_nm
        # The branch nearest to the one before: no jump by a symmetry.
        turned = Rotation.from_matrix(pose.fit.rotation @ fit.rotation.T).magnitude()
        assert np.degrees(turned) < 15
    # Residuals are chi-squares of some 440 numbers, 7 % each: one in 300 is a 1.3 times worse than
    # that of the beginning by chance, and calls for a search. 1 in 100 is allowed.
    assert sum(pose.searched for pose in poses) <= stats.binom.isf(1e-6, len(poses), 0.01)
    assert tumbles(poses, CUBE) == []


def test_tumbles_are_found(candidate, rng, patch_of, start):
    """10 to 30 degrees between two frames, as the issue asks; three frames in each pose."""
    count, (rotation, fit, _) = 8, start
    rotations = [rotation]
    for angle in np.radians(rng.uniform(10, 30, count)):
        axis = rng.normal(size=3)
        turn = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()
        rotations.append(turn @ rotations[-1])
    views = len(rotations)
    images = candidate.views.images(np.array(rotations), np.zeros((views, 2)), np.full(views, 6.0))
    patches = [patch_of(images[frame // 3], rng, dose=BRIGHT) for frame in range(3 * views)]
    poses = followed(patches, candidate, fit)
    right = [
        pose.status == "ok"
        and bool(misorientation_deg(pose.fit.rotation, rotations[pose.frame // 3], CUBE) < 1.5)
        for pose in poses
    ]
    print("right", right)
    # In the pose that it begins in it needs no search.
    assert all(right[:3])
    found = dict(tumbles(poses, CUBE))
    hits = 0
    for frame in range(3, 3 * views, 3):
        expected = float(misorientation_deg(rotations[frame // 3 - 1], rotations[frame // 3], CUBE))
        hits += all(right[frame - 1 : frame + 1]) and abs(found.get(frame, 0.0) - expected) < 2.0
    # 50 of 50 searches found the pose; a tumble needs two of them, each right in 95 % at least.
    assert hits >= stats.binom.ppf(1e-6, count, 0.95**2)
    # Where all poses are right, nothing else is a tumble.
    assert not all(right) or sorted(found) == list(range(3, 3 * views, 3))


def test_an_empty_frame_gets_no_pose_and_the_next_is_found_again(candidate, rng, patch_of, start):
    rotation, fit, image = start
    empty = np.ones_like(image)
    patches = [patch_of(one, rng, dose=BRIGHT) for one in (image, empty, empty, image)]
    poses = followed(patches, candidate, fit)
    assert [pose.status for pose in poses] == ["ok", "absent", "absent", "ok"]
    for pose in poses[1:3]:
        assert pose.fit is None
        assert np.isnan([pose.x_nm, pose.y_nm]).all()
    assert misorientation_deg(poses[3].fit.rotation, rotation, CUBE) < 1.5


def test_a_place_that_was_not_seen_is_absent(candidate, rng, patch_of, start):
    _, fit, image = start
    poses = followed([patch_of(image, rng)], candidate, fit, np.full((1, 2), np.nan))
    assert poses[0].status == "absent"
    assert poses[0].fit is None


@pytest.mark.parametrize("thickness_nm", [1.0, 3.0])
def test_bare_carbon_gets_no_pose(candidate, rng, patch_of, start, thickness_nm):
    """Its speckle is as strong as a small dot's contrast; its noise is known."""
    _, fit, image = start
    camera = candidate.views.camera
    structure = film_noise(
        AmorphousCarbon(thickness_nm=thickness_nm), camera, top_nm=1.0, defocus_nm=6.0, rng=rng
    )
    side = image.shape[0]
    electrons = 1 / patch_of(image, rng).regions[0][1].power[0]
    known = NoiseSpectrum(
        frequency=structure.frequency, power=structure.power + 1 / electrons, tiles=0
    )
    patches = []
    for _ in range(6):
        shaped = np.fft.rfft2(rng.normal(size=(side, side)))
        shaped *= np.sqrt(structure.at(radial_frequency(side)))
        patch = patch_of(1 + np.fft.irfft2(shaped, s=(side, side)), rng)
        share = patch.regions[0][0]
        patches.append(replace(patch, regions=((share, known),)))
    poses = followed(patches, candidate, fit)
    print([pose.status for pose in poses])
    assert all(pose.status not in ("ok", "ambiguous") for pose in poses)
    assert all(pose.fit is None for pose in poses)


def test_a_dot_far_out_of_focus_gets_no_pose(candidate, rng, patch_of, start):
    rotation, fit, image = start
    far = candidate.views.images(rotation[None], np.zeros((1, 2)), np.array([80.0]))[0]
    poses = followed([patch_of(one, rng, dose=BRIGHT) for one in (image, far)], candidate, fit)
    print([pose.status for pose in poses])
    assert poses[0].status == "ok"
    assert poses[1].status not in ("ok", "ambiguous")


def test_two_dots_over_one_another_make_no_false_pose(candidate, rng, patch_of, start):
    """Either it says so, or the pose is the true one of one of the two."""
    rotation, fit, image = start
    second = Rotation.random(random_state=rng).as_matrix()
    over = candidate.views.images(second[None], np.array([[0.5, 0.3]]), np.array([6.0]))[0]
    both = 1 + (image - 1) + (over - 1)
    poses = followed([patch_of(one, rng, dose=BRIGHT) for one in (image, both)], candidate, fit)
    print([pose.status for pose in poses])
    if poses[1].status == "ok":
        off = min(
            float(misorientation_deg(poses[1].fit.rotation, one, CUBE))
            for one in (rotation, second)
        )
        assert off < 2.0


def test_tumbles_are_steps_beyond_the_usual_rocking(start):
    """Steps of 1 degree with one of 20; only neighbouring frames with a pose are compared."""
    _, fit, _ = start
    angles = [0.0, 1.0, 0.0, 1.0, 21.0, 20.0, 21.0]
    poses = [
        FramePose(
            frame=frame,
            status="ok",
            fit=replace(
                fit,
                rotation=Rotation.from_euler("z", angle, degrees=True).as_matrix() @ fit.rotation,
            ),
            x_nm=0.0,
            y_nm=0.0,
        )
        for frame, angle in enumerate(angles)
    ]
    nan = float("nan")
    poses[1] = FramePose(frame=1, status="absent", fit=None, x_nm=nan, y_nm=nan)
    found = tumbles(poses, CUBE)
    assert [frame for frame, _ in found] == [4]
    assert found[0][1] == pytest.approx(20.0, abs=1e-3)
    # One step alone can be a tumble; one over a gap is none.
    assert [frame for frame, _ in tumbles(poses[3:5], CUBE)] == [4]
    assert tumbles([poses[2], poses[4]], CUBE) == []
    assert tumbles([], CUBE) == []
