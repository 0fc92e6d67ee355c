"""From an emission spectrum to the n of its dots: bands, names, number fractions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate, Spectrum
from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.bands import read_off
from cinedot.spectroscopy.emission import Candidate, usable_points
from cinedot.spectroscopy.mixture.draws import MixtureDraws
from cinedot.spectroscopy.mixture.expected import MixturePrior, SizeBand
from cinedot.spectroscopy.mixture.fractions import SizeFraction, size_fractions
from cinedot.spectroscopy.mixture.search import search_mixtures

_FAR = 3.0
"""Standard deviations from what is expected beyond which a band's name is doubted aloud."""
_NO_SIZE = 0.5
"""Probability of a light of no n beyond which there is nothing to count."""


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """A spectrum as a sum of the light of dots of several n.

    Attributes:
        fractions: number fraction of each n that was looked for, in order of n.
        covariance: of the fractions, in that order.
        peaks: wavelength of each n's maximum per nm in the likeliest mixture, nm.
        fwhm: full width at half maximum per eV of each n there, meV.
        either: pairs of neighbouring n that one band may be of.
        unseen: n whose light, as expected, would not lie in the record.
        far: n whose band lies more than 3 standard deviations from where it was expected.
        other_light: share of all light that is of larger dots, or of no dot.
        wavelength_nm, intensity: the points; neighbours are averaged where they are many.
        curve: the likeliest mixture.
        bands: the light of each n in it.
        others: each further band, with its name.
        background: what lies below the bands.
        residual: intensity minus curve.
        noise: one standard deviation of each point, correlations counted in.
        model: the likeliest kind, in words.
        evidence: all kinds that were tried, best first; `bic` is -2 ln of the evidence, less
            that of the best.
        prior: what was expected.
        correlation: how many neighbouring points count as one.
    """

    fractions: Mapping[int, SizeFraction]
    covariance: Float[np.ndarray, "size size"]
    peaks: Mapping[int, Estimate]
    fwhm: Mapping[int, Estimate]
    either: tuple[tuple[int, int], ...]
    unseen: tuple[int, ...]
    far: tuple[int, ...]
    other_light: float
    wavelength_nm: Float[np.ndarray, " x"]
    intensity: Float[np.ndarray, " x"]
    curve: Float[np.ndarray, " x"]
    bands: Mapping[int, Float[np.ndarray, " x"]]
    others: Mapping[str, Float[np.ndarray, " x"]]
    background: Float[np.ndarray, " x"]
    residual: Float[np.ndarray, " x"]
    noise: Float[np.ndarray, " x"]
    model: str
    evidence: tuple[Candidate, ...]
    prior: MixturePrior
    correlation: float


def decompose(spectrum: Spectrum, prior: MixturePrior) -> Decomposition:
    """How many dots of each n a spectrum is of.

    Each n gives one band, Gaussian or skewed in energy, whose place and width are free within
    what is expected; a background, a broad band and larger dots stand beside. Which of these are
    there is chosen by evidence, integrated over all that is free; kinds of mixtures that it
    cannot tell apart are averaged. A band of a_n photons is of a_n / (sigma_n Phi_n) dots, with
    the spread of cross-section and yield in every interval.

    Args:
        spectrum: photons per nm, in any unit; at least 8 points, of which those within 15 nm of
            its excitation, and of twice that, are left out.
        prior: what is expected, see `expected_bands`.

    Raises:
        InputError: too few points, or some that are not finite or not sorted.
        AnalysisError: the record holds no light of the n that are looked for.

    Source: science.md 6; evidence: D. MacKay, Information theory (2003), chapter 28.

    Example:
        >>> from cinedot.spectroscopy.mixture.expected import expected_bands
        >>> from cinedot.spectroscopy.mixture.law import mixture_spectrum
        >>> nm = np.arange(430.0, 521.0)
        >>> light = np.round(mixture_spectrum(nm, fractions={4: 0.8, 5: 0.2}, fwhm_nm=14.9,
        ...     peaks_nm={4: 453.0, 5: 473.0}, photons=1e6, background=50.0))
        >>> found = decompose(Spectrum(wavelength_nm=nm, intensity=light, label="PL"),
        ...     expected_bands("MAPbBr3", sizes=(4, 5, 6)))
        >>> four = found.fractions[4]
        >>> abs(four.value - 0.8) < 0.03, 0.05 < four.sigma < 0.08
        (True, True)
    """
    wavelength, intensity = usable_points(spectrum)
    held = tuple(one for one in prior.bands if _held(one, wavelength))
    unseen = tuple(one.n for one in prior.bands if one not in held)
    scale = float(np.max(np.abs(intensity)))
    if not held or not scale > 0:
        raise AnalysisError(
            f"spectrum {spectrum.label!r} holds no wavelength where n = "
            f"{', '.join(str(n) for n in unseen)} should emit.",
            remedy="Record there, or state other sizes.",
        )
    expected = replace(prior, bands=held)
    search = search_mixtures(wavelength, intensity / scale, expected)
    chances = search.probabilities()
    nameless = sum(
        float(chance)
        for one, chance in zip(search.tried, chances, strict=True)
        if not one.fit.model.sizes
    )
    if nameless > _NO_SIZE:
        raise AnalysisError(
            f"spectrum {spectrum.label!r} has no light where n = "
            f"{', '.join(str(one.n) for one in held)} should emit.",
            remedy="State other sizes, or where they emit.",
        )
    best = next(one for one in search.tried if one.fit.model.sizes)
    counted = size_fractions(search, tuple(one.n for one in held))
    fit, sizes = best.fit, best.fit.model.sizes
    parts = fit.terms * fit.linear * scale
    count, most = fit.model.bands, search.tried[0].log_evidence
    names = ("larger dots",) * fit.model.larger + ("broad band",) * fit.model.broad
    return Decomposition(
        fractions=counted.fractions,
        covariance=counted.covariance,
        peaks={n: _peak(best, k) for k, n in enumerate(sizes)},
        fwhm={n: _width(best, k) for k, n in enumerate(sizes)},
        either=counted.either,
        unseen=unseen,
        far=tuple(n for k, n in enumerate(sizes) if _is_far(best, k, expected.band(n))),
        other_light=float(best.weights @ _other_share(best)),
        wavelength_nm=fit.record.wavelength_nm,
        intensity=fit.record.intensity * scale,
        curve=fit.curve * scale,
        bands={n: parts[:, k] for k, n in enumerate(sizes)},
        others={name: parts[:, len(sizes) + k] for k, name in enumerate(names)},
        background=parts[:, count:].sum(axis=1),
        residual=(fit.record.intensity - fit.curve) * scale,
        noise=fit.record.sigma * scale,
        model=fit.model.text(),
        evidence=tuple(
            Candidate(
                model=one.fit.model.text(),
                parameters=one.fit.model.parameters,
                chi_square=one.fit.chi_square,
                bic=2 * (most - one.log_evidence),
            )
            for one in search.tried
        ),
        prior=prior,
        correlation=search.correlation,
    )


def _held(band: SizeBand, wavelength_nm: Float[np.ndarray, " x"]) -> bool:
    return bool(wavelength_nm[0] < HC_EV_NM / band.energy_ev < wavelength_nm[-1])


def _peak(draws: MixtureDraws, band: int) -> Estimate:
    """Where a reader sees the maximum: the Jacobian puts it to the blue of hc/E."""
    energy, sigma = _moments(draws.weights, draws.energies_ev[:, band])
    shape = draws.fit.coordinates.shapes(draws.fit.numbers)
    peak, _ = read_off(centre_ev=energy, fwhm_ev=float(shape[1][band]), skew=float(shape[2][band]))
    return Estimate(
        value=peak, sigma=sigma * peak / energy, unit="nm", method=draws.fit.model.text()
    )


def _width(draws: MixtureDraws, band: int) -> Estimate:
    width, sigma = _moments(draws.weights, 1000 * draws.fwhm_ev[:, band])
    return Estimate(value=width, sigma=sigma, unit="meV", method=draws.fit.model.text())


def _moments(
    weights: Float[np.ndarray, " draw"], values: Float[np.ndarray, " draw"]
) -> tuple[float, float]:
    mean = float(weights @ values)
    return mean, float(np.sqrt(weights @ (values - mean) ** 2))


def _is_far(draws: MixtureDraws, band: int, expected: SizeBand) -> bool:
    energy, sigma = _moments(draws.weights, draws.energies_ev[:, band])
    return abs(energy - expected.energy_ev) > _FAR * float(np.hypot(expected.spread_ev, sigma))


def _other_share(draws: MixtureDraws) -> Float[np.ndarray, " draw"]:
    whole = draws.photons.sum(axis=1)
    return 1.0 - draws.sized_photons.sum(axis=1) / np.maximum(whole, 1e-300)
