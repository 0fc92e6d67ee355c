"""Absorbance: where a spectrum's first exciton is, by second derivative and by fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate, InputError, Spectrum
from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.absorption_law import RAYLEIGH, scatter_background
from cinedot.spectroscopy.curvature import (
    Bend,
    Curvature,
    curvature_of,
    sharpened,
    width_between_signs,
)
from cinedot.spectroscopy.exciton_fit import ExcitonFit, fit_exciton
from cinedot.spectroscopy.noise import correlation_factor

_FIRST_WINDOW_EV = 0.08
"""Half of the window to look with first: dots' excitons are 0.08 to 0.25 eV wide."""
_SHOWS = 6.0
"""Standard deviations; a few hundred places of pure noise reach it once in ten million records."""
_DEEP = 0.25
"""A bend less deep than this share of another close above it is a fault of the instrument."""
_HIGH = 0.03
"""A band lower than this share of what absorbs close above it is a fault of the instrument."""
_CLOSE_EV = 1.0
_REACHES = (1.25, 2.0)
"""How far above the exciton a fit looks, in its widths."""
_RED_EV = 0.6
"""How far below it."""
_LEAST_FOR_FIT = 16
_LIGHT_LEAKS = 3.0
"""Absorbance above which few instruments count right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsorbanceFit:
    """What an absorbance spectrum says of its first exciton.

    Attributes:
        exciton: hc over its energy by the fit, nm.
        exciton_energy: eV.
        exciton_fwhm: full width at half maximum, meV.
        height: its own absorbance.
        by_derivative: where the second derivative is least, nm.
        curvature: the second derivative.
        shown: of the fits that were weighed, the one of widest reach and most evidence.
        fits: all of them.
        method: in words.
    """

    exciton: Estimate
    exciton_energy: Estimate
    exciton_fwhm: Estimate
    height: Estimate
    by_derivative: Estimate
    curvature: Curvature
    shown: ExcitonFit
    fits: tuple[ExcitonFit, ...]
    method: str


def fit_absorbance(spectrum: Spectrum) -> AbsorbanceFit:
    """The first exciton of an absorbance spectrum, or of a shoulder of it.

    The second derivative with energy finds it: the lowest-lying minimum that stands out of the
    noise. About it, a Gaussian before a continuum is fitted, the continuum being a step or a wide
    band, over two reaches. Which continuum, the record tells; how far to look, it does not, so
    that both reaches count alike, and what they differ by is part of sigma. A shoulder of which
    the fits make no band of their own is `undetermined` by them.

    Args:
        spectrum: absorbance against wavelength; at least 16 points.

    Raises:
        InputError: too few points, or some that are not finite or not sorted.
        AnalysisError: no exciton rises out of the noise.

    Source: science.md 6; A. Savitzky, M. Golay, Anal. Chem. 36 (1964) 1627.

    Example:
        >>> from cinedot.spectroscopy.absorption_law import absorbance_spectrum
        >>> nm = np.arange(380.0, 600.0)
        >>> clean = absorbance_spectrum(nm, exciton_nm=440.0, fwhm_mev=95.0, height=0.3)
        >>> noise = 1e-4 * np.random.default_rng(1).normal(size=len(nm))
        >>> fit = fit_absorbance(Spectrum(wavelength_nm=nm, intensity=clean + noise, label="A"))
        >>> abs(fit.exciton.value - 440.0) < 0.5, abs(fit.by_derivative.value - 440.0) < 2
        (True, True)
    """
    energy, absorbance = _usable(spectrum)
    bend, curvature = _first_bend(spectrum, energy, absorbance)
    groups = [_fits_over(energy, absorbance, bend, reach) for reach in _REACHES]
    values, sigmas = _averaged(groups)
    # A shoulder may stand out of the noise and still be no band of its own.
    told = bool(3 * sigmas[3] < values[3] and 3 * sigmas[0] < values[1])
    shown = max(groups[-1], key=lambda fit: fit.log_evidence)
    method = "Gaussian in energy before a continuum, averaged over two continua and two reaches"

    def estimate(value: float, sigma: float, unit: str) -> Estimate:
        return Estimate(
            value=float(value),
            sigma=float(sigma),
            unit=unit,
            method=method,
            status="ok" if told else "undetermined",
        )

    return AbsorbanceFit(
        exciton=estimate(HC_EV_NM / values[0], HC_EV_NM / values[0] ** 2 * sigmas[0], "nm"),
        exciton_energy=estimate(values[0], sigmas[0], "eV"),
        exciton_fwhm=estimate(1000 * values[1], 1000 * sigmas[1], "meV"),
        height=estimate(values[3], sigmas[3], ""),
        by_derivative=Estimate(
            value=HC_EV_NM / bend.energy_ev,
            sigma=HC_EV_NM / bend.energy_ev**2 * bend.sigma_ev,
            unit="nm",
            method="least second derivative with energy; sigma of noise alone",
        ),
        curvature=curvature,
        shown=shown,
        fits=tuple(fit for group in groups for fit in group),
        method=method,
    )


def fit_scatter(
    spectrum: Spectrum, *, from_nm: float, exponent: float = RAYLEIGH
) -> tuple[Estimate, Estimate]:
    """Scatter where nothing absorbs: height at `from_nm` of h (lambda_0/lambda)^n + c, and c.

    Args:
        spectrum: absorbance against wavelength.
        from_nm: from where on to the red nothing absorbs, nm.
        exponent: n.

    Raises:
        InputError: fewer than 5 points there.

    Example:
        >>> nm = np.arange(400.0, 800.0, 10.0)
        >>> dust = scatter_background(nm, at_nm=600.0, height=0.02) + 0.003
        >>> height, offset = fit_scatter(
        ...     Spectrum(wavelength_nm=nm, intensity=dust, label="A"), from_nm=600.0)
        >>> round(height.value, 6), round(offset.value, 6)
        (0.02, 0.003)
    """
    nm, absorbance = spectrum.wavelength_nm, spectrum.intensity
    red = nm >= from_nm
    if np.count_nonzero(red) < 5:
        raise InputError(
            f"scatter must be seen at 5 points from {from_nm:g} nm on, but spectrum "
            f"{spectrum.label!r} has {np.count_nonzero(red)}.",
            remedy="Record further into the red.",
        )
    law = scatter_background(nm[red], at_nm=from_nm, height=1.0, exponent=exponent)
    terms = np.stack([law, np.ones_like(law)], axis=1)
    inverse = np.linalg.inv(terms.T @ terms)
    found = inverse @ (terms.T @ absorbance[red])
    residual = absorbance[red] - terms @ found
    noise = float(np.sum(residual**2)) / (len(residual) - 2) * correlation_factor(residual)
    return tuple(  # pyright: ignore[reportReturnType]  # two terms, two estimates
        Estimate(
            value=float(found[k]),
            sigma=float(np.sqrt(noise * inverse[k, k])),
            unit="",
            method=f"least squares of lambda^-{exponent:g} and a constant beyond {from_nm:g} nm",
        )
        for k in range(2)
    )


def without_scatter(
    spectrum: Spectrum, *, from_nm: float, exponent: float = RAYLEIGH
) -> Float[np.ndarray, " x"]:
    """Absorbance less the scatter and offset that `fit_scatter` finds beyond `from_nm`.

    Args:
        spectrum, from_nm, exponent: see `fit_scatter`.
    """
    height, offset = fit_scatter(spectrum, from_nm=from_nm, exponent=exponent)
    scatter = scatter_background(
        spectrum.wavelength_nm, at_nm=from_nm, height=float(height.value), exponent=exponent
    )
    return spectrum.intensity - scatter - float(offset.value)


def stokes_shift(exciton_energy: Estimate, emission_energy: Estimate) -> Estimate:
    """How far emission lies below the first exciton, meV.

    Args:
        exciton_energy, emission_energy: of both maxima, eV.

    Example:
        >>> above = Estimate(value=2.80, sigma=0.003, unit="eV", method="fit")
        >>> below = Estimate(value=2.73, sigma=0.004, unit="eV", method="fit")
        >>> stokes_shift(above, below).text()
        '70.0 ± 5.0 meV'
    """
    for one in (exciton_energy, emission_energy):
        assert not isinstance(one.value, str)
    told: Literal["ok", "undetermined"] = (
        "ok" if exciton_energy.status == emission_energy.status == "ok" else "undetermined"
    )
    return Estimate(
        value=1000.0 * (float(exciton_energy.value) - float(emission_energy.value)),
        sigma=1000.0 * float(np.hypot(exciton_energy.sigma or 0.0, emission_energy.sigma or 0.0)),
        unit="meV",
        method="first exciton less emission, maxima per eV",
        status=told,
    )


def _usable(spectrum: Spectrum) -> tuple[Float[np.ndarray, " x"], Float[np.ndarray, " x"]]:
    """Energy, rising, and absorbance there, without what no instrument counts right."""
    nm, absorbance = spectrum.wavelength_nm, spectrum.intensity
    if not (np.isfinite(absorbance).all() and np.isfinite(nm).all()):
        raise InputError(
            f"absorbances must be finite, but some of spectrum {spectrum.label!r} are not.",
            remedy="Leave these points out.",
        )
    if (np.diff(nm) <= 0).any() or (nm[:1] <= 0).any():
        raise InputError(
            f"wavelengths must be positive and rise, but those of {spectrum.label!r} do not.",
            remedy="Sort them, or read the file with `read_spectra`.",
        )
    # Beyond the first reading from the red that is too dark, nothing is to be believed.
    dark = np.flatnonzero(absorbance > _LIGHT_LEAKS)
    first = int(dark[-1]) + 1 if dark.size else 0
    if len(nm) - first < _LEAST_FOR_FIT:
        raise InputError(
            f"an exciton needs at least {_LEAST_FOR_FIT} points below an absorbance of "
            f"{_LIGHT_LEAKS:g}, but {len(nm) - first} of spectrum {spectrum.label!r} are left.",
            remedy="Widen `range`, dilute, or check that the column is absorbance.",
        )
    return HC_EV_NM / nm[first:][::-1], absorbance[first:][::-1]


def _no_exciton(spectrum: Spectrum) -> AnalysisError:
    return AnalysisError(
        f"no exciton rises out of the noise of spectrum {spectrum.label!r}.",
        remedy="Record a more concentrated solution, or set `range` about the exciton.",
    )


def _first_bend(
    spectrum: Spectrum, energy: Float[np.ndarray, " x"], absorbance: Float[np.ndarray, " x"]
) -> tuple[Bend, Curvature]:
    """The lowest-lying bend that counts, looked at again through a window of its own width."""
    half = _FIRST_WINDOW_EV
    found: tuple[Bend, Curvature] | None = None
    for _ in range(2):
        curvature = curvature_of(energy, absorbance, half_width_ev=half)
        noise = _noise(energy, absorbance, half)
        bends = list(_bends(energy, absorbance, curvature, noise, half))
        kept = [bend for bend in bends if _counts(bend, bends, energy, absorbance)]
        if not kept:
            break
        first = kept[0]
        if found is not None:
            before = found[0].energy_ev
            first = min(kept, key=lambda bend: abs(bend.energy_ev - before))
        found = first, curvature
        half = float(np.clip(0.5 * first.fwhm_ev, 0.03, 0.15))
    if found is None:
        raise _no_exciton(spectrum)
    return found


def _counts(
    bend: Bend,
    bends: list[Bend],
    energy: Float[np.ndarray, " x"],
    absorbance: Float[np.ndarray, " x"],
) -> bool:
    """Whether a bend is a band beside what stands close above it."""
    above = (energy >= bend.energy_ev) & (energy < bend.energy_ev + _CLOSE_EV)
    deepest = min(
        (one.curvature for one in bends if 0 <= one.energy_ev - bend.energy_ev < _CLOSE_EV),
        default=bend.curvature,
    )
    # Of the Gaussian with this curvature and width.
    height = -bend.curvature * bend.fwhm_ev**2 / (8 * np.log(2.0))
    highest = float(np.max(absorbance[above], initial=0.0))
    return bool(bend.curvature <= _DEEP * deepest and height > _HIGH * highest)


def _noise(
    energy: Float[np.ndarray, " x"], absorbance: Float[np.ndarray, " x"], half: float
) -> float:
    """Standard deviation of a point as if neighbours were independent."""
    from scipy.signal import savgol_filter

    step = float(np.ptp(energy)) / (len(energy) - 1)
    # Half the window, so that what bends within it is not taken for noise.
    points = int(np.clip(2 * round(0.5 * half / step) + 1, 7, len(energy) // 2 * 2 - 1))
    residual = absorbance - savgol_filter(absorbance, points, 3)
    # The middle counts: a lamp that is changed leaves a step, which is no noise.
    scatter = 1.4826 * float(np.median(np.abs(residual))) / (1.0 - 2.25 / points) ** 0.5
    grain = 1e-7 * float(np.ptp(absorbance))
    return max(scatter, grain) * correlation_factor(residual) ** 0.5


def _bends(
    energy: Float[np.ndarray, " x"],
    absorbance: Float[np.ndarray, " x"],
    curvature: Curvature,
    noise: float,
    half: float,
) -> Iterator[Bend]:
    """Every bend that stands out of the noise, from the lowest energy on."""
    second = curvature.second
    for k in range(1, len(second) - 1):
        depth = -float(second[k])
        if depth < _SHOWS * noise * curvature.sigma[k] or depth <= 0:
            continue
        if second[k] > second[k - 1] or second[k] >= second[k + 1]:
            continue
        centre = float(curvature.energy_ev[k])
        sharp = sharpened(energy, absorbance, start_ev=centre, half_width_ev=half)
        if sharp is None:
            continue
        yield Bend(
            energy_ev=sharp[0],
            sigma_ev=sharp[1] * noise,
            fwhm_ev=width_between_signs(curvature, k),
            curvature=float(second[k]),
            significance=depth / (noise * float(curvature.sigma[k])),
        )


def _fits_over(
    energy: Float[np.ndarray, " x"], absorbance: Float[np.ndarray, " x"], bend: Bend, reach: float
) -> list[ExcitonFit]:
    """Both continua over one stretch."""
    width = float(np.clip(bend.fwhm_ev, 0.05, 0.35))
    step = float(np.ptp(energy)) / (len(energy) - 1)
    far = max(reach * width, 6 * step)
    stretch = (energy > bend.energy_ev - max(_RED_EV, 8 * step)) & (energy < bend.energy_ev + far)
    return [
        fit_exciton(
            energy[stretch],
            absorbance[stretch],
            start_ev=bend.energy_ev,
            fwhm_ev=width,
            continuum=continuum,
        )
        for continuum in ("step", "band")
    ]


def _averaged(
    groups: list[list[ExcitonFit]],
) -> tuple[Float[np.ndarray, "4"], Float[np.ndarray, "4"]]:
    """Energy, width (eV), edge and height over models by evidence, over reaches alike; sigmas."""
    values: list[Float[np.ndarray, "4"]] = []
    variances: list[Float[np.ndarray, "4"]] = []
    weights: list[float] = []
    for group in groups:
        logs = np.array([fit.log_evidence for fit in group])
        shares = np.exp(logs - logs.max())
        weights += list(shares / shares.sum() / len(groups))
        for fit in group:
            width, height = float(np.exp(fit.shape[1])), float(fit.linear[0])
            spread = np.diag(fit.covariance)
            values.append(np.array([fit.shape[0], width, fit.shape[2], height]))
            variances.append(
                np.array([spread[0], spread[1] * width**2, spread[2], spread[len(fit.shape)]])
            )
    weight = np.array(weights)
    mean = weight @ np.stack(values)
    apart = (np.stack(values) - mean) ** 2
    return mean, weight @ np.sqrt(np.stack(variances) + apart)
