"""What of a recorded decay is compared with exponentials: which channels, which response."""

import numpy as np
from jaxtyping import Float

from cinedot.core import Decay, InputError
from cinedot.spectroscopy.decay_fit import ExponentialFit
from cinedot.spectroscopy.decay_likelihood import DecayProblem
from cinedot.spectroscopy.stretched_fit import StretchedFit

_WAIT_SHARE = 0.4
"""A tail waits twice the rise past the top, which lies half a rise past the half rise."""

_WITHIN, _APART = 1.5, 4.0
"""Sigmas above the dark: of a block that goes on with the flash, and of one apart from it.

A reflection stands apart; chance lifts one of fifty blocks so high in one of 500 records.
"""


def check_records(decay: Decay, irf: Decay | None) -> None:
    """Refuse a decay and its response that `fit_decay` cannot use, before any work.

    Args:
        decay: photon counts.
        irf: the instrument's response, if there is one.

    Raises:
        InputError: fewer than 5 counts, negative ones, or nothing but 0; a response longer than
            the decay, or of another width of channel.

    Example:
        >>> decay = Decay(time_ns=0.1 * np.arange(9), counts=9.0 - np.arange(9), label="PL")
        >>> check_records(decay, None)
    """
    _check_counts(decay, "decay")
    if irf is not None:
        _check_counts(irf, "instrument response")
        _check_together(decay, irf)


def _check_counts(decay: Decay, name: str) -> None:
    """Refuse counts that no detector gives, or none at all."""
    counts = decay.counts
    if len(counts) < 5 or not np.isfinite(counts).all() or (counts < 0).any():
        raise InputError(
            f"the {name} {decay.label!r} must hold 5 counts or more, none negative.",
            remedy="Export the raw counts, without background subtracted.",
        )
    if counts.sum() == 0:
        raise InputError(
            f"the {name} {decay.label!r} must hold photons, but every count is 0.",
            remedy="Name the column of counts in `columns`.",
        )


def _check_together(decay: Decay, irf: Decay) -> None:
    """Refuse a response that was not recorded with the decay's settings."""
    if len(irf.counts) > len(decay.counts):
        raise InputError(
            "the instrument response must not be longer than the decay, "
            f"but has {len(irf.counts)} channels against {len(decay.counts)}.",
            remedy="Record both with the same settings.",
            place="irf",
        )
    if abs(irf.channel_ns / decay.channel_ns - 1) > 1e-3:
        raise InputError(
            f"the instrument response must have the decay's channels of {decay.channel_ns:g} ns, "
            f"but has {irf.channel_ns:g} ns.",
            remedy="Record both with the same settings.",
            place="irf",
        )


def _recorded(counts: Float[np.ndarray, " channel"]) -> tuple[int, int]:
    """The channels that were open: runs of 0 at either end that chance does not explain are not.

    Electronics leave such runs; with as many counts as the next 50 channels hold, a run this
    long would come up less than once in a million.
    """
    filled = np.flatnonzero(counts)
    first, last = int(filled[0]), int(filled[-1]) + 1
    if first * float(np.mean(counts[first : first + 50])) < 14.0:
        first = 0
    if (len(counts) - last) * float(np.mean(counts[max(last - 50, 0) : last])) < 14.0:
        last = len(counts)
    return first, last


def _light(counts: Float[np.ndarray, " channel"]) -> Float[np.ndarray, " channel"]:
    """A response's counts without its dark ones, 0 wherever none rise above the dark.

    The record is cut into blocks, a quarter as wide as they are far from the maximum, and a block
    no brighter than the dark ends the flash on its side: setting negative channels to 0 instead
    would leave a pedestal of the dark's noise. A bright block with a channel below the dark holds
    its mean throughout, so that none is negative and no light is gained.
    """
    first, last = _recorded(counts)
    top = int(np.argmax(counts))
    # The dark level: what lies well before the flash, where its tail cannot reach; else the end.
    dark = counts[first : max(first + 1, top - max(10, (top - first) // 4))]
    if len(dark) <= 20:
        dark = counts[min(last - (last - first) // 10, last - 1) : last]
    level, variance = float(np.mean(dark)), (float(np.sum(dark)) + 1.0) / len(dark) ** 2
    light = np.zeros(len(counts))
    for side in _blocks(top, first, last):
        within = True
        for start, stop in side:
            width = stop - start
            net = counts[start:stop] - level
            score = float(np.sum(net)) / float(np.sqrt(level * width + variance * width**2))
            within = within and score > _WITHIN
            if within or score > _APART:
                light[start:stop] = net if (net >= 0).all() else np.mean(net)
    return light


def _blocks(top: int, first: int, last: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Cuts from the top to the first and to the last channel, wider the farther from it."""
    before: list[tuple[int, int]] = []
    left = top
    while left > first:
        before.append((max(left - max(1, (top - left) // 4), first), left))
        left = before[-1][0]
    after: list[tuple[int, int]] = []
    right = top
    while right < last:
        after.append((right, min(right + max(1, (right - top) // 4), last)))
        right = after[-1][1]
    return before, after


def reconvolution(decay: Decay, irf: Decay) -> DecayProblem:
    """Compare the whole record with the response's convolution."""
    light = _light(irf.counts)
    response = np.zeros(len(decay.counts))
    offset = round((float(irf.time_ns[0]) - float(decay.time_ns[0])) / decay.channel_ns)
    places = np.arange(len(light)) + offset
    inside = (places >= 0) & (places < len(response))
    response[places[inside]] = light[inside]
    if response.sum() <= 0:
        raise InputError(
            "the instrument response must rise above its background within the decay's time, "
            "but does not.",
            remedy="Record both with the same settings.",
            place="irf",
        )
    width = float(np.count_nonzero(response > 0.5 * response.max()))
    return DecayProblem(
        counts=decay.counts,
        response=response / response.sum(),
        shifted=True,
        used=_recorded(decay.counts),
        shortest=max(0.5, 0.1 * width),
        response_photons=float(response.sum()),
    )


def tail(decay: Decay) -> DecayProblem:
    """Compare what lies twice the rise past the top with exponentials from the half rise on."""
    counts = decay.counts
    first, last = _recorded(counts)
    smooth = np.convolve(counts, np.full(5, 0.2), mode="same") if len(counts) > 50 else counts
    top = int(np.argmax(smooth))
    low = np.flatnonzero(smooth[first : top + 1] < 0.1 * smooth[top])
    foot = first + int(low[-1]) + 1 if low.size else first
    start = min(top + 2 * max(top - foot, 1), last - 5)
    zero = _half_rise(smooth, top)
    response = np.zeros(len(counts))
    response[int(zero)] = 1 - zero % 1
    response[min(int(zero) + 1, len(counts) - 1)] += zero % 1
    return DecayProblem(
        counts=counts,
        response=response,
        shifted=False,
        used=(start, last),
        # What is gone before the fit begins would be extrapolated from nothing.
        shortest=max(1.0, 0.5 * (start - zero)),
    )


def hidden_wait(fit: ExponentialFit | StretchedFit) -> float | None:
    """Channels from the half rise to a tail's start, if a faster lifetime may be hidden there.

    Each amplitude is extrapolated over this wait. Where the tail shows several lifetimes there may
    be more: the wait must not exceed half of the shortest that it could hide, taken as half of the
    shortest shown; of a stretched law's amplitude little may be over. And the light recorded during
    the wait must not exceed the extrapolated by more than the half rise may err, a tenth of the
    rise, and chance: such light has died before the start. None where nothing speaks for a hidden
    lifetime, or a response is known.
    """
    if fit.problem.shifted:
        return None
    response = fit.problem.response
    start = fit.problem.used[0]
    wait = start - float(response @ np.arange(len(response)))
    if fit.hides(wait):
        return wait
    rate, extrapolated = fit.amplitude, fit.light_within(wait)
    found = float(fit.problem.counts[:start].sum()) - start * fit.background
    rise = _WAIT_SHARE * wait
    chance = 5.0 * float(np.sqrt(max(found, 0.0) + start * fit.background + rate))
    return wait if found - extrapolated > 0.1 * rise * rate + chance else None


def _half_rise(counts: Float[np.ndarray, " channel"], top: int) -> float:
    """Where the rise crosses half of the top, in channels: there a symmetric flash is centred."""
    below = np.flatnonzero(counts[:top] < 0.5 * counts[top])
    if not below.size:
        return float(top)
    k = int(below[-1])
    return k + float((0.5 * counts[top] - counts[k]) / (counts[k + 1] - counts[k]))
