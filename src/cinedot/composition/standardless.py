"""From peak intensities to atoms: by k-factors, or by what a thin film should give of each line."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from ase.data import atomic_masses, atomic_numbers
from jaxtyping import Float

from cinedot.composition.atom_counts import PER_METALS, AtomCounts
from cinedot.composition.film import TAKE_OFF_DEG, Film, mass_fractions, sensitivity
from cinedot.composition.peak_fit import PeakFit
from cinedot.composition.systematics import BeamPrior
from cinedot.composition.xray_lines import LineFamily, analysed_family
from cinedot.core import AnalysisError, InputError

LINE_SIGMA = 0.125
"""Relative standard deviation of standardless sensitivities: 95 % of analyses lie within 25 %.
Source: D. E. Newbury, C. R. Swyt, R. L. Myklebust, Anal. Chem. 67 (1995) 1866."""
_ROUNDS = 12
_SAME = 1e-9


def cliff_lorimer(
    intensities: Mapping[str, float], k_factors: Mapping[str, float]
) -> dict[str, float]:
    """Atomic percents of a thin specimen by Cliff and Lorimer: weights are as k times counts.

    Args:
        intensities: counts of each element's line.
        k_factors: of the same lines, for weight fractions.

    Raises:
        InputError: an element without its factor, counts or factors below 0, none at all.

    Source: G. Cliff, G. W. Lorimer, J. Microsc. 103 (1975) 203.

    Example:
        >>> made = cliff_lorimer({"Fe": 55.845, "Pt": 195.084}, {"Fe": 1.0, "Pt": 3.0})
        >>> {element: round(percent, 1) for element, percent in made.items()}
        {'Fe': 25.0, 'Pt': 75.0}
    """
    missing = [element for element in intensities if element not in k_factors]
    if missing:
        raise InputError(
            f"every element must have its k-factor, but {missing[0]} has none.",
            remedy="Give one for each line that was measured.",
        )
    atoms = {
        element: k_factors[element] * counts / float(atomic_masses[atomic_numbers[element]])
        for element, counts in intensities.items()
    }
    total = sum(atoms.values())
    if min(atoms.values(), default=0.0) < 0 or total <= 0:
        raise InputError(
            "counts and k-factors must be 0 or more, and not all 0, but are "
            f"{dict(intensities)} and {dict(k_factors)}.",
            remedy="Check the fit.",
        )
    return {element: 100 * one / total for element, one in atoms.items()}


def family_counts(fit: PeakFit, family: LineFamily) -> tuple[float, Float[np.ndarray, " peak"]]:
    """Counts in all peaks of a family, and which peaks of the fit they are (1) or not (0)."""
    part = np.array([float(one.peak.family == family) for one in fit.peaks])
    return float(part @ [one.counts for one in fit.peaks]), part


def thin_film_counts(fit: PeakFit, prior: BeamPrior, *, metal: str = "Pb") -> AtomCounts:
    """Atoms per 64 metal atoms from one spectrum, without standards.

    Counts over the film's sensitivity are atoms; what is absorbed depends on what is there, so
    both are found in turn. The covariance is that of counting, overlaps included. Elements whose
    peaks do not stand out are left out. The detector is taken to see all lines alike: windows cut
    oxygen, nitrogen and carbon, which a reference mends. The take-off angle is the file's, 35
    degrees where it says none.

    Args:
        fit: peaks of the spectrum.
        prior: beam and film; its middle is used.
        metal: the element that the others are counted against.

    Raises:
        InputError: the beam does not excite the metal.
        AnalysisError: the metal's peak does not stand out of the ground: too few counts.

    Source: science.md 7 (counts are as N k^-1); sensitivities as `film.sensitivity`.
    """
    kv = prior.voltage_kv
    elements = tuple(dict.fromkeys(one.peak.family.element for one in fit.peaks))
    told = {e: _family_of(e, kv) for e in elements}
    lines = {e: line for e, line in told.items() if line is not None and _stands_out(fit, line)}
    if metal not in lines:
        raise AnalysisError(
            f"{metal} does not stand out in {fit.spectrum.label}, so nothing can be counted "
            "against it.",
            remedy=f"Measure longer, or sum several spectra, if the sample holds {metal}.",
        )
    order = tuple(sorted(lines, key=lambda e: e == metal))
    parts = np.array([family_counts(fit, lines[e])[1] for e in order])
    counts = parts @ [one.counts for one in fit.peaks]
    take_off = fit.spectrum.take_off_deg or TAKE_OFF_DEG
    atoms = _atoms(counts, order, lines, prior, take_off_deg=take_off)
    relative = parts @ fit.covariance @ parts.T / np.outer(counts, counts)
    values = PER_METALS * atoms[:-1] / atoms[-1]
    # d ln(a/b) = d ln a - d ln b
    slope = np.column_stack([np.eye(len(values)), -np.ones(len(values))])
    covariance = np.outer(values, values) * (slope @ relative @ slope.T)
    return AtomCounts(
        elements=order[:-1],
        metal=metal,
        values=values,
        covariance=covariance,
        scatter=covariance,
        replicates=1,
        freedom=None,
        method=f"ratio to {metal}, thin film without standards",
    )


def _family_of(element: str, voltage_kv: float) -> LineFamily | None:
    try:
        return analysed_family(element, voltage_kv)
    except InputError:
        return None


def _stands_out(fit: PeakFit, line: LineFamily) -> bool:
    counts, part = family_counts(fit, line)
    return counts > 5 * float(np.sqrt(part @ fit.covariance @ part)) and counts > 0


def _atoms(
    counts: Float[np.ndarray, " element"],
    elements: tuple[str, ...],
    lines: Mapping[str, LineFamily],
    prior: BeamPrior,
    *,
    take_off_deg: float,
) -> Float[np.ndarray, " element"]:
    """Relative atoms, found in turn with the absorption and energy loss that they cause."""
    atoms = np.ones(len(elements))
    film = Film(
        mass_fractions={elements[-1]: 1.0},
        thickness_nm=prior.thickness_nm,
        landing_kev=prior.voltage_kv,
        substrate_z=prior.substrate_z,
        take_off_deg=take_off_deg,
    )
    for _ in range(_ROUNDS):
        held = dict(zip(elements, atoms.tolist(), strict=True))
        film = replace(film, mass_fractions=mass_fractions(held))
        found = counts / [sensitivity(film, lines[element]) for element in elements]
        found /= found.sum()
        done = bool(np.abs(found - atoms).max() < _SAME)
        atoms = found
        if done:
            break
    return atoms
