"""Scales in the OME-XML of OME-TIFF files."""

import math
from xml.etree import ElementTree

from cinedot.core.units import length_nm_per, time_s_per
from cinedot.micrographs.readers.signals import Scales


def ome_scales(xml: str) -> Scales | None:
    """Pixel size and frame time of the first image; None where the text is no OME-XML.

    Units are those of the schema where they are left out: micrometres and seconds.

    Example:
        >>> scales = ome_scales('<OME><Image><Pixels PhysicalSizeX="0.042" TimeIncrement="20" '
        ...     'PhysicalSizeXUnit="nm" TimeIncrementUnit="ms"/></Image></OME>')
        >>> scales.pixel_x_nm, scales.pixel_y_nm, scales.frame_s
        (0.042, None, 0.02)
    """
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return None
    pixels = root.find(".//{*}Pixels")
    if pixels is None:
        return None
    unit = pixels.get("PhysicalSizeXUnit", "µm")
    stated = pixels.get("PhysicalSizeX") is not None
    return Scales(
        pixel_x_nm=_number(pixels.get("PhysicalSizeX"), length_nm_per(unit)),
        pixel_y_nm=_number(
            pixels.get("PhysicalSizeY"), length_nm_per(pixels.get("PhysicalSizeYUnit", "µm"))
        ),
        frame_s=_number(
            pixels.get("TimeIncrement"), time_s_per(pixels.get("TimeIncrementUnit", "s"))
        ),
        voltage_kv=None,
        unit_text=unit if stated else "",
    )


def _number(text: str | None, per: float | None) -> float | None:
    try:
        value = float(text or "nan") * (per or math.nan)
    except ValueError:
        return None
    return float(f"{value:.12g}") if math.isfinite(value) and value > 0 else None
