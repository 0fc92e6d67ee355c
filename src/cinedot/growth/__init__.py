"""How a dot grows: nucleation, crystal shape, ligand balance, reaction network, kinetics.

A recipe enters; species, sizes and expected light against time leave, with fits that read them
back. `nucleation` gives barriers and numbers, `shape` the crystal that surface energies or growth
rates make, `adsorption` what an acid does to it.
"""

from cinedot.growth.adsorption import Acid as Acid
from cinedot.growth.adsorption import CoveredFace as CoveredFace
from cinedot.growth.adsorption import acid_named as acid_named
from cinedot.growth.adsorption import acids as acids
from cinedot.growth.adsorption import coverage as coverage
from cinedot.growth.adsorption import covered_energy as covered_energy
from cinedot.growth.adsorption import expected_shape as expected_shape
from cinedot.growth.adsorption import face_energies as face_energies
from cinedot.growth.nucleation import CriticalNucleus as CriticalNucleus
from cinedot.growth.nucleation import Cube as Cube
from cinedot.growth.nucleation import NucleusShape as NucleusShape
from cinedot.growth.nucleation import Sphere as Sphere
from cinedot.growth.nucleation import Supersaturation as Supersaturation
from cinedot.growth.nucleation import barrier_drop_kt as barrier_drop_kt
from cinedot.growth.nucleation import critical_nucleus as critical_nucleus
from cinedot.growth.nucleation import energy_ratio_for as energy_ratio_for
from cinedot.growth.nucleation import nucleation_rate as nucleation_rate
from cinedot.growth.nucleation import number_ratio as number_ratio
from cinedot.growth.nucleation import work_of_formation_kt as work_of_formation_kt
from cinedot.growth.polyhedra import CrystalShape as CrystalShape
from cinedot.growth.polyhedra import Face as Face
from cinedot.growth.polyhedra import Plane as Plane
from cinedot.growth.polyhedra import cut_crystal as cut_crystal
from cinedot.growth.polyhedra import family as family
from cinedot.growth.polyhedra import view_axes as view_axes
from cinedot.growth.shape import elongated_dodecahedron as elongated_dodecahedron
from cinedot.growth.shape import grown_shape as grown_shape
from cinedot.growth.shape import surface_energy as surface_energy
from cinedot.growth.shape import wulff_nucleus as wulff_nucleus
from cinedot.growth.shape import wulff_shape as wulff_shape
from cinedot.growth.shape_figure import SeenFace as SeenFace
from cinedot.growth.shape_figure import seen_faces as seen_faces
from cinedot.growth.shape_figure import shapes_figure as shapes_figure
