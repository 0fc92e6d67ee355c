"""What a dot is, in words and numbers: formula, charge, mass, ions by site, ligand density."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from cinedot.particle.build import composition, cuboid_of
from cinedot.particle.compound_molecules import acid_molecule, ammonium_molecule
from cinedot.particle.compounds import Compound
from cinedot.particle.host import Host
from cinedot.particle.molecules import element_counts, molecule_named
from cinedot.particle.plan import Composition, ligand_density_per_nm2
from cinedot.particle.sites import lattice_sites

_CENTRAL = ("interior", "bridging")
_PLACES = ("interior", "bridging", "face", "edge", "corner")


@dataclass(frozen=True, slots=True, kw_only=True)
class IonRow:
    """One ion of a dot.

    Attributes:
        ion: its name.
        number: how many there are.
        central: of them, those inside (A ions, metals) or between two metals (halides).
        surface: the others.
        places: how many on each kind of place, central ones first; a terminal halide's or an
            acid's place is that of its metal.
    """

    ion: str
    number: int
    central: int
    surface: int
    places: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A dot in numbers.

    Attributes:
        formula: of the whole dot.
        charge: in elementary charges.
        molar_mass_g_per_mol: of the whole dot.
        ammonium_per_nm2: ammonium ions per area of the faces, by the lattice's edges.
        rows: one an ion.
    """

    formula: str
    charge: int
    molar_mass_g_per_mol: float
    ammonium_per_nm2: float
    rows: tuple[IonRow, ...]


def summarize(atoms: Atoms, compound: Compound) -> Summary:
    """Formula, charge, molar mass, ligand density and ions by place of a built dot.

    Ligands count whole, also where only their head groups were built; standard atomic weights.

    Args:
        atoms: as `build` makes them.
        compound: what they were built with.

    Raises:
        InputError: the atoms carry no sites.

    Example:
        >>> from cinedot.particle import Cuboid, build, compound_named, host_named
        >>> dot = build(Cuboid.cube(4, host_named("CsPbBr3")), "prototype")
        >>> summary = summarize(dot, compound_named("prototype"))
        >>> summary.formula, summary.charge, round(summary.molar_mass_g_per_mol)
        ('Cs112Pb64Br240', 0, 47323)
    """
    held, cuboid = composition(atoms), cuboid_of(atoms)
    parts = _parts(cuboid.host, compound, held)
    mass = sum(count * _molar_mass(elements) for _, elements, count in parts)
    return Summary(
        formula="".join(_written(label, count) for label, _, count in parts if count),
        charge=held.charge,
        molar_mass_g_per_mol=mass,
        ammonium_per_nm2=ligand_density_per_nm2(held, cuboid.edges_nm),
        rows=_rows(atoms),
    )


def _parts(
    host: Host, compound: Compound, held: Composition
) -> list[tuple[str, dict[str, int], int]]:
    """Label, elements and number of every ion, in the order of a formula."""
    organic = host.a_ion != host.a_element
    a_ion = element_counts(molecule_named(host.a_ion, 1)) if organic else {host.a_ion: 1}
    parts = [
        (_label(a_ion), a_ion, held.a_ions),
        (host.b_ion, {host.b_ion: 1}, held.metals),
        (host.x_ion, {host.x_ion: 1}, held.halides),
    ]
    if compound.acid is not None and held.acids:
        elements = element_counts(acid_molecule(compound.acid))
        parts.append((_label(elements), elements, held.acids))
    if compound.ammonium is not None and held.ammonium:
        elements = element_counts(ammonium_molecule(compound.ammonium))
        parts.append((_label(elements), elements, held.ammonium))
    return parts


def _label(elements: dict[str, int]) -> str:
    text = "".join(f"{element}{n if n > 1 else ''}" for element, n in elements.items())
    return text if sum(elements.values()) == 1 else f"({text})"


def _written(label: str, count: int) -> str:
    return f"{label}{count if count > 1 else ''}"


def _molar_mass(elements: dict[str, int]) -> float:
    return sum(n * float(atomic_masses[atomic_numbers[one]]) for one, n in elements.items())


def _rows(atoms: Atoms) -> tuple[IonRow, ...]:
    sites = lattice_sites(cuboid_of(atoms))
    place = np.where(sites.metal_kind == "", sites.kind, sites.metal_kind)
    anchor = np.asarray(atoms.arrays["anchor"])
    here = np.asarray(atoms.arrays["site"])[anchor]
    species = [str(one) for one in np.asarray(atoms.arrays["ion"])[anchor]]
    rows: list[IonRow] = []
    for ion in dict.fromkeys(species):
        found = Counter(
            str(place[site]) for site, one in zip(here, species, strict=True) if one == ion
        )
        places = tuple((kind, found[kind]) for kind in _PLACES if found[kind])
        central = sum(n for kind, n in places if kind in _CENTRAL)
        number = species.count(ion)
        rows.append(
            IonRow(ion=ion, number=number, central=central, surface=number - central, places=places)
        )
    return tuple(rows)
