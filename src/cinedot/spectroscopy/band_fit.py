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
from cinedot.core.separable import fit_separable, inverse_curvature, scaled
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

    def squares(self) -> Float[np.ndarray, " x"]:
        """Squared residuals, each as large as if its point had not drawn the curve to itself."""
        left, _, _ = np.linalg.svd(scaled(self.derivatives())[0], full_matrices=False)
        leverage = np.sum(left**2, axis=1)
        return self.residual**2 / np.clip(1.0 - leverage, 0.1, None)

    def covariance(self) -> Float[np.ndarray, "parameter parameter"]:
        """Of (shape, linear), for independent points of the given variance."""
        return inverse_curvature(self.derivatives())

    def derivatives(self) -> Float[np.ndarray, "x parameter"]:
        """Derivatives of the curve over sigma."""
        slopes = _slopes(self.model, self.wavelength_nm, self.shape, self.linear)
        return np.concatenate([slopes, self.terms], axis=1) / np.sqrt(self.variance)[:, None]


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
    weight = 1.0 / np.sqrt(variance)
    # A background below nought and below the record itself only feeds a band that is not there.
    floor = min(0.0, float(np.min(np.convolve(intensity, np.full(5, 0.2), mode="valid"))))
    low, high = _bounds(model, wavelength_nm)
    found = fit_separable(
        lambda shape: _terms(model, wavelength_nm, shape),
        intensity,
        np.clip(start, low + 1e-6 * (high - low), high - 1e-6 * (high - low)),
        weight=weight,
        low=low,
        high=high,
        slopes=lambda shape, linear: _slopes(model, wavelength_nm, shape, linear),
        solve=lambda terms: solve_linear(terms, intensity, weight, floor, model.bands),
        free=lambda linear: linear > np.where(np.arange(len(linear)) < model.bands, 0.0, floor),
    )
    return BandFit(
        model=model,
        wavelength_nm=wavelength_nm,
        intensity=intensity,
        variance=variance,
        shape=found.shape,
        linear=found.linear,
        chi_square=found.chi_square,
    )


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


def solve_linear(
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
