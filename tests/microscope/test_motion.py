"""Rocking, tumbles, diffusion and libration by their laws; drift by its kinematics; stretches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from scipy.stats import chi2, kstest, norm, poisson

from cinedot.core import InputError
from cinedot.microscope import Motion, Poses, quaternions
from cinedot.microscope.motion import (
    begin_motion,
    next_stretch,
    stretches,
)
from cinedot.microscope.turning import (
    balanced_turns,
    diffusion_steps,
    diffusion_turns,
    libration_tensors_angstrom2,
    ornstein_uhlenbeck,
)

# One limit in ten million on either side: the few of a test make less than one in a million.
RARE = [5e-8, 1 - 5e-8]
STILL = {"rocking_deg": 0.0, "drift_nm_per_s": 0.0}
EVERYTHING = Motion(
    tumbles_per_s=2.0,
    diffusion_per_s=0.3,
    libration_deg=0.5,
    wander_nm_per_root_s=0.1,
    sway_nm=0.05,
    pivot_nm=(0.8, -0.2, 1.2),
)


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def begun(motion, frames, rng, start=None, frame_s=0.02, centre=(0.0, 0.0, 0.0)):
    return begin_motion(
        motion,
        start=start or Rotation.identity(),
        centre_nm=np.array(centre),
        frames=frames,
        frame_s=frame_s,
        rng=rng,
    )


@pytest.mark.parametrize("lag_s", [0.01, 0.06, 0.2])
def test_rocking_spreads_and_forgets_as_ornstein_and_uhlenbeck_say(lag_s):
    """Variance 1, increments 2 (1 - e^-t/T); pairs 30 T apart are independent (e^-30)."""
    pairs, rng = 4000, fresh()
    gaps = np.tile([1.8, lag_s], pairs)
    path = ornstein_uhlenbeck(rng.normal(size=3), gaps, 0.06, rng.normal(size=(2 * pairs, 3)))
    path = path.reshape(pairs, 2, 3)
    low, high = chi2.ppf(RARE, pairs * 3)
    assert low < (path[:, 1] ** 2).sum() < high
    steps = ((path[:, 1] - path[:, 0]) ** 2).sum() / (2 * (1 - np.exp(-lag_s / 0.06)))
    assert low < steps < high


def test_filmed_orientations_rock_with_their_spread():
    """Frames of 2 s with a memory of 60 ms: each sub-frame stands by itself."""
    motion = Motion(rocking_deg=1.3, rocking_s=0.06, drift_nm_per_s=0.0)
    stretch, _ = next_stretch(begun(motion, 800, fresh(), frame_s=4.0), 800)
    angles = np.degrees(Rotation.from_matrix(stretch.poses.rotation).as_rotvec())
    low, high = chi2.ppf(RARE, angles.size)
    assert low < (angles**2).sum() / 1.3**2 < high


@pytest.mark.parametrize("subframes", [4, 5])
@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6), seed=st.integers(0, 2**32))
def test_a_trajectory_is_the_same_in_any_stretches(subframes, sizes, seed):
    from dataclasses import replace

    motion = replace(EVERYTHING, subframes=subframes)
    frames = sum(sizes)
    whole, _ = next_stretch(begun(motion, frames, np.random.default_rng(seed)), frames)
    state = begun(motion, frames, np.random.default_rng(seed))
    parts = []
    for size in sizes:
        again, _ = next_stretch(state, size)
        part, state = next_stretch(state, size)
        # A state may be used twice: nothing draws from it in place.
        np.testing.assert_array_equal(again.poses.rotation, part.poses.rotation)
        parts.append(part)
    for name in ("poses", "middle"):
        for what in ("rotation", "shift_nm"):
            joined = np.concatenate([getattr(getattr(part, name), what) for part in parts])
            np.testing.assert_array_equal(joined, getattr(getattr(whole, name), what))
    assert tuple(one for part in parts for one in part.tumbles) == whole.tumbles


def test_ten_thousand_frames_come_in_stretches_of_one_size():
    made = [
        (part.first_frame, len(part.middle), len(part.poses))
        for part in stretches(begun(Motion(subframes=1), 10_000, fresh()), 64)
    ]
    assert len(made) == 157
    assert made[1] == (64, 64, 64)
    assert sum(count for _, count, _ in made) == 10_000


def test_tumbles_in_27_seconds_are_poisson_of_three():
    """200 movies at once: the sum of Poisson counts is Poisson."""
    motion, rng = Motion(tumbles_per_s=3 / 27, subframes=1, **STILL), fresh()
    counts = [
        len(next_stretch(begun(motion, 27, rng, frame_s=1.0), 27)[0].tumbles) for _ in range(200)
    ]
    # The last moment is half a frame before the end.
    low, high = poisson.ppf(RARE, 200 * 3 / 27 * 26.5)
    assert low <= sum(counts) <= high
    spread = ((np.array(counts) - np.mean(counts)) ** 2).sum() / np.mean(counts)
    low, high = chi2.ppf(RARE, 199)
    # Fisher's dispersion index of Poisson counts of mean 3 is chi-square to a few percent.
    assert 0.9 * low < spread < 1.1 * high


def test_tumbles_wait_exponentially_and_turn_uniformly():
    motion = Motion(tumbles_per_s=5.0, subframes=1, **STILL)
    stretch, _ = next_stretch(begun(motion, 20_000, fresh(), frame_s=0.02), 20_000)
    tumbles = [tumble for _, tumble in stretch.tumbles]
    waits = np.diff([0.0, *(tumble.time_s for tumble in tumbles)])
    assert kstest(waits * 5.0, "expon").pvalue > 1e-7
    angles = [tumble.angle_deg for tumble in tumbles]
    assert kstest((np.array(angles) - 20) / 70, "uniform").pvalue > 1e-7
    up = np.array([tumble.axis[2] for tumble in tumbles])
    assert kstest((up + 1) / 2, "uniform").pvalue > 1e-7  # Archimedes: z is uniform on a sphere


def test_a_tumble_turns_the_dot_about_its_anchor_and_counts_from_its_frame():
    motion = Motion(tumbles_per_s=4.0, pivot_nm=(0.5, 0.0, 1.2), **STILL)
    start = Rotation.random(rng=np.random.default_rng(1))
    stretch, _ = next_stretch(begun(motion, 100, fresh(), start, centre=(3.0, 4.0, 0.0)), 100)
    expected = start
    pending = list(stretch.tumbles)
    anchor = np.array([3.0, 4.0, 0.0]) + start.apply([0.5, 0.0, 1.2])
    for frame in range(100):
        while pending and pending[0][0] <= frame:
            expected = pending.pop(0)[1].rotation * expected
        shown = Rotation.from_matrix(stretch.middle.rotation[frame])
        assert (shown * expected.inv()).magnitude() < 1e-6  # the rounding of arccos near 1
        place = stretch.middle.shift_nm[frame] + shown.apply([0.5, 0.0, 1.2])
        np.testing.assert_allclose(place, anchor, atol=1e-9)
    np.testing.assert_array_equal(stretch.strayed_nm, np.zeros((500, 3)))


@pytest.mark.parametrize(("per_s", "after_s"), [(0.5, 0.4), (2.0, 0.25), (20.0, 0.02)])
def test_free_diffusion_forgets_a_direction_as_debye_says(per_s, after_s):
    """<cos theta> = exp(-2 D t), var from <cos^2> = (1 + 2 exp(-6 D t)) / 3."""
    dots, steps = 20_000, 5
    gaps = np.full(dots, after_s / steps)
    rng, turned = fresh(), Rotation.identity(dots)
    for _ in range(steps):
        normals = rng.normal(size=(dots, diffusion_steps(per_s, after_s / steps), 3))
        turned = diffusion_turns(per_s, gaps, normals) * turned
    cosine = turned.as_matrix()[:, 2, 2].mean()
    kept = np.exp(-2 * per_s * after_s)
    spread = np.sqrt(((1 + 2 * kept**3) / 3 - kept**2) / dots)
    # Small turns leave a thousandth of the exponent (module's constant / 12).
    assert abs(cosine - kept) < norm.isf(5e-8) * spread + 1e-3 * kept * 2 * per_s * after_s


def test_a_diffusing_dot_s_trajectory_obeys_the_same_law():
    motion, rng = Motion(diffusion_per_s=0.8, subframes=1, **STILL), fresh()
    stretch, _ = next_stretch(begun(motion, 6000, rng, frame_s=0.02), 6000)
    way = stretch.middle.rotation.reshape(-1, 20, 3, 3)
    # Stretches of 19 steps that share none: each is a fresh diffusion over 0.38 s.
    turn = np.einsum("pij,pkj->pik", way[:, -1], way[:, 0])
    kept = np.exp(-2 * 0.8 * 0.38)
    diagonal = np.einsum("pii->pi", turn)
    # The three axes of one turn are positively correlated: count turns, not axes.
    spread = np.sqrt(((1 + 2 * kept**3) / 3 - kept**2) / len(turn))
    assert abs(diagonal.mean() - kept) < norm.isf(5e-8) * spread + 1e-3


@given(moments=st.integers(4, 9), sigma=st.floats(1e-3, 0.1), seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_every_frame_holds_the_whole_libration(moments, sigma, seed):
    turns = balanced_turns(sigma, np.random.default_rng(seed).normal(size=(3, moments, 3)))
    np.testing.assert_allclose(turns.mean(axis=1), 0.0, atol=1e-12)
    spread = np.einsum("fmi,fmj->fij", turns, turns) / moments
    np.testing.assert_allclose(spread, np.tile(sigma**2 * np.eye(3), (3, 1, 1)), atol=1e-12)


def test_libration_s_tensors_are_the_spread_of_librating_atoms():
    """By drawing: 40,000 turns of 1 degree; an element's relative error is below sqrt(2 / N)."""
    atoms = np.array([[11.7, 11.7, 11.7], [0.0, 0.0, 11.7], [3.0, -5.0, 1.0]])
    pivot = np.array([0.0, 0.0, 11.7])
    found = libration_tensors_angstrom2(atoms, libration_deg=1.0, pivot_angstrom=pivot)
    turns = Rotation.from_rotvec(np.radians(1.0) * fresh().normal(size=(40_000, 3)))
    for atom, u in zip(atoms, found, strict=True):
        ways = turns.apply(atom - pivot) - (atom - pivot)
        scale = np.trace(u)
        seen = ways.T @ ways / len(ways)
        np.testing.assert_allclose(seen, u, atol=5.5 * np.sqrt(2 / 40_000) * scale + 1e-12)


def test_libration_leaves_the_truth_alone_and_blurs_the_film():
    quiet, loud = (Motion(libration_deg=deg, drift_nm_per_s=0.0) for deg in (0.0, 1.0))
    one, two = (
        next_stretch(begun(motion, 20, np.random.default_rng(4)), 20)[0] for motion in (quiet, loud)
    )
    np.testing.assert_array_equal(one.middle.rotation, two.middle.rotation)
    assert np.abs(one.poses.rotation - two.poses.rotation).max() > 0.005


def test_a_dot_at_rest_stays():
    still = Motion(subframes=2, **STILL)
    start = Rotation.from_euler("xyz", [10.0, 20.0, 30.0], degrees=True)
    centre = np.array([1.0, 2.0, 3.0])
    state = begun(still, 5, np.random.default_rng(0), start=start, centre=centre)
    poses = next_stretch(state, 5)[0].poses
    np.testing.assert_allclose(
        poses.rotation, np.repeat(start.as_matrix()[None], 10, 0), atol=1e-12
    )
    np.testing.assert_array_equal(poses.shift_nm, np.repeat(centre[None], 10, 0))


def test_drift_has_its_speed_and_the_centre_its_place():
    motion = Motion(drift_nm_per_s=0.5, defocus_drift_nm_per_s=-2.0, subframes=4)
    state = begun(motion, 10, np.random.default_rng(2), frame_s=0.1, centre=(5.0, 4.0, 0.0))
    poses = next_stretch(state, 10)[0].poses
    np.testing.assert_allclose(poses.shift_nm.mean(axis=0), [5.0, 4.0, 0.0], atol=1e-12)
    way = poses.shift_nm[-1] - poses.shift_nm[0]
    span = 1.0 - 0.1 / 4
    assert np.hypot(*way[:2]) == pytest.approx(0.5 * span)
    assert way[2] == pytest.approx(-2.0 * span)


def test_what_is_tied_to_the_anchor_strays_with_it():
    """The pivot's place in each pose, less its mean place."""
    stretch, _ = next_stretch(begun(EVERYTHING, 30, fresh(), centre=(2.0, 3.0, 0.0)), 30)
    pivot = np.array(EVERYTHING.pivot_nm)
    anchor = stretch.poses.shift_nm + stretch.poses.rotation @ pivot
    np.testing.assert_allclose(stretch.strayed_nm, anchor - pivot - [2.0, 3.0, 0.0], atol=1e-9)


def test_wandering_grows_with_time_and_sway_does_not():
    """Independent steps of a walk: chi-square; sway far apart: chi-square."""
    walk = Motion(rocking_deg=0.0, drift_nm_per_s=0.0, wander_nm_per_root_s=0.3, subframes=5)
    stretch, _ = next_stretch(begun(walk, 1000, fresh(), frame_s=0.5), 1000)
    steps = np.diff(stretch.poses.shift_nm[:, :2], axis=0)
    low, high = chi2.ppf(RARE, steps.size)
    assert low < (steps**2).sum() / (0.3**2 * 0.1) < high
    sway = Motion(rocking_deg=0.0, drift_nm_per_s=0.0, sway_nm=0.2, sway_s=0.01, subframes=1)
    stretch, _ = next_stretch(begun(sway, 1000, fresh(), frame_s=0.5), 1000)
    low, high = chi2.ppf(RARE, 2000)
    assert low < (stretch.poses.shift_nm[:, :2] ** 2).sum() / 0.2**2 < high


def test_quaternions_have_their_scalar_first_and_not_negative():
    turns = Rotation.random(50, rng=np.random.default_rng(3))
    found = quaternions(turns)
    assert np.all(found[:, 0] >= 0)
    again = Rotation.from_quat(found[:, [1, 2, 3, 0]])
    assert np.max((again * turns.inv()).magnitude()) < 1e-7  # the rounding of arccos near 1


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"rocking_s": 0.0}, "rocking_s"),
        ({"subframes": 0}, "subframes"),
        ({"libration_deg": 1.0, "subframes": 3}, "hold a libration"),
        ({"tumble_deg": (90.0, 20.0)}, "tumble_deg"),
        ({"tumbles_per_s": float("nan")}, "tumbles_per_s"),
        ({"pivot_nm": (0.0, float("inf"), 0.0)}, "pivot_nm"),
        ({"sway_nm": -1.0}, "sway_nm"),
    ],
)
def test_bad_motion_is_refused(wrong, named):
    with pytest.raises(InputError, match=named):
        Motion(**wrong)


def test_bad_poses_and_a_trajectory_at_its_end_are_refused():
    with pytest.raises(InputError, match="one row a pose"):
        Poses(rotation=np.eye(3)[None], shift_nm=np.zeros((2, 3)))
    with pytest.raises(InputError, match="mirrored"):
        Poses(rotation=np.diag([1.0, 1.0, -1.0])[None], shift_nm=np.zeros((1, 3)))
    _, ended = next_stretch(begun(Motion(), 2, np.random.default_rng(0)), 5)
    with pytest.raises(InputError, match="2 of 2"):
        next_stretch(ended, 1)
