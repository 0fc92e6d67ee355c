"""Berkeley EMD through h5py: RosettaSciIO gives these images transposed, that is, mirrored."""

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from cinedot.core import Movie
from cinedot.micrographs.readers.signals import movie_of_signals

H5Item: TypeAlias = Any
"""A file, group or data set of h5py, which carries no types."""


def is_berkeley_emd(path: Path) -> bool:
    """Whether a file is HDF5 with a group that carries `emd_group_type`.

    Velox writes .emd too, without such groups.
    """
    import h5py

    if not h5py.is_hdf5(path):
        return False
    with h5py.File(path, "r") as tree:
        return bool(_emd_groups(tree))


def open_berkeley_emd(path: Path) -> Movie:
    """Open the images of an EMD file: groups with `emd_group_type`, `data` and `dim1, dim2 ...`.

    Args:
        path: the file; `dim1` describes the first axis of `data`, as openNCEM writes it.

    Raises:
        InputError: none of its groups holds an image.
    """
    import dask.array
    import h5py

    # The file stays open as long as the frames that read from it.
    signals = [
        {
            "data": dask.array.from_array(group["data"], chunks="auto"),
            "axes": [_axis(group.get(f"dim{place + 1}")) for place in range(group["data"].ndim)],
            "metadata": {"General": {"title": group.name.rsplit("/", 1)[-1]}},
        }
        for group in _emd_groups(h5py.File(path, "r"))
    ]
    return movie_of_signals(signals, path)


def _emd_groups(tree: H5Item) -> list[H5Item]:
    groups: list[H5Item] = []

    def note(_: str, item: H5Item) -> None:
        if "emd_group_type" in item.attrs and "data" in item:
            groups.append(item)

    tree.visititems(note)
    return groups


def _axis(dimension: H5Item) -> dict[str, Any]:
    if dimension is None or dimension.shape[0] < 2:
        return {"units": "", "scale": 0.0}
    points = np.asarray(dimension[:2], dtype=float)
    units = dimension.attrs.get("units", "")
    spelled = units.decode("utf-8", "replace") if isinstance(units, bytes) else str(units)
    return {"units": spelled, "scale": float(points[1] - points[0])}
