"""The light of a mixture: a sum of bands, each of so many photons."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.bands import band_that_reads

_LN2 = float(np.log(2.0))
_END = -1 + 1e-15
"""Beyond its end a skewed band is nought."""


def photon_bands(
    wavelength_nm: Float[np.ndarray, " x"],
    *,
    centre_ev: Float[np.ndarray, "*many band"],
    fwhm_ev: Float[np.ndarray, "*many band"],
    skew: Float[np.ndarray, "*many band"],
) -> Float[np.ndarray, "*many x band"]:
    """Bands of one photon each, per nm: those of `band_per_nm` divided by their area.

    The area per eV of a band of height 1 is w sqrt(pi / 4 ln 2) (b / sinh b) exp(b^2 / 4 ln 2),
    and the Jacobian to nm leaves it as it is.

    Args:
        wavelength_nm: nm.
        centre_ev: energies of the maxima per eV, eV.
        fwhm_ev: full widths at half maximum, eV.
        skew: Fraser and Suzuki's b, see `band_per_ev`.

    Example:
        >>> nm = np.linspace(350.0, 650.0, 3001)
        >>> band = photon_bands(
        ...     nm, centre_ev=np.array([2.7]), fwhm_ev=np.array([0.09]), skew=np.array([0.2]))
        >>> round(float(0.1 * band.sum()), 9)
        1.0
    """
    energy = (HC_EV_NM / wavelength_nm)[:, None]
    offset = (energy - centre_ev[..., None, :]) / fwhm_ev[..., None, :]
    area = fwhm_ev[..., None, :] * np.sqrt(np.pi / _LN2) / 2
    if not np.any(skew):
        return np.exp(-4 * _LN2 * offset**2) * (energy**2 / HC_EV_NM) / area
    b = np.where(np.abs(skew) < 1e-6, 1e-6, skew)[..., None, :]
    log = np.log1p(np.maximum(2 * np.sinh(b) * offset, _END)) / b
    area = area * b / np.sinh(b) * np.exp(b**2 / (4 * _LN2))
    return np.exp(-_LN2 * log**2) * (energy**2 / HC_EV_NM) / area


def mixture_spectrum(
    wavelength_nm: Float[np.ndarray, " x"],
    *,
    fractions: Mapping[int, float],
    peaks_nm: Mapping[int, float],
    fwhm_nm: float,
    photons: float,
    background: float = 0.0,
) -> Float[np.ndarray, " x"]:
    """What a spectrometer expects of dots of several n that absorb by their volume, per nm.

    Args:
        wavelength_nm: where it is recorded, nm.
        fractions: number fraction of each n; they need not sum to 1.
        peaks_nm: wavelength of each n's maximum per nm, nm.
        fwhm_nm: full width at half maximum of each, nm.
        photons: of all bands together.
        background: per nm.

    Raises:
        InputError: a fraction below 0, none above 0, or one without a peak.

    Example:
        >>> nm = np.arange(350.0, 650.0)
        >>> both = mixture_spectrum(nm, fractions={4: 0.7, 6: 0.3}, peaks_nm={4: 453.0, 6: 487.0},
        ...     fwhm_nm=15.0, photons=1e5)
        >>> round(float(both.sum()))
        100000
    """
    if any(share < 0 for share in fractions.values()) or not sum(fractions.values()) > 0:
        raise InputError(
            f"`fractions` must be 0 or more, and one above, but are {dict(fractions)}.",
            remedy="Write them as in {4: 0.9, 5: 0.1}.",
        )
    missing = [n for n in fractions if n not in peaks_nm]
    if missing:
        raise InputError(
            f"`peaks_nm` must have every n of `fractions`, but lacks {missing[0]}.",
            remedy="Say where it emits.",
        )
    shapes = [band_that_reads(peak_nm=peaks_nm[n], fwhm_nm=fwhm_nm) for n in fractions]
    bands = photon_bands(
        wavelength_nm,
        centre_ev=np.array([centre for centre, _ in shapes]),
        fwhm_ev=np.array([fwhm for _, fwhm in shapes]),
        skew=np.zeros(len(shapes)),
    )
    light = np.array([share * n**3 for n, share in fractions.items()])
    return background + bands @ (photons * light / light.sum())
