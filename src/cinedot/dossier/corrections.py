"""`corrections.toml` beside `sample.toml`: what was corrected by hand, by whom, when and why.

Automatic answers stay in the dossier beside the corrected ones.
"""

import datetime
import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from cinedot.core import InputError
from cinedot.core.nearest import did_you_mean
from cinedot.dossier.complaints import explained
from cinedot.dossier.folder import read_toml, tuples_for_lists
from cinedot.dossier.manifest import Edge, MovieSection, SampleFolder
from cinedot.dossier.manifest_section import Section
from cinedot.dossier.manifest_units import Nanometre, SignedNanometre

FILE = "corrections.toml"
_EXAMPLE = "docs/movies.md has an example of every correction."

Ends = tuple[SignedNanometre, SignedNanometre, SignedNanometre, SignedNanometre]
Frame = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]
CuboidEdges = Edge | tuple[Edge, Edge, Edge]
_OF_MOVIES = ("picked_edges", "rejected_frames", "start_poses", "chosen_edges")


class Correction(Section):
    """Who corrected something, when, and why."""

    who: Text
    when: datetime.date
    why: Text

    @property
    def signed(self) -> str:
        """As in "A. Person, 2026-01-15: it left the field"."""
        return f"{self.who}, {self.when.isoformat()}: {self.why.rstrip('.')}"


class RejectedFrames(Correction):
    """Frames of a movie that must not count."""

    movie: Text | None = None
    frames: tuple[Frame, ...] = Field(min_length=1)


class RejectedParticles(Correction):
    """Particles of a survey image that must not count, by a point in each, nm."""

    image: Text
    at_nm: tuple[tuple[SignedNanometre, SignedNanometre], ...] = Field(alias="at", min_length=1)


class PickedEdges(Correction):
    """Whole edges of the particle in a frame, by their ends x0, y0, x1, y1 in nm of the field.

    Two or three edges of different directions; or, with `parallel`, two outlines and the central
    line between them.
    """

    movie: Text | None = None
    frame: Frame
    ends_nm: tuple[Ends, ...] = Field(alias="ends", min_length=2, max_length=3)
    sigma_nm: Nanometre = Field(default=0.05, alias="sigma")
    parallel: bool = False

    @model_validator(mode="after")
    def _can_be_edges(self) -> "PickedEdges":
        if any(one[:2] == one[2:] for one in self.ends_nm):
            raise InputError(
                "`ends` must be two points of each edge, but two are the same.",
                remedy='Write each as in ["4.1 nm", "3.0 nm", "6.0 nm", "3.3 nm"].',
            )
        if self.parallel and len(self.ends_nm) != 3:
            raise InputError(
                f"`ends` must be three parallel lines, but are {len(self.ends_nm)}.",
                remedy="Give both outlines and the central line, or leave `parallel` out.",
            )
        return self


class StartPose(Correction):
    """How the surest particle of a movie lies in a frame: poses are followed from there on.

    `rotation` takes crystal axes to frame axes: a quaternion, scalar first, of any length.
    """

    movie: Text | None = None
    frame: Frame
    rotation: tuple[float, float, float, float]

    @model_validator(mode="after")
    def _turns(self) -> "StartPose":
        if not math.hypot(*self.rotation) > 1e-6:
            raise InputError(
                "`rotation` must be a quaternion qw, qx, qy, qz, but has no length.",
                remedy="Write it as in rotation = [0.9239, 0.0, 0.0, 0.3827]: 45 degrees about z.",
            )
        return self


class ChosenEdges(Correction):
    """What the particles of a movie are, instead of all that `[model]` offers."""

    movie: Text | None = None
    edges: tuple[CuboidEdges, ...] = Field(min_length=1)
    compounds: tuple[Text, ...] | None = None


class FitRange(Correction):
    """The wavelengths of a section that count, instead of all or of its `range`."""

    section: Literal["emission", "absorbance", "electroluminescence"]
    range_nm: tuple[Nanometre, Nanometre] = Field(alias="range")

    @model_validator(mode="after")
    def _ordered(self) -> "FitRange":
        if self.range_nm[0] >= self.range_nm[1]:
            raise InputError(
                f"`range` must run from low to high, but is {self.range_nm} nm.",
                remedy='Write it as in range = ["430 nm", "520 nm"].',
            )
        return self


class Corrections(Section):
    """A whole `corrections.toml`."""

    picked_edges: tuple[PickedEdges, ...] = ()
    rejected_frames: tuple[RejectedFrames, ...] = ()
    rejected_particles: tuple[RejectedParticles, ...] = ()
    start_poses: tuple[StartPose, ...] = ()
    chosen_edges: tuple[ChosenEdges, ...] = ()
    fit_ranges: tuple[FitRange, ...] = ()

    def of_movie(self, section: MovieSection) -> "Corrections":
        """Those of one movie; those that name none are of the only one."""
        own = {
            kind: tuple(one for one in getattr(self, kind) if one.movie in (None, section.name))
            for kind in _OF_MOVIES
        }
        return Corrections(**own)


def corrections_file(sample: SampleFolder) -> tuple[Path, ...]:
    """`corrections.toml`, if the folder has one."""
    file = sample.folder / FILE
    return (file,) if file.is_file() else ()


def read_corrections(sample: SampleFolder) -> Corrections:
    """What `corrections.toml` says; nothing where there is none, or it is to be passed over.

    Raises:
        InputError: broken TOML, an unknown key, a movie or a survey that the sample does not have.
    """
    for file in () if sample.as_recorded else corrections_file(sample):
        try:
            found = Corrections.model_validate(tuples_for_lists(read_toml(file)))
        except ValidationError as fault:
            # A misspelt key leaves its right spelling missing: the misspelling is the cause.
            complaints = sorted(fault.errors(), key=lambda one: one["type"] != "extra_forbidden")
            raise explained(complaints[0], file, root=Corrections, example=_EXAMPLE) from fault
        _check_movies(found, sample, file)
        _check_once(found, sample, file)
        if found.rejected_particles and sample.manifest.survey is None:
            raise InputError(
                "rejected particles must be of a survey, but sample.toml has none.",
                remedy="Add [survey] there, or take them out.",
                file=file,
                place="[rejected_particles]",
            )
        return found
    return Corrections()


def _check_movies(found: Corrections, sample: SampleFolder, file: Path) -> None:
    names = [section.name for section in sample.manifest.movie]
    for kind in _OF_MOVIES:
        try:
            for one in getattr(found, kind):
                _check_movie(one.movie, names)
        except InputError as fault:
            raise fault.within(file=file, place=f"[{kind}] movie") from fault


def _check_once(found: Corrections, sample: SampleFolder, file: Path) -> None:
    """Refuse two words on the same thing, and ranges of sections that are not there."""
    for kind, about in (
        ("start_poses", [(one.movie, one.frame) for one in found.start_poses]),
        ("chosen_edges", [one.movie for one in found.chosen_edges]),
        ("fit_ranges", [one.section for one in found.fit_ranges]),
    ):
        if len(set(about)) < len(about):
            raise InputError(
                "no two entries may be about the same, but two are.",
                remedy="Keep the one that holds.",
                file=file,
                place=f"[{kind}]",
            )
    for one in found.fit_ranges:
        if getattr(sample.manifest, one.section) is None:
            raise InputError(
                f"`section` must be one of sample.toml's, but it has no [{one.section}].",
                remedy="Add it there, or take the correction out.",
                file=file,
                place="[fit_ranges] section",
            )


def _check_movie(movie: str | None, names: list[str | None]) -> None:
    known = [name for name in names if name is not None]
    listed = f"Known are {', '.join(known)}." if known else "Leave it out: there is only one."
    if not names:
        raise InputError(
            "what is corrected must be in sample.toml, but it has no [movie].",
            remedy="Add one there, or take the correction out.",
        )
    if movie is None and len(names) > 1:
        raise InputError(
            "`movie` must be given where there are several, but is missing.", remedy=listed
        )
    if movie is not None and movie not in known:
        raise InputError(
            f"`movie` must be the name of a [[movie]], but is {movie!r}.",
            remedy=did_you_mean(movie, known, mark="`") + listed,
        )
