"""Images of a model as a camera records them, with what they change by when the dot turns.

One compiled program serves all frames: the dot, the lens and the camera's transfer are arguments,
only the numbers of pixels and atoms are fixed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int
from scipy.spatial.transform import Rotation

from cinedot.micrographs.pose.apparatus import Apparatus, TracedPose, by_place, turned
from cinedot.micrographs.pose.camera import ModelCamera
from cinedot.micrographs.pose.models import DotModel
from cinedot.microscope.parallel import batch_size, in_threads, placed
from cinedot.microscope.specimen import Specimen, specimen

POSE_PARAMETERS = ("turn_x", "turn_y", "turn_z", "x", "y", "defocus")
"""Columns of a view's sensitivity: rad, rad, rad, nm, nm, nm."""


def _crowded_orientations() -> Float[np.ndarray, "pose 3 3"]:
    """Orientations among which slices are as full as they get: along and about zone axes."""
    chance = np.random.default_rng(0)
    zones = [[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    onto = [Rotation.align_vectors([[0.0, 0.0, 1.0]], [zone])[0] for zone in zones]
    tilts = [
        Rotation.from_rotvec(np.radians(angle) * np.array([np.cos(turn), np.sin(turn), 0.0]))
        for angle in np.linspace(0.0, 20.0, 21)
        for turn in 2 * np.pi * chance.random(6)
    ]
    turned = [tilt * zone for zone in onto for tilt in tilts]
    return Rotation.concatenate([*turned, Rotation.random(600, chance)]).as_matrix()


_ORIENTATIONS = _crowded_orientations()


@dataclass(frozen=True, eq=False, kw_only=True)
class Views:
    """A model before a camera: gives its images, and their sensitivities, in any pose.

    Attributes:
        model: the dot.
        camera: what sees it.
        atoms, apparatus: the same as compiled code takes them, atoms with the model's occupancies.
    """

    model: DotModel
    camera: ModelCamera
    atoms: Specimen
    apparatus: Apparatus = field(repr=False)

    def with_occupancy(self, occupancy: Float[np.ndarray, " atom"]) -> "Views":
        """The same with other shares of the model's atoms."""
        return replace(self, atoms=_filled(_specimen(self.model, self.camera), occupancy))

    def images(
        self,
        rotations: Float[np.ndarray, "pose 3 3"],
        places_nm: Float[np.ndarray, "pose 2"],
        defocus_nm: Float[np.ndarray, " pose"],
    ) -> Float[np.ndarray, "pose y x"]:
        """Intensities, 1 where nothing is; places count from the patch's middle pixel."""
        return self._made(_images, rotations, places_nm, defocus_nm)

    def sensitivities(
        self,
        rotations: Float[np.ndarray, "pose 3 3"],
        places_nm: Float[np.ndarray, "pose 2"],
        defocus_nm: Float[np.ndarray, " pose"],
    ) -> Float[np.ndarray, "pose 7 y x"]:
        """Images, then their derivatives by `POSE_PARAMETERS`.

        Turns are about the frame's axes, after the pose's own rotation: R -> exp([turn]x) R.
        """
        return self._made(_sensitivities, rotations, places_nm, defocus_nm)

    def _made(
        self,
        program: Callable[..., Float[Array, "pose *image"]],
        rotations: Float[np.ndarray, "pose 3 3"],
        places_nm: Float[np.ndarray, "pose 2"],
        defocus_nm: Float[np.ndarray, " pose"],
    ) -> Float[np.ndarray, "pose *image"]:
        """A program on every pose, in parts of one size, so that it is compiled once.

        On a CPU each part is a pose, and each core works on its own; on a GPU parts are wide.
        """
        poses = TracedPose.before(self.camera, rotations, places_nm, defocus_nm)
        part = batch_size() or 1
        count = len(rotations)
        index = np.minimum(np.arange(-(-count // part) * part), count - 1).reshape(-1, part)

        def run(rows: Int[np.ndarray, " part"]) -> Float[np.ndarray, "part *image"]:
            some = TracedPose(*(one[rows] for one in poses))
            return np.asarray(program(some, self.atoms, self.apparatus))

        return np.concatenate(in_threads(run, list(index)))[:count]


def views_of(model: DotModel, camera: ModelCamera) -> Views:
    """A model before a camera, with its mean occupancies.

    Example:
        >>> from cinedot.micrographs.pose.camera import model_camera
        >>> from cinedot.micrographs.pose.models import average_dot
        >>> from cinedot.microscope import Lens
        >>> from cinedot.particle import Cuboid, host_named
        >>> model = average_dot(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")
        >>> seen = views_of(model, model_camera(0.1, Lens(), radius_nm=model.radius_nm))
        >>> seen.images(np.eye(3)[None], np.zeros((1, 2)), np.array([6.0])).shape
        (1, 32, 32)
    """
    return Views(
        model=model,
        camera=camera,
        atoms=_filled(_specimen(model, camera), model.occupancy),
        apparatus=Apparatus.of(camera),
    )


def _filled(atoms: Specimen, occupancy: Float[np.ndarray, " atom"]) -> Specimen:
    """`with_occupancy` without JAX, which would compile each of its steps apart."""
    weights: list[Float[Array, " centre"]] = []
    for weight, owner in zip(atoms.weights, atoms.owner, strict=True):
        of = np.asarray(owner)
        share = np.where(of < 0, 1.0, occupancy[np.maximum(of, 0)])
        weights.append(placed(np.asarray(weight) * share, np.float32))
    return replace(atoms, weights=tuple(weights))


def _specimen(model: DotModel, camera: ModelCamera) -> Specimen:
    # Slices get the room that the fullest of many orientations needs; one that overflows gives
    # NaN, which no fit believes.
    return specimen(model.atoms, camera.scattering, camera.grid, rotations=_ORIENTATIONS)


@jax.jit
def _images(poses: TracedPose, atoms: Specimen, apparatus: Apparatus) -> Float[Array, "pose y x"]:
    def one(pose: TracedPose) -> Float[Array, "y x"]:
        spectrum = apparatus.exit_spectrum(atoms, pose.rotation, pose.shift)
        return apparatus.recorded(spectrum, apparatus.optics._replace(defocus=pose.defocus))

    return jax.lax.map(one, poses)


@jax.jit
def _sensitivities(
    poses: TracedPose, atoms: Specimen, apparatus: Apparatus
) -> Float[Array, "pose 7 y x"]:
    factors = apparatus.place_factors()

    def one(pose: TracedPose) -> Float[Array, "7 y x"]:
        rotation, shift, defocus = pose

        def wave(turn: Float[Array, " 3"]) -> Complex[Array, "row column"]:
            return apparatus.exit_spectrum(atoms, turned(rotation, turn), shift)

        still = jnp.zeros(3, dtype=rotation.dtype)
        spectrum, push = jax.linearize(wave, still)
        # One after the other, but compiled once.
        pushed = jax.lax.map(push, jnp.eye(3, dtype=rotation.dtype))

        def seen(
            spectrum: Complex[Array, "row column"], defocus: Float[Array, ""]
        ) -> Float[Array, "y x"]:
            return apparatus.recorded(spectrum, apparatus.optics._replace(defocus=defocus))

        image, record = jax.linearize(seen, spectrum, defocus)
        changed = jnp.concatenate([pushed, jnp.zeros_like(spectrum)[None]])
        refocused = jnp.array([0.0, 0.0, 0.0, 10.0], dtype=defocus.dtype)
        *by_turn, by_defocus = jax.lax.map(lambda one: record(*one), (changed, refocused))
        by_xy = by_place(image, factors)
        return jnp.stack([image, *by_turn, *by_xy, by_defocus]).astype(image.dtype)

    return jax.lax.map(one, poses)
