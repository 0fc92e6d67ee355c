"""`cinedot build`: what it prints, what it writes, what it refuses."""

import re
import secrets

import numpy as np
import pytest
from ase.io import read
from scipy import stats

from cinedot.core import InputError
from cinedot.particle import composition
from cinedot.particle.command import build_structures
from cinedot.particle.options import BuildOptions, read_options


def _built(options):
    return build_structures(read_options(options))


def test_it_prints_ions_formula_charge_mass_and_density():
    text = _built(BuildOptions(heads=True))
    assert "Cs              58       27       31  27 interior, 31 face" in text
    assert "formula     Cs58Pb64Br232(C4H5O5)8(C18H38N)54" in text
    assert "charge      0" in text
    assert "molar mass  55 071 g/mol" in text
    assert "OAMH+       1.63 per nm2" in text
    assert "assumed" in text


def test_heavy_atoms_are_written_with_the_whole_dots_table(tmp_path):
    path = tmp_path / "dot.extxyz"
    text = _built(BuildOptions(heavy=True, out=path))
    assert "OAMH+           54" in text
    assert "heavy only  Cs58Pb64Br232, charge -46" in text
    assert set(read(path).symbols) == {"Cs", "Pb", "Br"}


def test_an_ensemble_goes_into_one_file_seeds_counting_up(tmp_path):
    path, one = tmp_path / "many.extxyz", tmp_path / "one.extxyz"
    _built(BuildOptions(heads=True, seed=5, images=3, out=path))
    _built(BuildOptions(heads=True, seed=7, out=one))
    images = read(path, index=":")
    assert len(images) == 3
    np.testing.assert_array_equal(images[2].positions, read(one).positions)
    assert not np.array_equal(images[0].positions, images[1].positions)


def test_the_host_follows_the_compound_unless_given():
    assert "on MAPbBr3 4x4x5" in _built(BuildOptions(compound="mla-ma", edges="4,4,5", heads=True))
    assert "on CsSnI3 3x3x3" in _built(
        BuildOptions(compound="prototype", edges="3", host="CsSnI3", heavy=True)
    )


def test_measured_counts_shape_the_ensemble(tmp_path):
    path, seed = tmp_path / "edx.extxyz", secrets.randbits(31)
    print("seed", seed)
    request = BuildOptions(
        counts="Cs=58, Br=2.25e2+-4, MLA=9.6±2", images=20, heads=True, out=path, seed=seed
    )
    text = _built(request)
    assert "% of the draws" in text
    built = [composition(one) for one in read(path, index=":")]
    halides = [one.halides for one in built]
    assert {one.a_ions for one in built} == {58}
    # The mean of 20 lies within 4.9 standard errors, their variance within chi-square's limits,
    # but once in a million each; rounding adds 1/12. The lattice cuts off less than 1e-4 at 240.
    variance = 16 + 1 / 12
    assert abs(np.mean(halides) - 225) < 4.9 * (variance / 20) ** 0.5
    low, high = stats.chi2.ppf([5e-7, 1 - 5e-7], 19) * variance / 19
    assert low < np.var(halides, ddof=1) < high
    printed = re.search(r"halides: (\S+) ± (\S+) ", text)
    assert float(printed[1]) == pytest.approx(np.mean(halides), abs=0.051)
    assert float(printed[2]) == pytest.approx(np.std(halides), abs=0.051)


def test_a_superlattice_and_a_picture(tmp_path):
    stack, picture = tmp_path / "stack.cif", tmp_path / "dot.png"
    _built(
        BuildOptions(
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


def bridge_angles_deg(symbols, cubic, moved, axis):
    """Pb-Br-Pb angles of the halides between metals along an axis, found in the cubic dot."""
    pb = np.flatnonzero(symbols == "Pb")
    br = np.flatnonzero(symbols == "Br")
    step = cubic[pb][None] - cubic[br][:, None]
    near = np.isclose(np.linalg.norm(step, axis=2), 5.87 / 2, atol=1e-3)
    along = near & (np.abs(step[..., axis]) > 1)
    angles = []
    for halide, metals in zip(br, along, strict=True):
        if metals.sum() == 2:
            one, two = moved[pb[metals]] - moved[halide]
            cosine = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
            angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    assert len(angles) == 48
    return np.array(angles)


def test_phases_tilts_and_strain_move_atoms(tmp_path):
    dots = {}
    for name, options in {
        "cubic": {},
        "stored": {"phase": "orthorhombic"},
        "tilted": {"tilts": "a-a-c+ 9,9,12"},
        "strained": {"strain": "0,0,2"},
    }.items():
        path = tmp_path / f"{name}.extxyz"
        _built(BuildOptions(heavy=True, compound="prototype", out=path, **options))
        dots[name] = read(path).positions
        symbols = np.array(read(path).get_chemical_symbols())
    heights = {name: np.ptp(places[:, 2]) for name, places in dots.items()}
    assert heights["strained"] == pytest.approx(1.02 * heights["cubic"])
    # In the tilted lattice a halide leaves its bond to the octahedra's turns t about x, y, z: one
    # between metals along x by t x r, a/2 sqrt(tan2 ty + tan2 tz) sideways (`tilt_displacements`).
    tan = np.tan(np.radians([9.0, 9.0, 12.0])) ** 2
    expected = 180 - 2 * np.degrees(np.arctan(np.sqrt(tan.sum() - tan)))
    for axis in range(3):
        found = bridge_angles_deg(symbols, dots["cubic"], dots["tilted"], axis)
        np.testing.assert_allclose(found, expected[axis], atol=1e-4)  # extxyz keeps 8 digits
    assert bridge_angles_deg(symbols, dots["cubic"], dots["cubic"], 0).min() > 179.99
    # science.md 2.5: 158 to 166 degrees at room temperature.
    stored = [
        bridge_angles_deg(symbols, dots["cubic"], dots["stored"], axis).mean() for axis in range(3)
    ]
    assert min(stored) > 155
    assert max(stored) < 167


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
        ({"strain": "0,0,100"}, "from -20% to 20%"),
        ({"tilts": "a-a-a- 30,30,30"}, "come within"),
        ({"edges": "1000000"}, "at most 2000000 lattice sites"),
        ({"edges": "9" * 5000}, "one or three whole numbers"),
        ({"counts": "Br:3"}, "atoms per dot by ion"),
        ({"counts": "Cs=1.2.3"}, "atoms per dot by ion, but 'Cs=1.2.3'"),
        ({"counts": "Cs=58+-x"}, "atoms per dot by ion"),
        ({"counts": "Cs=58+--1"}, "atoms per dot by ion"),
        ({"counts": "Cs=nan"}, "atoms per dot by ion"),
        ({"counts": "Br=-3"}, "must not be below 0"),
        ({"counts": "Br=400"}, "only 0 of 16384 draws"),
        ({"counts": "Br=230,Cs=58,Br=231"}, "name each ion once, but names Br again"),
        ({"temperature": "298 K"}, "`--temperature` must be given with `--vacancies boltzmann`"),
        ({"permittivity": 6.0}, "`--permittivity` must be given with `--vacancies boltzmann`"),
        ({"gap": "1.8 nm"}, "`--gap` must be given with `--superlattice`"),
        ({"hands": "S"}, "`--hands` must be given with whole ligands"),
        ({"hands": "R", "heavy": True}, "which `--heavy` leaves out"),
        ({"superlattice": "2", "gap": "5"}, "`--gap` must have a unit"),
        ({"superlattice": "2,1,1", "images": 3}, "at most the 2 dots"),
        ({"superlattice": "2", "heads": False}, "must not reach into each other"),
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
        _built(BuildOptions(**request))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["out", "picture"])
@pytest.mark.parametrize("at_fault", ["folder in the way", "file for a folder"])
def test_neither_file_is_written_where_one_cannot_be(tmp_path, given, at_fault):
    names = {"out": "dot.extxyz", "picture": "dot.png"}
    places = {key: tmp_path / "new" / name for key, name in names.items()}
    wrong = tmp_path / "wrong" / names[given]
    if at_fault == "folder in the way":
        wrong.mkdir(parents=True)
    else:
        wrong.parent.write_text("")
    places[given] = wrong
    with pytest.raises(InputError, match=f"Choose another place with --{given},") as fault:
        _built(BuildOptions(heads=True, **places))
    assert fault.value.file == str(wrong)
    assert not (tmp_path / "new").exists()


def test_a_picture_that_fails_late_leaves_no_structures_and_blames_its_own_option(
    tmp_path, monkeypatch
):
    def no_room(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", no_room)
    out, picture = tmp_path / "dot.extxyz", tmp_path / "dot.png"
    with pytest.raises(InputError, match=r"No space left .* --picture"):
        _built(BuildOptions(heads=True, out=out, picture=picture))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_made(tmp_path):
    path = tmp_path / "a" / "b" / "dot.extxyz"
    _built(BuildOptions(heads=True, out=path))
    assert len(read(path)) == 58 + 64 + 232 + 54 + 8


def test_the_table_of_whole_ligands_is_that_of_their_heads():
    whole = _built(BuildOptions(edges="3", compound="mla-ma", seed=2))
    assert whole == _built(BuildOptions(edges="3", compound="mla-ma", seed=2, heads=True))
