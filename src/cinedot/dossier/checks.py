"""Cross-checks: does what one record says agree with what another says?"""

import math
from collections.abc import Iterable, Mapping

from cinedot.core import Estimate
from cinedot.dossier.comparing import compare
from cinedot.dossier.findings import Check, SectionOutcome
from cinedot.dossier.quantities import general_key
from cinedot.dossier.sizing_checks import sizes_from_emission


def cross_checks(
    outcomes: Iterable[SectionOutcome],
    reported: Mapping[str, Estimate],
    *,
    host: str | None = None,
    source: str | None = None,
) -> tuple[Check, ...]:
    """Every check that the sections allow: their own, between sections, and with reports.

    Args:
        outcomes: the sections after they ran.
        reported: numbers of `[reported]`, keyed like `dossier.json`.
        host: what the sample is made of; None where it is not known.
        source: whose recordings these are; None where nobody said.
    """
    found = {
        f"{outcome.name}.{key}": estimate
        for outcome in outcomes
        if outcome.findings
        for key, estimate in outcome.findings.results.items()
    }
    own = [check for o in outcomes if o.findings for check in o.findings.checks]
    sizing = () if host is None else sizes_from_emission(found, reported, host, source)
    return (*own, *_sizes(found), *sizing, *_driven(found), *_reports(found, reported))


def _sizes(found: Mapping[str, Estimate]) -> Iterable[Check]:
    survey = found.get("survey.mean_edge")
    spread = found.get("survey.spread_edge")
    for key, movie in found.items():
        if survey is None or not key.startswith("movie") or not key.endswith(".edge_nm"):
            continue
        width = spread.value if spread is not None and isinstance(spread.value, float) else 0.0
        one_dot = Estimate(
            value=survey.value,
            sigma=math.hypot(survey.sigma or 0.0, width),
            unit="nm",
            method=survey.method,
        )
        yield compare(
            f"size: survey against {key.rpartition('.')[0]}",
            one_dot,
            movie,
            of=("survey, one dot of it,", "movie"),
        )


SCALE_NM = 0.5
"""How much two spectrometers' wavelength scales may differ, each, one standard deviation."""


def _driven(found: Mapping[str, Estimate]) -> Iterable[Check]:
    """Whether a diode's light is the dots' own: its peak against that of the emission."""
    driven, excited = found.get("electroluminescence.peak"), found.get("emission.peak")
    if driven is None or excited is None:
        return
    allowed = [
        Estimate(
            value=one.value,
            sigma=math.hypot(one.sigma or 0.0, SCALE_NM),
            unit="nm",
            method=one.method,
        )
        for one in (driven, excited)
    ]
    checked = compare(
        "peak: electroluminescence against emission",
        *allowed,
        of=("electroluminescence", "emission"),
    )
    said = f"{checked.detail} Each scale is taken as good to {SCALE_NM:g} nm."
    yield Check(name=checked.name, status=checked.status, detail=said)


def _reports(found: Mapping[str, Estimate], reported: Mapping[str, Estimate]) -> Iterable[Check]:
    for key, stated in reported.items():
        answers = {name: one for name, one in found.items() if _asks_for(key, name)}
        for name, one in answers.items():
            yield compare(f"{name} (reported)", one, stated, of=("found", "reported"))
        if not answers:
            detail = f"reported {stated.text()}; nothing here measures it."
            yield Check(name=f"{key} (reported)", status="undecided", detail=detail)


def _asks_for(key: str, name: str) -> bool:
    """Whether a reported key means this quantity: its own, or that of every named movie."""
    section, _, quantity = name.rpartition(".")
    return key in (name, general_key(section, quantity))
