"""Sections that a person corrected: analysed as recorded and as corrected, side by side.

The corrected answers stand under the quantities' own names, the automatic ones beside them under
`automatic_...`. Finished chunks of a movie are kept, so that only what a correction changed is
computed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cinedot.core import AnalysisError, Estimate
from cinedot.core.chunks import Runs
from cinedot.dossier.comparing import compare
from cinedot.dossier.corrections import Corrections, corrections_file, read_corrections
from cinedot.dossier.findings import Check, Findings, Panel, Task, Work
from cinedot.dossier.known import Known
from cinedot.dossier.manifest import Manifest, SampleFolder
from cinedot.dossier.quantities import AUTOMATIC

_MOST_NAMED = 6
"""Changed quantities that a check lists; all of them stand in the results."""


def with_automatic(
    sample: SampleFolder, tasks_of: Callable[[SampleFolder], tuple[Task, ...]]
) -> tuple[Task, ...]:
    """The tasks of a sample; those of sections that a person corrected do their work both ways.

    Args:
        sample: the folder.
        tasks_of: the tasks that a sample asks for, as its `corrections.toml` has it.

    Raises:
        InputError: `corrections.toml` cannot be used.
    """
    corrections = read_corrections(sample)
    automatic: dict[str, Task] = {}
    if corrections != Corrections():
        recorded = sample.model_copy(update={"as_recorded": True})
        automatic = {task.name: task for task in tasks_of(recorded)}
    tasks: list[Task] = []
    for task in tasks_of(sample):
        correction = _correction_of(task.name, sample.manifest, corrections)
        if correction is None:
            tasks.append(task)
            continue
        changed = sample.model_copy(update={"manifest": correction.manifest})
        corrected = next(one for one in tasks_of(changed) if one.name == task.name)
        tasks.append(_both(automatic[task.name], corrected, correction.said, sample))
    return tuple(tasks)


@dataclass(frozen=True, kw_only=True)
class _Correction:
    """What a section's analysis is changed by.

    Attributes:
        manifest: as corrected.
        said: who changed what and why.
    """

    manifest: Manifest
    said: tuple[str, ...]


def _correction_of(name: str, manifest: Manifest, corrections: Corrections) -> _Correction | None:
    """How a section is corrected; None where nobody did, or where the section itself compares."""
    kind, _, own = name.partition(" ")
    if kind == "movie":
        movie = next(one for one in manifest.movie if (one.name or "") == own)
        return _of_movie(manifest, corrections.of_movie(movie))
    for one in corrections.fit_ranges:
        if one.section == kind:
            section = getattr(manifest, kind).model_copy(update={"range_nm": one.range_nm})
            low, high = one.range_nm
            return _Correction(
                manifest=manifest.model_copy(update={kind: section}),
                said=(f"Fitted from {low:g} to {high:g} nm by hand ({one.signed}).",),
            )
    return None


def _of_movie(manifest: Manifest, corrections: Corrections) -> _Correction | None:
    said = [
        f"Orientation given by hand in frame {one.frame} ({one.signed})."
        for one in corrections.start_poses
    ]
    for one in corrections.chosen_edges:
        listed = ", ".join(
            str(edges) if isinstance(edges, int) else "x".join(map(str, edges))
            for edges in one.edges
        )
        compounds = f" of {', '.join(one.compounds)}" if one.compounds else ""
        said.append(f"Edges chosen by hand: {listed}{compounds} ({one.signed}).")
        chosen: dict[str, object] = {"edges": one.edges}
        if one.compounds:
            chosen["compounds"] = one.compounds
        manifest = manifest.model_copy(update={"model": manifest.model.model_copy(update=chosen)})
    if not said and not corrections.rejected_frames:
        return None
    return _Correction(manifest=manifest, said=tuple(said))


def _both(automatic: Task, corrected: Task, said: tuple[str, ...], sample: SampleFolder) -> Task:
    def prepare() -> Work:
        works = automatic.prepare(), corrected.prepare()

        def work(runs: Runs) -> Findings:
            recorded: Findings | str
            try:
                recorded = works[0](runs)
            except AnalysisError as fault:
                recorded = str(fault)
            try:
                found = works[1](runs)
            except AnalysisError as fault:
                raise AnalysisError(f"as corrected: {fault.reason}", remedy=fault.remedy) from fault
            found = replace(
                found,
                remarks=(*said, *found.remarks),
                inputs=tuple(dict.fromkeys((*found.inputs, *corrections_file(sample)))),
            )
            return _completed(corrected.name, recorded, found)

        return work

    return Task(name=corrected.name, prepare=prepare)


def _completed(name: str, recorded: Findings | str, found: Findings) -> Findings:
    """Both side by side; what still waits for other sections is compared once it is complete."""
    complete = found.completed
    if complete is None:
        return _beside(name, recorded, found)

    def completed(known: Known) -> Findings:
        full = complete(known)
        begun = recorded
        if isinstance(recorded, Findings) and recorded.completed is not None:
            begun = recorded.completed(known)
        return _beside(name, begun, replace(full, completed=None))

    return replace(found, completed=completed)


def _beside(name: str, recorded: Findings | str, found: Findings) -> Findings:
    if isinstance(recorded, str):
        remark = f"As recorded there is no answer: {recorded}"
        return replace(found, remarks=(*found.remarks, remark))
    changed = {
        key: (recorded.results[key], one)
        for key, one in found.results.items()
        if key in recorded.results and not _same(recorded.results[key], one)
    }
    automatic = {f"{AUTOMATIC}{key}": before for key, (before, _) in changed.items()}
    return replace(
        found,
        results={**found.results, **automatic},
        checks=(*found.checks, _check(name, changed)),
        panels=(*found.panels, *(_automatic_panel(one) for one in recorded.panels[:1])),
    )


def _same(one: Estimate, other: Estimate) -> bool:
    return (one.value, one.sigma) == (other.value, other.sigma)


def _check(name: str, changed: Mapping[str, tuple[Estimate, Estimate]]) -> Check:
    """What the corrections changed; both answers are of one record."""
    details = [
        compare(key, before, after, of=(f"{key} automatic", "corrected")).detail.rstrip(".")
        for key, (before, after) in changed.items()
    ]
    said = "; ".join(details[:_MOST_NAMED]) or "the corrections change no result"
    more = len(details) - _MOST_NAMED
    rest = f"; {more} more in the results" if more > 0 else ""
    return Check(
        name=f"{name}: automatic against corrected", status="circular", detail=f"{said}{rest}."
    )


def _automatic_panel(panel: Panel) -> Panel:
    return replace(panel, title=f"As recorded: {panel.title}")
