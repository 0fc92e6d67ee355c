"""Ways in which a molecule can stand on its seat, before its neighbours are asked."""

from itertools import permutations

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.particle.conformers import Conformers

_TILT_DEG = 35.0
_BOND_ANGLE_DEG = (112.0, 128.0)
_SWAY_DEG = 5.0
# So many are turned for each one that is kept, those that lean out best.
_OVERSAMPLED = 8

Points = Float[np.ndarray, "point 3"]
Trials = Float[np.ndarray, "trial atom 3"]


def turned_freely(
    shapes: Conformers, centre: Float[np.ndarray, " 3"], count: int, rng: np.random.Generator
) -> tuple[Trials, Float[np.ndarray, " trial"]]:
    """Heavy atoms centred on a point, turned any way.

    Returns:
        Positions [trial, atom, 3]; how far each leans from its due direction, 0 here [trial].
    """
    chosen = shapes.positions_angstrom[rng.integers(len(shapes.positions_angstrom), size=count)]
    heavy = shapes.skeleton.numbers > 1
    middle = chosen[:, heavy if heavy.any() else slice(None)].mean(axis=1, keepdims=True)
    turns = Rotation.from_quat(rng.normal(size=(count, 4))).as_matrix()
    return np.einsum("tij,taj->tai", turns, chosen - middle) + centre, np.zeros(count)


def standing_out(
    shapes: Conformers,
    donor: Float[np.ndarray, " 3"],
    outward: Float[np.ndarray, " 3"],
    count: int,
    rng: np.random.Generator,
) -> tuple[Trials, Float[np.ndarray, " trial"]]:
    """One donor on its seat, first bond and body within 35 degrees of the outward direction."""
    chosen = _from_donor(shapes, count, rng)
    axis = _unit(_unit(chosen[:, _next_atom(shapes)]) + _unit(_body(shapes, chosen)))
    cosine = rng.uniform(np.cos(np.radians(_TILT_DEG)), 1.0, size=count)
    aims = _cone(outward, cosine, rng)
    turned = np.einsum("tij,taj->tai", _turns(axis, aims, rng), chosen)
    return turned + donor, 1.0 - _unit(_body(shapes, turned)) @ outward


def bent_from_metal(
    shapes: Conformers,
    donor: Float[np.ndarray, " 3"],
    metal: Float[np.ndarray, " 3"],
    outward: Float[np.ndarray, " 3"],
    count: int,
    rng: np.random.Generator,
) -> tuple[Trials, Float[np.ndarray, " trial"]]:
    """One donor on its seat, metal-donor-next atom at 112-128 degrees, the body outward."""
    many = count * _OVERSAMPLED
    chosen = _from_donor(shapes, many, rng)
    angle = np.radians(180.0 - rng.uniform(*_BOND_ANGLE_DEG, size=many))
    aims = _cone(_unit(donor - metal), np.cos(angle), rng)
    turned = np.einsum(
        "tij,taj->tai", _turns(_unit(chosen[:, _next_atom(shapes)]), aims, rng), chosen
    )
    lean = 1.0 - _unit(_body(shapes, turned)) @ outward
    best = np.argsort(lean, kind="stable")[:count]
    return turned[best] + donor, lean[best]


def gripping(
    shapes: Conformers,
    donors: Points,
    metal: Float[np.ndarray, " 3"],
    count: int,
    rng: np.random.Generator,
) -> tuple[Trials, Float[np.ndarray, " trial"]]:
    """Donors round the metal, their directions as near the seats' as the bite allows (Kabsch).

    Which donor takes which seat is part of the fit. The lean is the mean square of the chords
    between the directions, about the squared angle in radians.
    """
    assert shapes.metal_angstrom is not None
    sites = shapes.skeleton.donors[: len(donors)]
    local = shapes.positions_angstrom - shapes.metal_angstrom[:, None]
    due = _unit(donors - metal)
    orders = np.array(list(permutations(range(len(donors)))))
    shape, order = (
        grid.ravel() for grid in np.meshgrid(np.arange(len(local)), np.arange(len(orders)))
    )
    have = _unit(local[shape][:, sites])
    want = due[orders[order]]
    turns = _kabsch(have, want)
    lean = ((np.einsum("tij,tdj->tdi", turns, have) - want) ** 2).sum(axis=2).mean(axis=1)
    best = np.argsort(lean, kind="stable")[: max(4, len(lean) // 4)]
    drawn = best[rng.integers(len(best), size=count)]
    sway = Rotation.from_rotvec(np.radians(_SWAY_DEG) * rng.normal(size=(count, 3))).as_matrix()
    # The first of each is the fit itself.
    sway[: len(best)] = np.eye(3)
    drawn[: len(best)] = best[:count]
    turned = np.einsum("tij,tjk,tak->tai", sway, turns[drawn], local[shape[drawn]])
    return turned + metal, lean[drawn]


def _from_donor(shapes: Conformers, count: int, rng: np.random.Generator) -> Trials:
    """Conformers drawn from the pool, with the first donor at the origin."""
    chosen = shapes.positions_angstrom[rng.integers(len(shapes.positions_angstrom), size=count)]
    at = int(shapes.skeleton.donors[0])
    return chosen - chosen[:, at : at + 1]


def _next_atom(shapes: Conformers) -> int:
    """The heaviest atom bonded to the first donor; the donor itself when it is alone."""
    frame = shapes.skeleton
    donor = int(frame.donors[0])
    near = frame.bonds[(frame.bonds == donor).any(axis=1)].sum(axis=1) - donor
    return int(near[np.argmax(frame.numbers[near])]) if len(near) else donor


def _body(shapes: Conformers, chosen: Trials) -> Points:
    """From the first donor, at the origin, to the middle of the heavy atoms, or to the next."""
    middle = chosen[:, shapes.skeleton.numbers > 1].mean(axis=1)
    alone = np.linalg.norm(middle, axis=1, keepdims=True) < 1e-6
    return np.where(alone, chosen[:, _next_atom(shapes)], middle)


def _cone(
    axis: Float[np.ndarray, " 3"], cosine: Float[np.ndarray, " trial"], rng: np.random.Generator
) -> Points:
    """Unit vectors at given cosines from an axis, all round it."""
    across = rng.normal(size=(len(cosine), 3))
    across = _unit(across - (across @ axis)[:, None] * axis)
    return cosine[:, None] * axis + np.sqrt(1 - cosine**2)[:, None] * across


def _turns(axes: Points, aims: Points, rng: np.random.Generator) -> Float[np.ndarray, "point 3 3"]:
    """Rotations that bring each axis on its aim, with a spin about it by chance."""
    spin = rng.normal(size=(2, *axes.shape))
    return np.einsum("tij,tkj->tik", _frames(aims, spin[0]), _frames(axes, spin[1]))


def _frames(axes: Points, hints: Points) -> Float[np.ndarray, "point 3 3"]:
    across = _unit(hints - (hints * axes).sum(axis=1, keepdims=True) * axes)
    return np.stack([axes, across, np.cross(axes, across)], axis=2)


def _kabsch(
    have: Float[np.ndarray, "trial donor 3"], want: Float[np.ndarray, "trial donor 3"]
) -> Float[np.ndarray, "trial 3 3"]:
    """Proper rotations that bring `have` nearest to `want` (Kabsch, Acta Cryst. A32, 922, 1976)."""
    left, _, right = np.linalg.svd(np.einsum("tdi,tdj->tij", want, have))
    left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]
    return left @ right


def _unit(vectors: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
