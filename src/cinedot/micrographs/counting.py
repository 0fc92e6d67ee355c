"""How many electrons a movie's numbers stand for: the camera's gain and zero, from its noise.

Electrons arrive by chance, so the noise power of their number is the number itself; a camera of
gain g writes g times the number, whose noise power is g^2 times it: power over mean is the gain.
That holds at zero frequency. The variance of single pixels is less, since the camera spreads each
electron over neighbours, and would overstate electrons (1.3-1.6 times for binned cameras).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate, Movie
from cinedot.micrographs.frame_faults import frame_faults
from cinedot.micrographs.noise_spectrum import Band, difference, intercept, low_band, periodogram

_LEAST_MODES = 40
_TILE_PX = 16
_HIGH_PER_PX = 0.35
_ZERO_KNOWN_TO = 0.05
"""A camera's zero is believed where its sigma is below this share of the signal."""

_ROUNDING = 1 / 12
"""Variance of rounding to whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectronCount:
    """What a movie's noise says of its electrons.

    Attributes:
        gain: camera units of a recorded pixel per electron; a lower limit where the camera's zero
            is not known.
        offset: camera units without electrons: as given, from the noise, or 0 and undetermined.
        electrons: mean per pixel and frame; an upper limit where the zero is not known.
        frames: how many frames were looked at.
    """

    gain: Estimate
    offset: Estimate
    electrons: Estimate
    frames: int


def count_electrons(
    movie: Movie,
    *,
    offset: float | None = None,
    read_noise_units: float = 0.0,
    zero_frequency_efficiency: float = 1.0,
    most_pairs: int = 60,
) -> ElectronCount:
    """Gain, camera's zero and electrons per pixel, from differences of neighbouring frames.

    Noise alone cannot tell a lossy camera from fewer electrons: gain and electrons are those of
    a camera whose DQE(0) is `zero_frequency_efficiency`. Whether recorded pixels are sums or
    averages of the sensor's does not matter: the gain is that of the recorded pixel
    (`averaged_pixels` compares it with a sensor's).

    Args:
        movie: at least two sound frames; most_pairs + 1 of them are read, one pair at a time.
        offset: camera units without electrons; estimated where the brightness varies enough.
        read_noise_units: standard deviation of a recorded pixel without electrons.
        zero_frequency_efficiency: DQE(0), 0 to 1; 1 gives detected quanta.
        most_pairs: pairs of frames that are looked at, spread over the movie.

    Returns:
        Estimates with one standard deviation, that of the noise's own chance or the scatter over
        pairs where that is more, and of the zero; a dot that moves on carbon adds about 2 % to
        the gain (five simulated movies), which is not in it.

    Raises:
        AnalysisError: a processed movie, fewer than two neighbouring sound frames, a field of too
            few pixels, no light, no noise.

    Example:
        >>> from cinedot.core import ArrayFrames
        >>> counts = np.random.default_rng(1).poisson(50.0, (20, 128, 128))
        >>> movie = Movie(frames=ArrayFrames(frames=8 * counts + 100), name="flat")
        >>> found = count_electrons(movie, offset=100.0)
        >>> abs(found.gain.value - 8) < 5 * found.gain.sigma, found.gain.status
        (True, 'ok')
    """
    if movie.processed:
        raise AnalysisError(
            "a filtered or compressed movie no longer holds the electrons' noise.",
            remedy="Count electrons in the camera's own file, or state gain and offset.",
        )
    band = low_band(movie.frames.shape[1:], _pixel_nm(movie))
    if len(band.f2) < _LEAST_MODES:
        raise AnalysisError(
            f"the field of {movie.frames.shape[1:]} pixels holds only {len(band.f2)} modes of low "
            f"frequency, and {_LEAST_MODES} are needed to read the noise.",
            remedy="Take the whole field, or state gain and offset.",
        )
    starts = _sound_pairs(movie, most_pairs)
    zero = _zero(movie, starts, offset)
    return _counted(movie, starts, band, zero, read_noise_units, zero_frequency_efficiency)


def averaged_pixels(measured: Estimate, sensor_gain: float) -> int | None:
    """How many sensor pixels a side were averaged, if that explains a gain below the sensor's.

    A sum of pixels keeps the sensor's gain, an average of b x b divides it by b^2.

    Args:
        measured: gain of the recorded pixel.
        sensor_gain: gain of a sensor pixel, as the camera's makers state it.

    Returns:
        1 for sums, 2, 4 or 8 for averages; None where none fits to 15 % or two sigma.

    Example:
        >>> averaged_pixels(Estimate(value=0.51, sigma=0.01, unit="", method=""), 8.0)
        4
    """
    value, sigma = float(measured.value), measured.sigma or 0.0
    for side in (1, 2, 4, 8):
        expected = sensor_gain / side**2
        if abs(value - expected) <= max(0.15 * expected, 2 * sigma):
            return side
    return None


def _pixel_nm(movie: Movie) -> float | None:
    if movie.pixel_x_nm is None or movie.pixel_y_nm is None:
        return None
    return min(movie.pixel_x_nm, movie.pixel_y_nm)


def _pair(movie: Movie, start: int) -> Float[np.ndarray, "2 y x"]:
    return np.asarray(movie.frames.read(start, start + 2), dtype=float)


def _sound_pairs(movie: Movie, most: int) -> tuple[int, ...]:
    """First frames of pairs of sound frames, spread evenly over the movie."""
    possible = len(movie) - 1
    spread = np.linspace(0, max(possible - 1, 0), min(possible, most)).round()
    sound = tuple(
        start
        for start in sorted({int(start) for start in spread})
        if not any(frame_faults(frame) for frame in movie.frames.read(start, start + 2))
    )
    if not sound:
        raise AnalysisError(
            "counting electrons needs two neighbouring frames without faults, and there are none.",
            remedy="State gain and offset, or leave the dose out.",
        )
    return sound


def _zero(movie: Movie, starts: Sequence[int], offset: float | None) -> Estimate:
    if offset is not None:
        return Estimate(value=float(offset), sigma=0.0, unit="units", method="as stated")
    found = camera_zero(movie, starts)
    if found is not None:
        return found
    return Estimate(
        value=0.0,
        sigma=None,
        unit="units",
        method="taken as 0: the brightness varies too little to tell",
        status="undetermined",
    )


def camera_zero(movie: Movie, starts: Sequence[int]) -> Estimate | None:
    """The camera's zero: where the noise, a straight line of the brightness, would vanish.

    Noise is taken at high frequencies, where no sample moves enough; what the camera takes from
    it there changes the line's slope, not where it ends. Tiles of 16 pixels in every pair of
    frames are the line's points: their brightness must vary, by a beam's edge, by thick matter,
    or by time. Read noise counts as light here, and so lowers the zero.

    Args:
        movie: the frames.
        starts: first frames of the pairs to look at.

    Returns:
        The zero, None where sigma would be above 5 % of the signal.
    """
    bright, noise = (np.concatenate(part) for part in zip(*_tiles(movie, starts), strict=True))
    slope, level = 1.0, float(noise.mean())
    middle = float(bright.mean())
    terms = np.stack([np.ones_like(bright), bright - middle], axis=1)
    covariance = np.zeros((2, 2))
    line = np.full_like(noise, level)
    for _ in range(4):
        weighted = terms / line[:, None] ** 2
        covariance = np.linalg.pinv(weighted.T @ terms)
        level, slope = (float(number) for number in covariance @ (weighted.T @ noise))
        line = np.maximum(terms @ np.array([level, slope]), 0.05 * max(level, 1e-30))
    if slope <= 0:
        return None
    signal = level / slope
    spread = float(np.mean(((noise - terms @ np.array([level, slope])) / line) ** 2))
    # Neighbouring pairs share a frame: their noise correlates by 1/4.
    scatter = 1.5 * spread * covariance
    sigma = float(np.sqrt(scatter[0, 0] + signal**2 * scatter[1, 1])) / slope
    if not np.isfinite(sigma) or sigma > _ZERO_KNOWN_TO * signal:
        return None
    return Estimate(
        value=middle - signal, sigma=sigma, unit="units", method="noise against brightness"
    )


def _tiles(
    movie: Movie, starts: Sequence[int]
) -> list[tuple[Float[np.ndarray, " tile"], Float[np.ndarray, " tile"]]]:
    """Brightness and high-frequency noise of every tile in every pair."""
    _, rows, columns = movie.frames.shape
    fy, fx = scipy.fft.fftfreq(rows)[:, None], scipy.fft.rfftfreq(columns)[None, :]
    high = np.hypot(fy, fx) > _HIGH_PER_PX
    found = []
    for start in starts:
        one, other = _pair(movie, start)
        change = np.fft.irfft2(np.fft.rfft2(other - one) * high, s=one.shape) / np.sqrt(2)
        found.append((_tiled((one + other) / 2), _tiled(np.asarray(change) ** 2)))
    return found


def _tiled(image: Float[np.ndarray, "y x"]) -> Float[np.ndarray, " tile"]:
    rows, columns = (size // _TILE_PX for size in image.shape)
    part = image[: rows * _TILE_PX, : columns * _TILE_PX]
    return part.reshape(rows, _TILE_PX, columns, _TILE_PX).mean(axis=(1, 3)).ravel()


def _counted(
    movie: Movie,
    starts: Sequence[int],
    band: Band,
    zero: Estimate,
    read_noise_units: float,
    efficiency: float,
) -> ElectronCount:
    powers, signals = [], []
    zero_units = float(zero.value)
    for start in starts:
        one, other = _pair(movie, start)
        signal = float((one.mean() + other.mean()) / 2) - zero_units
        if min(float(one.mean()), float(other.mean())) <= zero_units:
            raise AnalysisError(
                f"frame {start} is no brighter than the camera's zero of {zero_units:g} units.",
                remedy="Check `offset`, or leave dark frames out with `skip`.",
            )
        powers.append(periodogram(difference(one, other, zero=zero_units), band) / signal)
        signals.append(signal)
    if not np.any(powers):
        raise _no_noise()
    sharing = bool(np.any(np.diff(starts) == 1))
    found = intercept(np.stack(powers), band, overlapping=sharing)
    signal = float(np.mean(signals))
    whole = np.issubdtype(movie.frames.read(starts[0], starts[0] + 1).dtype, np.integer)
    added = (read_noise_units**2 + (_ROUNDING if whole else 0.0)) * float(
        np.mean(1 / np.array(signals))
    )
    gain = (found.value - added) * efficiency
    if not gain > 0:
        raise _no_noise()
    noise_share = found.sigma * efficiency / gain
    return _estimates(gain, signal, noise_share, zero, len(starts) + 1)


def _no_noise() -> AnalysisError:
    return AnalysisError(
        "the frames' differences hold no more noise than the camera's own.",
        remedy="The movie may be filtered: say processed = true, or state gain and offset.",
    )


def _estimates(
    gain: float, signal: float, noise_share: float, zero: Estimate, frames: int
) -> ElectronCount:
    """Gain is power over signal, electrons are signal squared over power."""
    zero_share = (zero.sigma or 0.0) / signal
    known = zero.status == "ok"
    method = "noise power at zero frequency" + ("" if known else ", camera's zero taken as 0")
    return ElectronCount(
        gain=Estimate(
            value=gain,
            sigma=gain * float(np.hypot(noise_share, zero_share)),
            unit="units/e",
            method=method,
            status="ok" if known else "lower_limit",
        ),
        offset=zero,
        electrons=Estimate(
            value=signal / gain,
            sigma=signal / gain * float(np.hypot(noise_share, 2 * zero_share)),
            unit="e/pixel",
            method=method,
            status="ok" if known else "upper_limit",
        ),
        frames=frames,
    )
