"""Views with everything that the frames of a movie share left free, and derivatives by it."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from cinedot.micrographs.pose.apparatus import Apparatus, TracedPose, by_place, turned
from cinedot.micrographs.pose.camera import ModelCamera
from cinedot.micrographs.pose.models import DotModel
from cinedot.micrographs.pose.movable_atoms import MovableAtoms, frame_matrix, movable_atoms
from cinedot.micrographs.pose.shared_state import GEOMETRY, SharedState
from cinedot.micrographs.pose.views import Views
from cinedot.microscope import Aberrations

_TURNS = 3


class TracedFrame(NamedTuple):
    """One frame as numbers that JAX traces: its pose, what frames share, each atom's occupancy."""

    pose: TracedPose
    shared: Float[Array, " parameter"]
    occupancy: Float[Array, " atom"]


@dataclass(frozen=True, eq=False, kw_only=True)
class SharedViews:
    """A model before a camera, whose lattice and lens may differ from what was stated.

    Attributes:
        views: the model as stated.
        atoms: the same as compiled code takes them.
    """

    views: Views
    atoms: MovableAtoms

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
        frame = self.frame(rotation, place_nm, defocus_nm, shared, occupancy)
        return np.asarray(_image(frame, self.atoms, self.views.apparatus))

    def changes_from(
        self,
        rotation: Float[np.ndarray, "3 3"],
        place_nm: Float[np.ndarray, " 2"],
        defocus_nm: float,
        shared: SharedState,
        occupancy: Float[np.ndarray, " atom"],
    ) -> Float[np.ndarray, "column y x"]:
        """The image, its derivatives by `POSE_PARAMETERS`, then by `SHARED_PARAMETERS`."""
        frame = self.frame(rotation, place_nm, defocus_nm, shared, occupancy)
        return np.asarray(_changes(frame, self.atoms, self.views.apparatus))

    def views_of_pose(
        self,
        rotation: Float[np.ndarray, "3 3"],
        place_nm: Float[np.ndarray, " 2"],
        defocus_nm: float,
        shared: SharedState,
        occupancy: Float[np.ndarray, " atom"],
    ) -> Float[np.ndarray, "7 y x"]:
        """The first seven of `changes_from`, for a third of its cost."""
        frame = self.frame(rotation, place_nm, defocus_nm, shared, occupancy)
        return np.asarray(_changes(frame, self.atoms, self.views.apparatus, free=False))

    def frame(
        self,
        rotation: Float[np.ndarray, "3 3"],
        place_nm: Float[np.ndarray, " 2"],
        defocus_nm: float,
        shared: SharedState,
        occupancy: Float[np.ndarray, " atom"],
    ) -> TracedFrame:
        """One pose as compiled code takes it."""
        pose = TracedPose.before(self.camera, rotation, place_nm, defocus_nm)
        numbers = shared.values.astype(np.float32), np.asarray(occupancy, dtype=np.float32)
        return TracedFrame._make((pose, *numbers))


def shared_views(views: Views) -> SharedViews:
    """A model's views with everything that a movie's frames share left free.

    Example: see `tests/micrographs/pose/test_shared.py`.
    """
    return SharedViews(views=views, atoms=movable_atoms(views))


def shared_lens(
    optics: Aberrations, defocus: Float[Array, ""], lens: Float[Array, " parameter"]
) -> Aberrations:
    """The lens with its shared numbers, those from `GEOMETRY` on; image spread is its vibration."""
    a1x, a1y, b2x, b2y, spread = lens[:5] * 10
    return optics._replace(
        defocus=defocus,
        astigmatism_x=a1x,
        astigmatism_y=a1y,
        coma_x=b2x,
        coma_y=b2y,
        focal_spread=spread,
        vibration=10 * jnp.sqrt(jnp.maximum(lens[5], 1e-8)),
    )


@jax.jit
def _image(frame: TracedFrame, atoms: MovableAtoms, apparatus: Apparatus) -> Float[Array, "y x"]:
    (rotation, shift, defocus), shared, occupancy = frame
    filled = atoms.with_occupancy(occupancy)
    geometry, lens = shared[:GEOMETRY], shared[GEOMETRY:]
    spectrum = apparatus.exit_spectrum(
        filled.moved(geometry), frame_matrix(rotation, geometry), shift
    )
    return apparatus.recorded(spectrum, shared_lens(apparatus.optics, defocus, lens))


@partial(jax.jit, static_argnames=("free",))
def _changes(
    frame: TracedFrame, atoms: MovableAtoms, apparatus: Apparatus, free: bool = True
) -> Float[Array, "column y x"]:
    (rotation, shift, defocus), shared, occupancy = frame
    filled = atoms.with_occupancy(occupancy)

    def wave(geometry: Float[Array, " parameter"]) -> Complex[Array, "row column"]:
        further, rest = turned(rotation, geometry[:_TURNS]), geometry[_TURNS:]
        return apparatus.exit_spectrum(filled.moved(rest), frame_matrix(further, rest), shift)

    start = jnp.concatenate([jnp.zeros(_TURNS, shared.dtype), shared[:GEOMETRY]])
    spectrum, push = jax.linearize(wave, start)
    pushed = len(start) if free else _TURNS
    by_geometry = jax.lax.map(push, jnp.eye(pushed, len(start), dtype=shared.dtype))

    def seen(
        spectrum: Complex[Array, "row column"], lens: Float[Array, " parameter"]
    ) -> Float[Array, "y x"]:
        return apparatus.recorded(spectrum, shared_lens(apparatus.optics, 10 * lens[0], lens[1:]))

    numbers = jnp.concatenate([defocus[None] / 10, shared[GEOMETRY:]])
    image, record = jax.linearize(seen, spectrum, numbers)
    geometric = jax.lax.map(lambda one: record(one, jnp.zeros_like(numbers)), by_geometry)
    still = jnp.zeros_like(spectrum)
    varied = len(numbers) if free else 1
    optical = jax.lax.map(
        lambda one: record(still, one), jnp.eye(varied, len(numbers), dtype=shared.dtype)
    )
    by_x, by_y = by_place(image, apparatus.place_factors())
    pose = jnp.concatenate([geometric[:_TURNS], by_x[None], by_y[None], optical[:1]])
    rest = jnp.concatenate([geometric[_TURNS:], optical[1:]])
    return jnp.concatenate([image[None], pose, rest]).astype(image.dtype)
