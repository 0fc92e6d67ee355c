"""The ligands' carbon: what is doubled, where it freezes, when, and how much of the image it is."""

import math

import numpy as np
import pytest
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation
from scipy.stats import binom, chi2, kstest

from cinedot.core import InputError
from cinedot.microscope import Grid, Lens, Multislice, Poses, exit_waves, intensities
from cinedot.microscope.ligand_shell import (
    LigandShell,
    chain_atoms,
    frozen_share,
    shell_occupancy,
    shelled_dot,
)
from cinedot.particle import Cuboid, HeadGroups, build, host_named

CESIUM, METHYLAMMONIUM = host_named("CsPbBr3"), host_named("MAPbBr3")
DOT = build(Cuboid.cube(4, CESIUM), "mla-cs", seed=1)
SHELL = LigandShell()


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def test_the_core_is_the_dot_with_heads_alone():
    heads = build(Cuboid.cube(4, CESIUM), "mla-cs", seed=1, ligands=HeadGroups())
    core = DOT[np.flatnonzero(~chain_atoms(DOT))]
    assert len(core) == len(heads)
    assert str(core.symbols.formula.count()) == str(heads.symbols.formula.count())


def test_organic_ions_of_the_lattice_are_no_chains():
    dot = build(Cuboid.cube(1, METHYLAMMONIUM), "prototype")
    assert "MA" in set(dot.arrays["ion"])
    assert "H" in dot.get_chemical_symbols()
    assert not chain_atoms(dot).any()
    assert set(DOT.arrays["ion"][chain_atoms(DOT)]) == {"malate", "OAMH+"}


def test_a_frozen_chain_is_its_carbon_nitrogen_and_oxygen_at_its_distance():
    whole = shelled_dot(DOT, SHELL, rng=fresh())
    moving = (whole.chain >= 0) & ~whole.frozen
    assert set(whole.atoms.symbols[whole.frozen]) == {"C", "O"}
    for element in ("C", "O"):
        of = whole.atoms.symbols == element
        np.testing.assert_array_equal(
            np.bincount(whole.chain[of & moving]), np.bincount(whole.chain[of & whole.frozen])
        )
    assert (whole.atoms.arrays["occupancy"] == np.where(whole.frozen, 0.0, 1.0)).all()
    places = whole.atoms.positions[whole.frozen]
    near = KDTree(places).query(places, k=2)[0][:, 1]
    # Where chains are tied down there is no room to draw anew; that is the rare one.
    assert (near < 1.4).mean() < 0.02
    core = KDTree(whole.atoms.positions[whole.chain < 0])
    assert (core.query(places)[0] < 1.4).mean() < 0.02


def test_frozen_places_are_drawn_from_what_the_moving_chain_sweeps():
    """Squared distances over U: chi-square of three, but for what keeps its distance."""
    shell, rng = LigandShell(sway=0.2), fresh()
    normal = []
    for _ in range(5):
        whole = shelled_dot(DOT, shell, rng=rng)
        moving = (whole.chain >= 0) & ~whole.frozen & (whole.atoms.numbers > 1)
        ways = whole.atoms.positions[whole.frozen] - whole.atoms.positions[moving]
        u = whole.extra_u_angstrom2[moving]
        loose = u > 2.0
        normal += list((ways[loose] ** 2).sum(axis=1) / u[loose])
    # U is rounded to steps of 1.5, and crowded draws are drawn anew: twelve times five shells have
    # 1.02 +- 0.013 of the mean and 1.02 +- 0.009 of the quantile; seven standard deviations.
    assert np.mean(normal) == pytest.approx(3.0, rel=0.12)
    assert np.quantile(normal, 0.9) == pytest.approx(chi2.ppf(0.9, 3), rel=0.15)


def test_smearing_grows_from_the_bound_atom_outwards():
    whole = shelled_dot(DOT, SHELL, rng=fresh())
    moving = np.flatnonzero((whole.chain >= 0) & ~whole.frozen)
    assert (whole.extra_u_angstrom2[whole.chain < 0] == 0).all()
    assert (whole.extra_u_angstrom2[whole.frozen] == 0).all()
    chain = moving[whole.chain[moving] == np.bincount(whole.chain[moving]).argmax()]
    u = whole.extra_u_angstrom2[chain]
    reach = np.ptp(whole.atoms.positions[chain], axis=0).max()
    assert u.min() < 0.5
    assert 0.2 * reach**2 * 0.04 < u.max() < 2 * reach**2 * 0.04
    assert len(np.unique(whole.extra_u_angstrom2)) < 20  # classes that scatter alike


def test_chains_freeze_with_dose_as_one_minus_an_exponential():
    shell = LigandShell(cross_link_nm2=1e-4, protection=1e3)
    rng = fresh()
    doses = np.concatenate(
        [shelled_dot(DOT, shell, rng=rng).critical_dose_e_per_nm2 for _ in range(40)]
    )
    assert len(doses) == 40 * 62
    assert kstest(doses * 1e-7, "expon").pvalue > 1e-7
    share = float(frozen_share(np.array([5e6]), shell)[0])
    assert share == pytest.approx(1 - math.exp(-0.5))
    low, high = binom.ppf([5e-8, 1 - 5e-8], len(doses), share)
    assert low <= (doses < 5e6).sum() <= high


def test_each_frame_shows_a_chain_moving_then_frozen_for_its_parts():
    whole = shelled_dot(DOT, LigandShell(protection=1e4), rng=fresh())
    edges = np.linspace(0.0, 3e8, 41)
    occupancy = shell_occupancy(whole, edges[:-1], edges[1:])
    moving, core = (whole.chain >= 0) & ~whole.frozen, whole.chain < 0
    assert (occupancy[:, core] == 1).all()
    for ligand, dose in enumerate(whole.critical_dose_e_per_nm2):
        still = occupancy[:, whole.frozen & (whole.chain == ligand)]
        loose = occupancy[:, moving & (whole.chain == ligand)]
        assert np.ptp(still, axis=1).max() == 0
        np.testing.assert_allclose(still[:, 0] + loose[:, 0], 1.0)
        # Summed over the frames it is the dose that was left when the chain was caught.
        assert still[:, 0].sum() * 3e8 / 40 == pytest.approx(max(0, 3e8 - dose), rel=1e-6, abs=1.0)


def test_without_cross_linking_nothing_freezes_and_a_dark_frame_has_no_length():
    whole = shelled_dot(DOT, LigandShell(cross_link_nm2=0.0), rng=fresh())
    assert np.isinf(whole.critical_dose_e_per_nm2).all()
    occupancy = shell_occupancy(whole, np.array([0.0, 1e12]), np.array([0.0, 2e12]))
    np.testing.assert_array_equal(occupancy, np.tile(np.where(whole.frozen, 0.0, 1.0), (2, 1)))


def change(rotations, rng):
    """std(frozen - bare) / std(bare) of the image, a pose each."""
    grid = Grid(shape=(288, 288), pixel_nm=0.0275)
    lens = Lens(defocus_nm=5.0, focal_spread_nm=3.0 * math.sqrt(2), vibration_pm=30.0)
    whole = shelled_dot(DOT, SHELL, rng=rng)
    middle, count = 288 * 0.0275 / 2, len(rotations)
    twice = Rotation.concatenate([rotations, rotations])
    core = whole.chain < 0
    kept = np.repeat([core, core | whole.frozen], count, axis=0).astype(float)
    waves = exit_waves(
        whole.atoms,
        Poses.of(twice, np.tile([middle, middle, 0.0], (2 * count, 1))),
        grid=grid,
        lens=lens,
        scattering=Multislice(slice_angstrom=3.0),
        occupancy=kept,
    )
    bare, frozen = np.split(np.asarray(intensities(waves, lens, grid)), 2)
    return (frozen - bare).std(axis=(1, 2)) / bare.std(axis=(1, 2))


def test_a_frozen_shell_changes_a_tilted_dot_s_image_by_half_of_its_deviation():
    """The issue's figure; 0.470 +- 0.005 in ten draws of where the shell froze."""
    tilted = Rotation.from_euler("xyz", [[20.0, 35.0, 10.0]], degrees=True)
    found = change(tilted, fresh())
    print("share", found)
    assert found[0] == pytest.approx(0.5, abs=0.12)


@pytest.mark.acceptance
def test_a_frozen_shell_over_random_poses(record_figure):
    found = change(Rotation.random(20, rng=fresh()), fresh())
    low, middle, high = np.quantile(found, [0.1, 0.5, 0.9])
    record_figure(
        "microscope: QD4 MLA-Cs, frozen ligand shell, change over the image's deviation",
        f"{middle:.2f} (80 % of 20 poses {low:.2f}-{high:.2f})",
        "0.5",
    )
    assert 0.35 < middle < 0.65


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"sway": -1.0}, "sway"),
        ({"protection": 0.0}, "protection"),
        ({"cross_link_nm2": float("nan")}, "cross_link_nm2"),
    ],
)
def test_bad_shells_are_refused(wrong, named):
    with pytest.raises(InputError, match=named):
        LigandShell(**wrong)


def test_a_dot_without_occupancies_is_full():
    bare = DOT.copy()
    del bare.arrays["occupancy"]
    one, two = (shelled_dot(dot, SHELL, rng=np.random.default_rng(3)) for dot in (DOT, bare))
    np.testing.assert_array_equal(one.atoms.arrays["occupancy"], two.atoms.arrays["occupancy"])
    assert "occupancy" not in bare.arrays  # what came in is not touched
