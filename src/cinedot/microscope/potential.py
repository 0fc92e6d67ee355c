"""Atoms as Gaussians, shared out over slices: the phase that each slice gives the wave."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from ase import Atoms
from jaxtyping import Array, Float, Int

from cinedot.core import InputError
from cinedot.microscope.beam import phase_per_scattering_angstrom, wavelength_angstrom
from cinedot.microscope.grid import Grid
from cinedot.microscope.lens import Lens
from cinedot.microscope.poses import Poses
from cinedot.microscope.scattering import Thermal, gaussian_sum

_ALIAS_SAFETY = 0.8
# 1e-4 of a heavy atom's factor: far below what slices and pixels cost.
_FACTOR_TOLERANCE_ANGSTROM = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Multislice:
    """Scattering slice by slice.

    Attributes:
        slice_angstrom: distance of the slices' planes. Relative error of a tilted QD4's wave
            modulation within q < 1 per angstrom against 0.5: see tests/microscope/test_multislice.
        thermal: mean square displacements of the atoms.

    Raises:
        InputError: slices of no thickness.
    """

    slice_angstrom: float = 2.0
    thermal: Thermal = field(default_factory=Thermal)

    def __post_init__(self) -> None:
        if not self.slice_angstrom > 0:
            raise InputError(
                f"`slice_angstrom` must be positive, but is {self.slice_angstrom}.",
                remedy="2.0 is a good choice.",
            )


class Scatterers(NamedTuple):
    """Atoms as the compiled code takes them; the last one is a blank that pads the seats.

    positions: crystal frame, angstrom [atom, 3]; amplitudes: angstrom [atom, term]; widths:
    angstrom^2 [atom, term].
    """

    positions: Float[Array, "atom 3"]
    amplitudes: Float[Array, "atom term"]
    widths: Float[Array, "atom term"]


class Passage(NamedTuple):
    """The beam and the slices as numbers that JAX can trace; angstrom."""

    pixel: Float[Array, ""] | float
    wavelength: Float[Array, ""] | float
    phase_per_scattering: Float[Array, ""] | float
    slice_thickness: Float[Array, ""] | float


def passage(scattering: Multislice, lens: Lens, grid: Grid) -> Passage:
    """The numbers of one passage through matter."""
    return Passage(
        pixel=grid.pixel_angstrom,
        wavelength=wavelength_angstrom(lens.voltage_kv),
        phase_per_scattering=phase_per_scattering_angstrom(lens.voltage_kv),
        slice_thickness=scattering.slice_angstrom,
    )


def scatterers(dot: Atoms, scattering: Multislice, grid: Grid) -> Scatterers:
    """Gaussians for every atom, wide enough for the grid's pixels not to alias them.

    A Gaussian sampled on pixels folds frequencies from twice the band limit back into the band;
    widths from 0.8 / band limit^2 keep what folds below 4 % of that Gaussian alone, and
    Debye-Waller factors make most Gaussians wider than that anyway.
    """
    band = grid.band_limit_per_angstrom
    by_element = {
        element: gaussian_sum(
            element,
            u_angstrom2=scattering.thermal.of(element),
            reach_per_angstrom=band,
            narrowest_angstrom2=_ALIAS_SAFETY / band**2,
            tolerance_angstrom=_FACTOR_TOLERANCE_ANGSTROM,
        )
        for element in dict.fromkeys(dot.get_chemical_symbols())
    }
    sums = [by_element[element] for element in dot.get_chemical_symbols()]
    terms = max((len(gaussians.widths) for gaussians in sums), default=1)
    amplitudes = np.zeros((len(dot) + 1, terms), dtype=np.float32)
    widths = np.ones((len(dot) + 1, terms), dtype=np.float32)
    for row, gaussians in enumerate(sums):
        used = len(gaussians.widths)
        amplitudes[row, :used], widths[row, :used] = gaussians.amplitudes, gaussians.widths
    positions = np.vstack([dot.positions, np.zeros((1, 3))]).astype(np.float32)
    return Scatterers(
        positions=jnp.asarray(positions),
        amplitudes=jnp.asarray(amplitudes),
        widths=jnp.asarray(widths),
    )


def padded(atoms: Scatterers, *, count: int, terms: int) -> Scatterers:
    """Scatterers in larger arrays, so that dots of different sizes share a compiled program.

    Args:
        atoms: with their own blank last.
        count: atoms in the larger arrays, blanks included.
        terms: Gaussians an atom in the larger arrays.
    """
    own, used = atoms.widths.shape
    positions = np.zeros((count, 3), dtype=np.float32)
    amplitudes = np.zeros((count, terms), dtype=np.float32)
    widths = np.ones((count, terms), dtype=np.float32)
    positions[:own] = atoms.positions
    amplitudes[:own, :used] = atoms.amplitudes
    widths[:own, :used] = atoms.widths
    return Scatterers(
        positions=jnp.asarray(positions),
        amplitudes=jnp.asarray(amplitudes),
        widths=jnp.asarray(widths),
    )


def radius_angstrom(dot: Atoms) -> float:
    """Distance of the outermost atom from the dot's centre."""
    return float(np.linalg.norm(dot.positions, axis=1).max(initial=0.0))


def seating(
    dot: Atoms, poses: Poses, scattering: Multislice, *, planes: int = 0, room: int = 0
) -> Int[np.ndarray, "pose slice seat"]:
    """Which atoms each slice holds, in every pose; empty seats hold the blank atom.

    The planes stand symmetrically about the dot's centre and span its largest diameter, so their
    number is the same in every pose; seats are rounded up, so few shapes are ever compiled.

    Args:
        dot, poses, scattering: as in `exit_waves`.
        planes, room: at least so many slices and seats a slice, to share a compiled shape.
    """
    reach = radius_angstrom(dot) / scattering.slice_angstrom
    planes = max(planes, 2 * math.ceil(reach) + 1, 3)
    z = np.einsum("pj,aj->pa", poses.rotation[:, 2, :], dot.positions)
    height = z / scattering.slice_angstrom + (planes - 1) / 2
    below = np.clip(np.floor(height).astype(int), 0, max(planes - 2, 0))
    count = len(dot)
    pose = np.repeat(np.arange(len(poses)), 2 * count)
    atom = np.tile(np.arange(count), 2 * len(poses))
    plane = np.concatenate([below, np.minimum(below + 1, planes - 1)], axis=1).ravel()
    key = pose * planes + plane
    order = np.argsort(key, kind="stable")
    first = np.searchsorted(key[order], np.arange(len(poses) * planes))
    rank = np.arange(len(key)) - first[key[order]]
    seats = np.full((len(poses) * planes, _roomy(max(room, int(rank.max(initial=0)) + 1))), count)
    seats[key[order], rank] = atom[order]
    return seats.reshape(len(poses), planes, -1).astype(np.int32)


def _roomy(seats: int) -> int:
    """The next of 8, 10, 12, 14, 16, 20, ...: few shapes, little waste."""
    quarter = 2
    while 8 * quarter < seats:
        quarter *= 2
    return quarter * max(4, math.ceil(seats / quarter))


def slice_phase(
    atoms: Scatterers,
    turned: Float[Array, "atom 3"],
    shift: Float[Array, " 3"],
    here: tuple[Float[Array, ""], Int[Array, " seat"]],
    how: Passage,
    shape: tuple[int, int],
) -> Float[Array, "y x"]:
    """The phase that one slice's atoms give the wave, rad [y, x]: one matrix product."""
    height, seats = here
    place = turned[seats]
    share = jnp.clip(1 - jnp.abs(place[:, 2] - height) / how.slice_thickness, 0.0, 1.0)
    widths = atoms.widths[seats]
    strength = how.phase_per_scattering * jnp.pi / widths * atoms.amplitudes[seats]
    rows, columns = (jnp.arange(side) * how.pixel for side in shape)
    narrow = (jnp.pi**2 / widths).ravel()
    terms = atoms.widths.shape[1]
    x = jnp.repeat(place[:, 0] + shift[0], terms)
    y = jnp.repeat(place[:, 1] + shift[1], terms)
    along_x = jnp.exp(-narrow * (columns[:, None] - x) ** 2)
    along_y = jnp.exp(-narrow * (rows[:, None] - y) ** 2)
    return (along_y * (strength * share[:, None]).ravel()) @ along_x.T
