"""Confinement: the law that ties a dot's size to its light, in the several forms that are in use.

A `Semiconductor` holds what a host is (gap, mass, permittivity, each with its sigma). A `Law`
turns edges into an energy: `Brus` with its radius by name, `Well` with its walls and dispersion,
`CalibratedWell`, `SizingCurve`, `LayerTable`. `laws_of` lists all of a host, each with what it was
fitted to (`calibrated_on`); `predict` and `edge_from_wavelength` run them, both ways, with sigma.
No law is the default one: they disagree by 100 nm at four Pb an edge.

semiconductors, known_sizes -> spheres (radii, polarisation), boxes (wells, coulomb, platelets),
calibrated -> catalogue -> prediction -> disagreement -> report, figure, command
"""

from cinedot.spectroscopy.confinement.boxes import FiniteWalls as FiniteWalls
from cinedot.spectroscopy.confinement.boxes import InfiniteWalls as InfiniteWalls
from cinedot.spectroscopy.confinement.boxes import NonParabolic as NonParabolic
from cinedot.spectroscopy.confinement.boxes import Parabolic as Parabolic
from cinedot.spectroscopy.confinement.boxes import Well as Well
from cinedot.spectroscopy.confinement.calibrated import CalibratedWell as CalibratedWell
from cinedot.spectroscopy.confinement.calibrated import LayerTable as LayerTable
from cinedot.spectroscopy.confinement.calibrated import SizingCurve as SizingCurve
from cinedot.spectroscopy.confinement.catalogue import NamedLaw as NamedLaw
from cinedot.spectroscopy.confinement.catalogue import laws_of as laws_of
from cinedot.spectroscopy.confinement.coulomb import (
    mean_inverse_distance_per_nm as mean_inverse_distance_per_nm,
)
from cinedot.spectroscopy.confinement.known_sizes import KnownSize as KnownSize
from cinedot.spectroscopy.confinement.known_sizes import Source as Source
from cinedot.spectroscopy.confinement.known_sizes import sources as sources
from cinedot.spectroscopy.confinement.prediction import edge_from_wavelength as edge_from_wavelength
from cinedot.spectroscopy.confinement.prediction import predict as predict
from cinedot.spectroscopy.confinement.semiconductors import Semiconductor as Semiconductor
from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of as semiconductor_of
from cinedot.spectroscopy.confinement.shapes import Edges as Edges
from cinedot.spectroscopy.confinement.shapes import Law as Law
from cinedot.spectroscopy.confinement.spheres import Brus as Brus
from cinedot.spectroscopy.confinement.spheres import EdgeAsRadius as EdgeAsRadius
from cinedot.spectroscopy.confinement.spheres import EqualVolume as EqualVolume
from cinedot.spectroscopy.confinement.spheres import HalfEdge as HalfEdge
from cinedot.spectroscopy.confinement.spheres import Polarisation as Polarisation
from cinedot.spectroscopy.confinement.spheres import RydbergTerm as RydbergTerm
