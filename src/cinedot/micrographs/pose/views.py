"""Images of a model as a camera records them, with what they change by when the dot turns.

One compiled program serves all frames: the dot, the lens and the camera's transfer are arguments,
only the numbers of pixels and atoms are fixed. Waves have pixels of their own; an image goes over
to the camera's by its Fourier coefficients, exactly, since both span the same field.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int
from scipy.fft import next_fast_len
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.micrographs.pose.models import DotModel
from cinedot.micrographs.pose.programs import keep_compiled_programs
from cinedot.microscope import Aberrations, Grid, Lens, Multislice, aberrations
from cinedot.microscope.envelopes import transfer
from cinedot.microscope.imaging import blurred, squared_modulus
from cinedot.microscope.multislice import exit_spectrum
from cinedot.microscope.parallel import batch_size, workers
from cinedot.microscope.potential import Passage, passage
from cinedot.microscope.specimen import Specimen, specimen

POSE_PARAMETERS = ("turn_x", "turn_y", "turn_z", "x", "y", "defocus")
"""Columns of a view's sensitivity: rad, rad, rad, nm, nm, nm."""

_SLICE_ANGSTROM = 8.0
_WAVE_PIXEL_NM = 0.034
_MARGIN_NM = 0.5


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
class ModelCamera:
    """How the images of a model are made: pixels, lens, and what the camera leaves.

    Attributes:
        side: pixels along a patch's sides.
        pixel_nm: side of a camera pixel, nm.
        wave_side: pixels of the wave along the same field.
        lens: the microscope's; each view's defocus takes the place of its own.
        transfer: share that the camera leaves of each frequency of a real transform
            [side, side // 2 + 1].
        scattering: how the wave passes the atoms.
    """

    side: int
    pixel_nm: float
    wave_side: int
    lens: Lens
    transfer: Float[np.ndarray, "y half"]
    scattering: Multislice

    @property
    def grid(self) -> Grid:
        """The wave's pixels."""
        side = self.wave_side
        return Grid(shape=(side, side), pixel_nm=self.side * self.pixel_nm / side)

    @property
    def centre_nm(self) -> float:
        """The middle pixel's place along each axis, from the first pixel's centre."""
        return (self.side // 2) * self.pixel_nm


def model_camera(
    pixel_nm: float,
    lens: Lens,
    *,
    radius_nm: float,
    mtf: Float[np.ndarray, " frequency"] | None = None,
    slice_angstrom: float = _SLICE_ANGSTROM,
    wave_pixel_nm: float | None = None,
    multiple: int = 1,
) -> ModelCamera:
    """The patch that holds a dot, and the coarsest wave that still images it right.

    Waves of 0.034 nm pixels in slices of 0.8 nm are within 2 % of a converged image of QD4.

    Args:
        pixel_nm: side of a camera pixel, nm.
        lens: the microscope's.
        radius_nm: from a dot's centre to its outermost atom.
        mtf: what the camera leaves beside its pixels' own area, at equal steps from zero to the
            Nyquist frequency; nothing lost when left out.
        slice_angstrom: distance of the slices.
        wave_pixel_nm: side of the wave's pixels, at most.
        multiple: half of the side is a whole number of times this.

    Raises:
        InputError: a pixel of no size.

    Example:
        >>> camera = model_camera(0.042, Lens(), radius_nm=1.8)
        >>> camera.side, camera.wave_side
        (120, 150)
    """
    if not pixel_nm > 0:
        raise InputError(
            f"`pixel_nm` must be positive, but is {pixel_nm}.", remedy="Movies have 0.042 or 0.021."
        )
    half = int(np.ceil((radius_nm + _MARGIN_NM) / pixel_nm / multiple))
    side = 2 * multiple * int(next_fast_len(half, real=True) or half)
    # Beams beyond the camera's Nyquist frequency still interfere within it.
    finest = wave_pixel_nm or max(_WAVE_PIXEL_NM, 0.5 * pixel_nm)
    wanted = int(np.ceil(side * pixel_nm / finest / 2))
    wave_side = 2 * int(next_fast_len(wanted, real=True) or wanted)
    fy = np.fft.fftfreq(side)[:, None]
    fx = np.fft.rfftfreq(side)[None, :]
    left = np.sinc(fy) * np.sinc(fx)
    if mtf is not None:
        left = left * np.interp(2 * np.hypot(fy, fx), np.linspace(0, 1, len(mtf)), mtf)
    return ModelCamera(
        side=side,
        pixel_nm=pixel_nm,
        wave_side=wave_side,
        lens=lens,
        transfer=left,
        scattering=Multislice(slice_angstrom=slice_angstrom),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Views:
    """A model before a camera: gives its images, and their sensitivities, in any pose.

    Attributes:
        model: the dot.
        camera: what sees it.
        atoms: the same as compiled code takes it, with the model's occupancies.
    """

    model: DotModel
    camera: ModelCamera
    atoms: Specimen
    passage: Passage = field(repr=False)
    optics: Aberrations = field(repr=False)

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
        arguments = self._arguments(rotations, places_nm, defocus_nm)
        fixed = self._fixed()
        part = batch_size() or 1
        count = len(rotations)
        index = np.minimum(np.arange(-(-count // part) * part), count - 1).reshape(-1, part)

        def run(rows: Int[np.ndarray, " part"]) -> Float[np.ndarray, "part *image"]:
            return np.asarray(program(*(one[rows] for one in arguments), *fixed))

        # The first part alone: threads that meet a new program would all compile it.
        done = [run(index[0])]
        if len(index) > 1:
            with ThreadPoolExecutor(workers()) as pool:
                done += list(pool.map(run, index[1:]))
        return np.concatenate(done)[:count]

    def _arguments(
        self,
        rotations: Float[np.ndarray, "pose 3 3"],
        places_nm: Float[np.ndarray, "pose 2"],
        defocus_nm: Float[np.ndarray, " pose"],
    ) -> tuple[
        Float[np.ndarray, "pose 3 3"], Float[np.ndarray, "pose 3"], Float[np.ndarray, " pose"]
    ]:
        shifts = np.zeros((len(rotations), 3), dtype=np.float32)
        shifts[:, :2] = 10 * (np.asarray(places_nm) + self.camera.centre_nm)
        return (
            np.asarray(rotations, dtype=np.float32),
            shifts,
            np.asarray(10 * np.asarray(defocus_nm), dtype=np.float32),
        )

    def _fixed(
        self,
    ) -> tuple[Specimen, Passage, Aberrations, Float[Array, "y half"], int, int]:
        camera = self.camera
        left = jnp.asarray(camera.transfer, dtype=np.float32)
        return self.atoms, self.passage, self.optics, left, camera.wave_side, camera.side


def views_of(model: DotModel, camera: ModelCamera) -> Views:
    """A model before a camera, with its mean occupancies.

    Example:
        >>> from cinedot.micrographs.pose.models import average_dot
        >>> from cinedot.particle import Cuboid, host_named
        >>> model = average_dot(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")
        >>> seen = views_of(model, model_camera(0.1, Lens(), radius_nm=model.radius_nm))
        >>> seen.images(np.eye(3)[None], np.zeros((1, 2)), np.array([6.0])).shape
        (1, 32, 32)
    """
    keep_compiled_programs()
    return Views(
        model=model,
        camera=camera,
        atoms=_filled(_specimen(model, camera), model.occupancy),
        passage=Passage(
            *(float(one) for one in passage(camera.scattering, camera.lens, camera.grid))
        ),
        optics=Aberrations(*(float(one) for one in aberrations(camera.lens))),
    )


def _filled(atoms: Specimen, occupancy: Float[np.ndarray, " atom"]) -> Specimen:
    """`with_occupancy` without JAX, which would compile each of its steps apart."""
    weights: list[Float[Array, " centre"]] = []
    for weight, owner in zip(atoms.weights, atoms.owner, strict=True):
        of = np.asarray(owner)
        share = np.where(of < 0, 1.0, occupancy[np.maximum(of, 0)])
        weights.append(jnp.asarray(np.asarray(weight) * share, dtype=np.float32))
    return replace(atoms, weights=tuple(weights))


def _specimen(model: DotModel, camera: ModelCamera) -> Specimen:
    # Slices get the room that the fullest of many orientations needs; one that overflows gives
    # NaN, which no fit believes.
    return specimen(model.atoms, camera.scattering, camera.grid, rotations=_ORIENTATIONS)


@partial(jax.jit, static_argnames=("wave_side", "side"))
def _images(
    rotations: Float[Array, "pose 3 3"],
    shifts: Float[Array, "pose 3"],
    defoci: Float[Array, " pose"],
    atoms: Specimen,
    how: Passage,
    optics: Aberrations,
    left: Float[Array, "y half"],
    wave_side: int,
    side: int,
) -> Float[Array, "pose y x"]:
    def one(
        pose: tuple[Float[Array, "3 3"], Float[Array, " 3"], Float[Array, ""]],
    ) -> Float[Array, "y x"]:
        rotation, shift, defocus = pose
        spectrum = exit_spectrum(atoms, rotation, shift, how, (wave_side, wave_side))
        return _recorded(spectrum, optics._replace(defocus=defocus), how.pixel, left, side)

    return jax.lax.map(one, (rotations, shifts, defoci))


@partial(jax.jit, static_argnames=("wave_side", "side"))
def _sensitivities(
    rotations: Float[Array, "pose 3 3"],
    shifts: Float[Array, "pose 3"],
    defoci: Float[Array, " pose"],
    atoms: Specimen,
    how: Passage,
    optics: Aberrations,
    left: Float[Array, "y half"],
    wave_side: int,
    side: int,
) -> Float[Array, "pose 7 y x"]:
    shape = (wave_side, wave_side)
    field_nm = wave_side * how.pixel / 10
    along = 2j * jnp.pi * jnp.fft.rfftfreq(side)[None, :] * side / field_nm
    down = 2j * jnp.pi * jnp.fft.fftfreq(side)[:, None] * side / field_nm

    def one(
        pose: tuple[Float[Array, "3 3"], Float[Array, " 3"], Float[Array, ""]],
    ) -> Float[Array, "7 y x"]:
        rotation, shift, defocus = pose

        def wave(turn: Float[Array, " 3"]) -> Complex[Array, "row column"]:
            turned = rotation + _cross(turn) @ rotation
            return exit_spectrum(atoms, turned, shift, how, shape)

        still = jnp.zeros(3, dtype=rotation.dtype)
        spectrum, push = jax.linearize(wave, still)
        turned = [push(axis) for axis in jnp.eye(3, dtype=rotation.dtype)]

        def seen(
            spectrum: Complex[Array, "row column"], defocus: Float[Array, ""]
        ) -> Float[Array, "y x"]:
            return _recorded(spectrum, optics._replace(defocus=defocus), how.pixel, left, side)

        image, record = jax.linearize(seen, spectrum, defocus)
        by_turn = [record(one, jnp.zeros_like(defocus)) for one in turned]
        by_defocus = 10 * record(jnp.zeros_like(spectrum), jnp.ones_like(defocus))
        coefficients = jnp.fft.rfft2(image)
        by_x = -jnp.fft.irfft2(coefficients * along, s=(side, side))
        by_y = -jnp.fft.irfft2(coefficients * down, s=(side, side))
        return jnp.stack([image, *by_turn, by_x, by_y, by_defocus]).astype(image.dtype)

    return jax.lax.map(one, (rotations, shifts, defoci))


def _cross(turn: Float[Array, " 3"]) -> Float[Array, "3 3"]:
    x, y, z = turn
    zero = jnp.zeros((), dtype=turn.dtype)
    return jnp.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]])


def _recorded(
    spectrum: Complex[Array, "y x"],
    optics: Aberrations,
    pixel: Float[Array, ""] | float,
    left: Float[Array, "Y Half"],
    side: int,
) -> Float[Array, "Y X"]:
    """What the camera has of a wave whose spectrum this is."""
    shape = (spectrum.shape[0], spectrum.shape[1])
    real = jnp.real(spectrum).dtype
    lens = Aberrations(*(jnp.asarray(leaf, dtype=real) for leaf in optics))
    through = transfer(lens, jnp.asarray(pixel, dtype=real), shape)
    intensity = squared_modulus(jnp.fft.ifft2(spectrum * through))
    smooth = blurred(intensity, lens.vibration, pixel)
    return resampled(jnp.fft.rfft2(smooth), side, left)


def resampled(
    coefficients: Complex[Array, "y half"], side: int, left: Float[Array, "Y Half"]
) -> Float[Array, "Y X"]:
    """A square field from the coefficients of its real transform, on other pixels.

    Args:
        coefficients: rfft2 of a square field.
        side: pixels along the new sides.
        left: share of each new coefficient that is kept.
    """
    own = coefficients.shape[0]
    kept = (min(own, side) - 1) // 2
    fitted = jnp.zeros((side, side // 2 + 1), dtype=coefficients.dtype)
    fitted = fitted.at[: kept + 1, : kept + 1].set(coefficients[: kept + 1, : kept + 1])
    fitted = fitted.at[side - kept :, : kept + 1].set(coefficients[own - kept :, : kept + 1])
    return jnp.fft.irfft2(fitted * left, s=(side, side)) * (side / own) ** 2
