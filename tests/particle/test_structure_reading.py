"""One dot from a file: what is refused names the file, the line and the rule."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

from cinedot.core import InputError
from cinedot.particle import Cuboid, build, host_named, read_structure, write_structures

DOT = build(Cuboid.cube(1, host_named("CsPbBr3")), "prototype")


def _with(name: str, row: int, value: object) -> Atoms:
    dot = DOT.copy()
    array = dot.arrays[name].astype(type(value))
    array[row] = value
    del dot.arrays[name]
    dot.set_array(name, array)
    return dot


def test_a_dot_comes_back_with_its_arrays(tmp_path: Path):
    write_structures([_with("occupancy", 2, 0.25)], tmp_path / "dot @ [1].extxyz")
    read = read_structure(tmp_path / "dot @ [1].extxyz")
    assert read.arrays["occupancy"][2] == 0.25
    # Eight digits are written.
    np.testing.assert_allclose(read.positions, DOT.positions, atol=1e-7)


@pytest.mark.parametrize(
    ("dot", "rule"),
    [
        (
            _with("occupancy", 4, 1.5),
            r"line 7, atom 5 \(.+\): every `occupancy` must be from 0 to 1",
        ),
        (_with("occupancy", 0, -1.0), r"line 3, atom 1 .* but one is -1\."),
        (_with("occupancy", 1, float("nan")), r"line 4, atom 2 .* but one is nan\."),
        (_with("site", 3, 999), r"line 6, atom 4 .* every `site` must be from 0"),
        (_with("site", 3, -1), r"line 6, atom 4 .* but one is -1\."),
        (_with("positions", 2, float("inf")), r"line 5, atom 3 .* every position"),
        (_with("numbers", 2, 0), r"line 5, atom 3 \(X\): every atom must be of a known element"),
    ],
)
def test_an_atom_that_cannot_be_is_found(tmp_path: Path, dot: Atoms, rule: str):
    write(tmp_path / "dot.extxyz", dot, format="extxyz")
    with pytest.raises(InputError, match=r"dot\.extxyz, " + rule) as caught:
        read_structure(tmp_path / "dot.extxyz")
    assert "\n" not in str(caught.value)


def test_files_that_hold_no_dot(tmp_path: Path):
    (tmp_path / "a.extxyz").write_text("2\n\nPb 0 0\n")
    write(tmp_path / "b.extxyz", [Atoms("Pb"), Atoms("Pb")])
    (tmp_path / "c.extxyz").write_text("0\n\n")
    words = "2\nProperties=species:S:1:pos:R:3:occupancy:S:1\nPb 0 0 0 full\nPb 0 0 9 none\n"
    (tmp_path / "d.extxyz").write_text(words)
    write(tmp_path / "e.extxyz", DOT)
    text = (tmp_path / "e.extxyz").read_text()
    (tmp_path / "e.extxyz").write_text(text.replace("host=CsPbBr3", "host=CsPbBr4"))
    for name, rule in (
        ("a.extxyz", "ASE reads"),
        ("b.extxyz", "one dot"),
        ("c.extxyz", "at least one atom"),
        ("d.extxyz", "one number an atom"),
        ("e.extxyz", "line 2.*CsPbBr4"),
        ("f.extxyz", "must exist"),
    ):
        with pytest.raises(InputError, match=rule) as caught:
            read_structure(tmp_path / name)
        assert caught.value.file == str(tmp_path / name)
