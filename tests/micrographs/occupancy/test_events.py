"""Steps in time: found where they are, false ones as rare as stated, hops from pairs."""

import numpy as np
import pytest
from scipy import stats

from cinedot.micrographs.occupancy.events import (
    FrameEvidence,
    corrected,
    events_of,
    find_steps,
    least_deviations,
)
from cinedot.particle import Cuboid, host_named, lattice_sites

RARE = 1e-6
GROUPS, FRAMES, WEIGHT = 60, 40, 36.0


def fresh() -> np.random.Generator:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


def evidence(rng, steps=(), frames=FRAMES, groups=GROUPS, overlap=0.3):
    """Frames that see neighbouring groups together; sigma of one group in a frame 1/6."""
    normal = WEIGHT * (np.eye(groups) + overlap * (np.eye(groups, k=1) + np.eye(groups, k=-1)))
    root = np.linalg.cholesky(normal)
    truth = np.zeros((frames, groups))
    for group, row, size in steps:
        truth[row:, group] += size
    noise = rng.normal(size=(frames, groups)) @ root.T
    return FrameEvidence(
        frame=np.arange(10, 10 + frames),
        right=(truth @ normal + noise).astype(np.float32),
        normal=np.repeat(normal[None], frames, axis=0).astype(np.float32),
    )


def test_steps_are_found_where_they_are():
    rng = fresh()
    late, trials = 0, 40
    for _ in range(trials):
        first, second = rng.choice(np.arange(0, GROUPS, 2), 2, replace=False).tolist()
        planted = [(first, int(rng.integers(4, 36)), -1.0), (second, int(rng.integers(4, 36)), 1.0)]
        found = find_steps(evidence(rng, planted))
        by_group = {step.group: step for step in found}
        for group, row, size in planted:
            # Six sigma a frame, four frames at least on either side.
            assert group in by_group
            late += abs(by_group[group].row - row) > 1
            assert by_group[group].size == pytest.approx(size, abs=0.75)
    # Two frames late needs two draws beyond 3 sigma / root 2 in a row: once in thousands.
    assert late <= stats.binom.isf(RARE, 2 * trials, 0.005)


def test_noise_alone_has_no_steps():
    rng = fresh()
    trials = 60
    false = sum(len(find_steps(evidence(rng), frames=1000)) > 0 for _ in range(trials))
    # A tenth of a false step in 1,000 frames of 60 groups; 40 frames have at most as many.
    assert false <= stats.binom.isf(RARE, trials, 0.1)


def test_frames_that_scatter_more_than_stated_are_no_steps():
    rng = fresh()
    wide = evidence(rng)
    scattered = FrameEvidence(frame=wide.frame, right=2.0 * wide.right, normal=wide.normal)
    # A group's own scatter is known to a fifth, so that one in fifty films has a step too many;
    # taken as stated, dozens are found.
    assert len(find_steps(scattered)) <= 3


def test_a_site_that_is_left_and_taken_again_has_two_steps():
    rng = fresh()
    found = find_steps(evidence(rng, [(20, 12, -1.0), (20, 26, 1.0)]))
    rows = sorted(step.row for step in found if step.group == 20)
    assert len(rows) == 2
    assert rows == pytest.approx([12, 26], abs=1.5)


def test_a_loss_beside_a_gain_is_a_hop():
    rng = fresh()
    sites = lattice_sites(Cuboid.cube(4, host_named("CsPbBr3")))
    terminal = np.flatnonzero(sites.kind == "terminal")
    apart = np.linalg.norm(sites.abc[terminal] - sites.abc[terminal[0]], axis=1)
    near, far = int(np.argsort(apart)[1]), int(apart.argmax())
    groups = len(terminal)
    made = evidence(rng, [(0, 15, -1.0), (near, 15, 1.0)], groups=groups, overlap=0.0)
    events = events_of(find_steps(made), made, terminal, sites)
    hop = [one for one in events if one.kind == "hop"]
    assert len(hop) == 1
    assert (hop[0].site, hop[0].reached) == (terminal[0], terminal[near])
    assert hop[0].frame == pytest.approx(25, abs=1)
    made = evidence(rng, [(0, 15, -1.0), (far, 15, 1.0)], groups=groups, overlap=0.0)
    kinds = {one.kind for one in events_of(find_steps(made), made, terminal, sites)}
    assert kinds == {"loss", "gain"}


def test_one_frame_has_no_steps():
    assert find_steps(evidence(fresh(), frames=1)) == []


def test_corrections_are_those_of_the_normal_law():
    assert corrected(3.0, 200, 1000) == 0.0
    once = corrected(8.0, 1, 1)
    assert once == pytest.approx(8.0, abs=1e-6)
    assert corrected(8.0, 200, 60) < once
    assert corrected(60.0, 200, 60) == pytest.approx(60.0, abs=0.2)
    assert least_deviations(200, 10_000) > least_deviations(200, 1000)
