import difflib

import pytest

from cinedot.core import InputError
from cinedot.particle import Host, host_named, hosts


def test_the_lattice_constants_of_the_science_note_stand():
    found = {name: hosts()[name].lattice_nm for name in ("CsPbBr3", "MAPbBr3", "FAPbBr3")}
    assert found == {"CsPbBr3": 0.587, "MAPbBr3": 0.593, "FAPbBr3": 0.599}


def test_every_host_is_there_and_named_by_its_ions():
    expected = {
        a + b + x + "3" for a in ("Cs", "MA", "FA") for b in ("Pb", "Sn") for x in ("Cl", "Br", "I")
    }
    assert set(hosts()) == expected
    for name, host in hosts().items():
        assert name == host.name == f"{host.a_ion}{host.b_ion}{host.x_ion}3"
        assert host.a_element == ("Cs" if host.a_ion == "Cs" else "N")


def test_tin_twins_are_as_large_as_their_lead_hosts():
    # The two metals' bonds to a halide differ by less than 0.05 of 3 angstrom: 2 %.
    for name, host in hosts().items():
        twin = host_named(name.replace("Pb", "Sn"))
        assert twin.lattice_nm == pytest.approx(host.lattice_nm, rel=0.02), name


@pytest.mark.parametrize("a", ["Cs", "MA", "FA"])
@pytest.mark.parametrize("b", ["Pb", "Sn"])
def test_larger_halides_make_larger_lattices(a, b):
    chlorine, bromine, iodine = (host_named(f"{a}{b}{x}3").lattice_nm for x in ("Cl", "Br", "I"))
    assert 0.01 < bromine - chlorine < 0.05
    assert 0.02 < iodine - bromine < 0.06


@pytest.mark.parametrize("b", ["Pb", "Sn"])
@pytest.mark.parametrize("x", ["Cl", "Br", "I"])
def test_larger_a_ions_make_larger_lattices(b, x):
    caesium, methyl, formamid = (host_named(f"{a}{b}{x}3").lattice_nm for a in ("Cs", "MA", "FA"))
    assert caesium < methyl < formamid


def test_each_host_says_where_its_number_is_from_and_how_sure_it_is():
    evidence = {name: host.evidence for name, host in hosts().items()}
    assert {name for name, word in evidence.items() if word == "estimated"} == {"FASnCl3"}
    checked = {name for name, word in evidence.items() if word == "checked"}
    assert checked == {"MAPbCl3", "FAPbI3", "MASnBr3", "MASnI3"}
    for name, host in hosts().items():
        measured = evidence[name] != "estimated"
        assert measured == any(f"({year})" in host.source for year in range(1950, 2030)), name


def test_the_estimate_follows_its_stated_rule():
    rule = 0.574 * 0.576 / 0.5675
    assert host_named("FASnCl3").lattice_nm == pytest.approx(rule, abs=0.0005)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("cspbbr3", "CsPbBr3"), ("MAPBr3", "MAPbBr3"), ("CsPbBr", "CsPbBr3"), ("FASnI", "FASnI3")],
)
def test_an_unknown_host_names_the_nearest(typed, meant):
    with pytest.raises(InputError, match=f"Did you mean {meant}"):
        host_named(typed)


def test_a_name_like_no_host_gets_the_list():
    assert not difflib.get_close_matches("quartz", [n.lower() for n in hosts()], cutoff=0.5)
    with pytest.raises(InputError, match="Known: CsPbCl3, CsPbBr3"):
        host_named("quartz")


def test_a_lattice_of_no_size_is_refused():
    with pytest.raises(InputError, match="lattice_nm"):
        Host(name="X", a_ion="Cs", b_ion="Pb", x_ion="Br", lattice_nm=-0.5, source="")
