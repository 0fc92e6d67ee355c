"""What a dot lies on: an amorphous carbon film, still, behind part of the field."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp
import numpy as np
import scipy.fft
from jaxtyping import Array, Bool, Complex, Float

from cinedot.core import InputError
from cinedot.microscope.beam import phase_per_scattering_angstrom
from cinedot.microscope.grid import Grid
from cinedot.microscope.lens import Lens
from cinedot.microscope.scattering import scattering_factor_angstrom


@runtime_checkable
class Region(Protocol):
    """A part of the field."""

    def holds(
        self, x: Float[np.ndarray, " place"], y: Float[np.ndarray, " place"]
    ) -> Bool[np.ndarray, " place"]:
        """Whether each place is in it; x and y in shares of the field's width and height."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Everywhere:
    """The whole field."""

    def holds(
        self, x: Float[np.ndarray, " place"], y: Float[np.ndarray, " place"]
    ) -> Bool[np.ndarray, " place"]:
        """True."""
        return np.ones(len(x), dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOf:
    """The field left of an upright edge.

    Attributes:
        edge: where the edge is, as a share of the field's width.
    """

    edge: float = 0.5

    def holds(
        self, x: Float[np.ndarray, " place"], y: Float[np.ndarray, " place"]
    ) -> Bool[np.ndarray, " place"]:
        """Whether a place is left of the edge."""
        return x < self.edge


@dataclass(frozen=True, slots=True, kw_only=True)
class AmorphousCarbon:
    """A film of carbon atoms at random places.

    Independent places overestimate the film's noise at low frequencies somewhat (science.md 8.4).

    Attributes:
        thickness_nm: along the beam, nm.
        density_per_nm3: atoms per nm3; 100 is 2.0 g/cm3.
        covers: the part of the field that it lies behind.
        slice_nm: thickness of the slices that it is cut into, nm; against slices of 0.125 nm the
            modulation of the image of 2.5 nm changes by 2 % at 0.5 nm and by 6 % at 1.25 nm.
        u_angstrom2: mean square displacement of its atoms, angstrom^2 (an estimate for a stiff
            solid at 298 K).

    Raises:
        InputError: a thickness, density or slice that is not positive.
    """

    thickness_nm: float = 2.0
    density_per_nm3: float = 100.0
    covers: Region = field(default_factory=LeftOf)
    slice_nm: float = 0.5
    u_angstrom2: float = 0.01

    def __post_init__(self) -> None:
        for name in ("thickness_nm", "density_per_nm3", "slice_nm"):
            value: float = getattr(self, name)
            if not value > 0:
                raise InputError(
                    f"`{name}` must be positive, but is {value}.",
                    remedy="Leave the support out for a dot in vacuum.",
                )


class Film(NamedTuple):
    """A film as the compiled code takes it.

    transmission: what each slice multiplies the wave by [slice, y, x]; first_angstrom: height of
    the first slice's plane above (that is, behind) z = 0; step_angstrom: distance of the planes.
    """

    transmission: Complex[Array, "slice y x"]
    first_angstrom: Float[Array, ""] | float
    step_angstrom: Float[Array, ""] | float


def film(
    support: AmorphousCarbon | None,
    *,
    top_nm: float,
    grid: Grid,
    lens: Lens,
    rng: np.random.Generator,
    margin: int = 0,
) -> Film:
    """The support's slices on a grid; a film of no slices for None.

    Args:
        support: the film, or None for vacuum.
        top_nm: height of the surface that the dots lie on, nm behind z = 0.
        grid: the wave's pixels; the film is periodic over them.
        lens: only its voltage matters.
        rng: chance, where the atoms are.
        margin: pixels on each side that lie outside the field that `covers` speaks of.
    """
    if support is None:
        return Film(jnp.zeros((0, *grid.shape), dtype=jnp.complex64), 0.0, 1.0)
    slices = max(1, round(support.thickness_nm / support.slice_nm))
    step = 10 * support.thickness_nm / slices
    height, width = grid.extent_nm
    mean = support.density_per_nm3 * height * width * support.thickness_nm / slices
    damped = _carbon(grid, support.u_angstrom2)
    turn = phase_per_scattering_angstrom(lens.voltage_kv) / grid.pixel_angstrom**2
    layers = np.empty((slices, *grid.shape), dtype=np.complex64)
    for layer in layers:
        y, x = rng.random((rng.poisson(mean), 2)).T * np.array(grid.shape)[:, None]
        across, down = (
            (place - margin + 0.5) / (side - 2 * margin)
            for place, side in ((x, grid.shape[1]), (y, grid.shape[0]))
        )
        inside = support.covers.holds(across, down)
        atoms = deposited(x[inside], y[inside], grid.shape)
        spectrum = np.asarray(scipy.fft.rfft2(atoms, workers=-1)) * damped
        phase = turn * np.asarray(scipy.fft.irfft2(spectrum, s=grid.shape, workers=-1))
        layer[:] = np.exp(1j * phase.astype(np.float32))
    return Film(jnp.asarray(layers), 10 * top_nm + step / 2, step)


def deposited(
    x: Float[np.ndarray, " atom"], y: Float[np.ndarray, " atom"], shape: tuple[int, int]
) -> Float[np.ndarray, "y x"]:
    """Atoms shared out bilinearly over the four pixels around each, the field being periodic.

    Example:
        >>> deposited(np.array([0.25]), np.array([1.0]), (2, 2)).tolist()
        [[0.0, 0.0], [0.75, 0.25]]
    """
    left, low = np.floor(x).astype(int), np.floor(y).astype(int)
    right_share, upper_share = x - left, y - low
    total = np.zeros(shape[0] * shape[1])
    for rows, row_share in ((low, 1 - upper_share), (low + 1, upper_share)):
        for columns, column_share in ((left, 1 - right_share), (left + 1, right_share)):
            place = (rows % shape[0]) * shape[1] + columns % shape[1]
            total += np.bincount(place, row_share * column_share, minlength=len(total))
    return total.reshape(shape)


def _carbon(grid: Grid, u_angstrom2: float) -> Float[np.ndarray, "y x"]:
    """Carbon's damped scattering factor within the band, freed of the bilinear sharing's blur."""
    rows, columns = grid.shape
    y, x = scipy.fft.fftfreq(rows)[:, None], scipy.fft.rfftfreq(columns)[None, :]
    q = np.hypot(y, x) / grid.pixel_angstrom
    factor = scattering_factor_angstrom("C", q.ravel()).reshape(q.shape)
    damping = np.exp(-2 * math.pi**2 * u_angstrom2 * q**2)
    sharing = (np.sinc(y) * np.sinc(x)) ** 2
    return np.where(q <= grid.band_limit_per_angstrom, factor * damping / sharing, 0.0)
