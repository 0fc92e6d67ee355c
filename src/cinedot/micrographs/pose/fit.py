"""A view refined to the pose that a patch shows: Gauss-Newton on the whitened residual."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.micrographs.pose.views import POSE_PARAMETERS
from cinedot.micrographs.pose.whitening import Whitening

_LARGEST_STEP = np.array([0.05, 0.05, 0.05, 0.04, 0.04, 3.0])
"""Of one Gauss-Newton step: rad, rad, rad, nm, nm, nm."""
_POSE = len(POSE_PARAMETERS)
_PATIENCE = (np.inf, 30.0, 8.0, 2.0, 1.0)
"""How many times the margin a candidate may lag after the first, second, ... look."""


@runtime_checkable
class Sensitive(Protocol):
    """What gives a model's images and their derivatives: `Views`, or `HeldView` about one of them.

    Its one function has the arguments and the result of `Views.sensitivities`.
    """

    def sensitivities(
        self,
        rotations: Float[np.ndarray, "pose 3 3"],
        places_nm: Float[np.ndarray, "pose 2"],
        defocus_nm: Float[np.ndarray, " pose"],
    ) -> Float[np.ndarray, "pose 7 y x"]:
        """Images, then their derivatives by `POSE_PARAMETERS`."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class PosePrior:
    """What is known of defocus and contrast before a patch is seen.

    Attributes:
        defocus_nm, defocus_sigma_nm: of the plane through the particle's centre.
        contrast, contrast_sigma: measured over simulated modulation; below 1 for what inelastic
            scattering and an imperfect camera take.
    """

    defocus_nm: float = 6.0
    defocus_sigma_nm: float = 30.0
    contrast: float = 1.0
    contrast_sigma: float = 0.3


@dataclass(frozen=True, eq=False, kw_only=True)
class PoseStart:
    """Where a fit begins: rotation, place from the patch's middle pixel, defocus; nm."""

    rotation: Float[np.ndarray, "3 3"]
    x_nm: float
    y_nm: float
    defocus_nm: float


@dataclass(frozen=True, eq=False, kw_only=True)
class PoseFit:
    """A pose with its uncertainty.

    Attributes:
        rotation: crystal to frame axes [3, 3].
        x_nm, y_nm: of the model's centre, from the patch's middle pixel.
        defocus_nm: under-focus positive.
        contrast, sigma_contrast: measured over simulated modulation.
        ground: mean of the contrast where nothing is, for each region [region].
        covariance: of `POSE_PARAMETERS`, rad and nm, from the Fisher information [6, 6].
        chi_square: of the whitened residual.
        numbers: how many independent numbers it is the sum over.
        log_evidence: of the patch over that of bare ground (Laplace), so that models compare whose
            patches differ in size.
        iterations: steps taken.
    """

    rotation: Float[np.ndarray, "3 3"]
    x_nm: float
    y_nm: float
    defocus_nm: float
    contrast: float
    sigma_contrast: float
    ground: Float[np.ndarray, " region"]
    covariance: Float[np.ndarray, "6 6"]
    chi_square: float
    numbers: float
    log_evidence: float
    iterations: int

    @property
    def residual(self) -> float:
        """Reduced chi-square: 1 where the model says all."""
        return self.chi_square / max(self.numbers - _POSE - 1 - len(self.ground), 1.0)

    @property
    def sigma_turn_deg(self) -> float:
        """Root mean square over the three axes, degrees."""
        return float(np.degrees(np.sqrt(np.trace(self.covariance[:3, :3]) / 3)))

    @property
    def sigma_xy_nm(self) -> float:
        """Root mean square over the two axes, nm."""
        return float(np.sqrt(np.trace(self.covariance[3:5, 3:5]) / 2))

    @property
    def sigma_defocus_nm(self) -> float:
        """nm."""
        return float(np.sqrt(self.covariance[5, 5]))

    @property
    def start(self) -> PoseStart:
        """Where the next frame's fit may begin."""
        return PoseStart(
            rotation=self.rotation, x_nm=self.x_nm, y_nm=self.y_nm, defocus_nm=self.defocus_nm
        )


@dataclass(eq=False, kw_only=True)
class _Running:
    """One candidate on its way down."""

    rotation: Float[np.ndarray, "3 3"]
    place: Float[np.ndarray, " 2"]
    defocus: float
    objective: float = np.inf
    promised: float = np.inf
    """Half chi-square where the next step should lead."""
    damping: float = 1e-3
    kept: "tuple[Float[np.ndarray, '3 3'], Float[np.ndarray, ' 2'], float] | None" = None
    solved: "_Solved | None" = None
    iterations: int = 0
    done: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class _Solved:
    """The linear part solved at a pose, and the normal equations of the rest."""

    objective: float
    chi_square: float
    linear: Float[np.ndarray, " linear"]
    linear_covariance: Float[np.ndarray, "linear linear"]
    normal: Float[np.ndarray, "6 6"]
    gradient: Float[np.ndarray, " 6"]
    log_determinant: float


def fit_poses(
    patch: Float[np.ndarray, "y x"],
    views: Sensitive,
    starts: Sequence[PoseStart],
    whiten: Whitening,
    *,
    prior: PosePrior | None = None,
    iterations: int = 8,
    tolerance: float = 0.02,
    margin: float = 60.0,
    narrow: int | None = None,
) -> list[PoseFit]:
    """Refine candidate poses of one patch and rank them by evidence.

    Rotation, place and defocus are stepped; contrast and each region's ground are linear and
    solved for at every step. Candidates that are hopelessly behind are given up early.

    Args:
        patch: intensity over its mean, less 1.
        views: the model before the camera.
        starts: candidates.
        whiten: of the patch's noise.
        prior: of defocus and contrast.
        iterations: at most so many steps.
        tolerance: a fit ends when a step gains less than this in half the chi-square.
        margin: candidates whose half chi-square lags behind the best by more than this times the
            reduced chi-square stay where they are; in the first steps they may lag more.
        narrow: so many go on beyond the first step: those that it promises to lead lowest. All
            when left out.

    Returns:
        One fit a start, the best first.
    """
    known = prior or PosePrior()
    data = whiten.spectral(patch[None])[0]
    grounds = whiten.grounds()
    bare = _bare(data, grounds)
    running = [_running(one) for one in starts]
    for round_ in range(iterations):
        active = [one for one in running if not one.done]
        if not active:
            break
        seen = views.sensitivities(
            np.array([one.rotation for one in active]),
            np.array([one.place for one in active]),
            np.array([one.defocus for one in active]),
        )
        for one, columns in zip(active, seen, strict=True):
            _advance(one, _solved(columns, data, grounds, whiten, known, one), tolerance)
        best = min(one.objective for one in running)
        scale = max(best / whiten.count * 2, 1.0)
        behind = margin * scale * _PATIENCE[min(round_, len(_PATIENCE) - 1)]
        for one in running:
            one.done |= one.objective > best + behind
        if round_ == 0 and narrow is not None:
            for one in sorted(running, key=lambda one: one.promised)[narrow:]:
                one.done = True
    fits = [_fit(one, whiten, bare) for one in running]
    return sorted(fits, key=lambda fit: -fit.log_evidence)


def stepped(
    patch: Float[np.ndarray, "y x"],
    columns: Float[np.ndarray, "7 y x"],
    start: PoseStart,
    whiten: Whitening,
    *,
    prior: PosePrior,
) -> PoseStart:
    """Where one Gauss-Newton step leads from a pose whose image and derivatives are given.

    Args:
        patch: intensity over its mean, less 1.
        columns: image, then derivatives by `POSE_PARAMETERS`, at the start.
        start: the pose.
        whiten: of the patch's noise.
        prior: of defocus and contrast.
    """
    one = _running(start)
    solved = _solved(columns, whiten.spectral(patch[None])[0], whiten.grounds(), whiten, prior, one)
    if not np.isfinite(solved.objective):
        return start
    _step(one, solved)
    x, y = one.place.tolist()
    return PoseStart(rotation=one.rotation, x_nm=x, y_nm=y, defocus_nm=one.defocus)


def _running(start: PoseStart) -> _Running:
    place = np.array([start.x_nm, start.y_nm])
    return _Running(rotation=start.rotation, place=place, defocus=start.defocus_nm)


def _bare(data: Float[np.ndarray, " number"], grounds: Float[np.ndarray, "region number"]) -> float:
    """The chi-square of bare ground: what no particle explains."""
    level = np.linalg.lstsq(grounds.T, data, rcond=None)[0]
    return float(((data - level @ grounds) ** 2).sum())


def _solved(
    columns: Float[np.ndarray, "7 y x"],
    data: Float[np.ndarray, " number"],
    grounds: Float[np.ndarray, "region number"],
    whiten: Whitening,
    prior: PosePrior,
    at: _Running,
) -> _Solved:
    """Eliminate contrast and grounds; leave the pose's normal equations."""
    modulation = columns.copy()
    modulation[0] -= 1
    white = whiten.spectral(modulation)
    linear = np.concatenate([white[:1], grounds]).astype(float)
    weight = np.zeros(len(linear))
    weight[0] = prior.contrast_sigma**-2
    matrix = linear @ linear.T + np.diag(weight)
    right = linear @ data + weight * prior.contrast
    solution = np.linalg.solve(matrix, right)
    residual = data - solution @ linear
    chi_square = float(residual @ residual)
    pull = (at.defocus - prior.defocus_nm) / prior.defocus_sigma_nm
    stiff = (solution[0] - prior.contrast) / prior.contrast_sigma
    jacobian = (solution[0] * white[1:]).astype(float)
    across = jacobian @ linear.T
    normal = jacobian @ jacobian.T - across @ np.linalg.solve(matrix, across.T)
    normal[5, 5] += prior.defocus_sigma_nm**-2
    gradient = jacobian @ residual
    gradient[5] -= pull / prior.defocus_sigma_nm
    return _Solved(
        objective=0.5 * (chi_square + pull**2 + stiff**2),
        chi_square=chi_square,
        linear=solution,
        linear_covariance=np.linalg.inv(matrix),
        normal=normal,
        gradient=gradient,
        log_determinant=float(np.linalg.slogdet(matrix)[1]),
    )


def _advance(one: _Running, solved: _Solved, tolerance: float) -> None:
    """Take a step, or go back half of one that led uphill."""
    one.iterations += 1
    if not np.isfinite(solved.objective):
        solved = replace(solved, objective=np.inf)
    here = (one.rotation, one.place, one.defocus)
    if one.kept is not None and not solved.objective <= one.objective:
        one.damping *= 16
        one.rotation, one.place, one.defocus = one.kept
        if one.damping > 1e4:
            one.done = True
            return
        _step(one, _known(one))
        return
    gained = one.objective - solved.objective
    one.objective, one.solved, one.kept = solved.objective, solved, here
    one.damping = max(one.damping / 4, 1e-6)
    if gained < tolerance:
        one.done = True
        return
    gain = _step(one, solved)
    one.promised = solved.objective - gain
    if gain < tolerance:
        # So small a step needs no second look.
        one.kept = (one.rotation, one.place, one.defocus)
        one.done = True


def _known(one: _Running) -> _Solved:
    assert one.solved is not None
    return one.solved


def _step(one: _Running, solved: _Solved) -> float:
    """Move a candidate; returns what half the chi-square should gain by it."""
    damped = solved.normal + one.damping * np.diag(np.diag(solved.normal))
    step = np.linalg.solve(damped, solved.gradient)
    step /= max(1.0, float((np.abs(step) / _LARGEST_STEP).max()))
    one.rotation = Rotation.from_rotvec(step[:3]).as_matrix() @ one.rotation
    one.place = one.place + step[3:5]
    one.defocus = one.defocus + float(step[5])
    return float(solved.gradient @ step - 0.5 * step @ solved.normal @ step)


def _fit(one: _Running, whiten: Whitening, bare: float) -> PoseFit:
    solved = _known(one)
    rotation, place, defocus = (
        one.kept
        if one.kept is not None
        else (
            one.rotation,
            one.place,
            one.defocus,
        )
    )
    covariance = np.linalg.pinv(solved.normal, hermitian=True)
    spread = float(np.linalg.slogdet(solved.normal)[1]) + solved.log_determinant
    return PoseFit(
        rotation=rotation,
        x_nm=float(place[0]),
        y_nm=float(place[1]),
        defocus_nm=defocus,
        contrast=float(solved.linear[0]),
        sigma_contrast=float(np.sqrt(solved.linear_covariance[0, 0])),
        ground=solved.linear[1:],
        covariance=covariance,
        chi_square=solved.chi_square,
        numbers=whiten.count,
        log_evidence=0.5 * bare - solved.objective - 0.5 * spread,
        iterations=one.iterations,
    )
