"""What the poses of a movie's dot say: results, rows of the table, panels."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import AnalysisError, Estimate, Image, Movie
from cinedot.core.chunks import Runs
from cinedot.dossier.figures import ACCENT, SECOND, THIRD, Curve, micrograph, plot
from cinedot.dossier.findings import Panel
from cinedot.dossier.manifest import MovieSection, SampleFolder
from cinedot.dossier.sections.models import allowed_compounds, host_with_lattice, lens_of
from cinedot.micrographs import MovieMeasurement, Recording, bandpass
from cinedot.particle import Cuboid

if TYPE_CHECKING:
    from cinedot.micrographs.movie_poses import MoviePoses
    from cinedot.micrographs.pose import FramePose

MODEL_TURN_DEG, MODEL_PLACE_NM, MODEL_DEFOCUS_NM = 0.08, 0.0015, 0.15
"""What a pose may be off by beyond its noise, rms an axis: the average dot is not the true one, a
rocking dot is blurred, waves are coarse. From filmed dots over half a support of 3 nm of carbon
(five films, 0.11-0.15 degrees in all, 0.6-2 pm, 0.04-0.16 nm)."""

COARSEST_PIXEL_NM = 0.11
"""Coarser pixels do not show how a dot lies."""


def poses_of(
    sample: SampleFolder,
    section: MovieSection,
    seen: MovieMeasurement,
    movie: Movie,
    recording: Recording,
    runs: Runs,
    *,
    zero: float,
) -> tuple["MoviePoses | None", str]:
    """The poses of the surest particle, or None and why there are none."""
    from cinedot.micrographs.movie_poses import ModelRange, measure_poses

    if sample.manifest.sample.host is None:
        return None, "Orientations are not fitted: the sample names no host."
    pixel_nm = movie.image(0).pixel_nm
    if pixel_nm > COARSEST_PIXEL_NM:
        return None, (
            f"Orientations are not fitted: pixels of {pixel_nm:.3g} nm are too coarse for them."
        )
    host = host_with_lattice(sample.manifest)
    chosen = sample.manifest.model
    models = ModelRange(
        cuboids=tuple(
            Cuboid.cube(one, host) if isinstance(one, int) else Cuboid(edges=one, host=host)
            for one in chosen.edges
        ),
        compounds=tuple(allowed_compounds(sample)),
        layers="edges" not in chosen.model_fields_set,
    )
    lens = lens_of(section, movie.voltage_kv)
    try:
        return measure_poses(
            movie, seen.frames, models, lens, zero=zero, recording=recording, runs=runs
        ), ""
    except AnalysisError as reason:
        return None, f"Orientations could not be fitted: {reason.reason}"


def pose_results(poses: "MoviePoses") -> dict[str, Estimate]:
    """Edges, compound, their probability together, and the defocus."""
    model = poses.model
    how = "likelihood of simulated views"
    found = [pose for pose in poses.frames if pose.fit is not None]
    values = np.array([pose.fit.defocus_nm for pose in found if pose.fit is not None])
    results = {
        "edge": Estimate(value=float(np.mean(model.edges)), sigma=None, unit="", method=how),
        "edges": Estimate(value="x".join(map(str, model.edges)), sigma=None, unit="", method=how),
        "compound": Estimate(value=model.compound, sigma=None, unit="", method=how),
        "tumbles": Estimate(
            value=float(len(poses.tumbles)), sigma=None, unit="", method="steps of orientation"
        ),
    }
    if poses.probability is not None:
        results["probability"] = Estimate(
            value=poses.probability,
            sigma=None,
            unit="",
            method="of edges and compound together, among the models offered",
        )
    if len(values) > 1:
        error = float(values.std(ddof=1) / np.sqrt(len(values)))
        results["defocus"] = Estimate(
            value=float(values.mean()),
            sigma=float(np.hypot(error, MODEL_DEFOCUS_NM)),
            unit="nm",
            method=f"mean over the frames; sigma from their scatter and {MODEL_DEFOCUS_NM:g} nm "
            "that all may share",
        )
    return results


def pose_columns(pose: "FramePose", x0_nm: float, y0_nm: float) -> tuple[object, ...]:
    """A frame's columns from x_nm on; sigmas widened by the misfit and by the model's own error."""
    from cinedot.micrographs.movie_poses import quaternion

    nan = float("nan")
    if pose.fit is None:
        return (*(nan,) * 10, pose.status)
    wider = float(np.sqrt(max(pose.fit.residual, 1.0)))
    return (
        pose.x_nm + x0_nm,
        pose.y_nm + y0_nm,
        *quaternion(pose.fit.rotation),
        float(np.hypot(pose.fit.sigma_turn_deg * wider, MODEL_TURN_DEG)),
        float(np.hypot(pose.fit.sigma_xy_nm * wider, MODEL_PLACE_NM)),
        pose.fit.defocus_nm,
        pose.fit.residual,
        pose.status,
    )


def pose_remarks(poses: "MoviePoses", indices: Sequence[int]) -> tuple[str, ...]:
    """Sentences beside the numbers."""
    count = len(poses.frames)
    known = sum(pose.fit is not None for pose in poses.frames)
    said = [
        f"Orientations are known in {known} of {count} frames; rotations take crystal axes to "
        "frame axes, and all frames are told in one branch of the cuboid's symmetry."
    ]
    said += [
        f"The particle tumbled by {angle:.0f} degrees before frame {indices[frame]}."
        for frame, angle in poses.tumbles
    ]
    if poses.probability is None:
        said.append("One model alone was offered: how probable it is cannot be said.")
    doubtful = sum(pose.status == "ambiguous" for pose in poses.frames)
    if doubtful:
        said.append(f"In {doubtful} frames another view fits as well: their pose is ambiguous.")
    return tuple(said)


def pose_panels(
    poses: "MoviePoses", movie: Movie, section: MovieSection, indices: Sequence[int]
) -> tuple[Panel, ...]:
    """A frame beside the model's view of it, and the orientation against time."""
    known = [row for row, pose in enumerate(poses.frames) if pose.fit is not None]
    if not known:
        return ()
    row = known[len(known) // 2]
    return (
        *_frame_and_view(poses, row, movie, section, indices[row]),
        *_against_time(poses, known, movie, indices),
    )


def _frame_and_view(
    poses: "MoviePoses", row: int, movie: Movie, section: MovieSection, index: int
) -> list[Panel]:
    """Frame, best view of the model and their difference, band-passed alike."""
    from cinedot.micrographs.pose import model_camera, views_of

    pose = poses.frames[row]
    fit = pose.fit
    assert fit is not None
    image = movie.image(row)
    lens = lens_of(section, movie.voltage_kv)
    camera = model_camera(image.pixel_nm, lens, radius_nm=poses.model.radius_nm)
    step_y, step_x = image.pixel_y_nm, image.pixel_x_nm
    line, column = round(pose.y_nm / step_y), round(pose.x_nm / step_x)
    half = camera.side // 2
    top, left = max(line - half, 0), max(column - half, 0)
    cut = image.data[top : line - half + camera.side, left : column - half + camera.side]
    place = np.array([[pose.x_nm - column * step_x, pose.y_nm - line * step_y]])
    defocus = np.array([fit.defocus_nm])
    view = views_of(poses.model, camera).images(fit.rotation[None], place, defocus)[0]
    view = view[top - line + half :, left - column + half :][: cut.shape[0], : cut.shape[1]]
    level = float(np.median(image.data))
    shown = {
        f"Frame {index}": cut / level,
        "Model's view": 1 + fit.contrast * (view - 1),
    }
    shown["Difference"] = shown[f"Frame {index}"] - shown["Model's view"] + 1
    captions = (
        f"Frame {index} about the particle, band-passed as the paper did.",
        f"{poses.model.label} in the pose fitted to it, at {fit.defocus_nm:.1f} nm under-focus, "
        "filtered alike.",
        "Frame less view, filtered alike: what the average dot of this compound does not explain.",
    )
    return [
        Panel(title=title, caption=caption, figure=micrograph(_filtered(image, data)))
        for (title, data), caption in zip(shown.items(), captions, strict=True)
    ]


def _filtered(image: Image, data: np.ndarray) -> Image:
    return replace(image, data=bandpass(data.astype(np.float32)))


def _against_time(
    poses: "MoviePoses", known: Sequence[int], movie: Movie, indices: Sequence[int]
) -> list[Panel]:
    """How the particle turns: small turns from its mean orientation."""
    if len(known) < 2:
        return []
    from scipy.spatial.transform import Rotation

    fits = [poses.frames[row].fit for row in known]
    turns = Rotation.from_matrix(np.array([fit.rotation for fit in fits if fit is not None]))
    away = np.degrees((turns * turns.mean().inv()).as_rotvec())
    timed = movie.frame_s is not None
    time = np.array([indices[row] + 0.5 * timed for row in known]) * (movie.frame_s or 1.0)
    names = ("about x", "about y", "about the beam")
    curves = [
        Curve(x=time, y=away[:, axis], name=name, colour=colour, dash=dash)
        for axis, (name, colour, dash) in enumerate(
            zip(names, (ACCENT, SECOND, THIRD), ("solid", "dash", "dot"), strict=True)
        )
    ]
    spread = float(np.median([fit.sigma_turn_deg for fit in fits if fit is not None]))
    spread = float(np.hypot(spread, MODEL_TURN_DEG))
    return [
        Panel(
            title="How it turns",
            caption="Rotation from its mean orientation, about the frame's axes; each frame is "
            f"known to about {spread:.2f} degrees.",
            figure=plot(
                curves,
                x_title="time (s)" if timed else "frame",
                y_title="turn (degrees)",
                height=300,
            ),
        )
    ]
