"""Statements about a dot that its frames support, contradict, or cannot test."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool

from cinedot.micrographs.occupancy.presence import SiteEvidence
from cinedot.particle import Sites

Verdict = Literal["supported", "contradicted", "not testable"]

_SURE = 0.99
_ONE_SIDED_95 = 1.645
_PLACES = {
    "a": ("corner", "edge", "face", "interior"),
    "halide": ("corner", "edge", "face"),
}
_WORDS = {"corner": "corners", "edge": "edges", "face": "faces", "interior": "inside"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement and what becomes of it.

    Attributes:
        text: the statement.
        verdict: supported, contradicted or not testable in these views.
        limit: upper 95 % bound of the share of the tested sites that contradict it; None where
            none could be tested.
        tested, sites: how many of how many sites would have shown it.
        detail: one sentence with the numbers.
    """

    text: str
    verdict: Verdict
    limit: float | None
    tested: int
    sites: int
    detail: str


def claims_of(evidence: SiteEvidence, sites: Sites) -> tuple[Claim, ...]:
    """For each kind of surface site: that no ion is there, and that every one is.

    A site is tested where a whole ion more or less would be seen nine times in ten.

    Args:
        evidence: of each site.
        sites: of the cuboid, in the same order.

    Example: see `tests/micrographs/occupancy/test_claims.py`.
    """
    made: list[Claim] = []
    for role, places in _PLACES.items():
        for place in places:
            of_kind = sites.role == role
            if role == "halide":
                of_kind = of_kind & (sites.kind == "terminal") & (sites.metal_kind == place)
            else:
                of_kind = of_kind & (sites.kind == place)
            if not of_kind.any():
                continue
            element = str(sites.element[of_kind][0])
            name = (
                f"{element} on the {_WORDS[place]}" if place != "interior" else f"{element} inside"
            )
            made.append(_claim(f"no {name}", evidence, of_kind, there=False))
            made.append(_claim(f"every {name}", evidence, of_kind, there=True))
    return tuple(made)


def _claim(
    text: str, evidence: SiteEvidence, of_kind: Bool[np.ndarray, " site"], *, there: bool
) -> Claim:
    count = int(of_kind.sum())
    tested = of_kind & (evidence.limit < 1.0)
    number = int(tested.sum())
    untested = f"{count - number} not testable in these views"
    if not number:
        return Claim(
            text=text,
            verdict="not testable",
            limit=None,
            tested=0,
            sites=count,
            detail=f"{untested}.",
        )
    against = evidence.p_present[tested]
    against = 1 - against if there else against
    share = evidence.occupancy[tested]
    share = 1 - share if there else share
    sigma = evidence.whole_sigma[tested]
    # What the model is off by is common to the sites; counting is not.
    spread = np.hypot(
        np.sqrt((evidence.sigma[tested] ** 2).sum()) / number, evidence.sigma_model[tested].mean()
    )
    limit = float(np.clip(share.mean() + _ONE_SIDED_95 * spread, 0, 1))
    offenders = int((against > _SURE).sum())
    what = "missing" if there else "there"
    if offenders:
        detail = f"{offenders} of {number} tested sites contradict it; {untested}."
        verdict: Verdict = "contradicted"
    elif (against < 1 - _SURE).all():
        detail = f"share {what} below {limit:.2g} on {number} of {count} sites; {untested}."
        verdict = "supported"
    else:
        unsure = int((against >= 1 - _SURE).sum())
        detail = (
            f"{unsure} of {number} tested sites leave it open "
            f"(sigma {float(np.median(sigma)):.2g}); {untested}."
        )
        verdict = "not testable"
    return Claim(text=text, verdict=verdict, limit=limit, tested=number, sites=count, detail=detail)
