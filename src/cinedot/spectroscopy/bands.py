"""Emission bands: their law in energy, and what a reader reads off them in wavelength.

A band is Gaussian, or skewed, in photon energy, where thermal and inhomogeneous broadening
happen; a spectrometer records photons per nm, so every law here carries the Jacobian hc/lambda^2.
"""

import math
from collections.abc import Callable
from typing import cast

import numpy as np
from jaxtyping import Float

from cinedot.core.constants import HC_EV_NM

_LN2 = float(np.log(2.0))


def band_per_ev(
    energy_ev: Float[np.ndarray, " x"], *, centre_ev: float, fwhm_ev: float, skew: float = 0.0
) -> Float[np.ndarray, " x"]:
    """A band of height 1 in energy: Gaussian, or skewed after Fraser and Suzuki.

    exp(-ln 2 [ln(1 + 2 sinh(b) (E - E0) / w) / b]^2): w is its full width at half maximum
    whatever b is; the tail lies at high energy where b > 0, and b = 0 is a Gaussian.

    Args:
        energy_ev: photon energies, eV.
        centre_ev: energy of the maximum, eV.
        fwhm_ev: full width at half maximum, eV, positive.
        skew: Fraser and Suzuki's asymmetry b, pure number.

    Source: R. D. B. Fraser, E. Suzuki, Anal. Chem. 41 (1969) 37.

    Example:
        >>> round(float(band_per_ev(np.array([2.05]), centre_ev=2.0, fwhm_ev=0.1)[0]), 9)
        0.5
    """
    offset = (energy_ev - centre_ev) / fwhm_ev
    if abs(skew) < 1e-6:
        return np.exp(-4 * _LN2 * offset**2)
    argument = 1 + 2 * np.sinh(skew) * offset
    inside = argument > 0
    log = np.log(np.where(inside, argument, 1.0)) / skew
    return np.where(inside, np.exp(-_LN2 * log**2), 0.0)


def band_per_nm(
    wavelength_nm: Float[np.ndarray, " x"], *, centre_ev: float, fwhm_ev: float, skew: float = 0.0
) -> Float[np.ndarray, " x"]:
    """The same band per nm: times hc/lambda^2, scaled to (hc/lambda_0)^2 = 1 at its centre.

    Args:
        wavelength_nm: nm.
        centre_ev, fwhm_ev, skew: see `band_per_ev`.
    """
    energy = HC_EV_NM / wavelength_nm
    band = band_per_ev(energy, centre_ev=centre_ev, fwhm_ev=fwhm_ev, skew=skew)
    return band * (energy / centre_ev) ** 2


def band_slopes(
    wavelength_nm: Float[np.ndarray, " x"], *, centre_ev: float, fwhm_ev: float, skew: float
) -> tuple[Float[np.ndarray, " x"], Float[np.ndarray, " x"]]:
    """Derivatives of `band_per_nm` with its centre (1/eV) and with ln of its width."""
    energy = HC_EV_NM / wavelength_nm
    offset = (energy - centre_ev) / fwhm_ev
    band = band_per_nm(wavelength_nm, centre_ev=centre_ev, fwhm_ev=fwhm_ev, skew=skew)
    if abs(skew) < 1e-6:
        rate = -8 * _LN2 * offset
    else:
        argument = 1 + 2 * np.sinh(skew) * offset
        # Closer to its end the band is nought to the last digit, and its rate without bound.
        inside = np.where(argument > 1e-9, argument, 1.0)
        rate = -4 * _LN2 * np.sinh(skew) * np.log(inside) / (skew**2 * inside)
    return band * (-rate / fwhm_ev - 2 / centre_ev), -band * rate * offset


def read_off(*, centre_ev: float, fwhm_ev: float, skew: float = 0.0) -> tuple[float, float]:
    """The wavelength of a band's maximum per nm, and its full width at half maximum, nm.

    The Jacobian puts the maximum to the blue of hc/E0: by 2 sigma^2/lambda for a Gaussian.

    Args:
        centre_ev, fwhm_ev, skew: see `band_per_ev`.

    Example:
        >>> peak, fwhm = read_off(centre_ev=2.736, fwhm_ev=0.09)
        >>> round(HC_EV_NM / 2.736, 2), round(HC_EV_NM / 2.736 - peak, 3)
        (453.16, 0.177)
    """
    band = _LogBand(centre_ev, fwhm_ev, skew)
    top = band.maximum()
    level = band.value(top) - _LN2
    high = band.falls_to(band.value, level, start=top, step=0.3 * fwhm_ev)
    low = band.falls_to(band.value, level, start=top, step=-0.3 * fwhm_ev)
    return HC_EV_NM / top, HC_EV_NM / low - HC_EV_NM / high


def band_that_reads(*, peak_nm: float, fwhm_nm: float, skew: float = 0.0) -> tuple[float, float]:
    """The centre and width in eV of the band that reads `peak_nm` and `fwhm_nm`: of `read_off`
    the inverse.

    Args:
        peak_nm, fwhm_nm: what is read off per nm, nm.
        skew: see `band_per_ev`.

    Example:
        >>> centre, fwhm = band_that_reads(peak_nm=453.0, fwhm_nm=14.9)
        >>> peak, width = read_off(centre_ev=centre, fwhm_ev=fwhm)
        >>> round(peak, 9), round(width, 9)
        (453.0, 14.9)
    """
    centre, fwhm = HC_EV_NM / peak_nm, width_ev(peak_nm=peak_nm, fwhm_nm=fwhm_nm)
    for _ in range(60):
        peak, width = read_off(centre_ev=centre, fwhm_ev=fwhm, skew=skew)
        centre += HC_EV_NM / peak_nm - HC_EV_NM / peak
        fwhm *= fwhm_nm / width
        if abs(peak - peak_nm) < 1e-11 * peak_nm and abs(width - fwhm_nm) < 1e-11 * fwhm_nm:
            break
    return centre, fwhm


def width_ev(*, peak_nm: float, fwhm_nm: float) -> float:
    """A width about a wavelength as an energy: hc [1/(peak - w/2) - 1/(peak + w/2)], eV.

    Source: science.md 6.

    Example:
        >>> round(1000 * width_ev(peak_nm=453.0, fwhm_nm=14.9), 2)
        90.05
    """
    return HC_EV_NM / (peak_nm - fwhm_nm / 2) - HC_EV_NM / (peak_nm + fwhm_nm / 2)


def emission_spectrum(
    wavelength_nm: Float[np.ndarray, " x"],
    *,
    peak_nm: float,
    fwhm_nm: float,
    height: float = 1.0,
    background: float = 0.0,
    skew: float = 0.0,
) -> Float[np.ndarray, " x"]:
    """What a spectrometer expects of one emission band, Gaussian in energy, per nm.

    Args:
        wavelength_nm: where it is recorded, nm.
        peak_nm: wavelength of its maximum per nm, nm.
        fwhm_nm: its full width at half maximum per nm, nm.
        height: intensity at the maximum above the background.
        background: constant intensity below it.
        skew: see `band_per_ev`.

    Raises:
        ValueError: a wavelength or a width that is not positive.

    Example:
        >>> emission_spectrum(np.array([453.0]), peak_nm=453.0, fwhm_nm=14.9, height=10)
        array([10.])
    """
    if peak_nm <= 0 or fwhm_nm <= 0 or fwhm_nm >= peak_nm:
        raise ValueError(
            f"`fwhm_nm` must lie between 0 and `peak_nm`, but they are {fwhm_nm:g} and {peak_nm:g}."
        )
    centre, fwhm = band_that_reads(peak_nm=peak_nm, fwhm_nm=fwhm_nm, skew=skew)
    band = band_per_nm(wavelength_nm, centre_ev=centre, fwhm_ev=fwhm, skew=skew)
    top = band_per_nm(np.array([float(peak_nm)]), centre_ev=centre, fwhm_ev=fwhm, skew=skew)[0]
    return background + height * band / top


class _LogBand:
    """ln of a band per nm against energy, about its maximum."""

    def __init__(self, centre_ev: float, fwhm_ev: float, skew: float) -> None:
        self._centre, self._fwhm, self._skew = centre_ev, fwhm_ev, skew

    def _log(self, energy: float) -> tuple[float, float]:
        """Fraser and Suzuki's ln(...)/b and its slope; far outside where the band is nought."""
        slope = 2.0 / self._fwhm
        if abs(self._skew) < 1e-6:
            return slope * (energy - self._centre), slope
        rate = math.sinh(self._skew) * slope
        argument = 1 + rate * (energy - self._centre)
        if argument <= 0:
            return math.copysign(1e3, -self._skew), slope
        return math.log(argument) / self._skew, rate / (self._skew * argument)

    def value(self, energy: float) -> float:
        """ln of the band per nm."""
        return -_LN2 * self._log(energy)[0] ** 2 + 2 * math.log(energy / self._centre)

    def slope(self, energy: float) -> float:
        """Its derivative with energy, 1/eV."""
        log, rate = self._log(energy)
        return -2 * _LN2 * log * rate + 2 / energy

    def maximum(self) -> float:
        """The energy of the maximum: above the centre, where the slope in energy is hc/E's."""
        return self.falls_to(self.slope, 0.0, start=self._centre, step=0.1 * self._fwhm)

    def falls_to(
        self, law: Callable[[float], float], level: float, *, start: float, step: float
    ) -> float:
        """Where a law that falls from `start` in the direction of `step` meets a level."""
        from scipy.optimize import brentq

        near = far = start
        for _ in range(200):
            near, far = far, max(far + step, 1e-3 * self._centre)
            if law(far) < level:
                break
        found = cast(float, brentq(lambda energy: law(energy) - level, near, far, xtol=1e-13))
        return float(found)
