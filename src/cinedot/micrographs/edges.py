"""How a cube lies by its edges, as the paper read it: two edges, or outlines and a central line.

With z_i = R_1i + i R_2i for the projected axes of a cube of edge L, Gauss's relation holds: sum
z_i^2 = 0 and sum |z_i|^2 = 2 (of L^2); see science.md 8.7. Edges as complex numbers x + i y, nm, x
along columns and y down the rows; which end of an edge is which does not matter. Edges cannot tell
a cube from its mirror image in depth, which is the same cube turned by half a turn about the beam
(a cube is its own point reflection), nor which axis is which: 24 rotations each.
"""

import math

import numpy as np
from jaxtyping import Complex, Float

from cinedot.core import InputError

HALF_TURN = np.diag([-1.0, -1.0, 1.0])
"""About the beam: what takes a cube to its mirror image in depth."""
_STRAIGHT = 1e-9


def gauss_sum(edges: Complex[np.ndarray, " 3"]) -> complex:
    """The sum of z^2 over the sum of |z|^2: 0 for the three edges of a cube.

    Example:
        >>> from scipy.spatial.transform import Rotation
        >>> axes = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix()
        >>> abs(gauss_sum(axes[0] + 1j * axes[1])) < 1e-12
        True
    """
    return complex((edges**2).sum() / (np.abs(edges) ** 2).sum())


def third_edge(first: complex, second: complex) -> complex:
    """The third projected edge of a cube from two: i sqrt(z1^2 + z2^2), or its negative."""
    return 1j * complex(np.sqrt(complex(first**2 + second**2)))


def cube_edge_nm(edges: Complex[np.ndarray, " 3"]) -> float:
    """L, from sum |z|^2 = 2 L^2.

    Example:
        >>> round(cube_edge_nm(np.array([2.4 + 0j, 2.4j, 0j])), 9)
        2.4
    """
    return float(np.sqrt((np.abs(edges) ** 2).sum() / 2))


def rotations_of_edges(first: complex, second: complex) -> Float[np.ndarray, "mirror 3 3"]:
    """A cube's orientation from two of its edges, and its mirror image in depth.

    Any two edges that are not both points are those of some cube.

    Raises:
        InputError: an edge that is not finite, or both of no length.

    Example:
        >>> rotations_of_edges(2.4, 2.4j)[0].round(9).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    require_edges(np.array([first, second]))
    edges = np.array([first, second, third_edge(first, second)])
    return with_mirror(rotation_of(edges))


def rotations_of_directions(
    directions_rad: Float[np.ndarray, " 3"],
) -> Float[np.ndarray, "mirror 3 3"]:
    """A cube's, or a cuboid's, orientation from the directions of its three projected edges.

    |z_1|^2 : |z_2|^2 : |z_3|^2 = sin 2(t2 - t3) : sin 2(t3 - t1) : sin 2(t1 - t2).

    Args:
        directions_rad: from x towards y; a half turn more is the same direction.

    Raises:
        InputError: directions that no three edges at right angles have, or that do not tell.

    Example:
        >>> from scipy.spatial.transform import Rotation
        >>> turned = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix()
        >>> seen = rotations_of_directions(np.arctan2(turned[1], turned[0]))
        >>> round(float(np.abs(seen[0][:2]).max() - np.abs(turned[:2]).max()), 9)
        0.0
    """
    return with_mirror(rotation_of(edges_of_directions(directions_rad)))


def central_line(w1_nm: float, w2_nm: float, length_nm: float) -> tuple[float, float, float]:
    """Edge, azimuth and tilt of a cube that shows two faces, their common edge between them.

    With w1, w2 the distances of the central edge from the outlines parallel to it: w1^2 + w2^2 =
    L^2 at any tilt, the azimuth is atan2(w2, w1) (45 degrees is [110]), and the central edge is
    L cos(tilt) long.

    Raises:
        InputError: distances that are not positive, or a line longer than the edge.

    Example:
        >>> edge, azimuth, tilt = central_line(1.2, 1.6, 2.0)
        >>> edge, round(math.degrees(azimuth), 1), tilt
        (2.0, 53.1, 0.0)
    """
    for name, value in (("w1_nm", w1_nm), ("w2_nm", w2_nm), ("length_nm", length_nm)):
        if not (value > 0 and math.isfinite(value)):
            raise InputError(
                f"`{name}` must be positive, but is {value}.",
                remedy="Measure it from line to line, in nm.",
            )
    edge = math.hypot(w1_nm, w2_nm)
    if length_nm > edge * (1 + _STRAIGHT):
        raise InputError(
            f"`length_nm` must be at most the cube's edge of {edge:.4g} nm, "
            f"but is {length_nm:.4g} nm.",
            remedy="Pick the ends again: no edge looks longer than it is.",
        )
    return edge, math.atan2(w2_nm, w1_nm), math.acos(min(length_nm / edge, 1.0))


def rotations_of_central_line(
    direction_rad: float, w1_nm: float, w2_nm: float, length_nm: float
) -> Float[np.ndarray, "sense mirror 3 3"]:
    """The paper's case: what widths and the central line leave, for both senses of the tilt.

    Which end of the central edge is nearer is seen from how the outlines' ends lie beside it:
    `edge_fits.edges_of_parallel` uses them.

    Args:
        direction_rad: of the central line, from x towards y.
        w1_nm: distance to the outline on the side of the direction's quarter turn from x to y.
        w2_nm: to the other.
        length_nm: of the central line.
    """
    edge, azimuth, tilt = central_line(w1_nm, w2_nm, length_nm)
    along = complex(np.exp(1j * direction_rad))
    found: list[Float[np.ndarray, "mirror 3 3"]] = []
    for sense in (1.0, -1.0):
        lean = sense * math.sin(tilt)
        first = edge * (math.cos(azimuth) * 1j - math.sin(azimuth) * lean) * along
        second = edge * (-math.sin(azimuth) * 1j - math.cos(azimuth) * lean) * along
        found.append(with_mirror(rotation_of(np.array([first, second, length_nm * along]))))
    return np.array(found)


def rotation_of(edges: Complex[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """The rotation whose columns show three edges that hold Gauss's relation."""
    across = np.stack([np.real(edges), np.imag(edges)]) / cube_edge_nm(edges)
    return np.vstack([across, np.cross(across[0], across[1])])


def with_mirror(rotation: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "mirror 3 3"]:
    """A rotation, and that of the cube's mirror image in depth."""
    return np.array([rotation, HALF_TURN @ rotation])


def edges_of_directions(directions_rad: Float[np.ndarray, " 3"]) -> Complex[np.ndarray, " 3"]:
    """Three edges of a cube of edge 1 by their directions alone; see `rotations_of_directions`."""
    turns = np.asarray(directions_rad, dtype=float)
    if turns.shape != (3,) or not np.isfinite(turns).all():
        raise InputError(
            f"`directions_rad` must be three finite angles, but is {turns.tolist()}.",
            remedy="Give the directions of three edges that meet at a corner.",
        )
    share = np.array([np.sin(2 * (turns[i - 2] - turns[i - 1])) for i in range(3)])
    share[np.abs(share) < 4 * np.finfo(float).eps] = 0.0
    if share.min() < 0 < share.max() or np.count_nonzero(share) < 2:
        shown = ", ".join(f"{one:.1f}" for one in np.degrees(turns) % 180)
        raise InputError(
            f"`directions_rad` must be those of three edges at right angles, but no cube shows "
            f"edges at {shown} degrees.",
            remedy="Pick them again; two edges may not be of one direction.",
        )
    long = np.sqrt(2 * share / share.sum())
    # Which sense an edge has does not matter: Gauss's relation holds its square.
    return long * np.exp(1j * turns)


def require_edges(edges: Complex[np.ndarray, " edge"]) -> None:
    """Refuse what cannot be the edges of a cube.

    Raises:
        InputError: not two or three, not finite, all points.
    """
    if len(edges) not in (2, 3) or not np.isfinite(edges).all() or not np.abs(edges).any():
        raise InputError(
            f"`edges` must be two or three finite edges of a cube, but are {edges.tolist()}.",
            remedy="Give x + i y of each, nm.",
        )
