"""Emission of many spectra on one axis, all at once, where one Gaussian band in each suffices."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Spectrum
from cinedot.spectroscopy.band_fit import BandFit, BandModel
from cinedot.spectroscopy.bands import band_per_nm
from cinedot.spectroscopy.emission import (
    LEAST_EVIDENCE,
    Candidate,
    EmissionFit,
    told,
    usable_points,
)
from cinedot.spectroscopy.noise import correlation_factor, variance_law
from cinedot.spectroscopy.series_fit import SeriesFit, fit_series

_MODEL = BandModel(others=(), skewed=False, sloped=True)
_TOGETHER = 64
_SHARED = 1.5
"""Neighbours that share their rest more than this leave something to explain, or to widen."""


def fit_emission_series(spectra: Sequence[Spectrum]) -> tuple[EmissionFit | None, ...]:
    """The band of each spectrum of a series, where one Gaussian on a line says all that it says.

    All are fitted together, twice: alike in every point, then with the noise that the first fit's
    rest shows. Where a lean of the band would be worth its parameter (BIC), where the rest is no
    white noise, or where a fit has no clear band within the record, there is no answer here: such a
    spectrum is for `fit_emission`.

    Args:
        spectra: of a series; answers are sought where they have their points in common.

    Returns:
        An answer for each spectrum, or None; nothing but None where their points differ.

    Raises:
        InputError: as `fit_emission`.

    Example:
        >>> from cinedot.spectroscopy.bands import emission_spectrum
        >>> nm, rng = np.arange(420.0, 501.0), np.random.default_rng(0)
        >>> records = [
        ...     Spectrum(wavelength_nm=nm, label=f"{k}", intensity=rng.normal(
        ...         emission_spectrum(nm, peak_nm=453.0 + k, fwhm_nm=14.9, height=900.0), 3.0))
        ...     for k in range(3)]
        >>> [round(fit.peak.value) for fit in fit_emission_series(records) if fit]
        [453, 454, 455]
    """
    points = [usable_points(spectrum) for spectrum in spectra]
    wavelength = points[0][0]
    if any(not np.array_equal(one, wavelength) for one, _ in points):
        return (None,) * len(spectra)
    record = np.stack([intensity for _, intensity in points])
    scale = np.maximum(np.max(np.abs(record), axis=1), 1e-300)
    record = record / scale[:, None]
    first = fit_series(wavelength, record, coordinate="energy")
    sigma = _noise(wavelength, record, scale, first)
    second = fit_series(wavelength, record, coordinate="energy", sigma=sigma)
    found: list[EmissionFit | None] = []
    for k, spectrum in enumerate(spectra):
        if first.status[k] or second.status[k]:
            found.append(None)
            continue
        fit = _bands(wavelength, record[k], sigma[k] ** 2, second, k)
        found.append(_told(spectrum, fit, float(scale[k])) if _suffices(fit, second, k) else None)
    return tuple(found)


def _bands(
    wavelength: Float[np.ndarray, " x"],
    intensity: Float[np.ndarray, " x"],
    variance: Float[np.ndarray, " x"],
    fit: SeriesFit,
    index: int,
) -> BandFit:
    return BandFit(
        model=_MODEL,
        wavelength_nm=wavelength,
        intensity=intensity,
        variance=variance,
        shape=np.array([fit.centre[index], np.log(fit.fwhm[index])]),
        linear=np.array([fit.height[index], *fit.ground[index]]),
        chi_square=float(fit.chi_square[index]),
    )


def _noise(
    wavelength: Float[np.ndarray, " x"],
    record: Float[np.ndarray, "spectrum x"],
    scale: Float[np.ndarray, " spectrum"],
    first: SeriesFit,
) -> Float[np.ndarray, "spectrum x"]:
    """One standard deviation of each point, by the law that the rests of neighbours share.

    One instrument recorded them: 64 spectra tell its law better than one.
    """
    sigma = np.ones_like(record)
    answered = np.flatnonzero(first.status == 0)
    for begin in range(0, len(answered), _TOGETHER):
        rows = answered[begin : begin + _TOGETHER]
        even = np.ones_like(wavelength)
        fits = [_bands(wavelength, record[k], even, first, k) for k in rows.tolist()]
        size = scale[rows, None]
        squares = np.stack([fit.squares() for fit in fits]) * size**2
        level = np.stack([fit.terms[:, 0] * fit.linear[0] for fit in fits]) * size
        variance = variance_law(squares.ravel(), level.ravel()).reshape(squares.shape)
        sigma[rows] = np.sqrt(variance) / size
    return sigma


def _suffices(fit: BandFit, series: SeriesFit, index: int) -> bool:
    """Whether the band is clear, would not rather lean, and leaves white noise."""
    scatter = max(fit.chi_square / series.freedom, 1.0)
    clear = fit.linear[0] ** 2 > LEAST_EVIDENCE * series.covariance[index, 2, 2] * scatter
    rest = fit.residual / np.sqrt(fit.variance)
    if not clear or correlation_factor(rest) > _SHARED:
        return False
    centre, width = float(fit.shape[0]), float(np.exp(fit.shape[1]))
    ends = [
        band_per_nm(fit.wavelength_nm, centre_ev=centre, fwhm_ev=width, skew=skew)
        for skew in (-1e-3, 1e-3)
    ]
    lean = (ends[1] - ends[0]) / np.sqrt(fit.variance)
    others = fit.derivatives()
    lean = lean - others @ np.linalg.lstsq(others, lean, rcond=None)[0]
    gain = float(rest @ lean) ** 2 / float(lean @ lean) / scatter
    return gain < float(np.log(len(rest)))


def _told(spectrum: Spectrum, fit: BandFit, scale: float) -> EmissionFit | None:
    points = len(fit.intensity)
    alone = Candidate(
        model=fit.model.text(),
        parameters=fit.model.parameters,
        chi_square=fit.chi_square,
        bic=fit.chi_square + fit.model.parameters * float(np.log(points)),
    )
    try:
        found = told(spectrum, fit, [fit], (alone,), scale)
    except AnalysisError:
        return None
    return found if found.status == "ok" and found.fwhm.status == "ok" else None
