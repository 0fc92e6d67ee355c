"""A survey's corrections: particles rejected by hand, left out beside the automatic answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cinedot.core import Estimate, InputError
from cinedot.dossier.comparing import compare
from cinedot.dossier.corrections import RejectedParticles
from cinedot.dossier.findings import Check
from cinedot.dossier.quantities import AUTOMATIC
from cinedot.dossier.sections.survey_looks import Look
from cinedot.micrographs import Particle

_COMPARED = ("particles", "mean_edge", "spread_edge", "fraction_4", "gap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Looks without the particles that were rejected, and what to say of it.

    Attributes:
        looks: what is left.
        number: of rejected particles.
        remarks: by whom and why, and points where no particle is.
    """

    looks: tuple[Look, ...]
    number: int
    remarks: tuple[str, ...]


def require_images(rejected: Sequence[RejectedParticles], names: Sequence[str]) -> None:
    """Refuse corrections of images that the survey does not have.

    Raises:
        InputError: as said.
    """
    for one in rejected:
        if one.image not in names:
            raise InputError(
                f"`image` must be one of the survey's, but is {one.image!r}.",
                remedy=f"It has {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}.",
                place="[rejected_particles] image",
            )


def without_rejected(looks: Sequence[Look], rejected: Sequence[RejectedParticles]) -> Kept:
    """Leave out the particles in whose outline a rejected point lies."""
    left, number, said = list(looks), 0, list[str]()
    for one in rejected:
        at = next(place for place, look in enumerate(looks) if look.image.name == one.image)
        seen = left[at].particles
        gone = {found for x, y in one.at_nm if (found := _at(seen.particles, x, y)) is not None}
        missed = [point for point in one.at_nm if _at(seen.particles, *point) is None]
        kept = tuple(part for index, part in enumerate(seen.particles) if index not in gone)
        left[at] = replace(left[at], particles=replace(seen, particles=kept))
        number += len(gone)
        said.append(f"Left out by hand: {_particles(len(gone))} of {one.image} ({one.signed}).")
        said += [
            f"No particle of {one.image} is at {x:g}, {y:g} nm, where one was rejected."
            for x, y in missed
        ]
    return Kept(looks=tuple(left), number=number, remarks=tuple(said))


def automatic_results(automatic: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """The automatic answers under names of their own."""
    return {f"{AUTOMATIC}{name}": automatic[name] for name in _COMPARED if name in automatic}


def correction_checks(
    automatic: Mapping[str, Estimate], corrected: Mapping[str, Estimate]
) -> tuple[Check, ...]:
    """Automatic and corrected answers side by side; they share most of their particles."""
    return tuple(
        replace(
            compare(
                f"{name}: automatic against corrected",
                automatic[name],
                corrected[name],
                of=("automatic", "corrected"),
            ),
            status="circular",
        )
        for name in _COMPARED[1:]
        if name in automatic and name in corrected
    )


def _particles(count: int) -> str:
    return f"{count} particle" if count == 1 else f"{count} particles"


def _at(particles: Sequence[Particle], x_nm: float, y_nm: float) -> int | None:
    """The particle whose fitted square, or a neighbourhood of its centre, holds a point."""
    away = [float(np.hypot(one.x_nm - x_nm, one.y_nm - y_nm)) for one in particles]
    near = [at for at, one in enumerate(particles) if away[at] < 0.5 * one.edge_nm]
    return min(near, key=lambda at: away[at], default=None)
