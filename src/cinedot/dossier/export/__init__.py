"""An analysed folder's results for other programs.

`command` reads `FOLDER/results` and writes a new folder, whole or not at all: `tables` as CSV.
"""

from cinedot.dossier.export.command import export_folder

__all__ = ["export_folder"]
