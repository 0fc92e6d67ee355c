"""Graphene-walled supports: flat sheets, a nanotube, a nanohorn aggregate, atom by atom."""

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.microscope.carbon import LAYERS_NM, graphene_nm, nanohorn_nm, nanotube_nm
from cinedot.microscope.limits import require_depth
from cinedot.microscope.regions import Everywhere, Region
from cinedot.microscope.whole import require_whole

_U_ANGSTROM2 = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphene:
    """Flat sheets of graphene, each turned and shifted at random.

    Attributes:
        layers: how many, 0.335 nm apart.
        covers: the part of the field that they lie behind.
        slice_nm: thickness of the slices that the sheets are cut into, nm.
        u_angstrom2: mean square displacement of the atoms, angstrom^2 (an estimate at 298 K, in
            the plane).
    """

    layers: int = 1
    covers: Region = field(default_factory=Everywhere)
    slice_nm: float = LAYERS_NM
    u_angstrom2: float = _U_ANGSTROM2

    def __post_init__(self) -> None:
        require_whole("layers", self.layers, least=1, remedy="One is graphene.")
        require_depth("depth_nm", self.depth_nm)
        _require_positive(self, "slice_nm")

    @property
    def depth_nm(self) -> float:
        """Extent along the beam."""
        return self.layers * LAYERS_NM

    def places_nm(
        self, field_nm: tuple[float, float], border_nm: float, rng: np.random.Generator
    ) -> Float[np.ndarray, "atom 3"]:
        """Atoms; x and y from the field's corner, z from the surface that faces the dot."""
        height, width = field_nm
        side = math.hypot(height + 2 * border_nm, width + 2 * border_nm) + 1.0
        sheets: list[Float[np.ndarray, "atom 3"]] = []
        for layer in range(self.layers):
            turn, shift = rng.uniform(0, 2 * math.pi), rng.uniform(-0.25, 0.25, size=2)
            flat = _turned(graphene_nm(side, side) + shift, turn) + np.array([width, height]) / 2
            depth = np.full((len(flat), 1), (layer + 0.5) * LAYERS_NM)
            sheets.append(np.hstack([flat, depth]))
        places = np.concatenate(sheets)
        return _within(places, field_nm, border_nm, self.covers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nanotube:
    """A carbon nanotube that lies across the field.

    Attributes:
        diameter_nm: of the outermost wall, nm.
        walls: how many, 0.335 nm apart.
        across, down: where its axis passes, as shares of the field's width and height.
        azimuth_deg: direction of its axis, from x towards y, degrees.
        slice_nm: thickness of the slices that it is cut into, nm.
        u_angstrom2: mean square displacement of the atoms, angstrom^2.

    Raises:
        InputError: no wall, no slice, or an inner wall thinner than any tube.
    """

    diameter_nm: float = 2.0
    walls: int = 1
    across: float = 0.5
    down: float = 0.5
    azimuth_deg: float = 0.0
    slice_nm: float = 0.25
    u_angstrom2: float = _U_ANGSTROM2

    def __post_init__(self) -> None:
        require_whole("walls", self.walls, least=1, remedy="Most tubes have one.")
        _require_positive(self, "diameter_nm", "slice_nm")
        require_depth("diameter_nm", self.diameter_nm)
        if self.diameter_nm - 2 * (self.walls - 1) * LAYERS_NM < 0.3:
            raise InputError(
                f"`diameter_nm` must leave the innermost of {self.walls} walls 0.3 nm, but is "
                f"{self.diameter_nm}.",
                remedy="Take fewer walls; each takes 0.67 nm.",
            )

    @property
    def depth_nm(self) -> float:
        """Extent along the beam."""
        return self.diameter_nm + 0.1

    def places_nm(
        self, field_nm: tuple[float, float], border_nm: float, rng: np.random.Generator
    ) -> Float[np.ndarray, "atom 3"]:
        """Atoms; x and y from the field's corner, z from the surface that faces the dot."""
        height, width = field_nm
        length = 2 * math.hypot(height + border_nm, width + border_nm)
        shells: list[Float[np.ndarray, "atom 3"]] = []
        for wall in range(self.walls):
            tube = nanotube_nm(self.diameter_nm - 2 * wall * LAYERS_NM, length)
            roll, slide = rng.uniform(0, 2 * math.pi), rng.uniform(-0.2, 0.2)
            shells.append(Rotation.from_euler("x", roll).apply(tube) + np.array([slide, 0.0, 0.0]))
        tubes = np.concatenate(shells)
        tubes[:, :2] = _turned(tubes[:, :2], math.radians(self.azimuth_deg))
        middle = np.array([self.across * width, self.down * height, self.depth_nm / 2])
        return _within(tubes + middle, field_nm, border_nm, Everywhere())


@dataclass(frozen=True, slots=True, kw_only=True)
class Nanohorns:
    """A nanohorn aggregate: horns that radiate from a centre, their tips on a circle.

    The horns lie across the beam at random depths, evenly spread but for a random turn within
    each one's share of the circle; a horn's length is the aggregate's radius.

    Attributes:
        horns: how many, all around.
        radius_nm: from the centre to the tips, nm; real aggregates have 40 nm.
        base_diameter_nm: of a horn behind its cone, nm.
        across, down: the centre, as shares of the field's width and height; may lie outside.
        thickness_nm: extent along the beam, nm.
        slice_nm: thickness of the slices that they are cut into, nm.
        u_angstrom2: mean square displacement of the atoms, angstrom^2.

    Raises:
        InputError: nothing there, or an aggregate thinner than a horn.
    """

    horns: int = 40
    radius_nm: float = 12.0
    base_diameter_nm: float = 2.0
    across: float = -0.7
    down: float = 0.5
    thickness_nm: float = 4.0
    slice_nm: float = 0.25
    u_angstrom2: float = _U_ANGSTROM2

    def __post_init__(self) -> None:
        require_whole("horns", self.horns, least=1, remedy="Say 40.")
        _require_positive(self, "radius_nm", "base_diameter_nm", "slice_nm")
        require_depth("thickness_nm", self.thickness_nm)
        if self.thickness_nm < self.base_diameter_nm:
            raise InputError(
                f"`thickness_nm` must hold a horn of {self.base_diameter_nm} nm, but is "
                f"{self.thickness_nm}.",
                remedy="Take thinner horns.",
            )

    @property
    def depth_nm(self) -> float:
        """Extent along the beam: facets bulge beyond the horn's nominal base."""
        return self.thickness_nm + 0.1

    def places_nm(
        self, field_nm: tuple[float, float], border_nm: float, rng: np.random.Generator
    ) -> Float[np.ndarray, "atom 3"]:
        """Atoms; x and y from the field's corner, z from the surface that faces the dot."""
        horn = nanohorn_nm(self.base_diameter_nm, self.radius_nm) + np.array(
            [self.radius_nm, 0.0, 0.0]
        )
        centre = np.array([self.across * field_nm[1], self.down * field_nm[0]])
        room = self.depth_nm - 2 * np.hypot(horn[:, 1], horn[:, 2]).max()
        whole: list[Float[np.ndarray, "atom 3"]] = []
        for sector in range(self.horns):
            rolled = Rotation.from_euler("x", rng.uniform(0, 2 * math.pi)).apply(horn)
            azimuth = 2 * math.pi * (sector + rng.random()) / self.horns
            rolled[:, :2] = _turned(rolled[:, :2], azimuth) + centre
            rolled[:, 2] += room * rng.random() - rolled[:, 2].min()
            whole.append(_within(rolled, field_nm, border_nm, Everywhere()))
        return np.concatenate(whole)


def _turned(places: Float[np.ndarray, "atom 2"], angle: float) -> Float[np.ndarray, "atom 2"]:
    cosine, sine = math.cos(angle), math.sin(angle)
    return places @ np.array([[cosine, sine], [-sine, cosine]])


def _within(
    places: Float[np.ndarray, "atom 3"],
    field_nm: tuple[float, float],
    border_nm: float,
    covers: Region,
) -> Float[np.ndarray, "near 3"]:
    """Those inside the field and its border, and in the region."""
    extent = np.array([field_nm[1], field_nm[0]])
    near = ((places[:, :2] > -border_nm) & (places[:, :2] < extent + border_nm)).all(axis=1)
    places = places[near]
    return places[covers.holds(places[:, 0] / extent[0], places[:, 1] / extent[1])]


def _require_positive(support: object, *names: str) -> None:
    for name in names:
        value: float = getattr(support, name)
        if not 0 < value < math.inf:
            raise InputError(
                f"`{name}` must be positive, but is {value}.",
                remedy="Leave the support out for a dot in vacuum.",
            )
