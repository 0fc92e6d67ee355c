"""Stability, electroluminescence, dichroism and infrared, from a folder to a dossier."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cinedot.spectroscopy import emission_spectrum, share_left

from .conftest import Run


def _table(path: Path, head: str, *columns: np.ndarray) -> None:
    rows = (",".join(f"{value:.7g}" for value in row) for row in zip(*columns, strict=True))
    path.write_text("\n".join([head, *rows]) + "\n")


def _write(folder: Path, *sections: str) -> None:
    text = '[sample]\nname = "ageing"\n' + "\n".join(sections) + "\n"
    (folder / "sample.toml").write_text(text)


def _dossier(folder: Path) -> dict:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


@pytest.fixture
def rng() -> np.random.Generator:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


def test_several_conditions_are_fitted_one_by_one_and_compared(
    run: Run, tmp_path: Path, rng: np.random.Generator
) -> None:
    days = np.arange(0.0, 41.0, 4.0)
    for name, half_life in (("mla", 200.0), ("toluene", 10.0)):
        light = share_left(days, half_life_h=half_life) + 0.005 * rng.normal(size=len(days))
        peak = 453 + 0.02 * rng.normal(size=len(days))
        _table(tmp_path / f"{name}.csv", "time_d,relative,peak_nm", days, light, peak)
    _write(
        tmp_path,
        '[[stability]]\nname = "MLA"\nfile = "mla.csv"\nadditive = "4 mg/mL malic acid"',
        '[[stability]]\nname = "toluene"\nfile = "toluene.csv"\nadditive = "none"',
        '[reported]\n"stability toluene.half_life" = { value = 240, sigma = 24 }',
        '"stability MLA.half_life" = { value = 9000, sigma = 90 }',
    )
    assert run("analyze", tmp_path)[0] == 0
    content = _dossier(tmp_path)
    assert {"stability MLA", "stability toluene", "stability"} <= set(content["sections"])
    fast = content["results"]["stability toluene"]
    assert fast["half_life"]["value"] == pytest.approx(240, rel=0.1)
    assert fast["half_life_low"]["value"] < 240 * 1.1
    slow = content["results"]["stability MLA"]
    assert slow["half_life"]["status"] == "lower_limit"
    assert slow["half_life"]["value"] > 960
    assert slow["half_life_extrapolated"]["status"] == "undetermined"
    both = content["results"]["stability"]
    assert both["half_life_ratio"]["status"] == "lower_limit"
    assert both["p_alike"]["value"] < 1e-6
    # Rates in ratio 20 with 4 mg/mL: K = 19/4 mL/mg, told but not tested.
    assert both["ligand_affinity_mass"]["value"] == pytest.approx(4.75, rel=0.4)
    assert both["ligand_affinity_mass"]["status"] == "undetermined"
    checks = {check["name"]: check["status"] for check in content["checks"]}
    # Limits: within six sigmas of a right number it agrees; a lower limit below it agrees too.
    assert checks["stability toluene.half_life (reported)"] == "agree"
    assert checks["stability MLA.half_life (reported)"] == "agree"


def test_columns_are_conditions_and_enter_the_series(
    run: Run, tmp_path: Path, rng: np.random.Generator
) -> None:
    hours = np.arange(0.0, 10.5, 0.5)
    columns = [
        share_left(hours, half_life_h=half) + 0.004 * rng.normal(size=21)
        for half in (135.0, 4.0, 2.0)
    ]
    _table(tmp_path / "uv.csv", "time_h,1,2,3", hours, *columns)
    _write(tmp_path, '[stability]\nfile = "uv.csv"\nseries = true\nexcitation = "372 nm"')
    assert run("analyze", tmp_path)[0] == 0
    series = pq.read_table(tmp_path / "results" / "series.parquet").to_pandas()
    found = series[series.quantity == "half_life"].set_index("label")["value"]
    assert found["3"] == pytest.approx(2.0, rel=0.1)
    assert set(series[series.quantity == "half_life_ratio"].label) == {
        "1 over 2",
        "1 over 3",
        "2 over 3",
    }


def test_a_diode_beside_its_emission(run: Run, tmp_path: Path, rng: np.random.Generator) -> None:
    nm = np.arange(415.0, 500.0)
    band = emission_spectrum(nm, peak_nm=456.0, fwhm_nm=16.5, height=1.0)
    heights = {5: 0.0, 6: 300.0, 8: 900.0, 11: 4000.0}
    spectra = [height * band + 3 * rng.normal(size=len(nm)) for height in heights.values()]
    head = "wavelength_nm," + ",".join(f"{volts} V" for volts in heights)
    _table(tmp_path / "el.csv", head, nm, *spectra)
    light = 2e4 * emission_spectrum(nm, peak_nm=455.0, fwhm_nm=14.9, height=1.0)
    _table(tmp_path / "pl.csv", "nm,I", nm, rng.poisson(50 + light))
    _write(tmp_path, '[electroluminescence]\nfile = "el.csv"', '[emission]\nfile = "pl.csv"')
    assert run("analyze", tmp_path)[0] == 0
    content = _dossier(tmp_path)
    found = content["results"]["electroluminescence"]
    assert found["turn_on"]["value"] == 5.5
    assert found["peak"]["value"] == pytest.approx(456, abs=0.5)
    checks = {check["name"]: check["status"] for check in content["checks"]}
    assert checks["the same wavelength from 6 to 11 V"] == "agree"
    assert checks["peak: electroluminescence against emission"] == "agree"
    series = pq.read_table(tmp_path / "results" / "series.parquet").to_pandas()
    own = series[(series.section == "electroluminescence") & (series.quantity == "peak")]
    assert own.x.tolist() == [6.0, 8.0, 11.0]


def test_enantiomers_and_carboxylates(run: Run, tmp_path: Path, rng: np.random.Generator) -> None:
    nm = np.arange(400.0, 520.0)
    band = np.exp(-(((nm - 450) / 10) ** 2))
    for hand, sign in (("D", 1), ("L", -1)):
        theta = sign * 3.2982 * band + 0.05 * rng.normal(size=len(nm))
        absorbance = 0.5 * band + 0.02 + 5e-4 * rng.normal(size=len(nm))
        _table(tmp_path / f"{hand}.csv", "nm,mdeg,absorbance", nm, theta, absorbance)
    at = np.arange(1800.0, 1300.0, -4.0)
    made = [h / (1 + (2 * (at - c) / w) ** 2) for c, w, h in ((1572, 40, 0.3), (1402, 30, 0.2))]
    _table(tmp_path / "ir.csv", "cm-1,A", at, sum(made) + 0.001 * rng.normal(size=len(at)))
    _write(
        tmp_path,
        '[[circular_dichroism]]\nenantiomer = "D"\nfile = "D.csv"\npath_length = "10 mm"',
        '[[circular_dichroism]]\nenantiomer = "L"\nfile = "L.csv"',
        '[infrared]\nfile = "ir.csv"\nionic_splitting = "170 1/cm"',
        '[reported]\n"infrared.deprotonated" = "supported"',
    )
    assert run("analyze", tmp_path)[0] == 0
    content = _dossier(tmp_path)
    light = content["results"]["circular_dichroism"]
    # 1e-4 of absorbance over 0.52 absorbed.
    assert light["g"]["value"] == pytest.approx(1e-4 / 0.52, rel=0.15)
    assert light["p_inactive"]["value"] < 1e-9
    assert light["mirror"]["value"] in ("mirror images", "not mirror images")
    bound = content["results"]["infrared"]
    assert bound["splitting"]["value"] == pytest.approx(170, abs=2)
    assert bound["binding_mode"]["value"] == "bridging"
    statuses = {check["name"]: check["status"] for check in content["checks"]}
    assert statuses["infrared.deprotonated (reported)"] == "agree"
    page = (tmp_path / "results" / "dossier.html").read_text("utf-8")
    assert "Mirror test" in page
    assert "νas(COO⁻)" in page or "\\u03bdas" in page


@pytest.mark.parametrize(
    ("section", "table", "says"),
    [
        ('[stability]\nfile = "t.csv"', "time_h,I\n-1,1\n2,0.5\n", "times must be 0 or more"),
        ('[stability]\nfile = "t.csv"', "hours since,I\n0,1\n2,0.5\n", "must state its unit"),
        (
            '[electroluminescence]\nfile = "t.csv"',
            "nm,6 V,6 V\n" + "".join(f"{k},1,1\n" for k in range(400, 420)),
            "6 V is repeated",
        ),
        (
            '[electroluminescence]\nfile = "t.csv"',
            "nm,low,high\n" + "".join(f"{k},1,1\n" for k in range(400, 420)),
            "must be headed by its voltage, but one is headed 'low'",
        ),
        (
            '[circular_dichroism]\nfile = "t.csv"\nexciton = "700 nm"',
            "nm,mdeg\n" + "".join(f"{k},1\n" for k in range(400, 420)),
            "`exciton` must lie within 400 to 419 nm",
        ),
        (
            '[[circular_dichroism]]\nfile = "t.csv"\n[[circular_dichroism]]\nfile = "t.csv"',
            "nm,mdeg\n1,1\n",
            "must have its own enantiomer",
        ),
        (
            '[infrared]\nfile = "t.csv"',
            "wavelength (nm),A\n" + "".join(f"{k},1\n" for k in range(400, 460)),
            "must be a wavenumber in 1/cm",
        ),
        (
            '[infrared]\nfile = "t.csv"\nionic_splitting = "5 nm"',
            "",
            "`ionic_splitting` must be in",
        ),
    ],
)
def test_bad_input_ends_in_one_line(
    run: Run, tmp_path: Path, section: str, table: str, says: str
) -> None:
    (tmp_path / "t.csv").write_text(table)
    _write(tmp_path, section)
    status, _, err = run("analyze", tmp_path)
    assert status == 2
    assert says in " ".join(err.split())
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "results").exists()
