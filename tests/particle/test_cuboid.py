"""Counts in closed form against enumeration of the sites, and against science.md 2.1."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.particle import Cuboid, host_named, ion_counts, lattice_sites
from cinedot.particle.cuboid import whole_edges

HOST = host_named("CsPbBr3")
EDGES = st.tuples(*[st.integers(1, 12)] * 3)

# n: Pb, Br, terminal, A neutral, A interior, A edge, A face, empty, Pb corner/edge/face/interior
TABLE = {
    1: (1, 6, 6, 4, 0, 0, 0, 4, None),
    2: (8, 36, 24, 20, 1, 12, 6, 7, (8, 0, 0, 0)),
    3: (27, 108, 54, 54, 8, 24, 24, 10, (8, 12, 6, 1)),
    4: (64, 240, 96, 112, 27, 36, 54, 13, (8, 24, 24, 8)),
    5: (125, 450, 150, 200, 64, 48, 96, 16, (8, 36, 54, 27)),
    6: (216, 756, 216, 324, 125, 60, 150, 19, (8, 48, 96, 64)),
    7: (343, 1176, 294, 490, 216, 72, 216, 22, (8, 60, 150, 125)),
    8: (512, 1728, 384, 704, 343, 84, 294, 25, (8, 72, 216, 216)),
}


@pytest.mark.parametrize("n", TABLE)
def test_cubes_hold_what_the_science_note_lists(n):
    c = ion_counts(Cuboid.cube(n, HOST))
    found = (
        c.metal,
        c.halide,
        c.terminal,
        c.a_neutral,
        c.a_interior,
        c.a_edge,
        c.a_face,
        c.a_empty,
    )
    assert found == TABLE[n][:8]
    assert c.a_corner == 8
    if TABLE[n][8] is not None:
        metals = (c.metal_corner, c.metal_edge, c.metal_face, c.metal_interior)
        assert metals == TABLE[n][8]


@settings(max_examples=40, deadline=None)
@given(EDGES)
def test_closed_forms_count_what_enumeration_finds(edges):
    cuboid = Cuboid(edges=edges, host=HOST)
    c, sites = ion_counts(cuboid), lattice_sites(cuboid)

    def of(role, kind, metal_kind=None):
        chosen = (sites.role == role) & (sites.kind == kind)
        if metal_kind is not None:
            chosen &= sites.metal_kind == metal_kind
        return int(chosen.sum())

    assert c.bridging == of("halide", "bridging")
    assert c.terminal == of("halide", "terminal")
    assert c.halide == c.bridging + c.terminal
    for place in ("corner", "edge", "face", "interior"):
        assert getattr(c, f"a_{place}") == of("a", place)
        assert getattr(c, f"metal_{place}") == of("metal", "metal", place)
    assert c.a_sites == int((sites.role == "a").sum())
    assert c.metal == int((sites.role == "metal").sum())
    assert len(np.unique(sites.abc, axis=0)) == len(sites)


@settings(max_examples=40, deadline=None)
@given(EDGES)
def test_the_neutral_number_of_a_ions_balances_the_charges(edges):
    c = ion_counts(Cuboid(edges=edges, host=HOST))
    assert c.a_neutral + 2 * c.metal - c.halide == 0
    assert c.a_sites - c.a_neutral == c.a_empty


@settings(max_examples=20, deadline=None)
@given(EDGES, st.permutations([0, 1, 2]), st.tuples(*[st.sampled_from([-1, 1])] * 3))
def test_mirrored_and_permuted_sites_are_the_sites_of_the_permuted_cuboid(edges, order, signs):
    sites = lattice_sites(Cuboid(edges=edges, host=HOST))
    turned = Cuboid(edges=tuple(edges[axis] for axis in order), host=HOST)
    expected = lattice_sites(turned)

    def described(places, which):
        rows = zip(which.role, which.kind, which.metal_kind, places.tolist(), strict=True)
        return sorted((str(r), str(k), str(m), p) for r, k, m, p in rows)

    moved = (sites.abc * np.array(signs))[:, order] + 0.0
    assert described(moved, sites) == described(expected.abc + 0.0, expected)


def test_each_inner_metal_has_six_halides_at_half_a_lattice_constant():
    sites = lattice_sites(Cuboid(edges=(3, 4, 5), host=HOST))
    metals, halides = sites.abc[sites.role == "metal"], sites.abc[sites.role == "halide"]
    distances = np.linalg.norm(metals[:, None] - halides[None], axis=-1)
    assert np.all((np.abs(distances - 0.5) < 1e-12).sum(axis=1) == 6)
    assert distances.min() == 0.5


def test_terminal_halides_point_out_of_the_metal_that_they_name():
    sites = lattice_sites(Cuboid(edges=(1, 2, 4), host=HOST))
    terminal = np.flatnonzero(sites.kind == "terminal")
    bonds = sites.abc[terminal] - sites.abc[sites.metal[terminal]]
    np.testing.assert_array_equal(bonds, 0.5 * sites.outward[terminal])


@pytest.mark.parametrize(
    "edges", [(4, 4), (4, 4, 4, 4), (4.0, 4, 4), (True, 4, 4), ("4", 4, 4), [4, 4, 4], 4, "444"]
)
def test_edges_that_are_not_three_whole_numbers_are_refused(edges):
    with pytest.raises(InputError, match="a tuple of three whole numbers"):
        whole_edges(edges)
    if edges == (True, 4, 4):  # the only one that the type checker of the tests lets through
        with pytest.raises(InputError, match="a tuple of three whole numbers"):
            Cuboid(edges=edges, host=HOST)


def test_numpy_s_whole_numbers_are_edges_like_any_other():
    edges = whole_edges(tuple(np.array([3, 4, 5], dtype=np.int16)))
    assert edges == (3, 4, 5)
    assert all(type(edge) is int for edge in edges)


def test_a_cuboid_larger_than_memory_is_refused():
    # Sites of a cube: (n+1)^3 + 4 n^3 + 3 n^2, 1 977 279 for 73 and 2 059 199 for 74.
    assert Cuboid.cube(73, HOST).edges == (73, 73, 73)
    for n in (74, 10**6):
        with pytest.raises(InputError, match="at most 2000000 lattice sites"):
            Cuboid.cube(n, HOST)


@pytest.mark.parametrize("edges", [(4, 0, 4), (-1, 2, 2)])
def test_an_edge_without_metal_is_refused(edges):
    with pytest.raises(InputError, match="at least 1 Pb atom"):
        Cuboid(edges=edges, host=HOST)
