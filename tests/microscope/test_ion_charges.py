"""Charges of dots: who carries them, and what makes up for those that are missing."""

import warnings

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from cinedot.microscope.beam import phase_per_scattering_angstrom
from cinedot.microscope.centres import kinds
from cinedot.microscope.factors import KIRKLAND, ChargedShell, NeutralInstead, PengIonic
from cinedot.microscope.ion_charges import charges_of
from cinedot.microscope.thermal import Thermal
from cinedot.particle import AllAtoms, Cuboid, HeadGroups, NoLigands, build, host_named

QD4 = Cuboid.cube(4, host_named("CsPbBr3"))
BAND = 1.6


BOX_ANGSTROM = 60.0
PIXELS = 240


def phase_rad(dot: Atoms, turn, *, shell: bool = True):
    """Projected phase at 80 kV in a periodic box about the dot, from its kinds' factors [y, x]."""
    k = np.fft.fftfreq(PIXELS, 1 / PIXELS)
    q = k / BOX_ANGSTROM
    length = np.hypot(q[:, None], q[None, :])
    total = np.zeros((PIXELS, PIXELS), dtype=complex)
    for kind in kinds(dot, parametrization=PengIonic(), thermal=Thermal()):
        if not shell and not kind.element:
            continue
        x, y = (kind.positions_angstrom @ turn.T)[:, :2].T + BOX_ANGSTROM / 2
        waves = [np.exp(-2j * np.pi * np.outer(q, place)) for place in (y, x)]
        factor = kind.factor_angstrom(length.ravel()).reshape(length.shape)
        total += factor * ((waves[0] * kind.weight) @ waves[1].T)
    pixel = BOX_ANGSTROM / PIXELS
    within = length <= BAND
    return phase_per_scattering_angstrom(80.0) / pixel**2 * np.fft.ifft2(total * within).real


def outside(dot: Atoms, turn, *, clear=5.0):
    """Which pixels of the box are clear of every atom [y, x]."""
    line = np.arange(PIXELS) * BOX_ANGSTROM / PIXELS - BOX_ANGSTROM / 2
    places = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    near, _ = KDTree((dot.positions @ turn.T)[:, :2]).query(places)
    return (near > clear).reshape(PIXELS, PIXELS)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_heavy_only_dot_has_the_far_field_of_the_whole_one(seed):
    # Issue 4's Shown-by: 0.05 rad, relative to the mean outside the particle.
    whole = build(QD4, "mla-cs", seed=seed, ligands=HeadGroups())
    heavy = build(QD4, "mla-cs", seed=seed, ligands=NoLigands())
    for turn in (np.eye(3), Rotation.from_rotvec([0.5, 0.9, -0.3]).as_matrix()):
        far = outside(whole, turn)
        right, found = (phase_rad(dot, turn)[far] for dot in (whole, heavy))
        bare = phase_rad(heavy, turn, shell=False)[far]
        assert np.abs((found - found.mean()) - (right - right.mean())).max() < 0.05
        # Without the shell it would fail: the bare ions' field falls by 0.4 rad across the box.
        assert np.abs((bare - bare.mean()) - (right - right.mean())).max() > 0.15


def test_a_dots_shell_holds_what_its_atoms_lack():
    heavy = build(QD4, "mla-cs", seed=1, ligands=NoLigands())
    found = charges_of(heavy, PengIonic())
    assert found.of_atom.sum() == -46
    assert found.of_atom.sum() + found.of_shell.sum() == pytest.approx(0, abs=1e-9)
    # Eight acids where halides are missing; fifty-four ammonium ions over the empty A sites.
    assert (found.of_shell < 0).sum() == 8
    assert found.of_shell[found.of_shell > 0].sum() == pytest.approx(54)
    assert len(np.unique(np.round(found.of_shell, 9))) == 2


def test_the_shell_turns_and_moves_with_the_dot():
    heavy = build(QD4, "mla-cs", seed=1, ligands=NoLigands())
    turn = Rotation.from_rotvec([0.2, 0.5, -1.0]).as_matrix()
    moved = heavy.copy()
    moved.positions = heavy.positions @ turn.T + 3.0
    before, after = (charges_of(dot, PengIonic()).shell_angstrom for dot in (heavy, moved))
    np.testing.assert_allclose(after, before @ turn.T + 3.0, atol=1e-9)


def test_missing_organic_a_ions_come_back_as_charges():
    # MAPbBr3's A ions are molecules, so heavy atoms alone lack the inner ones too.
    heavy = build(Cuboid.cube(4, host_named("MAPbBr3")), "mla-ma", seed=1, ligands=NoLigands())
    found = charges_of(heavy, PengIonic())
    inner = np.abs(found.shell_angstrom).max(axis=1) < 2 * 5.93 - 1
    inner &= found.of_shell > 0
    assert inner.sum() == 27
    assert np.all(found.of_shell[inner] == 1)


@pytest.mark.parametrize("ligands", [HeadGroups(), AllAtoms()], ids=["heads", "all"])
def test_whole_dots_need_no_shell(ligands):
    whole = build(QD4, "mla-cs", seed=1, ligands=ligands)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = charges_of(whole, PengIonic())
    assert not len(found.of_shell)
    sorts = {
        (kind.element, kind.charge, kind.ion)
        for kind in kinds(whole, parametrization=PengIonic(), thermal=Thermal())
        if kind.charge
    }
    # Ligands' anchors are neutral atoms with a charge about them, not ions of the table.
    assert sorts == {("Pb", 2, 2), ("Br", -1, -1), ("Cs", 1, 1), ("N", 1, 0), ("O", -1, 0)}


def test_what_cannot_be_completed_is_neutral_and_says_so():
    lone = Atoms("PbBr2", positions=[(0, 0, 0), (2.9, 0, 0), (-2.9, 0, 0)], charges=[2, -1, 0])
    with pytest.warns(UserWarning, match=r"add up to \+1, not 0, and it has no empty sites"):
        found = charges_of(lone, PengIonic())
    assert not found.of_atom.any()
    heavy = build(QD4, "mla-cs", seed=1, ligands=NoLigands())
    with pytest.warns(UserWarning, match="add up to -46, not 0"):
        neutral = kinds(
            heavy,
            parametrization=PengIonic(missing_charge=NeutralInstead()),
            thermal=Thermal(),
        )
    assert {(kind.element, kind.ion, kind.charge) for kind in neutral} == {
        (element, 0, 0.0) for element in ("Cs", "Pb", "Br")
    }
    # Half a dot lacks more than its surface can hold.
    with pytest.warns(UserWarning, match="no empty sites"):
        charges_of(heavy[heavy.get_initial_charges() < 0], PengIonic())


def test_neutral_tables_and_atoms_without_charges_ask_for_nothing():
    heavy = build(QD4, "mla-cs", seed=1, ligands=NoLigands())
    assert not charges_of(heavy, KIRKLAND).of_atom.any()
    bare = Atoms("PbBr2", positions=[(0, 0, 0), (2.9, 0, 0), (-2.9, 0, 0)])
    assert not charges_of(bare, PengIonic()).of_atom.any()
    assert not len(charges_of(bare, PengIonic(missing_charge=ChargedShell())).of_shell)
