"""Frames of one dot, some at a time, in memory that does not grow with their number."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from cinedot.core import InputError
from cinedot.microscope.camera import expected_counts, sample_counts
from cinedot.microscope.damage import DamageStretch
from cinedot.microscope.detector import sample_signal
from cinedot.microscope.field import (
    Surroundings,
    change_of_intensity,
    surroundings,
    whole_intensity,
)
from cinedot.microscope.filling import next_filling
from cinedot.microscope.film_room import frames_at_a_time
from cinedot.microscope.film_setup import Filming as Filming
from cinedot.microscope.film_setup import begin_filming as begin_filming
from cinedot.microscope.films import moved
from cinedot.microscope.motion import Stretch, next_stretch
from cinedot.microscope.multislice import patch_corners
from cinedot.microscope.parallel import workers
from cinedot.microscope.poses import Poses
from cinedot.microscope.trajectory import frame_means


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmedFrames:
    """Some frames and what they really show.

    Attributes:
        expected: mean electrons in each pixel, before chance [frame, y, x].
        signal: the camera's signal in electrons, not yet in camera units [frame, y, x].
        stretch: the poses.
        halides: which halide sat where; None without damage.
    """

    expected: Float[np.ndarray, "frame y x"]
    signal: Float[np.ndarray, "frame y x"]
    stretch: Stretch
    halides: DamageStretch | None


def filmed(filming: Filming, *, chunk: int | None = None) -> Iterator[FilmedFrames]:
    """Film it, `chunk` frames at a time; the frames do not depend on the chunks.

    Without a number it takes 32, fewer of large frames.

    Each core of a CPU works on a frame of its own.

    Raises:
        InputError: chunks of no frame.

    Example:
        >>> from cinedot.microscope.scene import Scene
        >>> from cinedot.particle import Cuboid, build, host_named
        >>> dot = build(Cuboid.cube(1, host_named("CsPbBr3")), "prototype")
        >>> scene = Scene(atoms=dot, shape=(64, 64), frames=3)
        >>> [len(part.signal) for part in filmed(begin_filming(scene), chunk=2)]
        [2, 1]
    """
    chunk = frames_at_a_time(filming.scene.shape) if chunk is None else chunk
    if chunk < 1:
        raise InputError(f"`chunk` must be at least 1, but is {chunk}.", remedy="Say 32.")
    motion, filling = filming.motion, filming.filling
    with ThreadPoolExecutor(workers()) as pool:
        while motion.next_frame < filming.scene.frames:
            stretch, motion = next_stretch(motion, chunk)
            occupancy, halides, filling = next_filling(filling, len(stretch.middle))
            shots = _shots(filming, stretch, occupancy)
            made = list(pool.map(lambda shot: _exposed(filming, shot), shots))
            yield FilmedFrames(
                expected=np.stack([expected for expected, _ in made]),
                signal=np.stack([signal for _, signal in made]),
                stretch=stretch,
                halides=halides,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """One frame's poses and occupancies; shifts within the patch, angstrom."""

    number: int
    rotations: Float[np.ndarray, "moment 3 3"]
    shifts: Float[np.ndarray, "moment 3"]
    corner: Int[np.ndarray, " 2"]
    strayed_nm: Float[np.ndarray, "moment 3"]
    occupancy: Float[np.ndarray, "moment atom"]


def _shots(
    filming: Filming, stretch: Stretch, occupancy: Float[np.ndarray, "frame moment atom"]
) -> list[_Shot]:
    scene, grid, patch = filming.scene, filming.grid, filming.patch
    frames = len(stretch.middle)
    offset = filming.margin + (scene.oversampling - 1) / 2
    # All moments of a frame share the patch of its mean place.
    mean = Poses(rotation=stretch.middle.rotation, shift_nm=frame_means(stretch))
    corners, inside = patch_corners(mean, grid, patch, offset)
    border = (np.array(filming.window) - patch) // 2
    shifts = stretch.poses.shift_nm.reshape(frames, -1, 3)
    shifts = inside[:, None] + 10 * (shifts - mean.shift_nm[:, None])
    rotations = stretch.poses.rotation.reshape(frames, -1, 3, 3).astype(np.float32)
    strayed = stretch.strayed_nm.reshape(frames, -1, 3)
    return [
        _Shot(
            number=stretch.first_frame + row,
            rotations=rotations[row],
            shifts=shifts[row].astype(np.float32),
            corner=(corners[row] - border).astype(np.int32),
            strayed_nm=strayed[row],
            occupancy=occupancy[row].astype(np.float32),
        )
        for row in range(frames)
    ]


def _exposed(
    filming: Filming, shot: _Shot
) -> tuple[Float[np.ndarray, "y x"], Float[np.ndarray, "y x"]]:
    """A frame's expected electrons and the camera's signal."""
    scene, margin, view = filming.scene, filming.margin, filming.view
    moving = scene.support_moves and scene.support is not None
    image = _image_on_moving(filming, shot) if moving else _image(filming, shot)
    # NumPy cuts it: JAX would compile a program for every shape.
    inner = np.asarray(image)[margin : margin + view.shape[0], margin : margin + view.shape[1]]
    expected = np.asarray(expected_counts(jax.device_put(inner[None]), scene.exposure, view))
    if not np.isfinite(expected).all():
        raise RuntimeError(
            f"frame {shot.number} holds numbers that are not finite: a slice had no room for its "
            "atoms, which is a defect of cinedot."
        )
    counts = sample_counts(jnp.asarray(expected), jax.random.fold_in(filming.counts, shot.number))
    key = jax.random.fold_in(filming.camera, shot.number)
    return expected[0], sample_signal(counts, scene.camera, key)[0]


def _image(filming: Filming, shot: _Shot) -> Float[Array, "y x"]:
    how, optics, corner = filming.how, filming.optics, jnp.asarray(shot.corner)
    change = _change(filming, shot, slice(None), filming.around)
    return whole_intensity(filming.around, change, corner, how, optics)


def _image_on_moving(filming: Filming, shot: _Shot) -> Float[Array, "y x"]:
    """The same where the film behind is elsewhere at every moment."""
    how, optics, corner = filming.how, filming.optics, jnp.asarray(shot.corner)
    total = jnp.zeros(filming.grid.shape, dtype=jnp.float32)
    for number, strayed in enumerate(shot.strayed_nm):
        behind = moved(filming.behind, strayed, filming.grid)
        around = surroundings(filming.front, behind, how, optics)
        change = _change(filming, shot, slice(number, number + 1), around)
        total = total + whole_intensity(around, change, corner, how, optics)
    return total / len(shot.strayed_nm)


def _change(
    filming: Filming, shot: _Shot, moments: slice, around: Surroundings
) -> Float[Array, "row column"]:
    return change_of_intensity(
        filming.specimen,
        jnp.asarray(shot.occupancy[moments]),
        jnp.asarray(shot.rotations[moments]),
        jnp.asarray(shot.shifts[moments]),
        jnp.asarray(shot.corner),
        around,
        filming.how,
        filming.optics,
        filming.patch,
        filming.window,
    )
