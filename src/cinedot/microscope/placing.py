"""Dots strewn over a field, as they lie on a grid's film."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.microscope.whole import require_whole
from cinedot.particle import Cuboid, HeadGroups, Host, build

_TRIES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyDot:
    """A dot on the film.

    Attributes:
        atoms: from `cinedot.particle.build`, about its centre, angstrom.
        x_nm, y_nm: its centre, from the centre of the image's first pixel.
        rotation: crystal axes to frame axes.
    """

    atoms: Atoms
    x_nm: float
    y_nm: float
    rotation: Rotation


def place_dots(
    edges: Sequence[int],
    *,
    host: Host,
    compound: str = "mla-cs",
    shape: tuple[int, int] = (512, 512),
    pixel_nm: float = 0.1,
    gap_nm: float = 1.5,
    tilt_deg: float | None = 6.0,
    seed: int = 0,
) -> list[SurveyDot]:
    """Cubes strewn over a field, face-on within a tilt or turned at random.

    Args:
        edges: Pb atoms an edge of each cube, as many as there shall be.
        host, compound: what they are made of.
        shape, pixel_nm: the field.
        gap_nm: least distance between the circles around two dots, and to the field's border.
        tilt_deg: largest angle between a face's normal and the beam, degrees, any direction in
            the plane; None for dots that lie in any way, all rotations alike.
        seed: chance.

    Raises:
        InputError: the field has no room for so many; a negative seed; a tilt that is none.
    """
    require_whole("seed", seed, least=0, remedy="Say 0.")
    if tilt_deg is not None and not 0 <= tilt_deg <= 90:
        raise InputError(
            f"`tilt_deg` must be 0 to 90 degrees, but is {tilt_deg}.",
            remedy="None turns dots in all directions alike.",
        )
    rng = np.random.default_rng(seed)
    # A face's half diagonal, or the cube's where a corner may point anywhere.
    reach = math.sqrt(2) if tilt_deg is not None else math.sqrt(3)
    circles = [n * host.lattice_nm * reach / 2 for n in edges]
    places = _strewn(circles, shape, pixel_nm, gap_nm, rng)
    return [
        SurveyDot(
            atoms=build(
                Cuboid.cube(n, host),
                compound,
                seed=int(rng.integers(2**31)),
                ligands=HeadGroups(),
            ),
            x_nm=float(x),
            y_nm=float(y),
            rotation=Rotation.random(rng=rng) if tilt_deg is None else _face_on(tilt_deg, rng),
        )
        for n, (x, y) in zip(edges, places, strict=True)
    ]


def _strewn(
    radii_nm: Sequence[float],
    shape: tuple[int, int],
    pixel_nm: float,
    gap_nm: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, "dot 2"]:
    """Places x, y of circles that keep their distance, the largest seated first, nm."""
    extent = np.array([shape[1], shape[0]]) * pixel_nm
    places = np.full((len(radii_nm), 2), np.inf)
    radii = np.asarray(radii_nm, dtype=float)
    for dot in np.argsort(-radii, kind="stable"):
        border = radii[dot] + gap_nm
        for _ in range(_TRIES if np.all(extent > 2 * border) else 0):
            place = border + rng.random(2) * (extent - 2 * border)
            apart = np.hypot(*(places - place).T) - radii - radii[dot]
            if np.all(apart >= gap_nm):
                places[dot] = place
                break
        else:
            raise InputError(
                f"`edges` must fit the field with gaps of {gap_nm} nm, but {len(radii_nm)} dots "
                f"do not fit into {extent[0]:.1f} x {extent[1]:.1f} nm.",
                remedy="Take fewer dots or a larger field.",
            )
    return places - pixel_nm / 2


def _face_on(tilt_deg: float, rng: np.random.Generator) -> Rotation:
    """A rotation whose tilt off the beam is at most `tilt_deg`, in-plane angle and axis drawn."""
    tilt = math.radians(tilt_deg) * math.sqrt(rng.random())
    azimuth = rng.uniform(0, 2 * math.pi)
    tip = Rotation.from_rotvec([tilt * math.cos(azimuth), tilt * math.sin(azimuth), 0.0])
    return tip * Rotation.from_rotvec([0.0, 0.0, rng.uniform(0, 2 * math.pi)])
