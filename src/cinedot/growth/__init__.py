"""How a dot grows: nucleation, crystal shape, ligand balance, reaction network, kinetics.

A recipe enters; species, sizes and expected light against time leave, with fits that read them
back. So far: `ligand_balance` says which size an amount of ammonium allows, `titration_curve` what
light that gives, `fit_peaks` and `fit_yields` read a titration back, `expected_light` puts a recipe
and its light together. The modules still to come are named in ARCHITECTURE.md.

ligand_balance -> titration_law -> titration_record, titration_reading
titration_law, titration_record -> titration_squares -> titration_fit
recipe, titration_law -> expected_light -> bench_sheet
"""

from cinedot.growth.expected_light import ExpectedLight as ExpectedLight
from cinedot.growth.expected_light import expected_light as expected_light
from cinedot.growth.ligand_balance import COVERAGE as COVERAGE
from cinedot.growth.ligand_balance import TemplateBalance as TemplateBalance
from cinedot.growth.ligand_balance import ammonium_per_pb as ammonium_per_pb
from cinedot.growth.ligand_balance import share_in_dots as share_in_dots
from cinedot.growth.ligand_balance import size_for as size_for
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
