"""How much a recorded intensity may be off: its variance, and how neighbours share it."""

import numpy as np
from jaxtyping import Float


def variance_law(
    squares: Float[np.ndarray, " x"], level: Float[np.ndarray, " x"], *, curved: bool = True
) -> Float[np.ndarray, " x"]:
    """Variance as a + b level + c level^2, none negative, fitted to squared residuals.

    a is the detector's own noise, b counting, c a flickering lamp. Maximum likelihood for
    normal residuals, by iterated least squares with weights 1/variance^2.

    Args:
        squares: squared residuals.
        level: expected intensities; only their positive part carries counting noise.
        curved: whether to allow c.

    Example:
        >>> variance_law(np.array([4.0, 4.0, 8.0, 8.0]), np.array([0.0, 0.0, 2.0, 2.0]))
        array([4., 4., 8., 8.])
    """
    from scipy.optimize import nnls

    scale = float(np.max(level, initial=0.0)) or 1.0
    share = np.clip(level, 0.0, None) / scale
    terms = np.stack([np.ones_like(share), share] + ([share**2] if curved else []), axis=1)
    mean = float(np.mean(squares))
    if mean == 0.0:
        return np.full_like(squares, (1e-9 * scale) ** 2)
    variance = np.full_like(squares, mean)
    for _ in range(8):
        weights = 1.0 / variance
        found, _ = nnls(terms * weights[:, None], squares * weights)
        # A variance of nearly nothing somewhere would let a few points decide the fit.
        variance = np.maximum(terms @ found, 1e-4 * mean)
    return variance


def local_squares(intensity: Float[np.ndarray, " x"]) -> Float[np.ndarray, " x"]:
    """Squared noise at each point, from third differences, blind to anything quadratic.

    Args:
        intensity: at equal or nearly equal steps; at least 5 points.

    Example:
        >>> local_squares(np.arange(6.0) ** 2)
        array([0., 0., 0., 0., 0., 0.])
    """
    differences = np.diff(intensity, 3) ** 2 / 20.0
    places = np.clip(np.arange(len(intensity)) - 1, 0, len(differences) - 1)
    return differences[places]


def correlation_factor(residual: Float[np.ndarray, " x"]) -> float:
    """How many neighbouring points carry the information of one: 1 + 2 sum of autocorrelations.

    The sum runs to the first autocorrelation that is not positive; white noise gives 1.

    Args:
        residual: standardised residuals in order of wavelength.

    Source: A. Sokal, Monte Carlo methods in statistical mechanics (1997), section 3.
    """
    count = len(residual)
    power = float(np.sum(residual**2))
    if power == 0.0 or count < 8:
        return 1.0
    factor = 1.0
    for lag in range(1, count // 3):
        together = float(np.sum(residual[lag:] * residual[:-lag])) / power
        # Two standard errors of white noise's own autocorrelation are no evidence.
        if together < 2.0 / np.sqrt(count):
            break
        factor += 2.0 * together
    return min(factor, count / 4)
