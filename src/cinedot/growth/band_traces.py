"""Spectra against time: bands of one place and width throughout, each with its light at each time.

A band that shifts is told from one that grows; the law of rise is then fitted to light, not to one
wavelength.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError
from cinedot.core.constants import HC_EV_NM
from cinedot.growth.kinetic_reading import SpectralRecord
from cinedot.growth.kinetic_record import KineticRecord
from cinedot.spectroscopy import width_ev
from cinedot.spectroscopy.bands import band_per_nm

_MOST_BANDS = 3
_WIDTHS_NM = (8.0, 60.0)


@dataclass(frozen=True, kw_only=True)
class BandTraces:
    """The light of each band at each time.

    Attributes:
        peak_nm, fwhm_nm: of each band, by rising wavelength; nm.
        area: of each time and band, in the record's unit times nm.
        final: which band is the brightest at the end.
        trace: its light against time.
        rest: the root mean square of what the bands leave.
    """

    peak_nm: tuple[float, ...]
    fwhm_nm: tuple[float, ...]
    area: Float[np.ndarray, "time band"]
    final: int
    trace: KineticRecord
    rest: float

    @property
    def text(self) -> str:
        """The bands in words."""
        return ", ".join(
            f"{peak:.1f} nm (FWHM {wide:.1f} nm)"
            for peak, wide in zip(self.peak_nm, self.fwhm_nm, strict=True)
        )


def single_wavelength_share(*, at_nm: float, peak_nm: float, fwhm_nm: float) -> float:
    """How much of itself a band shows at one wavelength, over its maximum.

    Args:
        at_nm: where one looks, nm.
        peak_nm, fwhm_nm: of the band, Gaussian in wavelength (in energy it shows 13 %), nm.

    Example:
        >>> round(single_wavelength_share(at_nm=453.0, peak_nm=440.0, fwhm_nm=15.0), 2)
        0.12
    """
    return float(np.exp(-4.0 * np.log(2.0) * ((at_nm - peak_nm) / fwhm_nm) ** 2))


def fit_bands_in_time(record: SpectralRecord) -> BandTraces:
    """One to three bands that keep place and width, on a sloping ground at each time.

    All times are fitted together: heights and grounds are linear and solved for exactly; places
    and widths are searched. So many bands are taken as BIC asks for.

    Args:
        record: spectra of a growing sample.

    Raises:
        AnalysisError: nothing shines at the end.

    Source: G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413.

    Example:
        >>> from cinedot.spectroscopy import emission_spectrum
        >>> nm, time_min = np.arange(420.0, 500.0), np.arange(0.0, 100.0, 4.0)
        >>> first, last = (emission_spectrum(nm, peak_nm=p, fwhm_nm=15.0) for p in (440.0, 453.0))
        >>> grown = (time_min / 100)[:, None]
        >>> light = (1 - grown) * 0.3 * first + grown * last
        >>> light = light + 1e-3 * (-1.0) ** np.arange(80)
        >>> found = fit_bands_in_time(SpectralRecord(
        ...     time_min=time_min, wavelength_nm=nm, intensity=light, label="PL"))
        >>> [round(peak) for peak in found.peak_nm], found.final
        ([440, 453], 1)
    """
    spectra, scale = record.intensity, float(np.max(np.abs(record.intensity))) or 1.0
    rows = _compressed(spectra / scale)
    best: tuple[float, np.ndarray, float] | None = None
    seeds: list[tuple[float, float]] = []
    for count in range(1, _MOST_BANDS + 1):
        seeds = [*seeds, _seed(record, rows, seeds)]
        shape, least = _searched(record.wavelength_nm, rows, np.array(seeds).ravel())
        seeds = [(float(p), float(w)) for p, w in shape.reshape(-1, 2)]
        points = spectra.size
        free = 2 * count + (count + 2) * len(spectra)
        criterion = points * float(np.log(max(least, 1e-300) / points)) + free * float(
            np.log(points)
        )
        if best is not None and criterion >= best[0]:
            break
        best = (criterion, shape, least)
    assert best is not None
    return _told(record, best[1])


def _compressed(spectra: Float[np.ndarray, "time x"]) -> Float[np.ndarray, "row x"]:
    """Fewer rows with the same sum of squares after any projection along x."""
    if len(spectra) <= spectra.shape[1]:
        return spectra
    return np.asarray(np.linalg.qr(spectra, mode="r"))


def _terms(
    wavelength_nm: Float[np.ndarray, " x"], shape: Float[np.ndarray, " two_a_band"]
) -> Float[np.ndarray, "x term"]:
    across = np.linspace(-1.0, 1.0, len(wavelength_nm))
    bands = [_band(wavelength_nm, float(p), float(w)) for p, w in shape.reshape(-1, 2)]
    return np.stack([*bands, np.ones_like(across), across], axis=1)


def _band(wavelength_nm: np.ndarray, peak_nm: float, fwhm_nm: float) -> np.ndarray:
    wide = width_ev(peak_nm=peak_nm, fwhm_nm=fwhm_nm)
    return band_per_nm(wavelength_nm, centre_ev=HC_EV_NM / peak_nm, fwhm_ev=wide)


def _left(
    wavelength_nm: np.ndarray, rows: np.ndarray, shape: np.ndarray
) -> Float[np.ndarray, "row x"]:
    basis = np.linalg.qr(_terms(wavelength_nm, shape))[0]
    return rows - (rows @ basis) @ basis.T


def _seed(
    record: SpectralRecord, rows: np.ndarray, bands: list[tuple[float, float]]
) -> tuple[float, float]:
    """Where one more band of 15 nm would take most away."""
    nm = record.wavelength_nm
    places = np.linspace(float(nm[0]) + 5.0, float(nm[-1]) - 5.0, 40)
    shapes = [np.array([*bands, (place, 15.0)]).ravel() for place in places.tolist()]
    left = [float(np.sum(_left(nm, rows, one) ** 2)) for one in shapes]
    return float(places[int(np.argmin(left))]), 15.0


def _searched(
    wavelength_nm: np.ndarray, rows: np.ndarray, start: np.ndarray
) -> tuple[Float[np.ndarray, " two_a_band"], float]:
    from scipy.optimize import least_squares

    count = len(start) // 2
    low = np.tile([float(wavelength_nm[0]), _WIDTHS_NM[0]], count)
    high = np.tile([float(wavelength_nm[-1]), _WIDTHS_NM[1]], count)
    found = least_squares(
        lambda shape: _left(wavelength_nm, rows, shape).ravel(),
        np.clip(start, low + 1e-3, high - 1e-3),
        bounds=(low, high),
        x_scale=5.0,
        xtol=1e-8,
        max_nfev=100,
    )
    return np.asarray(found.x), 2.0 * float(found.cost)


def _told(record: SpectralRecord, shape: Float[np.ndarray, " two_a_band"]) -> BandTraces:
    order = np.argsort(shape[0::2])
    shape = shape.reshape(-1, 2)[order].ravel()
    nm, count = record.wavelength_nm, len(shape) // 2
    terms = _terms(nm, shape)
    heights = np.linalg.lstsq(terms, record.intensity.T, rcond=None)[0].T
    rest = record.intensity - heights @ terms.T
    widths = np.array([np.trapezoid(terms[:, k], nm) for k in range(count)])
    area = heights[:, :count] * widths
    final = int(np.argmax(area[-5:].mean(axis=0)))
    if not area[-5:, final].mean() > 0:
        raise AnalysisError(
            "nothing shines at the end of the record.", remedy="Look at the table's columns."
        )
    trace = KineticRecord(
        time_min=record.time_min,
        intensity=area[:, final],
        label=f"band at {shape[2 * final]:.1f} nm",
        whole=True,
    )
    return BandTraces(
        peak_nm=tuple(shape[0::2].tolist()),
        fwhm_nm=tuple(shape[1::2].tolist()),
        area=area,
        final=final,
        trace=trace,
        rest=float(np.sqrt(np.mean(rest**2))),
    )
