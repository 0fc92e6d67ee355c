"""Noise that is not white: its spectrum from the ground, and what makes residuals white.

Where a support lies behind the field its atoms are noise with a spectrum of their own. The field
then has two regions, and a patch is compared in each with that region's whitening.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from jaxtyping import Bool, Float

from cinedot.core import AnalysisError

_TILE_PX = 32
_LEAST_TILES = 4
_FLOOR = 1e-3


@dataclass(frozen=True, eq=False, kw_only=True)
class NoiseSpectrum:
    """Power of a ground's noise against frequency, the same in all directions.

    Attributes:
        frequency: cycles a pixel, increasing from 0 [bin].
        power: of contrast (intensity over its mean, less 1), so that its mean over the plane is
            the variance of a pixel [bin].
        tiles: how many tiles it was measured on; 0 where it was stated.
    """

    frequency: Float[np.ndarray, " bin"]
    power: Float[np.ndarray, " bin"]
    tiles: int

    def at(self, frequency: Float[np.ndarray, "*f"]) -> Float[np.ndarray, "*f"]:
        """Power at frequencies in cycles a pixel."""
        return np.exp(np.interp(frequency, self.frequency, np.log(self.power)))

    def weight(self, side: int) -> Float[np.ndarray, "side half"]:
        """What makes this noise white, for a real transform of a square patch."""
        return 1 / np.sqrt(self.at(radial_frequency(side)))


def white_noise(variance: float) -> NoiseSpectrum:
    """The spectrum of pixels that vary alone.

    Example:
        >>> white_noise(0.01).weight(4)[0, 0].round(6).item()
        10.0
    """
    return NoiseSpectrum(frequency=np.array([0.0, 1.0]), power=np.full(2, variance), tiles=0)


def radial_frequency(side: int) -> Float[np.ndarray, "side half"]:
    """Cycles a pixel of a square patch's real transform."""
    return np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])


def noise_spectrum(
    contrast: Float[np.ndarray, "y x"], ground: Bool[np.ndarray, "y x"], *, tile_px: int = _TILE_PX
) -> NoiseSpectrum:
    """Mean power of the ground's noise over tiles that hold nothing else.

    Tiles overlap by half under a Hann window; power is averaged over rings.

    Args:
        contrast: intensity over its mean, less 1.
        ground: where there is no particle.
        tile_px: side of a tile.

    Raises:
        AnalysisError: fewer than four tiles of ground.
    """
    powers = _tile_powers(contrast, ground, tile_px)
    if len(powers) < _LEAST_TILES:
        raise AnalysisError(
            f"only {len(powers)} tiles of {tile_px} pixels hold no particle, "
            f"but {_LEAST_TILES} are needed to measure the noise.",
            remedy="Take a larger field.",
        )
    return _radial(np.mean(powers, axis=0), tile_px, len(powers))


def _tile_powers(
    contrast: Float[np.ndarray, "y x"], ground: Bool[np.ndarray, "y x"], tile: int
) -> Float[np.ndarray, "tile row half"]:
    window = np.sqrt(np.outer(*(np.hanning(tile + 1)[:-1],) * 2))
    scale = 1 / (window**2).sum()
    step = tile // 2
    rows, columns = contrast.shape
    found: list[Float[np.ndarray, "y half"]] = []
    for row in range(0, rows - tile + 1, step):
        for column in range(0, columns - tile + 1, step):
            part = (slice(row, row + tile), slice(column, column + tile))
            if ground[part].all():
                data = contrast[part] - contrast[part].mean()
                found.append(np.abs(np.asarray(scipy.fft.rfft2(data * window))) ** 2 * scale)
    return np.array(found).reshape(-1, tile, tile // 2 + 1)


def _radial(power: Float[np.ndarray, "y half"], tile: int, tiles: int) -> NoiseSpectrum:
    frequency = radial_frequency(tile)
    ring = np.rint(frequency * tile).astype(int)
    rings = np.arange(1, tile // 2 + 1)
    means = np.array([power[ring == one].mean() for one in rings])
    # The tile's own mean was taken away, and its window spreads that over the first ring.
    means[0] = max(means[0], means[1])
    means = np.maximum(means, _FLOOR * means.max())
    return NoiseSpectrum(
        frequency=np.concatenate([[0.0], rings / tile]),
        power=np.concatenate([means[:1], means]),
        tiles=tiles,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Whitening:
    """What turns a patch's residual into independent numbers of variance 1.

    Attributes:
        windows: share of each pixel that each region counts [region, y, x].
        weights: each region's whitening in Fourier space [region, y, half].
    """

    windows: Float[np.ndarray, "region y x"]
    weights: Float[np.ndarray, "region y half"]

    @property
    def side(self) -> int:
        """Pixels along a patch."""
        return self.windows.shape[1]

    @property
    def count(self) -> float:
        """How many independent numbers a whitened patch holds."""
        return float((self.windows**2).sum())

    def spectral(self, images: Float[np.ndarray, "image y x"]) -> Float[np.ndarray, "image number"]:
        """Whitened numbers of each image, regions one after the other.

        They are coefficients, scaled so that their products are those of the whitened images
        (Parseval): the way back would double the cost.
        """
        parts: list[Float[np.ndarray, "image number"]] = []
        for region in range(len(self.windows)):
            parts.append(self._spectral_in(region, images))
        return np.concatenate(parts, axis=1)

    def adjoint(self, numbers: Float[np.ndarray, " number"]) -> Float[np.ndarray, "y x"]:
        """The image whose product with any other is that of the numbers with `spectral` of it."""
        whole = np.zeros((self.side, self.side), dtype=np.float32)
        half = self.weights.shape[2]
        parts = numbers.astype(np.float32).reshape(len(self.windows), self.side, 2 * half)
        for region, (part, window) in enumerate(zip(parts, self.windows, strict=True)):
            # The inverse transform itself counts twice what `spectral` counts by the root of two.
            factor = self._factor(region) / self._twice() ** 2 * self.side**2
            spectrum = np.ascontiguousarray(part).view(np.complex64) * factor
            whole += window * np.asarray(scipy.fft.irfft2(spectrum, s=whole.shape, workers=2))
        return whole

    def grounds(self) -> Float[np.ndarray, "region number"]:
        """What a constant in each region alone looks like, as `spectral` has it."""
        regions = len(self.windows)
        one = np.ones((1, self.side, self.side), dtype=np.float32)
        each = [self._spectral_in(region, one) for region in range(regions)]
        columns = np.zeros((regions, regions, each[0].shape[1]), dtype=np.float32)
        columns[range(regions), range(regions)] = np.concatenate(each)
        return columns.reshape(regions, -1)

    def _spectral_in(
        self, region: int, images: Float[np.ndarray, "image y x"]
    ) -> Float[np.ndarray, "image number"]:
        held = (images * self.windows[region]).astype(np.float32)
        found = np.asarray(scipy.fft.rfft2(held, workers=2)) * self._factor(region)
        return np.ascontiguousarray(found).view(np.float32).reshape(len(images), -1)

    def _factor(self, region: int) -> Float[np.ndarray, "y half"]:
        """What `spectral` multiplies a region's coefficients by."""
        return (self.weights[region] / self.side * self._twice()).astype(np.float32)

    def _twice(self) -> Float[np.ndarray, " half"]:
        """Roots of how many coefficients those of a real transform stand for.

        Two but at zero and at Nyquist's frequency.
        """
        twice = np.full(self.weights.shape[2], np.sqrt(2.0))
        twice[0] = 1.0
        if self.side % 2 == 0:
            twice[-1] = 1.0
        return twice


def whitening(
    side: int,
    pixel_nm: float,
    radius_nm: float,
    regions: list[tuple[Float[np.ndarray, "y x"] | None, NoiseSpectrum]],
) -> Whitening:
    """The whitening of a patch that counts within a radius, and fades over 0.4 nm beyond.

    Args:
        side: pixels along the patch.
        pixel_nm: side of a pixel.
        radius_nm: within which everything counts.
        regions: for each its share of every pixel (None for all) and its noise.
    """
    place = (np.arange(side) - side // 2) * pixel_nm
    distance = np.hypot(place[:, None], place[None, :])
    room = min(0.4, max(place[-1] - radius_nm, pixel_nm))
    fade = 0.5 * (1 + np.cos(np.pi * np.clip((distance - radius_nm) / room, 0, 1)))
    windows = [fade if share is None else fade * share for share, _ in regions]
    return Whitening(
        windows=np.array(windows, dtype=np.float32),
        weights=np.array([noise.weight(side) for _, noise in regions], dtype=np.float32),
    )
