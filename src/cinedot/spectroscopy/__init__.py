"""Light: from an instrument's file to numbers with their uncertainty, and back.

A file becomes records (`read_spectra`, `read_decay`, checked together by `check_records`); a
record becomes an answer with its evidence (`fit_emission`, `fit_decay`). Beside each fit stands
the law that predicts the record (`emission_spectrum`, `decay_model`, `decay_counts`), from which
the demo draws its samples (`sample_decay`): no fit can tell a drawn record from a measured one.

reading, jasco, decay_reading -> band_search (band_fit, bands, noise) -> emission
                              -> decay_problem, decay_fit (decay_law) -> decay
"""

from cinedot.spectroscopy.bands import band_per_ev as band_per_ev
from cinedot.spectroscopy.bands import emission_spectrum as emission_spectrum
from cinedot.spectroscopy.bands import width_ev as width_ev
from cinedot.spectroscopy.decay import DecayFit as DecayFit
from cinedot.spectroscopy.decay import fit_decay as fit_decay
from cinedot.spectroscopy.decay_law import decay_counts as decay_counts
from cinedot.spectroscopy.decay_law import decay_model as decay_model
from cinedot.spectroscopy.decay_law import gaussian_response as gaussian_response
from cinedot.spectroscopy.decay_law import sample_decay as sample_decay
from cinedot.spectroscopy.decay_problem import check_records as check_records
from cinedot.spectroscopy.decay_reading import read_decay as read_decay
from cinedot.spectroscopy.emission import EmissionFit as EmissionFit
from cinedot.spectroscopy.emission import fit_emission as fit_emission
from cinedot.spectroscopy.reading import read_spectra as read_spectra
