"""Compositions of science.md 2.2-2.4, and where the ions sit."""

import secrets
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from ase.data import covalent_radii
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import KDTree

from cinedot.core import InputError
from cinedot.particle import (
    AtRandom,
    Boltzmann,
    ByRule,
    CoulombGround,
    Cuboid,
    Distortion,
    HeadGroups,
    NoLigands,
    Tilts,
    build,
    composition,
    compound_named,
    compounds,
    displaced_positions,
    host_named,
    hosts,
    lattice_sites,
    phase_named,
    planned_composition,
    site_occupancy,
)
from cinedot.particle.room import require_room

HOST = host_named("CsPbBr3")
QD4 = Cuboid.cube(4, HOST)
SEEDS = st.integers(0, 2**31)
HEADS = HeadGroups()
NONE = NoLigands()


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_compound_2_has_its_ions_in_the_places_of_the_science_note(seed):
    dot = build(QD4, "mla-cs", seed=seed, ligands=HEADS)
    seats = Counter(zip(dot.arrays["ion"], dot.arrays["site_kind"], strict=True))
    assert dict(seats) == {
        ("Cs", "interior"): 27,
        ("Cs", "face"): 31,
        ("OAMH+", "edge"): 36,
        ("OAMH+", "face"): 18,
        ("Pb", "metal"): 64,
        ("Br", "bridging"): 144,
        ("Br", "terminal-corner"): 16,
        ("Br", "terminal-edge"): 48,
        ("Br", "terminal-face"): 24,
        ("malate", "terminal-corner"): 8,
    }
    sites = lattice_sites(QD4)
    here = dot.arrays["site"][(dot.arrays["ion"] == "Cs") & (dot.arrays["site_kind"] == "face")]
    a_face = Counter(tuple(normal) for normal in sites.outward[here])
    assert sorted(a_face.values()) == [5, 5, 5, 5, 5, 6]
    corners = sites.metal[dot.arrays["site"][dot.arrays["ion"] == "malate"]]
    assert len(set(corners.tolist())) == 8
    assert set(sites.metal_kind[corners]) == {"corner"}


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.integers(1, 7)] * 3), st.sampled_from(list(compounds())), SEEDS)
def test_what_is_built_is_what_was_planned_and_neutral(edges, compound, seed):
    chosen = compound_named(compound)
    cuboid = Cuboid(edges=edges, host=host_named(f"{chosen.a_ion or 'Cs'}PbBr3"))
    plan = planned_composition(cuboid, chosen)
    try:
        require_room(plan, cuboid, chosen)
    except InputError:
        with pytest.raises(InputError, match="must be neutral"):
            build(cuboid, compound, seed=seed, ligands=HEADS)
        return
    dot = build(cuboid, compound, seed=seed, ligands=HEADS)
    assert composition(dot) == plan
    assert plan.charge == 0
    assert dot.get_initial_charges().sum() == pytest.approx(0, abs=1e-9)
    occupied = site_occupancy(dot).sum()
    assert occupied == plan.a_ions + plan.metals + plan.halides
    assert len(dot) == occupied + plan.ammonium + plan.acids
    assert dot.arrays["anchor"].all()


@pytest.mark.parametrize("host", list(hosts()))
def test_every_host_gives_a_neutral_prototype(host):
    dot = build(Cuboid(edges=(2, 3, 4), host=host_named(host)), "prototype", ligands=HEADS)
    assert composition(dot).charge == 0
    pb_pb = dot.positions[dot.arrays["site_kind"] == "metal"]
    nearest = np.sort(np.linalg.norm(pb_pb - pb_pb[0], axis=1))[1]
    assert nearest == pytest.approx(host_named(host).lattice_angstrom)


def test_tridentate_malate_leaves_its_corner_no_halide():
    dot = build(Cuboid.cube(4, host_named("MAPbBr3")), "mla-ma", ligands=HEADS)
    kinds = dot.arrays["site_kind"][dot.arrays["ion"] == "Br"]
    assert Counter(kinds.tolist()) == {"bridging": 144, "terminal-edge": 48, "terminal-face": 24}


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_oleate_dots_lack_half_of_the_edge_metals_halides(seed):
    dot = build(Cuboid.cube(4, host_named("MAPbBr3")), "oa-ma", seed=seed, ligands=HEADS)
    kinds = dot.arrays["site_kind"][dot.arrays["ion"] == "Br"]
    assert Counter(kinds.tolist()) == {"bridging": 144, "terminal-edge": 24, "terminal-face": 24}


def test_every_atom_of_every_compound_is_there_and_apart():
    # Platelets too: ions of 57, 14 (hydrogen malate) or 11 atoms (malate 3-), MA of 8, oleate 53.
    for name, edges, atoms in (
        ("mla-cs", (4, 4, 4), 3544),
        ("mla-ma", (4, 4, 4), 3918),
        ("oa-ma", (4, 4, 4), 3461),
        ("mla-cs", (4, 4, 2), None),
        ("mla-ma", (4, 4, 1), None),
    ):
        chosen = compound_named(name)
        cuboid = Cuboid(edges=edges, host=host_named(f"{chosen.a_ion}PbBr3"))
        seed = secrets.randbits(31)
        print(name, edges, "seed", seed)
        dot = build(cuboid, name, seed=seed)
        plan = planned_composition(cuboid, chosen)
        of_acid, of_a = {"mla-cs": (14, 1), "mla-ma": (12, 8), "oa-ma": (53, 8)}[name]
        by_ions = 57 * plan.ammonium + of_acid * plan.acids + of_a * plan.a_ions
        assert len(dot) == by_ions + plan.metals + plan.halides
        assert atoms in (None, len(dot))
        assert composition(dot) == planned_composition(cuboid, chosen)
        assert dot.get_initial_charges().sum() == pytest.approx(0, abs=1e-9)
        np.testing.assert_array_equal(np.diff(dot.arrays["site"]) >= 0, True)
        radii = covalent_radii[dot.numbers]
        first, second = KDTree(dot.positions).query_pairs(3.0, output_type="ndarray").T
        apart = np.linalg.norm(dot.positions[first] - dot.positions[second], axis=1)
        assert (apart / (radii[first] + radii[second])).min() > 0.8


def test_heavy_atoms_alone_leave_their_charge_behind():
    """R16 and the issue of the microscope: -54 with 240 Br, -46 with 232."""
    dot = build(QD4, "mla-cs", ligands=NoLigands())
    assert Counter(dot.symbols) == {"Cs": 58, "Pb": 64, "Br": 232}
    assert dot.get_initial_charges().sum() == -46
    organic = build(Cuboid.cube(2, host_named("MAPbBr3")), "prototype", ligands=NoLigands())
    assert set(organic.symbols) == {"Pb", "Br"}


def test_the_same_seed_seats_the_same_ions_with_and_without_ligands():
    heads, alone = build(QD4, "mla-cs", 9, ligands=HEADS), build(QD4, "mla-cs", 9, ligands=NONE)
    own = np.isin(heads.arrays["ion"], ["Cs", "Pb", "Br"])
    np.testing.assert_array_equal(heads.arrays["site"][own], alone.arrays["site"])


@pytest.mark.parametrize("vacancies", [CoulombGround(), Boltzmann(), AtRandom()])
@pytest.mark.parametrize("compound", ["prototype", "mla-cs"])
def test_other_vacancies_keep_the_counts(vacancies, compound):
    dot = build(QD4, compound, 4, vacancies=vacancies, ligands=HEADS)
    found, rule = composition(dot), planned_composition(QD4, compound_named(compound))
    assert (found.charge, found.a_ions, found.ammonium) == (0, rule.a_ions, rule.ammonium)


def test_the_ground_state_of_the_prototype_lacks_corners_and_edge_middles():
    dot = build(QD4, "prototype", vacancies=CoulombGround(), ligands=HEADS)
    sites = lattice_sites(QD4)
    empty = np.setdiff1d(np.flatnonzero(sites.role == "a"), dot.arrays["site"])
    kinds = Counter(sites.kind[empty].tolist())
    assert kinds == {"corner": 8, "edge": 5}
    edge = sites.abc[empty[sites.kind[empty] == "edge"]]
    np.testing.assert_array_equal((edge == 0).sum(axis=1), 1)


def test_a_plan_of_ones_own_is_built_or_refused():
    prototype = planned_composition(QD4, compound_named("prototype"))
    on_corners = replace(prototype, a_edge=prototype.a_edge - 2, a_corner=2)
    with pytest.raises(InputError, match="must follow the rules of placement"):
        build(QD4, "prototype", ligands=HEADS, plan=on_corners)
    # Elsewhere the vacancies decide which sites are empty, so that the plan says only how many.
    dot = build(QD4, "prototype", ligands=HEADS, plan=on_corners, vacancies=AtRandom())
    assert composition(dot).a_ions == prototype.a_ions
    with pytest.raises(InputError, match="`metals` of a plan"):
        build(QD4, "prototype", plan=replace(prototype, metals=63, a_edge=prototype.a_edge + 2))


@pytest.mark.parametrize("vacancies", [ByRule(), AtRandom(), CoulombGround()])
def test_acids_beyond_the_halides_that_are_gone_take_empty_corners_without_ammonium(vacancies):
    """Two acids and one halide gone: one binds, one takes a corner A site, whatever is drawn."""
    bare = replace(compound_named("mla-cs"), ammonium=None)
    neutral = planned_composition(QD4, compound_named("prototype"))
    one_more = {"a_edge": neutral.a_edge + 1, "terminal": 95, "acids": 2, "acid_charge": 1}
    dot = build(QD4, bare, ligands=HEADS, vacancies=vacancies, plan=replace(neutral, **one_more))
    assert composition(dot).acids == 2
    assert composition(dot).a_ions == neutral.a_ions + 1
    kinds = dot.arrays["site_kind"][dot.arrays["ion"] == "malate"]
    assert sorted(kinds) == ["corner", "terminal-corner"]


@pytest.mark.parametrize(("angle", "fits"), [(15.0, True), (30.0, False)])
def test_tilts_that_push_ions_into_each_other_are_refused(angle, fits):
    """The turned Br close in on their Cs: to 0.83 of their radii at 15 degrees, 0.48 at 30."""
    tilted = Distortion(
        tilts=Tilts.glazer("a-a-a-", angles_deg=(angle,) * 3), strain=Distortion.none().strain
    )
    if fits:
        assert len(build(QD4, "prototype", ligands=NONE, distortion=tilted)) == 112 + 64 + 240
        return
    with pytest.raises(InputError, match=r"0\.8 of the sum .* but Cs and Br come within"):
        build(QD4, "prototype", ligands=NONE, distortion=tilted)


def test_a_distorted_dot_keeps_its_bonds_to_oxygen():
    tilted = phase_named(HOST, "orthorhombic")
    dot = build(QD4, "mla-cs", 3, ligands=HEADS, distortion=tilted)
    places = displaced_positions(QD4, tilted)
    bound = dot.arrays["ion"] == "malate"
    metals = lattice_sites(QD4).metal[dot.arrays["site"][bound]]
    lengths = np.linalg.norm(dot.positions[bound] - places[metals], axis=1)
    np.testing.assert_allclose(lengths, 2.5, atol=1e-12)
    halides = dot.arrays["ion"] == "Br"
    np.testing.assert_allclose(dot.positions[halides], places[dot.arrays["site"][halides]])


def test_doubly_charged_malate_finds_no_room_for_its_ammonium_on_the_grid():
    double = compound_named("mla-cs").with_acid_charge(2)
    with pytest.raises(InputError, match="needs 26 ammonium on face sites, of which 23 are free"):
        build(QD4, double)
    roomy = replace(double, ammonium=replace(double.ammonium, sites=("edge", "face", "corner")))
    held = composition(build(QD4, roomy, ligands=HEADS))
    assert (held.ammonium_edge, held.ammonium_face, held.ammonium_corner) == (36, 23, 3)
    assert held.charge == 0


@pytest.mark.parametrize("n", range(2, 8))
def test_the_prototype_leaves_corners_then_edges_empty(n):
    cuboid = Cuboid.cube(n, HOST)
    sites, filled = lattice_sites(cuboid), site_occupancy(build(cuboid, "prototype", seed=n))
    empty = Counter(sites.kind[filled == 0].tolist())
    corners = min(8, 3 * n + 1)
    assert empty == Counter(corner=corners, edge=3 * n + 1 - corners)


def test_atoms_stand_where_their_sites_are_and_head_groups_outside():
    dot = build(QD4, "mla-cs", seed=3, ligands=HEADS)
    sites = lattice_sites(QD4)
    here = dot.arrays["site"]
    off = dot.positions - 5.87 * sites.abc[here]
    own = np.isin(dot.arrays["ion"], ["Cs", "Pb", "Br"])
    np.testing.assert_allclose(off[own], 0.0, atol=1e-12)
    ammonium = dot.arrays["ion"] == "OAMH+"
    np.testing.assert_allclose(off[ammonium], 0.4 * sites.outward[here[ammonium]], atol=1e-12)
    bound = here[dot.arrays["ion"] == "malate"]
    bonds = dot.positions[dot.arrays["ion"] == "malate"] - 5.87 * sites.abc[sites.metal[bound]]
    np.testing.assert_allclose(np.linalg.norm(bonds, axis=1), 2.5, atol=1e-12)
    np.testing.assert_allclose(bonds / 2.5, sites.outward[bound], atol=1e-12)
    np.testing.assert_array_equal(np.diff(here) > 0, True)
    np.testing.assert_array_equal(dot.arrays["abc"], sites.abc[here])


def test_a_seed_decides_and_seeds_differ():
    same = [build(QD4, "mla-cs", seed=5, ligands=HEADS).positions for _ in range(2)]
    np.testing.assert_array_equal(*same)
    # Two of more than 3^8 choices of halides coincide less than once in 6000 pairs; of all
    # places together, less than once in a million.
    assert not np.array_equal(same[0], build(QD4, "mla-cs", seed=6, ligands=HEADS).positions)


def test_what_cannot_be_built_says_why():
    with pytest.raises(InputError, match="must have a host with Cs"):
        build(Cuboid.cube(4, host_named("MAPbBr3")), "mla-cs")
    with pytest.raises(InputError, match="needs 4 ammonium on face sites, of which 3 are free"):
        build(Cuboid.cube(2, HOST), "mla-cs")
    with pytest.raises(InputError, match="Did you mean mla-cs"):
        build(QD4, "mla_cs")
    bare = build(QD4, ligands=HEADS)
    del bare.arrays["site"]
    with pytest.raises(InputError, match="must carry their lattice sites"):
        composition(bare)


def test_organic_ions_are_whole_or_marked_by_their_nitrogen():
    cuboid = Cuboid.cube(2, host_named("FAPbBr3"))
    dot = build(cuboid, "prototype", ligands=HEADS)
    assert Counter(dot.symbols) == {"N": 20, "Pb": 8, "Br": 36}
    assert composition(dot).charge == 0
    whole = build(cuboid, "prototype")
    assert Counter(whole.symbols) == {"N": 40, "C": 20, "H": 100, "Pb": 8, "Br": 36}
    assert composition(whole) == composition(dot)
    # The middle of an ion's heavy atoms stands on its site.
    sites = lattice_sites(cuboid)
    for ligand in range(20):
        heavy = (whole.arrays["ligand"] == ligand) & (whole.numbers > 1)
        (site,) = set(whole.arrays["site"][heavy].tolist())
        centre = whole.positions[heavy].mean(axis=0)
        np.testing.assert_allclose(centre, 5.99 * sites.abc[site], atol=1e-9)
