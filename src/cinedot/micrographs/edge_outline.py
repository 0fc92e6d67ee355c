"""A cube's orientation from the widths of its outline."""

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.micrographs.edge_fits import (
    EdgeOrientation,
    orientation_with,
    require_sigma,
    seen_edges,
    turned_edges,
)

_WIDTHS = 36
"""Directions in which an outline's width is measured, every 5 degrees."""
_STARTS = 24
_CORNERS = 6
"""Numbers that a hexagon's widths hold: the rest follow."""


def fit_outline(contour_nm: Float[np.ndarray, "corner 2"], sigma_nm: float) -> EdgeOrientation:
    """The cube whose shadow has the widths of a contour: across n, sum |z_i . n|.

    A shadow has no central line, so that this is less sure than picks where a cube lies nearly
    along a zone axis.

    Args:
        contour_nm: corners of the outline, x and y.
        sigma_nm: of the outline, across itself.

    Raises:
        InputError: fewer than three corners, no area, no sigma.
    """
    _require_contour(contour_nm, sigma_nm)
    across = np.exp(1j * np.pi * np.arange(_WIDTHS) / _WIDTHS)
    points = contour_nm[:, 0] + 1j * contour_nm[:, 1]
    widths = np.ptp(np.real(np.conj(across)[:, None] * points), axis=1)
    # A cube's shadow is 1.5 of its faces on average.
    rough = float(widths.mean()) / 1.5

    def misfit(
        step: Float[np.ndarray, " 4"], start: Float[np.ndarray, "3 3"]
    ) -> Float[np.ndarray, " width"]:
        rotation = Rotation.from_rotvec(step[:3]).as_matrix() @ start
        seen = seen_edges(rotation, rough * float(np.exp(step[3])))
        return np.abs(np.real(np.conj(across)[:, None] * seen)).sum(axis=1) - widths

    starts = Rotation.random(_STARTS, np.random.default_rng(0)).as_matrix()
    tried = [
        (least_squares(misfit, np.zeros(4), args=(start,), xtol=1e-12, ftol=1e-12), start)
        for start in starts
    ]
    best, start = min(tried, key=lambda one: float(one[0].cost))
    rotation = Rotation.from_rotvec(best.x[:3]).as_matrix() @ start
    edge = rough * float(np.exp(best.x[3]))
    signs = np.sign(np.real(np.conj(across)[:, None] * seen_edges(rotation, edge)))
    changes = np.vstack([turned_edges(rotation, edge), seen_edges(rotation, edge)])
    columns = np.einsum("wi,wpi->wp", signs, np.real(np.conj(across)[:, None, None] * changes))
    # A width has two ends; of all widths only so many tell apart.
    variance = 2 * sigma_nm**2
    information = columns.T @ columns * (_CORNERS / _WIDTHS) / variance
    information[range(3), range(3)] += edge / (2 * np.sqrt(variance))
    return orientation_with(
        rotation,
        edge,
        np.linalg.inv(information),
        chi_square=2 * float(best.cost) * (_CORNERS / _WIDTHS) / variance,
        freedom=_CORNERS - 4,
    )


def _require_contour(contour_nm: Float[np.ndarray, "corner 2"], sigma_nm: float) -> None:
    flat = len(contour_nm) < 3 or not np.isfinite(contour_nm).all()
    if flat or np.linalg.svd(contour_nm - contour_nm.mean(axis=0))[1].min() <= 0:
        raise InputError(
            "`contour_nm` must be three finite corners or more around an area, but is not.",
            remedy="Give the outline's x and y, nm.",
        )
    require_sigma(sigma_nm)
