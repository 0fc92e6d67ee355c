"""Whether free ligand in the solution keeps dots alight, by the equilibrium with their surface."""

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import Estimate
from cinedot.spectroscopy.ageing_law import loss_rate

_IN_UNITS = {
    "mg/ml": (1.0, "mg/mL"),
    "g/l": (1.0, "mg/mL"),
    "ug/ml": (1e-3, "mg/mL"),
    "mm": (1.0, "mM"),
    "mmol/l": (1.0, "mM"),
    "umol/ml": (1.0, "mM"),
    "um": (1e-3, "mM"),
    "mol/l": (1e3, "mM"),
    "m": (1e3, "mM"),
}
_AMOUNT = re.compile(
    r"(?<![\w.])(\d+(?:[.,]\d+)?)\s*(" + "|".join(_IN_UNITS) + r")(?![\w/])", re.IGNORECASE
)
_NONE = re.compile(r"(none|no\b.*|without\b.*|pure\b.*|-|0)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LigandLoss:
    """What the rates at several concentrations say of the ligand's equilibrium.

    Attributes:
        bare_rate: k0, the rate without free ligand, per h.
        affinity: K, over the unit of the concentration; None where the data do not tell it.
        order: the exponent m of k0 (1 - cover)^m; 1 unless the data tell it.
        law: which of the laws the evidence prefers: `no effect`, `equilibrium`, `equilibrium
            of free order`, or `untested`.
        evidence: (law, chi-square, AICc), best first; empty with two concentrations.
    """

    bare_rate: Estimate
    affinity: Estimate | None
    order: Estimate
    law: str
    evidence: tuple[tuple[str, float, float], ...]


def concentration_of(additive: str | None) -> tuple[float, str] | None:
    """Amount in mg/mL or mM in the words on an additive; 0 where they say that there is none.

    Example:
        >>> concentration_of("4 g/L malic acid"), concentration_of("malic acid, 30 mM")
        ((4.0, 'mg/mL'), (30.0, 'mM'))
        >>> concentration_of("none"), concentration_of("a pinch")
        ((0.0, ''), None)
    """
    found = _AMOUNT.search(additive or "")
    if found:
        factor, unit = _IN_UNITS[found[2].lower()]
        return factor * float(found[1].replace(",", ".")), unit
    return (0.0, "") if _NONE.fullmatch((additive or "").strip()) else None


def fit_ligand_loss(
    concentration: Float[np.ndarray, " condition"],
    rate_per_h: Float[np.ndarray, " condition"],
    sigma_per_h: Float[np.ndarray, " condition"],
    *,
    unit: str,
) -> LigandLoss | None:
    """The ligand's affinity from how fast dots fade at several concentrations of it.

    A bound ligand protects; what leaves comes back the more often the more of it is dissolved.
    With a share theta = K c/(1 + K c) of the places filled, dots fade at k0 (1 - theta)^m. Three
    laws are weighed by AICc: no effect, m = 1, m free. A law enters with two concentrations
    more than it has parameters. With two concentrations in all, K follows from the ratio of the
    rates, taking the law for granted (m = 1), and is marked as undetermined.

    Args:
        concentration: of the free ligand.
        rate_per_h: of fading, per h.
        sigma_per_h: one standard deviation of each.
        unit: of the concentration.

    Returns:
        The fit; None with fewer than two different concentrations.

    Source: science.md 6; I. Langmuir, J. Am. Chem. Soc. 40 (1918) 1361.

    Example:
        >>> c = np.array([0.0, 1.0, 2.0, 4.0, 8.0])
        >>> k = loss_rate(c, bare_rate_per_h=0.03, affinity=0.5)
        >>> found = fit_ligand_loss(c, k, 0.02 * k, unit="mg/mL")
        >>> found.law, round(found.affinity.value, 3)
        ('equilibrium', 0.5)
    """
    count = len(np.unique(concentration))
    if count < 2 or (sigma_per_h <= 0).any():
        return None
    if count < 3:
        return _from_two(concentration, rate_per_h, sigma_per_h, unit)
    fits = [
        _fit(free, concentration, rate_per_h, sigma_per_h)
        for free in (1, 2, 3)
        if count >= free + 2
    ]
    fits.sort(key=lambda fit: fit.aicc)
    best = fits[0]
    if best.free == 1 and count < 4:
        # Nothing but "no effect" could be weighed.
        return _from_two(concentration, rate_per_h, sigma_per_h, unit)
    spread = np.sqrt(np.maximum(np.diag(best.covariance), 0.0))
    names = {1: "no effect", 2: "equilibrium", 3: "equilibrium of free order"}
    law = names[best.free]
    affinity = None
    if best.free > 1:
        value = float(np.exp(best.values[1]))
        affinity = Estimate(
            value=value, sigma=value * float(spread[1]), unit=f"per {unit}", method=law
        )
    bare = float(np.exp(best.values[0]))
    return LigandLoss(
        bare_rate=Estimate(value=bare, sigma=bare * float(spread[0]), unit="per h", method=law),
        affinity=affinity,
        order=Estimate(
            value=float(np.exp(best.values[2])) if best.free > 2 else 1.0,
            sigma=float(spread[2] * np.exp(best.values[2])) if best.free > 2 else None,
            unit="",
            method=law,
        ),
        law=law,
        evidence=tuple((names[fit.free], fit.chi_square, fit.aicc) for fit in fits),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    free: int
    values: Float[np.ndarray, " free"]
    covariance: Float[np.ndarray, "free free"]
    chi_square: float
    aicc: float


def _fit(
    free: int,
    concentration: Float[np.ndarray, " condition"],
    rate: Float[np.ndarray, " condition"],
    sigma: Float[np.ndarray, " condition"],
) -> _Fit:
    """Weighted least squares in logarithms of k0, K and m."""
    from scipy.optimize import least_squares

    def law(values: Float[np.ndarray, " free"]) -> Float[np.ndarray, " condition"]:
        positive = np.exp(np.clip(values, -60.0, 60.0))
        if free == 1:
            return np.full_like(rate, positive[0])
        return loss_rate(
            concentration,
            bare_rate_per_h=float(positive[0]),
            affinity=float(positive[1]),
            order=float(positive[2]) if free > 2 else 1.0,
        )

    top = np.log(max(float(rate.max()), 1e-12))
    middle = float(np.median(concentration[concentration > 0]))
    found = min(
        (
            least_squares(
                lambda v: (rate - law(v)) / sigma,
                np.array([top, np.log(start / middle), 0.0])[:free],
                bounds=(
                    np.array([top - 20.0, np.log(1e-6 / middle), -1.5])[:free],
                    np.array([top + 20.0, np.log(1e6 / middle), 2.0])[:free],
                ),
                x_scale="jac",
            )
            for start in (0.1, 1.0, 10.0)
        ),
        key=lambda fit: fit.cost,
    )
    chi_square = float(2 * found.cost)
    count = len(rate)
    # Conditions differ by more than their own sigmas say where no law fits: chi-square widens.
    widened = max(1.0, chi_square / max(count - free, 1))
    return _Fit(
        free=free,
        values=np.asarray(found.x),
        covariance=np.linalg.pinv(found.jac.T @ found.jac) * widened,
        chi_square=chi_square,
        aicc=chi_square + 2 * free + 2 * free * (free + 1) / max(count - free - 1, 1),
    )


def _from_two(
    concentration: Float[np.ndarray, " condition"],
    rate: Float[np.ndarray, " condition"],
    sigma: Float[np.ndarray, " condition"],
    unit: str,
) -> LigandLoss:
    """K from k0/k = 1 + K c between the lowest and the highest concentration."""
    few, many = int(np.argmin(concentration)), int(np.argmax(concentration))
    method = "two concentrations, order 1 taken for granted"
    slow, fast = float(rate[many]), float(rate[few])
    low, high = float(concentration[few]), float(concentration[many])
    affinity = None
    # fast (1 + K low) = slow (1 + K high): positive only where the ligand protects, and not more
    # than the difference of the concentrations allows.
    bottom = slow * high - fast * low
    if slow > 2 * float(sigma[many]) and fast > slow and bottom > 0:
        value = (fast - slow) / bottom
        by_fast = (1 + value * low) / bottom
        by_slow = (1 + value * high) / bottom
        spread = float(np.hypot(by_fast * sigma[few], by_slow * sigma[many]))
        affinity = Estimate(
            value=value, sigma=spread, unit=f"per {unit}", method=method, status="undetermined"
        )
    cover = 1.0 if affinity is None else 1.0 + float(affinity.value) * low
    return LigandLoss(
        bare_rate=Estimate(
            value=fast * cover,
            sigma=float(sigma[few]) * cover,
            unit="per h",
            method=method,
            status="undetermined" if low > 0 else "ok",
        ),
        affinity=affinity,
        order=Estimate(value=1.0, sigma=None, unit="", method=method, status="undetermined"),
        law="untested",
        evidence=(),
    )
