"""Fourier series on circles: against SciPy's own interpolation, and by closed forms."""

import numpy as np
import pytest
import scipy.ndimage

from cinedot.micrographs.pose.circles import on_circles

ANGLES = 40


def test_circles_are_those_of_scipys_cubic_interpolation(rng):
    """Any place, over the border too, where an image goes on as its last coefficients."""
    images = rng.normal(size=(3, 18, 20)).astype(np.float32)
    middles = np.array([[9.0, 10.0], [9.0, 11.3], [12.7, 8.2]])
    radii = np.array([0.5, 3.0, 8.5])
    theta = 2 * np.pi * np.arange(ANGLES) / ANGLES
    found = on_circles(images, middles, radii, ANGLES)
    for number, image in enumerate(images):
        smooth = scipy.ndimage.spline_filter(image.astype(float), order=3)
        for place, (row, column) in enumerate(middles):
            points = [
                row + np.outer(radii, np.sin(theta)),
                column + np.outer(radii, np.cos(theta)),
            ]
            sampled = scipy.ndimage.map_coordinates(
                smooth, points, order=3, prefilter=False, mode="nearest"
            )
            root = np.sqrt(radii * 2 * np.pi / ANGLES)[:, None]
            expected = np.fft.rfft(sampled * root, axis=1).T
            # Single precision: forty values of order 5, sixteen terms each.
            np.testing.assert_allclose(found[place, :, number], expected, atol=2e-4)


def test_the_product_of_two_series_is_an_integral():
    """Parseval's sum of a smooth bump's square, against its integral over the plane."""
    side, sigma, right, up = 32, 3.0, 3.0, -2.0
    y, x = np.mgrid[:side, :side] - side // 2 + 0.0
    bump = np.exp(-((x - right) ** 2 + (y - up) ** 2) / (2 * sigma**2)).astype(np.float32)
    series = on_circles(bump[None], np.array([[16.0, 16.0]]), np.arange(0.5, 15, 1.0), 96)[0, :, 0]
    shares = np.r_[1.0, np.full(47, 2.0), 1.0] / 96
    total = float((shares[:, None] * np.abs(series) ** 2).sum())
    # Euler and Maclaurin: midpoints of steps of 1 in r are 2 pi f(0)^2 / 24 too much, 0.2 %.
    excess = 2 * np.pi * np.exp(-(right**2 + up**2) / sigma**2) / 24
    # Their next order is 0.01 %.
    assert total == pytest.approx(np.pi * sigma**2 + excess, rel=3e-4)
