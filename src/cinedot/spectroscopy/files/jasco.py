"""JASCO's binary spectra (.jws, .jwb): OLE containers, and the older Spectra Manager's files.

The containers' streams as public readers of the format describe them (jwsProcessor, jws2txt),
checked against recorded files: `DataInfo` holds six uint32 (the 2nd the number of spectra, the 4th
that of channels, the 6th that of points), then first and last abscissa and the step as float64,
then the code of the abscissa and those of the ordinates; `Y-Data` holds the ordinates one after the
other; `MeasParam` is a bag of (uint32 key, uint16 OLE type, value). Several channels (circular
dichroism with its detector's voltage) are built from the description alone.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cinedot.core import InputError
from cinedot.core.delimited import DelimitedTable
from cinedot.core.files import not_readable
from cinedot.spectroscopy.files.jasco_codes import (
    FLUORESCENCE,
    TEMPERATURE,
    abscissa_of,
    ordinate_of,
)
from cinedot.spectroscopy.files.jasco_old import OLD_SIGNATURE, read_old_jasco
from cinedot.spectroscopy.files.plain_table import Ordinate, plain_table

_EXCITATION, _EXCITATION_SLIT, _EMISSION_SLIT = 9, 2, 4
_WIDTHS = {2: "<h", 3: "<i", 4: "<f", 5: "<d", 7: "<d", 11: "<h"}
_TEXT = 8
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def is_jasco(path: Path, head: bytes) -> bool:
    """Whether a file is one of JASCO's binary ones, by its first 8 bytes and its streams.

    One that is only named so counts too: it is refused as what its name says.
    """
    if path.suffix.lower() in (".jws", ".jwb") or head.startswith(OLD_SIGNATURE):
        return True
    if head != _OLE_SIGNATURE:
        return False
    import olefile

    try:
        with olefile.OleFileIO(str(path)) as container:
            return container.exists("DataInfo")
    except (OSError, ValueError, IndexError, TypeError, struct.error):
        return False


def read_jasco(path: Path) -> DelimitedTable:
    """A .jws or .jwb file as a table: the abscissa, then each spectrum and channel.

    The abscissa's heading and unit say what it is: wavelength (nm), wavenumber (1/cm), time (s),
    temperature (degC). Excitation and slits stand in the metadata.

    Args:
        path: the file.

    Raises:
        InputError: it is no such file, truncated, of an unknown abscissa, or not finite.
    """
    try:
        with path.open("rb") as file:
            signature = file.read(8)
    except OSError as fault:
        raise not_readable(path, fault) from fault
    if signature.startswith(OLD_SIGNATURE):
        return read_old_jasco(path)
    streams = _streams(path, signature)
    info = streams["DataInfo"]
    if len(info) < 56:
        raise _broken(path, "DataInfo", f"at least 56 bytes, but has {len(info)}")
    _, spectra, stacked, channels, _, points = struct.unpack_from("<6I", info)
    first, last, _ = struct.unpack_from("<ddd", info, 24)
    count = spectra * channels
    expected = 4 * count * points
    if not expected or len(streams["Y-Data"]) != expected:
        raise _broken(path, "Y-Data", f"{expected} bytes, but has {len(streams['Y-Data'])}")
    # A stack has its third axis after the first ordinate's code: it has one channel.
    known = 1 if stacked or len(info) < 52 + 4 * channels else channels
    abscissa, *codes = struct.unpack_from(f"<{1 + known}I", info, 48)
    kinds = [ordinate_of(code) for code in codes]
    labels = _labels(info, spectra)
    rows = np.frombuffer(streams["Y-Data"], "<f4").astype(np.float64).reshape(count, points)
    return plain_table(
        path,
        abscissa_of(abscissa, np.linspace(first, last, points), path),
        [
            Ordinate(
                heading=labels[k // channels] or kinds[k % known][0],
                unit=kinds[k % known][1],
                values=row,
            )
            for k, row in enumerate(rows)
        ],
        _metadata(streams.get("MeasParam", b""), codes[0], last),
    )


def _metadata(bag: bytes, code: int, last: float) -> dict[str, str]:
    metadata = {"kind": ordinate_of(code)[0]}
    if code != FLUORESCENCE:
        return metadata
    facts = dict(_properties(bag))
    for key, name in ((_EXCITATION_SLIT, "excitation slit"), (_EMISSION_SLIT, "emission slit")):
        if isinstance(facts.get(key), str):
            metadata[name] = str(facts[key])
    stated = facts.get(_EXCITATION)
    if isinstance(stated, float) and stated > 0:
        # An excitation spectrum states its emission here: only what lies below the record excites.
        name = "excitation wavelength" if stated < last else "emission wavelength"
        metadata[name] = f"{stated:g} nm"
    return metadata


def _streams(path: Path, signature: bytes) -> dict[str, bytes]:
    """The streams of the container that this reader needs."""
    import olefile

    if signature != _OLE_SIGNATURE:
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
    unit = " °C" if struct.unpack_from("<I", info, 88)[0] == TEMPERATURE else ""
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
