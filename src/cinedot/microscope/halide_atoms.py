"""A dot with an atom on every site that a halide may hop to, and how full each is in a frame."""

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from cinedot.microscope.damage import DamageStretch
from cinedot.microscope.halide_sites import EMPTY, HalideSites
from cinedot.microscope.presence import presence, with_presence
from cinedot.particle import lattice_sites
from cinedot.particle.build import cuboid_of

# Half a lattice constant is a metal's own halide; tilts and strain leave lattice units alone.
_OCTAHEDRON = 0.55
# So little that three halides decide, so much that fewer leave the cubic lattice's bond.
_LATTICE_WEIGHT = 1e-6


def with_open_sites(dot: Atoms, places: HalideSites) -> Atoms:
    """The dot with a halide of occupancy 0 on every empty place, appended at the end.

    It stands where the octahedron around its metal has it: turned and strained as the halides that
    the metal still holds are. All other arrays are filled as `build` fills them; a dot without
    `occupancy` is taken for full.

    Args:
        dot: atoms from `cinedot.particle.build`.
        places: from `halide_sites`.
    """
    cuboid = cuboid_of(dot)
    sites, host = lattice_sites(cuboid), cuboid.host
    whole = with_presence(dot)
    vacant = places.site[places.halide == EMPTY]
    # One that is there with occupancy 0 stands ready already.
    vacant = np.setdiff1d(vacant, np.asarray(dot.arrays["site"]))
    if not len(vacant):
        return whole
    added = Atoms(
        numbers=np.full(len(vacant), atomic_numbers[host.x_ion]),
        positions=_places_angstrom(dot, vacant),
    )
    added.set_initial_charges(np.full(len(vacant), -1.0))
    kinds = np.char.add("terminal-", sites.metal_kind[vacant].astype(str))
    for name, values in (
        ("site", vacant),
        ("ion", np.full(len(vacant), host.x_ion)),
        ("site_kind", kinds),
        ("abc", sites.abc[vacant]),
        ("anchor", np.ones(len(vacant), dtype=bool)),
        ("ligand", np.full(len(vacant), -1)),
        ("occupancy", np.zeros(len(vacant))),
    ):
        added.set_array(name, values)
    whole.extend(added)
    return whole


def atom_occupancy(whole: Atoms, stretch: DamageStretch) -> Float[np.ndarray, "frame part atom"]:
    """How full each atom of `with_open_sites` is in each part of each frame: the part's mean.

    Atoms that damage does not touch keep their own occupancy.
    """
    occupancy = np.tile(presence(whole), (*stretch.share.shape[:2], 1))
    column_of = np.full(int(max(stretch.site.max(initial=0), whole.arrays["site"].max())) + 1, -1)
    column_of[stretch.site] = np.arange(len(stretch.site))
    column = column_of[np.asarray(whole.arrays["site"])]
    moved = column >= 0
    occupancy[:, :, moved] = stretch.share[:, :, column[moved]]
    return occupancy


def _places_angstrom(dot: Atoms, vacant: Int[np.ndarray, " place"]) -> Float[np.ndarray, "place 3"]:
    """Where halides would be: their metal's place, and a bond as its octahedron has them.

    A rigid turn and a strain are linear in the bond, so the bonds that are there tell the matrix.
    """
    cuboid = cuboid_of(dot)
    sites, lattice = lattice_sites(cuboid), cuboid.host.lattice_angstrom
    metal = sites.metal[vacant]
    row_of = np.full(len(sites), -1)
    row_of[np.asarray(dot.arrays["site"])] = np.arange(len(dot))
    here = (row_of[metal] >= 0)[:, None]
    metal_at = np.where(here, dot.positions[row_of[metal]], lattice * sites.abc[metal])
    own = np.asarray(dot.arrays["ion"]) == cuboid.host.x_ion
    halides = np.flatnonzero(own)
    abc = sites.abc[np.asarray(dot.arrays["site"])[halides]]
    around = KDTree(abc).query_ball_point(sites.abc[metal], _OCTAHEDRON)
    places = np.empty((len(vacant), 3))
    for row, (at, near) in enumerate(zip(metal_at, around, strict=True)):
        near = near if here[row, 0] else []
        ideal = abc[near] - sites.abc[metal[row]]
        seen = dot.positions[halides[near]] - at
        known = ideal.T @ ideal + _LATTICE_WEIGHT * np.eye(3)
        bonds = np.linalg.solve(known, ideal.T @ seen + _LATTICE_WEIGHT * lattice * np.eye(3))
        places[row] = at + (sites.abc[vacant[row]] - sites.abc[metal[row]]) @ bonds
    return places
