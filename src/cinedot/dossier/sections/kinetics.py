"""Section `kinetics`: a rise of light to its induction time, by laws that evidence weighs."""

from pathlib import Path

from cinedot.core import AnalysisError, Estimate, Progress
from cinedot.dossier.findings import Findings, SeriesPoint, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.manifest import KineticsSection, SampleFolder
from cinedot.dossier.sections.kinetics_looks import moving_bands, rising
from cinedot.dossier.sections.series import condition_of, stated_conditions
from cinedot.growth import (
    BandTraces,
    KineticRecord,
    KineticsFit,
    SpectralRecord,
    fit_bands_in_time,
    fit_kinetics,
    probability_shared,
    read_kinetics,
    single_wavelength_share,
)

_INITIAL_NM, _INITIAL_FWHM_NM = 440.0, 15.0
"""Where malic acid's samples shine at first, weakly (R45)."""
_FULL = 0.95
_DEFAULT_NM = 453.0


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[kinetics]`, if the manifest has it."""
    section = sample.manifest.kinetics
    if section is None:
        return ()
    return (Task(name="kinetics", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: KineticsSection) -> Work:
    path = find_file(sample, section.file, key="[kinetics] file")
    columns = section.columns.model_dump(exclude_none=True) if section.columns else None
    found = read_kinetics(
        path, columns=columns, series=section.series, wavelength_nm=section.wavelength_nm
    )
    if isinstance(found, SpectralRecord):
        return lambda progress: _spectral(found, path, section, progress)
    return lambda progress: _traces(found, path, section, progress)


def _traces(
    records: tuple[KineticRecord, ...], path: Path, section: KineticsSection, progress: Progress
) -> Findings:
    tracked = progress.track(records, description="kinetics: fitting", total=len(records))
    fits: list[KineticsFit] = []
    failures: list[AnalysisError] = []
    for record in tracked:
        try:
            fits.append(fit_kinetics(record))
        except AnalysisError as fault:
            failures.append(fault)
    if not fits:
        raise AnalysisError(failures[0].reason, remedy=failures[0].remedy)
    alone = len(records) == 1
    results = _results(fits[0]) if alone else {}
    shared = probability_shared(fits) if len(fits) > 1 else None
    if shared is not None:
        results["p_shared"] = shared
    warned = [] if all(one.whole for one in records) else [single_warning(records[0])]
    return Findings(
        results=results,
        series=() if alone else _series(fits),
        panels=(rising(fits),),
        remarks=(
            *warned,
            *(line for fit in fits for line in _remarks(fit, alone=alone)),
            *(str(fault) for fault in failures),
        ),
        facts=_facts(fits, path, section),
        inputs=(path,),
    )


def _spectral(
    record: SpectralRecord, path: Path, section: KineticsSection, progress: Progress
) -> Findings:
    (bands,) = (
        fit_bands_in_time(one)
        for one in progress.track((record,), description="kinetics: bands in time", total=1)
    )
    fit = fit_kinetics(bands.trace)
    results = _results(fit)
    wavelength = section.wavelength_nm or bands.peak_nm[bands.final]
    single = record.at(wavelength)
    try:
        at_one: KineticsFit | None = fit_kinetics(single)
    except AnalysisError:
        at_one = None
    if at_one is not None:
        results["induction_single"] = at_one.induction
    return Findings(
        results=results,
        panels=(rising([fit, *([at_one] if at_one else [])]), moving_bands(record, bands)),
        remarks=(_band_remark(bands, single, at_one), *_remarks(fit, alone=True)),
        facts={
            **_facts([fit], path, section),
            "spectra": f"{len(record.time_min)}, {record.wavelength_nm[0]:g} to "
            f"{record.wavelength_nm[-1]:g} nm",
            "bands": bands.text,
        },
        inputs=(path,),
    )


def single_warning(record: KineticRecord) -> str:
    """What a record at one wavelength cannot tell."""
    at = record.wavelength_nm or _DEFAULT_NM
    share = single_wavelength_share(at_nm=at, peak_nm=_INITIAL_NM, fwhm_nm=_INITIAL_FWHM_NM)
    where = f"{at:g} nm" if record.wavelength_nm else f"a single wavelength ({at:g} nm, say)"
    return (
        f"Light at {where} only: a band that is still at {_INITIAL_NM:g} nm shows "
        f"{100 * share:.0f} % of itself there, so that its shift looks like an induction. A "
        "table of wavelength against time tells the two apart."
    )


def _band_remark(bands: BandTraces, single: KineticRecord, at_one: KineticsFit | None) -> str:
    told = f"Bands of one shape throughout, each with its light: {bands.text}."
    if at_one is None:
        return told
    return (
        f"{told} The induction is that of the one at {bands.peak_nm[bands.final]:.1f} nm, the "
        f"brightest at the end; at {single.wavelength_nm:g} nm alone it would be "
        f"{at_one.induction.text()}."
    )


def _results(fit: KineticsFit) -> dict[str, Estimate]:
    found = {"induction": fit.induction}
    for name, end in (("induction_low", fit.low_min), ("induction_high", fit.high_min)):
        if end is not None and fit.induction.status == "ok":
            found[name] = Estimate(value=end, sigma=None, unit="min", method="averaged profile")
    best = fit.best
    law = Estimate(
        value=best.name,
        sigma=None,
        unit="",
        method=f"AICc, weight {float(fit.weights[0]):.2f}",
    )
    if fit.induction.status != "upper_limit":  # a tangent at the start says nothing of a wait
        found["induction_tangent"] = fit.tangent
    found |= {
        "half_time": fit.half,
        "reached": fit.reached,
        "law": law,
    }
    return found | dict(best.parameters)


def _series(fits: list[KineticsFit]) -> tuple[SeriesPoint, ...]:
    return tuple(
        (fit.record.label, condition_of(fit.record.label, index), name, one)
        for index, fit in enumerate(fits)
        for name, one in _results(fit).items()
    )


def _remarks(fit: KineticsFit, *, alone: bool) -> list[str]:
    told: list[str] = []
    if fit.induction.status == "upper_limit":
        told.append("no induction is seen: the light rises before the second time.")
    reached = float(fit.reached.value)
    if reached < _FULL:
        told.append(
            f"the record ends at {100 * reached:.0f} % of the rise that the laws expect: induction "
            "is 5 % of the level at its end, and dividing by that level hides the rest."
        )
    if fit.unidentified:
        names = ", ".join(fit.unidentified)
        told.append(
            f"the record does not tell {names} of the law {fit.best.name}: one wavelength fixes "
            "onset, slope and plateau."
        )
    if fit.best.correlation > 1.0:
        told.append(
            f"what the law leaves is not noise alone: {fit.best.correlation:.1f} neighbours count "
            "as one, and the sigmas are widened by it."
        )
    if alone:
        return [line[0].upper() + line[1:] for line in told]
    return [f"{fit.record.label}: {line}" for line in told]


def _facts(fits: list[KineticsFit], path: Path, section: KineticsSection) -> dict[str, str]:
    record = fits[0].record
    facts = {
        "file": path.name,
        "times": f"{len(record.time_min)}, to {record.span_min:g} min, "
        f"each {record.step_min:g} min",
    }
    if len(fits) == 1:
        weighed = zip(fits[0].laws, fits[0].weights.tolist(), strict=True)
        facts["laws"] = "; ".join(f"{law.name}: {w:.3f}" for law, w in weighed if w > 5e-4)
    facts |= stated_conditions(section)
    return facts
