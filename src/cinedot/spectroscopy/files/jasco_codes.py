"""JASCO's numbers for what its axes show, shared by its old and its new files.

As jwsProcessor and jws2txt list them; the wavenumber's and the temperature's from recorded files.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.spectroscopy.files.plain_table import Ordinate

FLUORESCENCE = 14
TEMPERATURE = 0x30000301
_ABSCISSAE = {
    0x10000100: ("wavenumber", "1/cm"),
    0x10000103: ("wavelength", "nm"),
    0x20000203: ("time", "s"),
    TEMPERATURE: ("temperature", "degC"),
}
_ORDINATES = {
    3: ("absorbance", ""),
    FLUORESCENCE: ("fluorescence", ""),
    0x1001: ("CD", "mdeg"),
    0x2001: ("HT voltage", "V"),
}


def abscissa_of(code: int, values: Float[np.ndarray, " row"], path: Path) -> Ordinate:
    """The abscissa that a code names.

    Raises:
        InputError: an unknown code.

    Example:
        >>> abscissa_of(0x10000103, np.array([400.0]), Path("a.jws")).heading
        'wavelength'
    """
    if code not in _ABSCISSAE:
        raise InputError(
            f"the abscissa must be a wavelength, wavenumber, time or temperature, but is of kind "
            f"{code:#x}.",
            remedy="Export this record as text.",
            file=path,
        )
    heading, unit = _ABSCISSAE[code]
    return Ordinate(heading=heading, unit=unit, values=values)


def ordinate_of(code: int) -> tuple[str, str]:
    """Name and unit of the ordinate that a code stands for.

    Example:
        >>> ordinate_of(14), ordinate_of(5)
        (('fluorescence', ''), ('ordinate 0x5', ''))
    """
    return _ORDINATES.get(code, (f"ordinate {code:#x}", ""))
