"""Orientations of a cuboid, counted once where its symmetry makes them the same.

A rotation turns crystal axes into frame axes: v_frame = R v_crystal. A symmetry g of the cuboid
leaves its atoms where they are, so R and R g show the same.
"""

import itertools
import math
from functools import cache

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.core import InputError

_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


@cache
def symmetry_rotations(edges: tuple[int, int, int]) -> Float[np.ndarray, "symmetry 3 3"]:
    """The rotations that take a cuboid of these edges to itself; the identity is the first.

    Returns:
        24 matrices for a cube, 8 for two equal edges, 4 for none.

    Example:
        >>> [len(symmetry_rotations(edges)) for edges in ((4, 4, 4), (4, 4, 5), (3, 4, 5))]
        [24, 8, 4]
    """
    found: list[Float[np.ndarray, "3 3"]] = []
    for order in itertools.permutations(range(3)):
        if any(edges[to] != edges[axis] for axis, to in enumerate(order)):
            continue
        for signs in itertools.product((1.0, -1.0), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[list(order), range(3)] = signs
            if np.linalg.det(matrix) > 0:
                found.append(matrix)
    group = np.array(sorted(found, key=lambda one: -float(np.trace(one))))
    group.flags.writeable = False
    return group


def misorientation_deg(
    one: Float[np.ndarray, "*#pose 3 3"],
    other: Float[np.ndarray, "*#pose 3 3"],
    edges: tuple[int, int, int],
) -> Float[np.ndarray, "..."]:
    """The smallest angle that turns one pose into another, over the cuboid's symmetries.

    Example:
        >>> quarter = Rotation.from_euler("z", 92.0, degrees=True).as_matrix()
        >>> round(float(misorientation_deg(np.eye(3), quarter, (4, 4, 4))), 6)
        2.0
    """
    group = symmetry_rotations(edges)
    trace = np.einsum("...ij,gjk,...ik->...g", one, group, other)
    cosine = np.clip((trace.max(axis=-1) - 1) / 2, -1.0, 1.0)
    return np.asarray(np.degrees(np.arccos(cosine)))


def nearest_branch(
    rotation: Float[np.ndarray, "3 3"],
    reference: Float[np.ndarray, "3 3"],
    edges: tuple[int, int, int],
) -> Float[np.ndarray, "3 3"]:
    """The one among the equal descriptions R g of a pose that is nearest to a reference.

    Example:
        >>> turned = Rotation.from_euler("z", 88.0, degrees=True).as_matrix()
        >>> near = nearest_branch(turned, np.eye(3), (4, 4, 4))
        >>> round(float(Rotation.from_matrix(near).magnitude() * 180 / np.pi), 6)
        2.0
    """
    branches = rotation @ symmetry_rotations(edges)
    return branches[int(np.argmax(np.einsum("gij,ij->g", branches, reference)))]


def beam_directions(
    edges: tuple[int, int, int], spacing_deg: float
) -> Float[np.ndarray, "direction 3"]:
    """Directions of the beam in crystal axes, about `spacing_deg` apart, equal ones once.

    Those that a symmetry takes to one another show the same but for a turn of the image about the
    beam. The points are a golden spiral's, of which those in one fundamental domain are kept, so
    that no direction lies farther than a spacing from one of them.

    Raises:
        InputError: a spacing that is not between 0.2 and 30 degrees.

    Example:
        >>> directions = beam_directions((4, 4, 4), 5.0)
        >>> bool(len(directions) > 4 * np.pi / np.radians(5.0) ** 2 / 24)
        True
    """
    if not 0.2 <= spacing_deg <= 30.0:
        raise InputError(
            f"`spacing_deg` must be from 0.2 to 30 degrees, but is {spacing_deg}.",
            remedy="2.9 finds every view of a movie; surveys of coarser pixels need 5.",
        )
    spacing = math.radians(spacing_deg)
    count = math.ceil(4 * math.pi / spacing**2)
    z = 1 - (2 * np.arange(count) + 1) / count
    azimuth = _GOLDEN_ANGLE * np.arange(count)
    radius = np.sqrt(1 - z**2)
    points = np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), z], axis=1)
    group = symmetry_rotations(edges)
    # A generic direction marks the domain: of equal points the one nearest to it is kept. Points
    # just outside stay as well, or the seams between domains would be left half empty.
    mark = np.array([0.28, 0.45, 0.848])
    own = points @ mark
    best = np.einsum("gij,pj,i->pg", group, points, mark).max(axis=1)
    return points[own >= best - 0.25 * spacing]


def facing(directions: Float[np.ndarray, "direction 3"]) -> Float[np.ndarray, "direction 3 3"]:
    """For each direction a rotation that turns it into the beam, z of the frame.

    Example:
        >>> (facing(np.array([[1.0, 0.0, 0.0]]))[0] @ [1.0, 0.0, 0.0]).round(9).tolist()
        [0.0, 0.0, 1.0]
    """
    found = np.empty((len(directions), 3, 3))
    for index, direction in enumerate(directions):
        helper = np.eye(3)[int(np.argmin(np.abs(direction)))]
        across = np.cross(helper, direction)
        across /= np.linalg.norm(across)
        found[index] = np.stack([across, np.cross(direction, across), direction])
    return found


def about_beam(angle_deg: float) -> Float[np.ndarray, "3 3"]:
    """A turn of the frame about the beam, from x towards y."""
    return Rotation.from_euler("z", angle_deg, degrees=True).as_matrix()
