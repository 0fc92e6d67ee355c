"""JASCO's binary spectra (.jws, .jwb): OLE containers with a header and float32 ordinates.

The streams as public readers of the format describe them (jwsProcessor, jws2txt), checked
against recorded files: `DataInfo` holds six uint32 (the 2nd the number of spectra, the 6th that
of points), then first and last abscissa and the step as float64, then the code of the abscissa
and those of the ordinates; `Y-Data` holds the ordinates one spectrum after the other;
`MeasParam` is a bag of (uint32 key, uint16 OLE type, value).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.files import not_readable

_NM = 0x10000103
_ABSCISSAE = {_NM: "wavelength in nm", 0x20000203: "time in s"}
_FLUORESCENCE = 14
_ORDINATES = {1: "CD", 3: "absorbance", _FLUORESCENCE: "fluorescence", 8193: "CD"}
_TEMPERATURE = 0x30000301
_EXCITATION, _EXCITATION_SLIT, _EMISSION_SLIT = 9, 2, 4
_WIDTHS = {2: "<h", 3: "<i", 4: "<f", 5: "<d", 7: "<d", 11: "<h"}
_TEXT = 8
_OLD_SIGNATURE = b"L~S"


@dataclass(frozen=True, slots=True, kw_only=True)
class JascoRecord:
    """What one of JASCO's binary files holds.

    Attributes:
        wavelength_nm: in the order of the file, nm.
        intensities: one row a spectrum.
        labels: what sets each spectrum apart (a temperature, a number); "" for a single one.
        excitation_nm: of a fluorescence spectrum, nm, where stated.
        metadata: further facts as text.
    """

    wavelength_nm: Float[np.ndarray, " x"]
    intensities: Float[np.ndarray, "spectrum x"]
    labels: tuple[str, ...]
    excitation_nm: float | None
    metadata: dict[str, str]


def read_jasco(path: Path) -> JascoRecord:
    """Read a .jws or .jwb file.

    Args:
        path: the file.

    Raises:
        InputError: it is no such file, truncated, or its abscissa is not a wavelength.
    """
    streams = _streams(path)
    info = streams["DataInfo"]
    if len(info) < 56:
        raise _broken(path, "DataInfo", f"at least 56 bytes, but has {len(info)}")
    spectra, points = struct.unpack_from("<I", info, 4)[0], struct.unpack_from("<I", info, 20)[0]
    first, last, _ = struct.unpack_from("<ddd", info, 24)
    abscissa, ordinate = struct.unpack_from("<II", info, 48)
    if abscissa != _NM:
        kind = _ABSCISSAE.get(abscissa, f"of kind {abscissa:#x}")
        raise InputError(
            f"the abscissa must be a wavelength in nm, but is {kind}.",
            remedy="Give a spectrum, or export this record as text.",
            file=path,
            place="DataInfo",
        )
    expected = 4 * spectra * points
    if not expected or len(streams["Y-Data"]) != expected:
        raise _broken(path, "Y-Data", f"{expected} bytes, but has {len(streams['Y-Data'])}")
    facts = dict(_properties(streams.get("MeasParam", b"")))
    metadata = {"kind": _ORDINATES.get(ordinate, f"ordinate {ordinate:#x}")}
    for key, name in ((_EXCITATION_SLIT, "excitation slit"), (_EMISSION_SLIT, "emission slit")):
        if ordinate == _FLUORESCENCE and isinstance(facts.get(key), str):
            metadata[name] = str(facts[key])
    stated = facts.get(_EXCITATION) if ordinate == _FLUORESCENCE else None
    return JascoRecord(
        wavelength_nm=np.linspace(first, last, points),
        intensities=np.frombuffer(streams["Y-Data"], "<f4")
        .astype(np.float64)
        .reshape(spectra, points),
        labels=_labels(info, spectra),
        # An excitation spectrum states its emission here: only what lies below the record excites.
        excitation_nm=stated if isinstance(stated, float) and 0 < stated < last else None,
        metadata=metadata,
    )


def _streams(path: Path) -> dict[str, bytes]:
    """The streams of the container that this reader needs."""
    import olefile

    try:
        with path.open("rb") as file:
            signature = file.read(8)
    except OSError as fault:
        raise not_readable(path, fault) from fault
    if signature.startswith(_OLD_SIGNATURE):
        raise InputError(
            "the file must be a JASCO record of Spectra Manager II (an OLE container), "
            "but is of the older Spectra Manager.",
            remedy="Export it as text from JASCO's program.",
            file=path,
        )
    if signature != olefile.MAGIC:
        raise _broken(path, None, "the signature of an OLE container, but has not")
    try:
        with olefile.OleFileIO(str(path)) as container:
            return {
                name: container.openstream(name).read()
                for name in ("DataInfo", "Y-Data", "MeasParam")
                if name != "MeasParam" or container.exists(name)
            }
    except (OSError, ValueError, IndexError, TypeError, struct.error) as fault:
        # olefile raises any of these on a damaged container
        raise _broken(path, None, f"all its parts, but is damaged ({fault})") from fault


def _broken(path: Path, place: str | None, need: str) -> InputError:
    return InputError(
        f"a JASCO record must have {need}.",
        remedy="Copy it again from the instrument, or export it as text.",
        file=path,
        place=place,
    )


def _labels(info: bytes, spectra: int) -> tuple[str, ...]:
    """What sets the spectra of one file apart: the third axis where there is one."""
    stacked = struct.unpack_from("<I", info, 8)[0] == 1
    if not stacked or len(info) < 92 + 8 * spectra:
        return tuple("" if spectra == 1 else f"{k + 1}" for k in range(spectra))
    unit = " °C" if struct.unpack_from("<I", info, 88)[0] == _TEMPERATURE else ""
    return tuple(f"{z:.1f}{unit}" for z in struct.unpack_from(f"<{spectra}d", info, 92))


def _properties(bag: bytes) -> Iterator[tuple[int, int | float | str]]:
    """The pairs of a property bag, up to the first that is not understood."""
    place = 12
    while place + 6 <= len(bag):
        key, kind = struct.unpack_from("<IH", bag, place)
        place += 6
        if kind == _TEXT and place + 4 <= len(bag):
            size = struct.unpack_from("<I", bag, place)[0]
            text = bag[place + 4 : place + 4 + size].decode("utf-16-le", "replace")
            yield key, text.rstrip("\0")
            place += 4 + size
        elif kind in _WIDTHS and place + struct.calcsize(_WIDTHS[kind]) <= len(bag):
            yield key, struct.unpack_from(_WIDTHS[kind], bag, place)[0]
            place += struct.calcsize(_WIDTHS[kind])
        else:
            return
