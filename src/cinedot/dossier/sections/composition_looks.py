"""Figures of the section `composition`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cinedot.composition import AtomCounts, Candidate, SurfaceInference, Systematics
from cinedot.dossier.figures import ACCENT, INK, MUTED, SECOND, THIRD, dressed
from cinedot.dossier.findings import Panel

if TYPE_CHECKING:
    import plotly.graph_objects as go

_COLOURS = (SECOND, THIRD, "#9d174d", INK, MUTED)
_SYMBOLS = ("square", "diamond", "triangle-up", "cross", "x")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Counts and what they are compared with.

    Attributes:
        counts: atoms per 64 metal atoms.
        candidates: compounds.
        systematics: errors that all replicates share, or None.
    """

    counts: AtomCounts
    candidates: tuple[Candidate, ...]
    systematics: Systematics | None


def counts_panel(standing: Standing) -> Panel:
    """Each element's count with its errors, an axis of its own, and what the compounds predict."""
    from plotly.subplots import make_subplots

    counts = standing.counts
    told = {e for one in standing.candidates for e in one.elements}
    shown = [e for e in counts.elements if e in told]
    figure = make_subplots(rows=len(shown), cols=1, vertical_spacing=0.48 / len(shown))
    for row, element in enumerate(shown, start=1):
        _found(figure, standing, element, row)
        for index, one in enumerate(standing.candidates):
            if element in one.elements:
                _predicted(figure, one, element, index, row)
    dressed(figure, height=90 + 140 * len(shown))
    for row, element in enumerate(shown, start=1):
        figure.update_xaxes(title=f"{element} per 64 {counts.metal}", row=row, col=1)
        figure.update_yaxes(
            range=[-0.8, len(standing.candidates) - 0.2],
            showticklabels=False,
            ticks="",
            row=row,
            col=1,
        )
    said = "the thick bar is the standard error of the replicates"
    if standing.systematics is not None:
        said += ", the thin one has beam and film in it too, which move all elements together"
    return Panel(
        title="Atoms found and predicted",
        caption=f"Atoms per 64 {counts.metal} (circle); {said}. Symbols: what each compound's "
        "cube holds.",
        figure=figure,
    )


def _found(figure: "go.Figure", standing: Standing, element: str, row: int) -> None:
    import plotly.graph_objects as go

    counts = standing.counts
    k = counts.elements.index(element)
    own = 0.0 if counts.covariance is None else float(counts.covariance[k, k])
    shared = 0.0
    if standing.systematics is not None:
        shared = float(standing.systematics.covariance(counts)[k, k])
    for variance, width, head in ((own + shared, 1.2, 5), (own, 4.0, 0)):
        figure.add_trace(
            go.Scatter(
                x=[float(counts.values[k])],
                y=[-0.4],
                error_x={
                    "type": "data",
                    "array": [float(np.sqrt(variance))],
                    "thickness": width,
                    "width": head,
                    "color": ACCENT,
                },
                mode="markers",
                marker={"color": ACCENT, "size": 9},
                name="found",
                legendgroup="found",
                showlegend=row == 1 and width > 2,
            ),
            row=row,
            col=1,
        )


def _predicted(figure: "go.Figure", one: Candidate, element: str, index: int, row: int) -> None:
    import plotly.graph_objects as go

    figure.add_trace(
        go.Scatter(
            x=[float(one.atoms[0, one.elements.index(element)])],
            y=[float(index)],
            mode="markers",
            marker={"color": _COLOURS[index % 5], "symbol": _SYMBOLS[index % 5], "size": 10},
            name=one.name,
            legendgroup=one.name,
            showlegend=row == 1,
        ),
        row=row,
        col=1,
    )


def posterior_panel(
    alone: SurfaceInference | None, together: SurfaceInference, systematics: Systematics | None
) -> Panel:
    """Probabilities of the compounds, by the replicates alone and with beam and film."""
    import plotly.graph_objects as go

    figure = go.Figure()
    made: Sequence[tuple[str, SurfaceInference | None, str, str]] = (
        ("replicates alone", alone, ACCENT, ""),
        ("with beam and film", together if systematics is not None else None, SECOND, "/"),
    )
    for name, inference, colour, pattern in made:
        if inference is not None:
            figure.add_trace(
                go.Bar(
                    x=list(inference.names),
                    y=inference.posterior.tolist(),
                    name=name,
                    marker={"color": colour, "pattern": {"shape": pattern}},
                )
            )
    dressed(figure, height=300)
    figure.update_layout(barmode="group", showlegend=True)
    figure.update_yaxes(title="probability", range=[0, 1.02])
    figure.update_xaxes(title="surface compound")
    return Panel(
        title="Which compound",
        caption="Probability of each compound among these, all equally likely before. "
        "From 0.95 on one is named.",
        figure=figure,
    )
