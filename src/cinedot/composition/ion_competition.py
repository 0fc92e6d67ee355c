"""Candidates and their decoys compete for a spectrum's peaks, the likeliest first."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from cinedot.composition.ions import Ion, ion_of
from cinedot.composition.isotopes import IsotopePattern, commonest_mz, isotope_pattern
from cinedot.composition.mass_spectrum import MassSpectrum
from cinedot.composition.pattern_odds import (
    Match,
    PeaksLeft,
    Tolerances,
    counted_about,
    match_pattern,
    nearest_peaks,
)

DECOY_HYDROGENS = tuple(k for k in range(-10, 11) if k)
"""A decoy has so many hydrogens more, or fewer, than its ion's charge allows."""

_ALIKE = 2.0
"""Log-odds within which two ions explain a peak alike."""
_HOPELESS = -30.0
"""Log-odds that no peak taken away by another ion would lift above 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Candidates with their patterns.

    Attributes:
        ions: the candidates.
        patterns: of each.
        base_mz: where each one's highest peak stands.
        crowd: how many candidates there are within 25 m/z of each.
    """

    ions: tuple[Ion, ...]
    patterns: tuple[IsotopePattern, ...]
    base_mz: Float[np.ndarray, " ion"]
    crowd: Float[np.ndarray, " ion"]


@lru_cache(maxsize=8)
def library_of(ions: tuple[Ion, ...], resolving_power: float) -> Library:
    """The patterns of candidates, made once."""
    patterns = tuple(isotope_pattern(ion, resolving_power=resolving_power) for ion in ions)
    base_mz = np.array([pattern.base_mz for pattern in patterns])
    return Library(
        ions=ions,
        patterns=patterns,
        base_mz=base_mz,
        crowd=counted_about(base_mz, np.sort(base_mz)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A candidate or a decoy of one.

    Attributes:
        ion: the candidate.
        pattern: its peaks, a decoy's shifted.
        decoy: whether it is one.
        crowd: how many candidates share its 50 m/z.
    """

    ion: Ion
    pattern: IsotopePattern
    decoy: bool
    crowd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Winner:
    """An entrant that took peaks.

    Attributes:
        entrant: which.
        match: how it lay over what was left of the spectrum.
        alike: other candidates that explained its highest peak nearly as well.
    """

    entrant: Entrant
    match: Match
    alike: tuple[Ion, ...]


def winners(spectrum: MassSpectrum, library: Library, tolerances: Tolerances) -> list[Winner]:
    """Who takes a spectrum's peaks, the likeliest first, until none has odds above 1.

    Each time the likeliest takes its share of its peaks' heights, and those that wanted them too
    are weighed again by what is left. Among candidates that explain one highest peak nearly alike,
    the one of the lowest charge and the fewest parts stands for all.
    """
    peaks = PeaksLeft.of(spectrum)
    entrants, matches = _entered(peaks, library, tolerances)
    found: list[Winner] = []
    while matches:
        best = max(range(len(matches)), key=lambda k: matches[k].log_odds)
        if matches[best].log_odds <= 0:
            break
        chosen, alike = _simplest(best, entrants, matches)
        winner = Winner(entrant=entrants[chosen], match=matches[chosen], alike=alike)
        found.append(winner)
        peaks = peaks.without(winner.match, tolerances.height_sigma)
        touched = set(winner.match.peak[winner.match.peak >= 0].tolist())
        kept: list[tuple[Entrant, Match]] = []
        for k, (entrant, match) in enumerate(zip(entrants, matches, strict=True)):
            again: Match | None = match
            if k == chosen:
                again = None
            elif not touched.isdisjoint(match.peak.tolist()):
                again = match_pattern(entrant.pattern, peaks, tolerances, rivals=entrant.crowd)
            if again is not None and again.log_odds > _HOPELESS:
                kept.append((entrant, again))
        entrants, matches = [one for one, _ in kept], [match for _, match in kept]
    return found


def _entered(
    peaks: PeaksLeft, library: Library, tolerances: Tolerances
) -> tuple[list[Entrant], list[Match]]:
    """All candidates and decoys whose highest peak has a peak beside it."""
    charge = np.array([abs(ion.charge) for ion in library.ions])
    hydrogens = np.array([0, *DECOY_HYDROGENS])
    shift = hydrogens * commonest_mz(ion_of("H", 1)) / charge[:, None]
    bases = library.base_mz[:, None] + shift
    index, _ = nearest_peaks(bases.ravel(), peaks.mz, tolerances)
    entrants: list[Entrant] = []
    matches: list[Match] = []
    for place in np.flatnonzero(index >= 0):
        number, column = divmod(int(place), len(hydrogens))
        pattern = library.patterns[number]
        entrant = Entrant(
            ion=library.ions[number],
            pattern=pattern.shifted(float(shift[number, column])) if column else pattern,
            decoy=column > 0,
            crowd=float(library.crowd[number]),
        )
        match = match_pattern(entrant.pattern, peaks, tolerances, rivals=entrant.crowd)
        if match is not None and match.log_odds > _HOPELESS:
            entrants.append(entrant)
            matches.append(match)
    return entrants, matches


def _simplest(
    best: int, entrants: list[Entrant], matches: list[Match]
) -> tuple[int, tuple[Ion, ...]]:
    """The simplest candidate as likely as the best one, and the others' ions."""
    if entrants[best].decoy:
        return best, ()
    place = matches[best].peak[entrants[best].pattern.base]
    alike = [
        k
        for k, (entrant, match) in enumerate(zip(entrants, matches, strict=True))
        if not entrant.decoy
        and match.peak[entrant.pattern.base] == place
        and match.log_odds >= matches[best].log_odds - _ALIKE
    ]
    chosen = min(alike, key=lambda k: (abs(entrants[k].ion.charge), entrants[k].ion.parts))
    return chosen, tuple(entrants[k].ion for k in alike if k != chosen)
