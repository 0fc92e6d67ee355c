"""Section `mass_spectrum`: peaks to ions, with the rate of wrong ones."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cinedot.composition import (
    DECOY_HYDROGENS,
    IonAssignment,
    KnownIon,
    MassSpectrum,
    Reagents,
    Tolerances,
    assign_ions,
    ion_candidates,
    isotope_pattern,
    known_ions,
    read_mass_spectrum,
)
from cinedot.core import Estimate, Progress
from cinedot.dossier.findings import Findings, NotAnalysed, SeriesPoint, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.manifest import MassSpectrumSection, SampleFolder
from cinedot.dossier.sections.mass_spectrum_looks import envelopes, mirror
from cinedot.particle import Host, host_named

_CHARGES = {"negative": (-1, -2), "positive": (1, 2)}
_AMMONIUM = {"negative": 0, "positive": 2}
"""How many oleylammoniums an ion may hold: in anions none, which keeps the candidates few."""


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[mass_spectrum]`, if the manifest has it."""
    section = sample.manifest.mass_spectrum
    if section is None:
        return ()
    return (Task(name="mass_spectrum", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: MassSpectrumSection) -> Work:
    path = find_file(sample, section.file, key="[mass_spectrum] file")
    columns = section.columns.model_dump(exclude_none=True) if section.columns else None
    spectrum = read_mass_spectrum(path, polarity=section.polarity, columns=columns)
    name = sample.manifest.sample.host
    host = None if name is None else host_named(name)
    return lambda progress: _analyse(spectrum, host, section, path, progress)


def _analyse(
    spectrum: MassSpectrum,
    host: Host | None,
    section: MassSpectrumSection,
    path: Path,
    progress: Progress,
) -> Findings:
    if host is None:
        raise NotAnalysed("no host: its elements are what ions are put together from.")
    polarity = section.polarity
    reagents = Reagents.of(host, most_ammonium=_AMMONIUM[polarity])
    candidates = ion_candidates(reagents, charges=_CHARGES[polarity])
    tolerances = Tolerances.within(section.tolerance_ppm, resolving_power=section.resolving_power)
    (told,) = (
        assign_ions(one, candidates, tolerances=tolerances)
        for one in progress.track([spectrum], description="mass spectrum: assigning", total=1)
    )
    told = _with_names(told)
    tried = {ion.key for ion in candidates}
    known = tuple(one for one in known_ions() if one.ion.key in tried)
    return Findings(
        results=_results(told, known),
        series=_series(told),
        panels=(mirror(told), *envelopes(told)),
        remarks=_remarks(told, known),
        facts=_facts(told, path, section),
        inputs=(path,),
    )


def _with_names(told: IonAssignment) -> IonAssignment:
    """The ions of the table under the names that it gives them."""
    names = {one.ion.key: one.ion.name for one in known_ions()}
    found = tuple(
        replace(one, ion=replace(one.ion, name=names.get(one.ion.key, one.ion.name)))
        for one in told.found
    )
    return replace(told, found=found)


def _results(told: IonAssignment, named: Sequence[KnownIon]) -> dict[str, Estimate]:
    method = f"{told.candidates} candidates, {len(DECOY_HYDROGENS)} decoys each"
    found: dict[str, Estimate] = {
        "ions": _plain(float(len(told.found)), "", method),
        "explained": _plain(told.explained, "", "height of the ions' patterns over all peaks"),
    }
    if told.found:
        last = told.found[-1].false_rate
        found["false_rate"] = _plain(last, "", method)
        strongest = max(told.found, key=lambda one: one.match.amount)
        found["strongest"] = _plain(strongest.ion.name, "", "the highest peak among the ions'")
    if told.scale_told:
        count = sum(one.peaks_found for one in told.found)
        used = told.tolerances
        found["mass_error"] = Estimate(
            value=used.offset_ppm,
            # The median's standard deviation, of normal errors: sqrt(pi/2) that of the mean.
            sigma=used.sigma_ppm * float(np.sqrt(np.pi / 2 / max(count, 1))),
            unit="ppm",
            method="median over the sure ions' peaks",
        )
        found["mass_spread"] = _plain(used.sigma_ppm, "ppm", "root mean square, strays left out")
    for known in named:
        height = _height_of(told, known)
        if height is not None:
            found[known.key] = height
    return found


def _plain(value: float | str, unit: str, method: str) -> Estimate:
    return Estimate(value=value, sigma=None, unit=unit, method=method)


def _height_of(told: IonAssignment, known: KnownIon) -> Estimate | None:
    """The highest peak of a named ion over the spectrum's, a bound, or None out of its range."""
    spectrum = told.spectrum
    if (known.ion.charge > 0) != (spectrum.polarity == "positive"):
        return None
    tallest = float(spectrum.intensity.max())
    assigned = told.of(known.ion)
    if assigned is not None:
        used = told.tolerances
        fits = int(assigned.match.fits.sum())
        value = assigned.match.amount / tallest
        sigma = value * used.height_sigma / float(np.sqrt(max(fits, 1)))
        return Estimate(value=value, sigma=sigma, unit="", method="its isotope pattern")
    at = isotope_pattern(known.ion, resolving_power=told.tolerances.resolving_power).base_mz
    if not spectrum.mz[0] <= at <= spectrum.mz[-1]:
        return None
    near = np.abs(spectrum.mz / at - 1) < 1e-6 * told.tolerances.window_ppm
    bound = max(spectrum.detection_limit, float(spectrum.intensity[near].max(initial=0.0)))
    return Estimate(
        value=bound / tallest,
        sigma=None,
        unit="",
        method="not found: what stands there, or the lowest peak of the list",
        status="upper_limit",
    )


def _series(told: IonAssignment) -> tuple[SeriesPoint, ...]:
    """Every ion found, at its m/z."""
    tallest = float(told.spectrum.intensity.max())
    return tuple(
        (one.ion.name, one.pattern.base_mz, quantity, _plain(value, unit, "isotope pattern"))
        for one in told.found
        for quantity, value, unit in (
            ("ion_height", one.match.amount / tallest, ""),
            ("ion_error", one.error_ppm, "ppm"),
            ("ion_pattern", one.pattern_score, ""),
            ("ion_log_odds", one.log_odds, ""),
            ("ion_false_rate", one.false_rate, ""),
        )
    )


def _remarks(told: IonAssignment, known: Sequence[KnownIon]) -> tuple[str, ...]:
    remarks = [
        "A formula does not tell how the atoms are bound, nor which malate has lost which proton. "
        "Lead of different ores differs by several percent in its isotopes.",
    ]
    if not told.spectrum.polarity_stated:
        remarks.append(
            f"The file does not say its polarity; it is taken to be {told.spectrum.polarity}."
        )
    missing = [one for one in known if one.paper and _bounded(told, one)]
    if missing:
        names = ", ".join(one.ion.name for one in missing)
        remarks.append(f"Of the paper's ions not found: {names}.")
    rivals = [one for one in told.found if one.rivals]
    remarks += [
        f"{one.ion.name} explains its peaks no better than "
        f"{', '.join(ion.name for ion in one.rivals[:3])}; it is the simplest."
        for one in rivals[:5]
    ]
    if told.unsure:
        remarks.append(
            f"{len(told.unsure)} more ions are likelier than not, but too many of such would be "
            "wrong: "
            + ", ".join(f"{one.ion.name} ({one.mz:.3f})" for one in told.unsure[:5])
            + ("." if len(told.unsure) <= 5 else " ...")
        )
    if not told.scale_told:
        remarks.append(
            "Too few sure peaks tell how far the m/z scale is off: `tolerance` stands as given."
        )
    return tuple(remarks)


def _bounded(told: IonAssignment, known: KnownIon) -> bool:
    height = _height_of(told, known)
    return height is not None and height.status != "ok"


def _facts(told: IonAssignment, path: Path, section: MassSpectrumSection) -> dict[str, str]:
    spectrum, used = told.spectrum, told.tolerances
    stated = "" if spectrum.polarity_stated else " (not stated by the file)"
    given = "given" if "resolving_power" in section.model_fields_set else "assumed"
    facts = {
        "file": path.name,
        "ions": spectrum.polarity + stated,
        "peaks": f"{len(spectrum.mz)}, m/z {spectrum.mz[0]:.1f} to {spectrum.mz[-1]:.1f}",
        "looked for within": f"{used.window_ppm:.2g} ppm about {used.offset_ppm:+.2g} ppm",
        "resolving power": f"{used.resolving_power:g}, {given}",
    }
    if spectrum.scans > 1:
        facts["scans"] = f"{spectrum.scans}, averaged"
    return facts
