"""What of the ground stands still: a support's atoms are the same in every frame.

They are noise that more frames do not take away, where the particle stands still before them; but
then they are the same in all frames and what changes from frame to frame is free of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.ndimage
from jaxtyping import Bool, Float

from cinedot.core import AnalysisError
from cinedot.micrographs.occupancy.equations import FrameShot, ShotGroup
from cinedot.micrographs.pose.regions import GroundRegions
from cinedot.micrographs.pose.whitening import (
    NoiseSpectrum,
    Whitening,
    noise_spectrum,
    radial_frequency,
)

_FLOOR = 1e-3
_WIDER_NM = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class SplitNoise:
    """A ground's noise in two parts.

    Attributes:
        moving: new in every frame: counting, and atoms that move.
        steady: the same in all frames; its power is 0 over vacuum, but for chance.
    """

    moving: NoiseSpectrum
    steady: NoiseSpectrum


def wider_support(regions: GroundRegions, pixel_nm: float) -> GroundRegions:
    """The same with the support reaching half a nanometre further.

    Where its edge lies behind the particle is a guess, and atoms of a support that count as vacuum
    do harm, while vacuum that counts as support loses a little.
    """
    if not regions.has_support:
        return regions
    support = regions.share[1] > 0.5
    reach = round(_WIDER_NM / pixel_nm)
    far = scipy.ndimage.distance_transform_edt(~support)
    share = np.clip(1.5 - np.asarray(far) / max(reach, 1), 0, 1)
    share = (0.5 * (1 - np.cos(np.pi * share))).astype(np.float32)
    return replace(regions, share=np.stack([1 - share, share]))


def split_noise(
    contrast: Float[np.ndarray, "frame y x"],
    regions: GroundRegions,
    ground: Bool[np.ndarray, "y x"],
    *,
    tile_px: int,
) -> tuple[SplitNoise, ...]:
    """Part each region's noise by what the mean of the frames keeps of it.

    The mean of T frames has steady + moving / T of the power where each has steady + moving.

    Args:
        contrast: frames of one field, intensity over the ground's mean less 1; at least 2.
        regions: kinds of ground.
        ground: where no particle is in any of them.
        tile_px: side of the tiles that power is measured on.

    Raises:
        AnalysisError: one frame.
    """
    frames = len(contrast)
    if frames < 2:
        raise AnalysisError(
            "one frame does not tell what stands still behind the particle.",
            remedy="Take at least two.",
        )
    mean = contrast.mean(axis=0)
    parts: list[SplitNoise] = []
    for share, stated in zip(regions.share, regions.noise, strict=True):
        here = ground & (share > 0.95)
        try:
            kept = noise_spectrum(mean, here, tile_px=tile_px)
            single = np.mean(
                [noise_spectrum(one, here, tile_px=tile_px).power for one in contrast], axis=0
            )
        except AnalysisError:
            parts.append(
                SplitNoise(moving=stated, steady=replace(stated, power=_FLOOR * stated.power))
            )
            continue
        moving = np.maximum((single - kept.power) * frames / (frames - 1), _FLOOR * single)
        steady = np.maximum(single - moving, _FLOOR * moving)
        parts.append(
            SplitNoise(moving=replace(kept, power=moving), steady=replace(kept, power=steady))
        )
    return tuple(parts)


def shot_group(
    frames: Sequence[int],
    contrast: Sequence[Float[np.ndarray, "y x"]],
    whiten: Whitening,
    noise: Sequence[SplitNoise],
) -> ShotGroup:
    """Frames cut at one place.

    Args:
        frames: their indices.
        contrast: a patch of each.
        whiten: of the moving part of the noise.
        noise: both parts, for each region.
    """
    frequency = radial_frequency(whiten.side)
    ratio = [one.steady.at(frequency) / one.moving.at(frequency) for one in noise]
    # Chance alone leaves this much in the mean of a few frames over vacuum.
    steady = [np.where(one > _LEAST_RATIO, one, 0.0) for one in ratio]
    numbers = np.concatenate([np.repeat(one.reshape(-1), 2) for one in steady])
    shots = [
        FrameShot(frame=frame, contrast=one, whiten=whiten)
        for frame, one in zip(frames, contrast, strict=True)
    ]
    return ShotGroup(shots=tuple(shots), steady=numbers.astype(np.float32))


_LEAST_RATIO = 0.05
