"""Laws by which a dot turns and strays: rocking, tumbles, free diffusion, libration."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

SMALL_TURN_RAD2 = 0.01
"""A rotation vector drawn from a Gaussian is the diffusing rotation up to a twelfth of this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tumble:
    """A sudden turn into another orientation.

    Attributes:
        time_s: when, from the movie's start.
        axis: the direction that it turns about, frame axes, of unit length.
        angle_deg: by how much.
    """

    time_s: float
    axis: tuple[float, float, float]
    angle_deg: float

    @property
    def rotation(self) -> Rotation:
        """The turn, active, in frame axes."""
        return Rotation.from_rotvec(math.radians(self.angle_deg) * np.array(self.axis))


def ornstein_uhlenbeck(
    last: Float[np.ndarray, " axis"],
    gaps_s: Float[np.ndarray, " time"],
    memory_s: float,
    fresh: Float[np.ndarray, "time axis"],
) -> Float[np.ndarray, "time axis"]:
    """A path that forgets: variance 1, covariance exp(-|t - s| / memory), exact at any spacing.

    Args:
        last: where it was before the first gap; a standard normal draw begins it in its steady
            state.
        gaps_s: time from the moment before to each moment, s.
        memory_s: time in which it forgets, s.
        fresh: standard normal numbers.

    Returns:
        The path at each moment.

    Source: Uhlenbeck, Ornstein, Phys. Rev. 36, 823 (1930).

    Example:
        >>> ornstein_uhlenbeck(np.ones(1), np.zeros(2), 0.1, np.full((2, 1), 9.0)).tolist()
        [[1.0], [1.0]]
    """
    kept = np.exp(-gaps_s / memory_s)
    added = np.sqrt(-np.expm1(-2 * gaps_s / memory_s))[:, None] * fresh
    path = np.empty_like(fresh)
    for now in range(len(gaps_s)):
        last = kept[now] * last + added[now]
        path[now] = last
    return path


def next_tumble(
    after_s: float, per_s: float, angles_deg: tuple[float, float], rng: np.random.Generator
) -> Tumble:
    """The tumble that follows a moment: Poisson in time, random axis, uniform angle.

    Args:
        after_s: the moment, s.
        per_s: rate, 1/s; at 0 the next tumble comes at infinity.
        angles_deg: least and largest angle, degrees.
        rng: chance.

    Source: science.md 9: three or so in 27 s, 20 to 90 degrees (an estimate).
    """
    wait = float(rng.exponential()) / per_s if per_s > 0 else math.inf
    direction = rng.normal(size=3)
    x, y, z = (float(part) for part in direction / np.linalg.norm(direction))
    angle = float(rng.uniform(*angles_deg))
    return Tumble(time_s=after_s + wait, axis=(x, y, z), angle_deg=angle)


def diffusion_steps(per_s: float, gap_s: float) -> int:
    """So many small turns make one gap's rotational diffusion right to a thousandth."""
    return max(1, math.ceil(2 * per_s * gap_s / SMALL_TURN_RAD2))


def diffusion_turns(
    per_s: float,
    gaps_s: Float[np.ndarray, " time"],
    fresh: Float[np.ndarray, "time step 3"],
) -> Rotation:
    """The turn that free rotational diffusion makes in each gap; R becomes turn * R.

    A body vector forgets its direction as <cos theta> = exp(-2 D t) (Debye).

    Args:
        per_s: the diffusion constant D, rad^2/s.
        gaps_s: times between moments, s.
        fresh: standard normal numbers, in as many steps as `diffusion_steps` says.
    """
    count, steps = fresh.shape[:2]
    spread = np.sqrt(2 * per_s * gaps_s / steps)
    small = spread[:, None, None] * fresh
    turns = Rotation.from_rotvec(small[:, 0])
    for step in range(1, steps):
        turns = Rotation.from_rotvec(small[:, step]) * turns
    assert len(turns) == count
    return turns


def balanced_turns(
    sigma_rad: float, fresh: Float[np.ndarray, "frame moment 3"]
) -> Float[np.ndarray, "frame moment 3"]:
    """Rotation vectors whose mean in every frame is 0 and whose covariance is sigma^2 exactly.

    Libration runs through thousands of periods in a frame, so its average over the frame is
    complete: drawing its moments independently would make the frame's mean pose jump by
    sigma / sqrt(moments), which nothing real does. Each frame's draws are therefore centred and
    made orthogonal; which directions they point in stays random.

    Args:
        sigma_rad: standard deviation about each axis, rad.
        fresh: standard normal numbers, of four moments a frame at least.

    Example:
        >>> turns = balanced_turns(0.1, np.random.default_rng(0).normal(size=(1, 5, 3)))[0]
        >>> np.round(turns.T @ turns / 5, 12).diagonal().tolist()
        [0.01, 0.01, 0.01]
    """
    centred = fresh - fresh.mean(axis=1, keepdims=True)
    left, _, right = np.linalg.svd(centred, full_matrices=False)
    return sigma_rad * math.sqrt(fresh.shape[1]) * (left @ right)


def libration_tensors_angstrom2(
    positions_angstrom: Float[np.ndarray, "atom 3"],
    *,
    libration_deg: float,
    pivot_angstrom: Float[np.ndarray, " 3"] | None = None,
) -> Float[np.ndarray, "atom 3 3"]:
    """Mean square displacements that libration gives each atom, in the dot's own axes.

    sigma^2 (r^2 I - r r^T) with r from the pivot: to be added to the Debye-Waller factors, as
    the other way to film libration. A third of the trace is the isotropic part. It holds while
    an atom's arc is straight: below 5 degrees the curvature is under sigma r / 25.

    Args:
        positions_angstrom: atoms in the dot's axes, angstrom.
        libration_deg: standard deviation of the rotation about each axis, degrees.
        pivot_angstrom: what it turns about; the centre when left out.

    Returns:
        U of each atom, angstrom^2.

    Example:
        >>> corner = np.array([[11.74, 11.74, 11.74]])
        >>> u = libration_tensors_angstrom2(corner, libration_deg=1.0)
        >>> round(float(np.trace(u[0]) ** 0.5), 2)
        0.5
    """
    pivot = np.zeros(3) if pivot_angstrom is None else pivot_angstrom
    r = positions_angstrom - pivot
    square = (r**2).sum(axis=1)[:, None, None] * np.eye(3)
    return math.radians(libration_deg) ** 2 * (square - r[:, :, None] * r[:, None, :])
