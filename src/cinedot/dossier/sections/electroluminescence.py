"""Section `electroluminescence`: a diode's spectra to turn-on, peak and its drift with voltage."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import AnalysisError, Estimate, InputError, Progress, Spectrum
from cinedot.dossier.figures import INK, MUTED, SECOND, Curve, dressed, plot
from cinedot.dossier.findings import Check, CheckStatus, Findings, Panel, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.manifest import ElectroluminescenceSection, SampleFolder
from cinedot.dossier.sections.instrument import instrument_facts
from cinedot.spectroscopy import (
    ElectroluminescenceFit,
    fit_electroluminescence,
    read_spectra,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

_VOLTAGE = re.compile(
    r"(?<![\w.])([-+]?\d+(?:\.\d+)?)\s*_?(m?v(?:olts?)?)?(?![a-z0-9])", re.IGNORECASE
)


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[electroluminescence]`, if the manifest has it."""
    section = sample.manifest.electroluminescence
    if section is None:
        return ()
    return (Task(name="electroluminescence", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: ElectroluminescenceSection) -> Work:
    path = find_file(sample, section.file, key="[electroluminescence] file")
    columns = section.columns.model_dump(exclude_none=True) if section.columns else {}
    series = section.series or "y" not in columns
    spectra = read_spectra(path, columns=columns, series=series, range_nm=section.range_nm)
    voltages = [voltage_of(one.label) for one in spectra]
    if len(spectra) > 1 and None in voltages:
        label = spectra[voltages.index(None)].label
        raise InputError(
            f"each column must be headed by its voltage, but one is headed {label!r}.",
            remedy="Head the columns as in `6 V`, `6.5 V`; or name one in `columns`.",
            file=path,
        )
    known = [0.0 if one is None else one for one in voltages]
    for voltage in known:
        if known.count(voltage) > 1:
            raise InputError(
                f"each voltage must occur once, but {voltage:g} V is repeated.",
                remedy="Keep one column a voltage.",
                file=path,
            )
    return lambda progress: _analyse(spectra, voltages, path, progress)


def voltage_of(label: str) -> float | None:
    """The voltage that a heading names, V; None where it names none.

    Example:
        >>> voltage_of("6.5 V"), voltage_of("EL_7V"), voltage_of("8"), voltage_of("intensity")
        (6.5, 7.0, 8.0, None)
    """
    found = _VOLTAGE.search(label.replace("_", " "))
    if not found:
        return None
    return float(found[1]) * (1e-3 if (found[2] or "").lower().startswith("mv") else 1.0)


def _analyse(
    spectra: Sequence[Spectrum], voltages: Sequence[float | None], path: Path, progress: Progress
) -> Findings:
    known = [0.0 if one is None else one for one in voltages]
    (fit,) = (
        fit_electroluminescence(spectra, known)
        for _ in progress.track([1], description="electroluminescence: fitting", total=1)
    )
    alone = len(spectra) == 1
    if alone and not fit.lit:
        raise AnalysisError(f"{path.name} holds no band.", remedy="Record longer.")
    return Findings(
        results=_results(fit, alone=alone),
        series=()
        if alone
        else tuple(
            (f"{one.voltage_v:g} V", one.voltage_v, name, estimate)
            for one in fit.lit
            for name, estimate in (
                ("peak", one.fit.peak),
                ("fwhm", one.fit.fwhm),
                ("intensity", one.area),
            )
        ),
        panels=_panels(spectra, known, fit),
        remarks=() if alone else _remarks(fit),
        facts=_facts(spectra, known, fit, path, alone=alone),
        inputs=(path,),
        checks=() if alone else _checks(fit),
    )


def _results(fit: ElectroluminescenceFit, *, alone: bool) -> dict[str, Estimate]:
    found = {"peak": fit.brightest.fit.peak, "fwhm": fit.brightest.fit.fwhm}
    if alone:
        return found
    where = f"at {fit.brightest.voltage_v:g} V, where it is brightest"
    found = {name: replace(one, method=f"{one.method}; {where}") for name, one in found.items()}
    found["turn_on"] = fit.turn_on
    sigma = fit.turn_on.sigma
    ratio = fit.photon_ratio
    found["turn_on_ratio"] = Estimate(
        value=ratio,
        sigma=None if sigma is None else ratio * sigma / float(fit.turn_on.value),
        unit="",
        method="turn-on voltage over the photon's energy at the peak",
        status=fit.turn_on.status,
    )
    if fit.shift is not None:
        found |= {"peak_slope": fit.shift.slope, "peak_shift": fit.shift.shift}
    return found


def _checks(fit: ElectroluminescenceFit) -> tuple[Check, ...]:
    if fit.shift is None:
        return ()
    first, last = fit.lit[0].voltage_v, fit.lit[-1].voltage_v
    statuses: dict[bool | None, CheckStatus] = {True: "agree", False: "tension", None: "undecided"}
    return (
        Check(
            name=f"the same wavelength from {first:g} to {last:g} V",
            status=statuses[fit.stays],
            detail=f"The peak moves by {fit.shift.shift.text()} ({fit.shift.slope.text()}); "
            f"the spectra's step is {fit.step_nm:g} nm.",
        ),
    )


def _remarks(fit: ElectroluminescenceFit) -> tuple[str, ...]:
    below, first = fit.bracket_v
    remarks = [
        "Turn-on is the first light: the voltage between the highest dark and the lowest lit "
        f"spectrum ({'none' if below is None else f'{below:g} V'} and {first:g} V), as far as this "
        "spectrometer sees; a definition by current or luminance may give another."
    ]
    if fit.dark_above:
        told = ", ".join(f"{one:g}" for one in fit.dark_above)
        remarks.append(f"Dark again at {told} V: the diode may have failed.")
    if fit.shift is None:
        remarks.append("Fewer than three spectra are lit: nothing is said of a drift.")
    return tuple(remarks)


def _facts(
    spectra: Sequence[Spectrum],
    voltages: Sequence[float],
    fit: ElectroluminescenceFit,
    path: Path,
    *,
    alone: bool,
) -> dict[str, str]:
    one = spectra[0]
    facts = {
        "file": path.name,
        "range": f"{one.wavelength_nm[0]:g} to {one.wavelength_nm[-1]:g} nm",
        "model where brightest": fit.brightest.fit.model,
        **instrument_facts(spectra),
    }
    if not alone:
        facts["voltages"] = f"{len(voltages)}, {min(voltages):g} to {max(voltages):g} V"
        facts["brightest at"] = f"{fit.brightest.voltage_v:g} V"
    return facts


def _panels(
    spectra: Sequence[Spectrum], voltages: Sequence[float], fit: ElectroluminescenceFit
) -> tuple[Panel, ...]:
    best = fit.brightest.fit
    if len(spectra) == 1:
        curves = [
            Curve(x=best.wavelength_nm, y=best.intensity, name="record", colour=MUTED, dash=""),
            Curve(x=best.wavelength_nm, y=best.curve, name="fit"),
        ]
        figure = plot(curves, x_title="wavelength (nm)", y_title="intensity (instrument's units)")
        caption = f"Record (points) and fit (line) of {best.model}; peak {best.peak.text()}."
        return (Panel(title="Electroluminescence", caption=caption, figure=figure),)
    return (
        Panel(
            title="Spectra against voltage",
            caption="Each spectrum over the greatest intensity of all, from dark to bright colours "
            "with rising voltage.",
            figure=_overlay(spectra, voltages),
        ),
        Panel(
            title="Peak, width and area against voltage",
            caption="Lit spectra; bars are one standard deviation, and the line is the preferred "
            f"law of the peak. Shaded, where it turns on: {fit.turn_on.text()}.",
            figure=_trend(fit),
        ),
    )


def _overlay(spectra: Sequence[Spectrum], voltages: Sequence[float]) -> "go.Figure":
    from plotly.colors import sample_colorscale

    order = np.argsort(voltages).tolist()
    colours = sample_colorscale("viridis", np.linspace(0, 0.9, len(order)).tolist())
    top = max(float(np.max(one.intensity)) for one in spectra)
    curves = [
        Curve(
            x=spectra[index].wavelength_nm,
            y=spectra[index].intensity / top,
            name=f"{voltages[index]:g} V",
            colour=str(colour),
        )
        for index, colour in zip(order, colours, strict=True)
    ]
    return plot(curves, x_title="wavelength (nm)", y_title="intensity / greatest")


def _trend(fit: ElectroluminescenceFit) -> "go.Figure":
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.05)
    x = [one.voltage_v for one in fit.lit]
    rows = (
        ("circle", [one.fit.peak for one in fit.lit]),
        ("circle-open", [one.fit.fwhm for one in fit.lit]),
        ("square", [one.area for one in fit.lit]),
    )
    for row, (symbol, found) in enumerate(rows, start=1):
        figure.add_trace(
            go.Scatter(
                x=x,
                y=[one.value for one in found],
                error_y={"type": "data", "array": [one.sigma or 0.0 for one in found]},
                mode="markers",
                marker={"symbol": symbol, "size": 9, "color": INK},
                showlegend=False,
            ),
            row=row,
            col=1,
        )
    if fit.shift is not None:
        figure.add_trace(
            go.Scatter(
                x=fit.shift.x,
                y=fit.shift.curve,
                mode="lines",
                line={"color": SECOND, "dash": "dash", "width": 2},
                showlegend=False,
            ),
            row=1,
            col=1,
        )
    dressed(figure, height=520)
    below, first = fit.bracket_v
    if below is not None:
        figure.add_vrect(x0=below, x1=first, fillcolor=MUTED, opacity=0.18, line_width=0)
    figure.update_yaxes(title="peak (nm)", automargin=True, row=1, col=1)
    figure.update_yaxes(title="FWHM (nm)", row=2, col=1)
    figure.update_yaxes(title="area", type="log", dtick="D2", row=3, col=1)
    figure.update_xaxes(title="voltage (V)", row=3, col=1)
    return figure
