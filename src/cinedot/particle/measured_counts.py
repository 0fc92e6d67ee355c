"""Ensembles whose counts follow a measured composition: EDX numbers to charge-balanced dots."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from cinedot.core import Estimate, InputError
from cinedot.particle.compounds import Compound
from cinedot.particle.cuboid import Cuboid, ion_counts
from cinedot.particle.plan import (
    METAL_CHARGE,
    Composition,
    ammonium_in_turn,
    planned_composition,
)
from cinedot.particle.room import bound_acids

_BLOCK = 4096
_MOST_BLOCKS = 250
# After so many the share that fits is known well enough to tell whether the others are in vain.
_FIRST_BLOCKS = 4
# Far beyond any lattice, and whole numbers still.
_FAR = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCompositions:
    """Compositions drawn from measured counts.

    Attributes:
        compositions: one a dot.
        feasible: share of the draws that the lattice could hold; the rest were drawn again, so
            the counts follow the measured distributions on condition of that.
    """

    compositions: tuple[Composition, ...]
    feasible: float


def draw_compositions(
    cuboid: Cuboid,
    compound: Compound,
    measured: Mapping[str, Estimate],
    size: int,
    rng: np.random.Generator,
) -> DrawnCompositions:
    """Charge-balanced compositions whose counts follow measured ones.

    Each measured count is drawn from its normal distribution and rounded; counts that were not
    measured are the compound's own. Ammonium balances the charges. A draw stands if the lattice
    can hold it: no more halides than sites, an acid for at most every corner place, A ions on
    face and then edge sites, ammonium on the A sites that are left. Draws that do not are
    repeated, which bends the distributions where the measurement reaches beyond the lattice;
    `feasible` says how much.

    Args:
        cuboid: the dot.
        compound: its surface chemistry; it must have ammonium.
        measured: counts per dot by ion: the A ion's name, the halide's, the acid's symbol; their
            sigma is one standard deviation, None for none.
        size: how many dots.
        rng: chance.

    Raises:
        InputError: an ion that the compound lacks, a compound without ammonium, counts that the
            lattice can hardly hold.

    Example:
        >>> from cinedot.particle.compound_files import compound_named
        >>> from cinedot.particle.host import host_named
        >>> drawn = draw_compositions(
        ...     Cuboid.cube(4, host_named("CsPbBr3")), compound_named("mla-cs"),
        ...     {"Br": Estimate(value=237.0, sigma=6.0, unit="", method="EDX")}, 3,
        ...     np.random.default_rng(0))
        >>> [one.charge for one in drawn.compositions]
        [0, 0, 0]
    """
    if compound.acid is None or compound.ammonium is None:
        raise InputError(
            f"counts must be drawn for a compound with acid and ammonium, not {compound.name}.",
            remedy="Choose one that has both, such as mla-cs.",
        )
    plan = planned_composition(cuboid, compound)
    host = cuboid.host
    own = {host.a_ion: plan.a_ions, host.x_ion: plan.halides, compound.acid.symbol: plan.acids}
    _require_known(measured, tuple(own))
    found: list[Composition] = []
    tried = 0
    for blocks in range(_MOST_BLOCKS):
        hoped = len(found) * _MOST_BLOCKS / max(blocks, 1)
        # Half of the size leaves room for chance.
        if blocks >= _FIRST_BLOCKS and hoped < size / 2:
            break
        columns = [_drawn(measured.get(ion), count, rng) for ion, count in own.items()]
        for a_ions, halides, acids in np.stack(columns, axis=1).tolist():
            tried += 1
            one = _seated(cuboid, compound, a_ions, halides, acids)
            found += [] if one is None else [one]
            if len(found) == size:
                return DrawnCompositions(compositions=tuple(found), feasible=size / tried)
    raise InputError(
        f"measured counts must fit a dot of {compound.name} with edges {cuboid.edges}, but only "
        f"{len(found)} of {tried} draws did.",
        remedy="Compare them with `cinedot build`'s table; other edges or acid charge may fit.",
    )


def _require_known(measured: Mapping[str, Estimate], ions: tuple[str, ...]) -> None:
    for ion, count in measured.items():
        if ion not in ions:
            raise InputError(
                f"a measured count must be of {', '.join(ions)}, but is of {ion}.",
                remedy="Ammonium follows from the balance of charges; the metal from the edges.",
            )
        if float(count.value) < 0:
            raise InputError(
                f"the count of {ion} must not be below 0, but is {count.value}.",
                remedy="Give atoms per dot.",
            )


def _drawn(count: Estimate | None, own: int, rng: np.random.Generator) -> Int[np.ndarray, " draw"]:
    if count is None:
        return np.full(_BLOCK, own)
    drawn = rng.normal(float(count.value), count.sigma or 0.0, _BLOCK)
    return np.rint(drawn.clip(-_FAR, _FAR)).astype(int)


def _seated(
    cuboid: Cuboid, compound: Compound, a_ions: int, halides: int, acids: int
) -> Composition | None:
    """The composition by kinds of sites, or None where the lattice cannot hold it."""
    assert compound.acid is not None
    assert compound.ammonium is not None
    counts = ion_counts(cuboid)
    gone = counts.halide - halides
    bound = bound_acids(counts, compound.acid, acids=acids, gone=gone)
    loose = acids - bound
    surface = a_ions - counts.a_interior
    on_face = min(surface, counts.a_face)
    on_edge = surface - on_face
    ammonium = halides + compound.acid.charge * acids - METAL_CHARGE * counts.metal - a_ions
    free = {
        "face": counts.a_face - on_face,
        "edge": counts.a_edge - on_edge,
        "corner": counts.a_corner - loose,
    }
    fits = (
        0 <= gone <= counts.terminal
        and acids >= 0
        and surface >= 0
        and min(free.values()) >= 0
        and 0 <= ammonium <= sum(free.values())
    )
    if not fits:
        return None
    # The compound's kinds of sites first, then wherever A sites are free.
    stated = compound.ammonium.sites
    kinds = (*stated, *(kind for kind in ("edge", "face", "corner") if kind not in stated))
    held = ammonium_in_turn(ammonium, kinds, free)
    return Composition(
        a_interior=counts.a_interior,
        a_face=on_face,
        a_edge=on_edge,
        a_corner=0,
        metals=counts.metal,
        bridging=counts.bridging,
        terminal=counts.terminal - gone,
        acids=acids,
        acid_charge=compound.acid.charge,
        ammonium_face=held["face"],
        ammonium_edge=held["edge"],
        ammonium_corner=held["corner"],
    )
