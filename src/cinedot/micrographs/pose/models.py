"""The dot that a compound makes on average: what a movie's frames are compared with at first.

Which corner halide an acid took and which face site is empty differ from dot to dot. Before any
of that is known, a model holds every site with the share that dots of the compound fill there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from cinedot.core import InputError
from cinedot.particle import Compound, Cuboid, HeadGroups, build, cuboid_of, lattice_sites
from cinedot.particle.filling import own_species

_BUILDS = 12
_ORGANIC_U_ANGSTROM2 = 0.35
"""An organic A ion turns about its site. Methylammonium's C and N are 0.75 angstrom from it, its
hydrogens 1.5, in any direction, and move by U = 0.1 beside: between 0.3 and 0.45 per angstrom, what
lenses pass, all of them together scatter as C and N alone would with U = 0.23 to 0.46."""
_HEAD_U_ANGSTROM2 = 0.15
_HEADS = {"a": ("N", 0.4), "halide": ("O", 0.4)}
"""What a ligand binds with in place of each ion, and how far outside it, angstrom."""
_U_ANGSTROM2 = {"Pb": 0.02, "Sn": 0.025, "Cs": 0.07, "Br": 0.06, "Cl": 0.06, "I": 0.06}


@dataclass(frozen=True, eq=False, kw_only=True)
class DotModel:
    """A cuboid with the mean occupancies of a compound.

    Attributes:
        cuboid: size and host.
        compound: name of the surface compound.
        atoms: an atom for each ion that a site may hold, the same for all compounds of a cuboid,
            angstrom about its centre, with arrays `site` (index into the cuboid's sites),
            `occupancy` (its share), `host` (1 for the site's own ion, 0 for a ligand's atom in
            its place) and `u_angstrom2`.
    """

    cuboid: Cuboid
    compound: str
    atoms: Atoms

    @property
    def edges(self) -> tuple[int, int, int]:
        """Pb atoms along each axis."""
        x, y, z = self.cuboid.edges
        return x, y, z

    @property
    def label(self) -> str:
        """Such as "4x4x4 mla-cs"."""
        return f"{'x'.join(map(str, self.edges))} {self.compound}"

    @property
    def site(self) -> Int[np.ndarray, " atom"]:
        """Which lattice site each atom belongs to."""
        return np.asarray(self.atoms.arrays["site"])

    @property
    def occupancy(self) -> Float[np.ndarray, " atom"]:
        """Share of each atom that is there."""
        return np.asarray(self.atoms.arrays["occupancy"], dtype=float)

    @property
    def radius_nm(self) -> float:
        """From the centre to the outermost atom."""
        return float(np.linalg.norm(self.atoms.positions, axis=1).max()) / 10


@lru_cache(maxsize=64)
def average_dot(cuboid: Cuboid, compound: str | Compound = "mla-cs") -> DotModel:
    """The model of a compound: shares of each site over dots drawn from it.

    Sites that the cuboid's symmetry makes alike share alike, so that few dots have to be drawn.

    Raises:
        InputError: unknown compound, wrong host for it, a size that cannot be neutral.

    Example:
        >>> from cinedot.particle import host_named
        >>> model = average_dot(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")
        >>> model.label, round(model.occupancy[model.atoms.numbers == 55].sum())
        ('2x2x2 prototype', 20)
    """
    dots = [build(cuboid, compound, seed, ligands=HeadGroups()) for seed in range(_BUILDS)]
    return model_of_dots(dots)


def possible_dots(cuboid: Cuboid, compounds: Sequence[str | Compound]) -> list[DotModel]:
    """Models of the compounds that a cuboid can have: not every size can be neutral with each.

    Example:
        >>> from cinedot.particle import host_named
        >>> dot = Cuboid.cube(3, host_named("MAPbBr3"))
        >>> [one.compound for one in possible_dots(dot, ["oa-ma", "mla-ma"])]
        ['mla-ma']
    """
    made: list[DotModel] = []
    for compound in compounds:
        try:
            made.append(average_dot(cuboid, compound))
        except InputError:
            continue
    return made


def model_of_dots(dots: list[Atoms]) -> DotModel:
    """The average of dots of one cuboid and compound, built without their ligands' tails."""
    cuboid = cuboid_of(dots[0])
    sites = lattice_sites(cuboid)
    orbit = _orbits(cuboid)
    members = np.bincount(orbit)
    shares = _shares(dots, orbit)
    held = [
        one
        for site in range(len(sites))
        for one in _held(cuboid, site, shares.get(int(orbit[site]), {}), int(members[orbit[site]]))
    ]
    per_dot = 1 / len(dots)
    atoms = Atoms([one.element for one in held], positions=[one.place for one in held])
    atoms.set_array("site", np.array([one.site for one in held]))
    atoms.set_array("occupancy", np.array([min(one.share * per_dot, 1.0) for one in held]))
    atoms.set_array("host", np.array([int(one.host) for one in held]))
    atoms.set_array("u_angstrom2", np.array([one.u_angstrom2 for one in held]))
    atoms.info = dict(dots[0].info)
    return DotModel(cuboid=cuboid, compound=str(dots[0].info["compound"]), atoms=atoms)


class _Held(NamedTuple):
    """An atom that a site may hold; its place in angstrom."""

    element: str
    place: Float[np.ndarray, " 3"]
    site: int
    share: float
    host: bool
    u_angstrom2: float


_Counts = Mapping[tuple[str, bool], tuple[int, float]]


def _held(cuboid: Cuboid, site: int, counts: _Counts, members: int) -> list[_Held]:
    """The atoms that a site may hold: its own ion, and what a ligand may put in its place.

    Those that a compound never has there are listed with a share of 0, so that all compounds of
    a cuboid have the same atoms and share compiled programs.
    """
    sites = lattice_sites(cuboid)
    element, role = str(sites.element[site]), sites.role[site]
    place = sites.abc[site] * 10 * cuboid.host.lattice_nm
    share = counts.get((element, True), (0, 0.0))[0] / members
    if role == "a" and element == "N":
        own = [_Held(one, place, site, share, True, _ORGANIC_U_ANGSTROM2) for one in ("C", "N")]
    else:
        own = [_Held(element, place, site, share, True, _U_ANGSTROM2.get(element, 0.1))]
    if not sites.outward[site].any():
        return own
    head, usual = _HEADS[str(role)]
    count, outward = counts.get((head, False), (0, usual))
    outside = place + outward * sites.outward[site]
    return [*own, _Held(head, outside, site, count / members, False, _HEAD_U_ANGSTROM2)]


def _shares(
    dots: list[Atoms], orbit: Int[np.ndarray, " site"]
) -> dict[int, dict[tuple[str, bool], tuple[int, float]]]:
    """For each orbit of sites: how often each element is there, and how far outside on average.

    The site's own ion counts apart from a ligand's atom of the same element.
    """
    cuboid = cuboid_of(dots[0])
    sites = lattice_sites(cuboid)
    species = own_species(cuboid)
    offsets: dict[int, dict[tuple[str, bool], list[float]]] = {}
    for dot in dots:
        kept = dot[np.asarray(dot.arrays["anchor"]).astype(bool)]
        here = np.asarray(kept.arrays["site"])
        away = kept.positions - sites.abc[here] * 10 * cuboid.host.lattice_nm
        outward = np.einsum("ai,ai->a", away, sites.outward[here])
        own = np.asarray(kept.arrays["ion"]) == species[here]
        for symbol, is_own, at, out in zip(
            kept.get_chemical_symbols(), own, orbit[here], outward, strict=True
        ):
            found = offsets.setdefault(int(at), {})
            found.setdefault((symbol, bool(is_own)), []).append(float(out))
    return {
        at: {key: (len(out), float(np.mean(out))) for key, out in found.items()}
        for at, found in offsets.items()
    }


def _orbits(cuboid: Cuboid) -> Int[np.ndarray, " site"]:
    """Number of the set of sites, alike under rotation and reflection, that each belongs to."""
    sites = lattice_sites(cuboid)
    edges = np.array(cuboid.edges)
    place = np.abs(sites.abc).round(3)
    for size in np.unique(edges):
        axes = np.flatnonzero(edges == size)
        place[:, axes] = np.sort(place[:, axes], axis=1)
    role = np.unique(sites.role, return_inverse=True)[1]
    _, orbit = np.unique(np.column_stack([role, place]), axis=0, return_inverse=True)
    return orbit.reshape(-1)
