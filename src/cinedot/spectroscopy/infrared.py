"""Infrared: how a carboxylate is bound, and whether any acid is left."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate
from cinedot.spectroscopy.infrared_bands import Lines, fit_lines, line_shape
from cinedot.spectroscopy.infrared_reading import InfraredSpectrum

IONIC_SPLITTING_PER_CM = 164.0
"""Splitting of sodium acetate, the ionic reference, 1/cm.

Source: G. B. Deacon, R. J. Phillips, Coord. Chem. Rev. 33 (1980) 227."""

ASYMMETRIC = (1510.0, 1650.0)
SYMMETRIC = (1300.0, 1445.0)
"""Where the carboxylate's stretches lie, 1/cm; CH2 scissors at 1465 are left out (science.md 6)."""
ACID = (1690.0, 1760.0)
"""Where the C=O stretch of COOH lies, free or in hydrogen bonds, 1/cm."""

_CLASSES = (("chelating", -np.inf, -54.0), ("bridging", -24.0, 26.0), ("monodentate", 36.0, np.inf))
"""Splitting less the ionic one: below 110, 140 to 190, above 200 for 164 (science.md 6)."""
_WINDOW = (1280.0, 1820.0)
_ACID_WIDTH = 22.0
_SURE = 5.0
_ENOUGH = 0.05

Deprotonation = Literal["supported", "contradicted", "not testable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InfraredBand:
    """A band with what it may be.

    Attributes:
        position: of its maximum, 1/cm.
        height: absorbance.
        width_per_cm: full width at half maximum, 1/cm.
        name: its assignment, or "".
    """

    position: Estimate
    height: Estimate
    width_per_cm: float
    name: str


@dataclass(frozen=True, kw_only=True)
class InfraredFit:
    """What an infrared spectrum says of a dot's acids.

    Attributes:
        lines: the fit between 1280 and 1820 1/cm, or what of it was recorded.
        bands: its bands by position.
        asymmetric, symmetric: the carboxylate's stretches; None where none stands out.
        splitting: their difference, 1/cm.
        ionic_splitting_per_cm: what it is compared with.
        binding_mode: `chelating`, `bridging`, `monodentate`, or two of them with "or".
        acid: height of the C=O band of COOH; an upper limit (95 %) where there is none; None where
            the record does not hold 1690 to 1760 1/cm.
        acid_position: where it is, 1/cm, if there.
        acid_share: height over that of the asymmetric stretch, likewise.
        deprotonated: whether "fully deprotonated" holds.
    """

    lines: Lines
    bands: tuple[InfraredBand, ...]
    asymmetric: InfraredBand | None
    symmetric: InfraredBand | None
    splitting: Estimate | None
    ionic_splitting_per_cm: float
    binding_mode: str | None
    acid: Estimate | None
    acid_position: Estimate | None
    acid_share: Estimate | None
    deprotonated: Deprotonation


def fit_infrared(
    spectrum: InfraredSpectrum, *, ionic_splitting_per_cm: float = IONIC_SPLITTING_PER_CM
) -> InfraredFit:
    """Carboxylate stretches, their splitting and what it says, and the limit on COOH.

    Between 1280 and 1820 1/cm bands are fitted on a straight baseline, as many as BIC asks for.
    The highest of 1510-1650 is taken as the asymmetric, that of 1300-1445 as the symmetric
    stretch. Their splitting against that of the ionic salt gives the binding mode (Deacon and
    Phillips). A C=O band of COOH is sought at every place of 1690-1760 with a band of 22 1/cm on
    what other bands leave; it is there above five sigmas. "Fully deprotonated" is supported
    where the limit on it is below 5 % of the asymmetric stretch, both taken to absorb alike.

    Args:
        spectrum: rising wavenumbers.
        ionic_splitting_per_cm: the acid's own ionic salt's, where known, 1/cm.

    Raises:
        AnalysisError: fewer than 30 points between 1280 and 1820 1/cm.

    Source: G. B. Deacon, R. J. Phillips, Coord. Chem. Rev. 33 (1980) 227; science.md 6.

    Example:
        >>> at = np.arange(1250.0, 1850.0, 4.0)
        >>> made = line_shape(at, 1560.0, 40.0, 0.2) + 0.7 * line_shape(at, 1400.0, 30.0, 0.2)
        >>> noise = 1e-3 * np.random.default_rng(1).normal(size=len(at))
        >>> fit = fit_infrared(
        ...     InfraredSpectrum(wavenumber_per_cm=at, absorbance=made + noise, label="a"))
        >>> round(fit.splitting.value), fit.binding_mode, fit.deprotonated
        (160, 'bridging', 'supported')
    """
    at = spectrum.wavenumber_per_cm
    kept = (at >= _WINDOW[0]) & (at <= _WINDOW[1])
    if np.count_nonzero(kept) < 30:
        raise AnalysisError(
            f"only {np.count_nonzero(kept)} points of {spectrum.label!r} lie between "
            f"{_WINDOW[0]:g} and {_WINDOW[1]:g} 1/cm.",
            remedy="Record carboxylates' stretches, in steps of 4 1/cm or less.",
        )
    lines = fit_lines(*_thinned(at[kept], spectrum.absorbance[kept]))
    asymmetric, symmetric = _strongest(lines, ASYMMETRIC), _strongest(lines, SYMMETRIC)
    acid, place = _acid(lines)
    first, second = _band(lines, asymmetric, "νas(COO⁻)"), _band(lines, symmetric, "νs(COO⁻)")
    splitting = _splitting(first, second)
    share = _share(acid, first)
    return InfraredFit(
        lines=lines,
        bands=_named(lines, asymmetric, symmetric, acid),
        asymmetric=first,
        symmetric=second,
        splitting=splitting,
        ionic_splitting_per_cm=ionic_splitting_per_cm,
        binding_mode=None if splitting is None else binding_mode(splitting, ionic_splitting_per_cm),
        acid=acid,
        acid_position=place,
        acid_share=share,
        deprotonated=_deprotonated(acid, share),
    )


def binding_mode(splitting: Estimate, ionic_splitting_per_cm: float) -> str:
    """The binding mode, or the two between which the splitting lies, by Deacon and Phillips.

    A mode is named alone where the splitting lies in its range with 95 %.

    Args:
        splitting: asymmetric less symmetric stretch, 1/cm.
        ionic_splitting_per_cm: of the ionic salt, 1/cm.

    Example:
        >>> [binding_mode(Estimate(value=v, sigma=3.0, unit="per cm", method=""), 164.0)
        ...     for v in (90.0, 125.0, 160.0, 230.0)]
        ['chelating', 'chelating or bridging', 'bridging', 'monodentate']
    """
    from scipy.special import ndtr

    offset = float(splitting.value) - ionic_splitting_per_cm
    sigma = max(splitting.sigma or 0.0, 1e-6)
    shares = {
        name: float(ndtr((high - offset) / sigma) - ndtr((low - offset) / sigma))
        for name, low, high in _CLASSES
    }
    best = max(shares, key=lambda name: shares[name])
    if shares[best] >= 0.95:
        return best
    return "chelating or bridging" if offset < 1.0 else "bridging or monodentate"


def _thinned(
    at: Float[np.ndarray, " x"], absorbance: Float[np.ndarray, " x"]
) -> tuple[Float[np.ndarray, " more"], Float[np.ndarray, " more"]]:
    """Means of neighbours where the steps are below 1 1/cm: no band here is so narrow."""
    many = int(2.0 / float(np.median(np.diff(at))))
    if many < 2:
        return at, absorbance
    whole = len(at) // many * many
    return tuple(part[:whole].reshape(-1, many).mean(axis=1) for part in (at, absorbance))  # pyright: ignore[reportReturnType]


def _strongest(lines: Lines, window: tuple[float, float]) -> int | None:
    """The highest band of a window that stands five sigmas above nought."""
    inside = [
        k
        for k, (centre, height, sigma) in enumerate(
            zip(lines.centres_per_cm, lines.heights, lines.sigma_heights, strict=True)
        )
        if window[0] <= centre <= window[1] and height > _SURE * sigma
    ]
    return max(inside, key=lambda k: float(lines.heights[k])) if inside else None


def _band(lines: Lines, index: int | None, name: str) -> InfraredBand | None:
    if index is None:
        return None
    return InfraredBand(
        position=Estimate(
            value=float(lines.centres_per_cm[index]),
            sigma=float(lines.sigma_centres_per_cm[index]),
            unit="per cm",
            method="bands on a straight baseline, least squares",
        ),
        height=Estimate(
            value=float(lines.heights[index]),
            sigma=float(lines.sigma_heights[index]),
            unit="",
            method="above the baseline",
        ),
        width_per_cm=float(lines.widths_per_cm[index]),
        name=name,
    )


def _named(
    lines: Lines, asymmetric: int | None, symmetric: int | None, acid: Estimate | None
) -> tuple[InfraredBand, ...]:
    names = {asymmetric: "νas(COO⁻)", symmetric: "νs(COO⁻)"}
    if acid is not None and acid.status == "ok":
        names[_strongest(lines, ACID)] = "C=O of COOH"
    names.pop(None, None)
    bands = [_band(lines, k, names.get(k, "")) for k in np.argsort(lines.centres_per_cm).tolist()]
    return tuple(band for band in bands if band is not None)


def _splitting(first: InfraredBand | None, second: InfraredBand | None) -> Estimate | None:
    if first is None or second is None:
        return None
    return Estimate(
        value=float(first.position.value) - float(second.position.value),
        sigma=float(np.hypot(first.position.sigma or 0.0, second.position.sigma or 0.0)),
        unit="per cm",
        method="asymmetric less symmetric stretch",
    )


def _acid(lines: Lines) -> tuple[Estimate | None, Estimate | None]:
    """Height of the C=O band, and where; an upper limit where nothing stands out."""
    at = lines.wavenumber_per_cm
    if at[0] > ACID[0] - 20 or at[-1] < ACID[1] + 20:
        return None, None
    elsewhere = (lines.centres_per_cm < ACID[0]) | (lines.centres_per_cm > ACID[1])
    rest = lines.absorbance - lines.baseline - lines.bands[elsewhere].sum(axis=0)
    near = (at >= ACID[0] - 40) & (at <= ACID[1] + 40)
    wavenumber, rest = at[near], rest[near]
    line = np.linspace(-1.0, 1.0, len(wavenumber))
    ground = np.stack([np.ones_like(line), line], axis=1)
    heights: list[tuple[float, float, float]] = []
    noise = np.sqrt(lines.noise**2 * lines.correlation)
    for centre in np.arange(ACID[0], ACID[1] + 0.1, 2.0).tolist():
        shape = line_shape(wavenumber, centre, _ACID_WIDTH, lines.mixing)
        terms = np.concatenate([shape[:, None], ground], axis=1)
        inverse = np.linalg.pinv(terms.T @ terms)
        height = float((inverse @ terms.T @ rest)[0])
        heights.append((height, noise * float(np.sqrt(inverse[0, 0])), centre))
    height, sigma, _ = max(heights, key=lambda found: found[0] / found[1])
    fitted = _strongest(lines, ACID)
    if height > _SURE * sigma and fitted is not None:
        band = _band(lines, fitted, "")
        assert band is not None
        return band.height, band.position
    limit = float(max(max(one, 0.0) + 1.645 * spread for one, spread, _ in heights))
    return (
        Estimate(
            value=limit,
            sigma=None,
            unit="",
            method=f"no band of {_ACID_WIDTH:g} 1/cm from {ACID[0]:g} to {ACID[1]:g}; 95 %",
            status="upper_limit",
        ),
        None,
    )


def _share(acid: Estimate | None, asymmetric: InfraredBand | None) -> Estimate | None:
    if acid is None or asymmetric is None:
        return None
    height = float(asymmetric.height.value)
    value = float(acid.value) / height
    sigma = None
    if acid.sigma is not None:
        sigma = float(np.hypot(acid.sigma, value * (asymmetric.height.sigma or 0.0))) / height
    return Estimate(
        value=value,
        sigma=sigma,
        unit="",
        method="height of C=O over that of the asymmetric stretch",
        status=acid.status,
    )


def _deprotonated(acid: Estimate | None, share: Estimate | None) -> Deprotonation:
    if acid is not None and acid.status == "ok":
        return "contradicted"
    if share is None or float(share.value) > _ENOUGH:
        return "not testable"
    return "supported"
