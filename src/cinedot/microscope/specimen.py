"""Atoms as the compiled code takes them: sorted by how they scatter, with what may be fitted."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from ase import Atoms
from jaxtyping import Array, Float, Int

from cinedot.core import InputError
from cinedot.microscope.centres import Kind, kinds
from cinedot.microscope.grid import Grid
from cinedot.microscope.potential import Scattering, heights_angstrom

_BLANK = -2
_ROOMY = (8, 10, 12, 14, 16, 20, 24, 28)


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class Specimen:
    """A dot for one grid: centres that scatter alike stand in one class.

    Positions, weights and displacements are numbers that JAX traces and differentiates; shapes,
    rooms and the number of planes are fixed at compilation. Classes may be padded with blanks, so
    that dots of different sizes share one compiled program.

    Attributes:
        positions: crystal frame, angstrom [centre, 3], for each class.
        weights: how many of its class's factor each centre is: 1 for an atom that is there
            [centre], for each class.
        extra_u: mean square displacement on top of the factors' own, angstrom^2 [centre], for
            each class.
        owner: index of the ASE atom; -1 for a charge without an atom, -2 for a blank [centre],
            for each class.
        factors: scattering factors damped by their class's displacements, angstrom, at the
            grid's frequencies from zero to below Nyquist's [class, ky, kx].
        tensors: mean square displacements beyond that, in the crystal frame, angstrom^2
            [class, 3, 3].
        rooms: the most centres of each class that one slice may hold.
        planes: number of slices.
        anisotropic: whether each class has a tensor.
    """

    positions: tuple[Float[Array, "_ 3"], ...]
    weights: tuple[Float[Array, " _"], ...]
    extra_u: tuple[Float[Array, " _"], ...]
    owner: tuple[Int[Array, " _"], ...]
    factors: Float[Array, "class ky kx"]
    tensors: Float[Array, "class 3 3"]
    rooms: tuple[int, ...] = field(metadata={"static": True})
    planes: int = field(metadata={"static": True})
    anisotropic: tuple[bool, ...] = field(metadata={"static": True})

    def with_occupancy(self, occupancy: Float[Array, " owner"]) -> "Specimen":
        """The same atoms, so much of each there, by the order of the ASE atoms."""
        return replace(
            self,
            weights=tuple(
                weight * jnp.where(owner < 0, 1.0, occupancy[jnp.maximum(owner, 0)])
                for weight, owner in zip(self.weights, self.owner, strict=True)
            ),
        )

    def with_extra_u(self, extra_u_angstrom2: Float[Array, " owner"]) -> "Specimen":
        """The same atoms, each displaced by so much more, by the order of the ASE atoms."""
        return replace(
            self,
            extra_u=tuple(
                own + jnp.where(owner < 0, 0.0, extra_u_angstrom2[jnp.maximum(owner, 0)])
                for own, owner in zip(self.extra_u, self.owner, strict=True)
            ),
        )

    def stretched(self, stretch: Float[Array, "3 3"]) -> "Specimen":
        """The same atoms at `stretch` times their places: I + strain, or a scale times I."""
        return replace(self, positions=tuple(places @ stretch.T for places in self.positions))


def specimen(
    dot: Atoms,
    scattering: Scattering,
    grid: Grid,
    *,
    rotations: Float[np.ndarray, "pose 3 3"] | None = None,
    dtype: type[np.floating] = np.float32,
) -> Specimen:
    """A dot ready for exit waves on a grid.

    Args:
        dot: atoms about their own centre, angstrom.
        scattering: how the wave passes them.
        grid: the wave's pixels.
        rotations: the orientations that it will be seen in, so that slices hold only what they
            must; without them every slice has room for every atom. A slice that overflows turns
            its wave into NaN, never into a wrong one.
        dtype: np.float32, or np.float64 with JAX_ENABLE_X64=1.

    Raises:
        InputError: an unknown element; np.float64 without JAX_ENABLE_X64.

    Example:
        >>> from cinedot.microscope.potential import Multislice
        >>> dot = Atoms("PbBr", positions=[(0, 0, 0), (0, 0, 2.9)])
        >>> specimen(dot, Multislice(), Grid(shape=(64, 64), pixel_nm=0.02)).rooms
        (1, 1)
    """
    seen = None if rotations is None else [rotations]
    return specimens([dot], scattering, grid, rotations=seen, dtype=dtype)[0]


def specimens(
    dots: Sequence[Atoms],
    scattering: Scattering,
    grid: Grid,
    *,
    rotations: Sequence[Float[np.ndarray, "pose 3 3"]] | None = None,
    dtype: type[np.floating] = np.float32,
) -> list[Specimen]:
    """Several dots in common shapes, so that one compiled program serves them all.

    Args:
        dots, scattering, grid, dtype: as in `specimen`.
        rotations: for each dot the orientations that it will be seen in.
    """
    if dtype is np.float64 and not jnp.zeros(0, dtype=np.float64).dtype == np.float64:
        raise InputError(
            "`dtype` np.float64 must be allowed by JAX, but is not.",
            remedy="Set JAX_ENABLE_X64=1 in the environment.",
        )
    planes = scattering.planes(max(_reaches(dots, rotations), default=0.0))
    sorted_ = [
        {
            kind.key: kind
            for kind in kinds(
                dot, parametrization=scattering.parametrization, thermal=scattering.thermal
            )
        }
        for dot in dots
    ]
    first = {key: kind for of_dot in sorted_ for key, kind in of_dot.items()}
    counts = {key: max(len(of.get(key, ())) for of in sorted_) for key in first}
    rooms = counts if rotations is None else _rooms(sorted_, counts, rotations, scattering, planes)
    factors = jnp.asarray(_factors(tuple(first.values()), grid), dtype=dtype)
    tensors = {key: _tensor(key, sorted_) for key in first}
    return [
        Specimen(
            positions=tuple(
                _padded(of[key].positions_angstrom if key in of else np.zeros((0, 3)), n, dtype)
                for key, n in counts.items()
            ),
            weights=tuple(
                _padded(of[key].weight if key in of else np.zeros(0), n, dtype)
                for key, n in counts.items()
            ),
            extra_u=tuple(
                _padded(of[key].extra_u_angstrom2 if key in of else np.zeros(0), n, dtype)
                for key, n in counts.items()
            ),
            owner=tuple(
                _owners(of[key].owner if key in of else np.zeros(0, dtype=int), n)
                for key, n in counts.items()
            ),
            factors=factors,
            tensors=jnp.asarray(np.reshape(list(tensors.values()), (-1, 3, 3)), dtype=dtype),
            rooms=tuple(rooms.values()),
            planes=planes,
            anisotropic=tuple(bool(tensor.any()) for tensor in tensors.values()),
        )
        for of in sorted_
    ]


def radius_angstrom(dot: Atoms) -> float:
    """Distance of the outermost atom from the dot's centre."""
    return float(np.linalg.norm(dot.positions, axis=1).max(initial=0.0))


def factor_frequencies(grid: Grid) -> tuple[Float[np.ndarray, " ky"], Float[np.ndarray, " kx"]]:
    """The grid's frequencies qy, qx from zero to below Nyquist's, 1/angstrom.

    Waves stop at two thirds of it, phases do not: cut there as well, the sharp phases of atoms at
    rest would lose half as much again of a QD4's wave.
    """
    ky, kx = (np.arange((side + 1) // 2) / (side * grid.pixel_angstrom) for side in grid.shape)
    return ky, kx


def _factors(classes: Sequence[Kind], grid: Grid) -> Float[np.ndarray, "class ky kx"]:
    qy, qx = factor_frequencies(grid)
    q = np.hypot(qy[:, None], qx[None, :])
    factors = [kind.factor_angstrom(q.ravel()).reshape(q.shape) for kind in classes]
    return np.where(q <= 0.5 / grid.pixel_angstrom, factors, 0.0).reshape(-1, *q.shape)


def _tensor(key: Hashable, dots: Sequence[Mapping[Hashable, Kind]]) -> Float[np.ndarray, "3 3"]:
    """A class's tensor, the mean of its centres in all dots."""
    held = [of[key] for of in dots if key in of]
    weights = [len(kind) for kind in held]
    return np.average([kind.tensor_angstrom2() for kind in held], axis=0, weights=weights)


def _rooms(
    dots: Sequence[Mapping[Hashable, Kind]],
    counts: Mapping[Hashable, int],
    rotations: Sequence[Float[np.ndarray, "pose 3 3"]],
    scattering: Scattering,
    planes: int,
) -> dict[Hashable, int]:
    """The most centres of each class that any slice holds in any pose, rounded up."""
    rooms: dict[Hashable, int] = {}
    for key, count in counts.items():
        most = max(
            _most_in_a_slice(of[key].positions_angstrom, seen, scattering, planes)
            for of, seen in zip(dots, rotations, strict=True)
            if key in of
        )
        rooms[key] = min(count, _roomy(most))
    return rooms


def _reaches(
    dots: Sequence[Atoms], rotations: Sequence[Float[np.ndarray, "pose 3 3"]] | None
) -> list[float]:
    """How far each dot's atoms stand from the plane of its centre, in any of its poses."""
    if rotations is None:
        return [radius_angstrom(dot) for dot in dots]
    return [
        float(np.abs(np.einsum("pj,aj->pa", seen[:, 2, :], dot.positions)).max(initial=0.0))
        for dot, seen in zip(dots, rotations, strict=True)
    ]


def _most_in_a_slice(
    positions: Float[np.ndarray, "atom 3"],
    rotations: Float[np.ndarray, "pose 3 3"],
    scattering: Scattering,
    planes: int,
) -> int:
    """The most atoms that any slice shares in, over all poses."""
    z = np.einsum("pj,aj->pa", rotations[:, 2, :], positions)
    heights = heights_angstrom(planes, scattering.spacing_angstrom)
    # An atom shares in a slice if it is nearer than one spacing; rounding must not push one out.
    reach = scattering.spacing_angstrom + 1e-3
    z = np.sort(z, axis=1)
    held = [
        np.searchsorted(row, heights + reach) - np.searchsorted(row, heights - reach) for row in z
    ]
    return int(np.max(held, initial=0))


def _roomy(seats: int) -> int:
    """The next of 8, 10, 12, 14, 16, 20, ...: few shapes are ever compiled, little is wasted."""
    scale = 1
    while _ROOMY[-1] * scale < seats:
        scale *= 2
    return next(room * scale for room in _ROOMY if room * scale >= seats)


def _padded(
    values: Float[np.ndarray, "atom ..."], count: int, dtype: type[np.floating]
) -> Float[Array, "count ..."]:
    blank = [(0, count - len(values)), *((0, 0) for _ in values.shape[1:])]
    return jnp.asarray(np.pad(values, blank), dtype=dtype)


def _owners(owner: Int[np.ndarray, " centre"], count: int) -> Int[Array, " count"]:
    padded = np.pad(owner, (0, count - len(owner)), constant_values=_BLANK)
    return jnp.asarray(padded.astype(np.int32))
