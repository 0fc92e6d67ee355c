"""The one entry: sample folder -> every analysis that its files allow -> dossier."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.core.chunks import Runs
from cinedot.dossier.both_ways import with_automatic
from cinedot.dossier.checks import cross_checks
from cinedot.dossier.findings import Check, Findings, NotAnalysed, SectionOutcome, Task, Work
from cinedot.dossier.folder import named_compound, open_folder
from cinedot.dossier.joint import joint_outcomes
from cinedot.dossier.known import Known, answers_of
from cinedot.dossier.manifest import Manifest, SampleFolder
from cinedot.dossier.quantities import reported_estimate
from cinedot.dossier.sections import section_names, tasks_of
from cinedot.dossier.sections.models import allowed_compounds
from cinedot.particle import Compound

log = logging.getLogger(__name__)


class InputErrors(ValueError):
    """Several inputs cannot be used; one line each.

    Attributes:
        faults: the errors, in the order of the sections.
    """

    def __init__(self, faults: Iterable[InputError]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything that a sample said.

    Attributes:
        sample: the folder and its manifest.
        outcomes: the sections, in the order of the report.
        checks: cross-checks.
        reported: the numbers of `[reported]`.
        seconds: how long the analysis took.
    """

    sample: SampleFolder
    outcomes: tuple[SectionOutcome, ...]
    checks: tuple[Check, ...]
    reported: dict[str, Estimate]
    seconds: float

    @property
    def failed(self) -> tuple[SectionOutcome, ...]:
        """The sections that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")


def analyze(
    folder: Path,
    *,
    only: tuple[str, ...] = (),
    allow_outside: bool = False,
    use_lab: bool = True,
    runs: Runs | None = None,
) -> Dossier:
    """Run every analysis that the files of a sample folder allow.

    All inputs are read and checked before anything is computed. A section that then fails does
    not keep the others from running. Results are not written (`write_dossier` does that), but for
    finished chunks, where `runs` has a store.

    Args:
        folder: the sample folder.
        only: names of sections to run; all when empty.
        allow_outside: let paths in `sample.toml` leave the folder.
        use_lab: take defaults from a `lab.toml` above the folder.
        runs: where chunks of frames are worked on, where finished ones stay, how progress shows.

    Raises:
        InputErrors: some input cannot be used; one line for each.
    """
    began = time.monotonic()
    try:
        sample = open_folder(folder, allow_outside=allow_outside, use_lab=use_lab)
        _something_to_do(sample)
        tasks = _chosen(with_automatic(sample, tasks_of), only, sample)
    except InputError as fault:
        raise InputErrors([fault]) from fault
    works = _prepared(tasks)
    reported = {
        key: reported_estimate(key, number) for key, number in sample.manifest.reported.items()
    }
    outcomes = [_run(name, work, runs or Runs()) for name, work in works]
    outcomes = _completed(outcomes, reported)
    offered = [one.name for one in allowed_compounds(sample)]
    outcomes += joint_outcomes(outcomes, sample.manifest.model.cuboids, offered)
    outcomes += _left_out(sample.manifest, only)
    return Dossier(
        sample=sample,
        outcomes=tuple(outcomes),
        checks=cross_checks(
            outcomes,
            reported,
            host=sample.manifest.sample.host,
            source=sample.manifest.sample.source,
            lattice_nm=sample.manifest.sample.lattice_nm,
            surfaces=_surfaces(sample),
        ),
        reported=reported,
        seconds=time.monotonic() - began,
    )


def _surfaces(sample: SampleFolder) -> tuple[Compound, ...] | None:
    """The compounds that the manifest names; None where it names none."""
    names = sample.manifest.model.compounds
    return None if names is None else tuple(named_compound(sample, name) for name in names)


def _something_to_do(sample: SampleFolder) -> None:
    if not section_names(sample.manifest) and not sample.manifest.reported:
        raise InputError(
            "at least one section must name a recording, but none does.",
            remedy="Take the comment marks away from a section and fill it in.",
            file=sample.manifest_file,
        )


def _chosen(tasks: tuple[Task, ...], only: tuple[str, ...], sample: SampleFolder) -> list[Task]:
    known = section_names(sample.manifest)
    for name in only:
        if name not in known:
            raise InputError(
                f"`--only` must name sections of this sample, but has {name!r}.",
                remedy=f"It has {', '.join(known)}." if known else "It has none.",
                file=sample.manifest_file,
            )
    return [task for task in tasks if not only or task.name.partition(" ")[0] in only]


def _prepared(tasks: list[Task]) -> list[tuple[str, Work]]:
    works: list[tuple[str, Work]] = []
    faults: list[InputError] = []
    for task in tasks:
        log.info("reading %s", task.name)
        try:
            works.append((task.name, task.prepare()))
        except InputError as fault:
            faults.append(fault)
    if faults:
        raise InputErrors(faults)
    return works


def _run(name: str, work: Work, runs: Runs) -> SectionOutcome:
    log.info("analysing %s", name)
    try:
        return SectionOutcome(name=name, status="ok", findings=work(runs.within(name)))
    except NotAnalysed as reason:
        return SectionOutcome(name=name, status="skipped", message=str(reason))
    except (AnalysisError, InputError) as fault:
        return SectionOutcome(name=name, status="failed", message=str(fault))
    except Exception as fault:  # one section's defect must not take the others' answers with it
        log.info("section %s failed", name, exc_info=True)
        message = f"unexpected {type(fault).__name__}: {' '.join(str(fault).split())[:300]}"
        remedy = "Please report what `cinedot -v analyze` prints."
        return SectionOutcome(name=name, status="failed", message=f"{message}. {remedy}")


def _completed(
    outcomes: list[SectionOutcome], reported: Mapping[str, Estimate]
) -> list[SectionOutcome]:
    """Let each section, in the order of the report, use what the others have found."""
    done = list(outcomes)
    for index, outcome in enumerate(done):
        complete = outcome.findings.completed if outcome.findings else None
        if complete is not None:
            known = Known(found=answers_of(done), reported=reported)
            work = partial(_with_known, complete, known)
            done[index] = _run(outcome.name, work, Runs())
    return done


def _with_known(complete: Callable[[Known], Findings], known: Known, _: Runs) -> Findings:
    return complete(known)


def _left_out(manifest: Manifest, only: tuple[str, ...]) -> Iterable[SectionOutcome]:
    for name in section_names(manifest):
        if only and name not in only:
            yield SectionOutcome(name=name, status="skipped", message="left out by --only.")
