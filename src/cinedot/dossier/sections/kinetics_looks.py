"""Figures of the section `kinetics`."""

from collections.abc import Sequence

import numpy as np

from cinedot.dossier.figures import ACCENT, INK, MUTED, SECOND, THIRD, dressed
from cinedot.dossier.findings import Panel
from cinedot.growth import BandTraces, KineticsFit, SpectralRecord

_COLOURS = (ACCENT, SECOND, THIRD, INK, "#9d174d", MUTED)
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")


def rising(fits: Sequence[KineticsFit]) -> Panel:
    """Intensities over the fitted last one, the likeliest law, and the induction."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for index, fit in enumerate(fits):
        colour, record, best = _COLOURS[index % 6], fit.record, fit.best
        time_min = np.linspace(0.0, record.span_min, 301)
        curve = best.rise(time_min)
        last, ground = float(curve[-1]), best.level
        figure.add_trace(
            go.Scatter(
                x=time_min,
                y=(curve - ground) / (last - ground),
                mode="lines",
                line={"color": colour, "dash": _DASHES[index % 6], "width": 2},
                showlegend=False,
            )
        )
        figure.add_trace(
            go.Scatter(
                x=record.time_min,
                y=(record.intensity - ground) / (last - ground),
                mode="markers",
                marker={
                    "color": colour,
                    "symbol": _SYMBOLS[index % 6],
                    "size": 5,
                    "opacity": 0.6,
                },
                name=record.label,
                showlegend=True,
            )
        )
        if fit.low_min is not None and fit.high_min is not None and len(fits) < 4:
            figure.add_vrect(
                x0=fit.low_min, x1=fit.high_min, fillcolor=colour, opacity=0.18, line_width=0
            )
    dressed(figure, height=380)
    figure.add_hline(y=0.05, line={"color": MUTED, "dash": "dot", "width": 1.2})
    figure.update_xaxes(title="time since mixing (min)", rangemode="tozero")
    figure.update_yaxes(title="rise / level at the end")
    said = "; ".join(
        f"{fit.record.label}, {fit.induction.text()} ({fit.best.name})" for fit in fits
    )
    return Panel(
        title="Growth",
        caption="Intensity (points) above the ground over the fitted level at the end, and the "
        "likeliest law (line); dotted, the 5 % that end the induction; shaded, its 95 % interval. "
        f"Induction: {said}.",
        figure=figure,
    )


def moving_bands(record: SpectralRecord, bands: BandTraces) -> Panel:
    """Spectra against time, and each band's light."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=2, cols=1, row_heights=[0.55, 0.45], vertical_spacing=0.12, shared_xaxes=True
    )
    figure.add_trace(
        go.Heatmap(
            x=record.time_min,
            y=record.wavelength_nm,
            z=record.intensity.T,
            colorscale="Viridis",
            showscale=False,
        ),
        row=1,
        col=1,
    )
    top = float(np.max(bands.area)) or 1.0
    for index, peak in enumerate(bands.peak_nm):
        figure.add_trace(
            go.Scatter(
                x=record.time_min,
                y=bands.area[:, index] / top,
                mode="lines",
                line={"color": _COLOURS[index % 6], "dash": _DASHES[index % 6], "width": 2},
                name=f"{peak:.1f} nm",
            ),
            row=2,
            col=1,
        )
    dressed(figure, height=520)
    figure.update_yaxes(title="wavelength (nm)", row=1, col=1)
    figure.update_yaxes(title="light / greatest", row=2, col=1)
    figure.update_xaxes(title="time since mixing (min)", row=2, col=1)
    return Panel(
        title="Bands in time",
        caption="Above, the recorded spectra, dark to bright; below, the light of each band, whose "
        f"place and width are the same at all times: {bands.text}.",
        figure=figure,
    )
