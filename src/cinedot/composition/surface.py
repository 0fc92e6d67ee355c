"""Which surface compound do the counts speak for? A posterior, and when it cannot be told."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp
from scipy.stats import chi2

from cinedot.composition.atom_counts import AtomCounts
from cinedot.composition.candidates import Candidate
from cinedot.composition.charge_balance import HALIDES
from cinedot.composition.systematics import Systematics, no_systematics
from cinedot.core import AnalysisError

DECIDED = 0.95
"""From this posterior on a compound is named."""
MISFIT = 1e-3
"""Below this probability of so large a misfit no compound is named at all."""
_LEAST_REPLICATES = 4
_FINEST = 1e-6
"""Added to every variance, atoms squared: replicates of rounded percents may not scatter at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceInference:
    """Which compound the counts speak for.

    Attributes:
        names: the candidates.
        posterior: probability of each, among them.
        scores: [candidate, element], found less predicted over the sigma of both, all nuisances in.
        elements: those compared.
        p_fit: for each candidate the probability of a larger misfit if it were the right one.
        verdict: the name of the compound; "undecided"; or "none" where none fits.
    """

    names: tuple[str, ...]
    posterior: Float[np.ndarray, " candidate"]
    scores: Float[np.ndarray, "candidate element"]
    elements: tuple[str, ...]
    p_fit: Float[np.ndarray, " candidate"]
    verdict: str

    @property
    def best(self) -> int:
        """Index of the likeliest candidate."""
        return int(np.argmax(self.posterior))

    def probability(self, name: str) -> float:
        """The posterior of one candidate."""
        return float(self.posterior[self.names.index(name)])


def infer_surface(
    counts: AtomCounts,
    candidates: Sequence[Candidate],
    *,
    systematics: Systematics | None = None,
    oxygen_background: float = 0.0,
    background_sigma: float = 0.0,
) -> SurfaceInference:
    """The posterior of surface compounds given counts, all of them equally likely before.

    Compared are the halide, oxygen, and A elements that are metals (the nitrogen of organic ions
    is in ligands and solvents as well; a candidate without caesium predicts none). The likelihood
    is normal, as wide as Student's law where the covariance comes from the replicates themselves,
    averaged over admixtures of other sizes; beam and film widen it to first order, all elements
    together. Oxygen, and where there is ammonium A ions, may be 10 more or fewer than a
    compound's own.

    Args:
        counts: atoms per 64 metal atoms, with covariance.
        candidates: at least one.
        systematics: errors that all replicates share; none unless given.
        oxygen_background: oxygen that is no acid's, atoms per 64 metal atoms.
        background_sigma: its standard deviation.

    Raises:
        AnalysisError: no covariance, fewer than four replicates, or no element that the candidates
            predict.

    Source: science.md 7; width: A. Gelman et al., Bayesian Data Analysis, 3rd edition, section 3.6
    (a mean with unknown covariance is Student's with n - p degrees of freedom).

    Example:
        >>> from cinedot.composition.candidates import candidate
        >>> from cinedot.particle import compound_named, host_named
        >>> two = AtomCounts(elements=("Cs", "Br", "O"), metal="Pb", replicates=20, freedom=None,
        ...                  values=np.array([58.0, 237.0, 48.0]), scatter=None, method="paper",
        ...                  covariance=np.diag([2.0, 6.0, 10.0]) ** 2)
        >>> named = [candidate(compound_named(name), host_named("CsPbBr3"))
        ...          for name in ("prototype", "mla-cs")]
        >>> infer_surface(two, named).verdict
        'mla-cs'
    """
    if counts.covariance is None:
        raise AnalysisError(
            "nothing tells the scatter of the counts, so no compound is preferred.",
            remedy="Give replicates, or a mean with its sigma.",
        )
    elements = _compared(counts, candidates)
    kept = [counts.elements.index(element) for element in elements]
    is_oxygen = np.array([float(element == "O") for element in elements])
    shared = systematics or no_systematics(counts.elements)
    problem = _Problem(
        found=counts.values[kept],
        covariance=_known_covariance(counts, kept) + background_sigma**2 * np.diag(is_oxygen),
        log_covariance=shared.log_covariance[np.ix_(kept, kept)],
    )
    made = [
        (
            _columns(one, one.atoms, elements) + oxygen_background * is_oxygen,
            one.weights,
            np.diag(_columns(one, one.freedom[None], elements)[0] ** 2),
        )
        for one in candidates
    ]
    logs = np.array([problem.log_likelihood(*one) for one in made])
    posterior = np.exp(logs - logsumexp(logs))
    both = [problem.misfit(*one) for one in made]
    p_fit = np.array([p for _, p in both])
    best = int(np.argmax(posterior))
    verdict = candidates[best].name if posterior[best] >= DECIDED else "undecided"
    return SurfaceInference(
        names=tuple(one.name for one in candidates),
        posterior=posterior,
        scores=np.array([scores for scores, _ in both]),
        elements=elements,
        p_fit=p_fit,
        verdict="none" if float(p_fit.max()) < MISFIT else verdict,
    )


def _compared(counts: AtomCounts, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    told = {element for one in candidates for element in one.elements}
    useful = (*HALIDES, "Cs", "O")
    found = tuple(e for e in counts.elements if e in told and e in useful)
    if not found:
        raise AnalysisError(
            f"the candidates predict {', '.join(sorted(told))}, none of which is in the table.",
            remedy="Quantify the halide, oxygen and caesium.",
        )
    return found


def _columns(
    one: Candidate, rows: Float[np.ndarray, "row element"], elements: tuple[str, ...]
) -> Float[np.ndarray, "row compared"]:
    """Its atoms of the elements compared; 0 of those that it does not hold."""
    columns = [
        rows[:, one.elements.index(e)] if e in one.elements else np.zeros(len(rows))
        for e in elements
    ]
    return np.stack(columns, axis=1)


def _known_covariance(
    counts: AtomCounts, kept: list[int]
) -> Float[np.ndarray, "compared compared"]:
    """The covariance of the mean, widened where replicates told it: as wide as Student's law is.

    Raises:
        AnalysisError: fewer than four replicates.
    """
    assert counts.covariance is not None
    covariance = counts.covariance[np.ix_(kept, kept)]
    if counts.freedom is None:
        return covariance
    count, size = counts.freedom + 1, len(kept)
    if count < _LEAST_REPLICATES:
        raise AnalysisError(
            f"{count} replicates tell their own scatter too badly to prefer a compound.",
            remedy=f"Give {_LEAST_REPLICATES} or more.",
        )
    if count < size + 3:
        # So few tell each element's scatter, but not how they go together.
        return np.diag(np.diag(covariance)) * (count - 1) / (count - 3)
    return covariance * (count - 1) / (count - size - 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """Counts to compare with predictions, and what may have moved them."""

    found: Float[np.ndarray, " element"]
    covariance: Float[np.ndarray, "element element"]
    log_covariance: Float[np.ndarray, "element element"]

    def width(
        self,
        mean: Float[np.ndarray, " element"],
        freedom: Float[np.ndarray, "element element"],
    ) -> Float[np.ndarray, "element element"]:
        """Covariance of found less predicted: replicates, what is left open, beam and film."""
        finest = _FINEST * np.eye(len(mean))
        return self.covariance + freedom + np.outer(mean, mean) * self.log_covariance + finest

    def log_likelihood(
        self,
        predicted: Float[np.ndarray, "mixture element"],
        weights: Float[np.ndarray, " mixture"],
        freedom: Float[np.ndarray, "element element"],
    ) -> float:
        """Of one candidate, up to a constant that all share, averaged over admixtures."""
        total = self.width(weights @ predicted, freedom)
        left = self.found - predicted
        squares = np.einsum("ma,ab,mb->m", left, np.linalg.inv(total), left)
        # A wider prediction is a lower one.
        return float(logsumexp(-0.5 * squares, b=weights) - 0.5 * np.linalg.slogdet(total)[1])

    def misfit(
        self,
        predicted: Float[np.ndarray, "mixture element"],
        weights: Float[np.ndarray, " mixture"],
        freedom: Float[np.ndarray, "element element"],
    ) -> tuple[Float[np.ndarray, " element"], float]:
        """Scores of the elements and the probability of a larger misfit, all nuisances in."""
        mean = weights @ predicted
        spread = (predicted - mean).T @ (weights[:, None] * (predicted - mean))
        total = self.width(mean, freedom) + spread
        left = self.found - mean
        square = float(left @ np.linalg.inv(total) @ left)
        return left / np.sqrt(np.diag(total)), float(chi2.sf(square, len(left)))
