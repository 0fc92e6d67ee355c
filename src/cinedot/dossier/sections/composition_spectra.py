"""Spectra for the section `composition`: peaks fitted, atoms of a thin film counted, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cinedot.composition import (
    AtomCounts,
    AtomicPercents,
    EdxSpectrum,
    PeakFit,
    count_atoms,
    fit_peaks,
    line_families,
    read_edx,
    thin_film_counts,
)
from cinedot.core import AnalysisError, Estimate, InputError, Progress
from cinedot.dossier.figures import MUTED, SECOND, Curve, plot_with_residual
from cinedot.dossier.findings import Panel, SeriesPoint
from cinedot.dossier.sections.composition_setting import Setting, prior_of

_ALWAYS = ("C", "N", "O")
_MOST_PANELS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Spectra taken apart and counted.

    Attributes:
        counts: atoms per 64 metal atoms; None where no spectrum holds counts enough.
        fits: of the spectra that do.
        remarks: what was left out, and which peaks overlap.
    """

    counts: AtomCounts | None
    fits: tuple[PeakFit, ...]
    remarks: tuple[str, ...]


def read_all(paths: Sequence[Path], setting: Setting) -> tuple[EdxSpectrum, ...]:
    """The spectra, each with its voltage and resolution known.

    Raises:
        InputError: see `read_edx`; an unknown element; a voltage that neither file nor manifest
            states; voltages that differ.
    """
    stated = setting.section.voltage_kv
    for element in setting.section.elements:
        line_families(element)
    spectra = tuple(read_edx(path) for path in paths)
    for path, spectrum in zip(paths, spectra, strict=True):
        if stated is None and spectrum.voltage_kv is None:
            raise InputError(
                "the accelerating voltage must be known, but the file does not say it.",
                remedy='Give it in [composition], as in voltage = "3 kV".',
                file=path,
            )
    voltages = {stated or one.voltage_kv for one in spectra}
    if len(voltages) > 1:
        raise InputError(
            f"spectra must be of one voltage, but are of {sorted(map(str, voltages))} kV.",
            remedy="Name those of one voltage.",
            file=paths[0],
        )
    return tuple(replace(one, voltage_kv=stated or one.voltage_kv) for one in spectra)


def fitted(spectra: Sequence[EdxSpectrum], setting: Setting, progress: Progress) -> Fitted:
    """Fit every spectrum, count atoms in each; several are replicates."""
    fits: list[PeakFit] = []
    counted: list[AtomCounts] = []
    remarks: list[str] = []
    for one in progress.track(spectra, description="composition: peaks", total=len(spectra)):
        assert one.voltage_kv is not None
        try:
            fit = fit_peaks(one, elements_of(one, setting))
        except AnalysisError as fault:
            remarks.append(f"Not enough counts: {fault}")
            continue
        fits.append(fit)
        prior = prior_of(setting.section, one.voltage_kv)
        try:
            counted.append(thin_film_counts(fit, prior, metal=setting.metal))
        except AnalysisError as fault:
            remarks.append(f"No atoms are counted: {fault}")
    if fits:
        remarks += _overlap_remarks(fits[0])
    if not counted:
        return Fitted(counts=None, fits=tuple(fits), remarks=tuple(remarks))
    shared = [e for e in counted[0].elements if all(e in one.elements for one in counted)]
    left_out = sorted({e for one in counted for e in one.elements} - set(shared))
    if left_out:
        remarks.append(f"Not seen in every spectrum, and left out: {', '.join(left_out)}.")
    counts = counted[0] if len(counted) == 1 else _together(counted, shared, setting.metal)
    return Fitted(counts=counts, fits=tuple(fits), remarks=tuple(remarks))


def elements_of(spectrum: EdxSpectrum, setting: Setting) -> tuple[str, ...]:
    """What is looked for: the manifest's elements, or the file's, the host's, and C, N, O.

    Without a host a file that names elements says what is in it: others would only take counts.
    """
    if setting.section.elements:
        return setting.section.elements
    host = setting.host
    own = () if spectrum.elements else ("Cs", "Pb", "Br")
    if host is not None:
        own = (host.a_element, host.b_ion, host.x_ion)
    return tuple(dict.fromkeys((*spectrum.elements, *own, *_ALWAYS)))


def _together(counted: Sequence[AtomCounts], shared: Sequence[str], metal: str) -> AtomCounts:
    """Counts of several spectra as replicates of one table."""
    rows = []
    for one in counted:
        atoms = [float(one.values[one.elements.index(e)]) for e in shared]
        rows.append(np.array([*atoms, 64.0]) / (sum(atoms) + 64.0) * 100)
    table = AtomicPercents(elements=(*shared, metal), percents=np.array(rows), label="spectra")
    found = count_atoms(table, metal=metal)
    return replace(found, method=f"{found.method}, thin film without standards")


def _overlap_remarks(fit: PeakFit) -> list[str]:
    pairs = {
        " / ".join(sorted((one.peak.name, other))) for one in fit.peaks for other in one.mixed_with
    }
    if not pairs:
        return []
    return [f"Peaks that stand for each other in part: {', '.join(sorted(pairs))}."]


def peak_series(fits: Sequence[PeakFit]) -> tuple[SeriesPoint, ...]:
    """Counts of every peak of every spectrum."""
    return tuple(
        (
            f"{fit.spectrum.label}, {one.peak.name}",
            one.peak.main_ev / 1e3,
            "peak_counts",
            Estimate(
                value=one.counts if one.seen else one.limit,
                sigma=one.sigma if one.seen else None,
                unit="",
                method="peak fit",
                status="ok" if one.seen else "upper_limit",
            ),
        )
        for fit in fits
        for one in fit.peaks
    )


def peak_panels(fits: Sequence[PeakFit]) -> tuple[Panel, ...]:
    """The first spectra with their fits."""
    return tuple(_panel(fit) for fit in fits[:_MOST_PANELS])


def _panel(fit: PeakFit) -> Panel:
    at = fit.energy_ev / 1e3
    counts = fit.counts
    figure = plot_with_residual(
        [
            Curve(x=at, y=np.maximum(counts, 0.5), name="counts", colour=MUTED, dash=""),
            Curve(x=at, y=np.maximum(fit.curve, 0.5), name="fit"),
            Curve(x=at, y=np.maximum(fit.ground, 0.5), name="ground", colour=SECOND, dash="dash"),
        ],
        Curve(
            x=at,
            y=(counts - fit.curve) / np.sqrt(np.maximum(fit.curve, 1.0)),
            name="rest",
            colour=MUTED,
            dash="",
        ),
        x_title="photon energy (keV)",
        y_title="counts",
        residual_title="rest / sigma",
        log_y=True,
    )
    seen = ", ".join(one.peak.name for one in fit.peaks if one.seen)
    return Panel(
        title=f"Peaks of {fit.spectrum.label}",
        caption=f"Counts (points), fit (line) and ground (dashed), counts below 0.5 drawn at 0.5. "
        f"Seen: {seen or 'none'}. Resolution {fit.resolution_ev:.0f} eV at Mn Kα, reduced "
        f"chi-square {fit.misfit:.2f}.",
        figure=figure,
    )
