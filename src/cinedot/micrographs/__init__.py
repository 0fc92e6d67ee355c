"""Movie to atoms: what micrographs say of particles.

A recording enters through `open_movie` as a `Movie`; `bandpass` shows it as the paper did.
Survey images go to `find_particles` (dots by their lattice, others by their contrast), each
outline fitted, and to `summarise` for sizes, fractions and gaps. A movie of one dot goes to
`measure_movie`: place, outline and fringes, frame by frame and in the mean. Whatever has a
lattice gives `lattice_fringes` of a field, or `local_fringes` patch by patch where it is bent.
Lengths are nm; places count from the centre of the first pixel; images are [y, x]. Pose,
occupancy and events are still to come after `measure_movie`.
"""

from cinedot.micrographs.bandpass import bandpass as bandpass
from cinedot.micrographs.fringes import Fringe as Fringe
from cinedot.micrographs.fringes import PowerSpectrum as PowerSpectrum
from cinedot.micrographs.fringes import lattice_fringes as lattice_fringes
from cinedot.micrographs.fringes import power_spectrum as power_spectrum
from cinedot.micrographs.local_fringes import LocalFringe as LocalFringe
from cinedot.micrographs.local_fringes import local_fringes as local_fringes
from cinedot.micrographs.local_fringes import typical_spacing as typical_spacing
from cinedot.micrographs.movie_particle import FrameMeasurement as FrameMeasurement
from cinedot.micrographs.movie_particle import MovieMeasurement as MovieMeasurement
from cinedot.micrographs.movie_particle import measure_movie as measure_movie
from cinedot.micrographs.particle_records import Particle as Particle
from cinedot.micrographs.particle_records import Particles as Particles
from cinedot.micrographs.particles import find_particles as find_particles
from cinedot.micrographs.population import Population as Population
from cinedot.micrographs.population import summarise as summarise
from cinedot.micrographs.reading import open_movie as open_movie
