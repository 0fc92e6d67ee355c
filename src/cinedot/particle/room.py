"""Whether a cuboid's sites have room for a composition, before any ion is seated."""

from dataclasses import fields

from cinedot.core import InputError
from cinedot.particle.compounds import Acid, Compound
from cinedot.particle.cuboid import Cuboid, IonCounts, ion_counts
from cinedot.particle.plan import Composition, require_host

_OTHER_SIZE = (
    "Choose another size, acid charge, or the compound `prototype`; a compound of your own may let "
    "ammonium hold more kinds of sites."
)
_OTHER_PLAN = "Start from `planned_composition` or `draw_compositions`."


def require_room(plan: Composition, cuboid: Cuboid, compound: Compound) -> None:
    """Refuse a plan that is not neutral, not of this lattice, or that its sites cannot hold.

    Raises:
        InputError: as said; another host than the compound's.

    Example:
        >>> from cinedot.particle.compound_files import compound_named
        >>> from cinedot.particle.host import host_named
        >>> from cinedot.particle.plan import planned_composition
        >>> dot, compound = Cuboid.cube(4, host_named("CsPbBr3")), compound_named("mla-cs")
        >>> require_room(planned_composition(dot, compound), dot, compound)
    """
    require_host(cuboid, compound)
    counts = ion_counts(cuboid)
    dot = f"a dot of {compound.name} with edges {cuboid.edges}"
    if plan.charge != 0:
        raise InputError(
            f"{dot} must be neutral, but its ions carry {plan.charge:+d}.", remedy=_OTHER_SIZE
        )
    _require_cations(plan, counts, dot)
    _require_of_lattice(plan, counts, dot)
    _require_of_compound(plan, compound, dot)
    _require_places(plan, counts, compound.acid, dot)


def bound_acids(counts: IonCounts, acid: Acid, *, acids: int, gone: int) -> int:
    """How many acids bind metals: as far as halides are gone and corner metals have places.

    A corner metal has three places, one along each axis, and an acid takes one a donor; the
    others find nothing but empty corner A sites.

    Args:
        counts: the lattice's sites.
        acid: who binds.
        acids: how many there are.
        gone: terminal halides that are gone.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> counts = ion_counts(Cuboid.cube(4, host_named("CsPbBr3")))
        >>> bound_acids(counts, Acid(ion="malate", symbol="MLA", charge=1), acids=9, gone=7)
        7
    """
    return min(acids, gone // acid.donors, counts.metal_corner * (3 // acid.donors))


def _require_cations(plan: Composition, counts: IonCounts, dot: str) -> None:
    """A ions and ammonium of each kind of surface site must fit it."""
    rooms = (
        ("face", plan.a_face, plan.ammonium_face, counts.a_face),
        ("edge", plan.a_edge, plan.ammonium_edge, counts.a_edge),
        ("corner", plan.a_corner, plan.ammonium_corner, counts.a_corner),
    )
    for kind, a_ions, ammonium, sites in rooms:
        if min(a_ions, ammonium) < 0:
            raise InputError(
                f"{dot} must be neutral, but has {-min(a_ions, ammonium)} cations too many.",
                remedy=_OTHER_SIZE,
            )
        free = sites - a_ions
        if free < 0:
            raise InputError(
                f"{dot} must be neutral, but needs {a_ions} A ions on its {sites} {kind} sites.",
                remedy=_OTHER_SIZE,
            )
        if ammonium > free:
            raise InputError(
                f"{dot} must be neutral, but needs {ammonium} ammonium on {kind} sites, "
                f"of which {free} are free.",
                remedy=_OTHER_SIZE,
            )


def _require_of_lattice(plan: Composition, counts: IonCounts, dot: str) -> None:
    """What no ligand changes must be the lattice's, and no number below 0."""
    for name, sites in (
        ("a_interior", counts.a_interior),
        ("metals", counts.metal),
        ("bridging", counts.bridging),
    ):
        if getattr(plan, name) != sites:
            raise InputError(
                f"`{name}` of a plan must be {sites}, as {dot} has, but is {getattr(plan, name)}.",
                remedy=_OTHER_PLAN,
            )
    for field in fields(plan):
        if getattr(plan, field.name) < 0:
            raise InputError(
                f"`{field.name}` of a plan must not be below 0, but is "
                f"{getattr(plan, field.name)}.",
                remedy=_OTHER_PLAN,
            )


def _require_of_compound(plan: Composition, compound: Compound, dot: str) -> None:
    """Ligands that the compound has, of the charge that it states."""
    acid = compound.acid
    if acid is not None and plan.acids and plan.acid_charge != acid.charge:
        raise InputError(
            f"`acid_charge` of a plan must be {acid.charge}, as {compound.name} states, "
            f"but is {plan.acid_charge}.",
            remedy="`Compound.with_acid_charge` states another.",
        )
    for what, number, stated in (
        ("acids", plan.acids, acid),
        ("ammonium", plan.ammonium, compound.ammonium),
    ):
        if number and stated is None:
            raise InputError(
                f"{dot} must have no {what}, as the compound has none, but {number} are planned.",
                remedy="Choose a compound that states them.",
            )


def _require_places(plan: Composition, counts: IonCounts, acid: Acid | None, dot: str) -> None:
    """Halides that are gone leave places for acids; other acids need empty corner A sites."""
    most_gone = 0 if acid is None else counts.terminal
    if not counts.terminal - most_gone <= plan.terminal <= counts.terminal:
        raise InputError(
            f"`terminal` of a plan must be from {counts.terminal - most_gone} to "
            f"{counts.terminal} in {dot}, but is {plan.terminal}.",
            remedy="Only beside an acid are halides gone.",
        )
    if acid is None:
        return
    gone = counts.terminal - plan.terminal
    loose = plan.acids - bound_acids(counts, acid, acids=plan.acids, gone=gone)
    empty = counts.a_corner - plan.a_corner - plan.ammonium_corner
    if loose > empty:
        raise InputError(
            f"{dot} must have a place for each of its {plan.acids} acids, but where "
            f"{gone} halides are gone {loose - empty} have none.",
            remedy="Take more terminal halides away, or leave corner A sites empty.",
        )
