"""A network in a volume so small that single reactions count: Gillespie's exact simulation."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from cinedot.core import InputError
from cinedot.growth.network import Network
from cinedot.growth.rate_equations import RateTable

PER_MM_LITRE = 6.02214076e20
"""Molecules in a litre at 1 mM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledGrowth:
    """Molecules of each species against time, in several runs.

    Attributes:
        network: what ran.
        time_min: since mixing, min.
        counts: of each run, time and species.
        volume_litre: where they were, litre.
    """

    network: Network
    time_min: Float[np.ndarray, " time"]
    counts: Int[np.ndarray, "run time species"]
    volume_litre: float

    @property
    def concentration_mm(self) -> Float[np.ndarray, "run time species"]:
        """The same in mM."""
        return self.counts / (PER_MM_LITRE * self.volume_litre)


def sample_network(
    network: Network,
    time_min: Float[np.ndarray, " time"],
    *,
    volume_litre: float,
    runs: int,
    rng: np.random.Generator,
) -> SampledGrowth:
    """Molecules against time, as chance has it: the direct method, all runs side by side.

    The mean follows the rate equations where every rate is linear, and in large volumes
    otherwise. A reaction of mass action counts pairs, triples ... of different molecules; another
    takes its rate as it is. None runs for which a reactant is short.

    Args:
        network: with its amounts at the beginning, rounded to whole molecules here.
        time_min: when counts are wanted, from 0 on, rising, min.
        volume_litre: of the vessel, litre.
        runs: how many.
        rng: what decides.

    Raises:
        InputError: a reaction that takes or gives a part of a molecule.

    Source: D. T. Gillespie, J. Phys. Chem. 81 (1977) 2340.

    Example:
        >>> from cinedot.growth.network import Rate, Reaction, Species
        >>> pair = (Species(name="A", composition={"Pb": 1}, initial_mm=1.0),
        ...         Species(name="B", composition={"Pb": 1}))
        >>> step = Reaction(name="turn", reactants={"A": 1}, products={"B": 1},
        ...                 rate=Rate(constant=0.1, orders={"A": 1}))
        >>> found = sample_network(
        ...     Network(name="turns", species=pair, reactions=(step,)), np.array([0.0, 10.0]),
        ...     volume_litre=1e-19, runs=3, rng=np.random.default_rng(0))
        >>> found.counts[:, 0].tolist(), found.counts.sum(axis=2).tolist()
        ([[60, 0], [60, 0], [60, 0]], [[60, 60], [60, 60], [60, 60]])
    """
    chance = _Chance(network, PER_MM_LITRE * volume_litre)
    start = np.array([round(one.initial_mm * chance.per_mm) for one in network.species])
    state = np.tile(start, (runs, 1))
    clock, reached = np.zeros(runs), np.zeros(runs, dtype=np.int64)
    counts = np.zeros((runs, len(time_min), len(start)), dtype=np.int64)
    running = np.arange(runs)
    while len(running):
        chances = chance.of(state[running])
        total = chances.sum(axis=1)
        waits = rng.exponential(size=len(running)) / np.where(total > 0, total, 1.0)
        after = np.where(total > 0, clock[running] + waits, np.inf)
        _note(counts, state, running, reached, after, time_min)
        going = reached[running] < len(time_min)
        running, chances, total = running[going], chances[going], total[going]
        clock[running] = after[going]
        drawn = rng.random(len(running)) * total
        which = (np.cumsum(chances, axis=1) <= drawn[:, None]).sum(axis=1)
        state[running] += chance.change[np.minimum(which, chances.shape[1] - 1)]
    return SampledGrowth(
        network=network, time_min=time_min, counts=counts, volume_litre=volume_litre
    )


def _note(
    counts: Int[np.ndarray, "run time species"],
    state: Int[np.ndarray, "run species"],
    running: Int[np.ndarray, " some"],
    reached: Int[np.ndarray, " run"],
    after: Float[np.ndarray, " some"],
    time_min: Float[np.ndarray, " time"],
) -> None:
    """Write down the state at every time that passes before the next reaction."""
    upto = np.searchsorted(time_min, after, side="left")
    for run, last in zip(running.tolist(), upto.tolist(), strict=True):
        if last > reached[run]:
            counts[run, reached[run] : last] = state[run]
            reached[run] = last


class _Chance:
    """How probable each reaction is, per min, for given numbers of molecules."""

    def __init__(self, network: Network, per_mm: float) -> None:
        self.per_mm = per_mm
        self._table = RateTable(network=network)
        self._network = network
        taken, change = self._table.taken, self._table.change
        whole = (taken == np.round(taken)).all() and (change == np.round(change)).all()
        if not whole:
            raise InputError(
                "reactions must take and give whole molecules, but some of "
                f"{network.name!r} do not.",
                remedy="Multiply the equation, and divide its rate by the same number.",
            )
        self._taken = taken.astype(np.int64)
        self.change = change.astype(np.int64)

    def of(self, state: Int[np.ndarray, "run species"]) -> Float[np.ndarray, "run reaction"]:
        found = self._table.rates(state / self.per_mm) * self.per_mm
        for k, reaction in enumerate(self._network.reactions):
            if reaction.mass_action:
                found[:, k] *= self._apart(state, k)
            enough = (state >= self._taken[k]).all(axis=1)
            found[:, k] = np.where(enough, found[:, k], 0.0)
        return found

    def _apart(
        self, state: Int[np.ndarray, "run species"], reaction: int
    ) -> Float[np.ndarray, " run"]:
        """N (N - 1) ... over N^n: no molecule meets itself."""
        factor = np.ones(len(state))
        for species in np.flatnonzero(self._taken[reaction] > 1).tolist():
            number = np.maximum(state[:, species], 1).astype(np.float64)
            for k in range(1, int(self._taken[reaction, species])):
                factor *= np.clip(number - k, 0.0, None) / number
        return factor
