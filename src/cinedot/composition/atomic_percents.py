"""EDX results as a laboratory keeps them: atomic percents, one row a replicate, or their means."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError

Spread = Literal["sd", "sem"]
"""What stands behind a plus-minus: the scatter of single replicates, or that of their mean."""

LEAST_SUM, MOST_SUM = 98.0, 102.0
"""What a row of atomic percents may add up to: whole percents of five elements round to this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomicPercents:
    """Atomic percents of the elements of a sample.

    Attributes:
        elements: their symbols, in the columns' order.
        percents: [replicate, element], each row adding up to 100; one row of means where `sigma`
            is given.
        label: what a reader calls it.
        sigma: of the means, percent; None for a table of replicates.
        spread: whether that is the scatter of replicates or of their mean; None where nobody says.
        averaged: how many replicates a mean is of; None where nobody says.

    Raises:
        InputError: no row, elements named twice, a percent that is not from 0 to 100, a row that
            does not add up to 98 to 102, a sigma below 0 or beside several rows.
    """

    elements: tuple[str, ...]
    percents: Float[np.ndarray, "replicate element"]
    label: str
    sigma: Float[np.ndarray, " element"] | None = None
    spread: Spread | None = None
    averaged: int | None = None

    def __post_init__(self) -> None:
        twice = [name for name in self.elements if self.elements.count(name) > 1]
        if twice:
            raise InputError(
                f"each element must have one column, but {twice[0]} has {twice.count(twice[0])}.",
                remedy="Keep one line of each element.",
            )
        if len(self.percents) == 0:
            raise InputError(
                "a composition must have at least one row, but has none.", remedy="Fill it in."
            )
        for row, percents in enumerate(self.percents):
            _check_row(percents, self.elements, row)
        if self.sigma is not None:
            _check_sigma(self.sigma, len(self.percents), self.averaged)

    def column(self, element: str) -> Float[np.ndarray, " replicate"]:
        """The percents of one element."""
        return self.percents[:, self.elements.index(element)]


def _check_row(
    percents: Float[np.ndarray, " element"], elements: tuple[str, ...], row: int
) -> None:
    for element, percent in zip(elements, percents.tolist(), strict=True):
        if not 0 <= percent <= 100:
            raise InputError(
                f"an atomic percent must be from 0 to 100, but that of {element} is {percent:g}.",
                remedy="Correct it; write 0 where an element was looked for and not found.",
                place=f"replicate {row + 1}",
            )
    total = float(percents.sum())
    if not LEAST_SUM <= total <= MOST_SUM:
        raise InputError(
            f"atomic percents must add up to 100, but those of {', '.join(elements)} add up to "
            f"{total:.4g}.",
            remedy="Give a column to every element that was quantified, in atomic (not weight) "
            "percent.",
            place=f"replicate {row + 1}",
        )


def _check_sigma(sigma: Float[np.ndarray, " element"], rows: int, averaged: int | None) -> None:
    if rows != 1 or not (sigma >= 0).all():
        raise InputError(
            "a mean must have sigmas of 0 or more beside one row, but there are "
            f"{rows} rows and sigmas {sigma.tolist()}.",
            remedy="Give either replicates or their mean.",
        )
    if averaged is not None and averaged < 2:
        raise InputError(
            f"`replicates` must be at least 2 for a mean with a sigma, but is {averaged}.",
            remedy="Say how many measurements were averaged.",
        )


def lines_of(fault: InputError, lines: tuple[int, ...], file: Path) -> InputError:
    """A complaint about a replicate with the file and the line that it stands on."""
    place = fault.place
    if place is not None and place.startswith("replicate "):
        place = f"line {lines[int(place.rpartition(' ')[2]) - 1]}"
    return InputError(fault.rule, remedy=fault.remedy, file=file, place=place)
