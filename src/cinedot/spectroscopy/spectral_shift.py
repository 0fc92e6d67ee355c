"""Whether a peak moves with time or voltage: a line, a rise that ends, or nothing, by evidence."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import Estimate


@dataclass(frozen=True, kw_only=True)
class SpectralShift:
    """How far a peak moved over a record.

    Attributes:
        shift: fitted position at the end less that at the beginning, nm.
        slope: of the straight line, nm per unit of x.
        law: `still`, `steady` or `levelling`, by AICc.
        x, curve: the preferred law at 100 places.
        rest: one standard deviation of a position about the law, nm.
    """

    shift: Estimate
    slope: Estimate
    law: str
    x: Float[np.ndarray, " place"]
    curve: Float[np.ndarray, " place"]
    rest: float


def fit_shift(
    x: Float[np.ndarray, " record"],
    peak_nm: Float[np.ndarray, " record"],
    *,
    sigma_nm: Float[np.ndarray, " record"] | None = None,
    unit: str,
) -> SpectralShift | None:
    """Whether and how a peak moves: still, steady, or levelling off, weighed by AICc.

    The shift is that of the line, or of the levelling law where the evidence asks for it; where
    nothing is seen to move it is the line's with its sigma, so that it bounds what may hide.

    Args:
        x: time or voltage.
        peak_nm: positions, nm.
        sigma_nm: one standard deviation of each; even and unknown when None. Widened where the
            positions scatter more.
        unit: of x, for the slope's.

    Returns:
        The fit; None with fewer than three positions at two different x.

    Example:
        >>> wiggle = 0.01 * (-1) ** np.arange(8)
        >>> found = fit_shift(np.arange(8.0), 455 + 0.5 * np.arange(8.0) + wiggle, unit="V")
        >>> found.law, found.shift.text()
        ('steady', '3.493 ± 0.012 nm')
    """
    if len(x) < 3 or len(np.unique(x)) < 2:
        return None
    weight = np.ones_like(peak_nm) if sigma_nm is None else 1.0 / sigma_nm
    begin, span = float(x.min()), float(np.ptp(x))
    reduced = (x - begin) / span
    places = np.linspace(0.0, 1.0, 100)

    def basis(at: Float[np.ndarray, " place"], bend: float | None) -> Float[np.ndarray, "place k"]:
        rise = at if bend is None else (1 - np.exp(-at / bend)) / (1 - np.exp(-1 / bend))
        return np.stack([np.ones_like(at), rise], axis=1)

    fits = {
        "still": _solve(np.ones((len(x), 1)), peak_nm, weight),
        "steady": _solve(basis(reduced, None), peak_nm, weight),
    }
    free = {"still": 1, "steady": 2, "levelling": 3}
    bends = np.geomspace(0.03, 3.0, 60)
    bend = min(bends, key=lambda b: _solve(basis(reduced, float(b)), peak_nm, weight).least)
    if len(x) >= 6:
        fits["levelling"] = _solve(basis(reduced, float(bend)), peak_nm, weight)
    known = sigma_nm is not None
    law = min(fits, key=lambda name: _criterion(fits[name].least, len(x), free[name], known))
    line = fits["steady"]
    moved = fits["levelling"] if law == "levelling" else line
    scatter = moved.least / max(len(x) - free["levelling" if law == "levelling" else "steady"], 1)
    if known:
        scatter = max(scatter, 1.0)
    sigma = float(np.sqrt(moved.inverse[1, 1] * scatter))
    line_scatter = line.least / max(len(x) - 2, 1)
    line_sigma = float(
        np.sqrt(line.inverse[1, 1] * (max(line_scatter, 1.0) if known else line_scatter))
    )
    drawn = fits[law]
    shown = (
        np.ones((100, 1))
        if law == "still"
        else basis(places, float(bend) if law == "levelling" else None)
    )
    return SpectralShift(
        shift=Estimate(
            value=float(moved.values[1]), sigma=sigma, unit="nm", method=f"{law}, least squares"
        ),
        slope=Estimate(
            value=float(line.values[1]) / span,
            sigma=line_sigma / span,
            unit=f"nm per {unit}",
            method="straight line, least squares",
        ),
        law=law,
        x=begin + span * places,
        curve=shown @ drawn.values,
        rest=float(np.sqrt(drawn.least / max(len(x) - free[law], 1))) / float(np.mean(weight)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Linear:
    values: Float[np.ndarray, " k"]
    inverse: Float[np.ndarray, "k k"]
    least: float


def _solve(
    terms: Float[np.ndarray, "record k"],
    target: Float[np.ndarray, " record"],
    weight: Float[np.ndarray, " record"],
) -> _Linear:
    weighted = terms * weight[:, None]
    values = np.linalg.lstsq(weighted, target * weight, rcond=None)[0]
    least = float(np.sum(((target - terms @ values) * weight) ** 2))
    return _Linear(values=values, inverse=np.linalg.pinv(weighted.T @ weighted), least=least)


def _criterion(least: float, count: int, free: int, known: bool) -> float:
    """AICc; the noise is a further parameter unless known, and rounding counts as noise."""
    number = free if known else free + 1
    if count <= number + 1:
        # Too few for a correction: only the stiffest law may be had without evidence.
        return float(1e6 * free)
    fits = least if known else count * float(np.log(max(least, 1e-12) / count))
    return fits + 2 * number + 2 * number * (number + 1) / (count - number - 1)
