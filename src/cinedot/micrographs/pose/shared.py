"""What all frames of a movie have in common, beside the atoms: scale, strain, tilts, the lens.

A pose may be right while the lattice is a percent too large or the octahedra stand straight; what
that leaves over is then taken for atoms that are missing. So these are fitted before any atom is.
"""

from dataclasses import dataclass, field, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from ase import Atoms
from jaxtyping import Array, Complex, Float

from cinedot.micrographs.pose.models import DotModel
from cinedot.micrographs.pose.programs import keep_compiled_programs
from cinedot.micrographs.pose.views import ModelCamera, Views, resampled
from cinedot.microscope import Aberrations
from cinedot.microscope.envelopes import transfer
from cinedot.microscope.imaging import blurred, squared_modulus
from cinedot.microscope.multislice import exit_spectrum
from cinedot.microscope.potential import Passage
from cinedot.microscope.rooms import roomy
from cinedot.microscope.specimen import Specimen
from cinedot.particle import Cuboid, lattice_sites

_SCALES = ("scale_x", "scale_y")
_STRAINS = ("strain_xx", "strain_yy", "strain_zz", "strain_yz", "strain_xz", "strain_xy")
_TILTS = tuple(f"tilt_{axis}_{along}" for axis in "xyz" for along in ("alike", "against"))
_LENS = (
    *("astigmatism_x_nm", "astigmatism_y_nm", "coma_x_nm", "coma_y_nm"),
    *("focal_spread_nm", "image_spread_nm2"),
)
SHARED_PARAMETERS = (*_SCALES, *_STRAINS, *_TILTS, "displacement", *_LENS)
"""Scales: true pixel over the stated one, less 1. Strains: fractions, crystal axes. Tilts: radians
about each cubic axis, neighbours along it turning alike (Glazer's +) or against each other (-).
Displacement: mean square displacements over the model's, less 1. Astigmatism A1 as |A1| (cos, sin)
of twice its angle, coma B2 of its angle. Image spread: variance an axis."""

_PRIOR_SIGMA = {
    **dict.fromkeys(_SCALES, 0.01),
    **dict.fromkeys(_STRAINS, 0.01),
    **dict.fromkeys(_TILTS, 0.07),
    "displacement": 0.4,
    **dict.fromkeys(("astigmatism_x_nm", "astigmatism_y_nm"), 2.0),
    **dict.fromkeys(("coma_x_nm", "coma_y_nm"), 30.0),
    "focal_spread_nm": 1.0,
    "image_spread_nm2": 1e-3,
}
_GEOMETRY = len(_SCALES) + len(_STRAINS) + len(_TILTS) + 1
_TURNS = 3
_LIKELY_TILT, _LIKELY_STRAIN = 0.1, 0.015


@dataclass(frozen=True, eq=False, kw_only=True)
class SharedState:
    """Values of `SHARED_PARAMETERS`.

    Attributes:
        values: in their order [parameter].
    """

    values: Float[np.ndarray, " parameter"]

    @classmethod
    def nominal(cls, camera: ModelCamera) -> "SharedState":
        """What the sample's description says: no strain, no tilts, the stated lens."""
        lens, values = camera.lens, np.zeros(len(SHARED_PARAMETERS))
        turned = np.radians(lens.astigmatism_angle_deg), np.radians(lens.coma_angle_deg)
        stated = {
            "astigmatism_x_nm": lens.astigmatism_nm * np.cos(2 * turned[0]),
            "astigmatism_y_nm": lens.astigmatism_nm * np.sin(2 * turned[0]),
            "coma_x_nm": lens.coma_nm * np.cos(turned[1]),
            "coma_y_nm": lens.coma_nm * np.sin(turned[1]),
            "focal_spread_nm": lens.focal_spread_nm,
            "image_spread_nm2": (1e-3 * lens.vibration_pm) ** 2,
        }
        for name, value in stated.items():
            values[SHARED_PARAMETERS.index(name)] = value
        return cls(values=values)

    def __getitem__(self, name: str) -> float:
        return float(self.values[SHARED_PARAMETERS.index(name)])

    def moved(self, step: Float[np.ndarray, " parameter"]) -> "SharedState":
        """The same a step further; spreads stay positive."""
        values = self.values + step
        for name in ("focal_spread_nm", "image_spread_nm2"):
            index = SHARED_PARAMETERS.index(name)
            values[index] = max(values[index], 0.05 * self.values[index], 1e-6)
        return SharedState(values=values)


def shared_prior_sigma() -> Float[np.ndarray, " parameter"]:
    """How far each is expected from what was stated, one standard deviation.

    Pixels are wrong by more where nobody calibrated them, which the fringes tell; A1 of 2 nm, B2
    of 30 nm and tilts of 4 degrees are what a session's microscope and a dot have left over.
    """
    return np.array([_PRIOR_SIGMA[name] for name in SHARED_PARAMETERS])


@dataclass(frozen=True, eq=False, kw_only=True)
class SharedViews:
    """A model before a camera, whose lattice and lens may differ from what was stated.

    Attributes:
        views: the model as stated.
        atoms: with room in the slices for what strain and tilts may move.
        modes: where each tilt moves each centre, angstrom a radian, for each class
            [centre, tilt, 3].
        displaced: mean square displacement of each centre, angstrom^2, for each class.
    """

    views: Views
    atoms: Specimen
    modes: tuple[Float[Array, "_ tilt 3"], ...]
    displaced: tuple[Float[Array, " _"], ...]
    left: Float[Array, "y half"] = field(repr=False)

    @property
    def model(self) -> DotModel:
        """The dot."""
        return self.views.model

    @property
    def camera(self) -> ModelCamera:
        """What sees it."""
        return self.views.camera

    def seen_from(
        self,
        rotation: Float[np.ndarray, "3 3"],
        place_nm: Float[np.ndarray, " 2"],
        defocus_nm: float,
        shared: SharedState,
        occupancy: Float[np.ndarray, " atom"],
    ) -> Float[np.ndarray, "y x"]:
        """The image in one pose, intensity."""
        return np.asarray(
            _image(*self._arguments(rotation, place_nm, defocus_nm, shared, occupancy))
        )

    def changes_from(
        self,
        rotation: Float[np.ndarray, "3 3"],
        place_nm: Float[np.ndarray, " 2"],
        defocus_nm: float,
        shared: SharedState,
        occupancy: Float[np.ndarray, " atom"],
    ) -> Float[np.ndarray, "column y x"]:
        """The image, its derivatives by `POSE_PARAMETERS`, then by `SHARED_PARAMETERS`."""
        arguments = self._arguments(rotation, place_nm, defocus_nm, shared, occupancy)
        return np.asarray(_changes(*arguments))

    def views_of_pose(
        self,
        rotation: Float[np.ndarray, "3 3"],
        place_nm: Float[np.ndarray, " 2"],
        defocus_nm: float,
        shared: SharedState,
        occupancy: Float[np.ndarray, " atom"],
    ) -> Float[np.ndarray, "7 y x"]:
        """The first seven of `changes_from`, for a third of its cost."""
        arguments = self._arguments(rotation, place_nm, defocus_nm, shared, occupancy)
        return np.asarray(_changes(*arguments, free=False))

    def _arguments(
        self,
        rotation: Float[np.ndarray, "3 3"],
        place_nm: Float[np.ndarray, " 2"],
        defocus_nm: float,
        shared: SharedState,
        occupancy: Float[np.ndarray, " atom"],
    ) -> "_Arguments":
        shift = np.zeros(3, dtype=np.float32)
        shift[:2] = 10 * (np.asarray(place_nm) + self.camera.centre_nm)
        return (
            np.asarray(rotation, dtype=np.float32),
            shift,
            np.float32(10 * defocus_nm),
            shared.values.astype(np.float32),
            np.asarray(occupancy, dtype=np.float32),
            self.atoms,
            self.modes,
            self.displaced,
            self.views.passage,
            self.views.optics,
            self.left,
            self.camera.wave_side,
            self.camera.side,
        )


_Arguments = tuple[object, ...]


def shared_views(views: Views) -> SharedViews:
    """A model's views with everything that a movie's frames share left free.

    Example: see `tests/micrographs/pose/test_shared.py`.
    """
    keep_compiled_programs()
    full = views.with_occupancy(np.ones(len(views.model.atoms))).atoms
    moves = tilt_modes(views.model.cuboid, views.model.atoms)
    own_u = np.asarray(views.model.atoms.arrays["u_angstrom2"])
    owners = [np.asarray(owner) for owner in full.owner]
    rooms = tuple(
        min(len(owner), roomy(room + 1)) for owner, room in zip(owners, full.rooms, strict=True)
    )
    reach = 10 * views.model.radius_nm * (1 + 2 * _LIKELY_STRAIN) + 10 * _LIKELY_TILT
    planes = views.camera.scattering.planes(reach)
    return SharedViews(
        views=views,
        atoms=replace(full, rooms=rooms, planes=max(full.planes, planes)),
        modes=tuple(
            jnp.asarray(np.where(of[:, None, None] < 0, 0.0, moves[np.maximum(of, 0)]), np.float32)
            for of in owners
        ),
        displaced=tuple(
            jnp.asarray(np.where(of < 0, 0.0, own_u[np.maximum(of, 0)]), np.float32)
            for of in owners
        ),
        left=jnp.asarray(views.camera.transfer, dtype=np.float32),
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


def moved_atoms(
    atoms: Specimen,
    modes: tuple[Float[Array, "_ tilt 3"], ...],
    displaced: tuple[Float[Array, " _"], ...],
    shared: Float[Array, " parameter"],
) -> Specimen:
    """The atoms where tilts take them, displaced as much as stated."""
    tilts, more = shared[8:14], shared[14]
    return replace(
        atoms,
        positions=tuple(
            at + jnp.einsum("atx,t->ax", mode, tilts)
            for at, mode in zip(atoms.positions, modes, strict=True)
        ),
        extra_u=tuple(own + more * u for own, u in zip(atoms.extra_u, displaced, strict=True)),
    )


def shared_lens(
    optics: Aberrations, defocus: Float[Array, ""], lens: Float[Array, " parameter"]
) -> Aberrations:
    """The lens with its shared numbers; image spread is left to `_recorded`."""
    a1x, a1y, b2x, b2y, spread = lens[:5] * 10
    return optics._replace(
        defocus=defocus,
        astigmatism_x=a1x,
        astigmatism_y=a1y,
        coma_x=b2x,
        coma_y=b2y,
        focal_spread=spread,
    )


def _spectrum(
    rotation: Float[Array, "3 3"],
    shift: Float[Array, " 3"],
    geometry: Float[Array, " parameter"],
    atoms: Specimen,
    modes: tuple[Float[Array, "_ tilt 3"], ...],
    displaced: tuple[Float[Array, " _"], ...],
    how: Passage,
    wave_side: int,
) -> Complex[Array, "row column"]:
    return exit_spectrum(
        moved_atoms(atoms, modes, displaced, geometry),
        frame_matrix(rotation, geometry),
        shift,
        how,
        (wave_side, wave_side),
    )


def _recorded(
    spectrum: Complex[Array, "row column"],
    lens: Aberrations,
    variance_nm2: Float[Array, ""],
    pixel: Float[Array, ""] | float,
    left: Float[Array, "y half"],
    side: int,
) -> Float[Array, "y x"]:
    shape = (spectrum.shape[0], spectrum.shape[1])
    real = jnp.real(spectrum).dtype
    numbers = Aberrations(*(jnp.asarray(leaf, dtype=real) for leaf in lens))
    through = transfer(numbers, jnp.asarray(pixel, dtype=real), shape)
    intensity = squared_modulus(jnp.fft.ifft2(spectrum * through))
    spread = 10 * jnp.sqrt(jnp.maximum(variance_nm2, 1e-8))
    return resampled(jnp.fft.rfft2(blurred(intensity, spread, pixel)), side, left)


@partial(jax.jit, static_argnames=("wave_side", "side"))
def _image(
    rotation: Float[Array, "3 3"],
    shift: Float[Array, " 3"],
    defocus: Float[Array, ""],
    shared: Float[Array, " parameter"],
    occupancy: Float[Array, " atom"],
    atoms: Specimen,
    modes: tuple[Float[Array, "_ tilt 3"], ...],
    displaced: tuple[Float[Array, " _"], ...],
    how: Passage,
    optics: Aberrations,
    left: Float[Array, "y half"],
    wave_side: int,
    side: int,
) -> Float[Array, "y x"]:
    filled = atoms.with_occupancy(occupancy)
    geometry, lens = shared[:_GEOMETRY], shared[_GEOMETRY:]
    spectrum = _spectrum(rotation, shift, geometry, filled, modes, displaced, how, wave_side)
    return _recorded(spectrum, shared_lens(optics, defocus, lens), lens[5], how.pixel, left, side)


@partial(jax.jit, static_argnames=("wave_side", "side", "free"))
def _changes(
    rotation: Float[Array, "3 3"],
    shift: Float[Array, " 3"],
    defocus: Float[Array, ""],
    shared: Float[Array, " parameter"],
    occupancy: Float[Array, " atom"],
    atoms: Specimen,
    modes: tuple[Float[Array, "_ tilt 3"], ...],
    displaced: tuple[Float[Array, " _"], ...],
    how: Passage,
    optics: Aberrations,
    left: Float[Array, "y half"],
    wave_side: int,
    side: int,
    free: bool = True,
) -> Float[Array, "column y x"]:
    filled = atoms.with_occupancy(occupancy)
    field_nm = wave_side * how.pixel / 10

    def wave(geometry: Float[Array, " parameter"]) -> Complex[Array, "row column"]:
        x, y, z = geometry[:_TURNS]
        zero = jnp.zeros_like(x)
        cross = jnp.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]])
        turned = rotation + cross @ rotation
        rest = geometry[_TURNS:]
        return _spectrum(turned, shift, rest, filled, modes, displaced, how, wave_side)

    start = jnp.concatenate([jnp.zeros(_TURNS, shared.dtype), shared[:_GEOMETRY]])
    spectrum, push = jax.linearize(wave, start)
    pushed = len(start) if free else _TURNS
    by_geometry = jax.vmap(push)(jnp.eye(pushed, len(start), dtype=shared.dtype))

    def seen(
        spectrum: Complex[Array, "row column"], lens: Float[Array, " parameter"]
    ) -> Float[Array, "y x"]:
        optics_here = shared_lens(optics, 10 * lens[0], lens[1:])
        return _recorded(spectrum, optics_here, lens[6], how.pixel, left, side)

    numbers = jnp.concatenate([defocus[None] / 10, shared[_GEOMETRY:]])
    image, record = jax.linearize(seen, spectrum, numbers)
    geometric = jax.vmap(lambda one: record(one, jnp.zeros_like(numbers)))(by_geometry)
    still = jnp.zeros_like(spectrum)
    turned = len(numbers) if free else 1
    optical = jax.vmap(lambda one: record(still, one))(
        jnp.eye(turned, len(numbers), dtype=shared.dtype)
    )
    coefficients = jnp.fft.rfft2(image)
    along = 2j * jnp.pi * jnp.fft.rfftfreq(side)[None, :] * side / field_nm
    down = 2j * jnp.pi * jnp.fft.fftfreq(side)[:, None] * side / field_nm
    by_x = -jnp.fft.irfft2(coefficients * along, s=(side, side))
    by_y = -jnp.fft.irfft2(coefficients * down, s=(side, side))
    pose = jnp.concatenate([geometric[:_TURNS], by_x[None], by_y[None], optical[:1]])
    rest = jnp.concatenate([geometric[_TURNS:], optical[1:]])
    return jnp.concatenate([image[None], pose, rest]).astype(image.dtype)
