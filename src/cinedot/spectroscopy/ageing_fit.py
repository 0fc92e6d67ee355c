"""Fits of fading laws to a stability record, by the profile of what they leave over.

Times count in units of the last one, and the law is A 2^-(rho t)^shape: rho is the last time over
the half-life, so that "no fading at all" is rho = 0, an ordinary point and no infinity, and
brightening is rho < 0. The amplitude A is solved for exactly, the shape on a grid that closes in.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from cinedot.spectroscopy.ageing_record import AgeingRecord
from cinedot.spectroscopy.noise import correlation_factor

NoiseKind = Literal["even", "proportional", "stated"]

SHAPES = (0.3, 2.0)
"""The exponents that a stretched (or compressed) law may have."""

_LN2 = float(np.log(2.0))
_STEEPEST = 1e4
"""No half-life is sought below this share of the record."""


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """What any law leaves over of a record.

    Attributes:
        record: the record.
        noise: `even` (the same at all times), `proportional` to the intensity (fitted as
            logarithms), or `stated` by the record.
        stretched: whether the shape is free.
    """

    record: AgeingRecord
    noise: NoiseKind
    stretched: bool

    @property
    def parameters(self) -> int:
        """Amplitude, rate, and the shape where it is free."""
        return 3 if self.stretched else 2

    def squares(self, rho: np.ndarray, shape: np.ndarray) -> np.ndarray:
        """The sum of squares that is left with the best amplitude; over variances if stated.

        Args:
            rho, shape: of any one form, which the answer has too.
        """
        exponent = self._exponent(rho, shape)
        if self.noise == "proportional":
            rest = np.log(self.record.intensity) + exponent
            return np.asarray(np.sum((rest - rest.mean(axis=-1, keepdims=True)) ** 2, axis=-1))
        weight = 1.0 if self.record.sigma is None else 1.0 / self.record.sigma
        scaled, curve = self.record.intensity * weight, np.exp(-exponent) * weight
        share = np.sum(scaled * curve, axis=-1) / np.sum(curve**2, axis=-1)
        return np.asarray(np.sum((scaled - np.asarray(share)[..., None] * curve) ** 2, axis=-1))

    def amplitude(self, rho: float, shape: float) -> float:
        """The best first intensity."""
        exponent = self._exponent(np.array(rho), np.array(shape))
        if self.noise == "proportional":
            return float(np.exp(np.mean(np.log(self.record.intensity) + exponent)))
        weight = 1.0 if self.record.sigma is None else 1.0 / self.record.sigma
        scaled, curve = self.record.intensity * weight, np.exp(-exponent) * weight
        return float(np.sum(scaled * curve) / np.sum(curve**2))

    def _exponent(self, rho: np.ndarray, shape: np.ndarray) -> np.ndarray:
        """ln 2 (rho t)^shape, odd in rho; times run along a further, last axis."""
        turned = np.abs(rho)[..., None] * (self.record.time_h / self.record.last_h)
        return np.clip(np.sign(rho)[..., None] * _LN2 * turned ** shape[..., None], -60.0, 60.0)

    def profile(self, rho: float) -> tuple[float, float]:
        """The least that is left at a rate, and the shape that leaves it."""
        if not self.stretched:
            return float(self.squares(np.array(rho), np.array(1.0))), 1.0
        coarse = np.linspace(*SHAPES, 35)
        best = int(np.argmin(self.squares(np.full(len(coarse), rho), coarse)))
        ends = coarse[max(best - 1, 0)], coarse[min(best + 1, len(coarse) - 1)]
        inner = np.linspace(*ends, 13)
        found = self.squares(np.full(len(inner), rho), inner)
        best = int(np.argmin(found))
        last = (float(found[best]), float(inner[best]))
        if not 0 < best < len(inner) - 1:
            return last
        # The last step is a parabola's vertex.
        before, here, after = (float(one) for one in found[best - 1 : best + 2].tolist())
        bend = before - 2 * here + after
        if bend <= 0:
            return last
        shape = last[1] + 0.5 * (before - after) / bend * float(inner[1] - inner[0])
        least = float(self.squares(np.array(rho), np.array(shape)))
        return min(last, (least, shape))


@dataclass(frozen=True, kw_only=True)
class LawFit:
    """One law at its best.

    Attributes:
        misfit: law, record and noise.
        rho: last time over half-life.
        shape: the exponent.
        amplitude: the first intensity.
        least: the sum of squares that is left.
        scatter: the sum of squares expected a degree of freedom, neighbours that share their
            noise counted once; larger where the noise is seen to be uneven.
        correlation: how many neighbouring points count as one.
    """

    misfit: Misfit
    rho: float
    shape: float
    amplitude: float
    least: float
    scatter: float
    correlation: float

    @property
    def freedom(self) -> int:
        """Points less parameters."""
        return len(self.misfit.record.time_h) - self.misfit.parameters

    @property
    def criterion(self) -> float:
        """AICc; the noise counts as a parameter unless it is stated. Infinite for few points.

        Source: C. M. Hurvich, C.-L. Tsai, Biometrika 76 (1989) 297.
        """
        count = len(self.misfit.record.time_h)
        stated = self.misfit.noise == "stated"
        free = self.misfit.parameters + (0 if stated else 1)
        if count <= free + 1:
            return np.inf
        fits = self.least if stated else count * np.log(max(self.least, 1e-300) / count)
        return float(
            fits / self.correlation + 2 * free + 2 * free * (free + 1) / (count - free - 1)
        )

    def below(self, rho: float) -> float:
        """The confidence that the rate is below rho, from the signed root of the profile."""
        from scipy.special import ndtr, stdtr

        more = max(self.misfit.profile(rho)[0] - self.least, 0.0)
        root = float(np.sign(rho - self.rho) * np.sqrt(more / max(self.scatter, 1e-300)))
        known = self.misfit.noise == "stated" and self.scatter == 1.0
        return float(ndtr(root) if known else stdtr(self.freedom, root))

    def curve(self, time_h: Float[np.ndarray, " more"]) -> Float[np.ndarray, " more"]:
        """Expected intensities at any times."""
        return self._at(time_h, np.array([np.log(self.amplitude), self.rho, self.shape]))

    def band(self, time_h: Float[np.ndarray, " more"]) -> Float[np.ndarray, " more"]:
        """One standard deviation of the curve, from the curvature at the best."""
        slopes = self._slopes(time_h)
        return np.sqrt(np.clip(np.sum((slopes @ self.covariance()) * slopes, axis=1), 0.0, None))

    def residual(self) -> Float[np.ndarray, " time"]:
        """Record less curve, over the noise's sigma up to a common factor."""
        record = self.misfit.record
        curve = self.curve(record.time_h)
        if self.misfit.noise == "proportional":
            return np.log(record.intensity / curve)
        return (record.intensity - curve) / (1.0 if record.sigma is None else record.sigma)

    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """Of ln amplitude, rho, shape (where free)."""
        slopes = self._weighted_slopes()
        return self.scatter * np.linalg.pinv(slopes.T @ slopes)

    def unevenness(self) -> float:
        """How much wider sigma of rho is in square if no evenness of the noise is assumed; or 1.

        Each point's own squared residual stands for its variance.

        Source: J. G. MacKinnon, H. White, J. Econom. 29 (1985) 305 (HC3).
        """
        slopes = self._weighted_slopes()
        inverse = np.linalg.pinv(slopes.T @ slopes)
        leverage = np.clip(np.sum((slopes @ inverse) * slopes, axis=1), 0.0, 0.95)
        own = (self.residual() / (1.0 - leverage)) ** 2
        robust = inverse @ (slopes.T * own) @ slopes @ inverse
        plain = inverse[1, 1] * self.least / max(self.freedom, 1)
        return max(float(robust[1, 1] / plain), 1.0) if plain > 0 else 1.0

    def _weighted_slopes(self) -> Float[np.ndarray, "time parameter"]:
        record = self.misfit.record
        slopes = self._slopes(record.time_h)
        if self.misfit.noise == "proportional":
            return slopes / self.curve(record.time_h)[:, None]
        return slopes if record.sigma is None else slopes / record.sigma[:, None]

    def _at(
        self, time_h: Float[np.ndarray, " more"], values: Float[np.ndarray, "3"]
    ) -> Float[np.ndarray, " more"]:
        reduced = time_h / self.misfit.record.last_h
        exponent = np.sign(values[1]) * (abs(values[1]) * reduced) ** values[2]
        return np.exp(values[0] - _LN2 * np.clip(exponent, -60.0, 60.0))

    def _slopes(self, time_h: Float[np.ndarray, " more"]) -> Float[np.ndarray, "more parameter"]:
        values = np.array([np.log(self.amplitude), self.rho, self.shape])
        columns: list[Float[np.ndarray, " more"]] = []
        for k in range(self.misfit.parameters):
            step = np.zeros(3)
            step[k] = 1e-5 * max(abs(float(values[k])), 1e-2)
            change = self._at(time_h, values + step) - self._at(time_h, values - step)
            columns.append(change / (2 * step[k]))
        return np.stack(columns, axis=1)


def fit_law(misfit: Misfit) -> LawFit:
    """The best rate, found on a grid and closed in on."""
    from scipy.optimize import minimize_scalar

    far = np.arcsinh(_STEEPEST / 0.05)
    grid = 0.05 * np.sinh(np.linspace(-np.arcsinh(30 / 0.05), far, 140))
    shapes = np.linspace(*SHAPES, 18) if misfit.stretched else np.array([1.0])
    left = misfit.squares(*np.broadcast_arrays(grid[:, None], shapes[None, :])).min(axis=1)
    best = int(np.argmin(left))
    found = minimize_scalar(
        lambda rho: misfit.profile(float(rho))[0],
        bounds=(grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]),
        method="bounded",
        options={"xatol": 1e-7 * max(abs(grid[best]), 0.05)},
    )
    rho = float(found.x)  # pyright: ignore[reportAttributeAccessIssue]
    least, shape = misfit.profile(rho)
    if left[best] < least:  # a valley narrower than the grid
        rho = float(grid[best])
        least, shape = misfit.profile(rho)
    bare = LawFit(
        misfit=misfit,
        rho=rho,
        shape=shape,
        amplitude=misfit.amplitude(rho, shape),
        least=least,
        scatter=1.0,
        correlation=1.0,
    )
    return _with_scatter(bare)


def _with_scatter(bare: LawFit) -> LawFit:
    correlation = correlation_factor(bare.residual())
    scatter = bare.least / max(bare.freedom, 1) * correlation
    if bare.misfit.noise == "stated":
        scatter = max(scatter, 1.0)
    elif bare.freedom > 1:
        scatter *= bare.unevenness()
    return LawFit(
        misfit=bare.misfit,
        rho=bare.rho,
        shape=bare.shape,
        amplitude=bare.amplitude,
        least=bare.least,
        scatter=scatter,
        correlation=correlation,
    )


def chosen_noise(record: AgeingRecord) -> NoiseKind:
    """The kind of noise that makes the record likelier under the richest law it can bear."""
    if record.sigma is not None:
        return "stated"
    count = len(record.time_h)
    if count < 4 or (record.intensity <= 0).any():
        return "even"
    stretched = count >= 6
    even, log = (
        fit_law(Misfit(record=record, noise=kind, stretched=stretched)).least
        for kind in ("even", "proportional")
    )
    size = float(np.mean(np.log(record.intensity)))
    tiny = 1e-24 * float(np.max(record.intensity)) ** 2
    worse = np.log(max(log, 1e-24)) + 2 * size
    return "even" if np.log(max(even, tiny)) <= worse else "proportional"
