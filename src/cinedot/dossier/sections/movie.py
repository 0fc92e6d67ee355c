"""Section `movie`: the dots in each frame, the surest one's edge and lattice fringes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import Estimate, Movie
from cinedot.core.chunks import Runs
from cinedot.core.tables import arrow_schema
from cinedot.dossier.corrections import read_corrections
from cinedot.dossier.figures import ACCENT, SECOND, Curve, micrograph, plot
from cinedot.dossier.findings import Findings, Panel, Task, Work
from cinedot.dossier.manifest import MovieSection, SampleFolder
from cinedot.dossier.sections.calibration import LatticeFindings, lattice_findings
from cinedot.dossier.sections.counting import Counting, counting_findings
from cinedot.dossier.sections.fringes import fringe_panel
from cinedot.dossier.sections.lattice import known_lattice
from cinedot.dossier.sections.movie_dots import Dot, dots_findings, dots_of
from cinedot.dossier.sections.movie_poses import pose_columns
from cinedot.dossier.sections.movie_search import particles_of
from cinedot.dossier.sections.movie_window import Window, open_window
from cinedot.dossier.sections.picked_edges import corrected_section, with_corrections
from cinedot.dossier.sections.scales import lattice_nm_of, scale_facts
from cinedot.dossier.sections.unfit_frames import fault_checks, fault_results
from cinedot.micrographs import FrameMeasurement, MovieMeasurement

if TYPE_CHECKING:
    import pandas as pd

NAN = float("nan")

SURE_DRIFT_NM = 0.5
"""A drift less sure than this is not stated."""


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """A task for each `[movie]`."""
    read_corrections(sample)  # a fault in it is told once, not by every movie
    return tuple(
        Task(
            name="movie" if section.name is None else f"movie {section.name}",
            prepare=lambda section=section: _prepare(sample, section),
        )
        for section in sample.manifest.movie
    )


def _prepare(sample: SampleFolder, section: MovieSection) -> Work:
    kept = corrected_section(sample, section)
    window = open_window(sample, kept)
    return lambda runs: with_corrections(
        sample, section, _analyse(sample, kept, window, runs), window
    )


def _analyse(sample: SampleFolder, section: MovieSection, window: Window, runs: Runs) -> Findings:
    lattice_nm = lattice_nm_of(sample.manifest)
    recording = window.recording()
    seen = particles_of(sample, section, window, recording, runs)
    faults = {window.indices[index]: one for index, one in seen.faults.items()}
    electrons = counting_findings(window.movie, section)
    lattice = _lattice(sample, section, seen)
    zero = _zero(section, electrons)
    dots = dots_of(sample, section, seen, window, recording, runs, zero=zero)
    told = dots_findings(dots, section, window, zero=zero)
    return Findings(
        results={
            **_results(seen, lattice_nm),
            **fault_results(faults),
            **lattice.results,
            **electrons.results,
            **told.results,
        },
        series=(*lattice.series, *told.series),
        tables={"frames": _rows(seen, dots, window), **told.tables},
        panels=(*told.panels, *_panels(seen, lattice)),
        remarks=(
            *told.remarks,
            *_remarks(window.movie, seen),
            *lattice.remarks,
            *electrons.remarks,
        ),
        facts={**_facts(section, window, seen), **lattice.facts, **electrons.facts},
        inputs=window.paths,
        checks=(
            *fault_checks(faults, len(window.indices)),
            *lattice.checks,
            *electrons.checks,
            *told.checks,
        ),
        claims=told.claims,
    )


def _zero(section: MovieSection, electrons: Counting) -> float:
    """What the camera writes without electrons: as stated, else as estimated, else 0."""
    if section.offset is not None:
        return section.offset
    found = electrons.results.get("offset")
    if found is None or found.status != "ok" or isinstance(found.value, str):
        return 0.0
    return float(found.value)


def _lattice(
    sample: SampleFolder, section: MovieSection, seen: MovieMeasurement
) -> LatticeFindings:
    """The particle's fringes; indexed only for a material that lies on a known zone axis.

    A tilted dot's fringes are rows in projection, which no zone axis explains.
    """
    tilted = sample.manifest.sample.host is not None
    known = None if tilted else known_lattice(sample.manifest)
    return lattice_findings(
        seen.mean, seen.fringes, known, zone=section.zone, region_nm=seen.region_nm
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
    return results


def _rows(seen: MovieMeasurement, dots: Sequence[Dot], window: Window) -> "pd.DataFrame":
    import pandas as pd

    rows = [
        (
            seen.movie,
            dot.number,
            index,
            NAN if window.movie.frame_s is None else (index + 0.5) * window.movie.frame_s,
            *_columns(frame, dot, row, window),
        )
        for dot, frames in zip(dots, seen.particles, strict=True)
        for row, (index, frame) in enumerate(zip(window.indices, frames, strict=True))
    ]
    return pd.DataFrame(rows, columns=arrow_schema("frames").names)


def _columns(frame: FrameMeasurement, dot: Dot, row: int, window: Window) -> tuple[object, ...]:
    """A frame's columns from x_nm on: its pose where one was fitted, else its place."""
    if dot.poses is not None:
        return pose_columns(dot.poses.frames[row], window.x_nm, window.y_nm)
    return (
        frame.x_nm + window.x_nm,
        frame.y_nm + window.y_nm,
        *(NAN,) * 5,
        frame.sigma_xy_nm,
        NAN,
        NAN,
        # The place is known, the orientation is not.
        "ambiguous" if frame.status == "ok" else frame.status,
    )


def _remarks(movie: Movie, seen: MovieMeasurement) -> tuple[str, ...]:
    remarks = ["edge_nm is read from the outline of the lattice in projection."]
    absent = sum(frame.status == "absent" for frame in seen.frames)
    if absent:
        remarks.append(f"The particle is absent in {absent} frames.")
    if seen.unfit:
        remarks.append(f"Warning: {len(seen.unfit)} frames are unfit: see the check `frames`.")
    if seen.others:
        remarks.append(
            f"{len(seen.others)} more particles are followed; results, edge and fringes are those "
            "of the surest one, number 0, and the others' are in the tables and in series.parquet."
        )
    if movie.processed:
        remarks.append("The film was processed: occupancies cannot be had from it.")
    return tuple(remarks)


def _facts(section: MovieSection, window: Window, seen: MovieMeasurement) -> dict[str, str]:
    movie = window.movie
    facts = {"file": section.file, **scale_facts([movie], section.pixel_size_nm)}
    facts["frames"] = f"{len(window.indices)}"
    if movie.frame_s is not None:
        facts["frames"] += f" of {1e3 * movie.frame_s:g} ms"
    facts["particle"] = seen.reason
    if len(seen.frames) > 1:
        facts["drift"] = _drift_text(seen)
    return facts


def _drift_text(seen: MovieMeasurement) -> str:
    fit = [index for index in range(len(seen.frames)) if index not in seen.unfit]
    first, last = fit[0], fit[-1]
    sigma = float(seen.field.sigma_drift_nm[last])
    if sigma > SURE_DRIFT_NM:
        return "not known: frames have too little in common"
    x, y = (float(part) for part in seen.field.drift_nm[last] - seen.field.drift_nm[first])
    return f"x {x:+.3f}, y {y:+.3f} ± {sigma:.3f} nm from the first frame to the last"


def _panels(seen: MovieMeasurement, lattice: LatticeFindings) -> tuple[Panel, ...]:
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
        panels.append(fringe_panel(seen.mean, lattice.fringes, seen.region_nm, lattice.indexing))
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
