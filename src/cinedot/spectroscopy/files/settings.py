"""How an instrument was set, as its files say it in their own words.

The keys are those of JASCO's, Agilent's, Edinburgh's and Hamamatsu's exports, English and Japanese.
"""

import re
from collections.abc import Mapping

from cinedot.core.delimited import Column, DelimitedTable

_SLIT = re.compile(r"slit|band\s?(width|pass)|bwidth|バンド幅|帯域|スリット", re.IGNORECASE)
_EXCITATION = re.compile(r"excit|(?<![a-z])exc?(?![a-z])|(?<![a-z])exwave|励起", re.IGNORECASE)
_EMISSION = re.compile(r"emiss|(?<![a-z])em(?![a-z])|(?<![a-z])emwave|蛍光", re.IGNORECASE)
_LASER = re.compile(r"laser.*wavelength", re.IGNORECASE)
_OTHER = re.compile(r"filter|power|mode|rate|time|source|correct|start|stop|step", re.IGNORECASE)
_INSTRUMENT = re.compile(
    r"(spectrometer/data system|instrument( name)?|model( name)?|機種名)$", re.IGNORECASE
)
_LENGTH = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:nm)?")
_SHORTEST_NM, _LONGEST_NM = 100.0, 3000.0
"""What excites or is emitted; other numbers under such keys are of something else."""


def stated_settings(table: DelimitedTable, y: Column) -> dict[str, str]:
    """A table's facts with those on excitation, slits and units under names of their own.

    Args:
        table: the table.
        y: the column of intensities.

    Returns:
        The metadata, and where stated "excitation wavelength", "emission wavelength", "excitation
        slit", "emission slit" (each as "380 nm"), "intensity unit", "instrument".

    Example:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> table = DelimitedTable(file=Path("a.txt"), columns=(), texts={}, lines=(),
        ...     metadata={"Ex wavelength": "380.0 nm", "Ex bandwidth": "5 nm", "YUNITS": "CPS"})
        >>> y = Column(number=2, heading="", unit="", group="", values=np.zeros(0))
        >>> found = stated_settings(table, y)
        >>> found["excitation wavelength"], found["excitation slit"], found["intensity unit"]
        ('380 nm', '5 nm', 'CPS')
    """
    found: dict[str, str] = {}
    for key, value in table.metadata.items():
        name = _name_of(key)
        length = _LENGTH.fullmatch(value.strip())
        if name and length:
            number = float(length.group(1).replace(",", "."))
            if name.endswith("slit") or _SHORTEST_NM <= number <= _LONGEST_NM:
                found.setdefault(name, f"{number:g} nm")
        elif _INSTRUMENT.match(key.strip()):
            found.setdefault("instrument", value)
    unit = y.unit or table.metadata.get("YUNITS", "")
    return {**table.metadata, **found, **({"intensity unit": unit} if unit else {})}


def excitation_nm(settings: Mapping[str, str]) -> float | None:
    """The wavelength that excited, nm, among `stated_settings`."""
    stated = settings.get("excitation wavelength")
    return None if stated is None else float(stated.removesuffix(" nm"))


def _name_of(key: str) -> str | None:
    if _LASER.search(key):
        return "excitation wavelength"
    # An emission's slit is often named by both words, as in "Ex/Em slit": then by neither here.
    side = [bool(_EXCITATION.search(key)), bool(_EMISSION.search(key))]
    if sum(side) != 1 or _OTHER.search(key):
        return None
    light = "excitation" if side[0] else "emission"
    return f"{light} slit" if _SLIT.search(key) else f"{light} wavelength"
