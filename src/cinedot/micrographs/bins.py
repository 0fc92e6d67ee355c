"""How wide a histogram's bins are: a choice."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError

MOST_BINS = 2000
"""More than a histogram can show; a narrow rule on a wide sample is widened to it."""


@runtime_checkable
class Bins(Protocol):
    """A choice of bins."""

    def width_nm(self, sizes_nm: Float[np.ndarray, " particle"]) -> float:
        """The width for these sizes, nm."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FreedmanDiaconis:
    """Bins of twice the interquartile range over the cube root of the number (1981)."""

    def width_nm(self, sizes_nm: Float[np.ndarray, " particle"]) -> float:
        """The width for these sizes; Scott's where half of them are equal."""
        low, high = np.percentile(sizes_nm, [25, 75])
        width = 2 * float(high - low) / len(sizes_nm) ** (1 / 3)
        return width if width > 0 else Scott().width_nm(sizes_nm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scott:
    """Bins of 3.49 standard deviations over the cube root of the number (1979)."""

    def width_nm(self, sizes_nm: Float[np.ndarray, " particle"]) -> float:
        """The width for these sizes."""
        return 3.49 * float(np.std(sizes_nm)) / len(sizes_nm) ** (1 / 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfWidth:
    """Bins of a stated width, their edges at its multiples."""

    nm: float

    def __post_init__(self) -> None:
        if not 0 < self.nm < np.inf:
            raise InputError(
                f"`nm` must be a width above 0, but is {self.nm}.",
                remedy="0.1 nm suits dots of 2 to 3 nm.",
            )

    def width_nm(self, sizes_nm: Float[np.ndarray, " particle"]) -> float:
        """The stated width."""
        return self.nm
