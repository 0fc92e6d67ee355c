"""Rates: how fast a dot gives its energy to light, and how fast to everything else."""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate

NEAR_ONE = 2.0
"""Within so many sigmas of 1 a yield only bounds the non-radiative rate."""
PAPER_K_R_PER_S = 10.6e7
"""Radiative rate of the paper's compound 1 (science.md R44), 1/s."""

_LOW_YIELD = 0.5
_SLOW = 2.0
"""A radiative rate so many times below the expected one makes a long lifetime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Rates of one decay and one yield.

    Attributes:
        k_r: radiative, 1/s.
        k_nr: non-radiative, 1/s; an upper 95 % limit where the yield is within 2 sigma of 1.
        covariance: of (k_r, k_nr), 1/s^2, before the limit.
        dark: the largest share of dots that may absorb and never emit, were all others to emit at
            the expected radiative rate; None where nothing hints at such dots.
    """

    k_r: Estimate
    k_nr: Estimate
    covariance: Float[np.ndarray, "2 2"]
    dark: float | None

    @property
    def correlation(self) -> float:
        """Of k_r and k_nr, -1 to 1."""
        spread = math.sqrt(float(self.covariance[0, 0] * self.covariance[1, 1]))
        return float(self.covariance[0, 1]) / spread if spread else 0.0


def rate_constants(quantum_yield: float, lifetime_ns: float) -> tuple[float, float]:
    """k_r = Phi / tau and k_nr = (1 - Phi) / tau, 1/s.

    Holds where every dot that absorbs may emit, and the lifetime is the amplitude-weighted mean.

    Args:
        quantum_yield: Phi.
        lifetime_ns: tau, ns.

    Source: science.md 6.

    Example:
        >>> k_r, k_nr = rate_constants(0.956, 9.0)
        >>> f"{k_r:.3e} {k_nr:.3e}"
        '1.062e+08 4.889e+06'
    """
    return quantum_yield / lifetime_ns * 1e9, (1.0 - quantum_yield) / lifetime_ns * 1e9


def yield_and_lifetime(k_r_per_s: float, k_nr_per_s: float) -> tuple[float, float]:
    """Phi = k_r / (k_r + k_nr) and tau = 1 / (k_r + k_nr), ns: of `rate_constants` the inverse.

    Example:
        >>> phi, lifetime_ns = yield_and_lifetime(10.6e7, 0.5e7)
        >>> round(phi, 4), round(lifetime_ns, 2)
        (0.955, 9.01)
    """
    total = k_r_per_s + k_nr_per_s
    return k_r_per_s / total, 1e9 / total


def find_rates(
    quantum_yield: Estimate, lifetime: Estimate, *, expected_k_r_per_s: float = PAPER_K_R_PER_S
) -> Rates:
    """Rates with their covariance from a yield and a lifetime that were measured apart.

    A yield above 1 gives k_r as it is. Where it is within 2 sigma of 1, k_nr is an upper limit:
    what 95 % of the yields and lifetimes that the measurement allows, and that are no more than 1,
    stay below.

    Args:
        quantum_yield: with sigma.
        lifetime: amplitude-weighted mean with sigma, ns.
        expected_k_r_per_s: radiative rate of dots of this kind: a yield below a half beside a
            radiative rate of less than half of this hints at dots that never emit.

    Raises:
        AnalysisError: a yield or a lifetime that is not positive.

    Source: science.md 6.

    Example:
        >>> found = find_rates(
        ...     Estimate(value=0.24, sigma=0.01, unit="", method="found"),
        ...     Estimate(value=9.0, sigma=0.1, unit="ns", method="found"))
        >>> found.k_r.text(), found.k_nr.text(), round(found.dark, 2)
        ('2.67e+07 ± 1.1e+06 per s', '8.44e+07 ± 1.5e+06 per s', 0.75)
    """
    phi, phi_sigma = _numbers(quantum_yield, "the quantum yield")
    tau, tau_sigma = _numbers(lifetime, "the lifetime")
    k_r, k_nr = rate_constants(phi, tau)
    slopes = np.array([[1e9 / tau, -k_r / tau], [-1e9 / tau, -k_nr / tau]])
    covariance = slopes @ np.diag([phi_sigma**2, tau_sigma**2]) @ slopes.T
    told = all(one.status == "ok" for one in (quantum_yield, lifetime))
    status = "ok" if told else "undetermined"
    radiative = Estimate(
        value=k_r,
        sigma=math.sqrt(float(covariance[0, 0])),
        unit="per s",
        method="yield over amplitude-weighted lifetime; no dark dots assumed",
        status=status,
    )
    rest = Estimate(
        value=k_nr,
        sigma=math.sqrt(float(covariance[1, 1])),
        unit="per s",
        method="(1 - yield) over amplitude-weighted lifetime; no dark dots assumed",
        status=status,
    )
    if 1.0 - phi < NEAR_ONE * phi_sigma or phi >= 1.0:
        limit = upper_limit_per_s(phi, phi_sigma, tau, tau_sigma)
        rest = Estimate(
            value=limit,
            sigma=None,
            unit="per s",
            method="95 % upper limit: the yield is within 2 sigma of 1; no dark dots assumed",
            status="upper_limit" if told else "undetermined",
        )
    low = phi + 2 * phi_sigma < _LOW_YIELD and k_r < expected_k_r_per_s / _SLOW
    return Rates(
        k_r=radiative,
        k_nr=rest,
        covariance=covariance,
        dark=1.0 - k_r / expected_k_r_per_s if low else None,
    )


def upper_limit_per_s(phi: float, phi_sigma: float, tau_ns: float, tau_sigma_ns: float) -> float:
    """The k_nr that 95 % of yields no more than 1 stay below, 1/s.

    The yield is normal, cut at 1; the lifetime is normal. A yield without a sigma gives what it
    says, or 0 above 1.

    Args:
        phi, phi_sigma: the yield.
        tau_ns, tau_sigma_ns: the lifetime, ns.

    Example:
        >>> f"{upper_limit_per_s(1.0, 0.03, 9.0, 0.0):.3e}"
        '6.533e+06'
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    if phi_sigma == 0.0:
        return max(rate_constants(phi, tau_ns)[1], 0.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    kept = tau_ns + nodes * tau_sigma_ns > 0
    lifetimes, weights = (tau_ns + nodes * tau_sigma_ns)[kept], weights[kept] / weights[kept].sum()
    # By logarithms: a yield far above 1 leaves but the tail of its distribution.
    whole = float(norm.logsf((phi - 1.0) / phi_sigma))

    def above(k_nr: float) -> float:
        short = (phi - 1.0 + k_nr * lifetimes * 1e-9) / phi_sigma
        return float(weights @ np.exp(norm.logsf(short) - whole)) - 0.05

    far = 1e9 * (abs(1.0 - phi) + 8.0 * phi_sigma) / float(lifetimes.min())
    return float(cast(float, brentq(above, 0.0, far)))


def _numbers(estimate: Estimate, name: str) -> tuple[float, float]:
    if isinstance(estimate.value, str) or estimate.value <= 0:
        raise AnalysisError(
            f"{name} must be positive for rates, but is {estimate.value}.",
            remedy="Correct it, or leave it out.",
        )
    return float(estimate.value), float(estimate.sigma or 0.0)
