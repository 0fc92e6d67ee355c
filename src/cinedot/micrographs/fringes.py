"""Lattice fringes: the spacings that stand out of an image's power spectrum, with sigma."""

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from jaxtyping import Bool, Complex, Float

from cinedot.core import Image, InputError
from cinedot.micrographs.power import PowerSpectrum, cut_region, hann, power_spectrum, windowed

FALSE_ALARMS = 1e-3
"""Expected number of peaks that pure noise sends over the threshold, over a whole spectrum."""

_LOBE_BINS = 2.0
"""Half width of a Hann window's main lobe, in steps of 1/width."""

_SKIRT = 0.02
"""A distorted lattice spreads some power around its peaks: less than this is not a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fringe:
    """One set of parallel fringes.

    Attributes:
        spacing_nm, sigma_nm: distance from fringe to fringe and its standard deviation from
            the image's noise; the scale's own error is not in it.
        angle_deg, sigma_angle_deg: direction across the fringes, from x towards y (down the
            rows), 0 up to 180.
        snr: amplitude over the spectrum's local background (square root of the power ratio).
        qx_per_nm, qy_per_nm: wave vector; its twin at the opposite sign is merged into it.
    """

    spacing_nm: float
    sigma_nm: float
    angle_deg: float
    sigma_angle_deg: float
    snr: float
    qx_per_nm: float
    qy_per_nm: float


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

    Source: sigma by propagating the noise through the maximum condition (`_covariance`), checked
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
        noise, streak = _surroundings(spectrum, row, column)
        qy, qx = float(spectrum.qy_per_nm[row]), float(spectrum.qx_per_nm[column])
        if power < threshold * max(noise, streak) or _is_leakage(spectrum, power, qx, qy, accepted):
            continue
        accepted.append((qx, qy, power))
        fringes.append(_refined(weighted, image, (qx, qy), noise))
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


def _surroundings(spectrum: PowerSpectrum, row: int, column: int) -> tuple[float, float]:
    """Noise power at a peak, and the power of the streak that may run through it.

    Noise is the larger of the ring's and the neighbourhood's; cameras' columns and a scan's
    lines make streaks along the axes, and what does not rise over its own streak is no peak.
    """
    reach, hole = 24, 6
    rows = np.arange(max(row - reach, 0), min(row + reach + 1, spectrum.power.shape[0]))
    columns = np.arange(max(column - reach, 0), min(column + reach + 1, spectrum.power.shape[1]))
    patch = spectrum.power[np.ix_(rows, columns)]
    far_row, far_column = abs(rows - row) > hole, abs(columns - column) > hole
    around = patch[far_row[:, None] | far_column]
    streaks = (spectrum.power[row, columns[far_column]], spectrum.power[rows[far_row], column])
    noise = max(float(spectrum.background[row, column]), float(np.median(around)) / np.log(2))
    return noise, max(float(np.median(streak)) for streak in streaks if streak.size) / np.log(2)


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


def _refined(
    weighted: Float[np.ndarray, "y x"], image: Image, start: tuple[float, float], noise: float
) -> Fringe:
    """The maximum of the power near `start` by Newton's steps on the transform itself."""
    rows, columns = weighted.shape
    x = (np.arange(columns) - (columns - 1) / 2) * image.pixel_x_nm
    y = (np.arange(rows) - (rows - 1) / 2) * image.pixel_y_nm
    q = np.array(start)
    limit = np.array([1 / (columns * image.pixel_x_nm), 1 / (rows * image.pixel_y_nm)])
    for _ in range(12):
        log_power, slope, curve = _log_power(weighted, x, y, q)
        step = -np.linalg.solve(curve, slope) if _is_peak(curve) else 0.1 * slope * limit**2
        step = np.clip(step, -limit / 4, limit / 4)
        q = q + step
        if np.all(abs(step) < 1e-6 * limit):
            break
    q = np.clip(q, np.array(start) - limit, np.array(start) + limit)
    log_power, _, curve = _log_power(weighted, x, y, q)
    covariance = _covariance(weighted.shape, image, curve, float(np.exp(log_power)) / noise, limit)
    return _fringe(q, covariance, float(np.sqrt(np.exp(log_power) / noise)))


def _is_peak(curve: Float[np.ndarray, "2 2"]) -> bool:
    return bool(np.linalg.eigvalsh(curve).max() < 0)


def _log_power(
    weighted: Float[np.ndarray, "y x"],
    x: Float[np.ndarray, " x"],
    y: Float[np.ndarray, " y"],
    q: Float[np.ndarray, "2"],
) -> tuple[float, Float[np.ndarray, "2"], Float[np.ndarray, "2 2"]]:
    """Logarithm of the power at a wave vector (x, y) with its gradient and Hessian."""
    wave_x = np.exp(-2j * np.pi * q[0] * x)
    wave_y = np.exp(-2j * np.pi * q[1] * y)
    turn = -2j * np.pi
    moments_x = np.stack([wave_x, turn * x * wave_x, (turn * x) ** 2 * wave_x])
    moments_y = np.stack([wave_y, turn * y * wave_y, (turn * y) ** 2 * wave_y])
    table: Complex[np.ndarray, "3 3"] = moments_y @ weighted @ moments_x.T
    value = table[0, 0]
    first = np.array([table[0, 1], table[1, 0]])
    second = np.array([[table[0, 2], table[1, 1]], [table[1, 1], table[2, 0]]])
    power = float(abs(value) ** 2)
    slope = 2 * np.real(np.conj(value) * first) / power
    mixed = np.real(np.conj(value) * second) + np.real(np.outer(np.conj(first), first))
    return float(np.log(power)), slope, 2 * mixed / power - np.outer(slope, slope)


def _covariance(
    shape: tuple[int, int],
    image: Image,
    curve: Float[np.ndarray, "2 2"],
    power_ratio: float,
    limit: Float[np.ndarray, "2"],
) -> Float[np.ndarray, "2 2"]:
    """Covariance of the maximum's place.

    With F = A W + n, the maximum moves by -(A W'')^-1 Re n', and E|n'|^2 is the noise power
    times the mean of (2 pi x)^2 under the squared window; A W'' is half the measured curvature
    of log power times A, so that a peak broader than the window's is placed less well.
    """
    lengths = (shape[1] * image.pixel_x_nm, shape[0] * image.pixel_y_nm)
    spread = []
    for length, count in zip(lengths, (shape[1], shape[0]), strict=True):
        place = (np.arange(count) - (count - 1) / 2) / count * length
        weight = hann(count) ** 2
        spread.append(float((weight * (2 * np.pi * place) ** 2).sum() / weight.sum()))
    if not _is_peak(curve):
        return np.diag(limit**2)
    inverse = np.linalg.inv(curve / 2)
    return inverse @ np.diag(spread) @ inverse / (2 * power_ratio)


def _fringe(q: Float[np.ndarray, "2"], covariance: Float[np.ndarray, "2 2"], snr: float) -> Fringe:
    length = float(np.hypot(q[0], q[1]))
    along = q / length
    across = np.array([-along[1], along[0]])
    sigma_length = float(np.sqrt(along @ covariance @ along))
    sigma_angle = float(np.degrees(np.sqrt(across @ covariance @ across) / length))
    angle = float(np.degrees(np.arctan2(q[1], q[0])) % 180.0)
    return Fringe(
        spacing_nm=1 / length,
        sigma_nm=sigma_length / length**2,
        angle_deg=angle if angle < 180.0 else 0.0,
        sigma_angle_deg=sigma_angle,
        snr=snr,
        qx_per_nm=float(q[0]),
        qy_per_nm=float(q[1]),
    )
