"""Diameters of blurred outlines against sharp ones."""

import numpy as np
import pytest
import scipy.integrate
import scipy.special

from cinedot.micrographs.outline_sizes import CORNER_AREA, CORNER_RETREAT, sharpened_sizes
from cinedot.micrographs.silhouette import contour_around, square_profile


def test_what_a_corner_loses() -> None:
    loss = scipy.integrate.quad(lambda u: scipy.special.ndtri(0.5 / scipy.special.ndtr(u)), 0, 8)[0]
    assert pytest.approx(loss, rel=1e-7) == CORNER_AREA
    assert scipy.special.ndtr(CORNER_RETREAT) ** 2 == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("edge_nm", [1.76, 2.35, 3.52])
@pytest.mark.parametrize("angle_deg", [0.0, 27.0, 45.0])
def test_a_blurred_square_has_the_sharp_ones_sizes(edge_nm: float, angle_deg: float) -> None:
    places, blur = np.arange(-3.5, 3.5, 0.04), 0.28
    x, y = np.meshgrid(places, places)
    level = square_profile(x, y, edge_nm=edge_nm, angle_rad=np.radians(angle_deg), blur_nm=blur)
    contour = contour_around(level, places, places, height=0.5, centre=(0, 0))
    assert contour is not None
    found = sharpened_sizes(contour, blur_nm=blur, shift_nm=0.0)
    # Lines between pixels of 0.04 nm cut curves by 0.04^2 / 8 of their curvature; at 1.76 nm the
    # far side takes 1e-3 from the height.
    assert found.feret_min_nm == pytest.approx(edge_nm, abs=0.01)
    assert found.feret_max_nm == pytest.approx(2**0.5 * edge_nm, abs=0.01)
    assert found.area_diameter_nm == pytest.approx(2 / np.pi**0.5 * edge_nm, abs=0.01)
