"""Which n a spectrum asks for: from one kind of mixture to its neighbours while evidence grows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from cinedot.spectroscopy.mixture.draws import MixtureDraws, draw_mixtures
from cinedot.spectroscopy.mixture.expected import MixturePrior
from cinedot.spectroscopy.mixture.fit import (
    Coordinates,
    MixtureFit,
    MixtureModel,
    Record,
    fit_mixture,
)
from cinedot.spectroscopy.noise import correlation_factor, local_squares, variance_law

_LARGER = "larger"
_TRACE = 0.005
"""Share of the light from which on a band of the richest mixture is begun with."""
_MOST_ROUNDS = 12
_CURVED = 40
"""Points from which on noise may grow with the square of the light."""
_MOST_POINTS = 300
"""Beyond twice as many, neighbours are averaged: a band is some 15 nm wide."""
_FEW_DRAWS, _MANY_DRAWS = 150, 800
_WORTH_A_LOOK = 7.0
"""Kinds behind by more in the logarithm of the evidence are one in a thousand, and keep few draws,
but for the best with each n."""


@dataclass(frozen=True, kw_only=True)
class MixtureSearch:
    """All kinds of mixtures that were tried on one record.

    Attributes:
        tried: best first.
        correlation: how many neighbouring points count as one.
    """

    tried: tuple[MixtureDraws, ...]
    correlation: float

    def probabilities(self) -> Float[np.ndarray, " kind"]:
        """Of each kind, all of them being equally probable beforehand."""
        logs = np.array([one.log_evidence for one in self.tried])
        weights = np.exp(logs - logs.max())
        return weights / weights.sum()


def search_mixtures(
    wavelength_nm: Float[np.ndarray, " x"],
    intensity: Float[np.ndarray, " x"],
    prior: MixturePrior,
) -> MixtureSearch:
    """Go from one kind of mixture to the neighbour of most evidence until none has more.

    Neighbours have one n more or less, or another one or a skew in its place, or differ by a broad
    band, larger dots, a skew or a slope. The noise is what the richest mixture leaves over, shared
    correlations counted once.

    Args:
        wavelength_nm, intensity: the record.
        prior: what is expected; all of its n lie in the record.
    """
    together = max(1, len(intensity) // _MOST_POINTS)
    points = (_averaged(wavelength_nm, together), _averaged(intensity, together))
    record, richest, correlation = _with_noise(*points, prior)
    light = richest.linear[: richest.model.bands]
    seen = [
        name
        for name, one in zip(_names(richest.model), light, strict=True)
        if one > _TRACE * float(light.sum())
    ]
    sizes = tuple(n for n in richest.model.sizes if str(n) in seen)
    known: dict[MixtureModel, MixtureDraws] = {}

    def look(model: MixtureModel, near: MixtureFit) -> MixtureDraws:
        if model not in known:
            coordinates = Coordinates.of(model, prior, record)
            fit = fit_mixture(coordinates, record, _carried(near, coordinates))
            known[model] = draw_mixtures(fit, prior, draws=_FEW_DRAWS)
        return known[model]

    begin = MixtureModel(sizes=sizes, larger=_LARGER in seen, sloped=True)
    best = look(begin, richest)
    for _ in range(_MOST_ROUNDS):
        near = best.fit
        around = [look(model, near) for model in _neighbours(near.model, prior, record)]
        ahead = max(around, key=lambda one: one.log_evidence)
        if ahead.log_evidence <= best.log_evidence:
            break
        best = ahead
    tried = _by_evidence(_surer(_by_evidence(known.values()), prior))
    return MixtureSearch(tried=tuple(tried), correlation=correlation)


def _by_evidence(kinds: Iterable[MixtureDraws]) -> list[MixtureDraws]:
    return sorted(kinds, key=lambda one: -one.log_evidence)


def _surer(kinds: list[MixtureDraws], prior: MixturePrior) -> Iterator[MixtureDraws]:
    """The kinds with more draws where they count: for the evidence, or as the best with an n."""
    asked = {one.n for one in prior.bands}
    for one in kinds:
        sizes = set(one.fit.model.sizes)
        near = kinds[0].log_evidence - one.log_evidence < _WORTH_A_LOOK
        if near or sizes & asked:
            yield draw_mixtures(one.fit, prior, draws=_MANY_DRAWS)
        else:
            yield one
        asked -= sizes


def _neighbours(model: MixtureModel, prior: MixturePrior, record: Record) -> Iterator[MixtureModel]:
    every = tuple(one.n for one in prior.bands)
    absent = [n for n in every if n not in model.sizes]
    for n in every:
        others = tuple(one for one in model.sizes if one != n)
        yield replace(model, sizes=tuple(sorted((*model.sizes, n))) if n in absent else others)
        if n not in absent:
            # A lean looks like a neighbour's light: one must be able to take the other's place.
            yield replace(model, sizes=others, skewed=not model.skewed)
            near = [one for one in absent if abs(one - n) == 1]
            for one in near:
                yield replace(model, sizes=tuple(sorted((*others, one))))
    yield replace(model, broad=not model.broad)
    yield replace(model, skewed=not model.skewed)
    yield replace(model, sloped=not model.sloped)
    if prior.larger_ev is not None and record.holds(prior.larger_ev[0]):
        yield replace(model, larger=not model.larger)


def _with_noise(
    wavelength_nm: Float[np.ndarray, " x"],
    intensity: Float[np.ndarray, " x"],
    prior: MixturePrior,
) -> tuple[Record, MixtureFit, float]:
    """The record with its noise, the richest mixture, and how many neighbours count as one."""
    smooth = np.convolve(np.pad(intensity, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    above = smooth - float(np.min(smooth))
    variance = variance_law(local_squares(intensity), above, curved=len(intensity) > _CURVED)
    record = Record(
        wavelength_nm=wavelength_nm,
        intensity=intensity,
        sigma=np.sqrt(np.maximum(variance, _least_variance(intensity))),
    )
    model = MixtureModel(
        sizes=tuple(one.n for one in prior.bands),
        larger=prior.larger_ev is not None and record.holds(prior.larger_ev[0]),
        skewed=True,
        sloped=True,
    )
    first = fit_mixture(Coordinates.of(model, prior, record), record)
    record, _ = _renewed(first)
    second = fit_mixture(Coordinates.of(model, prior, record), record, first.numbers)
    record, correlation = _renewed(second)
    return record, second, correlation


def _least_variance(intensity: Float[np.ndarray, " x"]) -> float:
    return (1e-7 * float(np.ptp(intensity))) ** 2


def _renewed(fit: MixtureFit) -> tuple[Record, float]:
    """The record with the noise that a fit leaves over, and how many neighbours count as one."""
    record, model = fit.record, fit.model
    points = len(record.intensity)
    bands = fit.terms[:, : model.bands] @ fit.linear[: model.bands]
    left = record.intensity - fit.curve
    squares = left**2 * points / max(points - model.parameters, 1)
    variance = variance_law(squares, bands, curved=points > _CURVED)
    variance = np.maximum(variance, _least_variance(record.intensity))
    correlation = correlation_factor(left / np.sqrt(variance))
    return replace(record, sigma=np.sqrt(variance * correlation)), correlation


def _averaged(values: Float[np.ndarray, " x"], together: int) -> Float[np.ndarray, " group"]:
    """Means of so many neighbours; what is left over at the end is left out."""
    count = len(values) // together
    return values[: count * together].reshape(count, together).mean(axis=1)


def _carried(near: MixtureFit, coordinates: Coordinates) -> Float[np.ndarray, " shape"]:
    """The shapes of a fit in another model's coordinates; bands that it lacks as expected."""
    source, target = near.model, coordinates.model
    values = near.coordinates.mean + near.coordinates.factor @ near.numbers
    wanted = coordinates.mean.copy()
    names = _names(source := near.model)
    for k, name in enumerate(_names(target := coordinates.model)):
        if name in names:
            place = names.index(name)
            for row in range(3 if target.skewed and source.skewed else 2):
                wanted[row * target.bands + k] = values[row * source.bands + place]
    return np.linalg.solve(coordinates.factor, wanted - coordinates.mean)


def _names(model: MixtureModel) -> list[str]:
    larger, broad = [_LARGER] * model.larger, ["broad"] * model.broad
    return [*map(str, model.sizes), *larger, *broad]
