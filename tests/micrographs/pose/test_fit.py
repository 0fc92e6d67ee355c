"""Poses refined: no bias, errors as stated, and the right model ahead."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from cinedot.micrographs.pose import (
    PosePrior,
    PoseStart,
    average_dot,
    fit_poses,
    misorientation_deg,
)
from cinedot.micrographs.pose.bounds import pose_covariance
from cinedot.particle import Cuboid, host_named

HOST = host_named("CsPbBr3")
RARE = 1e-6
TRIALS = 40


def near(rotation, place, defocus, rng, turn_deg=1.5):
    """A start at about the distance that a search leaves."""
    axis = rng.normal(size=3)
    axis *= np.radians(turn_deg) / np.linalg.norm(axis)
    return PoseStart(
        rotation=Rotation.from_rotvec(axis).as_matrix() @ rotation,
        x_nm=float(place[0] + rng.uniform(-0.02, 0.02)),
        y_nm=float(place[1] + rng.uniform(-0.02, 0.02)),
        defocus_nm=float(defocus + rng.uniform(-1.5, 1.5)),
    )


def error(fit, rotation, place, defocus):
    turn = Rotation.from_matrix(fit.rotation @ rotation.T).as_rotvec()
    return np.array([*turn, fit.x_nm - place[0], fit.y_nm - place[1], fit.defocus_nm - defocus])


@pytest.fixture(scope="module")
def trials(qd2, counted, poses_of, dose):
    """Errors of so many fits, with their stated and their least possible covariances."""
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    contrast, white = counted
    rotations, places, defoci = poses_of(TRIALS, rng)
    images = qd2.images(rotations, places, defoci)
    whiten = white(qd2)
    errors, stated, bound = [], [], []
    for image, *truth in zip(images, rotations, places, defoci, strict=True):
        fit = fit_poses(contrast(qd2, image, rng), qd2, [near(*truth, rng)], whiten)[0]
        errors.append(error(fit, *truth))
        stated.append(fit.covariance)
        # The fit does not know the contrast either, which costs it two thirds of its defocus.
        (least,) = pose_covariance(qd2, truth[0][None], float(truth[2]), dose, contrast_free=True)
        bound.append(least)
    return seed, np.array(errors), np.array(stated), np.array(bound)


def test_errors_are_as_large_as_stated(trials):
    """Chi-square over all six parameters, and over each, with the limits of its own law."""
    seed, errors, stated, _ = trials
    print("seed", seed)
    whole = np.einsum("ti,tij,tj->t", errors, np.linalg.inv(stated), errors).sum()
    degrees = errors.size
    print("chi-square per number", whole / degrees)
    assert stats.chi2.ppf(RARE / 2, degrees) < whole < stats.chi2.isf(RARE / 2, degrees)
    pulls = errors / np.sqrt(np.einsum("tii->ti", stated))
    single = (pulls**2).sum(axis=0)
    print("rms pulls", np.sqrt(single / TRIALS).round(3))
    assert (single > stats.chi2.ppf(RARE / 12, TRIALS)).all()
    assert (single < stats.chi2.isf(RARE / 12, TRIALS)).all()


def test_no_parameter_is_biased(trials):
    seed, errors, stated, _ = trials
    print("seed", seed)
    pulls = errors / np.sqrt(np.einsum("tii->ti", stated))
    assert np.abs(pulls.mean(axis=0)).max() < stats.norm.isf(RARE / 12) / np.sqrt(TRIALS)


def test_errors_are_near_the_cramer_rao_bound(trials):
    """1.5 times at most; the law of chance adds what 40 trials leave open."""
    seed, errors, _, bound = trials
    print("seed", seed)
    least = np.einsum("tii->ti", bound)
    ratio = np.sqrt((errors**2 / least).mean(axis=0))
    print("rms over the bound", ratio.round(3))
    # If the truth is 1.1, 40 trials come out beyond 1.5 times chi-square's own spread at most
    # once in a million.
    assert (ratio < 1.1 * np.sqrt(stats.chi2.isf(RARE / 6, TRIALS) / TRIALS)).all()
    # Counting noise is taken for equal in all pixels, which says 20 % too much or little at most.
    assert np.sqrt(least.mean(axis=0)).min() > 0


def test_those_that_promise_most_go_on_alone(qd2, rng, counted, poses_of):
    """Of nine starts two go on; that of the true view, whatever its place among them, is one."""
    contrast, white = counted
    rotations, places, defoci = poses_of(1, rng)
    truth = (rotations[0], places[0], defoci[0])
    patch = contrast(qd2, qd2.images(rotations, places, defoci)[0], rng)
    starts = [near(*truth, rng, turn_deg=float(turn)) for turn in rng.uniform(15, 40, 8)]
    starts.insert(int(rng.integers(9)), near(*truth, rng))
    whiten = white(qd2)
    every = fit_poses(patch, qd2, starts, whiten)
    some = fit_poses(patch, qd2, starts, whiten, narrow=2)
    assert len(some) == len(every) == 9
    assert 1 <= sum(one.iterations > 1 for one in some) <= 2
    assert np.allclose(some[0].rotation, every[0].rotation, atol=1e-6)
    assert some[0].log_evidence == pytest.approx(every[0].log_evidence, abs=1e-3)


def test_the_best_start_wins_and_the_residual_is_one(qd2, rng, counted, poses_of):
    contrast, white = counted
    rotations, places, defoci = poses_of(1, rng)
    image = qd2.images(rotations, places, defoci)[0]
    truth = (rotations[0], places[0], defoci[0])
    wrong = PoseStart(
        rotation=Rotation.from_rotvec([0, 0, 0.7]).as_matrix() @ rotations[0],
        x_nm=0.0,
        y_nm=0.0,
        defocus_nm=6.0,
    )
    patch = contrast(qd2, image, rng)
    fits = fit_poses(patch, qd2, [wrong, near(*truth, rng)], white(qd2))
    assert len(fits) == 2
    assert fits[0].log_evidence >= fits[1].log_evidence
    best = fits[0]
    assert misorientation_deg(best.rotation, rotations[0], (2, 2, 2)) < 1.0
    # Reduced chi-square of as many numbers; the counting noise of an image that is darker than
    # its ground is up to 15 % less than that of the ground.
    limit = stats.norm.isf(RARE / 2) * np.sqrt(2 / best.numbers) * 1.5
    assert abs(best.residual - 1) < 0.15 + limit
    assert best.contrast == pytest.approx(1.0, abs=6 * best.sigma_contrast)
    assert len(best.ground) == 1


def test_a_prior_holds_what_the_patch_does_not_tell(qd2, rng, counted, poses_of):
    """With a hundredth of a nm for the prior's sigma, the defocus stays at its mean."""
    contrast, white = counted
    rotations, places, defoci = poses_of(1, rng)
    image = qd2.images(rotations, places, defoci)[0]
    tight = PosePrior(defocus_nm=float(defoci[0]) + 1.0, defocus_sigma_nm=1e-4)
    start = near(rotations[0], places[0], defoci[0], rng)
    fit = fit_poses(contrast(qd2, image, rng), qd2, [start], white(qd2), prior=tight)[0]
    assert fit.defocus_nm == pytest.approx(defoci[0] + 1.0, abs=0.01)
    assert fit.sigma_defocus_nm == pytest.approx(1e-4, rel=0.01)


def test_a_scaled_modulation_is_a_contrast_not_a_pose(qd2, rng, counted, poses_of):
    contrast, white = counted
    rotations, places, defoci = poses_of(1, rng)
    image = 1 + 0.7 * (qd2.images(rotations, places, defoci)[0] - 1)
    start = near(rotations[0], places[0], defoci[0], rng)
    fit = fit_poses(contrast(qd2, image, rng), qd2, [start], white(qd2))[0]
    assert fit.contrast == pytest.approx(0.7, abs=6 * fit.sigma_contrast)
    # Noise at 0.7 of the signal: six of the stated standard deviations.
    assert misorientation_deg(fit.rotation, rotations[0], (2, 2, 2)) < 6 * 1.8 * fit.sigma_turn_deg


def test_evidence_names_the_edges(qd2, rng, counted, poses_of, make_views):
    """A dot of 2 x 2 x 3 against 2 x 2 x 2, each from the same start; both ways."""
    contrast, white = counted
    longer = make_views(average_dot(Cuboid(edges=(2, 2, 3), host=HOST), "prototype"))
    side = longer.camera.side
    cut = (side - qd2.camera.side) // 2
    inner = slice(cut, cut + qd2.camera.side)
    for right in ("longer", "shorter"):
        rotations, places, defoci = poses_of(1, rng)
        start = near(rotations[0], places[0], defoci[0], rng)
        if right == "longer":
            patch = contrast(longer, longer.images(rotations, places, defoci)[0], rng)
        else:
            patch = np.zeros((side, side), dtype=np.float32)
            patch[:] = contrast(qd2, np.ones((side, side)), rng)
            image = qd2.images(rotations, places, defoci)[0]
            patch[inner, inner] = contrast(qd2, image, rng)
        # Both are compared within the smaller one's window, or they would explain other numbers.
        own = fit_poses(patch[inner, inner], qd2, [start], white(qd2))[0]
        camera = longer.camera
        from cinedot.micrographs.pose.whitening import white_noise, whitening

        noise = white_noise(1 / (2.45e7 * 0.02 * camera.pixel_nm**2))
        same = whitening(side, camera.pixel_nm, qd2.model.radius_nm, [(None, noise)])
        other = fit_poses(patch, longer, [start], same)[0]
        lead = own.log_evidence - other.log_evidence
        print(right, "lead of the shorter", lead)
        assert (lead > 50) == (right == "shorter")
        assert abs(lead) > 50


def test_evidence_names_the_compound(rng, counted, poses_of, make_views):
    """Caesium at the surface or not: compounds of one cuboid share a compiled program."""
    contrast, white = counted
    views = {
        name: make_views(average_dot(Cuboid.cube(3, HOST), name))
        for name in ("prototype", "mla-cs")
    }
    rotations, places, defoci = poses_of(1, rng)
    for right, seen in views.items():
        patch = contrast(seen, seen.images(rotations, places, defoci)[0], rng)
        start = near(rotations[0], places[0], defoci[0], rng)
        evidence = {
            name: fit_poses(patch, one, [start], white(one))[0].log_evidence
            for name, one in views.items()
        }
        print(right, evidence)
        # One frame tells them apart by thousands: science.md 8.4 (all surface Cs: SNR 140).
        assert max(evidence, key=lambda name: evidence[name]) == right
        assert abs(evidence["prototype"] - evidence["mla-cs"]) > 100
