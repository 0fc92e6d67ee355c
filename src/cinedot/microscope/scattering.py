"""How strongly atoms scatter electrons, as sums of Gaussians that pixels can hold."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls

from cinedot.core import InputError
from cinedot.core.files import sourced_text

NARROWEST_ANGSTROM2 = 0.05
WIDEST_ANGSTROM2 = tuple(float(width) for width in np.geomspace(6.0, 600.0, 60))
REACH_PER_ANGSTROM = 2.4
# Narrower than this no atom's core shows below 5 per angstrom.
_CORE_ANGSTROM2 = 0.01
_FEWEST_RUNGS, _MOST_RUNGS = 4, 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Thermal:
    """Isotropic mean square displacements, which damp scattering by exp(-2 pi^2 U q^2).

    A frame lasts 10^10 vibrations, so their average, the Debye-Waller factor, is exact enough.

    Attributes:
        u_angstrom2: U of each element, angstrom^2; estimates at 298 K from room-temperature
            diffraction of CsPbBr3 and MAPbBr3 (science.md 2.5, marked as estimates there).
        otherwise_angstrom2: U of any other element.
    """

    u_angstrom2: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {"Pb": 0.02, "Br": 0.06, "Cs": 0.07, "C": 0.1, "N": 0.1, "O": 0.1}
        )
    )
    otherwise_angstrom2: float = 0.03

    def of(self, element: str) -> float:
        """U of an element, angstrom^2."""
        return self.u_angstrom2.get(element, self.otherwise_angstrom2)


AT_REST = Thermal(u_angstrom2=MappingProxyType({}), otherwise_angstrom2=0.0)
"""Atoms that do not move: for comparisons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianSum:
    """f_e(q) = sum of amplitude exp(-width q^2).

    Attributes:
        amplitudes: not negative, angstrom [term].
        widths: angstrom^2 [term].
        worst_angstrom: largest error of the sum up to the frequency it was fitted to.
    """

    amplitudes: Float[np.ndarray, " term"]
    widths: Float[np.ndarray, " term"]
    worst_angstrom: float

    def __call__(self, q_per_angstrom: Float[np.ndarray, " q"]) -> Float[np.ndarray, " q"]:
        """The sum at spatial frequencies q = 1/d, angstrom."""
        return np.exp(-np.outer(q_per_angstrom**2, self.widths)) @ self.amplitudes


@cache
def _kirkland() -> Mapping[str, Float[np.ndarray, " 12"]]:
    table = sourced_text("cinedot.microscope", "kirkland.csv")
    rows = csv.reader(io.StringIO(table.text))
    next(rows)
    return {row[0]: np.array([float(number) for number in row[1:]]) for row in rows}


def scattering_factor_angstrom(
    element: str, q_per_angstrom: Float[np.ndarray, " q"]
) -> Float[np.ndarray, " q"]:
    """Kirkland's electron scattering factor of a neutral atom, first Born approximation.

    f_e(q) = sum a/(q^2 + b) + c exp(-d q^2).

    Args:
        element: chemical symbol, hydrogen to lawrencium.
        q_per_angstrom: spatial frequencies 1/d, 1/angstrom.

    Returns:
        f_e, angstrom.

    Raises:
        InputError: the table has no such element.

    Source: Kirkland, Advanced Computing in Electron Microscopy, 2nd ed., App. C.

    Example:
        >>> [round(float(scattering_factor_angstrom(s, np.zeros(1))[0]), 2) for s in ("C", "Pb")]
        [2.51, 13.04]
    """
    if element not in _kirkland():
        raise InputError(
            f"`element` must be a chemical symbol from H to Lr, but is {element!r}.",
            remedy="Name the atoms by their elements.",
        )
    a, b, c, d = _kirkland()[element].reshape(4, 3)
    q2 = q_per_angstrom[:, None] ** 2
    return (a / (q2 + b) + c * np.exp(-d * q2)).sum(axis=1)


@cache
def gaussian_sum(
    element: str,
    *,
    u_angstrom2: float = 0.0,
    reach_per_angstrom: float = REACH_PER_ANGSTROM,
    narrowest_angstrom2: float = NARROWEST_ANGSTROM2,
    tolerance_angstrom: float = 1e-4,
) -> GaussianSum:
    """The damped scattering factor as Gaussians with amplitudes that are not negative.

    Non-negative least squares over a ladder of widths: float32 loses nothing to cancellation.
    The shortest ladder that is good enough is taken, of at most 14 rungs.

    Args:
        element: chemical symbol.
        u_angstrom2: mean square displacement, folded in as exp(-2 pi^2 U q^2).
        reach_per_angstrom: largest q that must be right.
        narrowest_angstrom2: smallest width, for pixels that could not hold a narrower one.
        tolerance_angstrom: largest error wished for.

    Returns:
        The sum, with the error that it really has: where `narrowest_angstrom2` or 14 rungs do not
        allow the tolerance, the best that was found.

    Example:
        >>> gaussian_sum("Br").worst_angstrom < 1e-4
        True
    """
    q = np.linspace(0, reach_per_angstrom, 400)
    damping = 2 * math.pi**2 * u_angstrom2
    narrowest = max(narrowest_angstrom2, damping + _CORE_ANGSTROM2)
    target = scattering_factor_angstrom(element, q) * np.exp(-damping * q**2)
    best: GaussianSum | None = None
    for terms in range(_FEWEST_RUNGS, _MOST_RUNGS + 1):
        # How far an atom's diffuse shell reaches differs tenfold from oxygen to caesium, so the
        # ladder's upper end is tried, not fixed.
        for widest in WIDEST_ANGSTROM2:
            found = _on_ladder(q, target, np.geomspace(narrowest, widest + damping, terms))
            if found and (best is None or found.worst_angstrom < best.worst_angstrom):
                best = found
            if best is not None and best.worst_angstrom <= tolerance_angstrom:
                return best
    if best is None:
        raise InputError(
            f"the scattering factor of {element} must be a sum of Gaussians no narrower than "
            f"{narrowest:.3g} square angstrom, but none was found.",
            remedy="Take smaller pixels.",
        )
    return best


def _on_ladder(
    q: Float[np.ndarray, " q"], target: Float[np.ndarray, " q"], widths: Float[np.ndarray, " term"]
) -> GaussianSum | None:
    """The best sum over the given widths, or None where the search does not settle."""
    ladder = np.exp(-np.outer(q**2, widths))
    try:
        amplitudes = nnls(ladder, target, maxiter=500)[0]
    except RuntimeError:
        return None
    used = amplitudes > 0
    return GaussianSum(
        amplitudes=amplitudes[used],
        widths=widths[used],
        worst_angstrom=float(np.abs(ladder @ amplitudes - target).max()),
    )
