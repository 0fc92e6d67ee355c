"""Section `titration`: light against the ammonium added, and whether it turns at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import AnalysisError, Estimate, Progress
from cinedot.dossier.comparing import compare
from cinedot.dossier.figures import ACCENT, INK, SECOND, dressed
from cinedot.dossier.findings import Check, Findings, Panel, SeriesPoint, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.manifest import ConditionSection, SampleFolder
from cinedot.growth import (
    Observed,
    PeakFit,
    TitrationRecord,
    YieldFit,
    fit_peaks,
    fit_yields,
    read_titration,
    read_titration_spectra,
    titration_of_spectra,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

_BY_NEUTRALITY = Estimate(
    value=54 / 64, sigma=6.3 / 64, unit="", method="charge neutrality of the paper's compound 2"
)
"""OAMH+ per Pb of QD4; the spread is that of the paper's EDX (science.md 2.4)."""
_UNITS = {"peak": "nm", "fwhm": "nm", "quantum_yield": ""}


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """A task a table."""
    return tuple(
        Task(
            name=f"titration {one.name}" if one.name else "titration",
            prepare=lambda one=one: _prepare(sample, one),
        )
        for one in sample.manifest.titration
    )


def _prepare(sample: SampleFolder, section: ConditionSection) -> Work:
    path = find_file(sample, section.file, key="[titration] file")
    columns = section.columns.model_dump(exclude_none=True) if section.columns else None
    if section.series:
        spectra = read_titration_spectra(path, columns=columns)
        return lambda progress: _analyse(
            titration_of_spectra(spectra, label=path.stem), section, path, progress
        )
    record = read_titration(path, columns=columns)
    return lambda progress: _analyse(record, section, path, progress)


def _analyse(
    record: TitrationRecord, section: ConditionSection, path: Path, progress: Progress
) -> Findings:
    remarks: list[str] = []
    peaks: PeakFit | None = None
    yields: YieldFit | None = None
    for name in progress.track(("peaks", "yields"), description="titration: fitting", total=2):
        try:
            if name == "peaks" and record.peak_nm is not None:
                peaks = fit_peaks(record)
            if name == "yields" and record.quantum_yield is not None and _by_template(peaks):
                yields = fit_yields(record)
        except AnalysisError as fault:
            remarks.append(f"{str(fault)[0].upper()}{str(fault)[1:]}")
    remarks += _remarks(record, peaks)
    return Findings(
        results={**_peak_results(peaks), **_yield_results(record, yields)},
        series=_series(record),
        panels=(_panel(record, peaks, yields),),
        remarks=tuple(remarks),
        facts=_facts(record, section, path),
        inputs=(path,),
        checks=_checks(peaks),
    )


def _by_template(peaks: PeakFit | None) -> bool:
    """Whether yields may be read as shares of two kinds of dots."""
    return peaks is None or peaks.route != "gradual"


def _peak_results(fit: PeakFit | None) -> dict[str, Estimate]:
    if fit is None:
        return {}
    how = "squares of both laws, Akaike weights"
    found = {
        "route": Estimate(value=fit.route, sigma=None, unit="", method=how),
        "p_all_or_none": Estimate(value=fit.p_all_or_none, sigma=None, unit="", method=how),
        "switch": fit.switch,
        "switch_low": _plain(fit.low, "", fit.switch.method),
        "switch_high": _plain(fit.high, "", fit.switch.method),
        "dot_peak": fit.dot_nm,
        "green_peak": fit.green_nm,
        "largest_step": _plain(fit.largest_step_nm, "nm", "neighbouring amounts"),
    }
    if fit.per_pb is not None:
        found["ammonium_per_pb"] = fit.per_pb
    return found


def _yield_results(record: TitrationRecord, fit: YieldFit | None) -> dict[str, Estimate]:
    found: dict[str, Estimate] = {}
    if record.quantum_yield is not None and not np.isnan(record.quantum_yield.values).all():
        k = int(np.nanargmax(record.quantum_yield.values))
        sigma = None if record.quantum_yield.sigma is None else record.quantum_yield.sigma[k]
        found["best_yield"] = Estimate(
            value=float(record.quantum_yield.values[k]),
            sigma=None if sigma is None else float(sigma),
            unit="",
            method="highest of the record",
        )
        found["best_yield_at"] = _plain(float(record.equivalents[k]), "", "highest of the record")
    if fit is not None:
        found |= {
            "half": fit.half,
            "half_low": _plain(fit.low, "", fit.half.method),
            "half_high": _plain(fit.high, "", fit.half.method),
            "free_half": fit.free_half,
            "dot_yield": fit.dot_yield,
            "green_yield": fit.green_yield,
        }
    return found


def _plain(value: float, unit: str, method: str) -> Estimate:
    return Estimate(value=value, sigma=None, unit=unit, method=method)


def _quantities(record: TitrationRecord) -> Mapping[str, Observed]:
    named = {
        "peak": record.peak_nm,
        "fwhm": record.fwhm_nm,
        "quantum_yield": record.quantum_yield,
    }
    return {name: one for name, one in named.items() if one is not None}


def _series(record: TitrationRecord) -> tuple[SeriesPoint, ...]:
    return tuple(
        (
            record.label,
            float(x),
            name,
            Estimate(
                value=float(value),
                sigma=None if one.sigma is None else float(one.sigma[k]),
                unit=_UNITS[name],
                method="as the record has it",
            ),
        )
        for name, one in _quantities(record).items()
        for k, (x, value) in enumerate(zip(record.equivalents, one.values, strict=True))
        if not np.isnan(value)
    )


def _remarks(record: TitrationRecord, fit: PeakFit | None) -> list[str]:
    remarks: list[str] = []
    double = [
        f"{x:g}"
        for x, tops in zip(record.equivalents, record.maxima_nm, strict=False)
        if len(tops) > 1
    ]
    if double:
        remarks.append(f"Several maxima at {', '.join(double)} equivalents.")
    if fit is None:
        return remarks
    if fit.route == "all or none":
        remarks.append(
            "The peak jumps from one colour to the other, as where a template fixes the size. "
            f"All that is known of the place: {fit.switch.method}."
        )
    elif fit.route == "gradual":
        remarks.append("The peak follows the ammonium, as where the size adapts to its cover.")
    else:
        remarks.append(
            f"Whether the peak jumps or follows is not told (weight of the jump "
            f"{fit.p_all_or_none:.2f}): more amounts about the change would."
        )
    return remarks


def _checks(fit: PeakFit | None) -> tuple[Check, ...]:
    if fit is None or fit.per_pb is None or fit.route != "gradual":
        return ()
    return (
        compare(
            "ammonium per Pb at n = 4: titration against neutrality",
            fit.per_pb,
            _BY_NEUTRALITY,
            of=("titration", "neutrality"),
        ),
    )


def _facts(record: TitrationRecord, section: ConditionSection, path: Path) -> dict[str, str]:
    x = record.equivalents
    facts = {
        "file": path.name,
        "amounts": f"{record.count}, {x[0]:g} to {x[-1]:g} equivalents",
    }
    for name, value in (("condition", section.condition), ("additive", section.additive)):
        if value is not None:
            facts[name] = value
    return facts


def _panel(record: TitrationRecord, peaks: PeakFit | None, yields: YieldFit | None) -> Panel:
    said = "" if peaks is None else f" Preferred: {peaks.route}, middle at {peaks.switch.text()}."
    laws = ["the preferred law of the peaks"] * (peaks is not None)
    laws += ["the ligand balance of the yields"] * (yields is not None)
    drawn = f", with {' and '.join(laws)} (lines)" if laws else ""
    return Panel(
        title="Titration",
        caption=f"What was seen (points) against oleylamine per Pb{drawn}.{said}",
        figure=_figure(record, peaks, yields),
    )


def _figure(record: TitrationRecord, peaks: PeakFit | None, yields: YieldFit | None) -> "go.Figure":
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    titles = {"peak": "peak (nm)", "quantum_yield": "quantum yield", "fwhm": "FWHM (nm)"}
    seen = _quantities(record)
    order = [name for name in titles if name in seen]
    figure = make_subplots(rows=len(order), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    lines = {
        "peak": None if peaks is None else peaks.curve,
        "quantum_yield": None if yields is None else yields.curve,
    }
    for row, name in enumerate(order, start=1):
        line = lines.get(name)
        if line is not None:
            style = {"color": ACCENT if name == "peak" else SECOND, "width": 2}
            law = go.Scatter(x=line[0], y=line[1], mode="lines", line=style, showlegend=False)
            figure.add_trace(law, row=row, col=1)
        one = seen[name]
        bars = None if one.sigma is None else {"type": "data", "array": one.sigma}
        figure.add_trace(
            go.Scatter(
                x=record.equivalents,
                y=one.values,
                error_y=bars,
                mode="markers",
                marker={"color": INK, "size": 8},
                showlegend=False,
            ),
            row=row,
            col=1,
        )
        figure.update_yaxes(title=titles[name], automargin=True, row=row, col=1)
    dressed(figure, height=130 + 170 * len(order))
    figure.update_xaxes(title="oleylamine per Pb (equivalents)", row=len(order), col=1)
    figure.update_xaxes(rangemode="tozero")
    return figure
