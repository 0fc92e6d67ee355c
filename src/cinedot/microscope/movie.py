"""A movie of one dot, with the truth beside it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from ase import Atoms
from jaxtyping import Array, Float, Int, UInt16
from scipy.spatial.transform import Rotation

from cinedot.core import ArrayFrames, InputError, Movie, Progress, Silent
from cinedot.microscope.camera import (
    Camera,
    Exposure,
    camera_units,
    expected_counts,
    sample_counts,
)
from cinedot.microscope.field import frame_intensity
from cinedot.microscope.grid import Grid
from cinedot.microscope.lens import Lens, aberrations
from cinedot.microscope.motion import Motion, mean_poses, moving_poses
from cinedot.microscope.multislice import patch_corners, patch_pixels
from cinedot.microscope.poses import Poses
from cinedot.microscope.potential import (
    Multislice,
    Scatterers,
    passage,
    radius_angstrom,
    scatterers,
    seating,
)
from cinedot.microscope.support import AmorphousCarbon, Film, film
from cinedot.microscope.truth import no_events, true_frames, true_sites

if TYPE_CHECKING:
    import pandas as pd

MOVIE_SLICES = Multislice(slice_angstrom=3.0)
"""With the default displacements, under 1 % of the wave's modulation from thin slices."""

_CONTACT_NM = 0.3
# Waves are periodic: what a border scatters onto the opposite one fades within this margin.
_MARGIN_NM = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMovie:
    """A movie and what it really shows.

    Attributes:
        movie: frames as a camera writes them, 16 bits.
        truth: tables `frames`, `sites` and `events` in the columns of the result tables.
        expected: mean electrons in each pixel, before chance [frame, y, x].
    """

    movie: Movie
    truth: "Mapping[str, pd.DataFrame]"
    expected: Float[np.ndarray, "frame y x"]


def simulate_movie(
    atoms: Atoms,
    *,
    lens: Lens | None = None,
    exposure: Exposure | None = None,
    camera: Camera | None = None,
    shape: tuple[int, int] = (256, 256),
    frames: int = 40,
    support: AmorphousCarbon | None = None,
    motion: Motion | None = None,
    scattering: Multislice = MOVIE_SLICES,
    start: Rotation | None = None,
    oversampling: int = 2,
    seed: int = 0,
    name: str = "simulated.tif",
    progress: Progress | None = None,
) -> SimulatedMovie:
    """Film one dot: multislice, support, lens, counts, frame by frame.

    Args:
        atoms: the dot about its centre, angstrom, from `cinedot.particle.build`; its mean place
            is the middle of the field, in the plane z = 0.
        lens, exposure, camera, motion: instrument and movement; their defaults when left out.
        shape: rows and columns of a frame.
        frames: how many.
        support: a film behind the dot, touching its lowest atom; None for vacuum.
        scattering: how the wave passes the dot.
        start: mean orientation; drawn from the seed when left out.
        oversampling: wave pixels along the side of a camera pixel.
        seed: chance: orientation, motion, film and counts. The same seed gives the same movie.
        name: the movie's name.
        progress: where to show how far it has come.

    Raises:
        InputError: atoms without sites, a field too small for the dot, no frame.

    Example:
        >>> from cinedot.particle import Cuboid, build, host_named
        >>> dot = build(Cuboid.cube(1, host_named("CsPbBr3")), "prototype")
        >>> made = simulate_movie(dot, shape=(64, 64), frames=2, motion=Motion(subframes=1))
        >>> len(made.movie), made.truth["frames"].shape
        (2, (2, 15))
    """
    lens, exposure = lens or Lens(), exposure or Exposure()
    camera, motion = camera or Camera(), motion or Motion()
    view = Grid(shape=shape, pixel_nm=exposure.pixel_nm).finer(oversampling)
    margin = math.ceil(_MARGIN_NM / view.pixel_nm)
    grid = view.wider(margin)
    if frames < 1:
        raise InputError(f"`frames` must be at least 1, but is {frames}.", remedy="Say 40.")
    of_start, of_motion, of_film, of_counts = np.random.SeedSequence(seed).spawn(4)
    poses = moving_poses(
        motion,
        start=start or Rotation.random(rng=np.random.default_rng(of_start)),
        centre_nm=_middle_nm(shape, exposure.pixel_nm),
        frames=frames,
        frame_s=exposure.frame_s,
        rng=np.random.default_rng(of_motion),
    )
    behind = film(
        support,
        top_nm=_lowest_nm(atoms, poses) + _CONTACT_NM,
        grid=grid,
        lens=lens,
        rng=np.random.default_rng(of_film),
        margin=margin,
    )
    offset = margin + (oversampling - 1) / 2
    shots = _Shots.of(atoms, poses, motion.subframes, scattering, grid, offset)
    inner = (slice(margin, margin + view.shape[0]), slice(margin, margin + view.shape[1]))
    images = [
        np.asarray(shots.intensity(number, behind, lens))[inner]
        for number in (progress or Silent()).track(
            range(frames), description=f"simulating {name}", total=frames
        )
    ]
    expected = expected_counts(jnp.asarray(np.stack(images)), exposure, view)
    counts = sample_counts(expected, jax.random.key(int(of_counts.generate_state(1)[0])))
    rotations, places = mean_poses(poses, motion.subframes)
    tables = {
        "frames": true_frames(
            name, rotations, places, frame_s=exposure.frame_s, defocus_nm=lens.defocus_nm
        ),
        "sites": true_sites(name, atoms, frames),
        "events": no_events(),
    }
    movie = as_movie(camera_units(counts, camera), name, exposure, lens)
    return SimulatedMovie(movie=movie, truth=tables, expected=np.asarray(expected))


def as_movie(
    frames: UInt16[np.ndarray, "frame y x"], name: str, exposure: Exposure, lens: Lens
) -> Movie:
    """Frames with their scales."""
    return Movie(
        frames=ArrayFrames(frames=frames),
        name=name,
        pixel_x_nm=exposure.pixel_nm,
        pixel_y_nm=exposure.pixel_nm,
        frame_s=exposure.frame_s,
        voltage_kv=lens.voltage_kv,
        unit_text="nm",
    )


def _middle_nm(shape: tuple[int, int], pixel_nm: float) -> Float[np.ndarray, " 3"]:
    rows, columns = shape
    return np.array([(columns - 1) / 2 * pixel_nm, (rows - 1) / 2 * pixel_nm, 0.0])


def _lowest_nm(atoms: Atoms, poses: Poses) -> float:
    """Height of the atom that comes furthest behind the dot's centre in any pose."""
    heights = np.einsum("pj,aj->pa", poses.rotation[:, 2, :], atoms.positions) / 10
    return float((heights + poses.shift_nm[:, 2:]).max())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shots:
    """Every frame's poses, ready for the compiled code, in shapes that all frames share."""

    atoms: Scatterers
    rotations: Float[np.ndarray, "frame moment 3 3"]
    shifts: Float[np.ndarray, "frame moment 3"]
    corners: Int[np.ndarray, "frame moment 2"]
    seats: Int[np.ndarray, "frame moment slice seat"]
    scattering: Multislice
    grid: Grid
    patch: int

    @classmethod
    def of(
        cls,
        atoms: Atoms,
        poses: Poses,
        moments: int,
        scattering: Multislice,
        grid: Grid,
        offset: float,
    ) -> "_Shots":
        patch = patch_pixels(radius_angstrom(atoms), grid.pixel_angstrom)
        if patch > min(grid.shape):
            need = patch * grid.pixel_nm
            raise InputError(
                f"`shape` must span {need:.2f} nm to hold the dot, but spans "
                f"{min(grid.extent_nm):.2f} nm.",
                remedy="Take more pixels, or larger ones.",
            )
        corners, inside = patch_corners(poses, grid, patch, offset)
        seats = seating(atoms, poses, scattering)
        return cls(
            atoms=scatterers(atoms, scattering, grid),
            rotations=poses.rotation.reshape(-1, moments, 3, 3).astype(np.float32),
            shifts=inside.reshape(-1, moments, 3).astype(np.float32),
            corners=corners.reshape(-1, moments, 2),
            seats=seats.reshape(-1, moments, *seats.shape[1:]),
            scattering=scattering,
            grid=grid,
            patch=patch,
        )

    def intensity(self, frame: int, behind: Film, lens: Lens) -> Float[Array, "y x"]:
        """The mean image of a frame on the wave's pixels."""
        return frame_intensity(
            self.atoms,
            jnp.asarray(self.rotations[frame]),
            jnp.asarray(self.shifts[frame]),
            jnp.asarray(self.corners[frame]),
            jnp.asarray(self.seats[frame]),
            behind,
            passage(self.scattering, lens, self.grid),
            aberrations(lens),
            self.grid.shape,
            self.patch,
        )
