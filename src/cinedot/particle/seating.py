"""Ligands and organic ions on a dot: each on its seat, none in another's way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from cinedot.core import InputError
from cinedot.particle.chelates import gripping_conformers
from cinedot.particle.conformers import Conformers, free_conformers
from cinedot.particle.contacts import CLOSEST_RATIO, covalent_ratios
from cinedot.particle.crowding import (
    Core,
    Placed,
    Surroundings,
    offenders,
    relaxed_together,
    surroundings,
)
from cinedot.particle.molecules import Handedness, Molecule
from cinedot.particle.orienting import bent_from_metal, gripping, standing_out, turned_freely
from cinedot.particle.skeletons import skeleton

_TRIALS = 64
_MORE_TRIALS = 3
_ROUNDS = 6
_LEAN_WEIGHT = 1.0
_SAME_ATOM_ANGSTROM = 0.01
_CRAMPED = "Take fewer or smaller ligands, or another seed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where one molecule goes: by its donors, or by the middle of its heavy atoms.

    Attributes:
        molecule: who sits here.
        donors_angstrom: where its donors 1..k stand [donor, 3]; a chelate's take these seats in
            the order, and at the directions, that fit best. None for an ion in the lattice.
        metal_angstrom: the metal that the donors bind; None for a cation.
        centre_angstrom: where the middle of its heavy atoms goes; None when donors are given.
        outward: unit vector out of the surface; zeros where there is none.
        handedness: mirror image; None as the SMILES is written.
    """

    molecule: Molecule
    outward: Float[np.ndarray, " 3"]
    donors_angstrom: Float[np.ndarray, "donor 3"] | None = None
    metal_angstrom: Float[np.ndarray, " 3"] | None = None
    centre_angstrom: Float[np.ndarray, " 3"] | None = None
    handedness: Handedness | None = None

    def __post_init__(self) -> None:
        donors = self.donors_angstrom
        if (donors is None) == (self.centre_angstrom is None):
            raise InputError(
                f"a seat of {self.molecule.name} must have donors or a centre, and not both.",
                remedy="Give `donors_angstrom` to a ligand, `centre_angstrom` to a lattice ion.",
            )
        if donors is not None and len(donors) > 1 and self.metal_angstrom is None:
            raise InputError(
                f"{self.molecule.name} must bind a metal to bind by {len(donors)} donors.",
                remedy="Give `metal_angstrom`.",
            )
        length = float(np.linalg.norm(self.outward))
        if donors is not None and len(donors) == 1 and not abs(length - 1) < 1e-6:
            raise InputError(
                f"`outward` of {self.molecule.name} on a surface must have length 1, "
                f"but has {length:.3g}.",
                remedy="Give the direction out of the surface; an ion inside has a centre instead.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatedMolecule:
    """A molecule in its place. Atoms: the SMILES's in its order, then the hydrogens.

    Attributes:
        molecule: who it is.
        numbers: atomic numbers [atom].
        positions_angstrom: [atom, 3].
        donors: atoms that sit on the seat's donor places, none for a lattice ion [donor].
        formal_charges: elementary charges [atom].
        bonds: pairs of atoms [bond, 2].
    """

    molecule: Molecule
    numbers: Int[np.ndarray, " atom"]
    positions_angstrom: Float[np.ndarray, "atom 3"]
    donors: Int[np.ndarray, " donor"]
    formal_charges: Int[np.ndarray, " atom"]
    bonds: Int[np.ndarray, "bond 2"]


def seat_molecules(
    seats: Sequence[Seat],
    *,
    core_numbers: Int[np.ndarray, " core"],
    core_angstrom: Float[np.ndarray, "core 3"],
    rng: np.random.Generator,
) -> list[SeatedMolecule]:
    """Put molecules on their seats: turned clear of each other, then relaxed.

    Chelates go first, then acids, lattice ions, and the chains. Each takes the best of some
    conformers and orientations against what already stands; then all relax together
    (`relaxed`), the core, the donors and lattice ions' heavy atoms fixed. A molecule that still
    offends is seated anew. No pair of atoms that the result brings in is closer than 0.8 of the
    sum of covalent radii, no bond is changed by more than 0.08 angstrom, and every stereocentre
    and double bond keeps its sense: that is checked, not hoped for.

    Args:
        seats: who goes where.
        core_numbers: atomic numbers of what stands already [core].
        core_angstrom: where [core, 3].
        rng: chance: conformers and orientations.

    Returns:
        The molecules in the order of their seats.

    Raises:
        InputError: seats on top of each other or of the core, a ligand that cannot bind so, or
            no room for all.

    Example:
        >>> from cinedot.particle.molecules import molecule_named
        >>> up = np.array([0.0, 0.0, 1.0])
        >>> seat = Seat(molecule=molecule_named("MA", 1), outward=up, donors_angstrom=3 * up[None])
        >>> (ion,) = seat_molecules([seat], core_numbers=np.array([82]),
        ...                         core_angstrom=np.zeros((1, 3)), rng=np.random.default_rng(0))
        >>> ion.positions_angstrom[ion.donors].tolist(), len(ion.numbers)
        ([[0.0, 0.0, 3.0]], 8)
    """
    _require_clear_seats(seats, core_numbers, core_angstrom)
    _require_metals(seats, core_angstrom)
    core = Core(numbers=core_numbers, positions_angstrom=core_angstrom)
    around_core = surroundings(core, [])
    order = sorted(range(len(seats)), key=lambda at: (_rank(seats[at]), rng.random()))
    placed: dict[int, Placed] = {}
    offending: list[int] = []
    for attempt in range(_ROUNDS):
        for at in order:
            if at not in placed:
                around = [around_core, surroundings(None, list(placed.values()))]
                trials = _TRIALS << min(attempt, _MORE_TRIALS)
                placed[at] = _best_placed(seats[at], around, trials, rng)
        settled = relaxed_together(core, list(placed.values()))
        placed = dict(zip(placed, settled, strict=True))
        offending = [list(placed)[place] for place in offenders(core, settled)]
        if not offending:
            return [_seated(seat, placed[at]) for at, seat in enumerate(seats)]
        for at in offending:
            del placed[at]
    names = ", ".join(sorted({seats[at].molecule.name for at in offending}))
    raise InputError(
        f"the ligands must have room, but {len(offending)} of {len(seats)} ({names}) overlap "
        f"after {_ROUNDS} attempts.",
        remedy=_CRAMPED,
    )


def _require_clear_seats(
    seats: Sequence[Seat], core_numbers: Int[np.ndarray, " core"], core: Float[np.ndarray, "core 3"]
) -> None:
    """A single donor stands exactly where it is told, so its seat must be clear."""
    single = [
        (seat.molecule, seat.donors_angstrom)
        for seat in seats
        if seat.donors_angstrom is not None and len(seat.donors_angstrom) == 1
    ]
    if not single:
        return
    frames = [skeleton(molecule) for molecule, _ in single]
    numbers = np.array([frame.numbers[frame.donors[0]] for frame in frames])
    positions = np.concatenate([core, *(place for _, place in single)])
    pairs, ratio = covalent_ratios(np.concatenate([core_numbers, numbers]), positions)
    clash = (ratio < CLOSEST_RATIO) & (pairs >= len(core)).any(axis=1)
    if clash.any():
        one = int(pairs[clash][0].max()) - len(core)
        x, y, z = single[one][1][0]
        raise InputError(
            f"a seat must be clear, but the donor of {single[one][0].name} at "
            f"({x:.2f}, {y:.2f}, {z:.2f}) angstrom stands on another atom.",
            remedy="Empty the site first, or lift the seat.",
        )


def _require_metals(seats: Sequence[Seat], core: Float[np.ndarray, "core 3"]) -> None:
    for seat in seats:
        metal = seat.metal_angstrom
        if metal is None:
            continue
        off = np.linalg.norm(core - metal, axis=1).min(initial=np.inf)
        if not off < _SAME_ATOM_ANGSTROM:
            x, y, z = metal
            raise InputError(
                f"the metal that {seat.molecule.name} binds must be an atom of the core, but there "
                f"is none at ({x:.2f}, {y:.2f}, {z:.2f}) angstrom.",
                remedy="Give a metal atom's place as `metal_angstrom`.",
            )


def _rank(seat: Seat) -> int:
    """The less free a seat leaves its molecule, the earlier."""
    if seat.metal_angstrom is not None and seat.donors_angstrom is not None:
        return 0 if len(seat.donors_angstrom) > 1 else 1
    return 2 if seat.donors_angstrom is None else 3


def _best_placed(
    seat: Seat, around: Sequence[Surroundings], trials: int, rng: np.random.Generator
) -> Placed:
    """Of some conformers and orientations the one that overlaps and leans the least."""
    shapes, tried, lean = _tried(seat, trials, rng)
    frame = shapes.skeleton
    donors = 0 if seat.donors_angstrom is None else len(seat.donors_angstrom)
    # A single donor stands the same in every trial.
    asked = np.delete(np.arange(len(frame.numbers)), frame.donors[: donors if donors == 1 else 0])
    cost = _LEAN_WEIGHT * lean
    if len(asked):
        radius = frame.contact_radius_angstrom[asked]
        cost = cost + sum(others.overlap(tried[:, asked], radius) for others in around)
    best = tried[int(np.argmin(cost))]
    return Placed(
        skeleton=frame,
        fixed=frame.donors[:donors] if donors else np.flatnonzero(frame.numbers > 1),
        metal_angstrom=seat.metal_angstrom,
        shape_angstrom=best,
        positions_angstrom=best,
    )


def _tried(
    seat: Seat, count: int, rng: np.random.Generator
) -> tuple[Conformers, Float[np.ndarray, "trial atom 3"], Float[np.ndarray, " trial"]]:
    """Ways to sit on this seat, and how far each leans from where it should point."""
    molecule, donors, metal = seat.molecule, seat.donors_angstrom, seat.metal_angstrom
    if donors is not None and metal is not None and len(donors) > 1:
        shapes = gripping_conformers(molecule, len(donors), seat.handedness)
        return shapes, *gripping(shapes, donors, metal, count, rng)
    shapes = free_conformers(molecule, seat.handedness)
    if donors is None:
        assert seat.centre_angstrom is not None
        return shapes, *turned_freely(shapes, seat.centre_angstrom, count, rng)
    if metal is not None:
        return shapes, *bent_from_metal(shapes, donors[0], metal, seat.outward, count, rng)
    return shapes, *standing_out(shapes, donors[0], seat.outward, count, rng)


def _seated(seat: Seat, placed: Placed) -> SeatedMolecule:
    frame = placed.skeleton
    bound = 0 if seat.donors_angstrom is None else len(seat.donors_angstrom)
    return SeatedMolecule(
        molecule=seat.molecule,
        numbers=frame.numbers.copy(),
        positions_angstrom=placed.positions_angstrom,
        donors=frame.donors[:bound].copy(),
        formal_charges=frame.formal_charges.copy(),
        bonds=frame.bonds.copy(),
    )
