"""Section `composition`, from a folder to a dossier."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cinedot.composition import Film, analysed_family, sensitivity
from cinedot.composition.film import mass_fractions
from cinedot.composition.peak_law import peak_shape, peaks_of

from .conftest import Run


def _replicates(atoms: list[float], scatter: float) -> str:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    made = np.array(atoms) * np.random.default_rng(seed).normal(1, scatter, (20, len(atoms)))
    percents = 100 * made / made.sum(axis=1, keepdims=True)
    return "\n".join(",".join(f"{value:.4f}" for value in row) for row in percents) + "\n"


def _write(folder: Path, table: str, *lines: str, host: str = "CsPbBr3") -> None:
    (folder / "edx.csv").write_text(table)
    text = f'[sample]\nname = "two"\nhost = "{host}"\n[composition]\nfile = "edx.csv"\n'
    (folder / "sample.toml").write_text(text + "\n".join(lines) + "\n")


def _dossier(folder: Path) -> dict:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


def test_a_table_becomes_atoms_ligands_and_a_compound(run: Run, tmp_path: Path) -> None:
    table = "Cs,Pb,Br,O\n" + _replicates([58, 64, 232, 40], 0.02)
    _write(tmp_path, table, '[reported]\n"composition.compound" = "mla-cs"')
    assert run("analyze", tmp_path)[0] == 0
    content = _dossier(tmp_path)
    found = content["results"]["composition"]
    # Student's t of 19 degrees of freedom passes eight once in ten million draws.
    for key, truth in (("Cs", 58), ("Br", 232), ("MLA", 8), ("OAMH", 54)):
        assert abs(found[key]["value"] - truth) < 8 * found[key]["sigma"]
    assert found["Br_sd"]["value"] == pytest.approx(found["Br"]["sigma"] * np.sqrt(20))
    assert "Br_systematic" not in found
    assert found["compound"]["value"] == "mla-cs"
    checks = {check["name"]: check["status"] for check in content["checks"]}
    assert checks["composition.compound (reported)"] == "agree"
    series = pq.read_table(tmp_path / "results" / "series.parquet").to_pandas()
    own = series[series.section == "composition"].set_index(["label", "quantity"])["value"]
    assert own["prototype", "surface_a"] == 85
    assert own["mla-cs", "surface_a"] == 31
    assert own["found", "central_x"] == 144
    page = (tmp_path / "results" / "dossier.html").read_text("utf-8")
    assert "Atoms found and predicted" in page
    assert "Systematic errors are not told" in page


def test_beam_film_and_two_acids(run: Run, tmp_path: Path) -> None:
    table = "Pb,Br,O\n" + _replicates([64, 216, 40], 0.03)
    # 30 atoms are ten times the mean's error, and half of what 100 eV do.
    lines = 'voltage = "3 kV"\nligand_charge = 3\n[reported]\n"composition.Br" = 246.0'
    _write(tmp_path, table, lines, host="MAPbBr3")
    assert run("analyze", tmp_path)[0] == 0
    content = _dossier(tmp_path)
    found = content["results"]["composition"]
    assert found["Br_systematic"]["value"] > 40
    assert found["halide_lost_systematic"] == found["Br_systematic"]
    assert [check["status"] for check in content["checks"]] == ["agree"]
    assert found["MLA"]["value"] == pytest.approx(found["O"]["value"] / 5)
    assert found["OA"]["value"] == pytest.approx(found["O"]["value"] / 2)
    assert "OAMH" not in found
    assert found["cations"]["value"] == pytest.approx(
        found["Br"]["value"] + 3 * found["MLA"]["value"] - 128
    )
    assert 0.05 < found["tridentate"]["value"] < 0.95
    assert "Beam and film (" in (tmp_path / "results" / "dossier.html").read_text("utf-8")


def test_a_reference_and_a_table_of_means(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bulk.csv").write_text("Cs,Pb,Br\n22,16,62\n22.4,16,61.6\n22.2,16.1,61.7\n")
    mean = "what,Cs,Pb,Br,O\nMean,14.25,15.72,58.23,11.8\nSD,0.4,0.3,0.6,1\n"
    lines = 'replicates = 20\nvoltage = "3 kV"\nreference = "bulk.csv"\n'
    _write(tmp_path, mean, lines + 'reference_formula = "CsPbBr3"')
    assert run("analyze", tmp_path)[0] == 0
    found = _dossier(tmp_path)["results"]["composition"]
    assert found["Br_systematic"]["value"] == 0
    assert found["O_systematic"]["value"] > 5
    # Sums of the reference: 185.3 Br and 48.1 Pb, where there should be three.
    assert found["Br"]["value"] == pytest.approx(64 * 58.23 / 15.72 * 3 * 48.1 / 185.3, rel=1e-9)


@pytest.mark.parametrize(("rows", "says"), [(1, "One measurement:"), (5, "All 5 replicates are")])
def test_one_measurement_gives_counts_without_sigma(
    run: Run, tmp_path: Path, rows: int, says: str
) -> None:
    """Also where it is copied: five rows that are the same tell no scatter of 1e-15."""
    _write(tmp_path, "Cs,Pb,Br\n" + rows * "26.92,15.38,57.70\n")
    assert run("analyze", tmp_path)[0] == 0
    found = _dossier(tmp_path)["results"]["composition"]
    assert found["Cs"]["sigma"] is None
    assert found["OAMH"]["status"] == "lower_limit"
    assert not {"compound", "Cs_sd"} & set(found)
    assert says in (tmp_path / "results" / "dossier.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("table", "lines", "says"),
    [
        ("Cs,Pb,Br\n7,8,35\n", "", "must add up to 100"),
        ("Cs,Pb,Br\n50,30,70\n", "", "add up to 150"),
        ("Cs,Br\n30,70\n", "", "must have a column of Pb"),
        ("Cs,Pb,Br\n30,0,70\n", "", "must hold some Pb, but one holds 0 %"),
        ("Cs,Pb,Br\n26,16,58\n", 'voltage = "3 kV"\nsubstrate = "cheese"', "must be an element"),
        ("Cs,Pb,Br\n26,16,58\n", 'reference = "edx.csv"', "must have its table and its formula"),
        (
            "Cs,Pb,Br\n26,16,58\n",
            'spectra = "a.spx"',
            "must name a table or spectra, but names both",
        ),
        ("Cs,Pb,Br\n26,16,58\n", 'voltage = "0.3 kV"', "excites none"),
        (
            "Cs,Pb,Br\n26,16,58\n",
            'voltage = "3 V"\nthickness = "-1 nm"',
            "`thickness` must be above",
        ),
        ("Cs,Pb,Br\n26,16,58\n", "ligand_charge = 0", "ligand_charge"),
    ],
)
def test_bad_input_ends_in_one_line(
    run: Run, tmp_path: Path, table: str, lines: str, says: str
) -> None:
    _write(tmp_path, table, lines)
    status, _, err = run("analyze", tmp_path)
    assert status == 2
    assert says in " ".join(err.split())
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "results").exists()


def test_a_spectrum_of_hardly_any_counts_is_an_answer(
    run: Run, tmp_path: Path, real_data: Path
) -> None:
    name = "rsciio_extracted_from_bcf.spx"
    shutil.copy(real_data / "eds" / name, tmp_path / name)
    text = '[sample]\nname = "few"\nhost = "CsPbBr3"\n[composition]\nspectra = ["*.spx"]\n'
    (tmp_path / "sample.toml").write_text(text)
    assert run("analyze", tmp_path)[0] == 0
    content = _dossier(tmp_path)
    assert content["sections"]["composition"]["status"] == "ok"
    assert content["results"].get("composition", {}) == {}
    page = (tmp_path / "results" / "dossier.html").read_text("utf-8")
    assert "No atoms are counted: Pb does not stand out" in page


def _msa(path: Path, rng: np.random.Generator) -> None:
    """A 45 nm film of the second compound at 3 kV, in EMSA's format."""
    atoms = {"C": 300.0, "O": 48.0, "Cs": 58.0, "Br": 232.0, "Pb": 64.0}
    film = Film(mass_fractions=mass_fractions(atoms), thickness_nm=45.0, landing_kev=3.0)
    energy = np.arange(0.0, 3200.0, 5.0)
    clean = 40 * np.exp(-energy / 1500)
    for element, count in atoms.items():
        family = analysed_family(element, 3.0)
        peaks = peaks_of(family, voltage_kv=3.0, resolution_ev=130.0)
        whole = sum(peak.strength for peak in peaks)
        photons = 4e4 * count * sensitivity(film, family)
        clean += sum(photons * p.strength / whole * peak_shape(energy, p, 130.0) for p in peaks)
    head = "#FORMAT : EMSA/MAS Spectral Data File\n#VERSION : 1.0\n#TITLE : film\n"
    head += f"#NPOINTS : {len(energy)}\n#NCOLUMNS : 1\n#XUNITS : eV\n#YUNITS : counts\n"
    head += "#DATATYPE : Y\n#XPERCHAN : 5\n#OFFSET : 0\n#SIGNALTYPE : EDS\n#BEAMKV   -kV: 3\n"
    rows = "\n".join(f"{one}," for one in rng.poisson(clean))
    path.write_text(f"{head}#SPECTRUM : \n{rows}\n#ENDOFDATA : \n")


def test_spectra_are_replicates_of_a_film(run: Run, tmp_path: Path) -> None:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    rng = np.random.default_rng(seed)
    for number in range(6):
        _msa(tmp_path / f"{number}.msa", rng)
    text = '[sample]\nname = "film"\nhost = "CsPbBr3"\n[composition]\nspectra = ["*.msa"]\n'
    (tmp_path / "sample.toml").write_text(text + 'substrate = "graphite"\n')
    assert run("analyze", tmp_path)[0] == 0
    found = _dossier(tmp_path)["results"]["composition"]
    # Student's t of five degrees of freedom passes 18 once in a hundred thousand draws; the
    # ground's pieces add up to 2 %.
    for key, truth in (("Cs", 58), ("Br", 232), ("O", 48)):
        assert abs(found[key]["value"] - truth) < 18 * found[key]["sigma"] + 0.02 * truth
    # Lines known to 12.5 % each join what beam and film do.
    assert found["Br_systematic"]["value"] > 0.125 * 2**0.5 * found["Br"]["value"]
    series = pq.read_table(tmp_path / "results" / "series.parquet").to_pandas()
    own = series[series.quantity == "peak_counts"].set_index("label")["value"]
    assert own["0.msa, O K"] > 1000
    page = (tmp_path / "results" / "dossier.html").read_text("utf-8")
    assert "Peaks of 0.msa" in page


@pytest.mark.parametrize(
    ("row", "lines", "said"),
    [
        ("sigma", "", True),
        ("sigma", "replicates = 20", True),
        ("sem", "", False),
        ("sigma", 'spread = "sem"', False),
    ],
)
def test_whose_a_mean_s_sigma_is(
    run: Run, tmp_path: Path, row: str, lines: str, *, said: bool
) -> None:
    """Where neither table nor manifest says, the dossier does, and tells no scatter of one."""
    _write(tmp_path, f"what,Cs,Pb,Br\nMean,22.6,15.6,61.8\n{row},0.4,0.3,0.6\n", lines)
    assert run("analyze", tmp_path)[0] == 0
    page = (tmp_path / "results" / "dossier.html").read_text("utf-8")
    assert ("Nobody says whether" in page) == said
    assert "Br_sd" not in _dossier(tmp_path)["results"]["composition"]


def test_what_no_compound_fits_decides_no_binding(run: Run, tmp_path: Path) -> None:
    _write(tmp_path, "Cs,Pb,Br,O\n" + _replicates([10, 64, 99, 300], 0.02))
    assert run("analyze", tmp_path)[0] == 0
    found = _dossier(tmp_path)["results"]["composition"]
    assert found["compound"]["value"] == "none"
    assert found["tridentate"]["status"] == "undetermined"
    page = (tmp_path / "results" / "dossier.html").read_text("utf-8")
    assert "Neither one nor three halides" in page
    assert "probability of 0 only" not in page


def test_a_chloride_in_the_place_of_a_bromide_is_no_halide_lost(run: Run, tmp_path: Path) -> None:
    _write(tmp_path, "Cs,Pb,Br,Cl\n" + _replicates([58, 64, 200, 32], 0.02))
    assert run("analyze", tmp_path)[0] == 0
    found = _dossier(tmp_path)["results"]["composition"]
    assert found["halide_lost"]["value"] == pytest.approx(
        240 - found["Br"]["value"] - found["Cl"]["value"]
    )
    page = (tmp_path / "results" / "dossier.html").read_text("utf-8")
    assert "each compound holds one halide only" in page
