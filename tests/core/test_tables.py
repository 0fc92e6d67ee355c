"""Result tables hold to the contract of their columns."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from cinedot.core.tables import arrow_schema, table_columns, write_table

# Columns as the contract of the sample folder states them.
CONTRACT = {
    "particles": "image particle x_nm y_nm edge_nm angle_deg n p_n p_all at_edge touching",
    "frames": "movie particle frame time_s x_nm y_nm qw qx qy qz sigma_rot_deg sigma_xy_nm "
    "defocus_nm residual status",
    "sites": "movie particle element a b c first_frame last_frame occupancy sigma sigma_model "
    "p_present",
    "events": "movie particle frame kind element a b c significance",
    "series": "section label x quantity value sigma unit",
}


def test_the_columns_are_those_of_the_contract() -> None:
    assert {name: " ".join(arrow_schema(name).names) for name in table_columns()} == CONTRACT


def test_rows_come_back_as_they_went_in(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "image": ["a.tif"],
            "particle": [0],
            "x_nm": [1.5],
            "y_nm": [2.5],
            "edge_nm": [2.35],
            "angle_deg": [12.0],
            "n": [4],
            "p_n": [0.98],
            "p_all": [[0.01, 0.98, 0.01]],
            "at_edge": [False],
            "touching": [True],
        }
    )
    write_table("particles", rows, tmp_path / "particles.parquet")
    back = pq.read_table(tmp_path / "particles.parquet")
    assert back.schema.equals(arrow_schema("particles"), check_metadata=True)
    assert back.to_pylist() == rows.to_dict("records")


@pytest.mark.parametrize("change", [{"drop": "unit"}, {"null": "unit"}])
def test_a_missing_column_or_null_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    rows = pd.DataFrame(
        [["emission", "a", 0.0, "peak", 453.0, None, "nm"]], columns=arrow_schema("series").names
    )
    if "drop" in change:
        rows = rows.drop(columns=change["drop"])
    else:
        rows[change["null"]] = None
    with pytest.raises(ValueError, match="unit"):
        write_table("series", rows, tmp_path / "series.parquet")
    assert not list(tmp_path.iterdir())
