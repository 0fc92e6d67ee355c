"""How many Pb an edge of each particle has: likelihood against simulated views.

The area of a dot hangs on how it lies; its lattice and its outline together do not. Each particle
is compared with views of each candidate cuboid from all sides, at all turns; the best are refined,
and what the candidates' likelihoods are to one another is p(n). The ground's own spectrum is the
noise, and where even the best view leaves more than that, all differences are held for less.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Image, Progress, Silent
from cinedot.micrographs.particle_patches import (
    contrast_and_ground,
    middle_of,
    patch_about,
    with_square_pixels,
)
from cinedot.micrographs.particle_records import Particle, Particles
from cinedot.micrographs.pose.camera import model_camera
from cinedot.micrographs.pose.fit import PoseFit, PosePrior
from cinedot.micrographs.pose.library import best_scores, view_library
from cinedot.micrographs.pose.models import DotModel, possible_dots
from cinedot.micrographs.pose.views import Views, views_of
from cinedot.micrographs.pose.whitening import NoiseSpectrum, noise_spectrum
from cinedot.micrographs.view_comparison import (
    SPACING_DEG,
    ParticleViews,
    band_weight,
    best_fit,
    better,
    compare,
    contender,
)
from cinedot.micrographs.view_probabilities import with_view_probabilities
from cinedot.microscope import Lens
from cinedot.particle import Compound, Cuboid

_DEFOCI_NM = (3.0, 6.0, 9.0, 12.0, 15.0, 19.0, 23.0, 28.0, 34.0, 40.0)
_HEIGHT_SIGMA_NM = 1.5
"""Dots lie at different heights: half of their sizes, and the film's roughness."""
_FITTED, _REACH_NM = 2, 0.2
_BADLY, _PALE = 1.12, 0.75
"""Misfit over the usual one, and contrast over it, that call for a second look: most were local
optima. A row of strong fringes fits every view about it that shows the row, and only a degree or
two from the true one do the other rows come out."""
_FINER_DEG, _FITTED_AGAIN, _REACH_AGAIN_NM, _WORTH_AGAIN = 2.5, 24, 0.45, 0.7
_NARROWED_AGAIN = 8
"""The second look's: in 10 images of 24 turned dots, all views that the first look missed were
among the 20 best of these, with 0.7 to 0.93 of the best score."""


def classify(
    image: Image,
    found: Particles,
    cuboids: Sequence[Cuboid],
    compounds: Sequence[str | Compound],
    lens: Lens,
    *,
    defocus_nm: float | None = None,
    progress: Progress | None = None,
) -> Particles:
    """The particles of an image with their probabilities of each cube, by simulated views.

    Args:
        image: intensities with their scale; pixels of at most 0.15 nm. Where they are not square
            it is compared on square ones.
        found: its particles, set off by their lattice.
        cuboids: candidates, cubes of one host; those that no compound can cover are left out.
        compounds: what may cover them; the last possible is taken, since it matters little for n.
        lens: the microscope's.
        defocus_nm: where known to a few nm; looked for otherwise.
        progress: what shows how far the work has come.

    Raises:
        AnalysisError: no ground between the particles to measure its noise on.

    Example: see `tests/micrographs/test_classification.py`.
    """
    possible = {one: possible_dots(one, compounds) for one in cuboids}
    models = [made[-1] for made in possible.values() if made]
    if not models:
        raise AnalysisError(
            "no compound can be built in any of the sizes.",
            remedy="Name other edges or compounds in [model].",
        )
    compared = compare_with_views(
        image, found, models, lens, defocus_nm=defocus_nm, progress=progress
    )
    edges = tuple(one.edges[0] for one in models)
    return with_view_probabilities(found, compared, edges, cuboids[0].host.lattice_nm)


def compare_with_views(
    image: Image,
    found: Particles,
    models: Sequence[DotModel],
    lens: Lens,
    *,
    defocus_nm: float | None = None,
    progress: Progress | None = None,
) -> list[ParticleViews]:
    """Compare each particle of an image with each candidate.

    Args:
        image: intensities with their scale.
        found: its particles.
        models: candidates.
        lens: the microscope's; its defocus only begins the search.
        defocus_nm: of the image, where known to a few nm; looked for otherwise.
        progress: what shows how far the work has come.

    Raises:
        AnalysisError: no ground between the particles to measure its noise on.
    """
    if not found.particles:
        return []
    image = with_square_pixels(image)
    contrast, ground = contrast_and_ground(image, found)
    noise = noise_spectrum(contrast, ground, tile_px=_tile(image))
    seen = [_views(model, image.pixel_nm, lens) for model in models]
    side = max(one.camera.side for one in seen)
    patches = [patch_about(contrast, one, image, side) for one in found.particles]
    if defocus_nm is None:
        defocus_nm = _defocus(patches, found.particles, seen[len(seen) // 2], noise)
    ready = [contender(one, defocus_nm, noise) for one in seen]
    prior = PosePrior(defocus_nm=defocus_nm, defocus_sigma_nm=2 * _HEIGHT_SIGMA_NM)
    shown = progress or Silent()
    compared = [
        compare(patch, ready, prior, count=_FITTED, reach_nm=_REACH_NM)
        for patch in shown.track(patches, description="Comparing with views", total=len(patches))
    ]
    doubtful = _doubtful([best_fit(one) for one in compared])
    if doubtful:
        finer = [contender(one, defocus_nm, noise, spacing_deg=_FINER_DEG) for one in seen]
        for index in shown.track(doubtful, description="Looking again", total=len(doubtful)):
            again = compare(
                patches[index],
                finer,
                prior,
                count=_FITTED_AGAIN,
                reach_nm=_REACH_AGAIN_NM,
                worth=_WORTH_AGAIN,
                narrow=_NARROWED_AGAIN,
            )
            compared[index] = better(compared[index], again)
    return compared


def _doubtful(fits: Sequence[PoseFit | None]) -> list[int]:
    """Particles whose best fit leaves more over, or is paler, than is usual in the image."""
    known = [fit for fit in fits if fit is not None]
    if not known:
        return list(range(len(fits)))
    misfit = max(float(np.median([fit.residual for fit in known])), 0.8)
    contrast = float(np.clip(np.median([fit.contrast for fit in known]), 0.7, 1.2))
    return [
        index
        for index, fit in enumerate(fits)
        if fit is None or fit.residual > _BADLY * misfit or fit.contrast < _PALE * contrast
    ]


def _views(model: DotModel, pixel_nm: float, lens: Lens) -> Views:
    return views_of(model, model_camera(pixel_nm, lens, radius_nm=model.radius_nm))


def _tile(image: Image) -> int:
    """Tiles of 2.4 nm: the ground between particles is narrow."""
    return 2 * round(1.2 / image.pixel_nm)


def _defocus(
    patches: Sequence[Float[np.ndarray, "y x"]],
    particles: Sequence[Particle],
    seen: Views,
    noise: NoiseSpectrum,
) -> float:
    """The defocus at which the clearest particles fit a middling candidate best together."""
    clear = sorted(
        (i for i, one in enumerate(particles) if not one.at_edge and not one.touching),
        key=lambda i: -particles[i].snr,
    )[:6] or list(range(min(len(particles), 6)))
    weight, side = band_weight(noise, seen.camera), seen.camera.side
    defoci = sorted({*_DEFOCI_NM, seen.camera.lens.defocus_nm})
    library = view_library(seen, spacing_deg=SPACING_DEG, defocus_nm=defoci, weight=weight)
    best = np.array(
        [best_scores(middle_of(patches[index], side), library, weight=weight) for index in clear]
    )
    return float(defoci[int((best**2).sum(axis=0).argmax())])
