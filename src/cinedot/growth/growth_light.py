"""What a growing sample would emit: spectra and colours of its species together."""

import numpy as np
from jaxtyping import Float

from cinedot.core.constants import HC_EV_NM
from cinedot.growth.rate_equations import Growth
from cinedot.spectroscopy import chromaticity, width_ev
from cinedot.spectroscopy.bands import band_per_nm

_LN2 = float(np.log(2.0))


def growth_spectra(
    growth: Growth, wavelength_nm: Float[np.ndarray, " x"]
) -> Float[np.ndarray, "time x"]:
    """Photons per nm at each time: every species's band, Gaussian in energy, with its brightness.

    Dots neither absorb each other's light nor pass energy on: it holds in thin solutions.

    Args:
        growth: concentrations against time.
        wavelength_nm: nm, rising.

    Returns:
        In the unit of `Light.brightness` times mM, per nm.

    Example:
        >>> from cinedot.growth.network_files import network_named
        >>> from cinedot.growth.rate_equations import run_network
        >>> grown = run_network(network_named("template"), np.array([0.0, 600.0]))
        >>> nm = np.arange(400.0, 601.0)
        >>> nm[np.argmax(growth_spectra(grown, nm), axis=1)].tolist()
        [440.0, 453.0]
    """
    spectra = np.zeros((len(growth.time_min), len(wavelength_nm)))
    for index, species in enumerate(growth.network.species):
        if species.light is None:
            continue
        centre = HC_EV_NM / species.light.peak_nm
        wide = width_ev(peak_nm=species.light.peak_nm, fwhm_nm=species.light.fwhm_nm)
        band = band_per_nm(wavelength_nm, centre_ev=centre, fwhm_ev=wide)
        # The band per nm is 1 at its centre; its area is that of a Gaussian in energy.
        area = wide * float(np.sqrt(np.pi / (4 * _LN2))) * HC_EV_NM / centre**2
        amount = growth.concentration_mm[:, index] * species.light.brightness / area
        spectra += np.clip(amount, 0.0, None)[:, None] * band
    return spectra


def growth_colours(
    wavelength_nm: Float[np.ndarray, " x"], spectra: Float[np.ndarray, "time x"]
) -> tuple[tuple[float, float] | None, ...]:
    """CIE 1931 x and y at each time; None where it is dark.

    Args:
        wavelength_nm: nm, rising, in steps of 5 nm at most.
        spectra: photons per nm at each time.

    Example:
        >>> nm = np.arange(400.0, 501.0)
        >>> band = np.exp(-0.5 * ((nm - 453) / 6.3275) ** 2)
        >>> (x, y), dark = growth_colours(nm, np.stack([band, 0 * band]))
        >>> round(x, 2), round(y, 2), dark
        (0.15, 0.02, None)
    """
    # An eye weighs power: each photon by its energy.
    power = spectra / wavelength_nm
    return tuple(chromaticity(wavelength_nm, one) if one.sum() > 0 else None for one in power)
