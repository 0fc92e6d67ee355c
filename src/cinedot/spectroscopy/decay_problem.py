"""What of a recorded decay is compared with exponentials: which channels, which response."""

import numpy as np
from jaxtyping import Float

from cinedot.core import Decay, InputError
from cinedot.spectroscopy.decay_fit import DecayProblem


def check_decay(decay: Decay, name: str) -> None:
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


def check_together(decay: Decay, irf: Decay) -> None:
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


def reconvolution(decay: Decay, irf: Decay) -> DecayProblem:
    """Compare the whole record with the response's convolution."""
    counts = irf.counts
    first, last = _recorded(counts)
    top = int(np.argmax(counts))
    # The dark level: the middle of what lies before the flash, where the tail cannot reach.
    before = counts[first : max(first + 1, top - max(10, (top - first) // 4))]
    dark = np.zeros_like(counts)
    dark[first:last] = float(np.mean(before)) if len(before) > 20 else 0.0
    response = np.zeros(len(decay.counts))
    offset = round((float(irf.time_ns[0]) - float(decay.time_ns[0])) / decay.channel_ns)
    places = np.arange(len(counts)) + offset
    inside = (places >= 0) & (places < len(response))
    response[places[inside]] = np.clip(counts - dark, 0.0, None)[inside]
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
        response_photons=float(counts.sum()),
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


def _half_rise(counts: Float[np.ndarray, " channel"], top: int) -> float:
    """Where the rise crosses half of the top, in channels: there a symmetric flash is centred."""
    below = np.flatnonzero(counts[:top] < 0.5 * counts[top])
    if not below.size:
        return float(top)
    k = int(below[-1])
    return k + float((0.5 * counts[top] - counts[k]) / (counts[k + 1] - counts[k]))
