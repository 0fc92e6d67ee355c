"""From atomic percents to atoms per 64 metal atoms: ratios, with all their covariance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls
from scipy.stats import t as student

from cinedot.composition.atomic_percents import AtomicPercents
from cinedot.core import Estimate, InputError

PER_METALS = 64
"""Counts are per so many metal atoms: those of the cube with four an edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomCounts:
    """Atoms of each element for every 64 metal atoms.

    Attributes:
        elements: all but the metal, in the table's order.
        metal: the element that the others are counted against.
        values: atoms per 64 of the metal.
        covariance: of the values, from the scatter of replicates (standard errors squared on its
            diagonal); None where nothing tells it: one row, or rows that are all the same.
        scatter: the same of a single replicate; None likewise.
        replicates: how many the values are means of; None where nobody says.
        freedom: degrees of freedom of the covariance; None where it is stated, not found.
        method: how it was reached, in a few words.
        assumed: whether a mean's sigma counts as its standard error only because nobody says.
    """

    elements: tuple[str, ...]
    metal: str
    values: Float[np.ndarray, " element"]
    covariance: Float[np.ndarray, "element element"] | None
    scatter: Float[np.ndarray, "element element"] | None
    replicates: int | None
    freedom: int | None
    method: str
    assumed: bool = False

    def estimate(self, element: str) -> Estimate:
        """One element's count; sigma is the standard error of the mean."""
        k = self.elements.index(element)
        sigma = None if self.covariance is None else float(np.sqrt(self.covariance[k, k]))
        return Estimate(value=float(self.values[k]), sigma=sigma, unit="", method=self.method)

    def together(self, elements: Sequence[str]) -> Estimate:
        """The atoms of several elements, those that were not counted left out."""
        part = np.array([float(element in elements) for element in self.elements])
        sigma = None if self.covariance is None else float(np.sqrt(part @ self.covariance @ part))
        return Estimate(value=float(part @ self.values), sigma=sigma, unit="", method=self.method)

    def deviation(self, element: str) -> float | None:
        """Standard deviation of a single replicate."""
        k = self.elements.index(element)
        return None if self.scatter is None else float(np.sqrt(self.scatter[k, k]))

    def interval(self, element: str) -> tuple[float, float] | None:
        """The 95 % interval of the mean by Student's t; None without a covariance."""
        found = self.estimate(element)
        if found.sigma is None:
            return None
        wide = float(student.ppf(0.975, self.freedom or np.inf)) * found.sigma
        return float(found.value) - wide, float(found.value) + wide


def predicted_percents(atoms: dict[str, float]) -> dict[str, float]:
    """Atomic percents of a sample with so many atoms of each element.

    Example:
        >>> made = predicted_percents({"Cs": 112, "Pb": 64, "Br": 240})
        >>> {element: round(percent, 2) for element, percent in made.items()}
        {'Cs': 26.92, 'Pb': 15.38, 'Br': 57.69}
    """
    total = sum(atoms.values())
    return {element: 100 * count / total for element, count in atoms.items()}


def count_atoms(percents: AtomicPercents, *, metal: str = "Pb") -> AtomCounts:
    """Atoms per 64 metal atoms: the ratio of two elements' sums over the replicates.

    Percents add up to 100, so that one element's excess lowers all others: their scatter is
    correlated by closure alone. Ratios to the metal are free of that. The covariance is that of
    the ratio estimator, from the residuals N_i - R_i N_metal of each replicate; for a table of
    means it follows from the sigmas stated, taking the elements' own counts as independent before
    they were made to add up to 100.

    Args:
        percents: replicates, or means with sigmas. A sigma of which nobody says whether it is
            that of replicates or of their mean is taken as the mean's, the wider answer.
        metal: the element that the others are counted against.

    Raises:
        InputError: no column of the metal, or a replicate without any of it.

    Source: W. G. Cochran, Sampling Techniques, 3rd edition (1977), section 6.3 (ratio estimator);
    J. Aitchison, The Statistical Analysis of Compositional Data (1986), chapter 3 (closure).

    Example:
        >>> found = count_atoms(AtomicPercents(
        ...     elements=("Cs", "Pb", "Br"), percents=np.array([[26.92, 15.38, 57.69]]), label="a"))
        >>> found.elements, found.values.round(0)
        (('Cs', 'Br'), array([112., 240.]))
    """
    _require_metal(percents, metal)
    others = tuple(element for element in percents.elements if element != metal)
    of_metal = percents.column(metal)
    parts = (
        np.stack([percents.column(element) for element in others], axis=1)
        if others
        else (np.empty((len(of_metal), 0)))
    )
    ratios = parts.sum(axis=0) / of_metal.sum()
    if percents.sigma is not None:
        return _from_means(percents, others, metal, PER_METALS * ratios)
    count = len(of_metal)
    scatter = covariance = None
    # Rows that agree to the last digit are one measurement, copied or rounded: no scatter of 0.
    told = count > 1 and bool(np.ptp(percents.percents, axis=0).any())
    if told:
        left = PER_METALS * (parts - ratios * of_metal[:, None]) / of_metal.mean()
        scatter = left.T @ left / (count - 1)
        covariance = scatter / count
    return AtomCounts(
        elements=others,
        metal=metal,
        values=PER_METALS * ratios,
        covariance=covariance,
        scatter=scatter,
        replicates=count,
        freedom=count - 1 if told else None,
        method=f"ratio to {metal}, {count} replicates" if count > 1 else f"ratio to {metal}",
    )


def bootstrap_counts(
    percents: AtomicPercents, draws: int, rng: np.random.Generator, *, metal: str = "Pb"
) -> Float[np.ndarray, "draw element"]:
    """Counts per 64 metal atoms of replicates drawn again with replacement, whole rows at a time.

    Args:
        percents: at least two replicates.
        draws: how many.
        rng: chance.
        metal: the element that the others are counted against.

    Raises:
        InputError: no metal, or a single row, of which nothing can be drawn.

    Source: B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap (1993), section 6.2.

    Example:
        >>> table = AtomicPercents(elements=("Pb", "Br"), label="a",
        ...                        percents=np.array([[20.0, 80.0], [21.0, 79.0], [20.0, 80.0]]))
        >>> bootstrap_counts(table, 500, np.random.default_rng()).shape
        (500, 1)
    """
    _require_metal(percents, metal)
    rows = len(percents.percents)
    if rows < 2:
        raise InputError(
            f"a bootstrap must have at least 2 replicates to draw from, but has {rows}.",
            remedy="Give the replicates, not their mean.",
        )
    kept = [k for k, element in enumerate(percents.elements) if element != metal]
    drawn = percents.percents[rng.integers(0, rows, (draws, rows))].sum(axis=1)
    return PER_METALS * drawn[:, kept] / drawn[:, [percents.elements.index(metal)]]


def _require_metal(percents: AtomicPercents, metal: str) -> None:
    if metal not in percents.elements:
        raise InputError(
            f"the table must have a column of {metal}, which all others are counted against, but "
            f"has {', '.join(percents.elements)}.",
            remedy=f"Quantify {metal} too, or correct the headings.",
        )
    empty = np.flatnonzero(percents.column(metal) == 0)
    if len(empty):
        raise InputError(
            f"every replicate must hold some {metal}, but one holds 0 %.",
            remedy="Leave it out: it is no measurement of this sample.",
            place=f"replicate {int(empty[0]) + 1}",
        )


def _from_means(
    percents: AtomicPercents,
    others: tuple[str, ...],
    metal: str,
    values: Float[np.ndarray, " element"],
) -> AtomCounts:
    """Counts of a table of means: the sigmas of ratios follow from those of closed percents."""
    stated = opened_variances(percents)
    own = np.array([stated[percents.elements.index(element)] for element in others])
    relative = np.diag(own) + stated[percents.elements.index(metal)]
    found = np.outer(values, values) * relative
    count = percents.averaged
    if percents.spread == "sd":
        scatter, covariance = found, None if count is None else found / count
        # Without their number nothing tells the standard error; it is at most the scatter.
        covariance = found if covariance is None else covariance
        said = f"mean of {count}, sd stated" if count else "mean, sd stated, number not"
    else:
        # A sigma of which nobody says whose it is tells no scatter of single replicates.
        scatter = None if count is None or percents.spread is None else found * count
        covariance = found
        said = "mean, standard error stated" if percents.spread else "mean, ± taken as its error"
    return AtomCounts(
        elements=others,
        metal=metal,
        values=values,
        covariance=covariance,
        scatter=scatter,
        replicates=count,
        freedom=None,
        method=f"ratio to {metal}, {said}",
        assumed=percents.spread is None,
    )


def opened_variances(percents: AtomicPercents) -> Float[np.ndarray, " element"]:
    """Relative variances of the elements' own counts, from the sigmas of percents that add up.

    With independent counts of relative variance v, the percent p_i = 100 x_i has relative
    variance (1 - x_i)^2 v_i + sum over j other than i of x_j^2 v_j. That is solved for v >= 0.

    Args:
        percents: one row of means with sigmas.

    Example:
        >>> made = AtomicPercents(elements=("Pb", "Br"), percents=np.array([[20.0, 80.0]]),
        ...                       label="a", sigma=np.array([1.0, 1.0]))
        >>> round(float(opened_variances(made).sum()), 6)  # (1/20)^2/0.64: the ratio's alone
        0.003906
    """
    assert percents.sigma is not None
    mean = percents.percents[0]
    share = mean / mean.sum()
    held = share > 0
    own = np.zeros(len(share))
    matrix = np.tile(share[held] ** 2, (int(held.sum()), 1))
    np.fill_diagonal(matrix, (1 - share[held]) ** 2)
    wanted = (percents.sigma[held] / mean[held]) ** 2
    # Large and small percents count alike: equations are set to 1.
    scale = np.where(wanted > 0, wanted, 1.0)[:, None]
    own[held] = nnls(matrix / scale, wanted / scale[:, 0])[0]
    return own
