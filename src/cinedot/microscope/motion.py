"""How a dot moves while it is filmed: bounded rocking and slow drift."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.microscope.poses import Poses


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Rocking about a mean orientation and drift of the stage (science.md 9).

    There are no tumbles, hops or losses in it.

    Attributes:
        rocking_deg: standard deviation of the rotation about each axis, degrees.
        rocking_s: time in which the rocking forgets, s.
        drift_nm_per_s: speed of the drift in the image's plane, in a direction that is drawn.
        defocus_drift_nm_per_s: the same along the beam, nm/s; positive away from the gun, which
            adds under-focus.
        subframes: moments whose mean is a frame.

    Raises:
        InputError: a spread below zero, a time not above it, or no sub-frame.
    """

    rocking_deg: float = 1.0
    rocking_s: float = 0.06
    drift_nm_per_s: float = 0.2
    defocus_drift_nm_per_s: float = 0.0
    subframes: int = 3

    def __post_init__(self) -> None:
        if not (self.rocking_deg >= 0 and self.rocking_s > 0 and self.drift_nm_per_s >= 0):
            raise InputError(
                "`rocking_deg` and `drift_nm_per_s` must not be negative and `rocking_s` must be "
                f"positive, but they are {self.rocking_deg}, {self.drift_nm_per_s} and "
                f"{self.rocking_s}.",
                remedy="`Motion(rocking_deg=0.0, drift_nm_per_s=0.0)` is a dot at rest.",
            )
        if self.subframes < 1:
            raise InputError(
                f"`subframes` must be at least 1, but is {self.subframes}.",
                remedy="3 is a good choice.",
            )


def rocking_angles(
    motion: Motion, times_s: Float[np.ndarray, " time"], rng: np.random.Generator
) -> Float[np.ndarray, "time 3"]:
    """Rotation vectors of an Ornstein-Uhlenbeck process, exact at any spacing of times, radian.

    Its covariance is sigma^2 exp(-|t - s| / tau) on each axis, independent between axes.
    """
    sigma = math.radians(motion.rocking_deg)
    kept = np.exp(-np.diff(times_s, prepend=times_s[0]) / motion.rocking_s)
    fresh = rng.normal(size=(len(times_s), 3))
    angles = np.empty((len(times_s), 3))
    angles[0] = fresh[0]
    for now in range(1, len(times_s)):
        angles[now] = kept[now] * angles[now - 1] + math.sqrt(1 - kept[now] ** 2) * fresh[now]
    return sigma * angles


def moving_poses(
    motion: Motion,
    *,
    start: Rotation,
    centre_nm: Float[np.ndarray, " 3"],
    frames: int,
    frame_s: float,
    rng: np.random.Generator,
) -> Poses:
    """The pose at every sub-frame, frames x subframes of them, in order of time.

    Args:
        motion: rocking and drift.
        start: mean orientation, about which it rocks in frame axes.
        centre_nm: mean place of the centre, nm.
        frames, frame_s: how many frames, how long each, s.
        rng: chance.

    Example:
        >>> poses = moving_poses(Motion(), start=Rotation.identity(), centre_nm=np.zeros(3),
        ...                      frames=4, frame_s=0.02, rng=np.random.default_rng(0))
        >>> len(poses)
        12
    """
    moments = frames * motion.subframes
    times = (np.arange(moments) + 0.5) * frame_s / motion.subframes
    rotation = Rotation.from_rotvec(rocking_angles(motion, times, rng)) * start
    azimuth = rng.uniform(0, 2 * math.pi)
    velocity = np.array(
        [
            motion.drift_nm_per_s * math.cos(azimuth),
            motion.drift_nm_per_s * math.sin(azimuth),
            motion.defocus_drift_nm_per_s,
        ]
    )
    middle = 0.5 * frames * frame_s
    return Poses.of(rotation, centre_nm + np.outer(times - middle, velocity))


def mean_poses(poses: Poses, subframes: int) -> tuple[Rotation, Float[np.ndarray, "frame 3"]]:
    """Each frame's mean rotation and mean place, from its sub-frames."""
    rotations = poses.rotation.reshape(-1, subframes, 3, 3)
    means = [Rotation.from_matrix(group).mean() for group in rotations]
    return Rotation.concatenate(means), poses.shift_nm.reshape(-1, subframes, 3).mean(axis=1)
