"""Sites and a surface compound, turned into atoms."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int, Shaped

from cinedot.core import InputError
from cinedot.particle.compounds import (
    Composition,
    Compound,
    compound_named,
    planned_composition,
    require_room,
)
from cinedot.particle.cuboid import Cuboid
from cinedot.particle.host import host_named
from cinedot.particle.sites import Sites, lattice_sites


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filling:
    """Who sits on each site: an ion's name, or "" for nobody [site]."""

    species: Shaped[np.ndarray, " site"]
    own: Shaped[np.ndarray, " site"]


def build(cuboid: Cuboid, compound: str | Compound = "mla-cs", seed: int = 0) -> Atoms:
    """A dot's heavy atoms and bound head groups, centred at the origin.

    The cuboid's sites are filled as the compound says; what it leaves open is drawn from the
    seed. Of a ligand only the atom at the surface is there: the ammonium's nitrogen, lifted out
    of its A site, and the acid's bound oxygen, on the line of the halide that it replaced. The
    mobile chains are left out, and so are the atoms of MA and FA beside their nitrogen.

    Args:
        cuboid: size and host.
        compound: a compound, or the name of a known one.
        seed: chance, as a number.

    Returns:
        Atoms in the order of `lattice_sites`, positions in angstrom along the cubic axes, with
        the arrays `site` (index into the sites), `species` (ion), `site_kind`, `abc` (the site's
        place in lattice units); `info` holds host, edges, compound and the acid's charge.

    Raises:
        InputError: unknown compound, wrong host for it, a size that cannot be neutral.

    Example:
        >>> dot = build(Cuboid.cube(4, host_named("CsPbBr3")), "mla-cs", seed=1)
        >>> [dot.symbols.search(s).size for s in ("Cs", "Pb", "Br", "N", "O")]
        [58, 64, 232, 54, 8]
    """
    chosen = compound_named(compound) if isinstance(compound, str) else compound
    plan = planned_composition(cuboid, chosen)
    require_room(plan, cuboid, chosen)
    sites = lattice_sites(cuboid)
    filling = _fill(cuboid, sites, chosen, plan, np.random.default_rng(seed))
    held = np.flatnonzero(filling.species != "")
    positions = sites.abc * cuboid.host.lattice_angstrom + _displacements(
        cuboid, sites, chosen, filling
    )
    elements = _elements(sites, chosen, filling)
    atoms = Atoms(symbols=elements[held].tolist(), positions=positions[held])
    atoms.set_array("site", held)
    atoms.set_array("species", filling.species[held])
    atoms.set_array("site_kind", _kind_labels(sites)[held])
    atoms.set_array("abc", sites.abc[held])
    atoms.info = {
        "host": cuboid.host.name,
        "edges": list(cuboid.edges),
        "compound": chosen.name,
        "acid_charge": plan.acid_charge,
    }
    return atoms


def composition(atoms: Atoms) -> Composition:
    """Count the ions of atoms that `build` made (and that may since have lost some).

    Raises:
        InputError: the atoms carry no sites.

    Example:
        >>> dot = build(Cuboid.cube(4, host_named("CsPbBr3")), "prototype")
        >>> composition(dot).a_ions, composition(dot).charge
        (112, 0)
    """
    cuboid = cuboid_of(atoms)
    sites = lattice_sites(cuboid)
    here = np.asarray(atoms.arrays["site"])
    species = np.asarray(atoms.arrays["species"])
    role, kind = sites.role[here], sites.kind[here]
    own = species == _own_species(cuboid, sites)[here]
    guest = ~own & (role == "a")
    return Composition(
        a_ions=int((own & (role == "a")).sum()),
        metals=int((own & (role == "metal")).sum()),
        halides=int((own & (role == "halide")).sum()),
        acids=int((~own & (role == "halide")).sum()),
        acid_charge=int(atoms.info["acid_charge"]),
        ammonium_edge=int((guest & (kind == "edge")).sum()),
        ammonium_face=int((guest & (kind == "face")).sum()),
        a_interior=int((own & (role == "a") & (kind == "interior")).sum()),
        a_surface=int((own & (role == "a") & (kind != "interior")).sum()),
    )


def site_occupancy(atoms: Atoms) -> Float[np.ndarray, " site"]:
    """1 where a lattice site holds its own ion, 0 where it is empty or a ligand sits there.

    Raises:
        InputError: the atoms carry no sites.
    """
    cuboid = cuboid_of(atoms)
    sites = lattice_sites(cuboid)
    here = np.asarray(atoms.arrays["site"])
    own = np.asarray(atoms.arrays["species"]) == _own_species(cuboid, sites)[here]
    occupancy = np.zeros(len(sites))
    occupancy[here[own]] = 1.0
    return occupancy


def cuboid_of(atoms: Atoms) -> Cuboid:
    """The cuboid that atoms were built on.

    Raises:
        InputError: the atoms carry no sites.
    """
    info: Mapping[str, object] = atoms.info
    if "edges" not in info or "site" not in atoms.arrays:
        raise InputError(
            "atoms must carry their lattice sites, but these have none.",
            remedy="Make them with `cinedot.particle.build`.",
        )
    x, y, z = (int(m) for m in np.asarray(info["edges"]))
    return Cuboid(edges=(x, y, z), host=host_named(str(info["host"])))


def _own_species(cuboid: Cuboid, sites: Sites) -> Shaped[np.ndarray, " site"]:
    host = cuboid.host
    names = {"a": host.a_ion, "metal": host.b_ion, "halide": host.x_ion}
    return np.array([names[str(role)] for role in sites.role], dtype="U16")


def _fill(
    cuboid: Cuboid, sites: Sites, compound: Compound, plan: Composition, rng: np.random.Generator
) -> _Filling:
    own = _own_species(cuboid, sites)
    species = own.copy()
    if compound.acid is not None:
        for taken in _replaced_halides(sites, compound.acid.halides_replaced, rng):
            species[taken] = ""
            species[taken[0]] = compound.acid.name
    if compound.ammonium is None:
        empty = _corner_then_edge(sites, plan, rng)
        species[empty] = ""
    else:
        _seat_a_sites(sites, species, compound.ammonium.name, plan, rng)
    return _Filling(species=species, own=own)


def _replaced_halides(
    sites: Sites, each: int, rng: np.random.Generator
) -> list[Int[np.ndarray, " halide"]]:
    """For every corner metal, which of its terminal halides the acid takes."""
    corner = np.flatnonzero((sites.role == "metal") & (sites.metal_kind == "corner"))
    return [rng.permutation(np.flatnonzero(sites.metal == metal))[:each] for metal in corner]


def _corner_then_edge(
    sites: Sites, plan: Composition, rng: np.random.Generator
) -> Int[np.ndarray, " site"]:
    """The A sites left empty: corners first, then edges, then faces, each drawn (2.2)."""
    order = {"corner": 0, "edge": 1, "face": 2}
    surface = np.flatnonzero((sites.role == "a") & (sites.kind != "interior"))
    rank = np.array([order[str(kind)] for kind in sites.kind[surface]])
    drawn = surface[np.lexsort((rng.random(len(surface)), rank))]
    return drawn[: len(surface) - plan.a_surface]


def _seat_a_sites(
    sites: Sites,
    species: Shaped[np.ndarray, " site"],
    ammonium: str,
    plan: Composition,
    rng: np.random.Generator,
) -> None:
    """Empty the corners, put ammonium on edges, share A ions and ammonium out over the faces."""
    is_a = sites.role == "a"
    species[is_a & (sites.kind == "corner")] = ""
    species[is_a & (sites.kind == "edge")] = ammonium
    on_face = np.flatnonzero(is_a & (sites.kind == "face"))
    normal = sites.outward[on_face] @ np.array([1, 2, 3])
    faces = [rng.permutation(on_face[normal == which]) for which in (-3, -2, -1, 1, 2, 3)]
    kept = _shared(plan.a_surface, [len(face) for face in faces], rng)
    free = [face[keep:] for face, keep in zip(faces, kept, strict=True)]
    seated = _shared(plan.ammonium_face, [len(face) for face in free], rng)
    for face, count in zip(free, seated, strict=True):
        species[face[:count]] = ammonium
        species[face[count:]] = ""


def _shared(total: int, room: list[int], rng: np.random.Generator) -> list[int]:
    """`total` dealt out in proportion to the room on each face; what is left over by chance."""
    sites = max(1, sum(room))
    exact = np.array([total * seats / sites for seats in room])
    dealt = np.floor(exact + 1e-9).astype(int)
    order = np.lexsort((rng.random(len(room)), -(exact - dealt).round(9)))
    dealt[order[: total - dealt.sum()]] += 1
    return dealt.tolist()


def _elements(sites: Sites, compound: Compound, filling: _Filling) -> Shaped[np.ndarray, " site"]:
    elements = sites.element.astype("U2")
    if compound.acid is not None:
        elements[filling.species == compound.acid.name] = "O"
    if compound.ammonium is not None:
        elements[filling.species == compound.ammonium.name] = "N"
    return elements


def _displacements(
    cuboid: Cuboid, sites: Sites, compound: Compound, filling: _Filling
) -> Float[np.ndarray, "site 3"]:
    """How far each ion stands off its lattice site, angstrom [site, 3]."""
    moved = np.zeros_like(sites.abc)
    if compound.acid is not None:
        bound = filling.species == compound.acid.name
        beyond = compound.acid.bond_angstrom - cuboid.host.lattice_angstrom / 2
        moved[bound] = beyond * sites.outward[bound]
    if compound.ammonium is not None:
        seated = filling.species == compound.ammonium.name
        moved[seated] = compound.ammonium.lift_angstrom * sites.outward[seated]
    return moved


def _kind_labels(sites: Sites) -> Shaped[np.ndarray, " site"]:
    """One word a site: its kind, and for a terminal halide where its metal sits."""
    terminal = sites.kind == "terminal"
    return np.where(terminal, np.char.add("terminal-", sites.metal_kind), sites.kind)
