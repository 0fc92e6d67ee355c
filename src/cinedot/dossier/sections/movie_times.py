"""What changes in the course of a movie: how the dot turns, which ions come and go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int

from cinedot.core import Movie
from cinedot.dossier.figures import ACCENT, INK, MUTED, SECOND, THIRD, Curve, dressed, plot
from cinedot.dossier.findings import Panel
from cinedot.particle import lattice_sites

if TYPE_CHECKING:
    from cinedot.micrographs.movie_atoms import MovieAtoms, SiteInterval
    from cinedot.micrographs.movie_poses import MoviePoses

AXES = ("about x", "about y", "about the beam")
MOST_SITES = 8
_ROW_PX = 84


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """When the frames of a window were taken.

    Attributes:
        indices: their numbers in the file.
        frame_s: from one to the next; None where nobody says.
    """

    indices: tuple[int, ...]
    frame_s: float | None

    @classmethod
    def of(cls, movie: Movie, indices: Sequence[int]) -> "Clock":
        """A movie's."""
        return cls(indices=tuple(indices), frame_s=movie.frame_s)

    @property
    def timed(self) -> bool:
        """Whether moments are seconds, else they are frames."""
        return self.frame_s is not None

    @property
    def title(self) -> str:
        """Of an axis."""
        return "time (s)" if self.timed else "frame"

    def moment(self, row: float) -> float:
        """When a row begins; 0.5 more is its mid-exposure, the count of rows the end of the last.

        Example:
            >>> Clock(indices=(10, 11, 13), frame_s=0.5).moment(2.5)
            6.75
        """
        whole = min(int(row), len(self.indices) - 1)
        return (self.indices[whole] + row - whole) * (self.frame_s or 1.0)

    def share(self, row: float) -> float:
        """The same as a share of the time from the first frame's start to the last one's end."""
        begin, end = self.moment(0), self.moment(len(self.indices))
        return (self.moment(row) - begin) / (end - begin)


def turns_deg(
    poses: "MoviePoses",
) -> tuple[Int[np.ndarray, " known"], Float[np.ndarray, "known 3"]]:
    """Rows with a pose, and their rotation from the mean orientation about the frame's axes."""
    from scipy.spatial.transform import Rotation

    found = [(row, pose.fit) for row, pose in enumerate(poses.frames) if pose.fit is not None]
    turns = Rotation.from_matrix(np.array([fit.rotation for _, fit in found]))
    return np.array([row for row, _ in found]), np.degrees((turns * turns.mean().inv()).as_rotvec())


def orientation_panel(
    poses: "MoviePoses", movie: Movie, indices: Sequence[int], *, model_deg: float
) -> tuple[Panel, ...]:
    """How the particle turns, with its tumbles; nothing from a single pose.

    Args:
        poses: of every frame.
        movie: the frames.
        indices: their numbers in the file.
        model_deg: what a pose may be off by beyond its noise, rms an axis.
    """
    rows, turns = turns_deg(poses)
    if len(rows) < 2:
        return ()
    clock = Clock.of(movie, indices)
    breaks = np.flatnonzero(np.diff(rows) > 1) + 1
    # A line must not cross frames whose pose nobody knows.
    when = np.insert(np.array([clock.moment(row + 0.5) for row in rows]), breaks, np.nan)
    shown = np.insert(turns, breaks, np.nan, axis=0)
    figure = plot(
        [
            Curve(x=when, y=shown[:, axis], name=name, colour=colour, dash=dash)
            for axis, (name, colour, dash) in enumerate(
                zip(AXES, (ACCENT, SECOND, THIRD), ("solid", "dash", "dot"), strict=True)
            )
        ],
        x_title=clock.title,
        y_title="turn (degrees)",
        height=300,
    )
    for row, angle in poses.tumbles:
        _mark(figure, clock.moment(row), f"tumble, {angle:.0f}°")
    sigmas = [pose.fit.sigma_turn_deg for pose in poses.frames if pose.fit is not None]
    spread = float(np.hypot(np.median(sigmas), model_deg))
    marked = " Upright lines are tumbles." if poses.tumbles else ""
    return (
        Panel(
            title="How it turns",
            caption="Rotation from its mean orientation, about the frame's axes; each frame is "
            f"known to about {spread:.2f} degrees.{marked}",
            figure=figure,
        ),
    )


def _mark(figure: go.Figure, moment: float, name: str) -> None:
    figure.add_vline(
        x=moment,
        line={"color": INK, "dash": "dash", "width": 1.2},
        annotation_position="bottom right",
        annotation={"text": name, "font": {"size": 12, "color": INK}},
    )


def occupancy_panel(
    atoms: "MovieAtoms", poses: "MoviePoses", movie: Movie, indices: Sequence[int]
) -> tuple[Panel, ...]:
    """Each site that changed, a row of its own; nothing where none did."""
    from plotly.subplots import make_subplots

    ranked = sorted(atoms.events, key=lambda one: -one.significance)
    sites = list(
        dict.fromkeys(
            site for one in ranked for site in (one.site, one.reached) if site >= 0
        )
    )  # fmt: skip
    shown = sites[:MOST_SITES]
    if not shown:
        return ()
    clock = Clock.of(movie, indices)
    figure = make_subplots(
        rows=len(shown),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=min(0.03, 0.2 / len(shown)),
    )
    dressed(figure, height=_ROW_PX * len(shown) + 80)
    for number, site in enumerate(shown, start=1):
        own = [one for one in atoms.intervals if one.site == site]
        _draw_steps(figure, own, clock, number)
        _name_row(figure, atoms, site, number)
        for one in atoms.events:
            if site in (one.site, one.reached):
                _draw_moment(figure, clock.moment(one.frame), number, dash="solid")
        for row, _ in poses.tumbles:
            _draw_moment(figure, clock.moment(row), number, dash="dash")
    figure.add_annotation(
        text="occupancy",
        textangle=-90,
        xref="paper",
        yref="paper",
        x=0,
        y=0.5,
        xanchor="right",
        xshift=-34,
        showarrow=False,
    )
    figure.update_xaxes(range=[clock.moment(0), clock.moment(len(indices))])
    figure.update_xaxes(title=clock.title, row=len(shown), col=1)
    figure.update_layout(showlegend=False, margin={"l": 70, "r": 150, "t": 12, "b": 52})
    few = f" the surest {len(shown)} of {len(sites)} such sites" if sites[MOST_SITES:] else ""
    tumbles = ", dashed ones tumbles" if poses.tumbles else ""
    return (
        Panel(
            title="Which ions came and went",
            caption="Occupancy of each site at which something happened"
            f"{',' + few if few else ''}, in each of its intervals, with one standard deviation "
            "as a band; at the right its element and its place in lattice constants from the "
            f"centre. Upright lines are events{tumbles}.",
            figure=figure,
        ),
    )


def _draw_steps(
    figure: go.Figure, own: Sequence["SiteInterval"], clock: Clock, number: int
) -> None:
    """A site's occupancy as steps in their band of one sigma."""
    x = [clock.moment(row) for one in own for row in (one.first_frame, one.last_frame + 1)]
    value = np.repeat([one.occupancy for one in own], 2)
    sigma = np.repeat([float(np.hypot(one.sigma, one.sigma_model)) for one in own], 2)
    figure.add_trace(
        go.Scatter(
            x=[*x, *x[::-1]],
            y=[*(value + sigma), *(value - sigma)[::-1]],
            mode="lines",
            fill="toself",
            fillcolor="rgba(11,92,173,0.22)",
            line={"width": 0},
            hoverinfo="skip",
        ),
        row=number,
        col=1,
    )
    figure.add_trace(
        go.Scatter(
            x=x,
            y=value,
            customdata=sigma,
            mode="lines",
            line={"color": ACCENT, "width": 2.2},
            hovertemplate="occupancy %{y:.2f} ± %{customdata:.2f}<extra></extra>",
        ),
        row=number,
        col=1,
    )
    low, high = float((value - sigma).min()), float((value + sigma).max())
    figure.update_yaxes(
        range=[min(low, 0.0) - 0.15, max(high, 1.0) + 0.15], tickvals=[0, 1], row=number, col=1
    )


def _name_row(figure: go.Figure, atoms: "MovieAtoms", site: int, number: int) -> None:
    sites = lattice_sites(atoms.model.cuboid)
    place = ", ".join(f"{part:g}" for part in sites.abc[site])
    axis = "" if number == 1 else str(number)
    figure.add_annotation(
        xref=f"x{axis} domain",
        yref=f"y{axis} domain",
        x=1.0,
        y=0.5,
        xanchor="left",
        xshift=8,
        align="left",
        text=f"<b>{sites.element[site]}</b> ({place})",
        showarrow=False,
    )


def _draw_moment(figure: go.Figure, moment: float, number: int, *, dash: str) -> None:
    axis = "" if number == 1 else str(number)
    figure.add_shape(
        type="line",
        x0=moment,
        x1=moment,
        y0=0,
        y1=1,
        xref=f"x{axis}",
        yref=f"y{axis} domain",
        line={"color": INK if dash == "solid" else MUTED, "width": 1.4, "dash": dash},
    )
