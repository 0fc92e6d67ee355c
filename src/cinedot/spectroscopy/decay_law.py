"""The law of a time-correlated decay: exponentials seen through the instrument's response."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from cinedot.core import Decay


def decay_model(
    response: Float[np.ndarray, " channel"],
    *,
    channel_ns: float,
    lifetimes_ns: Sequence[float],
    photons: Sequence[float],
    background: float = 0.0,
    shift_ns: float = 0.0,
) -> Float[np.ndarray, " channel"]:
    """Expected counts a channel: sum of photons_i exp(-t/tau_i)/tau_i after a response.

    The recorded response already is the true one averaged over a channel; between its channels
    it is taken as straight, and the convolution with each exponential is then exact, for shifts
    of any part of a channel. Nothing wraps round: light before the record is not in it.

    Args:
        response: the instrument's response [channel], any scale, its background subtracted.
        channel_ns: width of a channel, ns.
        lifetimes_ns: tau_i, ns, positive.
        photons: all photons of each component, also those after the record's end.
        background: counts in each channel.
        shift_ns: how much later than the response the light starts, ns.

    Raises:
        ValueError: a lifetime or a channel that is not positive; a response of nothing.

    Example:
        >>> response = np.zeros(1000)
        >>> response[100] = 1.0
        >>> counts = decay_model(response, channel_ns=0.05, lifetimes_ns=[4.0], photons=[1000.0])
        >>> round(float(counts.sum())), round(float(counts[200] / counts[280]), 4)
        (1000, 2.7183)
    """
    total = float(np.sum(response))
    if channel_ns <= 0 or total <= 0 or min(lifetimes_ns) <= 0:
        raise ValueError(
            "`channel_ns`, `lifetimes_ns` and the response's sum must be positive, but are "
            f"{channel_ns:g}, {list(lifetimes_ns)} and {total:g}."
        )
    expected = np.full(len(response), float(background))
    for lifetime, number in zip(lifetimes_ns, photons, strict=True):
        expected += number * seen_exponential(
            response / total, lifetime / channel_ns, shift_ns / channel_ns
        )
    return expected


def seen_exponential(
    response: Float[np.ndarray, " channel"], lifetime: float, shift: float
) -> Float[np.ndarray, " channel"]:
    """exp(-t/tau)/tau convolved with a response of straight pieces; all in channels.

    A hat of one channel convolved with the exponential is a geometric series from the second
    channel on, so that the convolution is a recursive filter of order one.

    Args:
        response: of sum 1.
        lifetime: tau in channels.
        shift: in channels, of either sign.
    """
    from scipy.signal import lfilter

    whole = math.floor(shift)
    start = _hats_seen(whole - shift, lifetime)
    ratio = math.exp(-1.0 / lifetime)
    numerator = [start[0], start[1] - ratio * start[0], start[2] - ratio * start[1]]
    filtered = lfilter(numerator, [1.0, -ratio], moved(response, whole))
    return np.asarray(filtered, dtype=np.float64)


def shifted_response(
    response: Float[np.ndarray, " channel"], shift: float
) -> Float[np.ndarray, " channel"]:
    """A response some channels later, straight between its channels."""
    whole = math.floor(shift)
    part = shift - whole
    return (1 - part) * moved(response, whole) + part * moved(response, whole + 1)


def moved(response: Float[np.ndarray, " channel"], whole: int) -> Float[np.ndarray, " channel"]:
    """A response some whole channels later; what leaves the record is lost."""
    moved = np.zeros_like(response)
    count = len(response)
    if 0 <= whole < count:
        moved[whole:] = response[: count - whole]
    elif -count < whole < 0:
        moved[:whole] = response[-whole:]
    return moved


def _hats_seen(lag: float, lifetime: float) -> tuple[float, float, float]:
    """A hat of area 1 about 0 against exp(-t/tau)/tau, seen at lag, lag + 1, lag + 2.

    The hat is the second difference of a ramp, and a ramp from 0 is seen as
    t - tau (1 - exp(-t/tau)).
    """
    times = (lag - 1, lag, lag + 1, lag + 2, lag + 3)
    ramp = [t + lifetime * math.expm1(-t / lifetime) if t > 0 else 0.0 for t in times]
    first, second, third = (ramp[k] - 2 * ramp[k + 1] + ramp[k + 2] for k in range(3))
    return first, second, third


def gaussian_response(
    time_ns: Float[np.ndarray, " channel"], *, centre_ns: float, fwhm_ns: float
) -> Float[np.ndarray, " channel"]:
    """A Gaussian instrument response integrated over each channel, of sum 1 if it lies inside.

    Args:
        time_ns: start of each channel, ns, in equal steps.
        centre_ns, fwhm_ns: of the response, ns.

    Example:
        >>> time_ns = 0.05 * np.arange(400)
        >>> float(gaussian_response(time_ns, centre_ns=5.0, fwhm_ns=0.3).sum())
        1.0
    """
    from scipy.special import ndtr

    from cinedot.core.constants import FWHM_PER_SIGMA

    width = float(time_ns[1] - time_ns[0])
    edges = np.append(time_ns, time_ns[-1] + width)
    return np.diff(ndtr((edges - centre_ns) * FWHM_PER_SIGMA / fwhm_ns))


def decay_counts(
    time_ns: Float[np.ndarray, " channel"],
    *,
    lifetimes_ns: Sequence[float],
    amplitudes: Sequence[float],
    total: float,
    background: float = 0.0,
    response: Float[np.ndarray, " channel"] | None = None,
    start_ns: float = 0.0,
) -> Float[np.ndarray, " channel"]:
    """Expected counts of a decay a laboratory records: sum of a_i exp(-t/tau_i), scaled.

    Args:
        time_ns: start of each channel, ns, in equal steps.
        lifetimes_ns: tau_i, ns.
        amplitudes: a_i at the pulse, any scale; the amplitude-weighted lifetime is
            sum a_i tau_i / sum a_i.
        total: photons of the decay, those after the record's end included.
        background: counts in each channel.
        response: the instrument's [channel]; by default a flash within the channel of start_ns.
        start_ns: when the pulse comes, without a response, ns.

    Example:
        >>> time_ns = 0.1 * np.arange(1000)
        >>> counts = decay_counts(time_ns, lifetimes_ns=[9.0], amplitudes=[1], total=1e5)
        >>> round(float(counts[100] / counts[190]), 4)
        2.7183
    """
    width = float(time_ns[1] - time_ns[0])
    areas = np.asarray(amplitudes, dtype=np.float64) * np.asarray(lifetimes_ns, dtype=np.float64)
    seen = response
    if seen is None:
        seen = np.zeros(len(time_ns))
        seen[int(np.clip(round((start_ns - float(time_ns[0])) / width), 0, len(seen) - 1))] = 1.0
    return decay_model(
        seen,
        channel_ns=width,
        lifetimes_ns=[float(lifetime) for lifetime in lifetimes_ns],
        photons=[float(share) for share in total * areas / areas.sum()],
        background=background,
    )


def sample_decay(
    expected: Float[np.ndarray, " channel"],
    time_ns: Float[np.ndarray, " channel"],
    *,
    seed: int | np.random.Generator,
    label: str = "simulated",
) -> Decay:
    """One recording of a decay: Poisson counts about their expectation.

    Args:
        expected: counts a channel.
        time_ns: start of each channel, ns.
        seed: of the chance.
        label: the record's name.

    Example:
        >>> decay = sample_decay(np.full(5, 100.0), np.arange(5.0), seed=1)
        >>> decay.channel_ns, bool((decay.counts >= 0).all())
        (1.0, True)
    """
    drawn: Int[np.ndarray, " channel"] = np.random.default_rng(seed).poisson(expected)
    return Decay(time_ns=time_ns, counts=drawn.astype(np.float64), label=label)
