"""Occupancies that seem to change because the particle turns, and steps beside that.

What a model is wrong by (a frozen shell of ligands, atoms a little off) hangs on how the particle
lies: as it rocks, a site seems to fill and to empty. A step counts only beyond what turning does.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

_REACH_DEG = 3.0
"""So far what a model is wrong by changes in proportion to the turn; beyond, it is another."""
_MOST_CENTRES = 12
_LEAST_ROWS = 8
_CAUTION = 2.0
"""Some sites suffer more than most."""
_LEAST = 0.02
"""The least sigma of that prior, of an occupancy or of its change a degree."""


@dataclass(frozen=True, eq=False, kw_only=True)
class OrientationDrift:
    """How an occupancy may seem to change with the pose.

    Attributes:
        features: of each frame: turns from an orientation, degrees about the frame's axes, and
            nearness to it, 0 to 1 [frame, feature].
        sigma: of each feature's share in each group's occupancy, a degree or as a whole
            [group, feature].
    """

    features: Float[np.ndarray, "frame feature"]
    sigma: Float[np.ndarray, "group feature"]

    def part(self, rows: slice, groups: Int[np.ndarray, " some"]) -> "OrientationDrift":
        """Of some frames and groups."""
        return replace(self, features=self.features[rows], sigma=self.sigma[groups])


def orientation_drift(
    right: Float[np.ndarray, "frame group"],
    weight: Float[np.ndarray, "frame group"],
    rotation: Float[np.ndarray, "frame 3 3"] | None,
    sigma_model: float,
) -> OrientationDrift:
    """How far each group's occupancy may change with the pose, by what its own frames show.

    Args:
        right, weight: pull on and information about each group in each frame (first derivative
            of the log-likelihood by its occupancy, and less the second).
        rotation: crystal to frame axes in each frame; without it, and for fewer than eight
            frames, nothing is told.
        sigma_model: how wrong the model makes an occupancy in any one orientation.
    """
    rows, groups = right.shape
    if rotation is None or rows < _LEAST_ROWS:
        return OrientationDrift(features=np.zeros((rows, 0)), sigma=np.zeros((groups, 0)))
    near, turns = _about_centres(rotation)
    slopes = np.concatenate(turns, axis=1)
    features, sigmas = [slopes], [_slope_sigma(right, weight, slopes)]
    if len(near) > 1:
        features.append(np.stack(near, axis=1))
        sigmas.append(np.full((groups, len(near)), max(_CAUTION * sigma_model, _LEAST)))
    return OrientationDrift(
        features=np.concatenate(features, axis=1), sigma=np.concatenate(sigmas, axis=1)
    )


def _about_centres(
    rotation: Float[np.ndarray, "frame 3 3"],
) -> tuple[list[Float[np.ndarray, " frame"]], list[Float[np.ndarray, "frame 3"]]]:
    """Nearness to some orientations that cover all, and the turns from each, degrees."""
    turns = Rotation.from_matrix(rotation)
    away = np.degrees((turns * turns[len(rotation) // 2].inv()).as_rotvec())
    centres = [int(np.linalg.norm(away - np.median(away, axis=0), axis=1).argmin())]
    apart = [np.degrees((turns * turns[centres[0]].inv()).as_rotvec())]
    while len(centres) < _MOST_CENTRES:
        least = np.min([np.linalg.norm(one, axis=1) for one in apart], axis=0)
        farthest = int(least.argmax())
        if least[farthest] < 2 * _REACH_DEG:
            break
        centres.append(farthest)
        apart.append(np.degrees((turns * turns[farthest].inv()).as_rotvec()))
    bumps = np.array(
        [np.exp(-0.5 * (np.linalg.norm(one, axis=1) / _REACH_DEG) ** 2) for one in apart]
    )
    shares = (bumps + 1e-12) / (bumps + 1e-12).sum(axis=0)
    return list(shares), [share[:, None] * one for share, one in zip(shares, apart, strict=True)]


def _slope_sigma(
    right: Float[np.ndarray, "frame group"],
    weight: Float[np.ndarray, "frame group"],
    turns: Float[np.ndarray, "frame feature"],
) -> Float[np.ndarray, "group feature"]:
    """How fast each group's occupancy may change a degree: as fast as its frames look like it.

    A step is then believed by what it explains beyond the straight line through the same frames.
    """
    design = np.concatenate([np.ones((len(turns), 1)), turns], axis=1)
    normal = np.einsum("ti,tg,tj->gij", design, weight, design)
    # Flat but for turns that hardly happen: no occupancy changes by more than 1 a degree.
    normal[:, 1:, 1:] += np.eye(turns.shape[1])
    pull = np.einsum("ti,tg->gi", design, right)
    slopes = np.linalg.solve(normal, pull[..., None])[:, 1:, 0]
    return np.clip(np.abs(slopes), _LEAST, 1.0)


def step_sizes(
    right: Float[np.ndarray, "frame group"],
    weight: Float[np.ndarray, "frame group"],
    drift: OrientationDrift,
) -> tuple[Float[np.ndarray, "step group"], Float[np.ndarray, "step group"]]:
    """The step between each two neighbouring frames that fits best, and its sigma.

    Generalised least squares of a level, the drift with its prior, and one step at a time.

    Example:
        >>> weight = np.ones((4, 1))
        >>> told = np.array([[0.0], [0.0], [1.0], [1.0]])
        >>> still = OrientationDrift(features=np.zeros((4, 0)), sigma=np.zeros((1, 0)))
        >>> size, sigma = step_sizes(told, weight, still)
        >>> size.ravel().round(2), sigma.ravel().round(2)
        (array([0.67, 1.  , 0.67]), array([1.15, 1.  , 1.15]))
    """
    rows = len(right)
    design = np.concatenate([np.ones((rows, 1)), drift.features], axis=1)
    prior = np.zeros((right.shape[1], design.shape[1]))
    prior[:, 1:] = drift.sigma**-2.0
    weighted = weight[:, :, None] * design[:, None, :]
    normal = np.einsum("tgi,tj->gij", weighted, design)
    normal += prior[:, :, None] * np.eye(design.shape[1])
    inverse = np.linalg.pinv(normal, hermitian=True)
    level = np.einsum("gij,gj->gi", inverse, np.einsum("ti,tg->gi", design, right))
    after = np.cumsum(weighted[:0:-1], axis=0)[::-1]
    pull = np.cumsum(right[:0:-1], axis=0)[::-1]
    mass = np.cumsum(weight[:0:-1], axis=0)[::-1]
    told = mass - np.einsum("tgi,gij,tgj->tg", after, inverse, after)
    told = np.maximum(told, 1e-9)
    size = (pull - np.einsum("tgi,gi->tg", after, level)) / told
    return size, 1 / np.sqrt(told)
