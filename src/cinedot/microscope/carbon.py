"""Where carbon atoms are: amorphous, in sheets, rolled into tubes and horns."""

import math

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

from cinedot.core import InputError

NEIGHBOUR_NM = 0.142
"""Distance of neighbouring atoms in graphite, nm."""

LATTICE_NM = math.sqrt(3) * NEIGHBOUR_NM
LAYERS_NM = 0.335
"""Distance of graphite's layers, nm."""

MOST_PACKED = 0.3
"""Random addition stops filling space at 0.384; it is slow long before."""

_ROUNDS = 500
# What is left of graphene when five sixths of it are cut out to close the sharpest cone.
_CONE_SHARE = 6
_OPEN_TIP_NM = 0.4


def packing(density_per_nm3: float, diameter_nm: float) -> float:
    """Share of space that hard cores fill: pi/6 density diameter^3."""
    return math.pi / 6 * density_per_nm3 * diameter_nm**3


def hard_core_structure_factor(
    q_per_nm: Float[np.ndarray, "*q"], *, density_per_nm3: float, diameter_nm: float
) -> Float[np.ndarray, "*q"]:
    """How strongly cores that cannot overlap scatter, against independent atoms: S(q).

    The Percus-Yevick law of hard spheres, in closed form (Wertheim, Phys. Rev. Lett. 10, 321
    (1963)); S(0) = (1 - eta)^4 / (1 + 2 eta)^2 with eta the packing.

    Args:
        q_per_nm: spatial frequencies 1/d, 1/nm.
        density_per_nm3: atoms per nm^3.
        diameter_nm: least distance of two atoms, nm; 0 gives 1 everywhere.

    Example:
        >>> s = hard_core_structure_factor(np.array([0.0, 50.0]), density_per_nm3=100.0,
        ...                                diameter_nm=0.14)
        >>> s.round(2).tolist()
        [0.32, 1.0]
    """
    eta = packing(density_per_nm3, diameter_nm)
    if eta == 0:
        return np.ones_like(q_per_nm)
    # Below this the closed form loses its digits, and S no longer changes.
    x = np.maximum(2 * math.pi * q_per_nm * diameter_nm, 0.1)
    sine, cosine = np.sin(x), np.cos(x)
    alpha = (1 + 2 * eta) ** 2 / (1 - eta) ** 4
    beta = -6 * eta * (1 + eta / 2) ** 2 / (1 - eta) ** 4
    first = alpha * (sine - x * cosine) / x**2
    second = beta * (2 * x * sine + (2 - x**2) * cosine - 2) / x**3
    inner = (3 * x**2 - 6) * cosine + (x**3 - 6 * x) * sine + 6
    third = eta * alpha / 2 * (-(x**4) * cosine + 4 * inner) / x**5
    return 1 / (1 + 24 * eta * (first + second + third) / x)


def random_carbon_nm(
    box_nm: tuple[float, float, float],
    *,
    density_per_nm3: float,
    diameter_nm: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, "atom 3"]:
    """Atoms at random, none nearer to another than a diameter; periodic in x and y.

    Added in rounds where there is room (random sequential addition).

    Args:
        box_nm: extents in x, y and z, nm.
        density_per_nm3: atoms per nm^3.
        diameter_nm: least distance, nm; 0 for independent places.
        rng: chance.

    Raises:
        InputError: more atoms than random addition can seat.
    """
    eta = packing(density_per_nm3, diameter_nm)
    if eta > MOST_PACKED:
        raise InputError(
            f"density and diameter must fill at most {MOST_PACKED} of space, but "
            f"{density_per_nm3} per nm^3 of {diameter_nm} nm fill {eta:.2f}.",
            remedy="Amorphous carbon has 100 per nm^3 of 0.14 nm.",
        )
    wanted = round(density_per_nm3 * math.prod(box_nm))
    box = np.array(box_nm)
    kept = np.empty((0, 3))
    for _ in range(_ROUNDS):
        missing = wanted - len(kept)
        if missing <= 0:
            break
        tried = rng.random((missing + missing // 2 + 1, 3)) * box
        kept = np.concatenate([kept, _with_room(tried, kept, box, diameter_nm)[:missing]])
    if len(kept) < wanted:
        raise InputError(
            f"the box must seat {wanted} atoms, but only {len(kept)} found room.",
            remedy="Take a smaller diameter.",
        )
    return kept


def _with_room(
    tried: Float[np.ndarray, "atom 3"],
    kept: Float[np.ndarray, "own 3"],
    box: Float[np.ndarray, " 3"],
    diameter_nm: float,
) -> Float[np.ndarray, "new 3"]:
    """Those that keep their distance from the atoms there and from earlier ones of their own."""
    if diameter_nm == 0:
        return tried
    around = np.array([box[0], box[1], 0.0])
    if len(kept):
        near, _ = KDTree(kept, boxsize=around).query(tried, distance_upper_bound=diameter_nm)
        tried = tried[np.isinf(near)]
    pairs = KDTree(tried, boxsize=around).query_pairs(diameter_nm, output_type="ndarray")
    free = np.ones(len(tried), dtype=bool)
    free[pairs.max(axis=1)] = False
    return tried[free]


def graphene_nm(width_nm: float, height_nm: float) -> Float[np.ndarray, "atom 2"]:
    """A sheet about its centre: x along the zigzag rows, y across them, nm.

    Example:
        >>> sheet = graphene_nm(10.0, 10.0)  # 38.2 atoms a nm^2, and the two cut edges
        >>> 37.0 < len(sheet) / 100 < 39.5
        True
    """
    rise = 3 * NEIGHBOUR_NM
    columns = np.arange(-math.ceil(width_nm / LATTICE_NM), math.ceil(width_nm / LATTICE_NM) + 1)
    rows = np.arange(-math.ceil(height_nm / rise), math.ceil(height_nm / rise) + 1)
    cell = np.array([(0.0, 0.5), (0.0, -0.5), (0.5, 1.0), (0.5, 2.0)])
    cell = cell * np.array([LATTICE_NM, NEIGHBOUR_NM])
    corner = np.stack(np.meshgrid(columns * LATTICE_NM, rows * rise), axis=-1).reshape(-1, 1, 2)
    # The cell's origin is moved from the middle of a bond to that of a hexagon.
    places = (corner + cell).reshape(-1, 2) + np.array([0.0, 1.5 * NEIGHBOUR_NM])
    inside = (np.abs(places) <= np.array([width_nm, height_nm]) / 2).all(axis=1)
    return places[inside]


def nanotube_nm(diameter_nm: float, length_nm: float) -> Float[np.ndarray, "atom 3"]:
    """One wall: graphene rolled up (zigzag), its axis along x, centred, nm.

    The circumference is a whole number of lattice constants, so the diameter is met to 0.04 nm.

    Raises:
        InputError: thinner than any tube.

    Example:
        >>> tube = nanotube_nm(1.5, 4.0)
        >>> radii = np.hypot(tube[:, 1], tube[:, 2])
        >>> bool(np.ptp(radii) < 1e-12), round(2 * float(radii[0]), 2)
        (True, 1.49)
    """
    around = round(math.pi * diameter_nm / LATTICE_NM)
    if around < 4:
        raise InputError(
            f"`diameter_nm` must be at least 0.3, but is {diameter_nm}.",
            remedy="Single-walled tubes have 0.7 to 3 nm.",
        )
    rise, girth = 3 * NEIGHBOUR_NM, around * LATTICE_NM
    cells = np.arange(-math.ceil(length_nm / rise), math.ceil(length_nm / rise) + 1)
    cell = np.array([(0.0, 0.0), (0.0, 1.0), (0.5, 1.5), (0.5, 2.5)])
    cell = cell * np.array([LATTICE_NM, NEIGHBOUR_NM])
    corner = np.stack(np.meshgrid(np.arange(around) * LATTICE_NM, cells * rise), axis=-1)
    arc, axial = (corner.reshape(-1, 1, 2) + cell).reshape(-1, 2).T
    turn, radius = 2 * math.pi * arc / girth, girth / (2 * math.pi)
    places = np.column_stack([axial, radius * np.cos(turn), radius * np.sin(turn)])
    return places[np.abs(axial) <= length_nm / 2]


def nanohorn_nm(base_diameter_nm: float, length_nm: float) -> Float[np.ndarray, "atom 3"]:
    """A nanohorn: the sharpest cone that graphene closes to, and a tube behind it.

    Tip at the origin, axis along -x, nm. The cone is one sixth of a sheet, 19.2 degrees wide,
    without a seam; its tip is left open (0.4 nm along the flank; pentagons close a real one), and
    between cone and tube the lattices do not match.

    Source: Iijima et al., Chem. Phys. Lett. 309, 165 (1999), for shape and angle.
    """
    flank = _CONE_SHARE * base_diameter_nm / 2
    slope = math.sqrt(1 - 1 / _CONE_SHARE**2)
    cone_nm = flank * slope
    sheet = graphene_nm(2 * flank, 2 * flank)
    distance, angle = np.hypot(*sheet.T), np.arctan2(sheet[:, 1], sheet[:, 0]) + 1e-9
    limit = min(flank, length_nm / slope)
    wedge = (angle >= 0) & (angle < math.pi / 3) & (distance >= _OPEN_TIP_NM) & (distance < limit)
    turn, radius = _CONE_SHARE * angle[wedge], distance[wedge] / _CONE_SHARE
    cone = np.column_stack([-slope * distance[wedge], radius * np.cos(turn), radius * np.sin(turn)])
    rest = length_nm - cone_nm - NEIGHBOUR_NM
    if rest <= 0:
        return cone
    body = nanotube_nm(base_diameter_nm, rest)
    body[:, 0] -= cone_nm + NEIGHBOUR_NM + rest / 2
    return np.concatenate([cone, body])
