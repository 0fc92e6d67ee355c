"""Least squares of bands on a background, with the linear parameters solved for exactly.

The nonlinear parameters (centres, widths, one skew) are searched; heights and background follow
from linear least squares at each step (variable projection), heights never negative.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Float

from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.bands import band_per_nm, band_slopes

OtherBand = Literal["broad", "blue", "red"]

_LIMITS: dict[OtherBand, tuple[tuple[float, float], tuple[float, float]]] = {
    "broad": ((-12.0, 12.0), (2.5, 15.0)),
    "blue": ((1.0, 15.0), (0.4, 5.0)),
    "red": ((-15.0, -1.0), (0.4, 5.0)),
}
"""Of a band beside the main one: its offset, and its width, in widths of the main band.

A band that were neither broad nor apart would be a part of the main band, and make what people
read off as one peak narrower than it is.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandModel:
    """Which bands and which background a fit may use.

    Attributes:
        others: each band beside the main one: `broad`, at least 2.5 times as wide and anywhere; or
            apart from it by a width or more, on the `blue` or the `red` side.
        skewed: whether the main band may lean to one side.
        sloped: whether the background is linear rather than constant.
    """

    others: tuple[OtherBand, ...]
    skewed: bool
    sloped: bool

    @property
    def bands(self) -> int:
        """Number of bands."""
        return 1 + len(self.others)

    @property
    def parameters(self) -> int:
        """Number of free parameters."""
        return 3 * self.bands + self.skewed + 1 + self.sloped

    def text(self) -> str:
        """The model in words.

        Example:
            >>> BandModel(others=("broad",), skewed=False, sloped=True).text()
            'Gaussian band, with a broad one, on a linear background'
        """
        shape = "skewed band" if self.skewed else "Gaussian band"
        words = {"broad": "a broad one", "blue": "one to the blue", "red": "one to the red"}
        more = " and ".join(words[kind] for kind in self.others)
        ground = "linear" if self.sloped else "constant"
        return (
            f"{shape}, with {more}, on a {ground} background"
            if more
            else (f"{shape} on a {ground} background")
        )


@dataclass(frozen=True, kw_only=True)
class BandFit:
    """One model fitted to one record.

    Attributes:
        model: what was fitted.
        wavelength_nm, intensity, variance: the record and its noise.
        shape: nonlinear parameters: skew if any; centre (eV) and ln of width (eV) of the main
            band; of each other its offset in main widths and ln of its width in main widths.
        linear: height of each band, then background.
        chi_square: sum of squared residuals over variance.
    """

    model: BandModel
    wavelength_nm: Float[np.ndarray, " x"]
    intensity: Float[np.ndarray, " x"]
    variance: Float[np.ndarray, " x"]
    shape: Float[np.ndarray, " nonlinear"]
    linear: Float[np.ndarray, " linear"]
    chi_square: float

    @cached_property
    def terms(self) -> Float[np.ndarray, "x linear"]:
        """What each linear parameter multiplies."""
        return _terms(self.model, self.wavelength_nm, self.shape)

    @cached_property
    def curve(self) -> Float[np.ndarray, " x"]:
        """The fitted record."""
        return self.terms @ self.linear

    @property
    def residual(self) -> Float[np.ndarray, " x"]:
        """Record minus fit."""
        return self.intensity - self.curve

    def _jacobian(
        self,
    ) -> tuple[Float[np.ndarray, "x parameter"], Float[np.ndarray, " parameter"]]:
        """Derivatives over sigma in columns of length 1, and the lengths."""
        jacobian = np.concatenate(
            [_slopes(self.model, self.wavelength_nm, self.shape, self.linear), self.terms], axis=1
        )
        jacobian = jacobian / np.sqrt(self.variance)[:, None]
        scale = np.linalg.norm(jacobian, axis=0)
        # A band that has vanished leaves nothing to learn of its shape.
        scale[scale < 1e-12 * scale.max()] = 1.0
        return jacobian / scale, scale

    def squares(self) -> Float[np.ndarray, " x"]:
        """Squared residuals, each as large as if its point had not drawn the curve to itself."""
        left, _, _ = np.linalg.svd(self._jacobian()[0], full_matrices=False)
        leverage = np.sum(left**2, axis=1)
        return self.residual**2 / np.clip(1.0 - leverage, 0.1, None)

    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """Of (shape, linear), for independent points of the given variance."""
        jacobian, scale = self._jacobian()
        return np.linalg.pinv(jacobian.T @ jacobian) / np.outer(scale, scale)


def fit_bands(
    model: BandModel,
    wavelength_nm: Float[np.ndarray, " x"],
    intensity: Float[np.ndarray, " x"],
    variance: Float[np.ndarray, " x"],
    start: Float[np.ndarray, " nonlinear"],
) -> BandFit:
    """The best bands near a start.

    Args:
        model: what may be used.
        wavelength_nm, intensity, variance: the record, in order of wavelength.
        start: as `BandFit.shape`.
    """
    from scipy.optimize import least_squares

    weight = 1.0 / np.sqrt(variance)
    # A background below nought and below the record itself only feeds a band that is not there.
    floor = min(0.0, float(np.min(np.convolve(intensity, np.full(5, 0.2), mode="valid"))))
    low, high = _bounds(model, wavelength_nm)
    search = _Projection(
        model=model, wavelength_nm=wavelength_nm, intensity=intensity, weight=weight, floor=floor
    )
    inside = np.clip(start, low + 1e-6 * (high - low), high - 1e-6 * (high - low))
    found = least_squares(
        search.misfit,
        inside,
        jac=search.slopes,  # pyright: ignore[reportArgumentType]  # the stubs know no callable here
        bounds=(low, high),
        x_scale="jac",
        xtol=1e-8,
        ftol=1e-9,
        max_nfev=60,
    )
    shape = np.asarray(found.x, dtype=np.float64)
    terms = _terms(model, wavelength_nm, shape)
    return BandFit(
        model=model,
        wavelength_nm=wavelength_nm,
        intensity=intensity,
        variance=variance,
        shape=shape,
        linear=search.solved(terms),
        chi_square=float(2 * found.cost),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Projection:
    """The misfit as a function of the nonlinear parameters alone."""

    model: BandModel
    wavelength_nm: Float[np.ndarray, " x"]
    intensity: Float[np.ndarray, " x"]
    weight: Float[np.ndarray, " x"]
    floor: float

    def solved(self, terms: Float[np.ndarray, "x linear"]) -> Float[np.ndarray, " linear"]:
        """The best linear parameters."""
        return _solve(terms, self.intensity, self.weight, self.floor, self.model.bands)

    def misfit(self, shape: Float[np.ndarray, " nonlinear"]) -> Float[np.ndarray, " x"]:
        """Residuals over sigma."""
        terms = _terms(self.model, self.wavelength_nm, shape)
        return (self.intensity - terms @ self.solved(terms)) * self.weight

    def slopes(self, shape: Float[np.ndarray, " nonlinear"]) -> Float[np.ndarray, "x nonlinear"]:
        """Their derivatives after Kaufman: what free linear parameters make up for is taken off."""
        terms = _terms(self.model, self.wavelength_nm, shape)
        linear = self.solved(terms)
        change = _slopes(self.model, self.wavelength_nm, shape, linear) * self.weight[:, None]
        bound = np.where(np.arange(len(linear)) < self.model.bands, 0.0, self.floor)
        basis, _ = np.linalg.qr(terms[:, linear > bound] * self.weight[:, None])
        return basis @ (basis.T @ change) - change


def _bounds(
    model: BandModel, wavelength_nm: Float[np.ndarray, " x"]
) -> tuple[Float[np.ndarray, " nonlinear"], Float[np.ndarray, " nonlinear"]]:
    """The main centre within the record, its width from three points to twice the record."""
    energy = HC_EV_NM / wavelength_nm
    span = float(energy[0] - energy[-1])
    narrow = 3.0 * span / (len(energy) - 1)
    low = [-1.2] * model.skewed + [float(energy[-1]), float(np.log(narrow))]
    high = [1.2] * model.skewed + [float(energy[0]), float(np.log(2.0 * span))]
    for kind in model.others:
        offset, ratio = _LIMITS[kind]
        low += [offset[0], float(np.log(ratio[0]))]
        high += [offset[1], float(np.log(ratio[1]))]
    return np.array(low), np.array(high)


def main_band(
    model: BandModel, shape: Float[np.ndarray, " nonlinear"]
) -> tuple[float, float, float]:
    """Centre (eV), width (eV) and skew of the main band."""
    place = int(model.skewed)
    skew = float(shape[0]) if model.skewed else 0.0
    return float(shape[place]), float(np.exp(shape[place + 1])), skew


def _terms(
    model: BandModel,
    wavelength_nm: Float[np.ndarray, " x"],
    shape: Float[np.ndarray, " nonlinear"],
) -> Float[np.ndarray, "x linear"]:
    centre, width, skew = main_band(model, shape)
    columns = [band_per_nm(wavelength_nm, centre_ev=centre, fwhm_ev=width, skew=skew)]
    for offset, ratio in shape[int(model.skewed) + 2 :].reshape(-1, 2):
        # A centre far outside the record is the same slope whatever it is; it must stay positive.
        place = max(centre + float(offset) * width, 0.2 * centre)
        columns.append(
            band_per_nm(wavelength_nm, centre_ev=place, fwhm_ev=float(np.exp(ratio)) * width)
        )
    if model.sloped:
        across = (wavelength_nm - wavelength_nm[0]) / (wavelength_nm[-1] - wavelength_nm[0])
        columns += [1.0 - across, across]
    else:
        columns.append(np.ones_like(wavelength_nm))
    return np.stack(columns, axis=1)


def _slopes(
    model: BandModel,
    wavelength_nm: Float[np.ndarray, " x"],
    shape: Float[np.ndarray, " nonlinear"],
    linear: Float[np.ndarray, " linear"],
) -> Float[np.ndarray, "x nonlinear"]:
    """Derivatives of the curve with the nonlinear parameters."""
    centre, width, skew = main_band(model, shape)
    first = int(model.skewed)
    columns = np.zeros((len(wavelength_nm), len(shape)))
    moved, widened = band_slopes(wavelength_nm, centre_ev=centre, fwhm_ev=width, skew=skew)
    columns[:, first], columns[:, first + 1] = linear[0] * moved, linear[0] * widened
    if model.skewed:
        ends = [
            band_per_nm(wavelength_nm, centre_ev=centre, fwhm_ev=width, skew=skew + step)
            for step in (-1e-5, 1e-5)
        ]
        columns[:, 0] = linear[0] * (ends[1] - ends[0]) / 2e-5
    for k, (offset, ratio) in enumerate(shape[first + 2 :].reshape(-1, 2)):
        wide = float(np.exp(ratio)) * width
        place = max(centre + float(offset) * width, 0.2 * centre)
        moved, widened = band_slopes(wavelength_nm, centre_ev=place, fwhm_ev=wide, skew=0.0)
        height = linear[1 + k]
        columns[:, first] += height * moved
        columns[:, first + 1] += height * (float(offset) * width * moved + widened)
        columns[:, first + 2 + 2 * k] = height * width * moved
        columns[:, first + 3 + 2 * k] = height * widened
    return columns


def _solve(
    terms: Float[np.ndarray, "x linear"],
    target: Float[np.ndarray, " x"],
    weight: Float[np.ndarray, " x"],
    floor: float,
    bands: int,
) -> Float[np.ndarray, " linear"]:
    """Linear least squares with heights not negative and the background nowhere below `floor`."""
    weighted = terms * weight[:, None]
    scale = np.linalg.norm(weighted, axis=0)
    # A band between the points, or beyond the record, has no height that could be told.
    weighted = weighted * (scale > 1e-12 * scale.max())
    scale[scale <= 1e-12 * scale.max()] = 1.0
    weighted = weighted / scale
    above = (target - floor) * weight
    free = np.linalg.lstsq(weighted, above, rcond=1e-12)[0]
    if (free < 0).any():
        from scipy.optimize import nnls

        free = nnls(weighted, above)[0]
    linear = free / scale
    linear[bands:] += floor
    return linear
