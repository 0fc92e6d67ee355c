"""Which ions a spectrum holds, and how many of them are expected to be wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cinedot.composition.ion_competition import (
    DECOY_HYDROGENS,
    Winner,
    library_of,
    winners,
)
from cinedot.composition.ions import Ion
from cinedot.composition.isotopes import IsotopePattern
from cinedot.composition.mass_spectrum import MassSpectrum
from cinedot.composition.pattern_odds import Match, Tolerances
from cinedot.core import InputError

HIGHEST_FALSE_RATE = 0.05
_SURE = 10.0
"""Log-odds from which on an ion's peaks tell how far the m/z scale is off."""
_TALL = 0.2
"""Peaks of such a share of the highest tell it: small ones are overlapped more often."""
_LEAST_FOR_SCALE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An ion found in a spectrum.

    Attributes:
        ion: which.
        pattern: its peaks as expected.
        match: how they lie over the spectrum's.
        mz: where its highest peak was found.
        error_ppm: mean error of its peaks' m/z, weighted by height, found over expected.
        pattern_score: likeness of found and expected heights, the cosine of the angle between
            them: 1 is the same shape.
        false_rate: the share of wrong ions expected among this one and all likelier ones.
        rivals: other ions that explain the highest peak nearly as well.
    """

    ion: Ion
    pattern: IsotopePattern
    match: Match
    mz: float
    error_ppm: float
    pattern_score: float
    false_rate: float
    rivals: tuple[Ion, ...]

    @property
    def log_odds(self) -> float:
        """Natural logarithm of the odds that it is there."""
        return self.match.log_odds

    @property
    def peaks_found(self) -> int:
        """How many of its peaks are as they should be."""
        return int(self.match.fits.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class IonAssignment:
    """All ions found in a spectrum.

    Attributes:
        spectrum: the spectrum.
        found: the ions, likeliest first, as far as the rate of wrong ones allows.
        unsure: those beyond it.
        tolerances: as they were used, with the m/z scale's error that the ions themselves tell.
        scale_told: whether they did.
        candidates: how many ions were tried.
        decoys: how many decoys were as likely as the last ion found, or likelier.
        explained: the share of the spectrum's intensity that the ions found account for.
    """

    spectrum: MassSpectrum
    found: tuple[Assignment, ...]
    unsure: tuple[Assignment, ...]
    tolerances: Tolerances
    scale_told: bool
    candidates: int
    decoys: int
    explained: float

    def of(self, ion: Ion) -> Assignment | None:
        """What was found of an ion, by formula and charge; None if it was not."""
        return next((one for one in self.found if one.ion.key == ion.key), None)


def assign_ions(
    spectrum: MassSpectrum,
    candidates: Sequence[Ion],
    *,
    tolerances: Tolerances | None = None,
    highest_false_rate: float = HIGHEST_FALSE_RATE,
) -> IonAssignment:
    """The candidates that a spectrum holds, with the rate of wrong ones by decoys.

    Every candidate brings 20 decoys: itself with 1 to 10 hydrogens more or fewer, which its charge
    forbids: the same pattern a few m/z away, at as likely a mass. All compete (`winners`).
    If D decoys and T candidates are as likely as some ion or likelier, (D + 1)/(20 T) of these
    candidates are expected to be wrong. The sure ions of a first pass tell how far the m/z scale is
    off and how far single m/z err; a second pass uses it.

    Args:
        spectrum: peaks.
        candidates: ions of the spectrum's polarity.
        tolerances: how peaks err at first; see `Tolerances`.
        highest_false_rate: the rate of wrong ions that is let through, 0 to 1.

    Raises:
        InputError: no candidates, or one of the other polarity.

    Source: J. E. Elias, S. P. Gygi, Nat. Methods 4 (2007) 207 (decoys); A. Palmer et al.,
    Nat. Methods 14 (2017) 57 (implausible ions as decoys).

    Example:
        >>> from cinedot.composition import Reagents, expected_mass_spectrum, ion_candidates, ion_of
        >>> spectrum = expected_mass_spectrum([ion_of("PbBr3", -1)], [1000.0])
        >>> ions = ion_candidates(Reagents(), charges=(-1,), most_metal=1, highest_mz=600.0)
        >>> [one.ion.name for one in assign_ions(spectrum, ions).found]
        ['[PbBr3]-']
    """
    first = tolerances or Tolerances()
    _check(spectrum, candidates)
    library = library_of(tuple(candidates), first.resolving_power)
    won = winners(spectrum, library, first)
    refined = _refined(won, first)
    if refined is not None:
        won = winners(spectrum, library, refined)
    rated = _rated(won, spectrum)
    found = tuple(one for one in rated if one.false_rate <= highest_false_rate)
    lowest = min((one.log_odds for one in found), default=np.inf)
    return IonAssignment(
        spectrum=spectrum,
        found=found,
        unsure=rated[len(found) :],
        tolerances=refined or first,
        scale_told=refined is not None,
        candidates=len(candidates),
        decoys=sum(one.entrant.decoy and one.match.log_odds >= lowest for one in won),
        explained=_explained(spectrum, found),
    )


def _check(spectrum: MassSpectrum, candidates: Sequence[Ion]) -> None:
    if not candidates:
        raise InputError("`candidates` must hold ions, but is empty.", remedy="Widen their range.")
    positive = spectrum.polarity == "positive"
    wrong = [ion.name for ion in candidates if (ion.charge > 0) != positive]
    if wrong:
        raise InputError(
            f"candidates must be {spectrum.polarity} ions as the spectrum's are, but "
            f"{wrong[0]} is not.",
            remedy="Give charges of the spectrum's sign.",
        )


def _refined(won: Sequence[Winner], first: Tolerances) -> Tolerances | None:
    """Tolerances by the sure ions' tall peaks; None where these are too few."""
    errors = [
        one.match.error_ppm[one.match.fits & (one.entrant.pattern.height >= _TALL)]
        for one in won
        if not one.entrant.decoy and one.match.log_odds >= _SURE
    ]
    error_ppm = np.concatenate([np.zeros(0), *errors])
    if len(error_ppm) < _LEAST_FOR_SCALE:
        return None
    offset = float(np.median(error_ppm))
    off = np.abs(error_ppm - offset)
    usual = off <= 4 * 1.4826 * float(np.median(off))
    spread = float(np.sqrt(np.mean(off[usual] ** 2)))
    # A few errors may lie close together by chance; a tenth of the stated spread is the least.
    sigma = min(max(spread, 0.1 * first.sigma_ppm), first.sigma_ppm)
    return replace(
        first, offset_ppm=offset, sigma_ppm=sigma, window_ppm=min(5 * sigma, first.window_ppm)
    )


def _rated(won: Sequence[Winner], spectrum: MassSpectrum) -> tuple[Assignment, ...]:
    """The candidates that won, likeliest first, each with the rate of wrong ones down to it."""
    ranked = sorted(won, key=lambda one: -one.match.log_odds)
    decoy = np.array([one.entrant.decoy for one in ranked], bool)
    wrong = (np.cumsum(decoy) + 1) / len(DECOY_HYDROGENS)
    rate = np.minimum(1.0, wrong / np.maximum(np.cumsum(~decoy), 1))
    lowest = np.minimum.accumulate(rate[::-1])[::-1]
    return tuple(
        _assignment(one, spectrum, float(lowest[k]))
        for k, one in enumerate(ranked)
        if not one.entrant.decoy
    )


def _assignment(winner: Winner, spectrum: MassSpectrum, false_rate: float) -> Assignment:
    pattern, match = winner.entrant.pattern, winner.match
    found = np.where(match.peak >= 0, spectrum.intensity[match.peak], 0.0)
    base = pattern.base
    told = match.fits if match.fits.any() else np.arange(len(found)) == base
    weight = match.expected[told]
    error = float(np.sum(weight * match.error_ppm[told]) / weight.sum())
    # Peaks below the detection limit tell nothing of the shape.
    asked = (match.expected >= spectrum.detection_limit) | (match.peak >= 0)
    one, other = found[asked], match.expected[asked]
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return Assignment(
        ion=winner.entrant.ion,
        pattern=pattern,
        match=match,
        mz=float(spectrum.mz[match.peak[base]]),
        error_ppm=error,
        pattern_score=float(one @ other) / norm,
        false_rate=false_rate,
        rivals=winner.alike,
    )


def _explained(spectrum: MassSpectrum, found: Sequence[Assignment]) -> float:
    claimed = np.zeros(len(spectrum.mz))
    for one in found:
        seen = one.match.peak >= 0
        np.add.at(claimed, one.match.peak[seen], one.match.expected[seen])
    return float(np.minimum(claimed, spectrum.intensity).sum() / spectrum.intensity.sum())
