"""Samples side by side: which is larger, by how much, and whether they differ at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy.special
import scipy.stats

from cinedot.core import Estimate, InputError
from cinedot.micrographs.population import Population


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One sample against another.

    Attributes:
        first, second: their names.
        difference: first less second.
        chance_larger: probability that the first is the larger.
    """

    first: str
    second: str
    difference: Estimate
    chance_larger: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One quantity of several samples.

    Attributes:
        quantity: its name.
        values: of each sample that has one.
        mean: of all, weighted by 1 / sigma^2.
        ratio: chi square about that mean over its freedom: about 1 where the samples are equal.
        chance: of so large a chi square among equal samples.
        differences: of each pair, in the samples' order.
    """

    quantity: str
    values: dict[str, Estimate]
    mean: Estimate
    ratio: float
    chance: float
    differences: tuple[Difference, ...]

    def sentence(self) -> str:
        """The comparison in words.

        Example:
            >>> sizes = {name: Estimate(value=value, sigma=0.01, unit="nm", method="mean")
            ...     for name, value in (("1", 2.49), ("3", 2.59))}
            >>> compare_estimates("mean edge", sizes).sentence()
            'mean edge: 3 is larger than 1 by 0.100 ± 0.014 nm.'
        """
        if len(self.differences) == 1:
            return f"{self.quantity}: {_told(self.differences[0])}."
        texts = ", ".join(f"{name} {value.text()}" for name, value in self.values.items())
        if self.chance > 0.05:
            return (
                f"{self.quantity}: {texts}; no difference is told from chance "
                f"(equal samples differ so much in {self.chance:.2g} of cases)."
            )
        far = max(self.differences, key=lambda one: abs(one.chance_larger - 0.5))
        return f"{self.quantity}: {texts}; the samples differ: {_told(far)}."

    def rows(self) -> list[tuple[str, str, str, float, float, str, float]]:
        """A table: quantity, first, second, difference, its sigma, unit, chance_larger."""
        return [
            (
                self.quantity,
                one.first,
                one.second,
                float(one.difference.value),
                float(one.difference.sigma or 0.0),
                one.difference.unit,
                one.chance_larger,
            )
            for one in self.differences
        ]


def _told(one: Difference) -> str:
    """A pair's difference in words, the larger first where that is all but certain."""
    value, sigma = float(one.difference.value), one.difference.sigma
    size = Estimate(value=abs(value), sigma=sigma, unit=one.difference.unit, method="")
    larger, smaller = (one.first, one.second) if value >= 0 else (one.second, one.first)
    sure = max(one.chance_larger, 1 - one.chance_larger)
    if sure > 0.975:
        return f"{larger} is larger than {smaller} by {size.text()}"
    return (
        f"{larger} and {smaller} are not told apart ({size.text()}, {larger} the larger with "
        f"{sure:.0%})"
    )


def compare_estimates(quantity: str, values: Mapping[str, Estimate]) -> Comparison:
    """Compare one quantity of two or more samples whose errors are independent and normal.

    Raises:
        InputError: fewer than two samples, other units, or values without sigma.

    Example:
        >>> sizes = {name: Estimate(value=value, sigma=0.03, unit="nm", method="mean")
        ...     for name, value in (("1", 2.49), ("2", 2.46))}
        >>> round(compare_estimates("mean edge", sizes).differences[0].chance_larger, 3)
        0.76
    """
    _require_comparable(quantity, values)
    numbers = {name: float(value.value) for name, value in values.items()}
    sigmas = {name: float(value.sigma or 0.0) for name, value in values.items()}
    unit = next(iter(values.values())).unit
    differences = []
    for first, second in combinations(values, 2):
        apart = numbers[first] - numbers[second]
        sigma = float(np.hypot(sigmas[first], sigmas[second]))
        difference = Estimate(value=apart, sigma=sigma, unit=unit, method="independent errors")
        larger = float(scipy.special.ndtr(apart / sigma))
        differences.append(
            Difference(first=first, second=second, difference=difference, chance_larger=larger)
        )
    return _comparison(quantity, values, unit, tuple(differences))


def _comparison(
    quantity: str,
    values: Mapping[str, Estimate],
    unit: str,
    differences: tuple[Difference, ...],
) -> Comparison:
    numbers = np.array([float(value.value) for value in values.values()])
    weights = np.array([float(value.sigma or 0.0) for value in values.values()]) ** -2.0
    mean = float(weights @ numbers / weights.sum())
    square, freedom = float(weights @ (numbers - mean) ** 2), len(numbers) - 1
    return Comparison(
        quantity=quantity,
        values=dict(values),
        mean=Estimate(
            value=mean, sigma=float(weights.sum() ** -0.5), unit=unit, method="weighted mean"
        ),
        ratio=square / freedom,
        chance=float(scipy.stats.chi2.sf(square, freedom)),
        differences=differences,
    )


def compare_populations(samples: Mapping[str, Population]) -> tuple[Comparison, ...]:
    """Compare the sizes, spreads, gaps and fractions that two or more of the samples have.

    Sizes are compared by their sigmas. The chance that one fraction is the larger is counted on
    draws of both posteriors, which near 0 and 1 are not normal.

    Raises:
        InputError: fewer than two samples.
    """
    if len(samples) < 2:
        raise InputError(
            f"a comparison needs two samples, but there are {len(samples)}.",
            remedy="Give two or more.",
        )
    sizes = {
        "mean edge": "mean_edge",
        "spread of edges": "spread",
        "least Feret diameter": "feret_min",
        "largest Feret diameter": "feret_max",
        "area diameter": "area_diameter",
        "gap": "gap",
    }
    found = []
    for quantity, attribute in sizes.items():
        known = {name: getattr(sample, attribute) for name, sample in samples.items()}
        usable = {
            name: value
            for name, value in known.items()
            if isinstance(value, Estimate) and value.sigma and value.status == "ok"
        }
        if len(usable) > 1:
            found.append(compare_estimates(quantity, usable))
    return (*found, *_compared_fractions(samples))


def _compared_fractions(samples: Mapping[str, Population]) -> list[Comparison]:
    counted = {name: one.counted for name, one in samples.items() if one.counted is not None}
    if len(counted) < 2:
        return []
    labels = dict.fromkeys(label for one in counted.values() for label in one.fractions)
    found = []
    for label in labels:
        values = {n: one.fractions[label] for n, one in counted.items() if label in one.fractions}
        if len(values) < 2:
            continue
        estimates = {name: value.estimate() for name, value in values.items()}
        differences = []
        for first, second in combinations(values, 2):
            ahead, behind = values[first].draws, np.sort(values[second].draws)
            difference = Estimate(
                value=values[first].value - values[second].value,
                sigma=float(np.hypot(values[first].sigma, values[second].sigma)),
                unit="",
                method="draws of both posteriors",
            )
            # Every draw of one against every draw of the other.
            below = np.searchsorted(behind, ahead, side="left")
            ties = np.searchsorted(behind, ahead, side="right") - below
            larger = float((below + ties / 2).mean() / len(behind))
            differences.append(
                Difference(first=first, second=second, difference=difference, chance_larger=larger)
            )
        name = f"fraction of n = {label}" if label != "none" else "fraction of no n"
        found.append(_comparison(name, estimates, "", tuple(differences)))
    return found


def _require_comparable(quantity: str, values: Mapping[str, Estimate]) -> None:
    if len(values) < 2:
        raise InputError(
            f"a comparison of {quantity} needs two samples, but there are {len(values)}.",
            remedy="Give two or more.",
        )
    for name, value in values.items():
        if isinstance(value.value, str) or not value.sigma:
            raise InputError(
                f"{quantity} must be a number with a sigma, but that of {name} is {value.text()}.",
                remedy="Leave the sample out.",
            )
    units = sorted({value.unit for value in values.values()})
    if len(units) > 1:
        raise InputError(
            f"{quantity} must have one unit, but has {', '.join(units)}.",
            remedy="Convert to one of them.",
        )
