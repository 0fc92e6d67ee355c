"""EDX spectra in instruments' files, through RosettaSciIO; maps are summed."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.quiet import quiet

_READERS = {
    ".msa": "msa",
    ".emsa": "msa",
    ".spx": "bruker",
    ".bcf": "bruker",
    ".dm3": "digitalmicrograph",
    ".dm4": "digitalmicrograph",
    ".eds": "jeol",
    ".asw": "jeol",
    ".pts": "jeol",
    ".spc": "edax",
    ".spd": "edax",
    ".hspy": "hspy",
    ".emd": "emd",
}
_EV = {"kev": 1e3, "ev": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class EdxSpectrum:
    """Counts against photon energy.

    Attributes:
        energy_ev: middle of each channel, eV, in equal steps upwards.
        counts: X-rays in each channel, summed over a map's pixels; none below 0.
        label: the file's name.
        voltage_kv: accelerating voltage, kV, where the file says.
        take_off_deg: angle between specimen and detector, degrees, where the file says.
        resolution_ev: full width at half maximum at Mn Ka, eV, where the file says.
        live_s: live time, s, where the file says.
        elements: those that the file names.
        pixels: of a map; 1 for a spectrum.
    """

    energy_ev: Float[np.ndarray, " channel"]
    counts: Float[np.ndarray, " channel"]
    label: str
    voltage_kv: float | None = None
    take_off_deg: float | None = None
    resolution_ev: float | None = None
    live_s: float | None = None
    elements: tuple[str, ...] = ()
    pixels: int = 1

    @property
    def channel_ev(self) -> float:
        """Width of a channel, eV."""
        return float((self.energy_ev[-1] - self.energy_ev[0]) / (len(self.energy_ev) - 1))


def read_edx(path: Path) -> EdxSpectrum:
    """The EDX spectrum in an instrument's file; that of a whole map is the sum of its pixels.

    Formats: EMSA/MAS (.msa, .emsa), Bruker (.spx, .bcf), Gatan (.dm3, .dm4), JEOL (.eds, .asw,
    .pts), EDAX (.spc, .spd), Velox (.emd), HyperSpy (.hspy).

    Args:
        path: the file.

    Raises:
        InputError: an unknown or damaged file, none or several EDX signals in it, fewer than 64
            channels, counts below 0, no counts at all.
    """
    name = _READERS.get(path.suffix.lower())
    if name is None:
        raise InputError(
            f"a spectrum must be in a known format, but this ends in {path.suffix!r}.",
            remedy=f"Known: {', '.join(_READERS)}; most programs export .msa.",
            file=path,
        )
    reader = importlib.import_module(f"rsciio.{name}")
    try:
        with quiet():
            signals: list[dict[str, Any]] = reader.file_reader(str(path))
    except Exception as fault:  # RosettaSciIO raises whatever a damaged file brings
        raise InputError(
            f"the file must be a whole one of its kind, but could not be read "
            f"({type(fault).__name__}: {str(fault)[:120]}).",
            remedy="Export it again, as .msa for instance.",
            file=path,
        ) from fault
    found = [one for one in signals if _energy_axis(one) is not None]
    if len(found) != 1:
        raise InputError(
            f"the file must hold one EDX signal, but holds {len(found) or 'none'}.",
            remedy="Export the spectrum, or the map, alone.",
            file=path,
        )
    return _spectrum(found[0], path)


def _energy_axis(signal: Mapping[str, Any]) -> int | None:
    """Which axis is the photons' energy; None where none is."""
    kind = str(signal.get("metadata", {}).get("Signal", {}).get("signal_type", ""))
    for k, axis in enumerate(signal["axes"]):
        if str(axis.get("units", "")).strip().lower() in _EV and not kind.startswith("EELS"):
            return k
    return None


def _spectrum(signal: Mapping[str, Any], path: Path) -> EdxSpectrum:
    at = _energy_axis(signal)
    assert at is not None
    axis = signal["axes"][at]
    data = np.moveaxis(np.asarray(signal["data"]), at, -1)
    counts = data.reshape(-1, data.shape[-1]).sum(axis=0, dtype=np.float64)
    factor = _EV[str(axis["units"]).strip().lower()]
    energy = factor * (float(axis["offset"]) + float(axis["scale"]) * np.arange(len(counts)))
    _check(energy, counts, path)
    metadata: Mapping[str, Any] = signal.get("metadata", {})
    instrument = metadata.get("Acquisition_instrument", {})
    column: Mapping[str, Any] = instrument.get("SEM") or instrument.get("TEM") or {}
    detector: Mapping[str, Any] = column.get("Detector", {}).get("EDS", {})
    return EdxSpectrum(
        energy_ev=energy,
        counts=counts,
        label=path.name,
        voltage_kv=_positive(column.get("beam_energy")),
        take_off_deg=_positive(detector.get("elevation_angle")),
        resolution_ev=_positive(detector.get("energy_resolution_MnKa")),
        live_s=_positive(detector.get("live_time")),
        elements=tuple(str(one) for one in metadata.get("Sample", {}).get("elements", ())),
        pixels=int(np.prod(data.shape[:-1], dtype=int)),
    )


def _check(
    energy: Float[np.ndarray, " channel"], counts: Float[np.ndarray, " channel"], path: Path
) -> None:
    if len(counts) < 64 or not (np.diff(energy) > 0).all():
        raise InputError(
            f"a spectrum must have 64 channels or more of rising energy, but has {len(counts)}.",
            remedy="Export it again with its calibration.",
            file=path,
        )
    if not np.isfinite(counts).all() or counts.min() < 0:
        raise InputError(
            "counts must be numbers of 0 or more, but one is not.",
            remedy="Export the spectrum before any background is taken away.",
            file=path,
        )
    if counts.sum() == 0:
        raise InputError(
            "a spectrum must hold counts, but all of its channels are 0.",
            remedy="Leave it out, or measure again.",
            file=path,
        )


def _positive(value: Any) -> float | None:  # noqa: ANN401 - metadata hold anything
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return None
    return float(value) if float(value) > 0 else None
