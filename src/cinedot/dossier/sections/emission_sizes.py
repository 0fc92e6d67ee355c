"""The n of an emission spectrum's dots: results, the light of each n, and what images say."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import AnalysisError, Estimate, InputError, Progress, Spectrum
from cinedot.dossier.comparing import compare
from cinedot.dossier.figures import (
    ACCENT,
    INK,
    MUTED,
    SECOND,
    THIRD,
    Curve,
    dressed,
    plot_with_residual,
)
from cinedot.dossier.findings import Check, Panel, SeriesPoint
from cinedot.dossier.known import Known
from cinedot.dossier.manifest import EmissionSection, SampleFolder, SizesSection
from cinedot.dossier.manifest_numbers import ReportedNumber
from cinedot.dossier.quantities import stated_estimate
from cinedot.dossier.sections.series import condition_of
from cinedot.dossier.sizing_checks import told_by
from cinedot.spectroscopy.confinement.semiconductors import sets_of
from cinedot.spectroscopy.mixture import Decomposition, MixturePrior, decompose, expected_bands

if TYPE_CHECKING:
    import plotly.graph_objects as go

_STYLES = (
    (SECOND, "dash"),
    (THIRD, "dot"),
    ("#7c3aed", "dashdot"),
    ("#be185d", "longdash"),
    (INK, "longdashdot"),
)
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross")
_TELLING = 0.01
"""Share of light from which on what is of no n is told."""
_PLACE = "[emission.sizes]"
_MOST = 64
"""Spectra of a series that are taken apart, a second each."""


def prior_of(sample: SampleFolder, section: EmissionSection) -> MixturePrior | None:
    """What is expected of each n; None where nothing is stated and no host tells it.

    Raises:
        InputError: what is stated cannot be used.
    """
    host = sample.manifest.sample.host
    if section.sizes is None and (host is None or not sets_of(host)):
        return None
    stated = section.sizes or SizesSection()
    try:
        return expected_bands(
            host,
            sizes=stated.n,
            law=stated.law,
            peaks=_stated(stated.peaks, "nm", "peaks"),
            cross_sections=_stated(stated.cross_sections, "", "cross_sections"),
            yields=_stated(stated.yields, "", "yields"),
        )
    except InputError as fault:
        raise fault.within(file=sample.manifest_file, place=_PLACE) from fault


def _stated(numbers: Mapping[int, ReportedNumber], unit: str, key: str) -> dict[int, Estimate]:
    return {
        n: stated_estimate(one, unit, key=f"{key}.{n}", place=_PLACE) for n, one in numbers.items()
    }


def decompositions_of(
    spectra: tuple[Spectrum, ...], prior: MixturePrior | None, progress: Progress
) -> tuple[dict[int, Decomposition], tuple[str, ...]]:
    """The spectra that can be taken apart, by index, and why others are not.

    Of a long series so many as take a minute, evenly.
    """
    if prior is None:
        return {}, ()
    found: dict[int, Decomposition] = {}
    failures: list[str] = []
    chosen = np.linspace(0, len(spectra) - 1, min(len(spectra), _MOST)).round().astype(int).tolist()
    if len(chosen) < len(spectra):
        failures.append(
            f"n were counted in {len(chosen)} of {len(spectra)} spectra, evenly chosen."
        )
    for index in progress.track(chosen, description="emission: counting n", total=len(chosen)):
        try:
            found[index] = decompose(spectra[index], prior)
        except AnalysisError as fault:
            failures.append(f"n were not counted: {fault}")
    return found, tuple(failures)


def size_results(found: Decomposition | None) -> dict[str, Estimate]:
    """The number fraction of each n; none where there is no decomposition."""
    if found is None:
        return {}
    return {f"fraction_{n}": one.estimate() for n, one in found.fractions.items()}


def size_series(
    spectra: tuple[Spectrum, ...], found: Mapping[int, Decomposition]
) -> tuple[SeriesPoint, ...]:
    """Of one spectrum a row each n, with its interval; of several, fractions by condition."""
    if len(spectra) == 1:
        return tuple(point for one in found.values() for point in _rows(one))
    return tuple(
        (
            spectra[index].label,
            condition_of(spectra[index].label, index),
            f"fraction_{n}",
            _number(share.value, share.sigma, "mean over all kinds of mixtures"),
        )
        for index, one in found.items()
        for n, share in one.fractions.items()
    )


def _rows(found: Decomposition) -> tuple[SeriesPoint, ...]:
    points: list[SeriesPoint] = []
    for n, one in found.fractions.items():
        columns = {
            "fraction": _number(one.value, one.sigma, "mean over all kinds of mixtures"),
            "fraction_low": _number(round(one.low, 4), None, "95 % credible interval"),
            "fraction_high": _number(round(one.high, 4), None, "95 % credible interval"),
            "light": _number(round(one.light, 4), None, "areas in photons"),
            "presence": _number(round(one.present, 4), None, "evidence of all kinds"),
        }
        if n in found.peaks:
            columns["band_peak"] = found.peaks[n]
        points += [(f"n = {n}", float(n), name, number) for name, number in columns.items()]
    return tuple(points)


def _number(value: float, sigma: float | None, method: str) -> Estimate:
    return Estimate(value=value, sigma=sigma, unit="", method=method)


def size_remarks(found: Mapping[int, Decomposition]) -> tuple[str, ...]:
    """What the fractions stand on, and what is doubtful about them."""
    if not found:
        return ()
    every = tuple(found.values())
    remarks = [
        "Number fractions are of dots of n = "
        f"{', '.join(str(n) for n in every[0].fractions)} that emit. "
        + " ".join(every[0].prior.assumptions)
    ]
    for one in every if len(every) == 1 else ():
        remarks += _doubts(one)
    pairs = dict.fromkeys(pair for one in every for pair in one.either)
    for first, second in pairs if len(every) > 1 else ():
        count = sum((first, second) in one.either for one in every)
        remarks.append(
            f"In {count} of {len(every)} spectra a band may be of n = {first} or n = {second}."
        )
    return tuple(remarks)


def _doubts(found: Decomposition) -> list[str]:
    said: list[str] = []
    for first, second in found.either:
        chances = [f"{found.fractions[n].present:.0%} for n = {n}" for n in (first, second)]
        said.append(
            f"One band may be of n = {first} or of n = {second} ({', '.join(chances)}): their "
            "fractions are undetermined. A stated peak decides it (`peaks` in [emission.sizes])."
        )
    said += [
        f"The band of n = {n} at {found.peaks[n].text()} lies more than 3 standard deviations from "
        "where it was expected: its name is doubtful."
        for n in found.far
    ]
    if found.unseen:
        sizes = ", ".join(str(n) for n in found.unseen)
        said.append(f"n = {sizes} would emit outside of the record and was not looked for.")
    if found.other_light > _TELLING:
        said.append(
            f"{found.other_light:.0%} of the light is of larger dots or of no dot, and not counted."
        )
    return said


def size_facts(found: Mapping[int, Decomposition]) -> dict[str, str]:
    """How one spectrum was taken apart."""
    if len(found) != 1:
        return {}
    (one,) = found.values()
    return {"mixture": f"{one.model}; {len(one.evidence)} kinds weighed by their evidence"}


def size_panels(
    spectra: tuple[Spectrum, ...], found: Mapping[int, Decomposition]
) -> tuple[Panel, ...]:
    """The light of each n in a spectrum; fractions against the condition in a series."""
    if not found:
        return ()
    if len(spectra) == 1:
        (one,) = found.values()
        said = [
            f"n = {n} {share.estimate().text()} ({share.light:.0%} of the light)"
            for n, share in one.fractions.items()
            if n in one.bands
        ]
        return (
            Panel(
                title="Light of each n",
                caption=f"Record (points) and likeliest mixture (line): {one.model}. Number "
                f"fractions, averaged over all kinds of mixtures: {'; '.join(said)}.",
                figure=_parts(one),
            ),
        )
    return (
        Panel(
            title="Number fractions",
            caption="Number fraction of each n against the condition; bars are 95 % credible "
            "intervals, open symbols those that may be 0.",
            figure=_trend(spectra, found),
        ),
    )


def _parts(found: Decomposition) -> "go.Figure":
    x = found.wavelength_nm
    curves = [
        Curve(x=x, y=found.intensity, name="record", colour=MUTED, dash=""),
        Curve(x=x, y=found.curve, name="mixture", colour=ACCENT),
    ]
    named = {**{f"n = {n}": band for n, band in found.bands.items()}, **found.others}
    for k, (name, band) in enumerate(named.items()):
        colour, dash = _STYLES[k % len(_STYLES)]
        curves.append(Curve(x=x, y=band + found.background, name=name, colour=colour, dash=dash))
    residual = Curve(x=x, y=found.residual, name="rest", colour=MUTED, dash="")
    return plot_with_residual(
        curves,
        residual,
        x_title="wavelength (nm)",
        y_title="intensity (instrument's units)",
        residual_title="rest",
    )


def _trend(spectra: tuple[Spectrum, ...], found: Mapping[int, Decomposition]) -> "go.Figure":
    import plotly.graph_objects as go

    figure = go.Figure()
    x = [condition_of(spectra[index].label, index) for index in found]
    sizes = dict.fromkeys(n for one in found.values() for n in one.fractions)
    for k, n in enumerate(sizes):
        shares = [one.fractions[n] for one in found.values() if n in one.fractions]
        at = [place for place, one in zip(x, found.values(), strict=True) if n in one.fractions]
        colour, symbol = _STYLES[k % len(_STYLES)][0], _SYMBOLS[k % len(_SYMBOLS)]
        figure.add_trace(
            go.Scatter(
                x=at,
                y=[one.value for one in shares],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [max(one.high - one.value, 0.0) for one in shares],
                    "arrayminus": [max(one.value - one.low, 0.0) for one in shares],
                    "thickness": 1,
                },
                mode="markers+lines",
                line={"color": colour, "width": 1},
                marker={
                    "color": colour,
                    "size": 9,
                    "symbol": [symbol if one.low > 0 else f"{symbol}-open" for one in shares],
                },
                name=f"n = {n}",
            )
        )
    dressed(figure, height=380)
    figure.update_xaxes(title="condition")
    figure.update_yaxes(title="number fraction", range=[-0.03, 1.03])
    return figure


def size_checks(found: Decomposition, known: Known, source: str | None) -> tuple[Check, ...]:
    """Each n's fraction against what images count, or what is reported of them.

    Args:
        found: one spectrum's.
        known: what the other sections found.
        source: whose recordings these are, as `[sample] source` says; None where nobody said.
    """
    checks: list[Check] = []
    for n, share in found.fractions.items():
        counted = known.number(f"survey.fraction_{n}")
        if counted is None:
            continue
        name, light = f"number fraction of n = {n}: emission against survey", share.estimate()
        of = ("emission", "survey" if counted.origin == "[survey]" else "reported of the survey")
        check = compare(name, light, counted.estimate, of=of)
        if share.ambiguous:
            detail = f"{check.detail} The band may as well be of a neighbouring n."
            check = Check(name=name, status="undecided", detail=detail)
        law = found.prior.law
        checks.append(check if law is None else told_by(check, law, source))
    return tuple(checks)
