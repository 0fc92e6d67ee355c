"""The orientation, place and defocus of a dot in a frame, with no prior, and from frame to frame.

The first frame is searched: views of every candidate from all sides at all turns, on coarse
pixels; the best are refined on the frame's own pixels and ranked by evidence. A later frame begins
at the pose before; where that no longer explains it, the search begins anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import scipy.fft
from jaxtyping import Float
from scipy.fft import next_fast_len

from cinedot.core import InputError
from cinedot.micrographs.pose.camera import ModelCamera, model_camera
from cinedot.micrographs.pose.fit import PoseFit, PosePrior, PoseStart, fit_poses
from cinedot.micrographs.pose.library import ViewLibrary, ViewMatch, match_views, view_library
from cinedot.micrographs.pose.models import DotModel
from cinedot.micrographs.pose.orientations import misorientation_deg
from cinedot.micrographs.pose.views import Views, views_of
from cinedot.micrographs.pose.whitening import NoiseSpectrum, Whitening, whitening
from cinedot.microscope import Lens

SPACING_DEG = 2.9
_COARSE_NM = 0.084
_COARSE_WAVE_NM = 0.06
"""The wave's pixels in the search: two thirds of their Nyquist frequency is the band's end."""
_BAND_NM = (0.18, 0.8)
_DEFOCI_NM = (-3.5, 0.0, 3.5, 7.5)
"""Searched about the expected defocus."""
_CANDIDATES = 12
_BEHIND = 0.7
"""Models whose best score squared is less than that share of the best are not refined."""
_SURE = 6.0
"""Log-evidence, over the misfit, by which a pose must lead its rivals: 400 to 1."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidate:
    """A model, ready to be searched for and fitted.

    Attributes:
        views: on the frame's pixels.
        coarse: on coarse pixels, for the search.
        binning: frame pixels along a coarse one.
        defocus_nm: what the search tries.
        spacing_deg: between the views that it tries.
    """

    views: Views
    coarse: Views
    binning: int
    defocus_nm: tuple[float, ...]
    spacing_deg: float = SPACING_DEG

    def library(self) -> ViewLibrary:
        """Views from all sides; made when first asked for."""
        return _library(self)


@lru_cache(maxsize=8)
def _library(one: Candidate) -> ViewLibrary:
    return view_library(
        one.coarse,
        spacing_deg=one.spacing_deg,
        defocus_nm=one.defocus_nm,
        weight=band_weight(one.coarse.camera),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Patch:
    """A part of a frame about the particle.

    Attributes:
        contrast: intensity over the ground's mean, less 1 [y, x].
        x_nm, y_nm: the middle pixel's place in the frame.
        regions: for each kind of ground its share of every pixel and its noise.
    """

    contrast: Float[np.ndarray, "y x"]
    x_nm: float
    y_nm: float
    regions: tuple[tuple[Float[np.ndarray, "y x"], NoiseSpectrum], ...]

    def central(self, side: int) -> "Patch":
        """The patch of so many pixels about the same middle."""
        first = self.contrast.shape[0] // 2 - side // 2
        if first == 0 and side == self.contrast.shape[0]:
            return self
        part = (slice(first, first + side), slice(first, first + side))
        return replace(
            self,
            contrast=self.contrast[part],
            regions=tuple((share[part], noise) for share, noise in self.regions),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class FoundPose:
    """What a search says of a patch.

    Attributes:
        candidate: the model that fits best.
        fit: its best pose.
        by_model: best log-evidence of every model, less that of `fit`, over the misfit.
        runner_up: the same of the best pose of this model that is another view.
    """

    candidate: Candidate
    fit: PoseFit
    by_model: tuple[float, ...]
    runner_up: float

    @property
    def sure(self) -> bool:
        """Whether no other view of the same model comes near."""
        return bool(self.runner_up < -_SURE)


def candidates(
    models: Sequence[DotModel],
    lens: Lens,
    pixel_nm: float,
    *,
    mtf: Float[np.ndarray, " frequency"] | None = None,
    defocus_nm: float | None = None,
    spacing_deg: float = SPACING_DEG,
) -> list[Candidate]:
    """Make models ready: their cameras, and libraries of views from all sides.

    Args:
        models: what the particle may be; each gets patches of its own size.
        lens: the microscope's.
        pixel_nm: side of a frame's pixel.
        mtf: what the camera leaves; see `model_camera`.
        defocus_nm: expected; the lens's own when left out. From 3.5 nm less to 7.5 nm more are
            searched.
        spacing_deg: between views.

    Raises:
        InputError: no model; pixels too coarse for a lattice.
    """
    if not models:
        raise InputError("`models` must hold a model, but is empty.", remedy="Add `average_dot`s.")
    if pixel_nm > 0.15:
        raise InputError(
            f"pixels must be at most 0.15 nm to show how a dot lies, but are {pixel_nm:.3g}.",
            remedy="Check `pixel_size`.",
        )
    binning = max(1, round(_COARSE_NM / pixel_nm))
    expected = lens.defocus_nm if defocus_nm is None else defocus_nm
    defoci = tuple(expected + off for off in _DEFOCI_NM)
    made: list[Candidate] = []
    for model in models:
        fine = model_camera(pixel_nm, lens, radius_nm=model.radius_nm, mtf=mtf, multiple=binning)
        made.append(
            Candidate(
                views=views_of(model, fine),
                coarse=views_of(model, coarse_camera(fine, binning)),
                binning=binning,
                defocus_nm=defoci,
                spacing_deg=spacing_deg,
            )
        )
    return made


def coarse_camera(fine: ModelCamera, binning: int) -> ModelCamera:
    """The same field on pixels `binning` times wider, point samples of what passes them."""
    side = fine.side // binning
    kept = side // 2
    left = np.zeros((side, side // 2 + 1))
    rows = np.r_[0:kept, fine.side - kept : fine.side]
    left[:, :kept] = fine.transfer[rows, :kept]
    half = int(np.ceil(side * fine.pixel_nm * binning / _COARSE_WAVE_NM / 2))
    wave = 2 * (next_fast_len(half, real=True) or half)
    return replace(fine, side=side, pixel_nm=fine.pixel_nm * binning, wave_side=wave, transfer=left)


def band_weight(camera: ModelCamera) -> Float[np.ndarray, "y half"]:
    """The paper's band: what lies between 0.18 and 0.8 nm counts."""
    side = camera.side
    frequency = (
        np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]) / camera.pixel_nm
    )
    return ((frequency > 1 / _BAND_NM[1]) & (frequency < 1 / _BAND_NM[0])).astype(np.float32)


def coarsened(patch: Float[np.ndarray, "y x"], binning: int) -> Float[np.ndarray, "Y X"]:
    """A square patch on coarser pixels, by its Fourier coefficients."""
    side = patch.shape[0] // binning
    kept = side // 2
    spectrum = np.asarray(scipy.fft.rfft2(patch))
    fitted = np.zeros((side, side // 2 + 1), dtype=spectrum.dtype)
    fitted[:kept, :kept] = spectrum[:kept, :kept]
    fitted[side - kept :, :kept] = spectrum[patch.shape[0] - kept :, :kept]
    return np.asarray(scipy.fft.irfft2(fitted, s=(side, side))) / binning**2


def patch_whitening(patch: Patch, views: Views) -> Whitening:
    """The whitening of a patch: each kind of ground by its own noise."""
    camera = views.camera
    return whitening(camera.side, camera.pixel_nm, views.model.radius_nm, list(patch.regions))


def search_pose(
    patch: Patch,
    models: Sequence[Candidate],
    *,
    prior: PosePrior | None = None,
    count: int = _CANDIDATES,
    reach_nm: float = 0.3,
    near: Float[np.ndarray, "3 3"] | None = None,
) -> FoundPose:
    """The pose that explains a patch best, of all models, from all sides.

    Args:
        patch: about the particle, at least as large as the largest model's.
        models: what it may be.
        prior: of defocus and contrast.
        count: how many views of each model are refined.
        reach_nm: how far the particle may be from the patch's middle.
        near: an orientation to look about, as somebody gave it; all sides when left out.
    """
    matched: list[tuple[Candidate, Patch, list[ViewMatch]]] = []
    for one in models:
        own = patch.central(one.views.camera.side)
        fade = patch_whitening(own, one.views).windows.sum(axis=0)
        coarse = coarsened(own.contrast * fade, one.binning)
        weight = band_weight(one.coarse.camera)
        found = match_views(
            coarse, one.library(), weight=weight, count=count, reach_nm=reach_nm, near=near
        )
        matched.append((one, own, found))
    top = max((found[0].score for _, _, found in matched if found), default=0.0)
    fits: list[tuple[Candidate, list[PoseFit]]] = []
    for one, own, found in matched:
        if not found or found[0].score ** 2 < _BEHIND * top**2:
            fits.append((one, []))
            continue
        starts = [
            PoseStart(rotation=m.rotation, x_nm=m.x_nm, y_nm=m.y_nm, defocus_nm=m.defocus_nm)
            for m in found
        ]
        whiten = patch_whitening(own, one.views)
        fits.append((one, fit_poses(own.contrast, one.views, starts, whiten, prior=prior)))
    return _ranked(fits)


def _ranked(fits: Sequence[tuple[Candidate, list[PoseFit]]]) -> FoundPose:
    best, own = max((pair for pair in fits if pair[1]), key=lambda pair: pair[1][0].log_evidence)
    top = own[0]
    scale = max(top.residual, 1.0)
    others = [
        fit
        for fit in own[1:]
        if float(misorientation_deg(fit.rotation, top.rotation, best.views.model.edges)) > 2.0
    ]
    behind = max((fit.log_evidence for fit in others), default=-np.inf)
    return FoundPose(
        candidate=best,
        fit=top,
        by_model=tuple(
            (ones[0].log_evidence - top.log_evidence) / scale if ones else -np.inf
            for _, ones in fits
        ),
        runner_up=(behind - top.log_evidence) / scale,
    )
