"""A movie of one dot in memory, with the truth beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from jaxtyping import Float, UInt16
from scipy.spatial.transform import Rotation

from cinedot.core import ArrayFrames, Movie, Progress, Silent
from cinedot.microscope.camera import Camera, Exposure, camera_units
from cinedot.microscope.damage_rates import Damage
from cinedot.microscope.filming import begin_filming, filmed
from cinedot.microscope.lens import Lens
from cinedot.microscope.ligand_shell import LigandShell
from cinedot.microscope.motion import Motion
from cinedot.microscope.potential import Multislice
from cinedot.microscope.scene import MOVIE_SLICES as MOVIE_SLICES
from cinedot.microscope.scene import Scene
from cinedot.microscope.support import AmorphousCarbon, Support
from cinedot.microscope.truth import require_sites
from cinedot.microscope.witness import Witness

if TYPE_CHECKING:
    import pandas as pd


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
    support: AmorphousCarbon | Support | None = None,
    front: AmorphousCarbon | Support | None = None,
    support_moves: bool = False,
    motion: Motion | None = None,
    damage: Damage | None = None,
    shell: LigandShell | None = None,
    scattering: Multislice = MOVIE_SLICES,
    start: Rotation | None = None,
    oversampling: int = 2,
    seed: int = 0,
    name: str = "simulated.tif",
    progress: Progress | None = None,
) -> SimulatedMovie:
    """Film one dot: multislice, support, lens, counts, frame by frame, all kept in memory.

    `filmed` gives the same frames some at a time, `write_simulation` writes them to disk.

    Args:
        atoms: the dot about its centre, angstrom, from `cinedot.particle.build`; its mean place
            is the middle of the field, in the plane z = 0.
        lens, exposure, camera, motion: instrument and movement; their defaults when left out.
        shape: rows and columns of a frame.
        frames: how many.
        support, front, support_moves: films behind and in front, as in `Scene`.
        damage: how halides hop and leave; None where they stay.
        shell: how ligands move and freeze; None where they stand like all other atoms.
        scattering: how the wave passes the dot.
        start: mean orientation; drawn from the seed when left out.
        oversampling: wave pixels along the side of a camera pixel.
        seed: of everything that chance decides. The same seed gives the same movie.
        name: the movie's name.
        progress: where to show how far it has come.

    Raises:
        InputError: atoms without sites, a field that the dot does not stay in, no frame.

    Example:
        >>> from cinedot.particle import Cuboid, build, host_named
        >>> dot = build(Cuboid.cube(1, host_named("CsPbBr3")), "prototype")
        >>> made = simulate_movie(dot, shape=(64, 64), frames=2, motion=Motion(subframes=1))
        >>> len(made.movie), made.truth["frames"].shape
        (2, (2, 15))
    """
    scene = Scene(
        atoms=atoms,
        lens=lens or Lens(),
        exposure=exposure or Exposure(),
        camera=camera or Camera(),
        shape=shape,
        frames=frames,
        support=support,
        front=front,
        support_moves=support_moves,
        motion=motion or Motion(),
        damage=damage,
        shell=shell,
        scattering=scattering,
        start=start,
        oversampling=oversampling,
        seed=seed,
    )
    require_sites(atoms)
    return _in_memory(scene, name, progress or Silent())


def _in_memory(scene: Scene, name: str, progress: Progress) -> SimulatedMovie:
    """All frames of a scene, with the truth that was seen on the way."""
    witness = Witness(name=name, scene=scene)
    expected = np.empty((scene.frames, *scene.shape), dtype=np.float32)
    units = np.empty((scene.frames, *scene.shape), dtype=np.uint16)
    shots = progress.track(
        witness.seeing(filmed(begin_filming(scene))),
        description=f"simulating {name}",
        total=scene.frames,
    )
    for number, shot in enumerate(shots):
        expected[number] = shot.expected
        units[number] = camera_units(shot.signal[None], scene.camera)[0]
    movie = as_movie(units, name, scene.exposure, scene.lens)
    return SimulatedMovie(movie=movie, truth=witness.tables(), expected=expected)


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
