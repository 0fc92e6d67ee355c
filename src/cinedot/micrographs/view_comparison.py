"""One particle against simulated views of each candidate: the best views found, the best refined.

Candidates far behind are left out on the way. The ground's own spectrum is the noise, and where
even the best view leaves more than that, all differences are held for less.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.micrographs.particle_patches import middle_of
from cinedot.micrographs.pose.camera import ModelCamera
from cinedot.micrographs.pose.fit import PoseFit, PosePrior, PoseStart, fit_poses
from cinedot.micrographs.pose.library import ViewLibrary, ViewMatch, match_views, view_library
from cinedot.micrographs.pose.views import Views
from cinedot.micrographs.pose.whitening import (
    NoiseSpectrum,
    Whitening,
    radial_frequency,
    whitening,
)

SPACING_DEG = 5.0
_COARSEST_D_NM, _FINEST_D_NM = 2.5, 0.19
WORTH = 0.95
"""Views whose score is less than that share of the same candidate's best are not refined."""
_BEHIND = 0.75
"""Candidates whose best score squared is less than that share of the best's are not refined."""
_FIRST_STEPS, _MORE_STEPS = 3, 4
_TOLERANCE = 0.3
"""Gain in log-evidence at which a fit ends: candidates are a hundred and more apart."""
_HOPELESS = 60.0
"""Log-evidence behind the best, over the misfit, from which steps on are not worth it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ParticleViews:
    """How one particle compares with each candidate.

    Attributes:
        fits: the best fit of each candidate; None where its views were far behind.
        log_likelihood: of each candidate, up to a constant; minus infinity where hopeless.
    """

    fits: tuple[PoseFit | None, ...]
    log_likelihood: Float[np.ndarray, " candidate"]


def band_weight(noise: NoiseSpectrum, camera: ModelCamera) -> Float[np.ndarray, "y half"]:
    """Whitening within the band that views are compared in."""
    frequency = radial_frequency(camera.side) / camera.pixel_nm
    band = (frequency > 1 / _COARSEST_D_NM) & (frequency < 1 / _FINEST_D_NM)
    return np.where(band, noise.weight(camera.side), 0.0).astype(np.float32)


@dataclass(frozen=True, eq=False, kw_only=True)
class Contender:
    """A candidate ready for comparison, on patches no larger than it needs.

    Scores and evidence count from bare ground, so that those of unlike patches compare.

    Attributes:
        library: its views from all sides.
        weight, whiten: by the ground's noise, for the library's views and for fits.
    """

    library: ViewLibrary
    weight: Float[np.ndarray, "y half"]
    whiten: Whitening

    def part_of(self, patch: Float[np.ndarray, "y x"]) -> Float[np.ndarray, "side side"]:
        """The candidate's own part of a larger patch."""
        return middle_of(patch, self.library.views.camera.side)


def contender(
    views: Views, defocus_nm: float, noise: NoiseSpectrum, *, spacing_deg: float = SPACING_DEG
) -> Contender:
    """A candidate ready at an image's defocus and noise."""
    camera = views.camera
    weight = band_weight(noise, camera)
    radius = views.model.radius_nm
    return Contender(
        library=view_library(
            views, spacing_deg=spacing_deg, defocus_nm=[defocus_nm], weight=weight
        ),
        weight=weight,
        whiten=whitening(camera.side, camera.pixel_nm, radius, [(None, noise)]),
    )


def compare(
    patch: Float[np.ndarray, "y x"],
    ready: Sequence[Contender],
    prior: PosePrior,
    *,
    count: int,
    reach_nm: float,
    worth: float = WORTH,
    narrow: int | None = None,
) -> ParticleViews:
    """How a particle's patch compares with each candidate.

    Args:
        patch: the particle's, as large as the largest candidate's.
        ready: the candidates.
        prior: of place and defocus.
        count: so many views of each are refined.
        reach_nm: how far from the patch's middle a dot may be.
        worth: views whose score is less than that share of the candidate's best are not refined.
        narrow: so many of them go on beyond the first step; all when left out.
    """
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
        fits[index] = _refined(
            patch, ready[index], matches[index], prior, ahead, worth=worth, narrow=narrow
        )
    return _ranked(fits)


def _ranked(fits: Sequence[PoseFit | None]) -> ParticleViews:
    scale = _scale(fits)
    logs = np.array([-np.inf if fit is None else fit.log_evidence / scale for fit in fits])
    return ParticleViews(fits=tuple(fits), log_likelihood=logs)


def better(one: ParticleViews, other: ParticleViews) -> ParticleViews:
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
    ready: Contender,
    matches: Sequence[ViewMatch],
    prior: PosePrior,
    ahead: Sequence[PoseFit],
    *,
    worth: float,
    narrow: int | None,
) -> PoseFit | None:
    """A candidate's best fit; a rough one where it is far behind those fitted already.

    None where none of its poses has an image.
    """
    starts = [
        PoseStart(rotation=one.rotation, x_nm=one.x_nm, y_nm=one.y_nm, defocus_nm=one.defocus_nm)
        for one in matches
        if one.score > worth * matches[0].score
    ]
    best = max((one.log_evidence for one in ahead), default=-np.inf)
    found: PoseFit | None = None
    for steps in (_FIRST_STEPS, _MORE_STEPS):
        found = _fitted(patch, ready, starts, prior, steps, narrow)
        if found is None:
            return None
        if found.log_evidence < best - _HOPELESS * _scale([*ahead, found]):
            break
        starts = [found.start]
    return found


def _fitted(
    patch: Float[np.ndarray, "y x"],
    ready: Contender,
    starts: Sequence[PoseStart],
    prior: PosePrior,
    steps: int,
    narrow: int | None,
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
            narrow=narrow,
        )
    except np.linalg.LinAlgError:
        return None
    return next((fit for fit in fits if np.isfinite(fit.log_evidence)), None)


def _scale(fits: Sequence[PoseFit | None]) -> float:
    """By how much the best fit leaves more than noise, at least 1."""
    return max(min((fit.residual for fit in fits if fit is not None), default=1.0), 1.0)


def best_fit(one: ParticleViews) -> PoseFit | None:
    """Of the likeliest candidate; None where no candidate has one."""
    fits = [
        (log, fit)
        for log, fit in zip(one.log_likelihood, one.fits, strict=True)
        if fit is not None and np.isfinite(log)
    ]
    return max(fits, key=lambda pair: pair[0])[1] if fits else None
