"""Section `stability`: intensity against time to half-lives; conditions set side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cinedot.core import Estimate, Progress
from cinedot.dossier.findings import Findings, Panel, SeriesPoint, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.manifest import ConditionSection, SampleFolder
from cinedot.dossier.sections.series import stated_conditions
from cinedot.dossier.sections.stability_looks import fading, in_days, moving
from cinedot.spectroscopy import (
    AgeingRecord,
    LigandLoss,
    SpectralShift,
    StabilityFit,
    compare_conditions,
    concentration_of,
    fit_ligand_loss,
    fit_shift,
    fit_stability,
    probability_alike,
    read_ageing,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Condition:
    """A record with what the manifest says of how it was kept."""

    record: AgeingRecord
    section: ConditionSection
    additive: str | None

    @property
    def otherwise(self) -> tuple[object, ...]:
        """Everything but the additive: conditions that differ here are not compared by it."""
        return (self.section.condition, self.section.temperature, self.section.excitation_nm)


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """A task a table, and where there are several one that compares them."""
    sections = sample.manifest.stability
    own = tuple(
        Task(
            name=f"stability {one.name}" if one.name else "stability",
            prepare=lambda one=one: _prepare(sample, (one,), compare_only=False),
        )
        for one in sections
    )
    if len(sections) < 2:
        return own
    together = Task(name="stability", prepare=lambda: _prepare(sample, sections, compare_only=True))
    return (*own, together)


def _prepare(
    sample: SampleFolder, sections: Sequence[ConditionSection], *, compare_only: bool
) -> Work:
    conditions: list[_Condition] = []
    paths: list[Path] = []
    for section in sections:
        path = find_file(sample, section.file, key="[stability] file")
        paths.append(path)
        columns = section.columns.model_dump(exclude_none=True) if section.columns else None
        records = read_ageing(path, columns=columns, series=section.series)
        conditions += _conditions(records, section, named=compare_only)
    return lambda progress: _analyse(
        tuple(conditions), tuple(paths), progress, compare_only=compare_only
    )


def _conditions(
    records: Sequence[AgeingRecord], section: ConditionSection, *, named: bool
) -> list[_Condition]:
    """One a record; among several tables the own name stands before its headings."""
    if len(records) > 1:
        before = f"{section.name}: " if named else ""
        return [
            _Condition(
                record=replace(one, label=f"{before}{one.label}"),
                section=section,
                additive=one.label,
            )
            for one in records
        ]
    label = section.name or section.condition or records[0].label
    return [
        _Condition(
            record=replace(records[0], label=label), section=section, additive=section.additive
        )
    ]


def _analyse(
    conditions: tuple[_Condition, ...],
    paths: tuple[Path, ...],
    progress: Progress,
    *,
    compare_only: bool,
) -> Findings:
    tracked = progress.track(conditions, description="stability: fitting", total=len(conditions))
    fits = [fit_stability(one.record) for one in tracked]
    shifts = [_shift(one.record) for one in conditions]
    ligand, why_not = _ligand(conditions, fits) if len(fits) > 1 else (None, None)
    results: dict[str, Estimate] = {}
    series: list[SeriesPoint] = []
    if len(fits) == 1:
        results = _results(fits[0], shifts[0])
    else:
        results = _compared(fits, ligand)
        if not compare_only:
            series = [
                (fit.record.label, x, name, one)
                for x, fit, shift in zip(_places(conditions), fits, shifts, strict=True)
                for name, one in _results(fit, shift).items()
            ]
        series += _pairs(fits)
    moved = [(fit.record, shift) for fit, shift in zip(fits, shifts, strict=True) if shift]
    panels: list[Panel] = [fading(fits)]
    if moved and not compare_only:
        panels.append(moving(moved))
    remarks = [
        line
        for fit in fits
        for line in ([] if compare_only else _remarks(fit, alone=len(fits) == 1))
    ]
    remarks += _comparison_remarks(fits) + _ligand_remarks(ligand, why_not)
    return Findings(
        results=results,
        series=tuple(series),
        panels=tuple(panels),
        remarks=tuple(remarks),
        facts=_facts(conditions, fits, paths),
        inputs=paths,
    )


def _places(conditions: Sequence[_Condition]) -> list[float]:
    """The additive's concentrations where all conditions state them; their number otherwise."""
    amounts = [concentration_of(one.additive) for one in conditions]
    stated = [amount[0] for amount in amounts if amount is not None]
    if len(stated) == len(amounts) and len(set(stated)) == len(stated):
        return stated
    return [float(index) for index in range(len(conditions))]


def _results(fit: StabilityFit, shift: SpectralShift | None) -> dict[str, Estimate]:
    found = {"half_life": fit.half_life}
    for name, end in (("half_life_low", fit.low_h), ("half_life_high", fit.high_h)):
        if end is not None and fit.half_life.status == "ok":
            found[name] = Estimate(value=end, sigma=None, unit="h", method="averaged profile")
    if fit.extrapolated is not None:
        found["half_life_extrapolated"] = fit.extrapolated
    found |= {"decay_rate": fit.rate, "remaining": fit.remaining}
    if fit.stretched:
        found["stretching"] = fit.shape
    if shift is not None:
        found |= {"peak_shift": shift.shift, "peak_slope": shift.slope}
    return found


def _shift(record: AgeingRecord) -> SpectralShift | None:
    if record.peak_nm is None:
        return None
    seen = ~np.isnan(record.peak_nm)
    return fit_shift(record.time_h[seen], record.peak_nm[seen], unit="h")


def _compared(fits: Sequence[StabilityFit], ligand: LigandLoss | None) -> dict[str, Estimate]:
    """What is said of all conditions together."""
    found: dict[str, Estimate] = {}
    alike = probability_alike(fits)
    if alike is not None:
        method = f"F test, one law for {len(fits)} conditions"
        found["p_alike"] = Estimate(value=alike, sigma=None, unit="", method=method)
    if len(fits) == 2:
        ratio = compare_conditions(*_longer_first(fits[0], fits[1])).ratio
        if ratio is not None:
            found["half_life_ratio"] = ratio
    if ligand is not None:
        found["ligand_bare_rate"] = ligand.bare_rate
        if ligand.affinity is not None:
            mass = "mg" in ligand.affinity.unit
            unit = "mL per mg" if mass else "per mM"
            key = "ligand_affinity_mass" if mass else "ligand_affinity"
            found[key] = replace(ligand.affinity, unit=unit)
        if ligand.order.sigma is not None:
            found["ligand_order"] = ligand.order
    return found


def _longer_first(first: StabilityFit, second: StabilityFit) -> tuple[StabilityFit, StabilityFit]:
    """The pair with the slower one in front, by rate: a ratio above 1."""
    slow = float(first.rate.value) <= float(second.rate.value)
    return (first, second) if slow else (second, first)


def _pairs(fits: Sequence[StabilityFit]) -> list[SeriesPoint]:
    """Ratio and test of every pair; of two conditions alone the results say it."""
    if len(fits) < 3:
        return []
    points: list[SeriesPoint] = []
    number = 0
    for k, one in enumerate(fits):
        for other in fits[k + 1 :]:
            both = compare_conditions(*_longer_first(one, other))
            label = f"{both.first} over {both.second}"
            if both.ratio is not None:
                points.append((label, float(number), "half_life_ratio", both.ratio))
            if both.p_alike is not None:
                alike = Estimate(value=both.p_alike, sigma=None, unit="", method="F test")
                points.append((label, float(number), "p_alike", alike))
            number += 1
    return points


def _ligand(
    conditions: Sequence[_Condition], fits: Sequence[StabilityFit]
) -> tuple[LigandLoss | None, str | None]:
    """The ligand's equilibrium, from the most conditions that differ in its concentration alone."""
    groups: dict[tuple[object, ...], list[tuple[float, str, StabilityFit]]] = {}
    for one, fit in zip(conditions, fits, strict=True):
        amount = concentration_of(one.additive)
        if amount is not None:
            groups.setdefault(one.otherwise, []).append((*amount, fit))
    dosed = [group for group in groups.values() if any(amount > 0 for amount, _, _ in group)]
    if not dosed:
        return None, None
    chosen = max(dosed, key=len)
    if len({amount for amount, _, _ in chosen}) < 2:
        return None, "conditions alike but for the additive have one concentration only"
    units = {unit for _, unit, _ in chosen if unit}
    if len(units) > 1:
        return None, f"concentrations are in {' and '.join(sorted(units))}"
    if any(not fit.rate.sigma for _, _, fit in chosen):
        return None, "some rates have no sigma"
    return (
        fit_ligand_loss(
            np.array([amount for amount, _, _ in chosen]),
            np.array([float(fit.rate.value) for _, _, fit in chosen]),
            np.array([float(fit.rate.sigma or 0.0) for _, _, fit in chosen]),
            unit=next(iter(units)),
        ),
        None,
    )


def _ligand_remarks(ligand: LigandLoss | None, why_not: str | None) -> list[str]:
    if why_not:
        return [f"The ligand's equilibrium is not fitted: {why_not}."]
    if ligand is None:
        return []
    begin = (
        "Ligand in equilibrium with the surface: with K c/(1 + K c) of the places filled, dots "
        "fade at k0 (1 - filled)^m."
    )
    if ligand.law == "untested":
        last = "Too few concentrations to test it: K takes m = 1 for granted."
        if ligand.affinity is None:
            last = "Too few concentrations to test it, and the rates do not tell K."
        return [f"{begin} {last}"]
    told = "; ".join(f"{law}: AICc {aicc:.1f}" for law, _, aicc in ligand.evidence)
    return [f"{begin} Preferred: {ligand.law} ({told})."]


def _remarks(fit: StabilityFit, *, alone: bool) -> list[str]:
    """What a reader must know of a fit, under its condition's name where there are several."""
    told = _told(fit)
    if alone:
        return [line[0].upper() + line[1:] for line in told]
    return [f"{fit.record.label}: {line}" for line in told]


def _told(fit: StabilityFit) -> list[str]:
    remarks: list[str] = []
    if fit.brightens:
        remarks.append("the light grows in the record; no law of fading holds for it.")
    elif fit.half_life.status == "lower_limit":
        bound = f"more than half is left at the last time, {in_days(fit.record.last_h)}."
        if fit.law.freedom < 1:
            remarks.append(f"{bound} Two points set no limit beyond it.")
        else:
            limit = in_days(float(fit.half_life.value))
            remarks.append(f"{bound} The half-life is above {limit} (95 %).")
    elif fit.law.freedom < 1:
        remarks.append("two points fix the law exactly; nothing tells a sigma.")
    if fit.law.correlation > 1.0:
        remarks.append(
            f"what the law leaves is not noise alone: {fit.law.correlation:.1f} "
            "neighbours count as one, and the sigmas are widened by it."
        )
    return remarks


def _comparison_remarks(fits: Sequence[StabilityFit]) -> list[str]:
    if len(fits) != 2:
        return []
    both = compare_conditions(*_longer_first(fits[0], fits[1]))
    if both.ratio is None:
        return [
            "Neither or only one half-life is bounded: their ratio is not told; "
            "compare the rates of fading."
        ]
    return [f"Half-life of {both.first} over that of {both.second}: {both.ratio.text()}."]


def _facts(
    conditions: Sequence[_Condition], fits: Sequence[StabilityFit], paths: Sequence[Path]
) -> dict[str, str]:
    facts = {"file": ", ".join(dict.fromkeys(path.name for path in paths))}
    if len(conditions) > 1:
        facts["conditions"] = ", ".join(one.record.label for one in conditions)
        return facts
    record, section = conditions[0].record, conditions[0].section
    facts["times"] = f"{len(record.time_h)}, to {in_days(record.last_h)}"
    facts["law"] = fits[0].law_text
    facts |= stated_conditions(section)
    noise = fits[0].law.misfit.noise
    facts["noise"] = {"even": "the same at all times", "stated": "as the table states"}.get(
        noise, "in proportion to the intensity"
    )
    return facts
