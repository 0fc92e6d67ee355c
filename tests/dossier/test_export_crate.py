"""An RO-Crate reader finds in an export every file, and what it was made of."""

import hashlib
import json
from importlib import resources
from pathlib import Path

import pytest
from rocrate.rocrate import ROCrate

from cinedot import __version__
from cinedot.core.tables import write_table
from cinedot.dossier.export import export_folder
from cinedot.dossier.sections.movie_atoms import site_rows
from cinedot.micrographs.movie_atoms import MovieAtoms


@pytest.fixture
def exported(told_atoms: MovieAtoms, tmp_path: Path) -> Path:
    """A movie's export; one of its inputs was too large to be hashed whole."""
    results = tmp_path / "s" / "results"
    results.mkdir(parents=True)
    content = {
        "schema": 1,
        "sample": {"name": "Ångström dots", "host": "CsPbBr3"},
        "sections": {},
        "results": {},
        "checks": [],
        "provenance": {
            "cinedot": "0.0.1",
            "command": "cinedot analyze s",
            "date": "2026-11-30T12:00:00+00:00",
            "inputs": {"sample.toml": 64 * "a", "raw data/movie 1.tif": 64 * "b"},
            "sampled": ["raw data/movie 1.tif"],
        },
    }
    (results / "dossier.json").write_text(json.dumps(content))
    sites = site_rows(told_atoms, "movie 1", [0, 1, 2, 3])
    write_table("sites", sites, results / "sites.parquet")
    export_folder(tmp_path / "s", tmp_path / "out")
    return tmp_path / "out"


def test_every_file_is_listed_with_its_type_size_and_hash(exported: Path) -> None:
    crate = ROCrate(exported)
    there = {
        one.relative_to(exported).as_posix(): one for one in exported.rglob("*") if one.is_file()
    }
    there.pop("ro-crate-metadata.json")
    kinds = {".csv": "text/csv", ".extxyz": "chemical/x-xyz", ".cif": "chemical/x-cif"}
    assert {one["name"] for one in crate.data_entities} == set(there)
    assert {one.suffix for one in there.values()} == set(kinds)
    for entity in crate.data_entities:
        file = there[entity["name"]]
        content = file.read_bytes()
        assert entity.type == "File"
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert int(entity["contentSize"]) == len(content)
        assert entity["encodingFormat"] == kinds[file.suffix]
        assert entity["description"]


def test_it_tells_sample_inputs_and_program(exported: Path) -> None:
    crate = ROCrate(exported)
    assert crate.name == "Ångström dots: results of cinedot"
    sample = crate.root_dataset["about"]
    assert (sample["name"], sample["chemicalComposition"]) == ("Ångström dots", "CsPbBr3")
    analysis, export = crate.root_dataset["mentions"]
    assert analysis["description"] == "cinedot analyze s"
    assert analysis["endTime"] == "2026-11-30T12:00:00+00:00"
    assert analysis["instrument"]["softwareVersion"] == "0.0.1"
    assert export["instrument"]["softwareVersion"] == __version__
    assert export["object"] is analysis["result"]
    assert export["result"].id == "./"
    table, movie = analysis["object"]
    assert (table["name"], table["sha256"]) == ("sample.toml", 64 * "a")
    assert (movie["name"], movie["identifier"]) == ("raw data/movie 1.tif", 64 * "b")
    assert movie.get("sha256") is None


def test_every_word_and_every_reference_means_something(exported: Path) -> None:
    whole = json.loads((exported / "ro-crate-metadata.json").read_text("utf-8"))
    words = json.loads((resources.files("rocrate") / "data" / "ro-crate.jsonld").read_text("utf-8"))
    known = {"@id", "@type", *words["@context"]}
    ids = [one["@id"] for one in whole["@graph"]]
    assert len(set(ids)) == len(ids)
    for entity in whole["@graph"]:
        assert set(entity) <= known
        assert entity["@type"] in known
        for value in entity.values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and not one["@id"].startswith("https://"):
                    assert one["@id"] in ids
