"""Diameters of a particle's outline from the views that fit it, however it lies."""

from collections.abc import Sequence

import numpy as np

from cinedot.micrographs.outline_sizes import LENGTH_SIGMA, CubeSizes, OutlineSizes
from cinedot.micrographs.pose.fit import PoseFit
from cinedot.micrographs.shadows import HALIDE_PLANES, shadow_sizes


def view_sizes(
    fits: Sequence[PoseFit | None],
    chances: Sequence[float],
    edges: Sequence[int],
    lattice_nm: float,
) -> CubeSizes | None:
    """Sizes of the cubes that fit a particle, as they lie, weighted by their probabilities.

    A contour misses the thin rims of a dot that lies on an edge or a corner; the cube which fits
    its lattice has them. From outermost Br to outermost Br, n lattice constants along an edge.

    Args:
        fits: of each candidate, None where it does not fit.
        chances: each candidate's probability.
        edges: each candidate's Pb atoms an edge.
        lattice_nm: their lattice constant.

    Returns:
        None where it is as likely as not none of the candidates.

    Example: see `tests/micrographs/test_view_sizes.py`.
    """
    if sum(chances) < 0.5:
        return None
    rows: list[tuple[float, float, float, float]] = []
    weights: list[float] = []
    for fit, chance, n in zip(fits, chances, edges, strict=True):
        if fit is None or not chance:
            continue
        length = HALIDE_PLANES.length_nm(n, lattice_nm)
        # The last row of crystal to frame is the beam in the crystal's axes.
        thrown = shadow_sizes((length, length, length), fit.rotation[2:3])
        least, largest = float(thrown.feret_min_nm[0]), float(thrown.feret_max_nm[0])
        rows.append((length, least, largest, float(thrown.area_diameter_nm[0])))
        weights.append(chance)
    share = np.array(weights) / sum(weights)
    means = share @ np.array(rows)
    spread = np.sqrt(share @ (np.array(rows) - means) ** 2 + (LENGTH_SIGMA * means) ** 2)
    edge, *shadow = means.tolist()
    sigma_edge, *sigma_shadow = spread.tolist()
    return CubeSizes(
        edge_nm=edge,
        sigma_edge_nm=sigma_edge,
        shadow=_outline(shadow),
        sigma_shadow=_outline(sigma_shadow),
    )


def _outline(row: Sequence[float]) -> OutlineSizes:
    least, largest, area = row
    return OutlineSizes(feret_min_nm=least, feret_max_nm=largest, area_diameter_nm=area)
