"""How many centres one slice must have room for, counted before anything is compiled.

Shapes are fixed at compilation, so a slice takes up a fixed number of each class's centres. Room
for all of them would multiply thin matrices by zeros: a QD4's slice holds a tenth of its atoms.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from cinedot.microscope.centres import Kind
from cinedot.microscope.potential import heights_angstrom

_STEPS = (8, 10, 12, 14, 16, 20, 24, 28)
# An atom shares in a slice if it is nearer than one spacing; rounding must not push one out.
_ROUNDING_ANGSTROM = 1e-3


def slice_rooms(
    classes: Sequence[tuple[Kind, ...]],
    rotations: Sequence[Float[np.ndarray, "pose 3 3"]],
    spacing_angstrom: float,
    planes: int,
) -> tuple[int, ...]:
    """The most centres of each class that any slice holds in any pose of any dot, rounded up.

    Args:
        classes: for each class its centres in every dot.
        rotations: for each dot the orientations that it will be seen in.
        spacing_angstrom: distance of the slices' planes.
        planes: number of slices.

    Returns:
        For each class 8, 10, 12, 14, 16, 20, ... or all its centres, whichever is less: few shapes
        are ever compiled, little is wasted.
    """
    heights = heights_angstrom(planes, spacing_angstrom)
    reach = spacing_angstrom + _ROUNDING_ANGSTROM

    def most(kind: Kind, seen: Float[np.ndarray, "pose 3 3"]) -> int:
        z = np.sort(np.einsum("pj,aj->pa", seen[:, 2, :], kind.positions_angstrom), axis=1)
        held = [
            np.searchsorted(row, heights + reach) - np.searchsorted(row, heights - reach)
            for row in z
        ]
        return int(np.max(held, initial=0))

    return tuple(
        min(
            max(map(len, of_dots)),
            roomy(max(most(kind, seen) for kind, seen in zip(of_dots, rotations, strict=True))),
        )
        for of_dots in classes
    )


def roomy(seats: int) -> int:
    """The next of 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, ...

    Example:
        >>> [roomy(seats) for seats in (0, 9, 17, 29, 300)]
        [8, 10, 20, 32, 320]
    """
    scale = 1
    while _STEPS[-1] * scale < seats:
        scale *= 2
    return next(step * scale for step in _STEPS if step * scale >= seats)
