"""Noise learned from what a model leaves over: its power, in both parts, by the chi-square law."""

import numpy as np
import pytest
import scipy.fft

from cinedot.micrographs.occupancy.grounds import SplitNoise
from cinedot.micrographs.occupancy.leftover import LEAST_FRAMES, learned_noise
from cinedot.micrographs.pose.whitening import (
    NoiseSpectrum,
    radial_frequency,
    white_noise,
    whitening,
)

SIDE, PIXEL_NM, VARIANCE, FRAMES = 96, 0.05, 0.01, 12
RARE_SIGMA = 6.0
"""One in a million for some fifty numbers."""


def fresh() -> np.random.Generator:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


def coloured(rng: np.random.Generator, reach: float) -> np.ndarray:
    """Noise whose power falls off as a Gaussian of frequency, as strong as the white at first."""
    white = scipy.fft.rfft2(rng.normal(0, np.sqrt(VARIANCE), (SIDE, SIDE)))
    fall = np.exp(-0.5 * (radial_frequency(SIDE) / reach) ** 2)
    return np.asarray(scipy.fft.irfft2(white * np.sqrt(fall), s=(SIDE, SIDE)))


def learned(rng: np.random.Generator, steady: float, moving: float) -> tuple[SplitNoise, float]:
    """What is learned of frames over vacuum, with more that stands still and more that moves."""
    stated = SplitNoise(moving=white_noise(VARIANCE), steady=white_noise(1e-9 * VARIANCE))
    whiten = whitening(SIDE, PIXEL_NM, 1.7, [(None, stated.moving)])
    still = np.sqrt(steady) * coloured(rng, 0.1)
    frames = np.stack(
        [
            rng.normal(0, np.sqrt(VARIANCE), (SIDE, SIDE))
            + still
            + np.sqrt(moving) * coloured(rng, 0.1)
            for _ in range(FRAMES)
        ]
    ).astype(np.float32)
    return learned_noise([stated], [whiten], [whiten.spectral(frames)])[0], whiten.count


FREQUENCY = np.array([0.04, 0.08, 0.15])


def ring_error(count: float) -> np.ndarray:
    """Relative error of the power of what moves that is exceeded once in a million.

    A ring of width 1/48 at f holds 2 pi f / 48 of the numbers, squares of normal deviates;
    interpolation between rings makes it no larger.
    """
    return RARE_SIGMA * np.sqrt(2 / (count * 2 * np.pi * FREQUENCY / 48 * (FRAMES - 1)))


def test_what_moves_and_what_stands_still_are_told_apart() -> None:
    rng = fresh()
    noise, count = learned(rng, steady=4.0, moving=2.0)
    fall = np.exp(-0.5 * (FREQUENCY / 0.1) ** 2)
    moving = 1 + 2 * fall
    # The window spreads a ring's power over its neighbours: 5 % of it where it falls steeply.
    error = (ring_error(count) + 0.08) * moving
    assert np.all(np.abs(noise.moving.at(FREQUENCY) / VARIANCE - moving) < error)
    kept = 4 * fall + moving / FRAMES
    error = (np.sqrt(FRAMES - 1) * ring_error(count) + 0.08) * kept
    assert np.all(np.abs(noise.steady.at(FREQUENCY) / VARIANCE - 4 * fall) < error)


def test_noise_as_stated_stays() -> None:
    rng = fresh()
    noise, count = learned(rng, steady=0.0, moving=0.0)
    error = ring_error(count)
    assert np.all(np.abs(noise.moving.at(FREQUENCY) / VARIANCE - 1) < error)
    # Of the mean of the frames chance is a twelfth of one's power.
    assert np.all(
        noise.steady.at(FREQUENCY) / VARIANCE < np.sqrt(FRAMES - 1) * error * 1.5 / FRAMES
    )


def test_few_frames_teach_nothing() -> None:
    stated = SplitNoise(moving=white_noise(VARIANCE), steady=white_noise(1e-9))
    whiten = whitening(SIDE, PIXEL_NM, 1.7, [(None, stated.moving)])
    left = np.full((LEAST_FRAMES - 1, whiten.spectral(np.zeros((1, SIDE, SIDE))).shape[1]), 9.0)
    found = learned_noise([stated], [whiten], [left.astype(np.float32)])
    assert found[0] is stated


def test_groups_of_unlike_sizes_teach_together() -> None:
    rng = fresh()
    stated = SplitNoise(moving=white_noise(VARIANCE), steady=white_noise(1e-9 * VARIANCE))
    whiten = whitening(SIDE, PIXEL_NM, 1.7, [(None, stated.moving)])
    left = [
        whiten.spectral(
            rng.normal(0, np.sqrt(2 * VARIANCE), (frames, SIDE, SIDE)).astype(np.float32)
        )
        for frames in (FRAMES, 1)
    ]
    noise = learned_noise([stated], [whiten, whiten], left)[0]
    error = 2 * ring_error(whiten.count)
    assert np.all(np.abs(noise.moving.at(FREQUENCY) / VARIANCE - 2) < error + 0.02)


def test_more_than_was_left_over_is_kept() -> None:
    rng = fresh()
    support = NoiseSpectrum(frequency=np.array([0.0, 1.0]), power=np.full(2, 0.5), tiles=9)
    stated = SplitNoise(moving=white_noise(VARIANCE), steady=support)
    whiten = whitening(SIDE, PIXEL_NM, 1.7, [(None, stated.moving)])
    frames = rng.normal(0, np.sqrt(VARIANCE), (FRAMES, SIDE, SIDE)).astype(np.float32)
    noise = learned_noise([stated], [whiten], [whiten.spectral(frames)])[0]
    assert noise.steady.at(FREQUENCY) == pytest.approx(np.full(3, 0.5), rel=1e-6)
