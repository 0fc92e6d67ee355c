"""Exit waves of a dot by multislice, for many poses, compiled once.

Each atom's phase is a sum of Gaussians, separable in x and y, so a slice's phase is one product
of two thin matrices. An atom between two slices' planes is shared between them in proportion to
its nearness: the wave is then continuous in every atom's place and right to second order in the
slices' distance. The exit wave is carried back to the plane z = 0, where defocus is measured.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from ase import Atoms
from jaxtyping import Array, Complex, Float, Int
from scipy.fft import next_fast_len

from cinedot.microscope.grid import BAND_LIMIT, Grid, frequencies
from cinedot.microscope.lens import Lens
from cinedot.microscope.poses import Poses
from cinedot.microscope.potential import (
    Multislice,
    Passage,
    Scatterers,
    passage,
    scatterers,
    seating,
    slice_phase,
)


def exit_waves(
    dot: Atoms, poses: Poses, *, grid: Grid, lens: Lens, scattering: Multislice | None = None
) -> Complex[Array, "pose y x"]:
    """The waves behind a dot in each pose, referred back to the plane z = 0.

    Args:
        dot: atoms about their own centre, angstrom.
        poses: how the dot is turned and where it stands on the grid.
        grid: pixels of the wave; its field should leave 0.5 nm around the dot.
        lens: only its voltage matters here.
        scattering: how the wave passes the atoms; `Multislice()` when left out.

    Returns:
        Waves, 1 where nothing is [pose, y, x].

    Raises:
        InputError: atoms of no known element.

    Example:
        >>> dot = Atoms("Pb", positions=[(0.0, 0.0, 0.0)])
        >>> grid = Grid(shape=(64, 64), pixel_nm=0.02)
        >>> place = Poses(rotation=np.eye(3)[None], shift_nm=np.array([[0.63, 0.63, 0.0]]))
        >>> exit_waves(dot, place, grid=grid, lens=Lens()).shape
        (1, 64, 64)
    """
    how = scattering if scattering is not None else Multislice()
    atoms = scatterers(dot, how, grid)
    seats = seating(dot, poses, how)
    shifts = 10 * poses.shift_nm
    return posed_waves(
        atoms,
        jnp.asarray(poses.rotation, dtype=jnp.float32),
        jnp.asarray(shifts, dtype=jnp.float32),
        jnp.asarray(seats),
        passage(how, lens, grid),
        grid.shape,
    )


def patch_pixels(radius_angstrom: float, pixel_angstrom: float) -> int:
    """Side of a square patch that holds a dot and 5 angstrom around it, quick to transform."""
    half = math.ceil((radius_angstrom + 5.0) / pixel_angstrom)
    return 2 * int(next_fast_len(half, real=True) or half)


def patch_corners(
    poses: Poses, grid: Grid, patch: int, offset: float
) -> tuple[Int[np.ndarray, "pose 2"], Float[np.ndarray, "pose 3"]]:
    """Where each pose's patch begins in the field, and the dot's place within the patch.

    Args:
        poses: places from the centre of the first camera pixel.
        grid: the wave's pixels.
        patch: side of the patch, pixels.
        offset: wave pixels from the first wave pixel to the first camera pixel's centre.

    Returns:
        First row and column [pose, 2]; x, y, z in the patch, angstrom [pose, 3].
    """
    at = poses.shift_nm[:, :2] / grid.pixel_nm + offset
    first = np.rint(at).astype(int) - patch // 2
    within = np.column_stack([(at - first) * grid.pixel_angstrom, 10 * poses.shift_nm[:, 2]])
    return first[:, ::-1].astype(np.int32), within


@partial(jax.jit, static_argnames=("shape",))
def posed_waves(
    atoms: Scatterers,
    rotations: Float[Array, "pose 3 3"],
    shifts: Float[Array, "pose 3"],
    seats: Int[Array, "pose slice seat"],
    how: Passage,
    shape: tuple[int, int],
) -> Complex[Array, "pose y x"]:
    """The compiled body of `exit_waves`: shifts in angstrom from the first pixel's centre."""

    def one(
        pose: tuple[Float[Array, "3 3"], Float[Array, " 3"], Int[Array, "slice seat"]],
    ) -> Complex[Array, "y x"]:
        return exit_wave(atoms, *pose, how, shape)

    return jax.lax.map(one, (rotations, shifts, seats))


def exit_wave(
    atoms: Scatterers,
    rotation: Float[Array, "3 3"],
    shift: Float[Array, " 3"],
    seats: Int[Array, "slice seat"],
    how: Passage,
    shape: tuple[int, int],
) -> Complex[Array, "y x"]:
    """The wave behind a dot in one pose, at the plane z = 0; traceable and differentiable."""
    planes = seats.shape[0]
    turned = atoms.positions @ rotation.T
    heights = (jnp.arange(planes) - (planes - 1) / 2) * how.slice_thickness
    last = (planes - 1) / 2 * how.slice_thickness
    qy, qx = frequencies(shape, how.pixel)
    q2 = qy**2 + qx**2
    step = band_pass(q2, how.pixel) * fresnel(q2, how.slice_thickness, how.wavelength)
    back = fresnel(q2, -(shift[2] + last + how.slice_thickness), how.wavelength)

    def pass_slice(
        spectrum: Complex[Array, "y x"], here: tuple[Float[Array, ""], Int[Array, " seat"]]
    ) -> tuple[Complex[Array, "y x"], None]:
        phase = slice_phase(atoms, turned, shift, here, how, shape)
        wave = jnp.fft.ifft2(spectrum) * jax.lax.complex(jnp.cos(phase), jnp.sin(phase))
        return jnp.fft.fft2(wave) * step, None

    incident = jnp.zeros(shape, dtype=jnp.complex64).at[0, 0].set(shape[0] * shape[1])
    spectrum, _ = jax.lax.scan(pass_slice, incident, (heights, seats))
    return jnp.fft.ifft2(spectrum * back)


def fresnel(
    q2: Float[Array, "y x"],
    distance: Float[Array, ""] | float,
    wavelength: Float[Array, ""] | float,
) -> Complex[Array, "y x"]:
    """exp(-i pi lambda z q^2): the wave's way through `distance` of vacuum, in Fourier space."""
    return jnp.exp(-1j * jnp.pi * wavelength * distance * q2)


def band_pass(q2: Float[Array, "y x"], pixel: Float[Array, ""] | float) -> Float[Array, "y x"]:
    """1 within two thirds of the Nyquist frequency, 0 beyond."""
    return (q2 <= (BAND_LIMIT / 2 / pixel) ** 2).astype(jnp.float32)
