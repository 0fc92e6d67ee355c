"""Zarr folders: OME-Zarr and HyperSpy's .zspy with their scales, any other as plain numbers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from jaxtyping import Shaped

from cinedot.core import InputError, Movie
from cinedot.core.quiet import quiet
from cinedot.core.units import length_nm_per, time_s_per
from cinedot.micrographs.readers.facts import FRAME_TIME, VOLTAGE, positive
from cinedot.micrographs.readers.luminance import plain_numbers
from cinedot.micrographs.readers.refusal import cannot_read

_MARKS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")

Node: TypeAlias = Any
"""A group or array of Zarr, or the JSON beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZarrFrames:
    """Frames of one array of a Zarr folder, a chunk at a time.

    Attributes:
        path: the folder.
        array: the array's path within; "" where the folder is the array.
        shape: (frames, rows, columns).
        frame_axis: position of the axis of frames, None for a single image.
        axes: how many axes the array has; those that are neither frame, y nor x have length 1.
    """

    path: Path
    array: str
    shape: tuple[int, int, int]
    frame_axis: int | None
    axes: int

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "frame y x"]:
        """Frames start..stop-1."""
        import zarr

        with quiet():
            node: Node = zarr.open(self.path, mode="r")
            found: Node = node[self.array] if self.array else node
            start, stop, _ = slice(start, stop).indices(self.shape[0])
            places: list[slice | int] = [0] * (self.axes - 2) + [slice(None), slice(None)]
            if self.frame_axis is not None:
                places[self.frame_axis] = slice(start, max(start, stop))
            frames = np.asarray(found[tuple(places)])
        if self.frame_axis is None:
            frames = frames[None][start:stop]
        return plain_numbers(frames)


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a Zarr group or array."""
    return folder.is_dir() and any((folder / mark).is_file() for mark in _MARKS)


def open_zarr(folder: Path) -> Movie:
    """Open the full-size level of an OME-Zarr image, or the largest image of any other Zarr.

    OME-Zarr (NGFF 0.4 and 0.5) states axes and scales; what cinedot writes also has facts of its
    own. Any other array must be [y, x] or [frame, y, x] and has no scales.

    Raises:
        InputError: no Zarr, damaged, no image in it, more axes than frames, rows and columns.
    """
    import zarr

    try:
        with quiet():
            node: Node = zarr.open(folder, mode="r")
            notes: Node = node.attrs.asdict()
            arrays = _arrays(node)
    except Exception as fault:  # damaged JSON and codecs raise what they like
        raise cannot_read(folder, fault) from fault
    ome = notes.get("ome") if isinstance(notes.get("ome"), Mapping) else notes
    told = ome.get("multiscales")
    try:
        if isinstance(told, Sequence) and told:
            return _ome_movie(folder, arrays, cast("Mapping[str, Any]", told[0]), notes)
        return _plain_movie(folder, arrays, node)
    except InputError:
        raise
    except Exception as fault:  # multiscales that do not follow their own rules
        raise cannot_read(folder, fault) from fault


def _arrays(node: Node) -> dict[str, Node]:
    """Every array below a node by its path."""
    if hasattr(node, "shape"):
        return {"": node}
    found: dict[str, Node] = dict(node.arrays())
    for name, group in node.groups():
        found |= {f"{name}/{inner}": array for inner, array in _arrays(group).items()}
    return found


def _ome_movie(
    folder: Path, arrays: Mapping[str, Node], told: Mapping[str, Any], notes: Mapping[str, Any]
) -> Movie:
    level = told["datasets"][0]
    array = arrays[level["path"]]
    axes = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in told["axes"]]
    names = [str(axis["name"]) for axis in axes]
    frames = _frames(folder, level["path"], array, names)
    scale = _scale(level, len(axes)) * _scale(told, len(axes))
    lengths = [length_nm_per(str(axis.get("unit", ""))) for axis in axes[-2:]]
    own: Node = notes.get("cinedot")
    facts: Mapping[str, object] = own if isinstance(own, Mapping) else {}
    frame_s = None
    if frames.frame_axis is not None:
        per = time_s_per(str(axes[frames.frame_axis].get("unit", "")))
        frame_s = None if per is None else _known(per * scale[frames.frame_axis])
    return Movie(
        frames=frames,
        name=folder.name,
        pixel_x_nm=_known(lengths[1] * scale[-1]) if lengths[1] else None,
        pixel_y_nm=_known(lengths[0] * scale[-2]) if lengths[0] else None,
        frame_s=frame_s or positive(facts, FRAME_TIME),
        voltage_kv=positive(facts, VOLTAGE),
        unit_text=str(axes[-1].get("unit", "")),
        metadata={"format": "OME-Zarr"} | {name: str(value) for name, value in facts.items()},
    )


def _scale(told: Mapping[str, Any], axes: int) -> np.ndarray:
    """The product of the scale transformations; 1 where there is none."""
    scale = np.ones(axes)
    for step in told.get("coordinateTransformations") or ():
        if step.get("type") == "scale":
            scale = scale * np.asarray(step["scale"], dtype=float)
    return scale


def _known(scale: float) -> float | None:
    value = float(f"{scale:.12g}")
    return value if math.isfinite(value) and value > 0 else None


def _plain_movie(folder: Path, arrays: Mapping[str, Node], node: Node) -> Movie:
    images = {
        name: array
        for name, array in arrays.items()
        if len(array.shape) >= 2 and array.dtype.kind in "uifc" and 0 not in array.shape
    }
    if not images:
        raise InputError(
            "this must hold an image or a movie, but none of its "
            f"{len(arrays)} arrays has rows and columns.",
            remedy="Name a Zarr folder with an array [y, x] or [frame, y, x].",
            file=folder,
        )
    chosen = max(images, key=lambda name: math.prod(images[name].shape))
    notes = {"format": "Zarr"}
    if len(images) > 1:
        notes["chosen"] = f"array {chosen} of {', '.join(sorted(images))}, the largest"
    frames = _frames(folder, chosen, images[chosen], None)
    scales = _hyperspy_scales(node, chosen, frames)
    return Movie(
        frames=frames,
        name=folder.name,
        pixel_x_nm=scales.get("x"),
        pixel_y_nm=scales.get("y"),
        frame_s=scales.get("t"),
        metadata=notes,
    )


def _hyperspy_scales(node: Node, chosen: str, frames: ZarrFrames) -> dict[str, float | None]:
    """HyperSpy keeps an axis as the attributes of a group axis-0, axis-1 ... beside the data."""
    parent, _, name = chosen.rpartition("/")
    if name != "data" or f"{parent}/axis-{frames.axes - 1}".lstrip("/") not in node:
        return {}
    experiment: Node = node[parent] if parent else node
    axes = [experiment[f"axis-{place}"].attrs.asdict() for place in range(frames.axes)]
    places = {"y": frames.axes - 2, "x": frames.axes - 1}
    if frames.frame_axis is not None:
        places["t"] = frames.frame_axis
    found: dict[str, float | None] = {}
    for letter, place in places.items():
        per_unit = time_s_per if letter == "t" else length_nm_per
        per = per_unit(str(axes[place].get("units", "")))
        found[letter] = None if per is None else _known(per * abs(float(axes[place]["scale"])))
    return found


def _frames(folder: Path, name: str, array: Node, names: Sequence[str] | None) -> ZarrFrames:
    shape = tuple(int(size) for size in array.shape)
    long = [axis for axis, size in enumerate(shape[:-2]) if size > 1]
    told = names or [str(axis) for axis in range(len(shape))]
    if len(shape) < 2 or 0 in shape or len(told) != len(shape) or len(long) > 1:
        raise InputError(
            f"a movie must have frames, rows and columns, but the axes {', '.join(told)} have "
            f"lengths {shape}: a {len(shape)}D recording.",
            remedy="Save one channel and one focus a file.",
            file=folder,
            place=name or None,
        )
    if names is not None and list(names[-2:]) != ["y", "x"]:
        raise InputError(
            f"the last two axes must be y and x, but the axes are {', '.join(names)}.",
            remedy="Save it as OME-Zarr, whose order is t, c, z, y, x.",
            file=folder,
        )
    count = shape[long[0]] if long else 1
    return ZarrFrames(
        path=folder,
        array=name,
        shape=(count, shape[-2], shape[-1]),
        frame_axis=long[0] if long else None,
        axes=len(shape),
    )
