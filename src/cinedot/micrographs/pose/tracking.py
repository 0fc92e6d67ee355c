"""From frame to frame: each fit begins at the pose before, a search only where that fails."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError
from cinedot.micrographs.pose.fit import PoseFit, PosePrior, fit_poses, stepped
from cinedot.micrographs.pose.held_view import HeldView
from cinedot.micrographs.pose.orientations import misorientation_deg, nearest_branch
from cinedot.micrographs.pose.search import (
    Candidate,
    Patch,
    patch_whitening,
    search_pose,
)

Status = Literal["ok", "ambiguous", "absent", "out_of_focus", "overlapped", "failed"]
PatchAt = Callable[[int, float, float], Patch]
"""Gives the patch of a frame whose middle pixel is nearest to a place."""

_ITERATIONS = 4
_WORSE = 1.3
"""A residual that many times the usual one calls for a fresh search."""
_LEAST_CONTRAST = 0.35
"""Of the contrast where the particle was found: below this it is not there."""
_LEAST_SNR = 12.0
"""Contrast over its own sigma: below this there is no particle, whatever fits best."""
_FAR_NM = 30.0
_CROWDED = 2.5
"""A residual that many times the usual one is more than the model can explain: another dot 0.8 and
1.6 nm away in the image made it 3.8 and 2.7 times, one at 2.4 nm, which does no harm, 1.4 times."""
_SEARCHED = 6


@dataclass(frozen=True, eq=False, kw_only=True)
class FramePose:
    """The particle in one frame.

    Attributes:
        frame: index.
        status: `ok`; `ambiguous` where another view fits as well; `absent` where nothing like the
            model is there; `out_of_focus` and `overlapped` where something is that the model
            cannot explain. Only the first two have a pose.
        fit: the pose; None where there is none.
        x_nm, y_nm: place in the frame; NaN where there is none.
        searched: whether the pose was looked for anew.
    """

    frame: int
    status: Status
    fit: PoseFit | None
    x_nm: float
    y_nm: float
    searched: bool = False


def follow(
    frames: Sequence[int],
    places_nm: Float[np.ndarray, "frame 2"],
    patch_at: PatchAt,
    candidate: Candidate,
    *,
    begin: PoseFit,
    prior: PosePrior,
    usual: float | None = None,
    given: Mapping[int, Float[np.ndarray, "3 3"]] | None = None,
) -> list[FramePose]:
    """Fit the pose in each frame, starting from one that was found in some frame nearby.

    Args:
        frames: indices, in the order in which they are gone through.
        places_nm: about where the particle is in each, x and y; a search begins there. NaN where
            it was not seen.
        patch_at: gives a frame's patch.
        candidate: the model.
        begin: a pose of the particle.
        prior: of defocus and contrast.
        usual: the residual that is usual for this model; that of `begin` when left out.
        given: orientations that a person gives some frames: there a pose is looked for about them,
            and followed from then on, whatever the frame before said.
    """
    poses: list[FramePose] = []
    last = sure_of = begin
    usual = begin.residual if usual is None else usual
    least = _LEAST_CONTRAST * begin.contrast
    at: tuple[float, float] | None = None
    held = HeldView(views=candidate.views)
    for row, frame in enumerate(frames):
        seen = bool(np.isfinite(places_nm[row]).all())
        near = (float(places_nm[row, 0]), float(places_nm[row, 1]))
        if at is None and not seen:
            poses.append(_nowhere(frame, "absent", searched=False))
            continue
        start = near if at is None else at
        try:
            patch = patch_at(frame, *start)
        except AnalysisError:
            poses.append(_nowhere(frame, "failed", searched=False))
            continue
        by_hand = (given or {}).get(frame)
        sure = True
        if by_hand is not None:
            patch = patch_at(frame, *near) if seen else patch
            looked = search_pose(patch, [candidate], prior=prior, count=_SEARCHED, near=by_hand)
            fit, searched = looked.fit, True
        else:
            # A doubtful frame may have led astray: the pose before it is tried as well.
            before = [last] if sure_of is last else [last, sure_of]
            fit = _continued(patch, held, before, start, prior)
            searched = not _explains(fit, usual, least)
        if searched and seen and by_hand is None:
            fresh = patch_at(frame, *near)
            found = search_pose(fresh, [candidate], prior=prior, count=_SEARCHED)
            if not _explains(fit, usual, least) and found.fit.residual < fit.residual:
                patch, fit, sure = fresh, found.fit, found.sure
        status = _status(fit, usual, least, prior, sure)
        if status not in ("ok", "ambiguous"):
            poses.append(_nowhere(frame, status, searched=searched))
            at = None
            continue
        edges = candidate.views.model.edges
        last = replace(fit, rotation=nearest_branch(fit.rotation, last.rotation, edges))
        if status == "ok" and _explains(fit, usual, least):
            sure_of = last
        at = (patch.x_nm + fit.x_nm, patch.y_nm + fit.y_nm)
        usual = 0.9 * usual + 0.1 * min(fit.residual, 1.5 * usual)
        poses.append(
            FramePose(
                frame=frame, status=status, fit=last, x_nm=at[0], y_nm=at[1], searched=searched
            )
        )
    return poses


def _explains(fit: PoseFit, usual: float, least: float) -> bool:
    return fit.residual <= _WORSE * usual and fit.contrast >= least


def _nowhere(frame: int, status: Status, *, searched: bool) -> FramePose:
    nan = float("nan")
    return FramePose(frame=frame, status=status, fit=None, x_nm=nan, y_nm=nan, searched=searched)


def _continued(
    patch: Patch,
    held: HeldView,
    before: Sequence[PoseFit],
    at: tuple[float, float],
    prior: PosePrior,
) -> PoseFit:
    """Poses of frames before, fitted to this one where the last was; the best of them."""
    here = {"x_nm": at[0] - patch.x_nm, "y_nm": at[1] - patch.y_nm}
    starts = [replace(one.start, **here) for one in before]
    whiten = patch_whitening(patch, held.views)
    told = held.told(starts[0])
    if told is not None:
        starts[0] = stepped(patch.contrast, told, starts[0], whiten, prior=prior)
    return fit_poses(patch.contrast, held, starts, whiten, prior=prior, iterations=_ITERATIONS)[0]


def _status(fit: PoseFit, usual: float, least: float, prior: PosePrior, sure: bool) -> Status:
    if not np.isfinite(fit.log_evidence):
        return "failed"
    if fit.contrast < least or fit.contrast < _LEAST_SNR * fit.sigma_contrast:
        return "absent"
    if abs(fit.defocus_nm - prior.defocus_nm) > _FAR_NM:
        return "out_of_focus"
    if fit.residual > _CROWDED * usual:
        return "overlapped"
    return "ok" if sure else "ambiguous"


def tumbles(poses: Sequence[FramePose], edges: tuple[int, int, int]) -> list[tuple[int, float]]:
    """Frames between which the particle turned more than its rocking explains, and how far.

    Only neighbouring frames are compared, both with a pose that is `ok`. A step is a tumble beyond
    4.5 degrees and beyond five times the median of the other steps.

    Returns:
        The first frame in the new orientation and the angle, degrees.
    """
    steps = [
        (after.frame, float(misorientation_deg(before.fit.rotation, after.fit.rotation, edges)))
        for before, after in itertools.pairwise(poses)
        if before.fit is not None
        and after.fit is not None
        and before.status == after.status == "ok"
        and after.frame == before.frame + 1
    ]
    found: list[tuple[int, float]] = []
    for index, (frame, step) in enumerate(steps):
        others = [other for place, (_, other) in enumerate(steps) if place != index]
        if step > max(4.5, 5 * float(np.median(others)) if others else 0.0):
            found.append((frame, step))
    return found
