"""Lattice fringes as results and as a picture of the power spectrum."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import Estimate, Image
from cinedot.dossier.figures import COLUMN_PX, dressed, png_uri
from cinedot.dossier.findings import Panel, SeriesPoint
from cinedot.micrographs import Fringe, Indexing, Miller, PowerSpectrum, power_spectrum

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_RESULTS = 3


def fringe_results(
    fringes: Sequence[Fringe], indexing: Indexing | None = None
) -> Mapping[str, Estimate]:
    """The strongest fringes as `fringe_1` ... `fringe_3`, nm, with their planes where indexed."""
    return {
        f"fringe_{index + 1}": Estimate(
            value=one.spacing_nm,
            sigma=one.sigma_total_nm,
            unit="nm",
            method=f"peak of the power spectrum at {one.angle_deg:.1f}°, {one.snr:.0f} times its "
            f"background{_planes(indexing, index)}; the scale's own error is not in sigma",
        )
        for index, one in enumerate(fringes[:MOST_RESULTS])
    }


def _planes(indexing: Indexing | None, index: int) -> str:
    """Which planes a fringe shows: ", (1 1 0) of SrTiO3 at 0.2761 nm"."""
    if indexing is None or index >= len(indexing.fringes):
        return ""
    one = indexing.fringes[index]
    if one.hkl is None or one.expected_nm is None:
        return f", no reflection of {indexing.lattice.name}"
    return f", {hkl_text(one.hkl)} of {indexing.lattice.name}, there {one.expected_nm:.4f} nm"


def hkl_text(hkl: Miller) -> str:
    """Miller indices in brackets.

    Example:
        >>> hkl_text((1, -1, 0))
        '(1 -1 0)'
    """
    return f"({' '.join(str(one) for one in hkl)})"


def fringe_series(
    fringes: Sequence[Fringe], indexing: Indexing | None = None
) -> tuple[SeriesPoint, ...]:
    """Every fringe, the strongest first, with its direction and, in its label, its planes."""
    hkls = [None] * len(fringes) if indexing is None else [one.hkl for one in indexing.fringes]
    planes = ["" if hkl is None else f" {hkl_text(hkl)}" for hkl in hkls]
    return tuple(
        (
            f"fringe {index + 1}{planes[index]}",
            float(index),
            name,
            estimate,
        )
        for index, one in enumerate(fringes)
        for name, estimate in (
            (
                "fringe",
                Estimate(value=one.spacing_nm, sigma=one.sigma_total_nm, unit="nm", method="fit"),
            ),
            (
                "fringe_angle",
                Estimate(value=one.angle_deg, sigma=one.sigma_angle_deg, unit="deg", method="fit"),
            ),
        )
    )


def fringe_panel(
    image: Image,
    fringes: Sequence[Fringe],
    region_nm: tuple[float, float, float, float] | None = None,
    indexing: Indexing | None = None,
) -> Panel:
    """The power spectrum of the field with the peaks marked, and named where indexed."""
    spacings = ", ".join(f"{one.spacing_nm:.4f} nm" for one in fringes[:MOST_RESULTS])
    names = [None if indexing is None else indexing.fringes[k].hkl for k in range(len(fringes))]
    told = ""
    if indexing is not None and any(names):
        told = f" Indices are those of {indexing.lattice.name}"
        told += "." if indexing.zone is None else f" along [{hkl_text(indexing.zone)[1:-1]}]."
    return Panel(
        title=f"Power spectrum of {image.name}",
        caption=f"Logarithm of the power over its background; circles mark the fringes found, the "
        f"strongest being {spacings}.{told}",
        figure=_figure(
            power_spectrum(image, region=region_nm),
            fringes,
            ["" if one is None else hkl_text(one) for one in names],
        ),
    )


def _figure(
    spectrum: PowerSpectrum, fringes: Sequence[Fringe], names: Sequence[str]
) -> "go.Figure":
    import plotly.graph_objects as go

    furthest = max([1.0 / one.spacing_nm for one in fringes], default=3.0)
    limit = min(1.35 * furthest, float(spectrum.qx_per_nm[-1]))
    rows = np.abs(spectrum.qy_per_nm) <= limit
    columns = spectrum.qx_per_nm <= limit
    ratio = (spectrum.power / spectrum.background)[np.ix_(rows, columns)]
    half = np.log10(np.maximum(ratio, 0.1))
    figure = go.Figure()
    for side in (1, -1):
        figure.add_layout_image(
            source=png_uri(half if side > 0 else half[::-1, ::-1], percentile=0.1),
            xref="x",
            yref="y",
            x=0 if side > 0 else -limit,
            y=-limit,
            sizex=limit,
            sizey=2 * limit,
            sizing="stretch",
            layer="below",
        )
    figure.add_trace(
        go.Scatter(
            x=[side * one.qx_per_nm for side in (1, -1) for one in fringes],
            y=[side * one.qy_per_nm for side in (1, -1) for one in fringes],
            hovertext=[f"{one.spacing_nm:.4f} ± {one.sigma_total_nm:.4f} nm" for one in fringes]
            * 2,
            hoverinfo="text",
            # The twin at the opposite wave vector says nothing more.
            text=[*names, *[""] * len(names)],
            textposition="top center",
            textfont={"size": 12, "color": "#ffd400"},
            mode="markers+text",
            marker={"symbol": "circle-open", "size": 16, "color": "#ffd400", "line": {"width": 2}},
        )
    )
    dressed(figure, height=COLUMN_PX)
    figure.update_layout(width=COLUMN_PX, showlegend=False)
    figure.update_xaxes(
        title="q_x (1/nm)", range=[-limit, limit], constrain="domain", showgrid=False
    )
    figure.update_yaxes(
        title="q_y (1/nm)",
        range=[limit, -limit],
        scaleanchor="x",
        constrain="domain",
        showgrid=False,
    )
    return figure
