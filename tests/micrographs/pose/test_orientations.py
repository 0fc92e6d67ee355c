"""Symmetries of cuboids, angles between poses, directions of the beam."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.micrographs.pose import misorientation_deg, nearest_branch, symmetry_rotations
from cinedot.micrographs.pose.orientations import about_beam, beam_directions, facing
from cinedot.particle import Cuboid, host_named, lattice_sites

HOST = host_named("CsPbBr3")
edge = st.integers(1, 5)
edges = st.tuples(edge, edge, edge)
rotation = st.integers(0, 2**32 - 1).map(
    lambda seed: Rotation.random(random_state=np.random.default_rng(seed)).as_matrix()
)
# acos near 1 turns rounding of 1e-16 into 1e-8 rad: 1e-6 degrees.
ROUNDING_DEG = 1e-5


@given(edges)
def test_symmetries_are_a_group(of):
    group = symmetry_rotations(of)
    np.testing.assert_array_equal(group[0], np.eye(3))
    known = {one.round().astype(int).tobytes() for one in group}
    assert len(known) == len(group) == {1: 24, 2: 8, 3: 4}[len(set(of))]
    for one in group:
        assert np.linalg.det(one) == pytest.approx(1.0)
        assert all((one @ other).round().astype(int).tobytes() in known for other in group)


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.integers(1, 3)] * 3))
def test_symmetries_leave_every_site_where_one_of_its_kind_is(of):
    sites = lattice_sites(Cuboid(edges=of, host=HOST))
    role = np.unique(sites.role, return_inverse=True)[1]
    places = np.column_stack([sites.abc, 10 * role])
    tree = KDTree(places)
    for one in symmetry_rotations(of):
        turned = np.column_stack([sites.abc @ one.T, 10 * role])
        far, where = tree.query(turned)
        assert far.max() < 1e-9
        assert len(set(where.tolist())) == len(places)


@settings(deadline=None)
@given(rotation, rotation, rotation, edges, st.integers(0, 23), st.integers(0, 23))
def test_misorientation_is_a_distance_between_what_is_seen(one, two, three, of, g, h):
    group = symmetry_rotations(of)
    g, h = group[g % len(group)], group[h % len(group)]
    apart = misorientation_deg(one, two, of)
    assert apart == pytest.approx(misorientation_deg(two, one, of), abs=ROUNDING_DEG)
    assert apart == pytest.approx(misorientation_deg(one @ g, two @ h, of), abs=ROUNDING_DEG)
    assert apart == pytest.approx(misorientation_deg(three @ one, three @ two, of), abs=1e-5)
    detour = misorientation_deg(one, three, of) + misorientation_deg(three, two, of)
    assert apart <= detour + ROUNDING_DEG
    assert misorientation_deg(one, one @ g, of) < ROUNDING_DEG


@given(rotation, st.floats(0, 40), st.integers(0, 2**32 - 1))
def test_misorientation_is_the_angle_of_a_small_turn(one, angle, seed):
    """Two equal descriptions of a cube are 90 degrees apart: below 45 no other is nearer."""
    axis = np.random.default_rng(seed).normal(size=3)
    turn = Rotation.from_rotvec(np.radians(angle) * axis / np.linalg.norm(axis)).as_matrix()
    assert misorientation_deg(turn @ one, one, (4, 4, 4)) == pytest.approx(angle, abs=1e-4)


@given(rotation, rotation, edges)
def test_the_nearest_branch_is_the_same_view_and_as_near_as_can_be(one, reference, of):
    branch = nearest_branch(one, reference, of)
    assert misorientation_deg(branch, one, of) < ROUNDING_DEG
    angle = np.degrees(Rotation.from_matrix(branch @ reference.T).magnitude())
    assert angle == pytest.approx(misorientation_deg(one, reference, of), abs=1e-4)


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from([(4, 4, 4), (4, 4, 5), (3, 4, 5)]),
    st.floats(2.0, 12.0),
    st.integers(0, 2**32 - 1),
)
def test_no_direction_is_farther_than_a_spacing_from_one_that_is_kept(of, spacing, seed):
    kept = beam_directions(of, spacing)
    asked = np.random.default_rng(seed).normal(size=(3000, 3))
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    group = symmetry_rotations(of)
    cosine = np.max([(asked @ one) @ kept.T for one in group], axis=(0, 2))
    assert np.degrees(np.arccos(np.clip(cosine.min(), -1, 1))) <= spacing
    # One domain's share, and half a spacing more along its three seams, which grow with the root.
    share = 4 * np.pi / np.radians(spacing) ** 2 / len(group)
    assert len(kept) < share + 4 * np.sqrt(share) + 10


@given(st.integers(0, 2**32 - 1), st.floats(-180, 180))
def test_facing_turns_a_direction_into_the_beam_and_turns_about_it_keep_it(seed, angle):
    direction = np.random.default_rng(seed).normal(size=3)
    direction /= np.linalg.norm(direction)
    turned = about_beam(angle) @ facing(direction[None])[0]
    np.testing.assert_allclose(turned @ direction, [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(turned @ turned.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turned) == pytest.approx(1.0)


def test_a_turn_about_the_beam_goes_from_x_towards_y():
    np.testing.assert_allclose(about_beam(90.0) @ [1, 0, 0], [0, 1, 0], atol=1e-12)


@pytest.mark.parametrize("spacing", [0.0, 0.1, 31.0, float("nan")])
def test_spacings_that_make_no_library_are_refused(spacing):
    with pytest.raises(InputError, match="spacing_deg"):
        beam_directions((4, 4, 4), spacing)
