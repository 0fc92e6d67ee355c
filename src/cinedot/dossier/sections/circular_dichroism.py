"""Section `circular_dichroism`: ellipticity to g at the exciton, and the enantiomers' mirror."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import Estimate, InputError, Progress
from cinedot.dossier.figures import ACCENT, MUTED, SECOND, THIRD, dressed
from cinedot.dossier.findings import Findings, Panel, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.manifest import CircularDichroismSection, SampleFolder
from cinedot.spectroscopy import (
    DichroismFit,
    DichroismRecord,
    MirrorTest,
    fit_dichroism,
    mirror_test,
    read_dichroism,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

_SHARED = ("exciton", "g_extreme_at")
"""What enantiomers have in common, and a table of them need not repeat."""
_STYLES = ((ACCENT, "solid"), (SECOND, "dash"), (THIRD, "dot"), (MUTED, "dashdot"))


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[circular_dichroism]`, one for all enantiomers."""
    sections = sample.manifest.circular_dichroism
    if not sections:
        return ()
    return (Task(name="circular_dichroism", prepare=lambda: _prepare(sample, sections)),)


def _prepare(sample: SampleFolder, sections: Sequence[CircularDichroismSection]) -> Work:
    records: list[tuple[DichroismRecord, CircularDichroismSection]] = []
    paths: list[Path] = []
    for section in sections:
        path = find_file(sample, section.file, key="[circular_dichroism] file")
        paths.append(path)
        columns = section.columns.model_dump(exclude_none=True) if section.columns else None
        for one in read_dichroism(path, columns=columns, series=section.series):
            given = section.enantiomer
            label = one.label if given is None else f"{given}: {one.label}"
            named = one if given is None else replace(one, label=given)
            records.append((replace(named, label=label) if section.series else named, section))
            _check_exciton(records[-1][0], section, path)
    return lambda progress: _analyse(records, tuple(paths), progress)


def _check_exciton(record: DichroismRecord, section: CircularDichroismSection, path: Path) -> None:
    low, high = float(record.wavelength_nm[0]), float(record.wavelength_nm[-1])
    if section.exciton_nm is not None and not low < section.exciton_nm < high:
        raise InputError(
            f"`exciton` must lie within {low:g} to {high:g} nm, but is {section.exciton_nm:g} nm.",
            remedy="Correct it, or leave it out.",
            file=path,
            place="[circular_dichroism] exciton",
        )


def _analyse(
    records: Sequence[tuple[DichroismRecord, CircularDichroismSection]],
    paths: tuple[Path, ...],
    progress: Progress,
) -> Findings:
    tracked = progress.track(records, description="circular dichroism: fitting", total=len(records))
    fits: list[DichroismFit] = []
    for record, section in tracked:
        # Enantiomers are looked at where the first was: their exciton is one.
        where = section.exciton_nm or (fits[0].exciton_nm if fits else None)
        inside = where is not None and record.wavelength_nm[0] < where < record.wavelength_nm[-1]
        fits.append(fit_dichroism(record, exciton_nm=where if inside else None))
    mirror = mirror_test(fits[0], fits[1]) if len(fits) == 2 else None
    return Findings(
        results=_together(fits, mirror) if mirror else _results(fits[0]) if len(fits) == 1 else {},
        series=()
        if len(fits) == 1
        else tuple(
            (fit.record.label, float(index), name, one)
            for index, fit in enumerate(fits)
            for name, one in _results(fit).items()
            if name not in _SHARED
        ),
        panels=_panels(fits, mirror),
        remarks=_remarks(fits, mirror),
        facts=_facts(records, fits, paths),
        inputs=paths,
    )


def _results(fit: DichroismFit) -> dict[str, Estimate]:
    found = {
        "exciton": Estimate(value=fit.exciton_nm, sigma=None, unit="nm", method=fit.exciton_by),
        "delta_absorbance": fit.delta_absorbance,
    }
    if fit.g is not None:
        found["g"] = fit.g
    if fit.g_extreme is not None and fit.g_extreme_nm is not None:
        found["g_extreme"] = fit.g_extreme
        found["g_extreme_at"] = Estimate(
            value=fit.g_extreme_nm, sigma=None, unit="nm", method="largest |g| near the exciton"
        )
    kind = "bisignate" if fit.bisignate else "one sign"
    sign = "positive" if fit.sign > 0 else "negative"
    found["cotton_effect"] = Estimate(
        value=f"{sign}, {kind}" if fit.cotton else "none seen",
        sigma=None,
        unit="",
        method=f"F test against a straight line, p = {fit.p_flat:.2g}",
    )
    return found


def _together(fits: Sequence[DichroismFit], mirror: MirrorTest) -> dict[str, Estimate]:
    """Half the difference of two enantiomers at the exciton, and the test."""
    one, other = fits
    found = {
        "exciton": Estimate(value=one.exciton_nm, sigma=None, unit="nm", method=one.exciton_by),
        "delta_absorbance": _half(one.delta_absorbance, other.delta_absorbance, mirror.scale),
    }
    if one.g is not None and other.g is not None:
        found["g"] = _half(one.g, other.g, 1.0)
    if one.g_extreme is not None and other.g_extreme is not None:
        found["g_extreme"] = _half(one.g_extreme, other.g_extreme, 1.0)
    found |= {
        "mirror": Estimate(value=mirror.verdict, sigma=None, unit="", method="F tests, p < 0.001"),
        "mirror_chi_square": _number(mirror.chi_square, "sum against its neighbours' noise"),
        "p_mirror": _number(mirror.p_mirror, "F test of the sum"),
        "p_inactive": _number(mirror.p_inactive, "F test of the difference"),
        "asymmetry": mirror.asymmetry,
    }
    return found


def _number(value: float, method: str) -> Estimate:
    return Estimate(value=value, sigma=None, unit="", method=method)


def _half(one: Estimate, other: Estimate, scale: float) -> Estimate:
    return Estimate(
        value=(float(one.value) - scale * float(other.value)) / 2,
        sigma=float(np.hypot(one.sigma or 0.0, scale * (other.sigma or 0.0))) / 2,
        unit="",
        method="half the difference of the enantiomers",
    )


def _remarks(fits: Sequence[DichroismFit], mirror: MirrorTest | None) -> tuple[str, ...]:
    remarks = [
        "Noise is taken from neighbouring points as if each had its own: record without "
        "smoothing, and more slowly than the detector answers."
    ]
    if any(fit.g is None for fit in fits):
        remarks.append("No absorbance at the exciton for all spectra: delta A only, no g.")
    if mirror is not None:
        one, other = fits[0].record.label, fits[1].record.label
        how = (
            f"{other} is scaled by {mirror.scale:.4g} for its absorbance"
            if mirror.scale != 1.0
            else "equal concentrations are taken for granted"
        )
        said = (
            "neither differs from noise"
            if mirror.verdict == "no dichroism"
            else f"they are {mirror.verdict}"
        )
        remarks.append(f"{one} and {other}: {said} ({how}; a constant is taken away first).")
    if len(fits) > 2:
        remarks.append("The mirror test needs exactly two spectra.")
    return tuple(remarks)


def _facts(
    records: Sequence[tuple[DichroismRecord, CircularDichroismSection]],
    fits: Sequence[DichroismFit],
    paths: Sequence[Path],
) -> dict[str, str]:
    record, section = records[0]
    nm = record.wavelength_nm
    facts = {
        "file": ", ".join(dict.fromkeys(path.name for path in paths)),
        "range": f"{nm[0]:g} to {nm[-1]:g} nm, each {float(np.median(np.diff(nm))):g} nm",
        "noise": f"{float(np.median(fits[0].noise_mdeg)):.3g} mdeg a point",
    }
    if section.enantiomer and len(records) == 1:
        facts["enantiomer"] = section.enantiomer
    if section.path_length_cm is not None:
        facts["path length"] = f"{section.path_length_cm:g} cm"
        per_cm = float(fits[0].delta_absorbance.value) / section.path_length_cm
        facts["delta A per cm at the exciton"] = f"{per_cm:.3g} ({fits[0].record.label})"
    return facts


def _panels(fits: Sequence[DichroismFit], mirror: MirrorTest | None) -> tuple[Panel, ...]:
    panels = [
        Panel(
            title="Circular dichroism",
            caption="Ellipticity against wavelength, mdeg (left) and as a difference in "
            f"absorbance (right); dotted, the exciton at {fits[0].exciton_nm:.1f} nm "
            f"({fits[0].exciton_by}).",
            figure=_ellipticities(fits),
        )
    ]
    if any(fit.g_spectrum is not None for fit in fits):
        panels.append(
            Panel(
                title="Dissymmetry factor",
                caption="g = delta A / A (line) with one standard deviation (shaded), where more "
                "than 0.01 is absorbed.",
                figure=_factors(fits),
            )
        )
    if mirror is not None:
        panels.append(
            Panel(
                title="Mirror test",
                caption="Half the difference of the two enantiomers (dashed) and their sum "
                "(line), less its mean, with two standard deviations of its noise (shaded): "
                f"nought for mirror images. Reduced chi-square {mirror.chi_square:.2f}.",
                figure=_mirror(mirror),
            )
        )
    return tuple(panels)


def _ellipticities(fits: Sequence[DichroismFit]) -> "go.Figure":
    import plotly.graph_objects as go

    from cinedot.spectroscopy.dichroism import MDEG_PER_ABSORBANCE

    figure = go.Figure()
    for fit, (colour, dash) in zip(fits, _STYLES * len(fits), strict=False):
        figure.add_trace(
            go.Scatter(
                x=fit.record.wavelength_nm,
                y=fit.record.ellipticity_mdeg,
                name=fit.record.label,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                showlegend=True,
            )
        )
    dressed(figure, height=360)
    figure.add_vline(x=fits[0].exciton_nm, line={"color": MUTED, "dash": "dot", "width": 1.2})
    high = max(float(np.max(np.abs(fit.record.ellipticity_mdeg))) for fit in fits) * 1.08
    figure.update_xaxes(title="wavelength (nm)")
    figure.update_yaxes(title="ellipticity (mdeg)", range=[-high, high])
    scaled = high / MDEG_PER_ABSORBANCE
    figure.add_trace(go.Scatter(x=[fits[0].exciton_nm], y=[None], yaxis="y2", showlegend=False))
    figure.update_layout(
        yaxis2={
            "title": "delta A",
            "overlaying": "y",
            "side": "right",
            "range": [-scaled, scaled],
            "exponentformat": "e",
            "showgrid": False,
        },
        margin={"r": 80},
    )
    return figure


def _factors(fits: Sequence[DichroismFit]) -> "go.Figure":
    import plotly.graph_objects as go

    figure = go.Figure()
    for fit, (colour, dash) in zip(fits, _STYLES * len(fits), strict=False):
        if fit.g_spectrum is None or fit.g_sigma is None:
            continue
        seen = np.isfinite(fit.g_spectrum)
        nm, g, sigma = fit.record.wavelength_nm[seen], fit.g_spectrum[seen], fit.g_sigma[seen]
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([nm, nm[::-1]]),
                y=np.concatenate([g + sigma, (g - sigma)[::-1]]),
                fill="toself",
                fillcolor=colour,
                opacity=0.18,
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        )
        figure.add_trace(
            go.Scatter(
                x=nm,
                y=g,
                name=fit.record.label,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                showlegend=True,
            )
        )
    dressed(figure, height=360)
    figure.add_vline(x=fits[0].exciton_nm, line={"color": MUTED, "dash": "dot", "width": 1.2})
    figure.update_xaxes(title="wavelength (nm)")
    figure.update_yaxes(title="g", exponentformat="e")
    return figure


def _mirror(mirror: MirrorTest) -> "go.Figure":
    import plotly.graph_objects as go

    nm = mirror.wavelength_nm
    wide = 2 * mirror.noise_mdeg
    figure = go.Figure(
        go.Scatter(
            x=np.concatenate([nm, nm[::-1]]),
            y=np.concatenate([wide, -wide[::-1]]),
            fill="toself",
            fillcolor=MUTED,
            opacity=0.25,
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for values, name, colour, dash in (
        (mirror.half_difference_mdeg, "half the difference", SECOND, "dash"),
        (mirror.total_mdeg - mirror.total_mdeg.mean(), "sum", ACCENT, "solid"),
    ):
        figure.add_trace(
            go.Scatter(
                x=nm,
                y=values,
                name=name,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                showlegend=True,
            )
        )
    dressed(figure, height=320)
    figure.update_xaxes(title="wavelength (nm)")
    figure.update_yaxes(title="ellipticity (mdeg)")
    return figure
