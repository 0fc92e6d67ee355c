"""How many Pb an edge of each particle has: likelihood against simulated views.

The area of a dot hangs on how it lies; its lattice and its outline together do not. Each particle
is compared with views of each candidate cuboid from all sides, at all turns; the best are refined,
and what the candidates' likelihoods are to one another is p(n). The ground's own spectrum is the
noise, and where even the best view leaves more than that, all differences are held for less.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from cinedot.core import AnalysisError, Image, Progress, Silent
from cinedot.micrographs.edge_counts import OTHER_PRIOR
from cinedot.micrographs.particle_records import Particle, Particles
from cinedot.micrographs.pose.fit import PoseFit, PosePrior, PoseStart, fit_poses
from cinedot.micrographs.pose.library import (
    ViewLibrary,
    ViewMatch,
    best_scores,
    match_views,
    view_library,
)
from cinedot.micrographs.pose.models import DotModel, possible_dots
from cinedot.micrographs.pose.views import ModelCamera, Views, model_camera, views_of
from cinedot.micrographs.pose.whitening import (
    NoiseSpectrum,
    Whitening,
    noise_spectrum,
    radial_frequency,
    whitening,
)
from cinedot.microscope import Lens
from cinedot.particle import Compound, Cuboid

_SPACING_DEG = 5.0
_DEFOCI_NM = (3.0, 6.0, 9.0, 12.0, 15.0, 19.0, 23.0, 28.0, 34.0, 40.0)
_HEIGHT_SIGMA_NM = 1.5
"""Dots lie at different heights: half of their sizes, and the film's roughness."""
_COARSEST_D_NM, _FINEST_D_NM = 2.5, 0.19
_FITTED, _FITTED_AGAIN = 2, 8
_REACH_NM, _REACH_AGAIN_NM = 0.2, 0.45
"""About a particle's outline's middle; the second look is for those that fit badly at first."""
_BADLY = 1.12
"""Misfit over the usual one that calls for a second look: most were local optima, of a view or a
place a little off."""
_WORTH = 0.95
"""Views whose score is less than that share of the same candidate's best are not refined."""
_BEHIND = 0.75
"""Candidates whose best score squared is less than that share of the best's are not refined."""
_FIRST_STEPS, _MORE_STEPS = 3, 4
_TOLERANCE = 0.3
"""Gain in log-evidence at which a fit ends: candidates are a hundred and more apart."""
_HOPELESS = 60.0
"""Log-evidence behind the best, over the misfit, from which steps on are not worth it."""
_CONTRAST_SIGMA = 0.15
"""How far the contrasts of dots in one image differ: neighbours, film, tilt to the film."""
_MISFIT_SIGMA = 0.08
"""How far reduced chi-squares of dots in one image differ, of their usual value: 800 numbers each,
and ions that are missing. True dots had 0.93 to 1.05, best fits of a wrong n 1.02 to 1.5."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ParticleViews:
    """How one particle compares with each candidate.

    Attributes:
        fits: the best fit of each candidate; None where its views were far behind.
        log_likelihood: of each candidate, up to a constant; minus infinity where hopeless.
    """

    fits: tuple[PoseFit | None, ...]
    log_likelihood: Float[np.ndarray, " candidate"]


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
        image: intensities with their scale; pixels of at most 0.15 nm.
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
    contrast, ground = contrast_and_ground(image, found)
    noise = noise_spectrum(contrast, ground, tile_px=_tile(image))
    seen = [_views(model, image.pixel_nm, lens) for model in models]
    side = max(one.camera.side for one in seen)
    patches = [patch_about(contrast, one, image, side) for one in found.particles]
    if defocus_nm is None:
        defocus_nm = _defocus(patches, found.particles, seen[len(seen) // 2], noise)
    ready = [_candidate(one, defocus_nm, noise) for one in seen]
    prior = PosePrior(defocus_nm=defocus_nm, defocus_sigma_nm=2 * _HEIGHT_SIGMA_NM)
    shown = progress or Silent()
    compared = [
        _compared(patch, ready, prior)
        for patch in shown.track(patches, description="Comparing with views", total=len(patches))
    ]
    usual = np.median([fit.residual for fit in map(_best, compared) if fit is not None] or [1.0])
    for index, fit in enumerate(map(_best, compared)):
        if fit is None or fit.residual > _BADLY * max(float(usual), 0.8):
            again = _compared(
                patches[index], ready, prior, count=_FITTED_AGAIN, reach_nm=_REACH_AGAIN_NM
            )
            compared[index] = _better(compared[index], again)
    return compared


def contrast_and_ground(
    image: Image, found: Particles
) -> tuple[Float[np.ndarray, "y x"], Bool[np.ndarray, "y x"]]:
    """Intensity over the ground's mean less 1, and where there is no particle."""
    rows, columns = image.data.shape
    y = (np.arange(rows) * image.pixel_y_nm)[:, None]
    x = (np.arange(columns) * image.pixel_x_nm)[None, :]
    ground = np.ones(image.data.shape, dtype=bool)
    for one in found.particles:
        reach = 0.75 * one.edge_nm + 0.5
        ground &= (x - one.x_nm) ** 2 + (y - one.y_nm) ** 2 > reach**2
    level = float(image.data[ground].mean()) if ground.any() else float(np.median(image.data))
    return (image.data / level - 1).astype(np.float32), ground


def patch_about(
    contrast: Float[np.ndarray, "y x"], particle: Particle, image: Image, side: int
) -> Float[np.ndarray, "side side"]:
    """A square patch whose middle pixel is nearest to a particle's centre.

    Beyond the image's border its contrast is 0.
    """
    row = round(particle.y_nm / image.pixel_y_nm) - side // 2
    column = round(particle.x_nm / image.pixel_x_nm) - side // 2
    rows = slice(max(row, 0), min(row + side, contrast.shape[0]))
    columns = slice(max(column, 0), min(column + side, contrast.shape[1]))
    padded = np.zeros((side, side), dtype=np.float32)
    padded[rows.start - row : rows.stop - row, columns.start - column : columns.stop - column] = (
        contrast[rows, columns]
    )
    return padded


def band_weight(noise: NoiseSpectrum, camera: ModelCamera) -> Float[np.ndarray, "y half"]:
    """Whitening within the band that views are compared in."""
    frequency = radial_frequency(camera.side) / camera.pixel_nm
    band = (frequency > 1 / _COARSEST_D_NM) & (frequency < 1 / _FINEST_D_NM)
    return np.where(band, noise.weight(camera.side), 0.0).astype(np.float32)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Ready:
    """A candidate ready for comparison, on patches no larger than it needs.

    Scores and evidence count from bare ground, so that those of unlike patches compare.
    """

    library: ViewLibrary
    weight: Float[np.ndarray, "y half"]
    whiten: Whitening

    def part_of(self, patch: Float[np.ndarray, "y x"]) -> Float[np.ndarray, "side side"]:
        """The candidate's own part of a larger patch."""
        return _middle(patch, self.library.views.camera.side)


def _views(model: DotModel, pixel_nm: float, lens: Lens) -> Views:
    return views_of(model, model_camera(pixel_nm, lens, radius_nm=model.radius_nm))


def _candidate(views: Views, defocus_nm: float, noise: NoiseSpectrum) -> _Ready:
    camera = views.camera
    weight = band_weight(noise, camera)
    radius = views.model.radius_nm
    return _Ready(
        library=view_library(
            views, spacing_deg=_SPACING_DEG, defocus_nm=[defocus_nm], weight=weight
        ),
        weight=weight,
        whiten=whitening(camera.side, camera.pixel_nm, radius, [(None, noise)]),
    )


def _middle(patch: Float[np.ndarray, "y x"], side: int) -> Float[np.ndarray, "side side"]:
    """The middle of a patch, the middle pixel kept."""
    first = patch.shape[0] // 2 - side // 2
    return patch[first : first + side, first : first + side]


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
    library = view_library(seen, spacing_deg=_SPACING_DEG, defocus_nm=defoci, weight=weight)
    best = np.array(
        [best_scores(_middle(patches[index], side), library, weight=weight) for index in clear]
    )
    return float(defoci[int((best**2).sum(axis=0).argmax())])


def _compared(
    patch: Float[np.ndarray, "y x"],
    ready: Sequence[_Ready],
    prior: PosePrior,
    *,
    count: int = _FITTED,
    reach_nm: float = _REACH_NM,
) -> ParticleViews:
    matches = [
        match_views(
            one.part_of(patch),
            one.library,
            weight=one.weight,
            count=count,
            reach_nm=reach_nm,
            step_nm=0.08,
        )
        for one in ready
    ]
    scores = np.array([ones[0].score if ones else 0.0 for ones in matches])
    fits: list[PoseFit | None] = [None] * len(scores)
    for index in np.argsort(-scores):
        if scores[index] ** 2 < _BEHIND * scores.max() ** 2 or not matches[index]:
            break
        ahead = [fit for fit in fits if fit is not None]
        fits[index] = _refined(patch, ready[index], matches[index], prior, ahead)
    return _ranked(fits)


def _ranked(fits: Sequence[PoseFit | None]) -> ParticleViews:
    scale = _scale(fits)
    logs = np.array([-np.inf if fit is None else fit.log_evidence / scale for fit in fits])
    return ParticleViews(fits=tuple(fits), log_likelihood=logs)


def _better(one: ParticleViews, other: ParticleViews) -> ParticleViews:
    """The better fit of each candidate in two comparisons."""
    pairs = [
        max(
            (fit for fit in both if fit is not None), key=lambda fit: fit.log_evidence, default=None
        )
        for both in zip(one.fits, other.fits, strict=True)
    ]
    return _ranked(pairs)


def _refined(
    patch: Float[np.ndarray, "y x"],
    ready: _Ready,
    matches: Sequence[ViewMatch],
    prior: PosePrior,
    ahead: Sequence[PoseFit],
) -> PoseFit | None:
    """A candidate's best fit; a rough one where it is far behind those fitted already.

    None where none of its poses has an image.
    """
    starts = [
        PoseStart(rotation=one.rotation, x_nm=one.x_nm, y_nm=one.y_nm, defocus_nm=one.defocus_nm)
        for one in matches
        if one.score > _WORTH * matches[0].score
    ]
    best = max((one.log_evidence for one in ahead), default=-np.inf)
    found: PoseFit | None = None
    for steps in (_FIRST_STEPS, _MORE_STEPS):
        found = _fitted(patch, ready, starts, prior, steps)
        if found is None:
            return None
        if found.log_evidence < best - _HOPELESS * _scale([*ahead, found]):
            break
        starts = [found.start]
    return found


def _fitted(
    patch: Float[np.ndarray, "y x"],
    ready: _Ready,
    starts: Sequence[PoseStart],
    prior: PosePrior,
    steps: int,
) -> PoseFit | None:
    """The best fit from some starts; None where a view holds no numbers."""
    try:
        fits = fit_poses(
            ready.part_of(patch),
            ready.library.views,
            starts,
            ready.whiten,
            prior=prior,
            iterations=steps,
            tolerance=_TOLERANCE,
        )
    except np.linalg.LinAlgError:
        return None
    return next((fit for fit in fits if np.isfinite(fit.log_evidence)), None)


def _scale(fits: Sequence[PoseFit | None]) -> float:
    """By how much the best fit leaves more than noise, at least 1."""
    return max(min((fit.residual for fit in fits if fit is not None), default=1.0), 1.0)


def with_view_probabilities(
    found: Particles, compared: Sequence[ParticleViews], edges: tuple[int, ...], lattice_nm: float
) -> Particles:
    """The particles with their probabilities of each n; n is None where none is as likely as not.

    All candidates are equally likely beforehand. Beside them stands something that is none of
    them, with `OTHER_PRIOR`: a part of it looks like a part of some view, so that the contrast of
    the best fit may be anything up to that of a true dot, and as much may be left over, while a
    true dot has the contrast and the misfit of its neighbours in the image.

    Args:
        found: particles of one image.
        compared: what `compare_with_views` said of each.
        edges: the candidates' Pb atoms an edge, in the order of the models.
        lattice_nm: their lattice constant.
    """
    best = [_best(one) for one in compared]
    contrasts = [fit.contrast for fit in best if fit is not None]
    usual = float(np.clip(np.median(contrasts), 0.7, 1.2)) if contrasts else 1.0
    left = [fit.residual for fit in best if fit is not None]
    misfit = max(float(np.median(left)), 0.8) if left else 1.0
    changed: list[Particle] = []
    for particle, one, fit in zip(found.particles, compared, best, strict=True):
        if fit is None:
            changed.append(replace(particle, n=None, p_n=None, p_all=(0.0,) * len(edges)))
            continue
        relative = np.exp(one.log_likelihood - one.log_likelihood.max())
        shares = relative / relative.sum()
        deviate = (fit.contrast - usual) / _CONTRAST_SIGMA
        own = np.exp(-(deviate**2) / 2) / (np.sqrt(2 * np.pi) * _CONTRAST_SIGMA)
        beyond = max(fit.residual / misfit - 1, 0.0) / _MISFIT_SIGMA
        own *= np.exp(-(beyond**2) / 2) / (np.sqrt(2 * np.pi) * _MISFIT_SIGMA)
        other = OTHER_PRIOR / (1.5 * usual)
        chances = tuple(float(share) for share in shares * own / (own + other))
        top = int(np.argmax(chances))
        n, p_n = (edges[top], chances[top]) if chances[top] >= 0.5 else (None, None)
        changed.append(replace(particle, n=n, p_n=p_n, p_all=chances))
    return replace(
        found, particles=tuple(changed), edges=edges, lattice_nm=lattice_nm, by_views=True
    )


def _best(one: ParticleViews) -> PoseFit | None:
    fits = [
        (log, fit)
        for log, fit in zip(one.log_likelihood, one.fits, strict=True)
        if fit is not None and np.isfinite(log)
    ]
    return max(fits, key=lambda pair: pair[0])[1] if fits else None
