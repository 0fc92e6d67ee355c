"""A movie's corrections: frames left out, and the orientation by picked edges beside the fitted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.stats
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.core import Estimate, InputError
from cinedot.dossier.corrections import (
    Corrections,
    PickedEdges,
    corrections_file,
    read_corrections,
)
from cinedot.dossier.findings import Check, CheckStatus, Findings, Panel, SeriesPoint
from cinedot.dossier.manifest import MovieSection, SampleFolder
from cinedot.dossier.sections.movie_window import Window, open_window
from cinedot.dossier.sections.picked_panel import cube_lines_nm, picked_panel
from cinedot.micrographs.edge_fits import (
    EdgeOrientation,
    edges_of_corner,
    edges_of_parallel,
    fit_edges,
)

if TYPE_CHECKING:
    import pandas as pd

_NEAR_NM = 3.0
"""From the particle's centre to the middle of its picked edges, which lie at its rim, at most."""
_AGREE_P, _TENSION_P = (float(scipy.stats.chi2.sf(sigma**2, 1)) for sigma in (2.0, 3.0))
_PICKED = "picked edges"


@dataclass(frozen=True, eq=False, kw_only=True)
class _Compared:
    """A picked orientation beside the fitted one.

    Attributes:
        picked: entry of `corrections.toml`.
        by_edges: what it says.
        rotation: of all that show its edges, the nearest to the fitted.
        centre_nm: of the posed particle.
        fitted: the automatic rotation; None where there is none, and why in `reason`.
        turn_deg, sigma_deg: from one to the other, and their sigmas together along it.
        probability: that so large a turn is by chance.
        mirrored: the same probability for the mirror image in depth that is farther off.
    """

    picked: PickedEdges
    by_edges: EdgeOrientation
    rotation: Float[np.ndarray, "3 3"]
    centre_nm: Float[np.ndarray, " 2"] | None = None
    fitted: Float[np.ndarray, "3 3"] | None = None
    reason: str = ""
    turn_deg: float = float("nan")
    sigma_deg: float = float("nan")
    probability: float = float("nan")
    mirrored: float = float("nan")


def corrected_section(sample: SampleFolder, section: MovieSection) -> MovieSection:
    """A `[movie]` without the frames that a person rejected: they join its `skip`.

    Raises:
        InputError: a corrected frame that is not looked at, or edges that are no cube's.
    """
    found = _corrections(sample, section)
    if not (found.rejected_frames or found.picked_edges or found.start_poses):
        return section
    looked_at = set(open_window(sample, section).indices)
    rejected = {frame for one in found.rejected_frames for frame in one.frames}
    left = looked_at - rejected
    for kind, frames, among in (
        ("[rejected_frames] frames", rejected, looked_at | set(section.skip)),
        ("[picked_edges] frame", {one.frame for one in found.picked_edges}, left),
        ("[start_poses] frame", {one.frame for one in found.start_poses}, left),
    ):
        stray = sorted(frames - among)
        if stray:
            raise InputError(
                f"corrected frames must be among those looked at, but {stray[0]} is not.",
                remedy="Frames count from 0 in the file; see `frames` and `skip`.",
                file=corrections_file(sample)[0],
                place=kind,
            )
    for one in found.picked_edges:
        try:
            _by_edges(one)
        except InputError as fault:
            raise fault.within(
                file=corrections_file(sample)[0], place="[picked_edges] ends"
            ) from fault
    return section.model_copy(update={"skip": tuple(sorted({*section.skip, *rejected}))})


def with_corrections(
    sample: SampleFolder, section: MovieSection, found: Findings, window: Window | None = None
) -> Findings:
    """A movie's findings with what a person corrected said, and compared with the automatic.

    Args:
        sample: the folder.
        section: the movie's, as `sample.toml` has it.
        found: what was found without the rejected frames; its table `frames` holds the poses.
        window: where the frames are; without it nothing is drawn.
    """
    corrections = _corrections(sample, section)
    if not corrections.rejected_frames and not corrections.picked_edges:
        return found
    label = "movie" if section.name is None else section.name
    compared = [_compared(one, found) for one in corrections.picked_edges]
    return replace(
        found,
        results={**found.results, **_results(compared)},
        series=(*found.series, *_series(label, compared)),
        panels=(*found.panels, *(_panel(one, window) for one in compared if window is not None)),
        remarks=(*found.remarks, *_remarks(corrections)),
        checks=(*found.checks, *map(_check, compared)),
        inputs=(*found.inputs, *corrections_file(sample)),
    )


def _corrections(sample: SampleFolder, section: MovieSection) -> Corrections:
    return read_corrections(sample).of_movie(section)


def _by_edges(picked: PickedEdges) -> EdgeOrientation:
    reading = edges_of_parallel if picked.parallel else edges_of_corner
    return fit_edges(*reading(np.array(picked.ends_nm), picked.sigma_nm))


def _compared(picked: PickedEdges, found: Findings) -> _Compared:
    by_edges = _by_edges(picked)
    alone = _Compared(picked=picked, by_edges=by_edges, rotation=by_edges.rotations[0])
    edges = found.results.get("edges")
    sizes = set() if edges is None else set(str(edges.value).split("x"))
    if len(sizes) > 1:
        reason = f"the dot is {edges.value if edges else ''}, and picks are read as a cube's edges"
        return replace(alone, reason=reason)
    rows: pd.DataFrame = found.tables["frames"]
    row = rows[(rows["particle"] == 0) & (rows["frame"] == picked.frame)].iloc[0]
    pose = np.array([row[name] for name in ("qw", "qx", "qy", "qz")], dtype=float)
    if not np.isfinite(pose).all():
        return replace(alone, reason=f"no orientation was fitted there ({row['status']})")
    middle = np.array(picked.ends_nm).reshape(-1, 2).mean(axis=0)
    centre = np.array([row["x_nm"], row["y_nm"]], dtype=float)
    apart = float(np.hypot(*(middle - centre)))
    if apart > _NEAR_NM:
        return replace(alone, reason=f"the posed particle is {apart:.1f} nm away from them")
    fitted = Rotation.from_quat(pose, scalar_first=True).as_matrix()
    placed = replace(alone, centre_nm=centre)
    return _against(placed, fitted, float(np.radians(row["sigma_rot_deg"])))


def _against(alone: _Compared, fitted: Float[np.ndarray, "3 3"], sigma_rad: float) -> _Compared:
    """The turn from the fitted rotation to the nearest that shows the picked edges."""
    by_edges = alone.by_edges
    told: list[tuple[float, float, float, Float[np.ndarray, "3 3"]]] = []
    for every, covariance in zip(by_edges.all_rotations, by_edges.covariance_rad2, strict=True):
        turns = Rotation.from_matrix(every @ fitted.T).as_rotvec()
        best = int(np.argmin(np.linalg.norm(turns, axis=1)))
        both = covariance + sigma_rad**2 * np.eye(3)
        angle = float(np.linalg.norm(turns[best]))
        along = turns[best] / angle if angle > 0 else np.array([0.0, 0.0, 1.0])
        chance = float(scipy.stats.chi2.sf(turns[best] @ np.linalg.solve(both, turns[best]), 3))
        told.append((chance, angle, float(np.sqrt(along @ both @ along)), every[best]))
    told.sort(key=lambda one: (-one[0], one[1]))
    (chance, angle, sigma, rotation), (mirrored, *_) = told
    return replace(
        alone,
        rotation=rotation,
        fitted=fitted,
        turn_deg=float(np.degrees(angle)),
        sigma_deg=float(np.degrees(sigma)),
        probability=chance,
        mirrored=mirrored,
    )


def _check(one: _Compared) -> Check:
    """Picked and fitted orientation, and what the picked edges leave open."""
    name = f"orientation in frame {one.picked.frame}: fitted against {_PICKED}"
    edge = f"the picked edges make a cube of {_edge(one.by_edges).text()}"
    if one.fitted is None:
        return Check(name=name, status="undecided", detail=f"{edge}; {one.reason}.")
    status: CheckStatus = "agree" if one.probability > _AGREE_P else "undecided"
    if one.probability < _TENSION_P:
        status = "tension"
    mirror = (
        "the mirror image in depth fits them too"
        if one.mirrored > _AGREE_P
        else "their mirror image in depth does not fit"
    )
    cube = ""
    if one.by_edges.freedom:
        cube = f" (chi-square {one.by_edges.chi_square:.1f} on {one.by_edges.freedom})"
    return Check(
        name=name,
        status=status,
        detail=f"{one.turn_deg:.1f} ± {one.sigma_deg:.1f} degrees apart (p = "
        f"{one.probability:.2g}); {mirror}; {edge}{cube}.",
    )


def _panel(one: _Compared, window: Window) -> Panel:
    lines = np.empty((0, 2, 2))
    if one.fitted is not None and one.centre_nm is not None and one.by_edges.edge_nm is not None:
        lines = cube_lines_nm(one.fitted, one.by_edges.edge_nm, one.centre_nm)
    return picked_panel(one.picked, lines, window)


def _edge(by_edges: EdgeOrientation) -> Estimate:
    return Estimate(
        value=by_edges.edge_nm or float("nan"),
        sigma=by_edges.sigma_edge_nm,
        unit="nm",
        method=f"Gauss's relation, {_PICKED}",
    )


def _results(compared: Sequence[_Compared]) -> dict[str, Estimate]:
    """Of the first frame that has picks: both orientations, and the cube's edge."""
    if not compared:
        return {}
    first = compared[0]
    frame = f"frame {first.picked.frame}"
    results = {
        "picked_edge": replace(_edge(first.by_edges), method=f"Gauss's relation, {frame}"),
        "picked_orientation": _quaternion(
            first.rotation, f"{_PICKED}, {frame}: one of 24, and the mirror image in depth of each"
        ),
    }
    if first.fitted is not None:
        results["fitted_orientation"] = _quaternion(first.fitted, f"simulated views, {frame}")
        results["picked_turn"] = _turn(first)
    return results


def _quaternion(rotation: Float[np.ndarray, "3 3"], method: str) -> Estimate:
    four = Rotation.from_matrix(rotation).as_quat(canonical=True, scalar_first=True)
    value = " ".join(f"{part:.4f}" for part in four)
    return Estimate(value=value, sigma=None, unit="", method=method)


def _turn(one: _Compared) -> Estimate:
    return Estimate(
        value=one.turn_deg,
        sigma=one.sigma_deg,
        unit="deg",
        method=f"frame {one.picked.frame}, {_PICKED} against simulated views",
    )


def _series(label: str, compared: Sequence[_Compared]) -> tuple[SeriesPoint, ...]:
    """Every frame that has picks, where there are several."""
    if len(compared) < 2:
        return ()
    points: list[Any] = []
    for one in compared:
        frame = float(one.picked.frame)
        points.append((label, frame, "picked_edge", _edge(one.by_edges)))
        if one.fitted is not None:
            points.append((label, frame, "picked_turn", _turn(one)))
    return tuple(points)


def _remarks(corrections: Corrections) -> tuple[str, ...]:
    """What was corrected, by whom and why."""
    left_out = [
        f"Left out by hand: frames {', '.join(map(str, sorted(one.frames)))} ({one.signed})."
        for one in corrections.rejected_frames
    ]
    picked = [
        f"Edges picked by hand in frame {one.frame} ({one.signed})."
        for one in corrections.picked_edges
    ]
    return (*left_out, *picked)
