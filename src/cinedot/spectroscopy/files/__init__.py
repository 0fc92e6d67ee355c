"""Instruments' files as tables: what a file is, its content says.

bytes -> jasco (jasco_codes, jasco_old) or hyperspy -> plain_table
text  -> picoquant, konica_minolta, or blocks -> core.delimited -> edinburgh

All end in `tables`; what a table means is the affair of whoever reads it: spectra, infrared,
dichroism, decays, ageing. `settings` finds excitation, slits and units among a table's facts.
"""

from cinedot.spectroscopy.files.settings import excitation_nm as excitation_nm
from cinedot.spectroscopy.files.settings import stated_settings as stated_settings
from cinedot.spectroscopy.files.tables import read_table as read_table
from cinedot.spectroscopy.files.tables import read_tables as read_tables
