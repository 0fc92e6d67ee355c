"""Recipe and titration, from a folder to a dossier."""

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cinedot.growth import TemplateRoute, titration_curve

from .conftest import Run


def _dossier(folder: Path) -> dict:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


@pytest.fixture
def folder(light_folder: Path) -> Path:
    """A sample with its emission, the paper's first recipe, and a titration."""
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    rng = np.random.default_rng(seed)
    shipped = resources.files("cinedot.recipe") / "data" / "recipes"
    (light_folder / "recipe.toml").write_text((shipped / "mla-ma-qd4.toml").read_text("utf-8"))
    x = np.array([0.1, 0.15, 0.25, 0.4, 0.5, 0.75, 1.0, 1.5, 3.0])
    curve = titration_curve(x, TemplateRoute())
    rows = zip(
        x,
        curve.peak_nm + 0.5 * rng.normal(size=9),
        curve.quantum_yield + 0.01 * rng.normal(size=9),
        curve.fwhm_nm + 0.3 * rng.normal(size=9),
        strict=True,
    )
    lines = (",".join(f"{value:.5g}" for value in row) for row in rows)
    (light_folder / "oam.csv").write_text(
        "equivalents,peak_nm,quantum_yield,fwhm_nm\n" + "\n".join(lines) + "\n"
    )
    manifest = light_folder / "sample.toml"
    text = manifest.read_text().replace('host = "MAPbBr3"', 'host = "MAPbBr3"\nsource = "ours"')
    manifest.write_text(
        text + '[recipe]\nfile = "recipe.toml"\n[[titration]]\nname = "MLA"\nfile = "oam.csv"\n'
    )
    return light_folder


def test_a_recipe_and_a_titration_in_a_dossier(run: Run, folder: Path) -> None:
    before = (folder / "recipe.toml").read_bytes()
    assert run("analyze", folder)[0] == 0
    content = _dossier(folder)
    mixed = content["results"]["recipe"]
    assert mixed["lead_diluted"]["value"] == pytest.approx(1.19, abs=0.005)
    assert mixed["contradictions"]["value"] == 0
    assert mixed["most_moles"]["value"] == pytest.approx(153, abs=0.5)
    turned = content["results"]["titration MLA"]
    assert turned["route"]["value"] == "all or none"
    assert 0.4 < turned["switch"]["value"] < 0.5
    assert turned["half_low"]["value"] < turned["half"]["value"] < turned["half_high"]["value"]
    checks = {one["name"]: one["status"] for one in content["checks"]}
    assert checks["peak: recipe against emission"] == "agree"
    series = pq.read_table(folder / "results" / "series.parquet").to_pandas()
    assert set(series[series.section == "titration MLA"].quantity) == {
        "peak",
        "fwhm",
        "quantum_yield",
    }
    assert "Titration" in (folder / "results" / "dossier.html").read_text("utf-8")
    assert (folder / "recipe.toml").read_bytes() == before


def test_the_paper_s_own_recording_is_no_evidence_for_its_colours(run: Run, folder: Path) -> None:
    manifest = folder / "sample.toml"
    manifest.write_text(manifest.read_text().replace('"ours"', '"this paper"'))
    assert run("analyze", folder, "--only", "recipe,emission")[0] == 0
    checks = {one["name"]: one["status"] for one in _dossier(folder)["checks"]}
    assert checks["peak: recipe against emission"] == "circular"


def test_a_recipe_without_lead_ends_before_anything_is_written(run: Run, folder: Path) -> None:
    file = folder / "recipe.toml"
    file.write_text('[mixture.m]\nreagents = [{ name = "CsBr", mass = "9 mg" }]')
    code, _, said = run("analyze", folder)
    assert code == 2
    assert "recipe.toml" in said
    assert "must hold Pb" in said
    assert said.count("\n") == 1
    assert not (folder / "results").exists()
