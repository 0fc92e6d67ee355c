"""How far the field has gone from frame to frame: what the support shows, to parts of a pixel.

Frames of a stretch are band-passed, windowed by a Hann, and compared in Fourier space with the
mean of the others, shifted onto one another: each mode counts by what it has in common with the
mean over what it has not (shot noise, and a dot that rocks on a support that does not). That is
the least-squares shift. Stretches overlap by some frames, which tie them into one way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.ndimage
from jaxtyping import Complex, Float

from cinedot.micrographs.power import hann

OVERLAP = 4
"""Frames that a stretch shares with the next: the mean of four ties two stretches."""

MOST_PIXELS = 256
"""Larger frames are averaged in blocks until their longer side is at most this."""

_SHORTEST_PX = 2.5
"""Periods below this are left out: they hold noise, and interpolation's errors."""

_HANN_BINS = (35 / 18) ** 2
"""Modes that share their noise: the product of two frames under Hann windows has the window
w^2, and the mean of w^4 over the square of the mean of w^2 is 35/18 each way."""

_SURE = 6.0
"""Standard deviations of chance by which the correlation must stand out to be believed. Under a
normal law one of a quarter of 256 x 256 places does so by chance in fewer than 2e-5 frames; in
8160 frames of noise the law held (standard deviation 0.89 to 0.98), and 4.8 was the largest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifts:
    """Where each frame's field is, in pixels, counted from the mean of the frames.

    Attributes:
        y_px, x_px: rows down and columns right.
        sigma_px: standard deviation, rms an axis, from the modes' own scatter: right to a tenth
            in simulated drifts, up to 1.3 times too small where jumps of a twentieth of the
            field outweigh noise. A quarter of the field over root 3, that is, anything up to
            there, where frames have nothing in common.
    """

    y_px: Float[np.ndarray, " frame"]
    x_px: Float[np.ndarray, " frame"]
    sigma_px: Float[np.ndarray, " frame"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Modes:
    """Frequencies in cycles a pixel, and which of them are looked at."""

    shape: tuple[int, int]
    y: Float[np.ndarray, " row"]
    x: Float[np.ndarray, " column"]
    wanted: Float[np.ndarray, "row column"]

    def moved(self, shift: Float[np.ndarray, " 2"]) -> Complex[np.ndarray, "row column"]:
        """Phases that take a shift back."""
        along_y = np.exp(2j * np.pi * self.y * shift[0]).astype(np.complex64)
        return along_y[:, None] * np.exp(2j * np.pi * self.x * shift[1]).astype(np.complex64)


def blocks(image: Float[np.ndarray, "y x"]) -> tuple[Float[np.ndarray, "row column"], int]:
    """The image averaged in square blocks to at most `MOST_PIXELS`, and a block's side.

    Example:
        >>> blocks(np.ones((515, 350)))[0].shape, blocks(np.ones((256, 20)))[1]
        ((171, 116), 1)
    """
    side = -(-max(image.shape) // MOST_PIXELS)
    if side == 1:
        return image, 1
    rows, columns = image.shape[0] // side, image.shape[1] // side
    cut = image[: rows * side, : columns * side]
    return cut.reshape(rows, side, columns, side).mean(axis=(1, 3)), side


def register(images: Sequence[Float[np.ndarray, "y x"]]) -> Shifts:
    """Shifts of a stretch of frames against their own mean.

    Args:
        images: at least one, band-passed, of one shape; shifts of up to a quarter of it.

    Source: least squares in Fourier space with the noise of each mode taken from its scatter;
    leaving a frame out of the mean it is compared with keeps its noise from pulling it back.

    Example:
        >>> seen = np.random.default_rng(1).normal(size=(64, 64))
        >>> seen = scipy.ndimage.gaussian_filter(seen, 2.0, mode="wrap")
        >>> found = register([seen, np.roll(seen, 3, axis=1)])
        >>> bool(abs(found.x_px[1] - found.x_px[0] - 3) < 0.1)
        True
    """
    modes = _modes(images[0].shape)
    count = len(images)
    if count == 1:
        return Shifts(y_px=np.zeros(1), x_px=np.zeros(1), sigma_px=np.zeros(1))
    spectra = [_spectrum(image) for image in images]
    powers = [_smooth(np.abs(one) ** 2) for one in spectra]
    every = np.sum(powers, axis=0)
    shifts, sigmas = np.zeros((count, 2)), np.zeros(count)
    # Far apart at first, frames would blur their mean: the middle one stands for it.
    middle = count // 2
    for index, one in enumerate(spectra):
        if index != middle:
            cross = one * np.conj(spectra[middle])
            shifts[index], _ = _shift(cross, count / every, count / every, modes)
    for _ in range(2):
        total = np.sum([_back(one, at, modes) for one, at in zip(spectra, shifts, strict=True)], 0)
        before = shifts.copy()
        for index, (one, power) in enumerate(zip(spectra, powers, strict=True)):
            others = total - _back(one, before[index], modes)
            weights = _weights(others, every - power, count - 1)
            shifts[index], sigmas[index] = _shift(one * np.conj(others), *weights, modes)
        shifts -= shifts.mean(axis=0)
    return Shifts(y_px=shifts[:, 0].copy(), x_px=shifts[:, 1].copy(), sigma_px=sigmas)


def way_of(stretches: Sequence[Shifts], overlap: int = OVERLAP) -> Shifts:
    """One way through stretches that overlap, counted from the first frame.

    Args:
        stretches: each of its own frames and then of the first `overlap` of the next (as many
            as there are); the last of its own alone.
        overlap: frames shared.

    The overlap's frames give the step between the two means: the weighted mean of the differences
    between their places in the one and in the other stretch. Its variance adds to all that follow.
    """
    y, x, variance = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    offset, gathered = np.zeros(2), 0.0
    for index, one in enumerate(stretches):
        last = index == len(stretches) - 1
        shared = 0 if last else min(overlap, len(stretches[index + 1].y_px), len(one.y_px) - 1)
        own = len(one.y_px) - shared
        y.append(one.y_px[:own] + offset[0])
        x.append(one.x_px[:own] + offset[1])
        variance.append(one.sigma_px[:own] ** 2 + gathered)
        if not last and shared:
            following = stretches[index + 1]
            both = one.sigma_px[own:] ** 2 + following.sigma_px[:shared] ** 2
            sure = 1 / np.maximum(both, 1e-12)  # frames that are alike to the last bit have none
            step_y = np.average(one.y_px[own:] - following.y_px[:shared], weights=sure)
            step_x = np.average(one.x_px[own:] - following.x_px[:shared], weights=sure)
            offset = offset + np.array([step_y, step_x])
            gathered += 1 / float(sure.sum())
    places_y, places_x = np.concatenate(y), np.concatenate(x)
    return Shifts(
        y_px=places_y - places_y[0],
        x_px=places_x - places_x[0],
        sigma_px=np.sqrt(np.concatenate(variance)),
    )


def _modes(shape: tuple[int, ...]) -> _Modes:
    rows, columns = shape
    y, x = np.fft.fftfreq(rows), np.fft.rfftfreq(columns)
    radius = np.hypot(y[:, None], x)
    # The column x = 0 holds each mode twice, the lowest ones hold the window.
    half = (x > 0) | (y > 0)[:, None]
    low = 2.0 / min(rows, columns)
    wanted = half & (radius > low) & (radius < 1 / _SHORTEST_PX)
    return _Modes(shape=(rows, columns), y=y, x=x, wanted=wanted.astype(np.float32))


def _spectrum(image: Float[np.ndarray, "y x"]) -> Complex[np.ndarray, "row column"]:
    rows, columns = image.shape
    window = (hann(rows)[:, None] * hann(columns)).astype(np.float32)
    level = float((image * window).sum() / window.sum())
    return np.asarray(scipy.fft.rfft2((image.astype(np.float32) - np.float32(level)) * window))


def _back(
    spectrum: Complex[np.ndarray, "row column"], shift: Float[np.ndarray, " 2"], modes: _Modes
) -> Complex[np.ndarray, "row column"]:
    return spectrum * modes.moved(shift)


def _weights(
    total: Complex[np.ndarray, "row column"], powers: Float[np.ndarray, "row column"], count: int
) -> tuple[Float[np.ndarray, "row column"], Float[np.ndarray, "row column"]]:
    """Weights of modes to find a frame among others by, and to measure its shift by.

    A peak stands out most where modes count by what frames have in common over all that they
    are; its place is surest where they count by that over what they have not in common. Both are
    taken from the sum of frames and the sum of their powers, of which the frame that is compared
    is no part: modes chosen for agreeing with it would agree with it by chance.
    """
    if count == 1:
        return 1 / powers, 1 / powers
    summed, power = _smooth(np.abs(total) ** 2), powers / count
    common = np.maximum((summed - powers) / (count * (count - 1)), 0.0)
    share = common / summed
    return share / power, share / np.maximum(power - common, 0.01 * power)


def _smooth(power: Float[np.ndarray, "row column"]) -> Float[np.ndarray, "row column"]:
    """Mean over neighbouring modes: single ones scatter by as much as they are."""
    # The filter's running sums may end a little below zero where there is nothing.
    smoothed = np.maximum(scipy.ndimage.uniform_filter(power, 5, mode="wrap"), 0.0)
    return smoothed + np.float32(1e-30)


def _shift(
    cross: Complex[np.ndarray, "row column"],
    to_find: Float[np.ndarray, "row column"],
    to_measure: Float[np.ndarray, "row column"],
    modes: _Modes,
) -> tuple[Float[np.ndarray, " 2"], float]:
    """The shift at which the weighted correlation is largest, and its standard deviation."""
    rows, columns = modes.shape
    nothing = min(rows, columns) / 4 / np.sqrt(3.0)
    weighted = cross * (modes.wanted * to_find)
    chance = float(np.sqrt((np.abs(weighted) ** 2).sum() * _HANN_BINS / 2))
    if not chance > 0:
        return np.zeros(2), float(nothing)
    height = np.asarray(scipy.fft.irfft2(weighted, s=modes.shape)) * (rows * columns / 2)
    near = np.abs(np.fft.fftfreq(rows))[:, None] <= 0.25
    height = np.where(near & (np.abs(np.fft.fftfreq(columns)) <= 0.25), height, -np.inf)
    row, column = np.unravel_index(int(np.argmax(height)), height.shape)
    if height[row, column] < _SURE * chance:
        return np.zeros(2), float(nothing)
    shift = np.array([np.fft.fftfreq(rows)[row] * rows, np.fft.fftfreq(columns)[column] * columns])
    return _climbed(cross * (modes.wanted * to_measure), shift, modes)


def _climbed(
    weighted: Complex[np.ndarray, "row column"], shift: Float[np.ndarray, " 2"], modes: _Modes
) -> tuple[Float[np.ndarray, " 2"], float]:
    """Newton's steps to the top; the scatter of the slope over the bend is the variance."""
    rows, columns = np.nonzero(weighted)
    terms = weighted[rows, columns]
    waves = 2 * np.pi * np.stack([modes.y[rows], modes.x[columns]])
    bend = np.eye(2)
    turned = terms
    for _ in range(8):
        turned = terms * np.exp(1j * (shift @ waves))
        slope = -(waves * np.imag(turned)).sum(axis=1)
        bend = (waves * np.real(turned)) @ waves.T
        if not np.all(np.linalg.eigvalsh(bend) > 0):
            break
        step = np.clip(np.linalg.solve(bend, slope), -0.5, 0.5)
        shift = shift + step
        if np.abs(step).max() < 1e-5:
            break
    inverse = np.linalg.pinv(bend)
    scatter = (waves * np.imag(turned) ** 2) @ waves.T * _HANN_BINS
    covariance = inverse @ scatter @ inverse
    return shift, float(np.sqrt(np.trace(covariance) / 2))
