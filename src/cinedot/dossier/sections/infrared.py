"""Section `infrared`: how carboxylates are bound, and whether acid is left."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import Estimate, Progress
from cinedot.dossier.figures import MUTED, SECOND, Curve, plot_with_residual
from cinedot.dossier.findings import Findings, Panel, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.manifest import InfraredSection, SampleFolder
from cinedot.spectroscopy import (
    IONIC_SPLITTING_PER_CM,
    InfraredFit,
    InfraredSpectrum,
    fit_infrared,
    read_infrared,
)
from cinedot.spectroscopy.infrared import ACID

if TYPE_CHECKING:
    import plotly.graph_objects as go


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[infrared]`, if the manifest has it."""
    section = sample.manifest.infrared
    if section is None:
        return ()
    return (Task(name="infrared", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: InfraredSection) -> Work:
    path = find_file(sample, section.file, key="[infrared] file")
    columns = section.columns.model_dump(exclude_none=True) if section.columns else None
    spectrum = read_infrared(path, columns=columns)
    ionic = section.ionic_splitting_per_cm
    return lambda progress: _analyse(spectrum, ionic, path, progress)


def _analyse(
    spectrum: InfraredSpectrum, ionic: float | None, path: Path, progress: Progress
) -> Findings:
    (fit,) = (
        fit_infrared(one, ionic_splitting_per_cm=ionic or IONIC_SPLITTING_PER_CM)
        for one in progress.track([spectrum], description="infrared: fitting", total=1)
    )
    at = spectrum.wavenumber_per_cm
    step = float(np.median(np.diff(at)))
    return Findings(
        results=_results(fit),
        series=tuple(
            (
                band.name or f"{float(band.position.value):.0f}",
                float(band.position.value),
                name,
                one,
            )
            for band in fit.bands
            for name, one in (
                ("band", band.position),
                ("band_height", band.height),
                ("band_width", _plain(band.width_per_cm, "per cm")),
            )
        ),
        panels=(_panel(fit),),
        remarks=_remarks(fit, given=ionic is not None),
        facts={
            "file": path.name,
            "range": f"{at[0]:.0f} to {at[-1]:.0f} 1/cm, each {step:.3g} 1/cm",
            "bands": f"{len(fit.bands)} between {fit.lines.wavenumber_per_cm[0]:.0f} and "
            f"{fit.lines.wavenumber_per_cm[-1]:.0f} 1/cm, on a straight baseline",
        },
        inputs=(path,),
    )


def _plain(value: float, unit: str) -> Estimate:
    return Estimate(value=value, sigma=None, unit=unit, method="least squares")


def _results(fit: InfraredFit) -> dict[str, Estimate]:
    found: dict[str, Estimate] = {}
    for name, band in (("asymmetric", fit.asymmetric), ("symmetric", fit.symmetric)):
        if band is not None:
            found[name] = band.position
    if fit.splitting is not None and fit.binding_mode is not None:
        found["splitting"] = fit.splitting
        method = f"splitting against {fit.ionic_splitting_per_cm:g} 1/cm of the ionic salt"
        found["binding_mode"] = Estimate(value=fit.binding_mode, sigma=None, unit="", method=method)
    for name, one in (
        ("acid_position", fit.acid_position),
        ("acid_height", fit.acid),
        ("acid_share", fit.acid_share),
    ):
        if one is not None:
            found[name] = one
    found["deprotonated"] = Estimate(
        value=fit.deprotonated, sigma=None, unit="", method="C=O of COOH, 1690 to 1760 1/cm"
    )
    return found


def _remarks(fit: InfraredFit, *, given: bool) -> tuple[str, ...]:
    remarks = [
        "Bands are named by where they lie alone: N-H bending, water (1640) and CH3 (1378) fall "
        "among the carboxylate's, esters among the acid's."
    ]
    if fit.splitting is None:
        remarks.append("No pair of carboxylate stretches stands out: no splitting, no mode.")
    else:
        own = "as given" if given else "sodium acetate's; give the acid's own as `ionic_splitting`"
        remarks.append(
            f"Binding by Deacon and Phillips' rule against {fit.ionic_splitting_per_cm:g} 1/cm "
            f"({own}). The rule was found on acetates; it does not tell chelating from bridging "
            "well, hydrogen bonds move both bands, and several modes at once give one mean."
        )
    remarks.append(_acid_remark(fit))
    return tuple(remarks)


def _acid_remark(fit: InfraredFit) -> str:
    words = f'"Fully deprotonated" is {fit.deprotonated}'
    if fit.acid is None:
        return f"{words}: the record does not hold {ACID[0]:g} to {ACID[1]:g} 1/cm."
    if fit.acid.status == "ok" and fit.acid_position is not None:
        return f"{words}: a C=O band stands at {fit.acid_position.text()}."
    if fit.acid_share is None:
        return f"{words}: no C=O band is seen, but no carboxylate either."
    share = 100 * float(fit.acid_share.value)
    return (
        f"{words}: no C=O band is seen; a band of {share:.2g} % of the asymmetric stretch would "
        "have been (95 %), both taken to absorb alike."
    )


def _panel(fit: InfraredFit) -> Panel:
    lines = fit.lines
    at = lines.wavenumber_per_cm
    curves = [
        Curve(x=at, y=lines.absorbance, name="record", colour=MUTED, dash=""),
        Curve(x=at, y=lines.curve, name="fit"),
        Curve(x=at, y=lines.baseline, name="baseline", colour=SECOND, dash="dash"),
    ]
    residual = Curve(x=at, y=lines.absorbance - lines.curve, name="rest", colour=MUTED, dash="")
    figure = plot_with_residual(
        curves,
        residual,
        x_title="wavenumber (1/cm)",
        y_title="absorbance",
        residual_title="rest",
    )
    _annotate(figure, fit)
    return Panel(
        title="Carboxylate and acid",
        caption="Absorbance (points), fit (line) and baseline (dashed); named bands are marked, "
        f"shaded is where C=O of COOH would lie. {len(fit.bands)} bands in all; below, what the "
        "fit leaves.",
        figure=figure,
    )


def _annotate(figure: "go.Figure", fit: InfraredFit) -> None:
    """Names at the bands, the acid's range shaded, wavenumbers falling as chemists draw them."""
    at = fit.lines.wavenumber_per_cm
    if at[-1] > ACID[0]:
        figure.add_vrect(
            x0=ACID[0],
            x1=min(ACID[1], float(at[-1])),
            fillcolor=SECOND,
            opacity=0.12,
            line_width=0,
            row=1,  # pyright: ignore[reportArgumentType]
            col=1,  # pyright: ignore[reportArgumentType]
        )
    for band in fit.bands:
        if band.name:
            position = float(band.position.value)
            height = float(np.interp(position, at, fit.lines.curve))
            figure.add_annotation(
                x=position,
                y=height,
                text=f"{band.name} {position:.0f}",
                showarrow=True,
                arrowhead=0,
                ax=0,
                ay=-28,
                row=1,
                col=1,
            )
    top = float(np.max(fit.lines.absorbance))
    low = min(0.0, float(np.min(fit.lines.absorbance)))
    figure.update_yaxes(range=[low - 0.03 * top, 1.25 * top], row=1, col=1)
    for row in (1, 2):
        figure.update_xaxes(range=[float(at[-1]), float(at[0])], row=row, col=1)
