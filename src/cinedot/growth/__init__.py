"""How a dot grows: nucleation, crystal shape, ligand balance, reaction network, kinetics.

A recipe enters; species, sizes and expected light against time leave, with fits that read them
back. `nucleation` gives barriers and numbers.
"""

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
