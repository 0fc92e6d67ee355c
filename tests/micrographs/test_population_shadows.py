"""Sizes of cuboids' shadows against hulls, rasters, Cauchy's laws and random rotations."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.micrographs.shadows import (
    BORDERS,
    HALIDE_PLANES,
    METAL_PLANES,
    FaceOn,
    Freely,
    fitted_edge_nm,
    mean_sizes,
    shadow_areas_nm2,
    shadow_sizes,
)
from cinedot.micrographs.silhouette import feret_diameters, polygon_area

LATTICE_NM = 0.5874
EDGE = st.floats(0.5, 5)
SIGNS = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])


def hull(edges: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Corners of the shadow along z after a rotation: nothing but the projected corners."""
    corners = (SIGNS * edges / 2 @ turn.T)[:, :2]
    return corners[ConvexHull(corners).vertices]


@settings(max_examples=50, deadline=None)
@given(edges=st.tuples(EDGE, EDGE, EDGE), seed=st.integers(0, 2**32 - 1))
def test_closed_forms_are_those_of_the_projected_corners(
    edges: tuple[float, float, float], seed: int
) -> None:
    turn = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    corners = hull(np.array(edges), turn)
    sizes = shadow_sizes(edges, turn[2][None])
    least, largest = feret_diameters(corners)
    around = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1).sum()
    # Rounding, of hulls with sides that nearly vanish.
    assert sizes.feret_min_nm[0] == pytest.approx(least, rel=1e-6)
    assert sizes.feret_max_nm[0] == pytest.approx(largest, rel=1e-9)
    assert sizes.feret_mean_nm[0] == pytest.approx(around / np.pi, rel=1e-9)
    assert sizes.area_side_nm[0] ** 2 == pytest.approx(polygon_area(corners), rel=1e-9)
    assert sizes.area_diameter_nm[0] == pytest.approx(2 * sizes.area_side_nm[0] / np.pi**0.5)


def test_rasterised_shadows_give_the_same() -> None:
    from skimage.draw import polygon
    from skimage.measure import regionprops

    rng = np.random.default_rng()
    step = 0.004
    for _ in range(5):
        edges = rng.uniform(1.5, 3.5, 3)
        turn = Rotation.random(rng=rng).as_matrix()
        corners = hull(edges, turn)
        raster = np.zeros((2000, 2000), np.uint8)
        raster[polygon(*(corners / step + 1000).T)] = 1
        (seen,) = regionprops(raster)
        sizes = shadow_sizes((edges[0], edges[1], edges[2]), turn[2][None])
        # A pixel's width on either side.
        assert seen.feret_diameter_max * step == pytest.approx(sizes.feret_max_nm[0], abs=3 * step)
        found = seen.equivalent_diameter_area * step
        assert found == pytest.approx(sizes.area_diameter_nm[0], abs=3 * step)
        # A chain of steps along rows and diagonals is up to 8.24 % longer than a slanted line.
        assert 0.99 < seen.perimeter * step / np.pi / sizes.feret_mean_nm[0] < 1.0924


def test_means_over_all_orientations_by_cauchy_and_by_chance() -> None:
    edges = (1.0, 2.0, 3.5)
    views, weights = Freely().views()
    quarter_surface = (1 * 2 + 2 * 3.5 + 3.5 * 1) / 2
    assert weights @ shadow_areas_nm2(edges, views) == pytest.approx(quarter_surface, rel=1e-10)
    # The mean width of a cuboid is half the sum of its edges.
    freely = mean_sizes(edges, Freely())
    assert freely.means["feret_mean_nm"] == pytest.approx(3.25, rel=1e-6)
    rng = np.random.default_rng()
    normals = rng.normal(size=(40_000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    drawn = shadow_sizes(edges, normals)
    for name, mean in freely.means.items():
        values = getattr(drawn, name)
        # Six sigmas: less than one in 10^8 for each.
        assert values.mean() == pytest.approx(mean, abs=6 * values.std() / 200)
        assert values.std() == pytest.approx(freely.spreads[name], rel=0.05)


def test_face_on_and_tilted() -> None:
    flat = mean_sizes((2.0, 3.0, 4.0), FaceOn()).means
    # Each face as often: 2 x 3, 3 x 4, 4 x 2.
    assert flat["feret_min_nm"] == pytest.approx((2 + 3 + 2) / 3)
    assert flat["feret_max_nm"] == pytest.approx((13**0.5 + 5 + 20**0.5) / 3)
    # Of a cube within a small angle t the area grows by (4 / pi) times the mean tilt, 2 t / 3.
    small = np.radians(1.0)
    tilted = mean_sizes((2.0, 2.0, 2.0), FaceOn(within_deg=1.0)).means
    grown = 1 + 4 / np.pi * 2 * small / 3 / 2
    assert tilted["area_side_nm"] / 2 == pytest.approx(grown, abs=3 * small**2)
    # Within 90 degrees of a face's normal lies all.
    everything, freely = FaceOn(within_deg=90.0), Freely()
    cuboid = (2.0, 3.0, 4.0)
    for name, value in mean_sizes(cuboid, freely).means.items():
        assert mean_sizes(cuboid, everything).means[name] == pytest.approx(value, rel=1e-4)


def test_what_the_paper_might_have_measured() -> None:
    """The issue's figures: a freely oriented n = 3, and n = 4 face-on."""
    three = mean_sizes((3 * LATTICE_NM,) * 3, Freely())
    # 2 L sqrt(1.5 / pi) = 2.435 nm is the diameter of the mean area, above the mean diameter.
    assert three.means["area_diameter_nm"] == pytest.approx(2.44, abs=0.01)
    assert three.means["area_diameter_nm"] < 2 * 3 * LATTICE_NM * np.sqrt(1.5 / np.pi)
    assert mean_sizes((4 * LATTICE_NM,) * 3, FaceOn()).means["feret_min_nm"] == pytest.approx(
        2.35, abs=0.005
    )
    assert [one.length_nm(4, LATTICE_NM) for one in BORDERS] == pytest.approx(
        [1.7622, 2.3496, 2.7416]
    )


def test_fitted_edge_is_the_side_of_equal_area() -> None:
    rng = np.random.default_rng()
    for _ in range(10):
        view = rng.normal(size=3)
        view /= np.linalg.norm(view)
        edge = HALIDE_PLANES.length_nm(int(rng.integers(3, 7)), LATTICE_NM)
        side = float(shadow_sizes((edge, edge, edge), view[None]).area_side_nm[0])
        # A hexagon is no square: 2.2 % at most were seen in 500 views.
        assert fitted_edge_nm((edge, edge, edge), view) == pytest.approx(side, rel=0.04)
    assert fitted_edge_nm((2.0, 2.0, 2.0), np.array([0.0, 0.0, 1.0])) == pytest.approx(2, abs=2e-3)


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="edges_nm"):
        mean_sizes((1.0, -2.0, 1.0), Freely())
    with pytest.raises(InputError, match="within_deg"):
        mean_sizes((1.0, 2.0, 1.0), FaceOn(within_deg=float("nan")))
    with pytest.raises(InputError, match="lattice_nm"):
        METAL_PLANES.length_nm(4, 0.0)


def test_the_worked_example_runs() -> None:
    import doctest

    page = Path(__file__).parents[2] / "docs" / "sizes.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0
