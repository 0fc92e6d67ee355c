"""Diameters of the cubes that fit a particle, as they lie."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cinedot.micrographs.outline_sizes import LENGTH_SIGMA
from cinedot.micrographs.pose.fit import PoseFit
from cinedot.micrographs.silhouette import feret_diameters, polygon_area
from cinedot.micrographs.view_sizes import view_sizes

LATTICE_NM = 0.5874
EDGES = (3, 4, 5)


def fit_at(rotation: np.ndarray) -> PoseFit:
    return PoseFit(
        rotation=rotation,
        x_nm=0.0,
        y_nm=0.0,
        defocus_nm=8.0,
        contrast=1.0,
        sigma_contrast=0.01,
        ground=np.zeros(1),
        covariance=np.eye(6),
        chi_square=1.0,
        numbers=1.0,
        log_evidence=0.0,
        iterations=1,
    )


def test_sizes_are_those_of_the_turned_corners():
    from scipy.spatial import ConvexHull

    rotation = Rotation.random().as_matrix()
    print(rotation)
    found = view_sizes([None, fit_at(rotation), None], (0.0, 0.98, 0.0), EDGES, LATTICE_NM)
    assert found is not None
    corners = np.stack(np.meshgrid(*[[-2 * LATTICE_NM, 2 * LATTICE_NM]] * 3), -1).reshape(-1, 3)
    seen = (corners @ rotation.T)[:, :2]
    outline = seen[ConvexHull(seen).vertices]
    least, largest = feret_diameters(outline)
    assert found.shadow.feret_min_nm == pytest.approx(least, rel=1e-6)
    assert found.shadow.feret_max_nm == pytest.approx(largest, rel=1e-6)
    diameter = 2 * np.sqrt(polygon_area(outline) / np.pi)
    assert found.shadow.area_diameter_nm == pytest.approx(diameter, rel=1e-6)
    assert found.sigma_shadow.feret_max_nm == pytest.approx(LENGTH_SIGMA * largest, rel=1e-6)


def test_two_likely_n_are_averaged_and_their_difference_is_in_the_sigma():
    flat = fit_at(np.eye(3))
    found = view_sizes([flat, flat, None], (0.25, 0.25, 0.0), EDGES, LATTICE_NM)
    assert found is not None
    assert found.shadow.feret_min_nm == found.edge_nm == pytest.approx(3.5 * LATTICE_NM)
    wide = np.hypot(0.5 * LATTICE_NM, LENGTH_SIGMA * 3.5 * LATTICE_NM)
    assert found.sigma_shadow.feret_min_nm == pytest.approx(wide)


def test_what_is_likelier_none_of_them_keeps_its_contour():
    assert view_sizes([fit_at(np.eye(3))] * 3, (0.1, 0.3, 0.0), EDGES, LATTICE_NM) is None
