"""Which cuboid and which compound a particle is: evidence summed over frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError
from cinedot.micrographs.pose.camera import model_camera
from cinedot.micrographs.pose.fit import PoseFit, PosePrior, PoseStart, fit_poses
from cinedot.micrographs.pose.models import DotModel
from cinedot.micrographs.pose.search import (
    Candidate,
    FoundPose,
    Patch,
    patch_whitening,
    search_pose,
)
from cinedot.micrographs.pose.views import Views, views_of
from cinedot.particle import Cuboid

_ITERATIONS = 4
_RULED_OUT = 200.0
"""Log-evidence, over the misfit, by which one frame alone rules a model out."""
_LATER = 6


@dataclass(frozen=True, eq=False, kw_only=True)
class RankedModels:
    """Models and how probable each is, all equally likely beforehand.

    Attributes:
        models: in the order in which they were given.
        log_evidence: of each over all frames, over the misfit, less the best's.
        fits: of the best model, one a frame.
    """

    models: tuple[DotModel, ...]
    log_evidence: Float[np.ndarray, " model"]
    fits: tuple[PoseFit, ...]

    @property
    def best(self) -> DotModel:
        """The most probable."""
        return self.models[int(self.log_evidence.argmax())]

    @property
    def probability(self) -> Float[np.ndarray, " model"]:
        """Of each."""
        relative = np.exp(self.log_evidence - self.log_evidence.max())
        return relative / relative.sum()


def find_in_frames(
    patches: Sequence[Patch], models: Sequence[Candidate], *, prior: PosePrior
) -> tuple[list[FoundPose], list[float]]:
    """Search some frames: the first with all models, the others with those that it left open.

    Returns:
        The pose of the chosen model in each frame; each model's log-evidence over all frames, over
        the misfit, less the best's: minus infinity for those that the first frame ruled out.

    Raises:
        AnalysisError: no model explains any frame.
    """
    begun = search_pose(patches[0], models, prior=prior)
    open_ = [
        one for one, behind in zip(models, begun.by_model, strict=True) if behind > -_RULED_OUT
    ]
    others = [search_pose(patch, open_, prior=prior, count=_LATER) for patch in patches[1:]]
    sums = dict.fromkeys(models, -np.inf)
    for index, one in enumerate(open_):
        sums[one] = begun.by_model[models.index(one)] + sum(
            found.by_model[index] for found in others
        )
    chosen = max(sums, key=lambda one: sums[one])
    if not np.isfinite(sums[chosen]):
        raise AnalysisError(
            "no model explains the particle in all of the clearest frames.",
            remedy="Check `pixel_size`, `host` and the edges of [model].",
        )
    found = [
        one if one.candidate is chosen else search_pose(patch, [chosen], prior=prior)
        for one, patch in zip([begun, *others], patches, strict=True)
    ]
    return found, [sums[one] - sums[chosen] for one in models]


def rank_models(
    patches: Sequence[Patch],
    found: Sequence[FoundPose],
    compounds: Sequence[DotModel],
    cuboids: Sequence[DotModel],
    *,
    prior: PosePrior,
) -> RankedModels:
    """Fit rival models from the poses that one of them was found in.

    A cuboid that has a layer more or less than the one found is tried with that layer on each of
    the six faces.

    Args:
        patches: some frames.
        found: the pose of one model in each.
        compounds: rivals of the same cuboid, that one too.
        cuboids: rivals of other sizes.
        prior: of defocus and contrast.
    """
    views = found[0].candidate.views
    fits = [
        _fits(patches, found, views.with_occupancy(model.occupancy), model.cuboid, prior)
        for model in compounds
    ]
    lens = views.camera.lens
    for model in cuboids:
        camera = model_camera(
            views.camera.pixel_nm,
            lens,
            radius_nm=model.radius_nm,
            multiple=found[0].candidate.binning,
        )
        fits.append(_fits(patches, found, views_of(model, camera), model.cuboid, prior))
    evidence = np.array([[fit.log_evidence for fit in own] for own in fits])
    best = int(evidence.sum(axis=1).argmax())
    misfit = np.array([max(fit.residual, 1.0) for fit in fits[best]])
    sums = (evidence / misfit).sum(axis=1)
    return RankedModels(
        models=(*compounds, *cuboids),
        log_evidence=sums - sums.max(),
        fits=tuple(fits[best]),
    )


def _fits(
    patches: Sequence[Patch],
    found: Sequence[FoundPose],
    views: Views,
    cuboid: Cuboid,
    prior: PosePrior,
) -> list[PoseFit]:
    """The best fit of one model to each frame."""
    own: list[PoseFit] = []
    for patch, pose in zip(patches, found, strict=True):
        part = patch.central(views.camera.side)
        whiten = patch_whitening(part, views)
        starts = _starts(pose, cuboid)
        own.append(
            fit_poses(part.contrast, views, starts, whiten, prior=prior, iterations=_ITERATIONS)[0]
        )
    return own


def one_layer_more_or_less(cuboid: Cuboid) -> list[Cuboid]:
    """A cube's neighbours: one layer more, and one less, along one axis.

    Example:
        >>> from cinedot.particle import host_named
        >>> dot = Cuboid.cube(4, host_named("CsPbBr3"))
        >>> [one.edges for one in one_layer_more_or_less(dot)]
        [(4, 4, 5), (4, 4, 3)]
    """
    x, y, z = cuboid.edges
    longer = [Cuboid(edges=(x, y, z + 1), host=cuboid.host)]
    return longer + ([Cuboid(edges=(x, y, z - 1), host=cuboid.host)] if z > 1 else [])


def _starts(pose: FoundPose, cuboid: Cuboid) -> list[PoseStart]:
    """Where the fit of a rival begins: the cuboid's layers laid over those of the one found."""
    fit = pose.fit
    found = np.array(pose.candidate.views.model.edges)
    here = PoseStart(rotation=fit.rotation, x_nm=fit.x_nm, y_nm=fit.y_nm, defocus_nm=fit.defocus_nm)
    if tuple(sorted(found)) == tuple(sorted(cuboid.edges)):
        return [here]
    starts: list[PoseStart] = []
    for axis in range(3):
        # A quarter turn lays the rival's third axis along this one.
        lay = np.roll(np.eye(3), axis + 1, axis=0)
        edges = np.abs(lay) @ np.array(cuboid.edges, dtype=float)
        off = (edges - found) / 2 * cuboid.host.lattice_nm
        along = fit.rotation @ off
        for side in (-1.0, 1.0):
            starts.append(
                PoseStart(
                    rotation=fit.rotation @ lay,
                    x_nm=fit.x_nm + side * float(along[0]),
                    y_nm=fit.y_nm + side * float(along[1]),
                    defocus_nm=fit.defocus_nm,
                )
            )
    return starts
