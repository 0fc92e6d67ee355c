"""Which surface A sites stay empty: by rule, in the Coulomb ground state, at a temperature."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from cinedot.core import InputError
from cinedot.core.constants import BOLTZMANN_EV_PER_K
from cinedot.particle.coulomb import FillingEnergy, field_ev

_TIE_EV = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRule:
    """Corners are empty first, then edges, then faces; chance decides among equals.

    Source: the neutral clusters of the Infante group (science.md 2.1), the paper's ref. 48.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRandom:
    """Every choice of empty sites is equally likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoulombGround:
    """The lowest point-charge energy; chance decides among choices that symmetry makes equal.

    `starts` choices drawn at random are annealed side by side and then descended, each vacancy
    going to its best site until none gains. The lowest is taken, and of several that are level
    with it to 1e-6 eV any. Since the search knows no axis, choices that a symmetry operation of
    the sites turns into each other come equally often: QD4's 24 (8 corners and 5 edge mid-points).

    One start of 40 sweeps ended at the lowest energy known in all of 500 trials for QD4, in all
    of 100 for QD6, 84 for QD5, 54 for QD8; for QD12 in about one of ten, so give it more.

    Attributes:
        starts: independent searches.
        sweeps: steps of each annealing; in each every vacancy moves once.
    """

    starts: int = 16
    sweeps: int = 40

    def __post_init__(self) -> None:
        _require(self.starts >= 1, "starts", "at least 1", self.starts, "16 find QD4's")
        _require(self.sweeps >= 1, "sweeps", "at least 1", self.sweeps, "40 find QD4's")


@dataclass(frozen=True, slots=True, kw_only=True)
class Boltzmann:
    """Thermal equilibrium: odds in proportion to exp(-E / (eps_r k T)).

    Each draw is a chain of its own, from a choice at random through 20 sweeps of cooling and
    `sweeps` sweeps at T, in each of which every vacancy moves once. The energy and the places of
    QD4's vacancies at 298 K forget themselves in about 1 sweep (integrated autocorrelation time,
    eps_r 5 to 7; 3 sweeps at 100 K, 11 at 298 K in vacuum), so draws are independent and 50
    sweeps leave nothing of the start. Colder than that, take more, or `CoulombGround`.

    At the defaults about one draw of QD4 in a hundred keeps an A ion on a corner.

    Attributes:
        temperature_k: T, K.
        relative_permittivity: eps_r, screening by the crystal's electrons and the surroundings;
            5 to 7 (science.md 2.2).
        sweeps: sweeps at T.
    """

    temperature_k: float = 298.0
    relative_permittivity: float = 6.0
    sweeps: int = 50

    def __post_init__(self) -> None:
        t, eps = self.temperature_k, self.relative_permittivity
        _require(0 < t < np.inf, "temperature_k", "above 0 K", t, "Room temperature is 298")
        _require(
            1 <= eps < np.inf, "relative_permittivity", "at least 1 (vacuum)", eps, "Perovskites 6"
        )
        _require(self.sweeps >= 1, "sweeps", "at least 1", self.sweeps, "50 forget the start")

    @property
    def kt_ev(self) -> float:
        """eps_r k T, eV: what vacuum energies are compared with."""
        return BOLTZMANN_EV_PER_K * self.temperature_k * self.relative_permittivity


Vacancies = ByRule | CoulombGround | Boltzmann | AtRandom


def empty_candidates(
    vacancies: Vacancies,
    *,
    empties: int,
    rank: Int[np.ndarray, " candidate"],
    energy: Callable[[], FillingEnergy],
    rng: np.random.Generator,
) -> Int[np.ndarray, " empty"]:
    """Draw the candidates that stay empty.

    Args:
        vacancies: how they are chosen.
        empties: how many.
        rank: order in which the rule empties the candidates, lowest first [candidate].
        energy: gives the candidates' point-charge energies; called only where they count.
        rng: chance.

    Returns:
        Indices into the candidates, ascending [empty].

    Raises:
        InputError: fewer candidates than empties; energies of other candidates.

    Example:
        >>> rank = np.array([1, 0, 1, 0])
        >>> none = lambda: FillingEnergy(phi_ev=np.zeros(4), pair_ev=np.zeros((4, 4)))
        >>> empty_candidates(ByRule(), empties=2, rank=rank, energy=none,
        ...                  rng=np.random.default_rng(0)).tolist()
        [1, 3]
    """
    if not 0 <= empties <= len(rank):
        raise InputError(
            f"`empties` must be from 0 to the {len(rank)} candidates, but is {empties}.",
            remedy="Take fewer A ions away, or offer more sites.",
        )
    match vacancies:
        case ByRule():
            chosen = np.lexsort((rng.random(len(rank)), rank))[:empties]
        case AtRandom():
            chosen = rng.permutation(len(rank))[:empties]
        case CoulombGround() | Boltzmann():
            chosen = _by_energy(vacancies, empties, _matching(energy(), len(rank)), rng)
    return np.sort(chosen)


def _by_energy(
    vacancies: CoulombGround | Boltzmann,
    empties: int,
    filling: FillingEnergy,
    rng: np.random.Generator,
) -> Int[np.ndarray, " empty"]:
    if empties in (0, len(filling)):
        return np.arange(empties)
    hot = 0.5 * float(filling.pair_ev.max())
    if isinstance(vacancies, Boltzmann):
        cooling = np.geomspace(max(hot, vacancies.kt_ev), vacancies.kt_ev, 20)
        chain = _Chains.at_random(1, empties, filling, rng)
        for kt in [*cooling, *[vacancies.kt_ev] * vacancies.sweeps]:
            chain.sweep(float(kt), rng)
        return chain.empty[0]
    chains = _Chains.at_random(vacancies.starts, empties, filling, rng)
    for kt in np.geomspace(hot, hot / 100, vacancies.sweeps):
        chains.sweep(float(kt), rng)
    level = np.full(vacancies.starts, np.inf)
    while (chains.energies_ev() < level - _TIE_EV).any():
        level = chains.energies_ev()
        chains.sweep(_TIE_EV / 100, rng)
    level = chains.energies_ev()
    return chains.empty[rng.choice(np.flatnonzero(level < level.min() + _TIE_EV))]


@dataclass(slots=True, kw_only=True)
class _Chains:
    """Choices of empty candidates that move side by side, each with its field."""

    filling: FillingEnergy
    empty: Int[np.ndarray, "chain empty"]
    filled: Bool[np.ndarray, "chain candidate"]
    field: Float[np.ndarray, "chain candidate"]

    @classmethod
    def at_random(
        cls, chains: int, empties: int, filling: FillingEnergy, rng: np.random.Generator
    ) -> "_Chains":
        order = rng.permuted(np.tile(np.arange(len(filling)), (chains, 1)), axis=1)
        empty = order[:, :empties]
        filled = np.ones((chains, len(filling)), dtype=bool)
        np.put_along_axis(filled, empty, False, axis=1)
        return cls(filling=filling, empty=empty, filled=filled, field=field_ev(filling, filled))

    def sweep(self, kt_ev: float, rng: np.random.Generator) -> None:
        """Move every vacancy once, to a site (or back) drawn from its conditional odds at kT.

        An ion put back on the vacancy's site, any site among the filled then loses its ion with
        odds exp(h / kT), h the ion's energy there. This heat bath has the same equilibrium as
        Metropolis swaps and never idles. The largest of h / kT plus Gumbel noise is a draw from
        those odds at any temperature, without overflow.
        """
        pair, row = self.filling.pair_ev, np.arange(len(self.empty))
        noise = rng.gumbel(size=(self.empty.shape[1], *self.field.shape))
        for slot, gumbel in enumerate(noise):
            back = self.empty[:, slot]
            self.field += pair[back]
            self.filled[row, back] = True
            score = np.where(self.filled, self.field / kt_ev + gumbel, -np.inf)
            gone = score.argmax(axis=1)
            self.field -= pair[gone]
            self.filled[row, gone] = False
            self.empty[:, slot] = gone

    def energies_ev(self) -> Float[np.ndarray, " chain"]:
        twice = self.filling.phi_ev + field_ev(self.filling, self.filled)
        return (self.filled * twice).sum(axis=1) / 2


def _matching(filling: FillingEnergy, candidates: int) -> FillingEnergy:
    if len(filling) != candidates:
        raise InputError(
            f"`energy` must speak of the {candidates} candidates, but has {len(filling)}.",
            remedy="Make it with `filling_energy` from the same candidates.",
        )
    return filling


def _require(holds: bool, name: str, rule: str, value: float, remedy: str) -> None:
    if not holds:
        raise InputError(f"`{name}` must be {rule}, but is {value}.", remedy=f"{remedy}.")
