"""Laws of absorption: what a spectrophotometer and a fluorimeter see of a solution that absorbs."""

from typing import TypeVar, cast

import numpy as np
from jaxtyping import Float

from cinedot.core.constants import FWHM_PER_SIGMA, HC_EV_NM

_LN2 = float(np.log(2.0))
RAYLEIGH = 4.0
"""Exponent of scatter by particles much smaller than the wavelength."""

_Value = TypeVar("_Value", float, np.ndarray)


def absorptance(absorbance: _Value) -> _Value:
    """The share of light that a solution absorbs: 1 - 10^-A.

    Args:
        absorbance: decadic, over the whole path.

    Example:
        >>> round(absorptance(0.1), 4)
        0.2057
    """
    return cast(_Value, 1.0 - 10.0**-absorbance)


def inner_filter_factor(at_excitation: _Value, at_emission: _Value) -> _Value:
    """What recorded emission is to be multiplied by for light absorbed on its way:
    10^((A_ex + A_em) / 2).

    Holds for a square cuvette watched at its centre from the side; below 0.1 it is a tenth or
    less of a correction, above 0.7 or so it is a guess. It also makes up for what a slope
    against absorptance makes up for: use one or the other.

    Args:
        at_excitation, at_emission: decadic absorbance over the whole path at both wavelengths.

    Source: J. R. Lakowicz, Principles of Fluorescence Spectroscopy, 3rd ed. (2006), equation 2.6;
    science.md 6.

    Example:
        >>> round(inner_filter_factor(0.08, 0.02), 4)
        1.122
    """
    return cast(_Value, 10.0 ** ((at_excitation + at_emission) / 2.0))


def scatter_background(
    wavelength_nm: Float[np.ndarray, " x"],
    *,
    at_nm: float,
    height: float,
    exponent: float = RAYLEIGH,
) -> Float[np.ndarray, " x"]:
    """Apparent absorbance of a solution that scatters: height (lambda_0 / lambda)^n.

    Args:
        wavelength_nm: nm.
        at_nm: lambda_0, where it has its height, nm.
        height: apparent absorbance there.
        exponent: n: 4 for particles much smaller than the wavelength, less for larger ones.

    Example:
        >>> scatter_background(np.array([600.0, 300.0]), at_nm=600.0, height=0.01)
        array([0.01, 0.16])
    """
    return height * (at_nm / wavelength_nm) ** exponent


def absorbance_spectrum(
    wavelength_nm: Float[np.ndarray, " x"],
    *,
    exciton_nm: float,
    fwhm_mev: float,
    height: float,
    continuum: float = 1.0,
    edge_mev: float = 60.0,
    scatter: float = 0.0,
) -> Float[np.ndarray, " x"]:
    """Absorbance of dots: a first exciton, Gaussian in energy, before a smooth step, on scatter.

    The step is the sum of all further transitions, an error function in energy.

    Args:
        wavelength_nm: nm.
        exciton_nm: hc over the exciton's energy, nm.
        fwhm_mev: full width at half maximum of the exciton, meV.
        height: its absorbance.
        continuum: the step's height over the exciton's.
        edge_mev: how far the step's middle lies above the exciton, meV; its width is the exciton's.
        scatter: apparent absorbance by Rayleigh scatter at the exciton.

    Example:
        >>> nm = np.array([453.0, 700.0])
        >>> absorbance_spectrum(nm, exciton_nm=453, fwhm_mev=90, height=0.3, continuum=0).round(6)
        array([0.3, 0. ])
    """
    from scipy.special import ndtr

    offset = HC_EV_NM / wavelength_nm - HC_EV_NM / exciton_nm
    width = fwhm_mev / 1000.0
    exciton = np.exp(-4 * _LN2 * (offset / width) ** 2)
    step = ndtr((offset - edge_mev / 1000.0) / (width / FWHM_PER_SIGMA))
    below = scatter_background(wavelength_nm, at_nm=exciton_nm, height=scatter)
    return height * (exciton + continuum * step) + below
