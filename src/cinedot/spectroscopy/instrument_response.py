"""What an instrument and a solvent put into a spectrum: taken away before anything is fitted."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError, Spectrum


def without_blank(spectrum: Spectrum, blank: Spectrum) -> Spectrum:
    """A spectrum less that of the solvent alone, which was recorded alike.

    Args:
        spectrum: of the sample.
        blank: of the solvent, in the same unit of intensity; linear between its points.

    Raises:
        InputError: the blank does not reach as far as the spectrum.

    Source: science.md 6; raw intensities are additive before any correction for the instrument.

    Example:
        >>> nm = np.array([450.0, 451.0, 452.0])
        >>> raw = Spectrum(wavelength_nm=nm, intensity=np.array([5.0, 9.0, 6.0]), label="raw")
        >>> blank = Spectrum(wavelength_nm=nm[::2], intensity=np.array([1.0, 2.0]), label="blank")
        >>> without_blank(raw, blank).intensity
        array([4. , 7.5, 4. ])
    """
    return replace(spectrum, intensity=spectrum.intensity - _at(blank, spectrum, "blank"))


def over_response(spectrum: Spectrum, response: Spectrum) -> Spectrum:
    """A spectrum as an instrument alike at all wavelengths would have recorded it.

    Noise is judged from the corrected record, so that it grows where the response is low.

    Args:
        spectrum: as recorded, less its blank.
        response: the instrument's sensitivity against wavelength, in any unit; linear between its
            points.

    Raises:
        InputError: the response does not reach as far as the spectrum, or is not above 0.

    Example:
        >>> nm = np.array([450.0, 451.0])
        >>> raw = Spectrum(wavelength_nm=nm, intensity=np.array([5.0, 9.0]), label="raw")
        >>> response = Spectrum(wavelength_nm=nm, intensity=np.array([0.5, 1.0]), label="lamp")
        >>> over_response(raw, response).intensity
        array([10.,  9.])
    """
    found = _at(response, spectrum, "response")
    if not (found > 0).all():
        lost = float(spectrum.wavelength_nm[int(np.argmin(found))])
        raise InputError(
            f"the response must be above 0, but is {found.min():g} at {lost:g} nm.",
            remedy='Leave that end out, as in range = ["430 nm", "520 nm"].',
        )
    return replace(spectrum, intensity=spectrum.intensity / found)


def _at(other: Spectrum, spectrum: Spectrum, kind: str) -> Float[np.ndarray, " x"]:
    """Another spectrum at the points of one."""
    low, high = float(other.wavelength_nm[0]), float(other.wavelength_nm[-1])
    first, last = float(spectrum.wavelength_nm[0]), float(spectrum.wavelength_nm[-1])
    if first < low or last > high:
        raise InputError(
            f"the {kind} must reach from {first:g} to {last:g} nm as the spectrum does, but runs "
            f"from {low:g} to {high:g} nm.",
            remedy='Record it further, or fit less, as in range = ["430 nm", "520 nm"].',
        )
    return np.interp(spectrum.wavelength_nm, other.wavelength_nm, other.intensity)
