"""Surface compounds as EDX would see them: atoms per 64 metals, other sizes among them."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from cinedot.composition.atom_counts import PER_METALS
from cinedot.composition.charge_balance import oxygens_in
from cinedot.core import InputError
from cinedot.particle import Compound, Cuboid, Host, planned_composition

A_FREEDOM = 10.0
"""How far A ions may be from a compound's number, atoms per 64 metals, one standard deviation: they
and ammonium stand for each other, and the number was itself read off such a table."""
O_FREEDOM = 10.0
"""The same of oxygen: two malates' worth of water, solvent, and acid that sits elsewhere."""
_ADMIXTURE_NODES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A surface compound on a host, as EDX would see it.

    Attributes:
        name: the compound's.
        elements: those that it predicts.
        atoms: [mixture, element] per 64 metal atoms, one row for each admixture of other sizes; the
            first is the pure cube.
        weights: of the mixtures, adding up to 1.
        freedom: standard deviation of what the compound itself leaves open, atoms.
    """

    name: str
    elements: tuple[str, ...]
    atoms: Float[np.ndarray, "mixture element"]
    weights: Float[np.ndarray, " mixture"]
    freedom: Float[np.ndarray, " element"]


def candidate(
    compound: Compound, host: Host, *, edge: int = 4, admixture: float = 0.04
) -> Candidate:
    """What EDX would find of a compound's cubes, with cubes of one layer less and more among them.

    The bare lattice has X/B = 3(n+1)/n, so that other sizes move every ratio a little. The number
    shares of n - 1 and n + 1 have exponential priors, each of this mean.

    Args:
        compound: the surface chemistry.
        host: what the cubes are made of.
        edge: n, metal atoms an edge.
        admixture: mean number share of each neighbouring size; 0 for pure cubes.

    Raises:
        InputError: a host that the compound cannot have, a share that is not from 0 to 0.2.

    Source: science.md 2.1, 2.4 and 7.

    Example:
        >>> from cinedot.particle import compound_named, host_named
        >>> two = candidate(compound_named("mla-cs"), host_named("CsPbBr3"))
        >>> two.elements, two.atoms[0]
        (('Cs', 'Br', 'O'), array([ 58., 232.,  40.]))
    """
    if not 0 <= admixture <= 0.2:
        raise InputError(
            f"`admixture` must be a mean share from 0 to 0.2, but is {admixture}.",
            remedy="The paper's samples have up to 0.09 of other sizes.",
        )
    per_dot = {edge: _atoms(compound, host, edge)}
    shares = [(0.0, 0.0, 1.0)]
    if admixture > 0:
        # Compounds that a smaller cube cannot hold (faces without room) are mixed with themselves.
        for n in (edge - 1, edge + 1):
            try:
                per_dot[n] = _atoms(compound, host, n)
            except InputError:
                per_dot[n] = per_dot[edge]
        at, weight = np.polynomial.laguerre.laggauss(_ADMIXTURE_NODES)
        at = np.minimum(admixture * at, 0.45)
        shares = [(0.0, 0.0, 0.0)] + [
            (float(a), float(b), float(wa * wb))
            for a, wa in zip(at, weight, strict=True)
            for b, wb in zip(at, weight, strict=True)
        ]
    rows = [
        (1 - less - more) * per_dot[edge]
        + less * per_dot.get(edge - 1, per_dot[edge])
        + more * per_dot.get(edge + 1, per_dot[edge])
        for less, more, _ in shares
    ]
    atoms = np.array([PER_METALS * row[:-1] / row[-1] for row in rows])
    weights = np.array([weight for _, _, weight in shares])
    return Candidate(
        name=compound.name,
        elements=(host.a_element, host.x_ion, "O"),
        atoms=atoms,
        weights=weights / weights.sum(),
        freedom=np.array([0.0 if compound.ammonium is None else A_FREEDOM, 0.0, O_FREEDOM]),
    )


def with_acid_halides(compound: Compound, halides: int) -> Compound:
    """The compound with its acid in place of so many halides: 1 is monodentate, 3 tridentate.

    Raises:
        InputError: a compound without an acid.

    Example:
        >>> from cinedot.particle import compound_named
        >>> with_acid_halides(compound_named("mla-cs"), 3).acid.halides_replaced
        3
    """
    if compound.acid is None:
        raise InputError(
            f"a compound must have an acid to be bound, but {compound.name} has none.",
            remedy="Choose one that has, such as mla-cs.",
        )
    acid = replace(compound.acid, donors=halides, halides_replaced=halides)
    return replace(compound, name=f"{compound.name}, {halides} an acid", acid=acid)


def _atoms(compound: Compound, host: Host, edge: int) -> Float[np.ndarray, " atom"]:
    """A element, halide, oxygen and metal of one cube; an organic A ion's element is not told."""
    held = planned_composition(Cuboid.cube(edge, host), compound)
    oxygen = held.acids * oxygens_in(compound.acid) if compound.acid is not None else 0
    return np.array([held.a_ions, held.halides, oxygen, held.metals], dtype=float)
