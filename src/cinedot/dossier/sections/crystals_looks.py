"""What a reader sees of microcrystals: images with outlines, sizes, aspects."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import Image
from cinedot.dossier.figures import ACCENT, COLUMN_PX, SECOND, dressed, micrograph
from cinedot.dossier.findings import Panel
from cinedot.growth import Crystal, CrystalField, CrystalPopulation

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_IMAGES = 4
"""Images shown in the report."""

# Okabe and Ito's colours, and a dash each for those who see none.
_KINDS = {
    "square": ("squares", "#f0e442", "solid"),
    "hexagon": ("elongated hexagons", "#56b4e9", "dash"),
    "other": ("others", "#ff8c5a", "dot"),
}
_BARS = {"square": ("#9dc3e6", ""), "hexagon": (ACCENT, "/"), "other": (SECOND, "x")}
_MOST_BINS = 24


def crystal_panels(
    seen: Sequence[tuple[Image, CrystalField]], population: CrystalPopulation
) -> tuple[Panel, ...]:
    """The images with outlines, then sizes and aspects by kind."""
    crystals = [one for _, field in seen for one in field.crystals]
    size, aspect = population.size_nm, population.aspect
    pictures = tuple(
        Panel(
            title=image.name,
            caption=f"{len(field.crystals)} whole crystals, each with the outline laid over it; "
            "others with their own. A dot marks fused ones. At the border "
            f"{field.at_edge} left out.",
            figure=_picture(image, field.crystals),
        )
        for image, field in seen[:MOST_IMAGES]
    )
    return (
        *pictures,
        Panel(
            title="Size of the crystals",
            caption=f"Edge of the square of equal area of {population.number} crystals; median "
            f"{size.value:.0f} nm (95 % {size.low:.0f} to {size.high:.0f} nm), dashed.",
            figure=_bars(
                crystals,
                [one.size_nm for one in crystals],
                size.value,
                "edge of the square of equal area / nm",
            ),
        ),
        Panel(
            title="Aspect of the crystals",
            caption="Longer over shorter edge. A rectangle counts as a square up to 1.25; a "
            f"dodecahedron is 1.41 long at least. Median {aspect.value:.2f}, dashed.",
            figure=_bars(
                crystals, [one.aspect for one in crystals], aspect.value, "longer over shorter edge"
            ),
        ),
    )


def _picture(image: Image, crystals: Sequence[Crystal]) -> "go.Figure":
    import plotly.graph_objects as go

    figure = micrograph(image)
    for kind, (name, colour, dash) in _KINDS.items():
        own = [one for one in crystals if one.kind == kind]
        if not own:
            continue
        lines = [_closed(one) for one in own]
        said = [_said(one) for one, line in zip(own, lines, strict=True) for _ in line]
        joined = np.vstack(lines)
        figure.add_trace(
            go.Scatter(
                x=_or_gap(joined[:, 0]),
                y=_or_gap(joined[:, 1]),
                mode="lines",
                line={"color": colour, "width": 2, "dash": dash},
                hoverinfo="text",
                text=said,
                name=f"{name} ({len(own)})",
            )
        )
    fused = np.array([one.outline_nm.mean(axis=0) for one in crystals if one.fused])
    if len(fused):
        figure.add_trace(
            go.Scatter(
                x=fused[:, 0],
                y=fused[:, 1],
                mode="markers",
                marker={"color": "white", "size": 8, "line": {"color": "black", "width": 1.5}},
                hoverinfo="skip",
                name=f"fused ({len(fused)})",
            )
        )
    # The legend stands above, on the ground of the picture's own greys: outlines are pale.
    rows, columns = image.data.shape
    high = COLUMN_PX * rows * image.pixel_y_nm / (columns * image.pixel_x_nm)
    figure.update_layout(
        margin={"t": 64},
        showlegend=True,
        height=int(high) + 80,
        legend={"bgcolor": "#4b5563", "font": {"color": "white", "size": 12}},
    )
    return figure


def _closed(one: Crystal) -> np.ndarray:
    """Its line, closed, and a gap."""
    corners = one.outline_nm if one.kind == "other" else one.fit.corners
    return np.vstack([corners, corners[:1], np.full((1, 2), np.nan)])


def _or_gap(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(one) else round(float(one), 2) for one in values]


def _said(one: Crystal) -> str:
    sides = f"{one.short_nm:.0f} x {one.long_nm:.0f} nm"
    return f"{one.kind} ({max(one.p):.0%}), {sides}{', fused' if one.fused else ''}"


def _bars(
    crystals: Sequence[Crystal], values: Sequence[float], median: float, x_title: str
) -> "go.Figure":
    """A histogram stacked by kind, its median marked."""
    import plotly.graph_objects as go

    count = int(np.clip(2 * np.sqrt(len(values)), 12, _MOST_BINS))
    edges = np.histogram_bin_edges(values, bins=count)
    figure = go.Figure()
    for kind, (colour, hatch) in _BARS.items():
        own = [value for value, one in zip(values, crystals, strict=True) if one.kind == kind]
        if not own:
            continue
        figure.add_trace(
            go.Bar(
                x=(edges[1:] + edges[:-1]) / 2,
                y=np.histogram(own, edges)[0],
                width=np.diff(edges),
                marker={
                    "color": colour,
                    "line": {"color": "white", "width": 1},
                    "pattern": {
                        "shape": hatch,
                        "fillmode": "overlay",
                        "fgcolor": "white",
                        "size": 6,
                    },
                },
                name=_KINDS[kind][0],
            )
        )
    dressed(figure, height=320)
    figure.add_vline(x=median, line={"color": "#1b1f24", "dash": "dash", "width": 1.5})
    figure.update_layout(barmode="stack", bargap=0, showlegend=True)
    figure.update_xaxes(title=x_title, tick0=0, dtick=_round_step(float(edges[-1] - edges[0]) / 5))
    figure.update_yaxes(title="crystals")
    return figure


def _round_step(about: float) -> float:
    """The largest of 1, 2, 5, 10 ... up to a length, so that ticks are round."""
    whole = 10.0 ** np.floor(np.log10(max(about, 1e-9)))
    return float(max(step for step in (1, 2, 5) if step * whole <= about * (1 + 1e-9)) * whole)
