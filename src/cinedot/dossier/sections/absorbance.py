"""Section `absorbance`: spectra to their first exciton, and its distance from the emission."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from cinedot.core import AnalysisError, Estimate, Progress, Spectrum
from cinedot.core.constants import HC_EV_NM
from cinedot.dossier.figures import MUTED, SECOND, THIRD, Curve, plot, plot_with_residual
from cinedot.dossier.findings import Findings, Panel, SeriesPoint, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.known import Answer, Known
from cinedot.dossier.manifest import AbsorbanceSection, SampleFolder
from cinedot.dossier.sections.instrument import instrument_facts
from cinedot.dossier.sections.series import condition_of
from cinedot.spectroscopy import (
    INNER_FILTER,
    AbsorbanceFit,
    fit_absorbance,
    inner_filter_factor,
    read_spectra,
    stokes_shift,
)


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[absorbance]`, if the manifest has it."""
    section = sample.manifest.absorbance
    if section is None:
        return ()
    return (Task(name="absorbance", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: AbsorbanceSection) -> Work:
    path = find_file(sample, section.file, key="[absorbance] file")
    columns = section.columns.model_dump(exclude_none=True) if section.columns else None
    spectra = read_spectra(path, columns=columns, series=section.series, range_nm=section.range_nm)
    if section.excitation_nm is not None:
        spectra = tuple(replace(one, excitation_nm=section.excitation_nm) for one in spectra)
    return lambda progress: _analyse(spectra, path, progress)


def _analyse(spectra: tuple[Spectrum, ...], path: Path, progress: Progress) -> Findings:
    fits: dict[int, AbsorbanceFit] = {}
    failures: list[AnalysisError] = []
    tracked = progress.track(spectra, description="absorbance: fitting", total=len(spectra))
    for index, spectrum in enumerate(tracked):
        try:
            fits[index] = fit_absorbance(spectrum)
        except AnalysisError as fault:
            failures.append(fault)
    if not fits:
        reason, remedy = failures[0].reason, failures[0].remedy
        raise AnalysisError(f"{path.name}: {reason}", remedy=remedy)
    first = spectra[min(fits)]
    findings = Findings(
        results=_results(spectra[0], fits[0]) if len(spectra) == 1 else {},
        series=_series(spectra, fits),
        panels=_panels(spectra, fits),
        remarks=(
            *(str(fault) for fault in failures),
            *(_remarks(fits[0]) if len(spectra) == 1 else ()),
        ),
        facts={
            "file": path.name,
            "spectra": str(len(spectra)),
            "points": f"{len(first.wavelength_nm)} from {first.wavelength_nm[0]:g} to "
            f"{first.wavelength_nm[-1]:g} nm",
            **instrument_facts(spectra),
        },
        inputs=(path,),
    )
    if len(spectra) > 1:
        return findings
    return replace(findings, completed=partial(_beside_emission, findings, first, fits[0]))


def _results(spectrum: Spectrum, fit: AbsorbanceFit) -> dict[str, Estimate]:
    found = {
        "exciton": fit.exciton,
        "exciton_energy": fit.exciton_energy,
        "exciton_fwhm": fit.exciton_fwhm,
        "height": fit.height,
        "exciton_derivative": fit.by_derivative,
    }
    at = _absorbance_at(spectrum, spectrum.excitation_nm)
    if at is not None:
        found["at_excitation"] = Estimate(
            value=at, sigma=None, unit="", method=f"the record at {spectrum.excitation_nm:g} nm"
        )
    return found


def _absorbance_at(spectrum: Spectrum, wavelength_nm: float | None) -> float | None:
    """The record between its points, or None outside."""
    nm = spectrum.wavelength_nm
    if wavelength_nm is None or not nm[0] <= wavelength_nm <= nm[-1]:
        return None
    return float(np.interp(wavelength_nm, nm, spectrum.intensity))


def _beside_emission(
    findings: Findings, spectrum: Spectrum, fit: AbsorbanceFit, known: Known
) -> Findings:
    """The findings with what the emission's place adds."""
    emission = _emission_energy(known)
    if emission is None:
        return replace(findings, completed=None)
    shift = stokes_shift(fit.exciton_energy, emission.estimate)
    return replace(
        findings,
        results={**findings.results, "stokes_shift": shift},
        remarks=(*findings.remarks, *_light_lost(spectrum, emission.estimate)),
        facts={**findings.facts, "emission taken from": emission.origin},
        completed=None,
    )


def _emission_energy(known: Known) -> Answer | None:
    """The emission's maximum in energy, eV, or what its wavelength makes of it."""
    energy, peak = known.number("emission.peak_energy"), known.number("emission.peak")
    if energy is not None or peak is None:
        return energy
    nm = float(peak.estimate.value)
    return Answer(
        estimate=replace(
            peak.estimate,
            value=HC_EV_NM / nm,
            sigma=HC_EV_NM / nm**2 * (peak.estimate.sigma or 0.0),
            unit="eV",
        ),
        origin=peak.origin,
    )


def _light_lost(spectrum: Spectrum, emission: Estimate) -> tuple[str, ...]:
    """What the solution swallows of its own light, where that matters."""
    excited = _absorbance_at(spectrum, spectrum.excitation_nm)
    emitted = _absorbance_at(spectrum, HC_EV_NM / float(emission.value))
    if excited is None or emitted is None or max(excited, emitted) <= INNER_FILTER:
        return ()
    factor = inner_filter_factor(excited, emitted)
    return (
        f"Absorbance is {excited:.2f} at the excitation and {emitted:.2f} at the emission: in a "
        f"cuvette as full as this, emission reads {factor:.2f} times too low.",
    )


def _remarks(fit: AbsorbanceFit) -> tuple[str, ...]:
    if fit.exciton.status == "ok":
        return ()
    return (
        "The first exciton is a shoulder: what lies above it is not told apart from it, and the "
        "second derivative is the better answer.",
    )


def _series(
    spectra: tuple[Spectrum, ...], fits: Mapping[int, AbsorbanceFit]
) -> tuple[SeriesPoint, ...]:
    return tuple(
        (spectra[index].label, condition_of(spectra[index].label, index), name, estimate)
        for index, fit in fits.items()
        for name, estimate in _results(spectra[index], fit).items()
    )


def _panels(spectra: tuple[Spectrum, ...], fits: Mapping[int, AbsorbanceFit]) -> tuple[Panel, ...]:
    record, *more = spectra
    if more:
        return (_together(spectra), _trend(spectra, fits))
    fit = fits[0]
    nm = HC_EV_NM / fit.shown.energy_ev
    residual = Curve(x=nm, y=fit.shown.residual, name="rest", colour=MUTED, dash="")
    return (
        Panel(
            title="Absorbance",
            caption="Record (points) and fit (line) about the first exciton, which alone is "
            "dashed; below, what the fit leaves.",
            figure=plot_with_residual(
                [
                    Curve(
                        x=record.wavelength_nm,
                        y=record.intensity,
                        name="record",
                        colour=MUTED,
                        dash="",
                    ),
                    Curve(x=nm, y=fit.shown.curve, name="fit"),
                    Curve(
                        x=nm, y=fit.shown.exciton, name="exciton alone", colour=SECOND, dash="dash"
                    ),
                ],
                residual,
                x_title="wavelength (nm)",
                y_title="absorbance",
                residual_title="rest",
            ),
        ),
        _bent(fit),
    )


def _bent(fit: AbsorbanceFit) -> Panel:
    """The second derivative, and where it is least."""
    nm = HC_EV_NM / fit.curvature.energy_ev
    figure = plot(
        [Curve(x=nm, y=fit.curvature.second, name="second derivative", colour=THIRD)],
        x_title="wavelength (nm)",
        y_title="second derivative (1/eV²)",
    )
    figure.add_vline(
        x=float(fit.by_derivative.value),
        line={"color": SECOND, "dash": "dash", "width": 1.5},
        annotation_text=fit.by_derivative.text(),
        annotation_position="bottom right",
    )
    return Panel(
        title="Second derivative",
        caption="Second derivative of absorbance with photon energy; the dashed line marks the "
        "first exciton, where it is least.",
        figure=figure,
    )


def _together(spectra: tuple[Spectrum, ...]) -> Panel:
    from plotly.colors import sample_colorscale

    colours = sample_colorscale("viridis", np.linspace(0, 0.9, len(spectra)).tolist())
    return Panel(
        title="Absorbance spectra",
        caption="Each record as it is.",
        figure=plot(
            [
                Curve(x=one.wavelength_nm, y=one.intensity, name=one.label, colour=str(colour))
                for one, colour in zip(spectra, colours, strict=True)
            ],
            x_title="wavelength (nm)",
            y_title="absorbance",
        ),
    )


def _trend(spectra: tuple[Spectrum, ...], fits: Mapping[int, AbsorbanceFit]) -> Panel:
    x = np.array([condition_of(spectra[index].label, index) for index in fits])
    derivative = np.array([float(fit.by_derivative.value) for fit in fits.values()])
    told = {index: fit for index, fit in fits.items() if fit.exciton.status == "ok"}
    figure = plot(
        [
            Curve(x=x, y=derivative, name="second derivative", colour=THIRD, dash=""),
            Curve(
                x=np.array([condition_of(spectra[index].label, index) for index in told]),
                y=np.array([float(fit.exciton.value) for fit in told.values()]),
                name="fit",
                dash="",
            ),
        ],
        x_title="condition",
        y_title="first exciton (nm)",
    )
    figure.update_traces(marker={"size": 9, "opacity": 1.0})
    sigmas = [fit.exciton.sigma or 0.0 for fit in told.values()]
    figure.update_traces(
        error_y={"type": "data", "array": sigmas},
        marker={"symbol": "circle-open"},
        selector={"name": "fit"},
    )
    return Panel(
        title="First exciton",
        caption="Against the condition: by second derivative (filled) and by fit (open, with one "
        "standard deviation) where a fit tells it.",
        figure=figure,
    )
