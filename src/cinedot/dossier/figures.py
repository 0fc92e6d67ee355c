"""Figures of the report: one look, units on every axis, a scale bar on every image.

Lines differ in dash as well as in colour, so that the page can be read in black and white.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Shaped

from cinedot.core import Image
from cinedot.dossier.embedded import png_uri

INK = "#1b1f24"
MUTED = "#6b7280"
ACCENT = "#0b5cad"
SECOND = "#b45309"
THIRD = "#047857"
MOST_IN_A_ROW = 5
"""Entries of a legend above the plot; more stand beside it."""

COLUMN_PX = 456
"""Width of one of the page's two columns, pixels: a wider figure would be cut."""

_ROUND_BARS_NM = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line or a scatter of points in a plot.

    Attributes:
        x, y: same length.
        name: its entry in the legend.
        colour: CSS colour.
        dash: Plotly's dash; "" draws points instead of a line.
    """

    x: Shaped[np.ndarray, " point"]
    y: Shaped[np.ndarray, " point"]
    name: str
    colour: str = ACCENT
    dash: str = "solid"


def plot(
    curves: Sequence[Curve], *, x_title: str, y_title: str, log_y: bool = False, height: int = 360
) -> go.Figure:
    """Curves over one pair of axes."""
    figure = go.Figure()
    for curve in curves:
        figure.add_trace(_trace(curve))
    dressed(figure, height=height)
    if len(curves) > MOST_IN_A_ROW:
        figure.update_layout(legend={"orientation": "v", "x": 1.02, "y": 1, "yanchor": "top"})
    figure.update_xaxes(title=x_title)
    figure.update_yaxes(title=y_title, type="log" if log_y else "linear")
    return figure


def plot_with_residual(
    curves: Sequence[Curve],
    residual: Curve,
    *,
    x_title: str,
    y_title: str,
    residual_title: str,
    log_y: bool = False,
) -> go.Figure:
    """Curves above, what the model leaves over below, on one x axis."""
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.76, 0.24], vertical_spacing=0.05
    )
    for curve in curves:
        figure.add_trace(_trace(curve), row=1, col=1)
    figure.add_trace(_trace(residual), row=2, col=1)
    figure.add_shape(
        type="line", x0=0, x1=1, xref="x2 domain", y0=0, y1=0, yref="y2", line={"color": MUTED}
    )
    dressed(figure, height=440)
    figure.update_xaxes(title=x_title, row=2, col=1)
    figure.update_yaxes(title=y_title, type="log" if log_y else "linear", row=1, col=1)
    figure.update_yaxes(title=residual_title, row=2, col=1)
    return figure


def histogram(
    counts: Shaped[np.ndarray, " bin"],
    edges: Float[np.ndarray, " edge"],
    *,
    x_title: str,
    curve: Curve | None = None,
    marks: Sequence[tuple[float, str]] = (),
) -> go.Figure:
    """Counts in bins, with a law drawn over them and marked positions such as n = 3, 4, 5.

    Args:
        counts: of particles in each bin.
        edges: of the bins, in the axis's unit.
        x_title: the axis with its unit.
        curve: what a law expects in such bins.
        marks: (position, name) of vertical lines.
    """
    figure = go.Figure(
        go.Bar(
            x=(edges[1:] + edges[:-1]) / 2,
            y=counts,
            width=np.diff(edges),
            marker={"color": "#9dc3e6", "line": {"color": INK, "width": 1}},
            name="particles",
        )
    )
    if curve is not None:
        figure.add_trace(_trace(curve))
    dressed(figure, height=320)
    for position, name in marks:
        figure.add_vline(
            x=position,
            line={"color": SECOND, "dash": "dash", "width": 1.5},
            annotation_position="top",
            annotation={"text": name, "font": {"size": 12, "color": SECOND}},
        )
    figure.update_xaxes(title=x_title)
    figure.update_yaxes(title="particles")
    figure.update_layout(showlegend=False, bargap=0)
    return figure


def micrograph(
    image: Image,
    *,
    outlines: Sequence[Float[np.ndarray, "corner 2"]] = (),
    names: Sequence[str] = (),
    labels: Sequence[str] = (),
    width: int = COLUMN_PX,
) -> go.Figure:
    """A grey image with a scale bar and, if given, outlines.

    Args:
        image: intensities with their scale; shown between their 0.5 and 99.5 percentiles.
        outlines: polygons of (x, y) in nm from the centre of the first pixel.
        names: what hovering over each outline says.
        labels: what stands above each outline.
        width: of the figure on the page, pixels.
    """
    rows, columns = image.data.shape
    wide_nm, high_nm = columns * image.pixel_x_nm, rows * image.pixel_y_nm
    left_nm, top_nm = -image.pixel_x_nm / 2, -image.pixel_y_nm / 2
    figure = go.Figure()
    figure.add_layout_image(
        source=png_uri(image.data),
        xref="x",
        yref="y",
        x=left_nm,
        y=top_nm,
        sizex=wide_nm,
        sizey=high_nm,
        sizing="stretch",
        layer="below",
    )
    for index, outline in enumerate(outlines):
        closed = np.vstack([outline, outline[:1]])
        figure.add_trace(
            go.Scatter(
                x=closed[:, 0],
                y=closed[:, 1],
                mode="lines",
                line={"color": "#ffd400", "width": 1.6},
                hoverinfo="text",
                text=names[index] if index < len(names) else "",
                showlegend=False,
            )
        )
    if labels:
        figure.add_trace(
            go.Scatter(
                x=[float(outline[:, 0].mean()) for outline in outlines],
                y=[float(outline[:, 1].min()) for outline in outlines],
                mode="text",
                text=list(labels),
                textposition="top center",
                textfont={"size": 12, "color": "#ffd400", "weight": 700},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    dressed(figure, height=int(width * high_nm / wide_nm) + 20)
    figure.update_layout(width=width, margin={"l": 0, "r": 0, "t": 10, "b": 10})
    figure.update_xaxes(range=[left_nm, left_nm + wide_nm], visible=False, constrain="domain")
    figure.update_yaxes(
        range=[top_nm + high_nm, top_nm], visible=False, scaleanchor="x", constrain="domain"
    )
    scale_bar(figure, left_nm, top_nm, wide_nm, high_nm)
    return figure


def scale_bar_nm(wide_nm: float) -> float:
    """The round length nearest below a quarter of the field, nm.

    Example:
        >>> scale_bar_nm(10.75), scale_bar_nm(51.2)
        (2.0, 10.0)
    """
    fitting = [bar for bar in _ROUND_BARS_NM if bar <= wide_nm / 4]
    return fitting[-1] if fitting else wide_nm / 4


def scale_bar(
    figure: go.Figure,
    left_nm: float,
    top_nm: float,
    wide_nm: float,
    high_nm: float,
    *,
    room: float = 1.0,
) -> None:
    """Draw a bar of round length at the lower left of an image in the first pair of axes.

    Args:
        figure: drawn into.
        left_nm, top_nm: the image's upper left corner.
        wide_nm, high_nm: its size.
        room: for its text, in the place of what an image of a column's width needs.
    """
    bar = scale_bar_nm(wide_nm)
    x0, y0 = left_nm + 0.04 * wide_nm, top_nm + 0.95 * high_nm
    plate = {"left": 0.012 * wide_nm, "up": 0.066 * room * high_nm, "down": 0.016 * high_nm}
    figure.add_shape(
        type="rect",
        x0=x0 - plate["left"],
        x1=x0 + bar + plate["left"],
        y0=y0 - plate["up"],
        y1=y0 + plate["down"],
        fillcolor="rgba(255,255,255,0.82)",
        line={"width": 0},
    )
    figure.add_shape(
        type="rect",
        x0=x0,
        x1=x0 + bar,
        y0=y0 - 0.006 * high_nm,
        y1=y0 + 0.006 * high_nm,
        fillcolor=INK,
        line={"width": 0},
    )
    figure.add_annotation(
        x=x0 + bar / 2,
        y=y0 - 0.036 * room * high_nm,
        text=f"{bar:g} nm",
        showarrow=False,
        font={"size": 13, "color": INK},
    )


def _trace(curve: Curve) -> go.Scatter:
    if curve.dash:
        style = {"mode": "lines", "line": {"color": curve.colour, "dash": curve.dash, "width": 2}}
    else:
        style = {"mode": "markers", "marker": {"color": curve.colour, "size": 4, "opacity": 0.6}}
    return go.Scatter(x=curve.x, y=curve.y, name=curve.name, **style)


def dressed(figure: go.Figure, *, height: int) -> None:
    """Give a figure the report's look: fonts, margins, axes."""
    axis: dict[str, Any] = {
        "showline": True,
        "linecolor": INK,
        "ticks": "outside",
        "gridcolor": "#e5e7eb",
        "zeroline": False,
    }
    figure.update_layout(
        template="none",
        height=height,
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        margin={"l": 70, "r": 20, "t": 20, "b": 56},
        paper_bgcolor="white",
        plot_bgcolor="white",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
