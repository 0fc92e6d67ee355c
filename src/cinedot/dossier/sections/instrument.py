"""How an instrument was set, for the facts of a section."""

from collections.abc import Sequence

from cinedot.core import Decay, Spectrum

_SHOWN = (
    ("excitation slit", "excitation slit"),
    ("emission wavelength", "emission"),
    ("emission slit", "emission slit"),
    ("intensity unit", "unit of intensity"),
    ("instrument", "instrument"),
    ("Lv", "luminance Lv"),
)


def instrument_facts(records: Sequence[Spectrum | Decay]) -> dict[str, str]:
    """Excitation, slits and units as the records' files or the manifest state them.

    Example:
        >>> import numpy as np
        >>> pulse = Decay(time_ns=np.arange(9.0), counts=np.ones(9), label="PL",
        ...     excitation_nm=405.0, metadata={"emission slit": "5 nm"})
        >>> instrument_facts([pulse])
        {'excitation': '405 nm', 'emission slit': '5 nm'}
    """
    facts: dict[str, str] = {}
    stated = [one.excitation_nm for one in records if one.excitation_nm is not None]
    if stated:
        low, high = min(stated), max(stated)
        facts["excitation"] = f"{low:g} nm" if low == high else f"{low:g} to {high:g} nm"
    for key, name in _SHOWN:
        if key in records[0].metadata:
            facts[name] = records[0].metadata[key]
    return facts
