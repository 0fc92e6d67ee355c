"""What the poses of a movie's dot say: results, rows of the table, remarks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate, Movie
from cinedot.core.chunks import Runs
from cinedot.dossier.manifest import MovieSection, SampleFolder
from cinedot.dossier.sections.models import allowed_compounds, host_with_lattice, lens_of
from cinedot.micrographs import MovieMeasurement, Recording
from cinedot.particle import Cuboid

if TYPE_CHECKING:
    from cinedot.micrographs.movie_poses import MoviePoses
    from cinedot.micrographs.pose import FramePose

MODEL_TURN_DEG, MODEL_PLACE_NM, MODEL_DEFOCUS_NM = 0.08, 0.0015, 0.15
"""What a pose may be off by beyond its noise, rms an axis: the average dot is not the true one, a
rocking dot is blurred, waves are coarse. From filmed dots over half a support of 3 nm of carbon
(five films, 0.11-0.15 degrees in all, 0.6-2 pm, 0.04-0.16 nm)."""

MOST_UNEQUAL = 0.005
"""Difference of a pixel's sides up to which it counts as square: 0.01 nm over a dot."""

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
    number: int = 0,
    by_hand: Mapping[int, Float[np.ndarray, "3 3"]] | None = None,
) -> tuple["MoviePoses | None", str]:
    """The poses of one of the particles, or None and why there are none.

    `by_hand` has the orientations that a person gives, by the frame's place in the movie.
    """
    from cinedot.micrographs.movie_poses import ModelRange, measure_poses, places_beside

    if sample.manifest.sample.host is None:
        return None, "Orientations are not fitted: the sample names no host."
    first = movie.image(0)
    pixel_nm, unequal = first.pixel_nm, abs(first.pixel_x_nm / first.pixel_y_nm - 1)
    if unequal > MOST_UNEQUAL:
        return None, (
            f"Orientations are not fitted: pixels of {first.pixel_x_nm:.4g} x "
            f"{first.pixel_y_nm:.4g} nm are not square. Resample the movie to square pixels, or "
            "give `pixel_size` in sample.toml if they are."
        )
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
        poses = measure_poses(
            movie,
            seen.particles[number],
            models,
            lens,
            zero=zero,
            beside_nm=places_beside(seen.particles, number),
            recording=recording,
            runs=runs,
            by_hand=by_hand,
        )
    except AnalysisError as reason:
        return None, f"Orientations could not be fitted: {reason.reason}"
    if not any(pose.fit is not None for pose in poses.frames):
        return None, "No frame shows a pose of any model that is offered."
    return poses, ""


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
