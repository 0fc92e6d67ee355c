"""What samples recorded, read again as their analyses read it, on axes that they can share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from cinedot.dossier.comparison.samples import Analysed
from cinedot.dossier.folder import find_file
from cinedot.dossier.sections.decay import recorded_decay
from cinedot.dossier.sections.emission import recorded_spectra
from cinedot.growth import SpectralRecord, read_kinetics
from cinedot.spectroscopy import read_ageing

MOST_POINTS = 1200
"""Channels of a decay drawn; of a longer record neighbours are joined, for the picture only."""

MOST_OF_A_SAMPLE = 6
"""Records of one sample drawn: of a longer series these are spread evenly over it."""

Recorded = TypeVar("Recorded")

_LEAST_BIN_NM = 0.02
_MOST_BINS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A line of a sample in a shared figure.

    Attributes:
        sample: whose.
        label: which of its records; "" where it has one.
        x, y: same length.
        sigma: one standard deviation of y, where known.
    """

    sample: str
    label: str
    x: Float[np.ndarray, " point"]
    y: Float[np.ndarray, " point"]
    sigma: Float[np.ndarray, " point"] | None = None


def emission_traces(sample: Analysed) -> list[Trace]:
    """Spectra over their maxima; none where the section is not there or has failed."""
    section = sample.sample.manifest.emission
    if section is None or not _done(sample, "emission"):
        return []
    spectra, _, _ = recorded_spectra(sample.sample, section)
    return [
        Trace(
            sample=sample.name,
            label=one.label if len(spectra) > 1 else "",
            x=one.wavelength_nm,
            y=one.intensity / float(np.max(one.intensity)),
        )
        for one in _some(spectra)
    ]


def decay_traces(sample: Analysed) -> list[Trace]:
    """Counts over their maximum against the time since it; what was counted before is left out."""
    section = sample.sample.manifest.decay
    if section is None or not _done(sample, "decay"):
        return []
    decay, _ = recorded_decay(sample.sample, section)
    first = int(np.argmax(decay.counts))
    counts, time_ns = decay.counts[first:], decay.time_ns[first:] - decay.time_ns[first]
    step = max(1, -(-len(counts) // MOST_POINTS))
    whole = len(counts) // step * step
    y = counts[:whole].reshape(-1, step).mean(axis=1) / float(np.max(decay.counts))
    x = time_ns[:whole].reshape(-1, step).mean(axis=1)
    return [Trace(sample=sample.name, label="", x=x, y=np.where(y > 0, y, np.nan))]


def kinetics_traces(sample: Analysed) -> list[Trace]:
    """The rise of the light over its maximum; of spectra against time, all light of each time."""
    section = sample.sample.manifest.kinetics
    if section is None or not _done(sample, "kinetics"):
        return []
    path = find_file(sample.sample, section.file, key="[kinetics] file")
    columns = section.columns.model_dump(exclude_none=True) if section.columns else None
    read = read_kinetics(
        path, columns=columns, series=section.series, wavelength_nm=section.wavelength_nm
    )
    if isinstance(read, SpectralRecord):
        light = np.trapezoid(read.intensity, read.wavelength_nm, axis=1)
        return [_relative(sample, "", read.time_min, light, float(light.max()))]
    return [
        _relative(
            sample,
            one.label if len(read) > 1 else "",
            one.time_min,
            one.intensity,
            float(np.max(one.intensity)),
        )
        for one in _some(read)
    ]


def stability_traces(sample: Analysed) -> list[Trace]:
    """The light that is left, over the first of each record, against hours."""
    traces: list[Trace] = []
    for section in sample.sample.manifest.stability:
        name = f"stability {section.name}" if section.name else "stability"
        if not _done(sample, name):
            continue
        path = find_file(sample.sample, section.file, key="[stability] file")
        columns = section.columns.model_dump(exclude_none=True) if section.columns else None
        records = read_ageing(path, columns=columns, series=section.series)
        for one in _some(records):
            parts = (section.name or "", one.label if len(records) > 1 else "")
            label = " ".join(part for part in parts if part)
            first = float(one.intensity[0]) or float(np.max(one.intensity))
            traces.append(_relative(sample, label, one.time_h, one.intensity, first))
    return traces


def size_traces(samples: Sequence[Analysed]) -> list[Trace]:
    """Shares of each sample's particles in bins that all share, as steps over the edge in nm."""
    edges: dict[str, np.ndarray] = {}
    for sample in samples:
        table = sample.table("particles")
        if table is not None:
            sizes = table.loc[~table["at_edge"], "edge_nm"].to_numpy(dtype=float)
            sizes = sizes[np.isfinite(sizes)]
            if len(sizes) > 1:
                edges[sample.name] = sizes
    if len(edges) < 2:
        return []
    bins = _shared_bins(list(edges.values()))
    return [
        Trace(
            sample=name,
            label=f"{len(sizes)} particles",
            x=np.repeat(bins, 2),
            y=np.r_[0.0, np.repeat(np.histogram(sizes, bins)[0] / len(sizes), 2), 0.0],
        )
        for name, sizes in edges.items()
    ]


def series_traces(samples: Sequence[Analysed], section: str, quantity: str) -> list[Trace]:
    """A quantity against the condition, of samples that have it at two conditions or more."""
    traces: list[Trace] = []
    for sample in samples:
        table = sample.table("series")
        if table is None:
            continue
        rows = table[(table["section"] == section) & (table["quantity"] == quantity)]
        rows = rows.sort_values("x")
        if rows["x"].nunique() > 1:
            sigma = rows["sigma"].to_numpy(dtype=float)
            traces.append(
                Trace(
                    sample=sample.name,
                    label="",
                    x=rows["x"].to_numpy(dtype=float),
                    y=rows["value"].to_numpy(dtype=float),
                    sigma=np.nan_to_num(sigma),
                )
            )
    return traces


def traces_of(samples: Sequence[Analysed], read: Callable[[Analysed], list[Trace]]) -> list[Trace]:
    """The traces of all samples; none unless two samples have some."""
    traces = [trace for sample in samples for trace in read(sample)]
    return traces if len({one.sample for one in traces}) > 1 else []


def _done(sample: Analysed, section: str) -> bool:
    return sample.dossier["sections"].get(section, {}).get("status") == "ok"


def _relative(
    sample: Analysed,
    label: str,
    x: Float[np.ndarray, " point"],
    y: Float[np.ndarray, " point"],
    over: float,
) -> Trace:
    return Trace(sample=sample.name, label=label, x=np.asarray(x), y=np.asarray(y) / over)


def _some(records: Sequence[Recorded]) -> list[Recorded]:
    shown = np.linspace(0, len(records) - 1, min(len(records), MOST_OF_A_SAMPLE)).round()
    return [records[int(index)] for index in shown]


def _shared_bins(edges_nm: Sequence[np.ndarray]) -> Float[np.ndarray, " edge"]:
    """Bins over all samples, by Freedman and Diaconis' width of the sample that asks for least."""
    low = min(float(one.min()) for one in edges_nm)
    high = max(float(one.max()) for one in edges_nm)
    widths = [
        2 * float(np.subtract(*np.percentile(one, [75, 25]))) / len(one) ** (1 / 3)
        for one in edges_nm
    ]
    width = max(_LEAST_BIN_NM, (high - low) / _MOST_BINS, min(widths))
    count = int((high - low) / width) + 1  # one more than just enough: both ends lie inside
    return (low + high) / 2 + width * (np.arange(count + 1) - count / 2)
