"""How many of each ion a dot holds, and on which kind of site: numbers before seats."""

from collections.abc import Mapping
from dataclasses import dataclass

from cinedot.core import InputError
from cinedot.particle.compounds import Compound, FaceCount
from cinedot.particle.cuboid import Cuboid, IonCounts, ion_counts

METAL_CHARGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """How many of each ion a dot holds.

    Attributes:
        a_interior, a_face, a_edge, a_corner: A ions by their place.
        metals: metal ions.
        bridging, terminal: halides between two metals, and at one.
        acids: acid anions; acid_charge: negative charges of each.
        ammonium_face, ammonium_edge, ammonium_corner: ammonium ions by the A sites they hold.
    """

    a_interior: int
    a_face: int
    a_edge: int
    a_corner: int
    metals: int
    bridging: int
    terminal: int
    acids: int
    acid_charge: int
    ammonium_face: int
    ammonium_edge: int
    ammonium_corner: int

    @property
    def a_surface(self) -> int:
        """A ions on the surface."""
        return self.a_face + self.a_edge + self.a_corner

    @property
    def a_ions(self) -> int:
        """A ions in all."""
        return self.a_interior + self.a_surface

    @property
    def halides(self) -> int:
        """Halides in all."""
        return self.bridging + self.terminal

    @property
    def ammonium(self) -> int:
        """Ammonium ions in all."""
        return self.ammonium_face + self.ammonium_edge + self.ammonium_corner

    @property
    def charge(self) -> int:
        """Net charge in elementary charges; 0 for a dot that can exist."""
        return self.charge_without_ammonium + self.ammonium

    @property
    def charge_without_ammonium(self) -> int:
        """Net charge of everything but the ammonium."""
        return (
            self.a_ions + METAL_CHARGE * self.metals - self.halides - self.acid_charge * self.acids
        )

    @property
    def balancing_ammonium(self) -> int:
        """N_X + z N_acid - 2 N_metal - N_A, the ammonium that neutrality asks for (2.4)."""
        return -self.charge_without_ammonium


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookkeeping:
    """The paper's sharing out of surface cations, six faces and twelve edges apart.

    It counts each face's and each edge's cations without double counting and names no seats:
    the four edges and the face of one view hold "about five" each. Numbers only; positions
    follow the grid, where edges have fewer sites (science.md 2.3).

    Attributes:
        a_face: A ions that the surface keeps, for each face.
        an_edge: the surface cations that ammonium stands for, for each edge.
        a_face_or_edge: all A ions of the surface, over faces and edges together.
    """

    a_face: float
    an_edge: float
    a_face_or_edge: float


def bookkeeping(composition: Composition) -> Bookkeeping:
    """Surface cations per face and per edge, as the paper counts them.

    Example:
        >>> from cinedot.particle.compound_files import compound_named
        >>> from cinedot.particle.host import host_named
        >>> dot = Cuboid.cube(4, host_named("CsPbBr3"))
        >>> shares = bookkeeping(planned_composition(dot, compound_named("mla-cs")))
        >>> round(shares.a_face, 1), shares.an_edge
        (5.2, 4.5)
    """
    return Bookkeeping(
        a_face=composition.a_surface / 6,
        an_edge=composition.ammonium / 12,
        a_face_or_edge=composition.a_surface / 18,
    )


def ligand_density_per_nm2(composition: Composition, edges_nm: tuple[float, float, float]) -> float:
    """Ammonium ions per area of a cuboid's six faces.

    Example:
        >>> from cinedot.particle.compound_files import compound_named
        >>> from cinedot.particle.host import host_named
        >>> dot = Cuboid.cube(4, host_named("CsPbBr3"))
        >>> plan = planned_composition(dot, compound_named("mla-cs"))
        >>> round(ligand_density_per_nm2(plan, (2.46, 2.46, 2.46)), 2)
        1.49
    """
    x, y, z = edges_nm
    return composition.ammonium / (2 * (x * y + y * z + z * x))


def planned_composition(cuboid: Cuboid, compound: Compound) -> Composition:
    """What a neutral dot of this compound holds, before any seat is chosen.

    These are numbers: whether the sites have room for them, `require_room` says.

    Raises:
        InputError: another host than the compound's, a ligand named like one of the host's ions,
            more A ions asked of a face than it has sites.

    Example:
        >>> from cinedot.particle.compound_files import compound_named
        >>> from cinedot.particle.host import host_named
        >>> dot = Cuboid.cube(4, host_named("CsPbBr3"))
        >>> plan = planned_composition(dot, compound_named("mla-cs"))
        >>> plan.a_ions, plan.halides, plan.acids, plan.ammonium, plan.charge
        (58, 232, 8, 54, 0)
    """
    require_host(cuboid, compound)
    counts = ion_counts(cuboid)
    acid = compound.acid
    acids = 0 if acid is None else counts.metal_corner
    acid_charge = 0 if acid is None else acid.charge
    gone = 0
    if acid is not None:
        gone = acids * acid.halides_replaced
        gone += round(acid.edge_halides_removed * _terminal_at_edges(cuboid))
    cations = counts.halide - gone + acid_charge * acids - METAL_CHARGE * counts.metal
    if compound.ammonium is None:
        a = _from_within(cations - counts.a_interior, counts)
        ammonium = {"face": 0, "edge": 0, "corner": 0}
    else:
        a = {"face": sum(a_ions_on_faces(cuboid, compound)), "edge": 0, "corner": 0}
        room = {
            "face": counts.a_face - a["face"],
            "edge": counts.a_edge,
            "corner": counts.a_corner,
        }
        ammonium = _first_kind_full(
            cations - counts.a_interior - a["face"], compound.ammonium.sites, room
        )
    return Composition(
        a_interior=counts.a_interior,
        a_face=a["face"],
        a_edge=a["edge"],
        a_corner=a["corner"],
        metals=counts.metal,
        bridging=counts.bridging,
        terminal=counts.terminal - gone,
        acids=acids,
        acid_charge=acid_charge,
        ammonium_face=ammonium["face"],
        ammonium_edge=ammonium["edge"],
        ammonium_corner=ammonium["corner"],
    )


def a_ions_on_faces(cuboid: Cuboid, compound: Compound) -> list[int]:
    """A ions that the rule keeps on the faces: the total alone, or one number a face.

    Raises:
        InputError: a face is asked to hold more than it has sites.
    """
    rule = compound.a_on_faces
    if not isinstance(rule, FaceCount):
        return [round(rule.share * ion_counts(cuboid).a_face)]
    n = cuboid.edges
    room = [(n[(axis + 1) % 3] - 1) * (n[(axis + 2) % 3] - 1) for axis in (2, 1, 0, 0, 1, 2)]
    if rule.each > min(room):
        raise InputError(
            f"a face must have a site for each of its A ions, but {compound.name} asks for "
            f"{rule.each} on a face with {min(room)}.",
            remedy=f"Ask for at most {min(room)} a face, or choose a larger size.",
        )
    return [rule.each] * 6


def require_host(cuboid: Cuboid, compound: Compound) -> None:
    """Refuse a host of another A ion than the compound's, or one with an ion of a ligand's name.

    Raises:
        InputError: as said.
    """
    if compound.a_ion not in (None, cuboid.host.a_ion):
        raise InputError(
            f"compound {compound.name} must have a host with {compound.a_ion}, "
            f"but the host is {cuboid.host.name}.",
            remedy=f"Choose a {compound.a_ion} host, or the compound `prototype`.",
        )
    host = cuboid.host
    taken = (host.a_ion, host.b_ion, host.x_ion)
    named = [("ammonium", compound.ammonium.ion)] if compound.ammonium is not None else []
    if compound.acid is not None:
        named += [("acid", compound.acid.ion), ("acid", compound.acid.symbol)]
    for what, name in named:
        if name in taken:
            raise InputError(
                f"the {what} of {compound.name} must have a name of its own, "
                f"but {name!r} is an ion of the host {host.name}.",
                remedy="Ions are told apart by their names: rename it.",
            )


def _terminal_at_edges(cuboid: Cuboid) -> int:
    """Terminal halides of the metals on edges: two each, more where one layer has two sides."""
    total = 0
    for axis in range(3):
        others = [cuboid.edges[other] for other in range(3) if other != axis]
        outer = [min(2, m) for m in others]
        sides = sum(1 if m > 1 else 2 for m in others)
        total += max(0, cuboid.edges[axis] - 2) * outer[0] * outer[1] * sides
    return total


def _from_within(surface: int, counts: IonCounts) -> dict[str, int]:
    """Surface A ions by the rule of empty corners, then edges, then faces (2.2)."""
    held: dict[str, int] = {}
    for kind, sites in (
        ("face", counts.a_face),
        ("edge", counts.a_edge),
        ("corner", counts.a_corner),
    ):
        held[kind] = min(surface, sites)
        surface -= held[kind]
    return held


def ammonium_in_turn(total: int, kinds: tuple[str, ...], room: Mapping[str, int]) -> dict[str, int]:
    """Ammonium by kind of site: each kind takes what it has room for, the last one the rest.

    What fits nowhere, or is missing, so shows on the last kind, where `require_room` finds it.

    Example:
        >>> ammonium_in_turn(40, ("edge", "face"), {"face": 23, "edge": 36, "corner": 8})
        {'face': 4, 'edge': 36, 'corner': 0}
    """
    held = dict.fromkeys(room, 0)
    for kind in kinds[:-1]:
        held[kind] = max(0, min(total, room[kind]))
        total -= held[kind]
    held[kinds[-1]] = total
    return held


def _first_kind_full(total: int, kinds: tuple[str, ...], room: Mapping[str, int]) -> dict[str, int]:
    """Ammonium as a compound states it: its first kind of site full, the others in turn."""
    first, *others = kinds
    if not others:
        return ammonium_in_turn(total, kinds, room)
    held = ammonium_in_turn(total - room[first], tuple(others), room)
    return {**held, first: room[first]}
