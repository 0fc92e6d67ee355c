"""What a dot lies on or behind: carbon, as slices that a wave passes."""

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from cinedot.core import InputError
from cinedot.microscope.carbon import (
    MOST_PACKED,
    hard_core_structure_factor,
    packing,
    random_carbon_nm,
)
from cinedot.microscope.films import Film as Film
from cinedot.microscope.films import (
    deposited,
    filtered,
    frequencies_per_angstrom,
    sliced_nm,
    transmission,
)
from cinedot.microscope.grid import Grid
from cinedot.microscope.lens import Lens
from cinedot.microscope.limits import require_depth
from cinedot.microscope.regions import Everywhere as Everywhere
from cinedot.microscope.regions import LeftOf as LeftOf
from cinedot.microscope.regions import Region as Region

CONTACT_NM = 0.3
"""Between a film's surface and the atom that touches it, nm."""


class Side(Enum):
    """Where a support is, seen from the gun: behind the dots or in front of them."""

    BEHIND = "behind"
    IN_FRONT = "in front"


@runtime_checkable
class Support(Protocol):
    """Carbon that is known atom by atom."""

    @property
    def depth_nm(self) -> float:
        """Extent along the beam."""
        ...

    @property
    def slice_nm(self) -> float:
        """Thickness of the slices that it is cut into."""
        ...

    @property
    def u_angstrom2(self) -> float:
        """Mean square displacement of its atoms."""
        ...

    def places_nm(
        self, field_nm: tuple[float, float], border_nm: float, rng: np.random.Generator
    ) -> Float[np.ndarray, "atom 3"]:
        """Its atoms, nm.

        Args:
            field_nm: height and width of the field.
            border_nm: how far beyond the field atoms matter.
            rng: chance.

        Returns:
            x and y from the field's upper left corner, z from the surface that faces the dots,
            away from them.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AmorphousCarbon:
    """A film of carbon atoms at random places that keep their distance.

    Its screens are made in Fourier space: independent atoms, their fluctuation weighted with the
    root of the structure factor of hard cores, their mean untouched. The image then has the power
    of a film in which no two atoms are nearer than `core_nm`; `places_nm` gives such atoms one by
    one.

    Attributes:
        thickness_nm: along the beam, nm.
        density_per_nm3: atoms per nm3; 100 is 2.0 g/cm3.
        covers: the part of the field that it lies behind.
        slice_nm: thickness of the slices that it is cut into, nm; against slices of 0.125 nm the
            modulation of the image of 2.5 nm changes by 3 % at 0.5 nm and by 7 % at 1.25 nm.
        u_angstrom2: mean square displacement of its atoms, angstrom^2 (an estimate for a stiff
            solid at 298 K).
        core_nm: least distance of two atoms, nm; 0 for independent places, which overestimate the
            film's noise at low frequencies (science.md 8.4).

    Raises:
        InputError: a thickness, density or slice that is not positive, a thickness of more than
            200 nm, cores that fill too much.
    """

    thickness_nm: float = 2.0
    density_per_nm3: float = 100.0
    covers: Region = field(default_factory=LeftOf)
    slice_nm: float = 0.5
    u_angstrom2: float = 0.01
    core_nm: float = 0.14

    def __post_init__(self) -> None:
        for name in ("thickness_nm", "density_per_nm3", "slice_nm"):
            value: float = getattr(self, name)
            if not 0 < value < math.inf:
                raise InputError(
                    f"`{name}` must be positive, but is {value}.",
                    remedy="Leave the support out for a dot in vacuum.",
                )
        require_depth("thickness_nm", self.thickness_nm)
        if self.core_nm < 0 or not packing(self.density_per_nm3, self.core_nm) <= MOST_PACKED:
            raise InputError(
                f"`core_nm` must be at least 0 and fill at most {MOST_PACKED} of the film, but "
                f"is {self.core_nm}.",
                remedy="Carbon's neighbours are 0.14 nm apart.",
            )

    @property
    def depth_nm(self) -> float:
        """Extent along the beam."""
        return self.thickness_nm

    def places_nm(
        self, field_nm: tuple[float, float], border_nm: float, rng: np.random.Generator
    ) -> Float[np.ndarray, "atom 3"]:
        """Atoms; x and y from the field's corner, z from the surface that faces the dots."""
        height, width = field_nm
        box = (width + 2 * border_nm, height + 2 * border_nm, self.thickness_nm)
        places = random_carbon_nm(
            box, density_per_nm3=self.density_per_nm3, diameter_nm=self.core_nm, rng=rng
        )
        places[:, :2] -= border_nm
        return places[self.covers.holds(places[:, 0] / width, places[:, 1] / height)]


def slices_of(support: AmorphousCarbon | Support | None) -> int:
    """How many slices a support is cut into; none for vacuum."""
    return 0 if support is None else max(1, round(support.depth_nm / support.slice_nm))


def film(
    support: AmorphousCarbon | Support | None,
    *,
    top_nm: float,
    grid: Grid,
    lens: Lens,
    rng: np.random.Generator,
    margin: int = 0,
    side: Side = Side.BEHIND,
) -> Film:
    """The support's slices on a grid; a film of no slices for None.

    Args:
        support: what there is, or None for vacuum.
        top_nm: height of the surface that faces the dots, nm behind z = 0; negative in front.
        grid: the wave's pixels; the film is periodic over them.
        lens: only its voltage matters.
        rng: chance, where the atoms are.
        margin: pixels on each side that lie outside the field that supports speak of.
        side: behind the dots or in front of them. A film in front has its first slice nearest
            to the gun; a wave that has passed it alone, referred back to z = 0, is what arrives
            at the dots.
    """
    if support is None:
        return Film(jnp.zeros((0, *grid.shape), dtype=jnp.complex64), 0.0, 1.0)
    slices = slices_of(support)
    step = 10 * support.depth_nm / slices
    if isinstance(support, AmorphousCarbon):
        densities = _random_densities(support, slices, grid, margin, rng)
    else:
        border_nm = margin * grid.pixel_nm
        field_nm = (grid.extent_nm[0] - 2 * border_nm, grid.extent_nm[1] - 2 * border_nm)
        places = support.places_nm(field_nm, border_nm, rng)
        densities = sliced_nm(places, support.depth_nm, slices, grid, margin)
    if side is Side.IN_FRONT:
        densities = densities[::-1]
    layers = transmission(densities, support.u_angstrom2, grid, lens)
    first = 10 * top_nm + step / 2
    if side is Side.IN_FRONT:
        first -= slices * step
    return Film(jnp.asarray(layers), first, step)


def film_of_atoms(
    places_nm: Float[np.ndarray, "atom 3"],
    *,
    grid: Grid,
    lens: Lens,
    slice_nm: float = 0.25,
    u_angstrom2: float = 0.01,
    margin: int = 0,
) -> Film:
    """Any carbon atoms as a film: x and y from the field's corner, z behind z = 0, nm."""
    lowest = float(places_nm[:, 2].min()) - 1e-9
    depth = max(float(places_nm[:, 2].max()) - lowest + 1e-9, slice_nm)
    slices = max(1, math.ceil(depth / slice_nm))
    below = places_nm - np.array([0.0, 0.0, lowest])
    densities = sliced_nm(below, slices * slice_nm, slices, grid, margin)
    layers = transmission(densities, u_angstrom2, grid, lens)
    return Film(jnp.asarray(layers), 10 * (lowest + slice_nm / 2), 10 * slice_nm)


def _random_densities(
    support: AmorphousCarbon, slices: int, grid: Grid, margin: int, rng: np.random.Generator
) -> Float[np.ndarray, "slice y x"]:
    """Atoms a pixel in each slice: independent, then ordered as hard cores are."""
    height, width = grid.extent_nm
    mean = support.density_per_nm3 * height * width * support.thickness_nm / slices
    rows, columns = np.indices(grid.shape).reshape(2, -1)
    inside = support.covers.holds(*_shares(columns, rows, grid, margin)).reshape(grid.shape)
    expected = inside * (mean / inside.size)
    q_per_nm = 10 * frequencies_per_angstrom(grid)
    root = np.sqrt(
        hard_core_structure_factor(
            q_per_nm, density_per_nm3=support.density_per_nm3, diameter_nm=support.core_nm
        )
    )
    densities = np.empty((slices, *grid.shape))
    for layer in densities:
        y, x = rng.random((rng.poisson(mean), 2)).T * np.array(grid.shape)[:, None]
        there = support.covers.holds(*_shares(x, y, grid, margin))
        layer[:] = deposited(x[there], y[there], grid.shape)
        if support.core_nm > 0:
            layer[:] = expected + filtered(layer - expected, root)
    return densities


def _shares(
    x: Float[np.ndarray, " place"] | Int[np.ndarray, " place"],
    y: Float[np.ndarray, " place"] | Int[np.ndarray, " place"],
    grid: Grid,
    margin: int,
) -> tuple[Float[np.ndarray, " place"], Float[np.ndarray, " place"]]:
    """Pixel coordinates as shares of the field's width and height."""
    return (
        (x - margin + 0.5) / (grid.shape[1] - 2 * margin),
        (y - margin + 0.5) / (grid.shape[0] - 2 * margin),
    )
