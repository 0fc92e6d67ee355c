"""Section `emission`: spectra to peak and width, one by one."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import AnalysisError, Estimate, InputError, Progress, Spectrum
from cinedot.dossier.figures import (
    INK,
    MUTED,
    SECOND,
    THIRD,
    Curve,
    dressed,
    plot,
    plot_with_residual,
)
from cinedot.dossier.findings import Findings, Panel, SeriesPoint, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.known import Known
from cinedot.dossier.manifest import EmissionSection, SampleFolder
from cinedot.dossier.sections.emission_colour import colour_panel, colour_results, colours_of
from cinedot.dossier.sections.emission_sizes import (
    decompositions_of,
    prior_of,
    size_checks,
    size_facts,
    size_panels,
    size_remarks,
    size_results,
    size_series,
)
from cinedot.dossier.sections.instrument import instrument_facts
from cinedot.dossier.sections.series import condition_of
from cinedot.spectroscopy import (
    Colour,
    EmissionFit,
    fit_emission,
    fit_emission_series,
    over_response,
    read_spectra,
    without_blank,
)
from cinedot.spectroscopy.mixture import Decomposition

if TYPE_CHECKING:
    import plotly.graph_objects as go

_FEW = 64
"""So many spectra are searched for their bands one by one; of more, those that need it."""
_DASHES = ("dash", "dot", "dashdot")


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[emission]`, if the manifest has it."""
    section = sample.manifest.emission
    if section is None:
        return ()
    return (Task(name="emission", prepare=lambda: _prepare(sample, section)),)


def recorded_spectra(
    sample: SampleFolder, section: EmissionSection
) -> tuple[tuple[Spectrum, ...], Path, dict[str, Path]]:
    """The spectra of `[emission]`, corrected; their file; the files that corrected them.

    Args:
        sample: the folder.
        section: the keys of `[emission]`.

    Raises:
        InputError: a file is missing or cannot be used.
    """
    path = find_file(sample, section.file, key="[emission] file")
    columns = section.columns.model_dump(exclude_none=True) if section.columns else None
    spectra = read_spectra(path, columns=columns, series=section.series, range_nm=section.range_nm)
    spectra, corrections = _corrected(sample, section, spectra)
    return spectra, path, corrections


def _prepare(sample: SampleFolder, section: EmissionSection) -> Work:
    spectra, path, corrections = recorded_spectra(sample, section)
    columns = section.columns.model_dump(exclude_none=True) if section.columns else None
    if section.excitation_nm is not None:
        spectra = tuple(replace(one, excitation_nm=section.excitation_nm) for one in spectra)
    unread = 0 if columns or section.series else _columns(path) - 1
    prior, source = prior_of(sample, section), sample.manifest.sample.source

    def work(progress: Progress) -> Findings:
        sizes, failures = decompositions_of(spectra, prior, progress)
        findings = _analyse(spectra, sizes, path, unread, progress)
        findings = replace(
            findings,
            remarks=(*findings.remarks, *failures),
            facts={**findings.facts, **{kind: file.name for kind, file in corrections.items()}},
            inputs=(*findings.inputs, *corrections.values()),
        )
        if len(spectra) > 1 or not sizes:
            return findings
        return replace(findings, completed=partial(_beside_images, findings, sizes[0], source))

    return work


def _corrected(
    sample: SampleFolder, section: EmissionSection, spectra: tuple[Spectrum, ...]
) -> tuple[tuple[Spectrum, ...], dict[str, Path]]:
    """The spectra less their blank, over the response; and the files that told these."""
    files: dict[str, Path] = {}
    for kind, name, correct in (
        ("blank", section.blank, without_blank),
        ("response", section.response, over_response),
    ):
        if name is None:
            continue
        files[kind] = find_file(sample, name, key=f"[emission] {kind}")
        other = read_spectra(files[kind])[0]
        try:
            spectra = tuple(correct(one, other) for one in spectra)
        except InputError as fault:
            raise fault.within(file=files[kind]) from fault
    return spectra, files


def _beside_images(
    findings: Findings, sizes: Decomposition, source: str | None, known: Known
) -> Findings:
    return replace(findings, checks=size_checks(sizes, known, source), completed=None)


def _columns(path: Path) -> int:
    """How many spectra a file holds."""
    try:
        return len(read_spectra(path, series=True))
    except InputError:  # another column is at fault, which nobody asked for
        return 1


def _analyse(
    spectra: tuple[Spectrum, ...],
    sizes: Mapping[int, Decomposition],
    path: Path,
    unread: int,
    progress: Progress,
) -> Findings:
    fits: dict[int, EmissionFit] = {}
    failures: list[AnalysisError] = []
    many = len(spectra) > _FEW
    at_once = fit_emission_series(spectra) if many else (None,) * len(spectra)
    tracked = progress.track(spectra, description="emission: fitting", total=len(spectra))
    for index, spectrum in enumerate(tracked):
        try:
            fits[index] = at_once[index] or fit_emission(spectrum)
        except AnalysisError as fault:
            failures.append(fault)
    if not fits:
        reason, remedy = failures[0].reason, failures[0].remedy
        raise AnalysisError(f"{path.name}: {reason}", remedy=remedy)
    first = min(fits)
    single = len(spectra) == 1
    colours = colours_of(fits)
    named = {index: (spectra[index].label, one) for index, one in colours.items()}
    return Findings(
        results={
            **_results(fits[first]),
            **colour_results(colours.get(first)),
            **size_results(sizes.get(first)),
        }
        if single
        else {},
        series=_series(spectra, fits, colours, sizes),
        panels=(
            *_panels(spectra, fits),
            *size_panels(spectra, sizes),
            *colour_panel(tuple(named.values())),
        ),
        remarks=(
            *(str(fault) for fault in failures),
            *(_remarks(fits[first], unread) if single else ()),
            *size_remarks(sizes),
        ),
        facts=_facts(spectra, fits, path)
        | ({"fitted": _how(len(spectra), sum(one is not None for one in at_once))} if many else {})
        | size_facts(sizes),
        inputs=(path,),
    )


def _how(count: int, together: int) -> str:
    """Which spectra were fitted with one band, all at once, and which searched for bands."""
    return (
        f"{together} of {count} together, with one Gaussian band, which says all that they say; "
        f"{count - together} one by one, searched for their bands"
    )


def _results(fit: EmissionFit) -> Mapping[str, Estimate]:
    return {
        "peak": fit.peak,
        "fwhm": fit.fwhm,
        "peak_energy": fit.peak_energy,
        "fwhm_energy": fit.fwhm_energy,
    }


def _series(
    spectra: tuple[Spectrum, ...],
    fits: Mapping[int, EmissionFit],
    colours: Mapping[int, Colour],
    sizes: Mapping[int, Decomposition],
) -> tuple[SeriesPoint, ...]:
    """Of each record what was found; of a single one that was taken apart, a row each n."""
    of_sizes = size_series(spectra, sizes)
    if len(spectra) == 1 and of_sizes:
        return of_sizes
    found = {
        index: {
            **_results(fit),
            "area": fit.area,
            **colour_results(colours.get(index), only=("cie_x", "cie_y")),
        }
        for index, fit in fits.items()
    }
    whole = (
        (spectra[index].label, condition_of(spectra[index].label, index), name, estimate)
        for index, results in found.items()
        for name, estimate in results.items()
    )
    return (*whole, *of_sizes)


def _facts(
    spectra: tuple[Spectrum, ...], fits: Mapping[int, EmissionFit], path: Path
) -> dict[str, str]:
    one = spectra[0]
    step = float(np.median(np.diff(one.wavelength_nm)))
    facts = {
        "file": path.name,
        "spectra": str(len(spectra)),
        "range": f"{one.wavelength_nm[0]:g} to {one.wavelength_nm[-1]:g} nm, each {step:g} nm",
    }
    facts |= instrument_facts(spectra)
    if len(fits) == 1:
        (fit,) = fits.values()
        facts["model"] = f"{fit.model}; reduced chi-square {fit.reduced_chi_square:.2f}"
    return facts


def _remarks(fit: EmissionFit, unread: int) -> tuple[str, ...]:
    remarks: list[str] = []
    if fit.status == "edge":
        remarks.append(
            "The record does not hold both half-maxima of the band: its width is a guess."
        )
    if unread > 0:
        remarks.append(
            f"{unread} more columns of intensities stand in the file; series = true reads all."
        )
    return tuple(remarks)


def _panels(spectra: tuple[Spectrum, ...], fits: Mapping[int, EmissionFit]) -> tuple[Panel, ...]:
    if len(spectra) == 1:
        fit = fits[0]
        return (
            Panel(
                title="Emission",
                caption=f"Record (points), fit (line) of {fit.model}; below, what the fit leaves. "
                f"Peak {fit.peak.text()}, FWHM {fit.fwhm.text()} "
                f"({fit.fwhm_energy.text()}).",
                figure=_one(fit),
            ),
        )
    return (
        Panel(
            title="Emission spectra",
            caption="Each record divided by its maximum."
            + (f" {_FEW} of {len(spectra)} are shown." if len(spectra) > _FEW else ""),
            figure=_overlay(_some(spectra)),
        ),
        Panel(
            title="Peak and width",
            caption="Peak wavelength (filled) and FWHM (open) against the condition; bars are one "
            "standard deviation.",
            figure=_trend(spectra, fits),
        ),
    )


def _one(fit: EmissionFit) -> "go.Figure":
    curves = [
        Curve(x=fit.wavelength_nm, y=fit.intensity, name="record", colour=MUTED, dash=""),
        Curve(x=fit.wavelength_nm, y=fit.curve, name="fit"),
    ]
    if fit.others:
        bands = (fit.main, *fit.others)
        curves += [
            Curve(
                x=fit.wavelength_nm,
                y=band + fit.background,
                name=f"band {index + 1}",
                colour=(SECOND, THIRD, INK)[index % 3],
                dash=_DASHES[index % 3],
            )
            for index, band in enumerate(bands)
        ]
    residual = Curve(x=fit.wavelength_nm, y=fit.residual, name="rest", colour=MUTED, dash="")
    return plot_with_residual(
        curves,
        residual,
        x_title="wavelength (nm)",
        y_title="intensity (instrument's units)",
        residual_title="rest",
    )


def _some(spectra: tuple[Spectrum, ...]) -> tuple[Spectrum, ...]:
    """As many as can be told apart, evenly over the series."""
    shown = np.linspace(0, len(spectra) - 1, min(len(spectra), _FEW)).round().astype(int)
    return tuple(spectra[index] for index in shown.tolist())


def _overlay(spectra: tuple[Spectrum, ...]) -> "go.Figure":
    from plotly.colors import sample_colorscale

    colours = sample_colorscale("viridis", np.linspace(0, 0.9, len(spectra)).tolist())
    curves = [
        Curve(
            x=one.wavelength_nm,
            y=one.intensity / float(np.max(one.intensity)),
            name=one.label,
            colour=str(colour),
        )
        for one, colour in zip(spectra, colours, strict=True)
    ]
    return plot(curves, x_title="wavelength (nm)", y_title="intensity / maximum")


def _trend(spectra: tuple[Spectrum, ...], fits: Mapping[int, EmissionFit]) -> "go.Figure":
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    x = [condition_of(spectra[index].label, index) for index in fits]
    for row, (name, symbol) in enumerate((("peak", "circle"), ("fwhm", "circle-open")), start=1):
        found = [_results(fit)[name] for fit in fits.values()]
        figure.add_trace(
            go.Scatter(
                x=x,
                y=[estimate.value for estimate in found],
                error_y={"type": "data", "array": [estimate.sigma or 0.0 for estimate in found]},
                mode="markers",
                marker={"symbol": symbol, "size": 9, "color": INK},
                showlegend=False,
            ),
            row=row,
            col=1,
        )
    dressed(figure, height=420)
    figure.update_yaxes(title="peak (nm)", row=1, col=1)
    figure.update_yaxes(title="FWHM (nm)", row=2, col=1)
    figure.update_xaxes(title="condition", row=2, col=1)
    return figure
