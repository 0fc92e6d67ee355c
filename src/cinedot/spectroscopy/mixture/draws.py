"""Mixtures drawn from all that a record allows, and the evidence for each kind of mixture.

Shapes are drawn near the likeliest ones and weighed by what they should have been drawn with
(importance sampling). Given shapes, areas and levels are normal but for their bounds: they are
drawn one after another within these (Geweke, Hajivassiliou and Keane's way), which gives their
share of the evidence without bias. Seeds are fixed: the same record gives the same digits.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.special
from jaxtyping import Float

from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.mixture.expected import MixturePrior
from cinedot.spectroscopy.mixture.fit import MixtureFit

_FREEDOM = 6
"""Degrees of freedom of the multivariate t that shapes are drawn from: its tails hold theirs."""
_EVEN_ENOUGH = 0.1
"""Share of the draws that their weights must be worth; else all is drawn again, where the weights
say."""
_MORE_ROUNDS = 3
_LEAST_STEP = 1 / 3
"""Of the step expected from one n to another: closer than that, bands could not be named."""
_NOWHERE = -1e300


@dataclass(frozen=True, kw_only=True)
class MixtureDraws:
    """What a record allows a kind of mixture to be.

    Attributes:
        fit: the likeliest of the kind.
        log_evidence: logarithm of the record's probability, up to what all kinds share.
        weights: of the draws, with sum 1.
        energies_ev, fwhm_ev: of each band.
        photons: of each band.
        brightness: photons a dot, of each n.
    """

    fit: MixtureFit
    log_evidence: float
    weights: Float[np.ndarray, " draw"]
    energies_ev: Float[np.ndarray, "draw band"]
    fwhm_ev: Float[np.ndarray, "draw band"]
    photons: Float[np.ndarray, "draw band"]
    brightness: Float[np.ndarray, "draw size"]

    @property
    def worth(self) -> float:
        """How many draws of even weight these are worth."""
        return 1.0 / float(self.weights @ self.weights)

    @property
    def sized_photons(self) -> Float[np.ndarray, "draw size"]:
        """Photons of each n, without larger dots and the broad band."""
        return self.photons[:, : len(self.fit.model.sizes)]

    def number_fractions(self) -> Float[np.ndarray, "draw size"]:
        """Number fraction of each n."""
        dots = self.sized_photons / self.brightness
        return dots / np.maximum(dots.sum(axis=1, keepdims=True), 1e-300)

    def light_shares(self) -> Float[np.ndarray, "draw size"]:
        """Each n's share of the light of all n."""
        light = self.sized_photons
        return light / np.maximum(light.sum(axis=1, keepdims=True), 1e-300)


def draw_mixtures(fit: MixtureFit, prior: MixturePrior, *, draws: int) -> MixtureDraws:
    """Draw mixtures of one kind from what the record and the prior allow.

    Beforehand every set of number fractions is equally probable, and every share of the light;
    energies fall with n, by at least a third of the step expected.

    Args:
        fit: the likeliest mixture of the kind.
        prior: what is expected.
        draws: how many.
    """
    rng = np.random.default_rng(0)
    proposal = _Proposal.normal(fit.numbers, fit.covariance())
    best, numbers = _drawn(fit, prior, proposal, draws, rng)
    for _ in range(_MORE_ROUNDS):
        if best.worth >= _EVEN_ENOUGH * len(best.weights):
            break
        mean = best.weights @ numbers
        apart = numbers - mean
        spread = (best.weights[:, None] * apart).T @ apart
        trust = best.worth / (best.worth + len(mean) + 2)
        wider = trust * spread + (1 - trust) * fit.covariance()
        next_one, found = _drawn(fit, prior, _Proposal.normal(mean, wider), 2 * draws, rng)
        if next_one.worth > best.worth:
            best, numbers = next_one, found
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proposal:
    """A multivariate t."""

    mean: Float[np.ndarray, " shape"]
    factor: Float[np.ndarray, "shape shape"]

    @classmethod
    def normal(
        cls, mean: Float[np.ndarray, " shape"], covariance: Float[np.ndarray, "shape shape"]
    ) -> "_Proposal":
        sound = covariance + 1e-12 * np.trace(covariance) * np.eye(len(mean))
        return cls(mean=mean, factor=np.linalg.cholesky(sound))

    def drawn(
        self, count: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "draw shape"], Float[np.ndarray, " draw"]]:
        """Draws and the logarithms of their densities."""
        size = len(self.mean)
        normal = rng.standard_normal((count, size))
        stretched = normal / np.sqrt(rng.chisquare(_FREEDOM, count) / _FREEDOM)[:, None]
        square = (stretched**2).sum(axis=1)
        logs = (
            math.lgamma((_FREEDOM + size) / 2)
            - math.lgamma(_FREEDOM / 2)
            - size / 2 * math.log(_FREEDOM * math.pi)
            - float(np.log(np.diag(self.factor)).sum())
            - (_FREEDOM + size) / 2 * np.log1p(square / _FREEDOM)
        )
        return self.mean + stretched @ self.factor.T, logs


def _drawn(
    fit: MixtureFit,
    prior: MixturePrior,
    proposal: _Proposal,
    draws: int,
    rng: np.random.Generator,
) -> tuple[MixtureDraws, Float[np.ndarray, "draw shape"]]:
    numbers, proposed = proposal.drawn(draws, rng)
    energies, widths, _ = fit.coordinates.shapes(numbers)
    linear, logs = _areas(fit, fit.coordinates.terms(numbers, fit.record.wavelength_nm), rng)
    logs += -0.5 * (numbers**2).sum(axis=1) - numbers.shape[1] / 2 * math.log(2 * math.pi)
    logs -= proposed
    sizes = [prior.band(n) for n in fit.model.sizes]
    spread = np.array([one.brightness_spread for one in sizes])
    usual = np.array([one.brightness for one in sizes])
    brightness = usual * np.exp(spread * rng.standard_normal((draws, len(sizes))))
    photons = np.maximum(linear[:, : fit.model.bands], 0.0)
    logs += _log_prior(fit, photons, brightness)
    apart = [_LEAST_STEP * (two.energy_ev - one.energy_ev) for one, two in pairwise(sizes)]
    least = np.array([*apart, *[0.0] * (fit.model.larger and bool(sizes))])
    dots = energies[:, : len(sizes) + fit.model.larger]
    falling = (np.diff(dots, axis=1) < least).all(axis=1)
    # A band whose maximum is not in the record may be as large as one likes.
    red, blue = (HC_EV_NM / float(fit.record.wavelength_nm[end]) for end in (-1, 0))
    inside = ((energies >= red) & (energies <= blue)).all(axis=1)
    logs = np.where(falling & inside, logs, _NOWHERE)
    most = float(logs.max())
    weights = np.exp(logs - most)
    found = MixtureDraws(
        fit=fit,
        log_evidence=most + math.log(float(weights.mean())),
        weights=weights / weights.sum(),
        energies_ev=energies,
        fwhm_ev=widths,
        photons=photons,
        brightness=brightness,
    )
    return found, numbers


def _areas(
    fit: MixtureFit, terms: Float[np.ndarray, "draw x linear"], rng: np.random.Generator
) -> tuple[Float[np.ndarray, "draw linear"], Float[np.ndarray, " draw"]]:
    """Areas and levels within their bounds, and the logarithm of the record's probability."""
    record, model = fit.record, fit.model
    # In units of about all light, and of the record's height, so that no number is far from 1.
    units = np.array(
        [record.light] * model.bands
        + [float(np.max(np.abs(record.intensity)))] * (model.linear - model.bands)
    )
    weighted = terms * units / record.sigma[:, None]
    target = record.intensity / record.sigma
    across = weighted.swapaxes(1, 2)
    normal = across @ weighted
    size = model.linear
    normal += 1e-9 * np.eye(size) * np.einsum("dii->d", normal)[:, None, None] / size
    covariance = np.linalg.inv(normal)
    mean = (covariance @ (across @ target)[:, :, None])[..., 0]
    factor = np.linalg.cholesky((covariance + covariance.swapaxes(1, 2)) / 2)
    left = target - (weighted @ mean[:, :, None])[..., 0]
    logs = -0.5 * (left**2).sum(axis=1) + size / 2 * math.log(2 * math.pi)
    logs += np.log(np.einsum("dii->di", factor)).sum(axis=1)
    bounds = np.where(np.arange(size) < model.bands, 0.0, record.floor / units[-1])
    steps = np.zeros_like(mean)
    for k in range(size):
        so_far = mean[:, k] + (factor[:, k, :k] * steps[:, :k]).sum(axis=1)
        least = np.clip((bounds[k] - so_far) / factor[:, k, k], -30.0, 30.0)
        above = scipy.special.ndtr(-least)
        logs += np.log(above)
        steps[:, k] = -scipy.special.ndtri(rng.random(len(above)) * above)
    return (mean + np.einsum("dij,dj->di", factor, steps)) * units, logs


def _log_prior(
    fit: MixtureFit,
    photons: Float[np.ndarray, "draw band"],
    brightness: Float[np.ndarray, "draw size"],
) -> Float[np.ndarray, " draw"]:
    """Of the areas in units of all light: uniform in number fractions and in the light of all n."""
    light = np.maximum(photons / fit.record.light, 1e-12)
    count = brightness.shape[1]
    if count == 0:
        return np.zeros(len(light))
    dots = (light[:, :count] / brightness).sum(axis=1)
    whole = np.log(light[:, :count].sum(axis=1))
    return whole + math.lgamma(count) - count * np.log(dots) - np.log(brightness).sum(axis=1)
