"""Where the light of each n is expected, how wide and how bright, before a spectrum is seen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.core.constants import HC_EV_NM
from cinedot.core.nearest import did_you_mean
from cinedot.spectroscopy.bands import band_that_reads
from cinedot.spectroscopy.confinement.calibrated import CalibratedWell
from cinedot.spectroscopy.confinement.catalogue import NamedLaw, laws_of
from cinedot.spectroscopy.confinement.known_sizes import KnownSize
from cinedot.spectroscopy.confinement.prediction import predict
from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of
from cinedot.spectroscopy.confinement.shapes import cube_edges

SIZES = (2, 3, 4, 5, 6)
"""The n that are looked for unless others are stated."""

_SMALLEST, _LARGEST = 1, 9
_BULK = 20
_FWHM_EV = 0.088
"""Of one n: 85 to 90 meV in the paper; single dots of APbBr3 have 70 to 100 (science.md 3.3, 6)."""
_FWHM_SPREAD = 0.25
_OWN_FWHM_SPREAD = 0.08
_OWN_SPREAD_EV = 0.010
"""From sample to sample: the paper's n = 4 of MAPbBr3 is at 453 to 455 nm."""
_MOST_OF_STEP = 1 / 3
"""Of a law's step to the next n: the most that an n's place may be off, one standard deviation."""
_YIELD_SPREAD = 0.2
_CROSS_SECTION_SPREAD = 0.15
_SCALES = ("well-own", "well-calibrated", "brus-edge")
"""Laws that a spectrum is read with unless one is stated: the first that the host has."""

_SHAPE = (
    "Bands are Gaussian or lean to one side in energy, about alike: slower tails would be taken "
    "for a neighbour's light, or for a broad band."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeBand:
    """What is expected of the light of one n: each number normal about its value.

    Attributes:
        n: Pb atoms an edge.
        energy_ev, spread_ev: of its maximum per eV, and the standard deviation, eV.
        brightness: photons a dot, in any unit: absorption cross-section at the excitation times
            quantum yield.
        brightness_spread: standard deviation of its logarithm.
    """

    n: int
    energy_ev: float
    spread_ev: float
    brightness: float
    brightness_spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MixturePrior:
    """What is expected of a sample's light before its spectrum is seen.

    Attributes:
        bands: by rising n, and so by falling energy.
        fwhm_ev: full width at half maximum that all n are about to have, eV.
        fwhm_spread, own_fwhm_spread: standard deviations of its logarithm: of what all n share,
            and of each n's own.
        larger_ev: mean and standard deviation of the energy of larger dots and of the bulk, eV;
            None where nothing tells it.
        law: that bands are named by; None where all are stated.
        assumptions: what the fractions stand on, in sentences.
    """

    bands: tuple[SizeBand, ...]
    fwhm_ev: float
    fwhm_spread: float
    own_fwhm_spread: float
    larger_ev: tuple[float, float] | None
    law: NamedLaw | None
    assumptions: tuple[str, ...]

    def band(self, n: int) -> SizeBand:
        """That of one n."""
        return next(one for one in self.bands if one.n == n)


def expected_bands(
    host: str | None,
    *,
    sizes: Sequence[int] = SIZES,
    law: str | None = None,
    peaks: Mapping[int, Estimate] = MappingProxyType({}),
    cross_sections: Mapping[int, Estimate] = MappingProxyType({}),
    yields: Mapping[int, Estimate] = MappingProxyType({}),
) -> MixturePrior:
    """What a host's laws of confinement, and what is stated, expect of each n.

    Positions follow one law. Unless it is stated, it is the box whose walls are fitted to a known
    size (a stated peak, else the paper's n = 4), else Brus's with the edge as the radius. Their
    spread holds the law's parameters, 10 meV from sample to sample, and the distance to the other
    law of the paper, both put through the known size; it is never more than a third of the law's
    step to the next n, which else would be as near.

    Args:
        host: what the dots are made of; None where all peaks are stated.
        sizes: the n to look for, Pb atoms an edge, 1 to 9.
        law: key of the law, as `cinedot predict` lists them.
        peaks: where some n are known to emit, nm; a sigma of None is the 10 meV above.
        cross_sections: for absorption at the excitation, in any unit, of every n; in proportion
            to the volume, n^3, within 15 %, unless stated.
        yields: quantum yields, 0 to 1; alike within 20 % unless stated.

    Raises:
        InputError: sizes, a host, a law or numbers that cannot be used.

    Source: science.md 3.3 and 6.

    Example:
        >>> expected = expected_bands("MAPbBr3", sizes=(4, 5, 6))
        >>> for one in expected.bands:
        ...     print(one.n, round(HC_EV_NM / one.energy_ev), round(1000 * one.spread_ev))
        4 453 12
        5 473 25
        6 487 17
    """
    ordered = _ordered(sizes)
    for name, stated in (("peaks", peaks), ("cross_sections", cross_sections), ("yields", yields)):
        _require_known(name, stated, ordered)
    scale = _scale(host, law, peaks, ordered)
    places = {n: _stated_place(one) for n, one in peaks.items()}
    if scale is not None:
        places = {n: places.get(n) or scale.place(n) for n in ordered}
    bright, why = _brightness(ordered, cross_sections, yields)
    return MixturePrior(
        bands=tuple(
            SizeBand(
                n=n,
                energy_ev=places[n][0],
                spread_ev=places[n][1],
                brightness=bright[n][0],
                brightness_spread=bright[n][1],
            )
            for n in ordered
        ),
        fwhm_ev=_FWHM_EV,
        fwhm_spread=_FWHM_SPREAD,
        own_fwhm_spread=_OWN_FWHM_SPREAD,
        larger_ev=None if scale is None else scale.larger(ordered[-1]),
        law=None if scale is None else scale.law,
        assumptions=(*_named_by(scale, peaks), *why, _SHAPE),
    )


def _ordered(sizes: Sequence[int]) -> tuple[int, ...]:
    ordered = tuple(sorted(sizes))
    inside = ordered and ordered[0] >= _SMALLEST and ordered[-1] <= _LARGEST
    if not inside or len(set(ordered)) < len(ordered):
        raise InputError(
            f"`sizes` must be different numbers of Pb atoms from {_SMALLEST} to {_LARGEST}, but "
            f"are {tuple(sizes)}.",
            remedy="Usual are 2, 3, 4, 5, 6.",
        )
    return ordered


def _require_known(name: str, stated: Mapping[int, Estimate], sizes: tuple[int, ...]) -> None:
    for n, one in stated.items():
        if n not in sizes:
            raise InputError(
                f"`{name}` must be of sizes that are looked for, {sizes}, but one is of n = {n}.",
                remedy="Add it to `sizes`.",
            )
        if isinstance(one.value, str) or not one.value > 0:
            raise InputError(
                f"`{name}` must be above 0, but that of n = {n} is {one.value}.",
                remedy="Correct it, or leave it out.",
            )


@lru_cache(maxsize=512)
def _energy(named: NamedLaw, n: int) -> tuple[float, float]:
    """Of a cube's light by a law, and its sigma, eV."""
    predicted = predict(named, cube_edges(n * named.semiconductor.lattice_nm))
    if predicted is None:
        raise InputError(
            f"`law` must speak of cubes, but {named.key!r} does not.",
            remedy=f"The usual one is {_SCALES[1]}.",
        )
    return float(predicted.energy.value), float(predicted.energy.sigma or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """A law with the others that its spread is measured by."""

    law: NamedLaw
    others: tuple[NamedLaw, ...]

    def place(self, n: int) -> tuple[float, float]:
        energy, sigma = _energy(self.law, n)
        anchor = _anchor(self.law)
        apart = 0.0
        for one in self.others:
            step = _energy(one, n)[0] - _energy(one, anchor)[0]
            apart += (step - energy + _energy(self.law, anchor)[0]) ** 2
        apart /= 1 + len(self.others)
        most = _MOST_OF_STEP * (energy - _energy(self.law, n + 1)[0])
        return energy, min(math.sqrt(sigma**2 + apart + _OWN_SPREAD_EV**2), most)

    def larger(self, n: int) -> tuple[float, float]:
        high, low = (_energy(self.law, one)[0] for one in (n + 1, _BULK))
        return (high + low) / 2, (high - low) / 2


def _anchor(named: NamedLaw) -> int:
    """The n of the size that a law was put through."""
    size = named.law.size if isinstance(named.law, CalibratedWell) else None
    return 4 if size is None else round(size.edges_nm[0] / named.semiconductor.lattice_nm)


def _scale(
    host: str | None, key: str | None, peaks: Mapping[int, Estimate], sizes: tuple[int, ...]
) -> _Scale | None:
    if host is None:
        if key is None and all(n in peaks for n in sizes):
            return None
        raise InputError(
            "the host must be known, or the peak of every size stated.",
            remedy='Write host = "MAPbBr3", or peaks for all of `sizes`.',
        )
    semiconductor = semiconductor_of(host)
    if semiconductor.room_gap is not None:
        semiconductor = semiconductor.at_room_temperature()
    laws = {one.key: one for one in laws_of(semiconductor, own_size=_own_size(host, peaks))}
    if key is not None and key not in laws:
        raise InputError(
            f"`law` must be one of {', '.join(laws)}, but is {key!r}.",
            remedy=f"{did_you_mean(key, tuple(laws))}`cinedot predict` lists them.",
        )
    law = laws[key] if key else next(laws[one] for one in _SCALES if one in laws)
    fitted = isinstance(law.law, CalibratedWell)
    others = (laws["brus-edge"],) if fitted else ()
    scale = _Scale(law=law, others=others)
    try:
        scale.place(sizes[0])
    except AnalysisError as fault:
        raise InputError(fault.reason, remedy=fault.remedy) from fault
    return scale


def _own_size(host: str, peaks: Mapping[int, Estimate]) -> KnownSize | None:
    """The stated peak to fit walls to: that of n = 4, else the first."""
    if not peaks:
        return None
    n = 4 if 4 in peaks else next(iter(peaks))
    energy, spread = _stated_place(peaks[n])
    nm = HC_EV_NM / energy
    return KnownSize.of_cube(host, n, wavelength_nm=nm, sigma_nm=nm * spread / energy)


def _stated_place(peak: Estimate) -> tuple[float, float]:
    """Energy of the maximum per eV of a band that reads such a peak per nm, and its sigma."""
    nm = float(peak.value)
    near = HC_EV_NM / nm
    fwhm_nm = HC_EV_NM / (near - _FWHM_EV / 2) - HC_EV_NM / (near + _FWHM_EV / 2)
    energy, _ = band_that_reads(peak_nm=nm, fwhm_nm=fwhm_nm)
    return energy, _OWN_SPREAD_EV if peak.sigma is None else max(energy * peak.sigma / nm, 1e-4)


def _brightness(
    sizes: tuple[int, ...], cross_sections: Mapping[int, Estimate], yields: Mapping[int, Estimate]
) -> tuple[dict[int, tuple[float, float]], tuple[str, ...]]:
    """Photons a dot and the sigma of their logarithm, and what they stand on."""
    if cross_sections and len(cross_sections) < len(sizes):
        missing = [n for n in sizes if n not in cross_sections]
        raise InputError(
            f"`cross_sections` must be given for every size or for none, but n = {missing[0]} "
            "has none.",
            remedy="Give all of them in one unit, or leave them out for n^3.",
        )
    usual = sum(float(one.value) for one in yields.values()) / len(yields) if yields else 1.0
    bright: dict[int, tuple[float, float]] = {}
    for n in sizes:
        absorbed, doubt = _stated(cross_sections.get(n), float(n**3), _CROSS_SECTION_SPREAD)
        emitted, other = _stated(yields.get(n), usual, _YIELD_SPREAD)
        bright[n] = (absorbed * emitted, math.hypot(doubt, other))
    absorption = (
        "Absorption cross-sections at the excitation are as stated."
        if cross_sections
        else "Absorption at the excitation is taken in proportion to the volume, n³, within "
        f"{_CROSS_SECTION_SPREAD:.0%}."
    )
    unstated = [n for n in sizes if n not in yields]
    alike = f"alike for all n, within {_YIELD_SPREAD:.0%}"
    emission = f"Quantum yields are taken to be {alike}, and no dots to be dark."
    if yields:
        rest = f"; those of n = {', '.join(map(str, unstated))} like them" if unstated else ""
        emission = f"Quantum yields are as stated{rest}."
    return bright, (absorption, emission)


def _stated(one: Estimate | None, usual: float, spread: float) -> tuple[float, float]:
    """A number and the sigma of its logarithm."""
    if one is None:
        return usual, spread
    return float(one.value), (one.sigma or 0.0) / float(one.value)


def _named_by(scale: _Scale | None, peaks: Mapping[int, Estimate]) -> tuple[str, ...]:
    said = [f"n = {n} at {one.text()}" for n, one in sorted(peaks.items())]
    stated = f"Bands are named as stated: {', '.join(said)}." if said else ""
    if scale is None:
        return (stated,)
    law = scale.law
    fitted = f", fitted to {law.calibrated_on.short}" if law.calibrated_on else ""
    named = (
        f"{'Other bands' if said else 'Bands'} are named by one law, {law.name} (`{law.key}`"
        f"{fitted}); by another law they would have other n (`cinedot predict`)."
    )
    return (stated, named) if said else (named,)
