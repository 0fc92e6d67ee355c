"""Where a support lies behind a field, from how lively its ground is.

Over vacuum only the counting noise is left; a film of atoms adds many times that. What lies behind
the particle itself cannot be seen and is continued from what lies around it.
"""

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from jaxtyping import Bool, Float

from cinedot.core import AnalysisError
from cinedot.micrographs.pose.whitening import NoiseSpectrum, noise_spectrum

_SMOOTH_NM = 0.5
_TILE_NM = 1.35
_BAND_NM = (0.18, 0.8)
_LEAST_RATIO = 1.6
"""Power over a film against that over vacuum: below this the ground is of one kind."""
_LEAST_SHARE = 0.04
_FLOOR = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class GroundRegions:
    """The kinds of ground in a field, the quietest first.

    Attributes:
        share: of each kind in every pixel; they add up to 1 [region, y, x].
        noise: each kind's spectrum.
    """

    share: Float[np.ndarray, "region y x"]
    noise: tuple[NoiseSpectrum, ...]

    @property
    def has_support(self) -> bool:
        """Whether a part of the field lies over something lively."""
        return len(self.noise) > 1


def ground_regions(
    contrast: Float[np.ndarray, "frame y x"],
    ground: Bool[np.ndarray, "y x"],
    pixel_nm: float,
    *,
    tile_px: int | None = None,
) -> GroundRegions:
    """Split the ground into vacuum and support, and measure the noise of each.

    Args:
        contrast: some frames of one field, intensity over the ground's mean less 1; the support
            is taken to stand still in them.
        ground: where no particle is in any of them.
        pixel_nm: side of a pixel.
        tile_px: side of the tiles that noise is measured on; 1.35 nm when left out.

    Raises:
        AnalysisError: too little ground.
    """
    tile_px = tile_px or max(12, 2 * round(0.5 * _TILE_NM / pixel_nm))
    power = np.mean([_liveliness(frame, ground, pixel_nm) for frame in contrast], axis=0)
    split = _split(np.log(power[ground]))
    whole = np.ones((1, *ground.shape), dtype=np.float32)
    if split is None:
        return GroundRegions(share=whole, noise=(_noise(contrast, ground, tile_px),))
    # Half-way up between the two: the split itself lies low on the smoothed edge of a film.
    high = np.log(power[ground]) > split
    level = 0.5 * (np.median(power[ground][high]) + np.median(power[ground][~high]))
    lively = _continued(power > level, ground)
    share = scipy.ndimage.gaussian_filter(lively.astype(np.float32), 0.6 * _SMOOTH_NM / pixel_nm)
    share = np.clip(share, 0, 1)
    try:
        quiet_noise = _noise(contrast, ground & (share < 0.05), tile_px)
        lively_noise = _noise(contrast, ground & (share > 0.95), tile_px)
    except AnalysisError:
        return GroundRegions(share=whole, noise=(_noise(contrast, ground, tile_px),))
    return GroundRegions(share=np.stack([1 - share, share]), noise=(quiet_noise, lively_noise))


def _liveliness(
    frame: Float[np.ndarray, "y x"], ground: Bool[np.ndarray, "y x"], pixel_nm: float
) -> Float[np.ndarray, "y x"]:
    """Local variance of the ground, within the band where supports are liveliest."""
    fine = scipy.ndimage.gaussian_filter(frame, 0.2 * _BAND_NM[0] / pixel_nm)
    band = fine - scipy.ndimage.gaussian_filter(frame, 0.3 * _BAND_NM[1] / pixel_nm)
    # The particle is livelier than any ground: it must not be smeared into what is around it.
    weight = scipy.ndimage.gaussian_filter(ground.astype(np.float32), _SMOOTH_NM / pixel_nm)
    summed = scipy.ndimage.gaussian_filter(band**2 * ground, _SMOOTH_NM / pixel_nm)
    return summed / np.maximum(weight, _FLOOR) + _FLOOR**2


def _split(logs: Float[np.ndarray, " pixel"]) -> float | None:
    """The threshold between two kinds of ground; None where there is one."""
    from skimage.filters import threshold_otsu

    split = float(threshold_otsu(logs))
    low, high = logs[logs <= split], logs[logs > split]
    if min(len(low), len(high)) < _LEAST_SHARE * len(logs):
        return None
    apart = float(high.mean() - low.mean())
    spread = float(np.hypot(high.std(), low.std()))
    return split if apart > max(np.log(_LEAST_RATIO), 2.0 * spread) else None


def _continued(
    lively: Bool[np.ndarray, "y x"], ground: Bool[np.ndarray, "y x"]
) -> Bool[np.ndarray, "y x"]:
    """Each pixel that is no ground as the nearest pixel that is."""
    nearest = scipy.ndimage.distance_transform_edt(
        ~ground, return_distances=False, return_indices=True
    )
    rows, columns = np.asarray(nearest)
    return lively[rows, columns]


def _noise(
    contrast: Float[np.ndarray, "frame y x"], ground: Bool[np.ndarray, "y x"], tile_px: int
) -> NoiseSpectrum:
    found = [noise_spectrum(frame, ground, tile_px=tile_px) for frame in contrast]
    return NoiseSpectrum(
        frequency=found[0].frequency,
        power=np.mean([one.power for one in found], axis=0),
        tiles=sum(one.tiles for one in found),
    )
