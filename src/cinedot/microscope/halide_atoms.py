"""A dot with an atom on every site that a halide may hop to, and how full each is in a frame."""

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from jaxtyping import Float

from cinedot.microscope.damage import DamageStretch
from cinedot.microscope.halide_sites import EMPTY, HalideSites
from cinedot.particle import lattice_sites
from cinedot.particle.build import cuboid_of


def with_open_sites(dot: Atoms, places: HalideSites) -> Atoms:
    """The dot with a halide of occupancy 0 on every empty place, appended at the end.

    It stands where the bare lattice has it from its metal's own atom, so tilts and strain are
    followed. All other arrays are filled as `build` fills them.

    Args:
        dot: atoms from `cinedot.particle.build`.
        places: from `halide_sites`.
    """
    cuboid = cuboid_of(dot)
    sites, host = lattice_sites(cuboid), cuboid.host
    vacant = places.site[places.halide == EMPTY]
    if not len(vacant):
        return dot.copy()
    metal = sites.metal[vacant]
    row_of = np.full(len(sites), -1)
    row_of[np.asarray(dot.arrays["site"])] = np.arange(len(dot))
    bond = (sites.abc[vacant] - sites.abc[metal]) * host.lattice_angstrom
    metal_at = np.where(
        (row_of[metal] >= 0)[:, None],
        dot.positions[row_of[metal]],
        sites.abc[metal] * host.lattice_angstrom,
    )
    added = Atoms(
        numbers=np.full(len(vacant), atomic_numbers[host.x_ion]), positions=metal_at + bond
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
    whole = dot.copy()
    whole.extend(added)
    return whole


def atom_occupancy(whole: Atoms, stretch: DamageStretch) -> Float[np.ndarray, "frame atom"]:
    """How full each atom of `with_open_sites` is in each frame: the filmed mean.

    Atoms that damage does not touch keep their own occupancy.
    """
    occupancy = np.tile(np.asarray(whole.arrays["occupancy"], dtype=float), (len(stretch.mean), 1))
    column_of = np.full(int(max(stretch.site.max(initial=0), whole.arrays["site"].max())) + 1, -1)
    column_of[stretch.site] = np.arange(len(stretch.site))
    column = column_of[np.asarray(whole.arrays["site"])]
    moved = column >= 0
    occupancy[:, moved] = stretch.mean[:, column[moved]]
    return occupancy
