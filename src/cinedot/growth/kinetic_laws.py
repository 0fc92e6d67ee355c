"""How light rises while dots grow: the laws that are fitted to PL(t), and their induction times.

Every law runs from 0 to 1; what a record shows is an amplitude times it. Times are in min.
"""

import numpy as np
from jaxtyping import Float

TEMPLATE_ORDER = 8.0
"""How steeply templates set each other off, unless stated: the exponent of the threshold law."""


def finke_watzky(
    time_min: Float[np.ndarray, " time"], *, k1_per_min: float, k2_per_min: float
) -> Float[np.ndarray, " time"]:
    """Slow nucleation, then growth that feeds itself: 1 - (k1 + k2)/(k2 + k1 exp((k1 + k2) t)).

    A to B with k1, A + B to 2 B with k2' = k2/[A]0.

    Args:
        time_min: since mixing, min.
        k1_per_min: nucleation, per min.
        k2_per_min: growth times the first concentration, per min.

    Source: M. A. Watzky, R. G. Finke, J. Am. Chem. Soc. 119 (1997) 10382.

    Example:
        >>> finke_watzky(np.array([0.0, 180.0]), k1_per_min=1e-4, k2_per_min=0.03).round(3)
        array([0.   , 0.427])
    """
    both = k1_per_min + k2_per_min
    # 1 - y = both exp(-both t)/(k2 exp(-both t) + k1): no exponential grows beyond bounds.
    left = np.exp(-both * time_min)
    return 1.0 - both * left / (k2_per_min * left + k1_per_min)


def finke_watzky_induction(*, k1_per_min: float, k2_per_min: float) -> float:
    """Where the steepest tangent meets the sigmoid's lower asymptote, min.

    (ln(k2/k1) - 2)/(k1 + k2). The asymptote lies at -k1/k2: for k1 << k2 it is the zero line.

    Args:
        k1_per_min, k2_per_min: see `finke_watzky`.

    Source: M. A. Watzky, R. G. Finke, J. Am. Chem. Soc. 119 (1997) 10382.

    Example:
        >>> round(finke_watzky_induction(k1_per_min=1e-4, k2_per_min=0.03), 1)
        123.0
    """
    return float((np.log(k2_per_min / k1_per_min) - 2.0) / (k1_per_min + k2_per_min))


def jmak(
    time_min: Float[np.ndarray, " time"], *, rate_per_min: float, order: float, delay_min: float = 0
) -> Float[np.ndarray, " time"]:
    """Nuclei that grow until they meet: 1 - exp(-(k (t - t0))^p), 0 before t0.

    Args:
        time_min: since mixing, min.
        rate_per_min: k, per min.
        order: p, from 1 (an exponential) to 4 (nuclei come steadily, grow in three directions).
        delay_min: t0, min.

    Source: M. Avrami, J. Chem. Phys. 7 (1939) 1103; 8 (1940) 212.

    Example:
        >>> jmak(np.array([120.0]), rate_per_min=3.966e-3, order=4.0).round(4)
        array([0.05])
    """
    since = np.clip(time_min - delay_min, 0.0, None)
    return -np.expm1(-((rate_per_min * since) ** order))


def delayed_exponential(
    time_min: Float[np.ndarray, " time"], *, rate_per_min: float, delay_min: float
) -> Float[np.ndarray, " time"]:
    """Nothing until t0, then a first-order rise: 1 - exp(-k (t - t0)).

    Args:
        time_min: since mixing, min.
        rate_per_min: k, per min.
        delay_min: t0, min.

    Example:
        >>> delayed_exponential(np.array([0.0, 30.0]), rate_per_min=0.1, delay_min=20.0).round(4)
        array([0.    , 0.6321])
    """
    return jmak(time_min, rate_per_min=rate_per_min, order=1.0, delay_min=delay_min)


def logistic(
    time_min: Float[np.ndarray, " time"], *, rate_per_min: float, half_min: float
) -> Float[np.ndarray, " time"]:
    """The symmetric sigmoid 1/(1 + exp(-k (t - t50))); its tangent meets zero at t50 - 2/k.

    Args:
        time_min: since mixing, min.
        rate_per_min: k, per min.
        half_min: t50, min.

    Example:
        >>> logistic(np.array([200.0]), rate_per_min=0.03, half_min=200.0)
        array([0.5])
    """
    from scipy.special import expit

    return expit(rate_per_min * (time_min - half_min))


def template_induction(*, release_per_min: float, threshold: float) -> float:
    """When templates that are released at first order reach their threshold: -ln(1 - T*)/kd, min.

    Args:
        release_per_min: kd, per min.
        threshold: T*, as a share of all Pb, between 0 and 1.

    Source: science.md 4.2.

    Example:
        >>> round(template_induction(release_per_min=0.004, threshold=0.38), 1)
        119.5
    """
    return float(-np.log1p(-threshold) / release_per_min)
