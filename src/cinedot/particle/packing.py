"""Whether dots side by side on a grid keep their atoms apart, and at which gap they do."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from jaxtyping import Float, Int

from cinedot.particle.contacts import CLOSEST_RATIO, covalent_ratios

_STEP_NM = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """A dot as something that others may run into."""

    numbers: Int[np.ndarray, " atom"]
    angstrom: Float[np.ndarray, "atom 3"]

    def near(
        self,
        low: Float[np.ndarray, " 3"],
        high: Float[np.ndarray, " 3"],
        shift: Float[np.ndarray, " 3"],
    ) -> "_Body":
        """Its atoms within a box, after a shift."""
        moved = self.angstrom + shift
        inside = ((moved >= low) & (moved <= high)).all(axis=1)
        return _Body(numbers=self.numbers[inside], angstrom=moved[inside])


def closest_approach(
    dots: Sequence[Atoms], shape: tuple[int, int, int], period_angstrom: Float[np.ndarray, " 3"]
) -> float:
    """The least distance between atoms of two dots, as a share of their covalent radii's sum.

    Dots stand on a periodic grid and take turns, the last axis fastest; a dot's own images are
    other dots.

    Args:
        dots: the dots, in turn [dot].
        shape: dots along a, b, c until the grid repeats.
        period_angstrom: from dot to dot along a, b, c.

    Returns:
        The share; 1 where it is 1 or more.

    Example:
        >>> atom = Atoms("Br", positions=[[0, 0, 0]])
        >>> round(closest_approach([atom], (1, 1, 1), np.array([2.0, 9.0, 9.0])), 3)
        0.833
    """
    bodies = [_Body(numbers=dot.numbers, angstrom=dot.positions) for dot in dots]
    reach = _reach_angstrom(dots)
    # Ligands longer than a gap may reach past the next dot.
    far = np.floor((_extent_angstrom(dots) + reach) / period_angstrom).astype(int)
    steps = [step for step in product(*(range(-n, n + 1) for n in far)) if step > (0, 0, 0)]
    places = list(product(*map(range, shape)))
    meetings = {
        (at % len(bodies), _number(place, step, shape) % len(bodies), step)
        for at, place in enumerate(places)
        for step in steps
    }
    return min(
        (
            _share(bodies[one], bodies[other], np.array(step) * period_angstrom, reach)
            for one, other, step in sorted(meetings)
        ),
        default=1.0,
    )


def fitting_gap_nm(
    dots: Sequence[Atoms],
    shape: tuple[int, int, int],
    edges_angstrom: Float[np.ndarray, " 3"],
    *,
    above_nm: float,
) -> float:
    """A gap at which no dot overlaps another, hardly larger than the least one above a given one.

    Found by bisection in steps of 0.01 nm, and tried itself.

    Args:
        dots, shape: as for `closest_approach`.
        edges_angstrom: the period along a, b, c without the gap.
        above_nm: a gap at which they overlap.
    """
    clear_nm = float((_extent_angstrom(dots) - edges_angstrom).max() + _reach_angstrom(dots)) / 10
    low, high = int(above_nm / _STEP_NM), int(max(clear_nm, above_nm) / _STEP_NM) + 1
    while high - low > 1:
        middle = (low + high) // 2
        period = edges_angstrom + 10 * _STEP_NM * middle
        fits = closest_approach(dots, shape, period) >= CLOSEST_RATIO
        low, high = (low, middle) if fits else (middle, high)
    return round(_STEP_NM * high, 2)


def _reach_angstrom(dots: Sequence[Atoms]) -> float:
    """Beyond which no two atoms can be too close."""
    return 2 * max(float(covalent_radii[dot.numbers].max()) for dot in dots)


def _extent_angstrom(dots: Sequence[Atoms]) -> Float[np.ndarray, " 3"]:
    """Of the box that holds each of the dots."""
    low = np.min([dot.positions.min(axis=0) for dot in dots], axis=0)
    high = np.max([dot.positions.max(axis=0) for dot in dots], axis=0)
    return high - low


def _number(place: tuple[int, ...], step: tuple[int, ...], shape: tuple[int, int, int]) -> int:
    """The number of the place that lies a step away, across the grid's border too."""
    there = [(at + by) % size for at, by, size in zip(place, step, shape, strict=True)]
    return (there[0] * shape[1] + there[1]) * shape[2] + there[2]


def _share(one: _Body, other: _Body, shift: Float[np.ndarray, " 3"], reach: float) -> float:
    moved = other.angstrom + shift
    facing = one.near(moved.min(axis=0) - reach, moved.max(axis=0) + reach, np.zeros(3))
    if not len(facing.numbers):
        return 1.0
    met = other.near(
        facing.angstrom.min(axis=0) - reach, facing.angstrom.max(axis=0) + reach, shift
    )
    pairs, ratio = covalent_ratios(
        np.concatenate([facing.numbers, met.numbers]),
        np.concatenate([facing.angstrom, met.angstrom]),
    )
    between = (pairs < len(facing.numbers)).sum(axis=1) == 1
    return float(ratio[between].min(initial=1.0))
