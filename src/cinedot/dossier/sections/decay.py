"""Section `decay`: photon counts against time to lifetimes."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from cinedot.core import Decay, Estimate, InputError, Progress
from cinedot.dossier.figures import MUTED, SECOND, THIRD, Curve, plot_with_residual
from cinedot.dossier.findings import Findings, Panel, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.manifest import DecaySection, SampleFolder
from cinedot.dossier.sections.decay_rates import with_rates
from cinedot.dossier.sections.instrument import instrument_facts
from cinedot.spectroscopy import DecayFit, check_records, fit_decay, read_decay

MOST_POINTS = 2000
"""Channels drawn; a longer record is joined for the picture, never for the fit."""

_COMPONENT_STYLES = ((SECOND, "dash"), (THIRD, "dot"), (MUTED, "dashdot"))


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[decay]`, if the manifest has it."""
    section = sample.manifest.decay
    if section is None:
        return ()
    return (Task(name="decay", prepare=lambda: _prepare(sample, section)),)


def recorded_decay(sample: SampleFolder, section: DecaySection) -> tuple[Decay, Path]:
    """The record of `[decay]` and its file.

    Args:
        sample: the folder.
        section: the keys of `[decay]`.

    Raises:
        InputError: the file is missing or cannot be used.
    """
    path = find_file(sample, section.file, key="[decay] file")
    columns = section.columns.model_dump(exclude_none=True) if section.columns else None
    return read_decay(path, columns=columns, channel_ns=section.channel_ns), path


def _prepare(sample: SampleFolder, section: DecaySection) -> Work:
    decay, path = recorded_decay(sample, section)
    if section.irf is None:
        _check(decay, None, path)
        return lambda progress: _analyse(decay, None, (path,), progress)
    irf_path = find_file(sample, section.irf, key="[decay] irf")
    irf = read_decay(irf_path, channel_ns=section.channel_ns, response=True)
    _check(decay, None, path)
    _check(decay, irf, irf_path)
    return lambda progress: _analyse(decay, irf, (path, irf_path), progress)


def _check(decay: Decay, irf: Decay | None, file: Path) -> None:
    try:
        check_records(decay, irf)
    except InputError as fault:
        raise fault.within(file=file) from fault


def _analyse(
    decay: Decay, irf: Decay | None, paths: tuple[Path, ...], progress: Progress
) -> Findings:
    (fit,) = (
        fit_decay(one, irf)
        for one in progress.track([decay], description="decay: fitting", total=1)
    )
    components = _components(fit)
    findings = Findings(
        results=_results(fit),
        series=tuple(
            (f"component {index + 1}", float(index), name, estimate)
            for index, part in enumerate(components)
            for name, estimate in part.items()
        ),
        panels=(_panel(fit, irf),),
        remarks=_remarks(fit),
        facts=_facts(decay, irf, fit, paths),
        inputs=paths,
    )
    return replace(findings, completed=partial(with_rates, findings, fit.lifetime))


def _results(fit: DecayFit) -> dict[str, Estimate]:
    results = {"lifetime": fit.lifetime, "lifetime_intensity": fit.intensity_lifetime}
    if fit.exponent is not None and fit.spread is not None:
        return {**results, "exponent": fit.exponent, "lifetime_spread": fit.spread}
    count = Estimate(value=len(fit.lifetimes), sigma=None, unit="", method="least BIC")
    return {**results, "components": count}


def _components(fit: DecayFit) -> list[Mapping[str, Estimate]]:
    return [
        {"component_lifetime": lifetime, "fraction": fraction}
        for lifetime, fraction in zip(fit.lifetimes, fit.fractions, strict=True)
    ]


def _remarks(fit: DecayFit) -> tuple[str, ...]:
    remarks: list[str] = []
    if fit.exponent is not None and fit.spread is not None:
        remarks.append(
            f"Lifetimes are spread: {fit.spread.text()} (standard deviation by amplitude) about "
            f"their mean of {fit.lifetime.text()}, by a stretched exponential of exponent "
            f"{fit.exponent.text()}; dots that differ from one another decay so, and dots whose "
            "surroundings change."
        )
    if fit.doubt:
        remarks.append(fit.doubt)
    if fit.reduced_chi_square > 2:
        remarks.append(
            f"The fit leaves more than counting noise (reduced chi-square "
            f"{fit.reduced_chi_square:.2f}): the sigmas are widened by it."
        )
    return tuple(remarks)


def _facts(
    decay: Decay, irf: Decay | None, fit: DecayFit, paths: tuple[Path, ...]
) -> dict[str, str]:
    return {
        "file": paths[0].name,
        "instrument's response": "none given: tail fit" if irf is None else paths[1].name,
        "channels": f"{len(decay.counts)} of {1e3 * decay.channel_ns:.4g} ps",
        "photons": f"{decay.counts.sum():,.0f}",
        **instrument_facts([decay]),
        "law": fit.law,
        "reduced chi-square": f"{fit.reduced_chi_square:.2f}",
    }


def _panel(fit: DecayFit, irf: Decay | None) -> Panel:
    step = max(1, -(-len(fit.counts) // MOST_POINTS))
    time_ns = _joined(fit.time_ns, step)
    curves = [
        Curve(
            x=time_ns, y=_positive(_joined(fit.counts, step)), name="record", colour=MUTED, dash=""
        ),
        Curve(x=time_ns, y=_joined(fit.curve, step), name="fit"),
    ]
    if len(fit.components) > 1:
        floor = 0.5 + float(fit.curve.min())
        curves += [
            Curve(
                x=time_ns,
                y=np.maximum(_joined(part, step), floor),
                name=f"{lifetime.text()}",
                colour=colour,
                dash=dash,
            )
            for part, lifetime, (colour, dash) in zip(
                fit.components, fit.lifetimes, _COMPONENT_STYLES, strict=False
            )
        ]
    joined = f"; {step} channels joined a point" if step > 1 else ""
    count = len(fit.lifetimes)
    sum_of = f"the sum of {count} exponentials" if count > 1 else fit.law
    way = "convolved with the instrument's response" if irf else "fitted to the tail"
    return Panel(
        title="Decay",
        caption=f"Counts a channel (points) and {sum_of} {way} (line)"
        f"{joined}; below, what the fit leaves, in standard deviations of counting.",
        figure=plot_with_residual(
            curves,
            Curve(
                x=time_ns,
                y=_joined(fit.residual, step) * np.sqrt(step),
                name="rest",
                colour=MUTED,
                dash="",
            ),
            x_title="time (ns)",
            y_title="counts a channel",
            residual_title="rest (σ)",
            log_y=True,
        ),
    )


def _joined(values: np.ndarray, step: int) -> np.ndarray:
    """Means over runs of `step` channels; the last, incomplete run is left out."""
    whole = len(values) // step * step
    return values[:whole].reshape(-1, step).mean(axis=1)


def _positive(counts: np.ndarray) -> np.ndarray:
    """Counts for a logarithmic axis, which has no place for 0."""
    return np.where(counts > 0, counts, np.nan)
