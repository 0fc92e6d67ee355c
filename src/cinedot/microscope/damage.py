"""Surface halides that hop, leave and come back under the beam: a Markov chain over sites.

A state is which halide sits on which terminal site. Every halide may leave, hop into an empty
site in reach, and every empty site may be filled from around; waiting times are exponential and
drawn one after the other (Gillespie, J. Phys. Chem. 81, 2340 (1977)), so the chain is exact at
any rate and the same in whatever stretches of frames it is made.
"""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from cinedot.core import InputError
from cinedot.microscope.damage_rates import Damage, HalideRates, halide_rates
from cinedot.microscope.halide_events import HalideEvent as HalideEvent
from cinedot.microscope.halide_events import Kind as Kind
from cinedot.microscope.halide_events import changes as changes
from cinedot.microscope.halide_sites import EMPTY as EMPTY
from cinedot.microscope.halide_sites import HalideSites as HalideSites
from cinedot.microscope.halide_sites import halide_sites as halide_sites
from cinedot.microscope.limits import MOST_HALIDE_STEPS
from cinedot.microscope.whole import require_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageState:
    """Where the chain has come to.

    Attributes:
        places: the sites; rates: of their changes.
        frame_s: a frame's time, s.
        parts: how many equal parts of a frame are told apart.
        next_frame: the first frame not yet made.
        halide: which halide sits on each place now, -1 for none [place].
        shown: the same at the last frame's mid-exposure, before the first frame at its start.
        next_s: when the next change comes.
        newest: the number that the next halide to come gets.
        rng: chance; never drawn from in place.
    """

    places: HalideSites
    rates: HalideRates
    frame_s: float
    parts: int
    next_frame: int
    halide: Int[np.ndarray, " place"]
    shown: Int[np.ndarray, " place"]
    next_s: float
    newest: int
    rng: np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageStretch:
    """What some frames show of the surface halides.

    Attributes:
        first_frame: number of the first.
        site: lattice sites that the columns stand for [place].
        middle: which halide each place holds at mid-exposure, -1 for none [frame, place]: the
            truth of the tables.
        share: how much of each part of a frame a place is filled for [frame, part, place]: what
            is filmed.
        steps: every step of the chain.
        events: what changed between neighbouring frames' mid-exposures, halide by halide: the
            truth of the table `events`. A halide that went to and fro within a frame made
            steps but no event; what happens before the first mid-exposure is no event.
    """

    first_frame: int
    site: Int[np.ndarray, " place"]
    middle: Int[np.ndarray, "frame place"]
    share: Float[np.ndarray, "frame part place"]
    steps: tuple[HalideEvent, ...]
    events: tuple[HalideEvent, ...]

    @property
    def mean(self) -> Float[np.ndarray, "frame place"]:
        """The share of each frame in which a place is filled."""
        return self.share.mean(axis=1)


def begin_damage(
    dot: Atoms,
    damage: Damage,
    *,
    dose_rate_e_per_nm2_s: float,
    frame_s: float,
    parts: int = 1,
    rng: np.random.Generator,
) -> DamageState:
    """The chain before the first frame.

    Args:
        dot: atoms from `cinedot.particle.build`.
        damage: cross sections, barriers, protection.
        dose_rate_e_per_nm2_s: the beam.
        frame_s: a frame's time, s.
        parts: how many equal parts of a frame to tell apart, as many as it is filmed in.
        rng: chance; a generator is spawned from it. The chain does not depend on the parts.

    Raises:
        InputError: atoms without sites, halides that are there in part, a negative dose rate,
            frames of no time or no part, rates of more than 20,000 steps a frame.
    """
    if not 0 < frame_s < math.inf:
        raise InputError(f"`frame_s` must be positive, but is {frame_s}.", remedy="Say 0.02.")
    require_whole("parts", parts, least=1, remedy="Say 5.")
    places = halide_sites(dot, damage.hop_reach)
    rates = halide_rates(damage, dose_rate_e_per_nm2_s)
    _require_few_steps(places, rates, frame_s)
    own = rng.spawn(1)[0]
    return DamageState(
        places=places,
        rates=rates,
        frame_s=frame_s,
        parts=parts,
        next_frame=0,
        halide=places.halide,
        shown=places.halide,
        next_s=_waiting(places, rates, places.halide, own),
        newest=int(places.halide.max(initial=EMPTY)) + 1,
        rng=own,
    )


def _require_few_steps(places: HalideSites, rates: HalideRates, frame_s: float) -> None:
    """Refuse rates at which a frame would be steps and nothing else.

    Losses alone end when all have left, gains when all is full; hops go on for ever.
    """
    coming_and_going = 2 * min(rates.loss, rates.gain) * len(places.site)
    steps = frame_s * (rates.hop * len(places.pairs) / 2 + coming_and_going)
    if not (steps <= MOST_HALIDE_STEPS and all(map(math.isfinite, rates))):
        raise InputError(
            f"`damage` must make at most {MOST_HALIDE_STEPS} steps of halides in a frame of "
            f"{frame_s:g} s, but its rates (loss {rates.loss:.3g}, hop {rates.hop:.3g}, gain "
            f"{rates.gain:.3g} a second) may make {steps:.3g}.",
            remedy="Take a shorter `frame_s`, or in Python higher barriers or a lower temperature.",
        )


def next_damage(state: DamageState, count: int) -> tuple[DamageStretch, DamageState]:
    """The next `count` frames, and the state behind them.

    Example:
        >>> from cinedot.particle import Cuboid, build, host_named
        >>> dot = build(Cuboid.cube(3, host_named("CsPbBr3")), "mla-cs", seed=1)
        >>> begun = begin_damage(dot, Damage(), dose_rate_e_per_nm2_s=2.5e7, frame_s=0.02,
        ...                      rng=np.random.default_rng(0))
        >>> stretch, state = next_damage(begun, 10)
        >>> stretch.middle.shape == stretch.mean.shape == (10, len(stretch.site))
        True
    """
    first, places = state.next_frame, state.places
    # The state that came in must give the same frames again.
    chain = replace(state, rng=copy.deepcopy(state.rng))
    middle = np.empty((count, len(places.site)), dtype=np.int64)
    share = np.empty((count, state.parts, len(places.site)))
    steps: list[HalideEvent] = []
    events: list[HalideEvent] = []
    for row in range(count):
        frame = first + row
        chain, middle[row], share[row], made = _through_frame(chain)
        steps += made
        if frame > 0:
            half = (frame + 0.5) * state.frame_s
            events += changes(chain.shown, middle[row], places.site, frame, half)
        chain = replace(chain, shown=middle[row], next_frame=frame + 1)
    stretch = DamageStretch(
        first_frame=first,
        site=places.site,
        middle=middle,
        share=share,
        steps=tuple(steps),
        events=tuple(events),
    )
    return stretch, chain


def damages(state: DamageState, frames: int, count: int) -> Iterator[DamageStretch]:
    """The chain through `frames` frames, `count` at a time."""
    while state.next_frame < frames:
        stretch, state = next_damage(state, min(count, frames - state.next_frame))
        yield stretch


def _through_frame(
    state: DamageState,
) -> tuple[
    DamageState,
    Int[np.ndarray, " place"],
    Float[np.ndarray, "part place"],
    list[HalideEvent],
]:
    """The chain through its next frame: mid-exposure, shares of the parts, steps."""
    part_s = state.frame_s / state.parts
    stops = [((part + 1) / state.parts, part) for part in range(state.parts)]
    if state.parts % 2:
        stops = sorted([*stops, (0.5, state.parts // 2)])
    filled_s = np.zeros((state.parts, len(state.halide)))
    middle, made, since = state.halide, list[HalideEvent](), state.next_frame * state.frame_s
    for stop, part in stops:
        until = (state.next_frame + stop) * state.frame_s
        state, for_s, steps = _passed(state, since, until)
        filled_s[part] += for_s
        made += steps
        since = until
        if stop == 0.5:
            middle = state.halide
    # A place that nothing happened to is filled or empty, not nearly so.
    share = np.where(filled_s > (1 - 1e-9) * part_s, 1.0, filled_s / part_s)
    return state, middle, share, made


def _passed(
    state: DamageState, since: float, until: float
) -> tuple[DamageState, Float[np.ndarray, " place"], list[HalideEvent]]:
    """The chain from one moment to another, and how long each place was filled."""
    filled_s = np.zeros(len(state.halide))
    made: list[HalideEvent] = []
    while state.next_s <= until:
        filled_s += (state.halide != EMPTY) * (state.next_s - since)
        since = state.next_s
        state, event = _stepped(state)
        made.append(event)
    return state, filled_s + (state.halide != EMPTY) * (until - since), made


def _stepped(state: DamageState) -> tuple[DamageState, HalideEvent]:
    """The change that comes at `next_s`, and when the one after it comes."""
    places, rates, rng = state.places, state.rates, state.rng
    filled, empty, ways = _chances(places, state.halide)
    weights = [rates.loss * len(filled), rates.hop * len(ways), rates.gain * len(empty)]
    choice = int(np.searchsorted(np.cumsum(weights), rng.random() * sum(weights), side="right"))
    halide, newest = state.halide.copy(), state.newest
    came_from = went_to = EMPTY
    kind: Kind
    if choice == 0:
        kind, came_from = "loss", int(rng.choice(filled))
    elif choice == 1:
        kind = "hop"
        came_from, went_to = (int(place) for place in ways[rng.integers(len(ways))])
        halide[went_to] = halide[came_from]
    else:
        kind, went_to = "gain", int(rng.choice(empty))
        halide[went_to], newest = newest, newest + 1
    if came_from != EMPTY:
        halide[came_from] = EMPTY
    site = [EMPTY if place == EMPTY else int(places.site[place]) for place in (came_from, went_to)]
    frame = max(0, math.ceil(state.next_s / state.frame_s - 0.5))
    event = HalideEvent(frame, state.next_s, kind, site[0], site[1])
    wait = _waiting(places, rates, halide, rng)
    after = replace(state, halide=halide, newest=newest, next_s=state.next_s + wait)
    return after, event


def _chances(
    places: HalideSites, halide: Int[np.ndarray, " place"]
) -> tuple[Int[np.ndarray, " filled"], Int[np.ndarray, " empty"], Int[np.ndarray, "way 2"]]:
    """Filled places, empty places, and the hops that are open."""
    here = halide != EMPTY
    open_ways = here[places.pairs[:, 0]] & ~here[places.pairs[:, 1]]
    return np.flatnonzero(here), np.flatnonzero(~here), places.pairs[open_ways]


def _waiting(
    places: HalideSites,
    rates: HalideRates,
    halide: Int[np.ndarray, " place"],
    rng: np.random.Generator,
) -> float:
    """Time to the next change: exponential, its mean one over the sum of all rates."""
    filled, empty, ways = _chances(places, halide)
    total = rates.loss * len(filled) + rates.hop * len(ways) + rates.gain * len(empty)
    return float(rng.exponential()) / total if total > 0 else math.inf
