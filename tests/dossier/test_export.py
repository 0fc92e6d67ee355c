"""An export holds the numbers of the results, and is there whole or not at all."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rocrate.rocrate import ROCrate

from cinedot.core import InputError
from cinedot.core.tables import write_table
from cinedot.dossier.export import export_folder

Run = Callable[..., tuple[int, str, str]]


def _analysed(folder: Path) -> pd.DataFrame:
    """A folder of results with one number, one check and fifty particles of a survey."""
    results = folder / "results"
    results.mkdir(parents=True)
    peak = {"value": 453.1, "sigma": None, "unit": "nm", "method": "fit, band", "status": "ok"}
    content = {
        "schema": 1,
        "sample": {"name": "dot"},
        "sections": {"emission": {"status": "ok", "message": ""}},
        "results": {"emission": {"peak": peak}},
        "checks": [{"name": "size", "status": "agree", "detail": 'said "so", twice'}],
        "provenance": {"cinedot": "0", "command": "", "date": "", "inputs": {}},
    }
    (results / "dossier.json").write_text(json.dumps(content))
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    chance = np.random.default_rng(seed)
    drawn = {name: chance.lognormal(size=50) for name in ("x_nm", "y_nm", "edge_nm", "angle_deg")}
    table = pd.DataFrame({"image": "a.tif", "particle": range(50), **drawn})
    table.loc[3, "edge_nm"] = np.nan
    table["n"] = pd.Series([None, *range(1, 50)], dtype=object)
    table["p_n"] = chance.random(50)
    table["p_all"] = pd.Series([None, [0.1, np.nan], *chance.random((48, 3)).tolist()])
    table["at_edge"] = table["touching"] = False
    write_table("particles", table, results / "particles.parquet")
    return table


def test_every_number_is_read_back_the_same(tmp_path: Path) -> None:
    table = _analysed(tmp_path / "s")
    assert export_folder(tmp_path / "s", tmp_path / "out") == 0
    tables = tmp_path / "out" / "tables"
    back = pd.read_csv(tables / "particles.csv", dtype=str)
    edges = [float(one) for one in back["edge_nm"]]
    np.testing.assert_array_equal(edges, table["edge_nm"])
    assert back["n"].tolist()[1:] == [str(one) for one in range(1, 50)]
    assert back["n"].isna().tolist() == [True] + 49 * [False]
    assert back["p_all"].isna()[0]
    lists = [json.loads(one) for one in back["p_all"][1:]]
    assert lists == [[0.1, None], *table["p_all"][2:]]
    (row,) = pd.read_csv(tables / "results.csv").to_dict("records")
    assert (row["value"], row["unit"], row["method"]) == (453.1, "nm", "fit, band")
    assert pd.read_csv(tables / "checks.csv")["detail"][0] == 'said "so", twice'
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out", "s"]


def test_what_was_not_analysed_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cinedot analyze"):
        export_folder(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    _analysed(tmp_path / "s")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="new or empty"):
        export_folder(tmp_path / "s", tmp_path / "out")
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_the_command_exports_what_the_analysis_found(
    run: Run, light_folder: Path, tmp_path: Path
) -> None:
    assert run("analyze", light_folder)[0] == 0
    told = json.loads((light_folder / "results" / "dossier.json").read_text("utf-8"))
    before = _bytes(light_folder)
    status, said, _ = run("export", light_folder, "--to", tmp_path / "there" / "out")
    assert (status, said) == (0, f"Wrote {tmp_path / 'there' / 'out'}\n")
    assert _bytes(light_folder) == before
    tables = tmp_path / "there" / "out" / "tables"
    back = pd.read_csv(tables / "results.csv", dtype=str, keep_default_na=False)
    found = {(row.section, row.quantity): row for row in back.itertuples()}
    for section, answers in told["results"].items():
        for quantity, one in answers.items():
            row = found.pop((section, quantity))
            value = one["value"]
            assert (row.value if isinstance(value, str) else float(row.value)) == value
            assert (None if row.sigma == "" else float(row.sigma)) == one["sigma"]
            assert (row.unit, row.method) == (one["unit"], one["method"])
    assert not found
    checks = pd.read_csv(tables / "checks.csv", keep_default_na=False).to_dict("records")
    assert checks == told["checks"] != []
    crate = ROCrate(tables.parent)
    named = {one["name"]: one["sha256"] for one in crate.get("#analysis")["object"]}
    assert named == {
        name: hashlib.sha256((light_folder / name).read_bytes()).hexdigest()
        for name in ("pl.csv", "sample.toml")
    }


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


BROKEN = {
    "no JSON": ("dossier.json", b'{"schema": 1,', "line 1"),
    "a list": ("dossier.json", b"[]", "JSON object"),
    "another schema": ("dossier.json", b'{"schema": 2}', "schema 1, but is of 2"),
    "nothing else": ("dossier.json", b'{"schema": 1, "sample": {"name": "a"}}', "results"),
    "Parquet cut short": ("particles.parquet", b"PAR1", "Parquet"),
    "another's table": ("events.parquet", None, "lacks movie, frame"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_results_that_cannot_be_read_are_told_in_a_line(case: str, run: Run, tmp_path: Path):
    name, content, told = BROKEN[case]
    _analysed(tmp_path / "s")
    results = tmp_path / "s" / "results"
    other = (results / "particles.parquet").read_bytes()
    (results / name).write_bytes(other if content is None else content)
    status, _, complaint = run("export", tmp_path / "s", "--to", tmp_path / "new" / "out")
    assert status == 2
    assert complaint.count("\n") == 1
    assert name in complaint
    assert told in complaint
    assert [one.name for one in tmp_path.iterdir()] == ["s"]


def test_an_empty_folder_is_filled_and_stays_itself(tmp_path: Path) -> None:
    _analysed(tmp_path / "s")
    (tmp_path / "out").mkdir()
    before = (tmp_path / "out").stat().st_ino
    export_folder(tmp_path / "s", tmp_path / "out")
    assert (tmp_path / "out").stat().st_ino == before
    assert not list((tmp_path / "out").glob(".part-*"))


def test_a_place_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    _analysed(tmp_path / "s")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="Choose another folder with --to"):
        export_folder(tmp_path / "s", tmp_path / "file" / "out")
