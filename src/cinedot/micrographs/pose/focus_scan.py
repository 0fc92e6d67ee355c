"""At which defocus one missing ion shows best, and what dose shows it there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.micrographs.pose.bounds import Ground, change_snr, removal
from cinedot.micrographs.pose.models import DotModel
from cinedot.micrographs.pose.planning import all_sides, surface_kinds
from cinedot.micrographs.pose.views import Views

_HALIDES = ("Cl", "Br", "I")
_MOST_DOSE = 1e12
"""No specimen outlives it; what a film still hides then, it hides for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusOutlook:
    """What shows one missing ion at one defocus, its pose being known.

    Attributes:
        kind: such as "Br terminal corner".
        defocus_nm: of the plane through the dot's centre.
        ground: its name.
        snr: signal over noise in one frame; median over directions of the beam.
        dose_moving: e/nm2 that reach the threshold in frames of the stated dose, where the ground
            is new in each.
        dose_still: the same where it is one and the same; None where no dose is enough.
    """

    kind: str
    defocus_nm: float
    ground: str
    snr: float
    dose_moving: float
    dose_still: float | None


def halide_kind(model: DotModel) -> str | None:
    """The surface ion that a plan speaks of first: a corner's halide, which acids take.

    Another ion where a compound leaves no such halide; None where it leaves none at all.

    Example:
        >>> from cinedot.micrographs.pose.models import average_dot
        >>> from cinedot.particle import Cuboid, host_named
        >>> halide_kind(average_dot(Cuboid.cube(2, host_named("CsPbBr3")), "prototype"))
        'Br terminal corner'
    """
    return min(
        surface_kinds(model),
        key=lambda kind: (kind.split()[0] not in _HALIDES, "corner" not in kind, kind),
        default=None,
    )


def focus_scan(
    views: Views,
    kind: str,
    defoci_nm: Iterable[float],
    *,
    dose_e_per_nm2: float,
    grounds: Callable[[float], Sequence[Ground]],
    directions: int = 16,
    efficiency: float = 1.0,
    threshold: float = 5.0,
) -> tuple[FocusOutlook, ...]:
    """What shows one missing ion of a kind at each defocus over each ground.

    Args:
        views: the dot before its camera and lens.
        kind: one of `surface_kinds`.
        defoci_nm: of the plane through the dot's centre, under-focus positive.
        dose_e_per_nm2: of a frame.
        grounds: what may lie behind at a defocus, whose noise differs from focus to focus.
        directions: of the beam, spread evenly over all sides.
        efficiency: the camera's detective quantum efficiency.
        threshold: signal over noise that counts as seen.
    """
    site, sides = surface_kinds(views.model)[kind][0], all_sides(directions)
    found: list[FocusOutlook] = []
    for defocus in defoci_nm:
        there, change = removal(views, site, sides, defocus)
        for ground in grounds(defocus):

            def snr(
                dose: float,
                there: Float[np.ndarray, "pose y x"] = there,
                change: Float[np.ndarray, "pose y x"] = change,
                ground: Ground = ground,
            ) -> float:
                counted = dose * efficiency
                every = change_snr(there, change, views.camera.pixel_nm, counted, ground)
                return float(np.median(every))

            in_frame = snr(dose_e_per_nm2)
            moving = dose_e_per_nm2 * (threshold / in_frame) ** 2
            still = moving if ground.structure is None else _least_dose(snr, threshold)
            found.append(
                FocusOutlook(
                    kind=kind,
                    defocus_nm=float(defocus),
                    ground=ground.name,
                    snr=in_frame,
                    dose_moving=moving,
                    dose_still=still,
                )
            )
    return tuple(found)


def scan_text(found: Sequence[FocusOutlook], threshold: float) -> str:
    """A scan as lines for a terminal, and what is best over each ground."""
    lines = [
        f"one missing {found[0].kind} through focus, the pose being known",
        f"{'defocus':>10}  {'behind it':<16}{'SNR a frame':>12}"
        f"{'e/nm2 to ' + format(threshold, 'g'):>16}{'(ground still)':>16}",
    ]
    lines += [
        f"{one.defocus_nm:>7g} nm  {one.ground:<16}{one.snr:>12.1f}"
        f"{one.dose_moving:>16.2g}{_dose_text(one.dose_still):>16}"
        for one in found
    ]
    lines.append("")
    for ground in dict.fromkeys(one.ground for one in found):
        best = max((one for one in found if one.ground == ground), key=lambda one: one.snr)
        still = (
            "where it stands still no dose does"
            if best.dose_still is None
            else f"{best.dose_still:.2g} e/nm2 where it stands still"
        )
        over = "" if best.dose_still == best.dose_moving else f"; {still}"
        lines.append(
            f"over {ground}: best of these at {best.defocus_nm:g} nm, "
            f"{best.dose_moving:.2g} e/nm2{over}"
        )
    return "\n".join(lines)


def _least_dose(snr: Callable[[float], float], threshold: float) -> float | None:
    """Where a signal over noise that grows with dose crosses the threshold, within 1 %."""
    low, high = 1.0, _MOST_DOSE
    if snr(high) < threshold:
        return None
    while high > 1.01 * low:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if snr(middle) >= threshold else (middle, high)
    return high


def _dose_text(dose: float | None) -> str:
    return "never" if dose is None else format(dose, ".2g")
