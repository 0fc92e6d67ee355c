"""The terminal sites of a dot that halides hop between."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from cinedot.core import InputError
from cinedot.microscope.presence import presence
from cinedot.particle import lattice_sites, site_occupancy
from cinedot.particle.build import cuboid_of

EMPTY = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class HalideSites:
    """The terminal sites that halides move on: all but those that a ligand holds.

    Attributes:
        site: their indices among the lattice sites [place].
        pairs: which places are in reach of each other, each pair both ways [pair, 2].
        halide: which halide sits there at first, numbered from 0, or -1 [place].
    """

    site: Int[np.ndarray, " place"]
    pairs: Int[np.ndarray, "pair 2"]
    halide: Int[np.ndarray, " place"]


def halide_sites(dot: Atoms, hop_reach: float = 1.05) -> HalideSites:
    """The terminal sites of a dot, filled and empty, without those that ligands hold.

    A halide whose `occupancy` is 0 is not there. What is empty from the start beside a bound acid
    counts as the acid's: its other oxygens are there, though only one names its site.

    Args:
        dot: atoms from `cinedot.particle.build`.
        hop_reach: distance of a hop, lattice constants; see `Damage`.

    Raises:
        InputError: the atoms carry no sites, or a terminal halide is there in part.

    Example:
        >>> from cinedot.particle import Cuboid, build, host_named
        >>> dot = build(Cuboid.cube(4, host_named("CsPbBr3")), "prototype")
        >>> places = halide_sites(dot, hop_reach=0.75)
        >>> len(places.site), len(places.pairs)  # 24 edge metals with 1 pair, 8 corners with 3
        (96, 96)
    """
    sites = lattice_sites(cuboid_of(dot))
    own = site_occupancy(dot) > 0
    filled = own & (_share_of_site(dot, len(sites), sites.kind == "terminal") > 0)
    held = np.zeros(len(sites), dtype=bool)
    held[np.asarray(dot.arrays["site"])] = True
    held &= ~(own & ~filled)
    guests = held & ~own & (sites.kind == "terminal")
    beside_acid = np.isin(sites.metal, sites.metal[guests])
    place = np.flatnonzero((sites.kind == "terminal") & (filled | ~(held | beside_acid)))
    one_way = KDTree(sites.abc[place]).query_pairs(hop_reach, output_type="ndarray")
    pairs = np.concatenate([one_way, one_way[:, ::-1]])
    halide = np.where(filled[place], np.cumsum(filled[place]) - 1, EMPTY)
    return HalideSites(
        site=place, pairs=pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))], halide=halide
    )


def _share_of_site(
    dot: Atoms, sites: int, terminal: Bool[np.ndarray, " site"]
) -> Float[np.ndarray, " site"]:
    """How full each site's atoms say it is; terminal ones must be there or not."""
    share = np.zeros(sites)
    share[np.asarray(dot.arrays["site"])] = presence(dot)
    in_part = np.flatnonzero(terminal & (share != 0) & (share != 1))
    if len(in_part):
        raise InputError(
            f"halides that may hop must be there or not, but the one on site {in_part[0]} has the "
            f"occupancy {share[in_part[0]]:g}.",
            remedy="Set it to 0 or 1, or leave the damage out.",
        )
    return share
