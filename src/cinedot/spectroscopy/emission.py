"""Emission: where a spectrum peaks and how wide it is, with the evidence for both."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate, InputError, Spectrum
from cinedot.spectroscopy.band_fit import BandFit, BandModel, fit_bands, main_band
from cinedot.spectroscopy.band_search import BandSearch, bic_of, dispersion_of, search_bands
from cinedot.spectroscopy.bands import read_off
from cinedot.spectroscopy.noise import local_squares, variance_law

EmissionStatus = Literal["ok", "edge"]

_SCATTER_NM = 15.0
_ROUNDING = 1e-9
"""Of the highest intensity: a record that varies less is flat but for rounding."""
_CUT_OFF, _MANY_DIGITS = 4, 5.0
"""So many neighbours at the highest number, that fall by more than so many of the least steps."""
_FLAT = 3.0
"""A curve that varies by less than so many sigmas of a point is a drift, and no band's flank."""
_WORTH_A_LOOK = 12.0
"""Models behind by more in BIC weigh less than 0.3 % and are left out of the average."""
# A band found by chance in 1,000 points of pure noise exceeds this less than once in a million:
# chi-square with 3 degrees of freedom, 1,000 places.
LEAST_EVIDENCE = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One model that was tried.

    Attributes:
        model: in words.
        parameters: how many were free.
        chi_square: over the noise, shared correlations counted once.
        bic: Bayes' information criterion; the least is preferred.
    """

    model: str
    parameters: int
    chi_square: float
    bic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionFit:
    """What an emission spectrum says of its main band, and why.

    Attributes:
        peak: wavelength of the main band's maximum per nm, nm.
        fwhm: its full width at half maximum per nm, nm.
        peak_energy: energy of its maximum per eV, eV.
        fwhm_energy: its full width at half maximum per eV, meV.
        wavelength_nm, intensity: the points that were fitted.
        curve: the fitted record.
        main: the main band alone.
        others: each further band, by descending height.
        background: what lies below the bands.
        residual: intensity minus curve.
        noise: one standard deviation of each point.
        status: `edge` where the record does not hold both half-maxima.
        model: what was chosen, in words.
        evidence: all that was tried, best first.
        reduced_chi_square: against the noise between neighbouring points; above 1 the curve
            is not the whole truth, and every sigma has been widened by it.
        correlation: how many neighbouring points count as one.
    """

    peak: Estimate
    fwhm: Estimate
    peak_energy: Estimate
    fwhm_energy: Estimate
    wavelength_nm: Float[np.ndarray, " x"]
    intensity: Float[np.ndarray, " x"]
    curve: Float[np.ndarray, " x"]
    main: Float[np.ndarray, " x"]
    others: tuple[Float[np.ndarray, " x"], ...]
    background: Float[np.ndarray, " x"]
    residual: Float[np.ndarray, " x"]
    noise: Float[np.ndarray, " x"]
    status: EmissionStatus
    model: str
    evidence: tuple[Candidate, ...]
    reduced_chi_square: float
    correlation: float

    @property
    def area(self) -> Estimate:
        """Of the main band above its background, the instrument's units times nm."""
        step = np.gradient(self.wavelength_nm)
        # The sum of the points over the band, each with its own noise, neighbours counted together.
        inside = self.main > 0.1 * float(self.main.max())
        noise = float(np.sum((self.noise * step)[inside] ** 2)) * self.correlation
        return Estimate(
            value=float(np.sum(self.main * step)),
            sigma=float(np.sqrt(noise * max(self.reduced_chi_square, 1.0))),
            unit="",
            method="main band above its background",
        )


def fit_emission(spectrum: Spectrum) -> EmissionFit:
    """The main band of an emission spectrum: bands in energy on a background, by least squares.

    Each model predicts the record per nm, I(lambda) = (hc/lambda^2) I(E), which is the same as
    converting the record to energy with its variances scaled by (lambda^2/hc)^2. Peak and width
    are those of the band per nm, as people read them: for a Gaussian the maximum
    per nm lies 2 sigma^2/lambda to the blue of hc/E0 (0.177 nm for 453/14.9). The number of bands,
    their asymmetry and the background's slope are chosen by BIC; models that it cannot tell apart
    are averaged.

    Args:
        spectrum: at least 8 points; points within 15 nm of its excitation, and of twice that,
            are left out.

    Raises:
        InputError: too few points, or some that are not finite or not sorted.
        AnalysisError: no band rises above the noise, or its maximum is not in the record.

    Source: science.md 6.

    Example:
        >>> from cinedot.spectroscopy.bands import emission_spectrum
        >>> nm = np.arange(420.0, 501.0)
        >>> counts = np.round(emission_spectrum(nm, peak_nm=453.0, fwhm_nm=14.9, height=900.0))
        >>> fit = fit_emission(Spectrum(wavelength_nm=nm, intensity=counts, label="PL"))
        >>> abs(fit.peak.value - 453.0) < 0.1, abs(fit.fwhm.value - 14.9) < 0.1
        (True, True)
    """
    wavelength, intensity = usable_points(spectrum)
    _refuse_saturated(wavelength, intensity, spectrum.label)
    scale = float(np.max(np.abs(intensity))) or 1.0
    if float(np.ptp(intensity)) < _ROUNDING * scale:
        raise _no_band(spectrum)
    found = search_bands(wavelength, intensity / scale)
    best = found.best
    if best is None or found.evidence_for_band < LEAST_EVIDENCE:
        raise _no_band(spectrum)
    return _wrap(spectrum, found, best, scale)


def _no_band(spectrum: Spectrum) -> AnalysisError:
    return AnalysisError(
        f"no emission band rises above the noise of spectrum {spectrum.label!r}.",
        remedy="Record longer.",
    )


def _refuse_saturated(
    wavelength: Float[np.ndarray, " x"], intensity: Float[np.ndarray, " x"], label: str
) -> None:
    """Refuse a top that a detector cut off: neighbours that all stand at the highest number.

    A smooth maximum that was rounded has such neighbours too, but falls off beside them by no more
    than a few of its last digits.
    """
    top = np.flatnonzero(intensity == intensity.max())
    runs = np.split(top, np.flatnonzero(np.diff(top) > 1) + 1)
    longest = max(runs, key=len)
    steps = np.abs(np.diff(intensity))
    if len(longest) < _CUT_OFF or not steps.any():
        return
    beside = [k for k in (longest[0] - 1, longest[-1] + 1) if 0 <= k < len(intensity)]
    drop = max(float(intensity.max() - intensity[k]) for k in beside)
    if drop > _MANY_DIGITS * float(steps[steps > 0].min()):
        first, last = wavelength[longest[0]], wavelength[longest[-1]]
        raise AnalysisError(
            f"spectrum {label!r} is saturated: its {len(longest)} points from {first:g} to "
            f"{last:g} nm all stand at its highest number, {intensity.max():g}.",
            remedy="Record it with less light or narrower slits.",
        )


def usable_points(spectrum: Spectrum) -> tuple[Float[np.ndarray, " x"], Float[np.ndarray, " x"]]:
    """The points to fit: away from scattered excitation and its second order.

    Returns:
        Wavelengths, nm, and intensities.

    Raises:
        InputError: fewer than 8 points, or some that are not finite or not sorted.
    """
    wavelength, intensity = spectrum.wavelength_nm, spectrum.intensity
    if not (np.isfinite(intensity).all() and np.isfinite(wavelength).all()):
        raise InputError(
            f"intensities must be finite, but some of spectrum {spectrum.label!r} are not.",
            remedy="Leave these points out.",
        )
    if (np.diff(wavelength) <= 0).any() or (wavelength[:1] <= 0).any():
        raise InputError(
            f"wavelengths must be positive and rise, but those of {spectrum.label!r} do not.",
            remedy="Sort them, or read the file with `read_spectra`.",
        )
    kept = np.ones(len(wavelength), dtype=bool)
    if spectrum.excitation_nm is not None:
        for line in (spectrum.excitation_nm, 2 * spectrum.excitation_nm):
            kept &= np.abs(wavelength - line) > _SCATTER_NM
    if np.count_nonzero(kept) < 8:
        raise InputError(
            f"a band needs at least 8 points, but {np.count_nonzero(kept)} of spectrum "
            f"{spectrum.label!r} are left.",
            remedy="Widen `range`, or record in finer steps.",
        )
    return wavelength[kept], intensity[kept]


def _wrap(spectrum: Spectrum, found: BandSearch, best: BandFit, scale: float) -> EmissionFit:
    """Refit with the noise that the residuals show, read the band off, propagate."""
    bands = best.terms[:, : best.model.bands] @ best.linear[: best.model.bands]
    variance = variance_law(best.squares(), bands, curved=len(best.intensity) > 40)
    rivals = [fit for fit in found.fits if found.bic(fit) < found.bic(best) + _WORTH_A_LOOK]
    refits = [
        fit_bands(fit.model, fit.wavelength_nm, fit.intensity, variance, fit.shape)
        for fit in rivals
    ]
    fit = refits[rivals.index(best)]
    return told(spectrum, fit, refits, _evidence(found), scale)


def told(
    spectrum: Spectrum,
    fit: BandFit,
    rivals: list[BandFit],
    evidence: tuple[Candidate, ...],
    scale: float,
) -> EmissionFit:
    """What a fit of bands says of a spectrum, averaged with its rivals.

    Args:
        spectrum: what was recorded.
        fit: the bands, with the noise that their own rest shows.
        rivals: fits that the record cannot tell from it, itself included.
        evidence: all that was tried.
        scale: what intensities were divided by.

    Raises:
        AnalysisError: the maximum is not in the record, or no band but its background.
    """
    dispersion, correlation = dispersion_of(fit)
    values, sigmas = _averaged(rivals, dispersion, correlation)
    _refuse_outside(spectrum, fit, values, sigmas)
    peak, width = float(values[0]), float(values[1])
    # Within three points of an end nothing tells a maximum from a slope.
    near = 3 * float(np.ptp(fit.wavelength_nm)) / (len(fit.wavelength_nm) - 1)
    room = min(peak - float(fit.wavelength_nm[0]), float(fit.wavelength_nm[-1]) - peak)
    inside = 3 <= int(np.argmax(fit.curve)) < len(fit.curve) - 3
    found_width = inside and float(sigmas[1]) < 0.5 * width
    topped = found_width and room >= max(0.25 * width, near)
    held = found_width and room >= max(0.5 * width, near)
    method = f"{fit.model.text()}, weighted least squares"

    def estimate(index: int, unit: str, *, known: bool) -> Estimate:
        return Estimate(
            value=float(values[index]),
            sigma=float(sigmas[index]),
            unit=unit,
            method=method,
            status="ok" if known else "undetermined",
        )

    linear = fit.linear * scale
    order = [int(k) for k in np.argsort(-linear[: fit.model.bands]) if k > 0]
    return EmissionFit(
        peak=estimate(0, "nm", known=topped),
        fwhm=estimate(1, "nm", known=held),
        peak_energy=estimate(2, "eV", known=topped),
        fwhm_energy=estimate(3, "meV", known=held),
        wavelength_nm=fit.wavelength_nm,
        intensity=fit.intensity * scale,
        curve=fit.curve * scale,
        main=fit.terms[:, 0] * linear[0],
        others=tuple(fit.terms[:, k] * linear[k] for k in order),
        background=fit.terms[:, fit.model.bands :] @ linear[fit.model.bands :],
        residual=fit.residual * scale,
        noise=np.sqrt(fit.variance) * scale,
        status="ok" if held else "edge",
        model=fit.model.text(),
        evidence=evidence,
        reduced_chi_square=_against_neighbours(fit),
        correlation=correlation,
    )


def _averaged(
    fits: list[BandFit], dispersion: float, correlation: float
) -> tuple[Float[np.ndarray, "4"], Float[np.ndarray, "4"]]:
    """What is read off, averaged over the models by their evidence, and its sigma.

    The spread between models that the record cannot tell apart is part of sigma.

    Source: S. T. Buckland, K. P. Burnham, N. H. Augustin, Biometrics 53 (1997) 603, equation 4.
    """
    criteria = np.array([bic_of(fit, dispersion, correlation) for fit in fits])
    weights = np.exp(-0.5 * (criteria - criteria.min()))
    weights /= weights.sum()
    values = np.stack([_read(fit.model, fit.shape) for fit in fits])
    variances = np.stack([_reading_variance(fit) for fit in fits]) * dispersion
    mean = weights @ values
    return mean, weights @ np.sqrt(variances + (values - mean) ** 2)


def _read(model: BandModel, shape: Float[np.ndarray, " nonlinear"]) -> Float[np.ndarray, "4"]:
    """Peak (nm), FWHM (nm), energy of the maximum (eV), FWHM (meV) of the main band."""
    centre, width, skew = main_band(model, shape)
    peak, fwhm = read_off(centre_ev=centre, fwhm_ev=width, skew=skew)
    return np.array([peak, fwhm, centre, 1000.0 * width])


def _reading_variance(fit: BandFit) -> Float[np.ndarray, "4"]:
    """Variances of what is read off, for independent points of the given variance."""
    columns: list[Float[np.ndarray, "4"]] = []
    for k in range(len(fit.shape)):
        step = np.zeros_like(fit.shape)
        step[k] = 1e-5
        difference = _read(fit.model, fit.shape + step) - _read(fit.model, fit.shape - step)
        columns.append(difference / 2e-5)
    slopes = np.stack(columns, axis=1)
    count = len(fit.shape)
    covariance = fit.covariance()[:count, :count]
    return np.clip(np.diag(slopes @ covariance @ slopes.T), 0.0, None)


def _against_neighbours(fit: BandFit) -> float:
    """Mean square of the residual over that of the noise between neighbouring points."""
    noise = float(np.mean(local_squares(fit.intensity)))
    freedom = max(len(fit.intensity) - fit.model.parameters, 1)
    return float(np.sum(fit.residual**2)) / freedom / max(noise, 1e-300)


def _refuse_outside(
    spectrum: Spectrum,
    fit: BandFit,
    values: Float[np.ndarray, "4"],
    sigmas: Float[np.ndarray, "4"],
) -> None:
    peak = float(values[0])
    if not fit.wavelength_nm[0] < peak < fit.wavelength_nm[-1]:
        if float(np.ptp(fit.curve)) < _FLAT * float(np.std(fit.residual)):
            raise _no_band(spectrum)
        raise AnalysisError(
            f"the maximum of spectrum {spectrum.label!r} lies outside "
            f"{fit.wavelength_nm[0]:g}-{fit.wavelength_nm[-1]:g} nm.",
            remedy="Widen `range` until it holds the maximum.",
        )
    if not np.isfinite(sigmas).all() or sigmas[0] > float(np.ptp(fit.wavelength_nm)) / 4:
        raise AnalysisError(
            f"the main band of spectrum {spectrum.label!r} cannot be told from its background.",
            remedy="Widen `range` until it holds the background on both sides.",
        )


def _evidence(found: BandSearch) -> tuple[Candidate, ...]:
    tried = [
        Candidate(
            model=fit.model.text(),
            parameters=fit.model.parameters,
            chi_square=fit.chi_square / found.dispersion,
            bic=found.bic(fit),
        )
        for fit in found.fits
    ]
    return tuple(sorted(tried, key=lambda candidate: candidate.bic))
