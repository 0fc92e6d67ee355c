"""An analysed folder's results for other programs.

`command` reads `FOLDER/results` by `dossier.written` and writes a new folder, whole or not at all:
`tables` as CSV, `structures` of a movie's particles as extended XYZ and CIF, and `crate`, which
describes every file that the others wrote, so that it comes last.
"""

from cinedot.dossier.export.command import export_folder

__all__ = ["export_folder"]
