"""Films of real dots for the tests of atoms: what was there, and what is told of it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cinedot.core import ArrayFrames, Movie
from cinedot.micrographs.movie_atoms import MovieAtoms, measure_atoms
from cinedot.micrographs.movie_poses import MoviePoses
from cinedot.micrographs.pose.fit import PoseFit
from cinedot.micrographs.pose.model_choice import RankedModels
from cinedot.micrographs.pose.models import average_dot
from cinedot.micrographs.pose.tracking import FramePose
from cinedot.microscope import Exposure, Lens, Scene, begin_filming, filmed
from cinedot.particle import (
    Cuboid,
    HeadGroups,
    build,
    compound_named,
    host_named,
    site_occupancy,
)

HOSTS = {"mla-cs": "CsPbBr3", "mla-ma": "MAPbBr3", "prototype": "CsPbBr3"}
TURN_DEG, PLACE_NM, DEFOCUS_NM = 0.3, 0.003, 0.4


@dataclass(frozen=True, eq=False)
class Film:
    """Frames of one dot with their truth.

    Attributes:
        signal: electrons [frame, y, x].
        rotations, places_nm: mean pose of each exposure.
        lens: that it was filmed with.
        there: whether each site has its own ion [site].
    """

    signal: np.ndarray
    rotations: np.ndarray
    places_nm: np.ndarray
    lens: Lens
    there: np.ndarray
    cuboid: Cuboid
    compound: str
    pixel_nm: float

    def movie(self) -> Movie:
        return Movie(
            frames=ArrayFrames(frames=self.signal),
            name="film",
            pixel_x_nm=self.pixel_nm,
            pixel_y_nm=self.pixel_nm,
            frame_s=0.02,
        )

    def poses(self, rng: np.random.Generator) -> MoviePoses:
        """The true poses, off by more than tracking leaves them."""
        fits = [
            PoseFit(
                rotation=Rotation.from_rotvec(np.radians(rng.normal(0, TURN_DEG, 3))).as_matrix()
                @ rotation,
                x_nm=0.0,
                y_nm=0.0,
                defocus_nm=self.lens.defocus_nm + float(rng.normal(0, DEFOCUS_NM)),
                contrast=1.0,
                sigma_contrast=0.01,
                ground=np.zeros(1),
                covariance=1e-6 * np.eye(6),
                chi_square=1.0,
                numbers=1.0,
                log_evidence=0.0,
                iterations=1,
            )
            for rotation in self.rotations
        ]
        places = self.places_nm + rng.normal(0, PLACE_NM, self.places_nm.shape)
        frames = tuple(
            FramePose(frame=row, status="ok", fit=fit, x_nm=float(x), y_nm=float(y))
            for row, (fit, (x, y)) in enumerate(zip(fits, places, strict=True))
        )
        model = average_dot(self.cuboid, self.compound)
        ranked = RankedModels(models=(model,), log_evidence=np.zeros(1), fits=())
        return MoviePoses(
            ranked=ranked,
            searched=((self.cuboid, 0.0),),
            frames=frames,
            tumbles=(),
            beside_nm=np.zeros((len(frames), 0, 2)),
        )

    def told(self, rng: np.random.Generator, lens: Lens | None = None) -> MovieAtoms:
        """What is told of its atoms by who knows nothing but the model and about the poses."""
        return measure_atoms(
            self.movie(), self.poses(rng), compound_named(self.compound), lens or Lens()
        )


def film_of(
    rng: np.random.Generator,
    *,
    edges: int = 4,
    compound: str = "mla-cs",
    frames: int = 20,
    pixel_nm: float = 0.042,
    side: int = 256,
    change=None,
    ligands=None,
    lens: Lens | None = None,
    seed: int | None = None,
    **scene,
) -> Film:
    """A film of a dot as it is built, heads and all."""
    seed = int(rng.integers(2**31)) if seed is None else seed
    cuboid = Cuboid.cube(edges, host_named(HOSTS[compound]))
    dot = build(cuboid, compound, seed, ligands=ligands or HeadGroups())
    there = site_occupancy(dot)
    if change is not None:
        dot = change(dot)
    lens = lens or Lens(defocus_nm=float(rng.uniform(4, 9)))
    made = Scene(
        atoms=dot,
        lens=lens,
        exposure=Exposure(dose_rate_e_per_nm2_s=2.45e7, frame_s=0.02, pixel_nm=pixel_nm),
        shape=(side, side),
        frames=frames,
        seed=seed,
        **scene,
    )
    parts = list(filmed(begin_filming(made)))
    signal = np.concatenate([part.signal for part in parts]).astype(np.float32)
    turns = np.concatenate(
        [part.stretch.poses.rotation.reshape(len(part.signal), -1, 3, 3) for part in parts]
    )
    shifts = np.concatenate(
        [part.stretch.poses.shift_nm.reshape(len(part.signal), -1, 3) for part in parts]
    )
    return Film(
        signal=signal,
        rotations=np.array([Rotation.from_matrix(own).mean().as_matrix() for own in turns]),
        places_nm=shifts.mean(axis=1)[:, :2],
        lens=lens,
        there=there > 0.5,
        cuboid=cuboid,
        compound=compound,
        pixel_nm=pixel_nm,
    )


@pytest.fixture(scope="session")
def film_type():
    """`Film`, for films that were made elsewhere."""
    return Film


@pytest.fixture(scope="session")
def make_film():
    """Films a dot: `film_of`."""
    return film_of


@pytest.fixture
def rng():
    """Chance of this test's own, printed so that a failure can be had again."""
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


@pytest.fixture(scope="session")
def spliced():
    """Two films of the same exposures, the second from a frame on."""

    def join(before: Film, after: Film, frame: int) -> Film:
        assert np.allclose(before.rotations, after.rotations)
        return replace(before, signal=np.concatenate([before.signal[:frame], after.signal[frame:]]))

    return join
