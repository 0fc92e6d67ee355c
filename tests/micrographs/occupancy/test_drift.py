"""Steps beside what turning does: least squares, and films of a dot that only rocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.transform import Rotation

from cinedot.micrographs.occupancy.drift import OrientationDrift, orientation_drift, step_sizes
from cinedot.micrographs.occupancy.events import FrameEvidence, find_steps

RARE = 1e-6
FRAMES, GROUPS, SIGMA = 24, 50, 0.12


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**31),
    frames=st.integers(3, 12),
    features=st.integers(0, 3),
)
def test_steps_are_those_of_least_squares(seed: int, frames: int, features: int) -> None:
    """Against a solver of stacked equations, the prior as rows of its own."""
    rng = np.random.default_rng(seed)
    weight = rng.uniform(1, 40, (frames, 2))
    seen = rng.normal(size=(frames, 2))
    drift = OrientationDrift(
        features=rng.normal(size=(frames, features)), sigma=rng.uniform(0.05, 1, (2, features))
    )
    size, sigma = step_sizes(seen * weight, weight, drift)
    for group in range(2):
        for row in range(1, frames):
            step = (np.arange(frames) >= row).astype(float)
            design = np.column_stack([np.ones(frames), drift.features, step])
            root = np.sqrt(weight[:, group])
            prior = np.zeros((features, features + 2))
            prior[:, 1 : 1 + features] = np.diag(1 / drift.sigma[group])
            whole = np.concatenate([root[:, None] * design, prior])
            right = np.concatenate([root * seen[:, group], np.zeros(features)])
            expected = np.linalg.lstsq(whole, right, rcond=None)[0][-1]
            spread = np.sqrt(np.linalg.inv(whole.T @ whole)[-1, -1])
            # Rounding, worsened by the equations' condition, which stays below 1e6.
            assert size[row - 1, group] == pytest.approx(expected, rel=1e-6, abs=1e-8)
            assert sigma[row - 1, group] == pytest.approx(spread, rel=1e-6)


def test_without_drift_a_step_is_a_difference_of_means() -> None:
    rng = fresh()
    weight = rng.uniform(1, 40, (9, 3))
    seen = rng.normal(size=(9, 3))
    still = OrientationDrift(features=np.zeros((9, 0)), sigma=np.zeros((3, 0)))
    size, sigma = step_sizes(seen * weight, weight, still)
    before = np.average(seen[:4], axis=0, weights=weight[:4])
    after = np.average(seen[4:], axis=0, weights=weight[4:])
    assert size[3] == pytest.approx(after - before)
    assert sigma[3] ** 2 == pytest.approx(1 / weight[:4].sum(axis=0) + 1 / weight[4:].sum(axis=0))


def fresh() -> np.random.Generator:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


def rocking(rng: np.random.Generator, tumble_deg: float = 0.0) -> np.ndarray:
    """A dot that lies one way, then, a little at a time, another; or tumbles between."""
    away = np.cumsum(rng.normal(0, 0.35, (FRAMES, 3)), axis=0)
    away[FRAMES // 2 :, 0] += tumble_deg
    return away


def film(
    rng: np.random.Generator, wrong: np.ndarray, steps: list[tuple[int, int]]
) -> FrameEvidence:
    """What frames say of sites whose model is wrong by `wrong` [frame, group]; some are lost."""
    seen = wrong + rng.normal(0, SIGMA, (FRAMES, GROUPS))
    for group, row in steps:
        seen[row:, group] -= 1
    normal = np.repeat(np.eye(GROUPS)[None] / SIGMA**2, FRAMES, axis=0)
    return FrameEvidence(frame=np.arange(FRAMES), right=seen / SIGMA**2, normal=normal)


def test_what_changes_as_the_dot_turns_is_no_step() -> None:
    rng = fresh()
    told = plain = 0
    for _ in range(20):
        away = rocking(rng)
        turns = Rotation.from_rotvec(np.radians(away)).as_matrix()
        slopes = rng.normal(0, 0.3, (3, GROUPS))
        evidence = film(rng, away @ slopes, [])
        told += len(find_steps(evidence, rotation=turns, sigma_model=0.2))
        plain += len(find_steps(evidence))
    # At most a tenth of a false step is expected in 1,000 frames, and these are 480.
    assert told <= stats.poisson.isf(RARE, 0.1)
    assert plain > 20


def test_a_tumble_alone_takes_no_atoms() -> None:
    rng = fresh()
    told = 0
    for _ in range(20):
        away = rocking(rng, tumble_deg=25.0)
        turns = Rotation.from_rotvec(np.radians(away)).as_matrix()
        wrong = np.zeros((FRAMES, GROUPS))
        wrong[: FRAMES // 2], wrong[FRAMES // 2 :] = rng.normal(0, 0.2, (2, GROUPS))
        told += len(find_steps(film(rng, wrong, []), rotation=turns, sigma_model=0.2))
    assert told <= stats.poisson.isf(RARE, 0.1)


def test_atoms_that_leave_a_rocking_dot_are_found() -> None:
    rng = fresh()
    found, trials = 0, 40
    for _ in range(trials):
        turns = Rotation.from_rotvec(np.radians(rocking(rng))).as_matrix()
        row = int(rng.integers(5, FRAMES - 5))
        evidence = film(rng, np.zeros((FRAMES, GROUPS)), [(3, row)])
        steps = find_steps(evidence, rotation=turns, sigma_model=0.05)
        found += any(step.group == 3 and abs(step.row - row) <= 1 for step in steps)
    # Eight sigma a frame, five frames on either side: what turns take of it leaves ten.
    assert found >= stats.binom.ppf(RARE, trials, 0.97)


def test_no_poses_no_drift() -> None:
    rng = fresh()
    evidence = film(rng, np.zeros((FRAMES, GROUPS)), [])
    drift = orientation_drift(evidence.right, evidence.weight, None, 0.1)
    assert drift.features.shape == (FRAMES, 0)
