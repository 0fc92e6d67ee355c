"""Size to light and light to size by one law, each with its sigma."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.confinement.catalogue import NamedLaw
from cinedot.spectroscopy.confinement.known_sizes import Shape
from cinedot.spectroscopy.confinement.semiconductors import Semiconductor
from cinedot.spectroscopy.confinement.shapes import (
    Edges,
    Law,
    cube_edges,
    platelet_edges,
    require_edges,
)

_SEARCHED = 61
_EDGES: Mapping[Shape, Callable[[float], Edges]] = {"cube": cube_edges, "platelet": platelet_edges}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a law says of a shape.

    Attributes:
        energy: of its light, eV.
        wavelength: of its light, nm.
    """

    energy: Estimate
    wavelength: Estimate


def predict(named: NamedLaw, edges_nm: Edges) -> Prediction | None:
    """Energy and wavelength by a law; None where it does not speak of the shape.

    Sigma is that of the law's parameters: gap, mass, permittivity, and what it was fitted to. How
    far the law itself is wrong is not in it; the distance between laws tells that.

    Args:
        named: the law.
        edges_nm: nm; infinite along the wide axes of a platelet.

    Raises:
        InputError: an edge not above 0.
        AnalysisError: the law has no light there.

    Example:
        >>> from cinedot.spectroscopy.confinement.catalogue import laws_of
        >>> from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of
        >>> brus = laws_of(semiconductor_of("MAPbBr3"))[0]
        >>> found = predict(brus, (4 * 0.593,) * 3)
        >>> round(found.wavelength.value, 1), round(found.wavelength.sigma)
        (456.0, 5)
    """
    require_edges(edges_nm)
    if not named.law.applies(edges_nm):
        return None

    def energy_of(law: Law, semiconductor: Semiconductor) -> float:
        return law.energy_ev(edges_nm, semiconductor)

    energy, sigma = _with_sigma(named, energy_of)
    if energy <= 0:
        raise AnalysisError(
            f"{named.name} has no light at {edges_nm} nm: its energy is {energy:.3g} eV.",
            remedy="Take larger edges, or another law.",
        )
    wavelength = HC_EV_NM / energy
    return Prediction(
        energy=Estimate(value=energy, sigma=sigma, unit="eV", method=named.name),
        wavelength=Estimate(
            value=wavelength, sigma=wavelength * sigma / energy, unit="nm", method=named.name
        ),
    )


def edge_from_wavelength(named: NamedLaw, wavelength: Estimate, *, shape: Shape) -> Estimate:
    """The edge of a cube, or the thickness of a platelet, that a law gives such light: `predict`
    the other way.

    Args:
        named: the law.
        wavelength: with its sigma, nm.
        shape: whether the size is a cube's edge or a platelet's thickness.

    Returns:
        nm; sigma holds the wavelength's and that of the law's parameters.

    Raises:
        InputError: a wavelength not above 0, or a law that does not speak of such shapes.
        AnalysisError: no size has this wavelength.

    Example:
        >>> from cinedot.spectroscopy.confinement.catalogue import laws_of
        >>> from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of
        >>> brus = laws_of(semiconductor_of("MAPbBr3"))[0]
        >>> seen = Estimate(value=453.0, sigma=0.5, unit="nm", method="seen")
        >>> round(edge_from_wavelength(brus, seen, shape="cube").value, 2)
        2.33
    """
    energy, seen_sigma_ev = _energy_of(wavelength)
    edge = _invert(named, energy, shape)
    first, last = named.law.lengths_nm()
    below, above = max(edge * (1 - 1e-4), first), min(edge * (1 + 1e-4), last)
    low, high = (_energy_at(named, one, shape) for one in (below, above))
    slope = (high - low) / (above - below)
    # What a parameter does to the energy at this edge, the edge makes good.
    _, sigma_ev = _with_sigma(
        named, lambda law, semiconductor: law.energy_ev(_EDGES[shape](edge), semiconductor)
    )
    return Estimate(
        value=edge,
        sigma=math.hypot(sigma_ev, seen_sigma_ev) / abs(slope),
        unit="nm",
        method=named.name,
    )


def _energy_of(wavelength: Estimate) -> tuple[float, float]:
    value = wavelength.value
    if isinstance(value, str) or not value > 0:
        raise InputError(
            f"`wavelength` must be above 0 nm, but is {value}.", remedy="Write it as in 453 nm."
        )
    return HC_EV_NM / value, HC_EV_NM / value**2 * (wavelength.sigma or 0.0)


def _with_sigma(named: NamedLaw, of: Callable[[Law, Semiconductor], float]) -> tuple[float, float]:
    """A number by a law, and what its parameters' sigmas make of it, to first order."""
    value = of(named.law, named.semiconductor)
    parts = [
        (of(named.law, up) - of(named.law, down)) / 2 for up, down in named.semiconductor.shifted()
    ]
    parts += [
        (of(up, named.semiconductor) - of(down, named.semiconductor)) / 2
        for up, down in named.law.shifted()
    ]
    return value, math.hypot(*parts)


def _energy_at(named: NamedLaw, length_nm: float, shape: Shape) -> float:
    edges = _EDGES[shape](length_nm)
    return named.law.energy_ev(edges, named.semiconductor)


def _invert(named: NamedLaw, energy_ev: float, shape: Shape) -> float:
    """The length on the branch where energy falls with size."""
    from scipy.optimize import brentq

    def misfit(length_nm: float) -> float:
        return _energy_at(named, length_nm, shape) - energy_ev

    searched = np.geomspace(*named.law.lengths_nm(), _SEARCHED)
    if not named.law.applies(_EDGES[shape](float(searched[_SEARCHED // 2]))):
        raise InputError(f"{named.name} does not speak of {shape}s.", remedy="Take another law.")
    energies = np.array([misfit(float(one)) for one in searched])
    # Attraction falls off more slowly than confinement: beyond some size the energy rises again
    # towards the gap, and in soft walls it falls where the dot is too small to hold a carrier.
    low = int(np.argmax(energies))
    high = low + int(np.argmin(energies[low:]))
    if not energies[high] <= 0 <= energies[low]:
        shortest, longest = (HC_EV_NM / (energy_ev + float(energies[at])) for at in (low, high))
        raise AnalysisError(
            f"{named.name} gives no {shape} {HC_EV_NM / energy_ev:.1f} nm; its light lies between "
            f"{shortest:.0f} and {longest:.0f} nm.",
            remedy="Take another law.",
        )
    return cast(float, brentq(misfit, float(searched[low]), float(searched[high]), xtol=1e-12))
