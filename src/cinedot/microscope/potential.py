"""How a wave passes matter: in slices or at once, and the phase that atoms give it.

The phase of a slice is made exactly in Fourier space: a sum over the atoms of exp(-2 pi i q.r),
separable in x and y and so a product of two thin matrices, times the scattering factor of each
class of atoms. Atoms stand at their true places, whatever the pixels.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Int

from cinedot.core import InputError
from cinedot.microscope.beam import phase_per_scattering_angstrom, wavelength_angstrom
from cinedot.microscope.factors import KIRKLAND, Parametrization
from cinedot.microscope.grid import Grid
from cinedot.microscope.lens import Lens
from cinedot.microscope.thermal import Thermal

_TOGETHER_ANGSTROM = 1e9
_POWERS = 16
_ROUNDING = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Multislice:
    """Scattering slice by slice.

    An atom between the planes of two slices is shared by them in proportion to its nearness: the
    wave is then continuous in every atom's place and right to second order in their distance.
    Heavy atoms at rest bear it badly, as their phases have no finest detail: halved between planes
    0.025 nm apart, a column of lead is off by 4.6 %, by 0.2 % with a displacement of 0.02 A^2.

    Attributes:
        slice_angstrom: distance of the slices' planes. Relative error of a tilted QD4's wave
            modulation within q < 1 per angstrom against 0.25: see tests/microscope/test_multislice.
        parametrization: whose scattering factors.
        thermal: mean square displacements of the atoms.

    Raises:
        InputError: slices of no thickness.
    """

    slice_angstrom: float = 2.0
    parametrization: Parametrization = KIRKLAND
    thermal: Thermal = field(default_factory=Thermal)

    def __post_init__(self) -> None:
        if not self.slice_angstrom > 0:
            raise InputError(
                f"`slice_angstrom` must be positive, but is {self.slice_angstrom}.",
                remedy="2.0 is a good choice.",
            )

    @property
    def spacing_angstrom(self) -> float:
        """Distance of the planes."""
        return self.slice_angstrom

    def planes(self, reach_angstrom: float) -> int:
        """Planes, symmetric about the dot's centre, that hold atoms up to this height.

        A hundredth more, so that a fit may strain the dot.
        """
        return 2 * math.ceil(1.01 * reach_angstrom / self.slice_angstrom) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseObject:
    """All atoms at once, in the plane through the dot's centre: quick, and off by 20 to 40 %.

    Good for finding a pose, not for its atoms (science.md 8.5).

    Attributes:
        parametrization: whose scattering factors.
        thermal: mean square displacements of the atoms.
    """

    parametrization: Parametrization = KIRKLAND
    thermal: Thermal = field(default_factory=Thermal)

    @property
    def spacing_angstrom(self) -> float:
        """So far that every atom belongs to the one plane."""
        return _TOGETHER_ANGSTROM

    def planes(self, reach_angstrom: float) -> int:
        """One."""
        return 1


Scattering = Multislice | PhaseObject


class Passage(NamedTuple):
    """The beam and the slices as numbers that JAX can trace; angstrom."""

    pixel: Float[Array, ""] | float
    wavelength: Float[Array, ""] | float
    phase_per_scattering: Float[Array, ""] | float
    spacing: Float[Array, ""] | float


class AtomWaves(NamedTuple):
    """Atoms, class after class, each sorted by height, as waves of every frequency.

    rows: for each atom its height, angstrom; cos and sin of -2 pi qx x; the same of y, times
    occupancy [atom, 1 + 2 kx + 2 ky]; factor: each class's phase for one atom at qy >= 0 and at
    -qy [class, ky, kx]; first: the first atom of each class that each slice may share in
    [slice, class]; overflow: whether some slice holds more atoms than there is room for, or an
    atom is outside all.
    """

    rows: Float[Array, "atom number"]
    factor: tuple[Float[Array, "class ky kx"], Float[Array, "class ky kx"]]
    first: Int[Array, "slice class"]
    overflow: Bool[Array, ""]


def passage(scattering: Scattering, lens: Lens, grid: Grid) -> Passage:
    """The numbers of one passage through matter."""
    return Passage(
        pixel=grid.pixel_angstrom,
        wavelength=wavelength_angstrom(lens.voltage_kv),
        phase_per_scattering=phase_per_scattering_angstrom(lens.voltage_kv),
        spacing=scattering.spacing_angstrom,
    )


def heights_angstrom(planes: int, spacing_angstrom: float) -> Float[np.ndarray, " slice"]:
    """Heights of the slices' planes, symmetric about the dot's centre."""
    return (np.arange(planes) - (planes - 1) / 2) * spacing_angstrom


def atom_waves(
    turned: Float[Array, "atom 3"],
    weights: tuple[Float[Array, " atom"], Float[Array, " atom"], Bool[Array, " atom"]],
    factor: tuple[Float[Array, "class ky kx"], Float[Array, "class ky kx"]],
    steps: tuple[Float[Array, ""] | float, Float[Array, ""] | float],
    slices: tuple[Float[Array, " slice"], Float[Array, ""] | float],
    seats: tuple[tuple[int, ...], tuple[int, ...]],
) -> AtomWaves:
    """Atoms made ready for all slices; all classes at once, so that little is to be compiled.

    Args:
        turned: positions from the first pixel in x and y, from the dot's centre in z; angstrom.
            Classes one after another.
        weights: occupancy, extra mean square displacement, and whether it is a blank.
        factor: phase factors of the classes at qy >= 0 and -qy.
        steps: distance of neighbouring frequencies along y and x, 1/angstrom.
        slices: heights of the planes, their spacing.
        seats: how many atoms each class has, and the room for them in each slice.
    """
    heights, spacing = slices
    occupancy, extra_u, blank = weights
    counts, rooms = seats
    of_class = np.repeat(np.arange(len(counts)), counts)
    # Blanks go behind everything, where no slice looks for them.
    far = jnp.where(blank, jnp.finfo(turned.dtype).max, turned[:, 2])
    order = jnp.lexsort((far, jnp.asarray(of_class)))
    z, x, y = far[order], turned[order, 0], turned[order, 1]
    damping = 2 * jnp.pi**2 * extra_u[order]
    _, ky, kx = factor[0].shape
    along_y = [occupancy[order, None] * one for one in _waves(y, steps[0], ky, damping)]
    members = jnp.asarray(of_class[:, None] == np.arange(len(counts)), dtype=np.float32)
    starts = np.cumsum([0, *counts[:-1]])
    first = starts + _below(z, heights - spacing, members)
    beyond = starts + _below(z, heights + spacing, members)
    outside = jnp.any(~blank & (jnp.abs(turned[:, 2]) > heights[-1] + _ROUNDING * spacing))
    return AtomWaves(
        rows=jnp.concatenate([z[:, None], *_waves(x, steps[1], kx, damping), *along_y], axis=1),
        factor=factor,
        first=jnp.minimum(first, starts + np.array(counts) - np.array(rooms)),
        overflow=outside | jnp.any(beyond - first > np.array(rooms)),
    )


def _below(
    height: Float[Array, " atom"],
    planes: Float[Array, " slice"],
    members: Float[Array, "atom class"],
) -> Int[Array, "slice class"]:
    """How many atoms of each class are below each plane; whole numbers of single precision."""
    below = (height[None, :] < planes[:, None]).astype(members.dtype)
    return (below @ members).astype(np.int32)


def slice_phase(
    atoms: AtomWaves,
    rooms: tuple[int, ...],
    first: Int[Array, " class"],
    height: Float[Array, ""],
    spacing: Float[Array, ""] | float,
    shape: tuple[int, int],
) -> Float[Array, "y x"]:
    """The phase that one slice's atoms give the wave, rad [y, x]."""
    up, below = atoms.factor
    _, ky, kx = up.shape
    products: list[Float[Array, "ky2 kx2"]] = []
    for index, room in enumerate(rooms):
        seated = jax.lax.dynamic_slice_in_dim(atoms.rows, first[index], room)
        share = jnp.clip(1 - jnp.abs(seated[:, 0] - height) / spacing, 0.0, 1.0)
        down = seated[:, 1 + 2 * kx :] * share[:, None]
        products.append(down.T @ seated[:, 1 : 1 + 2 * kx])
    both = jnp.stack(products)
    cos_cos, cos_sin = both[:, :ky, :kx], both[:, :ky, kx:]
    sin_cos, sin_sin = both[:, ky:, :kx], both[:, ky:, kx:]
    upper = jax.lax.complex(
        (up * (cos_cos - sin_sin)).sum(axis=0), (up * (cos_sin + sin_cos)).sum(axis=0)
    )
    lower = jax.lax.complex(
        (below * (cos_cos + sin_sin)).sum(axis=0), (below * (cos_sin - sin_cos)).sum(axis=0)
    )
    return _on_pixels(upper, lower, shape)


def _on_pixels(
    upper: Complex[Array, "ky kx"], lower: Complex[Array, "ky kx"], shape: tuple[int, int]
) -> Float[Array, "y x"]:
    """The real field whose Fourier coefficients at qy >= 0 and at -qy these are."""
    rows, columns = shape
    ky, kx = upper.shape
    spectrum = jnp.zeros((rows, columns // 2 + 1), dtype=upper.dtype)
    spectrum = spectrum.at[:ky, :kx].set(upper)
    spectrum = spectrum.at[rows - ky + 1 :, :kx].set(lower[:0:-1])
    return jnp.fft.irfft2(spectrum, s=shape)


def _waves(
    place: Float[Array, " atom"],
    step: Float[Array, ""] | float,
    count: int,
    damping: Float[Array, " atom"],
) -> tuple[Float[Array, "atom k"], Float[Array, "atom k"]]:
    """cos and sin of -2 pi k step place for k < count, damped by exp(-damping (k step)^2).

    Sixteen low and some high powers multiplied: a tenth of the sines that each k would need.
    """
    angle = -2 * jnp.pi * step * place[:, None]
    dtype = place.dtype
    low = angle * jnp.arange(_POWERS, dtype=dtype)
    high = angle * (_POWERS * jnp.arange(-(-count // _POWERS), dtype=dtype))
    cos_low, sin_low = jnp.cos(low)[:, None, :], jnp.sin(low)[:, None, :]
    cos_high, sin_high = jnp.cos(high)[:, :, None], jnp.sin(high)[:, :, None]
    cosine = (cos_high * cos_low - sin_high * sin_low).reshape(len(place), -1)[:, :count]
    sine = (sin_high * cos_low + cos_high * sin_low).reshape(len(place), -1)[:, :count]
    envelope = jnp.exp(-damping[:, None] * (step * jnp.arange(count, dtype=dtype)) ** 2)
    return cosine * envelope, sine * envelope
