"""Titration curves: peak, width and quantum yield against the ammonium added, by either route."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from cinedot.core.constants import FWHM_PER_SIGMA, HC_EV_NM
from cinedot.growth.ligand_balance import (
    COVERAGE,
    GREEN_N,
    TemplateBalance,
    require_equivalents,
    share_in_dots,
)

_SIZING_EXPONENT = 1.8
"""E(n) - E(large) falls as n^-1.8 between the two colours: within 1.5 nm of the calibrated box."""
_STEP_NM = 0.25
_SIZES = 61


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """What small and large dots emit.

    Attributes:
        dot_nm, green_nm: where dots of `n` and of `green_n` peak, nm.
        dot_fwhm_nm, green_fwhm_nm: widths of their bands, nm.
        dot_yield, green_yield: their quantum yields.
        n, green_n: Pb an edge.

    The defaults are those of the paper's compound 1; the green dots' width and yield are estimates
    (science.md 4.1).
    """

    dot_nm: float = 453.0
    green_nm: float = 517.0
    dot_fwhm_nm: float = 14.9
    green_fwhm_nm: float = 18.0
    dot_yield: float = 0.956
    green_yield: float = 0.35
    n: float = 4.0
    green_n: float = GREEN_N

    def peak_nm(self, n: Float[np.ndarray, " size"]) -> Float[np.ndarray, " size"]:
        """Where dots of n peak: an energy between the two known colours, as n^-1.8.

        Args:
            n: Pb an edge, from `n` to `green_n`.

        Example:
            >>> Colours().peak_nm(np.array([4.0, 5.0, 6.0, 18.0])).round()
            array([453., 474., 486., 517.])
        """
        place = self._place(n)
        high, low = HC_EV_NM / self.dot_nm, HC_EV_NM / self.green_nm
        return HC_EV_NM / (low + (high - low) * place)

    def fwhm_nm(self, n: Float[np.ndarray, " size"]) -> Float[np.ndarray, " size"]:
        """Width of the band of dots of n, nm, between the two known ones."""
        place = self._place(n)
        return self.green_fwhm_nm + (self.dot_fwhm_nm - self.green_fwhm_nm) * place

    def yields(self, n: Float[np.ndarray, " size"]) -> Float[np.ndarray, " size"]:
        """Quantum yield of dots of n, between the two known ones."""
        return self.green_yield + (self.dot_yield - self.green_yield) * self._place(n)

    def _place(self, n: Float[np.ndarray, " size"]) -> Float[np.ndarray, " size"]:
        """1 for the small dots, 0 for the large ones, as n^-1.8 between."""
        power = np.asarray(n, dtype=float) ** -_SIZING_EXPONENT
        ends = self.n**-_SIZING_EXPONENT, self.green_n**-_SIZING_EXPONENT
        return (power - ends[1]) / (ends[0] - ends[1])


OLEIC_COLOURS = Colours(dot_nm=454.0, dot_fwhm_nm=15.0, dot_yield=0.24, green_yield=0.1)
"""Of the paper's compound 3, its mean yield; the green dots' yield is an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRoute:
    """Malic acid: QD4 or green, nothing between.

    Attributes:
        balance: which share of the Pb is in QD4.
        colours: of both.
    """

    balance: TemplateBalance = field(default_factory=TemplateBalance)
    colours: Colours = field(default_factory=Colours)

    def populations(
        self, equivalents: Float[np.ndarray, " point"]
    ) -> tuple[Float[np.ndarray, " size"], Float[np.ndarray, "point size"]]:
        """Sizes, and the share of the Pb in each at every amount of ammonium."""
        share = share_in_dots(equivalents, self.balance)
        sizes = np.array([self.colours.n, self.colours.green_n])
        return sizes, np.stack([share, 1 - share], axis=1)

    def brightness(self, equivalents: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
        """By what the yields are multiplied: nothing quenches here."""
        return np.ones(len(equivalents))


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveRoute:
    """Oleic acid: dots of whatever size the ammonium covers, down to QD4.

    Attributes:
        coverage: c, ammonium per Pb times n.
        spread: standard deviation of ln n.
        stripping: free ammonium per Pb that halves the yield.
        colours: of the smallest and the largest dots.
    """

    coverage: float = COVERAGE
    spread: float = 0.12
    stripping: float = 1.0
    colours: Colours = OLEIC_COLOURS

    def populations(
        self, equivalents: Float[np.ndarray, " point"]
    ) -> tuple[Float[np.ndarray, " size"], Float[np.ndarray, "point size"]]:
        """Sizes, and the share of the Pb in each: log-normal about c/x, the ends holding the rest.

        Sizes are a continuum: dots one layer longer on an axis or two lie between the cubes.
        """
        from scipy.special import ndtr

        sizes = np.geomspace(self.colours.n, self.colours.green_n, _SIZES)
        edges = np.log(sizes)[:-1] + np.diff(np.log(sizes)) / 2
        with np.errstate(divide="ignore"):
            middle = np.log(self.coverage) - np.log(np.asarray(equivalents, dtype=float))
        below = ndtr((edges[None, :] - middle[:, None]) / self.spread)
        whole = np.hstack([np.zeros((len(middle), 1)), below, np.ones((len(middle), 1))])
        return sizes, np.diff(whole, axis=1)

    def brightness(self, equivalents: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
        """By what the yields are multiplied: 1/(1 + y/y_half) of the free ammonium y."""
        sizes, shares = self.populations(equivalents)
        free = np.maximum(np.asarray(equivalents) - shares @ (self.coverage / sizes), 0.0)
        return 1.0 / (1.0 + free / self.stripping)


Route = TemplateRoute | AdaptiveRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class TitrationCurve:
    """What a titration shows.

    Attributes:
        equivalents: ammonium per Pb.
        peak_nm: of the highest maximum, nm.
        fwhm_nm: its full width at half of its height, nm.
        quantum_yield: of all light.
        maxima_nm: every maximum of a tenth of the highest, nm, at each point.
        between: share of the light that lies between the two colours.
        wavelength_nm: of the spectra.
        spectra: at each point, per nm, for one photon absorbed.
    """

    equivalents: Float[np.ndarray, " point"]
    peak_nm: Float[np.ndarray, " point"]
    fwhm_nm: Float[np.ndarray, " point"]
    quantum_yield: Float[np.ndarray, " point"]
    maxima_nm: tuple[tuple[float, ...], ...]
    between: Float[np.ndarray, " point"]
    wavelength_nm: Float[np.ndarray, " wavelength"]
    spectra: Float[np.ndarray, "point wavelength"]


def titration_curve(equivalents: Float[np.ndarray, " point"], route: Route) -> TitrationCurve:
    """Peak, width and yield against the ammonium added.

    Light is absorbed in proportion to the Pb in each size and emitted with its yield in a band of
    Gaussian form in wavelength; the peak is the highest maximum, as a spectrometer's software
    reads it. Holds for clear colloids at one excitation far above the gap.
    Source: science.md 4.1; an estimate whose parameters are the paper's.

    Args:
        equivalents: ammonium per Pb, above 0.
        route: `TemplateRoute()` or `AdaptiveRoute()`.

    Raises:
        InputError: negative equivalents.

    Example:
        >>> curve = titration_curve(np.array([0.25, 0.4, 0.5, 1.0]), TemplateRoute())
        >>> curve.peak_nm.round()
        array([517., 517., 453., 453.])
        >>> [len(one) for one in curve.maxima_nm]
        [1, 2, 2, 1]
    """
    x = np.asarray(equivalents, dtype=float)
    require_equivalents(x)
    nm, spectra = spectra_of(x, route)
    sizes, shares = route.populations(x)
    step = float(nm[1] - nm[0])
    total = spectra.sum(axis=1) * step
    inside = (nm > _between(route.colours)[0]) & (nm < _between(route.colours)[1])
    read = [_read_off(nm, one) for one in spectra]
    return TitrationCurve(
        equivalents=x,
        peak_nm=np.array([one[0] for one in read]),
        fwhm_nm=np.array([one[1] for one in read]),
        quantum_yield=(shares @ route.colours.yields(sizes)) * route.brightness(x),
        maxima_nm=tuple(one[2] for one in read),
        between=spectra[:, inside].sum(axis=1) * step / total,
        wavelength_nm=nm,
        spectra=spectra,
    )


def peaks_of(equivalents: Float[np.ndarray, " point"], route: Route) -> Float[np.ndarray, " point"]:
    """Where the highest maximum lies, nm: the `peak_nm` of `titration_curve` alone, for fits.

    Args:
        equivalents: ammonium per Pb.
        route: as there.
    """
    nm, spectra = spectra_of(equivalents, route)
    at = np.argmax(spectra, axis=1)[:, None]
    before, here, after = (np.take_along_axis(spectra, at + k, axis=1)[:, 0] for k in (-1, 0, 1))
    return nm[at[:, 0]] + 0.5 * (before - after) / (before - 2 * here + after) * (nm[1] - nm[0])


def spectra_of(
    equivalents: Float[np.ndarray, " point"], route: Route
) -> tuple[Float[np.ndarray, " wavelength"], Float[np.ndarray, "point wavelength"]]:
    """Wavelengths, nm, and the emission at each amount of ammonium, per nm and photon absorbed."""
    colours = route.colours
    sizes, shares = route.populations(equivalents)
    wide = 2.0 * max(colours.dot_fwhm_nm, colours.green_fwhm_nm)
    ends = sorted((colours.dot_nm, colours.green_nm))
    nm = np.arange(ends[0] - wide, ends[1] + wide, _STEP_NM)
    sigma = colours.fwhm_nm(sizes) / FWHM_PER_SIGMA
    bands = np.exp(-0.5 * ((nm[None, :] - colours.peak_nm(sizes)[:, None]) / sigma[:, None]) ** 2)
    bands /= sigma[:, None] * np.sqrt(2 * np.pi)
    light = shares * colours.yields(sizes) * route.brightness(equivalents)[:, None]
    return nm, light @ bands


def _between(colours: Colours) -> tuple[float, float]:
    """470 to 500 nm for the paper's colours: a band's width and more from either."""
    span = colours.green_nm - colours.dot_nm
    return colours.dot_nm + 17.0 / 64.0 * span, colours.green_nm - 17.0 / 64.0 * span


def _read_off(
    nm: Float[np.ndarray, " wavelength"], intensity: Float[np.ndarray, " wavelength"]
) -> tuple[float, float, tuple[float, ...]]:
    """The highest maximum, its width at half height, and every maximum of a tenth of it."""
    tops = _tops(intensity)
    high = int(tops[int(np.argmax(intensity[tops]))])
    half = 0.5 * intensity[high]
    left = int(np.flatnonzero(intensity[:high] < half)[-1])
    right = high + int(np.flatnonzero(intensity[high:] < half)[0])
    ends = [
        float(np.interp(half, intensity[pair], nm[pair]))
        for pair in (np.array([left, left + 1]), np.array([right, right - 1]))
    ]
    return _top(nm, intensity, high), ends[1] - ends[0], maxima_of(nm, intensity)


def maxima_of(
    nm: Float[np.ndarray, " wavelength"], intensity: Float[np.ndarray, " wavelength"]
) -> tuple[float, ...]:
    """Where a smooth spectrum has a maximum of at least a tenth of its highest, nm.

    Args:
        nm: wavelengths, evenly apart near the maxima.
        intensity: without noise and background.

    Example:
        >>> nm = np.arange(400.0, 600.0)
        >>> bands = [np.exp(-(((nm - centre) / 8) ** 2)) for centre in (453, 517)]
        >>> [round(one) for one in maxima_of(nm, bands[0] + 0.5 * bands[1])]
        [453, 517]
    """
    tops = _tops(intensity)
    kept = tops[intensity[tops] >= 0.1 * float(np.max(intensity))]
    return tuple(_top(nm, intensity, k) for k in kept.tolist())


def _tops(intensity: Float[np.ndarray, " wavelength"]) -> Int[np.ndarray, " top"]:
    inner = intensity[1:-1]
    return np.flatnonzero((inner > intensity[:-2]) & (inner >= intensity[2:])) + 1


def _top(
    nm: Float[np.ndarray, " wavelength"], intensity: Float[np.ndarray, " wavelength"], k: int
) -> float:
    """A maximum by the parabola through its three points."""
    before, at, after = intensity[k - 1 : k + 2]
    return float(nm[k] + 0.5 * (before - after) / (before - 2 * at + after) * (nm[k] - nm[k - 1]))
