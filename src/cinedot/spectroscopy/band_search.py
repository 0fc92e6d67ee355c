"""Which bands a record asks for: models are added one band at a time while the evidence asks."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.band_fit import BandFit, BandModel, OtherBand, fit_bands
from cinedot.spectroscopy.bands import band_per_nm
from cinedot.spectroscopy.noise import correlation_factor, local_squares, variance_law

_MOST_BANDS = 4


@dataclass(frozen=True, kw_only=True)
class BandSearch:
    """All fits of one record on the same footing.

    Attributes:
        fits: every model that was tried.
        best: the one of least BIC; None where there were too few points for any.
        dispersion: chi-square a degree of freedom of the richest, times its correlation.
        correlation: how many neighbouring points count as one.
        evidence_for_band: how far chi-square over dispersion falls from a straight line to best.
    """

    fits: list[BandFit]
    best: BandFit | None
    dispersion: float
    correlation: float
    evidence_for_band: float

    def bic(self, fit: BandFit) -> float:
        """Bayes' information criterion of one of the fits."""
        return bic_of(fit, self.dispersion, self.correlation)


def bic_of(fit: BandFit, dispersion: float, correlation: float) -> float:
    """Bayes' information criterion: chi-square over dispersion + parameters ln(points).

    Args:
        fit: the fit.
        dispersion: chi-square expected a degree of freedom, shared correlations counted once.
        correlation: how many neighbouring points count as one.
    """
    independent = len(fit.intensity) / correlation
    return fit.chi_square / dispersion + fit.model.parameters * float(np.log(independent))


def search_bands(
    wavelength: Float[np.ndarray, " x"], intensity: Float[np.ndarray, " x"]
) -> BandSearch:
    """Add bands one by one while the evidence asks for them.

    Two neighbours in this ladder are compared with the dispersion of the richer: its misfit and
    the correlation of its residuals are taken as noise, so that a smooth misfit counts once and
    not at every point.
    """
    points = len(intensity)
    smooth = np.convolve(np.pad(intensity, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    lowest = float(np.min(smooth))
    variance = variance_law(local_squares(intensity), smooth - lowest, curved=points > 40)
    variance = np.maximum(variance, (1e-7 * float(np.ptp(intensity))) ** 2)
    fits: list[BandFit] = []
    best: BandFit | None = None
    dispersion, correlation = 1.0, 1.0
    for bands in range(1, _MOST_BANDS + 1):
        step = _fits_with(bands, wavelength, intensity, variance, best)
        if not step:
            break
        fits += step
        richest = min(fits, key=lambda fit: fit.chi_square)
        dispersion, correlation = dispersion_of(richest)
        best = min(fits, key=lambda f: bic_of(f, dispersion, correlation))
        if best.model.bands < bands:
            break
    line = np.polynomial.Polynomial.fit(wavelength, intensity, 1, w=1.0 / np.sqrt(variance))
    nothing = float(np.sum((intensity - line(wavelength)) ** 2 / variance))
    gain = (nothing - best.chi_square) / dispersion if best else 0.0
    return BandSearch(
        fits=fits,
        best=best,
        dispersion=dispersion,
        correlation=correlation,
        evidence_for_band=gain,
    )


def dispersion_of(fit: BandFit) -> tuple[float, float]:
    """Chi-square expected a degree of freedom, and how many neighbours count as one."""
    correlation = correlation_factor(fit.residual / np.sqrt(fit.variance))
    scatter = float(np.mean(fit.squares() / fit.variance))
    return max(scatter, 1e-300) * correlation, correlation


def _fits_with(
    bands: int,
    wavelength: Float[np.ndarray, " x"],
    intensity: Float[np.ndarray, " x"],
    variance: Float[np.ndarray, " x"],
    simpler: BandFit | None,
) -> list[BandFit]:
    """The four models with so many bands, each from the best of several starts."""
    record = (wavelength, intensity, variance)
    if len(intensity) < 3 * bands + 7:
        return []
    starts = _starts(wavelength, intensity, simpler)
    if not starts:
        return []
    first = min(
        (fit_bands(model, *record, start) for model, start in starts),
        key=lambda fit: fit.chi_square,
    )
    fits = [first, fit_bands(replace(first.model, sloped=False), *record, first.shape)]
    for sloped in (False, True):
        model = replace(first.model, skewed=True, sloped=sloped)
        fits.append(fit_bands(model, *record, np.array([0.02, *first.shape])))
    return fits


def _starts(
    wavelength: Float[np.ndarray, " x"],
    intensity: Float[np.ndarray, " x"],
    simpler: BandFit | None,
) -> list[tuple[BandModel, Float[np.ndarray, " nonlinear"]]]:
    """Where to begin: the maximum with its width read off, then what the simpler fit leaves."""
    energy = HC_EV_NM / wavelength
    centre, width = _read_off_record(wavelength, intensity)
    if simpler is None:
        model = BandModel(others=(), skewed=False, sloped=True)
        return [(model, np.array([centre, np.log(factor * width)])) for factor in (1.0, 0.6)]
    bare = simpler.shape[int(simpler.model.skewed) :]
    starts: list[tuple[BandModel, Float[np.ndarray, " nonlinear"]]] = []
    # Above a broad band the record is wide where the main band is not: hence the narrow starts.
    for kept, height in (
        (bare, 0.0),
        (np.array([centre, np.log(width), *bare[2:]]), 0.7),
        (np.array([centre, np.log(0.4 * width), *bare[2:]]), 0.4),
    ):
        main = band_per_nm(wavelength, centre_ev=centre, fwhm_ev=float(np.exp(kept[1])))
        rest = intensity - height * float(np.ptp(intensity)) * main if height else simpler.residual
        wide = max(5, len(rest) // 12)
        smooth = np.convolve(rest, np.full(wide, 1.0 / wide), mode="same")
        offset = float((energy[int(np.argmax(smooth))] - kept[0]) / np.exp(kept[1]))
        kinds: list[tuple[OtherBand, float, float]] = []
        if "broad" not in simpler.model.others:
            # One is the light of traps; a second would only mend the main band's shape.
            kinds.append(("broad", offset, 3.0))
        if abs(offset) > 1:
            kinds.append(("blue" if offset > 0 else "red", offset, 1.0))
        for kind, place, ratio in kinds:
            model = BandModel(others=(*simpler.model.others, kind), skewed=False, sloped=True)
            starts.append((model, np.array([*kept, place, np.log(ratio)])))
    return starts


def _read_off_record(
    wavelength: Float[np.ndarray, " x"], intensity: Float[np.ndarray, " x"]
) -> tuple[float, float]:
    """Energy of the highest point and the width at 0.7 of its height, as a Gaussian's FWHM, eV.

    At 0.7 because a broad neighbour spoils the half.
    """
    energy = HC_EV_NM / wavelength
    smooth = np.convolve(np.pad(intensity, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    top = int(np.argmax(smooth))
    low = smooth < np.min(smooth) + 0.7 * (smooth[top] - np.min(smooth))
    left = np.flatnonzero(low[:top])
    right = np.flatnonzero(low[top:])
    first = int(left[-1]) if left.size else 0
    last = top + int(right[0]) if right.size else len(smooth) - 1
    width = float(energy[first] - energy[last]) * np.sqrt(np.log(2.0) / np.log(1 / 0.7))
    return float(energy[top]), float(width)
