"""Neighbours and places of lattice sites."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.particle import Cuboid, host_named, lattice_sites, neighbours

HOST = host_named("CsPbBr3")
EDGES = st.tuples(*[st.integers(1, 6)] * 3)


@settings(max_examples=20, deadline=None)
@given(EDGES)
def test_neighbours_are_mutual_and_of_opposite_charge(edges):
    cuboid = Cuboid(edges=edges, host=HOST)
    sites, shells = lattice_sites(cuboid), neighbours(cuboid)
    assert len(shells) == len(sites)
    for site, shell in enumerate(shells):
        assert all(site in shells[other] for other in shell)
        halides = sites.role[shell] == "halide"
        assert not halides.any() if sites.role[site] == "halide" else halides.all()


@settings(max_examples=20, deadline=None)
@given(EDGES)
def test_coordination_follows_from_place(edges):
    """Corner sharing octahedra: closed numbers for metals, halides and A sites by their place."""
    cuboid = Cuboid(edges=edges, host=HOST)
    sites, shells = lattice_sites(cuboid), neighbours(cuboid)

    def numbers(role, kind, with_role):
        here = np.flatnonzero((sites.role == role) & (sites.kind == kind))
        return {int((sites.role[shells[site]] == with_role).sum()) for site in here}

    assert numbers("metal", "metal", "halide") == {6}
    assert numbers("halide", "bridging", "metal") <= {2}
    assert numbers("halide", "terminal", "metal") == {1}
    # An A site has the halides of the three planes through it: 4 each inside, fewer outside.
    assert numbers("a", "interior", "halide") <= {12}
    assert numbers("a", "face", "halide") <= {8}
    assert numbers("a", "edge", "halide") <= {5}
    assert numbers("a", "corner", "halide") == {3}


def test_every_site_is_found_by_its_name():
    sites = lattice_sites(Cuboid(edges=(2, 3, 4), host=HOST))
    for index in range(len(sites)):
        a, b, c = sites.abc[index].tolist()
        assert sites.index_of(str(sites.element[index]), (a, b, c)) == index
    with pytest.raises(InputError, match="must be a lattice site"):
        sites.index_of("Pb", (0.0, 0.0, 9.0))
