"""Sections of the contract that this version cannot analyse: their files are still checked."""

from pathlib import Path
from typing import Any

from cinedot.core import Progress
from cinedot.core.delimited import read_delimited
from cinedot.dossier.findings import Findings, NotAnalysed, Task, Work
from cinedot.dossier.folder import find_file, find_files
from cinedot.dossier.manifest import SampleFolder

_KINDS = ("crystals",)
_FILE_KEYS = ("file", "sample", "standard")
_FILES_KEYS = ("files", "spectra")
_TABLE_SUFFIXES = {".csv", ".tsv"}


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """One task a section present: it reads what can be read, then says that it is skipped."""
    present = [kind for kind in _KINDS if getattr(sample.manifest, kind)]
    return tuple(
        Task(name=kind, prepare=lambda kind=kind: _prepare(sample, kind)) for kind in present
    )


def _prepare(sample: SampleFolder, kind: str) -> Work:
    section = getattr(sample.manifest, kind)
    for part in section if isinstance(section, tuple) else (section,):
        for path in _named_files(sample, kind, part):
            if path.suffix.lower() in _TABLE_SUFFIXES:
                read_delimited(path)

    def work(_: Progress) -> Findings:
        raise NotAnalysed("this version of cinedot has no analysis for it.")

    return work


def _named_files(sample: SampleFolder, kind: str, section: Any) -> list[Path]:  # noqa: ANN401
    found: list[Path] = []
    for key in _FILE_KEYS:
        name = getattr(section, key, None)
        if name:
            found.append(find_file(sample, name, key=f"[{kind}] {key}"))
    for key in _FILES_KEYS:
        names = getattr(section, key, ())
        found.extend(find_files(sample, names, key=f"[{kind}] {key}") if names else ())
    return found
