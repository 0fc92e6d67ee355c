"""The paper as samples: they ship, they run, and its known tensions come out as such."""

import importlib.util
import json
from pathlib import Path

import pytest

from cinedot.dossier.starter import shipped_samples

SCRIPT = Path(__file__).parents[2] / "docs" / "paper_page" / "__main__.py"
# science.md 1, the list of inconsistencies, and 3.3; statuses of what each sample must say.
EXPECTED = {
    "paper-1": {
        "size from emission by Brus, the edge as the radius": "circular",
        "size from emission by box, infinite walls, non-parabolic bands, L = n a": "tension",
        "size in Pb atoms: survey against movie (reported)": "agree",
        "size from Br per Pb against images, as prototype": "tension",  # R8
        "size from Br per Pb against images, as mla-ma": "circular",
        "yield: k_r over k_r + k_nr against the yield": "circular",  # R44
        "peak: electroluminescence against emission": "tension",  # R40: 453, not 455
        "protons: acid against amine in the recipe": "agree",
        "recipe: stated against measured out": "agree",
    },
    "paper-2": {
        "ammonium: charge balance, acid's charge 1, against what is stated": "agree",  # R12
        "ammonium: density on the faces against the literature": "agree",  # R13
        "acid's charge: ammonium of mla-cs against infrared": "tension",  # R12, R20
        "ammonium: recipe against composition": "agree",
        "protons: acid against amine in the recipe": "tension",  # R106
        "recipe: stated against measured out": "tension",  # R99
        "peak: electroluminescence against emission": "agree",
        "dose against damage: movie (reported)": "agree",
        "size from emission by curve through published cubes, 3.8 and 11.8 nm": "tension",
    },
    "paper-3": {
        "size from Br per Pb against images, as prototype": "tension",  # R11
        "acid: recipe against composition": "agree",
        "recipe: stated against measured out": "tension",  # R103
        "protons: acid against amine in the recipe": "agree",
    },
}


def test_every_sample_that_ships_is_expected():
    assert tuple(EXPECTED) == shipped_samples()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_of_the_paper_runs_and_says_what_is_known(run, tmp_path: Path, name):
    folder = tmp_path / name
    assert run("new", folder, "--from", name)[0] == 0
    assert run("analyze", folder)[0] == 0
    page = (folder / "results" / "dossier.html").read_text("utf-8")
    assert "Reported, not recorded here" in page
    assert "emission width (FWHM)" in page
    dossier = json.loads((folder / "results" / "dossier.json").read_text("utf-8"))
    assert {one["status"] for one in dossier["sections"].values()} == {"ok"}
    found = {one["name"]: one["status"] for one in dossier["checks"]}
    assert {key: found.get(key) for key in EXPECTED[name]} == EXPECTED[name]


def test_another_name_or_a_folder_that_is_taken_is_refused(run, tmp_path: Path):
    code, _, said = run("new", tmp_path / "a", "--from", "paper1")
    assert code == 2
    assert "Did you mean paper-1?" in said
    assert not (tmp_path / "a").exists()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "recipe.toml").write_text("mine")
    code, _, said = run("new", tmp_path / "b", "--from", "paper-1")
    assert code == 2
    assert "recipe.toml" in said
    assert not (tmp_path / "b" / "sample.toml").exists()


@pytest.fixture(scope="module")
def paper():
    spec = importlib.util.spec_from_file_location("paper_page", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPT.parent)
        spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_script_makes(paper):
    made = paper.page()
    assert paper.PAGE.read_text("utf-8") == made, "run: uv run python docs/paper_page"


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ("R2", "agrees"), ("R12", "agrees"), ("R18", "tension"), ("R19", "tension"),
        ("R20", "tension"), ("R31", "gap"), ("R40", "tension"), ("R44", "agrees"),
        ("R98", "agrees"), ("R99", "tension"), ("R103", "tension"), ("R104", "tension"),
        ("R106", "tension"), ("R109", "tension"),
    ],
)  # fmt: skip
def test_known_tensions_stand_on_the_page(paper, row, verdict):
    lines = paper.PAGE.read_text("utf-8").splitlines()
    mine = [line.split("|") for line in lines if line.startswith(f"| {row} |")]
    assert any(verdict in cells[-2] for cells in mine)
