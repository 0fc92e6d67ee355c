"""What atoms must be before anything is made of them."""

from typing import NamedTuple

import numpy as np
from ase import Atoms


class Unsound(NamedTuple):
    """What is wrong: the atom, counted from 0, None where it is all of them; and the rule."""

    atom: int | None
    rule: str


def unsound(atoms: Atoms) -> Unsound | None:
    """The first thing that is wrong: no atoms, no known element, no place, no occupancy 0 to 1.

    Example:
        >>> unsound(Atoms("PbBr", positions=[(0, 0, 0), (0, 0, np.nan)])).atom
        1
        >>> unsound(Atoms("PbBr", positions=[(0, 0, 0), (0, 0, 2.9)])) is None
        True
    """
    if not len(atoms):
        return Unsound(None, "there must be at least one atom, but there is none.")
    for bad, rule in (
        (atoms.numbers < 1, "every atom must be of a known element, but one is not."),
        (
            ~np.isfinite(atoms.positions).all(axis=1),
            "every position must be three finite numbers, but one is not.",
        ),
    ):
        if bad.any():
            return Unsound(int(bad.argmax()), rule)
    return _unsound_occupancy(atoms)


def _unsound_occupancy(atoms: Atoms) -> Unsound | None:
    """Atoms that carry no occupancy are all there."""
    shares = np.asarray(atoms.arrays.get("occupancy", np.ones(len(atoms))))
    if shares.ndim != 1 or shares.dtype.kind not in "biuf":
        return Unsound(None, "`occupancy` must be one number an atom, but is not.")
    bad = ~((shares >= 0) & (shares <= 1))
    if not bad.any():
        return None
    atom = int(bad.argmax())
    return Unsound(atom, f"every `occupancy` must be from 0 to 1, but one is {shares[atom]:g}.")
