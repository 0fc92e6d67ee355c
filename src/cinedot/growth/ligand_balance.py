"""Ligand balance: how much ammonium a dot's surface takes, and so which size the amount allows.

Two routes lead to a size. On the template route (malic acid) the corner-edge-corner template fixes
it: Pb is either in QD4 or in large green dots. On the adaptive route (oleic acid) dots take the
size whose surface the ammonium can cover.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError

AMMONIUM_OF_QD4 = 54
"""OAMH+ of the paper's compound 2, by charge neutrality (science.md 2.4)."""
COVERAGE = AMMONIUM_OF_QD4 * 4.0 / 4.0**3
"""OAMH+ per Pb times n, at QD4's density on every cube: 3.375."""
GREEN_N = 18.0
"""The green dots of the paper, 10.6 nm, in Pb an edge."""
_HALVINGS = 60
"""Of the interval in which the free ammonium is sought: below a double's rounding."""


def ammonium_per_pb(n: Float[np.ndarray, " size"]) -> Float[np.ndarray, " size"]:
    """OAMH+ per Pb of a cube with n Pb an edge, at the density of QD4: 3.375/n.

    54 (n/4)^2 ions on n^3 Pb. Source: science.md 2.4.

    Args:
        n: Pb an edge, above 0.

    Example:
        >>> ammonium_per_pb(np.array([4.0, 5.0, 6.0, 17.9])).round(3)
        array([0.844, 0.675, 0.562, 0.189])
    """
    return COVERAGE / n


def size_for(
    equivalents: Float[np.ndarray, " point"],
    *,
    coverage: float = COVERAGE,
    least: float = 4.0,
    most: float = GREEN_N,
) -> Float[np.ndarray, " point"]:
    """The size whose surface so much ammonium covers, n = c/x, within what can form.

    Source: science.md 4.1.

    Args:
        equivalents: ammonium per Pb, from 0.
        coverage: c, ammonium per Pb times n.
        least, most: smallest and largest n.

    Example:
        >>> size_for(np.array([0.25, 0.5, 0.5625, 0.675, 1.0]))
        array([13.5 ,  6.75,  6.  ,  5.  ,  4.  ])
    """
    x = np.asarray(equivalents, dtype=float)
    require_equivalents(x)
    with np.errstate(divide="ignore"):
        return np.clip(coverage / x, least, most)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateBalance:
    """All or none: a share of the Pb is in dots of the template's size, the rest in large ones.

    Attributes:
        half_free: K, free ammonium per Pb at which half of the Pb is in small dots.
        steepness: h, Hill's exponent.
        coverage: c, ammonium per Pb times n.
        n: of the template's dots.
        green_n: of the large ones.

    Raises:
        InputError: a number that is not above 0, or large dots that are not larger.
    """

    half_free: float = 0.08
    steepness: float = 8.0
    coverage: float = COVERAGE
    n: float = 4.0
    green_n: float = GREEN_N

    def __post_init__(self) -> None:
        numbers = (self.half_free, self.steepness, self.coverage, self.n)
        if not (all(one > 0 for one in numbers) and self.green_n > self.n):
            raise InputError(
                "a template's numbers must be above 0 and `green_n` above `n`, but they are "
                f"{numbers} and {self.green_n:g}.",
                remedy="The paper's are the defaults.",
            )

    @property
    def half_equivalents(self) -> float:
        """Ammonium per Pb at which half of the Pb is in small dots: K + c/2n + c/2 n_green.

        Example:
            >>> round(TemplateBalance().half_equivalents, 3)
            0.596
        """
        return self.half_free + 0.5 * self.coverage * (1 / self.n + 1 / self.green_n)


def share_in_dots(
    equivalents: Float[np.ndarray, " point"], balance: TemplateBalance
) -> Float[np.ndarray, " point"]:
    """Share f of the Pb that is in the template's dots.

    x = y + (c/n) f + (c/n_green)(1 - f) with f = y^h/(K^h + y^h): what is not on surfaces is free,
    and what is free decides. x rises with y, so y is found by halving. Source: science.md 4.1.

    Args:
        equivalents: x, ammonium per Pb, from 0.
        balance: the law's numbers.

    Example:
        >>> share_in_dots(np.array([0.25, 0.4, 0.6, 1.0]), TemplateBalance()).round(2)
        array([0.02, 0.22, 0.51, 1.  ])
    """
    from scipy.special import expit

    x = np.asarray(equivalents, dtype=float)
    require_equivalents(x)
    log_half, per_dot, per_green = (
        np.log(balance.half_free),
        balance.coverage / balance.n,
        balance.coverage / balance.green_n,
    )
    low, high, share = np.zeros_like(x), x.copy(), np.zeros_like(x)
    for _ in range(_HALVINGS):
        free = 0.5 * (low + high)
        with np.errstate(divide="ignore"):
            # As a logistic of the logarithm: steep exponents would overflow as powers.
            share = expit(balance.steepness * (np.log(free) - log_half))
        below = free + per_dot * share + per_green * (1 - share) < x
        low, high = np.where(below, free, low), np.where(below, high, free)
    return share


def require_equivalents(equivalents: Float[np.ndarray, "..."]) -> None:
    """Refuse equivalents that are negative or no numbers.

    Raises:
        InputError: as said.
    """
    if not (np.isfinite(equivalents).all() and (equivalents >= 0).all()):
        raise InputError(
            "`equivalents` must be 0 or more, but some are not.",
            remedy="Count them in moles of ammonium per mole of Pb.",
        )
