"""What a camera makes of the electrons that arrive: losses, weights, blur, read noise.

Frequencies are cycles per recorded pixel. Electrons may be given on pixels `finer` times smaller
than the recorded ones: noise above the recorded Nyquist frequency is then blurred before it folds
back, as in the instrument. With finer = 1 it folds back first, so that the noise power of
`one_view(4)` is 19 % too strong at the Nyquist frequency (41 % in its corner; `one_view(8)` 14
and 29 %), and with finer = 4 8 % (17 %; 5 and 10 %). The field is periodic: what is blurred over
one border comes in at the other.
"""

import jax.numpy as jnp
import numpy as np
import scipy.fft
from jaxtyping import Array, Float, Int, Key

from cinedot.core import InputError
from cinedot.microscope.camera import Camera, generator
from cinedot.microscope.mtf import Sharp


def expected_signal(
    expected: Float[Array, "frame y x"], camera: Camera, *, finer: int = 1
) -> Float[Array, "frame Y X"]:
    """The camera's signal on average: the mean arriving electrons, blurred and binned.

    Args:
        expected: mean electrons on pixels `finer` times smaller than the recorded [frame, y, x].
        camera: what records them.
        finer: pixels of `expected` along the side of a recorded one.

    Returns:
        Electrons in each recorded pixel [frame, y, x]; its total is that of `expected`.

    Raises:
        InputError: frames that `finer` does not divide.

    Example:
        >>> expected_signal(jnp.full((1, 4, 4), 5.0), Camera(), finer=2)[0, 0].tolist()
        [20.0, 20.0]
    """
    frames, rows, columns = expected.shape
    _check_finer(rows, columns, finer)
    if not isinstance(camera.transfer, Sharp):
        left = jnp.asarray(_half_plane(camera, (rows, columns), finer), dtype=expected.dtype)
        expected = jnp.fft.irfft2(jnp.fft.rfft2(expected) * left, s=(rows, columns))
    blocks = expected.reshape(frames, rows // finer, finer, columns // finer, finer)
    return blocks.sum(axis=(2, 4))


def sample_signal(
    counts: Int[np.ndarray, "frame y x"],
    camera: Camera,
    key: Key[Array, ""],
    *,
    finer: int = 1,
) -> Float[np.ndarray, "frame Y X"]:
    """The camera's signal of electrons that arrived, with the camera's own chance.

    Args:
        counts: electrons on pixels `finer` times smaller than the recorded [frame, y, x].
        camera: what records them.
        key: chance, not the one that the counts were drawn with.
        finer: pixels of `counts` along the side of a recorded one.

    Returns:
        Electrons in each recorded pixel [frame, y, x], float32, scaled so that its mean is that
        of the counts; an ideal camera gives back the counts.

    Raises:
        InputError: frames that `finer` does not divide, or larger than the sensor.

    Example:
        >>> import jax
        >>> counts = np.array([[[3, 0], [1, 2]]])
        >>> sample_signal(counts, Camera(), jax.random.key(1)).tolist()
        [[[3.0, 0.0], [1.0, 2.0]]]
    """
    frames, rows, columns = counts.shape
    _check_finer(rows, columns, finer)
    recorded = (rows // finer, columns // finer)
    _check_sensor(camera, recorded)
    rng = generator(key)
    left = _half_plane(camera, (rows, columns), finer)
    signal = np.empty((frames, *recorded), dtype=np.float32)
    for number, arrived in enumerate(counts):
        one = _weighed(arrived, camera, rng)
        if not isinstance(camera.transfer, Sharp):
            one = np.asarray(scipy.fft.irfft2(scipy.fft.rfft2(one) * left, s=one.shape))
        one = one.reshape(recorded[0], finer, recorded[1], finer).sum(axis=(1, 3))
        if camera.read_noise_e:
            one = one + rng.normal(0.0, camera.recorded_read_noise_e, recorded)
        signal[number] = one
    return signal


def _weighed(
    arrived: Int[np.ndarray, "y x"], camera: Camera, rng: np.random.Generator
) -> Float[np.ndarray, "y x"]:
    """Losses and random strengths, scaled to a mean of 1 for each electron that arrived."""
    found = arrived
    if camera.detected_fraction < 1:
        found = rng.binomial(arrived, camera.detected_fraction)
    strength = found.astype(float)
    if camera.gain_spread:
        # A sum of n equal gamma numbers is a gamma number of n times the shape.
        variance = camera.gain_spread**2
        strength = rng.gamma(strength / variance, variance)
    return strength / camera.detected_fraction


def modulation_transfer(
    camera: Camera, fy: Float[np.ndarray, "*f"], fx: Float[np.ndarray, "*f"]
) -> Float[np.ndarray, "*f"]:
    """What is left of a modulation in a recorded image: the MTF times the pixel's two sincs.

    The sensor pixel's sinc and its binning make the recorded pixel's sinc, exactly.

    Args:
        camera: what records.
        fy, fx: cycles per recorded pixel.

    Example:
        >>> from cinedot.microscope.camera import one_view
        >>> nyquist = np.array([0.5])
        >>> round(modulation_transfer(one_view(4), 0 * nyquist, nyquist)[0].item(), 3)
        0.509
    """
    return _left(camera, fy, fx) * np.sinc(fy) * np.sinc(fx)


def noise_power(
    camera: Camera,
    fy: Float[np.ndarray, "*f"],
    fx: Float[np.ndarray, "*f"],
    *,
    electrons: float,
    finer: int = 1,
) -> Float[np.ndarray, "*f"]:
    """Noise power of a flat field: N / DQE(0) sum over folds of MTF^2 D^2 D^2, plus read noise.

    D(f) = sin(pi f) / (s sin(pi f / s)) is the sum over s = finer pixels, and folds are f plus
    0 to s - 1 on each axis.

    Args:
        camera: what records.
        fy, fx: cycles per recorded pixel.
        electrons: mean arriving in a recorded pixel, N.
        finer: as in `sample_signal`.

    Returns:
        Electrons^2 a recorded pixel; its mean over all frequencies is a pixel's variance.

    Example:
        >>> zero = np.zeros(1)
        >>> noise_power(Camera(detected_fraction=0.5), zero, zero, electrons=100.0).tolist()
        [200.0]
    """
    shot = np.zeros_like(fy)
    for down in range(finer):
        for across in range(finer):
            folded_y, folded_x = _folded(fy + down, finer), _folded(fx + across, finer)
            summed = _dirichlet(folded_y, finer) * _dirichlet(folded_x, finer)
            shot = shot + (_left(camera, folded_y, folded_x) * summed) ** 2
    return electrons / camera.zero_frequency_efficiency * shot + camera.recorded_read_noise_e**2


def quantum_efficiency(
    camera: Camera,
    fy: Float[np.ndarray, "*f"],
    fx: Float[np.ndarray, "*f"],
    *,
    electrons: float,
    finer: int = 1,
) -> Float[np.ndarray, "*f"]:
    """DQE = modulation_transfer^2 N / noise_power, of a recorded image at N electrons a pixel.

    Args:
        camera: what records.
        fy, fx: cycles per recorded pixel.
        electrons: mean arriving in a recorded pixel, N.
        finer: as in `sample_signal`.

    Example:
        >>> from cinedot.microscope.camera import one_view
        >>> zero = np.zeros(1)
        >>> round(quantum_efficiency(one_view(8), zero, zero, electrons=882.0)[0].item(), 3)
        0.511
    """
    signal = modulation_transfer(camera, fy, fx) ** 2 * electrons
    return signal / noise_power(camera, fy, fx, electrons=electrons, finer=finer)


def _left(
    camera: Camera, fy: Float[np.ndarray, "*f"], fx: Float[np.ndarray, "*f"]
) -> Float[np.ndarray, "*f"]:
    # Half a cycle per sensor pixel is its Nyquist frequency.
    return camera.transfer.at(2 * np.hypot(fy, fx) / camera.binning.factor)


def _half_plane(camera: Camera, shape: tuple[int, int], finer: int) -> Float[np.ndarray, "y half"]:
    """The MTF at the frequencies of a real transform of pixels `finer` times smaller."""
    fy = finer * scipy.fft.fftfreq(shape[0])[:, None]
    fx = finer * scipy.fft.rfftfreq(shape[1])[None, :]
    return _left(camera, *np.broadcast_arrays(fy, fx))


def _folded(f: Float[np.ndarray, "*f"], finer: int) -> Float[np.ndarray, "*f"]:
    return (f + finer / 2) % finer - finer / 2


def _dirichlet(f: Float[np.ndarray, "*f"], finer: int) -> Float[np.ndarray, "*f"]:
    return np.sinc(f) / np.sinc(f / finer)


def _check_finer(rows: int, columns: int, finer: int) -> None:
    if finer < 1 or rows % finer or columns % finer:
        raise InputError(
            f"`finer` must be a whole number that divides frames of {(rows, columns)}, "
            f"but is {finer}.",
            remedy="Give electrons on the recorded pixels with 1.",
        )


def _check_sensor(camera: Camera, recorded: tuple[int, int]) -> None:
    if camera.sensor_px is not None and max(recorded) * camera.binning.factor > camera.sensor_px:
        side = camera.sensor_px // camera.binning.factor
        raise InputError(
            f"`counts` must fit the sensor's {side} pixels a side, but are {recorded}.",
            remedy="Bin less, or take a smaller field.",
        )
