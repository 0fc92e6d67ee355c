"""Atoms as the compiled code takes them: sorted by how they scatter, with what may be fitted."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from ase import Atoms
from jaxtyping import Array, Float, Int

from cinedot.core import InputError
from cinedot.microscope.centres import Kind, kinds
from cinedot.microscope.grid import Grid
from cinedot.microscope.parallel import placed
from cinedot.microscope.potential import Scattering
from cinedot.microscope.programs import keep_compiled_programs
from cinedot.microscope.rooms import slice_rooms

_BLANK = -2


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
    _require_allowed(dtype)
    # Every compiled program of ours takes a specimen, so that none comes before this.
    keep_compiled_programs()
    planes = scattering.planes(max(_reaches(dots, rotations), default=0.0))
    classes = _classes(dots, scattering)
    counts = tuple(max(map(len, of_dots)) for of_dots in classes)
    rooms = counts
    if rotations is not None:
        rooms = slice_rooms(classes, rotations, scattering.spacing_angstrom, planes)
    tensors = [_tensor(of_dots) for of_dots in classes]
    every = Specimen(
        positions=(),
        weights=(),
        extra_u=(),
        owner=(),
        factors=placed(_factors([of_dots[0] for of_dots in classes], grid), dtype),
        tensors=placed(np.reshape(tensors, (-1, 3, 3)), dtype),
        rooms=rooms,
        planes=planes,
        anisotropic=tuple(bool(tensor.any()) for tensor in tensors),
    )
    return [_of_dot(every, of_dot, counts, dtype) for of_dot in _by_dot(classes, len(dots))]


def _require_allowed(dtype: type[np.floating]) -> None:
    if dtype is np.float64 and not jnp.zeros(0, dtype=np.float64).dtype == np.float64:
        raise InputError(
            "`dtype` np.float64 must be allowed by JAX, but is not.",
            remedy="Set JAX_ENABLE_X64=1 in the environment.",
        )


def _classes(dots: Sequence[Atoms], scattering: Scattering) -> list[tuple[Kind, ...]]:
    """The kinds of all dots; each class has one of every dot, empty where the dot lacks it."""
    of_dots = [
        {
            kind.key: kind
            for kind in kinds(
                dot, parametrization=scattering.parametrization, thermal=scattering.thermal
            )
        }
        for dot in dots
    ]
    first = {key: kind for of_dot in of_dots for key, kind in of_dot.items()}
    return [
        tuple(of_dot.get(key, kind.emptied()) for of_dot in of_dots) for key, kind in first.items()
    ]


def _by_dot(classes: Sequence[tuple[Kind, ...]], dots: int) -> list[tuple[Kind, ...]]:
    return [tuple(of_dots[number] for of_dots in classes) for number in range(dots)]


def _of_dot(
    every: Specimen,
    of_dot: Sequence[Kind],
    counts: Sequence[int],
    dtype: type[np.floating],
) -> Specimen:
    """What all dots share, with one dot's centres, padded to the common counts."""
    each = list(zip(of_dot, counts, strict=True))
    return replace(
        every,
        positions=tuple(_padded(kind.positions_angstrom, n, dtype) for kind, n in each),
        weights=tuple(_padded(kind.weight, n, dtype) for kind, n in each),
        extra_u=tuple(_padded(kind.extra_u_angstrom2, n, dtype) for kind, n in each),
        owner=tuple(_owners(kind.owner, n) for kind, n in each),
    )


def radius_angstrom(dot: Atoms) -> float:
    """Distance of the outermost atom from the dot's centre."""
    return float(np.linalg.norm(dot.positions, axis=1).max(initial=0.0))


def factor_frequencies(grid: Grid) -> tuple[Float[np.ndarray, " ky"], Float[np.ndarray, " kx"]]:
    """The grid's frequencies qy, qx from zero to below Nyquist's, 1/angstrom.

    Waves stop at two thirds of it, phases do not, nor at Nyquist's circle: on 0.007 nm pixels the
    wave of a column of lead at rest is off by 1.6 %; cut at the circle by 3.4, at two thirds of it
    by 8.3 %.
    """
    ky, kx = (np.arange((side + 1) // 2) / (side * grid.pixel_angstrom) for side in grid.shape)
    return ky, kx


def _factors(classes: Sequence[Kind], grid: Grid) -> Float[np.ndarray, "class ky kx"]:
    qy, qx = factor_frequencies(grid)
    q = np.hypot(qy[:, None], qx[None, :])
    factors = [kind.factor_angstrom(q.ravel()).reshape(q.shape) for kind in classes]
    return np.reshape(factors, (-1, *q.shape))


def _tensor(of_dots: Sequence[Kind]) -> Float[np.ndarray, "3 3"]:
    """A class's tensor, the mean of its centres in all dots."""
    tensors = [kind.tensor_angstrom2() for kind in of_dots]
    return np.average(tensors, axis=0, weights=[len(kind) for kind in of_dots])


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


def _padded(
    values: Float[np.ndarray, "atom ..."], count: int, dtype: type[np.floating]
) -> Float[Array, "count ..."]:
    blank = [(0, count - len(values)), *((0, 0) for _ in values.shape[1:])]
    return placed(np.pad(values, blank), dtype)


def _owners(owner: Int[np.ndarray, " centre"], count: int) -> Int[Array, " count"]:
    padded = np.pad(owner, (0, count - len(owner)), constant_values=_BLANK)
    return placed(padded, np.int32)
