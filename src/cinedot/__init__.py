"""cinedot: a quantum dot's records to its atoms, composition and light, and back.

The rooms, from the ground up: `core`, `particle`, `microscope` and `recipe`,
`micrographs`, `spectroscopy` and `composition`, `growth`, `dossier`, `cli`.
ARCHITECTURE.md says what stands in each and how data passes through.
Importing `cinedot` imports none of them: the command line must start fast.
"""

__version__ = "0.1.0"
