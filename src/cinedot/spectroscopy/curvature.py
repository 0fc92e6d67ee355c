"""Where a spectrum bends down most: the place of a band that may be no more than a shoulder.

Everything is in photon energy, where the second derivative of a band is symmetric about it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_MOST_CENTRES = 300
_LEAST_POINTS = 9
"""In a window: a polynomial of the fourth degree must leave something over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bend:
    """A minimum of the second derivative.

    Attributes:
        energy_ev, sigma_ev: where it is, eV.
        fwhm_ev: width of the Gaussian band whose second derivative changes sign where this does.
        curvature: second derivative there, 1/eV^2, negative.
        significance: how many standard deviations that is.
    """

    energy_ev: float
    sigma_ev: float
    fwhm_ev: float
    curvature: float
    significance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curvature:
    """A spectrum's second derivative.

    Attributes:
        energy_ev: rising, eV.
        second: of the spectrum with energy, 1/eV^2.
        sigma: its standard deviation, for independent points of standard deviation 1.
    """

    energy_ev: Float[np.ndarray, " centre"]
    second: Float[np.ndarray, " centre"]
    sigma: Float[np.ndarray, " centre"]


def curvature_of(
    energy_ev: Float[np.ndarray, " x"], values: Float[np.ndarray, " x"], *, half_width_ev: float
) -> Curvature:
    """The second derivative by polynomials of the third degree in a moving window.

    Weights fall to nought at its ends (1 - u^2)^2; places whose window is not filled on both
    sides are left out.

    Args:
        energy_ev: rising, eV, in any steps.
        values: there.
        half_width_ev: of the window, eV; wider where it would hold fewer than 9 points.

    Source: A. Savitzky, M. Golay, Anal. Chem. 36 (1964) 1627, for unequal steps.

    Example:
        >>> e = np.linspace(2.0, 3.0, 101)
        >>> bent = curvature_of(e, 1.5 * e**2, half_width_ev=0.1)
        >>> bool(np.allclose(bent.second, 3.0))
        True
    """
    step = max(1, len(energy_ev) // _MOST_CENTRES)
    rows: list[tuple[float, float, float]] = []
    for centre in energy_ev[::step]:
        window = _window(energy_ev, float(centre), half_width_ev)
        if window is not None:
            operator, inside, reach = window
            second = 2.0 * operator[2] / reach**2
            found = float(second @ values[inside])
            rows.append((float(centre), found, float(np.linalg.norm(second))))
    table = np.array(rows).reshape(-1, 3).T
    return Curvature(energy_ev=table[0], second=table[1], sigma=table[2])


def sharpened(
    energy_ev: Float[np.ndarray, " x"],
    values: Float[np.ndarray, " x"],
    *,
    start_ev: float,
    half_width_ev: float,
) -> tuple[float, float] | None:
    """The place near a start where the third derivative is nought, and its sigma, eV.

    By polynomials of the fourth degree. Sigma is for independent points of standard deviation 1;
    None where there is no such place within the window, or too few points.

    Args:
        energy_ev, values: the spectrum, rising in energy.
        start_ev: where to begin, eV.
        half_width_ev: see `curvature_of`.
    """
    place = start_ev
    for _ in range(30):
        window = _window(energy_ev, place, half_width_ev, degree=4)
        if window is None:
            return None
        operator, inside, reach = window
        terms = operator @ values[inside]
        if terms[4] <= 0:
            return None
        move = float(np.clip(-terms[3] / (4.0 * terms[4]), -0.3, 0.3)) * reach
        place += move
        if abs(place - start_ev) > half_width_ev:
            return None
        if abs(move) < 1e-6 * reach:
            return place, float(np.linalg.norm(operator[3])) / (4.0 * float(terms[4])) * reach
    return None


def width_between_signs(curvature: Curvature, place: int) -> float:
    """FWHM of the Gaussian whose second derivative changes sign where this does, eV.

    Where the sign changes within the record on one side only, that side counts twice.
    """
    energy, second = curvature.energy_ev, curvature.second
    sides: list[float] = []
    for step in (-1, 1):
        k = place
        while 0 <= k + step < len(energy) and second[k] < 0:
            k += step
        if second[k] >= 0:
            share = second[k] / (second[k] - second[k - step])
            sides.append(abs(energy[k] - share * (energy[k] - energy[k - step]) - energy[place]))
    half = float(np.mean(sides)) if sides else float(energy[-1] - energy[0]) / 4
    return half * float(np.sqrt(8.0 * np.log(2.0)))


def _window(
    energy_ev: Float[np.ndarray, " x"], centre: float, half_width_ev: float, *, degree: int = 3
) -> tuple[Float[np.ndarray, "term point"], np.ndarray, float] | None:
    """What gives a polynomial's terms in (E - centre)/reach from the values within."""
    distance = np.abs(energy_ev - centre)
    if len(distance) < _LEAST_POINTS:
        return None
    reach = max(half_width_ev, 1.001 * float(np.partition(distance, _LEAST_POINTS - 1)[8]))
    inside = np.flatnonzero(distance <= reach)
    across = (energy_ev[inside] - centre) / reach
    if across.min() > -0.8 or across.max() < 0.8:
        return None
    weight = (1.0 - across**2) ** 2 + 1e-6
    terms = across[:, None] ** np.arange(degree + 1)
    weighed = terms.T * weight
    return np.linalg.solve(weighed @ terms, weighed), inside, reach
