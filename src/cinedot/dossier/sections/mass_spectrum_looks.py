"""Figures of the section `mass_spectrum`: found above, expected below."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cinedot.composition import Assignment, IonAssignment, known_ions
from cinedot.dossier.figures import ACCENT, INK, MUTED, dressed
from cinedot.dossier.findings import Panel

if TYPE_CHECKING:
    import plotly.graph_objects as go

_NAMED = 8
"""Ions that the whole spectrum names: more names would cover one another."""
_ENVELOPES = 6


def mirror(told: IonAssignment) -> Panel:
    """The whole spectrum above, the patterns of the ions found below, heads down."""
    import plotly.graph_objects as go

    spectrum = told.spectrum
    full = float(spectrum.intensity.max())
    figure = go.Figure()
    _sticks(figure, spectrum.mz, 100 * spectrum.intensity / full, "found", INK)
    expected_mz, height = _expected(told.found, told)
    _sticks(figure, expected_mz, -100 * height / full, "expected", ACCENT)
    for one in _strongest(told, _NAMED):
        figure.add_annotation(
            x=one.mz,
            y=-100 * one.match.amount / full,
            text=one.ion.name,
            textangle=-90,
            yanchor="top",
            showarrow=False,
            font={"size": 11, "color": ACCENT},
        )
    dressed(figure, height=420)
    figure.add_hline(y=0, line={"color": INK, "width": 1})
    figure.update_xaxes(title="m/z")
    figure.update_yaxes(title="% of the highest peak", range=[-175, 108], tickvals=_TICKS)
    figure.update_yaxes(ticktext=[str(abs(tick)) for tick in _TICKS])
    return Panel(
        title="Mass spectrum",
        caption=f"Peaks (above) and the patterns of the {len(told.found)} ions found (below, heads "
        f"down), each at its fitted height. They account for {100 * told.explained:.0f} % of "
        f"all heights. The {min(_NAMED, len(told.found))} strongest are named.",
        figure=figure,
    )


_TICKS = [-100, -50, 0, 50, 100]


def envelopes(told: IonAssignment) -> tuple[Panel, ...]:
    """Patterns from near, found above, expected below, the paper's first; none without ions."""
    from plotly.subplots import make_subplots

    shown = _strongest(told, _ENVELOPES, first=[one.ion.key for one in known_ions() if one.paper])
    if not shown:
        return ()
    rows = (len(shown) + 1) // 2
    figure = make_subplots(
        rows=rows,
        cols=2,
        subplot_titles=[one.ion.name for one in shown],
        vertical_spacing=0.16 if rows > 2 else 0.2,
        horizontal_spacing=0.14,
    )
    for index, one in enumerate(shown):
        _envelope(figure, told, one, row=index // 2 + 1, column=index % 2 + 1, first=index == 0)
    dressed(figure, height=90 + 190 * rows)
    for note in figure.layout.annotations:  # pyright: ignore[reportAttributeAccessIssue]
        note.font = {"size": 12}
    figure.update_xaxes(nticks=5)
    figure.update_yaxes(range=[-115, 115], tickvals=_TICKS, ticktext=[str(abs(t)) for t in _TICKS])
    figure.update_yaxes(title="%", col=1)
    figure.update_xaxes(title="m/z", row=rows)
    figure.update_layout(legend={"y": 1.06})
    said = "; ".join(
        f"{one.ion.name} {one.error_ppm:+.1f} ppm, likeness {one.pattern_score:.3f}"
        for one in shown
    )
    return (
        Panel(
            title="Isotope patterns",
            caption="Found (above) and expected (below) in percent of each pattern's highest peak; "
            f"grey, peaks that are not the ion's. {said}.",
            figure=figure,
        ),
    )


def _envelope(
    figure: "go.Figure",
    told: IonAssignment,
    one: Assignment,
    *,
    row: int,
    column: int,
    first: bool,
) -> None:
    spectrum = told.spectrum
    full, place = one.match.amount, (row, column)
    tall = one.pattern.height > 0.01
    low, high = one.pattern.mz[tall][0] - 1.2, one.pattern.mz[tall][-1] + 1.2
    inside = (spectrum.mz >= low) & (spectrum.mz <= high)
    own = np.isin(np.arange(len(spectrum.mz)), one.match.peak[one.match.peak >= 0])
    for chosen, name, colour in ((own, "found", INK), (inside & ~own, "other peaks", MUTED)):
        mz, height = spectrum.mz[chosen], 100 * spectrum.intensity[chosen] / full
        _sticks(figure, mz, np.minimum(height, 115.0), name, colour, place=place, show=first)
    shift = 1 + 1e-6 * told.tolerances.offset_ppm
    below = -100 * one.pattern.height
    _sticks(figure, one.pattern.mz * shift, below, "expected", ACCENT, place=place, show=first)
    figure.update_xaxes(range=[low, high], row=row, col=column)


def _strongest(
    told: IonAssignment, most: int, *, first: Sequence[tuple[str, int]] = ()
) -> Sequence[Assignment]:
    """The strongest ions, those named before all others, in the order of m/z."""
    ranked = sorted(told.found, key=lambda one: (one.ion.key not in first, -one.match.amount))
    return sorted(ranked[:most], key=lambda one: one.mz)


def _expected(
    found: Sequence[Assignment], told: IonAssignment
) -> tuple[Float[np.ndarray, " peak"], Float[np.ndarray, " peak"]]:
    """All patterns' peaks where the instrument's scale has them."""
    none = np.zeros(0)
    shift = 1 + 1e-6 * told.tolerances.offset_ppm
    mz = np.concatenate([none, *(one.pattern.mz * shift for one in found)])
    return mz, np.concatenate([none, *(one.match.expected for one in found)])


def _sticks(
    figure: "go.Figure",
    mz: Float[np.ndarray, " peak"],
    height: Float[np.ndarray, " peak"],
    name: str,
    colour: str,
    *,
    place: tuple[int, int] | None = None,
    show: bool = True,
) -> None:
    """Upright lines from 0; one trace, with gaps."""
    import plotly.graph_objects as go

    gap = np.full(len(mz), np.nan)
    trace = go.Scatter(
        x=np.column_stack([mz, mz, gap]).ravel(),
        y=np.column_stack([np.zeros(len(mz)), height, gap]).ravel(),
        mode="lines",
        line={"color": colour, "width": 1.6},
        name=name,
        legendgroup=name,
        showlegend=show,
    )
    figure.add_trace(trace, row=place and place[0], col=place and place[1])
