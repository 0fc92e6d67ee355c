"""Survey images: many dots on a film, at low magnification and low dose."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex, Float

from cinedot.core import Image, InputError
from cinedot.microscope.camera import (
    Camera,
    Exposure,
    camera_units,
    expected_counts,
    sample_counts,
)
from cinedot.microscope.detector import sample_signal
from cinedot.microscope.field import field_intensity
from cinedot.microscope.grid import Grid
from cinedot.microscope.lens import Lens, aberrations
from cinedot.microscope.multislice import patch_corners, patch_pixels, posed_waves
from cinedot.microscope.parallel import placed
from cinedot.microscope.placing import SurveyDot
from cinedot.microscope.poses import Poses
from cinedot.microscope.potential import Multislice, passage
from cinedot.microscope.specimen import radius_angstrom, specimens
from cinedot.microscope.support import CONTACT_NM, AmorphousCarbon, Everywhere, film
from cinedot.microscope.whole import require_whole
from cinedot.particle.build import cuboid_of

if TYPE_CHECKING:
    import pandas as pd

SURVEY_SLICES = Multislice(slice_angstrom=3.0)
SURVEY_LENS = Lens(defocus_nm=10.0)
"""Near focus: at 20 nm, for one, a zero of the transfer takes the (200) fringes of CsPbBr3."""

SURVEY_EXPOSURE = Exposure(dose_rate_e_per_nm2_s=1e5, frame_s=1.0, pixel_nm=0.1)
SURVEY_FILM = AmorphousCarbon(thickness_nm=5.0, covers=Everywhere(), slice_nm=1.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSurvey:
    """A survey image and what it really shows.

    Attributes:
        image: as a camera writes it, camera units.
        truth: table `particles` in the columns of the result tables.
        expected: mean electrons in each pixel, before chance [y, x].
    """

    image: Image
    truth: "Mapping[str, pd.DataFrame]"
    expected: Float[np.ndarray, "y x"]


def simulate_survey(
    dots: Sequence[SurveyDot],
    *,
    lens: Lens = SURVEY_LENS,
    exposure: Exposure = SURVEY_EXPOSURE,
    camera: Camera | None = None,
    shape: tuple[int, int] = (512, 512),
    support: AmorphousCarbon | None = SURVEY_FILM,
    scattering: Multislice = SURVEY_SLICES,
    oversampling: int = 3,
    seed: int = 0,
    name: str = "survey.tif",
) -> SimulatedSurvey:
    """Image dots that lie on a film: multislice of each, then film, lens and counts.

    The plane z = 0, where the lens's defocus is measured, is the film's surface towards the gun;
    every dot lies on it with its lowest atom 0.3 nm above. Each dot's wave is worked out on a
    patch of its own; neighbours' waves multiply, which holds while they do not shade each other.

    Args:
        dots: what lies on the film, and where.
        lens, exposure, camera: the instrument; the exposure is one frame.
        shape: rows and columns of the image.
        support: the film; None for vacuum.
        scattering: how the wave passes the dots.
        oversampling: wave pixels along the side of an image pixel.
        seed: chance: film and counts.
        name: the image's name.

    Raises:
        InputError: a field smaller than a dot's patch, no wave pixel, a negative seed.

    Example:
        >>> from cinedot.microscope.placing import place_dots
        >>> from cinedot.particle import host_named
        >>> dots = place_dots([2], host=host_named("CsPbBr3"), compound="prototype",
        ...                   shape=(64, 64), pixel_nm=0.1, seed=1)
        >>> simulate_survey(dots, shape=(64, 64)).image.data.shape
        (64, 64)
    """
    require_whole("oversampling", oversampling, least=1, remedy="3 is right for 0.1 nm.")
    require_whole("seed", seed, least=0, remedy="Say 0.")
    grid = Grid(shape=shape, pixel_nm=exposure.pixel_nm).finer(oversampling)
    of_film, of_counts, of_camera = np.random.SeedSequence(seed).spawn(3)
    behind = film(support, top_nm=0.0, grid=grid, lens=lens, rng=np.random.default_rng(of_film))
    wave = _field(dots, scattering, grid, lens, (oversampling - 1) / 2)
    intensity = field_intensity(
        jnp.asarray(wave), behind, passage(scattering, lens, grid), aberrations(lens)
    )
    expected = expected_counts(intensity[None], exposure, grid)
    counts = sample_counts(expected, jax.random.key(int(of_counts.generate_state(1)[0])))
    records = camera or Camera()
    key = jax.random.key(int(of_camera.generate_state(1)[0]))
    units = camera_units(sample_signal(counts, records, key), records)[0]
    image = Image(
        data=units.astype(np.float32),
        pixel_x_nm=exposure.pixel_nm,
        pixel_y_nm=exposure.pixel_nm,
        name=name,
    )
    truth = {"particles": _particles(name, dots, shape, exposure.pixel_nm)}
    return SimulatedSurvey(image=image, truth=truth, expected=np.asarray(expected[0]))


def _field(
    dots: Sequence[SurveyDot],
    scattering: Multislice,
    grid: Grid,
    lens: Lens,
    offset: float,
) -> Complex[np.ndarray, "y x"]:
    """The product of the dots' waves at z = 0, over the whole field."""
    field = np.ones(grid.shape, dtype=np.complex64)
    if not dots:
        return field
    reach = max(radius_angstrom(dot.atoms) for dot in dots)
    patch = patch_pixels(reach, grid.pixel_angstrom)
    _require_fit(patch, grid)
    poses = [_on_film(dot) for dot in dots]
    how = passage(scattering, lens, grid)
    ready = specimens(
        [dot.atoms for dot in dots],
        scattering,
        Grid(shape=(patch, patch), pixel_nm=grid.pixel_nm),
        rotations=[pose.rotation for pose in poses],
    )
    most = max(len(dot.atoms) for dot in dots)
    for atoms, pose in zip(ready, poses, strict=True):
        corner, within = patch_corners(pose, grid, patch, offset)
        near = posed_waves(
            atoms,
            placed(pose.rotation, np.float32),
            placed(within, np.float32),
            placed(np.ones((1, most)), np.float32),
            how,
            (patch, patch),
        )
        rows = (corner[0, 0] + np.arange(patch)) % grid.shape[0]
        columns = (corner[0, 1] + np.arange(patch)) % grid.shape[1]
        field[np.ix_(rows, columns)] *= np.asarray(near[0])
    return field


def _require_fit(patch: int, grid: Grid) -> None:
    if patch > min(grid.shape):
        raise InputError(
            f"`shape` must span {patch * grid.pixel_nm:.2f} nm to hold the largest dot, but spans "
            f"{min(grid.extent_nm):.2f} nm.",
            remedy="Take more pixels, or larger ones.",
        )


def _on_film(dot: SurveyDot) -> Poses:
    """The dot's pose with its lowest atom in contact with the film at z = 0."""
    turned = dot.atoms.positions @ dot.rotation.as_matrix().T
    height = -CONTACT_NM - turned[:, 2].max() / 10
    return Poses.of(dot.rotation, np.array([[dot.x_nm, dot.y_nm, height]]))


def _particles(
    name: str, dots: Sequence[SurveyDot], shape: tuple[int, int], pixel_nm: float
) -> "pd.DataFrame":
    """The table `particles`: places, edges and the outline's angle, 0 to 90 degrees."""
    import pandas as pd

    rows = []
    for number, dot in enumerate(dots):
        cuboid = cuboid_of(dot.atoms)
        across = dot.rotation.as_matrix()[:, 0]
        half = max(cuboid.edges_nm) / math.sqrt(2)
        borders = (
            dot.x_nm,
            dot.y_nm,
            shape[1] * pixel_nm - dot.x_nm,
            shape[0] * pixel_nm - dot.y_nm,
        )
        rows.append(
            {
                "image": name,
                "particle": number,
                "x_nm": dot.x_nm,
                "y_nm": dot.y_nm,
                "edge_nm": float(np.mean(cuboid.edges_nm)),
                "angle_deg": math.degrees(math.atan2(across[1], across[0])) % 90,
                "n": cuboid.edges[0],
                "p_n": 1.0,
                "p_all": None,
                "at_edge": min(borders) < half,
                "touching": False,
            }
        )
    return pd.DataFrame(rows)
