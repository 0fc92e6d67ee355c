"""The laws of `kinetic_laws` as fits see them: on a time from 0 to 1, many at once, with slopes.

A family's shape is chosen so that a unit step in it is about as far as a linearised law reaches.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float

from cinedot.growth.template_law import template_curves

Parameter = tuple[str, float, str]
"""Name, value and unit of a law's own parameter."""


@dataclass(frozen=True)
class RiseFamily(ABC):
    """A law of rise with free shape; amplitude and ground are not its business.

    Attributes:
        name: as a reader knows it.
    """

    name: str

    @property
    @abstractmethod
    def axes(self) -> tuple[tuple[float, float, float, int], ...]:
        """Of each parameter of the shape: least, most, length of a step, places to start from."""

    @abstractmethod
    def curves(
        self, shape: Float[np.ndarray, "item shape"], time: Float[np.ndarray, " time"]
    ) -> tuple[Float[np.ndarray, "item time"], Float[np.ndarray, "item shape time"]]:
        """The rise at times from 0 to 1, and its derivatives by the shape."""

    @abstractmethod
    def parameters(
        self, shape: Float[np.ndarray, " shape"], span_min: float
    ) -> tuple[Parameter, ...]:
        """The law's own parameters, for a record as long as `span_min`."""

    def tangent(self, shape: Float[np.ndarray, " shape"]) -> float:
        """Where the steepest tangent meets zero, as a share of the record; by the curve itself."""
        time = np.linspace(0.0, 1.0, 2001)
        rise = self.curves(shape[None], time)[0][0]
        slope = np.gradient(rise, time)
        steepest = int(np.argmax(slope))
        return float(time[steepest] - rise[steepest] / max(float(slope[steepest]), 1e-12))

    @property
    def count(self) -> int:
        """How many parameters the shape has."""
        return len(self.axes)

    @property
    def low(self) -> Float[np.ndarray, " shape"]:
        """Least values."""
        return np.array([axis[0] for axis in self.axes])

    @property
    def high(self) -> Float[np.ndarray, " shape"]:
        """Greatest values."""
        return np.array([axis[1] for axis in self.axes])

    @property
    def lengths(self) -> Float[np.ndarray, " shape"]:
        """How far a step may go."""
        return np.array([axis[2] for axis in self.axes])

    @property
    def lattice(self) -> Float[np.ndarray, "place shape"]:
        """Shapes to begin with."""
        inner = [np.linspace(low, high, places + 2)[1:-1] for low, high, _, places in self.axes]
        return np.array(list(product(*inner)))


_RATE = (float(np.log(0.2)), float(np.log(1000.0)), 1.0, 9)
_PLACE = (-0.6, 1.5, 0.15, 16)
_DELAY = (0.0, 0.97, 0.15, 16)


class _Sigmoid(RiseFamily):
    """A rise about one inflection. Shape: ln of its rate, then the inflection's place."""

    @property
    def axes(self) -> tuple[tuple[float, float, float, int], ...]:
        """See `RiseFamily`."""
        return (_RATE, _PLACE)

    def tangent(self, shape: Float[np.ndarray, " shape"]) -> float:
        """Where the inflection's tangent meets the lower asymptote: two rates' times before it."""
        return float(shape[1] - 2.0 * np.exp(-shape[0]))


@dataclass(frozen=True)
class FinkeWatzky(_Sigmoid):
    """Shape: ln (k1 + k2), and ln(k2/k1)/(k1 + k2), the place of its inflection."""

    name: str = "Finke-Watzky"

    def curves(
        self, shape: Float[np.ndarray, "item shape"], time: Float[np.ndarray, " time"]
    ) -> tuple[Float[np.ndarray, "item time"], Float[np.ndarray, "item shape time"]]:
        """See `RiseFamily`."""
        from scipy.special import expit

        rate, place = np.exp(shape[:, :1]), shape[:, 1:2]
        # The odds of the rise are exp(K (t - tau)) (1 - exp(-K t))/(1 + exp(-K tau)).
        grown = -np.expm1(-rate * time)
        odds = rate * (time - place) + np.log(np.maximum(grown, 1e-300))
        rise = expit(odds - np.logaddexp(0.0, -rate * place))
        turn = rise * (1.0 - rise)
        fall = expit(-rate * place)
        fed = time * np.exp(-rate * time) / np.maximum(grown, 1e-300)
        by_rate = turn * rate * (time - place + np.where(time > 0, fed, 1 / rate) + place * fall)
        by_place = -turn * rate * (1.0 - fall)
        return rise, np.stack([by_rate, by_place], axis=1)

    def parameters(
        self, shape: Float[np.ndarray, " shape"], span_min: float
    ) -> tuple[Parameter, ...]:
        """See `RiseFamily`."""
        k1, k2 = self._rates(shape)
        return ("k1", k1 / span_min, "per min"), ("k2", k2 / span_min, "per min")

    @staticmethod
    def _rates(shape: Float[np.ndarray, " shape"]) -> tuple[float, float]:
        both = float(np.exp(shape[0]))
        first = both * float(np.exp(-np.logaddexp(0.0, both * shape[1])))
        return first, both - first


@dataclass(frozen=True)
class Logistic(_Sigmoid):
    """Shape: ln k, t50."""

    name: str = "logistic"

    def curves(
        self, shape: Float[np.ndarray, "item shape"], time: Float[np.ndarray, " time"]
    ) -> tuple[Float[np.ndarray, "item time"], Float[np.ndarray, "item shape time"]]:
        """See `RiseFamily`."""
        from scipy.special import expit

        rate, place = np.exp(shape[:, :1]), shape[:, 1:2]
        rise = expit(rate * (time - place))
        turn = rise * (1.0 - rise) * rate
        return rise, np.stack([turn * (time - place), -turn], axis=1)

    def parameters(
        self, shape: Float[np.ndarray, " shape"], span_min: float
    ) -> tuple[Parameter, ...]:
        """See `RiseFamily`."""
        rate = float(np.exp(shape[0])) / span_min
        return ("rate", rate, "per min"), ("half_rise", float(shape[1]) * span_min, "min")


@dataclass(frozen=True)
class Jmak(RiseFamily):
    """Shape: ln k, then t0 where it is free, then ln p where it is.

    Attributes:
        delayed: whether t0 is free; 0 otherwise.
        ordered: whether p is free, from 1 to 4; 1 otherwise.
    """

    name: str = "JMAK"
    delayed: bool = False
    ordered: bool = True

    @property
    def axes(self) -> tuple[tuple[float, float, float, int], ...]:
        """See `RiseFamily`."""
        delay = (_DELAY,) if self.delayed else ()
        order = ((0.0, float(np.log(4.0)), 0.3, 6),) if self.ordered else ()
        return (_RATE, *delay, *order)

    def curves(
        self, shape: Float[np.ndarray, "item shape"], time: Float[np.ndarray, " time"]
    ) -> tuple[Float[np.ndarray, "item time"], Float[np.ndarray, "item shape time"]]:
        """See `RiseFamily`."""
        rate, delay, order = self._parts(shape)
        since = np.clip(time - delay, 0.0, None)
        turned = rate * since
        power = np.minimum(turned**order, 700.0)
        left = np.exp(-power)
        gone = power > 0
        by_log = left * power * order
        slopes = [by_log]
        if self.delayed:
            slopes.append(np.where(gone, -by_log / np.where(gone, since, 1.0), 0.0))
        if self.ordered:
            slopes.append(by_log * np.log(np.where(gone, turned, 1.0)))
        return 1.0 - left, np.stack(slopes, axis=1)

    def parameters(
        self, shape: Float[np.ndarray, " shape"], span_min: float
    ) -> tuple[Parameter, ...]:
        """See `RiseFamily`."""
        rate, delay, order = (float(one[0, 0]) for one in self._parts(shape[None]))
        found: list[Parameter] = [("rate", rate / span_min, "per min")]
        if self.delayed:
            found.append(("delay", delay * span_min, "min"))
        if self.ordered:
            found.append(("order", order, ""))
        return tuple(found)

    def tangent(self, shape: Float[np.ndarray, " shape"]) -> float:
        """Of the inflection, at (k (t - t0))^p = 1 - 1/p; t0 for p = 1."""
        rate, delay, order = (float(one[0, 0]) for one in self._parts(shape[None]))
        bend = 1.0 - 1.0 / order
        if bend <= 1e-9:
            return delay
        since = bend ** (1.0 / order) / rate
        return delay + since - np.expm1(bend) * since / (order * bend)

    def _parts(self, shape: Float[np.ndarray, "item shape"]) -> tuple[np.ndarray, ...]:
        none = np.zeros((len(shape), 1))
        delay = shape[:, 1:2] if self.delayed else none
        order = np.exp(shape[:, -1:]) if self.ordered else none + 1.0
        return np.exp(shape[:, :1]), delay, order


@dataclass(frozen=True)
class TemplateNetwork(RiseFamily):
    """Shape: ln kd, T*, ln ka of the reduced template network; its order m stays as it is.

    Attributes:
        order: m.
    """

    name: str = "template network"
    order: float = 8.0

    @property
    def axes(self) -> tuple[tuple[float, float, float, int], ...]:
        """See `RiseFamily`."""
        release = (float(np.log(0.1)), float(np.log(40.0)), 0.5, 7)
        attach = (float(np.log(0.5)), float(np.log(100.0)), 0.7, 5)
        return (release, (0.02, 0.97, 0.1, 9), attach)

    def curves(
        self, shape: Float[np.ndarray, "item shape"], time: Float[np.ndarray, " time"]
    ) -> tuple[Float[np.ndarray, "item time"], Float[np.ndarray, "item shape time"]]:
        """See `RiseFamily`."""
        return template_curves(shape, time, order=self.order)

    def parameters(
        self, shape: Float[np.ndarray, " shape"], span_min: float
    ) -> tuple[Parameter, ...]:
        """See `RiseFamily`."""
        return (
            ("release", float(np.exp(shape[0])) / span_min, "per min"),
            ("threshold", float(shape[1]), ""),
            ("attach", float(np.exp(shape[2])) / span_min, "per min"),
        )


FAMILIES: tuple[RiseFamily, ...] = (
    FinkeWatzky(),
    Jmak(),
    Logistic(),
    Jmak(name="delayed exponential", delayed=True, ordered=False),
    Jmak(name="delayed JMAK", delayed=True),
    TemplateNetwork(),
)
"""All laws that are weighed against each other."""
