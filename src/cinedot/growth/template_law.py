"""The template network as a law for fits: many parameter sets at once, with their derivatives.

Aggregates S release templates T at first order; templates become dots only where many are near:

    S' = -kd S,   T' = kd S - r,   Q' = r,   r = ka T (T/T*)^m/(1 + (T/T*)^m)

all as shares of Pb. S is known in closed form and Q = 1 - S - T, so that one equation is left. It
is solved by classical Runge-Kutta steps, short enough for the steepest of the sets, together with
the equations of its derivatives.
"""

import numpy as np
from jaxtyping import Float

from cinedot.growth.kinetic_laws import TEMPLATE_ORDER

_LEAST_STEPS = 80
"""Then the error is below 1e-5 where nothing is steep."""
_REACH = 1.25
"""The longest step times the steepest rate; Runge and Kutta's fourth order bears 2.78."""


def template_rise(
    time_min: Float[np.ndarray, " time"],
    *,
    release_per_min: float,
    threshold: float,
    attach_per_min: float,
    order: float = TEMPLATE_ORDER,
) -> Float[np.ndarray, " time"]:
    """The share of Pb in dots under the reduced template network.

    Args:
        time_min: since mixing, min; not negative.
        release_per_min: kd, per min.
        threshold: T*, as a share of all Pb.
        attach_per_min: ka, per min.
        order: m.

    Source: science.md 4.2.

    Example:
        >>> q = template_rise(np.array([115.0, 180.0, 600.0]), release_per_min=0.004,
        ...                   threshold=0.42, attach_per_min=0.03)
        >>> (q / q[-1]).round(3)
        array([0.051, 0.262, 1.   ])
    """
    span = float(np.max(time_min, initial=0.0)) or 1.0
    shape = np.array([[np.log(release_per_min * span), threshold, np.log(attach_per_min * span)]])
    return template_curves(shape, time_min / span, order=order)[0][0]


def template_curves(
    shape: Float[np.ndarray, "item 3"],
    time: Float[np.ndarray, " time"],
    *,
    order: float = TEMPLATE_ORDER,
) -> tuple[Float[np.ndarray, "item time"], Float[np.ndarray, "item 3 time"]]:
    """Shares of Pb in dots, and their derivatives by the parameters.

    Args:
        shape: of each set ln kd, T*, ln ka, with rates per unit of `time`.
        time: from 0 to 1, in units of the record's last time.
        order: m.

    Example:
        >>> shape, step = np.log([[2.4, np.exp(0.42), 18.0]]), np.array([[0.0, 1e-5, 0.0]])
        >>> at = np.array([0.3, 1.0])
        >>> (up, _), (down, _) = (template_curves(shape + s * step, at) for s in (1, -1))
        >>> slopes = template_curves(shape, at)[1][0, 1]
        >>> np.allclose(slopes, (up - down)[0] / 2e-5, rtol=1e-6)
        True
    """
    release, threshold, attach = np.exp(shape[:, 0]), shape[:, 1], np.exp(shape[:, 2])
    steepest = float(np.max(attach, initial=0.0)) * (order + 1.0) ** 2 / (4.0 * order)
    steps = max(_LEAST_STEPS, int(np.ceil(steepest / _REACH)))
    system = _Templates(release, threshold, attach, order)
    nodes = _integrated(system, steps, len(shape))
    value = _between(nodes, time, steps)
    left = np.exp(-release[:, None] * time)
    dots = 1.0 - left - value[:, 0]
    slopes = -value[:, 1:]
    slopes[:, 0] += release[:, None] * time * left
    return dots, slopes


class _Templates:
    """T' and the derivatives of T by (ln kd, T*, ln ka), of many sets."""

    def __init__(
        self,
        release: Float[np.ndarray, " item"],
        threshold: Float[np.ndarray, " item"],
        attach: Float[np.ndarray, " item"],
        order: float,
    ) -> None:
        self._release, self._threshold = release, threshold
        self._attach, self._order = attach, order

    def sources(self, steps: int) -> Float[np.ndarray, "place 2 item"]:
        """What S releases, and its derivative by ln kd, at each half step from 0 to 1."""
        time = np.linspace(0.0, 1.0, 2 * steps + 1)[:, None]
        source = self._release * np.exp(-self._release * time)
        return np.stack([source, source * (1.0 - self._release * time)], axis=1)

    def __call__(
        self, source: Float[np.ndarray, "2 item"], state: Float[np.ndarray, "4 item"]
    ) -> np.ndarray:
        there = np.maximum(state[0], 0.0)
        steep = self._power(there / self._threshold)
        share = steep / (1.0 + steep)
        turned = self._attach * share
        gained = self._order * (1.0 - share)
        gone = turned * there
        change = state * (-turned * (1.0 + gained))
        np.subtract(source[0], gone, out=change[0])
        change[1] += source[1]
        change[2] += gone * gained / self._threshold
        change[3] -= gone
        return change

    def _power(self, ratio: Float[np.ndarray, " item"]) -> Float[np.ndarray, " item"]:
        ratio = np.minimum(ratio, 1e12)
        if self._order == 8.0:  # three products instead of a logarithm and an exponential
            squared = ratio * ratio
            squared = squared * squared
            return squared * squared
        return ratio**self._order


def _integrated(system: _Templates, steps: int, items: int) -> np.ndarray:
    """(state, change) at each node from 0 to 1: [node, 2, 4, item]."""
    state = np.zeros((4, items))
    nodes = np.empty((steps + 1, 2, 4, items))
    sources, h = system.sources(steps), 1.0 / steps
    for k in range(steps + 1):
        first = system(sources[2 * k], state)
        nodes[k, 0], nodes[k, 1] = state, first
        if k == steps:
            break
        middle = sources[2 * k + 1]
        second = system(middle, state + 0.5 * h * first)
        third = system(middle, state + 0.5 * h * second)
        fourth = system(sources[2 * k + 2], state + h * third)
        state = state + h / 6.0 * (first + 2.0 * (second + third) + fourth)
    return nodes


def _between(
    nodes: np.ndarray, time: Float[np.ndarray, " time"], steps: int
) -> Float[np.ndarray, "item 4 time"]:
    """Hermite's cubic between nodes: as exact as the steps."""
    place = np.clip(time, 0.0, 1.0) * steps
    index = np.minimum(place.astype(np.int64), steps - 1)
    x = (place - index)[:, None, None]
    (y0, d0), (y1, d1) = ((nodes[at, 0], nodes[at, 1] / steps) for at in (index, index + 1))
    bend = 3.0 * (y1 - y0) - 2.0 * d0 - d1
    twist = d0 + d1 - 2.0 * (y1 - y0)
    found = y0 + x * (d0 + x * (bend + x * twist))
    return np.ascontiguousarray(found.transpose(2, 1, 0))
