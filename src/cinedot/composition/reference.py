"""A reference sample of known stoichiometry, measured alike: what beam and film do cancels."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from cinedot.composition.atom_counts import PER_METALS, AtomCounts
from cinedot.core import InputError


def atoms_in(formula: str) -> dict[str, float]:
    """Atoms of each element in a formula.

    Raises:
        InputError: no formula.

    Example:
        >>> atoms_in("CsPbBr3")
        {'Cs': 1, 'Pb': 1, 'Br': 3}
    """
    from ase.formula import Formula

    try:
        return dict(Formula(formula).count())
    except ValueError as fault:
        raise InputError(
            f"`reference_formula` must be a formula, but is {formula!r}.",
            remedy='Write it as in "CsPbBr3".',
        ) from fault


def calibrate(
    counts: AtomCounts, reference: AtomCounts, known: Mapping[str, float]
) -> tuple[AtomCounts, frozenset[str]]:
    """Counts set right by a reference: each times what the reference should show over what it did.

    What is off by the same factor in both cancels; the reference's own scatter adds. Elements that
    it does not hold stay as they are.

    Args:
        counts: of the sample.
        reference: of the reference, under the same beam and on the same substrate.
        known: atoms of each element in the reference.

    Returns:
        The counts, and the elements that were set right.

    Raises:
        InputError: the reference holds no metal or none of the sample's elements, or shows none of
            one that it should.

    Example:
        >>> def found(br): return AtomCounts(
        ...     elements=("Br",), metal="Pb", values=np.array([br]), covariance=np.array([[4.0]]),
        ...     scatter=None, replicates=5, freedom=4, method="ratio to Pb")
        >>> right, which = calibrate(found(220.0), found(160.0), {"Pb": 1, "Br": 3})
        >>> right.values, sorted(which)
        (array([264.]), ['Br'])
    """
    metal = counts.metal
    shared = [e for e in counts.elements if e in reference.elements and known.get(e, 0) > 0]
    if known.get(metal, 0) <= 0 or not shared:
        raise InputError(
            f"the reference must hold {metal} and another element of the sample, but is "
            f"{', '.join(known)}.",
            remedy="Choose one such as CsPbBr3.",
        )
    factors = np.ones(len(counts.elements))
    own = np.zeros((len(counts.elements), len(counts.elements)))
    at = {e: (counts.elements.index(e), reference.elements.index(e)) for e in shared}
    for element, (k, r) in at.items():
        shown = float(reference.values[r])
        if shown <= 0:
            raise InputError(
                f"the reference must show {element}, but shows none.",
                remedy="Check its table and its formula.",
            )
        factors[k] = PER_METALS * known[element] / known[metal] / shown
    if reference.covariance is not None:
        for k, r in at.values():
            for j, s in at.values():
                own[k, j] = reference.covariance[r, s] / reference.values[r] / reference.values[s]
    scale = np.outer(factors, factors)
    values = counts.values * factors
    covariance = counts.covariance
    if covariance is not None:
        covariance = covariance * scale + own * np.outer(values, values)
    right = replace(
        counts,
        values=values,
        covariance=covariance,
        scatter=None if counts.scatter is None else counts.scatter * scale,
        method=f"{counts.method}, by a reference",
    )
    return right, frozenset(shared)
