"""Cross-checks: does what one record says agree with what another says?"""

import math
from collections.abc import Iterable, Mapping

from cinedot.core import Estimate
from cinedot.dossier.findings import Check, SectionOutcome
from cinedot.dossier.quantities import general_key

AGREE_SIGMA = 2.0
TENSION_SIGMA = 3.0


def compare(name: str, first: Estimate, second: Estimate, *, of: tuple[str, str]) -> Check:
    """Set two estimates of one quantity side by side.

    Within 2 standard deviations of their difference they agree, beyond 3 they are in tension,
    between the two the data do not decide; nor do they where neither states a sigma.

    Args:
        name: the question.
        first, second: estimates in the same unit.
        of: what each comes from, for the sentence.

    Example:
        >>> a = Estimate(value=453.2, sigma=0.1, unit="nm", method="fit")
        >>> b = Estimate(value=453.0, sigma=0.5, unit="nm", method="reported")
        >>> compare("peak", a, b, of=("measured", "reported")).status
        'agree'
    """
    said = f"{of[0]} {first.text()}, {of[1]} {second.text()}"
    if isinstance(first.value, str) or isinstance(second.value, str):
        same = str(first.value) == str(second.value)
        return Check(name=name, status="agree" if same else "tension", detail=f"{said}.")
    spread = math.hypot(first.sigma or 0.0, second.sigma or 0.0)
    limit = _by_limit(name, first, second, spread, said)
    if limit is not None:
        return limit
    if spread == 0:
        return Check(name=name, status="undecided", detail=f"{said}; neither states a sigma.")
    distance = abs(first.value - second.value) / spread
    status = "agree" if distance < AGREE_SIGMA else "undecided"
    if distance > TENSION_SIGMA:
        status = "tension"
    return Check(
        name=name, status=status, detail=f"{said}: {distance:.1f} standard deviations apart."
    )


def _by_limit(
    name: str, first: Estimate, second: Estimate, spread: float, said: str
) -> Check | None:
    """A limit against a number: they agree on its right side; None where neither is a limit."""
    limits = [one for one in (first, second) if one.status in ("lower_limit", "upper_limit")]
    if not limits or isinstance(first.value, str) or isinstance(second.value, str):
        return None
    if len(limits) == 2:
        return Check(name=name, status="undecided", detail=f"{said}; both are limits.")
    bound, other = (first, second) if limits[0] is first else (second, first)
    beyond = float(other.value) - float(bound.value)
    if bound.status == "upper_limit":
        beyond = -beyond
    if beyond >= 0:
        return Check(name=name, status="agree", detail=f"{said}: within the limit.")
    status = "tension" if -beyond > TENSION_SIGMA * spread else "undecided"
    return Check(name=name, status=status, detail=f"{said}: beyond the limit.")


def cross_checks(
    outcomes: Iterable[SectionOutcome], reported: Mapping[str, Estimate]
) -> tuple[Check, ...]:
    """Every check that the sections allow: their own, between sections, and with reports.

    Args:
        outcomes: the sections after they ran.
        reported: numbers of `[reported]`, keyed like `dossier.json`.
    """
    found = {
        f"{outcome.name}.{key}": estimate
        for outcome in outcomes
        if outcome.findings
        for key, estimate in outcome.findings.results.items()
    }
    own = [check for o in outcomes if o.findings for check in o.findings.checks]
    return (*own, *_sizes(found), *_driven(found), *_reports(found, reported))


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
