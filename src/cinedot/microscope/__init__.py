"""Atoms to movie: what a microscope records of given atoms.

`Grid` holds the wave's pixels and `Poses` where a dot is. `Multislice` or `PhaseObject` scattering
turns atoms into `exit_waves`, referred to the plane z = 0 through the dot's centre; a `Lens` turns
waves into `intensities`; an `Exposure` turns those into `expected_counts`, chance into
`sample_counts`, a `Camera` into `sample_signal` and the numbers of a file. A `Scene` puts a dot in
its surroundings, with `Motion`, `Damage` and a `LigandShell`; `filmed` runs it frame by frame,
`write_simulation` writes it with the truth beside it, `simulate_movie` and `simulate_survey` give
back records of `cinedot.core`. Lengths are nm outside and angstrom inside; positive defocus is
under-focus; chance is always an argument.
"""

from cinedot.microscope.beam import interaction_rad_per_v_angstrom as interaction_rad_per_v_angstrom
from cinedot.microscope.beam import wavelength_angstrom as wavelength_angstrom
from cinedot.microscope.camera import Averaged as Averaged
from cinedot.microscope.camera import Camera as Camera
from cinedot.microscope.camera import Exposure as Exposure
from cinedot.microscope.camera import Summed as Summed
from cinedot.microscope.camera import camera_units as camera_units
from cinedot.microscope.camera import expected_counts as expected_counts
from cinedot.microscope.camera import one_view as one_view
from cinedot.microscope.camera import sample_counts as sample_counts
from cinedot.microscope.damage import DamageStretch as DamageStretch
from cinedot.microscope.damage import HalideEvent as HalideEvent
from cinedot.microscope.damage import begin_damage as begin_damage
from cinedot.microscope.damage import damages as damages
from cinedot.microscope.damage import next_damage as next_damage
from cinedot.microscope.damage_rates import Damage as Damage
from cinedot.microscope.damage_rates import knock_on_ev as knock_on_ev
from cinedot.microscope.detector import expected_signal as expected_signal
from cinedot.microscope.detector import modulation_transfer as modulation_transfer
from cinedot.microscope.detector import noise_power as noise_power
from cinedot.microscope.detector import quantum_efficiency as quantum_efficiency
from cinedot.microscope.detector import sample_signal as sample_signal
from cinedot.microscope.factors import ChargedShell as ChargedShell
from cinedot.microscope.factors import Kirkland as Kirkland
from cinedot.microscope.factors import Lobato as Lobato
from cinedot.microscope.factors import NeutralInstead as NeutralInstead
from cinedot.microscope.factors import Parametrization as Parametrization
from cinedot.microscope.factors import PengIonic as PengIonic
from cinedot.microscope.factors import scattering_factor_angstrom as scattering_factor_angstrom
from cinedot.microscope.filming import FilmedFrames as FilmedFrames
from cinedot.microscope.filming import Filming as Filming
from cinedot.microscope.filming import begin_filming as begin_filming
from cinedot.microscope.filming import filmed as filmed
from cinedot.microscope.films import Film as Film
from cinedot.microscope.films import moved as moved
from cinedot.microscope.grid import Grid as Grid
from cinedot.microscope.halide_atoms import atom_occupancy as atom_occupancy
from cinedot.microscope.halide_atoms import with_open_sites as with_open_sites
from cinedot.microscope.imaging import Coherence as Coherence
from cinedot.microscope.imaging import Envelope as Envelope
from cinedot.microscope.imaging import FocalIntegral as FocalIntegral
from cinedot.microscope.imaging import images as images
from cinedot.microscope.lens import Aberrations as Aberrations
from cinedot.microscope.lens import Lens as Lens
from cinedot.microscope.lens import aberrations as aberrations
from cinedot.microscope.lens import intensities as intensities
from cinedot.microscope.lens_conventions import abtem_parameters as abtem_parameters
from cinedot.microscope.lens_conventions import lens_from_abtem as lens_from_abtem
from cinedot.microscope.lens_conventions import lens_from_gatan as lens_from_gatan
from cinedot.microscope.lens_conventions import lens_from_kirkland as lens_from_kirkland
from cinedot.microscope.ligand_shell import LigandShell as LigandShell
from cinedot.microscope.ligand_shell import ShelledDot as ShelledDot
from cinedot.microscope.ligand_shell import shell_occupancy as shell_occupancy
from cinedot.microscope.ligand_shell import shelled_dot as shelled_dot
from cinedot.microscope.motion import Motion as Motion
from cinedot.microscope.motion import Stretch as Stretch
from cinedot.microscope.motion import begin_motion as begin_motion
from cinedot.microscope.motion import next_stretch as next_stretch
from cinedot.microscope.motion import stretches as stretches
from cinedot.microscope.movie import SimulatedMovie as SimulatedMovie
from cinedot.microscope.movie import simulate_movie as simulate_movie
from cinedot.microscope.movie_files import Sheet as Sheet
from cinedot.microscope.movie_files import write_movie as write_movie
from cinedot.microscope.mtf import Lorentzian as Lorentzian
from cinedot.microscope.mtf import Measured as Measured
from cinedot.microscope.mtf import Sharp as Sharp
from cinedot.microscope.multislice import exit_waves as exit_waves
from cinedot.microscope.placing import SurveyDot as SurveyDot
from cinedot.microscope.placing import place_dots as place_dots
from cinedot.microscope.poses import Poses as Poses
from cinedot.microscope.poses import quaternions as quaternions
from cinedot.microscope.potential import Multislice as Multislice
from cinedot.microscope.potential import PhaseObject as PhaseObject
from cinedot.microscope.potential import Scattering as Scattering
from cinedot.microscope.recording import Written as Written
from cinedot.microscope.recording import write_simulation as write_simulation
from cinedot.microscope.scene import Scene as Scene
from cinedot.microscope.specimen import Specimen as Specimen
from cinedot.microscope.specimen import specimen as specimen
from cinedot.microscope.support import AmorphousCarbon as AmorphousCarbon
from cinedot.microscope.support import Everywhere as Everywhere
from cinedot.microscope.support import LeftOf as LeftOf
from cinedot.microscope.support import Side as Side
from cinedot.microscope.support import Support as Support
from cinedot.microscope.support import film as film
from cinedot.microscope.support import film_of_atoms as film_of_atoms
from cinedot.microscope.survey import SimulatedSurvey as SimulatedSurvey
from cinedot.microscope.survey import simulate_survey as simulate_survey
from cinedot.microscope.thermal import AT_REST as AT_REST
from cinedot.microscope.thermal import Disc as Disc
from cinedot.microscope.thermal import Thermal as Thermal
from cinedot.microscope.tiff import write_tiff as write_tiff
from cinedot.microscope.turning import Tumble as Tumble
from cinedot.microscope.turning import libration_tensors_angstrom2 as libration_tensors_angstrom2
from cinedot.microscope.walls import Graphene as Graphene
from cinedot.microscope.walls import Nanohorns as Nanohorns
from cinedot.microscope.walls import Nanotube as Nanotube
from cinedot.microscope.witness import Witness as Witness
