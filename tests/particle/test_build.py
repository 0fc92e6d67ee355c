"""Compositions of science.md 2.2-2.4, and where the ions sit."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.particle import (
    Cuboid,
    build,
    composition,
    compound_named,
    host_named,
    lattice_sites,
    planned_composition,
    site_occupancy,
)

HOST = host_named("CsPbBr3")
QD4 = Cuboid.cube(4, HOST)
SEEDS = st.integers(0, 2**31)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_compound_2_has_its_ions_in_the_places_of_the_science_note(seed):
    dot = build(QD4, "mla-cs", seed=seed)
    seats = Counter(zip(dot.arrays["species"], dot.arrays["site_kind"], strict=True))
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
    here = dot.arrays["site"][(dot.arrays["species"] == "Cs") & (dot.arrays["site_kind"] == "face")]
    a_face = Counter(tuple(normal) for normal in sites.outward[here])
    assert sorted(a_face.values()) == [5, 5, 5, 5, 5, 6]
    corners = sites.metal[dot.arrays["site"][dot.arrays["species"] == "malate"]]
    assert len(set(corners.tolist())) == 8
    assert set(sites.metal_kind[corners]) == {"corner"}


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(1, 6)] * 3), st.sampled_from(["prototype", "mla-cs"]), SEEDS)
def test_what_is_built_is_what_was_planned_and_neutral(edges, compound, seed):
    cuboid = Cuboid(edges=edges, host=HOST)
    try:
        dot = build(cuboid, compound, seed=seed)
    except InputError:
        assert compound == "mla-cs"
        return
    plan = planned_composition(cuboid, compound_named(compound))
    assert composition(dot) == plan
    assert plan.charge == 0
    assert plan.ammonium == plan.balancing_ammonium or compound == "prototype"
    occupied = site_occupancy(dot).sum()
    assert occupied == plan.a_ions + plan.metals + plan.halides
    assert len(dot) == occupied + plan.ammonium + plan.acids


@pytest.mark.parametrize(("z", "ammonium", "per_nm2"), [(1, 54, 1.487), (2, 62, 1.708)])
def test_ammonium_follows_from_the_acids_charge(z, ammonium, per_nm2):
    compound = compound_named("mla-cs")
    acid = replace(compound.acid, charge=z)
    plan = planned_composition(QD4, replace(compound, acid=acid))
    assert plan.ammonium == ammonium
    assert plan.ammonium == plan.halides + z * plan.acids - 2 * plan.metals - plan.a_ions
    # An edge of 2.46 nm, science.md 2.4; the printed figures carry four digits.
    assert plan.ammonium / (6 * 2.46**2) == pytest.approx(per_nm2, abs=5e-4)


def test_doubly_charged_malate_finds_no_room_for_its_ammonium_on_the_grid():
    compound = compound_named("mla-cs")
    double = replace(compound, acid=replace(compound.acid, charge=2))
    with pytest.raises(InputError, match="needs 26 ammonium on faces that have 23 free"):
        build(QD4, double)


@pytest.mark.parametrize("n", range(2, 8))
def test_the_prototype_leaves_corners_then_edges_empty(n):
    cuboid = Cuboid.cube(n, HOST)
    sites, filled = lattice_sites(cuboid), site_occupancy(build(cuboid, "prototype", seed=n))
    empty = Counter(sites.kind[filled == 0].tolist())
    corners = min(8, 3 * n + 1)
    assert empty == Counter(corner=corners, edge=3 * n + 1 - corners)


def test_the_paper_s_counts_of_the_prototype():
    plan = planned_composition(QD4, compound_named("prototype"))
    assert (plan.a_ions, plan.metals, plan.halides) == (112, 64, 240)
    assert (plan.a_interior, plan.a_surface) == (27, 85)


def test_atoms_stand_where_their_sites_are_and_head_groups_outside():
    dot = build(QD4, "mla-cs", seed=3)
    sites = lattice_sites(QD4)
    here = dot.arrays["site"]
    off = dot.positions - 5.87 * sites.abc[here]
    own = np.isin(dot.arrays["species"], ["Cs", "Pb", "Br"])
    np.testing.assert_allclose(off[own], 0.0, atol=1e-12)
    ammonium = dot.arrays["species"] == "OAMH+"
    np.testing.assert_allclose(off[ammonium], 0.4 * sites.outward[here[ammonium]], atol=1e-12)
    bound = here[dot.arrays["species"] == "malate"]
    bonds = dot.positions[dot.arrays["species"] == "malate"] - 5.87 * sites.abc[sites.metal[bound]]
    np.testing.assert_allclose(np.linalg.norm(bonds, axis=1), 2.5, atol=1e-12)
    np.testing.assert_allclose(bonds / 2.5, sites.outward[bound], atol=1e-12)
    np.testing.assert_array_equal(np.diff(here) > 0, True)
    np.testing.assert_array_equal(dot.arrays["abc"], sites.abc[here])


def test_a_seed_decides_and_seeds_differ():
    same = [build(QD4, "mla-cs", seed=5).positions for _ in range(2)]
    np.testing.assert_array_equal(*same)
    # Two of more than 3^8 choices of halides coincide less than once in 6000 pairs; of all
    # places together, less than once in a million.
    assert not np.array_equal(same[0], build(QD4, "mla-cs", seed=6).positions)


def test_what_cannot_be_built_says_why():
    with pytest.raises(InputError, match="must have a host with Cs"):
        build(Cuboid.cube(4, host_named("MAPbBr3")), "mla-cs")
    with pytest.raises(InputError, match=r"needs 4 ammonium on faces that have 3 free"):
        build(Cuboid.cube(2, HOST), "mla-cs")
    with pytest.raises(InputError, match="Did you mean mla-cs"):
        build(QD4, "mla_cs")
    bare = build(QD4)
    del bare.arrays["site"]
    with pytest.raises(InputError, match="must carry their lattice sites"):
        composition(bare)


def test_organic_hosts_are_marked_by_their_nitrogen():
    dot = build(Cuboid.cube(2, host_named("FAPbBr3")), "prototype")
    assert Counter(dot.symbols) == {"N": 20, "Pb": 8, "Br": 36}
    assert composition(dot).charge == 0
