"""Formula, mass and places of a dot, against science.md 2.4."""

import pytest

from cinedot.particle import Cuboid, HeadGroups, build, compound_named, host_named, summarize

# science.md 2.4 prints whole g/mol (CODATA atomic weights of its own); half a unit is rounding
# and 3e-5 what tables of atomic weights differ by.
MASSES = {
    ("CsPbBr3", "prototype"): 47323,
    ("MAPbBr3", "prototype"): 36029,
    ("CsPbBr3", "mla-cs"): 55071,
    ("MAPbBr3", "mla-ma"): 47928,
}


@pytest.mark.parametrize(("host", "name"), MASSES)
def test_molar_masses_of_the_science_note(host, name):
    dot = build(Cuboid.cube(4, host_named(host)), name, ligands=HeadGroups())
    summary = summarize(dot, compound_named(name))
    expected = MASSES[host, name]
    assert summary.molar_mass_g_per_mol == pytest.approx(expected, abs=0.5 + 3e-5 * expected)


def test_compound_2_in_words_and_numbers():
    dot = build(Cuboid.cube(4, host_named("CsPbBr3")), "mla-cs", ligands=HeadGroups())
    summary = summarize(dot, compound_named("mla-cs"))
    assert summary.formula == "Cs58Pb64Br232(C4H5O5)8(C18H38N)54"
    assert summary.charge == 0
    assert summary.ammonium_per_nm2 == pytest.approx(54 / (6 * 2.348**2))
    rows = {
        row.ion: (row.number, row.central, row.surface, dict(row.places)) for row in summary.rows
    }
    assert rows == {
        "Cs": (58, 27, 31, {"interior": 27, "face": 31}),
        "OAMH+": (54, 0, 54, {"face": 18, "edge": 36}),
        "Pb": (64, 8, 56, {"interior": 8, "face": 24, "edge": 24, "corner": 8}),
        "Br": (232, 144, 88, {"bridging": 144, "face": 24, "edge": 48, "corner": 16}),
        "malate": (8, 0, 8, {"corner": 8}),
    }
