"""Carbon as slices that a wave passes: from atoms to screens, at rest or moved."""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy.fft
from jaxtyping import Array, Complex, Float

from cinedot.microscope.beam import phase_per_scattering_angstrom
from cinedot.microscope.factors import scattering_factor_angstrom
from cinedot.microscope.grid import Grid
from cinedot.microscope.lens import Lens


class Film(NamedTuple):
    """A film as the compiled code takes it.

    transmission: what each slice multiplies the wave by [slice, y, x]; first_angstrom: height of
    the first slice's plane above (that is, behind) z = 0; step_angstrom: distance of the planes.
    """

    transmission: Complex[Array, "slice y x"]
    first_angstrom: Float[Array, ""] | float
    step_angstrom: Float[Array, ""] | float


def moved(part: Film, shift_nm: Float[np.ndarray, " 3"], grid: Grid) -> Film:
    """A film that has moved as a whole, in x, y and z; the field is periodic.

    Shifted in Fourier space, so by any part of a pixel; the phases are band-limited and small
    enough for the transmission to be so too.

    Example:
        >>> grid = Grid(shape=(8, 8), pixel_nm=0.1)
        >>> screen = jnp.zeros((1, 8, 8), dtype=jnp.complex64).at[0, 2, 3].set(1.0)
        >>> shifted = moved(Film(screen, 5.0, 5.0), np.array([0.1, 0.2, 1.0]), grid)
        >>> int(jnp.argmax(jnp.abs(shifted.transmission[0]))), shifted.first_angstrom
        (36, 15.0)
    """
    x, y, z = (float(part) for part in shift_nm)
    rows, columns = grid.shape
    along_y = np.exp(-2j * np.pi * np.fft.fftfreq(rows) * y / grid.pixel_nm)
    along_x = np.exp(-2j * np.pi * np.fft.fftfreq(columns) * x / grid.pixel_nm)
    ramp = jnp.asarray((along_y[:, None] * along_x).astype(np.complex64))
    screens = jnp.fft.ifft2(jnp.fft.fft2(part.transmission) * ramp)
    return Film(screens, part.first_angstrom + 10 * z, part.step_angstrom)


def sliced_nm(
    places_nm: Float[np.ndarray, "atom 3"],
    depth_nm: float,
    slices: int,
    grid: Grid,
    margin: int,
) -> Float[np.ndarray, "slice y x"]:
    """Atoms a pixel in each slice; x and y from the field's corner, z from the first slice's."""
    layer = np.clip((places_nm[:, 2] / depth_nm * slices).astype(int), 0, slices - 1)
    x, y = (places_nm[:, :2] / grid.pixel_nm + margin - 0.5).T
    return np.stack([deposited(x[layer == k], y[layer == k], grid.shape) for k in range(slices)])


def deposited(
    x: Float[np.ndarray, " atom"], y: Float[np.ndarray, " atom"], shape: tuple[int, int]
) -> Float[np.ndarray, "y x"]:
    """Atoms shared out over the 16 pixels around each by cubic splines, the field being periodic.

    What this blurs is known (sinc^4 along each axis) and undone in Fourier space; what it aliases
    into the band is below 6 % at the band's edge and below 0.4 % at half of it.

    Example:
        >>> shares = deposited(np.array([2.0]), np.array([3.5]), (8, 8))
        >>> (48 * shares[2:6, 1:4]).round(6).tolist()[1]
        [3.833333, 15.333333, 3.833333]
    """
    left, low = np.floor(x).astype(int), np.floor(y).astype(int)
    across, down = _spline_shares(x - left), _spline_shares(y - low)
    total = np.zeros(shape[0] * shape[1])
    for row, row_share in enumerate(down):
        start = ((low + row - 1) % shape[0]) * shape[1]
        for column, column_share in enumerate(across):
            place = start + (left + column - 1) % shape[1]
            total += np.bincount(place, row_share * column_share, minlength=len(total))
    return total.reshape(shape)


def _spline_shares(u: Float[np.ndarray, " atom"]) -> Float[np.ndarray, "4 atom"]:
    """The cubic spline's shares of the pixels from one before to two behind, u from 0 to 1."""
    rest = 1 - u
    return np.stack([rest**3, 4 - 6 * u**2 + 3 * u**3, 4 - 6 * rest**2 + 3 * rest**3, u**3]) / 6


def transmission(
    densities: Float[np.ndarray, "slice y x"], u_angstrom2: float, grid: Grid, lens: Lens
) -> Complex[np.ndarray, "slice y x"]:
    """What slices of carbon atoms, counted a pixel, multiply a wave by."""
    damped = _carbon(grid, u_angstrom2)
    turn = phase_per_scattering_angstrom(lens.voltage_kv) / grid.pixel_angstrom**2
    layers = np.empty(densities.shape, dtype=np.complex64)
    for layer, atoms in zip(layers, densities, strict=True):
        layer[:] = np.exp(1j * (turn * filtered(atoms, damped)).astype(np.float32))
    return layers


def filtered(
    density: Float[np.ndarray, "y x"], weight: Float[np.ndarray, "y kx"]
) -> Float[np.ndarray, "y x"]:
    """A density weighted in Fourier space."""
    spectrum = np.asarray(scipy.fft.rfft2(density, workers=-1)) * weight
    return np.asarray(scipy.fft.irfft2(spectrum, s=density.shape, workers=-1))


def frequencies_per_angstrom(grid: Grid) -> Float[np.ndarray, "y kx"]:
    """Spatial frequencies of a real transform, 1/angstrom."""
    rows, columns = grid.shape
    y, x = scipy.fft.fftfreq(rows)[:, None], scipy.fft.rfftfreq(columns)[None, :]
    return np.hypot(y, x) / grid.pixel_angstrom


def _carbon(grid: Grid, u_angstrom2: float) -> Float[np.ndarray, "y kx"]:
    """Carbon's damped scattering factor within the band, freed of the sharing's blur."""
    rows, columns = grid.shape
    y, x = scipy.fft.fftfreq(rows)[:, None], scipy.fft.rfftfreq(columns)[None, :]
    q = frequencies_per_angstrom(grid)
    factor = scattering_factor_angstrom("C", q.ravel()).reshape(q.shape)
    damping = np.exp(-2 * math.pi**2 * u_angstrom2 * q**2)
    sharing = (np.sinc(y) * np.sinc(x)) ** 4
    return np.where(q <= grid.band_limit_per_angstrom, factor * damping / sharing, 0.0)
