"""Quantum yield by comparison with a standard, with everything that its uncertainty is made of."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate
from cinedot.spectroscopy.absorption_law import absorptance
from cinedot.spectroscopy.dilution_line import Line, fit_lines, widening
from cinedot.spectroscopy.solvents import ROOM_CELSIUS, ROOM_SIGMA_KELVIN, Solvent
from cinedot.spectroscopy.yield_reading import Dilutions, check_dilutions

INNER_FILTER = 0.1
"""The absorbance from which light lost on its way matters more than other errors."""

_SLOPE_SHOWS = 3.0
"""A slope of fewer standard errors is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A solvent at the wavelength where what is dissolved in it emits.

    Attributes:
        solvent: which.
        emission_nm: where; None: the handbooks' index at 589.3 nm is taken.
    """

    solvent: Solvent
    emission_nm: float | None

    @property
    def index(self) -> float:
        """The refractive index at room temperature."""
        if self.emission_nm is None:
            return self.solvent.sodium_d
        return self.solvent.index(self.emission_nm, celsius=ROOM_CELSIUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantumYieldFit:
    """What two dilution series say of a quantum yield.

    Attributes:
        phi: by slopes against absorptance and indices by dispersion; above 1 where found so.
        by_absorbance: by slopes against absorbance, as the paper has it.
        by_fixed_indices: as `phi`, with the handbooks' indices at 589.3 nm, as the paper has them.
        through_origin: as `phi`, by lines through the origin.
        sample_line, standard_line: against absorptance.
        index_sample, index_standard: refractive indices.
        parts: relative standard deviation that each part gives to phi.
        standard_yield: of the standard.
        bias: by how much, relatively, slopes against absorbance must be off for these absorbances.
    """

    phi: Estimate
    by_absorbance: Estimate
    by_fixed_indices: Estimate
    through_origin: Estimate
    sample_line: Line
    standard_line: Line
    index_sample: float
    index_standard: float
    parts: Mapping[str, float]
    standard_yield: Estimate
    bias: float


def emitted(
    absorbance: Float[np.ndarray, " point"],
    *,
    quantum_yield: float,
    refractive_index: float,
    brightness: float = 1.0,
) -> Float[np.ndarray, " point"]:
    """Integrated emission of a solution: what it absorbs, times its yield, over n^2.

    Args:
        absorbance: decadic, at the excitation.
        quantum_yield: photons emitted a photon absorbed.
        refractive_index: of the solvent where it emits.
        brightness: of a yield of 1 that absorbs everything, in vacuum.

    Source: science.md 6.

    Example:
        >>> emitted(np.array([1.0]), quantum_yield=0.5, refractive_index=1.5).round(4)
        array([0.2])
    """
    return brightness * quantum_yield * absorptance(absorbance) / refractive_index**2


def compared_yield(
    slope: float,
    standard_slope: float,
    *,
    standard_yield: float,
    index: float,
    standard_index: float,
) -> float:
    """The law of comparison: Phi = Phi_st (m / m_st) (n / n_st)^2.

    Args:
        slope, standard_slope: of integrated emission against what is absorbed, in one unit.
        standard_yield: of the standard.
        index, standard_index: refractive indices of the solvents.

    Source: science.md 6.

    Example:
        >>> round(compared_yield(1, 1, standard_yield=1, index=1.4969, standard_index=1.4265), 5)
        1.10114
    """
    return standard_yield * slope / standard_slope * (index / standard_index) ** 2


def fit_quantum_yield(
    sample: Dilutions,
    standard: Dilutions,
    *,
    sample_medium: Medium,
    standard_medium: Medium,
    standard_yield: Estimate,
) -> QuantumYieldFit:
    """A sample's quantum yield from its dilution series and a standard's.

    Slopes are against absorptance, 1 - 10^-A, with free intercepts. Sigma holds the scatter of
    both lines, the standard's own sigma, and both indices', of which the temperature's part is
    shared, and all where the solvents are one; it is widened by Student's t for the effective
    number of points, so that 1.96 of it hold 95 %.

    Args:
        sample, standard: recorded with one instrument, one excitation, one set of slits.
        sample_medium, standard_medium: solvents, and where each emits.
        standard_yield: the standard's yield with its sigma.

    Raises:
        InputError: see `check_dilutions`; an emission where a solvent's index is not known.
        AnalysisError: emission of one of them does not rise with what is absorbed.

    Source: A. M. Brouwer, Pure Appl. Chem. 83 (2011) 2213; JCGM 100:2008 G.4 for the effective
    number of points; science.md 6.

    Example:
        >>> from cinedot.spectroscopy.solvents import solvent_named
        >>> toluene = Medium(solvent=solvent_named("toluene"), emission_nm=453.0)
        >>> a = np.linspace(0.01, 0.09, 5)
        >>> light = emitted(a, quantum_yield=0.5, refractive_index=toluene.index)
        >>> known = Estimate(value=1.0, sigma=0.03, unit="", method="known")
        >>> fit = fit_quantum_yield(
        ...     Dilutions(absorbance=a, intensity=light, label="dot"),
        ...     Dilutions(absorbance=a, intensity=2 * light, label="standard"),
        ...     sample_medium=toluene, standard_medium=toluene, standard_yield=known)
        >>> fit.phi.text()
        '0.500 ± 0.015'
    """
    check_dilutions(sample)
    check_dilutions(standard)
    pair = (sample, standard)
    lines = fit_lines([(absorptance(one.absorbance), one.intensity) for one in pair])
    papers = fit_lines([(one.absorbance, one.intensity) for one in pair])
    for one, line in zip(pair, lines, strict=True):
        _refuse_flat(one, line)
    comparison = _Comparison(sample_medium, standard_medium, standard_yield)
    fixed = _Comparison(
        Medium(solvent=sample_medium.solvent, emission_nm=None),
        Medium(solvent=standard_medium.solvent, emission_nm=None),
        standard_yield,
    )
    against, n = "slopes against absorptance", "indices by dispersion"
    if None in (sample_medium.emission_nm, standard_medium.emission_nm):
        n = "indices at 589.3 nm"
    return QuantumYieldFit(
        phi=comparison.estimate(lines, f"{against}, {n}"),
        by_absorbance=comparison.estimate(papers, f"slopes against absorbance, {n}"),
        by_fixed_indices=fixed.estimate(lines, f"{against}, indices at 589.3 nm"),
        through_origin=comparison.estimate(
            lines, f"{against} through the origin, {n}", origin=True
        ),
        sample_line=lines[0],
        standard_line=lines[1],
        index_sample=sample_medium.index,
        index_standard=standard_medium.index,
        parts=comparison.parts(lines),
        standard_yield=standard_yield,
        bias=absorbance_bias(sample.absorbance, standard.absorbance),
    )


def absorbance_bias(
    sample: Float[np.ndarray, " point"], standard: Float[np.ndarray, " other"]
) -> float:
    """By how much, relatively, the yield is off if slopes are taken against absorbance.

    A solution absorbs 1 - 10^-A, less than 2.303 A: the higher its absorbances reach, the lower
    the slope against A. Only where both series reach alike does it cancel.

    Args:
        sample, standard: absorbances of the points.

    Example:
        >>> a = np.linspace(0.01, 0.1, 6)
        >>> round(absorbance_bias(a, a), 12), round(absorbance_bias(a, a / 3), 3)
        (0.0, -0.08)
    """
    slopes = [
        float(np.polynomial.Polynomial.fit(a, absorptance(a), 1).convert().coef[1])
        for a in (sample, standard)
    ]
    return slopes[0] / slopes[1] - 1.0


def _refuse_flat(series: Dilutions, line: Line) -> None:
    if line.slope < _SLOPE_SHOWS * line.slope_error:
        raise AnalysisError(
            f"emission of {series.label!r} does not rise with what is absorbed.",
            remedy="Check that its two columns belong together, or measure more dilutions.",
        )


class _Comparison:
    """The law of comparison in two media, with its propagation."""

    def __init__(self, sample: Medium, standard: Medium, standard_yield: Estimate) -> None:
        assert isinstance(standard_yield.value, float | int)
        self._sample, self._standard = sample, standard
        self._value = float(standard_yield.value)
        self._sigma = float(standard_yield.sigma or 0.0)

    def parts(self, lines: tuple[Line, ...], *, origin: bool = False) -> dict[str, float]:
        """The relative standard deviation that each part gives."""
        slopes = [_relative(line, origin=origin) for line in lines]
        source, temperature = self._index_parts()
        return {
            "standard's yield": self._sigma / self._value,
            "sample's slope": slopes[0],
            "standard's slope": slopes[1],
            "refractive indices": source,
            "temperature of the solvents": temperature,
        }

    def _index_parts(self) -> tuple[float, float]:
        """Relative standard deviations of (n / n_st)^2: by the tables, by the temperature."""
        one, two = self._sample, self._standard
        rates = [medium.solvent.per_kelvin / medium.index for medium in (one, two)]
        temperature = 2 * abs(rates[0] - rates[1]) * ROOM_SIGMA_KELVIN
        errors = [medium.solvent.sigma / medium.index for medium in (one, two)]
        if one.solvent.name == two.solvent.name:
            return 2 * abs(errors[0] - errors[1]), temperature
        return 2 * math.hypot(*errors), temperature

    def estimate(self, lines: tuple[Line, ...], method: str, *, origin: bool = False) -> Estimate:
        slopes = [line.origin_slope if origin else line.slope for line in lines]
        value = compared_yield(
            *slopes,
            standard_yield=self._value,
            index=self._sample.index,
            standard_index=self._standard.index,
        )
        parts = self.parts(lines, origin=origin)
        spread = math.sqrt(sum(part**2 for part in parts.values()))
        known = {"sample's slope": lines[0], "standard's slope": lines[1]}
        # Welch and Satterthwaite: what is not found from the points is known as if from many.
        loose = sum(parts[name] ** 4 / (line.freedom + origin) for name, line in known.items())
        freedom = spread**4 / loose if loose > 0 else math.inf
        return Estimate(
            value=value,
            sigma=value * spread * widening(min(freedom, 1e9)),
            unit="",
            method=method,
        )


def _relative(line: Line, *, origin: bool) -> float:
    if origin:
        return line.origin_error / line.origin_slope
    return line.slope_error / line.slope
