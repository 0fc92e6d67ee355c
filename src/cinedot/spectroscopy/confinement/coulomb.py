"""How strongly an electron and a hole in one box attract each other."""

from functools import lru_cache

import numpy as np
from jaxtyping import Float

from cinedot.spectroscopy.confinement.shapes import Edges, is_closed, require_edges

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(60)
# In u = ln t: the integrand falls as e^-|u| or faster, so that 2e-11 of it lies outside, and the
# trapezoidal rule on it converges exponentially.
_LOG_T = np.arange(-25.0, 25.01, 0.05)
_GAUSSIAN_ENDS = 6.5
"""exp(-6.5^2) is 4e-19."""


def mean_inverse_distance_per_nm(edges_nm: Edges) -> float:
    """<1/r> of two charges, each spread as the ground state of a box with infinite walls, 1/nm.

    1/r = 2/sqrt(pi) int_0^inf exp(-r^2 t^2) dt makes the six-fold integral a single one over the
    product of three one-dimensional means, each in closed form but for one integral. For a cube of
    edge L it is 3.048 / L, in the place of a sphere's 1.786 / R.

    Args:
        edges_nm: of the box, finite, nm.

    Returns:
        1/nm, to 1e-9 of it.

    Raises:
        ValueError: an edge that is infinite.

    Source: science.md 3.1 (the cube's constant); the reduction is Gauss's transform.

    Example:
        >>> round(mean_inverse_distance_per_nm((1.0, 1.0, 1.0)), 3)
        3.048
    """
    require_edges(edges_nm)
    if not is_closed(edges_nm):
        raise ValueError(f"`edges_nm` must be finite, but are {edges_nm}.")
    x, y, z = sorted(edges_nm)
    return _unit(round(y / x, 12), round(z / x, 12)) / x


@lru_cache(maxsize=4096)
def _unit(second: float, third: float) -> float:
    """The same for edges 1, second, third."""
    middle = (second * third) ** (1 / 3)
    t = np.exp(_LOG_T) / middle
    product = _mean_gaussian(t) * _mean_gaussian(second * t) * _mean_gaussian(third * t)
    step = float(_LOG_T[1] - _LOG_T[0])
    return float(2 / np.sqrt(np.pi) * np.sum(product * t) * step)


def _mean_gaussian(t: Float[np.ndarray, " t"]) -> Float[np.ndarray, " t"]:
    """<exp(-(x1 - x2)^2 t^2)> of two densities 2 cos^2(pi x) on a unit length."""
    ends = np.minimum(1.0, _GAUSSIAN_ENDS / t)[:, None]
    apart = ends * (_NODES + 1) / 2
    weighted = _autocorrelation(apart) * np.exp(-((apart * t[:, None]) ** 2)) * _WEIGHTS
    return np.sum(weighted * ends, axis=1)


def _autocorrelation(apart: Float[np.ndarray, "t node"]) -> Float[np.ndarray, "t node"]:
    """Density of the distance u between two such charges, on one side of 0."""
    turn = 2 * np.pi * apart
    return (1 - apart) * (1 + np.cos(turn) / 2) + 3 * np.sin(turn) / (4 * np.pi)
