"""Indexing against lattices that are known, turned and scaled anyhow."""

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import AnalysisError, Image, InputError
from cinedot.micrographs.fringe_fit import Fringe, fringe_of
from cinedot.micrographs.fringes import lattice_fringes
from cinedot.micrographs.indexing import index_fringes, lattice_constant
from cinedot.micrographs.lattices import Lattice, Miller, reciprocal_per_nm, spacing_nm
from cinedot.micrographs.zones import flat_vectors
from cinedot.particle import host_named

CUBIC = Lattice.of_host(host_named("CsPbBr3"))
ORTHORHOMBIC = Lattice.of_host(host_named("CsPbBr3"), "orthorhombic")


def seen(
    lattice: Lattice, hkls: list[Miller], zone: Miller, turn_deg: float, scale: float
) -> list[Fringe]:
    """What the reflections of a zone look like, turned, on a wrong scale."""
    turn = np.radians(turn_deg)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    flat = flat_vectors(hkls, zone, lattice) @ matrix * scale
    return [fringe_of((float(x), float(y))) for x, y in flat]


def test_spacings_by_hand() -> None:
    for hkl in itertools.product(range(3), repeat=3):
        if any(hkl):
            assert spacing_nm(CUBIC, hkl) == pytest.approx(0.587 / np.sqrt(np.dot(hkl, hkl)))
    a, b, c = 0.8207, 0.8255, 1.1759
    assert spacing_nm(ORTHORHOMBIC, (1, 1, 2)) == pytest.approx(
        1 / np.sqrt(1 / a**2 + 1 / b**2 + 4 / c**2)
    )
    # Hexagonal: 1/d^2 = 4/3 (h^2 + hk + k^2)/a^2 + l^2/c^2.
    plate = Lattice.hexagonal("MoS2", 0.3161, 1.2295)
    assert spacing_nm(plate, (1, 2, 3)) == pytest.approx(
        1 / np.sqrt(4 / 3 * 7 / 0.3161**2 + 9 / 1.2295**2)
    )
    tilted = Lattice(
        name="t", a_nm=0.5, b_nm=0.6, c_nm=0.7, alpha_deg=80, beta_deg=95, gamma_deg=70
    )
    # a* . a = 1, a* . b = 0: the definition of the reciprocal lattice.
    assert np.allclose(
        np.linalg.inv(reciprocal_per_nm(tilted)) @ reciprocal_per_nm(tilted), np.eye(3)
    )


def test_centrings_forbid() -> None:
    face = Lattice.cubic("Au", 0.4078, centring="F")
    assert face.allows((1, 1, 1))
    assert face.allows((2, 0, 0))
    assert not face.allows((1, 1, 0))
    body = Lattice.cubic("Fe", 0.2866, centring="I")
    assert body.allows((1, 1, 0))
    assert not body.allows((1, 0, 0))


ZONES: list[tuple[Lattice, list[Miller], Miller]] = [
    (CUBIC, [(2, 0, 0), (0, 2, 0), (1, 1, 0), (1, -1, 0)], (0, 0, 1)),
    (CUBIC, [(1, -1, 0), (0, 0, 2), (1, -1, 1), (0, 0, 1)], (1, 1, 0)),
    (CUBIC, [(1, -1, 0), (0, 1, -1), (1, 0, -1)], (1, 1, 1)),
    (Lattice.cubic("Au", 0.4078, centring="F"), [(1, 1, -1), (1, -1, 1), (2, 0, 0)], (0, 1, 1)),
    (Lattice.hexagonal("MoS2", 0.3161, 1.2295), [(1, 0, 0), (0, 1, 0), (1, 1, 0)], (0, 0, 1)),
]


@settings(max_examples=40, deadline=None)
@given(
    case=st.sampled_from(ZONES),
    turn=st.floats(0, 360),
    scale=st.floats(0.985, 1.015),
    mirrored=st.booleans(),
)
def test_zones_are_found_however_they_lie(
    case: tuple[Lattice, list[Miller], Miller], turn: float, scale: float, mirrored: bool
) -> None:
    lattice, hkls, zone = case
    fringes = seen(lattice, hkls, zone, turn, scale)
    if mirrored:
        fringes = [fringe_of((-one.qx_per_nm, one.qy_per_nm)) for one in fringes]
    known = zone if lattice.name == "MoS2" else None
    found = index_fringes(fringes, lattice, zone=known)
    assert found.zone is not None
    assert sorted(map(abs, found.zone)) == sorted(map(abs, zone))
    assert found.scale == pytest.approx(scale, abs=1e-6)
    for one, hkl in zip(found.fringes, hkls, strict=True):
        assert one.hkl is not None
        assert spacing_nm(lattice, one.hkl) == pytest.approx(spacing_nm(lattice, hkl))
        assert one.residual_percent == pytest.approx(0, abs=1e-4)
    if lattice is not CUBIC:
        return
    # Pb-Pb: measured on the stored scale.
    assert float(lattice_constant(found).value) == pytest.approx(0.587 / scale, abs=2e-6)


def test_strange_fringes_stay_out() -> None:
    fringes = seen(CUBIC, [(2, 0, 0), (0, 2, 0), (1, 1, 0)], (0, 0, 1), 20.0, 1.0)
    found = index_fringes([*fringes, fringe_of((2.0, 2.9))], CUBIC)
    assert found.fringes[3].hkl is None
    assert found.zone == (0, 0, 1)
    # Nothing of CsPbBr3 is at 0.8 nm.
    nothing = index_fringes([fringe_of((1.25, 0.0))], CUBIC)
    assert nothing.status == "none"
    with pytest.raises(AnalysisError):
        lattice_constant(nothing)
    assert index_fringes([], CUBIC).status == "none"


def test_one_direction_gives_spacings_only() -> None:
    found = index_fringes([fringe_of((1.70, 0.0)), fringe_of((3.40, 0.0))], CUBIC)
    assert found.status == "spacings only"
    assert found.zone is None
    assert [one.hkl for one in found.fringes] == [(1, 0, 0), (2, 0, 0)]
    # In the orthorhombic cell (1 1 0) and (0 0 2) are the cubic (100), 0.582 and 0.588 nm.
    twofold = index_fringes([fringe_of((1.709, 0.0))], ORTHORHOMBIC).fringes[0]
    assert twofold.hkl is not None
    assert {twofold.hkl, *twofold.alternatives} >= {(1, 1, 0), (0, 0, 2)}


def test_ambiguous_zones_are_said() -> None:
    # Along [001] and [110] of the orthorhombic cell one sees nearly the same square.
    square = [fringe_of((1.709, 0.0)), fringe_of((0.0, 1.709)), fringe_of((1.709, 1.709))]
    found = index_fringes(square, ORTHORHOMBIC)
    assert found.status == "ambiguous"
    assert len({found.zone, *found.other_zones}) >= 2


def test_a_wrong_scale_of_a_known_host_shows() -> None:
    fringes = seen(CUBIC, [(2, 0, 0), (0, 2, 0), (1, 1, 0)], (0, 0, 1), 20.0, 1 / 1.06)
    assert index_fringes(fringes, CUBIC, tolerance=0.08).scale == pytest.approx(1 / 1.06)
    assert index_fringes(fringes, CUBIC).fringes[0].hkl is None


def test_indexed_constant_covers_the_truth_in_noise() -> None:
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    pulls, trials = [], 40
    x = np.arange(128) * 0.026
    for _ in range(trials):
        phase = 2 * np.pi / 0.587
        turn = rng.uniform(0, np.pi)
        u, v = (
            x * np.cos(turn) + x[:, None] * np.sin(turn),
            x[:, None] * np.cos(turn) - x * np.sin(turn),
        )
        data = np.cos(2 * phase * u) + np.cos(2 * phase * v) + 1.2 * np.cos(phase * (u + v))
        data = data + rng.normal(size=data.shape) * 2
        image = Image(data=data, pixel_x_nm=0.026, pixel_y_nm=0.026, name="lattice")
        found = index_fringes(lattice_fringes(image), CUBIC)
        assert found.zone == (0, 0, 1)
        a = lattice_constant(found)
        assert a.sigma is not None
        pulls.append((float(a.value) - 0.587) / a.sigma)
    # Sigma is widened only, so the pulls' chi-square is at most that of 40 (once in a million),
    # and noise's estimate is up to 15 % high.
    assert np.sum(np.square(pulls)) < 1.1 * scipy.stats.chi2.isf(1e-6, trials)


@pytest.mark.parametrize(
    "cell",
    [
        {"a_nm": -0.5},
        {"b_nm": float("nan")},
        {"alpha_deg": 10.0, "beta_deg": 100.0},
        {"gamma_deg": 0.0},
        {"centring": "Q"},
    ],
)
def test_no_cell(cell: dict[str, float | str]) -> None:
    whole: dict[str, float | str] = {"a_nm": 0.5, "b_nm": 0.5, "c_nm": 0.5}
    with pytest.raises(InputError):
        Lattice(name="x", **(whole | cell))  # pyright: ignore[reportArgumentType]


def test_fringes_that_hardly_cross_are_no_zone() -> None:
    """Two of one spacing, 17 degrees apart, fit (1 0 0) and its own opposite as well."""
    turn = np.radians(17.0)
    length = 1 / 0.587
    fringes = [
        fringe_of((length, 0.0)),
        fringe_of((length * float(np.cos(turn)), length * float(np.sin(turn)))),
    ]
    assert index_fringes(fringes, CUBIC, tolerance=0.08).zone is None
