import pytest

from cinedot.core import InputError
from cinedot.particle import Host, host_named, hosts


def test_lattice_constants_are_those_of_the_science_note():
    found = {name: host.lattice_nm for name, host in hosts().items()}
    assert found == {"CsPbBr3": 0.587, "MAPbBr3": 0.593, "FAPbBr3": 0.599}
    assert all(host.source for host in hosts().values())


@pytest.mark.parametrize(("typed", "meant"), [("cspbbr3", "CsPbBr3"), ("MAPBr3", "MAPbBr3")])
def test_an_unknown_host_names_the_nearest(typed, meant):
    with pytest.raises(InputError, match=f"Did you mean {meant}"):
        host_named(typed)


def test_a_lattice_of_no_size_is_refused():
    with pytest.raises(InputError, match="lattice_nm"):
        Host(name="X", a_ion="Cs", b_ion="Pb", x_ion="Br", lattice_nm=-0.5, source="")
