"""JASCO's files of the older Spectra Manager (.jws that are no OLE containers).

A header of 0x740 bytes, then float32 ordinates, channel after channel, as jwsProcessor describes
it for Spectra Manager 1.5; the places of the axes' codes and of the instrument's name from a
recorded FT/IR file. Little-endian throughout.
"""

import struct
from pathlib import Path

import numpy as np

from cinedot.core import InputError
from cinedot.core.delimited import DelimitedTable
from cinedot.core.files import not_readable
from cinedot.spectroscopy.files.jasco_codes import abscissa_of, ordinate_of
from cinedot.spectroscopy.files.plain_table import Ordinate, plain_table

OLD_SIGNATURE = b"L~S "
_HEADER = 0x740
_CHANNELS, _RANGE, _ABSCISSA = 0x82, 0x88, 0xA0
_ORDINATE, _CHANNEL_SIZE, _DESCRIBED = 0xE4, 24, 4
"""Up to four channels are described from 0xE0 on: abscissa, ordinate, and what was drawn."""
_INSTRUMENT, _SERIAL = slice(0x140, 0x160), slice(0x160, 0x180)


def read_old_jasco(path: Path) -> DelimitedTable:
    """A file of the older Spectra Manager as a table: the abscissa, then each channel.

    Raises:
        InputError: it is truncated, or of an unknown abscissa.
    """
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise not_readable(path, fault) from fault
    if len(content) < _HEADER:
        raise _cut(path, f"a header of {_HEADER} bytes, but has {len(content)}")
    channels, points = struct.unpack_from("<HI", content, _CHANNELS)
    first, last, _ = struct.unpack_from("<ddd", content, _RANGE)
    expected = 4 * channels * points
    if not expected or len(content) < _HEADER + expected:
        raise _cut(path, f"{expected} bytes of ordinates, but has {len(content) - _HEADER}")
    rows = np.frombuffer(content, "<f4", channels * points, _HEADER).astype(np.float64)
    kinds = [
        ordinate_of(struct.unpack_from("<I", content, _ORDINATE + k * _CHANNEL_SIZE)[0])
        if k < _DESCRIBED
        else (f"channel {k + 1}", "")
        for k in range(channels)
    ]
    metadata = {"kind": kinds[0][0]}
    for name, place in (("instrument", _INSTRUMENT), ("serial number", _SERIAL)):
        text = content[place].split(b"\0")[0].decode("cp932", "replace").strip()
        if text:
            metadata[name] = text
    return plain_table(
        path,
        abscissa_of(
            struct.unpack_from("<I", content, _ABSCISSA)[0],
            np.linspace(first, last, points),
            path,
        ),
        [
            Ordinate(heading=heading, unit=unit, values=row)
            for (heading, unit), row in zip(kinds, rows.reshape(channels, points), strict=True)
        ],
        metadata,
    )


def _cut(path: Path, need: str) -> InputError:
    return InputError(
        f"a JASCO record must have {need}.",
        remedy="Copy it again from the instrument, or export it as text.",
        file=path,
    )
