"""The dot that a compound makes on average."""

import numpy as np
import pytest
from scipy.spatial import KDTree

from cinedot.core import InputError
from cinedot.micrographs.pose import average_dot, symmetry_rotations
from cinedot.particle import Cuboid, HeadGroups, build, host_named, lattice_sites

HOST = host_named("CsPbBr3")


@pytest.mark.parametrize("compound", ["prototype", "mla-cs"])
@pytest.mark.parametrize("edges", [(3, 3, 3), (3, 3, 4)])
def test_a_model_has_its_cuboid_s_symmetry(edges, compound):
    model = average_dot(Cuboid(edges=edges, host=HOST), compound)
    marked = np.column_stack(
        [
            model.atoms.positions,
            10 * model.atoms.numbers,
            100 * model.occupancy,
            5 * model.atoms.arrays["host"],
        ]
    )
    tree = KDTree(marked)
    for one in symmetry_rotations(edges):
        turned = marked.copy()
        turned[:, :3] = marked[:, :3] @ one.T
        # An ammonium of a surface cation stands outside its site, alike on alike sites.
        assert tree.query(turned)[0].max() < 1e-6


@pytest.mark.parametrize("compound", ["mla-cs"])
def test_shares_add_up_to_the_mean_of_dots(compound):
    """The lattice's ions of dots drawn afresh: their numbers do not depend on chance."""
    cuboid = Cuboid.cube(4, HOST)
    model = average_dot(cuboid, compound)
    dot = build(cuboid, compound, seed=12345, ligands=HeadGroups())
    held = np.asarray(dot.arrays["anchor"]).astype(bool)
    for number in (82, 35, 55):
        mean = model.occupancy[model.atoms.numbers == number].sum()
        # Shares below 4 % may be left out of the model.
        assert mean == pytest.approx(int((dot.numbers[held] == number).sum()), abs=4.0)
    assert model.occupancy[model.atoms.numbers == 82] == pytest.approx(1.0)
    assert model.occupancy.min() >= 0
    assert model.occupancy.max() <= 1


def test_the_prototype_is_the_lattice_itself():
    cuboid = Cuboid.cube(2, HOST)
    model = average_dot(cuboid, "prototype")
    sites = lattice_sites(cuboid)
    own = np.asarray(model.atoms.arrays["host"]) == 1
    there = own & (model.occupancy > 0.999)
    expected = 10 * HOST.lattice_nm * sites.abc[model.site[there]]
    np.testing.assert_allclose(model.atoms.positions[there], expected, atol=1e-9)
    assert np.sum(model.atoms.numbers[there] == 82) == 8
    assert model.edges == (2, 2, 2)
    assert model.label == "2x2x2 prototype"
    # A corner caesium, if any, is the farthest that an ion of the lattice can be.
    assert model.radius_nm <= HOST.lattice_nm * np.sqrt(3) + 0.3


def test_compounds_of_one_cuboid_have_the_same_atoms():
    """So that they share compiled programs."""
    first, second = (average_dot(Cuboid.cube(3, HOST), one) for one in ("prototype", "mla-cs"))
    assert first.atoms.symbols.get_chemical_formula() == second.atoms.symbols.get_chemical_formula()
    assert np.abs(first.occupancy - second.occupancy).max() > 0.3


def test_unknown_compounds_are_refused():
    with pytest.raises(InputError):
        average_dot(Cuboid.cube(2, HOST), "no-such-compound")
