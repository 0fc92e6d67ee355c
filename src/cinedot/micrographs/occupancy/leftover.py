"""What a model leaves over before a particle, as noise of its own: ligands, wrong factors, dirt.

The ground about a particle does not tell of what lies on it. What the fitted model leaves over
does: the part that is the same in all frames, and the part that is not.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from cinedot.micrographs.occupancy.grounds import SplitNoise
from cinedot.micrographs.pose.whitening import NoiseSpectrum, Whitening, radial_frequency

LEAST_FRAMES = 4
"""Fewer frames do not tell what is the same in all of them."""
_RINGS = 24
_SURE = 3.0
"""Standard deviations by which a ring must exceed what is known before it counts as more."""


def learned_noise(
    noise: Sequence[SplitNoise],
    whiten: Sequence[Whitening],
    left: Sequence[Float[np.ndarray, "_ number"]],
) -> tuple[SplitNoise, ...]:
    """Each region's noise, widened to what the model left over in it.

    In units of the moving noise, the deviations of T frames from their mean have power m, the
    mean itself has s + m / T.

    Args:
        noise: of each region, as the ground has it.
        whiten: of the moving part, of each group of frames.
        left: whitened residuals of each group's frames, what stands still not taken away.

    Example: see `tests/micrographs/occupancy/test_leftover.py`.
    """
    told = [(one, own) for one, own in zip(whiten, left, strict=True) if len(own) >= LEAST_FRAMES]
    if not told:
        return tuple(noise)
    side = told[0][0].side
    found: list[SplitNoise] = []
    for region, stated in enumerate(noise):
        rings = _Rings(side)
        size = 2 * side * (side // 2 + 1)
        for one, own in told:
            here = own[:, region * size : (region + 1) * size]
            rings.add(here, float((one.windows[region] ** 2).sum()) / side**2)
        found.append(rings.widened(stated))
    return tuple(found)


class _Rings:
    """Power of residuals over rings of frequency."""

    def __init__(self, side: int) -> None:
        self._side = side
        radius = radial_frequency(side)
        self._edges = np.linspace(0.0, 0.5, _RINGS + 1)
        ring = np.clip(np.digitize(radius, self._edges) - 1, 0, _RINGS - 1)
        twice = np.full(radius.shape[1], 2.0)
        twice[0] = 1.0
        if side % 2 == 0:
            twice[-1] = 1.0
        self._kept = (radius <= 0.5).reshape(-1)
        self._ring = ring.reshape(-1)
        self._modes = np.bincount(
            self._ring[self._kept],
            weights=np.broadcast_to(twice, radius.shape).reshape(-1)[self._kept],
            minlength=_RINGS,
        )
        self._mean = np.zeros(_RINGS)
        self._apart = np.zeros(_RINGS)
        self._numbers = 0.0
        self._frames: list[int] = []

    def add(self, left: Float[np.ndarray, "frame number"], share: float) -> None:
        """A group's residuals; `share` of the patch counts in the region."""
        frames = len(left)
        mean = left.mean(axis=0, dtype=np.float64)
        apart = ((left - mean) ** 2).sum(axis=0) / (frames - 1)
        self._mean += self._sums(mean**2)
        self._apart += self._sums(apart)
        self._numbers += share
        self._frames.append(frames)

    def _sums(self, squares: Float[np.ndarray, " number"]) -> Float[np.ndarray, " ring"]:
        power = squares.reshape(-1, 2).sum(axis=1)
        return np.bincount(self._ring[self._kept], weights=power[self._kept], minlength=_RINGS)

    def widened(self, stated: SplitNoise) -> SplitNoise:
        """The stated noise, where it is not more already."""
        expected = self._modes * self._numbers
        if expected.sum() < 4 * _RINGS:
            return stated
        moving = self._apart / expected
        kept = self._mean / expected
        frames = float(np.mean(self._frames))
        # Each ring's mean of so many squares is known that well.
        chance = np.sqrt(2 / np.maximum(expected, 1.0))
        moving = np.where(moving > 1 + _SURE * chance / np.sqrt(frames - 1), moving, 1.0)
        steady = kept - moving / frames
        steady = np.where(steady > _SURE * chance * moving / frames, steady, 0.0)
        middle = (self._edges[1:] + self._edges[:-1]) / 2
        before = stated.moving.at(middle)
        known = stated.steady.at(middle)
        return SplitNoise(
            moving=_spectrum(stated.moving, middle, before * moving),
            steady=_spectrum(stated.steady, middle, np.maximum(before * steady, known)),
        )


def _spectrum(
    like: NoiseSpectrum, frequency: Float[np.ndarray, " ring"], power: Float[np.ndarray, " ring"]
) -> NoiseSpectrum:
    return replace(
        like,
        frequency=np.concatenate([[0.0], frequency, [1.0]]),
        power=np.concatenate([power[:1], power, power[-1:]]),
    )
