"""Section `quantum_yield`: two dilution series to a yield, with what it hangs on."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from cinedot.core import Estimate, InputError
from cinedot.dossier.figures import INK, SECOND, Curve, plot
from cinedot.dossier.findings import Findings, Panel, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.known import Known
from cinedot.dossier.manifest import QuantumYieldSection, SampleFolder
from cinedot.spectroscopy import (
    INNER_FILTER,
    Dilutions,
    Medium,
    QuantumYieldFit,
    Solvent,
    absorptance,
    fit_quantum_yield,
    read_dilutions,
    solvent_named,
    standard_named,
)

_WORTH_SAYING = 0.005
"""A relative bias by slopes against absorbance that a reader should know of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Everything that the section gives.

    Attributes:
        series: of sample and standard.
        solvents: of sample and standard.
        standard: its name.
        standard_yield: with its sigma.
        standard_emission_nm: where it emits, or None.
        source: where its yield is from.
        paths: the files.
    """

    series: tuple[Dilutions, Dilutions]
    solvents: tuple[Solvent, Solvent]
    standard: str
    standard_yield: Estimate
    standard_emission_nm: float | None
    source: str
    paths: tuple[Path, Path]


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[quantum_yield]`, if the manifest has it."""
    section = sample.manifest.quantum_yield
    if section is None:
        return ()
    return (Task(name="quantum_yield", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: QuantumYieldSection) -> Work:
    paths = (
        find_file(sample, section.sample, key="[quantum_yield] sample"),
        find_file(sample, section.standard, key="[quantum_yield] standard"),
    )
    series = (read_dilutions(paths[0]), read_dilutions(paths[1]))
    try:
        question = _question(section, paths, series)
        _check_emission(question, section.emission_nm)
    except InputError as fault:
        raise fault.within(file=sample.manifest_file, place="[quantum_yield]") from fault

    def work(_: object) -> Findings:
        findings = _answer(question, section.emission_nm, "`emission`")
        if section.emission_nm is not None:
            return findings
        return replace(findings, completed=partial(_with_emission, findings, question))

    return work


def _question(
    section: QuantumYieldSection, paths: tuple[Path, Path], series: tuple[Dilutions, Dilutions]
) -> _Question:
    solvents = (solvent_named(section.sample_solvent), solvent_named(section.standard_solvent))
    if section.standard_yield is None:
        known = standard_named(section.standard_name, section.standard_solvent)
        name, emission, source = known.name, known.emission_nm, known.source
        value, sigma = known.quantum_yield, known.sigma
    else:
        name, emission, source = section.standard_name, None, "sample.toml"
        value, sigma = section.standard_yield, section.standard_sigma
    return _Question(
        series=series,
        solvents=solvents,
        standard=name,
        standard_yield=Estimate(value=value, sigma=sigma, unit="", method=source),
        standard_emission_nm=section.standard_emission_nm or emission,
        source=source,
        paths=paths,
    )


def _check_emission(question: _Question, emission_nm: float | None) -> None:
    """Raise where an index is asked for at a wavelength where its law says nothing."""
    for solvent, nm in zip(
        question.solvents, (emission_nm, question.standard_emission_nm), strict=True
    ):
        if nm is not None:
            solvent.index(nm)


def _with_emission(findings: Findings, question: _Question, known: Known) -> Findings:
    """The findings with indices where the sample emits, if a section or a report tells where."""
    peak = known.number("emission.peak")
    if peak is None:
        return replace(findings, completed=None)
    return _answer(question, float(peak.estimate.value), f"{peak.origin} peak")


def _answer(question: _Question, emission_nm: float | None, origin: str) -> Findings:
    both_known = emission_nm is not None and question.standard_emission_nm is not None
    emissions = (emission_nm, question.standard_emission_nm) if both_known else (None, None)
    media = [
        Medium(solvent=solvent, emission_nm=nm)
        for solvent, nm in zip(question.solvents, emissions, strict=True)
    ]
    fit = fit_quantum_yield(
        *question.series,
        sample_medium=media[0],
        standard_medium=media[1],
        standard_yield=question.standard_yield,
    )
    results = {
        "phi": fit.phi,
        "phi_absorbance": fit.by_absorbance,
        "phi_fixed_index": fit.by_fixed_indices,
        "phi_origin": fit.through_origin,
    }
    return Findings(
        results=results,
        panels=(_panel(question, fit),),
        remarks=tuple(_remarks(question, fit, media)),
        facts=_facts(question, fit, media, origin),
        inputs=question.paths,
    )


def _remarks(question: _Question, fit: QuantumYieldFit, media: list[Medium]) -> list[str]:
    said: list[str] = []
    phi = float(fit.phi.value)
    if phi > 1:
        said.append(
            f"The yield is above 1, by {(phi - 1) / (fit.phi.sigma or 1.0):.1f} sigma, and is left "
            "as it was found."
        )
    names = ("sample", "standard")
    lines = (fit.sample_line, fit.standard_line)
    for name, series, line in zip(names, question.series, lines, strict=True):
        top = float(series.absorbance.max())
        if top > INNER_FILTER:
            said.append(
                f"Absorbances of the {name} reach {top:.2f}: above {INNER_FILTER:g} a cuvette "
                "swallows its own light unevenly, which slopes against absorptance mend in part."
            )
        if not line.meets_origin:
            share = line.intercept / float(series.intensity.max())
            said.append(
                f"The line of the {name} misses the origin by {100 * share:+.1f} % of its "
                "brightest point, outside the 99 % interval: a background or a baseline was not "
                "taken off, or light is lost in the strongest solutions."
            )
    if abs(fit.bias) > _WORTH_SAYING:
        said.append(
            f"Slopes against absorbance, as the paper takes them, would be off by "
            f"{100 * fit.bias:+.1f} % here: a solution absorbs 1 - 10^-A, less than in proportion "
            "to A, and the two series do not reach equally far."
        )
    for name, medium in zip(names, media, strict=True):
        if medium.emission_nm is None:
            continue
        if not medium.solvent.measured_at(medium.emission_nm):
            said.append(
                f"The refractive index of {medium.solvent.name} was measured from "
                f"{medium.solvent.low_nm:g} to {medium.solvent.high_nm:g} nm and is continued to "
                f"{medium.emission_nm:g} nm for the {name}."
            )
    if media[0].emission_nm is None:
        said.append(
            "Refractive indices are those at 589.3 nm: where the sample or its standard emits is "
            "not known. `emission` in [quantum_yield], or a section [emission], would tell."
        )
    return said


def _facts(
    question: _Question, fit: QuantumYieldFit, media: list[Medium], origin: str
) -> dict[str, str]:
    indices = (fit.index_sample, fit.index_standard)
    where = [f"{one.emission_nm or 589.3:.4g} nm" for one in media]
    return {
        "files": ", ".join(path.name for path in question.paths),
        "standard": f"{question.standard}, yield {fit.standard_yield.text()}",
        "its source": question.source,
        "refractive indices": ", ".join(
            f"{solvent.name} {index:.4f} at {nm}"
            for solvent, index, nm in zip(question.solvents, indices, where, strict=True)
        ),
        "(n/n_st)^2": f"{(indices[0] / indices[1]) ** 2:.4f}; at 589.3 nm "
        f"{(question.solvents[0].sodium_d / question.solvents[1].sodium_d) ** 2:.4f}",
        **({"emission of the sample from": origin} if media[0].emission_nm else {}),
        "parts of sigma": ", ".join(
            f"{name} {100 * part:.2g} %" for name, part in fit.parts.items() if part > 0
        ),
    }


def _panel(question: _Question, fit: QuantumYieldFit) -> Panel:
    curves: list[Curve] = []
    names = ("sample", question.standard)
    for series, line, name, colour in zip(
        question.series, (fit.sample_line, fit.standard_line), names, (INK, SECOND), strict=True
    ):
        x = absorptance(series.absorbance)
        reach = np.array([0.0, 1.05 * float(x.max())])
        dash = "solid" if name == "sample" else "dash"
        curves += [
            Curve(x=x, y=series.intensity, name=name, colour=colour, dash=""),
            Curve(
                x=reach,
                y=line.intercept + line.slope * reach,
                name=f"{name}, line",
                colour=colour,
                dash=dash,
            ),
        ]
    figure = plot(
        curves, x_title="absorptance, 1 − 10⁻ᴬ", y_title="integrated emission (instrument's units)"
    )
    figure.update_traces(marker={"size": 9, "opacity": 1.0}, selector={"mode": "markers"})
    return Panel(
        title="Emission against absorptance",
        caption="Each dilution of the sample and of the standard (points) and the lines through "
        "them; the yield is the ratio of the slopes, corrected for the solvents.",
        figure=figure,
    )
