"""RosettaSciIO's dictionaries as a `Movie`: the image chosen, its axes understood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from jaxtyping import Shaped

from cinedot.core import FrameSource, InputError, Movie
from cinedot.core.quiet import quiet
from cinedot.core.units import length_nm_per, time_s_per
from cinedot.micrographs.readers.luminance import plain_numbers

Tree: TypeAlias = Any
"""Nested metadata, or an array of whichever library, as RosettaSciIO hands it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFrames:
    """Frames of a lazy (dask) or loaded array.

    Attributes:
        array: the array, [y, x] or [frame, y, x].
    """

    array: Tree

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, rows, columns)."""
        sizes = tuple(int(size) for size in self.array.shape)
        return (1, *sizes) if len(sizes) == 2 else sizes  # pyright: ignore[reportReturnType]

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "frame y x"]:
        """Frames start..stop-1."""
        part = self.array[None][start:stop] if self.array.ndim == 2 else self.array[start:stop]
        with quiet():
            return plain_numbers(np.asarray(part))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """What a file says of its axes and its microscope; None where it does not."""

    pixel_x_nm: float | None
    pixel_y_nm: float | None
    frame_s: float | None
    voltage_kv: float | None
    unit_text: str


def movie_of_signals(signals: Sequence[dict[str, Any]], path: Path) -> Movie:
    """The image or movie among a file's signals: the largest, the first of equals.

    Raises:
        InputError: there is none; says what is there instead.
    """
    refused = [_why_no_movie(signal) for signal in signals]
    images = [signal for signal, reason in zip(signals, refused, strict=True) if reason is None]
    if not images:
        found = "; ".join(dict.fromkeys(reason for reason in refused if reason)) or "nothing"
        raise InputError(
            f"this must hold an image or a movie, but holds {found}.",
            remedy="Name a file with an image [y, x] or a stack of images [frame, y, x].",
            file=path,
        )
    chosen = max(images, key=lambda signal: int(np.prod(signal["data"].shape)))
    scales = scales_of_signal(chosen)
    frames: FrameSource = SignalFrames(array=_without_single_axes(chosen))
    return Movie(
        frames=frames,
        name=path.name,
        pixel_x_nm=scales.pixel_x_nm,
        pixel_y_nm=scales.pixel_y_nm,
        frame_s=scales.frame_s,
        voltage_kv=scales.voltage_kv,
        unit_text=scales.unit_text,
        metadata=_notes(chosen, images),
    )


def scales_of_signal(signal: dict[str, Any]) -> Scales:
    """Pixel size, frame time and voltage of one signal, each by its unit."""
    axes = _long_axes(signal)
    spelled = [str(axis.get("units") or "") for axis in axes]
    pixel_y, pixel_x = (_length(axis) for axis in axes[-2:])
    frame_s = None
    if len(axes) == 3:
        per = time_s_per(spelled[0])
        frame_s = per * abs(float(axes[0]["scale"])) if per is not None else None
    lengths = [text for text in (spelled[-1], spelled[-2]) if length_nm_per(text) is not None]
    return Scales(
        pixel_x_nm=pixel_x,
        pixel_y_nm=pixel_y,
        frame_s=frame_s or None,
        voltage_kv=_voltage_kv(signal),
        unit_text=", ".join(dict.fromkeys(lengths)),
    )


def _length(axis: dict[str, Any]) -> float | None:
    per = length_nm_per(str(axis.get("units") or ""))
    scale = abs(float(axis.get("scale", 0.0)))
    if per is None or not np.isfinite(scale) or scale == 0:
        return None
    return float(f"{per * scale:.12g}")


def _voltage_kv(signal: dict[str, Any]) -> float | None:
    """The beam energy in keV, which RosettaSciIO keeps in its metadata or maps from the file's."""
    instrument = signal.get("metadata", {}).get("Acquisition_instrument", {})
    found = [instrument.get(kind, {}).get("beam_energy") for kind in ("TEM", "SEM")]
    for source, (target, convert) in (signal.get("mapping") or {}).items():
        if str(target).endswith("beam_energy"):
            value = _at(signal.get("original_metadata", {}), source)
            found.append(convert(value) if convert and value is not None else value)
    for energy in found:
        if isinstance(energy, int | float | np.number) and float(energy) > 0:
            return float(energy)
    return None


def _exposure_s(signal: dict[str, Any]) -> float | None:
    """The camera's exposure, which RosettaSciIO keeps with the camera."""
    trees = [
        _at(signal.get("metadata", {}), "Acquisition_instrument.TEM.Camera.exposure"),
        _at(_first_tags(signal), "DataBar.Exposure Time (s)"),
        _at(_first_tags(signal), "Acquisition.Parameters.High Level.Exposure (s)"),
    ]
    for found in trees:
        if isinstance(found, int | float | np.number) and float(found) > 0:
            return float(found)
    return None


def _first_tags(signal: dict[str, Any]) -> Tree:
    """DigitalMicrograph's tags of the image itself."""
    return _at(signal.get("original_metadata", {}), "ImageList.TagGroup0.ImageTags")


def _at(tree: Tree, path: str) -> Tree:
    """The entry of nested mappings at a path of names joined by dots; None where there is none."""
    for name in path.split("."):
        if not isinstance(tree, Mapping):
            return None
        tree = cast("Mapping[str, Any]", tree).get(name)
    return tree


def _long_axes(signal: dict[str, Any]) -> list[dict[str, Any]]:
    """The axes in the array's order, those of length one before y and x left out."""
    axes = list(signal["axes"])
    shape = signal["data"].shape
    kept = [axis for axis, size in zip(axes[:-2], shape[:-2], strict=True) if size > 1]
    return [*kept, *axes[-2:]]


def _without_single_axes(signal: dict[str, Any]) -> Tree:
    data = signal["data"]
    long = [size for size in data.shape[:-2] if size > 1]
    return data.reshape((*long, *data.shape[-2:]))


def _why_no_movie(signal: dict[str, Any]) -> str | None:
    """What a signal is where it is neither image nor movie; None where it is one."""
    shape = signal["data"].shape
    if len(shape) < 2 or 0 in shape:
        return f"a spectrum or line of shape {shape}"
    axes = _long_axes(signal)
    if len(axes) > 3:
        return f"a {len(axes)}D recording of shape {shape}"
    if sum(not axis.get("navigate", False) for axis in axes) == 1:
        return f"a map or series of spectra of shape {shape}"
    spelled = [str(axis.get("units") or "").replace(" ", "") for axis in axes[-2:]]
    if any(text.startswith("1/") or text in ("mrad", "rad") for text in spelled):
        return f"a diffraction pattern (axes in {', '.join(dict.fromkeys(spelled))})"
    return None


def _notes(chosen: dict[str, Any], images: Sequence[dict[str, Any]]) -> dict[str, str]:
    general = chosen.get("metadata", {}).get("General", {})
    notes = {
        key: str(general[key]) for key in ("title", "date", "time") if general.get(key) is not None
    }
    exposure = _exposure_s(chosen)
    if exposure is not None:
        notes["exposure_s"] = f"{exposure:.9g}"
    if len(images) > 1:
        titles = [
            str(image.get("metadata", {}).get("General", {}).get("title", "untitled"))
            for image in images
        ]
        index = next(index for index, image in enumerate(images) if image is chosen)
        notes["chosen"] = (
            f"image {index} ({titles[index]}) of {len(images)} in the file ({', '.join(titles)}), "
            "the largest, the first of equals"
        )
    return notes
