"""Section `composition`: EDX to atoms and ligands per 64 metal atoms, and to a surface compound."""

from dataclasses import dataclass
from pathlib import Path

from cinedot.composition import (
    LINE_SIGMA,
    AtomCounts,
    EdxSpectrum,
    Ligands,
    Systematics,
    atoms_in,
    balanced_ligands,
    beam_systematics,
    calibrate,
    count_atoms,
    found_row,
    model_row,
    oxygens_in,
    read_percents,
)
from cinedot.core import InputError, Progress
from cinedot.dossier.findings import Findings, Panel, SeriesPoint, Task, Work
from cinedot.dossier.folder import find_file, find_files
from cinedot.dossier.manifest import CompositionSection, SampleFolder
from cinedot.dossier.sections.composition_inference import Inferred, inferred
from cinedot.dossier.sections.composition_looks import Standing, counts_panel, posterior_panel
from cinedot.dossier.sections.composition_remarks import Told, remarks_of
from cinedot.dossier.sections.composition_results import (
    element_results,
    ligand_results,
    lost_halides,
    share_series,
)
from cinedot.dossier.sections.composition_setting import Setting, prior_of, setting_of
from cinedot.dossier.sections.composition_spectra import (
    Fitted,
    fitted,
    peak_panels,
    peak_series,
    read_all,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """Counts, what all replicates share, the files that they come from, and fitted spectra."""

    counts: AtomCounts
    systematics: Systematics | None
    paths: tuple[Path, ...]
    spectra: Fitted | None = None


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[composition]`, if the manifest has it."""
    section = sample.manifest.composition
    if section is None:
        return ()
    return (Task(name="composition", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: CompositionSection) -> Work:
    setting = setting_of(sample, section)
    if section.file is None:
        paths = find_files(sample, section.spectra, key="[composition] spectra")
        spectra = read_all(paths, setting)
        return lambda progress: _of_spectra(spectra, paths, setting, progress)
    path = find_file(sample, section.file, key="[composition] file")
    counted = _counted(sample, path, setting)
    return lambda progress: _analyse(counted, setting, progress)


def _of_spectra(
    spectra: tuple[EdxSpectrum, ...], paths: tuple[Path, ...], setting: Setting, progress: Progress
) -> Findings:
    """Spectra counted as a thin film; too few counts are an answer, without numbers."""
    found = fitted(spectra, setting, progress)
    if found.counts is None:
        return Findings(
            results={},
            series=peak_series(found.fits),
            panels=peak_panels(found.fits),
            remarks=found.remarks,
            facts={"file": ", ".join(path.name for path in paths)},
            inputs=paths,
        )
    voltage_kv = spectra[0].voltage_kv
    assert voltage_kv is not None
    systematics = beam_systematics(
        found.counts, prior_of(setting.section, voltage_kv), line_sigma=LINE_SIGMA
    )
    counted = _Counted(counts=found.counts, systematics=systematics, paths=paths, spectra=found)
    return _analyse(counted, setting, progress)


def _counted(sample: SampleFolder, path: Path, setting: Setting) -> _Counted:
    """Counts of the table, set right by the reference if there is one."""
    section = setting.section
    counts, calibrated, paths = _table_counts(path, setting), frozenset[str](), (path,)
    if section.reference is not None:
        beside = find_file(sample, section.reference, key="[composition] reference")
        reference = _table_counts(beside, setting)
        try:
            known = atoms_in(section.reference_formula or "")
            counts, calibrated = calibrate(counts, reference, known)
        except InputError as fault:
            raise fault.within(file=beside) from fault
        paths = (path, beside)
    systematics = None
    if section.voltage_kv is not None:
        prior = prior_of(section, section.voltage_kv)
        try:
            systematics = beam_systematics(counts, prior, calibrated=calibrated)
        except InputError as fault:
            raise fault.within(file=path) from fault
    return _Counted(counts=counts, systematics=systematics, paths=paths)


def _table_counts(path: Path, setting: Setting) -> AtomCounts:
    section = setting.section
    percents = read_percents(path, spread=section.spread, averaged=section.replicates)
    try:
        return count_atoms(percents, metal=setting.metal)
    except InputError as fault:
        raise fault.within(file=path) from fault


def _analyse(counted: _Counted, setting: Setting, progress: Progress) -> Findings:
    counts, systematics = counted.counts, counted.systematics
    acids = progress.track(
        setting.acids, description="composition: ligands", total=len(setting.acids)
    )
    ligands = [
        (
            acid.ion,
            balanced_ligands(
                counts,
                a_ion=setting.a_ion,
                oxygens=oxygens_in(acid),
                charge=setting.section.ligand_charge,
                oxygen_background=float(setting.background.value),
                background_sigma=setting.background.sigma or 0.0,
            ),
        )
        for acid in acids
    ]
    compound = inferred(counts, systematics, setting)
    return Findings(
        results={
            **element_results(counts, systematics),
            **ligand_results(
                ligands,
                counts,
                systematics,
                cations="OAMH" if setting.a_ion in counts.elements else "cations",
            ),
            **lost_halides(counts, setting.host, systematics),
            **compound.results,
        },
        series=(
            *_shares(counts, ligands[0][1], setting, compound),
            *peak_series(() if counted.spectra is None else counted.spectra.fits),
        ),
        panels=_panels(counted, compound),
        remarks=(
            *remarks_of(_told(counted, setting, compound)),
            *(() if counted.spectra is None else counted.spectra.remarks),
        ),
        facts=_facts(counted, setting),
        inputs=counted.paths,
    )


def _shares(
    counts: AtomCounts, ligands: Ligands, setting: Setting, compound: Inferred
) -> tuple[SeriesPoint, ...]:
    """Models and finding, central and surface atoms; nothing without a host."""
    if setting.host is None:
        return ()
    models = [model_row(one, setting.host) for one in setting.compounds]
    return share_series([*models, found_row(counts, ligands, setting.host)], compound.together)


def _panels(counted: _Counted, compound: Inferred) -> tuple[Panel, ...]:
    own = () if counted.spectra is None else peak_panels(counted.spectra.fits)
    if compound.together is None:
        return own
    standing = Standing(
        counts=counted.counts,
        candidates=compound.candidates,
        systematics=counted.systematics,
    )
    chances = posterior_panel(compound.alone, compound.together, counted.systematics)
    return (counts_panel(standing), chances, *own)


def _told(counted: _Counted, setting: Setting, compound: Inferred) -> Told:
    return Told(
        counts=counted.counts,
        systematics=counted.systematics,
        alone=compound.alone,
        together=compound.together,
        binding=compound.binding,
        why_not=compound.why_not,
        charge=setting.section.ligand_charge,
        acids=tuple(acid.ion for acid in setting.acids),
        background=float(setting.background.value),
    )


def _facts(counted: _Counted, setting: Setting) -> dict[str, str]:
    counts = counted.counts
    facts = {
        "file": ", ".join(path.name for path in counted.paths),
        "elements": ", ".join((*counts.elements, counts.metal)),
        "counts": f"per 64 {counts.metal}, {counts.method}",
        "ligand charge": f"{setting.section.ligand_charge} on each acid",
    }
    if counted.systematics is not None:
        facts["beam and film"] = counted.systematics.said
        facts["substrate"] = setting.section.substrate or "not stated, taken as carbon"
    return facts
