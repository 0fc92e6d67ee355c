"""`cinedot analyze`: the contract of results/, exit statuses, isolation, malformed input."""

import hashlib
import json
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
import tifffile

from cinedot.core.tables import arrow_schema
from cinedot.dossier.quantities import general_key, known_quantities

Run = Callable[..., tuple[int, str, str]]


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "results" not in path.parts
    }


def _dossier(folder: Path) -> dict:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


def test_results_hold_to_the_contract_and_the_input_is_untouched(
    run: Run, light_folder: Path
) -> None:
    before = _hashes(light_folder)
    status, out, err = run("analyze", light_folder)
    assert (status, "Traceback" in err) == (0, False)
    assert "emission peak" in out
    assert _hashes(light_folder) == before
    content = _dossier(light_folder)
    schema = resources.files("cinedot.dossier") / "schemas" / "dossier.schema.json"
    jsonschema.validate(content, json.loads(schema.read_text("utf-8")))
    for section, results in content["results"].items():
        for name, estimate in results.items():
            assert estimate["unit"] == known_quantities()[general_key(section, name)][0]
    # The spectrum is a Gaussian in wavelength of 2e4 counts: its peak is known to some 0.05 nm,
    # and a fit Gaussian in energy is off by less; 0.5 nm is ten times that.
    assert content["results"]["emission"]["peak"]["value"] == pytest.approx(453.0, abs=0.5)
    series = pq.read_table(light_folder / "results" / "series.parquet")
    assert series.schema.equals(arrow_schema("series"))
    assert content["provenance"]["inputs"]["pl.csv"] == before["pl.csv"]
    assert sorted(path.name for path in (light_folder / "results").iterdir()) == [
        "dossier.html",
        "dossier.json",
        "series.parquet",
    ]


def test_reported_numbers_enter_the_checks(run: Run, light_folder: Path) -> None:
    run("analyze", light_folder)
    checks = {check["name"]: check["status"] for check in _dossier(light_folder)["checks"]}
    assert checks["emission.fwhm (reported)"] == "tension"
    assert "emission.peak (reported)" in checks


def test_the_page_needs_no_network_and_hides_nothing(run: Run, light_folder: Path) -> None:
    run("analyze", light_folder)
    page = (light_folder / "results" / "dossier.html").read_text("utf-8")
    body = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", body)
    assert not re.search(r"<script[^>]+src=", page)
    for words in ("Emission", "wavelength (nm)", "sha-256", "emission.peak (reported)"):
        assert words.lower() in page.lower()
    assert "{&#39;" not in body, "a raw dictionary is on the page"
    assert "None" not in re.sub(r"<[^>]+>", "", body)


def test_a_failing_section_does_not_take_the_others_along(run: Run, light_folder: Path) -> None:
    (light_folder / "flat.csv").write_text(
        "time_ns,counts\n" + "".join(f"{0.1 * k:.1f},{k % 2}\n" for k in range(200))
    )
    with (light_folder / "sample.toml").open("a") as stream:
        stream.write('[decay]\nfile = "flat.csv"\n')
    status, _, err = run("analyze", light_folder)
    content = _dossier(light_folder)
    assert status == 1
    assert "section decay failed" in err
    assert content["sections"]["decay"]["status"] == "failed"
    assert content["sections"]["emission"]["status"] == "ok"
    assert content["sections"]["decay"]["message"] in (
        light_folder / "results" / "dossier.html"
    ).read_text("utf-8").replace("&#39;", "'").replace("&#34;", '"')


def test_only_runs_what_is_named_and_out_puts_it_elsewhere(
    run: Run, light_folder: Path, tmp_path: Path
) -> None:
    assert run("analyze", light_folder, "--only", "emission", "--out", tmp_path / "o")[0] == 0
    assert not (light_folder / "results").exists()
    assert (tmp_path / "o" / "dossier.html").exists()
    status, _, err = run("analyze", light_folder, "--only", "decay")
    assert status == 2
    assert "It has emission" in err


def test_a_second_run_leaves_nothing_of_the_first(run: Run, light_folder: Path) -> None:
    results = light_folder / "results"
    results.mkdir()
    (results / "events.parquet").write_bytes(b"of an earlier run")
    assert run("analyze", light_folder)[0] == 0
    assert not (results / "events.parquet").exists()


MALFORMED = {
    "a missing file": ({}, 'file = "gone.csv"', r"sample\.toml, \[emission\] file: .*gone\.csv"),
    "a word in a number column": (
        {"pl.csv": "nm,PL\n450,1\n451,two\n452,3\n453,4\n454,5\n455,6\n"},
        'file = "pl.csv"',
        r"pl\.csv, line 3, column 2 .*'two'",
    ),
    "NaN": (
        {"pl.csv": "nm,PL\n450,1\n451,NaN\n452,3\n453,4\n454,5\n455,6\n"},
        'file = "pl.csv"',
        r"pl\.csv, line 3, column 2 .*'NaN'",
    ),
    "a negative wavelength": (
        {"pl.csv": "nm,PL\n" + "".join(f"{k},1\n" for k in range(-4, 8))},
        'file = "pl.csv"',
        r"pl\.csv.*wavelength.*-4",
    ),
    "an empty file": ({"pl.csv": ""}, 'file = "pl.csv"', r"pl\.csv: .*empty"),
    "an unknown key": ({}, 'fiel = "pl.csv"', r"sample\.toml, \[emission\].*`fiel`.*`file`"),
    "a unit of another dimension": (
        {},
        'file = "pl.csv"\nrange = ["430 s", "520 nm"]',
        r"sample\.toml, \[emission\] range: `range` must be in nm.*430 s",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_input_ends_in_one_clear_line(run: Run, tmp_path: Path, case: str) -> None:
    files, section, says = MALFORMED[case]
    (tmp_path / "sample.toml").write_text(f'[sample]\nname = "bad"\n[emission]\n{section}\n')
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    before = _hashes(tmp_path)
    _one_line(run, tmp_path, says)
    assert _hashes(tmp_path) == before
    assert not (tmp_path / "results").exists()


def test_a_truncated_dm4_is_told(run: Run, tmp_path: Path, real_data: Path) -> None:
    whole = (real_data / "tem" / "particlespy_JEOL_HAADF.dm4").read_bytes()
    (tmp_path / "sample.toml").write_text('[sample]\nname = "bad"\n[survey]\nfiles = ["cut.dm4"]\n')
    (tmp_path / "cut.dm4").write_bytes(whole[: len(whole) // 2])
    _one_line(run, tmp_path, r"cut\.dm4: ")


def test_an_output_folder_that_cannot_be_written_is_told_before_the_work(
    run: Run, light_folder: Path
) -> None:
    # A file stands where a folder must be made, which refuses even the superuser.
    (light_folder / "blocked").write_text("a file")
    target = light_folder / "blocked" / "deeper"
    status, _, err = run("analyze", light_folder, "--out", target)
    assert status == 2
    assert re.fullmatch(r"cinedot: \S+deeper: this must be writable.*--out.*\n", err)


def test_results_are_not_mixed_with_recordings(run: Run, light_folder: Path) -> None:
    (light_folder / "series.parquet").write_bytes(b"somebody's own")
    status, _, err = run("analyze", light_folder, "--out", light_folder)
    assert (status, err.count("\n")) == (2, 1)
    assert (light_folder / "series.parquet").read_bytes() == b"somebody's own"


def test_a_folder_in_the_way_of_a_result_is_told_before_the_work(
    run: Run, light_folder: Path
) -> None:
    (light_folder / "results" / "dossier.html").mkdir(parents=True)
    status, _, err = run("analyze", light_folder)
    assert (status, err.count("\n")) == (2, 1)
    assert [path.name for path in (light_folder / "results").iterdir()] == ["dossier.html"]


def test_a_response_longer_than_the_decay_is_bad_input(run: Run, tmp_path: Path) -> None:
    for name, channels in (("decay.csv", 100), ("irf.csv", 120)):
        rows = "".join(f"{0.1 * k:.1f},{max(0, 90 - k)}\n" for k in range(channels))
        (tmp_path / name).write_text(f"time_ns,counts\n{rows}")
    (tmp_path / "sample.toml").write_text(
        '[sample]\nname = "bad"\n[decay]\nfile = "decay.csv"\nirf = "irf.csv"\n'
    )
    _one_line(run, tmp_path, r"irf\.csv.*must not be longer than the decay")


def _movie(folder: Path, frames: np.ndarray, more: str = "") -> None:
    tifffile.imwrite(
        folder / "m.tif",
        frames,
        imagej=True,
        resolution=(1 / 0.042, 1 / 0.042),
        metadata={"unit": "nm", "finterval": 0.02, "axes": "TYX"},
    )
    (folder / "sample.toml").write_text(
        f'[sample]\nname = "film"\nhost = "CsPbBr3"\n[movie]\nfile = "m.tif"\n{more}\n'
    )


def test_nan_in_a_later_frame_is_told_and_skip_helps(run: Run, tmp_path: Path) -> None:
    frames = np.random.default_rng().normal(100, 10, (5, 192, 192)).astype(np.float32)
    frames[3, 10, 10] = np.nan
    for more, told in (("", True), ("skip = [3]", False)):
        _movie(tmp_path, frames, more)
        # No particle is found (1), but for the search's 0.02 false ones (0).
        status, _, err = run("analyze", tmp_path)
        assert status in (0, 1)
        assert ("no particle was found" in err) == (status == 1)
        text = (tmp_path / "results" / "dossier.html").read_text("utf-8")
        assert (re.search(r"NaN or infinite \([\d.]+ % of the pixels\): 3", text) is None) != told


def test_a_movie_of_noise_has_no_particle(run: Run, tmp_path: Path) -> None:
    """The search allows 0.02 false places a movie; here none may come in five of them at once."""
    found = 0
    for _ in range(5):
        counts = np.random.default_rng().poisson(880, (4, 192, 192)).astype(np.uint16)
        _movie(tmp_path, counts)
        status, _, err = run("analyze", tmp_path)
        assert ("no particle was found" in err) == (status == 1)
        found += status == 0
    # Binomial(5, 0.02) reaches 4 once in 1.3 million runs.
    assert found < 4


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ('frames = "0:9"', r"movie's 0 to 3"),
        ("skip = [7]", r"movie's 0 to 3"),
        ('frames = "2:2"', r"movie's 0 to 3"),
        ('region = ["90 nm", "90 nm", "99 nm", "99 nm"]', r"`region` must lie within"),
    ],
)
def test_windows_that_leave_nothing_are_refused(
    run: Run, tmp_path: Path, window: str, says: str
) -> None:
    _movie(tmp_path, np.ones((4, 192, 192), np.uint16), window)
    _one_line(run, tmp_path, says)


def test_a_starter_that_names_nothing_says_what_to_do(run: Run, tmp_path: Path) -> None:
    assert run("new", tmp_path / "fresh")[0] == 0
    _one_line(run, tmp_path / "fresh", r"at least one section")


def _one_line(run: Run, folder: Path, says: str) -> None:
    status, _, err = run("analyze", folder)
    assert status == 2
    assert re.search(says, err), err
    assert err.count("\n") == 1, err
    assert err.startswith("cinedot: ")
