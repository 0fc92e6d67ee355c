"""The induction time by several laws at once: a confidence, weighed by their evidence."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from cinedot.core import Estimate
from cinedot.growth.kinetic_record import KineticRecord
from cinedot.growth.rise_fit import RiseFit

_Z95 = 1.959963984540054
_FAR = 5.0
"""So many sigmas to each side inductions are asked for at first."""
_JUMP, _HALVINGS = 0.3, 6
"""Times between which the confidence changes by more are halved so often at most: a profile that is
no parabola rises at one place. Of a parabola's, which are half a sigma apart, none is."""
_PLACES = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0])


def weighed_induction(
    record: KineticRecord, laws: Sequence[RiseFit], weights: Float[np.ndarray, " law"]
) -> tuple[Estimate, float | None, float | None]:
    """The induction of all laws together, and the ends of its 95 % interval, min.

    The confidence that it is below some time is the weighted sum of what the profile of each law
    gives; the median is the estimate. An upper limit where the light rises before the second
    time; an end is None where the record does not bound it.

    Args:
        record: what was fitted.
        laws: in it.
        weights: of their evidence, 1 together.

    Source: D. Fletcher, D. Turek, J. Agric. Biol. Environ. Stat. 17 (2012) 38.
    """
    span = record.span_min
    low, middle, high = (None if one is None else one * span for one in _quantiles(laws, weights))
    first = float(record.time_min[record.time_min > 0][0])
    text = f"5 % of the level at {span:g} min, {_listed(laws, weights)}"
    if middle is None or middle < first:
        bound = max(first, high or 0.0)
        limit = Estimate(
            value=bound,
            sigma=None,
            unit="min",
            method=f"upper limit, 97.5 %: the light rises before the second time; {text}",
            status="upper_limit",
        )
        return limit, None, bound
    wide = [abs(end - middle) for end in (low, high) if end is not None]
    sigma = float(np.mean(wide)) / _Z95 if wide else None
    said = f"{'0' if low is None else f'{low:.4g}'} to {f'{high:.4g}' if high else 'the end'} min"
    estimate = Estimate(
        value=middle,
        sigma=sigma,
        unit="min",
        method=f"{text}; 95 % interval {said}",
        status="ok" if sigma is not None else "undetermined",
    )
    return estimate, low, high


def _listed(laws: Sequence[RiseFit], weights: Float[np.ndarray, " law"]) -> str:
    told = [f"{law.name} {w:.2f}" for law, w in zip(laws, weights, strict=True) if w >= 0.05]
    if len(told) == 1:
        return told[0].rpartition(" ")[0]
    return f"laws weighed by AICc ({', '.join(told)})"


def _quantiles(
    laws: Sequence[RiseFit], weights: Float[np.ndarray, " law"]
) -> tuple[float | None, float | None, float | None]:
    """Where the averaged confidence is 2.5, 50 and 97.5 %, as shares of the record."""
    curves: list[tuple[np.ndarray, np.ndarray]] = []
    for law in laws:
        curves.append(_confidence(law))
    ends = [c[0][0] for c in curves], [c[0][-1] for c in curves]
    grid = np.unique(np.concatenate([c[0] for c in curves]))
    grid = np.unique(np.concatenate([grid, np.linspace(min(ends[0]), max(ends[1]), 400)]))
    together = sum(
        w * np.interp(grid, times, share, left=float(share[0]), right=float(share[-1]))
        for w, (times, share) in zip(weights, curves, strict=True)
    )
    together = np.maximum.accumulate(np.asarray(together))
    found: list[float | None] = []
    for level in (0.025, 0.5, 0.975):
        inside = together[0] <= level <= together[-1]
        found.append(float(np.interp(level, together, grid)) if inside else None)
    return found[0], found[1], found[2]


def _confidence(law: RiseFit) -> tuple[Float[np.ndarray, " place"], Float[np.ndarray, " place"]]:
    """Times and the confidence that the induction is below them, until nothing is left to tell."""
    spread = law.profile.spread * float(np.sqrt(law.scatter))
    spread = float(np.clip(spread, 1e-5, 0.3))
    best = law.profile.best
    reach_low = reach_high = _FAR * spread
    asked, share = _asked(law, reach_low, reach_high)
    for _ in range(3):
        short_low = share[0] > 0.002 and asked[0] > 2e-6
        short_high = share[-1] < 0.998 and asked[-1] < 1.0 - 2e-6
        if not (short_low or short_high):
            break
        reach_low *= 3.0 if short_low else 1.0
        reach_high *= 3.0 if short_high else 1.0
        asked, share = _asked(law, reach_low, reach_high)
    times = np.append(asked, best)
    order = np.argsort(times)
    times, share = _between(law, times[order], np.append(share, 0.5)[order])
    return times, np.maximum.accumulate(share)


def _between(
    law: RiseFit, asked: Float[np.ndarray, " place"], share: Float[np.ndarray, " place"]
) -> tuple[Float[np.ndarray, " more"], Float[np.ndarray, " more"]]:
    """The same, asked more closely where the confidence jumps from one time to the next."""
    for _ in range(_HALVINGS):
        jumps = np.abs(np.diff(share)) > _JUMP
        wide = jumps & (np.diff(asked) > 1e-3)
        if not wide.any():
            break
        middles = (asked[:-1] + asked[1:])[wide] / 2
        asked = np.append(asked, middles)
        share = np.append(share, law.below(middles))
        order = np.argsort(asked)
        asked, share = asked[order], share[order]
    return asked, share


def _asked(
    law: RiseFit, low: float, high: float
) -> tuple[Float[np.ndarray, " place"], Float[np.ndarray, " place"]]:
    """The confidence at times that reach so far to each side of the best."""
    times = law.profile.best + np.concatenate([-low * _PLACES[::-1], high * _PLACES])
    times = np.unique(np.clip(times, 1e-6, 1.0 - 1e-6))
    return times, law.below(times)
