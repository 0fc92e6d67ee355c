"""Figures of the section `stability`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import Estimate
from cinedot.dossier.figures import ACCENT, INK, MUTED, SECOND, THIRD, dressed
from cinedot.dossier.findings import Panel
from cinedot.spectroscopy import AgeingRecord, SpectralShift, StabilityFit

if TYPE_CHECKING:
    import plotly.graph_objects as go

_COLOURS = (ACCENT, SECOND, THIRD, INK, "#9d174d", MUTED)
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
_PER_H = {"s": 3600.0, "min": 60.0, "h": 1.0, "d": 1 / 24}


def in_days(hours: float) -> str:
    """A time for a reader: days from 48 h on.

    Example:
        >>> in_days(10.0), in_days(960.0)
        ('10 h', '40 d')
    """
    return f"{hours / 24:.3g} d" if hours >= 48 else f"{hours:.3g} h"


def fading(fits: Sequence[StabilityFit]) -> Panel:
    """Intensities over the fitted first one, with law and band, and the half."""
    import plotly.graph_objects as go

    unit = fits[0].record.time_unit
    figure = go.Figure()
    for index, fit in enumerate(fits):
        _one(figure, fit, index, unit)
    dressed(figure, height=380)
    figure.add_hline(y=0.5, line={"color": MUTED, "dash": "dot", "width": 1.2})
    figure.update_xaxes(title=f"time ({unit})", rangemode="tozero")
    figure.update_yaxes(title="intensity / fitted first intensity", rangemode="tozero")
    said = "; ".join(_said(fit) for fit in fits)
    return Panel(
        title="Fading",
        caption="Intensity (points) over the fitted first intensity against time, the likelier "
        "law (line) and its 95 % band (shaded); dotted, half of the light. Half-life: "
        f"{said}.",
        figure=figure,
    )


def _said(fit: StabilityFit) -> str:
    """A half-life in the unit that its time axis has."""
    factor = _PER_H[fit.record.time_unit]
    one = fit.half_life
    scaled = Estimate(
        value=float(one.value) * factor,
        sigma=None if one.sigma is None else one.sigma * factor,
        unit=fit.record.time_unit,
        method=one.method,
        status=one.status,
    )
    return f"{fit.record.label}, {scaled.text()} ({fit.law_text})"


def _one(figure: "go.Figure", fit: StabilityFit, index: int, unit: str) -> None:
    import plotly.graph_objects as go

    colour, record = _COLOURS[index % 6], fit.record
    factor, first = _PER_H[unit], fit.law.amplitude
    time_h = np.linspace(0.0, record.last_h, 200)
    curve = fit.law.curve(time_h) / first
    if fit.law.freedom > 0:
        wide = 1.96 * fit.law.band(time_h) / first
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([time_h, time_h[::-1]]) * factor,
                y=np.concatenate([curve + wide, (curve - wide)[::-1]]),
                fill="toself",
                fillcolor=colour,
                opacity=0.18,
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    figure.add_trace(
        go.Scatter(
            x=time_h * factor,
            y=curve,
            mode="lines",
            line={"color": colour, "dash": _DASHES[index % 6], "width": 2},
            showlegend=False,
        )
    )
    errors = None
    if record.sigma is not None:
        errors = {"type": "data", "array": record.sigma / first}
    figure.add_trace(
        go.Scatter(
            x=record.time_h * factor,
            y=record.intensity / first,
            error_y=errors,
            mode="markers",
            marker={"color": colour, "symbol": _SYMBOLS[index % 6], "size": 7},
            name=record.label,
            showlegend=True,
        )
    )


def moving(moved: Sequence[tuple[AgeingRecord, SpectralShift]]) -> Panel:
    """Peak wavelengths against time with the preferred law."""
    import plotly.graph_objects as go

    unit = moved[0][0].time_unit
    figure = go.Figure()
    for index, (record, shift) in enumerate(moved):
        colour, factor = _COLOURS[index % 6], _PER_H[unit]
        figure.add_trace(
            go.Scatter(
                x=shift.x * factor,
                y=shift.curve,
                mode="lines",
                line={"color": colour, "dash": _DASHES[index % 6], "width": 2},
                showlegend=False,
            )
        )
        figure.add_trace(
            go.Scatter(
                x=record.time_h * factor,
                y=record.peak_nm,
                mode="markers",
                marker={"color": colour, "symbol": _SYMBOLS[index % 6], "size": 7},
                name=record.label,
                showlegend=True,
            )
        )
    dressed(figure, height=320)
    figure.update_xaxes(title=f"time ({unit})", rangemode="tozero")
    figure.update_yaxes(title="peak (nm)", automargin=True)
    said = "; ".join(f"{record.label}, {one.law}, {one.shift.text()}" for record, one in moved)
    return Panel(
        title="Peak against time",
        caption=f"Where the light peaks (points) and the preferred law (line); shift: {said}.",
        figure=figure,
    )
