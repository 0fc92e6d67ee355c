"""An export holds the numbers of the results, and is there whole or not at all."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cinedot.core import InputError
from cinedot.dossier.export import export_folder


def _analysed(folder: Path) -> pd.DataFrame:
    results = folder / "results"
    results.mkdir(parents=True)
    peak = {"value": 453.1, "sigma": None, "unit": "nm", "method": "fit, band", "status": "ok"}
    content = {
        "results": {"emission": {"peak": peak}},
        "checks": [{"name": "size", "status": "agree", "detail": 'said "so", twice'}],
    }
    (results / "dossier.json").write_text(json.dumps(content))
    chance = np.random.default_rng()
    table = pd.DataFrame({"particle": range(50), "edge_nm": chance.lognormal(size=50)})
    table.loc[3, "edge_nm"] = np.nan
    table["p_all"] = list(chance.random((50, 3)))
    table.to_parquet(results / "particles.parquet")
    return table


def test_every_number_is_read_back_the_same(tmp_path: Path) -> None:
    table = _analysed(tmp_path / "s")
    assert export_folder(tmp_path / "s", tmp_path / "out") == 0
    tables = tmp_path / "out" / "tables"
    back = pd.read_csv(tables / "particles.csv", dtype=str)
    edges = [float(one) for one in back["edge_nm"]]
    np.testing.assert_array_equal(edges, table["edge_nm"])
    np.testing.assert_array_equal([json.loads(one) for one in back["p_all"]], [*table["p_all"]])
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
