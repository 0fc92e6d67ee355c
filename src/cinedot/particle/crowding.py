"""Molecules side by side on a dot: how much they overlap, their relaxation, what still offends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from cinedot.particle.contacts import CLOSEST_RATIO, contact_radii, covalent_ratios
from cinedot.particle.relaxing import Springs, relaxed
from cinedot.particle.skeletons import Skeleton, pair_distances, plane_cosines, springs_of

BOND_CHANGE_ANGSTROM = 0.08
"""No bond may end up this much longer or shorter than it was in the conformer."""

_NEIGHBOURS = 6
_BEND_STIFFNESS = 30.0
_KEPT_COSINE = 0.6
_NO_BONDS = np.zeros((0, 2), dtype=int)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Core:
    """The dot without its molecules: numbers [core], places in angstrom [core, 3]."""

    numbers: Int[np.ndarray, " core"]
    positions_angstrom: Float[np.ndarray, "core 3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """A molecule on its seat.

    Attributes:
        skeleton: its atoms.
        fixed: those that must not move [fixed].
        metal_angstrom: the metal that its donors bind, or None.
        shape_angstrom: the conformer that it was put there with; its lengths are kept [atom, 3].
        positions_angstrom: where it is now [atom, 3].
    """

    skeleton: Skeleton
    fixed: Int[np.ndarray, " fixed"]
    metal_angstrom: Float[np.ndarray, " 3"] | None
    shape_angstrom: Float[np.ndarray, "atom 3"]
    positions_angstrom: Float[np.ndarray, "atom 3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """Atoms that already stand, for asking how much a newcomer would overlap them."""

    positions_angstrom: Float[np.ndarray, "atom 3"]
    radius_angstrom: Float[np.ndarray, " atom"]
    tree: KDTree

    def overlap(
        self,
        trials: Float[np.ndarray, "trial own 3"],
        radius_angstrom: Float[np.ndarray, " own"],
    ) -> Float[np.ndarray, " trial"]:
        """Sum of squared overlaps with the six nearest of each atom, angstrom^2 [trial]."""
        if not len(self.radius_angstrom):
            return np.zeros(len(trials))
        reach = float(radius_angstrom.max() + self.radius_angstrom.max())
        apart, who = self.tree.query(
            trials.reshape(-1, 3),
            k=list(range(1, 1 + min(_NEIGHBOURS, len(self.radius_angstrom)))),
            distance_upper_bound=reach,
        )
        own = np.tile(radius_angstrom, len(trials))[:, None]
        depth = np.clip(own + np.append(self.radius_angstrom, 0.0)[who] - apart, 0.0, None)
        return (depth**2).sum(axis=1).reshape(len(trials), -1).sum(axis=1)


def surroundings(core: Core | None, placed: Sequence[Placed]) -> Surroundings:
    """Core and molecules as something to keep clear of."""
    places = [one.positions_angstrom for one in placed]
    radii = [one.skeleton.contact_radius_angstrom for one in placed]
    if core is not None:
        places.insert(0, core.positions_angstrom)
        radii.insert(0, contact_radii(core.numbers, _NO_BONDS))
    positions = np.concatenate([np.zeros((0, 3)), *places])
    return Surroundings(
        positions_angstrom=positions,
        radius_angstrom=np.concatenate([np.zeros(0), *radii]),
        tree=KDTree(positions),
    )


def relaxed_together(core: Core, placed: Sequence[Placed]) -> list[Placed]:
    """All molecules relaxed at once against each other and the core, which stands still."""
    around = surroundings(core, placed)
    starts = _starts(core, placed)
    free = np.zeros(len(around.positions_angstrom), dtype=bool)
    free[len(core.numbers) :] = True
    for start, one in zip(starts, placed, strict=True):
        free[start + one.fixed] = False
    moved = relaxed(
        around.positions_angstrom,
        free=free,
        contact_radius_angstrom=around.radius_angstrom,
        springs=_joined_springs(core, placed, starts),
    )
    return [
        replace(one, positions_angstrom=moved[start : start + len(one.skeleton.numbers)])
        for start, one in zip(starts, placed, strict=True)
    ]


def offenders(core: Core, placed: Sequence[Placed]) -> list[int]:
    """Which molecules stand too close, are stretched, or have lost a stereocentre's sense.

    Of two molecules that stand too close only the later is named.
    """
    numbers = np.concatenate([core.numbers, *(one.skeleton.numbers for one in placed)])
    owner = np.repeat(
        np.arange(-1, len(placed)),
        [len(core.numbers), *(len(one.skeleton.numbers) for one in placed)],
    )
    positions = np.concatenate([core.positions_angstrom, *(p.positions_angstrom for p in placed)])
    pairs, ratio = covalent_ratios(numbers, positions)
    close = owner[pairs[ratio < CLOSEST_RATIO]].max(axis=1)
    bent = [at for at, one in enumerate(placed) if not _keeps_its_shape(one)]
    return sorted({int(at) for at in close if at >= 0} | set(bent))


def _starts(core: Core, placed: Sequence[Placed]) -> list[int]:
    sizes = [len(core.numbers), *(len(one.skeleton.numbers) for one in placed)]
    return np.cumsum(sizes)[:-1].tolist()


def _joined_springs(core: Core, placed: Sequence[Placed], starts: Sequence[int]) -> Springs:
    """Every molecule's own springs, and those that keep the angle at a donor bound to a metal."""
    tree = KDTree(core.positions_angstrom) if len(core.numbers) else None
    pairs, lengths, stiffness = [_NO_BONDS], [np.zeros(0)], [np.zeros(0)]
    for start, one in zip(starts, placed, strict=True):
        own = springs_of(one.skeleton, one.shape_angstrom)
        pairs.append(own.pairs + start)
        lengths.append(own.length_angstrom)
        stiffness.append(own.stiffness)
        if one.metal_angstrom is not None and tree is not None:
            metal = int(tree.query(one.metal_angstrom)[1])
            bonds = one.skeleton.bonds
            beside = np.setdiff1d(bonds[np.isin(bonds, one.fixed).any(axis=1)], one.fixed)
            apart = one.shape_angstrom[beside] - one.metal_angstrom
            pairs.append(np.stack([np.full(len(beside), metal), beside + start], axis=1))
            lengths.append(np.linalg.norm(apart, axis=1))
            stiffness.append(np.full(len(beside), _BEND_STIFFNESS))
    return Springs(
        pairs=np.concatenate(pairs),
        length_angstrom=np.concatenate(lengths),
        stiffness=np.concatenate(stiffness),
    )


def _keeps_its_shape(one: Placed) -> bool:
    """Bonds as long, stereocentres of the same hand, double bonds on the same side as before."""
    frame, before, now = one.skeleton, one.shape_angstrom, one.positions_angstrom
    change = pair_distances(now, frame.bonds) - pair_distances(before, frame.bonds)
    same_hand = _handed_volumes(frame, now) * _handed_volumes(frame, before) > 0
    turned = np.abs(plane_cosines(frame, now) - plane_cosines(frame, before))
    return bool(
        np.abs(change).max(initial=0.0) < BOND_CHANGE_ANGSTROM
        and same_hand.all()
        and turned.max(initial=0.0) < _KEPT_COSINE
    )


def _handed_volumes(
    frame: Skeleton, positions: Float[np.ndarray, "atom 3"]
) -> Float[np.ndarray, " centre"]:
    at = positions[frame.centres]
    return np.linalg.det(at[:, 1:] - at[:, :1])
