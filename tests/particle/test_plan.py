"""Counts of the compounds against the paper's and science.md 2.3, 2.4, before any seat."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.particle import (
    Acid,
    Ammonium,
    Compound,
    Cuboid,
    FaceCount,
    bookkeeping,
    compound_named,
    compounds,
    host_named,
    ion_counts,
    ligand_density_per_nm2,
    planned_composition,
)
from cinedot.particle.room import require_room

CS, MA = host_named("CsPbBr3"), host_named("MAPbBr3")
QD4 = Cuboid.cube(4, CS)

# Paper R1-R12 and science.md 2.4: A ions inside and on the surface, Pb, Br, acids, ammonium.
PAPER = {
    "prototype": (CS, 27, 85, 64, 240, 0, 0),
    "mla-cs": (CS, 27, 31, 64, 232, 8, 54),
    "mla-ma": (MA, 27, 31, 64, 216, 8, 54),
    "oa-ma": (MA, 27, 0, 64, 192, 8, 45),
}


@pytest.mark.parametrize("name", PAPER)
def test_the_paper_s_counts(name):
    host, *expected = PAPER[name]
    plan = planned_composition(Cuboid.cube(4, host), compound_named(name))
    found = [plan.a_interior, plan.a_surface, plan.metals, plan.halides, plan.acids, plan.ammonium]
    assert found == expected
    assert plan.charge == 0


def test_monocations_of_the_compounds():
    """Sums of A ions and ammonium, science.md 2.4: 112 in 1 and 2, 72 in 3."""
    for name, total in (("mla-cs", 112), ("mla-ma", 112), ("oa-ma", 72)):
        plan = planned_composition(Cuboid.cube(4, PAPER[name][0]), compound_named(name))
        assert plan.a_ions + plan.ammonium == total


@pytest.mark.parametrize(("z", "monocations"), [(1, 96), (2, 104), (3, 112)])
def test_charge_of_malate_decides_the_monocations_of_1(z, monocations):
    compound = compound_named("mla-ma").with_acid_charge(z)
    plan = planned_composition(Cuboid.cube(4, MA), compound)
    assert plan.a_ions + plan.ammonium == monocations


@pytest.mark.parametrize(("z", "ammonium", "per_nm2"), [(1, 54, 1.487), (2, 62, 1.708)])
def test_ammonium_of_2_follows_from_the_acids_charge(z, ammonium, per_nm2):
    plan = planned_composition(QD4, compound_named("mla-cs").with_acid_charge(z))
    assert plan.ammonium == plan.balancing_ammonium == ammonium
    # An edge of 2.46 nm, science.md 2.4; the printed figures carry four digits.
    assert ligand_density_per_nm2(plan, (2.46,) * 3) == pytest.approx(per_nm2, abs=5e-4)


def test_density_over_the_edges_of_science_md():
    plan = planned_composition(QD4, compound_named("mla-cs"))
    for edge, density in ((2.49, 1.452), (2.348, 1.632)):
        assert ligand_density_per_nm2(plan, (edge,) * 3) == pytest.approx(density, abs=5e-4)


def test_the_paper_s_bookkeeping():
    """R15 and science.md 2.3: 4.72 a face or edge, 31/6 Cs a face, 54/12 OAMH+ an edge."""
    prototype = bookkeeping(planned_composition(QD4, compound_named("prototype")))
    assert prototype.a_face_or_edge == pytest.approx(85 / 18)
    two = bookkeeping(planned_composition(QD4, compound_named("mla-cs")))
    assert (two.a_face, two.an_edge) == (pytest.approx(31 / 6), 4.5)


def test_the_drawn_model_of_the_paper_is_short_of_54_cations():
    """R16: Cs58 Pb64 Br240 without ligands carries -54."""
    plan = planned_composition(QD4, compound_named("mla-cs"))
    drawn = replace(plan, terminal=96, acids=0, ammonium_edge=0, ammonium_face=0)
    assert (drawn.a_ions, drawn.metals, drawn.halides, drawn.charge) == (58, 64, 240, -54)


@settings(max_examples=200, deadline=None)
@given(st.tuples(*[st.integers(1, 12)] * 3), st.sampled_from(list(compounds())))
def test_every_plan_is_neutral_and_fits_or_is_refused(edges, name):
    host, compound = PAPER[name][0], compound_named(name)
    cuboid = Cuboid(edges=edges, host=host)
    counts, plan = ion_counts(cuboid), planned_composition(cuboid, compound)
    assert plan.charge == 0
    rooms = [
        (
            getattr(plan, f"a_{kind}"),
            getattr(plan, f"ammonium_{kind}"),
            getattr(counts, f"a_{kind}"),
        )
        for kind in ("face", "edge", "corner")
    ]
    fits = all(min(own, ammonium) >= 0 and own + ammonium <= room for own, ammonium, room in rooms)
    if fits:
        require_room(plan, cuboid, compound)
    else:
        with pytest.raises(InputError, match="must be neutral"):
            require_room(plan, cuboid, compound)


def test_a_face_cannot_hold_more_a_ions_than_it_has_sites():
    greedy = replace(compound_named("mla-cs"), a_on_faces=FaceCount(each=10))
    with pytest.raises(InputError, match=r"asks for 10 on a face with 9\. Ask for at most 9"):
        planned_composition(QD4, greedy)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"a_face": 30}, "must be neutral, but its ions carry -1"),
        ({"a_face": 32, "a_interior": 26}, "`a_interior` of a plan must be 27"),
        ({"metals": 63, "a_face": 33}, "`metals` of a plan must be 64"),
        ({"bridging": 143, "terminal": 89}, "`bridging` of a plan must be 144"),
        (
            {"terminal": 97, "ammonium_face": 19, "ammonium_corner": 8},
            "`terminal` of a plan must be from 0 to 96",
        ),
        ({"terminal": -1, "ammonium_face": 0, "ammonium_edge": 0, "a_face": -4}, "too many"),
        ({"acids": -1, "ammonium_face": 9}, "`acids` of a plan must not be below 0"),
        ({"a_face": 55, "ammonium_face": -6}, "has 6 cations too many"),
        ({"a_face": 18, "ammonium_edge": 37, "ammonium_face": 30}, "needs 37 ammonium on edge"),
        ({"acids": 17, "ammonium_corner": 9}, "needs 9 ammonium on corner sites"),
        ({"acids": 12, "ammonium_corner": 4}, None),
        ({"acids": 16, "ammonium_corner": 8}, "each of its 16 acids, but .* 8 have none"),
        ({"acid_charge": 2, "ammonium_corner": 8}, "`acid_charge` of a plan must be 1"),
    ],
)
def test_a_plan_of_ones_own_must_be_neutral_of_this_lattice_and_have_room(changes, complaint):
    compound = compound_named("mla-cs")
    plan = replace(planned_composition(QD4, compound), **changes)
    if complaint is None:
        # 8 acids at the 8 places of halides, 4 at empty corners beside 4 ammonium.
        require_room(plan, QD4, compound)
        return
    with pytest.raises(InputError, match=complaint):
        require_room(plan, QD4, compound)


def test_a_plan_must_not_hold_what_its_compound_lacks():
    plan = planned_composition(QD4, compound_named("prototype"))
    swapped = replace(plan, a_face=plan.a_face - 1, ammonium_face=1)
    acid = replace(plan, terminal=95, acids=1, acid_charge=1)
    fewer = replace(plan, terminal=95, a_edge=plan.a_edge - 1)
    for changed, complaint in (
        (swapped, "must have no ammonium, as the compound has none"),
        (acid, "must have no acids"),
        (fewer, "`terminal` of a plan must be from 96 to 96"),
    ):
        with pytest.raises(InputError, match=complaint):
            require_room(changed, QD4, compound_named("prototype"))


def test_ligands_named_like_an_ion_of_the_host_are_refused():
    bromide = Acid(ion="Br", symbol="X", charge=1, smiles="[O-:1]C=O")
    short = replace(bromide, ion="formate", symbol="Pb")
    for compound, name in (
        (Compound(name="mine", acid=bromide), "Br"),
        (Compound(name="mine", acid=short), "Pb"),
    ):
        with pytest.raises(InputError, match=f"name of its own, but '{name}' is an ion of the"):
            planned_composition(QD4, compound)
    # On a host with Cs it is a ligand like any other.
    small = Compound(name="mine", ammonium=Ammonium(ion="MA"))
    assert planned_composition(QD4, small).ammonium > 0
    with pytest.raises(InputError, match="'MA' is an ion of the host MAPbBr3"):
        planned_composition(Cuboid.cube(4, MA), small)


def test_another_host_is_refused():
    with pytest.raises(InputError, match="must have a host with Cs"):
        planned_composition(Cuboid.cube(4, MA), compound_named("mla-cs"))
