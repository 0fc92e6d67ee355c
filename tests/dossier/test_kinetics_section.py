"""Kinetics from a folder to a dossier."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cinedot.growth import finke_watzky
from cinedot.spectroscopy import emission_spectrum

from .conftest import Run


@pytest.fixture
def rng() -> np.random.Generator:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


def _table(path: Path, head: str, *columns: np.ndarray) -> None:
    rows = (",".join(f"{value:.7g}" for value in row) for row in zip(*columns, strict=True))
    path.write_text("\n".join([head, *rows]) + "\n")


def _write(folder: Path, section: str) -> None:
    (folder / "sample.toml").write_text(f'[sample]\nname = "growing"\n{section}\n')


def _dossier(folder: Path) -> dict:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


def test_one_wavelength_gives_an_induction_and_a_warning(
    run: Run, tmp_path: Path, rng: np.random.Generator
) -> None:
    time_min = np.arange(0.0, 604.0, 8.0)
    light = finke_watzky(time_min, k1_per_min=1e-4, k2_per_min=0.03)
    _table(tmp_path / "k.csv", "time_min,I", time_min, light + 0.01 * rng.normal(size=76))
    _write(tmp_path, '[kinetics]\nfile = "k.csv"\nwavelength = "453 nm"')
    assert run("analyze", tmp_path)[0] == 0
    content = _dossier(tmp_path)
    found = content["results"]["kinetics"]
    # 93.8 min in closed form (test_kinetics), and six sigmas as everywhere where one is drawn.
    assert abs(found["induction"]["value"] - 93.8) < 6 * found["induction"]["sigma"] < 40
    assert abs(found["induction_tangent"]["value"] - 123) < 6 * found["induction_tangent"]["sigma"]
    assert found["induction"]["unit"] == "min"
    page = (tmp_path / "results" / "dossier.html").read_text("utf-8")
    assert "12 % of itself" in page


def test_spectra_tell_a_shift_from_an_induction(
    run: Run, tmp_path: Path, rng: np.random.Generator
) -> None:
    time_min, nm = np.arange(0.0, 400.0, 10.0), np.arange(420.0, 490.0, 2.0)
    first, last = (emission_spectrum(nm, peak_nm=p, fwhm_nm=15.0) for p in (440.0, 453.0))
    grown = finke_watzky(time_min, k1_per_min=1e-3, k2_per_min=0.03)
    light = 0.5 * np.exp(-time_min / 60)[:, None] * first + grown[:, None] * last
    light = light + 0.005 * rng.normal(size=light.shape)
    head = "wavelength_nm," + ",".join(f"{minute:g} min" for minute in time_min)
    _table(tmp_path / "k.csv", head, nm, *light)
    _write(tmp_path, '[kinetics]\nfile = "k.csv"')
    assert run("analyze", tmp_path)[0] == 0
    found = _dossier(tmp_path)["results"]["kinetics"]
    both = 1e-3 + 0.03
    level = 0.05 * float(grown[-1])
    truth = np.log((both / (1 - level) - 0.03) / 1e-3) / both
    assert abs(found["induction"]["value"] - truth) < 6 * found["induction"]["sigma"] < 60
    assert "induction_single" in found


def test_columns_are_conditions(run: Run, tmp_path: Path, rng: np.random.Generator) -> None:
    time_min = np.arange(0.0, 404.0, 10.0)
    columns = [
        finke_watzky(time_min, k1_per_min=k1, k2_per_min=0.04) + 0.01 * rng.normal(size=41)
        for k1 in (1e-4, 1.0)
    ]
    _table(tmp_path / "k.csv", "time_min,MLA,OA", time_min, *columns)
    _write(tmp_path, '[kinetics]\nfile = "k.csv"\nseries = true')
    assert run("analyze", tmp_path)[0] == 0
    found = _dossier(tmp_path)["results"]["kinetics"]
    assert found["p_shared"]["value"] < 1e-6
    series = pd.read_parquet(tmp_path / "results" / "series.parquet")
    # OA rises from the start: its tangent's time would lie before the mixing.
    tangents = series.loc[series["quantity"] == "induction_tangent", "label"]
    assert tangents.tolist() == ["MLA"]


def test_bad_input_ends_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "k.csv").write_text("time_min,I\n0,1\n1,2\n")
    _write(tmp_path, '[kinetics]\nfile = "k.csv"')
    status, _, err = run("analyze", tmp_path)
    assert status == 2
    assert "at least 6 times" in " ".join(err.split())
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "results").exists()
