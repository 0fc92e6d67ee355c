"""Parts of a field that something covers."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float


@runtime_checkable
class Region(Protocol):
    """A part of the field."""

    def holds(
        self, x: Float[np.ndarray, " place"], y: Float[np.ndarray, " place"]
    ) -> Bool[np.ndarray, " place"]:
        """Whether each place is in it; x and y in shares of the field's width and height."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Everywhere:
    """The whole field."""

    def holds(
        self, x: Float[np.ndarray, " place"], y: Float[np.ndarray, " place"]
    ) -> Bool[np.ndarray, " place"]:
        """True."""
        return np.ones(len(x), dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOf:
    """The field left of an upright edge.

    Attributes:
        edge: where the edge is, as a share of the field's width.
    """

    edge: float = 0.5

    def holds(
        self, x: Float[np.ndarray, " place"], y: Float[np.ndarray, " place"]
    ) -> Bool[np.ndarray, " place"]:
        """Whether a place is left of the edge."""
        return x < self.edge
