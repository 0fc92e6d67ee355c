"""`cinedot build`: what it prints, what it writes, what it refuses."""

import numpy as np
import pytest
from ase.io import read

from cinedot.core import InputError
from cinedot.particle import composition
from cinedot.particle.command import BuildRequest, build_structures


def test_it_prints_ions_formula_charge_mass_and_density():
    text = build_structures(BuildRequest(heads=True))
    assert "Cs              58       27       31  27 interior, 31 face" in text
    assert "formula     Cs58Pb64Br232(C4H5O5)8(C18H38N)54" in text
    assert "charge      0" in text
    assert "molar mass  55 071 g/mol" in text
    assert "OAMH+       1.63 per nm2" in text
    assert "assumed" in text


def test_heavy_atoms_are_written_with_the_whole_dots_table(tmp_path):
    path = tmp_path / "dot.extxyz"
    text = build_structures(BuildRequest(heavy=True, out=path))
    assert "OAMH+           54" in text
    assert "heavy only  Cs58Pb64Br232, charge -46" in text
    assert set(read(path).symbols) == {"Cs", "Pb", "Br"}


def test_an_ensemble_goes_into_one_file_seeds_counting_up(tmp_path):
    path, one = tmp_path / "many.extxyz", tmp_path / "one.extxyz"
    build_structures(BuildRequest(heads=True, seed=5, images=3, out=path))
    build_structures(BuildRequest(heads=True, seed=7, out=one))
    images = read(path, index=":")
    assert len(images) == 3
    np.testing.assert_array_equal(images[2].positions, read(one).positions)
    assert not np.array_equal(images[0].positions, images[1].positions)


def test_the_host_follows_the_compound_unless_given():
    assert "on MAPbBr3 4x4x5" in build_structures(
        BuildRequest(compound="mla-ma", edges="4,4,5", heads=True)
    )
    assert "on CsSnI3 3x3x3" in build_structures(
        BuildRequest(compound="prototype", edges="3", host="CsSnI3", heavy=True)
    )


def test_measured_counts_shape_the_ensemble(tmp_path):
    path = tmp_path / "edx.extxyz"
    request = BuildRequest(
        counts="Cs=58, Br=225+-4, MLA=9.6±2", images=20, heads=True, out=path, seed=1
    )
    text = build_structures(request)
    assert "% of the draws" in text
    counts = {composition(one).halides for one in read(path, index=":")}
    assert len(counts) > 1


def test_a_superlattice_and_a_picture(tmp_path):
    stack, picture = tmp_path / "stack.cif", tmp_path / "dot.png"
    build_structures(
        BuildRequest(
            edges="2",
            compound="prototype",
            superlattice="2,2,1",
            gap="0.6 nm",
            out=stack,
            picture=picture,
        )
    )
    assert len(read(stack)) == 4 * (20 + 8 + 36)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_phases_tilts_and_strain_move_atoms(tmp_path):
    dots = {}
    for name, options in {
        "cubic": {},
        "stored": {"phase": "orthorhombic"},
        "tilted": {"tilts": "a-a-c+ 9,9,12"},
        "strained": {"strain": "0,0,2"},
    }.items():
        path = tmp_path / f"{name}.extxyz"
        build_structures(BuildRequest(heavy=True, compound="prototype", out=path, **options))
        dots[name] = read(path).positions
    heights = {name: np.ptp(places[:, 2]) for name, places in dots.items()}
    assert heights["strained"] == pytest.approx(1.02 * heights["cubic"])
    assert not np.allclose(dots["tilted"], dots["cubic"], atol=0.1)
    assert not np.allclose(dots["stored"], dots["tilted"], atol=0.05)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"edges": "0"}, "at least 1 Pb atom"),
        ({"edges": "4,4"}, "one or three whole numbers"),
        ({"edges": "4.5"}, "one or three whole numbers"),
        ({"host": "CsPbBr"}, "Did you mean CsPbBr3"),
        ({"compound": "mla"}, "Known: prototype"),
        ({"compound": "oa-ma", "edges": "3"}, "must be neutral"),
        ({"acid_charge": 2}, "needs 26 ammonium on face sites"),
        ({"images": 0}, "at least 1"),
        ({"vacancies": "colomb"}, "must be rule, coulomb"),
        ({"vacancies": "boltzmann", "temperature": "298 nm"}, "--temperature"),
        ({"vacancies": "boltzmann", "temperature": "-5 K"}, "above 0 K"),
        ({"phase": "ortho"}, "no stored tilts"),
        ({"tilts": "a-a-c+ 9"}, "three numbers"),
        ({"tilts": "a-a-c 9,9,9"}, "three letters"),
        ({"strain": "1"}, "three numbers"),
        ({"counts": "Br:3"}, "atoms per dot by ion"),
        ({"counts": "Pb=3"}, "must be of Cs, Br, MLA"),
        ({"hands": "L"}, "R, S or racemic"),
        ({"heavy": True, "heads": True}, "must not both"),
        ({"superlattice": "2,2"}, "one or three whole numbers"),
        ({"superlattice": "2", "gap": "wide"}, "--gap"),
        ({"picture": "dot.doc"}, "must name a format"),
        ({"out": "dot.doc"}, "must name a format"),
        ({"out": "dot.cif", "images": 2}, "must hold one dot"),
    ],
)
def test_what_cannot_be_done_is_refused_and_writes_nothing(tmp_path, options, complaint):
    named = {key: tmp_path / options[key] for key in ("out", "picture") if key in options}
    request = {"heads": "heavy" not in options, "out": tmp_path / "x.extxyz", **options, **named}
    with pytest.raises(InputError, match=complaint):
        build_structures(BuildRequest(**request))
    assert list(tmp_path.iterdir()) == []
