"""What a section of the dossier is: a task before it ran, findings or a reason after."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cinedot.core import Estimate
from cinedot.core.chunks import Runs
from cinedot.dossier.known import Known

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

SectionStatus = Literal["ok", "failed", "skipped"]
CheckStatus = Literal["agree", "tension", "undecided", "circular"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmTrace:
    """A line of the band beneath a film.

    Attributes:
        name: what it shows.
        dash: lengths of ink and gap, pixels, as in SVG; "" for an unbroken line.
        pieces: unbroken pieces of (time, height), both as shares of the band, 0 to 1, upwards.
    """

    name: str
    dash: str
    pieces: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmBand:
    """What changes in the course of a film, drawn beneath it against time.

    Attributes:
        traces: its lines.
        marks: (share of the band, name) of moments.
        low, high: what its lower and upper ends stand for, in words.
        first, last: the same of its left and right ends.
    """

    traces: tuple[FilmTrace, ...]
    marks: tuple[tuple[float, str], ...]
    low: str
    high: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """Frames that a reader plays or steps through.

    Attributes:
        columns: titles of the pictures that each frame shows side by side.
        pictures: a data address a frame, of all its pictures in a row.
        said: a sentence a frame: number, time, status.
        at: when each frame is, as a share of the band beneath, 0 to 1.
        begin: which is shown first.
        pace_s: how long each is shown when played.
        paced: that in words.
        wide: width of the row over its height.
        bar: a scale bar's share of the row's width.
        bar_text: its length in words.
        band: what changes, or None.
    """

    columns: tuple[str, ...]
    pictures: tuple[str, ...]
    said: tuple[str, ...]
    at: tuple[float, ...]
    begin: int
    pace_s: float
    paced: str
    wide: float
    bar: float
    bar_text: str
    band: FilmBand | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A figure of the report.

    Attributes:
        title: a few words.
        caption: what is seen, with scales and units.
        figure: the Plotly figure, or a film to play.
    """

    title: str
    caption: str
    figure: "go.Figure | Film"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Whether two answers to the same question agree.

    Attributes:
        name: the question.
        status: agree, tension, undecided (the data do not tell) or circular (not independent).
        detail: one sentence with the numbers.
    """

    name: str
    status: CheckStatus
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A statement about a particle, for `claims.json`.

    Attributes:
        movie, particle: whose.
        claim: the statement.
        verdict: supported, contradicted or not testable.
        limit: upper 95 % bound of the share of tested sites that contradict it, or None.
        tested, sites: how many of how many sites would have shown it.
        detail: one sentence with the numbers.
    """

    movie: str
    particle: int
    claim: str
    verdict: str
    limit: float | None
    tested: int
    sites: int
    detail: str


SeriesPoint = tuple[str, float, str, Estimate]
"""Label of a record, the condition as a number, quantity, estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that one section found.

    Attributes:
        results: quantity -> estimate; the keys and units of `dossier.json`.
        series: the same quantities under several conditions, for `series.parquet`.
        tables: result table -> rows in the columns of `core/schemas/tables.json`.
        panels: figures.
        remarks: sentences that a reader must know beside the numbers.
        facts: what the files said of themselves: pixel size, frames, voltage.
        inputs: the files that were read.
        checks: cross-checks that need this section alone.
        claims: statements that the section supports, contradicts or cannot test.
        completed: what they become once all sections have run, where they need others' answers.
    """

    results: Mapping[str, Estimate]
    series: tuple[SeriesPoint, ...] = ()
    tables: "Mapping[str, pd.DataFrame]" = field(default_factory=dict[str, Any])
    panels: tuple[Panel, ...] = ()
    remarks: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: tuple[Path, ...] = ()
    checks: tuple[Check, ...] = ()
    claims: tuple[ClaimRow, ...] = ()
    completed: "Callable[[Known], Findings] | None" = None


Work = Callable[[Runs], Findings]
"""What is left to do for a section; its progress shows, and its chunks are done, through `Runs`."""


class NotAnalysed(Exception):
    """A section's files are sound, but there is nothing here that could analyse them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A section that the manifest asks for.

    Attributes:
        name: the section's name in the dossier: "emission", "movie", "movie NAME".
        prepare: read and check the input (InputError ends the run before anything is
            computed), and return the work that is left.
    """

    name: str
    prepare: Callable[[], Work]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionOutcome:
    """How a section ended.

    Attributes:
        name: the section.
        status: ok, failed or skipped.
        message: why it failed or was skipped; "" when ok.
        findings: what it found, when ok.
    """

    name: str
    status: SectionStatus
    message: str = ""
    findings: Findings | None = None
