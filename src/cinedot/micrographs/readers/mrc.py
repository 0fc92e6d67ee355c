"""MRC stacks, mapped from the disk: a frame of a movie of any length costs one frame."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Shaped

from cinedot.core import InputError, Movie
from cinedot.core.quiet import quiet
from cinedot.micrographs.readers.facts import FRAME_TIME, VOLTAGE, facts_in, positive
from cinedot.micrographs.readers.luminance import plain_numbers
from cinedot.micrographs.readers.refusal import cannot_read, cut_short

MRC_FILES = ("mrc", "mrcs", "ali", "st")

_TYPES = {1: "i2", 2: "f4", 4: "c8", 6: "u2", 12: "f2"}
"""Number types by the header's mode; mode 0 needs a look at who wrote it."""

_HEADER_BYTES = 1024
_IMOD_STAMP = 1146047817
_LEGACY_FEI_BYTES = 128
_LEGACY_FEI_EXPOSURE, _LEGACY_FEI_PIXEL = 8, 11

Header: TypeAlias = Any
"""mrcfile's header or extended header: NumPy records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MrcFrames:
    """Frames that lie one after the other without compression.

    Attributes:
        path: the file.
        shape: (frames, rows, columns).
        stored_type: number type as stored, with its byte order.
        offset: byte at which the first frame begins.
    """

    path: Path
    shape: tuple[int, int, int]
    stored_type: str
    offset: int

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "frame y x"]:
        """Frames start..stop-1 in the file's number type, complex numbers as moduli."""
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        stored = np.dtype(self.stored_type)
        _, rows, columns = self.shape
        count = max(stop - start, 0) * rows * columns
        begin = self.offset + start * rows * columns * stored.itemsize
        frames = np.fromfile(self.path, stored, count=count, offset=begin)
        if frames.size < count:
            raise cut_short(self.path, place=f"frame {start + frames.size // (rows * columns)}")
        native = stored.newbyteorder("=")
        return plain_numbers(frames.reshape(-1, rows, columns).astype(native, copy=False))


def open_mrc(path: Path) -> Movie:
    """Open an MRC file as a movie; scales from FEI's extended header, our labels, or the cell.

    Sections are frames and rows count from the top, as in ImageJ and RosettaSciIO.

    Raises:
        InputError: no MRC file, cut short, of an unknown number type, a stack of volumes.
    """
    import mrcfile

    try:
        with quiet(), mrcfile.open(path, permissive=True, header_only=True) as file:
            header: Header = file.header
            thermo_fisher = bytes(header.exttyp)[:3] == b"FEI"
            extended: Header = file.indexed_extended_header if thermo_fisher else None
            raw = bytes(np.asarray(file.extended_header).tobytes())
    except Exception as fault:  # mrcfile raises ValueError, OSError or TypeError on odd headers
        raise cannot_read(path, fault) from fault
    frames = _frames(path, header)
    facts = facts_in(_labels(header))
    micro = _fei_scales(header, extended, raw)
    pixel_x, pixel_y = _cell_pixel_nm(header)
    known = micro.get("pixel x") or pixel_x, micro.get("pixel y") or pixel_y
    return Movie(
        frames=frames,
        name=path.name,
        pixel_x_nm=known[0],
        pixel_y_nm=known[1],
        frame_s=(positive(facts, FRAME_TIME) or micro.get("frame"))
        if frames.shape[0] > 1
        else None,
        voltage_kv=positive(facts, VOLTAGE) or micro.get("voltage"),
        unit_text="nm" if known[0] else "",
        metadata={"format": "MRC"} | {name: f"{value:.12g}" for name, value in facts.items()},
    )


def _frames(path: Path, header: Header) -> MrcFrames:
    columns, rows, count = (int(header[name]) for name in ("nx", "ny", "nz"))
    mode = int(header.mode)
    if min(columns, rows, count) < 1 or (mode != 0 and mode not in _TYPES):
        raise InputError(
            "this must be an undamaged MRC file, but its header speaks of "
            f"{columns} x {rows} x {count} pixels of mode {mode}.",
            remedy="Copy it again from the microscope, or export it as TIFF.",
            file=path,
        )
    if int(header.ispg) >= 401:
        raise InputError(
            "this must be an image or a movie, but is a 4D stack of volumes.",
            remedy="Save one volume's sections, or the images themselves, a file.",
            file=path,
        )
    kind = np.dtype(_TYPES.get(mode) or _byte_type(header)).newbyteorder(
        header.mode.dtype.byteorder
    )
    offset = _HEADER_BYTES + max(int(header.nsymbt), 0)
    if path.stat().st_size < offset + count * rows * columns * kind.itemsize:
        raise cut_short(path)
    shape = (count, rows, columns)
    return MrcFrames(path=path, shape=shape, stored_type=kind.str, offset=offset)


def _byte_type(header: Header) -> str:
    """MRC2014's bytes carry a sign; older programs' do not, and IMOD says which."""
    stamp, flags = struct.unpack_from("<ii", bytes(header.tobytes()), 152)
    if stamp == _IMOD_STAMP:
        return "i1" if flags & 1 else "u1"
    return "i1" if int(header.nversion) >= 20140 else "u1"


def _labels(header: Header) -> list[str]:
    used = min(max(int(header.nlabl), 0), 10)
    return [bytes(label).decode("ascii", "replace").strip() for label in header.label[:used]]


def _cell_pixel_nm(header: Header) -> tuple[float | None, float | None]:
    """The cell in angstrom over its samples, as MRC states pixels."""
    sizes = []
    for axis, samples in (("x", header.mx), ("y", header.my)):
        length = float(header.cella[axis])
        good = int(samples) > 0 and length > 0 and np.isfinite(length)
        sizes.append(float(f"{0.1 * length / int(samples):.7g}") if good else None)
    return sizes[0], sizes[1]


def _fei_scales(header: Header, extended: Header, raw: bytes) -> dict[str, float]:
    """What FEI and Thermo Fisher write behind the header: metres, volts, seconds."""
    if extended is not None and len(extended):
        first = extended[0]
        stated = {
            "pixel x": 1e9 * float(first["Pixel size X"]),
            "pixel y": 1e9 * float(first["Pixel size Y"]),
            "voltage": 1e-3 * float(first["HT"]),
            "frame": _frame_time_s(extended),
        }
    elif bytes(header.exttyp).strip(b"\0 ") == b"" and len(raw) >= _LEGACY_FEI_BYTES:
        numbers = np.frombuffer(raw[:_LEGACY_FEI_BYTES], header.nx.dtype.byteorder + "f4")
        pixel_nm = 1e9 * float(numbers[_LEGACY_FEI_PIXEL])
        # Others leave anything else here: only what could be a pixel is one.
        stated = {"pixel x": pixel_nm, "pixel y": pixel_nm} if 1e-4 < pixel_nm < 1e5 else {}
    else:
        stated = {}
    return {name: value for name, value in stated.items() if np.isfinite(value) and value > 0}


def _frame_time_s(extended: Header) -> float:
    """Days between the sections' time stamps; where they do not move, the exposure."""
    steps = np.diff(np.asarray(extended["Timestamp"], dtype=float)) * 86400
    # Stamps in days resolve a microsecond.
    if len(steps) and np.all(steps > 1e-5):
        return float(f"{np.median(steps):.6g}")
    return float(extended[0]["Integration time"])
