"""Surface compounds as data: what an acid replaces, which A sites hold ammonium or nothing."""

import difflib
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from cinedot.core import InputError
from cinedot.particle.cuboid import Cuboid, ion_counts

METAL_CHARGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Acid:
    """An acid's anion, bound through oxygen to each corner metal in place of its halides.

    Attributes:
        name: as in "malate".
        charge: z, its negative charges when bound.
        halides_replaced: terminal halides that it takes from each corner metal.
        bond_angstrom: distance from the metal to the bound oxygen, along the removed bond.
    """

    name: str
    charge: int
    halides_replaced: int
    bond_angstrom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ammonium:
    """A long-chain ammonium that sits on surface A sites.

    Attributes:
        name: as in "OAMH+".
        lift_angstrom: how far its nitrogen stands out of the A site.
    """

    name: str
    lift_angstrom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compound:
    """A surface chemistry.

    Without ammonium, A ions alone balance the charges and leave corners, then edges, empty.
    With it, corner A sites are empty, edge A sites hold ammonium, `a_ions_a_face_site` of the
    face sites keep the A ion, and ammonium on free face sites balances the charges
    (science.md 2.3, the grid-consistent placement).

    Attributes:
        name: as on the command line.
        a_ion: the A ion that it was made with; None for any.
        acid: what is bound at the corners, or None.
        ammonium: what sits on the edges, or None.
        a_ions_a_face_site: share of the face A sites that keep the A ion.
        source: where it is described.
    """

    name: str
    a_ion: str | None
    acid: Acid | None
    ammonium: Ammonium | None
    a_ions_a_face_site: Fraction
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """How many of each ion a dot holds.

    Attributes:
        a_ions, metals, halides: ions of the host that are there.
        acids: bound acid anions; acid_charge: negative charges of each.
        ammonium: ammonium ions.
        ammonium_edge, ammonium_face: of them, those on edge and on face sites.
        a_interior, a_surface: A ions inside and on the surface.
    """

    a_ions: int
    metals: int
    halides: int
    acids: int
    acid_charge: int
    ammonium_edge: int
    ammonium_face: int
    a_interior: int
    a_surface: int

    @property
    def ammonium(self) -> int:
        """Ammonium ions in all."""
        return self.ammonium_edge + self.ammonium_face

    @property
    def charge(self) -> int:
        """Net charge in elementary charges; 0 for a dot that can exist."""
        return (
            self.a_ions
            + METAL_CHARGE * self.metals
            + self.ammonium
            - self.halides
            - self.acid_charge * self.acids
        )

    @property
    def balancing_ammonium(self) -> int:
        """N_X + z N_acid - 2 N_metal - N_A, the ammonium that neutrality asks for (2.4)."""
        return self.charge_without_ammonium * -1

    @property
    def charge_without_ammonium(self) -> int:
        """Net charge of everything but the ammonium."""
        return self.charge - self.ammonium


MALATE = Acid(name="malate", charge=1, halides_replaced=1, bond_angstrom=2.5)
OLEYLAMMONIUM = Ammonium(name="OAMH+", lift_angstrom=0.4)

COMPOUNDS = MappingProxyType(
    {
        compound.name: compound
        for compound in (
            Compound(
                name="prototype",
                a_ion=None,
                acid=None,
                ammonium=None,
                a_ions_a_face_site=Fraction(1),
                source="paper Fig. 1c; science.md 2.1, 2.2",
            ),
            Compound(
                name="mla-cs",
                a_ion="Cs",
                acid=MALATE,
                ammonium=OLEYLAMMONIUM,
                a_ions_a_face_site=Fraction(31, 54),
                source="the paper's compound 2; science.md 2.3, 2.4",
            ),
        )
    }
)


def compound_named(name: str) -> Compound:
    """The surface compound of that name.

    Raises:
        InputError: no such compound; names the nearest one.

    Example:
        >>> compound_named("mla-cs").acid.name
        'malate'
    """
    if name in COMPOUNDS:
        return COMPOUNDS[name]
    near = difflib.get_close_matches(name.lower(), COMPOUNDS, n=1, cutoff=0.4)
    remedy = f"Did you mean {near[0]}? " if near else ""
    raise InputError(
        f"`compound` must be a known compound, but is {name!r}.",
        remedy=f"{remedy}Known: {', '.join(COMPOUNDS)}.",
    )


def planned_composition(cuboid: Cuboid, compound: Compound) -> Composition:
    """What a neutral dot of this compound holds, before any seat is chosen.

    These are numbers: whether the sites have room for them, `require_room` says.

    Raises:
        InputError: another host than the compound's.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> dot = Cuboid.cube(4, host_named("CsPbBr3"))
        >>> plan = planned_composition(dot, compound_named("mla-cs"))
        >>> plan.a_ions, plan.halides, plan.acids, plan.ammonium, plan.charge
        (58, 232, 8, 54, 0)
    """
    if compound.a_ion not in (None, cuboid.host.a_ion):
        raise InputError(
            f"compound {compound.name} must have a host with {compound.a_ion}, "
            f"but the host is {cuboid.host.name}.",
            remedy=f"Choose a {compound.a_ion} host, or the compound `prototype`.",
        )
    counts = ion_counts(cuboid)
    acid = compound.acid
    acids = 0 if acid is None else counts.metal_corner
    acid_charge = 0 if acid is None else acid.charge
    replaced = 0 if acid is None else acids * acid.halides_replaced
    halides = counts.halide - replaced
    cations = halides + acid_charge * acids - METAL_CHARGE * counts.metal
    on_faces = round(compound.a_ions_a_face_site * counts.a_face)
    has_ammonium = compound.ammonium is not None
    a_surface = on_faces if has_ammonium else cations - counts.a_interior
    edges = counts.a_edge if has_ammonium else 0
    faces = cations - counts.a_interior - a_surface - edges
    return Composition(
        a_ions=counts.a_interior + a_surface,
        metals=counts.metal,
        halides=halides,
        acids=acids,
        acid_charge=acid_charge,
        ammonium_edge=edges,
        ammonium_face=faces,
        a_interior=counts.a_interior,
        a_surface=a_surface,
    )


def require_room(plan: Composition, cuboid: Cuboid, compound: Compound) -> None:
    """Refuse a plan whose ammonium does not fit on the face A sites that the A ions leave free.

    Raises:
        InputError: too many for the free sites, or fewer than none.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> dot, compound = Cuboid.cube(4, host_named("CsPbBr3")), compound_named("mla-cs")
        >>> require_room(planned_composition(dot, compound), dot, compound)
    """
    if compound.ammonium is None:
        return
    free = ion_counts(cuboid).a_face - plan.a_surface
    if not 0 <= plan.ammonium_face <= free:
        raise InputError(
            f"a {compound.name} dot of edges {cuboid.edges} must be neutral, but needs "
            f"{plan.ammonium_face} ammonium on faces that have {free} free A sites.",
            remedy="Choose another size, or the compound `prototype`.",
        )
