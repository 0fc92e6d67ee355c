"""Cross-checks: does what one record says agree with what another says?"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from cinedot.core import Estimate, InputError
from cinedot.dossier.beam_checks import dose_checks
from cinedot.dossier.comparing import compare
from cinedot.dossier.count_checks import purity_checks, size_checks
from cinedot.dossier.findings import Check, SectionOutcome
from cinedot.dossier.known import Known, answers_of
from cinedot.dossier.ligand_checks import ligand_checks
from cinedot.dossier.light_checks import light_checks
from cinedot.dossier.quantities import general_key
from cinedot.dossier.sizing_checks import sizes_from_emission
from cinedot.particle import (
    Compound,
    Cuboid,
    Host,
    compounds,
    host_named,
    planned_composition,
)


def cross_checks(
    outcomes: Iterable[SectionOutcome],
    reported: Mapping[str, Estimate],
    *,
    host: str | None = None,
    source: str | None = None,
    lattice_nm: float | None = None,
    surfaces: Iterable[Compound] | None = None,
) -> tuple[Check, ...]:
    """Every check that the sections allow: their own, between sections, and with reports.

    Args:
        outcomes: the sections after they ran.
        reported: numbers of `[reported]`, keyed like `dossier.json`.
        host: what the sample is made of; None where it is not known.
        source: whose recordings these are; None where nobody said.
        lattice_nm: the sample's lattice constant; the host's own unless given.
        surfaces: compounds that the dots may be; all that the host allows unless given.
    """
    ran = tuple(outcomes)
    known = Known(found=answers_of(ran), reported=reported)
    own = [check for o in ran if o.findings for check in o.findings.checks]
    return (
        *own,
        *_sizes(known.found),
        *_by_host(ran, known, host, source, lattice_nm, surfaces),
        *purity_checks(known),
        *light_checks(known),
        *_recipe(known),
        *_reports(known.found, reported),
    )


def _by_host(
    outcomes: tuple[SectionOutcome, ...],
    known: Known,
    name: str | None,
    source: str | None,
    lattice_nm: float | None,
    surfaces: Iterable[Compound] | None,
) -> Iterable[Check]:
    """What can be asked of dots whose host is known."""
    if name is None:
        return
    yield from sizes_from_emission(known.found, known.reported, name, source)
    try:
        host = host_named(name)
    except InputError:  # lattice and ions are not known
        return
    host = host if lattice_nm is None else replace(host, lattice_nm=lattice_nm)
    allowed = tuple(_of_host(host, compounds().values() if surfaces is None else surfaces))
    yield from size_checks(known, host, allowed, source)
    yield from ligand_checks(known, host, allowed)
    yield from dose_checks(outcomes, known)


def _of_host(host: Host, surfaces: Iterable[Compound]) -> Iterable[Compound]:
    """A laboratory's defaults may name compounds that another host has."""
    cube = Cuboid.cube(4, host)
    for one in surfaces:
        try:
            planned_composition(cube, one)
        except InputError:
            continue
        yield one


def _recipe(known: Known) -> Iterable[Check]:
    """Whether what a recipe states agrees with what it measures out."""
    found = known.found.get("recipe.contradictions")
    if found is None:
        return
    count = int(float(found.value))
    said = (
        "every number that it states agrees with what is measured out, to its last digit."
        if count == 0
        else f"{count} {'number' if count == 1 else 'numbers'} that it states and what is measured "
        "out contradict each other: the section's remarks say which; correct the recipe."
    )
    yield Check(
        name="recipe: stated against measured out",
        status="tension" if count else "agree",
        detail=f"{said[0].upper()}{said[1:]}",
    )


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


def _reports(found: Mapping[str, Estimate], reported: Mapping[str, Estimate]) -> Iterable[Check]:
    for key, stated in reported.items():
        answers = {
            name: _with_systematic(one, found.get(f"{name}_systematic"))
            for name, one in found.items()
            if _asks_for(key, name)
        }
        for name, one in answers.items():
            said = "found" if one is found[name] else "found, systematic error in it,"
            yield compare(f"{name} (reported)", one, stated, of=(said, "reported"))
        if not answers:
            detail = f"reported {stated.text()}; nothing here measures it."
            yield Check(name=f"{key} (reported)", status="undecided", detail=detail)


def _with_systematic(one: Estimate, shared: Estimate | None) -> Estimate:
    """An answer for comparing with another's: with what all of its own replicates share."""
    if shared is None or one.sigma is None:
        return one
    return replace(one, sigma=math.hypot(one.sigma, float(shared.value)))


def _asks_for(key: str, name: str) -> bool:
    """Whether a reported key means this quantity: its own, or that of every named movie."""
    section, _, quantity = name.rpartition(".")
    return key in (name, general_key(section, quantity))
