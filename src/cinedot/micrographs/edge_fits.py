"""A cube's orientation from edges that were picked by hand, with its errors.

`edges_of_corner` and `edges_of_parallel` turn picked ends into edges with their covariance,
`fit_edges` finds the nearest cube and propagates it by the analytic Jacobian of `edges`' laws;
`fit_directions` does so for directions alone, `edge_outline.fit_outline` for a contour's widths.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.micrographs.edges import (
    HALF_TURN,
    cube_edge_nm,
    edges_of_directions,
    require_edges,
    rotation_of,
    third_edge,
    with_mirror,
)

_CUBE = Rotation.create_group("O").as_matrix()
_PARALLEL_RAD = math.radians(15.0)
_STRAIGHT = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class EdgeOrientation:
    """A cube's orientation by its edges, up to what edges cannot tell.

    Attributes:
        rotations: one, and its mirror image in depth; crystal to frame axes, each one of 24.
        covariance_rad2: of small turns about the frame's axes, for each. Where an edge lies in the
            image its length tells of a tilt only by the tilt's square, which caps the sigma.
        edge_nm, sigma_edge_nm: of the cube; None from directions alone.
        chi_square: weighted misfit to a cube.
        freedom: of it; 0 where any edges are those of some cube.
    """

    rotations: Float[np.ndarray, "mirror 3 3"]
    covariance_rad2: Float[np.ndarray, "mirror 3 3"]
    edge_nm: float | None = None
    sigma_edge_nm: float | None = None
    chi_square: float = 0.0
    freedom: int = 0

    @property
    def all_rotations(self) -> Float[np.ndarray, "mirror symmetry 3 3"]:
        """Every rotation that shows these edges."""
        return self.rotations[:, None] @ _CUBE

    def sigma_deg(self) -> float:
        """Standard deviation of a turn, rms over the axes."""
        return float(np.degrees(np.sqrt(np.trace(self.covariance_rad2[0]) / 3)))


def edges_of_corner(
    ends_nm: Float[np.ndarray, "edge 4"], sigma_nm: float
) -> tuple[Complex[np.ndarray, " edge"], Float[np.ndarray, "edge edge"]]:
    """Two or three whole edges of different directions from their picked ends.

    Args:
        ends_nm: x0, y0, x1, y1 of each.
        sigma_nm: standard deviation of x and of y of a pick.

    Returns:
        The edges, and their covariance along x, which is that along y too.

    Raises:
        InputError: not two or three, ends that are not finite or the same, no sigma.
    """
    _require_picks(ends_nm, sigma_nm, (2, 3))
    edges = _vectors(ends_nm)
    return edges, 2 * sigma_nm**2 * np.eye(len(edges))


def edges_of_parallel(
    ends_nm: Float[np.ndarray, "edge 4"], sigma_nm: float
) -> tuple[Complex[np.ndarray, " 3"], Float[np.ndarray, "3 3"]]:
    """A cube's three edges from two outlines and the central line between, which are parallel.

    Each outline is the central edge moved along an axis, so that the three lines hold all three
    axes: their common length and direction, and from middle to middle the two others.

    Raises:
        InputError: as `edges_of_corner`; lines that are not parallel within 15 degrees.
    """
    _require_picks(ends_nm, sigma_nm, (3,))
    ends = ends_nm[:, ::2] + 1j * ends_nm[:, 1::2]
    first = ends[0, 1] - ends[0, 0]
    against = np.real((ends[:, 1] - ends[:, 0]) * np.conj(first)) < 0
    ends[against] = ends[against, ::-1]
    apart = np.abs(np.angle((ends[:, 1] - ends[:, 0]) / first)).max()
    if apart > _PARALLEL_RAD:
        raise InputError(
            f"`ends_nm` must be three parallel lines, but two differ by {math.degrees(apart):.0f} "
            "degrees.",
            remedy="Edges of different directions are those of a corner.",
        )
    across = np.imag(ends.mean(axis=1) / first)
    one, central, other = (int(line) for line in np.argsort(across))
    shares = np.zeros((3, 3, 2))
    shares[0, one] = shares[1, other] = 0.5
    shares[:2, central] = -0.5
    shares[2] = np.array([-1.0, 1.0]) / 3
    flat = shares.reshape(3, 6)
    return flat @ ends.reshape(6), sigma_nm**2 * flat @ flat.T


def fit_edges(
    edges: Complex[np.ndarray, " edge"], covariance_nm2: Float[np.ndarray, "edge edge"]
) -> EdgeOrientation:
    """The cube whose projected edges are nearest to two or three measured ones.

    Args:
        edges: of different axes, nm.
        covariance_nm2: of their x parts, which is that of their y parts too.

    Raises:
        InputError: not two or three edges, or none of any length.

    Example:
        >>> found = fit_edges(*edges_of_corner(np.array([[0, 0, 2.4, 0], [0, 0, 0, 2.4]]), 0.05))
        >>> round(found.edge_nm, 3), found.freedom
        (2.4, 0)
    """
    require_edges(edges)
    white = np.linalg.inv(np.linalg.cholesky(covariance_nm2))
    count = len(edges)
    rotation, edge = _nearest_cube(edges, white) if count == 3 else _cube_of(edges[0], edges[1])

    def misfit(step: Float[np.ndarray, " 4"]) -> Float[np.ndarray, " number"]:
        seen = seen_edges(
            Rotation.from_rotvec(step[:3]).as_matrix() @ rotation, edge * np.exp(step[3])
        )
        return _real(white @ (seen[:count] - edges))

    rest = misfit(np.zeros(4))
    if count == 3:
        best = least_squares(misfit, np.zeros(4), method="lm", xtol=1e-14, ftol=1e-14)
        rotation = Rotation.from_rotvec(best.x[:3]).as_matrix() @ rotation
        edge, rest = edge * float(np.exp(best.x[3])), best.fun
    spread = float(np.sqrt(np.diag(covariance_nm2).mean()))
    covariance = _covariance(rotation, edge, white, count, cap_rad2=2 * spread / edge)
    return orientation_with(
        rotation,
        edge,
        covariance,
        chi_square=float((rest**2).sum()),
        freedom=2 * count - 4,
    )


def fit_directions(
    directions_rad: Float[np.ndarray, " 3"], sigma_rad: Float[np.ndarray, " 3"]
) -> EdgeOrientation:
    """`rotations_of_directions` with the covariance that errors of the directions leave.

    Raises:
        InputError: as there; sigmas that are not positive; an edge along the beam, which has no
            direction.
    """
    if sigma_rad.shape != (3,) or not (sigma_rad > 0).all() or not np.isfinite(sigma_rad).all():
        raise InputError(
            f"`sigma_rad` must be three positive numbers, but is {sigma_rad.tolist()}.",
            remedy="That of an edge of length l picked within s is sqrt(2) s / l.",
        )
    rotation = rotation_of(edges_of_directions(directions_rad))
    seen = seen_edges(rotation, 1.0)
    if np.abs(seen).min() < _STRAIGHT:
        raise InputError(
            "`directions_rad` must be those of edges that are seen, but one edge lies along the "
            "beam.",
            remedy="Give whole edges instead.",
        )
    turning = np.imag(np.conj(seen) * turned_edges(rotation, 1.0)) / np.abs(seen) ** 2
    back = np.linalg.pinv(turning.T)
    covariance = back @ np.diag(sigma_rad**2) @ back.T
    return EdgeOrientation(
        rotations=with_mirror(rotation),
        covariance_rad2=np.array([covariance, HALF_TURN @ covariance @ HALF_TURN]),
    )


def orientation_with(
    rotation: Float[np.ndarray, "3 3"],
    edge: float,
    covariance: Float[np.ndarray, "4 4"],
    *,
    chi_square: float,
    freedom: int,
) -> EdgeOrientation:
    """An answer with its mirror image; the covariance is that of turns and of log L."""
    turns = covariance[:3, :3]
    return EdgeOrientation(
        rotations=with_mirror(rotation),
        covariance_rad2=np.array([turns, HALF_TURN @ turns @ HALF_TURN]),
        edge_nm=edge,
        sigma_edge_nm=edge * float(np.sqrt(covariance[3, 3])),
        chi_square=chi_square,
        freedom=freedom,
    )


def _cube_of(first: complex, second: complex) -> tuple[Float[np.ndarray, "3 3"], float]:
    edges = np.array([first, second, third_edge(first, second)])
    return rotation_of(edges), cube_edge_nm(edges)


def _nearest_cube(
    edges: Complex[np.ndarray, " 3"], white: Float[np.ndarray, "3 3"]
) -> tuple[Float[np.ndarray, "3 3"], float]:
    """Of the cubes that two of the edges make, that whose third is nearest to the third."""
    found: list[tuple[float, Float[np.ndarray, "3 3"], float]] = []
    for left_out in range(3):
        for sense in (1.0, -1.0):
            made = edges.copy()
            made[left_out] = sense * third_edge(*(np.delete(edges, left_out).tolist()))
            misfit = float((_real(white @ (made - edges)) ** 2).sum())
            found.append((misfit, rotation_of(made), cube_edge_nm(made)))
    _, rotation, edge = min(found, key=lambda one: one[0])
    return rotation, edge


def seen_edges(rotation: Float[np.ndarray, "3 3"], edge: float) -> Complex[np.ndarray, " 3"]:
    """The projected edges of a cube."""
    return edge * (rotation[0] + 1j * rotation[1])


def turned_edges(rotation: Float[np.ndarray, "3 3"], edge: float) -> Complex[np.ndarray, "turn 3"]:
    """What small turns about the frame's axes change the edges by: axis x (R e)."""
    x, y, z = rotation
    return edge * np.array([-1j * z, z + 0j, -y + 1j * x])


def _covariance(
    rotation: Float[np.ndarray, "3 3"],
    edge: float,
    white: Float[np.ndarray, "edge edge"],
    count: int,
    *,
    cap_rad2: float,
) -> Float[np.ndarray, "4 4"]:
    """Of turns and of log L, from the analytic Jacobian; turns are capped."""
    changes = np.vstack([turned_edges(rotation, edge), seen_edges(rotation, edge)])[:, :count]
    columns = np.array([_real(white @ one) for one in changes]).T
    information = columns.T @ columns
    information[range(3), range(3)] += 1 / cap_rad2
    return np.linalg.inv(information)


def _vectors(ends_nm: Float[np.ndarray, "edge 4"]) -> Complex[np.ndarray, " edge"]:
    return ends_nm[:, 2] - ends_nm[:, 0] + 1j * (ends_nm[:, 3] - ends_nm[:, 1])


def _real(numbers: Complex[np.ndarray, " number"]) -> Float[np.ndarray, " twice"]:
    return np.concatenate([np.real(numbers), np.imag(numbers)])


def _require_picks(
    ends_nm: Float[np.ndarray, "edge 4"], sigma_nm: float, counts: tuple[int, ...]
) -> None:
    if len(ends_nm) not in counts:
        raise InputError(
            f"`ends_nm` must be {' or '.join(map(str, counts))} edges, but are {len(ends_nm)}.",
            remedy="Give x0, y0, x1, y1 of each, nm.",
        )
    if not np.isfinite(ends_nm).all() or not np.abs(_vectors(ends_nm)).all():
        raise InputError(
            "`ends_nm` must be finite and differ from each other, but are not.",
            remedy="Give x0, y0, x1, y1 of each edge, nm.",
        )
    require_sigma(sigma_nm)


def require_sigma(sigma_nm: float) -> None:
    """Refuse a standard deviation that is not positive and finite.

    Raises:
        InputError: as said.
    """
    if not (sigma_nm > 0 and math.isfinite(sigma_nm)):
        raise InputError(
            f"`sigma_nm` must be positive, but is {sigma_nm}.",
            remedy="A pick is good to about a pixel or 0.05 nm.",
        )
