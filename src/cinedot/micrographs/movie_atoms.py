"""Which atoms a movie's particle has: all sites, with what its frames share, and what changed.

Some frames, spread over the movie, are fitted together; then every frame says by itself how far
it departs from that, and steps in what they say are atoms that came or went.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Movie
from cinedot.core.chunks import Arrays, Runs, chunks_of, key_of
from cinedot.micrographs.frame_passes import Recording
from cinedot.micrographs.frame_path import FramePath
from cinedot.micrographs.movie_atom_setting import AtomModel
from cinedot.micrographs.movie_atom_work import FrameWork, JointWork
from cinedot.micrographs.movie_poses import MoviePoses
from cinedot.micrographs.occupancy.events import AtomEvent, FrameEvidence, events_of, find_steps
from cinedot.micrographs.occupancy.intervals import SiteInterval as SiteInterval
from cinedot.micrographs.occupancy.intervals import site_intervals
from cinedot.micrographs.occupancy.joint import JointFit
from cinedot.micrographs.occupancy.presence import SiteEvidence, site_evidence, widened_shared_sigma
from cinedot.micrographs.occupancy.unknowns import unknowns_of
from cinedot.micrographs.pose.models import DotModel
from cinedot.micrographs.pose.shared_state import SharedState
from cinedot.microscope import Lens
from cinedot.particle import Compound

_CHUNK = 30


@dataclass(frozen=True, eq=False, kw_only=True)
class MovieAtoms:
    """What a movie says of the atoms of one particle.

    Attributes:
        model: the dot.
        evidence: of each site over the frames that were fitted together.
        shared, shared_sigma: what all frames share; what the model is wrong by is in the sigmas.
        misfit: reduced chi-square of the joint fit.
        joint_frames: how many frames were fitted together.
        frames: how many were gone through for changes.
        events: losses, gains and hops.
        intervals: every site, a row for each of its intervals.
    """

    model: DotModel
    evidence: SiteEvidence
    shared: SharedState
    shared_sigma: Float[np.ndarray, " parameter"]
    misfit: float
    joint_frames: int
    frames: int
    events: tuple[AtomEvent, ...]
    intervals: tuple[SiteInterval, ...]


def measure_atoms(
    movie: Movie,
    poses: MoviePoses,
    compound: Compound,
    lens: Lens,
    *,
    zero: float = 0.0,
    recording: Recording | None = None,
    runs: Runs | None = None,
) -> MovieAtoms:
    """Find which atoms a particle has, and when they came or went.

    Args:
        movie: frames with a pixel size, as recorded: filtered ones have other noise.
        poses: the particle in each frame.
        compound: of the poses' model.
        lens: the microscope's, as stated.
        zero: what the camera writes without electrons, camera units.
        recording: how other processes open the same movie.
        runs: where chunks are worked on.

    Raises:
        AnalysisError: the film was processed; no frame with a sure pose.

    Example: see `tests/micrographs/test_movie_atoms.py`.
    """
    if movie.processed:
        raise AnalysisError(
            "the film was processed, which changes noise and contrast: atoms cannot be counted.",
            remedy="Analyse the recording as the camera wrote it.",
        )
    given = runs or Runs()
    path = FramePath.of(poses)
    known = recording or Recording(open=lambda: movie, key="")
    what = AtomModel(
        recording=known, cuboid=poses.model.cuboid, compound=compound, lens=lens, zero=zero
    )
    key = key_of(known.key, "atoms", poses.model.label, repr(lens), zero)
    carried = path.arrays()
    joint = given.over(
        [range(len(movie))],
        JointWork(what=what),
        key=key,
        description="Fitting atoms together",
        carry=lambda _: carried,
    )[0]
    rows = chunks_of(len(path.frame), _CHUNK)
    chunks = given.over(
        rows,
        FrameWork(what=what),
        key=key_of(key, "frames"),
        description="Atoms frame by frame",
        carry=lambda _: {**carried, **joint},
    )
    every = FrameEvidence(
        frame=path.frame, right=chunks.joined("right"), normal=chunks.joined("normal")
    )
    return _told(poses.model, joint, every, path, len(movie))


def _told(
    model: DotModel, joint: Arrays, every: FrameEvidence, path: FramePath, frames: int
) -> MovieAtoms:
    unknowns = unknowns_of(model)
    fit = JointFit(
        unknowns=unknowns,
        shared=SharedState(values=joint["shared"]),
        shared_sigma=joint["shared_sigma"],
        share=joint["share"],
        covariance=joint["covariance"],
        states=(),
        backgrounds=(),
        misfit=float(joint["misfit"]),
        chi_square=(),
    )
    evidence = site_evidence(fit)
    tested = unknowns.tested
    wrong = float(np.median(evidence.sigma_model[unknowns.site[tested]]))
    steps = find_steps(every, rotation=path.rotation, sigma_model=wrong)
    events = events_of(steps, every, unknowns.site[tested], unknowns.sites)
    return MovieAtoms(
        model=model,
        evidence=evidence,
        shared=fit.shared,
        shared_sigma=widened_shared_sigma(fit),
        misfit=fit.misfit,
        joint_frames=len(joint["joint_rows"]),
        frames=len(every.frame),
        events=tuple(events),
        intervals=tuple(site_intervals(fit, evidence, every, steps, joint["joint_rows"], frames)),
    )
