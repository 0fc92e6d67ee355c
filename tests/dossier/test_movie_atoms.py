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
from cinedot.micrographs.movie_atoms import MovieAtoms, SiteInterval
from cinedot.micrographs.movie_poses import MoviePoses
from cinedot.micrographs.occupancy import AtomEvent, SiteEvidence
from cinedot.micrographs.pose.fit import PoseFit
from cinedot.micrographs.pose.model_choice import RankedModels
from cinedot.micrographs.pose.models import average_dot
from cinedot.micrographs.pose.shared_state import SHARED_PARAMETERS, SharedState
from cinedot.micrographs.pose.tracking import FramePose
from cinedot.particle import Cuboid, host_named, lattice_sites

FRAMES = 4
INDICES = [10, 11, 13, 14]
"""Of the frames in the file: the twelfth was skipped."""


@pytest.fixture(scope="module")
def atoms() -> MovieAtoms:
    """A dot of which site 30 was lost in the third frame of the window."""
    model = average_dot(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")
    count = len(lattice_sites(model.cuboid))
    there = np.ones(count)
    there[:5] = 0.0
    lost = count - 1
    evidence = SiteEvidence(
        occupancy=there,
        sigma=np.full(count, 0.05),
        sigma_model=np.full(count, 0.03),
        p_present=np.where(there > 0.5, 0.999, 0.001),
        expected=np.full(count, 0.5),
        limit=np.full(count, 0.3),
    )
    whole = [
        SiteInterval(
            site=site,
            first_frame=first,
            last_frame=last,
            occupancy=share,
            sigma=0.05,
            sigma_model=0.03,
            p_present=share,
        )
        for site in range(count)
        for first, last, share in (
            [(0, 1, 1.0), (2, 3, 0.0)] if site == lost else [(0, 3, float(there[site]))]
        )
    ]
    event = AtomEvent(frame=2, kind="loss", site=lost, reached=-1, significance=9.0)
    return MovieAtoms(
        model=model,
        evidence=evidence,
        shared=SharedState(values=np.full(len(SHARED_PARAMETERS), 0.01)),
        shared_sigma=np.full(len(SHARED_PARAMETERS), 0.001),
        misfit=1.1,
        joint_frames=FRAMES,
        frames=FRAMES,
        events=(event,),
        intervals=tuple(whole),
    )


@pytest.fixture(scope="module")
def poses(atoms: MovieAtoms) -> MoviePoses:
    fit = PoseFit(
        rotation=np.eye(3),
        x_nm=0.0,
        y_nm=0.0,
        defocus_nm=6.0,
        contrast=1.0,
        sigma_contrast=0.01,
        ground=np.zeros(1),
        covariance=1e-6 * np.eye(6),
        chi_square=1.0,
        numbers=1.0,
        log_evidence=0.0,
        iterations=1,
    )
    frames = tuple(
        FramePose(frame=row, status="ok", fit=fit, x_nm=1.0, y_nm=1.0) for row in range(FRAMES)
    )
    ranked = RankedModels(models=(atoms.model,), log_evidence=np.zeros(1), fits=())
    return MoviePoses(
        ranked=ranked,
        searched=((atoms.model.cuboid, 0.0),),
        frames=frames,
        tumbles=((1, 20.0),),
        beside_nm=np.zeros((FRAMES, 0, 2)),
    )


def test_sites_hold_to_the_contract(atoms: MovieAtoms, tmp_path: Path) -> None:
    rows = site_rows(atoms, "film", INDICES)
    write_table("sites", rows, tmp_path / "sites.parquet")
    assert pq.read_table(tmp_path / "sites.parquet").schema.equals(arrow_schema("sites"))
    sites = lattice_sites(atoms.model.cuboid)
    assert len(rows) == len(sites) + 1
    assert set(rows["element"]) == {"Cs", "Pb", "Br"}
    last = rows.iloc[-2:]
    # Frames are told by their index in the file.
    assert last["first_frame"].tolist() == [10, 13]
    assert last["last_frame"].tolist() == [11, 14]
    assert np.allclose(rows[["a", "b", "c"]].to_numpy()[0], sites.abc[0])


def test_events_and_tumbles_stand_in_order_of_frames(
    atoms: MovieAtoms, poses: MoviePoses, tmp_path: Path
) -> None:
    rows = event_rows(atoms, poses, "film", INDICES)
    write_table("events", rows, tmp_path / "events.parquet")
    assert rows["kind"].tolist() == ["tumble", "loss"]
    assert rows["frame"].tolist() == [11, 13]
    assert pd.isna(rows["element"][0])
    assert rows["element"][1] == "Br"
    # 20 degrees over root 6 times sigmas of an axis: 0.0573 and 0.08 degrees.
    assert rows["significance"][0] == pytest.approx(
        20 / (6**0.5 * np.hypot(0.0573, 0.08)), rel=1e-3
    )
    assert event_rows(None, poses, "film", INDICES)["kind"].tolist() == ["tumble"]
    still = event_rows(None, replace(poses, tumbles=()), "film", INDICES)
    write_table("events", still, tmp_path / "none.parquet")
    assert pq.read_table(tmp_path / "none.parquet").num_rows == 0


def test_claims_hold_to_their_schema(atoms: MovieAtoms) -> None:
    schema = resources.files("cinedot.dossier") / "schemas" / "claims.schema.json"
    listed = [{"section": "movie", **asdict(one)} for one in claim_rows(atoms, "film")]
    jsonschema.validate(listed, json.loads(schema.read_text("utf-8")))
    told = {one["claim"]: one["verdict"] for one in listed}
    assert told["no Cs on the corners"] == "contradicted"


def test_results_have_their_units(atoms: MovieAtoms) -> None:
    results = atom_results(atoms)
    for name, estimate in results.items():
        assert estimate.unit == known_quantities()[general_key("movie", name)][0], name
    tilt = results["tilt_x_alike"]
    assert tilt.value == pytest.approx(np.degrees(0.01))
    assert results["halides"].value == pytest.approx(36.0)
    assert results["events"].value == 1.0


def test_words_and_pictures(atoms: MovieAtoms) -> None:
    said = " ".join(atom_remarks(atoms, INDICES))
    assert "Loss of Br" in said
    assert "frame 13" in said
    assert "5 are called empty" in said
    (panel,) = atom_panels(atoms)
    shown = sum(len(trace.x) for trace in panel.figure.data)
    assert shown == len(lattice_sites(atoms.model.cuboid))
    assert atom_checks(atoms)[0].status == "agree"
