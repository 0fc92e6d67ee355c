"""Surface compounds as data: those that ship, users' own, and what is wrong with some."""

from dataclasses import replace
from fractions import Fraction

import pytest

from cinedot.core import InputError
from cinedot.particle import (
    Acid,
    AllAtoms,
    Ammonium,
    Compound,
    Cuboid,
    FaceCount,
    HeadGroups,
    NoLigands,
    build,
    composition,
    compound_named,
    compounds,
    host_named,
    read_compound,
)
from cinedot.particle.compounds import LONGEST_ION_NAME

OWN = """
[lactate-cs]
a_ion = "Cs"
a_ions_a_face = 4

[lactate-cs.acid]
ion = "lactate"
charge = 1
donors = 2
smiles = "[O-:1]C(=O)C([OH:2])C"

[lactate-cs.ammonium]
ion = "octylammonium"
sites = ["edge", "face", "corner"]
smiles = "CCCCCCCC[NH3+:1]"
"""


def _written(folder, text):
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_those_that_ship_say_where_they_are_from():
    assert list(compounds()) == ["prototype", "mla-cs", "mla-ma", "oa-ma"]
    assert all(compound.source for compound in compounds().values())
    acids = [one.acid for one in compounds().values() if one.acid is not None]
    assert [(acid.charge, acid.donors, acid.halides_replaced) for acid in acids] == [
        (1, 1, 1),
        (3, 3, 3),
        (1, 2, 3),
    ]
    assert compound_named("oa-ma").assumption


def test_a_compound_of_ones_own_is_read_and_built(tmp_path):
    path = _written(tmp_path, OWN)
    own = compound_named(str(path))
    assert own == read_compound(path)
    assert own.acid == Acid(
        ion="lactate",
        symbol="lactate",
        charge=1,
        donors=2,
        halides_replaced=2,
        edge_halides_removed=Fraction(0),
        smiles="[O-:1]C(=O)C([OH:2])C",
    )
    assert own.a_on_faces == FaceCount(each=4)
    held = composition(build(Cuboid.cube(4, host_named("CsPbBr3")), own, ligands=HeadGroups()))
    # 240 - 8 * 2 halides, 27 + 6 * 4 Cs; charges balance with ammonium; edges hold 36, faces 30.
    assert (held.halides, held.a_ions, held.acids) == (224, 51, 8)
    assert held.ammonium == 224 + 8 - 128 - 51 == 53
    assert (held.ammonium_edge, held.ammonium_face, held.ammonium_corner) == (36, 17, 0)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("a_ions_a_face = 4", "a_ions_a_face = -1", "must not be negative"),
        ("a_ions_a_face = 4", "a_ion_a_face = 4", "Did you mean `a_ions_a_face`"),
        ("a_ions_a_face = 4", 'a_ions_a_face = "4"', "must be a whole number"),
        ("a_ions_a_face = 4", 'a_ions_a_face = 4\na_ions_on_faces = "1/2"', "must not both"),
        ("a_ions_a_face = 4", 'a_ions_on_faces = "7/2"', "share from 0 to 1"),
        ("a_ions_a_face = 4", 'a_ions_on_faces = "many"', "must be a share"),
        ("donors = 2", "donors = 4", "must be 1, 2 or 3"),
        ("donors = 2", "donors = 2\nhalides_replaced = 1", "at most `halides_replaced`"),
        ("charge = 1", "charge = 0", "number of negative charges"),
        ("charge = 1", "", "`charge` must be given"),
        ('"corner"]', '"middle"]', "kinds of A sites"),
        ('"corner"]', '"face"]', "each kind once"),
        ("donors = 2", "donors = 2\nbond_angstrom = 9", "metal-oxygen distance"),
        ("[lactate-cs.acid]", "[lactate-cs.acids]", "Did you mean `acid`"),
        ("[lactate-cs]", "[more]\n[lactate-cs]", "must hold one table"),
        ("[lactate-cs]", "[lactate-cs", r"must be TOML.*docs/structures\.md"),
        (
            'a_ion = "Cs"',
            'a_ion = "Rb"',
            r"\[lactate-cs\]: `a_ion` must .*'Rb'\. Known: Cs, MA, FA",
        ),
        ('"lactate"', '""', r"\[lactate-cs.acid\]: `ion` must be one word of 1 to 16"),
        ('"lactate"', '"lactic acid"', "must be one word"),
        ('"lactate"', '"hydroxypropanoate"', "must be one word .* 'hydroxypropanoate'"),
        ("charge = 1", 'charge = 1\nsymbol = ""', "`symbol` must be one word"),
        ('"octylammonium"', '"hexadecylammonium"', r"\[lactate-cs.ammonium\]: `ion` must be one"),
        ('"octylammonium"', '"lactate"', r"\[lactate-cs\]: acid and ammonium must have names"),
        ("charge = 1", "charge = 2", r"\[lactate-cs.acid\]: `smiles` of lactate must .* -2, .* -1"),
        ("donors = 2", "donors = 3", r"\[lactate-cs.acid\]: lactate must have 3 mapped donors"),
        (
            "[NH3+:1]",
            "[NH2:1]",
            r"\[lactate-cs.ammonium\]: `smiles` of octylammonium .* \+1, .* \+0",
        ),
        ("[NH3+:1]", "[NH3+]", r"\[lactate-cs.ammonium\]: the donor atoms .* no map"),
        ("[O-:1]", "[O-:1", r"\[lactate-cs.acid\]: `smiles` must be a SMILES"),
        (
            'smiles = "[O-:1]C(=O)C([OH:2])C"\n',
            'symbol = "X"\n[lactate-cs.x]\n',
            "`x` is no key of a compound",
        ),
    ],
)
def test_a_wrong_compound_file_is_refused_by_name_and_place(tmp_path, old, new, complaint):
    path = _written(tmp_path, OWN.replace(old, new, 1))
    with pytest.raises(InputError, match=complaint) as fault:
        compound_named(str(path))
    assert str(fault.value).startswith(str(path))


def test_a_missing_compound_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="must be readable"):
        compound_named(str(tmp_path / "none.toml"))


def test_the_acids_charge_can_be_changed_where_it_is_free(tmp_path):
    assert compound_named("mla-cs").with_acid_charge(2).acid.charge == 2
    with pytest.raises(InputError, match="has no acid"):
        compound_named("prototype").with_acid_charge(2)
    own = read_compound(_written(tmp_path, OWN))
    with pytest.raises(InputError, match="states its acid's SMILES"):
        own.with_acid_charge(2)


def test_a_known_ion_misspelt_in_a_file_is_told_the_nearest(tmp_path):
    text = OWN.replace("octylammonium", "octylamonium").replace('smiles = "CCCCCCCC[NH3+:1]"', "")
    path = _written(tmp_path, text)
    with pytest.raises(InputError, match="Did you mean octylammonium") as fault:
        read_compound(path)
    assert str(fault.value).startswith(f"{path}, [lactate-cs.ammonium]: ")


def test_a_byte_order_mark_is_no_part_of_a_compound(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN, "utf-8-sig")
    assert read_compound(path).name == "lactate-cs"


@pytest.mark.parametrize("ligands", [AllAtoms(), HeadGroups(), NoLigands()])
def test_a_wrong_molecule_is_refused_whatever_is_built(ligands):
    acid = Acid(ion="acetate", symbol="OAc", charge=2, smiles="[O-:1]C(=O)C")
    ammonium = Ammonium(ion="octylammonium", sites=("edge", "face", "corner"))
    wrong = Compound(name="mine", acid=acid, ammonium=ammonium, a_on_faces=FaceCount(each=0))
    with pytest.raises(InputError, match="`smiles` of acetate must carry the charge -2"):
        build(Cuboid.cube(4, host_named("CsPbBr3")), wrong, ligands=ligands)


def test_a_name_of_the_full_length_keeps_its_ligands():
    name = "a" * LONGEST_ION_NAME
    acid = Acid(ion=name, symbol="OAc", charge=1, smiles="[O-:1]C(=O)C")
    own = replace(compound_named("mla-cs"), acid=acid)
    dot = build(Cuboid.cube(4, host_named("CsPbBr3")), own, ligands=HeadGroups())
    assert (dot.arrays["ion"] == name).sum() == 8


def test_heads_are_the_atoms_that_bind():
    thiolate = Acid(ion="thiolate", symbol="SR", charge=1, smiles="[S-:1]CC")
    phosphonium = Ammonium(ion="phosphonium", smiles="C[PH3+:1]")
    own = replace(compound_named("mla-cs"), acid=thiolate, ammonium=phosphonium)
    dot = build(Cuboid.cube(4, host_named("CsPbBr3")), own, ligands=HeadGroups())
    heads = {ion: set(dot.symbols[dot.arrays["ion"] == ion]) for ion in ("thiolate", "phosphonium")}
    assert heads == {"thiolate": {"S"}, "phosphonium": {"P"}}
