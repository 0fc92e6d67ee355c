"""The table of central and surface atoms that the paper's Fig. 5a shows, model beside finding."""

from dataclasses import dataclass

from cinedot.composition.atom_counts import PER_METALS, AtomCounts
from cinedot.composition.charge_balance import HALIDES, Ligands
from cinedot.core import Estimate
from cinedot.particle import Composition, Compound, Cuboid, Host, ion_counts, planned_composition

_EDGE = round(PER_METALS ** (1 / 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRow:
    """Central and surface atoms of one sample or model, for 64 metal atoms.

    Attributes:
        label: which.
        cells: species ("central A", "surface A", "central X", "surface X", "acid", "ammonium") to
            its number; those that are not known are left out.
    """

    label: str
    cells: dict[str, Estimate]


def model_row(compound: Compound, host: Host) -> ShareRow:
    """What a compound's cube with four metals an edge holds, in whole numbers.

    Example:
        >>> from cinedot.particle import compound_named, host_named
        >>> row = model_row(compound_named("mla-cs"), host_named("CsPbBr3"))
        >>> [round(row.cells[name].value) for name in ("central A", "surface A", "ammonium")]
        [27, 31, 54]
    """
    held: Composition = planned_composition(Cuboid.cube(_EDGE, host), compound)
    numbers = {
        "central A": held.a_interior,
        "surface A": held.a_surface,
        "central X": held.bridging,
        "surface X": held.terminal,
        "acid": held.acids,
        "ammonium": held.ammonium,
    }
    return ShareRow(
        label=compound.name,
        cells={name: _exact(number) for name, number in numbers.items()},
    )


def found_row(
    counts: AtomCounts, ligands: Ligands, host: Host, *, label: str = "found"
) -> ShareRow:
    """What was counted, the lattice's own interior taken as complete.

    Organic A ions are not counted by EDX: their cells are left out, and what neutrality asks for is
    both kinds of cations. All halides count as the lattice's.

    Args:
        counts: atoms per 64 metal atoms.
        ligands: acids and ammonium.
        host: which ions the lattice is made of.
        label: which sample.
    """
    inside = ion_counts(Cuboid.cube(_EDGE, host))
    cells: dict[str, Estimate] = {}
    if host.a_ion in counts.elements:
        cells["central A"] = _exact(inside.a_interior)
        cells["surface A"] = _less(counts.estimate(host.a_ion), inside.a_interior)
    if host.x_ion in counts.elements and host.x_ion in HALIDES:
        cells["central X"] = _exact(inside.bridging)
        cells["surface X"] = _less(counts.together(HALIDES), inside.bridging)
    if ligands.acid is not None:
        cells["acid"] = ligands.acid
    if host.a_ion in counts.elements and ligands.ammonium is not None:
        cells["ammonium"] = ligands.ammonium
    return ShareRow(label=label, cells=cells)


def _exact(number: int) -> Estimate:
    return Estimate(value=float(number), sigma=None, unit="", method="lattice")


def _less(counted: Estimate, inside: int) -> Estimate:
    return Estimate(
        value=float(counted.value) - inside,
        sigma=counted.sigma,
        unit="",
        method=f"{counted.method}, less {inside} inside",
    )
