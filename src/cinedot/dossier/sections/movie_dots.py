"""Each particle of a movie as a dot of known kind: its poses, its atoms, and what is shown of them.

The surest particle, number 0, is what the section's results speak of. Every other one that is well
in the field is posed and its atoms are told in the same way: its rows stand in the same tables, its
numbers in `series.parquet`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.core.chunks import Runs
from cinedot.dossier.corrections import read_corrections
from cinedot.dossier.findings import Findings, Panel, SeriesPoint
from cinedot.dossier.manifest import MovieSection, SampleFolder
from cinedot.dossier.sections.movie_atoms import (
    atom_checks,
    atom_panels,
    atom_remarks,
    atom_results,
    atoms_of,
    claim_rows,
    event_rows,
    site_rows,
)
from cinedot.dossier.sections.movie_pictures import particle_panels
from cinedot.dossier.sections.movie_poses import pose_remarks, pose_results, poses_of
from cinedot.dossier.sections.movie_window import Window
from cinedot.micrographs import MovieMeasurement, Recording

if TYPE_CHECKING:
    from cinedot.micrographs.movie_atoms import MovieAtoms
    from cinedot.micrographs.movie_poses import MoviePoses

_LEAST_SHARE = 0.2
"""Of the frames, in which a particle must be found to be worth fitting."""
_INSIDE_NM = 1.2
"""From the field's border: nearer to it, more than half of a dot of n = 4 may lie outside."""
_APART_NM = 2.0
"""Between centres: two dots that near cover one another, and no model explains what is seen."""
_LIKE_THE_SUREST = 2.0
"""Factor within which all dots of a movie have one contrast: the model's own is 1."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Dot:
    """What was told of one particle.

    Attributes:
        number: of the particle, the surest is 0.
        poses: None where it could not be posed.
        atoms: None where they could not be told.
        reason: why something is not there; "" where all is.
    """

    number: int
    poses: "MoviePoses | None"
    atoms: "MovieAtoms | None" = None
    reason: str = ""


def dots_of(
    sample: SampleFolder,
    section: MovieSection,
    seen: MovieMeasurement,
    window: Window,
    recording: Recording,
    runs: Runs,
    *,
    zero: float,
) -> tuple[Dot, ...]:
    """Pose every particle, and tell its atoms; the surest first."""
    dots: list[Dot] = []
    for number in range(len(seen.particles)):
        lacking = _not_worth(seen, number) if number else None
        if lacking is not None:
            dots.append(Dot(number=number, poses=None, reason=f"It is not fitted: {lacking}."))
            continue
        poses, reason = poses_of(
            sample,
            section,
            seen,
            window.movie,
            recording,
            runs,
            zero=zero,
            number=number,
            by_hand={} if number else _by_hand(sample, section, window),
        )
        if poses is not None and number and not _alike(poses, dots[0].poses):
            reason = "It is not fitted: no model explains it with the contrast of a dot."
            poses = None
        if poses is None:
            dots.append(Dot(number=number, poses=None, reason=reason))
            continue
        atoms, reason = atoms_of(sample, section, poses, window.movie, recording, runs, zero=zero)
        dots.append(Dot(number=number, poses=poses, atoms=atoms, reason=reason))
    return tuple(dots)


def _by_hand(
    sample: SampleFolder, section: MovieSection, window: Window
) -> dict[int, Float[np.ndarray, "3 3"]]:
    """How the surest particle lies in some frames, as a person said."""
    given = read_corrections(sample).of_movie(section).start_poses
    return {
        window.indices.index(one.frame): Rotation.from_quat(
            one.rotation, scalar_first=True
        ).as_matrix()
        for one in given
    }


def _not_worth(seen: MovieMeasurement, number: int) -> str | None:
    """Why a particle beside the surest one is not fitted; None where it is worth it."""
    own = _places(seen, number)
    known = np.isfinite(own).all(axis=1)
    if known.mean() < _LEAST_SHARE:
        return f"it is found in {int(known.sum())} of {len(own)} frames only"
    image = seen.mean
    far = (np.array(image.data.shape[::-1]) - 1) * [image.pixel_x_nm, image.pixel_y_nm]
    middle = np.median(own[known], axis=0)
    if min(middle.min(), (far - middle).min()) < _INSIDE_NM:
        return "it lies at the field's border"
    for surer in range(number):
        apart = np.hypot(*(own - _places(seen, surer)).T)
        if np.isfinite(apart).any() and np.nanmedian(apart) < _APART_NM:
            return f"it overlaps particle {surer}"
    return None


def _places(seen: MovieMeasurement, number: int) -> Float[np.ndarray, "frame 2"]:
    return np.array([[one.x_nm, one.y_nm] for one in seen.particles[number]])


def _alike(poses: "MoviePoses", surest: "MoviePoses | None") -> bool:
    """Whether its contrast is a dot's: within a factor of the surest one's."""
    ratio = _contrast(poses) / (1.0 if surest is None else _contrast(surest))
    return 1 / _LIKE_THE_SUREST < ratio < _LIKE_THE_SUREST


def _contrast(poses: "MoviePoses") -> float:
    return float(np.median([one.fit.contrast for one in poses.frames if one.fit is not None]))


def dots_findings(
    dots: tuple[Dot, ...], section: MovieSection, window: Window, *, zero: float
) -> Findings:
    """What all dots add to the section: results of the surest, tables and claims of all."""
    import pandas as pd

    parts = [_of_dot(dot, section, window, zero=zero) for dot in dots]
    tables = {
        name: pd.concat([part.tables[name] for part in parts if name in part.tables])
        for name in ("events", "sites")
        if any(name in part.tables for part in parts)
    }
    return Findings(
        results=parts[0].results,
        series=tuple(
            point
            for dot, part in zip(dots[1:], parts[1:], strict=True)
            for point in _series(dot, part, window.movie.name)
        ),
        tables=tables,
        panels=tuple(panel for part in parts for panel in part.panels),
        remarks=tuple(remark for part in parts for remark in part.remarks),
        checks=tuple(check for part in parts for check in part.checks),
        claims=tuple(claim for part in parts for claim in part.claims),
    )


def _of_dot(dot: Dot, section: MovieSection, window: Window, *, zero: float) -> Findings:
    """One dot's findings; what speaks of another than the surest says so."""
    poses, atoms, name, indices = dot.poses, dot.atoms, window.movie.name, window.indices
    said = (dot.reason,) if dot.reason else ()
    if poses is None:
        return _numbered(Findings(results={}, remarks=said), dot.number)
    whole = dot.number == 0
    shown = particle_panels(poses, atoms, window.movie, section, indices, zero=zero, film=whole)
    tables = {"events": event_rows(atoms, poses, name, indices, dot.number)}
    told = Findings(
        results=pose_results(poses),
        tables=tables,
        panels=shown,
        remarks=(*pose_remarks(poses, indices), *said),
    )
    if atoms is not None:
        told = replace(
            told,
            results={**told.results, **atom_results(atoms)},
            tables={**tables, "sites": site_rows(atoms, name, indices, dot.number)},
            panels=(*shown, *atom_panels(atoms)),
            remarks=(*told.remarks, *atom_remarks(atoms, indices)),
            checks=atom_checks(atoms),
            claims=claim_rows(atoms, name, dot.number),
        )
    return _numbered(told, dot.number, poses)


def _numbered(found: Findings, number: int, poses: "MoviePoses | None" = None) -> Findings:
    """With the particle's number before all that is read, unless it is the surest."""
    if number == 0:
        return found
    kind = () if poses is None else (_kind(poses),)
    return replace(
        found,
        panels=tuple(
            Panel(title=f"Particle {number}: {one.title}", caption=one.caption, figure=one.figure)
            for one in found.panels
        ),
        remarks=tuple(f"Particle {number}: {one}" for one in (*kind, *found.remarks)),
        checks=tuple(replace(one, name=f"particle {number}: {one.name}") for one in found.checks),
    )


def _kind(poses: "MoviePoses") -> str:
    chance = poses.probability
    sure = "" if chance is None else f", with probability {chance:.3g}"
    return f"it is {poses.model.label}{sure}."


def _series(dot: Dot, found: Findings, movie: str) -> tuple[SeriesPoint, ...]:
    """A further dot's numbers; what is text stands in the remarks."""
    return tuple(
        (f"{movie}, particle {dot.number}", float(dot.number), quantity, estimate)
        for quantity, estimate in found.results.items()
        if not isinstance(estimate.value, str)
    )
