"""Atoms to movie: what a microscope records of given atoms.

`Grid` holds the wave's pixels and `Poses` where a dot is. `Multislice` scattering turns atoms into
`exit_waves`, referred to the plane z = 0 through the dot's centre; a `Lens` turns waves into
`intensities`; an `Exposure` turns those into `expected_counts`, chance into `sample_counts`, and a
`Camera` into the numbers of a file. `simulate_movie` and `simulate_survey` run that chain with
`Motion` and an `AmorphousCarbon` support, and give back records of `cinedot.core` with the truth
beside them. Lengths are nm outside and angstrom inside; positive defocus is under-focus; chance
is always an argument.
"""

from cinedot.microscope.beam import (
    interaction_rad_per_v_angstrom as interaction_rad_per_v_angstrom,
)
from cinedot.microscope.beam import wavelength_angstrom as wavelength_angstrom
from cinedot.microscope.camera import Camera as Camera
from cinedot.microscope.camera import Exposure as Exposure
from cinedot.microscope.camera import camera_units as camera_units
from cinedot.microscope.camera import expected_counts as expected_counts
from cinedot.microscope.camera import sample_counts as sample_counts
from cinedot.microscope.grid import Grid as Grid
from cinedot.microscope.lens import Lens as Lens
from cinedot.microscope.lens import intensities as intensities
from cinedot.microscope.motion import Motion as Motion
from cinedot.microscope.movie import SimulatedMovie as SimulatedMovie
from cinedot.microscope.movie import simulate_movie as simulate_movie
from cinedot.microscope.multislice import exit_waves as exit_waves
from cinedot.microscope.placing import SurveyDot as SurveyDot
from cinedot.microscope.placing import place_dots as place_dots
from cinedot.microscope.poses import Poses as Poses
from cinedot.microscope.poses import quaternions as quaternions
from cinedot.microscope.potential import Multislice as Multislice
from cinedot.microscope.scattering import AT_REST as AT_REST
from cinedot.microscope.scattering import Thermal as Thermal
from cinedot.microscope.support import AmorphousCarbon as AmorphousCarbon
from cinedot.microscope.support import Everywhere as Everywhere
from cinedot.microscope.support import LeftOf as LeftOf
from cinedot.microscope.survey import SimulatedSurvey as SimulatedSurvey
from cinedot.microscope.survey import simulate_survey as simulate_survey
from cinedot.microscope.tiff import write_tiff as write_tiff
