"""The Z-correlated (ZC) model: heavy atoms as spheres whose size tells their element."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from types import MappingProxyType

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.data.colors import jmol_colors
from jaxtyping import Float, Int
from scipy.spatial.distance import cdist

from cinedot.core import InputError

PB_RADIUS_ANGSTROM = 1.5
"""Radius of the sphere that draws Pb, angstrom: in every host neighbours' spheres then stay clear
of each other, and rows can be told apart."""

LIGHT_UP_TO = 10
"""Elements up to this atomic number (H, C, N, O) are left out: they are not seen in a movie."""

_PB = 82
_FADE = 0.35
_PAPER = 1.0

# Each ion's place in a perovskite has its own lightness, so that a grey copy tells them apart.
_COLOURS = MappingProxyType(
    {"Pb": "0B3C6F", "Sn": "4B2E63", "Cl": "3FA27C", "Br": "D9643A", "I": "C0689F",
     "Cs": "F3D65B"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spheres:
    """Heavy atoms as a viewer at the gun sees them, farthest first.

    Attributes:
        number: atomic numbers [atom].
        xyz_angstrom: places in the frame's axes, from the atoms' own origin [atom, 3].
        radius_angstrom: [atom].
        rgb: colours, 0 to 1, faded with depth [atom, 3].
    """

    number: Int[np.ndarray, " atom"]
    xyz_angstrom: Float[np.ndarray, "atom 3"]
    radius_angstrom: Float[np.ndarray, " atom"]
    rgb: Float[np.ndarray, "atom 3"]


def zc_radii_angstrom(
    numbers: Int[np.ndarray, " atom"], pb_radius_angstrom: float = PB_RADIUS_ANGSTROM
) -> Float[np.ndarray, " atom"]:
    """Radius in proportion to Z^(2/3), the scattering power's rough law (the paper's Fig. 5k).

    Args:
        numbers: atomic numbers [atom].
        pb_radius_angstrom: radius of Pb (Z = 82).

    Example:
        >>> zc_radii_angstrom(np.array([82, 55, 35])).round(3).tolist()
        [1.5, 1.149, 0.85]
    """
    return pb_radius_angstrom * (numbers / _PB) ** (2 / 3)


def view_along(direction: Sequence[float]) -> Float[np.ndarray, "3 3"]:
    """The rotation that turns a crystal direction towards the viewer, who looks from the gun.

    The direction becomes -z of the frame (z runs away from the gun). Up in the image (-y) is the
    crystal's c as nearly as can be; for a view along c itself, b.

    Args:
        direction: along the cubic axes a, b, c, as in (1, 1, 0).

    Returns:
        Active rotation, crystal axes -> frame axes [3, 3].

    Raises:
        InputError: no direction: zeros, or not three finite numbers.

    Example:
        >>> view_along((0, 0, 1)).astype(int).tolist()
        [[1, 0, 0], [0, -1, 0], [0, 0, -1]]
    """
    towards = np.array(direction, dtype=float)
    if towards.shape != (3,) or not np.isfinite(towards).all() or not towards.any():
        raise InputError(
            f"`direction` must be three numbers, not all 0, but is {tuple(direction)}.",
            remedy="The view along a face's normal is (0, 0, 1).",
        )
    towards /= np.linalg.norm(towards)
    along_c = np.hypot(towards[0], towards[1]) < 1e-6
    up = np.array([0.0, 1.0, 0.0]) if along_c else np.array([0.0, 0.0, 1.0])
    up -= (up @ towards) * towards
    up /= np.linalg.norm(up)
    return np.array([np.cross(up, towards), -up, -towards])


def zc_spheres(
    atoms: Atoms,
    rotation: Float[np.ndarray, "3 3"],
    pb_radius_angstrom: float = PB_RADIUS_ANGSTROM,
) -> Spheres:
    """The spheres of a view, farthest first, the order in which to paint them.

    Where no two spheres cut each other, painting in the order of their centres' depths hides
    exactly what is hidden: a line of sight passes through them one after the other.

    Raises:
        InputError: nothing heavier than Z = 10; a matrix that is no rotation; no positive radius.
    """
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-6) or (
        np.linalg.det(rotation) < 0
    ):
        raise InputError(
            "`rotation` must be a rotation matrix, but is not orthogonal with determinant 1.",
            remedy="Make it with `view_along`.",
        )
    if not 0 < pb_radius_angstrom < np.inf:
        raise InputError(
            f"`pb_radius_angstrom` must be positive, but is {pb_radius_angstrom}.",
            remedy=f"The default is {PB_RADIUS_ANGSTROM}.",
        )
    heavy = atoms.numbers > LIGHT_UP_TO
    if not heavy.any():
        raise InputError(
            f"`atoms` must hold an atom heavier than Z = {LIGHT_UP_TO}, but none is.",
            remedy="The ZC model leaves out C, N, H and O; draw ligands with ase.",
        )
    seen = atoms.positions[heavy] @ rotation.T
    order = np.argsort(-seen[:, 2], kind="stable")
    number = atoms.numbers[heavy][order]
    depth = seen[order, 2]
    back = (depth - depth.min()) / max(float(np.ptp(depth)), 1e-9)
    colours = np.array([zc_colour(int(z)) for z in number])
    return Spheres(
        number=number,
        xyz_angstrom=seen[order],
        radius_angstrom=zc_radii_angstrom(number, pb_radius_angstrom),
        rgb=colours + _FADE * back[:, None] * (_PAPER - colours),
    )


def unhidden(spheres: Spheres) -> Spheres:
    """The spheres less those that one nearer sphere covers wholly; the picture is the same."""
    xy, radius = spheres.xyz_angstrom[:, :2], spheres.radius_angstrom
    covered = np.triu(cdist(xy, xy) + radius[:, None] <= radius[None, :] + 1e-6, k=1).any(axis=1)
    kept = ~covered
    return Spheres(
        number=spheres.number[kept],
        xyz_angstrom=spheres.xyz_angstrom[kept],
        radius_angstrom=radius[kept],
        rgb=spheres.rgb[kept],
    )


def zc_colour(number: int) -> tuple[float, float, float]:
    """An element's colour, RGB 0 to 1; Jmol's for those that no host holds."""
    known = _COLOURS.get(chemical_symbols[number])
    parts = jmol_colors[number] if known is None else np.array([*bytes.fromhex(known)]) / 255
    red, green, blue = (float(part) for part in parts)
    return red, green, blue


def shade(facing: Float[np.ndarray, "*many"]) -> Float[np.ndarray, "*many"]:
    """Brightness of a sphere lit by the viewer, from the cosine of its surface to the sight line.

    The light comes head-on, so that turning a dot in the image plane turns its picture.
    """
    return 0.45 + 0.55 * facing


def zc_image(
    atoms: Atoms,
    *,
    rotation: Float[np.ndarray, "3 3"],
    pixel_nm: float,
    shape: tuple[int, int],
    pb_radius_angstrom: float = PB_RADIUS_ANGSTROM,
) -> Float[np.ndarray, "y x 3"]:
    """The ZC model as an image: opaque shaded spheres on white, the atoms' origin in its middle.

    Parallel projection; x along columns, y down the rows, the viewer at the gun, at small z.
    Spheres' rims are antialiased over one pixel. What lies outside the image is cut off.

    Args:
        atoms: angstrom along the cubic axes, as `build` makes them.
        rotation: active, crystal axes -> frame axes, as of a pose or `view_along`.
        pixel_nm: pixel size.
        shape: rows, columns.
        pb_radius_angstrom: radius of Pb.

    Returns:
        RGB, 0 to 1 [y, x, 3].

    Raises:
        InputError: no heavy atom, no rotation, no positive pixel or shape.

    Example:
        >>> lead = Atoms("Pb", positions=[[0, 0, 0]])
        >>> image = zc_image(lead, rotation=np.eye(3), pixel_nm=0.05, shape=(9, 9))
        >>> image.shape, image[0, 0].tolist(), bool(image[4, 4].min() < 1)
        ((9, 9, 3), [1.0, 1.0, 1.0], True)
    """
    if not 0 < pixel_nm < np.inf or min(shape) < 1:
        raise InputError(
            f"`pixel_nm` and `shape` must be positive, but are {pixel_nm} and {shape}.",
            remedy="0.0125 nm and (256, 256) hold QD4.",
        )
    spheres = zc_spheres(atoms, rotation, pb_radius_angstrom)
    per_pixel = 1 / (10 * pixel_nm)
    middle = (np.array(shape[::-1]) - 1) / 2
    centre = spheres.xyz_angstrom[:, :2] * per_pixel + middle
    image = np.full((*shape, 3), _PAPER)
    for (x, y), radius, rgb in zip(
        centre, spheres.radius_angstrom * per_pixel, spheres.rgb, strict=True
    ):
        _paint(image, float(x), float(y), float(radius), rgb)
    return image


def _paint(
    image: Float[np.ndarray, "y x 3"],
    x: float,
    y: float,
    radius: float,
    rgb: Float[np.ndarray, " 3"],
) -> None:
    """Cover what is behind one sphere, in proportion to how much of each pixel it takes."""
    reach = radius + 1
    rows = slice(max(0, ceil(y - reach)), max(0, floor(y + reach) + 1))
    columns = slice(max(0, ceil(x - reach)), max(0, floor(x + reach) + 1))
    patch = image[rows, columns]
    dy = np.arange(rows.start, rows.start + patch.shape[0]) - y
    dx = np.arange(columns.start, columns.start + patch.shape[1]) - x
    away = np.hypot(dy[:, None], dx)
    cover = np.clip(radius + 0.5 - away, 0.0, 1.0) * min(1.0, 2 * radius)
    facing = np.sqrt(np.clip(1 - (away / radius) ** 2, 0.0, None))
    patch += cover[..., None] * (shade(facing)[..., None] * rgb - patch)
