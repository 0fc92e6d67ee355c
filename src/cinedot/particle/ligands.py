"""What of the ligands is built: every atom, the bound heads, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from ase.data import atomic_numbers
from jaxtyping import Bool, Float, Int, Shaped

from cinedot.particle.compound_molecules import acid_molecule, ammonium_molecule, head_element
from cinedot.particle.compounds import ION_NAMES, Acid, Ammonium, Compound
from cinedot.particle.cuboid import Cuboid
from cinedot.particle.filling import Filling
from cinedot.particle.molecules import Handedness, Molecule, molecule_named, written_hand
from cinedot.particle.seating import Seat, seat_molecules
from cinedot.particle.sites import Sites, lattice_sites


class Hands(Enum):
    """Mirror images of chiral ligands: one of them, or both by turns of chance."""

    R = "R"
    S = "S"
    RACEMIC = "racemic"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllAtoms:
    """Every atom of the ligands and organic ions, hydrogen too.

    Attributes:
        hands: which mirror image of a chiral ligand; natural malic acid is S.
    """

    hands: Hands = Hands.S


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadGroups:
    """Of each ligand and organic ion the bound atom, mostly N or O: what barely moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLigands:
    """Heavy atoms only: no ligand, and no organic A ion."""


Ligands = AllAtoms | HeadGroups | NoLigands


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some of a dot's atoms.

    Attributes:
        numbers: atomic numbers [atom].
        angstrom: positions [atom, 3].
        site: lattice site of the ion that the atom belongs to [atom].
        species: that ion's name [atom].
        anchor: whether the atom stands for its ion [atom].
        ligand: number of its molecule, -1 for none [atom].
        charge: formal charge [atom].
    """

    numbers: Int[np.ndarray, " atom"]
    angstrom: Float[np.ndarray, "atom 3"]
    site: Int[np.ndarray, " atom"]
    species: Shaped[np.ndarray, " atom"]
    anchor: Bool[np.ndarray, " atom"]
    ligand: Int[np.ndarray, " atom"]
    charge: Float[np.ndarray, " atom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guest:
    """One molecular ion: which it is and where it goes."""

    species: str
    molecule: Molecule
    site: int
    head: str
    donors: Float[np.ndarray, "donor 3"]
    metal: Float[np.ndarray, " 3"] | None
    outward: Float[np.ndarray, " 3"]
    centred: bool


def molecular_ions(
    cuboid: Cuboid,
    compound: Compound,
    filling: Filling,
    places: Float[np.ndarray, "site 3"],
    ligands: AllAtoms | HeadGroups,
    *,
    core: Block,
    rng: np.random.Generator,
) -> Block:
    """The atoms of all molecular ions: acids, ammonium, and MA or FA.

    Args:
        cuboid: the dot.
        compound: its surface chemistry.
        filling: who sits where.
        places: positions of the sites, angstrom [site, 3].
        ligands: all atoms or head groups.
        core: the single-atom ions, which molecules keep clear of.
        rng: chance.

    Raises:
        InputError: an unknown molecule, or more of them than there is room for.
    """
    guests = _guests(cuboid, compound, filling, places)
    if isinstance(ligands, HeadGroups):
        return _heads(guests)
    seated = seat_molecules(
        [_seat(guest, ligands.hands, rng) for guest in guests],
        core_numbers=core.numbers,
        core_angstrom=core.angstrom,
        rng=rng,
    )
    blocks = [
        Block(
            numbers=molecule.numbers,
            angstrom=molecule.positions_angstrom,
            site=np.full(len(molecule.numbers), guest.site),
            species=np.full(len(molecule.numbers), guest.species, dtype=ION_NAMES),
            anchor=np.arange(len(molecule.numbers)) == (*molecule.donors.tolist(), 0)[0],
            ligand=np.full(len(molecule.numbers), index),
            charge=molecule.formal_charges.astype(float),
        )
        for index, (guest, molecule) in enumerate(zip(guests, seated, strict=True))
    ]
    return joined(blocks)


def joined(blocks: Sequence[Block]) -> Block:
    """Blocks one after the other."""
    return Block(
        numbers=np.concatenate([np.zeros(0, int), *(block.numbers for block in blocks)]),
        angstrom=np.concatenate([np.zeros((0, 3)), *(block.angstrom for block in blocks)]),
        site=np.concatenate([np.zeros(0, int), *(block.site for block in blocks)]),
        species=np.concatenate([np.zeros(0, ION_NAMES), *(block.species for block in blocks)]),
        anchor=np.concatenate([np.zeros(0, bool), *(block.anchor for block in blocks)]),
        ligand=np.concatenate([np.zeros(0, int), *(block.ligand for block in blocks)]),
        charge=np.concatenate([np.zeros(0), *(block.charge for block in blocks)]),
    )


def _heads(guests: list[_Guest]) -> Block:
    count = len(guests)
    return Block(
        numbers=np.array([atomic_numbers[guest.head] for guest in guests], dtype=int),
        angstrom=np.array([guest.donors[0] for guest in guests]).reshape(-1, 3),
        site=np.array([guest.site for guest in guests], dtype=int),
        species=np.array([guest.species for guest in guests], dtype=ION_NAMES),
        anchor=np.ones(count, dtype=bool),
        ligand=np.arange(count),
        charge=np.array([float(guest.molecule.charge) for guest in guests]),
    )


def _seat(guest: _Guest, hands: Hands, rng: np.random.Generator) -> Seat:
    molecule = guest.molecule
    hand = None
    if written_hand(molecule) is not None:
        racemic = hands is Hands.RACEMIC
        hand = Handedness(rng.choice(["R", "S"]).item() if racemic else hands.value)
    return Seat(
        molecule=molecule,
        donors_angstrom=None if guest.centred else guest.donors,
        centre_angstrom=guest.donors[0] if guest.centred else None,
        metal_angstrom=guest.metal,
        outward=guest.outward,
        handedness=hand,
    )


def _guests(
    cuboid: Cuboid, compound: Compound, filling: Filling, places: Float[np.ndarray, "site 3"]
) -> list[_Guest]:
    sites = lattice_sites(cuboid)
    guests: list[_Guest] = []
    if compound.ammonium is not None:
        held = np.flatnonzero(filling.species == compound.ammonium.ion)
        guests += [_ammonium(int(site), compound.ammonium, sites, places) for site in held]
    if cuboid.host.a_ion != cuboid.host.a_element:
        held = np.flatnonzero(filling.species == cuboid.host.a_ion)
        guests += [_organic(int(site), cuboid.host.a_ion, places) for site in held]
    if compound.acid is not None:
        guests += [
            _bound(seat.places, seat.metal, compound.acid, sites, places) for seat in filling.acids
        ]
    return sorted(guests, key=lambda guest: guest.site)


def _ammonium(
    site: int, ammonium: Ammonium, sites: Sites, places: Float[np.ndarray, "site 3"]
) -> _Guest:
    outward = sites.outward[site]
    return _Guest(
        species=ammonium.ion,
        molecule=ammonium_molecule(ammonium),
        site=site,
        head=head_element(ammonium),
        donors=(places[site] + ammonium.lift_angstrom * outward)[None],
        metal=None,
        outward=outward,
        centred=False,
    )


def _organic(site: int, ion: str, places: Float[np.ndarray, "site 3"]) -> _Guest:
    return _Guest(
        species=ion,
        molecule=molecule_named(ion, 1),
        site=site,
        head="N",
        donors=places[site][None],
        metal=None,
        outward=np.zeros(3),
        centred=True,
    )


def _bound(
    at: tuple[int, ...],
    metal: int,
    acid: Acid,
    sites: Sites,
    places: Float[np.ndarray, "site 3"],
) -> _Guest:
    """An acid on its metal; one at an empty corner A site has no metal and one donor there."""
    here = np.array(at)
    donors, outward = places[here], sites.outward[here].sum(axis=0)
    if metal >= 0:
        bonds = donors - places[metal]
        bonds /= np.linalg.norm(bonds, axis=1, keepdims=True)
        donors = places[metal] + acid.bond_angstrom * bonds
        outward = sites.abc[metal] / np.maximum(np.abs(sites.abc[metal]).max(), 0.5)
        outward = outward + bonds.sum(axis=0)
    return _Guest(
        species=acid.ion,
        molecule=acid_molecule(acid),
        site=int(here[0]),
        head=head_element(acid),
        donors=donors,
        metal=places[metal] if metal >= 0 else None,
        outward=outward / np.linalg.norm(outward),
        centred=False,
    )
