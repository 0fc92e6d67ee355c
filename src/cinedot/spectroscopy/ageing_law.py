"""How light fades: the laws of stability records, and how a bound ligand slows the fading."""

import numpy as np
from jaxtyping import Float


def share_left(
    time_h: Float[np.ndarray, " time"], *, half_life_h: float, shape: float = 1.0
) -> Float[np.ndarray, " time"]:
    """The share of the first intensity that is left: 2^-(t/t_half)^shape.

    With tau = t_half/(ln 2)^(1/shape) this is exp(-(t/tau)^shape): an exponential for shape 1,
    stretched below, compressed (late and sudden) above.

    Args:
        time_h: since the beginning, h.
        half_life_h: when half is left, h.
        shape: the exponent, often called beta.

    Source: R. Kohlrausch, Ann. Phys. 167 (1854) 179; science.md 6.

    Example:
        >>> share_left(np.array([0.0, 40.0, 80.0]), half_life_h=40.0)
        array([1.  , 0.5 , 0.25])
        >>> float(share_left(np.array([10.0]), half_life_h=135.134)[0].round(6))  # 95 % at 10 h
        0.95
    """
    return 2.0 ** -((time_h / half_life_h) ** shape)


def rate_of(half_life_h: float) -> float:
    """The rate of an exponential with that half-life, ln 2/t_half, per h.

    Example:
        >>> round(24 * rate_of(40 * 24.0), 4)  # 40 days: per day
        0.0173
    """
    return float(np.log(2.0)) / half_life_h


def ligand_cover(
    concentration: Float[np.ndarray, " condition"], *, affinity: float
) -> Float[np.ndarray, " condition"]:
    """The share of a dot's places that a free ligand keeps filled: K c/(1 + K c).

    Args:
        concentration: of the free ligand.
        affinity: K, one over the unit of the concentration.

    Source: I. Langmuir, J. Am. Chem. Soc. 40 (1918) 1361; science.md 6.

    Example:
        >>> ligand_cover(np.array([0.0, 1.0, 3.0]), affinity=1.0)
        array([0.  , 0.5 , 0.75])
    """
    return affinity * concentration / (1.0 + affinity * concentration)


def loss_rate(
    concentration: Float[np.ndarray, " condition"],
    *,
    bare_rate_per_h: float,
    affinity: float,
    order: float = 1.0,
) -> Float[np.ndarray, " condition"]:
    """How fast dots go dark that lose their ligand in equilibrium: k0 (1 - cover)^order, per h.

    Args:
        concentration: of the free ligand.
        bare_rate_per_h: the rate without free ligand, k0, per h.
        affinity: K, one over the unit of the concentration.
        order: how many places must be bare at once.

    Source: science.md 6.

    Example:
        >>> loss_rate(np.array([0.0, 4.0]), bare_rate_per_h=0.03, affinity=0.5)
        array([0.03, 0.01])
    """
    return bare_rate_per_h * (1.0 - ligand_cover(concentration, affinity=affinity)) ** order
