"""Amounts from any combination of statements, scaling, files that cannot be used, the sheet."""

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.recipe import (
    Dots,
    dot_mass_g_per_mol,
    known_reagents,
    reagent_named,
    recipe_from_text,
    sheet_json,
    sheet_text,
    shipped_recipe,
    shipped_recipes,
    solve_recipe,
)

SMILES = {
    "lead(II) bromide": "[Pb+2].[Br-].[Br-]",
    "methylammonium bromide": "C[NH3+].[Br-]",
    "formamidinium bromide": "NC=[NH2+].[Br-]",
    "caesium bromide": "[Cs+].[Br-]",
    "malic acid": "OC(=O)CC(O)C(=O)O",
    "lactic acid": "CC(O)C(=O)O",
    "succinic acid": "OC(=O)CCC(=O)O",
    "oleic acid": "CCCCCCCC/C=C\\CCCCCCCC(=O)O",
    "oleylamine": "CCCCCCCC/C=C\\CCCCCCCCN",
    "benzylamine": "NCc1ccccc1",
    "N,N-dimethylformamide": "CN(C)C=O",
    "dimethyl carbonate": "COC(=O)OC",
    "toluene": "Cc1ccccc1",
    "lithium hydroxide monohydrate": "[Li+].[OH-].O",
    "lead(II) acetate trihydrate": "[Pb+2].CC(=O)[O-].CC(=O)[O-].O.O.O",
    "tris(N-succinimidyl) benzene-1,3,5-tricarboxylate": (
        "O=C(ON1C(=O)CCC1=O)c1cc(cc(c1)C(=O)ON1C(=O)CCC1=O)C(=O)ON1C(=O)CCC1=O"
    ),
    "TPBi": ("c1ccc(cc1)n1c(nc2ccccc12)c1cc(cc(c1)c1nc2ccccc2n1c1ccccc1)c1nc2ccccc2n1c1ccccc1"),
}


@pytest.mark.parametrize("name", SMILES)
def test_formulas_and_masses_agree_with_rdkit(name):
    from rdkit import Chem
    from rdkit.Chem.Descriptors import MolWt

    # Both use standard atomic weights; their last digits differ by the year of the table.
    expected = MolWt(Chem.MolFromSmiles(SMILES[name]))
    assert known_reagents()[name].molar_mass_g_per_mol == pytest.approx(expected, rel=3e-5)


def test_registry_numbers_carry_their_check_digit():
    found = [one.cas for one in known_reagents().values() if one.cas]
    assert len(found) > 30
    for cas in found:
        digits = cas.replace("-", "")
        total = sum(k * int(digit) for k, digit in enumerate(reversed(digits[:-1]), start=1))
        assert total % 10 == int(digits[-1]), cas


def test_no_word_means_two_reagents():
    words = [word.lower() for one in known_reagents().values() for word in one.words]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("host", "compound", "mass"),
    [("CsPbBr3", "mla-cs", 55071), ("MAPbBr3", "mla-ma", 47928), ("CsPbBr3", "prototype", 47323)],
)
def test_masses_of_whole_dots(host, compound, mass):
    # science.md 2.4, printed to 1 g/mol; its atomic weights may differ in the last digit.
    found = dot_mass_g_per_mol(Dots(host=host, compound=compound, edges=(4, 4, 4)))
    assert found == pytest.approx(mass, abs=2)


def made(*lines, head="", tail=""):
    text = f"{head}\n[mixture.m]\nreagents = [{', '.join(lines)}]\n{tail}"
    return solve_recipe(recipe_from_text(text, file="r.toml"))


LEAD = '{ name = "PbBr2", mass = "29.4 mg" }'
SOLVENT = '{ name = "DMF", volume = "2 mL" }'

amounts = st.floats(1e-3, 1e3)


@settings(max_examples=30)
@given(lead=amounts, oil=amounts, solvent=st.floats(0.1, 100.0))
def test_every_number_alone_gives_all_the_others_back(lead, oil, solvent):
    base = (
        f'{{ name = "PbBr2", mass = "{lead!r} mg" }}, {{ name = "DMF", volume = "{solvent!r} mL" }}'
    )
    first = made(base, f'{{ name = "OAM", volume = "{oil!r} uL" }}').mixtures["m"]
    known = first.amount("OAM")
    for key, number, unit in (
        ("mass", known.mass_mg, "mg"),
        ("moles", known.moles_umol, "umol"),
        ("equivalents", known.equivalents, ""),
        ("concentration", known.concentration_mm, "mM"),
        ("concentration", known.concentration_mg_per_ml, "mg/mL"),
        ("volumes", known.volume_ml / solvent, ""),
    ):
        other = made(base, f'{{ name = "OAM", {key} = "{number!r} {unit}" }}').mixtures["m"]
        again = other.amount("OAM")
        # Texts carry 14 digits; a concentration near the pure liquid's loses some of them.
        assert again.volume_ml == pytest.approx(known.volume_ml, rel=1e-6)
        assert again.equivalents == pytest.approx(known.equivalents, rel=1e-6)
        assert other.volume_ml == pytest.approx(first.volume_ml, rel=1e-6)


@settings(max_examples=20)
@given(factor=st.floats(1e-2, 1e2), name=st.sampled_from(["mla-ma-qd4", "oa-ma-qd4", "fishhook"]))
def test_scaling_scales_amounts_and_nothing_else(factor, name):
    recipe = shipped_recipe(name)
    one, more = solve_recipe(recipe), solve_recipe(recipe.scaled(factor))
    for key, solved in one.mixtures.items():
        for a, b in zip(solved.amounts, more.mixtures[key].amounts, strict=True):
            for quantity in ("mass_mg", "volume_ml", "moles_umol"):
                if getattr(a, quantity) is not None:
                    assert getattr(b, quantity) == pytest.approx(factor * getattr(a, quantity))
            for quantity in ("equivalents", "concentration_mm"):
                if getattr(a, quantity) is not None:
                    assert getattr(b, quantity) == pytest.approx(getattr(a, quantity))
    assert more.most.moles_nmol == pytest.approx(factor * one.most.moles_nmol)
    named = [[c.what for c in each.contradictions if c.unit != "mg"] for each in (one, more)]
    assert named[0] == named[1]
    times = [step.conditions for step in one.recipe.steps]
    assert [step.conditions for step in more.recipe.steps] == times


def test_a_solvent_fills_up_and_the_volume_is_checked():
    filled = made(
        '{ name = "OAM", volume = "0.5 mL" }', '{ name = "toluene" }', LEAD, tail='volume = "2 mL"'
    ).mixtures["m"]
    assert filled.amount("toluene").volume_ml == pytest.approx(1.5)
    assert filled.volume_ml == pytest.approx(2.0)
    (named,) = made(LEAD, SOLVENT, tail='volume = "3 mL"').contradictions
    assert named.text() == "the volume (m): 3 mL stated, 2 mL by the liquids in it."


def test_purity_strength_and_reagents_of_ones_own():
    own = '[[reagent]]\nname = "linker"\nformula = "C10H12O2"\nhazards = ["H319"]\n'
    found = made(
        LEAD,
        SOLVENT,
        '{ name = "OAM", mass = "10 mg", purity = "70 %" }',
        '{ name = "HCl", volume = "2.0 mL", strength = "1 M" }',
        '{ name = "linker", mass = "10 mg", equivalents = 2 }',
        head=own,
    )
    solved = found.mixtures["m"]
    assert solved.amount("OAM").moles_umol == pytest.approx(7000 / 267.501, rel=1e-5)
    assert solved.amount("HCl").moles_umol == pytest.approx(2000)
    assert solved.volume_ml > 4.0
    (named,) = found.contradictions
    assert (named.what, named.stated) == ("linker", "2")
    assert named.found == pytest.approx(10000 / 164.204 / 80.107, rel=1e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[mixture.m]\nreagents = [{ name = "CsBr", mass = "9 mg" }]',
            "must hold Pb.*lead = false",
        ),
        (
            f'[mixture.m]\nreagents = [{LEAD}, {{ name = "DMF", volume = "-2 mL" }}]',
            "reagents 2: `volume` must be above 0, but is '-2 mL'",
        ),
        (
            f'[mixture.m]\nreagents = [{LEAD}, {{ name = "oleylamin", volume = "2 uL" }}]',
            "'oleylamin' is not known. Nearest are oleylamine",
        ),
        (
            '[mixture.m]\nreagents = [{ name = "PbBr2", masss = "1 mg" }]',
            "`masss` is no key.*Did you mean `mass`",
        ),
        ("[recpie]\n", "`recpie` is no key of a recipe. Did you mean `recipe`"),
        ('[[step]]\ndoo = "x"\n[mixture.m]\n', "must hold something"),
        (f'[mixture.m]\nreagents = [{LEAD}]\n[[step]]\ndo = "x"\ntmie = "3 h"', "mean `time`"),
        (f'[mixture.m]\nreagents = [{LEAD}]\n[[step]]\ndo = "x"\ntime = "3 nm"', "number in s"),
        (f'[mixture.m]\nreagents = [{LEAD}]\n[[step]]\ndo = "x"\ntime = "-3 h"', "number in s"),
        (
            f'[mixture.m]\nreagents = [{LEAD}, {SOLVENT}]\n[[step]]\ndo = "Add"\nof = "DMSO"\n'
            'to = "m"',
            r"\[\[step\]\] 1: `of` must be a line of \[mixture.m\].*'DMSO'.*Did you mean DMF",
        ),
        ('[mixture.m]\nreagents = [{ name = "PbBr2" }]', "nothing is stated of it"),
        ('[mixture.m]\nreagents = [{ name = "PbBr2", mass = 29.4 }]', "must be in mg, but is 29.4"),
        ('[mixture.m]\nreagents = [{ name = "PbBr2", mass = "2 mL" }]', "must be in mg"),
        ('[mixture.m]\nreagents = [{ name = "PbBr2", volume = "2 mL" }]', "has no density"),
        (
            f'[mixture.m]\nreagents = [{LEAD}, {{ name = "poly-TPD", moles = "1 umol" }}]',
            "has no molar mass",
        ),
        (
            '[mixture.m]\nreagents = [{ name = "PbBr2", concentration = "4 mM" }]',
            "must come out above 0",
        ),
        (
            '[mixture.m]\nreagents = [{ name = "PbBr2", equivalents = 1 }]',
            "must follow from what is stated",
        ),
        (
            f'[mixture.m]\nvolume = "1 mL"\nreagents = [{LEAD}, {SOLVENT}, {{ name = "water" }}]',
            "must come out above 0",
        ),
        (
            f'[mixture.m]\nreagents = [{LEAD}, {{ mixture = "stock", volume = "1 mL" }}]',
            "must be one that stands above",
        ),
        (
            f'[recipe]\nper = "CsBr"\n[mixture.m]\nreagents = [{LEAD}, '
            '{ name = "OAM", equivalents = 1 }]',
            "nothing in this mixture is what equivalents count by",
        ),
        (f'[mixture.m]\nreagents = [{LEAD}]\n[product]\nhost = "CsPbBr4"', "must be a known host"),
        (
            f'[mixture.m]\nreagents = [{LEAD}]\n[product]\nhost = "CsSnBr3"\n',
            "must hold Sn",
        ),
        ('[[reagent]]\nname = "x"\nformula = "Qq2"\n', "must be one of known elements"),
        ('[[reagent]]\nname = "x"\nhazards = ["H999"]\n', "codes of GHS hazard statements"),
        ("mass = 3 mg", "must be TOML"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(text, message):
    with pytest.raises(InputError, match=message) as caught:
        solve_recipe(recipe_from_text(text, file="r.toml"))
    assert "\n" not in str(caught.value)


def test_the_command_prints_scales_and_refuses(run, tmp_path):
    code, out, _ = run("recipe", "mla-ma-qd4", "--scale", "2")
    assert code == 0
    for words in ("58.8 mg", "79.2 uL", "500 uL of the stock", "H410", "1.19 mM", "453 nm"):
        assert words in out
    code, out, _ = run("recipe", "mla-cs-qd4", "--json")
    content = json.loads(out)
    assert code == 0
    assert content["contradictions"][0]["text"].startswith("oleylamine (stock): 2.3")
    file = tmp_path / "r.toml"
    before = '[mixture.m]\nreagents = [{ name = "CsBr", mass = "9 mg" }]'
    file.write_text(before)
    for words in ([str(file)], ["mla-ma-qd5"], ["mla-ma-qd4", "--scale", "-1"]):
        code, out, err = run("recipe", *words)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
    assert file.read_text() == before
    assert "r.toml" in run("recipe", file)[2]


def test_solvents_are_volumes_and_solutions_have_a_strength():
    sheet = sheet_text(solve_recipe(shipped_recipe("led-mla-ma")))
    (heptane,) = (line for line in sheet.splitlines() if line.startswith(" heptane"))
    assert "1 mL" in heptane
    assert "6826" not in heptane  # the mM of neat heptane
    sheet = sheet_text(solve_recipe(shipped_recipe("fishhook")))
    assert re.search(r"\(HCl\), 1 .*\n mol/L", sheet)
    (acid,) = (line for line in sheet.splitlines() if line.startswith(" hydrochloric acid"))
    assert "2000" in acid


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_has_a_sheet_that_fits_a_page(name):
    solved = solve_recipe(shipped_recipe(name))
    text = sheet_text(solved)
    assert max(map(len, text.splitlines())) <= 100
    assert json.dumps(sheet_json(solved), allow_nan=False)
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]
    assert all(b == a + 1 for a, b in pairwise(numbers))
    for one in solved.mixtures.values():
        for amount in one.amounts:
            assert amount.line.name.split()[0] in text


def test_words_of_a_reagent_find_it_whatever_the_capitals():
    assert reagent_named("oa").name == "oleic acid"
    assert reagent_named("DL-Malic Acid").name == "malic acid"


def test_a_mixture_without_a_liquid_prints_its_sheet(tmp_path, capsys):
    from cinedot.cli import main

    (tmp_path / "dry.toml").write_text(
        '[recipe]\nname = "dry"\n[mixture.a]\n'
        'reagents = [{name = "PbBr2", mass = "15 mg"}, {name = "CsBr", equivalents = 1}]\n'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["cinedot", "recipe", str(tmp_path / "dry.toml")])
        with pytest.raises(SystemExit) as end:
            main()
    assert not end.value.code
    assert "a, 0 mL\n" in capsys.readouterr().out
