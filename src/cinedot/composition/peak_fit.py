"""Peak intensities of an EDX spectrum: lines of known ratios on a ground, by maximum likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares, nnls

from cinedot.composition.edx_files import EdxSpectrum
from cinedot.composition.peak_law import (
    USUAL_RESOLUTION_EV,
    Peak,
    ground_shapes,
    peak_shape,
    peaks_of,
    width_ev,
)
from cinedot.composition.xray_lines import line_families
from cinedot.core import AnalysisError, InputError

LEAST_EV = 200.0
"""Below this, noise and the detector's window decide what is seen."""
SEEN = 5.0
"""From so many standard deviations on a peak is seen."""
LEAST_COUNTS = 400
"""Fewer counts in the fitted range tell no ratio to 20 %, whatever is in it."""
_ROUNDS = 6
_BENT = np.array([4.0, 8.0, 0.35])
"""How far the detector may be from the file: 40 eV, 8 in a thousand, a third of its resolution."""
_MIXED = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Intensity:
    """Counts in one peak.

    Attributes:
        peak: which.
        counts: of all its lines.
        sigma: their standard deviation, overlap and ground included.
        mixed_with: peaks whose counts are not well told from these.
    """

    peak: Peak
    counts: float
    sigma: float
    mixed_with: tuple[str, ...]

    @property
    def seen(self) -> bool:
        """Whether the peak stands out, by five standard deviations."""
        return self.counts > SEEN * self.sigma

    @property
    def limit(self) -> float:
        """Upper limit of its counts, 95 %."""
        return self.counts + 1.645 * self.sigma


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakFit:
    """A spectrum taken apart.

    Attributes:
        spectrum: what was fitted.
        energy_ev: of the fitted channels, by the fit's calibration, eV.
        counts, curve: in them, and as the fit expects.
        ground: the part that is no peak.
        peaks: intensities, the lowest energy first.
        covariance: of their counts.
        resolution_ev: width at Mn Ka that was found, eV.
        shift_ev, stretch: correction of the energy axis that was found: eV, and relative.
        misfit: chi-square over degrees of freedom.
    """

    spectrum: EdxSpectrum
    energy_ev: Float[np.ndarray, " channel"]
    counts: Float[np.ndarray, " channel"]
    curve: Float[np.ndarray, " channel"]
    ground: Float[np.ndarray, " channel"]
    peaks: tuple[Intensity, ...]
    covariance: Float[np.ndarray, "peak peak"]
    resolution_ev: float
    shift_ev: float
    stretch: float
    misfit: float

    def of(self, name: str) -> Intensity:
        """The intensity of a peak by its name, as in "Pb M".

        Raises:
            InputError: none of that name.
        """
        for one in self.peaks:
            if one.peak.name == name:
                return one
        raise InputError(
            f"a peak must be one of the fit's, but is {name!r}.",
            remedy=f"It has {', '.join(one.peak.name for one in self.peaks)}.",
        )

    @property
    def seen(self) -> tuple[str, ...]:
        """Elements of which some peak stands out."""
        found = [one.peak.family.element for one in self.peaks if one.seen]
        return tuple(dict.fromkeys(found))


def fit_peaks(
    spectrum: EdxSpectrum, elements: Sequence[str], *, voltage_kv: float | None = None
) -> PeakFit:
    """Counts in the peaks of given elements, by Poisson's likelihood.

    Every family of lines that the beam excites within the record is fitted, subshells apart where
    the detector tells them apart. Energies and ratios within a peak are known; the detector's
    resolution, offset and gain are fitted near to the file's; the ground is pieces of straight
    lines, each eight widths long. Nothing is below 0.

    Args:
        spectrum: counts against energy.
        elements: symbols of what may be in it; what is missing here goes into its neighbours.
        voltage_kv: accelerating voltage, kV; the file's own unless given.

    Raises:
        InputError: no voltage, no line of the elements within the record.
        AnalysisError: fewer than 400 counts in the fitted range.

    Source: P. Van Espen, in R. Van Grieken, A. Markowicz (eds.), Handbook of X-Ray Spectrometry
    (2002), chapter 4 (least squares with all lines of an element as one peak).
    """
    kv = voltage_kv or spectrum.voltage_kv
    if kv is None:
        raise InputError(
            "the accelerating voltage must be known, but the file does not say it.",
            remedy='Give it, as in voltage = "3 kV".',
            file=spectrum.label,
        )
    start = spectrum.resolution_ev or USUAL_RESOLUTION_EV
    kept = (spectrum.energy_ev >= LEAST_EV) & (spectrum.energy_ev <= 1e3 * kv)
    energy, counts = spectrum.energy_ev[kept], spectrum.counts[kept]
    if counts.sum() < LEAST_COUNTS:
        raise AnalysisError(
            f"{spectrum.label} holds {counts.sum():.0f} counts from {LEAST_EV / 1e3:g} keV on, and "
            f"a composition takes {LEAST_COUNTS} at least.",
            remedy="Measure longer, or sum several spectra.",
        )
    peaks = _peaks(elements, kv, start, energy)
    if not peaks:
        raise InputError(
            f"the record must hold some line of {', '.join(elements)}, but holds none.",
            remedy="Check the elements and the energy axis.",
            file=spectrum.label,
        )
    problem = _Problem(energy=energy, counts=counts, peaks=peaks, start=start)
    return problem.solved(spectrum)


def _peaks(
    elements: Sequence[str], kv: float, resolution_ev: float, energy: Float[np.ndarray, " channel"]
) -> tuple[Peak, ...]:
    """The peaks of the elements within the record, the lowest energy first."""
    found = [
        peak
        for element in dict.fromkeys(elements)
        for family in line_families(element)
        for peak in peaks_of(family, voltage_kv=kv, resolution_ev=resolution_ev)
        if energy[0] < peak.main_ev < energy[-1]
    ]
    return tuple(sorted(found, key=lambda peak: peak.main_ev))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """Channels to explain by peaks and ground."""

    energy: Float[np.ndarray, " channel"]
    counts: Float[np.ndarray, " channel"]
    peaks: tuple[Peak, ...]
    start: float

    def shapes(self, bent: Float[np.ndarray, "3"]) -> Float[np.ndarray, "channel column"]:
        """Columns of one count each (peaks) and of height 1 (ground)."""
        energy = self.at(bent)
        resolution = self.start * float(np.exp(bent[2]))
        made = [peak_shape(energy, peak, resolution) for peak in self.peaks]
        return np.column_stack([*made, ground_shapes(self.energy, self.start)])

    def at(self, bent: Float[np.ndarray, "3"]) -> Float[np.ndarray, " channel"]:
        """The energy axis, shifted (in tens of eV) and stretched (in thousandths)."""
        return 10 * bent[0] + (1 + 1e-3 * bent[1]) * self.energy

    def amounts(
        self, shapes: Float[np.ndarray, "channel column"], expected: Float[np.ndarray, " channel"]
    ) -> Float[np.ndarray, " column"]:
        """Non-negative least squares, weighted by what is expected: a step to Poisson's law."""
        weight = 1 / np.sqrt(np.maximum(expected, 1.0))
        scale = np.maximum(np.linalg.norm(shapes, axis=0), 1e-12)
        return nnls(shapes / scale * weight[:, None], self.counts * weight, maxiter=3000)[0] / scale

    def left(
        self, expected: Float[np.ndarray, " channel"], state: Float[np.ndarray, "3"]
    ) -> Float[np.ndarray, " channel"]:
        """What a state of the detector leaves over, in standard deviations."""
        shapes = self.shapes(state - 1)
        weight = 1 / np.sqrt(np.maximum(expected, 1.0))
        return (shapes @ self.amounts(shapes, expected) - self.counts) * weight

    def solved(self, spectrum: EdxSpectrum) -> PeakFit:
        """Detector and amounts in turn, each round with the weights of the one before."""
        # Counted from 1, so that steps relative to them are steps.
        state = np.ones(3)
        # What a channel holds is smoothed for the first weights: single counts would bias them.
        expected = np.convolve(self.counts, np.ones(9) / 9, mode="same")
        shapes = self.shapes(np.zeros(3))
        for _ in range(2):
            state = least_squares(
                partial(self.left, expected),
                state,
                bounds=(1 - _BENT, 1 + _BENT),
                diff_step=1e-3,
                max_nfev=12,
            ).x
            shapes = self.shapes(state - 1)
            for _ in range(_ROUNDS):
                expected = shapes @ self.amounts(shapes, expected)
        bent = state - 1
        return self.told(spectrum, bent, shapes, expected)

    def told(
        self,
        spectrum: EdxSpectrum,
        bent: Float[np.ndarray, "3"],
        shapes: Float[np.ndarray, "channel column"],
        expected: Float[np.ndarray, " channel"],
    ) -> PeakFit:
        """The fit with its covariance, in which peaks and ground stand for each other."""
        amounts = self.amounts(shapes, expected)
        curve = shapes @ amounts
        weight = 1 / np.maximum(curve, 1.0)
        covariance = np.linalg.pinv(shapes.T @ (weight[:, None] * shapes), hermitian=True)
        count = len(self.peaks)
        misfit = float(
            np.sum((self.counts - curve) ** 2 * weight) / (len(curve) - len(amounts) - 3)
        )
        # Where the law does not hold to the noise (escape, tails, edges), the noise is not all.
        covariance = covariance[:count, :count] * max(1.0, misfit)
        sigma = np.sqrt(np.diag(covariance))
        mixed = covariance / np.outer(sigma, sigma)
        names = [peak.name for peak in self.peaks]
        return PeakFit(
            spectrum=spectrum,
            energy_ev=self.at(bent),
            counts=self.counts,
            curve=curve,
            ground=shapes[:, count:] @ amounts[count:],
            peaks=tuple(
                Intensity(
                    peak=peak,
                    counts=float(amounts[k]),
                    sigma=float(sigma[k]),
                    mixed_with=tuple(
                        names[j] for j in range(count) if j != k and abs(mixed[k, j]) > _MIXED
                    ),
                )
                for k, peak in enumerate(self.peaks)
            ),
            covariance=covariance,
            resolution_ev=self.start * float(np.exp(bent[2])),
            shift_ev=10 * float(bent[0]),
            stretch=1e-3 * float(bent[1]),
            misfit=misfit,
        )


def overlaps(elements: Sequence[str], *, voltage_kv: float, resolution_ev: float) -> list[str]:
    """Pairs of peaks that lie within one width of each other, as in "O K / Cs M".

    Args:
        elements: symbols.
        voltage_kv: accelerating voltage, kV.
        resolution_ev: of the detector at Mn Ka, eV.

    Example:
        >>> overlaps(["C", "N", "O", "Cs", "Br", "Al", "Pb", "S"], voltage_kv=3.0,
        ...          resolution_ev=130.0)
        ['Br L3+L2 / Al K', 'S K / Pb M']
    """
    energy = np.array([LEAST_EV, 1e3 * voltage_kv])
    peaks = _peaks(elements, voltage_kv, resolution_ev, energy)
    widths = width_ev(np.array([peak.main_ev for peak in peaks]), resolution_ev)
    return [
        f"{one.name} / {other.name}"
        for k, one in enumerate(peaks)
        for other in peaks[k + 1 :]
        if other.main_ev - one.main_ev < widths[k]
    ]
