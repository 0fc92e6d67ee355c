"""A mass spectrum, from a folder to a dossier."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cinedot.composition import expected_mass_spectrum, known_ions, sample_mass_spectrum

from .conftest import Run

NAMES = ("hydrogen_malate", "lead_malate", "lead_tribromide", "bromide")


@pytest.fixture
def ms_folder(tmp_path: Path) -> Path:
    """A sample with the paper's three dominant ions and bromide, fresh noise."""
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    ions = [one.ion for one in known_ions() if one.key in NAMES]
    drawn = sample_mass_spectrum(
        expected_mass_spectrum(ions, [50.0, 100.0, 80.0, 60.0]),
        seed=seed,
        mass_offset_ppm=3.0,
        detection_limit=0.1,
    )
    pairs = zip(drawn.mz, drawn.intensity, strict=True)
    rows = "".join(f"{mz:.5f},{height:.4f}\n" for mz, height in pairs)
    # One peak far up, so that the tetranuclear ion's place is within the record.
    (tmp_path / "ms.csv").write_text(f"m/z,intensity\n{rows}1900.5,0.2\n")
    _section(tmp_path, 'file = "ms.csv"')
    return tmp_path


def _section(folder: Path, *lines: str, host: str = 'host = "CsPbBr3"') -> None:
    text = "\n".join(['[sample]\nname = "ms"', host, "[mass_spectrum]", *lines]) + "\n"
    (folder / "sample.toml").write_text(text)


def _dossier(folder: Path) -> dict:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


def test_the_paper_s_ions_stand_in_the_dossier(run: Run, ms_folder: Path) -> None:
    assert run("analyze", ms_folder)[0] == 0
    found = _dossier(ms_folder)["results"]["mass_spectrum"]
    assert found["ions"]["value"] == 4
    assert found["strongest"]["value"] in {"MLA-", "PbBr3-", "Pb·MLA-"}
    for name in NAMES:
        assert found[name]["status"] == "ok"
    # The tallest was drawn at 100, heights within 10 %: six sigmas of two such.
    assert found["bromide"]["value"] == pytest.approx(0.5, rel=0.6)
    assert found["tetranuclear"]["status"] == "upper_limit"
    # Some 20 tall peaks of 2 ppm each: the median to 1.25 * 2 / sqrt(20) = 0.56 ppm; six of them.
    assert found["mass_error"]["value"] == pytest.approx(3.0, abs=3.4)
    series = pq.read_table(ms_folder / "results" / "series.parquet").to_pandas()
    assert set(series.label) == {"Br-", "MLA-", "Pb·MLA-", "PbBr3-"}
    page = (ms_folder / "results" / "dossier.html").read_text("utf-8")
    assert "Isotope patterns" in page
    assert "does not say its polarity" in page


def test_without_a_host_it_is_skipped(run: Run, ms_folder: Path) -> None:
    _section(ms_folder, 'file = "ms.csv"', host="")
    assert run("analyze", ms_folder)[0] == 0
    section = _dossier(ms_folder)["sections"]["mass_spectrum"]
    assert section["status"] == "skipped"
    assert "no host" in section["message"]


def test_wrong_polarity_and_cut_files_end_the_run(
    run: Run, ms_folder: Path, real_data: Path
) -> None:
    whole = (real_data / "ms" / "pymzml_example_POSITIVE.mzML").read_bytes()
    for content, said in ((whole, "must be of negative ions"), (whole[:90_000], "must be whole")):
        (ms_folder / "ms.mzML").write_bytes(content)
        _section(ms_folder, 'file = "ms.mzML"')
        status, _, complaint = run("analyze", ms_folder)
        assert status == 2
        assert said in complaint
        assert complaint.count("\n") == 1
    assert not (ms_folder / "results").exists()


def test_keys_are_checked(run: Run, ms_folder: Path) -> None:
    _section(ms_folder, 'file = "ms.csv"', 'tolerance = "5 kg"')
    status, _, complaint = run("analyze", ms_folder)
    assert status == 2
    assert "tolerance" in complaint
    _section(ms_folder, 'file = "ms.csv"', 'polarity = "neutral"')
    assert run("analyze", ms_folder)[0] == 2
