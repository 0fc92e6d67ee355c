"""A titration: what light was seen with so much ammonium, at several amounts."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.growth.ligand_balance import require_equivalents


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One quantity of a titration.

    Attributes:
        values: at each amount; NaN where nobody looked.
        sigma: one standard deviation of each, where known.
    """

    values: Float[np.ndarray, " point"]
    sigma: Float[np.ndarray, " point"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TitrationRecord:
    """Peak, width and yield against the ammonium added, as far as they were measured.

    Attributes:
        equivalents: ammonium (oleylamine) per Pb, not negative, in order.
        label: which titration this is.
        peak_nm, fwhm_nm, quantum_yield: what was seen; None where there is no such column.
        maxima_nm: every maximum at each amount, where spectra tell it.

    Raises:
        InputError: amounts that are negative or all alike; no quantity; a peak, width or yield
            that is not above 0; a yield in percent; a sigma that is not above 0.

    Example:
        >>> TitrationRecord(
        ...     equivalents=np.array([0.25, 0.5]), label="MLA",
        ...     peak_nm=Observed(values=np.array([517.0, 453.0]))).count
        2
    """

    equivalents: Float[np.ndarray, " point"]
    label: str
    peak_nm: Observed | None = None
    fwhm_nm: Observed | None = None
    quantum_yield: Observed | None = None
    maxima_nm: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        require_equivalents(self.equivalents)
        if len(np.unique(self.equivalents)) < 2:
            raise InputError(
                "a titration must have at least two different amounts, but has "
                f"{len(np.unique(self.equivalents))}.",
                remedy="Give one row for each amount of oleylamine.",
            )
        named = (("peak", self.peak_nm), ("width", self.fwhm_nm), ("yield", self.quantum_yield))
        if all(one is None for _, one in named):
            raise InputError(
                "a titration must hold a peak, a width or a quantum yield, but holds none.",
                remedy="Head the columns equivalents, peak_nm, quantum_yield, fwhm_nm.",
            )
        for name, one in named:
            if one is not None:
                _require(name, one)

    @property
    def count(self) -> int:
        """Amounts."""
        return len(self.equivalents)


def _require(name: str, one: Observed) -> None:
    known = one.values[~np.isnan(one.values)]
    least_ok = (known >= 0).all() if name == "yield" else (known > 0).all()
    if not (np.isfinite(known).all() and least_ok):
        raise InputError(
            f"every {name} must be above 0, but one is {float(known.min()):g}.",
            remedy="Correct it, or empty the cell.",
        )
    if name == "yield" and (known > 1.5).any():
        raise InputError(
            f"quantum yields must be shares, but one is {float(known.max()):g}.",
            remedy="Divide percent by 100.",
        )
    if one.sigma is not None and not (one.sigma > 0).all():
        raise InputError(
            f"the sigma of a {name} must be above 0, but one is not.",
            remedy="Correct it, or leave the column out.",
        )
