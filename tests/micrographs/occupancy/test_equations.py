"""Elimination and the common ground against the whole covariance, written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.micrographs.occupancy.equations import CONTRAST_SIGMA, POSE, FrameColumns, _Sums

OWN, REST, NUMBERS = POSE + 2, 5, 40


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 4),
    ratio=st.floats(0.0, 50.0),
    seed=st.integers(0, 2**31),
)
def test_a_group_is_one_large_least_squares(frames, ratio, seed):
    """Against (1 + steady 11^T)^-1 over all frames' numbers, with every own unknown a column."""
    rng = np.random.default_rng(seed)
    columns = [
        FrameColumns(
            own=rng.normal(size=(OWN, NUMBERS)).astype(np.float32),
            rest=rng.normal(size=(REST, NUMBERS)).astype(np.float32),
            left=rng.normal(size=NUMBERS).astype(np.float32),
            contrast=0.9,
        )
        for _ in range(frames)
    ]
    steady = ratio * rng.random(NUMBERS)
    sums = _Sums()
    for one in columns:
        sums.add(one)
    known = (frames * steady / (1 + frames * steady)).astype(np.float32)
    found = sums.eliminated(known, float(frames * NUMBERS))

    design = np.zeros((frames * OWN + REST, frames * NUMBERS))
    for index, one in enumerate(columns):
        here = slice(index * NUMBERS, (index + 1) * NUMBERS)
        design[index * OWN : (index + 1) * OWN, here] = one.own
        design[frames * OWN :, here] = one.rest
    covariance = np.eye(frames * NUMBERS)
    for row in range(frames):
        for column in range(frames):
            index = np.arange(NUMBERS)
            covariance[row * NUMBERS + index, column * NUMBERS + index] += steady
    inverse = np.linalg.inv(covariance)
    left = np.concatenate([one.left for one in columns])
    normal = design @ inverse @ design.T
    right = design @ inverse @ left
    for index in range(frames):
        at = index * OWN + POSE
        normal[at, at] += CONTRAST_SIGMA**-2
        right[at] += 0.1 * CONTRAST_SIGMA**-2
    own = slice(0, frames * OWN)
    rest = slice(frames * OWN, None)
    per = np.linalg.solve(normal[own, own], normal[own, rest])
    step = np.linalg.solve(normal[own, own], right[own])
    # Products of single precision over tens of numbers; the own part is as ill-conditioned as
    # eight random columns of forty numbers are.
    near = {"rel": 2e-3, "abs": 2e-2}
    assert found.normal == pytest.approx(normal[rest, rest] - normal[rest, own] @ per, **near)
    assert found.right == pytest.approx(right[rest] - normal[rest, own] @ step, **near)
    assert found.chi_square == pytest.approx(float(left @ inverse @ left), rel=1e-3, abs=1e-2)
    moved = rng.normal(size=REST)
    whole = step - per @ moved
    assert found.own(moved).reshape(-1) == pytest.approx(whole, rel=5e-3, abs=5e-3)
