"""Registration: known shifts of noisy fields, nothing in common, stretches into one way."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats

from cinedot.micrographs import bandpass, register
from cinedot.micrographs.registration import Shifts, blocks, way_of


def _rng() -> np.random.Generator:
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def _drifting(
    rng: np.random.Generator, shifts: np.ndarray, noise: float, dot: bool = False
) -> list[np.ndarray]:
    """One random texture of standard deviation 1, larger than the field, moved under noise.

    With a dot: a square of fringes that rocks, so that its fringes turn from frame to frame.
    """
    side, margin = 128, 16
    texture = scipy.ndimage.gaussian_filter(rng.normal(size=(side + 2 * margin,) * 2), 2.0)
    spectrum = np.fft.fft2(texture / texture.std())
    y, x = np.mgrid[:side, :side] - side / 2
    frames = []
    for shift in shifts:
        moved = np.fft.ifft2(scipy.ndimage.fourier_shift(spectrum, shift)).real
        frame = moved[margin:-margin, margin:-margin] + noise * rng.normal(size=(side, side))
        if dot:
            angle = rng.normal(scale=0.1)
            along = (x - shift[1]) * np.cos(angle) + (y - shift[0]) * np.sin(angle)
            inside = (abs(x - shift[1]) < 15) & (abs(y - shift[0]) < 15)
            frame += 2 * inside * np.cos(2 * np.pi * along / 7)
        frames.append(frame)
    return frames


def _errors(found: Shifts, shifts: np.ndarray) -> np.ndarray:
    seen = np.stack([found.y_px, found.x_px], axis=1)
    return seen - (shifts - shifts.mean(axis=0))


def test_shifts_are_found_to_their_sigma() -> None:
    rng = _rng()
    squares, count = 0.0, 0
    for _ in range(8):
        shifts = rng.uniform(-1.5, 1.5, (16, 2))
        found = register([bandpass(frame) for frame in _drifting(rng, shifts, 1.0)])
        pulls = _errors(found, shifts) / found.sigma_px[:, None]
        squares, count = squares + float((pulls**2).sum()), count + 30
        assert found.sigma_px.max() < 0.1
    # Chi-square's limits at 1e-6 in all, and a fifth for sigma's own error: in 24 movies each, at
    # noises of 0.5, 1 and 3, the mean square of the pulls was 1.05, 0.98 and 0.92.
    low, high = scipy.stats.chi2.ppf([5e-7, 1 - 5e-7], count) / count
    assert low / 1.2 < squares / count < high * 1.2


def test_a_dot_that_rocks_does_not_lead_astray() -> None:
    rng = _rng()
    shifts = np.stack([np.linspace(0, 5, 16), np.linspace(0, -3, 16)], axis=1)
    errors = _errors(
        register([bandpass(frame) for frame in _drifting(rng, shifts, 0.5, dot=True)]), shifts
    )
    # In 60 movies the mean square was 0.0011 px2, scattered as a chi-square of 17 +- 4 numbers;
    # sigma, which knows of no rocking, makes it 0.0007. The limit is that law's at 1e-6.
    assert (errors**2).mean() < 0.0011 * scipy.stats.chi2.ppf(1 - 1e-6, 13) / 13


def test_noise_has_nothing_in_common() -> None:
    """Each of 32 x 32 places reaches six sigma with a chance of 1e-9, all of three frames 3e-6.

    That is an upper limit: neighbouring places are correlated, and the greatest of 8160 such
    frames reached 4.7 sigma.
    """
    rng = _rng()
    found = register([bandpass(rng.poisson(900, (64, 64))) for _ in range(3)])
    assert (found.sigma_px > 5).all()
    assert (found.y_px == 0).all()


@pytest.mark.parametrize("level", [0, 7])
def test_flat_frames_have_nothing_in_common(level: int) -> None:
    found = register([bandpass(np.full((48, 64), level, np.uint8))] * 3)
    assert (found.y_px == 0).all()
    assert (found.sigma_px > 5).all()


def test_one_frame_is_where_it_is() -> None:
    found = register([np.ones((16, 16))])
    assert (found.y_px.tolist(), found.x_px.tolist(), found.sigma_px.tolist()) == ([0], [0], [0])


def test_stretches_make_one_way() -> None:
    """Exact places in, exact way out, whatever each stretch counts from."""
    rng = _rng()
    way = rng.normal(size=(23, 2)).cumsum(axis=0)
    stretches = []
    for start in range(0, 23, 8):
        part = way[start : min(start + 8 + 4, 23)]
        part = part - part.mean(axis=0)
        sigma = np.full(len(part), 0.1)
        stretches.append(Shifts(y_px=part[:, 0].copy(), x_px=part[:, 1].copy(), sigma_px=sigma))
    found = way_of(stretches)
    np.testing.assert_allclose(found.y_px, way[:, 0] - way[0, 0], atol=1e-9)
    np.testing.assert_allclose(found.x_px, way[:, 1] - way[0, 1], atol=1e-9)
    # Each step between stretches adds the variances of two means of four.
    assert found.sigma_px[0] == pytest.approx(0.1)
    assert found.sigma_px[-1] == pytest.approx(np.sqrt(0.01 + 2 * 2 * 0.01 / 4))


def test_blocks_are_means() -> None:
    frame = _rng().normal(size=(600, 520))
    small, side = blocks(frame)
    assert (side, small.shape) == (3, (200, 173))
    assert small[5, 7] == pytest.approx(frame[15:18, 21:24].mean())
