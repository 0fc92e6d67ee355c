"""Figures of several samples on shared axes, told apart by colour, dash and symbol alike."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from cinedot.core import Estimate
from cinedot.dossier.comparison.curves import (
    Trace,
    decay_traces,
    emission_traces,
    kinetics_traces,
    series_traces,
    size_traces,
    stability_traces,
    traces_of,
)
from cinedot.dossier.comparison.differences import NORMAL_95, SYSTEMATIC, Difference
from cinedot.dossier.comparison.samples import Analysed
from cinedot.dossier.figures import INK, MUTED, dressed
from cinedot.dossier.findings import Panel
from cinedot.dossier.quantities import general_key, known_quantities, label_of
from cinedot.spectroscopy import spectrum_locus
from cinedot.spectroscopy.gamut import REC_2020

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#1b1f24", "#8a6d00")
"""After Okabe and Ito (2008): told apart in all common kinds of colour vision."""

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross")
_SIGNED = 8
"""Beyond so many standard deviations, differences are drawn at the edge of their figure."""

_SERIES = (
    ("titration", "peak", "oleylamine (equivalents)"),
    ("titration", "quantum_yield", "oleylamine (equivalents)"),
    ("electroluminescence", "peak", "voltage (V)"),
    ("emission", "peak", "condition"),
)
_ELEMENTS = ("Cs", "Br", "Cl", "I", "O", "MLA", "OA", "acid", "OAMH")


def panels_of(samples: Sequence[Analysed], differences: Sequence[Difference]) -> tuple[Panel, ...]:
    """Every figure for which at least two samples have something to draw.

    Args:
        samples: in the order of their colours.
        differences: of all quantities, for the figure that sums them up.
    """
    style = {one.name: index for index, one in enumerate(samples)}
    made = (
        _differences(differences, style),
        _lines(
            "Emission",
            "Records over their maxima, as measured (corrected where the sample says how).",
            traces_of(samples, emission_traces),
            style,
            ("wavelength (nm)", "intensity / maximum"),
        ),
        _colours(samples, style),
        _lines(
            "Decay",
            "Counts over their maximum, from the maximum on; the instrument's response is not "
            "taken out.",
            traces_of(samples, decay_traces),
            style,
            ("time since the maximum (ns)", "counts / maximum"),
            log_y=True,
        ),
        _composition(samples, style),
        _lines(
            "Sizes",
            "Shares of all particles that the image's edge does not cut, in bins that all samples "
            "share.",
            size_traces(samples),
            style,
            ("fitted edge (nm)", "share of the particles"),
        ),
        _lines(
            "Growth of the light",
            "Each record over its maximum.",
            traces_of(samples, kinetics_traces),
            style,
            ("time since mixing (min)", "intensity / maximum"),
        ),
        _lines(
            "Stability",
            "Each record over its first intensity.",
            traces_of(samples, stability_traces),
            style,
            ("time (h)", "intensity / first"),
        ),
        *(_series(samples, style, *one) for one in _SERIES),
    )
    return tuple(panel for panel in made if panel is not None)


def _lines(
    title: str,
    caption: str,
    traces: Sequence[Trace],
    style: Mapping[str, int],
    axes: tuple[str, str],
    *,
    log_y: bool = False,
) -> Panel | None:
    if len({trace.sample for trace in traces}) < 2:
        return None
    figure = go.Figure()
    for trace in traces:
        index = style[trace.sample]
        few = len(trace.x) <= 40
        figure.add_trace(
            go.Scatter(
                x=trace.x,
                y=trace.y,
                error_y=None if trace.sigma is None else {"type": "data", "array": trace.sigma},
                mode="lines+markers" if few else "lines",
                line={"color": _colour(index), "dash": _DASHES[index % 6], "width": 2},
                marker={"symbol": _SYMBOLS[index % 6], "size": 8},
                name=f"{trace.sample}, {trace.label}" if trace.label else trace.sample,
            )
        )
    dressed(figure, height=380)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title=axes[0])
    figure.update_yaxes(title=axes[1], type="log" if log_y else "linear")
    return Panel(title=title, caption=caption, figure=figure)


def _series(
    samples: Sequence[Analysed], style: Mapping[str, int], section: str, quantity: str, x: str
) -> Panel | None:
    unit, label = known_quantities()[general_key(section, quantity)]
    return _lines(
        f"{label[:1].upper()}{label[1:]}, {section.replace('_', ' ')}",
        "Bars are one standard deviation.",
        series_traces(samples, section, quantity),
        style,
        (x, f"{label} ({unit})" if unit else label),
    )


def _differences(differences: Sequence[Difference], style: Mapping[str, int]) -> Panel | None:
    """How many standard deviations each quantity differs by."""
    shown = [one for one in differences if one.value is not None and one.sigma]
    if not shown:
        return None
    labels = {one.key: label_of(*_parted(one.key)) for one in shown}
    figure = go.Figure()
    for name, index in style.items():
        own = [one for one in shown if one.sample == name]
        if own:
            ratios = [(one.value or 0.0) / (one.sigma or 1.0) for one in own]
            figure.add_trace(
                go.Scatter(
                    x=[max(-_SIGNED, min(_SIGNED, ratio)) for ratio in ratios],
                    y=[labels[one.key] for one in own],
                    mode="markers",
                    # Open and of several sizes, so that none hides another.
                    marker={
                        "symbol": f"{_SYMBOLS[index % 6]}-open",
                        "size": max(6, 16 - 3 * index),
                        "color": _colour(index),
                        "line": {"width": 2},
                    },
                    name=f"{name} less {own[0].to}",
                    text=[f"{ratio:+.1f} sigma" for ratio in ratios],
                    hoverinfo="text+name",
                )
            )
    dressed(figure, height=130 + 26 * len(labels))
    figure.add_vrect(x0=-NORMAL_95, x1=NORMAL_95, fillcolor="#e5e7eb", line_width=0, layer="below")
    figure.update_layout(showlegend=True, margin={"l": 290})
    figure.update_xaxes(
        title="difference / its standard deviation", range=[-_SIGNED - 0.6, _SIGNED + 0.6]
    )
    figure.update_yaxes(autorange="reversed")
    return Panel(
        title="Differences at a glance",
        caption="Each difference over its standard deviation; the grey band holds 95 of 100 where "
        f"nothing differs, before the correction for their number. Beyond {_SIGNED} they are drawn "
        f"at {_SIGNED}.",
        figure=figure,
    )


def _composition(samples: Sequence[Analysed], style: Mapping[str, int]) -> Panel | None:
    """Ions and ligands per 64 Pb, a group each, with inner and outer errors."""
    keys = [f"composition.{name}" for name in _ELEMENTS]
    used = {key: [one.answers.used(key) for one in samples] for key in keys}
    shown = [key for key in keys if sum(one is not None for one in used[key]) > 1]
    if not shown:
        return None
    figure = go.Figure()
    for sample in samples:
        own = [(key, one) for key in shown if (one := sample.answers.used(key)) is not None]
        index = style[sample.name]
        errors = [_whole_error(sample, key, one) for key, one in own]
        figure.add_trace(
            go.Bar(
                x=[key.partition(".")[2] for key, _ in own],
                y=[one.value for _, one in own],
                error_y={"type": "data", "array": errors, "color": INK},
                name=sample.name,
                marker={
                    "color": _colour(index),
                    "line": {"color": INK, "width": 1},
                    "pattern": {"shape": ("", "/", ".", "x", "-", "+")[index % 6]},
                },
            )
        )
    dressed(figure, height=360)
    figure.update_layout(barmode="group", showlegend=True)
    figure.update_yaxes(title="per 64 Pb")
    return Panel(
        title="Composition",
        caption="Ions and ligands per 64 Pb; bars of error are one standard deviation, with that "
        "of beam and film where it is known. A limit is drawn at its value.",
        figure=figure,
    )


def _whole_error(sample: Analysed, key: str, one: Estimate) -> float:
    shared = sample.answers.found.get(f"{key}{SYSTEMATIC}") if key in sample.answers.found else None
    return float(np.hypot(one.sigma or 0.0, 0.0 if shared is None else float(shared.value)))


def _colours(samples: Sequence[Analysed], style: Mapping[str, int]) -> Panel | None:
    """Chromaticities in the part of the diagram where they lie."""
    points = [
        (sample.name, x, y)
        for sample in samples
        if (x := sample.answers.used("emission.cie_x"))
        and (y := sample.answers.used("emission.cie_y"))
    ]
    if len(points) < 2:
        return None
    figure = go.Figure()
    locus = spectrum_locus(np.arange(380.0, 700.5, 1.0))
    _outline(figure, locus, "single wavelengths", INK, "solid")
    _outline(figure, np.array(REC_2020.corners), "Rec. 2020", MUTED, "dash")
    for name, x, y in points:
        index = style[name]
        figure.add_trace(
            go.Scatter(
                x=[x.value],
                y=[y.value],
                error_x={"type": "data", "array": [x.sigma or 0.0]},
                error_y={"type": "data", "array": [y.sigma or 0.0]},
                mode="markers",
                marker={
                    "symbol": f"{_SYMBOLS[index % 6]}-open",
                    "size": 12,
                    "color": _colour(index),
                    "line": {"width": 2.5},
                },
                name=name,
            )
        )
    dressed(figure, height=420)
    figure.update_layout(showlegend=True)
    (left, right), (low, high) = (
        _around([float(one.value) for one in ones])
        for ones in ([x for _, x, _ in points], [y for _, _, y in points])
    )
    figure.update_xaxes(title="x", range=[left, right])
    figure.update_yaxes(title="y", range=[low, high], scaleanchor="x")
    return Panel(
        title="Colour",
        caption="The part of the CIE 1931 diagram (2-degree observer) where the samples lie; bars, "
        "mostly smaller than the symbols, are one standard deviation.",
        figure=figure,
    )


def _around(values: Sequence[float]) -> tuple[float, float]:
    margin = 0.03 + 0.3 * (max(values) - min(values))
    return min(values) - margin, max(values) + margin


def _outline(figure: go.Figure, corners: np.ndarray, name: str, colour: str, dash: str) -> None:
    closed = np.vstack([corners, corners[:1]])
    figure.add_trace(
        go.Scatter(
            x=closed[:, 0],
            y=closed[:, 1],
            mode="lines",
            line={"color": colour, "dash": dash, "width": 1.5},
            hoverinfo="skip",
            name=name,
        )
    )


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _parted(key: str) -> tuple[str, str]:
    section, _, name = key.rpartition(".")
    return section, name
