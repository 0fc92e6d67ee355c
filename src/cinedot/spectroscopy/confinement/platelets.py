"""The exciton of a platelet that is wide in its plane."""

import math

from cinedot.spectroscopy.confinement.semiconductors import Semiconductor


def platelet_binding_ev(thickness_nm: float, semiconductor: Semiconductor) -> float:
    """Binding energy of an exciton in a sheet, from the bulk's Ry* to a plane's 4 Ry*, eV.

    Ry* / (1 + (alpha - 3) / 2)^2 in alpha = 3 - exp(-d / 2 a_B) dimensions. The sheet's own
    permittivity screens it; images in the surroundings, which strengthen it and raise the gap by
    about as much, are left out.

    Args:
        thickness_nm: of the sheet, nm.
        semiconductor: what it is made of.

    Source: H. Mathieu, P. Lefebvre, P. Christol, Phys. Rev. B 46, 4092 (1992).

    Example:
        >>> from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of
        >>> bulk = semiconductor_of("CsPbBr3")
        >>> [round(platelet_binding_ev(d, bulk) / bulk.rydberg_ev, 3) for d in (1e-9, 1.76, 1e9)]
        [4.0, 2.562, 1.0]
    """
    dimensions = 3 - math.exp(-thickness_nm / (2 * semiconductor.bohr_nm))
    return semiconductor.rydberg_ev / (1 + (dimensions - 3) / 2) ** 2
