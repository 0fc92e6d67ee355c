"""TIFF images and movies, a frame at a time, with ImageJ's scales."""

import gc
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tifffile
from jaxtyping import Shaped

from cinedot.core import InputError, Movie
from cinedot.core.quiet import quiet
from cinedot.core.units import length_nm_per, time_s_per
from cinedot.micrographs.readers.facts import FRAME_TIME, VOLTAGE, facts_in, positive
from cinedot.micrographs.readers.luminance import luminance, plain_numbers
from cinedot.micrographs.readers.ome import ome_scales
from cinedot.micrographs.readers.refusal import (
    cannot_read,
    cut_short,
    damage_refused,
    let_go,
)
from cinedot.micrographs.readers.signals import Scales, scales_of_signal

TIFF_FILES = ("tif", "tiff", "btf", "tf8", "stk", "lsm")


_SMALL_BYTES = 64_000_000
"""Files up to here are read whole where that closes them sooner."""

TiffPage: TypeAlias = Any
"""A page as tifffile gives it: its two kinds share names that only one of them declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffFrames:
    """Frames of one series of a TIFF file, decoded when asked for.

    Attributes:
        path: the file.
        series: index of the series.
        shape: (frames, rows, columns).
        colours: position of the colour axis in a page, None for grey pages.
        stored_type: number type as stored.
        offset: byte at which the frames lie one after the other without compression; None
            where pages have to be decoded one by one.
        pages: where each page's directory begins, so that page 9000 is found without the 8999
            before it; empty where the series lies in several files.
    """

    path: Path
    series: int
    shape: tuple[int, int, int]
    colours: int | None
    stored_type: str
    offset: int | None
    pages: tuple[int, ...]

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "frame y x"]:
        """Frames start..stop-1 in the file's number type, colours as luminance."""
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        if self.offset is not None:
            return self._read_plain(start, stop)
        with quiet(), tifffile.TiffFile(self.path) as tiff:
            if self.pages:
                frames = [self._grey(_page_at(tiff, self.pages[n])) for n in range(start, stop)]
            else:
                pages = tiff.series[self.series].pages
                frames = [self._grey(pages[n]) for n in range(start, stop)]
        return np.stack(frames) if frames else np.empty((0, *self.shape[1:]), np.float32)

    def _read_plain(self, start: int, stop: int) -> Shaped[np.ndarray, "frame y x"]:
        stored = np.dtype(self.stored_type)
        _, rows, columns = self.shape
        count = (stop - start) * rows * columns
        begin = (self.offset or 0) + start * rows * columns * stored.itemsize
        frames = np.fromfile(self.path, stored, count=count, offset=begin)
        if frames.size < count:
            raise cut_short(self.path, place=f"frame {start + frames.size // (rows * columns)}")
        native = stored.newbyteorder("=")
        return frames.reshape(-1, rows, columns).astype(native, copy=False)

    def _grey(self, page: TiffPage) -> Shaped[np.ndarray, "y x"]:
        if page is None:
            raise ValueError("a page of the file is missing")
        pixels: np.ndarray = page.asarray()
        if page.keyframe.photometric.name == "PALETTE":
            palette = np.asarray(page.keyframe.colormap, dtype=np.float32).T / 257.0
            return luminance(palette[pixels])
        if self.colours is not None:
            return luminance(np.moveaxis(pixels, self.colours, -1))
        return plain_numbers(pixels)


def open_tiff(path: Path) -> Movie:
    """Open a TIFF file's largest series as a movie.

    Raises:
        InputError: no TIFF, damaged, or with more than one axis of frames.
    """
    try:
        with quiet(), damage_refused(), tifffile.TiffFile(path) as tiff:
            sizes = [int(np.prod(series.shape)) for series in tiff.series]
            chosen = int(np.argmax(sizes))
            frames = _frames(tiff, chosen, path)
            notes = _notes(tiff, chosen)
            imagej = dict(tiff.imagej_metadata or {}) if tiff.is_imagej else {}
            resolution = _resolution(tiff.series[chosen].keyframe)
            ome = tiff.ome_metadata if tiff.is_ome else None
    except InputError:
        raise
    except Exception as fault:  # tifffile meets damaged headers with many kinds of exception
        raise cannot_read(path, fault) from fault
    movie = _with_scales(path, frames, imagej, resolution, notes, ome)
    facts = facts_in(str(imagej.get("Info", "")).splitlines())
    return replace(
        movie,
        frame_s=movie.frame_s or positive(facts, FRAME_TIME),
        voltage_kv=movie.voltage_kv or positive(facts, VOLTAGE),
        metadata=dict(movie.metadata) | {name: f"{value:.12g}" for name, value in facts.items()},
    )


def _with_scales(
    path: Path,
    frames: TiffFrames,
    imagej: dict[str, Any],
    resolution: tuple[float, float] | None,
    notes: dict[str, str],
    ome: str | None,
) -> Movie:
    """The movie with the scales that the first of ImageJ, OME and instruments' tags states."""
    scales = ome_scales(ome) if ome else None
    if scales is not None:
        return Movie(
            frames=frames,
            name=path.name,
            pixel_x_nm=scales.pixel_x_nm,
            pixel_y_nm=scales.pixel_y_nm,
            frame_s=scales.frame_s,
            unit_text=scales.unit_text,
            metadata=notes | {"format": "OME-TIFF"},
        )
    if imagej.get("unit"):
        return _with_imagej_scales(path, frames, imagej, resolution, notes)
    return _with_instrument_scales(path, frames, imagej, notes)


def _frames(tiff: tifffile.TiffFile, chosen: int, path: Path) -> TiffFrames:
    series = tiff.series[chosen]
    axes, shape = series.axes, series.shape
    long = [axis for axis, size in zip(axes, shape, strict=True) if size > 1 and axis not in "YXS"]
    if "Y" not in axes or "X" not in axes or len(long) > 1:
        raise InputError(
            f"a movie must have frames, rows and columns, but the axes are {axes} "
            f"of lengths {shape}.",
            remedy="Save one channel and one focus a file.",
            file=path,
        )
    size = dict(zip(axes, shape, strict=True))
    count = size[long[0]] if long else 1
    page_axes = [axis for axis in axes if axis in "YXS" and (axis != "S" or size["S"] > 1)]
    colours = page_axes.index("S") if "S" in page_axes else None
    page: TiffPage = series.keyframe
    grey = colours is None and page.photometric.name != "PALETTE"
    plain = grey and series.dtype.kind in "uif"
    return TiffFrames(
        path=path,
        series=chosen,
        shape=(count, size["Y"], size["X"]),
        colours=colours,
        stored_type=series.dtype.newbyteorder(tiff.byteorder).str,
        offset=series.dataoffset if plain else None,
        pages=() if plain and series.dataoffset else _page_places(tiff, series, count),
    )


def _page_places(tiff: tifffile.TiffFile, series: TiffPage, count: int) -> tuple[int, ...]:
    """Where the directories of a series' pages begin, if each frame is a page of this file."""
    pages = series.pages
    if len(pages) != count:
        return ()
    found = [pages[index] for index in range(count)]
    here = all(page is not None and page.parent is tiff for page in found)
    return tuple(int(page.offset) for page in found) if here else ()


def _page_at(tiff: tifffile.TiffFile, place: int) -> TiffPage:
    tiff.filehandle.seek(place)
    return tifffile.TiffPage(tiff, 0)


def _notes(tiff: tifffile.TiffFile, chosen: int) -> dict[str, str]:
    notes = {"format": "TIFF"}
    if len(tiff.series) > 1:
        notes["chosen"] = f"image {chosen} of {len(tiff.series)} in the file, the largest"
    return notes


def _resolution(page: TiffPage) -> tuple[float, float] | None:
    """Pixels per unit along x and y as the TIFF tags state them."""
    found = []
    for name in ("XResolution", "YResolution"):
        tag = page.tags.get(name)
        if tag is None or not tag.value[0] or not tag.value[1]:
            return None
        found.append(tag.value[0] / tag.value[1])
    return found[0], found[1]


def _with_imagej_scales(
    path: Path,
    frames: TiffFrames,
    imagej: dict[str, Any],
    resolution: tuple[float, float] | None,
    notes: dict[str, str],
) -> Movie:
    unit = _unescaped(str(imagej["unit"]))
    unit_y = _unescaped(str(imagej.get("yunit") or unit))
    per_x, per_y = length_nm_per(unit), length_nm_per(unit_y)
    known = resolution is not None and per_x is not None and per_y is not None
    return Movie(
        frames=frames,
        name=path.name,
        pixel_x_nm=_tidy(per_x / resolution[0]) if known and resolution and per_x else None,
        pixel_y_nm=_tidy(per_y / resolution[1]) if known and resolution and per_y else None,
        frame_s=_imagej_frame_time(imagej),
        unit_text=unit if unit == unit_y else f"{unit}, {unit_y}",
        metadata=notes,
    )


def _unescaped(unit: str) -> str:
    """ImageJ writes letters beyond ASCII as a backslash, u and four digits."""
    return re.sub(r"\\u([0-9A-Fa-f]{4})", lambda match: chr(int(match[1], 16)), unit)


def _imagej_frame_time(imagej: dict[str, Any]) -> float | None:
    """ImageJ's frame interval; its `fps` is the speed of playing, not of recording."""
    interval = imagej.get("finterval")
    per = time_s_per(str(imagej.get("tunit") or "s"))
    if not interval or per is None or float(interval) <= 0:
        return None
    return float(interval) * per


def _with_instrument_scales(
    path: Path, frames: TiffFrames, imagej: dict[str, Any], notes: dict[str, str]
) -> Movie:
    """Scales from the private tags of DigitalMicrograph, FEI, JEOL, Zeiss...: RosettaSciIO's."""
    scales = _instrument_scales(path, frames.shape[1:])
    if scales is None:
        return Movie(
            frames=frames, name=path.name, frame_s=_imagej_frame_time(imagej), metadata=notes
        )
    return Movie(
        frames=frames,
        name=path.name,
        pixel_x_nm=scales.pixel_x_nm,
        pixel_y_nm=scales.pixel_y_nm,
        frame_s=scales.frame_s or _imagej_frame_time(imagej),
        voltage_kv=scales.voltage_kv,
        unit_text=scales.unit_text,
        metadata=notes,
    )


def _instrument_scales(path: Path, shape: tuple[int, ...]) -> Scales | None:
    try:
        with quiet():
            from rsciio.tiff import file_reader

            # Lazily it leaves the file open until it is forgotten.
            lazy = path.stat().st_size > _SMALL_BYTES
            signals: Any = file_reader(str(path), lazy=lazy)
            fits = tuple(signals[0]["data"].shape[-2:]) == shape
            scales = scales_of_signal(signals[0]) if fits else None
            del signals
            if lazy:
                gc.collect()
        return scales
    except Exception as fault:  # tags that it cannot make sense of: frames without scales
        let_go(fault)
        return None


def _tidy(number: float) -> float:
    """TIFF keeps resolution as a fraction of integers: undo the dust that this leaves."""
    return float(f"{number:.8g}")
