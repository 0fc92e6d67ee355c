"""All records together: what a movie's dot is, given what the others say of the sample's dots.

A movie tells edges and compound of one dot. How often each n comes, by the survey, and which
compound the sample has, by the composition, are what is known of that dot beforehand. The three
are different records of different dots, so that their probabilities multiply. Emission is left
out: its n are read through a law, which `checks` hold against the images.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cinedot.core import Estimate
from cinedot.dossier.findings import Findings, SectionOutcome, SeriesPoint

LEAST_TOGETHER = 1e-3
"""Sources whose distributions overlap less contradict each other: their product says nothing."""
_SHOWN = 8
_FLOOR = 1e-6
"""What no record can exclude: it was made of another thing than anybody thought."""

Chances = Mapping[str, float]
"""Probability of each kind: "4x4x4" or "mla-cs"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """Edges and compound that a dot may have, and the probability of each source."""

    edges: str
    compound: str
    movie: float
    survey: float | None
    composition: float | None

    @property
    def together(self) -> float:
        """Not yet over the sum of all."""
        told = (self.movie, self.survey, self.composition)
        return math.prod(one for one in told if one is not None)


def joint_outcomes(
    outcomes: Sequence[SectionOutcome],
    edges: Iterable[tuple[int, int, int]],
    compounds: Iterable[str],
) -> tuple[SectionOutcome, ...]:
    """A section for each movie whose dot another record speaks of as well.

    Args:
        outcomes: the sections after they ran.
        edges, compounds: what the particles may be, by `[model]`.
    """
    by_name = {outcome.name: outcome.findings for outcome in outcomes if outcome.findings}
    survey, composition = _of_edges(by_name.get("survey")), _of_compounds(by_name)
    if survey is None and composition is None:
        return ()
    offered = ["x".join(map(str, one)) for one in edges], list(compounds)
    return tuple(
        _outcome(name.removeprefix("movie"), findings, offered, survey, composition)
        for name, findings in by_name.items()
        if name.partition(" ")[0] == "movie" and _named(findings) is not None
    )


def _of_edges(survey: Findings | None) -> Chances | None:
    """How often each cube comes, by the survey's number fractions."""
    if survey is None:
        return None
    found = {
        "x".join([label.removeprefix("n = ")] * 3): float(one.value)
        for label, _, quantity, one in survey.series
        if quantity == "fraction" and label.startswith("n = ")
    }
    return found or None


def _of_compounds(by_name: Mapping[str, Findings]) -> Chances | None:
    """How probable each compound is by the atoms counted."""
    composition = by_name.get("composition")
    if composition is None:
        return None
    found = {
        label: float(one.value)
        for label, _, quantity, one in composition.series
        if quantity == "probability"
    }
    return found or None


def _named(movie: Findings) -> tuple[str, str, float] | None:
    """Edges, compound and their probability together; None where the movie told none."""
    edges, compound, chance = (
        movie.results.get(key) for key in ("edges", "compound", "probability")
    )
    if edges is None or compound is None or chance is None:
        return None
    return str(edges.value), str(compound.value), float(chance.value)


def _outcome(
    own_name: str,
    movie: Findings,
    offered: tuple[list[str], list[str]],
    survey: Chances | None,
    composition: Chances | None,
) -> SectionOutcome:
    named = _named(movie)
    assert named is not None
    edges, compound, chance = named
    pairs = {(one, other): 0.0 for one in offered[0] for other in offered[1]}
    pairs[edges, compound] = 0.0
    others = len(pairs) - 1
    rest = (1.0 - chance) / others if others else 0.0
    kinds = [
        _Kind(
            edges=one,
            compound=other,
            movie=max(chance if (one, other) == (edges, compound) else rest, _FLOOR),
            survey=None if survey is None else max(survey.get(one, 0.0), _FLOOR),
            composition=None if composition is None else max(composition.get(other, 0.0), _FLOOR),
        )
        for one, other in pairs
    ]
    return SectionOutcome(name=f"joint{own_name}", status="ok", findings=_findings(kinds))


def _findings(kinds: list[_Kind]) -> Findings:
    total = sum(one.together for one in kinds)
    kinds = sorted(kinds, key=lambda one: -one.together)
    best = kinds[0]
    sources = ["movie"]
    sources += ["survey"] if best.survey is not None else []
    sources += ["composition"] if best.composition is not None else []
    how = f"probabilities of {', '.join(sources)} multiplied"
    agreed = total > LEAST_TOGETHER
    status = "ok" if agreed else "undetermined"
    remarks = (
        "What the movie's dot is, given how often the survey finds each n and which compound the "
        "composition has. The records are independent; each one's own answer stands beside the "
        "product. Emission is left out: its n are read through a law (see the checks).",
    )
    if not agreed:
        remarks += (
            "The records contradict each other: no kind is likely by all of them, and their "
            "product is no answer. Look at each one's own.",
        )

    def text(value: str) -> Estimate:
        return Estimate(value=value, sigma=None, unit="", method=how, status=status)

    return Findings(
        results={
            "edges": text(best.edges),
            "compound": text(best.compound),
            "probability": Estimate(
                value=best.together / total, sigma=None, unit="", method=how, status=status
            ),
        },
        series=tuple(_rows(kinds[:_SHOWN], total)),
        remarks=remarks,
    )


def _rows(kinds: Sequence[_Kind], total: float) -> Iterable[SeriesPoint]:
    for place, one in enumerate(kinds):
        for source, chance in (
            ("movie", one.movie),
            ("survey", one.survey),
            ("composition", one.composition),
            ("together", one.together / total),
        ):
            if chance is not None:
                told = Estimate(
                    value=chance, sigma=None, unit="", method=f"probability by {source}"
                )
                yield f"{one.edges} {one.compound}", float(place), source, told
