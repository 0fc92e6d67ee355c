"""Exit waves of a dot, for many poses, compiled once.

The wave goes from plane to plane: it takes up each slice's phase and spreads by Fresnel's
propagator, within the band limit. The exit wave is carried back to the plane z = 0, where defocus
is measured. Everything but shapes can be traced: rotation, place, occupancies, displacements,
stretch, pixel, wavelength.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ase import Atoms
from jaxtyping import Array, Complex, Float, Int
from scipy.fft import next_fast_len

from cinedot.core import InputError
from cinedot.microscope.grid import BAND_LIMIT, Grid, frequencies
from cinedot.microscope.imageable import require_imageable
from cinedot.microscope.lens import Lens
from cinedot.microscope.parallel import batch_size, over_batches, placed
from cinedot.microscope.poses import Poses
from cinedot.microscope.potential import (
    AtomWaves,
    Multislice,
    Passage,
    Scattering,
    atom_waves,
    passage,
    slice_phase,
)
from cinedot.microscope.specimen import Specimen, specimen


def exit_waves(
    dot: Atoms,
    poses: Poses,
    *,
    grid: Grid,
    lens: Lens,
    scattering: Scattering | None = None,
    occupancy: Float[np.ndarray, "pose atom"] | None = None,
    dtype: type[np.floating] = np.float32,
) -> Complex[Array, "pose y x"]:
    """The waves behind a dot in each pose, referred back to the plane z = 0.

    Args:
        dot: atoms about their own centre, angstrom.
        poses: how the dot is turned and where it stands on the grid.
        grid: pixels of the wave; its field, which is periodic, should leave 0.5 nm around the dot.
        lens: only its voltage matters here.
        scattering: how the wave passes the atoms; `Multislice()` when left out.
        occupancy: share of each atom that is there in each pose; all there when left out.
        dtype: np.float32, or np.float64 with JAX_ENABLE_X64=1.

    Returns:
        Waves, 1 where nothing is [pose, y, x].

    Raises:
        InputError: no atoms, or some of no known element or no place; occupancies of another
            shape or not finite; another number type.

    Example:
        >>> dot = Atoms("Pb", positions=[(0.0, 0.0, 0.0)])
        >>> grid = Grid(shape=(64, 64), pixel_nm=0.02)
        >>> place = Poses(rotation=np.eye(3)[None], shift_nm=np.array([[0.63, 0.63, 0.0]]))
        >>> exit_waves(dot, place, grid=grid, lens=Lens()).shape
        (1, 64, 64)
    """
    how = scattering if scattering is not None else Multislice()
    require_imageable(dot, "dot")
    if dtype not in (np.float32, np.float64):
        raise InputError(
            f"`dtype` must be np.float32 or np.float64, but is {dtype!r}.",
            remedy="Leave it out for np.float32.",
        )
    if occupancy is not None and occupancy.shape != (len(poses), len(dot)):
        raise InputError(
            f"`occupancy` must have a row a pose and a column an atom, {(len(poses), len(dot))}, "
            f"but has {occupancy.shape}.",
            remedy="Give np.ones((len(poses), len(dot))) for all there.",
        )
    if occupancy is not None and not np.isfinite(occupancy).all():
        raise InputError(
            "`occupancy` must hold finite numbers, but some are not.", remedy="1 is all there."
        )
    atoms = specimen(dot, how, grid, rotations=poses.rotation, dtype=dtype)
    present = np.ones((len(poses), len(dot))) if occupancy is None else occupancy
    return over_batches(
        lambda *some: posed_waves(atoms, *some, passage(how, lens, grid), grid.shape),
        placed(poses.rotation, dtype),
        placed(10 * poses.shift_nm, dtype),
        placed(present, dtype),
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
        offset: the centre of the first camera pixel, in the wave's pixels.

    Returns:
        Row and column of the first pixel [pose, 2]; x, y, z in the patch, angstrom [pose, 3].
    """
    at = poses.shift_nm[:, :2] / grid.pixel_nm + offset
    first = np.rint(at).astype(int) - patch // 2
    within = np.column_stack([(at - first) * grid.pixel_angstrom, 10 * poses.shift_nm[:, 2]])
    return first[:, ::-1].astype(np.int32), within


@partial(jax.jit, static_argnames=("shape",))
def posed_waves(
    atoms: Specimen,
    rotations: Float[Array, "pose 3 3"],
    shifts: Float[Array, "pose 3"],
    occupancies: Float[Array, "pose owner"],
    how: Passage,
    shape: tuple[int, int],
) -> Complex[Array, "pose y x"]:
    """The compiled body of `exit_waves`: shifts in angstrom from the first pixel's centre."""

    def one(
        pose: tuple[Float[Array, "3 3"], Float[Array, " 3"], Float[Array, " owner"]],
    ) -> Complex[Array, "y x"]:
        rotation, shift, occupancy = pose
        return exit_wave(atoms.with_occupancy(occupancy), rotation, shift, how, shape)

    return jax.lax.map(one, (rotations, shifts, occupancies), batch_size=batch_size())


def exit_wave(
    atoms: Specimen,
    rotation: Float[Array, "3 3"],
    shift: Float[Array, " 3"],
    how: Passage,
    shape: tuple[int, int],
) -> Complex[Array, "y x"]:
    """The wave behind a dot in one pose, at the plane z = 0; traceable and differentiable."""
    return jnp.fft.ifft2(exit_spectrum(atoms, rotation, shift, how, shape))


def exit_spectrum(
    atoms: Specimen,
    rotation: Float[Array, "3 3"],
    shift: Float[Array, " 3"],
    how: Passage,
    shape: tuple[int, int],
) -> Complex[Array, "y x"]:
    """The Fourier transform of `exit_wave`, for what goes on in Fourier space.

    Args:
        atoms: the dot, made for a grid of this shape and pixel.
        rotation: active, crystal to frame axes.
        shift: x, y of the dot's centre from the first pixel's centre, z from the plane that
            defocus is measured at; angstrom.
        how: pixel, wavelength, spacing of the slices.
        shape: rows and columns.
    """
    return wave_in_slices(atoms, rotation, shift, how, shape, keep=False).spectrum


class SlicedWave(NamedTuple):
    """A wave on its way through a dot; `arriving` and `passing` are empty where not kept.

    heights: of the planes, angstrom [slice]; arriving: the wave before each slice [slice, y, x];
    passing: what each slice multiplies it by [slice, y, x]; spectrum: as `exit_spectrum`.
    """

    heights: Float[Array, " slice"]
    arriving: Complex[Array, "slice y x"] | None
    passing: Complex[Array, "slice y x"] | None
    spectrum: Complex[Array, "y x"]


def wave_in_slices(
    atoms: Specimen,
    rotation: Float[Array, "3 3"],
    shift: Float[Array, " 3"],
    how: Passage,
    shape: tuple[int, int],
    *,
    keep: bool = True,
) -> SlicedWave:
    """The wave before each slice, what the slice does to it, and what leaves the last.

    Args:
        atoms, rotation, shift, how, shape: as in `exit_spectrum`.
        keep: whether the waves within are kept.
    """
    spacing = how.spacing
    heights = (jnp.arange(atoms.planes) - (atoms.planes - 1) / 2) * spacing
    heights = heights.astype(atoms.factors.dtype)
    waves = _waves(atoms, rotation, shift, heights, how, shape)
    qy, qx = frequencies(shape, how.pixel)
    q2 = (qy**2 + qx**2).astype(atoms.factors.dtype)
    band = band_pass(q2, how.pixel)
    step = fresnel(q2, spacing, how.wavelength)
    back = fresnel(q2, -(shift[2] + heights[-1]), how.wavelength)

    def pass_slice(
        spectrum: Complex[Array, "y x"],
        here: tuple[Float[Array, ""], Int[Array, " class"]],
    ) -> tuple[Complex[Array, "y x"], tuple[Complex[Array, "y x"], Complex[Array, "y x"]] | None]:
        height, first = here
        phase = slice_phase(waves, atoms.rooms, first, height, spacing, shape)
        arriving = jnp.fft.ifft2(spectrum * step)
        passing = jax.lax.complex(jnp.cos(phase), jnp.sin(phase))
        return jnp.fft.fft2(arriving * passing) * band, (arriving, passing) if keep else None

    incident = jnp.zeros(shape, dtype=step.dtype).at[0, 0].set(shape[0] * shape[1])
    spectrum, kept = jax.lax.scan(pass_slice, incident, (heights, waves.first))
    spectrum = jnp.where(waves.overflow, jnp.nan, spectrum * back)
    arriving, passing = (None, None) if kept is None else kept
    return SlicedWave(heights=heights, arriving=arriving, passing=passing, spectrum=spectrum)


def _waves(
    atoms: Specimen,
    rotation: Float[Array, "3 3"],
    shift: Float[Array, " 3"],
    heights: Float[Array, " slice"],
    how: Passage,
    shape: tuple[int, int],
) -> AtomWaves:
    steps = (1 / (shape[0] * how.pixel), 1 / (shape[1] * how.pixel))
    across = jnp.array([1.0, 1.0, 0.0], dtype=shift.dtype) * shift
    counts = tuple(len(positions) for positions in atoms.positions)
    return atom_waves(
        jnp.concatenate(atoms.positions) @ rotation.T + across,
        (
            jnp.concatenate(atoms.weights),
            jnp.concatenate(atoms.extra_u),
            jnp.concatenate(atoms.owner) < -1,
        ),
        _damped(atoms, rotation, steps, how.phase_per_scattering / how.pixel**2),
        steps,
        (heights, how.spacing),
        (counts, atoms.rooms),
    )


def _damped(
    atoms: Specimen,
    rotation: Float[Array, "3 3"],
    steps: tuple[Float[Array, ""] | float, Float[Array, ""] | float],
    per_atom: Float[Array, ""] | float,
) -> tuple[Float[Array, "class ky kx"], Float[Array, "class ky kx"]]:
    """The classes' factors at qy >= 0 and -qy, with the displacements that have a direction."""
    factor = (atoms.factors * per_atom).astype(atoms.factors.dtype)
    if not any(atoms.anisotropic):
        return factor, factor
    seen = (rotation @ atoms.tensors @ rotation.T)[:, :, :, None, None]
    _, ky, kx = factor.shape
    qy, qx = jnp.arange(ky)[:, None] * steps[0], jnp.arange(kx)[None, :] * steps[1]
    straight = seen[:, 0, 0] * qx**2 + seen[:, 1, 1] * qy**2
    crossed = 2 * seen[:, 0, 1] * qx * qy
    up = jnp.exp(-2 * jnp.pi**2 * (straight + crossed)).astype(factor.dtype)
    down = jnp.exp(-2 * jnp.pi**2 * (straight - crossed)).astype(factor.dtype)
    return factor * up, factor * down


def fresnel(
    q2: Float[Array, "y x"],
    distance: Float[Array, ""] | float,
    wavelength: Float[Array, ""] | float,
) -> Complex[Array, "y x"]:
    """exp(-i pi lambda z q^2): the wave's way through `distance` of vacuum, in Fourier space."""
    phase = jnp.asarray(-jnp.pi * wavelength * distance * q2, dtype=q2.dtype)
    return jax.lax.complex(jnp.cos(phase), jnp.sin(phase))


def band_pass(q2: Float[Array, "y x"], pixel: Float[Array, ""] | float) -> Float[Array, "y x"]:
    """1 within two thirds of the Nyquist frequency, 0 beyond."""
    return (q2 <= (BAND_LIMIT / 2 / pixel) ** 2).astype(q2.dtype)
