"""Orientation from edges, against rotated cubes in closed form."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.micrographs.edge_fits import (
    edges_of_corner,
    edges_of_parallel,
    fit_directions,
    fit_edges,
)
from cinedot.micrographs.edge_outline import fit_outline
from cinedot.micrographs.edges import (
    central_line,
    cube_edge_nm,
    gauss_sum,
    rotations_of_central_line,
    rotations_of_directions,
    rotations_of_edges,
    third_edge,
)
from cinedot.particle import host_named

EXACT = 1e-9
"""Of the laws: rounding of 1e-16, grown where an edge lies nearly along the beam."""

quaternions = st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(
    lambda four: np.linalg.norm(four) > 0.1
)


def _turned(four):
    return Rotation.from_quat(four).as_matrix()


def _edges(rotation, edge=1.0):
    return edge * (rotation[0] + 1j * rotation[1])


def _generic(rotation, least=0.05):
    """No edge within some degrees of the beam or of the image, nor two in one direction."""
    edges = _edges(rotation)
    one, two, three = np.angle(edges)
    apart = np.abs(np.sin([one - two, two - three, three - one]))
    return (
        least < np.abs(edges).min() and np.abs(edges).max() < 1 - least**2 and apart.min() > least
    )


def _other_side(one, two, along):
    """The sign that puts an edge on the other side of a line than another."""
    return -np.sign(np.imag(one * np.conj(along)) * np.imag(two * np.conj(along)))


def _nearest(found, rotation):
    """Largest entry of the difference to the nearest of all rotations that show the same edges."""
    group = Rotation.create_group("O").as_matrix()
    every = np.asarray(found).reshape(-1, 1, 3, 3) @ group
    return float(np.abs(every - rotation).max(axis=(-2, -1)).min())


@given(quaternions, st.floats(0.5, 20))
def test_gauss_holds_for_every_cube(four, edge):
    edges = _edges(_turned(four), edge)
    assert abs(gauss_sum(edges)) < EXACT
    assert cube_edge_nm(edges) == pytest.approx(edge, rel=EXACT)
    for left_out in range(3):
        one, two = np.delete(edges, left_out)
        assert third_edge(one, two) ** 2 == pytest.approx(edges[left_out] ** 2, abs=EXACT * edge**2)


@given(quaternions, st.floats(0.5, 20), st.permutations(range(3)), st.booleans(), st.booleans())
def test_two_edges_tell_the_cube_and_its_mirror_image(four, edge, order, turn_one, turn_two):
    rotation = _turned(four)
    edges = _edges(rotation, edge)[list(order)] * np.array([1 - 2 * turn_one, 1 - 2 * turn_two, 1])
    # The root of Gauss's sum loses half of the digits where the third edge lies along the beam.
    assume(abs(edges[2]) > 0.01 * edge)
    found = rotations_of_edges(complex(edges[0]), complex(edges[1]))
    np.testing.assert_allclose(found @ found.transpose(0, 2, 1), [np.eye(3)] * 2, atol=EXACT)
    np.testing.assert_allclose(np.linalg.det(found), 1, atol=EXACT)
    assert _nearest(found, rotation) < EXACT
    assert _nearest(found, np.diag([-1.0, -1.0, 1.0]) @ rotation) < EXACT
    # The mirror image: the same edges with the far ends near.
    np.testing.assert_allclose(np.abs(found[0]), np.abs(found[1]), atol=EXACT)
    np.testing.assert_allclose(found[0][:2], -found[1][:2], atol=EXACT)


@given(quaternions, st.tuples(*[st.integers(-1, 1)] * 3))
def test_directions_alone_tell_the_cube(four, half_turns):
    rotation = _turned(four)
    assume(_generic(rotation, 0.02))
    directions = np.angle(_edges(rotation)) + np.pi * np.array(half_turns)
    assert _nearest(rotations_of_directions(directions), rotation) < EXACT


@given(st.tuples(*[st.floats(0, math.pi)] * 3))
def test_directions_are_those_of_a_cube_or_refused(directions):
    """sin 2(t2 - t3) and its like are all of one sign, or no cube shows such edges."""
    one, two, three = directions
    share = np.sin(2 * np.array([two - three, three - one, one - two]))
    assume(np.abs(share).min() > 1e-6)
    turns = np.array(directions)
    if share.min() > 0 or share.max() < 0:
        seen = _edges(rotations_of_directions(turns)[0])
        np.testing.assert_allclose(np.sin(np.angle(seen) - turns), 0, atol=1e-7)
    else:
        with pytest.raises(InputError, match="right angles"):
            rotations_of_directions(turns)


@given(st.floats(0.01, 1.56), st.floats(0.0, 1.5), st.floats(0, 6.28), st.floats(0.5, 5))
def test_the_paper_s_case_at_any_tilt(azimuth, tilt, direction, edge):
    """Turned by the azimuth about the third axis, which is then tilted and laid along a line."""
    turned = (
        Rotation.from_euler("z", direction)
        * Rotation.from_euler("y", -tilt)
        * Rotation.from_euler("y", math.pi / 2)
        * Rotation.from_euler("z", azimuth)
    ).as_matrix()
    edges = _edges(turned, edge)
    along = np.exp(1j * direction)
    width = np.abs(np.imag(edges[:2] * np.conj(along)))
    length = abs(edges[2])
    np.testing.assert_allclose(width[0] ** 2 + width[1] ** 2, edge**2, rtol=EXACT)
    found_edge, found_azimuth, found_tilt = central_line(
        *(float(one) for one in width), float(length)
    )
    assert found_edge == pytest.approx(edge, rel=EXACT)
    assert math.sin(found_azimuth) * edge == pytest.approx(width[1], rel=EXACT)
    # The arc cosine loses half of the digits where the line lies in the image.
    assert found_tilt == pytest.approx(tilt, abs=1e-7)
    off = [np.imag(one * np.conj(along)) for one in edges[:2]]
    w1, w2 = (max(off), -min(off)) if min(off) < 0 < max(off) else (abs(off[0]), abs(off[1]))
    found = rotations_of_central_line(direction, float(w1), float(w2), float(length))
    assert found.shape == (2, 2, 3, 3)
    assert _nearest(found, turned) < 2e-7


@settings(max_examples=50, deadline=None)
@given(quaternions, st.permutations(range(3)), st.integers(0, 7))
def test_picks_of_a_perfect_cube_give_it_back(four, order, senses):
    rotation, edge = _turned(four), 2.35
    assume(_generic(rotation))
    edges = _edges(rotation, edge)[list(order)]
    sign = np.array([1 - 2 * (senses >> bit & 1) for bit in range(3)])
    from_corner = np.stack([0 * edges + 3 + 4j, 3 + 4j + sign * edges], axis=1)
    one, two, along = edges
    # The central line lies between the two others, as it does on the two faces that are seen.
    middles = np.array([one, 0, _other_side(one, two, along) * two]) + 5 + 6j
    from_lines = middles[:, None] + np.outer(sign, [-0.5, 0.5]) * along
    for picked, reading in ((from_corner, edges_of_corner), (from_lines, edges_of_parallel)):
        ends = np.stack([picked.real, picked.imag], axis=2).reshape(3, 4)
        found = fit_edges(*reading(ends, 0.05))
        assert _nearest(found.all_rotations, rotation) < 1e-7
        assert found.edge_nm == pytest.approx(edge, abs=1e-7)
        assert found.freedom == 2
        assert found.chi_square < 1e-9
        assert found.all_rotations.shape == (2, 24, 3, 3)
    ends = np.stack([from_corner.real, from_corner.imag], axis=2).reshape(3, 4)
    found = fit_edges(*edges_of_corner(ends[:2], 0.05))
    assert _nearest(found.rotations, rotation) < 1e-7
    assert found.freedom == 0
    assert found.chi_square < 1e-9


def _turn_to(found, rotation, mirror=0):
    """The small turn from the nearest of the answers to the truth."""
    away = Rotation.from_matrix(rotation[None] @ found.all_rotations[mirror].transpose(0, 2, 1))
    best = int(np.argmin(away.magnitude()))
    return away.as_rotvec()[best]


@pytest.mark.parametrize("how", ["corner of two", "corner of three", "central line", "directions"])
def test_the_covariance_is_that_of_the_scatter(how):
    """Mahalanobis distances of many trials, each of three degrees of freedom, sum to chi-square.

    Picks are good to 0.5 pm, so that what is not linear (an edge's share of 0.002) stays below a
    hundredth of the scatter; the law holds for right code all but once in a million runs.
    """
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    sigma, edge, trials, total = 5e-4, 2.35, 150, 0.0
    for _ in range(trials):
        rotation = Rotation.random(random_state=rng).as_matrix()
        while not _generic(rotation, 0.25):
            rotation = Rotation.random(random_state=rng).as_matrix()
        edges = _edges(rotation, edge)
        if how == "central line":
            one, two, along = edges
            exact = (
                np.array([one, 0, _other_side(one, two, along) * two])[:, None]
                + np.array([0, 1]) * along
            )
        else:
            exact = np.stack([0 * edges, edges], axis=1)
        ends = np.stack([exact.real, exact.imag], axis=2).reshape(3, 4)
        ends = ends + rng.normal(0, sigma, ends.shape)
        if how == "directions":
            vectors, _ = edges_of_corner(ends, sigma)
            found = fit_directions(np.angle(vectors), math.sqrt(2) * sigma / np.abs(edges))
        elif how == "central line":
            found = fit_edges(*edges_of_parallel(ends, sigma))
        else:
            found = fit_edges(*edges_of_corner(ends[: 2 if "two" in how else 3], sigma))
        mirror = int(
            _nearest(found.rotations[1], rotation) < _nearest(found.rotations[0], rotation)
        )
        turn = _turn_to(found, rotation, mirror)
        total += float(turn @ np.linalg.solve(found.covariance_rad2[mirror], turn))
    low, high = scipy.stats.chi2.ppf([5e-7, 1 - 5e-7], 3 * trials)
    print(total / (3 * trials), low / (3 * trials), high / (3 * trials))
    # A tenth for what is left of the curvature.
    assert low / 1.1 < total < high * 1.1


def test_an_edge_in_the_image_leaves_a_tilt_unsure_but_not_endlessly():
    ends = np.array([[0, 0, 2.4, 0], [0, 0, 0, 2.4]])
    found = fit_edges(*edges_of_corner(ends, 0.05))
    sigma = np.degrees(np.sqrt(np.diag(found.covariance_rad2[0])))
    # A tilt t shortens by L t^2 / 2: picks of 0.05 nm leave some 14 degrees, about the beam 1.2.
    assert (sigma[:2] > 8).all()
    assert (sigma[:2] < 25).all()
    assert sigma[2] < 2
    assert 5 < found.sigma_deg() < 20


def _shadow(rotation, edge, rng):
    """Corners of a cube's shadow, in some order of a walk around it."""
    corners = np.array(list(itertools.product([-0.5, 0.5], repeat=3))) @ rotation.T
    flat = edge * corners[:, :2] + 4.0
    import scipy.spatial

    return flat[scipy.spatial.ConvexHull(flat).vertices], rng


def test_an_outline_tells_the_cube_too(rng):
    for _ in range(12):
        rotation = Rotation.random(random_state=rng).as_matrix()
        contour, _ = _shadow(rotation, 2.35, rng)
        found = fit_outline(contour, 0.05)
        shadow, _ = _shadow(found.rotations[0], found.edge_nm, rng)
        # The same widths all round, though near a zone axis hardly a tilt is told.
        across = np.exp(1j * np.linspace(0, np.pi, 50))
        width = [
            np.ptp(np.real(np.conj(across)[:, None] * (one[:, 0] + 1j * one[:, 1])), axis=1)
            for one in (contour, shadow)
        ]
        np.testing.assert_allclose(width[1], width[0], atol=1e-3)
        if _generic(rotation, 0.3):
            assert _nearest(found.rotations, rotation) < 1e-2
            assert found.edge_nm == pytest.approx(2.35, abs=1e-2)


@pytest.fixture
def rng():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def test_the_paper_s_dot_has_the_edge_that_its_atoms_have():
    """Four Pb an edge, 2.35 nm: widths of the [110] view are L / sqrt 2 each."""
    length = 4 * host_named("CsPbBr3").lattice_nm
    edge, azimuth, tilt = central_line(*2 * [length / math.sqrt(2)], length * (1 - 1e-12))
    assert edge == pytest.approx(2.35, abs=0.01)
    assert math.degrees(azimuth) == pytest.approx(45)
    # The arc cosine of 1 - 1e-12, without which rounding may make the line too long.
    assert tilt == pytest.approx(0, abs=2e-6)


NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: rotations_of_edges(NAN, 1j), "edges"),
        (lambda: rotations_of_edges(0j, 0j), "edges"),
        (lambda: rotations_of_directions(np.array([0.0, 0.0, 0.0])), "right angles"),
        (lambda: rotations_of_directions(np.array([0.0, NAN, 1.0])), "directions_rad"),
        (lambda: central_line(1.0, 1.0, 2.0), "length_nm"),
        (lambda: central_line(-1.0, 1.0, 1.0), "w1_nm"),
        (lambda: central_line(1.0, NAN, 1.0), "w2_nm"),
        (lambda: edges_of_corner(np.zeros((1, 4)), 0.1), "2 or 3"),
        (lambda: edges_of_corner(np.zeros((2, 4)), 0.1), "differ"),
        (lambda: edges_of_corner(np.full((2, 4), NAN), 0.1), "finite"),
        (lambda: edges_of_corner(np.arange(8.0).reshape(2, 4), 0.0), "sigma_nm"),
        (lambda: edges_of_parallel(np.arange(8.0).reshape(2, 4), 0.1), "3 edges"),
        (
            lambda: edges_of_parallel(np.array([[0.0, 0, 1, 0], [0, 1, 0, 2], [0, 3, 1, 3]]), 0.1),
            "parallel",
        ),
        (lambda: fit_outline(np.zeros((2, 2)), 0.1), "contour_nm"),
        (lambda: fit_outline(np.zeros((5, 2)), 0.1), "contour_nm"),
        (lambda: fit_outline(np.eye(3)[:, :2], -0.1), "sigma_nm"),
        (lambda: fit_directions(np.array([0.0, 2.0, 4.0]), np.zeros(3)), "sigma_rad"),
    ],
)
def test_bad_input_is_told(call, told):
    with pytest.raises(InputError, match=told):
        call()
