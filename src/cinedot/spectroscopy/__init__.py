"""Light: from an instrument's file to numbers with their uncertainty, and back.

A file becomes records (`read_spectra`, `read_decay`, checked together by `check_records`); a
record becomes an answer with its evidence (`fit_emission`, `fit_decay`). Beside each fit stands
the law that predicts the record (`emission_spectrum`, `decay_model`, `decay_counts`), from which
the demo draws its samples (`sample_decay`): no fit can tell a drawn record from a measured one.

`fit_absorbance` finds first excitons, `fit_quantum_yield` compares dilution series with a
standard's, `find_rates` puts yield and lifetime together.

files: whatever instruments leave, as tables -> reading and every *_reading
reading -> band_search (band_fit, bands, noise) -> emission
decay_reading -> decay_problem; decay_fit (decay_law), stretched_fit (stretched_law), both by
                 decay_likelihood -> decay -> decay_answer
ageing_reading (ageing_record) -> ageing_fit (ageing_law) -> stability -> ageing_comparison,
                                  ligand_loss; spectral_shift
series_start (series_equations) -> series_fit -> emission_series: many spectra at once
reading -> electroluminescence (emission, spectral_shift); dichroism_reading -> dichroism
infrared_reading -> infrared_bands -> infrared
emission -> colour (gamut); confinement: size and light, a room of its own
confinement, emission -> mixture: a spectrum's n and their number fractions, a room of its own
reading -> curvature, exciton_fit (absorption_law, noise) -> absorbance
yield_reading (solvents, yield_standards) -> dilution_line -> quantum_yield -> rates
"""

from cinedot.spectroscopy.absorbance import AbsorbanceFit as AbsorbanceFit
from cinedot.spectroscopy.absorbance import fit_absorbance as fit_absorbance
from cinedot.spectroscopy.absorbance import fit_scatter as fit_scatter
from cinedot.spectroscopy.absorbance import stokes_shift as stokes_shift
from cinedot.spectroscopy.absorbance import without_scatter as without_scatter
from cinedot.spectroscopy.absorption_law import absorbance_spectrum as absorbance_spectrum
from cinedot.spectroscopy.absorption_law import absorptance as absorptance
from cinedot.spectroscopy.absorption_law import inner_filter_factor as inner_filter_factor
from cinedot.spectroscopy.absorption_law import scatter_background as scatter_background
from cinedot.spectroscopy.ageing_comparison import Comparison as Comparison
from cinedot.spectroscopy.ageing_comparison import compare_conditions as compare_conditions
from cinedot.spectroscopy.ageing_comparison import probability_alike as probability_alike
from cinedot.spectroscopy.ageing_law import ligand_cover as ligand_cover
from cinedot.spectroscopy.ageing_law import loss_rate as loss_rate
from cinedot.spectroscopy.ageing_law import rate_of as rate_of
from cinedot.spectroscopy.ageing_law import share_left as share_left
from cinedot.spectroscopy.ageing_reading import read_ageing as read_ageing
from cinedot.spectroscopy.ageing_record import AgeingRecord as AgeingRecord
from cinedot.spectroscopy.bands import band_per_ev as band_per_ev
from cinedot.spectroscopy.bands import emission_spectrum as emission_spectrum
from cinedot.spectroscopy.bands import width_ev as width_ev
from cinedot.spectroscopy.colour import Colour as Colour
from cinedot.spectroscopy.colour import chromaticity as chromaticity
from cinedot.spectroscopy.colour import emission_colour as emission_colour
from cinedot.spectroscopy.colour import spectrum_locus as spectrum_locus
from cinedot.spectroscopy.decay import fit_decay as fit_decay
from cinedot.spectroscopy.decay_answer import DecayFit as DecayFit
from cinedot.spectroscopy.decay_law import decay_counts as decay_counts
from cinedot.spectroscopy.decay_law import decay_model as decay_model
from cinedot.spectroscopy.decay_law import gaussian_response as gaussian_response
from cinedot.spectroscopy.decay_law import sample_decay as sample_decay
from cinedot.spectroscopy.decay_problem import check_records as check_records
from cinedot.spectroscopy.decay_reading import read_decay as read_decay
from cinedot.spectroscopy.dichroism import DichroismFit as DichroismFit
from cinedot.spectroscopy.dichroism import DichroismRecord as DichroismRecord
from cinedot.spectroscopy.dichroism import MirrorTest as MirrorTest
from cinedot.spectroscopy.dichroism import fit_dichroism as fit_dichroism
from cinedot.spectroscopy.dichroism import mirror_test as mirror_test
from cinedot.spectroscopy.dichroism_reading import read_dichroism as read_dichroism
from cinedot.spectroscopy.electroluminescence import (
    ElectroluminescenceFit as ElectroluminescenceFit,
)
from cinedot.spectroscopy.electroluminescence import (
    fit_electroluminescence as fit_electroluminescence,
)
from cinedot.spectroscopy.emission import EmissionFit as EmissionFit
from cinedot.spectroscopy.emission import fit_emission as fit_emission
from cinedot.spectroscopy.emission_series import fit_emission_series as fit_emission_series
from cinedot.spectroscopy.infrared import IONIC_SPLITTING_PER_CM as IONIC_SPLITTING_PER_CM
from cinedot.spectroscopy.infrared import InfraredFit as InfraredFit
from cinedot.spectroscopy.infrared import fit_infrared as fit_infrared
from cinedot.spectroscopy.infrared_reading import InfraredSpectrum as InfraredSpectrum
from cinedot.spectroscopy.infrared_reading import read_infrared as read_infrared
from cinedot.spectroscopy.instrument_response import over_response as over_response
from cinedot.spectroscopy.instrument_response import without_blank as without_blank
from cinedot.spectroscopy.ligand_loss import LigandLoss as LigandLoss
from cinedot.spectroscopy.ligand_loss import concentration_of as concentration_of
from cinedot.spectroscopy.ligand_loss import fit_ligand_loss as fit_ligand_loss
from cinedot.spectroscopy.quantum_yield import INNER_FILTER as INNER_FILTER
from cinedot.spectroscopy.quantum_yield import Medium as Medium
from cinedot.spectroscopy.quantum_yield import QuantumYieldFit as QuantumYieldFit
from cinedot.spectroscopy.quantum_yield import absorbance_bias as absorbance_bias
from cinedot.spectroscopy.quantum_yield import compared_yield as compared_yield
from cinedot.spectroscopy.quantum_yield import emitted as emitted
from cinedot.spectroscopy.quantum_yield import fit_quantum_yield as fit_quantum_yield
from cinedot.spectroscopy.rates import PAPER_K_R_PER_S as PAPER_K_R_PER_S
from cinedot.spectroscopy.rates import Rates as Rates
from cinedot.spectroscopy.rates import find_rates as find_rates
from cinedot.spectroscopy.rates import rate_constants as rate_constants
from cinedot.spectroscopy.rates import yield_and_lifetime as yield_and_lifetime
from cinedot.spectroscopy.reading import read_spectra as read_spectra
from cinedot.spectroscopy.series_fit import SeriesFit as SeriesFit
from cinedot.spectroscopy.series_fit import fit_series as fit_series
from cinedot.spectroscopy.solvents import Solvent as Solvent
from cinedot.spectroscopy.solvents import solvent_named as solvent_named
from cinedot.spectroscopy.spectral_shift import SpectralShift as SpectralShift
from cinedot.spectroscopy.spectral_shift import fit_shift as fit_shift
from cinedot.spectroscopy.stability import StabilityFit as StabilityFit
from cinedot.spectroscopy.stability import fit_stability as fit_stability
from cinedot.spectroscopy.stretched_law import mean_lifetime as mean_lifetime
from cinedot.spectroscopy.stretched_law import stretched_counts as stretched_counts
from cinedot.spectroscopy.yield_reading import Dilutions as Dilutions
from cinedot.spectroscopy.yield_reading import read_dilutions as read_dilutions
from cinedot.spectroscopy.yield_standards import YieldStandard as YieldStandard
from cinedot.spectroscopy.yield_standards import standard_named as standard_named
