"""One module a section of `sample.toml`: read its files, run its room, keep what a reader needs.

Each module offers `tasks(sample)`: none when the manifest lacks its section. A task first reads
and checks (errors there end the run with exit status 2, before anything is computed), then hands
back the work. What the work finds becomes results, table rows, figures and remarks.
"""

from cinedot.dossier.findings import Task
from cinedot.dossier.manifest import Manifest, SampleFolder
from cinedot.dossier.sections import (
    absorbance,
    circular_dichroism,
    composition,
    crystals,
    decay,
    electroluminescence,
    emission,
    infrared,
    kinetics,
    mass_spectrum,
    movie,
    quantum_yield,
    recipe,
    stability,
    survey,
    titration,
)

# What needs another's answer stands after it.
_IN_ORDER = (
    survey,
    movie,
    emission,
    absorbance,
    quantum_yield,
    decay,
    kinetics,
    stability,
    electroluminescence,
    circular_dichroism,
    infrared,
    recipe,
    titration,
    composition,
    mass_spectrum,
    crystals,
)


def tasks_of(sample: SampleFolder) -> tuple[Task, ...]:
    """The tasks that a manifest asks for, in the order of the report."""
    return tuple(task for section in _IN_ORDER for task in section.tasks(sample))


def section_names(manifest: Manifest) -> tuple[str, ...]:
    """The names of the sections with files that a manifest has, several movies as one."""
    return tuple(
        name
        for name in type(manifest).model_fields
        if name not in {"sample", "model", "reported"} and getattr(manifest, name)
    )
