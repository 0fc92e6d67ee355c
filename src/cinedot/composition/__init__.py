"""What a dot is made of: EDX tables and spectra, mass spectra.

Element ratios and ions enter; atoms and ligands per particle leave, with covariance.

edx_reading (atomic_percents) -> atom_counts (reference) -> charge_balance: atoms and ligands for
every 64 metal atoms, with what the replicates' scatter leaves open
xray_lines -> film -> systematics: what beam and film put into all replicates alike
edx_files -> peak_fit (peak_law, xray_lines) -> standardless (film): spectra to counts
atom_counts, systematics, candidates -> surface: which compound, or that it cannot be told
charge_balance -> share_table: central and surface atoms
ions -> isotopes -> mass_spectrum: what given ions show; known_ions: those that the paper names
mass_reading (mzml) -> ion_assignment: candidates (ion_candidates) and decoys compete for the peaks
                       (ion_competition) by their odds (pattern_odds)
"""

from cinedot.composition.atom_counts import PER_METALS as PER_METALS
from cinedot.composition.atom_counts import AtomCounts as AtomCounts
from cinedot.composition.atom_counts import bootstrap_counts as bootstrap_counts
from cinedot.composition.atom_counts import count_atoms as count_atoms
from cinedot.composition.atom_counts import predicted_percents as predicted_percents
from cinedot.composition.atomic_percents import AtomicPercents as AtomicPercents
from cinedot.composition.candidates import Candidate as Candidate
from cinedot.composition.candidates import candidate as candidate
from cinedot.composition.candidates import with_acid_halides as with_acid_halides
from cinedot.composition.charge_balance import Ligands as Ligands
from cinedot.composition.charge_balance import balanced_ligands as balanced_ligands
from cinedot.composition.charge_balance import oxygens_in as oxygens_in
from cinedot.composition.edx_files import EdxSpectrum as EdxSpectrum
from cinedot.composition.edx_files import read_edx as read_edx
from cinedot.composition.edx_reading import read_percents as read_percents
from cinedot.composition.film import Film as Film
from cinedot.composition.film import sensitivity as sensitivity
from cinedot.composition.ion_assignment import Assignment as Assignment
from cinedot.composition.ion_assignment import IonAssignment as IonAssignment
from cinedot.composition.ion_assignment import assign_ions as assign_ions
from cinedot.composition.ion_candidates import Reagents as Reagents
from cinedot.composition.ion_candidates import ion_candidates as ion_candidates
from cinedot.composition.ion_competition import DECOY_HYDROGENS as DECOY_HYDROGENS
from cinedot.composition.ions import Ion as Ion
from cinedot.composition.ions import ion_of as ion_of
from cinedot.composition.isotopes import IsotopePattern as IsotopePattern
from cinedot.composition.isotopes import commonest_mz as commonest_mz
from cinedot.composition.isotopes import isotope_pattern as isotope_pattern
from cinedot.composition.known_ions import KnownIon as KnownIon
from cinedot.composition.known_ions import known_ion as known_ion
from cinedot.composition.known_ions import known_ions as known_ions
from cinedot.composition.mass_reading import read_mass_spectrum as read_mass_spectrum
from cinedot.composition.mass_spectrum import MassSpectrum as MassSpectrum
from cinedot.composition.mass_spectrum import expected_mass_spectrum as expected_mass_spectrum
from cinedot.composition.mass_spectrum import sample_mass_spectrum as sample_mass_spectrum
from cinedot.composition.pattern_odds import Tolerances as Tolerances
from cinedot.composition.peak_fit import Intensity as Intensity
from cinedot.composition.peak_fit import PeakFit as PeakFit
from cinedot.composition.peak_fit import fit_peaks as fit_peaks
from cinedot.composition.peak_fit import overlaps as overlaps
from cinedot.composition.reference import atoms_in as atoms_in
from cinedot.composition.reference import calibrate as calibrate
from cinedot.composition.share_table import ShareRow as ShareRow
from cinedot.composition.share_table import found_row as found_row
from cinedot.composition.share_table import model_row as model_row
from cinedot.composition.standardless import LINE_SIGMA as LINE_SIGMA
from cinedot.composition.standardless import cliff_lorimer as cliff_lorimer
from cinedot.composition.standardless import thin_film_counts as thin_film_counts
from cinedot.composition.surface import SurfaceInference as SurfaceInference
from cinedot.composition.surface import infer_surface as infer_surface
from cinedot.composition.systematics import BeamPrior as BeamPrior
from cinedot.composition.systematics import Systematics as Systematics
from cinedot.composition.systematics import beam_systematics as beam_systematics
from cinedot.composition.systematics import no_systematics as no_systematics
from cinedot.composition.systematics import substrate_number as substrate_number
from cinedot.composition.xray_lines import LineFamily as LineFamily
from cinedot.composition.xray_lines import analysed_family as analysed_family
from cinedot.composition.xray_lines import line_families as line_families
