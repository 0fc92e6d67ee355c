"""Held derivatives: what they leave out, when they are made anew, and where a fit ends."""

from dataclasses import replace

import numpy as np
from scipy import stats
from scipy.spatial.transform import Rotation

from cinedot.micrographs.pose import PosePrior, PoseStart, fit_poses
from cinedot.micrographs.pose.held_view import HeldView
from cinedot.micrographs.pose.search import patch_whitening
from cinedot.micrographs.pose.views import Views

PRIOR = PosePrior(defocus_nm=6.0)


def one(what, rotation, place, defocus=6.0):
    return what(np.asarray(rotation)[None], np.asarray(place)[None], np.array([defocus]))[0]


def turn(degrees, rng):
    way = rng.normal(size=3)
    return Rotation.from_rotvec(np.radians(degrees) * way / np.linalg.norm(way)).as_matrix()


def test_derivatives_move_with_the_particle(candidate, rng):
    """The shift theorem; what views hold beyond their pixels' frequencies, a percent or so, is
    left out."""
    views = candidate.views
    held, rotation = HeldView(views=views), Rotation.random(rng=rng).as_matrix()
    one(held.sensitivities, rotation, [0.0, 0.0])
    place = rng.uniform(-0.05, 0.05, 2)
    moved = one(held.sensitivities, rotation, place)
    anew = one(views.sensitivities, rotation, place)
    size = np.sqrt((anew**2).mean(axis=(1, 2)))
    assert (np.sqrt(((moved - anew) ** 2).mean(axis=(1, 2)))[1:] < 0.05 * size[1:]).all()


def test_the_image_is_always_that_of_the_pose(candidate, rng):
    views = candidate.views
    held, rotation = HeldView(views=views), Rotation.random(rng=rng).as_matrix()
    one(held.sensitivities, rotation, [0.0, 0.0])
    for degrees in (0.02, 0.3, 2.0):
        there = turn(degrees, rng) @ rotation
        place = rng.uniform(-0.03, 0.03, 2)
        image = one(held.sensitivities, there, place)[0]
        # The same program or another: single precision.
        assert np.allclose(image, one(views.images, there, place), atol=1e-4)


def test_the_last_view_tells_the_next(candidate, rng):
    """To second order in the turn, and to what moving leaves out."""
    views = candidate.views
    held, rotation = HeldView(views=views), Rotation.random(rng=rng).as_matrix()
    still = PoseStart(rotation=rotation, x_nm=0.0, y_nm=0.0, defocus_nm=6.0)
    assert held.told(still) is None
    one(held.sensitivities, rotation, [0.0, 0.0])
    x, y = rng.uniform(-0.03, 0.03, 2)
    for degrees in (0.05, 0.1):
        next_ = PoseStart(
            rotation=turn(degrees, rng) @ rotation, x_nm=x, y_nm=y, defocus_nm=6.0 + degrees
        )
        truth = one(views.images, next_.rotation, (x, y), next_.defocus_nm)
        assert np.sqrt(((held.told(next_)[0] - truth) ** 2).mean()) < 0.01 * truth.std()
    assert held.told(replace(next_, rotation=turn(1.0, rng) @ rotation)) is None


def test_a_fit_with_held_derivatives_ends_where_a_whole_one_does(candidate, rng, patch_of):
    """Derivatives that are off by e of themselves move six numbers by e of a sigma each: within
    0.8 degrees e is below 0.15 for this dot, so the square of the distance is below 0.15**2 times
    a chi-square of six."""
    views, rotation = candidate.views, Rotation.random(rng=rng).as_matrix()
    limit = 0.15**2 * stats.chi2.isf(1e-6 / 4, 6)
    held = HeldView(views=views)
    one(held.sensitivities, rotation, [0.0, 0.0])
    for _ in range(4):
        truth, place = turn(0.8, rng) @ rotation, rng.normal(0, 0.01, 2)
        patch = patch_of(one(views.images, truth, place), rng)
        whiten = patch_whitening(patch, views)
        start = PoseStart(rotation=rotation, x_nm=0.0, y_nm=0.0, defocus_nm=6.0)
        whole, quick = (
            fit_poses(patch.contrast, how, [start], whiten, prior=PRIOR, tolerance=1e-4)[0]
            for how in (views, held)
        )
        apart = Rotation.from_matrix(quick.rotation @ whole.rotation.T).as_rotvec()
        away = [quick.x_nm - whole.x_nm, quick.y_nm - whole.y_nm]
        step = np.array([*apart, *away, quick.defocus_nm - whole.defocus_nm])
        far = float(step @ np.linalg.solve(whole.covariance, step))
        print("square of sigmas apart", far, limit)
        assert far < limit
        sigma = [np.sqrt(np.diag(end.covariance)) for end in (quick, whole)]
        assert np.allclose(*sigma, rtol=0.3)


def test_beyond_their_reach_derivatives_are_made_anew(candidate, rng, monkeypatch):
    calls = []
    for name in ("images", "sensitivities"):
        made = getattr(Views, name)
        monkeypatch.setattr(
            Views, name, lambda *pose, made=made, name=name: calls.append(name) or made(*pose)
        )
    held, rotation = HeldView(views=candidate.views), Rotation.random(rng=rng).as_matrix()
    at = np.zeros(2)
    one(held.sensitivities, rotation, at)
    one(held.sensitivities, turn(0.01, rng) @ rotation, at)
    one(held.sensitivities, turn(0.5, rng) @ rotation, at)
    one(held.sensitivities, turn(3.0, rng) @ rotation, at)
    one(held.sensitivities, rotation, at, 12.0)
    assert calls == ["sensitivities", "images", "images", "sensitivities", "sensitivities"]
