"""Absorbance, quantum yield and rates in a dossier: answers that need one another."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import binom, t

from cinedot.spectroscopy import (
    absorbance_spectrum,
    decay_counts,
    emission_spectrum,
    emitted,
    solvent_named,
)

A = np.array([0.012, 0.026, 0.041, 0.058, 0.074, 0.091])
YIELD = """
[quantum_yield]
sample = "qy.csv"
standard = "dpa.csv"
standard_name = "DPA"
sample_solvent = "toluene"
standard_solvent = "cyclohexane"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Emission at 453, absorbance at 443 nm, a yield of 0.6, a lifetime of 5.7 ns; no noise."""
    nm = np.arange(400.0, 551.0)
    _table(tmp_path / "pl.csv", "nm,PL", nm, emission_spectrum(nm, peak_nm=453, fwhm_nm=15))
    nm = np.arange(370.0, 600.0)
    dots = absorbance_spectrum(nm, exciton_nm=443, fwhm_mev=95, height=0.3, continuum=0)
    _table(tmp_path / "abs.csv", "nm,A", nm, dots)
    for name, phi, solvent, at in (
        ("qy.csv", 0.6, "toluene", 453.0),
        ("dpa.csv", 0.97, "cyclohexane", 430.0),
    ):
        index = solvent_named(solvent).index(at)
        light = emitted(A, quantum_yield=phi, refractive_index=index, brightness=1e6)
        _table(tmp_path / name, "absorbance,intensity", A, light)
    time_ns = 0.1 * np.arange(1500)
    law = {"lifetimes_ns": [5.7], "amplitudes": [1.0], "total": 1e6, "background": 5.0}
    response = np.exp(-0.5 * ((time_ns - 5.0) / 0.15) ** 2)
    _table(
        tmp_path / "decay.csv",
        "time_ns,counts",
        time_ns,
        np.round(decay_counts(time_ns, response=response, **law)),
    )
    _table(tmp_path / "irf.csv", "time_ns,counts", time_ns, np.round(1e4 * response))
    return tmp_path


def _table(path: Path, heading: str, *columns: np.ndarray) -> None:
    rows = (",".join(f"{value:.10g}" for value in row) for row in zip(*columns, strict=True))
    path.write_text("\n".join([heading, *rows]) + "\n")


def _manifest(folder: Path, *sections: str) -> None:
    (folder / "sample.toml").write_text('[sample]\nname = "light"\n' + "\n".join(sections))


def _dossier(folder: Path) -> dict:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


DECAY = '[decay]\nfile = "decay.csv"\nirf = "irf.csv"\n'
EMISSION = '[emission]\nfile = "pl.csv"\n'
ABSORBANCE = '[absorbance]\nfile = "abs.csv"\nexcitation = "443 nm"\n'


def test_sections_use_what_others_found(run, folder: Path) -> None:
    # Decay stands first: what it needs comes later in the file.
    _manifest(folder, DECAY, YIELD, ABSORBANCE, EMISSION)
    status, _, err = run("analyze", folder)
    assert status == 0, err
    content = _dossier(folder)
    results = content["results"]
    # No noise: with the sample's index taken at the peak of [emission], rounding of the tables.
    assert results["quantum_yield"]["phi"]["value"] == pytest.approx(0.6, rel=1e-4)
    assert results["quantum_yield"]["phi"]["sigma"] == pytest.approx(0.6 * 0.031, rel=0.02)
    assert results["absorbance"]["exciton"]["value"] == pytest.approx(443.0, abs=0.1)
    # The emission's maximum per eV lies 0.18 nm to the red of 453 nm.
    shift = 1000 * 1239.84198 * (1 / 443.0 - 1 / 453.18)
    assert results["absorbance"]["stokes_shift"]["value"] == pytest.approx(shift, abs=1.0)
    assert results["absorbance"]["at_excitation"]["value"] == pytest.approx(0.3, abs=0.001)
    k_r, k_nr = results["decay"]["k_r"], results["decay"]["k_nr"]
    tau = results["decay"]["lifetime"]["value"]
    assert (k_r["unit"], k_nr["unit"]) == ("per s", "per s")
    assert k_r["value"] == pytest.approx(0.6 / tau * 1e9, rel=1e-3)
    assert k_nr["value"] == pytest.approx(0.4 / tau * 1e9, rel=1e-3)
    page = (folder / "results" / "dossier.html").read_text("utf-8")
    for words in ("no dark dots", "Stokes shift", "slopes against absorbance", "parts of sigma"):
        assert words in page


def test_a_reported_yield_gives_rates_and_no_yield_gives_none(run, folder: Path) -> None:
    _manifest(folder, DECAY, '[reported]\n"quantum_yield.phi" = { value = 0.97, sigma = 0.03 }\n')
    assert run("analyze", folder)[0] == 0
    found = _dossier(folder)["results"]["decay"]
    assert found["k_nr"]["status"] == "upper_limit"
    assert found["k_nr"]["sigma"] is None
    assert found["k_r"]["value"] == pytest.approx(0.97 / found["lifetime"]["value"] * 1e9)
    _manifest(folder, DECAY)
    assert run("analyze", folder)[0] == 0
    assert "k_r" not in _dossier(folder)["results"]["decay"]


def test_without_an_emission_the_indices_are_the_handbooks(run, folder: Path) -> None:
    _manifest(folder, YIELD)
    assert run("analyze", folder)[0] == 0
    found = _dossier(folder)["results"]["quantum_yield"]
    assert found["phi"]["value"] == pytest.approx(found["phi_fixed_index"]["value"], rel=1e-12)
    assert "589.3 nm" in found["phi"]["method"]
    _manifest(folder, YIELD, 'emission = "453 nm"')
    assert run("analyze", folder)[0] == 0
    found = _dossier(folder)["results"]["quantum_yield"]
    assert found["phi"]["value"] == pytest.approx(0.6, rel=1e-5)


def test_a_standard_of_one_s_own(run, folder: Path) -> None:
    own = YIELD.replace('"DPA"', '"our dye"')
    _manifest(
        folder,
        own,
        'standard_yield = 0.97\nstandard_sigma = 0.03\nemission = "453 nm"',
        'standard_emission = "430 nm"',
    )
    assert run("analyze", folder)[0] == 0
    assert _dossier(folder)["results"]["quantum_yield"]["phi"]["value"] == pytest.approx(0.6)


BAD = {
    "no solvent of the standard": (
        YIELD.replace('standard_solvent = "cyclohexane"\n', ""),
        r"sample\.toml, \[quantum_yield\] standard_solvent: `standard_solvent` must be given",
    ),
    "an unknown solvent": (
        YIELD.replace('"toluene"', '"tolune"'),
        r"\[quantum_yield\]: .*'tolune'.*Did you mean toluene\?",
    ),
    "an unknown standard": (
        YIELD.replace('"DPA"', '"rodamine 6G"'),
        r"\[quantum_yield\]: .*'rodamine 6G'.*Did you mean rhodamine 6G\?",
    ),
    "a standard in another solvent": (
        YIELD.replace('"cyclohexane"', '"water"'),
        r"known in cyclohexane, but not in water",
    ),
    "an emission in the infrared": (
        YIELD + 'emission = "1500 nm"\n',
        r"refractive index of toluene is known from 300\.1 to 640\.7 nm",
    ),
    "half a standard of one's own": (
        YIELD + "standard_yield = 0.9\n",
        r"must have `standard_yield` and `standard_sigma`",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_manifests_end_in_one_line(run, folder: Path, case: str) -> None:
    section, says = BAD[case]
    _refused(run, folder, section, says)


def test_bad_tables_end_in_one_line(run, folder: Path) -> None:
    (folder / "qy.csv").write_text("absorbance,intensity\n0.01,1\n0.02,-2\n0.03,3\n")
    _refused(run, folder, YIELD, r"qy\.csv, point 2: .*must not be negative, but one is -2")
    (folder / "qy.csv").write_text("absorbance,intensity\n1,1\n2,2\n12,3\n")
    _refused(run, folder, YIELD, r"qy\.csv, point 3: absorbances must lie between 0 and 4")


def _refused(run, folder: Path, section: str, says: str) -> None:
    import re

    _manifest(folder, section)
    status, _, err = run("analyze", folder)
    assert status == 2
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1, err
    assert re.search(says, err), err
    assert not (folder / "results").exists()


def test_full_cuvettes_and_backgrounds_are_told(run, folder: Path) -> None:
    index = solvent_named("toluene").sodium_d
    full = 3 * A
    light = emitted(full, quantum_yield=1.1, refractive_index=index, brightness=1e6) + 2e4
    _table(folder / "qy.csv", "absorbance,intensity", full, light)
    _manifest(folder, YIELD)
    assert run("analyze", folder)[0] == 0
    page = (folder / "results" / "dossier.html").read_text("utf-8")
    for words in ("reach 0.27", "misses the origin", "above 1, by", "would be off by"):
        assert words in page
    assert _dossier(folder)["results"]["quantum_yield"]["phi"]["value"] > 1


def test_a_series_of_real_absorbances(run, tmp_path: Path, real_data: Path) -> None:
    file = real_data / "pl" / "Run_2_UV-Vis.csv"
    _manifest(tmp_path, f'[absorbance]\nfile = "{file}"\ncolumns = {{ x = 1, y = 16 }}\n')
    assert run("analyze", tmp_path, "--allow-outside")[0] == 0
    found = _dossier(tmp_path)["results"]["absorbance"]
    # 570 s, the strongest record: its shoulder's top is seen at 520 to 535 nm.
    assert 520 < found["exciton"]["value"] < 538


def test_a_long_series_is_fitted_at_once_where_one_band_suffices(run, folder: Path) -> None:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    rng = np.random.default_rng(seed)
    nm, peaks = np.arange(420.0, 501.0), 450.0 + 0.2 * np.arange(70)
    laws = [emission_spectrum(nm, peak_nm=p, fwhm_nm=15, height=4000, background=9) for p in peaks]
    laws[3] += emission_spectrum(nm, peak_nm=480, fwhm_nm=14, height=2500)
    heads = ",".join(["nm", *(f"{k} s" for k in range(70))])
    _table(folder / "pl.csv", heads, nm, *(rng.poisson(law) for law in laws))
    _manifest(folder, EMISSION + "series = true")
    assert run("analyze", folder)[0] == 0
    facts = (folder / "results" / "dossier.html").read_text("utf-8")
    together = int(re.search(r"(\d+) of 70 together", facts)[1])
    # One of 70 has two bands; of the rest one in 25 is searched by chance.
    assert 69 - binom.isf(1e-6, 69, 0.1) <= together <= 69
    rows = pq.read_table(folder / "results" / "series.parquet").to_pandas()
    found = rows[rows.quantity == "peak"].set_index("x")
    apart = (found.value - peaks[found.index.astype(int)]) / found.sigma
    # Noise is judged on each record's own 81 points: of 6,900 such peaks 25 were off by more than
    # 3.3 sigmas and two by more than 4.8, as Student's t with 12 degrees of freedom is. The
    # spectrum of two bands is the full search's.
    assert apart.drop(3.0).abs().max() < t.isf(1e-6 / 2 / 69, 12)
    area = rows[rows.quantity == "area"]
    assert len(area) == len(found) >= 69
    assert (area.sigma > 0).all()


def test_a_blank_and_a_response_are_taken_out_first(run, tmp_path):
    nm = np.arange(420.0, 500.5, 0.5)
    seen = np.exp(-(nm - 460.0) / 20.0)
    light = 2e5 * np.exp(-4 * np.log(2) * ((nm - 453.0) / 14.9) ** 2)
    raman = 3e4 * np.exp(-0.5 * ((nm - 470.0) / 2.0) ** 2)
    for name, values in {
        "pl.csv": np.random.default_rng().poisson((light + raman + 200) * seen),
        "toluene.csv": raman * seen,
        "response.csv": seen,
    }.items():
        rows = "\n".join(f"{x:g},{y:.9g}" for x, y in zip(nm, values, strict=True))
        (tmp_path / name).write_text(f"wavelength (nm),intensity\n{rows}\n")
    manifest = tmp_path / "sample.toml"
    manifest.write_text(
        '[sample]\nname = "light"\n[emission]\nfile = "pl.csv"\nblank = "toluene.csv"\n'
        'response = "response.csv"\n'
    )
    assert run("analyze", tmp_path)[0] == 0
    told = json.loads((tmp_path / "results" / "dossier.json").read_text())
    peak = told["results"]["emission"]["peak"]
    # Without them the peak lies 2 nm off. Six sigmas, and what the blank's own shot noise leaves.
    assert abs(peak["value"] - 453.0) < 6 * peak["sigma"] + 0.02
    rows = "\n".join(f"{x},1" for x in range(430, 501, 10))
    (tmp_path / "response.csv").write_text(f"wavelength,response\n{rows}\n")
    status, _, err = run("analyze", tmp_path)
    assert (status, err.count("\n")) == (2, 1)
    assert "response.csv" in err
    assert "must reach from 420 to 500 nm" in err
