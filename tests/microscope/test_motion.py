"""Rocking by the law of its process, drift by its kinematics, frames by their means."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import chi2

from cinedot.core import InputError
from cinedot.microscope import Motion, Poses, quaternions
from cinedot.microscope.motion import mean_poses, moving_poses, rocking_angles

MILLIONTH = [5e-7, 1 - 5e-7]


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


@pytest.mark.parametrize("lag_s", [0.01, 0.06, 0.2])
def test_rocking_spreads_and_forgets_as_ornstein_and_uhlenbeck_say(lag_s):
    """Variance s^2, increments 2 s^2 (1 - e^-t/T); pairs 30 T apart are independent."""
    motion = Motion(rocking_deg=1.3, rocking_s=0.06)
    pairs = 4000
    times = (np.arange(pairs)[:, None] * 2.0 + np.array([0.0, lag_s])).ravel()
    angles = np.degrees(rocking_angles(motion, times, fresh())).reshape(pairs, 2, 3)
    numbers = pairs * 3
    spread = (angles[:, 1] ** 2).sum() / 1.3**2
    low, high = chi2.ppf(MILLIONTH, numbers)
    assert low < spread < high
    steps = ((angles[:, 1] - angles[:, 0]) ** 2).sum()
    steps /= 2 * 1.3**2 * (1 - np.exp(-lag_s / 0.06))
    assert low < steps < high


def test_a_dot_at_rest_stays():
    still = Motion(rocking_deg=0.0, drift_nm_per_s=0.0, subframes=2)
    start = Rotation.from_euler("xyz", [10.0, 20.0, 30.0], degrees=True)
    centre = np.array([1.0, 2.0, 3.0])
    poses = moving_poses(
        still, start=start, centre_nm=centre, frames=5, frame_s=0.02, rng=np.random.default_rng(0)
    )
    np.testing.assert_allclose(
        poses.rotation, np.repeat(start.as_matrix()[None], 10, 0), atol=1e-12
    )
    np.testing.assert_array_equal(poses.shift_nm, np.repeat(centre[None], 10, 0))


def test_drift_has_its_speed_and_the_centre_its_place():
    motion = Motion(drift_nm_per_s=0.5, defocus_drift_nm_per_s=-2.0, subframes=4)
    poses = moving_poses(
        motion,
        start=Rotation.identity(),
        centre_nm=np.array([5.0, 4.0, 0.0]),
        frames=10,
        frame_s=0.1,
        rng=np.random.default_rng(2),
    )
    np.testing.assert_allclose(poses.shift_nm.mean(axis=0), [5.0, 4.0, 0.0], atol=1e-12)
    way = poses.shift_nm[-1] - poses.shift_nm[0]
    span = 1.0 - 0.1 / 4
    assert np.hypot(*way[:2]) == pytest.approx(0.5 * span)
    assert way[2] == pytest.approx(-2.0 * span)


def test_a_frame_s_pose_is_the_mean_of_its_moments():
    angles = np.array([-2.0, 0.0, 2.0, 9.0, 10.0, 11.0])
    turns = Rotation.from_euler("z", angles[:, None], degrees=True)
    shifts = np.arange(18.0).reshape(6, 3)
    rotations, places = mean_poses(Poses.of(turns, shifts), 3)
    found = rotations.as_euler("xyz", degrees=True)[:, 2]
    np.testing.assert_allclose(found, [0.0, 10.0], atol=1e-9)
    np.testing.assert_array_equal(places, [[3.0, 4.0, 5.0], [12.0, 13.0, 14.0]])


def test_quaternions_have_their_scalar_first_and_not_negative():
    turns = Rotation.random(50, rng=np.random.default_rng(3))
    found = quaternions(turns)
    assert np.all(found[:, 0] >= 0)
    again = Rotation.from_quat(found[:, [1, 2, 3, 0]])
    assert np.max((again * turns.inv()).magnitude()) < 1e-7  # the rounding of arccos near 1


def test_bad_motion_and_bad_poses_are_refused():
    with pytest.raises(InputError, match="rocking_s"):
        Motion(rocking_s=0.0)
    with pytest.raises(InputError, match="subframes"):
        Motion(subframes=0)
    with pytest.raises(InputError, match="one row a pose"):
        Poses(rotation=np.eye(3)[None], shift_nm=np.zeros((2, 3)))
    with pytest.raises(InputError, match="mirrored"):
        Poses(rotation=np.diag([1.0, 1.0, -1.0])[None], shift_nm=np.zeros((1, 3)))
