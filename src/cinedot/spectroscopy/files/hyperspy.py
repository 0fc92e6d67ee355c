"""Spectra and excitation-emission tables in HyperSpy's files (.hspy, .zspy), by RosettaSciIO."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.delimited import DelimitedTable
from cinedot.core.quiet import quiet
from cinedot.spectroscopy.files.plain_table import Ordinate, plain_table

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MOST_SPECTRA = 10_000
"""More are a map, which no series of conditions is."""


def is_hyperspy(path: Path, head: bytes) -> bool:
    """Whether a file is HDF5 (by its first 8 bytes) or named as one of HyperSpy's."""
    return head == _HDF5_SIGNATURE or path.suffix.lower() in (".hspy", ".zspy")


def read_hyperspy(path: Path) -> DelimitedTable:
    """A one-dimensional signal as a table: its axis, then one column for each navigated spectrum.

    Columns are headed by the navigation axes' values and units ("310 nm"), or by the signal's
    title where it has none. An axis in nm that is called excitation says what excited.

    Args:
        path: a .hspy file, or a .zspy file or folder.

    Raises:
        InputError: it cannot be read, holds no such signal or several of them, or more than 10,000
            spectra.
    """
    signals = [one for one in _read(path) if _signal_axes(one) == 1]
    if len(signals) != 1:
        raise InputError(
            f"the file must hold one signal of spectra, but holds {len(signals) or 'none'}.",
            remedy="Save the spectra alone, as a Signal1D.",
            file=path,
        )
    (signal,) = signals
    axes: list[Mapping[str, Any]] = signal["axes"]
    (along,) = (k for k, axis in enumerate(axes) if not axis["navigate"])
    data = np.moveaxis(np.asarray(signal["data"]), along, -1)
    spectra = data.reshape(-1, data.shape[-1])
    if len(spectra) > _MOST_SPECTRA or spectra.dtype.kind not in "iuf":
        raise InputError(
            f"a series must hold at most {_MOST_SPECTRA:,} spectra of numbers, but this is "
            f"{len(spectra):,} of {spectra.dtype}.",
            remedy="Save the spectra that are meant, or their sum.",
            file=path,
        )
    navigation = [axis for axis in axes if axis["navigate"]]
    metadata = _metadata(signal)
    title = metadata.get("title", "") or path.stem
    return plain_table(
        path,
        Ordinate(
            heading=str(axes[along].get("name") or "column 1"),
            unit=_unit(axes[along]),
            values=_values(axes[along]),
        ),
        [
            Ordinate(heading=label or title, unit="", values=spectrum.astype(np.float64))
            for label, spectrum in zip(_labels(navigation), spectra, strict=True)
        ],
        metadata,
    )


def _read(path: Path) -> list[dict[str, Any]]:
    from rsciio import hspy, zspy

    reader = zspy if path.suffix.lower() == ".zspy" else hspy
    try:
        with quiet():
            return reader.file_reader(str(path))
    except Exception as fault:  # h5py, zarr and RosettaSciIO raise whatever a damaged file brings
        raise InputError(
            f"the file must be a whole one of HyperSpy's, but could not be read "
            f"({type(fault).__name__}: {str(fault)[:120]}).",
            remedy="Save it again from HyperSpy, or export the spectrum as text.",
            file=path,
        ) from fault


def _signal_axes(signal: Mapping[str, Any]) -> int:
    return sum(not axis["navigate"] for axis in signal["axes"])


def _unit(axis: Mapping[str, Any]) -> str:
    unit = axis.get("units")
    return unit if isinstance(unit, str) and unit != "<undefined>" else ""


def _values(axis: Mapping[str, Any]) -> Float[np.ndarray, " point"]:
    if "axis" in axis:
        return np.asarray(axis["axis"], dtype=np.float64)
    return float(axis["offset"]) + float(axis["scale"]) * np.arange(int(axis["size"]))


def _labels(navigation: Sequence[Mapping[str, Any]]) -> list[str]:
    """What sets each spectrum apart: the navigation axes' values, the last axis running fastest."""
    labels = [""]
    for axis in navigation:
        name = "excitation " if "excit" in str(axis.get("name", "")).lower() else ""
        steps = [f"{name}{value:g} {_unit(axis)}".strip() for value in _values(axis)]
        labels = [f"{label}, {step}".strip(", ") for label in labels for step in steps]
    return labels


def _metadata(signal: Mapping[str, Any]) -> dict[str, str]:
    """Title and whatever text or number the metadata hold, by their last key."""
    found: dict[str, str] = {}

    def gather(branch: Mapping[str, Any]) -> None:
        for key, value in branch.items():
            if isinstance(value, Mapping):
                gather(value)
            elif isinstance(value, str | int | float) and not isinstance(value, bool) and value:
                found.setdefault(key.replace("_", " "), str(value))

    gather(signal["metadata"])
    return found
