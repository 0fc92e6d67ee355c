"""Lines of the page, and how a verdict is reached."""

from dataclasses import dataclass

from cinedot.core import Estimate
from cinedot.dossier.comparing import compare

AGREES, TENSION, CIRCULAR = "agrees", "**tension**", "circular"


DERIVED, GAP = "derived", "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the page."""

    name: str
    claim: str
    says: str
    computes: str
    verdict: str


def row(name: str, claim: str, says: str, computes: str, verdict: str) -> Row:
    """A line; its cells must not hold the mark that parts cells."""
    return Row(name=name, claim=claim, says=says, computes=computes, verdict=verdict)


def equal(found: float, said: float, within: float = 0.0) -> str:
    """Whether a number is what is said, to so much."""
    return AGREES if abs(found - said) <= within + 1e-9 else TENSION


def judged(said: float, said_sigma: float, found: float, found_sigma: float = 0.0) -> str:
    """The verdict of two numbers with sigmas, as the dossier's checks have it."""
    one, two = (
        Estimate(value=value, sigma=sigma, unit="", method="")
        for value, sigma in ((said, said_sigma), (found, found_sigma))
    )
    status = compare("", one, two, of=("", "")).status
    return {"agree": AGREES, "tension": TENSION}.get(status, status)
