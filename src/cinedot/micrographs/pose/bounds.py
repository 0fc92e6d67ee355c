"""How well a frame can tell a pose, or one atom: the Cramer-Rao bound, before anything is filmed.

Over vacuum electrons are counted: F_ij = D integral (dI_i dI_j / I) dA. Over a support its atoms
are noise too, which no dose takes away while it stands still: F_ij = sum over frequencies of
dI_i dI_j / (structure + counting).
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
import scipy.fft
from jaxtyping import Bool, Float

from cinedot.core import AnalysisError, InputError
from cinedot.micrographs.pose.camera import ModelCamera, resampled
from cinedot.micrographs.pose.views import POSE_PARAMETERS, Views
from cinedot.micrographs.pose.whitening import NoiseSpectrum, radial_frequency
from cinedot.microscope import AmorphousCarbon, Everywhere, Grid, aberrations, film
from cinedot.microscope.field import field_intensity
from cinedot.microscope.parallel import placed
from cinedot.microscope.potential import passage
from cinedot.microscope.support import CONTACT_NM

_POSE = len(POSE_PARAMETERS)


@dataclass(frozen=True, eq=False, kw_only=True)
class Ground:
    """What lies behind a dot, as noise.

    Attributes:
        name: such as "vacuum" or "2 nm carbon".
        structure: power of its contrast without any counting noise; None for vacuum.
    """

    name: str
    structure: NoiseSpectrum | None = None


VACUUM = Ground(name="vacuum")


def fisher_information(
    image: Float[np.ndarray, "y x"],
    changes: Float[np.ndarray, "parameter y x"],
    pixel_nm: float,
    dose_e_per_nm2: float,
    ground: Ground = VACUUM,
) -> Float[np.ndarray, "parameter parameter"]:
    """What one frame tells of each parameter; its inverse is the least covariance.

    Args:
        image: intensity, 1 where nothing is.
        changes: its derivatives.
        pixel_nm: side of a pixel.
        dose_e_per_nm2: electrons that are counted, on average; for a camera that loses some,
            times its detective quantum efficiency. Infinity leaves the ground's noise alone.
        ground: what lies behind; its noise is taken not to depend on the dot's.

    Raises:
        InputError: a dose that is not positive; an infinite one over vacuum.

    Example:
        >>> flat = np.ones((4, 4))
        >>> fisher_information(flat, 0.5 * flat[None], 0.1, 100.0).round(6).tolist()
        [[4.0]]
    """
    counted = dose_e_per_nm2 * pixel_nm**2
    if not counted > 0 or (ground.structure is None and not np.isfinite(counted)):
        raise InputError(
            f"`dose_e_per_nm2` must be positive, and finite over vacuum, but is {dose_e_per_nm2}.",
            remedy="A frame of the paper's movies has 4.2e5 to 5.6e5.",
        )
    if ground.structure is None:
        white = changes * np.sqrt(counted / np.maximum(image, 1e-3))
    else:
        side = image.shape[-1]
        power = ground.structure.at(radial_frequency(side)) + 1 / counted
        spectrum = np.asarray(scipy.fft.rfft2(changes, axes=(-2, -1)))
        shaped = scipy.fft.irfft2(spectrum / np.sqrt(power), s=(side, side), axes=(-2, -1))
        white = np.asarray(shaped)
    flat = white.reshape(len(changes), -1).astype(float)
    return flat @ flat.T


def pose_covariance(
    views: Views,
    rotations: Float[np.ndarray, "pose 3 3"],
    defocus_nm: float,
    dose_e_per_nm2: float,
    ground: Ground = VACUUM,
    *,
    contrast_free: bool = False,
) -> Float[np.ndarray, "pose 6 6"]:
    """The least covariance of `POSE_PARAMETERS` from one frame, rad and nm.

    Args:
        views: the dot before its camera and lens.
        rotations: crystal to frame axes.
        defocus_nm: under-focus positive.
        dose_e_per_nm2, ground: as in `fisher_information`.
        contrast_free: whether the image's contrast has to be fitted too.
    """
    seen = sensitivities_at(views, rotations, defocus_nm)
    pixel = views.camera.pixel_nm
    return np.array(
        [
            np.linalg.inv(
                fisher_information(
                    one[0],
                    with_contrast(one) if contrast_free else one[1:],
                    pixel,
                    dose_e_per_nm2,
                    ground,
                )
            )[:_POSE, :_POSE]
            for one in seen
        ]
    )


def film_noise(
    support: AmorphousCarbon,
    camera: ModelCamera,
    *,
    top_nm: float,
    defocus_nm: float,
    rng: np.random.Generator,
    fields: int = 12,
) -> NoiseSpectrum:
    """The noise that a film behind a dot adds, from simulated fields of nothing else.

    Args:
        support: the film; it is taken to be everywhere.
        camera: pixels and lens.
        top_nm: from the dot's centre to the film's surface.
        defocus_nm: of the plane through the dot's centre.
        rng: chance, where the atoms are.
        fields: how many are averaged.
    """
    side = camera.side
    lens = replace(camera.lens, defocus_nm=float(defocus_nm))
    grid = Grid(shape=(2 * side, 2 * side), pixel_nm=camera.pixel_nm / 2)
    how = passage(camera.scattering, lens, grid)
    flat = jnp.ones(grid.shape, dtype=jnp.complex64)
    everywhere = replace(support, covers=Everywhere())
    power = np.zeros((side, side // 2 + 1))
    for _ in range(fields):
        behind = film(everywhere, top_nm=top_nm, grid=grid, lens=lens, rng=rng)
        seen = field_intensity(flat, behind, how, aberrations(lens))
        image = np.asarray(resampled(jnp.fft.rfft2(seen), side, jnp.asarray(camera.transfer)))
        spectrum = np.asarray(scipy.fft.rfft2(image / image.mean() - 1))
        power += np.abs(spectrum) ** 2 / (side**2 * fields)
    ring = np.rint(radial_frequency(side) * side).astype(int)
    rings = np.arange(1, side // 2 + 1)
    means = np.array([power[ring == one].mean() for one in rings])
    means = np.maximum(means, 1e-6 * means.max())
    return NoiseSpectrum(
        frequency=np.concatenate([[0.0], rings / side]),
        power=np.concatenate([means[:1], means]),
        tiles=fields,
    )


def carbon_ground(
    thickness_nm: float, views: Views, *, defocus_nm: float, rng: np.random.Generator
) -> Ground:
    """Amorphous carbon of a thickness that touches the dot from behind."""
    structure = film_noise(
        AmorphousCarbon(thickness_nm=thickness_nm),
        views.camera,
        top_nm=views.model.radius_nm + CONTACT_NM,
        defocus_nm=defocus_nm,
        rng=rng,
    )
    return Ground(name=f"{thickness_nm:g} nm carbon", structure=structure)


def removal(
    views: Views,
    site: int,
    rotations: Float[np.ndarray, "pose 3 3"],
    defocus_nm: float,
) -> tuple[Float[np.ndarray, "pose y x"], Float[np.ndarray, "pose y x"]]:
    """Images with the whole of a site's own ion, and what they change by when it is there.

    Raises:
        AnalysisError: the model never holds that ion.
    """
    model = views.model
    own = (model.site == site) & (np.asarray(model.atoms.arrays["host"]) == 1)
    if not model.occupancy[own].any():
        raise AnalysisError(
            f"site {site} of {model.label} never holds its own ion, so none can be missing.",
            remedy="Choose a site that the compound fills.",
        )
    still, defoci = np.zeros((len(rotations), 2)), np.full(len(rotations), float(defocus_nm))
    there, gone = (
        _with_share(views, own, share).images(rotations, still, defoci) for share in (1.0, 0.0)
    )
    return there, there - gone


def missing_atom_snr(
    views: Views,
    site: int,
    rotations: Float[np.ndarray, "pose 3 3"],
    defocus_nm: float,
    dose_e_per_nm2: float,
    ground: Ground = VACUUM,
) -> Float[np.ndarray, " pose"]:
    """Signal over noise of one missing ion in one frame, the pose being known."""
    there, change = removal(views, site, rotations, defocus_nm)
    return change_snr(there, change, views.camera.pixel_nm, dose_e_per_nm2, ground)


def change_snr(
    images: Float[np.ndarray, "pose y x"],
    changes: Float[np.ndarray, "pose y x"],
    pixel_nm: float,
    dose_e_per_nm2: float,
    ground: Ground = VACUUM,
) -> Float[np.ndarray, " pose"]:
    """Signal over noise of a change of each image, all else being known."""
    return np.array(
        [
            np.sqrt(fisher_information(image, one[None], pixel_nm, dose_e_per_nm2, ground)[0, 0])
            for image, one in zip(images, changes, strict=True)
        ]
    )


def sensitivities_at(
    views: Views, rotations: Float[np.ndarray, "pose 3 3"], defocus_nm: float
) -> Float[np.ndarray, "pose 7 y x"]:
    """Images and their changes, as `Views.sensitivities` has them, of dots in the middle."""
    still, defoci = np.zeros((len(rotations), 2)), np.full(len(rotations), float(defocus_nm))
    return views.sensitivities(rotations, still, defoci)


def with_contrast(seen: Float[np.ndarray, "7 y x"]) -> Float[np.ndarray, "7 y x"]:
    """Pose, then the image's own modulation, which a change of contrast adds."""
    return np.concatenate([seen[1:], seen[:1] - 1])


@lru_cache(maxsize=4)
def _full(views: Views) -> Views:
    """The same with all of every atom: shares are then quick to set."""
    return views.with_occupancy(np.ones(len(views.model.atoms)))


def _with_share(views: Views, atoms: Bool[np.ndarray, " atom"], share: float) -> Views:
    full = _full(views)
    occupancy = placed(np.where(atoms, share, views.model.occupancy), np.float32)
    return replace(full, atoms=full.atoms.with_occupancy(occupancy))
