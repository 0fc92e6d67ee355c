"""The law of a stretched exponential, exp(-(t/tau)^beta): a spread of lifetimes in one curve."""

import math

import numpy as np
from jaxtyping import Float

from cinedot.spectroscopy.decay_law import moved

_SMOOTH_FROM = 4.0
"""Channels after the flash from which the law is smooth enough for eight points a channel."""
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(4)


def stretched_counts(
    response: Float[np.ndarray, " channel"],
    *,
    channel_ns: float,
    lifetime_ns: float,
    exponent: float,
    photons: float,
    background: float = 0.0,
    shift_ns: float = 0.0,
) -> Float[np.ndarray, " channel"]:
    """Expected counts a channel of A exp(-(t/tau)^beta) after a response.

    The response is taken as straight between its channels, as in `decay_model`, and the
    convolution is exact but for rounding. With an exponent of 1 it is one exponential.

    Args:
        response: the instrument's response [channel], any scale, its background subtracted.
        channel_ns: width of a channel, ns.
        lifetime_ns: tau, ns, positive.
        exponent: beta, above 0, at most 1.
        photons: all of the decay's, also those after the record's end.
        background: counts in each channel.
        shift_ns: how much later than the response the light starts, ns.

    Raises:
        ValueError: a lifetime or a channel that is not positive, an exponent outside, a response of
            nothing.

    Source: R. Kohlrausch, Ann. Phys. 167 (1854) 56; G. Williams, D. Watts, Trans. Faraday Soc. 66
        (1970) 80.

    Example:
        >>> flash = np.zeros(4000)
        >>> flash[100] = 1.0
        >>> counts = stretched_counts(flash, channel_ns=0.05, lifetime_ns=4.0, exponent=0.7,
        ...     photons=1000.0)
        >>> round(float(counts.sum())), round(float(np.log(counts[260] / counts[180])), 2)
        (1000, -0.62)
    """
    total = float(np.sum(response))
    if channel_ns <= 0 or total <= 0 or lifetime_ns <= 0 or not 0 < exponent <= 1:
        raise ValueError(
            "`channel_ns`, `lifetime_ns` and the response's sum must be positive and `exponent` "
            f"0 to 1, but are {channel_ns:g}, {lifetime_ns:g}, {total:g} and {exponent:g}."
        )
    seen = seen_stretched(
        response / total, lifetime_ns / channel_ns, exponent, shift_ns / channel_ns
    )
    return background + photons * seen


def mean_lifetime(lifetime: float, exponent: float) -> float:
    """The amplitude-weighted mean of the lifetimes: tau Gamma(1/beta)/beta, in tau's unit.

    Example:
        >>> mean_lifetime(9.0, 1.0), round(mean_lifetime(9.0, 0.5), 9)
        (9.0, 18.0)
    """
    return lifetime * math.gamma(1 / exponent) / exponent


def heavy_lifetime(lifetime: float, exponent: float) -> float:
    """The intensity-weighted mean: tau Gamma(2/beta)/Gamma(1/beta), in tau's unit."""
    return lifetime * math.gamma(2 / exponent) / math.gamma(1 / exponent)


def lifetime_spread(lifetime: float, exponent: float) -> float:
    """Standard deviation of the lifetimes, weighted by amplitude, in tau's unit.

    The spread rho(tau') that adds up to the law has the moments
    integral rho tau'^n = tau^n Gamma(n/beta)/(beta Gamma(n)).

    Source: C. Lindsey, G. Patterson, J. Chem. Phys. 73 (1980) 3348.

    Example:
        >>> lifetime_spread(9.0, 1.0), round(lifetime_spread(1.0, 0.5), 6)
        (0.0, 2.828427)
    """
    mean = mean_lifetime(lifetime, exponent)
    square = lifetime**2 * math.gamma(2 / exponent) / exponent
    return math.sqrt(max(square - mean**2, 0.0))


def light_within(wait: float, lifetime: float, exponent: float) -> float:
    """Share of the light that comes within a time of the flash, both in one unit."""
    from scipy.special import gammainc

    return float(gammainc(1 / exponent, (wait / lifetime) ** exponent))


def seen_stretched(
    response: Float[np.ndarray, " channel"], lifetime: float, exponent: float, shift: float
) -> Float[np.ndarray, " channel"]:
    """exp(-(t/tau)^beta), of area 1, convolved with a response of straight pieces; in channels.

    Args:
        response: of sum 1.
        lifetime: tau in channels.
        exponent: beta.
        shift: in channels, of either sign.
    """
    from scipy.signal import fftconvolve

    whole = math.floor(shift)
    lags = np.arange(len(response), dtype=np.float64) - (shift - whole)
    hats = _hats_seen(lags, lifetime, exponent)
    return np.clip(fftconvolve(moved(response, whole), hats)[: len(response)], 0.0, None)


def _hats_seen(
    lags: Float[np.ndarray, " channel"], lifetime: float, exponent: float
) -> Float[np.ndarray, " channel"]:
    """A hat of area 1 about 0 against the law of area 1, seen at each lag from -1 on."""
    seen = np.empty_like(lags)
    early = lags < _SMOOTH_FROM
    seen[early] = [
        _ramp(lag + 1, lifetime, exponent)
        - 2 * _ramp(lag, lifetime, exponent)
        + _ramp(lag - 1, lifetime, exponent)
        for lag in lags[early].tolist()
    ]
    # The hat's two sides, at Gauss's points of [0, 1].
    places, weights = 0.5 + 0.5 * _POINTS, 0.5 * _WEIGHTS * (0.5 - 0.5 * _POINTS)
    late = np.zeros(int(np.count_nonzero(~early)))
    for place, weight in zip(places.tolist(), weights.tolist(), strict=True):
        for side in (place, -place):
            late += weight * np.exp(-(((lags[~early] + side) / lifetime) ** exponent))
    seen[~early] = late
    return seen / mean_lifetime(lifetime, exponent)


def _ramp(time: float, lifetime: float, exponent: float) -> float:
    """A ramp from 0 seen through exp(-(t/tau)^beta): the law integrated twice."""
    from scipy.special import gamma, gammainc

    if time <= 0:
        return 0.0
    power = (time / lifetime) ** exponent
    once = lifetime / exponent * gamma(1 / exponent) * gammainc(1 / exponent, power)
    moment = lifetime**2 / exponent * gamma(2 / exponent) * gammainc(2 / exponent, power)
    return float(time * once - moment)
