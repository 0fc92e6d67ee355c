"""What moves a dot while it is filmed, as numbers."""

import math
from dataclasses import dataclass

import numpy as np

from cinedot.core import InputError
from cinedot.microscope.limits import MOST_IN_A_FRAME
from cinedot.microscope.turning import SMALL_TURN_RAD2
from cinedot.microscope.whole import require_whole

_NOT_NEGATIVE = (
    "rocking_deg",
    "drift_nm_per_s",
    "wander_nm_per_root_s",
    "sway_nm",
    "tumbles_per_s",
    "diffusion_per_s",
    "libration_deg",
)
_BALANCED_MOMENTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Rocking, tumbles, diffusion and libration about an anchor, and the anchor's own way.

    `Motion()` rocks and drifts; `Motion(tumbles_per_s=0.11)` is the paper's dot (science.md 9).
    The same record moves a support: its `sway`, `wander` and drift, without any rocking.

    Attributes:
        rocking_deg: standard deviation of the rotation about each axis, degrees.
        rocking_s: time in which the rocking forgets, s.
        drift_nm_per_s: speed of the drift in the image's plane, in a direction that is drawn.
        defocus_drift_nm_per_s: the same along the beam, nm/s; positive away from the gun, which
            adds under-focus.
        subframes: moments whose mean is a frame; five are needed (science.md 9).
        wander_nm_per_root_s: standard deviation of a random walk in the image's plane, along
            each axis after 1 s, nm.
        sway_nm, sway_s: standard deviation along each axis of the image's plane, and memory, of
            a bounded motion to and fro.
        tumbles_per_s: rate of tumbles, 1/s.
        tumble_deg: least and largest angle of a tumble, degrees.
        diffusion_per_s: constant D of free rotational diffusion, rad^2/s.
        libration_deg: standard deviation about each axis of what is faster than a frame,
            degrees; sampled by the sub-frames so that every frame holds it whole and its mean
            pose stays (`turning.balanced_turns`).
        pivot_nm: the anchor, from the dot's centre in the dot's own axes, nm; every turn is about
            it, so the centre moves too.

    Raises:
        InputError: a spread, rate or speed below zero, a memory not above it, no sub-frame,
            libration with fewer than four, angles out of order.
    """

    rocking_deg: float = 1.0
    rocking_s: float = 0.06
    drift_nm_per_s: float = 0.2
    defocus_drift_nm_per_s: float = 0.0
    subframes: int = 5
    wander_nm_per_root_s: float = 0.0
    sway_nm: float = 0.0
    sway_s: float = 0.05
    tumbles_per_s: float = 0.0
    tumble_deg: tuple[float, float] = (20.0, 90.0)
    diffusion_per_s: float = 0.0
    libration_deg: float = 0.0
    pivot_nm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        for name in (*_NOT_NEGATIVE, "rocking_s", "sway_s"):
            value: float = getattr(self, name)
            zero_allowed = name in _NOT_NEGATIVE
            if not (0 <= value < math.inf) or (value == 0 and not zero_allowed):
                raise InputError(
                    f"`{name}` must {'not be negative' if zero_allowed else 'be positive'}, but "
                    f"is {value}.",
                    remedy="`Motion(rocking_deg=0.0, drift_nm_per_s=0.0)` is a dot at rest.",
                )
        if not math.isfinite(self.defocus_drift_nm_per_s) or not np.isfinite(self.pivot_nm).all():
            raise InputError(
                "`defocus_drift_nm_per_s` and `pivot_nm` must be numbers, but are "
                f"{self.defocus_drift_nm_per_s} and {self.pivot_nm}.",
                remedy="Leave them out for no drift along the beam and turns about the centre.",
            )
        require_whole("subframes", self.subframes, least=1, remedy="5 is a good choice.")
        if self.libration_deg > 0 and self.subframes < _BALANCED_MOMENTS:
            raise InputError(
                f"`subframes` must be at least {_BALANCED_MOMENTS} to hold a libration, but is "
                f"{self.subframes}.",
                remedy="Take 5, or add `libration_tensors_angstrom2` to the displacements.",
            )
        low, high = self.tumble_deg
        if not 0 <= low <= high <= 180:
            raise InputError(
                "`tumble_deg` must be two angles between 0 and 180 degrees, the smaller first, "
                f"but is {self.tumble_deg}.",
                remedy="The paper's dots suggest (20.0, 90.0).",
            )


def require_filmable(motion: Motion, frame_s: float) -> None:
    """Refuse turns so frequent that a frame would take for ever, and show no orientation.

    Args:
        motion: how a dot moves.
        frame_s: time of a frame, s.

    Raises:
        InputError: more than 1000 tumbles a frame, or a diffusion of as many small turns a moment.

    Example:
        >>> require_filmable(Motion(tumbles_per_s=0.11), 0.02)
    """
    tumbles = motion.tumbles_per_s * frame_s
    if not tumbles <= MOST_IN_A_FRAME:
        raise InputError(
            f"`tumbles_per_s` must be at most {MOST_IN_A_FRAME / frame_s:g}, {MOST_IN_A_FRAME} in "
            f"a frame of {frame_s:g} s, but is {motion.tumbles_per_s:g}.",
            remedy="The paper's dots tumble once in 9 s or so.",
        )
    moment_s = frame_s / motion.subframes
    most = MOST_IN_A_FRAME * SMALL_TURN_RAD2 / 2 / moment_s
    if not motion.diffusion_per_s <= most:
        raise InputError(
            f"`diffusion_per_s` must be at most {most:g} rad^2/s in moments of {moment_s:g} s, but "
            f"is {motion.diffusion_per_s:g}.",
            remedy="There the dot has forgotten its orientation already.",
        )
