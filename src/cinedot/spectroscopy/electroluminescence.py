"""Light from a driven diode: when it turns on, and whether its colour stays with voltage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cinedot.core import AnalysisError, Estimate, InputError, Spectrum
from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.emission import EmissionFit, fit_emission
from cinedot.spectroscopy.spectral_shift import SpectralShift, fit_shift

_LEAST_SIGMAS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LitSpectrum:
    """A spectrum in which a band was found.

    Attributes:
        voltage_v: V.
        fit: its band.
        area: of the main band above its background, the instrument's units times nm.
    """

    voltage_v: float
    fit: EmissionFit
    area: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectroluminescenceFit:
    """What spectra at several voltages say.

    Attributes:
        lit: the spectra with a band, by voltage.
        dark_v: voltages without one, V.
        turn_on: between the highest dark voltage below all light and the lowest lit one, V.
        bracket_v: these two voltages; None for the first where no voltage was dark.
        brightest: the lit spectrum of greatest area.
        shift: how the peak moves with voltage; None with fewer than three lit spectra.
        stays: whether the peak stays: True, False, or None where the data do not tell.
        step_nm: between neighbouring points of the spectra.
    """

    lit: tuple[LitSpectrum, ...]
    dark_v: tuple[float, ...]
    turn_on: Estimate
    bracket_v: tuple[float | None, float]
    brightest: LitSpectrum
    shift: SpectralShift | None
    stays: bool | None
    step_nm: float

    @property
    def photon_ratio(self) -> float:
        """Turn-on voltage over the photon's energy per charge; 1 is the least that is possible."""
        energy = HC_EV_NM / float(self.brightest.fit.peak.value)
        return float(self.turn_on.value) / energy

    @property
    def dark_above(self) -> tuple[float, ...]:
        """Voltages above turn-on without light, V: a diode that failed."""
        return tuple(v for v in self.dark_v if v > self.bracket_v[1])


def fit_electroluminescence(
    spectra: Sequence[Spectrum], voltages_v: Sequence[float]
) -> ElectroluminescenceFit:
    """Turn-on voltage and drift of the peak from spectra at several voltages.

    A diode is lit where its spectrum holds a band that `fit_emission` finds, of an area five
    sigmas above nought. It turns on between the highest voltage that is dark and the lowest that
    is lit; the estimate is their middle, its sigma their distance over sqrt 12: the record's
    own steps and sensitivity, not the current, define it. The peak stays where its shift
    over the lit voltages is within two sigmas, a sigma holding the fit's and that of a
    position within the spectrometer's step; it moves where the shift is beyond three.

    Args:
        spectra: at least one.
        voltages_v: of each, V; no two alike.

    Raises:
        InputError: repeated voltages, or another number of them than of spectra.
        AnalysisError: no spectrum holds a band.

    Example:
        >>> from cinedot.spectroscopy.bands import emission_spectrum
        >>> nm = np.arange(420.0, 500.0)
        >>> ripple = 3.0 * (-1) ** np.arange(80)
        >>> records = [
        ...     Spectrum(wavelength_nm=nm, label=f"{v}", intensity=ripple + height
        ...         * emission_spectrum(nm, peak_nm=456.0, fwhm_nm=16.5, height=1.0))
        ...     for v, height in ((5, 0.0), (6, 200.0), (8, 900.0), (11, 4000.0))
        ... ]
        >>> found = fit_electroluminescence(records, (5.0, 6.0, 8.0, 11.0))
        >>> found.turn_on.text(), found.stays
        ('5.50 ± 0.29 V', True)
    """
    _check(spectra, voltages_v)
    lit: list[LitSpectrum] = []
    dark: list[float] = []
    for voltage, spectrum in sorted(
        zip(voltages_v, spectra, strict=True), key=lambda pair: pair[0]
    ):
        found = _lit(voltage, spectrum)
        if found is None:
            dark.append(voltage)
        else:
            lit.append(found)
    if not lit:
        raise AnalysisError(
            f"no spectrum from {min(voltages_v):g} to {max(voltages_v):g} V holds a band.",
            remedy="Record longer, or at higher voltages.",
        )
    steps = [float(np.median(np.diff(one.wavelength_nm))) for one in spectra]
    shift = _shift(lit)
    turn_on, bracket = _turn_on(lit, dark)
    return ElectroluminescenceFit(
        lit=tuple(lit),
        dark_v=tuple(dark),
        turn_on=turn_on,
        bracket_v=bracket,
        brightest=max(lit, key=lambda one: float(one.area.value)),
        shift=shift,
        stays=None if shift is None else _stays(shift, max(steps)),
        step_nm=max(steps),
    )


def _check(spectra: Sequence[Spectrum], voltages_v: Sequence[float]) -> None:
    if len(spectra) != len(voltages_v) or not spectra:
        raise InputError(
            f"each spectrum must have its voltage, but {len(spectra)} spectra have "
            f"{len(voltages_v)}.",
            remedy="Give one voltage a spectrum.",
        )
    twice = [v for v in set(voltages_v) if list(voltages_v).count(v) > 1]
    if twice:
        raise InputError(
            f"each voltage must occur once, but {min(twice):g} V is repeated.",
            remedy="Keep one column a voltage.",
        )


def _lit(voltage_v: float, spectrum: Spectrum) -> LitSpectrum | None:
    try:
        fit = fit_emission(spectrum)
    except AnalysisError:
        return None
    area = fit.area
    if float(area.value) < _LEAST_SIGMAS * (area.sigma or 0.0) or fit.peak.status != "ok":
        return None
    return LitSpectrum(voltage_v=voltage_v, fit=fit, area=area)


def _turn_on(
    lit: list[LitSpectrum], dark: list[float]
) -> tuple[Estimate, tuple[float | None, float]]:
    first = lit[0].voltage_v
    below = [voltage for voltage in dark if voltage < first]
    if not below:
        bound = Estimate(
            value=first,
            sigma=None,
            unit="V",
            method="lit at the lowest voltage already",
            status="upper_limit",
        )
        return bound, (None, first)
    last = max(below)
    found = Estimate(
        value=(first + last) / 2,
        sigma=(first - last) / float(np.sqrt(12.0)),
        unit="V",
        method=f"dark at {last:g} V, lit at {first:g} V",
    )
    return found, (last, first)


def _shift(lit: list[LitSpectrum]) -> SpectralShift | None:
    return fit_shift(
        np.array([one.voltage_v for one in lit]),
        np.array([float(one.fit.peak.value) for one in lit]),
        sigma_nm=np.array([one.fit.peak.sigma or 1e-6 for one in lit]),
        unit="V",
    )


def _stays(shift: SpectralShift, step_nm: float) -> bool | None:
    sigma = float(np.hypot(shift.shift.sigma or 0.0, step_nm / np.sqrt(12.0)))
    distance = abs(float(shift.shift.value)) / sigma
    return True if distance < 2 else False if distance > 3 else None
