"""Displacements: who moves how far, and copies that stand for discs."""

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.microscope.thermal import (
    AT_REST,
    Disc,
    Thermal,
    at_surface,
    bridging_axes,
    displacements,
)
from cinedot.particle import Cuboid, NoLigands, build, host_named, phase_named


@pytest.fixture(scope="module")
def dot():
    return build(Cuboid.cube(4, host_named("CsPbBr3")), "mla-cs", seed=2, ligands=NoLigands())


def test_thermal_displacements_by_element():
    thermal = Thermal()
    assert (thermal.of("Pb"), thermal.of("Br"), thermal.of("Cs")) == (0.02, 0.06, 0.07)
    assert thermal.of("Au") == thermal.otherwise_angstrom2
    assert AT_REST.of("Br") == 0.0


def test_the_144_inner_halides_of_qd4_bridge_along_the_axes(dot):
    axes = bridging_axes(dot)
    # 3 axes x 3 inner planes x 16 halides.
    assert np.array_equal(axes.any(axis=1), dot.arrays["site_kind"] == "bridging")
    assert np.unique(np.round(axes[axes.any(axis=1)], 9), axis=0).tolist() == [
        [0, 0, 1],
        [0, 1, 0],
        [1, 0, 0],
    ]
    assert axes.any(axis=1).sum() == 144


def test_axes_turn_with_the_dot(dot):
    turn = Rotation.from_rotvec([0.3, -0.4, 0.5]).as_matrix()
    turned = dot.copy()
    turned.positions = dot.positions @ turn.T
    before, after = bridging_axes(dot), bridging_axes(turned)
    along = np.abs(np.einsum("aj,aj->a", before @ turn.T, after))
    assert along == pytest.approx(before.any(axis=1).astype(float), abs=1e-9)


def test_bent_bridges_are_found_too():
    host = host_named("CsPbBr3")
    phase = phase_named(host, "orthorhombic")
    bent = build(Cuboid.cube(4, host), "mla-cs", ligands=NoLigands(), distortion=phase)
    axes = bridging_axes(bent)
    assert np.array_equal(axes.any(axis=1), bent.arrays["site_kind"] == "bridging")


def test_surface_ions_move_more(dot):
    plain, loose = displacements(dot, Thermal()), displacements(dot, Thermal(surface_factor=1.5))
    outer = at_surface(dot)
    # All but 27 A ions, 8 metals and 144 bridging halides.
    assert (~outer).sum() == 27 + 8 + 144
    np.testing.assert_allclose(loose.u_angstrom2, plain.u_angstrom2 * np.where(outer, 1.5, 1.0))


def test_a_surface_that_nobody_knows_is_refused():
    with pytest.raises(InputError, match="lattice sites"):
        displacements(Atoms("PbBr"), Thermal(surface_factor=1.5))


def test_stated_displacements_go_first(dot):
    own = dot.copy()
    own.set_array("u_angstrom2", np.linspace(0.01, 0.1, len(own)))
    found = displacements(own, Thermal(surface_factor=2.0, bridging=Disc()))
    assert np.array_equal(found.u_angstrom2, own.arrays["u_angstrom2"])
    assert not found.across_angstrom2.any()
    own.arrays["u_angstrom2"][3] = np.nan
    with pytest.raises(InputError, match="u_angstrom2"):
        displacements(own, Thermal())


def test_senseless_displacements_are_refused():
    with pytest.raises(InputError, match="across"):
        Disc(along_angstrom2=0.1, across_angstrom2=0.05)
    with pytest.raises(InputError, match="at most"):
        Disc(across_angstrom2=0.3)
    with pytest.raises(InputError, match="surface_factor"):
        Thermal(surface_factor=0.0)
    with pytest.raises(InputError, match="not negative"):
        Thermal(otherwise_angstrom2=-0.1)
