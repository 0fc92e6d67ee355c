"""Lattice fringes: the spacings that stand out of an image's power spectrum, with sigma."""

import numpy as np
import scipy.ndimage
from jaxtyping import Bool, Int

from cinedot.core import Image, InputError
from cinedot.micrographs.fringe_fit import Fringe as Fringe
from cinedot.micrographs.fringe_fit import fitted_fringe
from cinedot.micrographs.power import PowerSpectrum, cut_region, power_spectrum, windowed

FALSE_ALARMS = 1e-3
"""Expected number of peaks that pure noise sends over the threshold, over a whole spectrum."""

_LOBE_BINS = 2.0
"""Half width of a Hann window's main lobe, in steps of 1/width."""

_HOLE = 6
"""Half width of the square about a peak that says nothing of the noise, in grid points."""

_SKIRT = 0.02
"""A distorted lattice spreads some power around its peaks: less than this is not a new one."""


def lattice_fringes(
    image: Image,
    *,
    d_range_nm: tuple[float, float] = (0.15, 1.0),
    region: tuple[float, float, float, float] | None = None,
    most: int = 12,
    false_alarms: float = FALSE_ALARMS,
) -> tuple[Fringe, ...]:
    """The fringes of an image, strongest first, with Friedel twins merged.

    A peak counts where its power exceeds the local background (rings of equal spacing, and the
    peak's own neighbourhood) so far that noise does it `false_alarms` times in a whole
    spectrum. Its place is the maximum of the power, found to a fraction of a bin.

    Args:
        image: intensities with their scale; x and y may differ in scale.
        d_range_nm: shortest and longest spacing looked for, nm.
        region: x0, y0, x1, y1 in nm from the centre of the first pixel; None is all.
        most: how many to give at most.
        false_alarms: expected number of peaks of pure noise over the threshold.

    Raises:
        InputError: a range that is none, or a region with too few pixels.

    Source: sigma by propagating the noise through the maximum condition, checked
    by simulation in the tests.

    Example:
        >>> x = np.arange(128) * 0.02
        >>> waves = np.cos(2 * np.pi * x / 0.3)[None, :] * np.ones((128, 1))
        >>> noisy = waves + np.random.default_rng(1).normal(size=(128, 128))
        >>> image = Image(data=noisy, pixel_x_nm=0.02, pixel_y_nm=0.02, name="waves")
        >>> fringe = lattice_fringes(image)[0]
        >>> round(fringe.spacing_nm, 2), abs(fringe.spacing_nm - 0.3) < 5 * fringe.sigma_nm
        (0.3, True)
    """
    check_range(d_range_nm, image.name)
    field, _ = cut_region(image, region)
    weighted = windowed(field)
    spectrum = power_spectrum(image, region=region)
    wanted = _annulus(spectrum, d_range_nm)
    independent = max(4.0, _bins_in(spectrum, wanted))
    threshold = _threshold(independent, false_alarms)
    candidates = _maxima(spectrum, wanted, threshold)
    fringes: list[Fringe] = []
    accepted: list[tuple[float, float, float]] = []
    for row, column in candidates:
        power = float(spectrum.power[row, column])
        noise, streak = noise_near(spectrum, row, column), _streak(spectrum, row, column)
        qy, qx = float(spectrum.qy_per_nm[row]), float(spectrum.qx_per_nm[column])
        if power < threshold * max(noise, streak) or _is_leakage(spectrum, power, qx, qy, accepted):
            continue
        accepted.append((qx, qy, power))
        fringes.append(fitted_fringe(weighted, image, (qx, qy), noise))
        if len(fringes) >= most:
            break
    return tuple(sorted(fringes, key=lambda fringe: -fringe.snr))


def check_range(d_range_nm: tuple[float, float], name: str) -> None:
    """Refuse a range of spacings that is none."""
    short, long = d_range_nm
    if not 0 < short < long:
        raise InputError(
            f"`d_range_nm` must be a shorter and a longer spacing above 0, but is {d_range_nm}.",
            remedy="The default is (0.15, 1.0).",
            file=name,
        )


def _annulus(spectrum: PowerSpectrum, d_range_nm: tuple[float, float]) -> Bool[np.ndarray, "qy qx"]:
    radius = np.hypot(spectrum.qy_per_nm[:, None], spectrum.qx_per_nm[None, :])
    lowest = 3 * max(spectrum.bin_x_per_nm, spectrum.bin_y_per_nm)
    short, long = d_range_nm
    wanted = (radius >= max(1 / long, lowest)) & (radius <= 1 / short)
    # The twins on qx = 0 appear twice in the half plane: keep those below.
    wanted[spectrum.qy_per_nm < 0, 0] = False
    return wanted


def _bins_in(spectrum: PowerSpectrum, wanted: Bool[np.ndarray, "qy qx"]) -> float:
    step_x = float(spectrum.qx_per_nm[1] - spectrum.qx_per_nm[0])
    step_y = float(spectrum.qy_per_nm[1] - spectrum.qy_per_nm[0])
    area = float(wanted.sum()) * step_x * step_y
    return area / (spectrum.bin_x_per_nm * spectrum.bin_y_per_nm)


def _threshold(bins: float, expected: float) -> float:
    """Power over its mean that so many maxima of noise exceed, in the mean, over these bins.

    A smooth field of exponential power has u exp(-u) / 4 maxima above u in a bin each way: the
    variance of its slope under Hann's window is 0.79, over pi (Adler 1981).
    """
    height = float(np.log(bins / expected))
    for _ in range(8):
        height = float(np.log(bins / expected) + np.log(max(1.0, height / 4)))
    return height


def _maxima(
    spectrum: PowerSpectrum, wanted: Bool[np.ndarray, "qy qx"], threshold: float
) -> list[tuple[int, int]]:
    """Local maxima over the ring's background, strongest power first."""
    power = spectrum.power
    highest = scipy.ndimage.maximum_filter(power, size=5, mode="nearest")
    over = wanted & (power >= highest) & (power > threshold * spectrum.background)
    rows, columns = np.nonzero(over)
    order = np.argsort(-power[rows, columns])
    return [(int(rows[index]), int(columns[index])) for index in order]


def noise_near(spectrum: PowerSpectrum, row: int, column: int) -> float:
    """Noise power at a peak: the larger of its ring's and its neighbourhood's."""
    rows, columns = _around(spectrum, row, column)
    patch = spectrum.power[np.ix_(rows, columns)]
    far = (abs(rows - row) > _HOLE)[:, None] | (abs(columns - column) > _HOLE)
    around = float(np.median(patch[far])) / np.log(2)
    return max(float(spectrum.background[row, column]), float(around))


def _streak(spectrum: PowerSpectrum, row: int, column: int) -> float:
    """Power of the streak along an axis that may run through a peak.

    Cameras' columns and a scan's lines make them, and what does not rise over its own streak is
    no peak.
    """
    rows, columns = _around(spectrum, row, column)
    beside = spectrum.power[row, columns[abs(columns - column) > _HOLE]]
    below = spectrum.power[rows[abs(rows - row) > _HOLE], column]
    medians = [float(np.median(streak)) for streak in (beside, below) if streak.size]
    return float(max(medians) / np.log(2))


def _around(
    spectrum: PowerSpectrum, row: int, column: int
) -> tuple[Int[np.ndarray, " row"], Int[np.ndarray, " column"]]:
    reach = 24
    rows = np.arange(max(row - reach, 0), min(row + reach + 1, spectrum.power.shape[0]))
    columns = np.arange(max(column - reach, 0), min(column + reach + 1, spectrum.power.shape[1]))
    return rows, columns


def _is_leakage(
    spectrum: PowerSpectrum,
    power: float,
    qx: float,
    qy: float,
    stronger: list[tuple[float, float, float]],
) -> bool:
    """Whether the window's side lobes, or a stronger peak's own breadth, explain this maximum."""
    for other_x, other_y, other_power in stronger:
        for sign in (1, -1):
            bins_x = abs(qx - sign * other_x) / spectrum.bin_x_per_nm
            bins_y = abs(qy - sign * other_y) / spectrum.bin_y_per_nm
            if max(bins_x, bins_y) < 2 * _LOBE_BINS:
                return True
            if max(bins_x, bins_y) < 12 and power < _SKIRT * other_power:
                return True
            if power < 10 * other_power * _lobe(bins_x) * _lobe(bins_y):
                return True
    return False


def _lobe(bins: float) -> float:
    """Upper bound on the power of Hann's side lobes at a distance in bins."""
    return 1.0 if bins <= _LOBE_BINS else float((1 / (np.pi * bins * (bins**2 - 1))) ** 2)
