"""Full dots with their ligand atoms: bonds, hands, distances, by other means than the code's."""

from dataclasses import dataclass

import numpy as np
import pytest
from ase.data import atomic_numbers, covalent_radii
from scipy.spatial.distance import cdist

from cinedot.core import InputError
from cinedot.particle.conformers import free_conformers
from cinedot.particle.cuboid import Cuboid
from cinedot.particle.host import host_named
from cinedot.particle.molecules import (
    Handedness,
    Molecule,
    molecule_from_smiles,
    molecule_named,
    parsed,
)
from cinedot.particle.seating import Seat, SeatedMolecule, seat_molecules
from cinedot.particle.sites import lattice_sites

OLEYLAMMONIUM = molecule_named("OAMH+", 1)
LIFT_ANGSTROM = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A dot to dress: its size, what binds the corners, how many faces hold ammonium."""

    edges: tuple[int, int, int]
    acid: Molecule
    donors: int
    vacated: int
    ammonium_on_faces: int
    host: str = "CsPbBr3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dressed:
    """The dot, what was asked, what came."""

    numbers: np.ndarray
    positions: np.ndarray
    seats: list[Seat]
    seated: list[SeatedMolecule]


CASES = {
    "malate by one": Case(
        edges=(4, 4, 4),
        acid=molecule_named("malate", -1),
        donors=1,
        vacated=1,
        ammonium_on_faces=18,
    ),
    "malate by two": Case(
        edges=(3, 3, 3),
        acid=molecule_named("malate", -2),
        donors=2,
        vacated=2,
        ammonium_on_faces=9,
    ),
    "malate by three, MA": Case(
        edges=(3, 3, 3),
        acid=molecule_named("malate", -3),
        donors=3,
        vacated=3,
        ammonium_on_faces=9,
        host="MAPbBr3",
    ),
    "oleate by two": Case(
        edges=(2, 3, 4),
        acid=molecule_named("oleate", -1),
        donors=2,
        vacated=3,
        ammonium_on_faces=5,
    ),
    "oleate by one, FA": Case(
        edges=(2, 2, 2),
        acid=molecule_named("oleate", -1),
        donors=1,
        vacated=3,
        ammonium_on_faces=2,
        host="FAPbBr3",
    ),
    "dense": Case(
        edges=(4, 4, 4),
        acid=molecule_named("malate", -1),
        donors=1,
        vacated=1,
        ammonium_on_faces=23,
    ),
}


def asked(case, rng):
    """Core and seats of a dressed cuboid, from its lattice sites alone."""
    cuboid = Cuboid(edges=case.edges, host=host_named(case.host))
    sites = lattice_sites(cuboid)
    places = sites.abc * cuboid.host.lattice_angstrom
    gone = sites.kind == "corner"
    on_faces = rng.permutation(np.flatnonzero(sites.kind == "face"))[: case.ammonium_on_faces]
    ammonium = np.concatenate([np.flatnonzero(sites.kind == "edge"), on_faces])
    gone[ammonium] = True
    seats = [
        Seat(
            molecule=OLEYLAMMONIUM,
            outward=sites.outward[at],
            donors_angstrom=places[at : at + 1] + LIFT_ANGSTROM * sites.outward[at],
        )
        for at in ammonium
    ]
    chiral = case.acid.name == "malate"
    for metal in np.flatnonzero((sites.role == "metal") & (sites.metal_kind == "corner")):
        taken = rng.permutation(np.flatnonzero(sites.metal == metal))[: case.vacated]
        gone[taken] = True
        hand = Handedness.R if rng.random() < 0.5 else Handedness.S
        seats.append(
            Seat(
                molecule=case.acid,
                outward=np.sign(sites.abc[metal]) / np.sqrt(3),
                donors_angstrom=places[metal] + 2.5 * sites.outward[taken[: case.donors]],
                metal_angstrom=places[metal],
                handedness=hand if chiral else None,
            )
        )
    if cuboid.host.a_ion in ("MA", "FA"):
        ion = molecule_named(cuboid.host.a_ion, 1)
        for at in np.flatnonzero((sites.role == "a") & ~gone):
            seats.append(Seat(molecule=ion, outward=np.zeros(3), centre_angstrom=places[at]))
        gone = gone | (sites.role == "a")
    numbers = np.array([atomic_numbers[str(element)] for element in sites.element[~gone]])
    return numbers, places[~gone], seats


@pytest.fixture(scope="module", params=CASES)
def dressed(request):
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    numbers, positions, seats = asked(CASES[request.param], rng)
    seated = seat_molecules(seats, core_numbers=numbers, core_angstrom=positions, rng=rng)
    return Dressed(numbers=numbers, positions=positions, seats=seats, seated=seated)


def lengths(molecule, positions):
    return np.linalg.norm(positions[molecule.bonds[:, 0]] - positions[molecule.bonds[:, 1]], axis=1)


def test_no_two_atoms_of_the_dot_are_too_close(dressed):
    numbers = np.concatenate([dressed.numbers, *(one.numbers for one in dressed.seated)])
    places = np.concatenate(
        [dressed.positions, *(one.positions_angstrom for one in dressed.seated)]
    )
    radii = covalent_radii[numbers]
    ratio = cdist(places, places) / (radii[:, None] + radii)
    assert ratio[np.triu_indices(len(ratio), 1)].min() > 0.8


def test_molecules_that_are_not_bonded_keep_further_apart(dressed):
    owner = np.repeat(np.arange(len(dressed.seated)), [len(one.numbers) for one in dressed.seated])
    numbers = np.concatenate([one.numbers for one in dressed.seated])
    places = np.concatenate([one.positions_angstrom for one in dressed.seated])
    other = np.triu(owner[:, None] != owner)
    apart = cdist(places, places)
    carbon, hydrogen = numbers == 6, numbers == 1
    # The relaxation aims at 3.0 and 2.1, 1.9 beside N or O; 116 dots came to 3.01 and 1.80 at the
    # least. Limits of 80 and 60 percent are still twice what the hard rule asks (1.2 and 0.5).
    assert apart[other & carbon[:, None] & carbon].min(initial=9.0) > 2.4
    assert apart[other & hydrogen[:, None] & hydrogen].min(initial=9.0) > 1.2


def test_no_bond_is_stretched_and_none_is_new(dressed):
    for one in dressed.seated:
        free = free_conformers(one.molecule).positions_angstrom
        usual = np.mean([lengths(one, positions) for positions in free], axis=0)
        assert np.abs(lengths(one, one.positions_angstrom) - usual).max() < 0.1
        mol, _ = parsed(one.molecule)
        assert len(one.bonds) == mol.GetNumBonds()
        assert one.numbers.tolist() == [atom.GetAtomicNum() for atom in mol.GetAtoms()]
        assert one.formal_charges.sum() == one.molecule.charge


def test_every_molecule_is_on_its_own_seat(dressed):
    assert len(dressed.seated) == len(dressed.seats)
    for seat, one in zip(dressed.seats, dressed.seated, strict=True):
        assert one.molecule == seat.molecule
        if seat.donors_angstrom is None:
            middle = one.positions_angstrom[one.numbers > 1].mean(axis=0)
            np.testing.assert_allclose(middle, seat.centre_angstrom, atol=1e-9)
            assert len(one.donors) == 0
        elif len(seat.donors_angstrom) == 1:
            np.testing.assert_allclose(
                one.positions_angstrom[one.donors], seat.donors_angstrom, rtol=0, atol=1e-9
            )


def test_acids_hold_their_metal_from_outside(dressed):
    for seat, one in zip(dressed.seats, dressed.seated, strict=True):
        if seat.metal_angstrom is None:
            continue
        bound = np.linalg.norm(one.positions_angstrom[one.donors] - seat.metal_angstrom, axis=1)
        # science.md 2.4: 2.4-2.6 angstrom.
        assert np.all((bound > 2.4) & (bound < 2.6))
        assert set(one.numbers[one.donors]) == {8}
        middle = one.positions_angstrom[one.numbers > 1].mean(axis=0)
        assert (middle - seat.metal_angstrom) @ seat.outward > 1.0
        if len(one.donors) == 1:
            carbon = one.positions_angstrom[1] - one.positions_angstrom[0]
            back = seat.metal_angstrom - one.positions_angstrom[0]
            cosine = carbon @ back / np.linalg.norm(carbon) / np.linalg.norm(back)
            # Placed at 112-128 degrees; the relaxation bends it, by 2 at the most in 18 dots, with
            # exponential odds of about a degree: by 12 less than once in a million.
            assert 100 < np.degrees(np.arccos(cosine)) < 140


def test_malates_have_the_hand_that_was_asked_for(dressed):
    from rdkit import Chem
    from rdkit.Chem import rdCIPLabeler
    from rdkit.Geometry import Point3D

    for seat, one in zip(dressed.seats, dressed.seated, strict=True):
        if seat.handedness is None:
            continue
        mol = Chem.RWMol(parsed(one.molecule)[0])
        conformer = Chem.Conformer(mol.GetNumAtoms())
        for at, place in enumerate(one.positions_angstrom.tolist()):
            conformer.SetAtomPosition(at, Point3D(*place))
        mol.RemoveAllConformers()
        mol.AddConformer(conformer)
        # Only the places speak: the SMILES's own mark is taken off first.
        for atom in mol.GetAtoms():
            atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
        Chem.AssignStereochemistryFrom3D(mol, replaceExistingTags=True)
        rdCIPLabeler.AssignCIPLabels(mol)
        assert mol.GetAtomWithIdx(3).GetProp("_CIPCode") == seat.handedness.value


def test_chains_stay_cis_and_stand_out_with_their_ammonium_inward(dressed):
    for seat, one in zip(dressed.seats, dressed.seated, strict=True):
        if one.molecule.name not in ("OAMH+", "oleate"):
            continue
        first = 8 if one.molecule.name == "OAMH+" else 9
        a, b, c, d = one.positions_angstrom[first : first + 4]
        axis = (c - b) / np.linalg.norm(c - b)
        near, far = (a - b) - (a - b) @ axis * axis, (d - c) - (d - c) @ axis * axis
        cosine = near @ far / np.linalg.norm(near) / np.linalg.norm(far)
        # 0 for cis, 180 for trans; springs let a crowd twist it a little (21 in 116 dots).
        assert cosine > np.cos(np.radians(45))
        anchor = one.positions_angstrom[one.donors[0]]
        middle = one.positions_angstrom[one.numbers > 1].mean(axis=0)
        assert (middle - anchor) @ seat.outward > 3.0
        if one.molecule.name == "OAMH+":
            on_nitrogen = one.bonds[(one.bonds == 0).any(axis=1)].sum(axis=1)
            hydrogens = one.positions_angstrom[on_nitrogen[one.numbers[on_nitrogen] == 1]]
            assert len(hydrogens) == 3
            assert (hydrogens.mean(axis=0) - anchor) @ seat.outward < 0


def small(rng):
    return asked(CASES["oleate by one, FA"], rng)


def test_the_same_chance_gives_the_same_atoms():
    numbers, positions, seats = small(np.random.default_rng(3))
    first, again, other = (
        seat_molecules(
            seats, core_numbers=numbers, core_angstrom=positions, rng=np.random.default_rng(seed)
        )
        for seed in (8, 8, 9)
    )
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.positions_angstrom, same.positions_angstrom)
    assert any(
        np.abs(one.positions_angstrom - differs.positions_angstrom).max() > 0.1
        for one, differs in zip(first, other, strict=True)
    )


def test_no_seats_are_no_molecules():
    rng = np.random.default_rng()
    nothing = seat_molecules(
        [], core_numbers=np.array([82]), core_angstrom=np.zeros((1, 3)), rng=rng
    )
    assert nothing == []


def test_a_seat_on_top_of_the_core_is_refused():
    seat = Seat(
        molecule=OLEYLAMMONIUM,
        outward=np.array([0.0, 0, 1]),
        donors_angstrom=np.array([[0.0, 0, 1.0]]),
    )
    with pytest.raises(InputError, match=r"the donor of OAMH\+ at \(0\.00, 0\.00, 1\.00\)"):
        seat_molecules(
            [seat],
            core_numbers=np.array([55]),
            core_angstrom=np.zeros((1, 3)),
            rng=np.random.default_rng(),
        )


def test_more_chains_than_there_is_room_for_are_refused():
    grid = np.stack(np.meshgrid(np.arange(3), np.arange(3), [0]), -1).reshape(-1, 3)
    octylammonium = molecule_named("octylammonium", 1)
    seats = [
        Seat(molecule=octylammonium, outward=np.array([0.0, 0, 1]), donors_angstrom=place[None])
        for place in 1.3 * grid
    ]
    with pytest.raises(InputError, match=r"must have room, but .* overlap") as fault:
        seat_molecules(
            seats,
            core_numbers=np.array([82]),
            core_angstrom=np.array([[0.0, 0, -6.0]]),
            rng=np.random.default_rng(),
        )
    assert "\n" not in str(fault.value)


def test_a_seat_says_what_it_lacks():
    up = np.array([0.0, 0, 1])
    with pytest.raises(InputError, match="a seat of OAMH\\+ must have donors or a centre"):
        Seat(molecule=OLEYLAMMONIUM, outward=up)
    with pytest.raises(InputError, match="malate must bind a metal to bind by 2 donors"):
        Seat(molecule=molecule_named("malate", -2), outward=up, donors_angstrom=np.eye(3)[:2])
    for outward in (np.zeros(3), np.array([1.0, 1, 0]), np.full(3, np.nan)):
        with pytest.raises(InputError, match=r"`outward` of OAMH\+ .* must have length 1"):
            Seat(molecule=OLEYLAMMONIUM, outward=outward, donors_angstrom=np.zeros((1, 3)))


def test_a_metal_that_is_not_there_is_named():
    seat = Seat(
        molecule=molecule_named("malate", -1),
        outward=np.array([0.0, 0, 1]),
        donors_angstrom=np.array([[0.0, 0, 3.0]]),
        metal_angstrom=np.array([0.0, 0, 0.5]),
    )
    with pytest.raises(InputError, match=r"malate binds .* none at \(0\.00, 0\.00, 0\.50\)"):
        seat_molecules(
            [seat],
            core_numbers=np.array([82]),
            core_angstrom=np.zeros((1, 3)),
            rng=np.random.default_rng(),
        )


def test_a_ligand_of_ones_own_binds_like_any_other():
    thiolate = molecule_from_smiles("hexanethiolate", "[S-:1]CCCCCC")
    seat = Seat(
        molecule=thiolate,
        outward=np.array([0.0, 0, 1]),
        donors_angstrom=np.array([[0.0, 0, 2.7]]),
        metal_angstrom=np.zeros(3),
    )
    (one,) = seat_molecules(
        [seat],
        core_numbers=np.array([82]),
        core_angstrom=np.zeros((1, 3)),
        rng=np.random.default_rng(),
    )
    assert one.numbers[one.donors].tolist() == [16]
    np.testing.assert_allclose(one.positions_angstrom[one.donors], [[0, 0, 2.7]], atol=1e-12)
