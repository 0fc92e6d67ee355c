"""How a dot grows: nucleation, crystal shape, ligand balance, reaction network, kinetics.

A recipe enters; species, sizes and expected light against time leave, with fits that read them
back. `nucleation` gives barriers and numbers, `shape` the crystal that surface energies or growth
rates make, `adsorption` what an acid does to it. `ligand_balance` says which size an amount of
ammonium allows, `titration_curve` what light that gives, `fit_peaks` and `fit_yields` read a
titration back, `expected_light` puts a recipe and its light together.

crystal_regions (bodies of an SEM image) -> crystal_cuts -> crystal_fits -> crystal_images ->
                   crystal_population: kinds, fusion and sizes of microcrystals
ligand_balance -> titration_law -> titration_record, titration_reading
titration_law, titration_record -> titration_squares -> titration_fit
recipe, titration_law -> expected_light -> bench_sheet
network (network_files, sbml, sbml_reading) -> rate_equations, gillespie: species in time ->
                   growth_light: their spectra and colour -> grow_command
kinetic_reading -> kinetic_record, or band_traces of spectra -> trace_fit (rise_families:
                   kinetic_laws, template_law) -> rise_fit (induction: profiles) ->
                   weighed_induction -> kinetics: when the light begins to rise ->
                   shared_traces: several conditions
"""

from cinedot.growth.adsorption import Acid as Acid
from cinedot.growth.adsorption import CoveredFace as CoveredFace
from cinedot.growth.adsorption import acid_named as acid_named
from cinedot.growth.adsorption import acids as acids
from cinedot.growth.adsorption import coverage as coverage
from cinedot.growth.adsorption import covered_energy as covered_energy
from cinedot.growth.adsorption import expected_shape as expected_shape
from cinedot.growth.adsorption import face_energies as face_energies
from cinedot.growth.band_traces import BandTraces as BandTraces
from cinedot.growth.band_traces import fit_bands_in_time as fit_bands_in_time
from cinedot.growth.band_traces import single_wavelength_share as single_wavelength_share
from cinedot.growth.crystal_cuts import convex_pieces as convex_pieces
from cinedot.growth.crystal_fits import FittedOutline as FittedOutline
from cinedot.growth.crystal_fits import fit_outline as fit_outline
from cinedot.growth.crystal_fits import outline_corners as outline_corners
from cinedot.growth.crystal_images import Crystal as Crystal
from cinedot.growth.crystal_images import CrystalField as CrystalField
from cinedot.growth.crystal_images import find_crystals as find_crystals
from cinedot.growth.crystal_population import FEW_CRYSTALS as FEW_CRYSTALS
from cinedot.growth.crystal_population import FEWEST_FOR_INTERVAL as FEWEST_FOR_INTERVAL
from cinedot.growth.crystal_population import CrystalPopulation as CrystalPopulation
from cinedot.growth.crystal_population import Median as Median
from cinedot.growth.crystal_population import Share as Share
from cinedot.growth.crystal_population import crystal_population as crystal_population
from cinedot.growth.expected_light import ExpectedLight as ExpectedLight
from cinedot.growth.expected_light import expected_light as expected_light
from cinedot.growth.gillespie import SampledGrowth as SampledGrowth
from cinedot.growth.gillespie import sample_network as sample_network
from cinedot.growth.growth_light import growth_colours as growth_colours
from cinedot.growth.growth_light import growth_spectra as growth_spectra
from cinedot.growth.kinetic_laws import delayed_exponential as delayed_exponential
from cinedot.growth.kinetic_laws import finke_watzky as finke_watzky
from cinedot.growth.kinetic_laws import finke_watzky_induction as finke_watzky_induction
from cinedot.growth.kinetic_laws import jmak as jmak
from cinedot.growth.kinetic_laws import logistic as logistic
from cinedot.growth.kinetic_laws import template_induction as template_induction
from cinedot.growth.kinetic_reading import SpectralRecord as SpectralRecord
from cinedot.growth.kinetic_reading import read_kinetics as read_kinetics
from cinedot.growth.kinetic_record import KineticRecord as KineticRecord
from cinedot.growth.kinetics import KineticsFit as KineticsFit
from cinedot.growth.kinetics import fit_kinetics as fit_kinetics
from cinedot.growth.ligand_balance import COVERAGE as COVERAGE
from cinedot.growth.ligand_balance import TemplateBalance as TemplateBalance
from cinedot.growth.ligand_balance import ammonium_per_pb as ammonium_per_pb
from cinedot.growth.ligand_balance import share_in_dots as share_in_dots
from cinedot.growth.ligand_balance import size_for as size_for
from cinedot.growth.network import Network as Network
from cinedot.growth.network_files import network_named as network_named
from cinedot.growth.network_files import network_names as network_names
from cinedot.growth.network_files import read_network as read_network
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
from cinedot.growth.rate_equations import Growth as Growth
from cinedot.growth.rate_equations import run_network as run_network
from cinedot.growth.rise_families import FAMILIES as FAMILIES
from cinedot.growth.rise_families import FinkeWatzky as FinkeWatzky
from cinedot.growth.rise_families import Jmak as Jmak
from cinedot.growth.rise_families import Logistic as Logistic
from cinedot.growth.rise_families import TemplateNetwork as TemplateNetwork
from cinedot.growth.rise_fit import RiseFit as RiseFit
from cinedot.growth.sbml import sbml_text as sbml_text
from cinedot.growth.sbml import write_sbml as write_sbml
from cinedot.growth.sbml_reading import network_of_sbml as network_of_sbml
from cinedot.growth.sbml_reading import read_sbml as read_sbml
from cinedot.growth.shape import elongated_dodecahedron as elongated_dodecahedron
from cinedot.growth.shape import grown_shape as grown_shape
from cinedot.growth.shape import surface_energy as surface_energy
from cinedot.growth.shape import wulff_nucleus as wulff_nucleus
from cinedot.growth.shape import wulff_shape as wulff_shape
from cinedot.growth.shape_figure import SeenFace as SeenFace
from cinedot.growth.shape_figure import seen_faces as seen_faces
from cinedot.growth.shape_figure import shapes_figure as shapes_figure
from cinedot.growth.shared_traces import SharedFit as SharedFit
from cinedot.growth.shared_traces import fit_shared as fit_shared
from cinedot.growth.shared_traces import probability_shared as probability_shared
from cinedot.growth.template_law import template_rise as template_rise
from cinedot.growth.titration_fit import PeakFit as PeakFit
from cinedot.growth.titration_fit import YieldFit as YieldFit
from cinedot.growth.titration_fit import fit_peaks as fit_peaks
from cinedot.growth.titration_fit import fit_yields as fit_yields
from cinedot.growth.titration_law import AdaptiveRoute as AdaptiveRoute
from cinedot.growth.titration_law import Colours as Colours
from cinedot.growth.titration_law import TemplateRoute as TemplateRoute
from cinedot.growth.titration_law import TitrationCurve as TitrationCurve
from cinedot.growth.titration_law import titration_curve as titration_curve
from cinedot.growth.titration_reading import read_titration as read_titration
from cinedot.growth.titration_reading import read_titration_spectra as read_titration_spectra
from cinedot.growth.titration_reading import titration_of_spectra as titration_of_spectra
from cinedot.growth.titration_record import Observed as Observed
from cinedot.growth.titration_record import TitrationRecord as TitrationRecord
from cinedot.growth.trace_fit import TraceFits as TraceFits
from cinedot.growth.trace_fit import fit_traces as fit_traces
