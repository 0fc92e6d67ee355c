"""Movie to atoms: what micrographs say of particles.

A recording enters through `open_movie` as a `Movie`; `bandpass` shows it as the paper did, and
`count_electrons` tells its dose. Survey images go to `find_particles` (dots by their lattice,
others by their contrast), each outline fitted, to `classification.classify` for n by simulated
views, and to `summarise` for sizes, fractions and gaps. A movie goes to `measure_movie`, chunk by
chunk (`frame_passes`, on as many processes as `core.chunks.Runs` has): registered, its dots found,
outlined and linked into tracks; `movie_poses` then fits how the dot lies in each frame. A lattice
gives `lattice_fringes`, or `local_fringes` where it bends; `index_fringes` names them, and
`calibrate` turns a known lattice into the scale. What needs JAX (`classification`,
`movie_poses`, `pose`) is imported from its own module. Lengths are nm, images [y, x]; places
count from the centre of the first pixel.
"""

from cinedot.micrographs.autoscale import autoscale as autoscale
from cinedot.micrographs.bandpass import bandpass as bandpass
from cinedot.micrographs.calibration import Calibration as Calibration
from cinedot.micrographs.calibration import HeldOut as HeldOut
from cinedot.micrographs.calibration import calibrate as calibrate
from cinedot.micrographs.counting import ElectronCount as ElectronCount
from cinedot.micrographs.counting import averaged_pixels as averaged_pixels
from cinedot.micrographs.counting import camera_zero as camera_zero
from cinedot.micrographs.counting import count_electrons as count_electrons
from cinedot.micrographs.dose import DOSE_TOLERANCE as DOSE_TOLERANCE
from cinedot.micrographs.dose import DoseComparison as DoseComparison
from cinedot.micrographs.dose import compare_dose_rates as compare_dose_rates
from cinedot.micrographs.dose import dose_rate as dose_rate
from cinedot.micrographs.edge_fits import EdgeOrientation as EdgeOrientation
from cinedot.micrographs.edge_fits import edges_of_corner as edges_of_corner
from cinedot.micrographs.edge_fits import edges_of_parallel as edges_of_parallel
from cinedot.micrographs.edge_fits import fit_directions as fit_directions
from cinedot.micrographs.edge_fits import fit_edges as fit_edges
from cinedot.micrographs.edge_outline import fit_outline as fit_outline
from cinedot.micrographs.edges import central_line as central_line
from cinedot.micrographs.edges import rotations_of_central_line as rotations_of_central_line
from cinedot.micrographs.edges import rotations_of_directions as rotations_of_directions
from cinedot.micrographs.edges import rotations_of_edges as rotations_of_edges
from cinedot.micrographs.fractions import NumberFraction as NumberFraction
from cinedot.micrographs.fractions import NumberFractions as NumberFractions
from cinedot.micrographs.frame_faults import FrameFault as FrameFault
from cinedot.micrographs.frame_faults import faults_of as faults_of
from cinedot.micrographs.frame_faults import faults_text as faults_text
from cinedot.micrographs.frame_faults import frame_faults as frame_faults
from cinedot.micrographs.frame_faults import frame_numbers as frame_numbers
from cinedot.micrographs.frame_passes import Recording as Recording
from cinedot.micrographs.fringes import Fringe as Fringe
from cinedot.micrographs.fringes import PowerSpectrum as PowerSpectrum
from cinedot.micrographs.fringes import lattice_fringes as lattice_fringes
from cinedot.micrographs.fringes import power_spectrum as power_spectrum
from cinedot.micrographs.homogeneity import Homogeneity as Homogeneity
from cinedot.micrographs.homogeneity import homogeneity as homogeneity
from cinedot.micrographs.indexing import IndexedFringe as IndexedFringe
from cinedot.micrographs.indexing import Indexing as Indexing
from cinedot.micrographs.indexing import index_fringes as index_fringes
from cinedot.micrographs.indexing import lattice_constant as lattice_constant
from cinedot.micrographs.lattices import Lattice as Lattice
from cinedot.micrographs.lattices import Miller as Miller
from cinedot.micrographs.lattices import spacing_nm as spacing_nm
from cinedot.micrographs.local_fringes import LocalFringe as LocalFringe
from cinedot.micrographs.local_fringes import local_fringes as local_fringes
from cinedot.micrographs.local_fringes import typical_spacing as typical_spacing
from cinedot.micrographs.local_lattice import can_see_lattice as can_see_lattice
from cinedot.micrographs.movie_particle import measure_movie as measure_movie
from cinedot.micrographs.movie_records import Field as Field
from cinedot.micrographs.movie_records import FrameMeasurement as FrameMeasurement
from cinedot.micrographs.movie_records import MovieMeasurement as MovieMeasurement
from cinedot.micrographs.neighbours import PairDistribution as PairDistribution
from cinedot.micrographs.neighbours import Places as Places
from cinedot.micrographs.neighbours import pair_distribution as pair_distribution
from cinedot.micrographs.neighbours import places_of as places_of
from cinedot.micrographs.particle_records import Particle as Particle
from cinedot.micrographs.particle_records import Particles as Particles
from cinedot.micrographs.particles import find_particles as find_particles
from cinedot.micrographs.population import Population as Population
from cinedot.micrographs.population import summarise as summarise
from cinedot.micrographs.reading import open_movie as open_movie
from cinedot.micrographs.reading import recording_files as recording_files
from cinedot.micrographs.registration import Shifts as Shifts
from cinedot.micrographs.registration import register as register
from cinedot.micrographs.scale_checks import ScaleCheck as ScaleCheck
from cinedot.micrographs.scale_checks import lattice_check as lattice_check
from cinedot.micrographs.scale_checks import scale_check as scale_check
from cinedot.micrographs.size_histogram import GaussianFit as GaussianFit
from cinedot.micrographs.size_histogram import SizeHistogram as SizeHistogram
from cinedot.micrographs.size_histogram import size_histogram as size_histogram
from cinedot.micrographs.tracks import link as link
