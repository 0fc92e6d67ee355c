"""Counts of the compounds against the paper's and science.md 2.3, 2.4, before any seat."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.particle import (
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
from cinedot.particle.plan import require_room

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


def test_another_host_is_refused():
    with pytest.raises(InputError, match="must have a host with Cs"):
        planned_composition(Cuboid.cube(4, MA), compound_named("mla-cs"))
