"""What a dot is: hosts, cuboids, sites, surface compounds, atoms.

A `Host` is a perovskite ABX3 with its lattice constant, a `Cuboid` so many of its Pb atoms an
edge. The cuboid's lattice `Sites`, in one fixed order, are what every other room counts by: a
movie's truth and its fit speak of the same rows. A `Compound` is a surface chemistry, stated as
data: which halides an acid replaces, which A sites hold ammonium or nothing. `build` fills the
sites with it and returns `ase.Atoms` centred at the origin, in angstrom, with each atom's place
in the lattice as arrays; `composition` counts such atoms and shows that their charges balance.
Chance (which corner halide, which face sites) comes from a seed. Lengths are nm in `Host` and
angstrom in atoms; sites are in lattice units from the cuboid's centre.
"""

from cinedot.particle.build import build as build
from cinedot.particle.build import composition as composition
from cinedot.particle.build import site_occupancy as site_occupancy
from cinedot.particle.compounds import Acid as Acid
from cinedot.particle.compounds import Composition as Composition
from cinedot.particle.compounds import Compound as Compound
from cinedot.particle.compounds import compound_named as compound_named
from cinedot.particle.compounds import planned_composition as planned_composition
from cinedot.particle.cuboid import Cuboid as Cuboid
from cinedot.particle.cuboid import IonCounts as IonCounts
from cinedot.particle.cuboid import ion_counts as ion_counts
from cinedot.particle.host import Host as Host
from cinedot.particle.host import host_named as host_named
from cinedot.particle.host import hosts as hosts
from cinedot.particle.sites import Sites as Sites
from cinedot.particle.sites import lattice_sites as lattice_sites
