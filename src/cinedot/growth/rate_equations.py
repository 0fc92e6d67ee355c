"""A network in time: its rate equations, solved by SciPy's LSODA (stiff where it must be)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError
from cinedot.growth.network import Network

_RELATIVE = 1e-10
_ABSOLUTE = 1e-13
"""Of the greatest concentration."""


@dataclass(frozen=True, kw_only=True)
class RateTable:
    """All rates of a network as arrays, for many states at once.

    Attributes:
        network: whose they are.
    """

    network: Network

    @cached_property
    def change(self) -> Float[np.ndarray, "reaction species"]:
        """What each reaction adds to each species."""
        return self._counts("products") - self._counts("reactants")

    @cached_property
    def taken(self) -> Float[np.ndarray, "reaction species"]:
        """What each reaction takes of each species."""
        return self._counts("reactants")

    def rates(
        self, state_mm: Float[np.ndarray, "... species"]
    ) -> Float[np.ndarray, "... reaction"]:
        """Of each reaction, mM per min.

        Args:
            state_mm: concentrations, mM; negative ones, which only rounding makes, count as 0.
        """
        there = np.clip(state_mm, 0.0, None)
        found = self._constants * self._powers(there)
        for reaction, one in enumerate(self.network.reactions):
            rate = one.rate
            if rate.threshold is not None:
                level = rate.threshold
                ratio = there[..., self._index[level.species]] / level.level_mm
                steep = np.minimum(ratio, 1e12) ** level.order
                found[..., reaction] *= steep / (1.0 + steep)
            if rate.blocking is not None:
                block = rate.blocking
                bound = block.affinity_per_mm * there[..., self._index[block.species]]
                found[..., reaction] *= (1.0 + bound) ** -block.order
            for name, limit in rate.limits_mm.items():
                left = there[..., self._index[name]]
                found[..., reaction] *= left / (left + limit)
        return found

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {name: k for k, name in enumerate(self.network.names)}

    @cached_property
    def _constants(self) -> Float[np.ndarray, " reaction"]:
        return np.array([one.rate.constant for one in self.network.reactions])

    def _powers(self, there: Float[np.ndarray, "... species"]) -> Float[np.ndarray, "... reaction"]:
        product = np.ones((*there.shape[:-1], len(self.network.reactions)))
        for reaction, one in enumerate(self.network.reactions):
            for name, order in one.rate.orders.items():
                product[..., reaction] *= there[..., self._index[name]] ** order
        return product

    def _counts(self, side: str) -> Float[np.ndarray, "reaction species"]:
        found = np.zeros((len(self.network.reactions), len(self.network.species)))
        for reaction, one in enumerate(self.network.reactions):
            for name, count in getattr(one, side).items():
                found[reaction, self._index[name]] += count
        return found


@dataclass(frozen=True, kw_only=True)
class Growth:
    """A network's concentrations against time.

    Attributes:
        network: what ran.
        time_min: since mixing, min.
        concentration_mm: of each time and species, mM.
    """

    network: Network
    time_min: Float[np.ndarray, " time"]
    concentration_mm: Float[np.ndarray, "time species"]

    def of(self, species: str) -> Float[np.ndarray, " time"]:
        """One species's concentration, mM."""
        return self.concentration_mm[:, self.network.names.index(species)]

    def total(self, element: str) -> Float[np.ndarray, " time"]:
        """All of an element, free and bound, mM."""
        return self.concentration_mm @ np.array(self.network.holding(element))


def run_network(network: Network, time_min: Float[np.ndarray, " time"]) -> Growth:
    """Concentrations against time.

    Args:
        network: with its amounts at the beginning; see `Network.starting_with`.
        time_min: when they are wanted, from 0 on, rising, min.

    Raises:
        AnalysisError: the equations cannot be followed, as where a concentration explodes.

    Source: L. Petzold, SIAM J. Sci. Stat. Comput. 4 (1983) 136 (LSODA).

    Example:
        >>> from cinedot.growth.network_files import network_named
        >>> grown = run_network(network_named("template"), np.linspace(0.0, 600.0, 1201))
        >>> q = grown.of("Q4") / grown.of("Q4")[-1]
        >>> float(grown.time_min[np.argmax(q > 0.05)])
        115.0
    """
    from scipy.integrate import solve_ivp

    table = RateTable(network=network)
    start = np.array([one.initial_mm for one in network.species])
    scale = float(np.max(start, initial=0.0)) or 1.0
    if len(time_min) == 0 or float(time_min[-1]) == 0.0:
        return Growth(
            network=network,
            time_min=time_min,
            concentration_mm=start[None].repeat(len(time_min), 0),
        )
    found = solve_ivp(
        lambda _, state: table.rates(state) @ table.change,
        (0.0, float(time_min[-1])),
        start,
        method="LSODA",
        t_eval=time_min,
        rtol=_RELATIVE,
        atol=_ABSOLUTE * scale,
    )
    if not found.success or not np.isfinite(found.y).all():
        raise AnalysisError(
            f"the network {network.name!r} cannot be followed to {float(time_min[-1]):g} min: "
            f"{found.message}",
            remedy="Look at its constants: one may be too large by a unit.",
        )
    return Growth(network=network, time_min=time_min, concentration_mm=found.y.T)
