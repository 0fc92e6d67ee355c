"""Colour: where light lies in the CIE 1931 diagram, and what a display would gain by it.

The observer is the tabulated 2-degree one. Everything up to the tristimulus values is linear in
the record, so that its noise, and the background's, go through exactly.
"""

import csv
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate
from cinedot.core.files import sourced_text
from cinedot.spectroscopy.emission import EmissionFit
from cinedot.spectroscopy.gamut import REC_2020, gamut_area, gamut_coverage

Point = tuple[float, float]
"""A chromaticity, x and y."""

SEEN_NM = (360.0, 830.0)
"""What the table of the observer spans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """A chromaticity with its uncertainty.

    Attributes:
        xy: CIE 1931 x and y.
        covariance: theirs.
        whole: whether the record holds all of the light; otherwise the colour is a guess.
    """

    xy: Point
    covariance: Float[np.ndarray, "2 2"]
    whole: bool = True

    def estimates(self) -> Mapping[str, Estimate]:
        """x, y, u', v', distances to the Rec. 2020 blue primary, and gamut as its replacement.

        Coverage is the share of the Rec. 2020 triangle in x, y that Rec. 2020's red and green
        with this blue span; area is theirs over that of Rec. 2020, and may lie outside it.

        Example:
            >>> found = Colour(xy=(0.1371, 0.0401), covariance=np.eye(2) * 1e-8).estimates()
            >>> round(found["gamut_coverage"].value, 4), round(found["blue_distance"].value, 4)
            (0.9888, 0.0085)
        """
        return {name: self._estimate(law) for name, law in _READINGS.items()}

    def _estimate(self, law: Callable[[Point], float]) -> Estimate:
        x, y = self.xy
        step = 1e-6
        slopes = np.array(
            [
                (law((x + step, y)) - law((x - step, y))) / (2 * step),
                (law((x, y + step)) - law((x, y - step))) / (2 * step),
            ]
        )
        variance = float(slopes @ self.covariance @ slopes)
        return Estimate(
            value=law(self.xy),
            sigma=math.sqrt(max(variance, 0.0)),
            unit="",
            method="CIE 1931 2-degree observer",
            status="ok" if self.whole else "undetermined",
        )


def observer(wavelength_nm: Float[np.ndarray, " x"]) -> Float[np.ndarray, "x 3"]:
    """The CIE 1931 2-degree colour-matching functions: cubic between whole nm, 0 outside the table.

    Args:
        wavelength_nm: nm.

    Source: ISO/CIE 11664-1:2019.

    Example:
        >>> observer(np.array([555.0])).round(4).tolist()
        [[0.5121, 1.0, 0.0057]]
    """
    seen = (wavelength_nm >= SEEN_NM[0]) & (wavelength_nm <= SEEN_NM[1])
    inside = np.clip(wavelength_nm, *SEEN_NM)
    return np.where(seen[:, None], _spline()(inside), 0.0)


@cache
def _spline() -> Callable[[Float[np.ndarray, " x"]], Float[np.ndarray, "x 3"]]:
    from scipy.interpolate import CubicSpline

    text = sourced_text("cinedot.spectroscopy", "cie_1931_2_degree.csv").text
    rows = csv.DictReader(io.StringIO(text))
    table = np.array([[float(row[name]) for name in ("wavelength_nm", *"xyz")] for row in rows])
    return cast(
        Callable[[Float[np.ndarray, " x"]], Float[np.ndarray, "x 3"]],
        CubicSpline(table[:, 0], table[:, 1:]),
    )


def tristimulus_weights(wavelength_nm: Float[np.ndarray, " x"]) -> Float[np.ndarray, "x 3"]:
    """What each point of a record adds to X, Y, Z, by the trapezoidal rule.

    Args:
        wavelength_nm: rising, at least two, nm.

    Returns:
        nm times the observer's values.

    Example:
        >>> nm = np.arange(360.0, 830.5)
        >>> tristimulus_weights(nm).sum(axis=0).round(2).tolist()
        [106.87, 106.86, 106.89]
    """
    steps = np.diff(wavelength_nm)
    widths = np.zeros_like(wavelength_nm)
    widths[:-1] += steps / 2
    widths[1:] += steps / 2
    return observer(wavelength_nm) * widths[:, None]


def chromaticity(
    wavelength_nm: Float[np.ndarray, " x"], intensity: Float[np.ndarray, " x"]
) -> Point:
    """CIE 1931 x and y of a spectrum.

    Args:
        wavelength_nm: rising, nm; steps of 5 nm at most for lines as narrow as a dot's.
        intensity: power per nm, in any unit.

    Raises:
        AnalysisError: no light that an eye sees.

    Example:
        >>> nm = np.arange(380.0, 781.0)
        >>> x, y = chromaticity(nm, np.exp(-0.5 * ((nm - 453) / 6.3275) ** 2))
        >>> round(x, 4), round(y, 4)
        (0.1526, 0.0216)
    """
    return xy_of(intensity @ tristimulus_weights(wavelength_nm))


def xy_of(xyz: Float[np.ndarray, "3"]) -> Point:
    """Chromaticity of tristimulus values.

    Raises:
        AnalysisError: their sum is not above 0.

    Example:
        >>> xy_of(np.array([1.0, 1.0, 2.0]))
        (0.25, 0.25)
    """
    total = float(xyz.sum())
    if not total > 0:
        raise AnalysisError(
            "the light has no colour: nothing of it is left above its background between "
            f"{SEEN_NM[0]:g} and {SEEN_NM[1]:g} nm.",
            remedy="Record visible light, or leave the background out of `range`.",
        )
    return float(xyz[0]) / total, float(xyz[1]) / total


def uv_of(xy: Point) -> Point:
    """CIE 1976 u' and v'.

    Source: CIE 015:2018, equation 8.

    Example:
        >>> u, v = uv_of((0.131, 0.046))
        >>> round(u, 4), round(v, 4)
        (0.1593, 0.1258)
    """
    x, y = xy
    scale = -2 * x + 12 * y + 3
    return 4 * x / scale, 9 * y / scale


def spectrum_locus(wavelength_nm: Float[np.ndarray, " x"]) -> Float[np.ndarray, "x 2"]:
    """Chromaticities of single wavelengths, within 360 to 830 nm.

    Example:
        >>> spectrum_locus(np.array([467.0])).round(4).tolist()
        [[0.1314, 0.0459]]
    """
    xyz = observer(wavelength_nm)
    return xyz[:, :2] / xyz.sum(axis=1, keepdims=True)


def emission_colour(fit: EmissionFit) -> Colour:
    """The colour of an emission spectrum less its background, with what the noise makes of it.

    The background is that of the fit, a linear function of the record once the bands' shapes are
    known; its doubt and that of each point go through together. The light outside the record is
    taken as none.

    Args:
        fit: what was found of the spectrum.

    Raises:
        AnalysisError: no light that an eye sees.

    Source: science.md 6.

    Example:
        >>> from cinedot.core import Spectrum
        >>> from cinedot.spectroscopy import emission_spectrum, fit_emission
        >>> nm = np.arange(420.0, 501.0)
        >>> light = emission_spectrum(nm, peak_nm=463.0, fwhm_nm=14.7, height=900.0)
        >>> fit = fit_emission(Spectrum(wavelength_nm=nm, intensity=light, label="PL"))
        >>> x, y = emission_colour(fit).xy
        >>> round(x, 3), round(y, 3)
        (0.138, 0.038)
    """
    weights = tristimulus_weights(fit.wavelength_nm)
    operator = weights - _through_background(fit, weights)
    xyz = (fit.intensity - fit.background) @ weights
    xy = xy_of(xyz)
    spread = operator * fit.noise[:, None]
    covariance = spread.T @ spread * fit.correlation
    total = float(xyz.sum())
    slopes = (np.eye(3)[:2] - np.array(xy)[:, None]) / total
    return Colour(xy=xy, covariance=slopes @ covariance @ slopes.T, whole=fit.status == "ok")


def _through_background(
    fit: EmissionFit, weights: Float[np.ndarray, "x 3"]
) -> Float[np.ndarray, "x 3"]:
    """What each point takes away from X, Y, Z by raising the background."""
    nm = fit.wavelength_nm
    below = [np.ones_like(nm)]
    if float(np.ptp(fit.background)) > 1e-9 * float(np.max(np.abs(fit.intensity))):
        below.append((nm - nm.mean()) / float(np.ptp(nm)))
    scale = float(np.max(np.abs(fit.intensity)))
    bands = [band / scale for band in (fit.main, *fit.others)]
    columns = np.stack([*bands, *below], axis=1) / fit.noise[:, None]
    fitted = np.linalg.pinv(columns)[len(bands) :] / fit.noise
    return fitted.T @ (np.stack(below) @ weights)


def _distance(law: Callable[[Point], Point]) -> Callable[[Point], float]:
    blue = law(REC_2020.blue)
    return lambda xy: math.dist(law(xy), blue)


_READINGS: Mapping[str, Callable[[Point], float]] = {
    "cie_x": lambda xy: xy[0],
    "cie_y": lambda xy: xy[1],
    "cie_u": lambda xy: uv_of(xy)[0],
    "cie_v": lambda xy: uv_of(xy)[1],
    "blue_distance": _distance(lambda xy: xy),
    "blue_distance_uv": _distance(uv_of),
    "gamut_coverage": lambda xy: gamut_coverage(REC_2020.with_blue(xy), REC_2020),
    "gamut_area": lambda xy: gamut_area(REC_2020.with_blue(xy)) / gamut_area(REC_2020),
}
