"""`cinedot analyze` on real recordings made by others: scales as stored, sizes as known.

What is known of each, and how well, stands in the README.md beside the recordings; values are
those that the *stored* pixel gives, which is 5 % small for the two crystals.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, str, str]]


def _analysed(run: Run, folder: Path, section: str, *, sample: str = "") -> dict[str, Any]:
    (folder / "sample.toml").write_text(f'[sample]\nname = "real"\n{sample}\n{section}\n', "utf-8")
    status, out, err = run("analyze", folder, "--allow-outside")
    assert status == 0, err
    assert "Traceback" not in err
    print(out)
    content: dict[str, Any] = json.loads((folder / "results" / "dossier.json").read_text("utf-8"))
    page = (folder / "results" / "dossier.html").read_text("utf-8")
    return {"page": page, **content}


def _survey(path: Path, *more: str) -> str:
    return "\n".join(["[survey]", f'files = ["{path.as_posix()}"]', *more])


def _pixel_nm(found: dict[str, Any]) -> float:
    """The pixel size that the page states, read from the file."""
    stated = re.search(r"<dd>([\d.]+) nm \(from the file\)", found["page"])
    assert stated
    return float(stated[1])


def _scale_is_said_to_be_wrong(found: dict[str, Any], material: str, *, fitted_nm: float) -> None:
    """The stored pixel, 5 % off, beside the fitted one; warned of, and not verified by itself."""
    survey = found["results"]["survey"]
    for axis in ("x", "y"):
        # The README knows the difference to 1 % of the pixel; x and y differ by as much.
        assert survey[f"pixel_{axis}"]["value"] == pytest.approx(fitted_nm, rel=0.012)
    checks = {one["name"]: one["status"] for one in found["checks"]}
    assert checks["pixel size"] == "tension"
    assert checks[f"calibration by {material}"] == "circular"
    assert "Warning: the stored pixel differs" in found["page"]
    assert all(f"of {material}" in survey[f"fringe_{k}"]["method"] for k in (1, 2))
    told = re.search(r"each predicted by the others to ([\d.e-]+) %", found["page"])
    assert told
    assert float(told[1]) < 1


def test_mos2_survey(run: Run, tmp_path: Path, real_data: Path) -> None:
    path = real_data / "tem" / "temul_example_Se_implanted_MoS2.dm3"
    found = _analysed(run, tmp_path, _survey(path), sample='material = "MoS2"')
    fringes = sorted(found["results"]["survey"][f"fringe_{k}"]["value"] for k in (1, 2, 3))
    _scale_is_said_to_be_wrong(found, "MoS2", fitted_nm=0.0134)
    # Three {10-10} directions with the stored pixel, each +-0.003 nm.
    assert fringes == pytest.approx([0.254, 0.260, 0.264], abs=0.003)
    assert "particles" not in found["results"]["survey"]
    # 12.70 pm a pixel is known, to its last digit.
    assert _pixel_nm(found) == pytest.approx(0.01270, abs=0.5e-5 * 1.01)


def test_strontium_titanate_survey(run: Run, tmp_path: Path, real_data: Path) -> None:
    path = real_data / "tem" / "openncem_Acquisition_18.emd"
    found = _analysed(run, tmp_path, _survey(path), sample='material = "SrTiO3"')
    strongest = [found["results"]["survey"][f"fringe_{k}"]["value"] for k in (1, 2)]
    # The two {110} spacings of a = 0.413 nm +-0.004 nm; stored pixel, "n_m".
    assert sum(strongest) / 2 * 2**0.5 == pytest.approx(0.413, abs=0.004)
    _scale_is_said_to_be_wrong(found, "SrTiO3", fitted_nm=0.01165)
    assert "n_m" in found["page"]
    # 12.25 pm a pixel is known, to its last digit.
    assert _pixel_nm(found) == pytest.approx(0.01225, abs=0.5e-5 * 1.01)


def test_soot_survey(run: Run, tmp_path: Path, real_data: Path) -> None:
    path = real_data / "tem" / "ucam_soot_ExampleImage.tif"
    # 18.019 pixels a nm, by its authors' px-nm.mat.
    section = _survey(path, f'pixel_size = "{1 / 18.019:.6f} nm"')
    spacing = _analysed(run, tmp_path, section)["results"]["survey"]["fringe_patches"]
    # The median of the authors' own fringes (fringes.mat) is 0.373 nm; sigma is over patches.
    assert spacing["value"] == pytest.approx(0.373, abs=0.02)
    assert spacing["sigma"] < 0.03


def test_soot_without_a_scale_is_refused(run: Run, tmp_path: Path, real_data: Path) -> None:
    path = real_data / "tem" / "ucam_soot_ExampleImage.tif"
    (tmp_path / "sample.toml").write_text(f'[sample]\nname = "real"\n{_survey(path)}\n')
    status, _, err = run("analyze", tmp_path, "--allow-outside")
    assert status == 2
    assert "pixel size must be known" in err
    assert err.count("\n") == 1


def test_haadf_particles(run: Run, tmp_path: Path, real_data: Path) -> None:
    path = real_data / "tem" / "particlespy_JEOL_HAADF.dm4"
    found = _analysed(run, tmp_path, _survey(path))
    survey = found["results"]["survey"]
    # No truth is known; the field is 140 nm wide and shows some dozen particles of about 10 nm.
    assert 5 <= survey["particles"]["value"] <= 40
    assert 4 < survey["mean_edge"]["value"] < 20
    assert "1.249" in found["page"]


def test_jasco_emission(run: Run, tmp_path: Path, real_data: Path) -> None:
    path = real_data / "jasco" / "jws2txt_sample_fluorescence.jws"
    found = _analysed(run, tmp_path, f'[emission]\nfile = "{path.as_posix()}"')
    peak = found["results"]["emission"]["peak"]
    # One band, recorded from 400 to 700 nm and excited at 380 nm.
    assert 400 < peak["value"] < 500
    assert peak["sigma"] < 2
    assert "400 to 700 nm" in found["page"]


def test_emission_of_cdse_as_a_series(run: Run, tmp_path: Path, real_data: Path) -> None:
    import pandas as pd

    path = real_data / "pl" / "Run_2_FL_emission.csv"
    _analysed(run, tmp_path, f'[emission]\nfile = "{path.as_posix()}"\nseries = true')
    series = pd.read_parquet(tmp_path / "results" / "series.parquet")
    peaks = series[series["quantity"] == "peak"].set_index("x")["value"]
    widths = series[series["quantity"] == "fwhm"]["value"]
    # Peaks 503-555 nm and widths 31-37 nm are known of these spectra; 2 nm for their scatter.
    assert peaks.between(503, 555).all()
    assert widths.between(29, 39).all()
    assert len(peaks) >= 10
    assert peaks[600] > peaks[60]


def test_decay_with_its_response(run: Run, tmp_path: Path, real_data: Path) -> None:
    folder = (real_data / "trpl").as_posix()
    section = (
        f'[decay]\nfile = "{folder}/lifefit_Atto550_DNA.txt"\n'
        f'irf = "{folder}/lifefit_irf.txt"\nchannel = "27.43 ps"'
    )
    decay = _analysed(run, tmp_path, section)["results"]["decay"]
    assert decay["components"]["value"] == 2
    # Known to 0.1 ns.
    assert decay["lifetime"]["value"] == pytest.approx(3.2, abs=0.1)
