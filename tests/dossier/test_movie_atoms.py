"""What a movie's atoms add to the dossier: tables, claims and results in the contract's form."""

import json
from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cinedot.core.tables import arrow_schema, write_table
from cinedot.dossier.quantities import general_key, known_quantities
from cinedot.dossier.sections.movie_atoms import (
    atom_checks,
    atom_panels,
    atom_remarks,
    atom_results,
    claim_rows,
    event_rows,
    site_rows,
)
from cinedot.micrographs.movie_atoms import MovieAtoms
from cinedot.micrographs.movie_poses import MoviePoses
from cinedot.particle import lattice_sites

FRAMES = 4
INDICES = [10, 11, 13, 14]
"""Of the frames in the file: the twelfth was skipped."""


def test_sites_hold_to_the_contract(told_atoms: MovieAtoms, tmp_path: Path) -> None:
    rows = site_rows(told_atoms, "film", INDICES)
    write_table("sites", rows, tmp_path / "sites.parquet")
    assert pq.read_table(tmp_path / "sites.parquet").schema.equals(arrow_schema("sites"))
    sites = lattice_sites(told_atoms.model.cuboid)
    assert len(rows) == len(sites) + 1
    assert set(rows["element"]) == {"Cs", "Pb", "Br"}
    last = rows.iloc[-2:]
    # Frames are told by their index in the file.
    assert last["first_frame"].tolist() == [10, 13]
    assert last["last_frame"].tolist() == [11, 14]
    assert np.allclose(rows[["a", "b", "c"]].to_numpy()[0], sites.abc[0])


def test_events_and_tumbles_stand_in_order_of_frames(
    told_atoms: MovieAtoms, told_poses: MoviePoses, tmp_path: Path
) -> None:
    rows = event_rows(told_atoms, told_poses, "film", INDICES)
    write_table("events", rows, tmp_path / "events.parquet")
    assert rows["kind"].tolist() == ["tumble", "loss"]
    assert rows["frame"].tolist() == [11, 13]
    assert pd.isna(rows["element"][0])
    assert rows["element"][1] == "Br"
    # 20 degrees over root 6 times sigmas of an axis: 0.0573 and 0.08 degrees.
    assert rows["significance"][0] == pytest.approx(
        20 / (6**0.5 * np.hypot(0.0573, 0.08)), rel=1e-3
    )
    assert event_rows(None, told_poses, "film", INDICES)["kind"].tolist() == ["tumble"]
    still = event_rows(None, replace(told_poses, tumbles=()), "film", INDICES)
    write_table("events", still, tmp_path / "none.parquet")
    assert pq.read_table(tmp_path / "none.parquet").num_rows == 0


def test_claims_hold_to_their_schema(told_atoms: MovieAtoms) -> None:
    schema = resources.files("cinedot.dossier") / "schemas" / "claims.schema.json"
    listed = [{"section": "movie", **asdict(one)} for one in claim_rows(told_atoms, "film")]
    jsonschema.validate(listed, json.loads(schema.read_text("utf-8")))
    told = {one["claim"]: one["verdict"] for one in listed}
    assert told["no Cs on the corners"] == "contradicted"


def test_results_have_their_units(told_atoms: MovieAtoms) -> None:
    results = atom_results(told_atoms)
    for name, estimate in results.items():
        assert estimate.unit == known_quantities()[general_key("movie", name)][0], name
    tilt = results["tilt_x_alike"]
    assert tilt.value == pytest.approx(np.degrees(0.01))
    assert results["halides"].value == pytest.approx(36.0)
    assert results["events"].value == 1.0


def test_words_and_pictures(told_atoms: MovieAtoms) -> None:
    said = " ".join(atom_remarks(told_atoms, INDICES))
    assert "Loss of Br" in said
    assert "frame 13" in said
    assert "5 are called empty" in said
    (panel,) = atom_panels(told_atoms)
    shown = sum(len(trace.x) for trace in panel.figure.data)
    assert shown == len(lattice_sites(told_atoms.model.cuboid))
    assert atom_checks(told_atoms)[0].status == "agree"
