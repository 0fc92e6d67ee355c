"""Views from all sides, and which of them a patch is."""

import numpy as np
import pytest
from scipy import stats

from cinedot.core import InputError
from cinedot.micrographs.pose import match_views, misorientation_deg, view_library
from cinedot.micrographs.pose.library import best_scores, filtered
from cinedot.micrographs.pose.orientations import about_beam
from cinedot.micrographs.pose.search import band_weight

SPACING_DEG = 6.0
EDGES = (2, 2, 2)


@pytest.fixture(scope="module")
def library(qd2):
    weight = band_weight(qd2.camera)
    return view_library(qd2, spacing_deg=SPACING_DEG, defocus_nm=[3.0, 6.0, 10.0], weight=weight)


def test_views_with_noise_are_recognised(qd2, library, rng, counted, poses_of):
    """The true view among the best eight of 24 random ones, at the movies' dose."""
    rotations, places, _ = poses_of(24, rng)
    images = qd2.images(rotations, places, np.full(24, 6.0))
    weight = band_weight(qd2.camera)
    hits = 0
    for image, rotation, place in zip(images, rotations, places, strict=True):
        patch = counted[0](qd2, image, rng)
        found = match_views(patch, library, weight=weight, count=8)
        scores = [one.score for one in found]
        assert scores == sorted(scores, reverse=True)
        near = [
            one
            for one in found
            if misorientation_deg(one.rotation, rotation, EDGES) < 1.2 * SPACING_DEG
        ]
        hits += (
            bool(near) and float(np.hypot(near[0].x_nm - place[0], near[0].y_nm - place[1])) < 0.1
        )
    print("hits", hits)
    # Of views 95 % at least are found; of 24 such then at least so many, but once in a million.
    assert hits >= stats.binom.ppf(1e-6, 24, 0.95)


def test_a_view_of_the_library_is_found_at_any_turn_about_the_beam(qd2, library, rng, counted):
    weight, trials, hits = band_weight(qd2.camera), 16, 0
    for _ in range(trials):
        own = library.rotations[rng.integers(len(library.rotations))]
        rotation = about_beam(rng.uniform(0, 360)) @ own
        image = qd2.images(rotation[None], np.zeros((1, 2)), np.array([6.0]))[0]
        found = match_views(counted[0](qd2, image, rng), library, weight=weight, count=3)
        # Turns are tried in steps of 360 degrees over the number of angles, 3 degrees at most;
        # a neighbouring direction may win by a hair.
        best = min(float(misorientation_deg(one.rotation, rotation, EDGES)) for one in found)
        hits += best < SPACING_DEG
    # All of 73 were found, 0.7 degrees off; one in twenty may be missed.
    assert hits >= stats.binom.ppf(1e-6, trials, 0.95)


def test_listed_views_are_apart_and_no_more_than_asked(qd2, library, rng, counted, poses_of):
    rotations, places, defoci = poses_of(1, rng)
    patch = counted[0](qd2, qd2.images(rotations, places, defoci)[0], rng)
    found = match_views(patch, library, weight=band_weight(qd2.camera), count=5, apart_deg=10.0)
    assert 1 <= len(found) <= 5
    for at, one in enumerate(found):
        for other in found[:at]:
            assert misorientation_deg(one.rotation, other.rotation, EDGES) >= 10.0


def test_the_defocus_that_made_a_patch_scores_best(qd2, library, rng, counted):
    weight, trials, right = band_weight(qd2.camera), 60, 0
    for trial in range(trials):
        rotation = (
            about_beam(rng.uniform(0, 360))
            @ library.rotations[rng.integers(len(library.rotations))]
        )
        defocus = library.defocus_nm[trial % 3]
        image = qd2.images(rotation[None], np.zeros((1, 2)), np.array([defocus]))[0]
        scores = best_scores(counted[0](qd2, image, rng), library, weight=weight)
        right += int(scores.argmax()) == trial % 3
    # 80 % of 347 were right, at any dose, held to 75 %; of 60 guesses 20 are.
    assert right >= stats.binom.ppf(1e-6, trials, 0.75)


def test_filters_are_products_in_fourier_space(rng):
    image = rng.normal(size=(2, 12, 12)).astype(np.float32)
    np.testing.assert_allclose(filtered(image, np.ones((12, 7))), image, atol=1e-5)
    only_mean = np.zeros((12, 7))
    only_mean[0, 0] = 1.0
    means = filtered(image, only_mean)
    np.testing.assert_allclose(means, image.mean(axis=(1, 2), keepdims=True) + 0 * image, atol=1e-5)


def test_scores_are_signals_over_noise(qd2, library, rng):
    """Noise alone scores like the largest of many unit normals, wherever it is."""
    side = qd2.camera.side
    noise = rng.normal(0, 1.0, (side, side)).astype(np.float32)
    found = match_views(noise, library, weight=band_weight(qd2.camera), count=1)
    # Half a million correlated places, turns and views: the largest normal of as many independent
    # ones is 4.7; 8 would be one in 1e15, and interpolation loses up to a third.
    assert 1.5 < found[0].score < 8.0


def test_a_library_needs_a_defocus(qd2):
    with pytest.raises(InputError, match="defocus_nm"):
        view_library(qd2, spacing_deg=10.0, defocus_nm=[], weight=band_weight(qd2.camera))
