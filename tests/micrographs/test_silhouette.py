"""Outlines: closed forms of squares, polygons and Cauchy's silhouettes."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.micrographs.movie_particle import SIDE_OVER_EDGE, SIDE_SPREAD, edge_from_area
from cinedot.micrographs.silhouette import (
    contour_around,
    feret_diameters,
    fit_square,
    polygon_area,
    square_profile,
)


def _grid(side_nm: float, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    line = np.arange(0, side_nm, step)
    return line, *np.meshgrid(line, line)


@settings(max_examples=20, deadline=None)
@given(edge=st.floats(1.5, 4), angle=st.floats(0, 89.9), blur=st.floats(0.15, 0.4))
def test_profile_holds_its_area_and_fit_finds_it(edge: float, angle: float, blur: float) -> None:
    line, x, y = _grid(9.0, 0.15)
    level = 3 + 5 * square_profile(
        x - 4.4, y - 4.6, edge_nm=edge, angle_rad=np.radians(angle), blur_nm=blur
    )
    # A blur moves no area.
    assert (level - 3).sum() * 0.15**2 / 5 == pytest.approx(edge**2, rel=1e-3)
    square = fit_square(level, line, line, start=(4.2, 4.5, 2.4), blur_nm=blur)
    assert square is not None
    assert (square.x_nm, square.y_nm) == pytest.approx((4.4, 4.6), abs=1e-3)
    assert square.edge_nm == pytest.approx(edge, abs=1e-3)
    turned = (square.angle_deg - angle + 45) % 90 - 45
    assert abs(turned) < 0.5
    assert polygon_area(square.corners()) == pytest.approx(square.edge_nm**2)


def test_sigmas_of_the_fit_are_true() -> None:
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    line, x, y = _grid(7.0, 0.25)
    pulls = []
    # The fit counts the pixels within 4 pi blur^2 as one number; here each is one of its own.
    shared = 4 * np.pi * 0.3**2 / 0.25**2
    for _ in range(200):
        edge, angle = rng.uniform(2, 3), rng.uniform(0, np.pi / 2)
        level = square_profile(x - 3.4, y - 3.3, edge_nm=edge, angle_rad=angle, blur_nm=0.3)
        noisy = level + rng.normal(size=level.shape) * 0.1
        square = fit_square(noisy, line, line, start=(3.4, 3.3, 2.5), blur_nm=0.3)
        assert square is not None
        sigma = square.sigma_edge_nm / np.sqrt(shared)
        pulls.append((square.edge_nm - edge) / sigma)
    low, high = scipy.stats.chi2.ppf([1e-6, 1 - 1e-6], len(pulls)) / len(pulls)
    assert low < np.mean(np.square(pulls)) < high


def test_contour_of_a_disc_and_its_neighbour() -> None:
    line, x, y = _grid(10.0, 0.1)
    disc = 1 / (1 + np.exp((np.hypot(x - 4, y - 5) - 1.5) / 0.1))
    other = 1 / (1 + np.exp((np.hypot(x - 8.5, y - 5) - 0.8) / 0.1))
    contour = contour_around(disc + other, line, line, height=0.5, centre=(4.0, 5.0))
    assert contour is not None
    # Contours are polygons between pixels: a thousandth of the radius.
    assert polygon_area(contour) == pytest.approx(np.pi * 1.5**2, rel=0.01)
    assert feret_diameters(contour) == pytest.approx((3.0, 3.0), abs=0.03)
    assert contour_around(disc, line, line, height=2.0, centre=(4.0, 5.0)) is None


@settings(max_examples=30, deadline=None)
@given(width=st.floats(0.5, 5), height=st.floats(0.5, 5), turn=st.floats(0, 6.28))
def test_feret_diameters_of_a_rectangle(width: float, height: float, turn: float) -> None:
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    cosine, sine = np.cos(turn), np.sin(turn)
    turned = corners @ np.array([[cosine, -sine], [sine, cosine]])
    least, largest = feret_diameters(turned)
    assert least == pytest.approx(min(width, height), rel=1e-6)
    assert largest == pytest.approx(np.hypot(width, height), rel=1e-6)


def test_cauchys_silhouette_stands_behind_the_edge() -> None:
    # |n1| + |n2| + |n3| over random directions: mean 3/2, variance 1 + 4/pi - 9/4.
    rng = np.random.default_rng()
    normals = rng.normal(size=(200_000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    areas = np.abs(normals).sum(axis=1)
    assert areas.mean() == pytest.approx(1.5, abs=6 * 0.152 / np.sqrt(200_000))
    assert areas.var() == pytest.approx(1 + 4 / np.pi - 9 / 4, rel=0.05)
    # The spread over orientations alone is a part of the stated one.
    assert np.sqrt(areas).std() / np.sqrt(areas).mean() < SIDE_SPREAD
    estimate = edge_from_area((SIDE_OVER_EDGE * 2.35) ** 2)
    assert float(estimate.value) == pytest.approx(2.35)
    assert estimate.sigma == pytest.approx(2.35 * SIDE_SPREAD)
