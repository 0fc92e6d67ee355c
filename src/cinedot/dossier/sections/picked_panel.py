"""A frame with the edges that were picked in it, and the cube that was fitted."""

import itertools
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from cinedot.dossier.corrections import PickedEdges
from cinedot.dossier.figures import SECOND, micrograph
from cinedot.dossier.findings import Panel
from cinedot.dossier.sections.movie_window import Window
from cinedot.micrographs import bandpass

_FITTED = "fitted cube"
_ABOUT_NM = 3.0
"""Beyond the picked ends, so that the whole dot is seen."""


def picked_panel(
    picked: PickedEdges,
    cube_nm: Float[np.ndarray, "edge 2 2"],
    window: Window,
) -> Panel:
    """The frame about the picks, band-passed, with both answers drawn.

    Args:
        picked: the edges, in the field.
        cube_nm: both ends (x, y) of the fitted cube's edges, in the field; none where none was
            fitted.
        window: the movie's part that was looked at.
    """
    image = window.movie.image(window.indices.index(picked.frame))
    ends = np.array(picked.ends_nm).reshape(-1, 2, 2)
    step = np.array([image.pixel_x_nm, image.pixel_y_nm])
    corner = np.array([window.x_nm, window.y_nm])
    shape = np.array(image.data.shape)[::-1]
    low, high = (
        np.clip(np.rint((one - corner) / step).astype(int), 0, shape)
        for one in (ends.min(axis=(0, 1)) - _ABOUT_NM, ends.max(axis=(0, 1)) + _ABOUT_NM)
    )
    if (high - low).min() < 2:  # picked outside of the part that was looked at
        low, high = np.zeros(2, dtype=int), shape
    filtered = bandpass(image.data.astype(np.float32))[low[1] : high[1], low[0] : high[0]]
    lines = [*cube_nm, *ends]
    names = [_FITTED] * len(cube_nm) + ["picked edge"] * len(ends)
    figure = micrograph(
        replace(image, data=filtered),
        outlines=[line - corner - low * step for line in lines],
        names=names,
    )
    figure.update_traces({"line": {"color": SECOND, "width": 1.0}}, selector={"text": _FITTED})
    return Panel(
        title=f"Edges picked in frame {picked.frame}",
        caption=f"Picked by {picked.who} (yellow)"
        + (", and the cube as simulated views place it (thin)." if len(cube_nm) else "."),
        figure=figure,
    )


def cube_lines_nm(
    rotation: Float[np.ndarray, "3 3"], edge_nm: float, centre_nm: Float[np.ndarray, " 2"]
) -> Float[np.ndarray, "edge 2 2"]:
    """Both ends of a cube's twelve projected edges.

    Example:
        >>> lines = cube_lines_nm(np.eye(3), 2.0, np.zeros(2))
        >>> lines.shape, float(lines.min()), float(lines.max())
        ((12, 2, 2), -1.0, 1.0)
    """
    corners = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    pairs = [
        (one, other)
        for one, other in itertools.combinations(range(8), 2)
        if np.count_nonzero(corners[one] != corners[other]) == 1
    ]
    placed = centre_nm + edge_nm / 2 * (corners @ rotation.T)[:, :2]
    return placed[np.array(pairs)]
