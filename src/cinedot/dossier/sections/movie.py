"""Section `movie`: the dot in each frame, its edge and its lattice fringes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import (
    AnalysisError,
    ChosenFrames,
    Estimate,
    InputError,
    Movie,
    Progress,
)
from cinedot.core.tables import arrow_schema
from cinedot.dossier.figures import ACCENT, SECOND, Curve, micrograph, plot
from cinedot.dossier.findings import Findings, Panel, Task, Work
from cinedot.dossier.folder import find_file, find_files
from cinedot.dossier.manifest import MovieSection, SampleFolder
from cinedot.dossier.sections.fringes import fringe_panel, fringe_results, fringe_series
from cinedot.dossier.sections.scales import lattice_nm_of, not_used, scale_facts
from cinedot.micrographs import MovieMeasurement, measure_movie, open_movie
from cinedot.micrographs.readers.folder import FRAME_FILES

if TYPE_CHECKING:
    import pandas as pd

NAN = float("nan")

LEAST_FIELD_NM = 8.0
"""Side of the smallest field that a particle is looked for in: its own 2 to 4 nm and ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """The part of a recording that the manifest asks for.

    Attributes:
        movie: that part, as a movie.
        indices: which frames of the file it holds.
        x_nm, y_nm: its first pixel in the whole field.
        paths: the files read.
    """

    movie: Movie
    indices: tuple[int, ...]
    x_nm: float
    y_nm: float
    paths: tuple[Path, ...]


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """A task for each `[movie]`."""
    return tuple(
        Task(
            name="movie" if section.name is None else f"movie {section.name}",
            prepare=lambda section=section: _prepare(sample, section),
        )
        for section in sample.manifest.movie
    )


def _prepare(sample: SampleFolder, section: MovieSection) -> Work:
    key = "[movie] file"
    if any(mark in section.file for mark in "*?["):
        paths = find_files(sample, (section.file,), key=key)
        movie = open_movie(sample.folder / section.file)
    else:
        path = find_file(sample, section.file, key=key)
        paths = _frame_files(path) if path.is_dir() else (path,)
        movie = open_movie(path)
    movie = movie.calibrated(
        pixel_nm=section.pixel_size_nm,
        frame_s=section.frame_time_s,
        voltage_kv=section.voltage_kv,
    )
    if movie.frame_s is None and len(movie) > 1:
        raise InputError(
            "the time of a frame must be known, but the file does not state it.",
            remedy='Give it in sample.toml, as in frame_time = "20 ms".',
            file=section.file,
        )
    window = _window(replace(movie, name=section.name or movie.name), section, paths)
    _refuse_not_finite(window, section.file)
    return lambda progress: _analyse(sample, section, window, progress)


def _frame_files(folder: Path) -> tuple[Path, ...]:
    """The frames in a folder, without what else may lie there."""
    return tuple(
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower().lstrip(".") in FRAME_FILES and not path.name.startswith(".")
    )


def _refuse_not_finite(window: _Window, file: str) -> None:
    """Look through every frame for NaN; whole numbers have none, and are not read for it."""
    if not np.issubdtype(window.movie.frames.read(0, 1).dtype, np.floating):
        return
    for place, index in enumerate(window.indices):
        if not np.isfinite(window.movie.frames.read(place, place + 1)).all():
            raise InputError(
                "a frame must hold finite numbers, but some are NaN or infinite.",
                remedy=f"Leave it out, as in skip = [{index}].",
                file=file,
                place=f"frame {index}",
            )


def _window(movie: Movie, section: MovieSection, paths: tuple[Path, ...]) -> _Window:
    count, rows, columns = movie.frames.shape
    indices = _indices(section, count)
    image = movie.image(indices[0])
    x0, x1 = _pixels(section, 0, image.pixel_x_nm, columns)
    y0, y1 = _pixels(section, 1, image.pixel_y_nm, rows)
    part = ChosenFrames(source=movie.frames, indices=indices, rows=(y0, y1), columns=(x0, x1))
    return _Window(
        movie=replace(movie, frames=part),
        indices=indices,
        x_nm=x0 * image.pixel_x_nm,
        y_nm=y0 * image.pixel_y_nm,
        paths=paths,
    )


def _indices(section: MovieSection, count: int) -> tuple[int, ...]:
    """The frames of the file that `frames` and `skip` leave."""
    start, _, stop = (section.frames or ":").partition(":")
    chosen = range(int(start or 0), min(int(stop or count), count))
    kept = tuple(index for index in chosen if index not in section.skip)
    if not kept or max(section.skip, default=0) >= count or int(stop or 0) > count:
        raise InputError(
            f"`frames` and `skip` must leave frames of the movie's 0 to {count - 1}, "
            f"but are {section.frames!r} and {list(section.skip)}.",
            remedy="Frames count from 0; the end of a window is not in it.",
            file=section.file,
        )
    return kept


def _pixels(section: MovieSection, axis: int, pixel_nm: float, count: int) -> tuple[int, int]:
    """First and behind-last pixel of `region` along x (0) or y (1).

    A region closer about a particle than its lattice can be told from the ground's in is widened
    about its middle, as far as the field goes.
    """
    if section.region_nm is None:
        return 0, count
    low, high = section.region_nm[axis], section.region_nm[axis + 2]
    lacking = max(0.0, LEAST_FIELD_NM - (high - low)) / 2 if high > low else 0.0
    first = max(round((low - lacking) / pixel_nm), 0)
    last = min(round((high + lacking) / pixel_nm) + 1, count)
    if last <= first:
        raise InputError(
            f"`region` must lie within the field of {count * pixel_nm:.4g} nm, "
            f"but runs from {low:g} to {high:g} nm.",
            remedy="It is x0, y0, x1, y1, from the centre of the first pixel.",
            file=section.file,
        )
    return first, last


def _analyse(
    sample: SampleFolder, section: MovieSection, window: _Window, progress: Progress
) -> Findings:
    lattice_nm = lattice_nm_of(sample.manifest)
    seen = measure_movie(window.movie, progress=progress)
    if not seen.found:
        raise AnalysisError(
            f"no particle was found in {len(window.indices)} frames: {seen.reason}.",
            remedy="Check `pixel_size` and `region`.",
        )
    return Findings(
        results=_results(seen, lattice_nm),
        series=fringe_series(seen.fringes),
        tables={"frames": _rows(seen, window)},
        panels=_panels(seen),
        remarks=_remarks(section, seen),
        facts=_facts(section, window, seen),
        inputs=window.paths,
    )


def _results(seen: MovieMeasurement, lattice_nm: float | None) -> dict[str, Estimate]:
    results = {
        "frames_found": Estimate(
            value=float(seen.found), sigma=None, unit="", method=f"of {len(seen.frames)}"
        )
    }
    if seen.edge is not None:
        results["edge_nm"] = seen.edge
        if lattice_nm is not None and not isinstance(seen.edge.value, str):
            results["edge"] = Estimate(
                value=seen.edge.value / lattice_nm,
                sigma=None if seen.edge.sigma is None else seen.edge.sigma / lattice_nm,
                unit="",
                method=f"edge over the lattice constant of {lattice_nm:g} nm",
            )
    return {**results, **fringe_results(seen.fringes)}


def _rows(seen: MovieMeasurement, window: _Window) -> "pd.DataFrame":
    import pandas as pd

    rows = [
        (
            seen.movie,
            0,
            index,
            NAN if window.movie.frame_s is None else (index + 0.5) * window.movie.frame_s,
            frame.x_nm + window.x_nm,
            frame.y_nm + window.y_nm,
            *(NAN,) * 5,
            frame.sigma_xy_nm,
            NAN,
            NAN,
            # The place is known, the orientation is not.
            "ambiguous" if frame.status == "ok" else "absent",
        )
        for index, frame in zip(window.indices, seen.frames, strict=True)
    ]
    return pd.DataFrame(rows, columns=arrow_schema("frames").names)


def _remarks(section: MovieSection, seen: MovieMeasurement) -> tuple[str, ...]:
    remarks = [
        "The edge is read from the outline of the lattice in projection; the orientation is not "
        "fitted, so that every frame's pose is ambiguous."
    ]
    if seen.found < len(seen.frames):
        remarks.append(f"The particle is absent in {len(seen.frames) - seen.found} frames.")
    if section.processed:
        remarks.append("The film was processed: occupancies cannot be had from it.")
    return tuple(remarks)


def _facts(section: MovieSection, window: _Window, seen: MovieMeasurement) -> dict[str, str]:
    movie = window.movie
    facts = {"file": section.file, **scale_facts([movie], section.pixel_size_nm)}
    facts["frames"] = f"{len(window.indices)}"
    if movie.frame_s is not None:
        facts["frames"] += f" of {1e3 * movie.frame_s:g} ms"
    facts["particle"] = seen.reason
    return facts | not_used(section)


def _panels(seen: MovieMeasurement) -> tuple[Panel, ...]:
    outlines = [] if seen.outline_nm is None else [seen.outline_nm]
    filtered = replace(seen.mean, data=seen.filtered)
    panels = [
        Panel(
            title="Mean of the frames",
            caption=f"Mean of the {seen.found} frames with the particle, its drift taken out; the "
            "line is the outline of its lattice.",
            figure=micrograph(seen.mean, outlines=outlines, names=[seen.reason]),
        ),
        Panel(
            title="The same, band-passed",
            caption="Structures of 3 to 40 pixels, as Fiji's Bandpass Filter keeps them.",
            figure=micrograph(filtered),
        ),
    ]
    if seen.region_nm is not None and seen.fringes:
        panels.append(fringe_panel(seen.mean, seen.fringes, seen.region_nm))
    return (*panels, *_track(seen))


def _track(seen: MovieMeasurement) -> Sequence[Panel]:
    present = [frame for frame in seen.frames if frame.status == "ok"]
    if len(present) < 2:
        return ()
    timed = present[0].time_s is not None
    time = np.array([frame.time_s if timed else frame.frame for frame in present], dtype=float)
    x = np.array([frame.x_nm for frame in present])
    y = np.array([frame.y_nm for frame in present])
    spread = float(np.mean([frame.sigma_xy_nm for frame in present]))
    figure = plot(
        [
            Curve(x=time, y=x - x.mean(), name="x", colour=ACCENT),
            Curve(x=time, y=y - y.mean(), name="y", colour=SECOND, dash="dash"),
        ],
        x_title="time (s)" if timed else "frame",
        y_title="place − mean (nm)",
        height=300,
    )
    return (
        Panel(
            title="Where the particle is",
            caption=f"Centre of its outline, x and y, against time; each is known to about "
            f"{spread:.3f} nm.",
            figure=figure,
        ),
    )
