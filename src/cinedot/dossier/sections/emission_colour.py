"""The colour of emission spectra: their results, and the chromaticity diagram."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate
from cinedot.dossier.figures import INK, MUTED, SECOND, THIRD, dressed
from cinedot.dossier.findings import Panel
from cinedot.spectroscopy import Colour, EmissionFit, emission_colour, spectrum_locus
from cinedot.spectroscopy.gamut import REC_709, REC_2020, Gamut

if TYPE_CHECKING:
    import plotly.graph_objects as go

_NAMED_NM = (420, 460, 470, 480, 490, 500, 520, 540, 560, 580, 600, 620, 700)
_CLOSE_NM = (430, 440, 450, 455, 460, 465, 470, 475, 480, 485, 490)
_LEAST_MARGIN = 0.02
_NEAR = 0.12
"""From here on the blue primary is left out of the enlarged part."""


def colours_of(fits: Mapping[int, EmissionFit]) -> dict[int, Colour]:
    """The colour of each spectrum that has one."""
    found: dict[int, Colour] = {}
    for index, fit in fits.items():
        try:
            found[index] = emission_colour(fit)
        except AnalysisError:  # light that no eye sees: the band itself is found all the same
            continue
    return found


def colour_results(colour: Colour | None, only: tuple[str, ...] = ()) -> dict[str, Estimate]:
    """The quantities of a colour, all or some of them; none where there is no colour."""
    if colour is None:
        return {}
    found = colour.estimates()
    return {name: found[name] for name in only or found}


def colour_panel(colours: tuple[tuple[str, Colour], ...]) -> tuple[Panel, ...]:
    """The chromaticity diagram with each (name, colour), in their order; none without colours."""
    if not colours:
        return ()
    found = colours[-1][1].estimates()
    said = (
        f"x {found['cie_x'].text()}, y {found['cie_y'].text()}: "
        f"{found['blue_distance'].text()} from the Rec. 2020 blue, "
        f"{100 * float(found['gamut_coverage'].value):.1f} % of Rec. 2020 covered in its place."
    )
    way = f"The line is the way from {colours[0][0]} to {colours[-1][0]}; the last has"
    return (
        Panel(
            title="Colour",
            caption="CIE 1931 chromaticities (2-degree observer): whole, and enlarged. Curve: "
            "single wavelengths (nm); triangles: Rec. 2020 (dashed), Rec. 709 (dotted); ellipses: "
            f"two standard deviations. {way if len(colours) > 1 else 'Diamond: this light,'} "
            f"{said}",
            figure=_diagram(colours),
        ),
    )


def _diagram(colours: tuple[tuple[str, Colour], ...]) -> "go.Figure":
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.12)
    for column, named_nm in ((1, _NAMED_NM), (2, _CLOSE_NM)):
        _horseshoe(figure, column, np.array(named_nm, dtype=float))
        _triangle(figure, column, REC_2020, "Rec. 2020", SECOND, "dash", "square-open")
        _triangle(figure, column, REC_709, "Rec. 709", THIRD, "dot", "triangle-up-open")
        _samples(figure, column, colours)
    dressed(figure, height=430)
    (left, right), (low, high) = _close_up([one for _, one in colours])
    for axis, name, first, second in (
        ("x", "x", (-0.09, 0.84), (left, right)),
        ("y", "y", (-0.03, 0.87), (low, high)),
    ):
        update = getattr(figure, f"update_{axis}axes")
        update(title=name, range=first, constrain="domain", row=1, col=1)
        update(title=name, range=second, constrain="domain", row=1, col=2)
    figure.update_yaxes(scaleanchor="x", row=1, col=1)
    figure.update_yaxes(scaleanchor="x2", row=1, col=2)
    return figure


def _horseshoe(figure: "go.Figure", column: int, named_nm: Float[np.ndarray, " mark"]) -> None:
    import plotly.graph_objects as go

    line = spectrum_locus(np.arange(380.0, 700.5, 1.0))
    closed = np.vstack([line, line[:1]])
    figure.add_trace(
        go.Scatter(
            x=closed[:, 0],
            y=closed[:, 1],
            mode="lines",
            line={"color": INK, "width": 1.5},
            hoverinfo="skip",
            showlegend=False,
        ),
        row=1,
        col=column,
    )
    marks = spectrum_locus(named_nm)
    figure.add_trace(
        go.Scatter(
            x=marks[:, 0],
            y=marks[:, 1],
            mode="markers+text",
            marker={"color": INK, "size": 5},
            text=[f"{nm:g}" for nm in named_nm],
            textposition=[_outwards(nm) for nm in named_nm],
            textfont={"size": 11, "color": MUTED},
            hoverinfo="skip",
            showlegend=False,
        ),
        row=1,
        col=column,
    )


def _outwards(nm: float) -> str:
    """Where a wavelength's name stands clear of the curve."""
    if nm < 505:
        return "middle left"
    return "top center" if nm < 530 else "middle right"


def _triangle(
    figure: "go.Figure", column: int, gamut: Gamut, name: str, colour: str, dash: str, symbol: str
) -> None:
    import plotly.graph_objects as go

    corners = (*gamut.corners, gamut.red)
    figure.add_trace(
        go.Scatter(
            x=[corner[0] for corner in corners],
            y=[corner[1] for corner in corners],
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 1.5},
            marker={"symbol": symbol, "size": 9, "color": colour},
            name=name,
            showlegend=column == 1,
        ),
        row=1,
        col=column,
    )


def _samples(figure: "go.Figure", column: int, colours: tuple[tuple[str, Colour], ...]) -> None:
    """The lights as diamonds, each with its ellipse; several are joined in their order."""
    import plotly.graph_objects as go
    from plotly.colors import sample_colorscale

    shades = sample_colorscale("viridis", np.linspace(0, 0.9, len(colours)).tolist())
    several = len(colours) > 1
    ends = {0, len(colours) - 1}
    figure.add_trace(
        go.Scatter(
            x=[one.xy[0] for _, one in colours],
            y=[one.xy[1] for _, one in colours],
            mode="lines+markers+text" if several else "markers",
            line={"color": INK, "width": 1},
            marker={
                "symbol": "diamond",
                "size": 10,
                "color": shades if several else INK,
                "line": {"color": INK, "width": 1},
            },
            text=[name if k in ends else "" for k, (name, _) in enumerate(colours)],
            textposition="bottom right",
            textfont={"size": 11, "color": INK},
            hovertext=[name for name, _ in colours],
            name="in order of the records" if several else "this light",
            showlegend=column == 1,
        ),
        row=1,
        col=column,
    )
    for _, one in colours:
        around = _ellipse(one)
        figure.add_trace(
            go.Scatter(
                x=around[:, 0],
                y=around[:, 1],
                mode="lines",
                line={"color": INK, "width": 1},
                hoverinfo="skip",
                showlegend=False,
            ),
            row=1,
            col=column,
        )


def _ellipse(colour: Colour) -> Float[np.ndarray, "point 2"]:
    """Two standard deviations about a chromaticity."""
    values, vectors = np.linalg.eigh(colour.covariance)
    turn = np.linspace(0, 2 * np.pi, 49)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.array(colour.xy) + 2 * (circle * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def _close_up(colours: list[Colour]) -> tuple[tuple[float, float], tuple[float, float]]:
    """A square that holds all lights, and the blue primary where it is near."""
    points = np.array([one.xy for one in colours])
    blue = np.array(REC_2020.blue)
    if np.min(np.linalg.norm(points - blue, axis=1)) < _NEAR:
        points = np.vstack([points, blue])
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    half = float(np.max(points.max(axis=0) - points.min(axis=0))) * 0.7 + _LEAST_MARGIN
    (x, y) = (float(one) for one in middle)
    return (x - half, x + half), (y - half, y + half)
