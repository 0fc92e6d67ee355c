"""What the sections have found, for a section whose answer needs another's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cinedot.core import Estimate

if TYPE_CHECKING:
    from cinedot.dossier.findings import SectionOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to use, and where it comes from.

    Attributes:
        estimate: the answer.
        origin: "[emission]" or "[reported]".
    """

    estimate: Estimate
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All answers of a dossier so far.

    Attributes:
        found: "emission.peak" -> what the section found.
        reported: the numbers of `[reported]`, in the dossier's units.
    """

    found: Mapping[str, Estimate]
    reported: Mapping[str, Estimate]

    def number(self, key: str) -> Answer | None:
        """The number of a key that the records told, else the reported one, else None.

        Example:
            >>> said = Estimate(value=0.97, sigma=0.03, unit="", method="reported")
            >>> known = Known(found={}, reported={"quantum_yield.phi": said})
            >>> known.number("quantum_yield.phi").origin, known.number("emission.peak")
            ('[reported]', None)
        """
        own = self.found.get(key)
        said = self.reported.get(key)
        # An answer that its record does not support gives way to a number known otherwise.
        if own is not None and (own.status == "ok" or said is None):
            answer = Answer(estimate=own, origin=f"[{key.rpartition('.')[0]}]")
        elif said is not None:
            answer = Answer(estimate=said, origin="[reported]")
        else:
            return None
        return None if isinstance(answer.estimate.value, str) else answer

    def sure(self, key: str) -> Answer | None:
        """The number of a key as `number` has it; None where it is a limit or undetermined.

        Example:
            >>> least = Estimate(value=54.0, sigma=2.0, unit="", method="sum", status="lower_limit")
            >>> known = Known(found={"composition.OAMH": least}, reported={})
            >>> known.sure("composition.OAMH") is None
            True
        """
        answer = self.number(key)
        return None if answer is None or answer.estimate.status != "ok" else answer


def cuboid_edges(text: str) -> tuple[int, int, int] | None:
    """The edges that a result's text names, "4x4x4"; None of any other text.

    Example:
        >>> cuboid_edges("4x4x5"), cuboid_edges("none")
        ((4, 4, 5), None)
    """
    parts = text.split("x")
    if len(parts) != 3 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])


def answers_of(outcomes: "Iterable[SectionOutcome]") -> dict[str, Estimate]:
    """Every result of the sections that have any, as "section.quantity"."""
    return {
        f"{outcome.name}.{name}": estimate
        for outcome in outcomes
        if outcome.findings
        for name, estimate in outcome.findings.results.items()
    }
