"""Bands of an infrared spectrum on a straight baseline, added while the evidence asks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.spectroscopy.noise import correlation_factor, local_squares

_MOST_BANDS = 12
_WIDTHS = (3.0, 90.0)
_FREE = 4
"""Parameters that a band counts as: centre, width, height, and that its place was looked for
everywhere. With three, 6 of 120 spectra of a salt's three bands got a fourth; with four none."""
_LN2 = float(np.log(2.0))

Solver = Callable[[np.ndarray], np.ndarray]
"""From the nonlinear parameters to the linear terms, or to the best linear parameters."""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """So many bands on a line, fitted.

    Attributes:
        wavenumber_per_cm, absorbance: what was fitted.
        centres_per_cm, widths_per_cm: of each band, full width at half maximum, 1/cm.
        mixing: the Lorentzian share of every band's shape.
        heights: of each band.
        baseline: at every point.
        sigma_centres_per_cm, sigma_heights: one standard deviation of each.
        noise: one standard deviation of a point, what no band explains included.
        correlation: how many neighbouring points count as one.
    """

    wavenumber_per_cm: Float[np.ndarray, " x"]
    absorbance: Float[np.ndarray, " x"]
    centres_per_cm: Float[np.ndarray, " band"]
    widths_per_cm: Float[np.ndarray, " band"]
    mixing: float
    heights: Float[np.ndarray, " band"]
    baseline: Float[np.ndarray, " x"]
    sigma_centres_per_cm: Float[np.ndarray, " band"]
    sigma_heights: Float[np.ndarray, " band"]
    noise: float
    correlation: float

    @property
    def bands(self) -> Float[np.ndarray, "band x"]:
        """Each band alone."""
        shapes = np.zeros((len(self.heights), len(self.wavenumber_per_cm)))
        for k, (centre, width) in enumerate(
            zip(self.centres_per_cm.tolist(), self.widths_per_cm.tolist(), strict=True)
        ):
            shapes[k] = line_shape(self.wavenumber_per_cm, centre, width, self.mixing)
        return self.heights[:, None] * shapes

    @property
    def curve(self) -> Float[np.ndarray, " x"]:
        """The fitted spectrum."""
        return self.baseline + self.bands.sum(axis=0)


def line_shape(
    wavenumber_per_cm: Float[np.ndarray, " x"], centre: float, width: float, mixing: float
) -> Float[np.ndarray, " x"]:
    """A band of height 1: Gaussian and Lorentzian of one width, mixed.

    Args:
        wavenumber_per_cm: 1/cm.
        centre, width: of the maximum, and full width at half maximum, 1/cm.
        mixing: the Lorentzian's share, 0 to 1.

    Source: G. K. Wertheim et al., Rev. Sci. Instrum. 45 (1974) 1369.

    Example:
        >>> line_shape(np.array([1550.0, 1560.0]), 1550.0, 20.0, 0.4)
        array([1. , 0.5])
    """
    reduced = 2.0 * (wavenumber_per_cm - centre) / width
    return mixing / (1.0 + reduced**2) + (1.0 - mixing) * np.exp(-_LN2 * reduced**2)


def fit_lines(
    wavenumber_per_cm: Float[np.ndarray, " x"], absorbance: Float[np.ndarray, " x"]
) -> Lines:
    """The bands that a stretch of spectrum asks for, each by BIC.

    Each further band starts where the rest, smoothed, is largest, and all are fitted again, up to
    12 or until the rest is noise; then the number of least BIC is taken, the richest fit's rest
    counting as noise, neighbours that share it once.

    Args:
        wavenumber_per_cm: increasing, 1/cm; at least 30.
        absorbance: decadic.

    Example:
        >>> at = np.arange(1500.0, 1640.0, 2.0)
        >>> both = line_shape(at, 1540.0, 30.0, 0.0) + 0.5 * line_shape(at, 1600.0, 20.0, 0.0)
        >>> lines = fit_lines(at, both + 1e-3 * np.cos(2.0 * at))
        >>> np.sort(lines.centres_per_cm.round(0))
        array([1540., 1600.])
    """
    ladder = [_fitted(wavenumber_per_cm, absorbance, np.zeros(0), np.zeros(0), 0.3)]
    step = float(np.median(np.diff(wavenumber_per_cm)))
    wide = max(round(12.0 / step) | 1, 3)
    while len(ladder) <= _MOST_BANDS and 3 * len(ladder) + 6 < len(absorbance):
        last = ladder[-1]
        smooth = np.convolve(absorbance - last.curve, np.full(wide, 1.0 / wide), mode="same")
        top = int(np.argmax(smooth))
        ladder.append(
            _fitted(
                wavenumber_per_cm,
                absorbance,
                np.append(last.centres_per_cm, wavenumber_per_cm[top]),
                np.append(last.widths_per_cm, 22.0),
                last.mixing,
            )
        )
        # What is left looks like noise already, and another band takes too little of it away.
        if last.correlation < 2.0 and _criterion(ladder[-1], last) > _criterion(last, last):
            break
    richest = ladder[-1]
    return min(ladder, key=lambda lines: _criterion(lines, richest))


def _criterion(lines: Lines, by: Lines) -> float:
    """BIC, with the rest of another fit as the noise, neighbours that share it counted once."""
    points = len(lines.absorbance)
    rest = float(np.sum((lines.absorbance - lines.curve) ** 2))
    scale = float(np.sum((by.absorbance - by.curve) ** 2)) / points * by.correlation
    free = _FREE * len(lines.heights)
    return rest / max(scale, 1e-300) + free * float(np.log(max(points / by.correlation, 2.0)))


def _fitted(
    wavenumber: Float[np.ndarray, " x"],
    absorbance: Float[np.ndarray, " x"],
    centres: Float[np.ndarray, " band"],
    widths: Float[np.ndarray, " band"],
    mixing: float,
) -> Lines:
    """All bands at once from a start; heights and baseline are solved for exactly."""
    from scipy.optimize import least_squares

    count = len(centres)
    across = np.linspace(0.0, 1.0, len(wavenumber))
    ground = np.stack([1.0 - across, across], axis=1)

    def terms(values: Float[np.ndarray, " nonlinear"]) -> Float[np.ndarray, "x linear"]:
        reduced = 2.0 * (wavenumber[:, None] - values[:count]) / np.exp(values[count:-1])
        lorentz, gauss = 1.0 / (1.0 + reduced**2), np.exp(-_LN2 * reduced**2)
        shapes = values[-1] * lorentz + (1.0 - values[-1]) * gauss
        return np.concatenate([shapes, ground], axis=1)

    def solved(values: Float[np.ndarray, " nonlinear"]) -> Float[np.ndarray, " linear"]:
        now = terms(values)
        free = np.linalg.lstsq(now, absorbance, rcond=1e-10)[0]
        negative = free[:count] < 0
        if negative.any():
            kept = np.append(~negative, [True, True])
            free = np.zeros(count + 2)
            free[kept] = np.linalg.lstsq(now[:, kept], absorbance, rcond=1e-10)[0]
            free[:count] = np.maximum(free[:count], 0.0)
        return free

    values = np.concatenate([centres, np.log(widths), [mixing]])
    if count:
        low = np.concatenate(
            [np.full(count, wavenumber[0]), np.full(count, np.log(_WIDTHS[0])), [0.0]]
        )
        high = np.concatenate(
            [np.full(count, wavenumber[-1]), np.full(count, np.log(_WIDTHS[1])), [1.0]]
        )
        inside = np.clip(values, low + 1e-6 * (high - low), high - 1e-6 * (high - low))
        values = np.asarray(
            least_squares(
                lambda v: absorbance - terms(v) @ solved(v),
                inside,
                bounds=(low, high),
                x_scale=np.concatenate([np.full(count, 10.0), np.full(count, 0.3), [0.3]]),
                ftol=1e-7,
                xtol=1e-7,
                max_nfev=25,
            ).x
        )
    return _wrapped(wavenumber, absorbance, values, count, terms, solved)


def _wrapped(
    wavenumber: Float[np.ndarray, " x"],
    absorbance: Float[np.ndarray, " x"],
    values: Float[np.ndarray, " nonlinear"],
    count: int,
    terms: Solver,
    solved: Solver,
) -> Lines:
    now, linear = terms(values), solved(values)
    rest = absorbance - now @ linear
    columns = [now]
    for k in range(len(values)):
        step = np.zeros_like(values)
        step[k] = 1e-3 if k < count else 1e-5
        change = (terms(values + step) - terms(values - step)) @ linear
        columns.insert(-1, (change / (2 * step[k]))[:, None])
    jacobian = np.concatenate(columns, axis=1)
    correlation = correlation_factor(rest)
    freedom = max(len(wavenumber) - jacobian.shape[1], 1)
    variance = max(float(np.sum(rest**2)) / freedom, float(np.mean(local_squares(absorbance))))
    scale = np.linalg.norm(jacobian, axis=0)
    scale[scale < 1e-12 * max(float(scale.max()), 1e-300)] = 1.0
    covariance = np.linalg.pinv((jacobian / scale).T @ (jacobian / scale)) / np.outer(scale, scale)
    spread = np.sqrt(np.clip(np.diag(covariance), 0, None) * variance * correlation)
    return Lines(
        wavenumber_per_cm=wavenumber,
        absorbance=absorbance,
        centres_per_cm=values[:count],
        widths_per_cm=np.exp(values[count:-1]),
        mixing=float(values[-1]),
        heights=linear[:count],
        baseline=now[:, count:] @ linear[count:],
        sigma_centres_per_cm=spread[:count],
        sigma_heights=spread[len(values) : len(values) + count],
        noise=float(np.sqrt(variance)),
        correlation=correlation,
    )
