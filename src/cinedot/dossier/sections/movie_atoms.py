"""Which atoms a movie's dot has: results, tables of sites and events, claims, panels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from cinedot.core import AnalysisError, Estimate, Movie
from cinedot.core.chunks import Runs
from cinedot.core.tables import arrow_schema
from cinedot.dossier.figures import MUTED, dressed
from cinedot.dossier.findings import Check, ClaimRow, Panel
from cinedot.dossier.manifest import MovieSection, SampleFolder
from cinedot.dossier.sections.models import allowed_compounds, lens_of
from cinedot.micrographs import Recording
from cinedot.particle import lattice_sites

if TYPE_CHECKING:
    import pandas as pd

    from cinedot.micrographs.movie_atoms import MovieAtoms
    from cinedot.micrographs.movie_poses import MoviePoses

_SIZES = {"metal": 9.0, "halide": 6.0, "a": 7.5}
_ROLE_NAMES = {"metal": "metal", "halide": "halides", "a": "A ions"}
_TILT_AXES = "xyz"
_MOST_MISFIT = 2.0
"""Reduced chi-square beyond which the model leaves out too much for its atoms to be believed."""


def atoms_of(
    sample: SampleFolder,
    section: MovieSection,
    poses: "MoviePoses",
    movie: Movie,
    recording: Recording,
    runs: Runs,
    *,
    zero: float,
) -> tuple["MovieAtoms | None", str]:
    """The atoms of the posed particle, or None and why there are none."""
    from cinedot.micrographs.movie_atoms import measure_atoms

    name = poses.model.compound
    compound = next(one for one in allowed_compounds(sample) if one.name == name)
    lens = lens_of(section, movie.voltage_kv)
    try:
        return measure_atoms(
            movie, poses, compound, lens, zero=zero, recording=recording, runs=runs
        ), ""
    except AnalysisError as reason:
        return None, f"Its atoms are not told: {reason.reason}"


def atom_results(atoms: "MovieAtoms") -> dict[str, Estimate]:
    """How many ions of each kind there are, and what all frames share."""
    sites, evidence = lattice_sites(atoms.model.cuboid), atoms.evidence
    how = f"joint fit of {atoms.joint_frames} frames"
    results: dict[str, Estimate] = {}
    for role, name in (("halide", "halides"), ("a", "a_ions")):
        here = sites.role == role
        spread = np.hypot(
            np.sqrt((evidence.sigma[here] ** 2).sum()),
            evidence.sigma_model[here].mean() * here.sum(),
        )
        results[name] = Estimate(
            value=float(evidence.occupancy[here].sum()), sigma=float(spread), unit="", method=how
        )
    for axis in _TILT_AXES:
        for along in ("alike", "against"):
            results[f"tilt_{axis}_{along}"] = _shared(
                atoms, f"tilt_{axis}_{along}", "deg", 180 / np.pi
            )
    for name, key, unit, factor in (
        ("scale_x", "scale_x", "%", 100.0),
        ("scale_y", "scale_y", "%", 100.0),
        ("focal_spread", "focal_spread_nm", "nm", 1.0),
        ("astigmatism_x", "astigmatism_x_nm", "nm", 1.0),
        ("astigmatism_y", "astigmatism_y_nm", "nm", 1.0),
        ("coma_x", "coma_x_nm", "nm", 1.0),
        ("coma_y", "coma_y_nm", "nm", 1.0),
    ):
        results[name] = _shared(atoms, key, unit, factor)
    for part in ("xx", "yy", "zz", "yz", "xz", "xy"):
        results[f"strain_{part}"] = _shared(atoms, f"strain_{part}", "%", 100.0)
    results["events"] = Estimate(
        value=float(len(atoms.events)), sigma=None, unit="", method=f"over {atoms.frames} frames"
    )
    return results


def _shared(atoms: "MovieAtoms", key: str, unit: str, factor: float) -> Estimate:
    from cinedot.micrographs.pose.shared_state import SHARED_PARAMETERS

    index = SHARED_PARAMETERS.index(key)
    return Estimate(
        value=float(atoms.shared.values[index]) * factor,
        sigma=float(atoms.shared_sigma[index]) * factor,
        unit=unit,
        method="shared by all frames, with a prior about what was stated",
    )


def site_rows(
    atoms: "MovieAtoms", movie: str, indices: Sequence[int], number: int = 0
) -> "pd.DataFrame":
    """The table `sites`; frames are told by their index in the file."""
    import pandas as pd

    sites = lattice_sites(atoms.model.cuboid)
    rows = [
        (
            movie,
            number,
            str(sites.element[one.site]),
            *(float(part) for part in sites.abc[one.site]),
            indices[one.first_frame],
            indices[one.last_frame],
            one.occupancy,
            one.sigma,
            one.sigma_model,
            one.p_present,
        )
        for one in atoms.intervals
    ]
    return pd.DataFrame(rows, columns=arrow_schema("sites").names)


def event_rows(
    atoms: "MovieAtoms | None",
    poses: "MoviePoses",
    movie: str,
    indices: Sequence[int],
    number: int = 0,
) -> "pd.DataFrame":
    """The table `events`: atoms that came, went or hopped, and tumbles, in order of frames."""
    import pandas as pd

    rows: list[tuple[object, ...]] = []
    for frame, angle in poses.tumbles:
        rows.append((indices[frame], "tumble", None, None, None, None, _certain(poses, angle)))
    if atoms is not None:
        sites = lattice_sites(atoms.model.cuboid)
        for one in atoms.events:
            a, b, c = (float(part) for part in sites.abc[one.site])
            element = str(sites.element[one.site])
            rows.append((indices[one.frame], one.kind, element, a, b, c, one.significance))
    rows.sort(key=lambda row: (row[0], row[1] != "tumble"))
    whole = [(movie, number, *row) for row in rows]
    # As objects: a tumble's nulls must not become NaN.
    return pd.DataFrame(whole, columns=arrow_schema("events").names, dtype=object)


def _certain(poses: "MoviePoses", angle_deg: float) -> float:
    """A tumble's angle over the sigma of a difference of two poses."""
    sigmas = [pose.fit.sigma_turn_deg for pose in poses.frames if pose.fit is not None]
    from cinedot.dossier.sections.movie_poses import MODEL_TURN_DEG

    return angle_deg / float(np.sqrt(6) * np.hypot(np.median(sigmas), MODEL_TURN_DEG))


def claim_rows(atoms: "MovieAtoms", movie: str, number: int = 0) -> tuple[ClaimRow, ...]:
    """What is claimed of the surface, for `claims.json`."""
    from cinedot.micrographs.occupancy.claims import claims_of

    found = claims_of(atoms.evidence, lattice_sites(atoms.model.cuboid))
    return tuple(
        ClaimRow(
            movie=movie,
            particle=number,
            claim=one.text,
            verdict=one.verdict,
            limit=one.limit,
            tested=one.tested,
            sites=one.sites,
            detail=one.detail,
        )
        for one in found
    )


def atom_checks(atoms: "MovieAtoms") -> tuple[Check, ...]:
    """Whether the model explains the frames well enough to believe its atoms."""
    status = "agree" if atoms.misfit < _MOST_MISFIT else "tension"
    return (
        Check(
            name="atoms explain the frames",
            status=status,
            detail=f"reduced chi-square of the joint fit {atoms.misfit:.2f}; sigmas are widened by "
            "its root, and sigma_model tells what inner ions, which are all there, scatter beyond.",
        ),
    )


def atom_remarks(atoms: "MovieAtoms", indices: Sequence[int]) -> tuple[str, ...]:
    """Sentences beside the numbers."""
    sites, evidence = lattice_sites(atoms.model.cuboid), atoms.evidence
    missing = evidence.missing()
    unsure = (evidence.limit >= 1.0) & (sites.role != "metal")
    said = [
        f"Of {len(sites)} sites {int(missing.sum())} are called empty (at most 1 in 20 of them "
        f"falsely); {int(unsure.sum())} could not be told in these views.",
    ]
    for one in atoms.events:
        place = " ".join(f"{part:g}" for part in sites.abc[one.site])
        said.append(
            f"{one.kind.capitalize()} of {sites.element[one.site]} at ({place}) in frame "
            f"{indices[one.frame]}, {one.significance:.1f} standard deviations after correction."
        )
    return tuple(said)


def atom_panels(atoms: "MovieAtoms") -> tuple[Panel, ...]:
    """The dot with every site, shaded by how probable its ion is."""
    sites, evidence = lattice_sites(atoms.model.cuboid), atoms.evidence
    a_nm = atoms.model.cuboid.host.lattice_nm
    figure = go.Figure()
    for index, (role, size) in enumerate(_SIZES.items()):
        here = sites.role == role
        x, y, z = (sites.abc[here] * a_nm).T
        figure.add_trace(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="markers",
                name=f"{_ROLE_NAMES[role]} ({sites.element[here][0]})",
                marker={
                    "size": size,
                    "color": np.round(evidence.p_present[here], 4),
                    "cmin": 0,
                    "cmax": 1,
                    "colorscale": "Cividis",
                    "showscale": index == 0,
                    "colorbar": {"title": "p(present)", "thickness": 12, "len": 0.7},
                    "line": {"color": MUTED, "width": 0.5},
                    "symbol": "square" if role == "metal" else "circle",
                },
                customdata=np.stack(
                    [
                        evidence.occupancy[here],
                        evidence.whole_sigma[here],
                        evidence.p_present[here],
                    ],
                    axis=1,
                ),
                hovertemplate="occupancy %{customdata[0]:.2f} ± %{customdata[1]:.2f}<br>"
                "p(present) %{customdata[2]:.3f}<extra>%{fullData.name}</extra>",
            )
        )
    dressed(figure, height=460)
    axis = {"showbackground": False, "zeroline": False}
    figure.update_layout(
        scene={
            "xaxis": {"title": "a (nm)", **axis},
            "yaxis": {"title": "b (nm)", **axis},
            "zaxis": {"title": "c (nm)", **axis},
            "aspectmode": "data",
            # No zone axis: columns would hide one another.
            "camera": {
                "eye": {"x": 1.75, "y": 0.77, "z": 0.59},
                "center": {"x": 0, "y": 0, "z": -0.15},
            },
        },
        margin={"l": 0, "r": 0, "t": 30, "b": 0},
        legend={"orientation": "h", "y": 1.05},
    )
    return (
        Panel(
            title="Its atoms",
            caption="Every lattice site in crystal axes, shaded by the probability that its ion is "
            f"there, from {atoms.joint_frames} frames together; turn it with the mouse.",
            figure=figure,
        ),
    )
