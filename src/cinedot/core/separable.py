"""Least squares of laws that are linear in some of their parameters.

The others, the shape, are searched; the linear ones are solved for exactly at each step (variable
projection), so that they need no start and cannot lead the search astray.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from jaxtyping import Bool, Float

_RANK = 1e-11

Terms = Callable[[Float[np.ndarray, " shape"]], Float[np.ndarray, "x linear"]]
"""From the shape to what each linear parameter multiplies."""
Slopes = Callable[
    [Float[np.ndarray, " shape"], Float[np.ndarray, " linear"]], Float[np.ndarray, "x shape"]
]
"""The law's derivatives with its shape, for given linear parameters."""
Solver = Callable[[Float[np.ndarray, "x linear"]], Float[np.ndarray, " linear"]]
"""From the terms to the best linear parameters for the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """When a search ends.

    Attributes:
        step: where a step is below this share of the shape.
        gain: where it gains less than this share of the misfit.
        evaluations: after so many; the search has then not converged.
    """

    step: float = 1e-8
    gain: float = 1e-9
    evaluations: int = 60


@dataclass(frozen=True, kw_only=True)
class SeparableFit:
    """A law fitted to a record.

    Attributes:
        shape, linear: its parameters.
        chi_square: sum of squared residuals over variance.
        converged: whether the search ended before it had to.
        evaluations: how often the law was asked for.
        slopes: gives the law's derivatives over sigma by (shape, linear); 0 for linear parameters
            that a bound holds.
    """

    shape: Float[np.ndarray, " shape"]
    linear: Float[np.ndarray, " linear"]
    chi_square: float
    converged: bool
    evaluations: int
    slopes: Callable[[], Float[np.ndarray, "x parameter"]]

    @cached_property
    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """Of (shape, linear), for independent points whose sigmas are right."""
        return inverse_curvature(self.slopes())


def scaled(
    jacobian: Float[np.ndarray, "x parameter"],
) -> tuple[Float[np.ndarray, "x parameter"], Float[np.ndarray, " parameter"]]:
    """Derivatives in columns of length 1, and the lengths; columns of nearly nought stay so.

    Example:
        >>> columns, lengths = scaled(np.array([[3.0, 0.0], [4.0, 0.0]]))
        >>> columns.tolist(), lengths.tolist()
        ([[0.6, 0.0], [0.8, 0.0]], [5.0, 1.0])
    """
    lengths = np.linalg.norm(jacobian, axis=0)
    # A band that has vanished leaves nothing to learn of its shape.
    lengths[lengths < 1e-12 * lengths.max(initial=0.0)] = 1.0
    lengths[lengths == 0] = 1.0
    return jacobian / lengths, lengths


def inverse_curvature(
    jacobian: Float[np.ndarray, "x parameter"],
) -> Float[np.ndarray, "parameter parameter"]:
    """The inverse of J^T J, from J itself: its square has half the digits.

    What changes the law by less than 1e-11 of what it could, has no variance here: nothing can be
    learnt of it.

    Example:
        >>> inverse_curvature(np.array([[1.0, 0.0], [1.0, 2.0], [0.0, 0.0]])).round(9)
        array([[ 1. , -0.5],
               [-0.5,  0.5]])
    """
    columns, lengths = scaled(jacobian)
    inverse = np.linalg.pinv(columns, rcond=_RANK)
    return inverse @ inverse.T / np.outer(lengths, lengths)


def least_linear(target: Float[np.ndarray, " x"], weight: Float[np.ndarray, " x"]) -> Solver:
    """Solves for linear parameters that may have any value.

    Args:
        target: the record.
        weight: 1 over sigma of each point.

    Example:
        >>> least_linear(np.array([2.0, 4.0]), np.ones(2))(np.array([[1.0], [2.0]]))
        array([2.])
    """

    def solve(terms: Float[np.ndarray, "x linear"]) -> Float[np.ndarray, " linear"]:
        weighted = terms * weight[:, None]
        scale = np.linalg.norm(weighted, axis=0)
        scale[scale == 0] = 1.0
        return np.linalg.lstsq(weighted / scale, target * weight, rcond=None)[0] / scale

    return solve


def fit_separable(
    terms: Terms,
    target: Float[np.ndarray, " x"],
    start: Float[np.ndarray, " shape"],
    *,
    weight: Float[np.ndarray, " x"] | None = None,
    low: Float[np.ndarray, " shape"] | None = None,
    high: Float[np.ndarray, " shape"] | None = None,
    slopes: Slopes,
    solve: Solver | None = None,
    free: Callable[[Float[np.ndarray, " linear"]], Bool[np.ndarray, " linear"]] | None = None,
    stop: Stop | None = None,
) -> SeparableFit:
    """The best law near a start.

    Args:
        terms: of the law; finite wherever the bounds allow.
        target: the record.
        start: the shape to begin with.
        weight: 1 over sigma of each point; 1 without it.
        low, high: bounds of the shape; none without them.
        slopes: of the law.
        solve: for the linear parameters; `least_linear` without it.
        free: which linear parameters no bound holds; all without it.
        stop: when to end.

    Source: G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413; L. Kaufman, BIT 15
    (1975) 49; steps by SciPy's trust region.

    Example:
        >>> x = np.linspace(0.0, 4.0, 30)
        >>> fit = fit_separable(
        ...     lambda rate: np.exp(-rate * x)[:, None], 3.0 * np.exp(-0.7 * x), np.array([2.0]),
        ...     slopes=lambda rate, linear: (-x * linear * np.exp(-rate * x))[:, None])
        >>> fit.shape.round(6), fit.linear.round(6), fit.converged
        (array([0.7]), array([3.]), True)
    """
    from scipy.optimize import least_squares

    weight = np.ones_like(target) if weight is None else weight
    solve = solve or least_linear(target, weight)
    stop = stop or Stop()
    search = _Projection(
        terms=terms, slopes=slopes, solve=solve, free=free, target=target, weight=weight
    )
    low = np.full_like(start, -np.inf) if low is None else low
    high = np.full_like(start, np.inf) if high is None else high
    found = least_squares(
        search.misfit,
        start,
        jac=search.projected,  # pyright: ignore[reportArgumentType]  # the stubs know no callable
        bounds=(low, high),
        x_scale="jac",
        xtol=stop.step,
        ftol=stop.gain,
        gtol=1e-15 if stop.gain < 1e-12 else 1e-8,
        max_nfev=stop.evaluations,
    )
    shape = np.asarray(found.x, dtype=np.float64)
    linear = solve(terms(shape))
    return SeparableFit(
        shape=shape,
        linear=linear,
        chi_square=float(2 * found.cost),
        converged=found.status > 0,
        evaluations=int(found.nfev),
        slopes=partial(search.jacobian, shape),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Projection:
    """The misfit as a function of the shape alone."""

    terms: Terms
    slopes: Slopes
    solve: Solver
    free: Callable[[Float[np.ndarray, " linear"]], Bool[np.ndarray, " linear"]] | None
    target: Float[np.ndarray, " x"]
    weight: Float[np.ndarray, " x"]

    def misfit(self, shape: Float[np.ndarray, " shape"]) -> Float[np.ndarray, " x"]:
        """Residuals over sigma."""
        terms = self.terms(shape)
        return (self.target - terms @ self.solve(terms)) * self.weight

    def jacobian(self, shape: Float[np.ndarray, " shape"]) -> Float[np.ndarray, "x parameter"]:
        """Derivatives of the law over sigma, by all parameters that are free."""
        terms = self.terms(shape)
        linear = self.solve(terms)
        kept = np.ones(len(linear), dtype=bool) if self.free is None else self.free(linear)
        both = np.concatenate([self.slopes(shape, linear), terms * kept], axis=1)
        return both * self.weight[:, None]

    def projected(self, shape: Float[np.ndarray, " shape"]) -> Float[np.ndarray, "x shape"]:
        """The misfit's derivatives after Kaufman, less what linear parameters make up for."""
        both = self.jacobian(shape)
        change, held = both[:, : len(shape)], both[:, len(shape) :]
        basis, _ = np.linalg.qr(held[:, held.any(axis=0)])
        return basis @ (basis.T @ change) - change
