"""Movies written frame by frame: TIFF as ImageJ reads it, MRC, Zarr. Whole, or not at all."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from jaxtyping import Shaped

from cinedot.core import InputError
from cinedot.core.files import written_whole
from cinedot.core.nearest import did_you_mean
from cinedot.microscope.movie_places import written_folder

Frames = Iterable[Shaped[np.ndarray, "y x"]]

# ImageJ finds its frames by 32-bit offsets; the header takes little.
CLASSIC_TIFF_BYTES = 2**32 - 2**20
_MRC_LABEL = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a file says of its frames.

    Attributes:
        shape: frames, rows, columns.
        kind: number type: uint8, uint16 or float32.
        pixel_nm: width and height of a pixel, nm.
        frame_s: time of a frame, s; None for a still image.
        facts: what else stands in the file: names with units, numbers.
    """

    shape: tuple[int, int, int]
    kind: str
    pixel_nm: tuple[float, float]
    frame_s: float | None = None
    facts: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def nbytes(self) -> int:
        """Bytes of all frames."""
        return math.prod(self.shape) * np.dtype(self.kind).itemsize


def write_movie(frames: Frames, path: Path, sheet: Sheet) -> None:
    """Write frames as they come, in the format that the file's ending names.

    Args:
        frames: as many as the sheet says, in its shape and number type.
        path: .tif, .tiff, .mrc or .zarr; replaced when it exists and all went well.
        sheet: shape, number type, scales.

    Raises:
        InputError: another ending, 8 bits for MRC, a place that cannot be written.

    Example:
        >>> import tempfile, zarr
        >>> path = Path(tempfile.mkdtemp()) / "a.zarr"
        >>> sheet = Sheet(shape=(2, 4, 4), kind="uint8", pixel_nm=(0.042, 0.042), frame_s=0.02)
        >>> write_movie(np.ones((2, 4, 4), np.uint8), path, sheet)
        >>> zarr.open_group(path)["0"].chunks
        (1, 4, 4)
    """
    require_movie_format(path, sheet.kind)
    writer, is_folder = _WRITERS[path.suffix.lower()]
    with written_folder(path) if is_folder else written_whole(path) as beside:
        writer(_checked(frames, sheet), beside, sheet)


def require_movie_format(path: Path, kind: str) -> None:
    """Refuse an ending that names no format of movies, or cannot hold the numbers.

    Raises:
        InputError: as said.
    """
    ending = path.suffix.lower()
    if ending not in _WRITERS:
        hint = did_you_mean(ending, _WRITERS, cutoff=0.6)
        raise InputError(
            f"the movie's ending must name a format, but {path.name!r} does not.",
            remedy=f"{hint}Known: {', '.join(_WRITERS)}.",
        )
    if ending == ".mrc" and kind == "uint8":
        raise InputError(
            f"{path.name} must hold 16 or 32 bits, but 8 were asked for: MRC's bytes have a sign.",
            remedy="Take --bits 16, or write a .tif.",
        )


def write_tiff_frames(frames: Frames, path: Path, sheet: Sheet) -> None:
    """Frames as ImageJ's TIFF; beyond 4 GB as BigTIFF with the same description.

    ImageJ itself opens no BigTIFF: Bio-Formats, Fiji's importer, does.
    """
    import tifffile

    x_nm, y_nm = sheet.pixel_nm
    notes: dict[str, Any] = {"unit": "nm"}
    if sheet.frame_s is not None:
        notes |= {"finterval": sheet.frame_s, "fps": 1 / sheet.frame_s, "tunit": "sec"}
    if sheet.facts:
        notes["Info"] = "\n".join(f"{name} = {value:.12g}" for name, value in sheet.facts.items())
    common: dict[str, Any] = {
        "shape": sheet.shape,
        "dtype": sheet.kind,
        "resolution": (1 / x_nm, 1 / y_nm),
    }
    if sheet.nbytes <= CLASSIC_TIFF_BYTES:
        tifffile.imwrite(
            path, iter(frames), imagej=True, metadata={"axes": "TYX"} | notes, **common
        )
        return
    told = [f"ImageJ=1.11a\nimages={sheet.shape[0]}\nframes={sheet.shape[0]}\nhyperstack=true"]
    told += [f"{name}={value}" for name, value in notes.items() if name != "Info"]
    tifffile.imwrite(
        path,
        iter(frames),
        bigtiff=True,
        metadata=None,
        photometric="minisblack",
        description="\n".join(told) + "\n",
        **common,
    )


def _write_mrc(frames: Frames, path: Path, sheet: Sheet) -> None:
    """An MRC2014 image stack; what has no place in the header stands in its labels."""
    import mrcfile

    mode = {"uint16": 6, "float32": 2}[sheet.kind]
    count, rows, columns = sheet.shape
    low, high, total, squares = np.inf, -np.inf, 0.0, 0.0
    with mrcfile.new_mmap(path, shape=sheet.shape, mrc_mode=mode, overwrite=True) as file:
        data = cast("np.ndarray", file.data)
        for number, frame in enumerate(frames):
            # Rows count from the top here, as in ImageJ and RosettaSciIO.
            data[number] = frame
            low, high = min(low, float(frame.min())), max(high, float(frame.max()))
            total += float(frame.sum(dtype=float))
            squares += float((frame.astype(float) ** 2).sum())
        file.set_image_stack()
        x_nm, y_nm = sheet.pixel_nm
        file.voxel_size = (10 * x_nm, 10 * y_nm, 1.0)
        mean = total / (count * rows * columns)
        header = cast("Any", file.header)
        header.dmin, header.dmax, header.dmean = low, high, mean
        header.rms = max(squares / (count * rows * columns) - mean**2, 0.0) ** 0.5
        named = {"frame time s": sheet.frame_s, **sheet.facts}
        for name, value in named.items():
            if value is not None and header.nlabl < 10:
                file.add_label(f"{name} = {value:.12g}"[:_MRC_LABEL])


def _write_zarr(frames: Frames, path: Path, sheet: Sheet) -> None:
    """An OME-Zarr image (NGFF 0.5) of one level, a chunk a frame."""
    import zarr

    group = zarr.open_group(path, mode="w", zarr_format=3)
    count, rows, columns = sheet.shape
    array = group.create_array(
        "0",
        shape=(count, rows, columns),
        chunks=(1, rows, columns),
        dtype=sheet.kind,
        dimension_names=("t", "y", "x"),
    )
    x_nm, y_nm = sheet.pixel_nm
    time: dict[str, str] = {"name": "t", "type": "time"}
    if sheet.frame_s is not None:
        time["unit"] = "second"
    across = [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "yx"]
    scale = {"type": "scale", "scale": [sheet.frame_s or 1.0, y_nm, x_nm]}
    level = {"path": "0", "coordinateTransformations": [scale]}
    scales = {"axes": [time, *across], "datasets": [level]}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [scales]}
    group.attrs["cinedot"] = dict(sheet.facts)
    for number, frame in enumerate(frames):
        array[number] = frame


def _checked(frames: Frames, sheet: Sheet) -> Iterator[Shaped[np.ndarray, "y x"]]:
    """The frames, each in the shape and type that the file's header says, and as many."""
    found = 0
    for frame in frames:
        if frame.shape != sheet.shape[1:] or str(frame.dtype) != sheet.kind:
            raise InputError(
                f"frame {found} must have {sheet.shape[1:]} pixels of {sheet.kind}, but has "
                f"{frame.shape} of {frame.dtype}.",
                remedy="Convert the frames first.",
            )
        found += 1
        yield frame
    if found != sheet.shape[0]:
        raise InputError(
            f"there must be {sheet.shape[0]} frames, but there are {found}.",
            remedy="Say how many there are.",
        )


_WRITERS: dict[str, tuple[Callable[[Frames, Path, Sheet], None], bool]] = {
    ".tif": (write_tiff_frames, False),
    ".tiff": (write_tiff_frames, False),
    ".mrc": (_write_mrc, False),
    ".zarr": (_write_zarr, True),
}

MOVIE_ENDINGS = tuple(_WRITERS)
