"""A reaction network as data: species with what they hold and emit, reactions with their rates.

Concentrations are in mM, times in min. Nothing may appear or vanish: a network in which a reaction
does not hold its elements together is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cinedot.core import InputError
from cinedot.core.nearest import did_you_mean

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """What a species emits.

    Attributes:
        peak_nm, fwhm_nm: of its band, nm.
        brightness: photons per mM, in any unit that all species share: what it absorbs times
            its quantum yield.
    """

    peak_nm: float
    fwhm_nm: float
    brightness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """What takes part.

    Attributes:
        name: letters, digits and underscores, beginning with a letter.
        composition: how many of each element or ligand one of it holds; `charge` counts too.
        initial_mm: at the beginning, mM.
        light: what it emits, or None.
    """

    name: str
    composition: Mapping[str, float]
    initial_mm: float = 0.0
    light: Light | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A step that needs many at once: x^m/(1 + x^m) with x = [species]/level.

    Attributes:
        species: whose concentration decides.
        level_mm: where half of the rate is reached, mM.
        order: m.
    """

    species: str
    level_mm: float
    order: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    """A step on the bare part of a surface that a ligand covers: (1 + K c)^-q.

    Attributes:
        species: the ligand.
        affinity_per_mm: K, per mM.
        order: q, how many places must be bare at once.
    """

    species: str
    affinity_per_mm: float
    order: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How fast a reaction runs: k times powers of concentrations, times what holds it back.

    Attributes:
        constant: k, in mM and min.
        orders: the power of each concentration.
        threshold: a step that needs many at once, or None.
        blocking: a ligand in the way, or None.
        limits_mm: for reactants that are not among the orders: c/(c + limit) stops the reaction
            when one has run out.
    """

    constant: float
    orders: Mapping[str, float]
    threshold: Threshold | None = None
    blocking: Blocking | None = None
    limits_mm: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def species(self) -> tuple[str, ...]:
        """All names that the rate speaks of."""
        more = [one.species for one in (self.threshold, self.blocking) if one is not None]
        return (*self.orders, *self.limits_mm, *more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """A reaction in one direction.

    Attributes:
        name: for messages and SBML.
        reactants, products: how many of each species.
        rate: of the reaction as written.
    """

    name: str
    reactants: Mapping[str, float]
    products: Mapping[str, float]
    rate: Rate

    @property
    def mass_action(self) -> bool:
        """Whether the rate is k times the reactants' concentrations and no more."""
        rate = self.rate
        plain = rate.threshold is None and rate.blocking is None and not rate.limits_mm
        return plain and dict(rate.orders) == dict(self.reactants)

    @property
    def text(self) -> str:
        """The equation, as in `2 C + 2 P -> T`."""
        return f"{_side(self.reactants)} -> {_side(self.products)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Species and reactions.

    Attributes:
        name: what it is called.
        species: all that take part.
        reactions: between them.
        about: what it stands for, and where its numbers come from.

    Raises:
        InputError: a name twice or unknown, a negative amount or constant, or a reaction that
            loses or makes something.

    Example:
        >>> pair = (Species(name="A", composition={"Pb": 1}, initial_mm=1.0),
        ...         Species(name="B", composition={"Pb": 2}))
        >>> step = Reaction(name="pairing", reactants={"A": 2}, products={"B": 1},
        ...                 rate=Rate(constant=0.1, orders={"A": 2}))
        >>> Network(name="pairs", species=pair, reactions=(step,)).conserved
        ('Pb',)
    """

    name: str
    species: tuple[Species, ...]
    reactions: tuple[Reaction, ...]
    about: str = ""

    def __post_init__(self) -> None:
        names = self.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"each species must stand once, but {twice[0]!r} is repeated.",
                remedy="Give one of them another name.",
            )
        for one in self.species:
            if one.initial_mm < 0:
                raise InputError(
                    f"amounts must be 0 or more, but that of {one.name!r} is "
                    f"{one.initial_mm:g} mM.",
                    remedy="Correct `initial`.",
                )
        for reaction in self.reactions:
            self._check(reaction)

    @property
    def names(self) -> tuple[str, ...]:
        """The species, in order."""
        return tuple(one.name for one in self.species)

    @property
    def conserved(self) -> tuple[str, ...]:
        """What is neither made nor lost: every element and ligand, and charge."""
        return tuple(dict.fromkeys(key for one in self.species for key in one.composition))

    def holding(self, element: str) -> tuple[float, ...]:
        """How many of an element each species holds."""
        return tuple(float(one.composition.get(element, 0.0)) for one in self.species)

    def starting_with(self, initial_mm: Mapping[str, float]) -> "Network":
        """The network with other amounts at the beginning, as a recipe gives them.

        Args:
            initial_mm: of each species named, mM; the others keep theirs.

        Raises:
            InputError: an unknown species or a negative amount.
        """
        for name in initial_mm:
            self._known(name, "the amounts")
        changed = tuple(
            replace(one, initial_mm=float(initial_mm.get(one.name, one.initial_mm)))
            for one in self.species
        )
        return replace(self, species=changed)

    def _known(self, name: str, place: str) -> None:
        if name not in self.names:
            raise InputError(
                f"{place} must speak of known species, but {name!r} is none.",
                remedy=did_you_mean(name, self.names) + f"There are {', '.join(self.names)}.",
            )

    def _check(self, reaction: Reaction) -> None:
        place = f"reaction {reaction.name!r}"
        for name in (*reaction.reactants, *reaction.products, *reaction.rate.species):
            self._known(name, place)
        if not reaction.rate.constant >= 0:
            raise InputError(
                f"a rate's constant must be 0 or more, but is {reaction.rate.constant:g}.",
                remedy="A way back is a reaction of its own, or `<->`.",
                place=place,
            )
        for element in self.conserved:
            held = dict(zip(self.names, self.holding(element), strict=True))
            before = sum(count * held[name] for name, count in reaction.reactants.items())
            after = sum(count * held[name] for name, count in reaction.products.items())
            if abs(after - before) > _ROUNDING * max(abs(before), abs(after), 1.0):
                raise InputError(
                    f"{reaction.text} must keep its {element}, but has {before:g} before and "
                    f"{after:g} after.",
                    remedy="Correct the numbers, or add what takes or gives the rest.",
                    place=place,
                )


def _side(counts: Mapping[str, float]) -> str:
    if not counts:
        return "0"
    return " + ".join(f"{count:g} {name}" if count != 1 else name for name, count in counts.items())
