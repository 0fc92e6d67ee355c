"""What a dot is: hosts, cuboids, sites, surface compounds, atoms.

A `Host` is a perovskite ABX3 with its lattice constant, a `Cuboid` so many of its Pb atoms an
edge. The cuboid's lattice `Sites`, in one fixed order, are what every other room counts by: a
movie's truth and its fit speak of the same rows. A `Compound` is a surface chemistry, stated as
data: which halides an acid replaces, which A sites hold ammonium or nothing. `build` plans the
numbers of ions (or `draw_compositions` draws them from EDX counts), gives each a seat, and returns
`ase.Atoms` centred at the origin, in angstrom, ligands too, with each atom's place in the lattice
as arrays; `composition` counts them, `write_structures` and `zc_figure` show them to others.
Chance (which corner halide, which face sites, which conformer) comes from a seed. Lengths are nm
in `Host` and angstrom in atoms; sites are in lattice units from the cuboid's centre.
"""

from cinedot.particle.build import build as build
from cinedot.particle.build import composition as composition
from cinedot.particle.build import cuboid_of as cuboid_of
from cinedot.particle.build import site_occupancy as site_occupancy
from cinedot.particle.compound_files import compound_named as compound_named
from cinedot.particle.compound_files import compounds as compounds
from cinedot.particle.compound_files import read_compound as read_compound
from cinedot.particle.compounds import Acid as Acid
from cinedot.particle.compounds import Ammonium as Ammonium
from cinedot.particle.compounds import Compound as Compound
from cinedot.particle.compounds import FaceCount as FaceCount
from cinedot.particle.compounds import FaceShare as FaceShare
from cinedot.particle.cuboid import Cuboid as Cuboid
from cinedot.particle.cuboid import IonCounts as IonCounts
from cinedot.particle.cuboid import ion_counts as ion_counts
from cinedot.particle.distortion import Distortion as Distortion
from cinedot.particle.distortion import Strain as Strain
from cinedot.particle.distortion import Tilts as Tilts
from cinedot.particle.distortion import displaced_positions as displaced_positions
from cinedot.particle.distortion import tilt_displacements as tilt_displacements
from cinedot.particle.host import Host as Host
from cinedot.particle.host import host_named as host_named
from cinedot.particle.host import hosts as hosts
from cinedot.particle.ligands import AllAtoms as AllAtoms
from cinedot.particle.ligands import Hands as Hands
from cinedot.particle.ligands import HeadGroups as HeadGroups
from cinedot.particle.ligands import Ligands as Ligands
from cinedot.particle.ligands import NoLigands as NoLigands
from cinedot.particle.measured_counts import DrawnCompositions as DrawnCompositions
from cinedot.particle.measured_counts import draw_compositions as draw_compositions
from cinedot.particle.molecules import Handedness as Handedness
from cinedot.particle.molecules import Molecule as Molecule
from cinedot.particle.molecules import molecule_from_smiles as molecule_from_smiles
from cinedot.particle.molecules import molecule_named as molecule_named
from cinedot.particle.phases import Phase as Phase
from cinedot.particle.phases import phase_named as phase_named
from cinedot.particle.phases import phases as phases
from cinedot.particle.phases import rigid_tilts as rigid_tilts
from cinedot.particle.phases import strain_from_cell as strain_from_cell
from cinedot.particle.plan import Bookkeeping as Bookkeeping
from cinedot.particle.plan import Composition as Composition
from cinedot.particle.plan import bookkeeping as bookkeeping
from cinedot.particle.plan import ligand_density_per_nm2 as ligand_density_per_nm2
from cinedot.particle.plan import planned_composition as planned_composition
from cinedot.particle.sites import Sites as Sites
from cinedot.particle.sites import lattice_sites as lattice_sites
from cinedot.particle.sites import neighbours as neighbours
from cinedot.particle.sound_atoms import Unsound as Unsound
from cinedot.particle.sound_atoms import unsound as unsound
from cinedot.particle.structure_files import write_structures as write_structures
from cinedot.particle.structure_reading import read_structure as read_structure
from cinedot.particle.summary import Summary as Summary
from cinedot.particle.summary import summarize as summarize
from cinedot.particle.superlattice import superlattice as superlattice
from cinedot.particle.vacancies import AtRandom as AtRandom
from cinedot.particle.vacancies import Boltzmann as Boltzmann
from cinedot.particle.vacancies import ByRule as ByRule
from cinedot.particle.vacancies import CoulombGround as CoulombGround
from cinedot.particle.vacancies import Vacancies as Vacancies
from cinedot.particle.zc import view_along as view_along
from cinedot.particle.zc import zc_image as zc_image
from cinedot.particle.zc_figure import zc_figure as zc_figure
