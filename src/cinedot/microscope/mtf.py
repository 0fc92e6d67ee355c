"""How sharply a detector sees: modulation transfer functions over the unbinned Nyquist frequency.

A choice is an object with `at(u)`: 1 at u = 0, u = 1 at the Nyquist frequency of the detector's
own pixels. The pixel's own width is not in it (`detector.modulation_transfer` has both).
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError


@runtime_checkable
class Transfer(Protocol):
    """How far a detector spreads an electron's signal beyond the pixel where it fell."""

    def at(self, u: Float[np.ndarray, "*u"]) -> Float[np.ndarray, "*u"]:
        """The share of a modulation that is left at u times the unbinned Nyquist frequency."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharp:
    """The signal stays in the pixel where the electron fell."""

    def at(self, u: Float[np.ndarray, "*u"]) -> Float[np.ndarray, "*u"]:
        """1 everywhere."""
        return np.ones_like(u)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lorentzian:
    """1 / (1 + (u/u0)^2), the usual shape of a scintillator with fibres (science.md 8.4).

    Attributes:
        half_at: u0, where half of the modulation is left.

    Raises:
        InputError: it is not positive.

    Example:
        >>> Lorentzian(half_at=0.5).at(np.array([0.0, 0.25, 0.5])).tolist()
        [1.0, 0.8, 0.5]
    """

    half_at: float

    def __post_init__(self) -> None:
        if not (self.half_at > 0 and math.isfinite(self.half_at)):
            raise InputError(
                f"`half_at` must be positive, but is {self.half_at}.",
                remedy="A sharp detector is `Sharp()`.",
            )

    def at(self, u: Float[np.ndarray, "*u"]) -> Float[np.ndarray, "*u"]:
        """The law above."""
        return 1 / (1 + (u / self.half_at) ** 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A curve measured with a knife edge, straight between its points and level beyond the last.

    Attributes:
        u: frequencies over the unbinned Nyquist frequency, rising from 0.
        left: modulation left at each, 1 at the first.

    Raises:
        InputError: points that do not rise from 0, that are not as many as values, a value
            below 0, a curve that does not start at 1.

    Example:
        >>> Measured(u=(0.0, 1.0), left=(1.0, 0.2)).at(np.array([0.5])).tolist()
        [0.6]
    """

    u: tuple[float, ...]
    left: tuple[float, ...]

    def __post_init__(self) -> None:
        rises = len(self.u) > 1 and self.u[0] == 0 and bool(np.all(np.diff(self.u) > 0))
        if not rises or not np.all(np.isfinite(self.u)):
            raise InputError(
                f"`u` must rise from 0, but is {self.u}.",
                remedy="Give frequencies over the unbinned Nyquist frequency.",
            )
        fits = len(self.left) == len(self.u) and self.left[0] == 1
        if not fits or not np.all(np.isfinite(self.left)) or min(self.left) < 0:
            raise InputError(
                f"`left` must be one share for each u, 1 at the first and never negative, but is "
                f"{self.left}.",
                remedy="Divide the measured curve by its value at 0.",
            )

    def at(self, u: Float[np.ndarray, "*u"]) -> Float[np.ndarray, "*u"]:
        """The curve's value."""
        return np.interp(u, self.u, self.left)
