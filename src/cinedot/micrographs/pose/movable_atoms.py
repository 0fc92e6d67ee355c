"""Where what frames share takes a dot's atoms: tilts each its own way, strain all alike."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from ase import Atoms
from jaxtyping import Array, Float

from cinedot.micrographs.pose.views import Views
from cinedot.microscope.parallel import placed
from cinedot.microscope.rooms import roomy
from cinedot.microscope.specimen import Specimen
from cinedot.particle import Cuboid, lattice_sites

_LIKELY_TILT, _LIKELY_STRAIN = 0.1, 0.015


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class MovableAtoms:
    """A dot that may be tilted, as compiled code takes it.

    Attributes:
        specimen: with room in the slices for what strain and tilts may move.
        modes: where each tilt moves each centre, angstrom a radian, for each class
            [centre, tilt, 3].
        displaced: mean square displacement of each centre, angstrom^2, for each class.
    """

    specimen: Specimen
    modes: tuple[Float[Array, "_ tilt 3"], ...]
    displaced: tuple[Float[Array, " _"], ...]

    def with_occupancy(self, occupancy: Float[Array, " atom"]) -> "MovableAtoms":
        """The same atoms, so much of each there."""
        return replace(self, specimen=self.specimen.with_occupancy(occupancy))

    def moved(self, shared: Float[Array, " parameter"]) -> Specimen:
        """The atoms where tilts take them, displaced as much as stated."""
        tilts, more = shared[8:14], shared[14]
        return replace(
            self.specimen,
            positions=tuple(
                at + jnp.einsum("atx,t->ax", mode, tilts)
                for at, mode in zip(self.specimen.positions, self.modes, strict=True)
            ),
            extra_u=tuple(
                own + more * u for own, u in zip(self.specimen.extra_u, self.displaced, strict=True)
            ),
        )


def movable_atoms(views: Views) -> MovableAtoms:
    """A model's atoms, all of them there, with room to move."""
    full = views.with_occupancy(np.ones(len(views.model.atoms))).atoms
    moves = tilt_modes(views.model.cuboid, views.model.atoms)
    own_u = np.asarray(views.model.atoms.arrays["u_angstrom2"])
    owners = [np.asarray(owner) for owner in full.owner]
    rooms = tuple(
        min(len(owner), roomy(room + 1)) for owner, room in zip(owners, full.rooms, strict=True)
    )
    reach = 10 * views.model.radius_nm * (1 + 2 * _LIKELY_STRAIN) + 10 * _LIKELY_TILT
    planes = views.camera.scattering.planes(reach)
    return MovableAtoms(
        specimen=replace(full, rooms=rooms, planes=max(full.planes, planes)),
        modes=tuple(
            placed(np.where(of[:, None, None] < 0, 0.0, moves[np.maximum(of, 0)]), np.float32)
            for of in owners
        ),
        displaced=tuple(
            placed(np.where(of < 0, 0.0, own_u[np.maximum(of, 0)]), np.float32) for of in owners
        ),
    )


def tilt_modes(cuboid: Cuboid, atoms: Atoms) -> Float[np.ndarray, "atom tilt 3"]:
    """Where small tilts move each atom, angstrom a radian, in the order of the tilts' names.

    An octahedron turns with the sign (-1) to the power of its index across the axis, and of its
    index along it too where neighbours along it turn against each other. A halide between two
    octahedra goes where both take it; one at the surface, and a ligand's atom in its place, goes
    with its own. A sites stay.

    Args:
        cuboid: size and host.
        atoms: with an array `site`.

    Example:
        >>> from cinedot.micrographs.pose.models import average_dot
        >>> from cinedot.particle import host_named
        >>> model = average_dot(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")
        >>> moves = tilt_modes(model.cuboid, model.atoms)
        >>> round(float(np.abs(moves).max()), 3)  # half of a lattice constant
        2.935
    """
    sites = lattice_sites(cuboid)
    metal = sites.role == "metal"
    half = np.array(cuboid.edges) / 2 - 0.5
    a = 10 * cuboid.host.lattice_nm
    moves = np.zeros((len(sites), 6, 3))
    for index in np.flatnonzero(sites.role == "halide"):
        away = sites.abc[index] - sites.abc[metal]
        nearest = np.abs(away).sum(axis=1) < 0.75
        arms = away[nearest]
        places = np.rint(sites.abc[metal][nearest] + half).astype(int)
        for axis in range(3):
            turn = np.cross(np.eye(3)[axis], arms) * a
            across = places.sum(axis=1) - places[:, axis]
            alike, against = (-1.0) ** across, (-1.0) ** places.sum(axis=1)
            moves[index, 2 * axis] = (alike[:, None] * turn).mean(axis=0)
            moves[index, 2 * axis + 1] = (against[:, None] * turn).mean(axis=0)
    return moves[np.asarray(atoms.arrays["site"])]


def frame_matrix(
    rotation: Float[Array, "3 3"], shared: Float[Array, " parameter"]
) -> Float[Array, "3 3"]:
    """Takes cubic places to those that the stated pixels show: scale after rotation after strain.

    A pixel that is larger than stated shows everything smaller; what it does to the atoms' own
    widths and to the lens is of second order and left out.
    """
    scale_x, scale_y, xx, yy, zz, yz, xz, xy = shared[:8]
    strain = jnp.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    seen = jnp.stack([1 / (1 + scale_x), 1 / (1 + scale_y), jnp.ones_like(scale_x)])
    return seen[:, None] * (rotation @ (jnp.eye(3, dtype=rotation.dtype) + strain))
