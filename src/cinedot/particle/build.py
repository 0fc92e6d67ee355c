"""Sites and a surface compound, turned into atoms."""

from collections.abc import Mapping

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from jaxtyping import Float, Shaped

from cinedot.core import InputError
from cinedot.particle.compound_files import compound_named
from cinedot.particle.compound_molecules import require_molecules
from cinedot.particle.compounds import Compound
from cinedot.particle.contacts import CLOSEST_RATIO, closest_pair
from cinedot.particle.cuboid import Cuboid
from cinedot.particle.distortion import Distortion, displaced_positions
from cinedot.particle.filling import Filling, fill, own_species
from cinedot.particle.host import host_named
from cinedot.particle.ligands import (
    AllAtoms,
    Block,
    Ligands,
    NoLigands,
    joined,
    molecular_ions,
)
from cinedot.particle.plan import METAL_CHARGE, Composition, planned_composition
from cinedot.particle.room import require_room
from cinedot.particle.sites import Sites, lattice_sites
from cinedot.particle.vacancies import ByRule, Vacancies

_ALL_ATOMS = AllAtoms()
_BY_RULE = ByRule()
_CUBIC = Distortion.none()


def build(
    cuboid: Cuboid,
    compound: str | Compound = "mla-cs",
    seed: int = 0,
    *,
    ligands: Ligands = _ALL_ATOMS,
    vacancies: Vacancies = _BY_RULE,
    distortion: Distortion = _CUBIC,
    plan: Composition | None = None,
) -> Atoms:
    """A dot's atoms, centred at the origin, its charges balanced.

    The cuboid's sites are filled as the compound says; what it leaves open is drawn from the
    seed. Every atom knows its lattice site; those of a ligand or an organic ion share the site
    that its bound atom holds. Formal charges are ASE's initial charges and add up to zero,
    unless ligands are left out.

    Args:
        cuboid: size and host.
        compound: a compound, the name of a known one, or a TOML file that states one.
        seed: chance, as a number.
        ligands: all atoms of the ligands, their bound head groups, or only heavy atoms.
        vacancies: how empty A sites are chosen.
        distortion: octahedral tilts and strain; the cubic lattice unless given.
        plan: how many of each ion; as the compound says unless given.

    Returns:
        Atoms in the order of `lattice_sites`, positions in angstrom along the (pseudo-)cubic
        axes, with the arrays `site` (index into the sites), `ion` (its name), `site_kind`, `abc`
        (the site's place in lattice units), `anchor` (true for the one atom that stands for its
        ion), `ligand` (which molecule an atom belongs to, -1 for none), `occupancy` (1) and
        `initial_charges`; `info` holds host, edges, compound and the acid's charge.

    Raises:
        InputError: unknown compound, wrong host for it, a size that cannot be neutral, a plan
            that the sites or the rules of placement cannot hold, ions that a distortion pushes
            into each other, more ligands than there is room for.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> qd4 = Cuboid.cube(4, host_named("CsPbBr3"))
        >>> dot = build(qd4, "mla-cs", seed=1, ligands=NoLigands())
        >>> str(dot.symbols.formula.convert("metal"))
        'Cs58Pb64Br232'
    """
    chosen = compound_named(compound) if isinstance(compound, str) else compound
    require_molecules(chosen)
    planned = planned_composition(cuboid, chosen) if plan is None else plan
    require_room(planned, cuboid, chosen)
    rng = np.random.default_rng(seed)
    filling = fill(cuboid, chosen, planned, vacancies, rng)
    places = displaced_positions(cuboid, distortion)
    ions = _single_ions(cuboid, filling, places)
    if distortion != _CUBIC:
        _require_apart(ions)
    blocks = [ions]
    if not isinstance(ligands, NoLigands):
        blocks.append(molecular_ions(cuboid, chosen, filling, places, ligands, core=ions, rng=rng))
    atoms = _assembled(lattice_sites(cuboid), joined(blocks))
    atoms.info = {
        "host": cuboid.host.name,
        "edges": list(cuboid.edges),
        "compound": chosen.name,
        "acid_charge": planned.acid_charge,
    }
    if not isinstance(ligands, NoLigands):
        _require_as_planned(composition(atoms), planned, vacancies)
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
    anchor = np.asarray(atoms.arrays["anchor"])
    here = np.asarray(atoms.arrays["site"])[anchor]
    own = np.asarray(atoms.arrays["ion"])[anchor] == own_species(cuboid)[here]
    charge = _ion_charges(atoms)[anchor]
    kind = sites.kind[here]
    counted = {
        "a": own & (sites.role[here] == "a"),
        "halide": own & (sites.role[here] == "halide"),
        "ammonium": ~own & (charge > 0),
    }

    def count(what: str, where: str) -> int:
        return int((counted[what] & (kind == where)).sum())

    return Composition(
        a_interior=count("a", "interior"),
        a_face=count("a", "face"),
        a_edge=count("a", "edge"),
        a_corner=count("a", "corner"),
        metals=int((own & (sites.role[here] == "metal")).sum()),
        bridging=count("halide", "bridging"),
        terminal=count("halide", "terminal"),
        acids=int((~own & (charge < 0)).sum()),
        acid_charge=int(atoms.info["acid_charge"]),
        ammonium_face=count("ammonium", "face"),
        ammonium_edge=count("ammonium", "edge"),
        ammonium_corner=count("ammonium", "corner"),
    )


def site_occupancy(atoms: Atoms) -> Float[np.ndarray, " site"]:
    """1 where a lattice site holds its own ion, 0 where it is empty or a ligand sits there.

    Raises:
        InputError: the atoms carry no sites.

    Example:
        >>> dot = build(Cuboid.cube(4, host_named("CsPbBr3")), "prototype")
        >>> int((site_occupancy(dot) == 0).sum())
        13
    """
    cuboid = cuboid_of(atoms)
    here = np.asarray(atoms.arrays["site"])
    own = np.asarray(atoms.arrays["ion"]) == own_species(cuboid)[here]
    occupancy = np.zeros(len(lattice_sites(cuboid)))
    occupancy[here[own]] = 1.0
    return occupancy


def cuboid_of(atoms: Atoms) -> Cuboid:
    """The cuboid that atoms were built on.

    Raises:
        InputError: the atoms carry no sites.

    Example:
        >>> cuboid_of(build(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")).edges
        (2, 2, 2)
    """
    info: Mapping[str, object] = atoms.info
    if "edges" not in info or "site" not in atoms.arrays:
        raise InputError(
            "atoms must carry their lattice sites, but these have none.",
            remedy="Make them with `cinedot.particle.build`.",
        )
    x, y, z = (int(m) for m in np.asarray(info["edges"]))
    return Cuboid(edges=(x, y, z), host=host_named(str(info["host"])))


def _single_ions(cuboid: Cuboid, filling: Filling, places: Float[np.ndarray, "site 3"]) -> Block:
    """The host's ions of one atom each; MA and FA are molecules."""
    sites, host = lattice_sites(cuboid), cuboid.host
    own = filling.species == own_species(cuboid)
    single = (sites.role != "a") | (host.a_ion == host.a_element)
    here = np.flatnonzero(own & single)
    role = sites.role[here]
    number = {
        "a": atomic_numbers[host.a_element],
        "metal": atomic_numbers[host.b_ion],
        "halide": atomic_numbers[host.x_ion],
    }
    of_role = [role == "a", role == "metal"]
    return Block(
        numbers=np.select(of_role, [number["a"], number["metal"]], number["halide"]),
        angstrom=places[here],
        site=here,
        species=filling.species[here],
        anchor=np.ones(len(here), dtype=bool),
        ligand=np.full(len(here), -1),
        charge=np.select(of_role, [1.0, float(METAL_CHARGE)], -1.0),
    )


def _require_apart(ions: Block) -> None:
    """Refuse a lattice so bent that its ions overlap."""
    pair = closest_pair(ions.numbers, ions.angstrom)
    if pair is None:
        return
    one, other = (str(ions.species[at]) for at in pair)
    apart = float(np.linalg.norm(ions.angstrom[pair[0]] - ions.angstrom[pair[1]]))
    raise InputError(
        f"a distorted lattice must leave its ions {CLOSEST_RATIO} of the sum of their covalent "
        f"radii apart, but {one} and {other} come within {apart:.2f} angstrom.",
        remedy="Tilt or strain it less; halide perovskites tilt by up to about 15 degrees.",
    )


def _require_as_planned(built: Composition, planned: Composition, vacancies: Vacancies) -> None:
    """Nothing lost on the way; by rule, every ion on the kind of site that the plan says."""
    whole = ("a_ions", "a_interior", "metals", "bridging", "terminal", "acids", "ammonium")
    same = all(getattr(built, name) == getattr(planned, name) for name in whole)
    if not same or (isinstance(vacancies, ByRule) and built != planned):
        raise InputError(
            f"a plan must follow the rules of placement, but {planned} was built as {built}.",
            remedy="Without ammonium, A ions fill faces, then edges, then corners.",
        )


def _assembled(sites: Sites, block: Block) -> Atoms:
    """Atoms in the order of their sites, those of one ion together."""
    order = np.argsort(block.site, kind="stable")
    site = block.site[order]
    atoms = Atoms(
        numbers=block.numbers[order],
        positions=block.angstrom[order],
        charges=block.charge[order],
    )
    atoms.set_array("site", site)
    atoms.set_array("ion", block.species[order])
    atoms.set_array("site_kind", _kind_labels(sites)[site])
    atoms.set_array("abc", sites.abc[site])
    atoms.set_array("anchor", block.anchor[order])
    atoms.set_array("ligand", block.ligand[order])
    atoms.set_array("occupancy", np.ones(len(site)))
    return atoms


def _ion_charges(atoms: Atoms) -> Float[np.ndarray, " atom"]:
    """The whole charge of the ion that each atom belongs to [atom]."""
    charge = atoms.get_initial_charges()
    ligand = np.asarray(atoms.arrays["ligand"])
    of_molecule = np.bincount(ligand + 1, weights=charge)
    return np.where(ligand < 0, charge, of_molecule[ligand + 1])


def _kind_labels(sites: Sites) -> Shaped[np.ndarray, " site"]:
    """One word a site: its kind, and for a terminal halide where its metal sits."""
    terminal = sites.kind == "terminal"
    return np.where(terminal, np.char.add("terminal-", sites.metal_kind), sites.kind)
