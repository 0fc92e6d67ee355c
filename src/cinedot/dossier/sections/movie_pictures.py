"""What a movie's dot looks like: one frame at a glance beside its models, and all that is drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from cinedot.core import Movie
from cinedot.dossier.embedded import colour_uri, png_uri
from cinedot.dossier.figures import INK, dressed, scale_bar
from cinedot.dossier.findings import Panel
from cinedot.dossier.manifest import MovieSection
from cinedot.dossier.sections.movie_looks import Looks, looks_at, telling_row
from cinedot.dossier.sections.movie_player import film_panel, film_rows
from cinedot.dossier.sections.movie_poses import MODEL_TURN_DEG
from cinedot.dossier.sections.movie_times import occupancy_panel, orientation_panel
from cinedot.dossier.sections.movie_zc import (
    ShownSites,
    legend,
    model_image,
    places_angstrom,
    shown_sites,
)
from cinedot.particle import lattice_sites

if TYPE_CHECKING:
    from cinedot.micrographs.movie_atoms import MovieAtoms
    from cinedot.micrographs.movie_poses import MoviePoses

TITLES = ("Frame", "Band-passed", "Model's view", "Difference", "ZC model")
HEIGHT_PX = 250
_GAP = 0.012
_MARGIN_NM = 0.2
_RING_ANGSTROM = 0.8


def particle_panels(
    poses: "MoviePoses",
    atoms: "MovieAtoms | None",
    movie: Movie,
    section: MovieSection,
    indices: Sequence[int],
    *,
    zero: float,
    film: bool = True,
) -> tuple[Panel, ...]:
    """All pictures of a particle that was fitted; none without a pose.

    Args:
        poses: of every frame.
        atoms: which ions are there, where measured.
        movie: the frames.
        section: what is said of the microscope.
        indices: numbers of the movie's frames in the file.
        zero: what the camera writes without electrons, camera units.
        film: whether its frames are shown as a film, which takes a megabyte of the page.
    """
    telling = telling_row(poses)
    if telling is None:
        return ()
    played = film and len(movie) > 1
    rows = film_rows(len(movie), telling) if played else [telling]
    looks = looks_at(poses, rows, movie, section, zero=zero)
    look = looks.rows.index(telling)
    films = (film_panel(poses, looks, movie, indices, look),) if played else ()
    changes = () if atoms is None else occupancy_panel(atoms, poses, movie, indices)
    return (
        glance_panel(poses, atoms, looks, look, indices[telling]),
        *films,
        *orientation_panel(poses, movie, indices, model_deg=MODEL_TURN_DEG),
        *changes,
    )


def glance_panel(
    poses: "MoviePoses", atoms: "MovieAtoms | None", looks: Looks, look: int, index: int
) -> Panel:
    """A frame, what the model makes of it, and the model itself.

    Args:
        poses: with a pose in that frame.
        atoms: which ions are there, where measured.
        looks: frames with their views.
        look: which of them.
        index: the frame's number in the file.
    """
    row = looks.rows[look]
    fit = poses.frames[row].fit
    assert fit is not None
    shown = shown_sites(poses, atoms, row)
    filtered = looks.span(looks.filtered[look])
    half = (filtered[1] - filtered[0]) / 2
    sources = [
        png_uri(looks.frame[look], span=looks.span(looks.frame[look])),
        png_uri(looks.filtered[look], span=filtered),
        png_uri(looks.view[look], span=filtered),
        png_uri(looks.difference[look], span=(-half, half)),
    ]
    figure = _row_of_pictures(sources, looks.field_nm, poses.model.radius_nm + _MARGIN_NM)
    _draw_model(figure, poses, shown, fit.rotation, looks.place_nm[look], max(looks.field_nm))
    return Panel(
        title=f"Frame {index} at a glance",
        caption=f"From the left: as recorded; band-passed as the paper did (3 to 40 pixels); "
        f"{poses.model.label} in the pose fitted to it, at {fit.defocus_nm:.1f} nm under-focus, "
        "filtered alike; their difference on the same scale of greys: what the average dot of "
        "this compound does not explain; the ZC model seen from the gun in that pose, the heavier "
        f"an ion the larger its sphere: {shown.said}. All show the same field.",
        figure=figure,
    )


def _row_of_pictures(
    sources: Sequence[str], field_nm: tuple[float, float], reach_nm: float
) -> go.Figure:
    """Pictures of one field, nm from its middle, and an empty place for the ZC model.

    Args:
        sources: data addresses.
        field_nm: width and height of what they show.
        reach_nm: how much of it is seen to each side of the middle, at most.
    """
    from plotly.subplots import make_subplots

    wide, high = field_nm
    right, down = min(wide / 2, reach_nm), min(high / 2, reach_nm)
    figure = make_subplots(rows=1, cols=len(TITLES), subplot_titles=TITLES, horizontal_spacing=_GAP)
    dressed(figure, height=HEIGHT_PX)
    for number in range(1, len(TITLES) + 1):
        figure.update_xaxes(
            range=[-right, right], visible=False, constrain="domain", row=1, col=number
        )
        figure.update_yaxes(
            range=[down, -down],
            visible=False,
            scaleanchor=f"x{'' if number == 1 else number}",
            constrain="domain",
            # Pictures shrink towards their titles on a narrow page.
            constraintoward="top",
            row=1,
            col=number,
        )
    for number, source in enumerate(sources, start=1):
        figure.add_layout_image(
            source=source,
            x=-wide / 2,
            y=-high / 2,
            sizex=wide,
            sizey=high,
            sizing="stretch",
            layer="below",
            row=1,
            col=number,
        )
    scale_bar(figure, -right, -down, 2 * right, 2 * down, room=2.0)
    figure.update_layout(margin={"l": 0, "r": 0, "t": 26, "b": 22}, showlegend=False)
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure


def _draw_model(
    figure: go.Figure,
    poses: "MoviePoses",
    shown: ShownSites,
    rotation: Float[np.ndarray, "3 3"],
    place_nm: Float[np.ndarray, " 2"],
    side_nm: float,
) -> None:
    """The ZC model in the last place of the row, open circles where ions are missing."""
    sites = lattice_sites(poses.model.cuboid)
    last = len(TITLES)
    figure.add_layout_image(
        source=colour_uri(model_image(poses, shown, rotation, side_nm)),
        x=float(place_nm[0]) - side_nm / 2,
        y=float(place_nm[1]) - side_nm / 2,
        sizex=side_nm,
        sizey=side_nm,
        sizing="stretch",
        layer="below",
        row=1,
        col=last,
    )
    gone = np.flatnonzero(shown.missing)
    centres = (places_angstrom(poses)[gone] @ rotation.T)[:, :2] / 10 + place_nm
    # All at once: Plotly takes a tenth of a second for each shape that is added by itself.
    rings = [ring for x, y in centres.tolist() for ring in _ring(x, y, last)]
    figure.update_layout(shapes=[*figure.layout["shapes"], *rings])
    named = [
        f"no {sites.element[one]} at ({', '.join(f'{part:g}' for part in sites.abc[one])})"
        for one in gone
    ]
    figure.add_trace(
        go.Scatter(
            x=centres[:, 0],
            y=centres[:, 1],
            mode="markers",
            marker={"opacity": 0, "size": 10},
            text=named,
            hoverinfo="text",
        ),
        row=1,
        col=last,
    )
    figure.add_annotation(
        xref=f"x{last} domain",
        yref=f"y{last} domain",
        x=0.5,
        y=0,
        yanchor="top",
        text=legend(sites, missing=len(gone) > 0),
        showarrow=False,
        font={"size": 12, "color": INK},
    )


def _ring(x_nm: float, y_nm: float, column: int) -> list[dict[str, object]]:
    """An open circle, white beneath ink: seen on a dark sphere and on paper."""
    radius = _RING_ANGSTROM / 10
    return [
        {
            "type": "circle",
            "xref": f"x{column}",
            "yref": f"y{column}",
            "x0": x_nm - radius,
            "x1": x_nm + radius,
            "y0": y_nm - radius,
            "y1": y_nm + radius,
            "line": {"color": colour, "width": width},
        }
        for colour, width in (("white", 2.6), (INK, 1.2))
    ]
