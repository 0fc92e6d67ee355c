"""Structures come back from every format as the same atoms."""

import numpy as np
import pytest
from ase.io import read

from cinedot.core import InputError
from cinedot.particle import (
    Cuboid,
    HeadGroups,
    build,
    composition,
    host_named,
    superlattice,
    write_structures,
)

QD2 = Cuboid.cube(2, host_named("CsPbBr3"))
QD4 = Cuboid.cube(4, host_named("CsPbBr3"))

# What the format itself rounds to: eight digits, 1e-5 of a cell of 5 nm, sixteen digits,
# thousandths of an angstrom.
FORMATS = {"dot.extxyz": 1e-7, "dot.cif": 1e-3, "POSCAR": 1e-8, "dot.vasp": 1e-8, "dot.pdb": 1e-3}


@pytest.fixture(scope="module")
def dot():
    return build(QD4, "mla-cs", seed=2)


@pytest.mark.acceptance
def test_a_dot_with_all_its_ligands_reads_back_from_cif(tmp_path, dot, record_figure):
    _read_back_the_same(tmp_path / "dot.cif", dot)
    found = f"{len(dot)} atoms, the same"
    record_figure("mla-cs dot with ligands, read back from CIF by ase", found, "the same atoms")


@pytest.mark.parametrize("name", FORMATS)
def test_a_dot_reads_back_the_same_from_every_format(tmp_path, dot, name):
    # ase takes 40 s to read the CIF of 3544 atoms: the acceptance run does.
    small = build(QD4, "mla-cs", ligands=HeadGroups())
    _read_back_the_same(tmp_path / name, small if name == "dot.cif" else dot)


def _read_back_the_same(path, dot):
    write_structures([dot], path)
    found = read(path)
    assert found.get_chemical_symbols() == dot.get_chemical_symbols()
    middle = found.positions.mean(axis=0) - dot.positions.mean(axis=0)
    np.testing.assert_allclose(found.positions - middle, dot.positions, atol=FORMATS[path.name])
    if path.suffix != ".extxyz":
        # 1 nm of vacuum on each side.
        lengths = found.cell.lengths()
        np.testing.assert_allclose(lengths, np.ptp(dot.positions, axis=0) + 20, atol=2e-3)


def test_extended_xyz_keeps_sites_and_charges(tmp_path, dot):
    path = tmp_path / "dot.extxyz"
    write_structures([dot, dot], path)
    images = read(path, index=":")
    assert len(images) == 2
    for found in images:
        for name in ("site", "abc", "site_kind", "ion", "anchor", "ligand", "occupancy"):
            np.testing.assert_array_equal(found.arrays[name], dot.arrays[name])
        np.testing.assert_array_equal(found.get_initial_charges(), dot.get_initial_charges())
        assert composition(found) == composition(dot)


def test_a_pdb_knows_its_molecules(tmp_path, dot):
    path = tmp_path / "dot.pdb"
    write_structures([dot], path)
    found = read(path)
    names = found.arrays["residuenames"]
    assert (np.char.strip(names.astype(str)) == "OAM").sum() == 54 * 57
    assert (np.char.strip(names.astype(str)) == "MLA").sum() == 8 * 14
    assert len(set(found.arrays["residuenumbers"].tolist())) == 58 + 64 + 232 + 54 + 8


def test_a_superlattice_keeps_its_cell(tmp_path):
    stack = superlattice([build(QD2, "prototype", ligands=HeadGroups())], (2, 1, 1), gap_nm=0.6)
    path = tmp_path / "stack.cif"
    write_structures([stack], path)
    np.testing.assert_allclose(read(path).cell.lengths(), [2 * 17.74, 17.74, 17.74], atol=1e-3)


@pytest.mark.parametrize(
    ("name", "images", "complaint"),
    [
        ("dot.cfi", 1, "Did you mean .cif"),
        ("dot", 1, "must name a format"),
        ("dot.cif", 2, "must hold one dot, but there are 2"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path, name, images, complaint):
    dots = [build(QD2, "prototype", ligands=HeadGroups())] * images
    with pytest.raises(InputError, match=complaint):
        write_structures(dots, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    dots = [build(QD2, "prototype", ligands=HeadGroups())]
    with pytest.raises(InputError, match="must be writable"):
        write_structures(dots, tmp_path / "file" / "dot.extxyz")
